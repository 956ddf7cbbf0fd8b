"""A locator of which only some grids may be named: what the others own, nobody seems to own."""

from collections.abc import Collection
from pathlib import Path
from typing import NoReturn, Self

import numpy as np
import numpy.typing as npt

from gridmap.analysis.locator.answers import METHODS, NONE, Answers, Located, Tally
from gridmap.analysis.locator.index import IndexReport
from gridmap.analysis.locator.locator import Floats, Int32s, Ints, Locator


class LocatorPart(Locator):
    """Answers as the whole locator does, but a grid that is left out is never an owner, a holder or a code.

    It is not the locator of the grids that are kept: a point beside one of these that a grid left out holds is nobody's
    here, where that other locator would give it to the nearest one. So nobody is told to answer for foreign ground.

    Parameters
    ----------
    whole : Locator
        Shared, with its index.
    codes : collection of str
        What may be named; others of them are ignored.
    """

    def __init__(self, whole: Locator, codes: Collection[str]) -> None:
        kept = np.array([code in codes for code in whole.codes], dtype=bool)
        self._whole = whole
        self.codes = tuple(code for code, k in zip(whole.codes, kept, strict=True) if k)
        self.epsg = whole.epsg
        self.metric = whole.metric
        #: From a place in the whole to the place here, -1 where it is left out; the last one is nobody's.
        self._here = np.where(np.r_[kept, False], np.cumsum(np.r_[kept, False]) - 1, -1)
        self._there = np.flatnonzero(kept)
        self._kept = frozenset(self.codes)

    def build(self) -> IndexReport:
        """Build the index of the whole."""
        return self._whole.build()

    @property
    def report(self) -> IndexReport | None:
        """What the index of the whole is made of."""
        return self._whole.report

    @property
    def tally(self) -> Tally:
        """What the index of the whole was asked so far."""
        return self._whole.tally

    def owners(self, x: npt.ArrayLike, y: npt.ArrayLike, *, threads: int | None = None) -> Int32s:
        """Give the owner of each point, -1 where it has none here."""
        return self._here[self._whole.owners(x, y, threads=threads)].astype(np.int32)

    def find_owner(self, x: float, y: float) -> str | None:
        """Find the code of the grid that owns one point."""
        owner = int(self.owners([x], [y])[0])
        return self.codes[owner] if owner >= 0 else None

    def holders(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Find the grids that hold each point, of those whose owner is one of ours."""
        point, grid = self._whole.holders(lon, lat)
        first = np.r_[True, point[1:] != point[:-1]] if len(point) else np.zeros(0, bool)
        ours = self._here[grid[first]] >= 0
        keep = ours[np.cumsum(first) - 1] & (self._here[grid] >= 0) if len(point) else np.zeros(0, bool)
        return point[keep], self._here[grid[keep]]

    def locate(self, lon: float, lat: float, *, nearest_within_m: float = 0.0) -> Located:
        """Find the owner of one point."""
        found = self._whole.locate(lon, lat, nearest_within_m=nearest_within_m)
        codes = self._kept
        if found.code is None or found.code not in codes:
            return Located(None, METHODS[NONE], None, (), False)
        holders = tuple(code for code in found.holders if code in codes)
        return Located(found.code, found.method, found.border_m, holders, found.overlapped and len(holders) > 1)

    def locate_many(
        self, lon: npt.ArrayLike, lat: npt.ArrayLike, *, nearest_within_m: float = 0.0, border: bool = True
    ) -> Answers:
        """Find the owner of each point, and how it was found."""
        found = self._whole.locate_many(lon, lat, nearest_within_m=nearest_within_m, border=border)
        owner = self._here[found.owner]
        ours = owner >= 0
        holders = np.where(ours, np.minimum(found.holders, 1), 0)
        several = np.flatnonzero(ours & (found.holders > 1))
        if len(several):
            x, y = np.asarray(lon, dtype=np.float64)[several], np.asarray(lat, dtype=np.float64)[several]
            holders[several] = np.bincount(self.holders(x, y)[0], minlength=len(several))
        border_m = None if found.border_m is None else np.where(ours, found.border_m, np.nan)
        method = np.where(ours, found.method, NONE).astype(np.int8)
        return Answers(owner, method, border_m, holders, found.overlapped & (holders > 1))

    def border_m(self, x: npt.ArrayLike, y: npt.ArrayLike, owner: npt.ArrayLike) -> Floats:
        """Measure the metres from each point to the border of a grid; NaN where that is -1."""
        grid = np.asarray(owner, dtype=np.int64)
        there = np.r_[self._there, -1]
        return self._whole.border_m(x, y, there[grid])

    def near(self, x: npt.ArrayLike, y: npt.ArrayLike, *, within_m: float, k: int = 1) -> tuple[Ints, Ints, Floats]:
        """Find those of the k nearest grids of each point that may be named."""
        point, grid, metres = self._whole.near(x, y, within_m=within_m, k=k)
        keep = self._here[grid] >= 0
        return point[keep], self._here[grid[keep]], metres[keep]

    def save(self, folder: str | Path, *, key: str = "") -> NoReturn:
        """Only a whole is saved."""
        raise NotImplementedError

    @classmethod
    def open(cls, folder: str | Path, *, key: str | None = None, verify: bool = True) -> Self:
        """Only a whole is opened."""
        raise NotImplementedError

    def edges(self) -> NoReturn:
        """Only a whole gives its edges."""
        raise NotImplementedError
