"""Cases as numbers, made once and counted for any period: what stays the same from one period to the next."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Self
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.indicators.figures import Figures
from gridmap.analysis.indicators.formulas import Flags, Sets, Terms, microseconds
from gridmap.analysis.indicators.groups import PERIODS, Ints, codes_of, period_of

Labels = npt.NDArray[np.object_]
_HOUR_US = 3_600_000_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()


class Coded:
    """Cases of a frame at a moment.

    Parameters
    ----------
    cases : GeoDataFrame
        frames.CASES.
    at : datetime
        When the frame was taken, with its offset.
    zone : str
        Of days and hours.
    names : sequence of str
        Which of ``INDICATORS`` it can be asked for.

    Attributes
    ----------
    reported : int array
        Microseconds since 1970 of the report.
    weekday_hour : int array
        24 times the weekday (Monday first) and the hour of local time of the report.
    """

    def __init__(self, cases: gpd.GeoDataFrame, at: datetime, zone: str, names: Sequence[str]) -> None:
        sets = Sets(cases, at, Terms())
        self._flags = {name: sets.of(name) for name in names}
        self.handling = sets.handling
        self._codes = {name: codes_of(cases, name) for name in ("category", "grid")}
        self.reported = microseconds(cases["reported_at"])
        local = pd.DatetimeIndex(cases["reported_at"]).tz_convert(ZoneInfo(zone)).tz_localize(None)
        hours = local.as_unit("us").asi8 // _HOUR_US
        self._day = hours // 24
        # the first day of 1970 was a Thursday
        self.weekday_hour = (self._day + 3) % 7 * 24 + hours % 24

    def __len__(self) -> int:
        return len(self.reported)

    def in_grids(self, codes: frozenset[str]) -> Flags:
        """Tell which cases lie in one of the grids."""
        code, labels = self._codes["grid"]
        return np.array([*(label in codes for label in labels), False], dtype=np.bool_)[code]

    def taken(self, chosen: Flags) -> Self:
        """Give the chosen cases alone."""
        rows = np.flatnonzero(chosen)
        made = object.__new__(type(self))
        made._flags = {name: (above[rows], below[rows]) for name, (above, below) in self._flags.items()}
        made.handling, made.reported = self.handling[rows], self.reported[rows]
        made._codes = {name: (code[rows], labels) for name, (code, labels) in self._codes.items()}
        made._day, made.weekday_hour = self._day[rows], self.weekday_hour[rows]
        return made

    def of(self, name: str) -> tuple[Flags, Flags]:
        """Give the cases of the numerator and of the denominator, as ``Sets.of``."""
        return self._flags[name]

    def figures(self, among: Flags, by: str | None = None, areas: Mapping[str, str] | None = None) -> Figures:
        """Count the cases of ``among`` in groups, as ``indicators`` does.

        Parameters
        ----------
        among : bool array
        by : str, optional
            ``category``, ``grid``, ``area`` or one of ``PERIODS``; None: one group of all.
        areas : mapping, optional
            Grid code to the code of its area, for ``area``.
        """
        group = np.full(len(self), -1, dtype=np.int64)
        names = tuple(self._flags)
        if by is None:
            group[among] = 0
            return Figures((), pd.DataFrame(index=pd.RangeIndex(1)), group, self, names)
        code, labels = self._labelled(by, areas or {})
        # labels are sorted, and what is missing stands behind them: groups are those that have a case
        there = np.bincount(code[among], minlength=len(labels) + 1) > 0
        group[among] = (np.cumsum(there) - 1)[code[among]]
        keys = np.append(labels, [None])[there]
        return Figures((by,), pd.DataFrame({by: pd.Series(keys, dtype=object)}), group, self, names)

    def _labelled(self, by: str, areas: Mapping[str, str]) -> tuple[Ints, Labels]:
        """Give the place of each case in the sorted labels; one beyond them: missing."""
        if by in PERIODS:
            days, code = np.unique(self._day, return_inverse=True)
            texts: list[str | None] = [period_of(date.fromordinal(int(day) + _EPOCH_DAY), by) for day in days]
        elif by == "area":
            code, grids = self._codes["grid"]
            texts = [areas.get(str(grid)) for grid in grids]
        else:
            return self._codes[by]
        known = sorted({text for text in texts if text is not None})
        place: dict[str | None, int] = {text: n for n, text in enumerate(known)}
        to = np.array([*(place.get(text, len(known)) for text in texts), len(known)], dtype=np.int64)
        return to[code], np.array(known, dtype=object)
