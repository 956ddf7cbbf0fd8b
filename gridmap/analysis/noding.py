"""Put a vertex into every straight edge that a neighbour's vertex lies on.

An edge between two stored vertices is straight in degrees. Projected, only its ends are moved, so a neighbour's
vertex on it would come to lie beside it: 14 mm for an edge of one kilometre at latitude 36. Such a T-junction is no
fault of the data. With the vertex put into the edge before projecting, both borders bend alike.
"""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.analysis.edges import Edges, edges_of, matched_edges, point_keys

Geometries = npt.NDArray[np.object_]
Coordinates = npt.NDArray[np.float64]

#: A vertex this near to an edge lies on it, degrees: seven times the spacing of doubles at 128 to 180 degrees, so any
#: point computed to lie on an edge and rounded; 1e-8 m on the ground.
ON_EDGE_DEG = 2e-13


def node_within(shapes: Geometries) -> Geometries:
    """Put the vertices of each polygon into the edges of the others they lie on.

    Parameters
    ----------
    shapes : array of Polygon or MultiPolygon
        CRS: WGS 84, in normal form.

    Returns
    -------
    array of Polygon or MultiPolygon
        Moved nowhere by more than ``ON_EDGE_DEG``.
    """
    edges = edges_of(shapes)
    loose = np.flatnonzero(~matched_edges(edges.key, edges.forward))
    return _insert(shapes, edges, loose, np.vstack([edges.start(loose), edges.end(loose)]))


def node_between(one: Geometries, two: Geometries, *, longer_than_deg: float = 0.0) -> tuple[Geometries, Geometries]:
    """Do the same between two levels, each of them already noded within itself; shorter edges may be left as they are.

    An edge bends with the square of its length: one of 0.001 degrees, 110 m, by less than 2 mm.
    """
    a, b = edges_of(one), edges_of(two)
    only_b = np.flatnonzero(~np.isin(b.key, a.key))
    # a level inside the other has many more edges, but none to be split where all of the outer ones are among them
    only_a = np.flatnonzero(~np.isin(a.key, b.key)) if len(only_b) else only_b
    points_a, points_b = a.start(only_a), b.start(only_b)
    long_a, long_b = (
        which[_distance(e.start(which), e.end(which)) > longer_than_deg] for e, which in ((a, only_a), (b, only_b))
    )
    return _insert(one, a, long_a, points_b), _insert(two, b, long_b, points_a)


def _insert(shapes: Geometries, edges: Edges, segments: npt.NDArray[np.intp], points: Coordinates) -> Geometries:
    """Put those points into those edges that lie inside them and are no vertex of the same polygon."""
    if not len(segments) or not len(points):
        return shapes
    points = points[np.unique(point_keys(points), return_index=True)[1]]
    lines = np.asarray(shapely.linestrings(np.stack([edges.start(segments), edges.end(segments)], axis=1)))
    point, line = shapely.STRtree(lines).query(shapely.points(points), predicate="dwithin", distance=ON_EDGE_DEG)
    edge = segments[line]
    far = np.minimum(_distance(points[point], edges.start(edge)), _distance(points[point], edges.end(edge)))
    point, edge = point[far > ON_EDGE_DEG], edge[far > ON_EDGE_DEG]
    if not len(edge):
        return shapes
    own = _vertex_keys(edges, np.unique(edges.owner[edge]))
    wanted: dict[tuple[int, tuple[float, ...], tuple[float, ...]], list[int]] = defaultdict(list)
    keys = point_keys(points)
    for p, e in zip(point.tolist(), edge.tolist(), strict=True):
        owner = int(edges.owner[e])
        if int(keys[p]) not in own[owner]:
            wanted[owner, tuple(edges.start(e).tolist()), tuple(edges.end(e).tolist())].append(p)
    out = shapes.copy()
    for owner in {k[0] for k in wanted}:
        out[owner] = _with_points(shapes[owner], owner, wanted, points)
    return shapely.normalize(out)


def _distance(a: Coordinates, b: Coordinates) -> npt.NDArray[np.float64]:
    return np.hypot(a[:, 0] - b[:, 0], a[:, 1] - b[:, 1])


def _vertex_keys(edges: Edges, owners: npt.NDArray[np.intp]) -> dict[int, set[int]]:
    mine = np.flatnonzero(np.isin(edges.owner, owners))
    keys, of = point_keys(edges.start(mine)), edges.owner[mine]
    found: dict[int, set[int]] = defaultdict(set)
    for key, owner in zip(keys.tolist(), of.tolist(), strict=True):
        found[owner].add(key)
    return found


def _with_points(
    shape: BaseGeometry,
    owner: int,
    wanted: dict[tuple[int, tuple[float, ...], tuple[float, ...]], list[int]],
    points: Coordinates,
) -> BaseGeometry:
    def ring(line: BaseGeometry) -> list[tuple[float, ...]]:
        xy = [tuple(c) for c in shapely.get_coordinates(line).tolist()]
        out = xy[:1]
        for a, b in pairwise(xy):
            inner = points[wanted.get((owner, a, b), [])]
            inner = inner[np.argsort(_distance(inner, np.array([a])))]
            out += [tuple(c) for c in inner.tolist()] + [b]
        return out

    parts = [
        shapely.Polygon(ring(part.exterior), [ring(hole) for hole in part.interiors])
        for part in shapely.get_parts([shape])
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
