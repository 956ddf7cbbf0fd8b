"""Propose a repair of a tiling: shared borders made one line, overlaps given to one grid, narrow holes closed.

The proposal is a new frame and an account of the ground that changes hands; nothing is changed in place.
"""

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs
from gridmap.analysis.edges import point_keys, unite
from gridmap.analysis.plane import Geometries, Plane, read_plane
from gridmap.analysis.topology import SLIVER_AREA_M2, SLIVER_WIDTH_M, check_tiling, find_holes
from gridmap.domain.rules import Finding, Report, Severity, report

#: A hole up to this width is taken for careless drawing: about the width of a lane on either side of a border.
MAX_GAP_WIDTH_M = 5.0
#: ... but never more than this share of the side of a middling grid, so that no small hole of its own right is closed.
GAP_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Repair:
    """A proposal.

    Attributes
    ----------
    frame : GeoDataFrame
        The rows, order and columns that came, with mended geometry. CRS: WGS 84. A grid of which nothing is left has
        an empty polygon.
    moved : DataFrame
        One row a grid that has a polygon, in the order of the frame: ``code``, ``area_before_m2``, ``area_after_m2``,
        ``change_m2`` (after - before), ``gained_m2``, ``lost_m2``.
    largest : tuple of str and float
        Code and m2 of the largest change of area, up or down; ``("", 0.0)`` where nothing changes.
    gap_width_m : float
        Holes up to this width were closed.
    report : Report
        What is still wrong after the repair, and ``vanished`` for every grid of which nothing is left.
    """

    frame: gpd.GeoDataFrame
    moved: pd.DataFrame
    largest: tuple[str, float]
    gap_width_m: float
    report: Report


def propose_repair(
    grids: gpd.GeoDataFrame,
    *,
    gap_width_m: float | None = None,
    sliver_width_m: float = SLIVER_WIDTH_M,
    sliver_area_m2: float = SLIVER_AREA_M2,
    parent: gpd.GeoDataFrame | None = None,
) -> Repair:
    """Make a tiling edge-matched, without overlaps and without narrow holes.

    Parameters
    ----------
    grids : GeoDataFrame
        frames.GRIDS; one row a grid. CRS: WGS 84; another stated CRS is reprojected. Never changed.
    gap_width_m : float, optional
        Close holes up to this width, >= 0. By default 5 m, or 5 % of the side of a square as large as the median
        grid where that is less.
    sliver_width_m, sliver_area_m2, parent
        As in ``check_tiling``; for the report on the result. The parent takes no part in the repair.

    Returns
    -------
    Repair
        Vertices that the repair did not move come back bit for bit, so borders shared before are shared after.

    Raises
    ------
    ColumnError, CrsError
        As ``check_tiling``.

    Notes
    -----
    The common ground of an overlap, and the ground of a narrow hole, go to the neighbour with the longest border on
    it. Source: GEOS CoverageCleaner.
    """
    _, plane = read_plane(grids)
    before = crs.frame_to_wgs84(grids)
    width = default_gap_width_m(plane) if gap_width_m is None else gap_width_m
    after = _clean(plane, width)
    geometry = np.asarray(before.geometry.array, dtype=object).copy()
    geometry[plane.rows] = _to_original_degrees(plane, after, geometry[plane.rows])
    frame = before.set_geometry(gpd.GeoSeries(geometry, index=before.index, crs=before.crs))
    moved = _moved(plane, after)
    left = check_tiling(frame, sliver_width_m=sliver_width_m, sliver_area_m2=sliver_area_m2, parent=parent)
    biggest = int(np.argmax(np.abs(moved["change_m2"]))) if len(moved) else -1
    change = abs(float(moved["change_m2"].iloc[biggest])) if len(moved) else 0.0
    return Repair(
        frame,
        moved,
        (str(moved["code"].iloc[biggest]), change) if change > 0 else ("", 0.0),
        width,
        _with_vanished(left, plane, after),
    )


def default_gap_width_m(plane: Plane) -> float:
    """Choose the width up to which a hole is careless drawing rather than ground somebody left out."""
    if not len(plane):
        return 0.0
    side = math.sqrt(float(np.median(shapely.area(plane.shapes))))
    return min(MAX_GAP_WIDTH_M, GAP_SHARE * side)


def _clean(plane: Plane, gap_width_m: float) -> Geometries:
    # Asked for gaps, coverage_is_valid sees only some of them; the holes are looked for by themselves.
    matched = not len(plane) or bool(shapely.coverage_is_valid(plane.shapes))
    if matched and not len(find_holes(unite(plane.shapes, plane.usable))):
        return plane.shapes
    cleaned: Geometries = shapely.coverage_clean(  # type: ignore[attr-defined]  # the stubs are older
        plane.shapes, gap_width=gap_width_m, merge_strategy="longest_border"
    )
    return cleaned


def _to_original_degrees(plane: Plane, after: Geometries, before: Geometries) -> Geometries:
    """Bring the result to lon/lat: vertices that were there before get the very degrees they came with."""
    degrees = shapely.get_coordinates(before)
    x, y = crs.xy_to_metric(degrees[:, 0], degrees[:, 1], plane.epsg)
    known = np.column_stack([x, y])
    keys, first = np.unique(point_keys(known), return_index=True)
    degrees, known = degrees[first], known[first]

    def back(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        if not len(keys):
            return xy
        at = np.minimum(np.searchsorted(keys, point_keys(xy)), len(keys) - 1)
        same = (known[at] == xy).all(axis=1)
        out = degrees[at]
        out[~same] = shapely.get_coordinates(crs.from_metric(shapely.points(xy[~same]), plane.epsg))
        return out

    mended = shapely.transform(after, back)
    for i in np.flatnonzero((shapely.get_type_id(before) == 6) & (shapely.get_type_id(mended) == 3)):
        mended[i] = shapely.MultiPolygon([] if mended[i].is_empty else [mended[i]])
    return np.where(_touched(plane, after) | ~plane.usable, mended, before)


def _touched(plane: Plane, after: Geometries) -> npt.NDArray[np.bool_]:
    touched: npt.NDArray[np.bool_] = ~shapely.equals_exact(plane.shapes, shapely.normalize(after))
    return touched


def _moved(plane: Plane, after: Geometries) -> pd.DataFrame:
    before = plane.shapes
    gained, lost = np.zeros(len(plane)), np.zeros(len(plane))
    touched = np.flatnonzero(_touched(plane, after))
    gained[touched] = shapely.area(shapely.difference(after[touched], before[touched]))
    lost[touched] = shapely.area(shapely.difference(before[touched], after[touched]))
    table = pd.DataFrame(
        {
            "code": plane.codes,
            "area_before_m2": shapely.area(before),
            "area_after_m2": shapely.area(after),
            "change_m2": np.where(gained + lost > 0, shapely.area(after) - shapely.area(before), 0.0),
            "gained_m2": gained,
            "lost_m2": lost,
        }
    )
    return table.iloc[np.argsort(plane.rows)].reset_index(drop=True)


def _with_vanished(left: Report, plane: Plane, after: Geometries) -> Report:
    gone = np.flatnonzero(shapely.is_empty(after) & ~shapely.is_empty(plane.shapes))
    if not len(gone):
        return left
    codes = {plane.codes[i] for i in gone}
    kept = [f for f in left if not (f.rule == "empty_geometry" and set(f.codes) <= codes)]
    areas = shapely.area(plane.shapes)
    found = [
        Finding("vanished", Severity.ERROR, (plane.codes[i],), float(areas[i]), "m2", plane.to_wgs84(plane.shapes[i]))
        for i in gone
    ]
    return report([*kept, *found], **left.facts)
