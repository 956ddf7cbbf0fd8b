"""Cut areas along lines into faces that meet edge to edge, and merge faces that are too small.

All lines and borders are noded in one go, so a crossing is computed once and is a vertex of every face there, and no
vertex that was there before moves. The faces are then read off the noded lines without computing any coordinate.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from gridmap import crs
from gridmap.analysis.edges import edges_of
from gridmap.analysis.noding import node_within
from gridmap.analysis.redraw.cutting import put_together
from gridmap.errors import GeometryError

Geometries = npt.NDArray[np.object_]
Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

#: Share of an area that its faces may differ by: each crossing is rounded; a face that is missing is far larger.
_ROUNDING = 1e-9
#: A point this near to a border does not tell on which side its face lies, degrees.
_ON_BORDER_DEG = 1e-12


@dataclass(frozen=True, slots=True)
class Faces:
    """Polygons in WGS 84, in normal form, edge-matched; ``area``: the position of the area that each lies in."""

    shapes: Geometries
    area: Ints

    def __len__(self) -> int:
        return len(self.shapes)


@dataclass(frozen=True, slots=True)
class Borders:
    """Pairs of faces (``a < b``) that share a border, with its length in metres."""

    a: Ints
    b: Ints
    length_m: Floats


def cut_along(areas: Geometries, lines: Geometries) -> Faces:
    """Cut areas along lines.

    Parameters
    ----------
    areas : array of Polygon or MultiPolygon
        That do not overlap. CRS: WGS 84.
    lines : array of LineString
        CRS: WGS 84.

    Raises
    ------
    GeometryError
        ``propose_ground_unsound``: an area is not valid, or two overlap.
    """
    if not shapely.is_valid(areas).all():
        raise GeometryError("propose_ground_unsound")
    areas = node_within(shapely.normalize(shapely.force_2d(areas)))
    network = shapely.union_all(np.concatenate([shapely.boundary(areas), lines]))
    faces = shapely.normalize(shapely.get_parts(shapely.polygonize(shapely.get_parts([network]))))
    face, area = lying_in(faces, areas)
    if len(face) > len(np.unique(face)):
        raise GeometryError("propose_ground_unsound")
    found = Faces(faces[face], area)
    sums = np.bincount(found.area, weights=shapely.area(found.shapes), minlength=len(areas))
    whole = shapely.area(areas)
    if (np.abs(sums - whole) > _ROUNDING * whole + 1e-18).any():
        raise GeometryError("propose_ground_unsound")
    return found


def lying_in(faces: Geometries, areas: Geometries) -> tuple[Ints, Ints]:
    """Find which faces lie in which areas; no face may cross the border of one.

    Returns
    -------
    array of int, array of int
        Positions of faces and areas that belong together, by face.
    """
    inner = shapely.point_on_surface(faces)
    face, area = shapely.STRtree(areas).query(inner, predicate="intersects")
    # the inner point of a thin face can be rounded onto a border, or come to lie on it by GEOS's scan line
    doubtful = np.flatnonzero(shapely.dwithin(shapely.boundary(areas)[area], inner[face], _ON_BORDER_DEG))
    if len(doubtful):
        f, a = faces[face[doubtful]], areas[area[doubtful]]
        outside = shapely.area(shapely.intersection(f, a)) <= shapely.area(f) / 2
        face, area = (np.delete(x, doubtful[outside]) for x in (face, area))
    order = np.lexsort((area, face))
    return face[order].astype(np.intp), area[order].astype(np.intp)


def borders_of(shapes: Geometries, epsg: int) -> Borders:
    """Find which faces are neighbours along an edge, and for how many metres."""
    edges = edges_of(shapes)
    order = np.argsort(edges.key, kind="stable")
    key = edges.key[order]
    first = np.flatnonzero(key[1:] == key[:-1])
    one, two = order[first], order[first + 1]
    length = _metres(edges.start(one), edges.end(one), epsg)
    a, b = (op(edges.owner[one], edges.owner[two]).astype(np.intp) for op in (np.minimum, np.maximum))
    other = a != b
    pair, where = np.unique(a[other] * len(shapes) + b[other], return_inverse=True)
    total = np.bincount(where, weights=length[other], minlength=len(pair)).astype(np.float64)
    return Borders(pair // max(1, len(shapes)), pair % max(1, len(shapes)), total)


def _metres(start: Floats, end: Floats, epsg: int) -> Floats:
    x0, y0 = crs.xy_to_metric(start[:, 0], start[:, 1], epsg)
    x1, y1 = crs.xy_to_metric(end[:, 0], end[:, 1], epsg)
    return np.hypot(x1 - x0, y1 - y0)


def merge_small(faces: Faces, borders: Borders, m2: Floats, least_m2: Floats) -> tuple[Faces, list[list[int]]]:
    """Merge every face smaller than asked with the neighbour of the longest shared border, the smallest first.

    Parameters
    ----------
    faces : Faces
    borders : Borders
        Of the faces.
    m2, least_m2 : array of float
        Size of each face, and what it should have.

    Returns
    -------
    Faces, list of list of int
        The faces that are left, and of which faces each was made. Faces of different areas are never merged; one
        without a neighbour in its area stays as it is.
    """
    near: list[dict[int, float]] = [{} for _ in range(len(faces))]
    same = faces.area[borders.a] == faces.area[borders.b]
    for a, b, metres in zip(
        borders.a[same].tolist(), borders.b[same].tolist(), borders.length_m[same].tolist(), strict=True
    ):
        near[a][b] = near[b][a] = metres
    size, least = m2.tolist(), least_m2.tolist()
    members: list[list[int]] = [[i] for i in range(len(faces))]
    queue = [(size[i], i) for i in range(len(faces)) if size[i] < least[i]]
    heapq.heapify(queue)
    while queue:
        at, i = heapq.heappop(queue)
        if not members[i] or at != size[i] or not near[i]:
            continue
        to = max(near[i], key=lambda j: (near[i][j], -j))
        size[to] += size[i]
        least[to] = max(least[to], least[i])
        members[to] += members[i]
        members[i] = []
        for j, metres in near[i].items():
            del near[j][i]
            if j != to:
                near[to][j] = near[j][to] = near[to].get(j, 0.0) + metres
        near[i] = {}
        if size[to] < least[to]:
            heapq.heappush(queue, (size[to], to))
    groups = [sorted(m) for m in members if m]
    return Faces(dissolve(faces.shapes, groups), faces.area[[g[0] for g in groups]]), groups


def dissolve(shapes: Geometries, groups: Sequence[Sequence[int]]) -> Geometries:
    """Make one shape of each group of faces, by dropping the edges inside it."""
    out = np.empty(len(groups), dtype=object)
    for i, group in enumerate(groups):
        out[i] = shapes[group[0]] if len(group) == 1 else put_together(shapes[list(group)])
    return np.asarray(shapely.normalize(out))
