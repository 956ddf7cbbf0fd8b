"""Swaths: what share of a grid, and of its streets, lies within reach of the ways of patrols, or of cameras.

The ground is swept by level rows. What lies within reach of a segment is convex, so that a row meets it in one
interval, which is exact; joined, they say what of the row is seen, and the edges of a grid say what of the row is its
own. Streets are cut at the borders (``Borders``), and what is seen of a straight piece is found in the same way,
exactly. No polygon of a swath is made: a hundred ways along one street cost a sort and not an overlay.
"""

import math
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.segments import Floats, Ints
from gridmap.analysis.street_lengths import straight_pieces, street_pieces
from gridmap.analysis.swath_kernels import along, sweep
from gridmap.analysis.tracks import GAP_S, SPEED_M_S, Fixes
from gridmap.domain.patrols import PatrolRules, Watched, packaged_patrol_rules
from gridmap.errors import ColumnError, InvalidInput

#: Rows by metre of reach: 20 m are swept every metre.
_ROW = 1 / 20
#: Ways are simplified by no more than this share of the reach (Douglas-Peucker): 20 m by 0.5 m.
_SIMPLER = 1 / 40
#: Rows of one task.
_ROWS = 64
#: Streets run to the north and east more often than not, and rows shall not run along them.
_TURN = 0.4142

Shapes = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]


def simplified_m(reach_m: float) -> float:
    """Give by how many metres ways may be simplified for a reach."""
    return reach_m * _SIMPLER


def segments_of_fixes(
    fixes: Fixes, epsg: int, *, simplify_m: float = 0.0, max_gap_s: float = GAP_S, max_speed_m_s: float = SPEED_M_S
) -> Floats:
    """Give the ways of units as segments in a metric CRS, of shape (n, 4), without gaps.

    Parameters
    ----------
    fixes : Fixes
        In WGS 84; best those that ``clean`` found to be used.
    epsg : int
        Of the metric CRS.
    simplify_m : float
        Ways are simplified by at most so much.
    max_gap_s, max_speed_m_s : float
        As in ``split_tracks``: what is a gap there is no way here. A fix between two gaps is a segment without length.
    """
    kept = fixes.sorted()
    x, y = crs.xy_to_metric(kept.x, kept.y, epsg)
    seconds = np.diff(kept.at) / 1e6
    with np.errstate(invalid="ignore"):
        length = np.hypot(np.diff(x), np.diff(y))
        way = (kept.unit[1:] == kept.unit[:-1]) & (seconds <= max_gap_s) & (length <= max_speed_m_s * seconds)
    run = np.cumsum(np.r_[True, ~way][: len(kept)]) - 1
    size = np.bincount(run) if len(run) else np.zeros(0, dtype=np.int64)
    alone = size[run] == 1
    lines = shapely.linestrings(np.column_stack([x, y])[~alone], indices=_ranks(run[~alone])) if (~alone).any() else []
    near = np.isfinite(x[alone])
    points = np.column_stack([x[alone][near], y[alone][near]] * 2)
    return np.concatenate([straight_pieces(np.asarray(lines, dtype=object), simplify_m), points])


def swath_coverage(
    grids: gpd.GeoDataFrame,
    ways: Fixes | Shapes | Floats,
    *,
    reach_m: float | None = None,
    streets: gpd.GeoDataFrame | None = None,
    threads: int | None = None,
    rules: PatrolRules | None = None,
) -> pd.DataFrame:
    """Measure what share of each grid lies within reach of ways.

    Parameters
    ----------
    grids : GeoDataFrame
        frames.GRIDS in WGS 84.
    ways : Fixes or array
        Fixes in WGS 84; or lines and points in WGS 84, such as cameras; or segments of ``segments_of_fixes`` in the
        metric CRS of the grids (``metric_epsg_of``), as numbers.
    reach_m : float, optional
        Metres to each side; that of the rules without it.
    streets : GeoDataFrame, optional
        Lines, any CRS. A street along a border is that of the lowest code, as any way along it.
    threads : int, optional
        All processors without it; the result does not depend on it.

    Returns
    -------
    DataFrame
        One row a grid, in their order: ``code``, ``area_m2``, ``seen_m2``, ``share`` (0 to 1), and with streets
        ``street_m``, ``street_seen_m``, ``street_share`` (NaN where there is no street). ``attrs["summary"]``: the sums
        and shares of all together.

    Raises
    ------
    ColumnError
        ``column_missing``; ``code_duplicate``.
    InvalidInput
        ``not_positive``: ``reach_m``.
    CrsError
        ``crs_missing``, ``crs_not_wgs84``.

    Notes
    -----
    Ways are simplified by at most a fortieth of the reach, rows lie a twentieth of it apart: a share is right to
    within 0.01, and where all or nothing is seen exactly. Streets are exact but for the simplified ways.
    """
    rules = rules or packaged_patrol_rules()
    reach = rules.reach_m if reach_m is None else float(reach_m)
    if not (math.isfinite(reach) and reach > 0):
        raise InvalidInput("not_positive", name="reach_m")
    frames.require_wgs84(frames.require(grids, frames.GRIDS))
    if grids["code"].duplicated().any():
        raise ColumnError("code_duplicate", count=int(grids["code"].duplicated().sum()))
    lonlat = np.asarray(grids.geometry.array)
    epsg = crs.metric_epsg_of(lonlat) if len(grids) else 3857
    shapes = crs.to_metric(lonlat, epsg)
    if isinstance(ways, Fixes):
        segments = segments_of_fixes(ways, epsg, simplify_m=simplified_m(reach))
    elif ways.dtype == np.float64:
        segments = np.asarray(ways, dtype=np.float64)
    else:
        placed = crs.to_metric(np.asarray(ways, dtype=object), epsg)
        segments = straight_pieces(shapely.get_parts(placed), simplified_m(reach))
    return summed_up(measured(grids, shapes, segments, epsg, reach, streets=streets, threads=threads))


def measured(
    grids: gpd.GeoDataFrame,
    shapes: Shapes,
    segments: Floats,
    epsg: int,
    reach: float,
    *,
    streets: gpd.GeoDataFrame | None = None,
    threads: int | None = None,
    only: Mask | None = None,
) -> pd.DataFrame:
    """Measure as ``swath_coverage`` what is asked right: ``shapes`` are the grids in the metric CRS ``epsg``.

    ``only``: these grids alone, on the rows of all of them; what is said of the others is nothing.
    """
    if only is not None:
        segments = segments[_near(segments, shapes[only], reach)]
    area, share = shapely.area(shapes), _shares(shapes, segments, reach, threads, only)
    result = pd.DataFrame({"code": grids["code"].astype("str").array, "area_m2": area, "seen_m2": share * area})
    result["share"] = share
    if streets is not None:
        street, seen = _street_metres(grids, streets, segments, epsg, reach, only)
        result["street_m"], result["street_seen_m"] = street, seen
        result["street_share"] = np.divide(seen, street, out=np.full(len(street), np.nan), where=street > 0)
    return result


def summed_up(table: pd.DataFrame) -> pd.DataFrame:
    """Put the sums and shares of all grids together into ``attrs["summary"]``."""
    summary = {name: float(table[name].sum()) for name in ("area_m2", "seen_m2")}
    summary["share"] = summary["seen_m2"] / summary["area_m2"] if len(table) else float("nan")
    if "street_m" in table:
        summary |= {name: float(table[name].sum()) for name in ("street_m", "street_seen_m")}
        total = summary["street_m"]
        summary["street_share"] = summary["street_seen_m"] / total if total else float("nan")
    table.attrs["summary"] = summary
    return table


def blind_spots(
    grids: gpd.GeoDataFrame,
    visited: Iterable[str],
    cameras: gpd.GeoDataFrame,
    *,
    camera_reach_m: float,
    rules: PatrolRules | None = None,
) -> pd.DataFrame:
    """Tell which grids neither a patrol nor a camera looks at.

    Parameters
    ----------
    grids : GeoDataFrame
        frames.GRIDS in WGS 84.
    visited : iterable of str
        Codes of the grids where a patrol was.
    cameras : GeoDataFrame
        Points, any CRS.
    camera_reach_m : float
        How far a camera sees.
    rules : PatrolRules, optional
        Says from which share of its area on a grid is watched by cameras.

    Returns
    -------
    DataFrame
        One row a grid, in their order: ``code``, ``visited``, ``camera_share``, ``blind``, ``watched`` (a word of
        ``Watched``: a patrol was there, else a camera, else nobody). ``attrs["summary"]`` counts each word.
    """
    rules = rules or packaged_patrol_rules()
    places = np.asarray(crs.frame_to_wgs84(cameras).geometry.array)
    table = swath_coverage(grids, places, reach_m=camera_reach_m, rules=rules)
    been = table["code"].isin({str(code) for code in visited})
    blind = ~been & (table["share"] < rules.camera_share)
    words = np.select([been, blind], [Watched.PATROL.value, Watched.BLIND.value], default=Watched.CAMERA.value)
    found = pd.DataFrame({"code": table["code"], "visited": been, "camera_share": table["share"], "blind": blind})
    found["watched"] = pd.array(words, dtype="str")
    found.attrs["summary"] = {word.value: int((words == word.value).sum()) for word in Watched}
    return found


def _near(lines: Floats, shapes: Shapes, reach: float) -> Mask:
    """Tell which segments come within reach of the box of a shape."""
    low = np.minimum(lines[:, :2], lines[:, 2:])
    high = np.maximum(lines[:, :2], lines[:, 2:])
    found = np.zeros(len(lines), dtype=bool)
    for x0, y0, x1, y1 in (shapely.bounds(shapes) + np.array([-reach, -reach, reach, reach])).tolist():
        found |= (high[:, 0] >= x0) & (low[:, 0] <= x1) & (high[:, 1] >= y0) & (low[:, 1] <= y1)
    return found


def _shares(shapes: Shapes, segments: Floats, reach: float, threads: int | None, only: Mask | None = None) -> Floats:
    """Give the share of each shape (or of some) that lies within reach of segments."""
    n = len(shapes)
    if not len(segments):
        return np.zeros(n)
    seen, area = np.zeros(n), np.zeros(n)
    if not n:
        return seen
    shapes = shapely.orient_polygons(shapes)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    middle = xy.mean(axis=0)
    first = np.flatnonzero(ring[1:] == ring[:-1])
    edges = np.hstack([_turned(xy[first], middle), _turned(xy[first + 1], middle)])
    owners = owner[part[ring[first]]].astype(np.int64)
    turned = np.hstack([_turned(segments[:, :2], middle), _turned(segments[:, 2:], middle)])
    low, high = edges[:, [0, 1]].min(axis=0), edges[:, [0, 1]].max(axis=0)
    around = (np.maximum(turned[:, 0], turned[:, 2]) >= low[0] - reach) & (
        np.minimum(turned[:, 0], turned[:, 2]) <= high[0] + reach
    )
    turned = turned[around]
    # nearly in order along a row, which is quicker to sort there
    turned = np.ascontiguousarray(turned[np.argsort(np.minimum(turned[:, 0], turned[:, 2]))])
    # small shapes within a wide reach need rows of their own
    side = np.sqrt(shapely.area(shapes))
    step = min(reach * _ROW, max(float(side.min()) / 8, float(np.median(side)) / 100))
    rows = int((high[1] - low[1]) / step) + 1
    if only is not None:  # the rows stay those of all, so that a share does not hang on who is asked for beside it
        edges, owners = edges[only[owners]], owners[only[owners]]
    tasks = (rows - 1) // _ROWS + 1
    by_task = _groups(turned, low[1] - reach, high[1] + reach, low[1], reach, step * _ROWS, tasks)
    rim = _groups(edges, low[1], high[1], low[1], 0.0, step * _ROWS, tasks)

    def work(task: int) -> tuple[Floats, Floats]:
        got, own = np.zeros(n), np.zeros(n)
        if not len(rim[task]):
            return got, own
        some = slice(task * _ROWS, min((task + 1) * _ROWS, rows))
        sweep(some.start, some.stop, low[1], step, reach, turned, by_task[task], edges, owners, rim[task], got, own)
        return got, own

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        for got, own in pool.map(work, range(tasks)):
            seen += got
            area += own
    # a shape between two rows is too small to be seen or not
    share = np.divide(seen, area, out=np.zeros(n), where=area > 0)
    # sums of rows end a hair beside the whole
    return np.asarray(np.clip(np.where(np.abs(share - np.rint(share)) < 1e-9, np.rint(share), share), 0.0, 1.0))


def _turned(xy: Floats, middle: Floats) -> Floats:
    dx, dy = (xy - middle).T
    c, s = math.cos(_TURN), math.sin(_TURN)
    return np.column_stack([c * dx - s * dy, s * dx + c * dy])


def _groups(lines: Floats, least: float, most: float, y0: float, reach: float, height: float, tasks: int) -> list[Ints]:
    """Give the lines that may come within reach of the rows of each task."""
    low, high = np.minimum(lines[:, 1], lines[:, 3]), np.maximum(lines[:, 1], lines[:, 3])
    some = np.flatnonzero((high >= least) & (low <= most))
    first = np.clip((low[some] - reach - y0) // height, 0, tasks - 1).astype(np.int64)
    last = np.clip((high[some] + reach - y0) // height, 0, tasks - 1).astype(np.int64)
    count = last - first + 1
    line = np.repeat(some, count)
    task = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    order = np.argsort(task, kind="stable")
    return np.split(line[order], np.searchsorted(task[order], np.arange(1, tasks)))


def _street_metres(
    grids: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, segments: Floats, epsg: int, reach: float, only: Mask | None
) -> tuple[Floats, Floats]:
    """Give the metres of streets in each grid (or in some), all of them and seen ones."""
    total, seen = np.zeros(len(grids)), np.zeros(len(grids))
    grid, pieces = street_pieces(grids, streets, epsg)
    if not len(pieces):
        return total, seen
    if only is not None:
        grid, pieces = grid[only[grid]], pieces[only[grid]]
    np.add.at(total, grid, np.hypot(*(pieces[:, 2:] - pieces[:, :2]).T))
    tree = shapely.STRtree(np.asarray(shapely.linestrings(segments.reshape(-1, 2, 2)), dtype=object))
    wanted = shapely.linestrings(pieces.reshape(-1, 2, 2))
    piece, way = tree.query(wanted, predicate="dwithin", distance=reach)
    order = np.argsort(piece, kind="stable")
    bounds = np.searchsorted(piece[order], np.arange(len(pieces) + 1)).astype(np.int64)
    out = np.zeros(len(pieces))
    along(np.ascontiguousarray(pieces), bounds, np.ascontiguousarray(segments), way[order], reach, out)
    np.add.at(seen, grid, out)
    return total, np.minimum(seen, total)


def _ranks(values: Ints) -> Ints:
    """Number sorted values from 0 without a gap."""
    return np.cumsum(np.r_[False, values[1:] != values[:-1]][: len(values)])
