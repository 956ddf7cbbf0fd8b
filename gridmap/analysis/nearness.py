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
        order = np.argsort(self.rank, kind="stable")
        sound = np.isfinite(x) & np.isfinite(y) & (self.category >= 0) & (at != np.iinfo(np.int64).min)
        good = order[sound[order]]
        key, stride = _keys(self.category[good], np.floor(x[good] / side), np.floor(y[good] / side))
        # stable: those of one cell stay in the order of time
        held = np.argsort(key, kind="stable")
        row, key = good[held], key[held]
        starts = np.flatnonzero(np.append(True, key[1:] != key[:-1])[: len(key)])
        cells = key[starts]
        self.arrays: tuple[Any, ...] = (
            row,
            x[row],
            y[row],
            at[row],
            self.rank[row],
            np.append(starts, len(row)).astype(np.int64),
            cells,
            _neighbours(cells, stride),
            stride,
        )


def _keys(category: Ints, i: npt.NDArray[np.float64], j: npt.NDArray[np.float64]) -> tuple[Ints, int]:
    """Number the cells by category, column and row, with room for two neighbours at each side; give the stride too."""
    if not len(i):
        return np.empty(0, dtype=np.int64), 1
    if (np.ptp(i) + 5) * (np.ptp(j) + 5) * (category.max() + 1) >= 2**62:
        i, j = _close(i), _close(j)
    stride = int(np.ptp(j)) + 5
    columns = int(np.ptp(i)) + 5
    column, line = (i - i.min()).astype(np.int64) + 2, (j - j.min()).astype(np.int64) + 2
    return (category * columns + column) * stride + line, stride


def _close(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Shorten the gaps between cells to what still keeps them from being neighbours."""
    known, place = np.unique(values, return_inverse=True)
    return np.cumsum(np.minimum(np.diff(known, prepend=known[0]), 3.0))[place]


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
    again = at[order[1:]] == at[order[:-1]]
    if again.any():
        same = order[np.append(again, False) | np.append(False, again)]
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


def _find_neighbours(cells: Any, stride: int) -> Any:
    """Give for each cell the first one of each of the five columns around it that is not before its neighbours."""
    first = np.empty((len(cells), 5), dtype=np.int64)
    for d in range(5):
        k = 0
        for c in range(len(cells)):
            while k < len(cells) and cells[k] < cells[c] + (d - 2) * stride - 2:
                k += 1
            first[c, d] = k
    return first


_neighbours = numba.njit(cache=True, nogil=True)(_find_neighbours)


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
    row: Any, x: Any, y: Any, at: Any, rank: Any, starts: Any, cells: Any, first: Any, stride: int, reach_2: float,
    within: int, found: Any,
) -> None:  # fmt: skip
    for c in range(len(cells)):
        for n in range(starts[c], starts[c + 1]):
            if n > starts[c] and at[n] - at[n - 1] <= within:  # in one cell everything is near
                found[row[n]] = True
                continue
            hit = False
            for d in range(5):
                k, last = first[c, d], cells[c] + (d - 2) * stride + 2
                while not hit and k < len(cells) and cells[k] <= last:
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
    row: Any, x: Any, y: Any, at: Any, rank: Any, starts: Any, cells: Any, first: Any, stride: int, reach_2: float,
    within: int, least: int, label: Any,
) -> int:  # fmt: skip
    count = 0
    near = np.empty(len(row), dtype=np.int64)
    cell_of = np.empty(len(row), dtype=np.int64)
    for c in range(len(cells)):
        cell_of[starts[c] : starts[c + 1]] = c
    for n in np.argsort(-rank):
        if label[row[n]] >= 0:
            continue
        c, held = cell_of[n], 0
        for d in range(5):
            k, last = first[c, d], cells[c] + (d - 2) * stride + 2
            while k < len(cells) and cells[k] <= last:
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
