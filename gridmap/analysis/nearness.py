"""Cases of one category that lie near each other in place and time: those that repeat an earlier one, and clusters.

One answer a case, of any number of cases; ``analysis.duplicates`` names every pair with its reasons, for who decides.

Cases are sorted into square cells whose diagonal is the distance asked for. All of one cell are near each other, so
that it is enough to look at a few neighbouring cells, and ten thousand cases at one spot cost no more than elsewhere.
"""

import math
from datetime import timedelta
from typing import Any

import geopandas as gpd
import numba
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.analysis import frames
from gridmap.crs import metric_epsg, xy_to_metric
from gridmap.errors import InvalidInput

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_MICROSECOND = timedelta(microseconds=1)


def repeated(cases: gpd.GeoDataFrame, *, within_m: float, within: timedelta) -> Flags:
    """Tell which cases repeat an earlier one.

    A case repeats another one that was reported before it, at most ``within`` ago, of the same category, and at most
    ``within_m`` away or about the same component. Of two that were reported in the same microsecond the one with the
    lower ``case_id`` is the earlier.

    Parameters
    ----------
    cases : GeoDataFrame
        ``case_id``, ``category``, ``reported_at``, ``component``; geometry of points in WGS 84, which may be missing.
    within_m : float
        Metres, > 0.
    within : timedelta
        > 0.

    Raises
    ------
    InvalidInput
        ``not_positive``.
    CrsError
        ``crs_missing``, ``crs_not_wgs84``.
    """
    placed = _Placed(cases, within_m, within)
    found = np.zeros(len(cases), dtype=np.bool_)
    _repeats(*placed.arrays, placed.reach_2, placed.within, found)  # type: ignore[call-arg]
    return found | _same_component(cases, placed)


def clusters(cases: gpd.GeoDataFrame, *, least: int, within_m: float, within: timedelta) -> list[Ints]:
    """Find places where one category comes together.

    The latest case that has, with itself, at least ``least`` of its category at most ``within_m`` away and at most
    ``within`` before it makes a cluster with all of those; then the latest of what is left, and so on. No case is
    in two.

    Returns
    -------
    list of arrays
        Row positions of each cluster, in the order of time; the last one is the case around which it lies. Clusters
        latest first.

    Raises
    ------
    InvalidInput
        ``not_positive``.
    CrsError
        ``crs_missing``, ``crs_not_wgs84``.
    """
    if least < 2:
        raise InvalidInput("not_positive", name="least - 1")
    placed = _Placed(cases, within_m, within)
    label = np.full(len(cases), -1, dtype=np.int64)
    count = int(_clusters(*placed.arrays, placed.reach_2, placed.within, least, label))  # type: ignore[call-arg]
    held = np.flatnonzero(label >= 0)
    order = held[np.lexsort((placed.rank[held], label[held]))]
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if count else []


class _Placed:
    """Cases in cells, by category, and in a cell by time."""

    def __init__(self, cases: gpd.GeoDataFrame, within_m: float, within: timedelta) -> None:
        frames.require_wgs84(cases)
        if not (math.isfinite(within_m) and within_m > 0):
            raise InvalidInput("not_positive", name="within_m")
        if within <= timedelta():
            raise InvalidInput("not_positive", name="within")
        self.reach_2 = within_m**2
        self.within = within // _MICROSECOND
        x, y = _metres(cases)
        at = pd.DatetimeIndex(cases["reported_at"]).as_unit("us").asi8
        self.category = pd.factorize(cases["category"])[0].astype(np.int64)
        self.at = at
        self.rank = _ranked(at, cases)
        # a little smaller, so that no rounding brings two into one cell that are too far from each other
        side = within_m / math.sqrt(2) * (1 - 1e-9)
        good = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & (self.category >= 0) & (at != np.iinfo(np.int64).min))
        i, j = np.floor(x[good] / side).astype(np.int64), np.floor(y[good] / side).astype(np.int64)
        order = np.lexsort((self.rank[good], j, i, self.category[good]))
        cell = np.column_stack([self.category[good], i, j])[order]
        first = np.ones(len(good), dtype=np.bool_)
        first[1:] = (cell[1:] != cell[:-1]).any(axis=1)
        starts = np.flatnonzero(first)
        self.arrays: tuple[Any, ...] = (
            good[order],
            x[good][order],
            y[good][order],
            at[good][order],
            self.rank[good][order],
            np.ascontiguousarray(cell[starts]),
            np.append(starts, len(good)).astype(np.int64),
            (np.cumsum(first) - 1).astype(np.int64),
        )


def _metres(cases: gpd.GeoDataFrame) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    lon, lat = shapely.get_x(cases.geometry.array), shapely.get_y(cases.geometry.array)
    good = np.isfinite(lon) & np.isfinite(lat)
    if not good.any():
        return lon, lat
    frames.require_lonlat(lon[good], lat[good])
    # by the median: one case far off must not choose the zone of all others
    epsg = metric_epsg(float(np.median(lon[good])), float(np.median(lat[good])))
    return xy_to_metric(lon, lat, epsg)


def _ranked(at: Ints, cases: pd.DataFrame) -> Ints:
    """Number the cases by time, those of one time by ``case_id``."""
    order = np.argsort(at, kind="stable")
    same = np.flatnonzero(pd.Series(at).duplicated(keep=False).to_numpy())
    if len(same):
        names = cases["case_id"].to_numpy(dtype=object)[same].astype(str)
        tie = np.zeros(len(at), dtype=np.int64)
        tie[same] = np.argsort(np.argsort(names, kind="stable"), kind="stable")
        order = np.lexsort((tie, at))
    rank = np.empty(len(at), dtype=np.int64)
    rank[order] = np.arange(len(at))
    return rank


def _same_component(cases: pd.DataFrame, placed: _Placed) -> Flags:
    found = np.zeros(len(cases), dtype=np.bool_)
    named = cases["component"].fillna("").astype(str)
    component = pd.factorize(named)[0].astype(np.int64)
    known = (named != "").to_numpy() & (placed.category >= 0) & (placed.at != np.iinfo(np.int64).min)
    rows = np.flatnonzero(known)
    rows = rows[np.lexsort((placed.rank[rows], component[rows], placed.category[rows]))]
    now, before = rows[1:], rows[:-1]
    same = (component[now] == component[before]) & (placed.category[now] == placed.category[before])
    found[now[same & (placed.at[now] - placed.at[before] <= placed.within)]] = True
    return found


def _find_cell(cells: Any, category: int, i: int, j: int) -> int:
    """Give the first cell that is not before this one."""
    low, high = 0, len(cells)
    while low < high:
        middle = (low + high) // 2
        c, a, b = cells[middle, 0], cells[middle, 1], cells[middle, 2]
        if c < category or (c == category and (a < i or (a == i and b < j))):
            low = middle + 1
        else:
            high = middle
    return low


_find = numba.njit(cache=True, nogil=True)(_find_cell)


def _later_than(rank: Any, low: int, high: int, mine: int) -> int:
    """Give the first place of a cell at which a case is not before mine."""
    while low < high:
        middle = (low + high) // 2
        if rank[middle] < mine:
            low = middle + 1
        else:
            high = middle
    return low


_until = numba.njit(cache=True, nogil=True)(_later_than)


def _repeats_of(
    row: Any, x: Any, y: Any, at: Any, rank: Any, cells: Any, starts: Any, cell_of: Any, reach_2: float, within: int,
    found: Any,
) -> None:  # fmt: skip
    for n in range(len(row)):
        own = cell_of[n]
        if n > starts[own] and at[n] - at[n - 1] <= within:  # in one cell everything is near
            found[row[n]] = True
            continue
        category, i, j = cells[own, 0], cells[own, 1], cells[own, 2]
        hit = False
        for a in range(i - 2, i + 3):
            k = _find(cells, category, a, j - 2)
            while not hit and k < len(cells) and cells[k, 0] == category and cells[k, 1] == a and cells[k, 2] <= j + 2:
                m = _until(rank, starts[k], starts[k + 1], rank[n]) - 1
                while m >= starts[k] and at[n] - at[m] <= within:
                    if (x[n] - x[m]) ** 2 + (y[n] - y[m]) ** 2 <= reach_2:
                        hit = True
                        break
                    m -= 1
                k += 1
            if hit:
                break
        found[row[n]] = hit


_repeats = numba.njit(cache=True, nogil=True)(_repeats_of)


def _clusters_of(
    row: Any, x: Any, y: Any, at: Any, rank: Any, cells: Any, starts: Any, cell_of: Any, reach_2: float, within: int,
    least: int, label: Any,
) -> int:  # fmt: skip
    count = 0
    near = np.empty(len(row), dtype=np.int64)
    for n in np.argsort(-rank):
        if label[row[n]] >= 0:
            continue
        own, held = cell_of[n], 0
        category, i, j = cells[own, 0], cells[own, 1], cells[own, 2]
        for a in range(i - 2, i + 3):
            k = _find(cells, category, a, j - 2)
            while k < len(cells) and cells[k, 0] == category and cells[k, 1] == a and cells[k, 2] <= j + 2:
                m = _until(rank, starts[k], starts[k + 1], rank[n] + 1) - 1
                while m >= starts[k] and at[n] - at[m] <= within:
                    if label[row[m]] < 0 and (x[n] - x[m]) ** 2 + (y[n] - y[m]) ** 2 <= reach_2:
                        near[held] = m
                        held += 1
                    m -= 1
                k += 1
        if held >= least:
            for m in near[:held]:
                label[row[m]] = count
            count += 1
    return count


_clusters = numba.njit(cache=True, nogil=True)(_clusters_of)
