"""Where units are now, for all who listen in this process: read once, told at most about once a second.

Positions are what is, not what happened: who comes back is sent all of them, so that nothing is lost, and a unit that
is sent twice stands where it stands.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from api.replies_cases import PositionOut
from gridmap.domain.events import PASSING, Happened
from gridmap.services.cases.asking import SEEN_WITHIN, last_seen
from gridmap.services.ports import UnitOfWork

#: Seconds between two tellings of what moved.
EVERY_S = 0.7
#: Units kept before those that were long not seen are looked for.
_MANY = 1_000


class Position(NamedTuple):
    """Where a unit is: in whose area, and as it is written for a reader."""

    unit_id: str
    fixed_at: datetime
    set_name: str | None
    grid_code: str | None
    text: str


class Positions:
    """The newest position of each unit, in the order in which they moved. It lives in one event loop."""

    def __init__(self) -> None:
        self._listeners = 0
        self._known: dict[str, tuple[int, Position]] = {}
        self._pending = False
        self._told_at = float("-inf")
        #: What was told so far; grows by one with each telling.
        self.turn = 0
        #: All units were read once; changes are enough from then on.
        self.whole = False

    @property
    def wanted(self) -> bool:
        """Somebody listens."""
        return self._listeners > 0

    def join(self) -> None:
        """Begin to listen; end with ``leave``."""
        self._listeners += 1

    def leave(self) -> None:
        """Stop to listen; with the last one, nothing is kept."""
        self._listeners -= 1
        if not self._listeners:
            self.forget()

    def forget(self) -> None:
        """Forget all positions; they are read anew when somebody listens."""
        self._known.clear()
        self.whole = self._pending = False

    def take(self, found: Sequence[Position], now: datetime, *, whole: bool) -> None:
        """Take positions that were read; those that are known already change nothing."""
        if not self.wanted:
            return
        for position in found:
            known = self._known.get(position.unit_id)
            if known is None or known[1].fixed_at < position.fixed_at:
                self._known.pop(position.unit_id, None)
                self._known[position.unit_id] = (self.turn + 1, position)
                self._pending = True
        if whole:
            self.whole = self._pending = True
        if len(self._known) > _MANY and whole:
            self._known = {u: k for u, k in self._known.items() if k[1].fixed_at >= now - SEEN_WITHIN}

    def tell(self, at: float) -> bool:
        """Tell what moved, where there is something and the last time is long ago (seconds of a steady clock)."""
        if not self._pending or at - self._told_at < EVERY_S:
            return False
        self.turn += 1
        self._pending, self._told_at = False, at
        return True

    def since(self, turn: int) -> Iterator[Position]:
        """Give what moved after a turn and was told."""
        for unit in reversed(self._known):
            when, position = self._known[unit]
            if when <= turn:
                return
            if when <= self.turn:
                yield position


def asked_by(found: Sequence[Happened]) -> list[str] | None:
    """Give the units that moved by events, each once; None: there are too many to name."""
    moved = [happened.event.subject for happened in found if happened.event.kind in PASSING]
    return None if "" in moved else list(dict.fromkeys(moved))


def read(work: UnitOfWork, now: datetime, units: Sequence[str] | None) -> list[Position]:
    """Read where units are (None: all)."""
    if units is not None and not units:
        return []
    found = last_seen(work, now, units=units)
    columns = zip(found["unit_id"], found["fixed_at"], found["set_name"], found["grid_code"], strict=True)
    positions = []
    for (unit, at, name, code), x, y in zip(columns, found.geometry.x, found.geometry.y, strict=True):
        owner = (name if isinstance(name, str) else None, code if isinstance(code, str) else None)
        moment = at.to_pydatetime()
        out = PositionOut(unit_id=unit, fixed_at=moment, lon=round(x, 6), lat=round(y, 6), grid_code=owner[1])
        positions.append(Position(unit, moment, *owner, out.model_dump_json()))
    return positions
