"""Cut areas along lines, and put the pieces together again under other owners.

A line drawn by hand never meets a border exactly. What comes within ``SNAP_M`` is taken to meet it: ends and bends of
the line on vertices and edges, vertices of a border on the line. The remaining crossings become vertices of the line
and of every area beside that border. After that all pieces are faces of one graph of edges, so pieces fit exactly; no
coordinate that was there before changes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString, MultiPolygon, Polygon

from gridmap.analysis.edges import edges_of, proven_union
from gridmap.analysis.redraw.mosaic import EdgeKey, Mosaic, coordinates_of, edge_key
from gridmap.domain.redraw import Place
from gridmap.errors import InvalidInput

Floats = npt.NDArray[np.float64]

#: A drawn line this near to a border is meant to meet it, metres: half of what a surveyor can tell apart at 1:500.
SNAP_M = 0.05
_M_PER_DEG = 111_320.0


@dataclass(frozen=True, slots=True)
class Pieces:
    """Faces of the ground after a cut.

    Attributes
    ----------
    shapes : array of Polygon
        They do not overlap; where they meet they have the same vertices.
    owner : list of str or None
        The area that had each; None: nobody.
    """

    shapes: npt.NDArray[np.object_]
    owner: list[str | None]

    def of(self, code: str | None) -> list[int]:
        """Give the positions of the pieces of an area."""
        return [i for i, owner in enumerate(self.owner) if owner == code]


def cut(mosaic: Mosaic, lines: Sequence[Sequence[Place]], within: Iterable[str]) -> tuple[Pieces, list[list[Place]]]:
    """Cut areas along lines; the mosaic gets the new vertices on its borders.

    Parameters
    ----------
    mosaic : Mosaic
    lines : sequence of sequences of places
        A ring begins and ends with the same place.
    within : iterable of str
        The areas to be cut. Their edges, and with ``within`` of all areas the free ground among them, make the pieces.

    Returns
    -------
    Pieces, list of list of places
        And the lines as they were taken to run, with every vertex where they meet a border.

    Raises
    ------
    InvalidInput
        ``redraw_line_crosses_itself``.
    """
    codes = list(within)
    snapped = [_snapped(mosaic, line, codes) for line in lines]
    noded = _crossed(mosaic, snapped, codes)
    for line in noded:
        if not LineString(line).is_simple and not _ring_is_simple(line):
            raise InvalidInput("redraw_line_crosses_itself")
    cuts = {edge_key(a, b) for line in noded for a, b in pairwise(line) if a != b}
    network = mosaic.edges(codes) | cuts
    faces = shapely.get_parts(shapely.polygonize([LineString(e) for e in network]))
    faces = shapely.normalize(np.asarray(faces, dtype=object))
    return Pieces(faces, _owners(mosaic, codes, faces)), noded


def _ring_is_simple(line: Sequence[Place]) -> bool:
    return len(line) > 3 and line[0] == line[-1] and bool(shapely.LinearRing(line).is_simple)


def _owners(mosaic: Mosaic, codes: list[str], faces: npt.NDArray[np.object_]) -> list[str | None]:
    owner: list[str | None] = [None] * len(faces)
    if not len(faces):
        return owner
    shapes = np.array([mosaic.came[c] for c in codes], dtype=object)
    inside = shapely.point_on_surface(faces)
    for face, area in zip(*shapely.STRtree(shapes).query(inside, predicate="intersects"), strict=True):
        owner[int(face)] = codes[int(area)]
    return owner


def _scale(at: Place | Floats) -> float:
    """How much shorter a degree of longitude is than one of latitude."""
    return float(np.cos(np.radians(at[1])))


def _snapped(mosaic: Mosaic, line: Sequence[Place], codes: list[str]) -> list[Place]:
    """Let the line meet vertices and edges that it comes near to; put its places on an edge into that edge."""
    edges = coordinates_of(mosaic.edges(codes))
    vertices = np.unique(edges.reshape(-1, 2), axis=0)
    out: list[Place] = []
    wanted: dict[EdgeKey, list[Place]] = {}
    reach = SNAP_M / _M_PER_DEG
    for place in line:
        k = _scale(place)
        off = (vertices - place) * (k, 1.0)
        far = np.hypot(off[:, 0], off[:, 1])
        if len(far) and far.min() <= reach:
            x, y = vertices[int(far.argmin())].tolist()
            out.append((x, y))
            continue
        foot, distance, _ = _feet(edges, np.array(place), k)
        if len(distance) and distance.min() <= reach:
            nearest = int(distance.argmin())
            x, y = foot[nearest].tolist()
            a, b = edges[nearest, :2].tolist(), edges[nearest, 2:].tolist()
            wanted.setdefault(edge_key((a[0], a[1]), (b[0], b[1])), []).append((x, y))
            out.append((x, y))
        else:
            out.append((float(place[0]), float(place[1])))
    mosaic.insert_many(wanted)
    vertices = np.unique(coordinates_of(mosaic.edges(codes)).reshape(-1, 2), axis=0)
    return _through(_without_repeats(out), vertices, reach)


def _through(line: list[Place], vertices: Floats, reach: float) -> list[Place]:
    """Let each straight piece of a line go through the vertices that it passes nearby."""
    out = line[:1]
    known = set(line)
    for a, b in pairwise(line):
        k = _scale(a)
        _foot, distance, along = _feet(np.array([[*a, *b]]), vertices, k)
        near = np.flatnonzero((distance <= reach) & (along > 0) & (along < 1))
        for i in near[np.argsort(along[near])]:
            x, y = vertices[i].tolist()
            if (x, y) not in known:
                out.append((x, y))
                known.add((x, y))
        out.append(b)
    return _without_repeats(out)


def _feet(edges: Floats, places: Floats, k: float) -> tuple[Floats, Floats, Floats]:
    """Drop places on edges, one of either and many of the other: nearest points, degrees to them, share of the edge."""
    a, b = edges[:, :2] * (k, 1.0), edges[:, 2:] * (k, 1.0)
    p = np.atleast_2d(places) * (k, 1.0)
    d = b - a
    length = np.maximum((d**2).sum(axis=1), 1e-300)
    along = ((p - a) * d).sum(axis=1) / length
    at = a + np.clip(along, 0.0, 1.0)[:, None] * d
    off = p - at
    return at / (k, 1.0), np.hypot(off[:, 0], off[:, 1]), along


def _without_repeats(line: list[Place]) -> list[Place]:
    return [here for i, here in enumerate(line) if i == 0 or here != line[i - 1]]


def _crossed(mosaic: Mosaic, lines: list[list[Place]], codes: list[str]) -> list[list[Place]]:
    """Put the places where lines cross borders into both."""
    keys = list(mosaic.edges(codes))
    edges = coordinates_of(keys)
    wanted: dict[EdgeKey, list[Place]] = {}
    out = []
    for line in lines:
        noded = line[:1]
        for a, b in pairwise(line):
            met = []
            for i, share, place in _crossings(edges, a, b):
                if a in keys[i] or b in keys[i] or place in keys[i] or place in (a, b):
                    continue
                wanted.setdefault(keys[i], []).append(place)
                met.append((share, place))
            noded += [place for _, place in sorted(met)] + [b]
        out.append(_without_repeats(noded))
    mosaic.insert_many(wanted)
    return out


def _crossings(edges: Floats, a: Place, b: Place) -> list[tuple[int, float, Place]]:
    """Find where a straight piece crosses edges: position of the edge, share of the piece, place."""
    p, d = np.array(a), np.array(b) - a
    q, e = edges[:, :2], edges[:, 2:] - edges[:, :2]
    cross = d[0] * e[:, 1] - d[1] * e[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = ((q[:, 0] - p[0]) * e[:, 1] - (q[:, 1] - p[1]) * e[:, 0]) / cross
        u = ((q[:, 0] - p[0]) * d[1] - (q[:, 1] - p[1]) * d[0]) / cross
    hit = np.flatnonzero((cross != 0) & (t > 0) & (t < 1) & (u > 0) & (u < 1))
    found = []
    for i in hit:
        x, y = (q[i] + u[i] * e[i]).tolist()
        found.append((int(i), float(t[i]), (x, y)))
    return found


def put_together(shapes: npt.NDArray[np.object_]) -> Polygon | MultiPolygon:
    """Make one shape of pieces that meet edge to edge.

    Raises
    ------
    InvalidInput
        ``redraw_pieces_do_not_fit``.
    """
    if len(shapes) == 1:
        only: Polygon = shapes[0]
        return only
    shapes = shapely.normalize(shapes)
    try:
        whole = proven_union(shapes, edges_of(shapes), np.ones(len(shapes), dtype=bool))
    except shapely.errors.GEOSException:  # they overlap
        whole = None
    if not isinstance(whole, Polygon | MultiPolygon):
        raise InvalidInput("redraw_pieces_do_not_fit")
    return whole


def parts_of(shape: Polygon | MultiPolygon) -> int:
    """Count the parts of a shape."""
    return int(shapely.get_num_geometries(shape))
