"""Live tracking: which unit enters, leaves or stays in which grid, calm where a position trembles at a border.

The rules, for each unit by itself:

1. Fixes count in order of time. One that comes late is still taken in its place while the newest fix of its unit is
   no more than ``wait_s`` ahead of it; older ones are left out and counted. Of two fixes of one time the first counts.
2. A unit **leaves** its grid when a fix lies at least ``confirm_m`` inside another one, or so far outside all; or when
   all its fixes for ``confirm_s`` lie elsewhere.
3. It **enters** a grid when a fix lies at least ``confirm_m`` inside it, or when all its fixes for ``confirm_s`` lie
   in it. Until then it is in none.
4. While it stays, it **dwells**: one event for every ``dwell_s`` that passed.
5. After a silence of more than ``lost_s`` it left at the last fix before, and starts anew.

An event has the time at which it happened (the first fix on the other side) and the time of the fix that confirmed it.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Self

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.analysis import tracking_kernels as kernels
from gridmap.analysis.locator import METHODS, Locator
from gridmap.analysis.tracking_kernels import NEVER, OUTSIDE, UNIT, UNKNOWN, WAITING, Ints, Records
from gridmap.analysis.tracking_state import pack, unpack
from gridmap.analysis.tracks import Fixes, fixes_of, times_of
from gridmap.domain.incidents import Method
from gridmap.errors import InvalidInput, TooLarge

#: Names of events, by the number the loops give them.
EVENTS = ("enter", "exit", "dwell")
#: Fixes that may wait for one unit; of more the oldest counts at once.
_MOST_WAITING = 1_000
_NONE = METHODS.index(Method.NONE)


@dataclass(frozen=True, slots=True)
class TrackerRules:
    """When a change counts; see the module. Metres and seconds; ``dwell_s`` and ``lost_s`` of 0 turn these off.

    ``ahead_s``: a fix further in the future than this is not believed (where the present is known). ``max_units``: more
    are refused, for a wrong column of ids would else fill the memory.
    """

    confirm_m: float = 15.0
    confirm_s: float = 20.0
    dwell_s: float = 600.0
    lost_s: float = 900.0
    wait_s: float = 0.0
    ahead_s: float = 60.0
    max_units: int = 1_000_000

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and value >= 0):
                raise InvalidInput("setting_negative", name=field.name)


@dataclass(frozen=True, slots=True)
class TrackerCounts:
    """What became of all fixes so far.

    ``used``; ``late``: older than the fixes that were used; ``duplicates``: of the same unit and time as another;
    ``ahead``: in the future; ``unreadable``: without a time or a place.
    """

    used: int
    late: int
    duplicates: int
    ahead: int
    unreadable: int


class Tracker:
    """Follows units from fix to fix. Not for several threads at once; several trackers may share one locator.

    Parameters
    ----------
    locator : Locator
        The grids.
    **rules
        Those of TrackerRules.

    Raises
    ------
    InvalidInput
        ``setting_negative``: a rule is below 0 or not finite.

    Attributes
    ----------
    rules : TrackerRules
    """

    def __init__(self, locator: Locator, **rules: float) -> None:
        self.rules = TrackerRules(**rules)  # type: ignore[arg-type]
        self._units: dict[str, int] = {}
        self._names: list[str] = []
        self._codes: dict[str, int] = {}
        self._state = np.zeros(0, UNIT)
        self._pool = np.zeros(0, WAITING)
        self._free = np.full(1, -1, dtype=np.int64)
        self._counts = np.zeros(5, dtype=np.int64)
        self.use(locator)

    @property
    def counts(self) -> TrackerCounts:
        """What became of all fixes so far."""
        return TrackerCounts(*self._counts.tolist())

    def use(self, locator: Locator) -> None:
        """Go on with other grids, such as a new version from its first day on; a code means the same grid as before.

        A unit in a grid that is no more leaves it by the same rules as any other.
        """
        self.locator = locator
        numbers = [self._codes.setdefault(code, len(self._codes)) for code in locator.codes]
        self._numbers = np.array([*numbers, OUTSIDE], dtype=np.int32)

    def update(self, fixes: gpd.GeoDataFrame | Fixes, *, now: datetime | None = None) -> pd.DataFrame:
        """Take a batch of fixes of any units, in the order in which they came.

        Parameters
        ----------
        fixes : GeoDataFrame or Fixes
            frames.FIXES, or arrays of them.
        now : datetime, optional
            The present, aware; fixes more than ``ahead_s`` later are left out and counted.

        Returns
        -------
        DataFrame
            One row an event, in the order in which they came to be known, however the fixes are cut into batches:
            ``event`` (enter, exit, dwell), ``unit_id``, ``grid_code``, ``at``, ``confirmed_at`` (UTC), ``seconds``
            since the grid was entered.

        Raises
        ------
        ColumnError, CrsError, GeometryError
            As ``split_tracks``; arrays are taken as they are, and what cannot be read is counted.
        TooLarge
            ``too_many_units``; nothing of the batch was taken.
        """
        batch = fixes if isinstance(fixes, Fixes) else fixes_of(fixes, self.locator)
        limit = kernels.LATEST
        if now is not None:
            limit = int((now.timestamp() + self.rules.ahead_s) * 1e6)
        unit, at, x, y = batch.unit, batch.at, batch.x, batch.y
        # NaN fails the comparisons
        believable = (at >= -kernels.LATEST) & (at <= kernels.LATEST)
        most_x, most_y = (1e15, 1e15) if self.locator.metric else (180.0, 90.0)
        good = (unit >= 0) & believable & (np.abs(x) <= most_x) & (np.abs(y) <= most_y)
        if not good.all():
            unit, at, x, y = unit[good], at[good], x[good], y[good]
        number = self._enrol(batch.units)[unit]
        self._counts[kernels.UNREADABLE] += len(good) - len(unit)
        return self._run(
            number,
            np.ascontiguousarray(at),
            np.ascontiguousarray(x),
            np.ascontiguousarray(y),
            limit,
            _micros(self.rules.wait_s),
        )

    def flush(self) -> pd.DataFrame:
        """Use all fixes that still wait, as at the end of a stream; older ones that come afterwards are late."""
        unit, ready = self._waiting()
        used = self._state["last"].copy()
        self._empty_pool()
        self._state["frontier"] = self._state["newest"]
        # by unit and time: the last one of each unit stays
        self._state["last"][unit] = ready["at"]
        self._counts[kernels.USED] += len(unit)
        return self._decide(unit, ready, used)

    def positions(self) -> pd.DataFrame:
        """Give where every unit is: ``unit_id``, ``grid_code`` (missing: in none), ``entered_at``, ``last_at``."""
        state = self._state[: len(self._names)]
        entered = np.where(state["grid"] >= 0, state["entered"], NEVER)
        return pd.DataFrame(
            {
                "unit_id": pd.array(self._names, dtype="str"),
                "grid_code": pd.array(self._table()[state["grid"]], dtype="str"),
                "entered_at": times_of(entered),
                "last_at": times_of(state["last"]),
            }
        )

    def to_bytes(self) -> bytes:
        """Give everything that is known as bytes, to go on later with ``from_bytes``."""
        unit, held = self._waiting()
        at, x, y = held["at"], held["x"], held["y"]
        head = {"rules": asdict(self.rules), "units": self._names, "codes": list(self._codes)}
        state = self._state[: len(self._names)]
        return pack(head, {"state": state, "counts": self._counts, "unit": unit, "at": at, "x": x, "y": y})

    @classmethod
    def from_bytes(cls, data: bytes, locator: Locator) -> Self:
        """Go on from ``to_bytes``, with the same grids or with others (see ``use``).

        Raises
        ------
        FileError
            ``corrupt``.
        """
        head, arrays = unpack(data)
        tracker = cls(locator, **head["rules"])
        tracker._names = head["units"]
        tracker._units = {name: i for i, name in enumerate(head["units"])}
        tracker._codes = {code: i for i, code in enumerate(head["codes"])}
        tracker.use(locator)
        tracker._state = arrays["state"]
        tracker._counts = arrays["counts"]
        tracker._empty_pool()
        kept = tracker._counts.copy(), tracker._state["frontier"].copy()
        # put back to wait: nothing is so far ahead that they would count now
        tracker._order(arrays["unit"], arrays["at"], arrays["x"], arrays["y"], kernels.LATEST, kernels.LATEST)
        tracker._counts, tracker._state["frontier"] = kept
        return tracker

    def _enrol(self, units: Sequence[str] | np.ndarray) -> Ints:
        """Give the numbers of units, new ones for those that are new."""
        new = [name for name in dict.fromkeys(units) if name not in self._units]
        if len(self._names) + len(new) > self.rules.max_units:
            raise TooLarge("too_many_units", limit=int(self.rules.max_units))
        for name in new:
            self._units[name] = len(self._names)
            self._names.append(name)
        if len(self._names) > len(self._state):
            more = np.zeros(max(len(self._names), 2 * len(self._state)) - len(self._state), UNIT)
            for field in ("last", "frontier", "newest", "away", "since"):
                more[field] = NEVER
            more["grid"], more["candidate"], more["head"] = OUTSIDE, UNKNOWN, -1
            self._state = np.concatenate([self._state, more])
        return np.array([self._units[name] for name in units], dtype=np.int64)

    def _run(self, unit: Ints, at: Ints, x: np.ndarray, y: np.ndarray, limit: int, wait: int) -> pd.DataFrame:
        used = self._state["last"].copy()
        return self._decide(*self._order(unit, at, x, y, limit, wait), used)

    def _decide(self, unit: Ints, ready: Records, used: Ints) -> pd.DataFrame:
        """Tell what fixes mean whose turn has come; ``used`` is the time of the last one before, by unit."""
        at = ready["at"].copy()
        confirm, dwell, lost = (_micros(v) for v in (self.rules.confirm_s, self.rules.dwell_s, self.rules.lost_s))
        owner = self._numbers[self.locator.owners(ready["x"], ready["y"])]
        # as long as a unit stays in its grid, nobody asks how deep inside
        asked = np.flatnonzero(kernels.restless(unit, at, owner, lost, self._state, used.copy())[unit])
        deep = np.zeros(len(unit), dtype=bool)
        deep[asked] = self._deep(ready["x"][asked], ready["y"][asked], owner[asked])
        events = np.zeros(2 * len(unit), kernels.EVENT)
        n = kernels.advance(unit, at, owner, deep, confirm, dwell, lost, self._state, used, events)
        return self._told(events[:n])

    def _order(self, unit: Ints, at: Ints, x: np.ndarray, y: np.ndarray, limit: int, wait: int) -> tuple[Ints, Records]:
        waiting = int(self._state["waiting"].sum())
        room = waiting + len(unit)
        if room > len(self._pool):
            # the new places are chained before those that were unused
            first = len(self._pool)
            more = np.zeros(2 * room - first, WAITING)
            more["next"] = np.arange(first + 1, 2 * room + 1)
            more["next"][-1] = self._free[0]
            self._pool = np.concatenate([self._pool, more])
            self._free[0] = first
        out_unit, out = np.zeros(room, dtype=np.int64), np.zeros(room, WAITING)
        places = (self._state, self._pool, self._free, out_unit, out, self._counts)
        n = kernels.order_fixes(unit, at, x, y, limit, wait, _MOST_WAITING, *places)
        return out_unit[:n], out[:n]

    def _deep(self, x: np.ndarray, y: np.ndarray, owner: np.ndarray) -> np.ndarray:
        """Tell which places lie far enough inside their grid, or outside of all, to be believed at once."""
        found = self.locator.locate_many(x, y, nearest_within_m=self.rules.confirm_m)
        inside = (owner >= 0) & (np.asarray(found.border_m) >= self.rules.confirm_m)
        return np.asarray((found.method == _NONE) | inside)

    def _waiting(self) -> tuple[Ints, Records]:
        """Give the fixes that wait, by unit and time."""
        unit = np.repeat(np.arange(len(self._state)), self._state["waiting"])
        place = np.zeros(len(unit), dtype=np.int64)
        here = -1
        for i, u in enumerate(unit.tolist()):
            here = int(self._state["head"][u] if i == 0 or u != unit[i - 1] else self._pool["next"][here])
            place[i] = here
        return unit, self._pool[place]

    def _empty_pool(self) -> None:
        self._pool = np.zeros(0, WAITING)
        self._free[0] = -1
        self._state["head"], self._state["waiting"] = -1, 0

    def _table(self) -> np.ndarray:
        return np.array([*self._codes, None], dtype=object)

    def _told(self, events: Records) -> pd.DataFrame:
        names = np.array(self._names, dtype=object)
        return pd.DataFrame(
            {
                "event": pd.array(np.array(EVENTS, dtype=object)[events["kind"]], dtype="str"),
                "unit_id": pd.array(names[events["unit"]], dtype="str"),
                "grid_code": pd.array(self._table()[events["grid"]], dtype="str"),
                "at": times_of(events["at"]),
                "confirmed_at": times_of(events["known"]),
                "seconds": events["span"] / 1e6,
            }
        )


def _micros(seconds: float) -> int:
    return min(round(seconds * 1e6), kernels.LATEST)
