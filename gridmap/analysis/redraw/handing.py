"""Hand ground over: from one area to another, from nobody, to a new area."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import shapely

from gridmap.analysis.redraw.cutting import Pieces, cut, parts_of, put_together
from gridmap.analysis.redraw.holes import hole_at
from gridmap.analysis.redraw.households import shared_out
from gridmap.analysis.redraw.local import Numberer, change_of, corners, local, polygon, with_households
from gridmap.analysis.redraw.mosaic import Mosaic
from gridmap.analysis.redraw.tiling import Tiling
from gridmap.domain.boundaries import Grid
from gridmap.domain.redraw import Assign, Change, Draw, Fill, Ground, Place, Shape
from gridmap.errors import InvalidInput


def assign(tiling: Tiling, edit: Assign) -> Change:
    taker = tiling.require(edit.to)
    region = _region(edit.region)
    near = tiling.near(region.bounds)
    givers = [c for c in near if c != edit.to and (edit.givers is None or c in edit.givers)]
    for code in edit.givers or ():
        tiling.require(code)
    mosaic = local(tiling, corners(region, polygon(taker), *(polygon(tiling[c]) for c in near)))
    # free ground is known by all that lies around it
    within = list(mosaic.parts) if edit.ground is not Ground.TAKEN else [*givers, edit.to]
    pieces, inside = _inside(mosaic, region, within)
    taken = _picked(pieces, inside, givers, edit.ground)
    if not taken:
        raise InvalidInput("redraw_takes_nothing")
    return _handed(tiling, mosaic, pieces, taken, edit.to, multipart=edit.multipart)


def _inside(mosaic: Mosaic, region: Shape, within: list[str]) -> tuple[Pieces, set[int]]:
    """Cut along the border of a region; tell which pieces lie in it."""
    rings = [[(float(x), float(y)) for x, y in shapely.get_coordinates(r)] for r in _all_rings(region)]
    pieces, noded = cut(mosaic, rings, within)
    # its border runs a little elsewhere now, where it came near to others
    lines = shapely.get_parts(shapely.polygonize([shapely.LineString(e) for line in noded for e in _steps(line)]))
    middle = shapely.point_on_surface(pieces.shapes)
    ground = [f for f in lines if shapely.covers(region, shapely.point_on_surface(f))]
    tree = shapely.STRtree(ground)
    return pieces, {int(i) for i in tree.query(middle, predicate="intersects")[0]}


def _steps(line: Sequence[Place]) -> Iterable[tuple[Place, Place]]:
    return pairwise(line)


def _all_rings(region: Shape) -> list[shapely.LinearRing]:
    return [ring for part in shapely.get_parts([region]) for ring in (part.exterior, *part.interiors)]


def _picked(pieces: Pieces, inside: set[int], givers: Iterable[str], ground: Ground) -> list[int]:
    allowed: set[str | None] = set(givers) if ground is not Ground.FREE else set()
    if ground is not Ground.TAKEN:
        allowed.add(None)
    return [i for i in sorted(inside) if pieces.owner[i] in allowed]


def _handed(tiling: Tiling, mosaic: Mosaic, pieces: Pieces, taken: list[int], to: str, *, multipart: bool) -> Change:
    """Give pieces to an area, and to those that had them what is left."""
    shapes = {code: mosaic.shape(code) for code in mosaic.touched}
    whole = put_together(pieces.shapes[[*pieces.of(to), *taken]] if pieces.of(to) else _with(mosaic, pieces, taken, to))
    if parts_of(whole) > parts_of(mosaic.came[to]) and not multipart:
        raise InvalidInput("redraw_piece_is_apart")
    shapes[to] = whole
    moved = {to: tiling[to].households}
    for giver in sorted({str(pieces.owner[i]) for i in taken if pieces.owner[i] is not None}):
        left = [i for i in pieces.of(giver) if i not in taken]
        if not left:
            raise InvalidInput("redraw_area_would_vanish")
        rest = put_together(pieces.shapes[left])
        if parts_of(rest) > parts_of(mosaic.came[giver]) and not multipart:
            raise InvalidInput("redraw_area_would_be_cut", count=parts_of(rest))
        shapes[giver] = rest
        gone = shapely.multipolygons([pieces.shapes[i] for i in taken if pieces.owner[i] == giver])
        kept, given = shared_out(tiling[giver].households, [rest, gone])
        moved[giver] = kept
        if given is not None:
            moved[to] = (moved[to] or 0) + given
    change = change_of(tiling, shapes)
    return with_households(change, moved)


def _with(mosaic: Mosaic, pieces: Pieces, taken: list[int], to: str) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    return np.array([*shapely.get_parts([mosaic.shape(to)]), *pieces.shapes[taken]], dtype=object)


def _region(region: Shape) -> Shape:
    if shapely.is_empty(region) or not shapely.is_valid(region):
        raise InvalidInput("redraw_region_not_simple")
    return region


def draw(tiling: Tiling, edit: Draw, number: Numberer) -> Change:
    region = _region(edit.region)
    near = tiling.near(region.bounds)
    mosaic = Mosaic({c: polygon(tiling[c]) for c in tiling.near(_bounds(region, (tiling[c] for c in near)))})
    pieces, inside = _inside(mosaic, region, list(mosaic.parts))
    taken = _picked(pieces, inside, near, Ground.BOTH if edit.take else Ground.FREE)
    if not taken:
        raise InvalidInput("redraw_no_free_ground")
    return _founded(tiling, mosaic, pieces, taken, edit, number)


def _bounds(region: Shape, grids: Iterable[Grid]) -> tuple[float, float, float, float]:
    west, south, east, north = shapely.total_bounds(np.array([region, *(g.geometry for g in grids)], dtype=object))
    return float(west), float(south), float(east), float(north)


def _founded(
    tiling: Tiling, mosaic: Mosaic, pieces: Pieces, taken: list[int], edit: Draw | Fill, number: Numberer
) -> Change:
    """Make a new area of pieces, and give those that had them what is left."""
    ground = put_together(pieces.shapes[taken])
    if parts_of(ground) > 1:
        raise InvalidInput("redraw_piece_is_apart")
    owners = [pieces.owner[i] for i in taken]
    parent = edit.parent or _parent_beside(tiling, mosaic, ground, [o for o in owners if o is not None])
    if parent is not None and parent not in tiling:
        raise InvalidInput("redraw_area_unknown")
    shapes = {code: mosaic.shape(code) for code in mosaic.touched}
    households: dict[str, int | None] = {}
    given_all: int | None = None
    for giver in sorted({str(o) for o in owners if o is not None}):
        left = [i for i in pieces.of(giver) if i not in taken]
        if not left:
            raise InvalidInput("redraw_area_would_vanish")
        rest = put_together(pieces.shapes[left])
        if parts_of(rest) > parts_of(mosaic.came[giver]):
            raise InvalidInput("redraw_area_would_be_cut", count=parts_of(rest))
        shapes[giver] = rest
        gone = shapely.multipolygons([pieces.shapes[i] for i in taken if pieces.owner[i] == giver])
        households[giver], given = shared_out(tiling[giver].households, [rest, gone])
        given_all = given if given_all is None else given_all + (given or 0)
    code = edit.new_code or number(parent, ground)
    new = Grid(code, edit.name or code, tiling.level.name, ground, parent, None, given_all)
    return with_households(change_of(tiling, shapes, [new]), households)


def _parent_beside(tiling: Tiling, mosaic: Mosaic, ground: Shape, givers: list[str]) -> str | None:
    """Choose the parent of most of the border that a new area shares with others."""
    edge = shapely.boundary(ground)
    shared: dict[str | None, float] = {}
    for code in givers or list(mosaic.parts):
        met = shapely.length(shapely.intersection(edge, shapely.boundary(mosaic.shape(code)))) if not givers else 1.0
        parent = tiling[code].parent_code
        shared[parent] = shared.get(parent, 0.0) + float(met)
    return max(sorted(shared, key=str), key=lambda p: shared[p]) if shared else None


def fill(tiling: Tiling, edit: Fill, number: Numberer) -> Change:
    hole = hole_at(tiling, edit.at)
    mosaic = local(tiling, corners(hole))
    pieces, _ = cut(mosaic, [], list(mosaic.parts))
    place = shapely.Point(edit.at)
    taken = [i for i in pieces.of(None) if shapely.intersects(pieces.shapes[i], place)]
    if not taken:
        raise InvalidInput("redraw_no_hole_here")
    if edit.to is None:
        return _founded(tiling, mosaic, pieces, taken, edit, number)
    tiling.require(edit.to)
    if edit.to not in mosaic.parts:
        raise InvalidInput("redraw_piece_is_apart")
    return _handed(tiling, mosaic, pieces, taken, edit.to, multipart=False)
