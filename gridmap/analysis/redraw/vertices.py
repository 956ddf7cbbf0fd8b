"""Edits of single vertices: every area that has one follows."""

from itertools import pairwise

import numpy as np
import shapely

from gridmap.analysis.redraw.local import change_of, local
from gridmap.analysis.redraw.mosaic import Mosaic
from gridmap.analysis.redraw.tiling import Tiling
from gridmap.domain.redraw import Change, InsertVertex, MoveVertex, Place, RemoveVertex, VertexEdit
from gridmap.errors import InvalidInput


def edit_vertex(tiling: Tiling, edit: VertexEdit) -> Change:
    match edit:
        case MoveVertex(at, to):
            mosaic = local(tiling, [at, to])
            vertex = mosaic.vertex(at)
            if vertex == to:
                raise InvalidInput("redraw_nothing_changes")
            if to in mosaic.holders and to not in mosaic.around(vertex):
                raise InvalidInput("redraw_vertex_on_another")
            mosaic.move(vertex, to)
        case InsertVertex((a, b), at):
            mosaic = local(tiling, [a, b, at])
            a, b = _nearest_edge(mosaic, mosaic.vertex(a), mosaic.vertex(b), at)
            if at in mosaic.holders:
                raise InvalidInput("redraw_vertex_on_another")
            mosaic.insert(a, b, at)
        case RemoveVertex(at):
            mosaic = local(tiling, [at])
            mosaic.remove(mosaic.vertex(at))
    return change_of(tiling, {code: mosaic.shape(code) for code in mosaic.touched})


def _nearest_edge(mosaic: Mosaic, a: Place, b: Place, at: Place) -> tuple[Place, Place]:
    """Find the edge that is meant: from a to b or, where others' vertices lie on that line, the part by a place."""
    for code in sorted(mosaic.holders[a] & mosaic.holders[b]):
        for _, ring in mosaic.rings([code]):
            if a not in ring or b not in ring:
                continue
            i, j, n = ring.index(a), ring.index(b), len(ring)
            for start, steps in ((i, (j - i) % n), (j, (i - j) % n)):
                chain = [ring[(start + k) % n] for k in range(steps + 1)]
                line = shapely.LineString([a, b])
                if all(shapely.distance(line, shapely.Point(p)) < 1e-9 for p in chain[1:-1]):
                    pairs = list(pairwise(chain))
                    off = [shapely.distance(shapely.LineString(p), shapely.Point(at)) for p in pairs]
                    return pairs[int(np.argmin(off))]
    raise InvalidInput("redraw_edge_unknown")
