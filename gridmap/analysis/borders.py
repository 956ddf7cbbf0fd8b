"""Which borders went and which are new between two versions: the lines that a map of their difference draws."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap import crs
from gridmap.analysis import frames

#: Lines nearer than this are the same border.
SAME_LINE_M = 0.5
#: Vertices nearer to an edge than this lie in it, degrees (0.1 mm): a T-junction is in no edge to the last bit.
_IN_EDGE_DEG = 1e-9


@dataclass(frozen=True, slots=True)
class MovedBorders:
    """Lines in WGS 84: borders that only the old version has, and those that only the new one has."""

    gone: BaseGeometry
    fresh: BaseGeometry


def moved_borders(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, *, same_line_m: float = SAME_LINE_M) -> MovedBorders:
    """Find the borders that differ between areas of one level.

    Parameters
    ----------
    old, new : GeoDataFrame
        frames.GRIDS of one level each, or only the areas that changed; points have no border. CRS: WGS 84.
    same_line_m : float
        How far apart two lines may run and still be the same border.

    Raises
    ------
    ColumnError, CrsError
        As ``frames.require``.
    """
    frames.require(old, frames.GRIDS)
    frames.require(new, frames.GRIDS)
    areas = [_areas(old), _areas(new)]
    both = np.concatenate(areas)
    if not len(both):
        nothing = shapely.MultiLineString()
        return MovedBorders(nothing, nothing)
    epsg = crs.metric_epsg_of(both)
    was, now = (_lines(a, epsg) for a in areas)
    gone, fresh = (_beside(mine, other, same_line_m) for mine, other in ((was, now), (now, was)))
    back = shapely.normalize(crs.from_metric(np.array([gone, fresh], dtype=object), epsg))
    return MovedBorders(back[0], back[1])


def common_m(mine: BaseGeometry, others: npt.NDArray[np.object_], epsg: int) -> npt.NDArray[np.float64]:
    """Measure how much border an area has in common with each of others, m; a corner is no length.

    Parameters
    ----------
    mine : Geometry
    others : array of Geometry
        Areas of the same tiling, WGS 84 as ``mine``; one may have vertices in an edge of another.
    epsg : int
        Metric CRS of the place.
    """
    lines = shapely.boundary(others)
    shared = shapely.intersection(shapely.boundary(mine), lines, grid_size=_IN_EDGE_DEG)
    return np.asarray(shapely.length(crs.to_metric(shared, epsg)), dtype=np.float64)


def _areas(frame: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    shapes = np.asarray(frames.require_wgs84(frame).geometry.array, dtype=object)
    return shapes[(shapely.get_dimensions(shapes) == 2) & ~shapely.is_empty(shapes)]


def _lines(shapes: npt.NDArray[np.object_], epsg: int) -> BaseGeometry:
    # the union draws a border that two neighbours share once, so that its dashes show
    lines: BaseGeometry = shapely.union_all(shapely.boundary(crs.to_metric(shapes, epsg)))
    return lines


def _beside(mine: BaseGeometry, other: BaseGeometry, width_m: float) -> BaseGeometry:
    left = shapely.difference(mine, shapely.buffer(other, width_m, cap_style="flat", join_style="mitre"))
    parts = shapely.get_parts(shapely.get_parts(left))
    # what a crossing leaves beside the strip of the other line is no border of its own
    long = parts[shapely.length(parts) > 2 * width_m]
    if not len(long):
        return shapely.MultiLineString()
    merged: BaseGeometry = shapely.line_merge(shapely.multilinestrings(long))  # type: ignore[assignment]
    return merged
