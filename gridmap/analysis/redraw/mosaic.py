"""Some neighbouring areas as rings of vertices: a border between two of them is the same vertices in both.

Vertices are compared as they are, bit for bit. A vertex is moved, put in or taken out in every ring that has it, so
neighbours that met edge to edge before still do so afterwards, whatever the rounding.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon, Polygon

from gridmap.analysis.noding import node_within
from gridmap.domain.redraw import Place
from gridmap.errors import InvalidInput

Ring = list[Place]
#: An undirected edge: its two ends in their order.
EdgeKey = tuple[Place, Place]

#: A vertex is meant when the place named is this near, degrees (0.1 mm): what a browser sent back, or a person typed.
SAME_DEG = 1e-9


def edge_key(a: Place, b: Place) -> EdgeKey:
    """Name an edge whichever way it is run through."""
    return (a, b) if a <= b else (b, a)


class Mosaic:
    """Areas by code, each a list of parts, each a list of rings (the shell first), each a list of vertices, not closed.

    Made of polygons in WGS 84; a vertex of one that lies on a straight edge of another is put into that edge, too.
    """

    def __init__(self, shapes: Mapping[str, Polygon | MultiPolygon]) -> None:
        codes = list(shapes)
        noded = node_within(shapely.normalize(np.array([shapely.force_2d(shapes[c]) for c in codes], dtype=object)))
        self.parts: dict[str, list[list[Ring]]] = {
            code: [
                [[(float(x), float(y)) for x, y in shapely.get_coordinates(ring)[:-1]] for ring in rings_of(part)]
                for part in shapely.get_parts([shape])
            ]
            for code, shape in zip(codes, noded, strict=True)
        }
        self.came: dict[str, Polygon | MultiPolygon] = dict(zip(codes, noded, strict=True))
        self.touched: set[str] = set()
        self._holders: dict[Place, set[str]] | None = None

    def rings(self, codes: Iterable[str] | None = None) -> Iterator[tuple[str, Ring]]:
        """Go through the rings of some areas, or of all."""
        for code in self.parts if codes is None else codes:
            for ring in chain.from_iterable(self.parts[code]):
                yield code, ring

    def edges(self, codes: Iterable[str] | None = None) -> set[EdgeKey]:
        """Give the edges of some areas, or of all, each once."""
        return {edge_key(ring[i - 1], ring[i]) for _, ring in self.rings(codes) for i in range(len(ring))}

    @property
    def holders(self) -> Mapping[Place, set[str]]:
        """The areas that have each vertex."""
        if self._holders is None:
            self._holders = {}
            for code, ring in self.rings():
                for vertex in ring:
                    self._holders.setdefault(vertex, set()).add(code)
        return self._holders

    def vertex(self, at: Place) -> Place:
        """Find the vertex at a place.

        Raises
        ------
        InvalidInput
            ``redraw_vertex_unknown``.
        """
        if at in self.holders:
            return at
        places = list(self.holders)
        if places:
            far = np.hypot(*(np.array(places) - at).T)
            nearest = int(far.argmin())
            if far[nearest] <= SAME_DEG:
                return places[nearest]
        raise InvalidInput("redraw_vertex_unknown")

    def around(self, vertex: Place) -> set[Place]:
        """Give the other ends of all edges that end at a vertex."""
        ends: set[Place] = set()
        for _, ring in self.rings(self.holders[vertex]):
            for i, here in enumerate(ring):
                if here == vertex:
                    ends |= {ring[i - 1], ring[(i + 1) % len(ring)]}
        return ends

    def move(self, vertex: Place, to: Place) -> None:
        """Put a vertex elsewhere, in every ring that has it; on another vertex beside it the edge between them closes.

        Raises
        ------
        InvalidInput
            ``redraw_too_few_vertices``: a ring would have fewer than three.
        """
        for code in self.holders[vertex]:
            for ring in chain.from_iterable(self.parts[code]):
                ring[:] = [to if here == vertex else here for here in ring]
                ring[:] = [here for i, here in enumerate(ring) if here != ring[i - 1]]
                require_ring(ring)
            self.touched.add(code)
        self._holders = None

    def insert(self, a: Place, b: Place, at: Place) -> None:
        """Put a vertex between two that follow each other, in every ring that has that edge."""
        for code in self.holders[a] & self.holders[b]:
            for ring in chain.from_iterable(self.parts[code]):
                places = [i for i, here in enumerate(ring) if {ring[i - 1], here} == {a, b}]
                for i in reversed(places):
                    ring.insert(i, at)
                    self.touched.add(code)
        self._holders = None

    def insert_many(self, wanted: Mapping[EdgeKey, list[Place]]) -> None:
        """Put vertices into edges, several to an edge where asked; each edge in every ring that has it."""
        for code in self.parts:
            for ring in chain.from_iterable(self.parts[code]):
                out: Ring = []
                for i, here in enumerate(ring):
                    before = ring[i - 1]
                    inner = wanted.get(edge_key(before, here))
                    if inner:
                        out += sorted(inner, key=_nearest_to(before))
                        self.touched.add(code)
                    out.append(here)
                ring[:] = out
        self._holders = None

    def remove(self, vertex: Place) -> None:
        """Take a vertex out of every ring that has it.

        Raises
        ------
        InvalidInput
            ``redraw_vertex_is_corner``: three or more borders meet there; ``redraw_too_few_vertices``.
        """
        if len(self.around(vertex)) > 2:
            raise InvalidInput("redraw_vertex_is_corner")
        for code in self.holders[vertex]:
            for ring in chain.from_iterable(self.parts[code]):
                ring[:] = [here for here in ring if here != vertex]
                require_ring(ring)
            self.touched.add(code)
        self._holders = None

    def shape(self, code: str) -> Polygon | MultiPolygon:
        """Give an area as it is now; one that was not touched as it came."""
        if code not in self.touched:
            return self.came[code]
        parts = [Polygon(shell, holes) for shell, *holes in self.parts[code]]
        return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def rings_of(part: Polygon) -> list[shapely.LinearRing]:
    """Give the shell and the holes of a polygon."""
    return [part.exterior, *part.interiors]


def require_ring(ring: Ring) -> None:
    """Check that a ring has three different vertices."""
    if len(set(ring)) < 3:
        raise InvalidInput("redraw_too_few_vertices")


def coordinates_of(edges: Iterable[EdgeKey]) -> npt.NDArray[np.float64]:
    """Give edges as an array of shape (n, 4): west-most end first."""
    return np.array([(*a, *b) for a, b in edges], dtype=np.float64).reshape(-1, 4)


def _nearest_to(start: Place) -> Callable[[Place], float]:
    return lambda place: (place[0] - start[0]) ** 2 + (place[1] - start[1]) ** 2
