"""The net of borders of a tiling: every vertex once, with the tolerance at which it may go.

A stretch of border between two nodes (places where borders part) is weighed once for all areas on it, of every level,
by Douglas and Peucker's order: at a tolerance the vertices that weigh more stay. So whoever shares a border keeps the
same vertices of it at every scale, and no vertex that is gone lay farther from the line that is left than the
tolerance. A scale then costs one look at each vertex.

Source: D. Douglas, T. Peucker, "Algorithms for the reduction of the number of points ...", 1973; distances are those
from the segment, not from the line through it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.analysis.noding import ON_EDGE_DEG
from gridmap.tiles.matrix import TileMatrixSet
from gridmap.tiles.net_kernels import intern, lone_edges, near_edges, nodes_of, weights_of

Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Net:
    """Rings of areas by the vertices that they share.

    Attributes
    ----------
    xy : array of float, shape (n, 2)
        The distinct vertices, in the world of a tile matrix set.
    weight : array of float, shape (n,)
        Tolerance, in units of the world, at which each may go.
    vertex : array of int
        Vertices of all rings, none of them twice in a row.
    ring : array of int
        Where each ring begins in ``vertex``, and the end.
    hole : array of bool
        Which rings are inner ones. The outer ring of a part comes before its inner ones.
    area_ring : array of int
        Where each area begins in ``ring``, and the end.
    """

    xy: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]
    vertex: npt.NDArray[np.int32]
    ring: npt.NDArray[np.int64]
    hole: npt.NDArray[np.bool_]
    area_ring: npt.NDArray[np.int64]


def net_of(levels: Sequence[Shapes], matrix: TileMatrixSet) -> Net:
    """Weave the net of some levels of areas; areas are numbered through all of them.

    Parameters
    ----------
    levels : sequence of array of Polygon or MultiPolygon
        CRS: WGS 84. Areas of one level should not overlap; where they do, borders are shared as far as they are equal.
    matrix : TileMatrixSet
    """
    shapes = np.concatenate([*levels, np.empty(0, dtype=object)])
    parts, owner = shapely.get_parts(shapes, return_index=True)
    # the outer ring turns the way of the hands of a clock on a map, as tiles ask, and the inner ones against it
    rings, part = shapely.get_rings(shapely.orient_polygons(parts, exterior_cw=True), return_index=True)
    lonlat, of = shapely.get_coordinates(rings, return_index=True)
    last = np.r_[of[1:] != of[:-1], True] if len(of) else np.zeros(0, dtype=bool)
    lonlat, of = np.ascontiguousarray(lonlat[~last]) + 0.0, of[~last]
    vertex, first = intern(lonlat)
    places = lonlat[first]
    vertex, of = _noded(vertex, of, places, len(rings))
    ring = _starts(of, len(rings))
    xy = np.column_stack(matrix.to_world(places[:, 0], places[:, 1]))
    weight = weights_of(vertex, ring, nodes_of(vertex, ring, len(places)), xy)
    hole = np.r_[False, part[1:] == part[:-1]] if len(part) else np.zeros(0, dtype=bool)
    return Net(xy, weight, vertex, ring, hole, _starts(owner[part], len(shapes)))


def _starts(of: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.int64]:
    return np.searchsorted(of, np.arange(count + 1)).astype(np.int64)


def _noded(
    vertex: npt.NDArray[np.int32], of: npt.NDArray[np.intp], places: npt.NDArray[np.float64], rings: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.intp]]:
    """Put into the edges that nobody shares the vertices that lie on them, as ``noding`` does before it projects.

    An edge that two areas have needs none: a vertex on it would lie inside one of them, or is one of both.
    """
    lone = lone_edges(vertex, _starts(of, rings))
    if not len(lone):
        return vertex, of
    after = np.r_[np.arange(1, len(vertex)), 0]
    ends = np.flatnonzero(np.r_[of[1:] != of[:-1], True])
    after[ends] = _starts(of, rings)[:-1][of[ends]]
    a, b = vertex[lone], vertex[after[lone]]
    lines = np.asarray(shapely.linestrings(np.stack([places[a], places[b]], axis=1)))
    near = near_edges(places, a, b, ON_EDGE_DEG)
    found, line = shapely.STRtree(lines).query(shapely.points(places[near]), predicate="dwithin", distance=ON_EDGE_DEG)
    point = near[found]
    inner = (point != a[line]) & (point != b[line])
    point, line = point[inner], line[inner]
    from_a, from_b = (np.hypot(*(places[point] - places[end[line]]).T) for end in (a, b))
    real = np.minimum(from_a, from_b) > ON_EDGE_DEG
    point, line, from_a = point[real], line[real], from_a[real]
    order = np.lexsort((from_a, lone[line]))
    at = lone[line[order]] + 1
    return np.insert(vertex, at, point[order].astype(np.int32)), np.insert(of, at, of[at - 1])
