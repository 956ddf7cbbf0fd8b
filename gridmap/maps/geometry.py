"""Shapes for the screen: simplified together, written as short integers, with a place for a label in each.

What is drawn is only an image of the boundaries: answers never come from it.
"""

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from gridmap import crs

#: Decimal places of a degree that are drawn; the last one is 0.1 m.
DECIMALS = 6
#: Vertices that still pan and zoom smoothly and keep a page well under 1.5 MB; but so many for each shape in any case:
#: where three meet, a vertex stays whatever the tolerance, and a larger one only bends what is left.
VERTEX_BUDGET = 40_000
VERTICES_EACH = 6
_TOLERANCES_M = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)

Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes of one level ready for drawing.

    Attributes
    ----------
    shapes : array of Polygon or MultiPolygon
        Simplified, WGS 84.
    poles : array, shape (n, 2)
        Pole of inaccessibility of each shape: lon, lat.
    radius_m : array, shape (n,)
        Radius of the largest circle that fits into each shape, in metres.
    area_m2 : array, shape (n,)
        Area of each shape before simplifying.
    """

    shapes: Shapes
    poles: npt.NDArray[np.float64]
    radius_m: npt.NDArray[np.float64]
    area_m2: npt.NDArray[np.float64]


def simplify(frame: gpd.GeoDataFrame, *, vertex_budget: int = VERTEX_BUDGET) -> Drawing:
    """Simplify the areas of one level together, so that shared borders stay shared, and find a place for each label.

    Parameters
    ----------
    frame : GeoDataFrame
        Polygons; any CRS, which is brought to WGS 84.
    vertex_budget : int
        The tolerance grows in steps until the level has no more vertices than this, or than ``VERTICES_EACH`` a shape.
    """
    geometry = np.asarray(crs.frame_to_wgs84(frame).geometry.array)
    epsg = crs.metric_epsg_of(geometry)
    metric = crs.to_metric(geometry, epsg)
    area_m2 = shapely.area(metric)
    simple, vertex_budget = metric, max(vertex_budget, VERTICES_EACH * len(metric))
    for tolerance in _TOLERANCES_M:
        if shapely.get_num_coordinates(simple).sum() <= vertex_budget:
            break
        simple = shapely.coverage_simplify(metric, tolerance)
    # The line runs from the pole to the nearest border: its first point and its length are all a label needs.
    spans = shapely.maximum_inscribed_circle(simple, tolerance=float(np.sqrt(np.median(area_m2))) / 40)
    radius_m = shapely.length(spans)
    poles = shapely.get_coordinates(crs.from_metric(shapely.get_point(spans, 0), epsg))
    return Drawing(crs.from_metric(simple, epsg), poles, radius_m, area_m2)


def dissolve(drawing: Drawing, parents: npt.ArrayLike, upper: gpd.GeoDataFrame) -> Drawing | None:
    """Build the shapes of a coarser level from those of a finer one, so that their borders coincide on the screen.

    Parameters
    ----------
    drawing : Drawing
        The finer level.
    parents : sequence of str or None
        Code of the coarser area that each finer shape belongs to.
    upper : GeoDataFrame
        GRIDS of the coarser level.

    Returns
    -------
    Drawing or None
        In the order of ``upper``; None where the finer shapes do not make up the coarser ones (within 1 %), or do not
        meet in common corners: a plan may be in force in spite of such faults.
    """
    codes = upper["code"].to_numpy()
    owner = np.asarray(parents, dtype=object)
    members = [np.flatnonzero(owner == code) for code in codes]
    if not all(len(m) for m in members):
        return None
    try:
        shapes = np.array([shapely.coverage_union_all(drawing.shapes[m]) for m in members], dtype=object)
    except shapely.GEOSException:
        return None
    own = simplify(upper)
    parts_m2 = np.array([drawing.area_m2[m].sum() for m in members])
    if (np.abs(parts_m2 - own.area_m2) > 0.01 * own.area_m2).any():
        return None
    return Drawing(shapes, own.poles, own.radius_m, own.area_m2)


def origin_of(shapes: Shapes) -> tuple[int, int]:
    """Give the south-west corner of shapes in units of the last drawn decimal."""
    x0, y0, _, _ = shapely.total_bounds(shapes)
    scale = 10**DECIMALS
    return int(np.floor(x0 * scale)), int(np.floor(y0 * scale))


def pack(shapes: Shapes, origin: tuple[int, int]) -> list[Any]:
    """Write polygons, lines or points as nested lists of integers: first the offset from the origin, then steps.

    Returns
    -------
    list
        One item a shape: a list of polygons, each a list of rings (for lines and points: a list of one-ring polygons),
        each ring a flat list ``x0, y0, dx, dy, ...``. The closing vertex of a polygon's ring is left out.
    """
    return [_pack_one(shape, origin) for shape in shapes]


def _pack_one(shape: shapely.Geometry, origin: tuple[int, int]) -> list[Any]:
    packed = []
    for part in shapely.get_parts(shape):
        if isinstance(part, shapely.Polygon):
            rings = [_steps(ring.coords, origin, closed=True) for ring in (part.exterior, *part.interiors)]
            if rings and rings[0]:
                packed.append([ring for ring in rings if ring])
        elif isinstance(part, shapely.Point):
            xy = np.rint(shapely.get_coordinates(part)[0] * 10**DECIMALS).astype(np.int64) - np.array(origin)
            packed.append([xy.tolist()])
        elif isinstance(part, (shapely.LineString, shapely.LinearRing)):
            line = _steps(part.coords, origin, closed=False)
            if line:
                packed.append([line])
    return packed


def _steps(coords: Any, origin: tuple[int, int], *, closed: bool) -> list[int]:
    xy = np.rint(np.asarray(coords)[:, :2] * 10**DECIMALS).astype(np.int64) - np.array(origin)
    keep = np.ones(len(xy), dtype=bool)
    keep[1:] = (xy[1:] != xy[:-1]).any(axis=1)
    xy = xy[keep]
    if closed:
        xy = xy[:-1]
    if len(xy) < (3 if closed else 2):
        return []
    steps = np.vstack([xy[:1], np.diff(xy, axis=0)])
    flat: list[int] = steps.ravel().tolist()
    return flat
