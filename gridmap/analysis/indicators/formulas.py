"""What each indicator counts.

All of them stand on the same few sets of cases, so that the numbers of one row fit each other:

counted
    neither merged into another case (two channels, one case) nor taken out of rates by an appeal.
filed
    counted, filed, and not rejected (since).
dispatched, handled
    filed, and sent to somebody; of these, handled at least once.
closed
    filed, and closed now. A case that was opened again is not.
due
    filed, with a limit that is up, and not suspended (缓办): what should be closed by now. A case that was closed
    before its limit is up counts from the day on which it is; so the rates of a month stand still once its limits are
    up, and cases that are closed early do not hide those that are late.

A case is on time when it was handled in time: the limit is that of handling, and how long somebody takes to verify is
not the handler's.

With these sets both published examples come out: of 3,447 filed cases whose limits are all up 3,350 are closed and 97
in handling (97.19 %); of 1,054 accepted cases 996 are filed, of 972 that are due 911 are closed, 737 of them on time
(94.50, 93.72, 75.82 %).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.nearness import repeated
from gridmap.domain.cases import CaseStatus

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
_NEVER = np.iinfo(np.int64).min
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: Channels by which the grid finds a case itself, before somebody complains.
PROACTIVE = frozenset({"patrol", "video", "sensor", "survey"})


@dataclass(frozen=True, slots=True)
class Indicator:
    """A number about cases; the catalogue says its formula (``indicator.<name>.formula``).

    ``unit``: ``%``, of 100 times a number of cases through another; ``h``, mean hours. ``better``: which way is good.
    """

    name: str
    unit: Literal["%", "h"]
    better: Literal["more", "less", "neither"]


#: In the order in which they are shown.
INDICATORS: Mapping[str, Indicator] = {
    i.name: i
    for i in (
        Indicator("filing", "%", "neither"),
        Indicator("dispatch_accuracy", "%", "more"),
        Indicator("closing", "%", "more"),
        Indicator("on_time_closing", "%", "more"),
        Indicator("handling_hours", "h", "less"),
        Indicator("rework", "%", "less"),
        Indicator("return", "%", "less"),
        Indicator("backlog", "%", "less"),
        Indicator("proactive", "%", "more"),
        Indicator("repeat", "%", "less"),
    )
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a city may mean otherwise.

    Attributes
    ----------
    proactive : frozenset of str
        Channels of proactive discovery.
    repeat_m, repeat : float, timedelta
        How near and how soon after another one of its category a case repeats it; see ``analysis.nearness.repeated``.
    """

    proactive: frozenset[str] = PROACTIVE
    repeat_m: float = 50.0
    repeat: timedelta = timedelta(hours=72)


def microseconds(times: "pd.Series[pd.Timestamp]") -> Ints:
    """Give times as microseconds since 1970; what is missing as the smallest number."""
    return pd.DatetimeIndex(times).as_unit("us").asi8


class Sets:
    """The sets of cases of one frame at one moment, each as one flag a row.

    Parameters
    ----------
    cases : GeoDataFrame
        frames.CASES.
    at : datetime
        When the frame was taken, with its offset: what is due is seen from then.
    terms : Terms
    """

    def __init__(self, cases: gpd.GeoDataFrame, at: datetime, terms: Terms) -> None:
        self._cases, self._terms = cases, terms
        self._at = (at - _EPOCH) // _MICROSECOND

    def of(self, name: str) -> tuple[Flags, Flags]:
        """Give the cases of the numerator, and of the denominator that they are part of.

        The numerator of ``handling_hours`` is a sum of hours over all cases of its denominator; see ``handling``.
        """
        match name:
            case "filing":
                return self.filed, self.counted
            case "dispatch_accuracy":
                return self.dispatched & (self._number("returns") == 0), self.dispatched
            case "closing":
                return self.due & self.closed, self.due
            case "on_time_closing":
                return self.due & self.closed & self._in_time, self.due
            case "handling_hours":
                return self._timed, self._timed
            case "rework":
                return self._handled & (self._number("reworks") > 0), self._handled
            case "return":
                return self.dispatched & (self._number("returns") > 0), self.dispatched
            case "backlog":
                return self.filed & ~self.closed, self.filed
            case "proactive":
                return self.counted & self._one_of("channel", self._terms.proactive), self.counted
            case "repeat":
                return ~self._appealed & (self._merged | self._repeats), ~self._appealed
        raise KeyError(name)

    @cached_property
    def counted(self) -> Flags:
        """All but what was merged or appealed."""
        return ~self._merged & ~self._appealed

    @cached_property
    def filed(self) -> Flags:
        """Filed, and not rejected."""
        gone = self._one_of("status", (CaseStatus.REPORTED.value, CaseStatus.REJECTED.value))
        return self.counted & (self._time("filed_at") != _NEVER) & ~gone

    @cached_property
    def dispatched(self) -> Flags:
        """Sent to somebody."""
        return self.filed & (self._time("dispatched_at") != _NEVER)

    @cached_property
    def closed(self) -> Flags:
        """Closed now."""
        return self.filed & self._one_of("status", (CaseStatus.CLOSED.value,))

    @cached_property
    def due(self) -> Flags:
        """Whose limit is up, without what is suspended."""
        limit = self._time("due_at")
        return self.filed & (limit != _NEVER) & (limit <= self._at) & ~self._flag("deferred")

    @cached_property
    def handling(self) -> Ints:
        """Microseconds from the first dispatch to the last handling; 0 outside of the set."""
        return np.where(self._timed, self._time("handled_at") - self._time("dispatched_at"), 0)

    @cached_property
    def _handled(self) -> Flags:
        return self.dispatched & (self._time("handled_at") != _NEVER)

    @cached_property
    def _timed(self) -> Flags:
        # an open case may be handled once more: its time is not known yet
        return self.closed & self._handled

    @cached_property
    def _in_time(self) -> Flags:
        handled, closed = self._time("handled_at"), self._time("closed_at")
        done = np.where(handled == _NEVER, closed, handled)
        return (done != _NEVER) & (done <= self._time("due_at"))

    @cached_property
    def _merged(self) -> Flags:
        return self._one_of("status", (CaseStatus.MERGED.value,))

    @cached_property
    def _appealed(self) -> Flags:
        return self._flag("appealed")

    @cached_property
    def _repeats(self) -> Flags:
        return repeated(self._cases, within_m=self._terms.repeat_m, within=self._terms.repeat)

    def _time(self, column: str) -> Ints:
        return microseconds(self._cases[column])

    def _flag(self, column: str) -> Flags:
        return self._cases[column].fillna(False).to_numpy(dtype=np.bool_)

    def _number(self, column: str) -> Ints:
        return self._cases[column].to_numpy(dtype=np.int64)

    def _one_of(self, column: str, values: Iterable[str]) -> Flags:
        code, labels = pd.factorize(self._cases[column])
        wanted = set(values)
        # the last one is for what is missing: its code is -1
        return np.array([label in wanted for label in labels] + [False], dtype=np.bool_)[code]
