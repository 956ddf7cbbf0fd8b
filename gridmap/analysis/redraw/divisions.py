"""Split an area, and merge neighbours."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely import MultiPolygon

from gridmap.analysis.redraw.cutting import cut, parts_of, put_together
from gridmap.analysis.redraw.households import shared_out
from gridmap.analysis.redraw.local import Numberer, change_of, corners, local, polygon, with_households
from gridmap.analysis.redraw.tiling import Tiling
from gridmap.domain.redraw import Change, Merge, Place, Split
from gridmap.errors import InvalidInput


def split(tiling: Tiling, edit: Split, number: Numberer) -> Change:
    grid = tiling.require(edit.code)
    mosaic = local(tiling, corners(polygon(grid), shapely.LineString(_line(edit.line))))
    pieces, noded = cut(mosaic, [list(edit.line)], [edit.code])
    mine = pieces.of(edit.code)
    came = parts_of(mosaic.came[edit.code])
    shape = mosaic.came[edit.code]
    if any(shapely.contains_properly(shape, shapely.Point(end)) for end in (noded[0][0], noded[0][-1])):
        raise InvalidInput("redraw_line_ends_inside")
    if len(mine) == came:
        raise InvalidInput("redraw_line_misses")
    if len(mine) > came + 1:
        raise InvalidInput("redraw_line_crosses_again", count=len(mine))
    # the two that the line parted lie in one part of the area
    parts = shapely.get_parts([mosaic.came[edit.code]])
    inside = {i: int(np.argmax(shapely.covers(parts, shapely.point_on_surface(pieces.shapes[i])))) for i in mine}
    parted = [i for i in mine if sum(1 for j in mine if inside[j] == inside[i]) == 2]
    parted.sort(key=lambda i: shapely.area(pieces.shapes[i]))
    small = pieces.shapes[parted[0]]
    kept = (
        MultiPolygon(list(pieces.shapes[[i for i in mine if i != parted[0]]])) if came > 1 else pieces.shapes[parted[1]]
    )
    shapes = {code: mosaic.shape(code) for code in mosaic.touched if code != edit.code}
    code = edit.new_code or number(grid.parent_code, small)
    mine_now, its = shared_out(grid.households, [kept, small])
    name = edit.name or f"{grid.name}2" if grid.name else edit.name or ""
    new = replace(grid, code=code, name=name, geometry=small, households=its, attributes=dict(grid.attributes))
    change = change_of(tiling, {**shapes, edit.code: kept}, [new])
    return with_households(change, {edit.code: mine_now})


def _line(line: Sequence[Place]) -> list[Place]:
    if len(line) < 2:
        raise InvalidInput("redraw_line_too_short")
    return list(line)


def merge(tiling: Tiling, edit: Merge) -> Change:
    codes = list(dict.fromkeys((edit.into, *edit.codes)))
    if len(codes) < 2 or edit.into not in edit.codes:
        raise InvalidInput("redraw_merge_too_few")
    grids = [tiling.require(code) for code in codes]
    mosaic = local(tiling, corners(*(polygon(g) for g in grids)))
    shapes = np.concatenate([shapely.get_parts([mosaic.came[c]]) for c in codes])
    whole = put_together(shapes)
    if parts_of(whole) > 1 and parts_of(whole) >= sum(parts_of(mosaic.came[c]) for c in codes):
        raise InvalidInput("redraw_not_neighbours")
    if parts_of(whole) > max(1, *(parts_of(mosaic.came[c]) for c in codes)) and not edit.multipart:
        raise InvalidInput("redraw_not_neighbours")
    counts = [g.households for g in grids]
    total = None if all(n is None for n in counts) else sum(n or 0 for n in counts)
    change = change_of(tiling, {edit.into: whole}, gone=codes[1:])
    return with_households(change, {edit.into: total})
