"""All indicators of many groups of cases at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis import frames
from gridmap.analysis.indicators.formulas import INDICATORS, Flags, Sets, Terms
from gridmap.analysis.indicators.groups import Ints, group_by
from gridmap.errors import InvalidInput, NotFound

_HOUR_US = 3_600_000_000


class Flagged(Protocol):
    """Knows of each case which numbers it is part of; ``handling``: microseconds."""

    @property
    def handling(self) -> Ints: ...

    def of(self, name: str) -> tuple[Flags, Flags]: ...


class Figures:
    """Indicators by group.

    Attributes
    ----------
    by : tuple of str
        What the groups are told apart by.
    keys : DataFrame
        One row a group, one column each of ``by``.
    names : tuple of str
        Which indicators.
    """

    def __init__(
        self, by: tuple[str, ...], keys: pd.DataFrame, group: Ints, sets: Flagged, names: tuple[str, ...]
    ) -> None:
        self.by, self.keys, self.names = by, keys, names
        self._group = group
        self._flags: dict[str, tuple[Flags, Flags]] = {}
        self._counts: dict[str, tuple[Ints, Ints]] = {}
        for name in names:
            above, below = (flags & (group >= 0) for flags in sets.of(name))
            self._flags[name] = above, below
            summed = self._count(below)
            self._counts[name] = (
                (self._sum(sets.handling, below) if name == "handling_hours" else self._count(above)),
                summed,
            )

    def _count(self, flags: Flags) -> Ints:
        return np.bincount(self._group[flags], minlength=len(self.keys)).astype(np.int64)

    def _sum(self, values: Ints, flags: Flags) -> Ints:
        # whole microseconds: a sum of floats would depend on the order of the cases
        total = np.zeros(len(self.keys), dtype=np.int64)
        np.add.at(total, self._group[flags], values[flags])
        return total

    def counts(self, name: str) -> tuple[Ints, Ints]:
        """Give numerator and denominator of an indicator by group: cases; the numerator of hours in microseconds."""
        return self._counts[name]

    def numerator(self, name: str) -> npt.NDArray[np.float64] | Ints:
        """Give the numerator by group: how many cases, or how many hours."""
        above = self._counts[name][0]
        return above / _HOUR_US if INDICATORS[name].unit == "h" else above

    def values(self, name: str) -> npt.NDArray[np.float64]:
        """Give an indicator by group, in its unit; NaN where the denominator is 0: no data."""
        above, below = self._counts[name]
        found = np.full(len(above), np.nan)
        factor = 100.0 if INDICATORS[name].unit == "%" else 1 / _HOUR_US
        np.divide(above * factor, below, out=found, where=below > 0)
        return found

    @property
    def frame(self) -> pd.DataFrame:
        """One row a group: ``keys``, and for each indicator ``<name>``, ``<name>_n`` and ``<name>_of``."""
        columns: dict[str, npt.NDArray] = {}
        for name in self.names:
            columns[name] = self.values(name)
            columns[f"{name}_n"] = self.numerator(name)
            columns[f"{name}_of"] = self._counts[name][1]
        return pd.concat([self.keys, pd.DataFrame(columns, index=self.keys.index)], axis=1)

    def row(self, *key: str | None) -> int:
        """Find a group by its key, in the order of ``by`` (NotFound ``indicator_group``)."""
        same = np.ones(len(self.keys), dtype=np.bool_)
        for name, value in zip(self.by, key, strict=True):
            column = self.keys[name]
            same &= (column.isna() if value is None else column == value).to_numpy(dtype=np.bool_)
        found = np.flatnonzero(same)
        if not len(found):
            raise NotFound("indicator_group")
        return int(found[0])

    def pair(self, name: str, *key: str | None) -> tuple[int, int]:
        """Give numerator and denominator (as ``counts``) of one group; 0 of 0 where no case is in it."""
        try:
            row = self.row(*key)
        except NotFound:
            return 0, 0
        above, below = self._counts[name]
        return int(above[row]), int(below[row])

    def flags(self, *key: str | None) -> Flags:
        """Tell which cases are in a group (NotFound ``indicator_group``)."""
        return self._group == self.row(*key)

    def cases(self, name: str, row: int, part: Literal["numerator", "denominator"] = "numerator") -> Ints:
        """Give the row positions of the cases behind a number, in the order of the frame."""
        return np.flatnonzero(self._flags[name][part == "denominator"] & (self._group == row))


def indicators(
    cases: gpd.GeoDataFrame,
    by: Sequence[str] = (),
    *,
    at: datetime,
    zone: str = "Asia/Shanghai",
    names: Sequence[str] = tuple(INDICATORS),
    areas: Mapping[str, str] | None = None,
    time: Literal["reported_at", "due_at", "closed_at"] = "reported_at",
    terms: Terms | None = None,
    among: Flags | None = None,
) -> Figures:
    """Work out indicators of cases.

    Parameters
    ----------
    cases : GeoDataFrame
        frames.CASES.
    by : sequence of str
        Any of ``DIMENSIONS``, such as ``("grid", "month")``; empty: one group of all.
    at : datetime
        When the frame was taken, with its offset.
    zone : str
        IANA name of the time zone whose days make periods.
    names : sequence of str
        Which of ``INDICATORS``.
    areas : mapping, optional
        Grid code to the code of the area that ``by`` ``area`` is about.
    time : str
        Which time of a case puts it into a period. With ``reported_at`` all numbers of a month are about
        the same cases.
    terms : Terms, optional
    among : bool array, optional
        Only these rows are counted; the others may still be what they repeat.

    Returns
    -------
    Figures
        Numbers, and the cases behind each of them.

    Raises
    ------
    ColumnError
        ``column_missing``.
    InvalidInput
        ``indicator_by``; ``indicator_unknown``; ``not_positive`` (terms); ``indicator_time``.
    CrsError
        ``crs_missing``, ``crs_not_wgs84``.
    """
    frames.require_columns(cases, frames.CASES)
    if unknown := [name for name in names if name not in INDICATORS]:
        raise InvalidInput("indicator_unknown", count=len(unknown), known=", ".join(INDICATORS))
    if at.tzinfo is None:
        raise InvalidInput("indicator_time")
    if among is None:
        among = np.ones(len(cases), dtype=np.bool_)
    keys, held = group_by(cases[among], by, zone, time, areas)
    group = np.full(len(cases), -1, dtype=np.int64)
    group[among] = held
    return Figures(tuple(by), keys, group, Sets(cases, at, terms or Terms()), tuple(dict.fromkeys(names)))
