"""Edits of what is written of areas, and of whole areas put in the place of others."""

from dataclasses import replace

from gridmap.analysis.redraw.tiling import Tiling
from gridmap.domain.redraw import Change, Replace, SetAttributes
from gridmap.errors import InvalidInput


def set_attributes(tiling: Tiling, edit: SetAttributes) -> Change:
    grid = tiling.areas.get(edit.code)
    if grid is None:
        raise InvalidInput("redraw_area_unknown")
    if edit.parent is not None:
        parent = tiling.areas.get(edit.parent)
        above = {x.name: x.order for x in tiling.boundary_set.levels}
        if parent is None:
            raise InvalidInput("redraw_area_unknown")
        if above[parent.level] >= above[grid.level]:
            raise InvalidInput("redraw_parent_is_below", level=grid.level)
    changed = replace(
        grid,
        name=grid.name if edit.name is None else edit.name,
        households=grid.households if edit.households is None else edit.households,
        parent_code=grid.parent_code if edit.parent is None else edit.parent,
    )
    if changed == grid:
        raise InvalidInput("redraw_nothing_changes")
    return Change({grid.code: grid}, {grid.code: changed})


def replace_areas(tiling: Tiling, edit: Replace) -> Change:
    before = {g.code: tiling[g.code] for g in edit.areas if g.code in tiling}
    before |= {code: tiling[code] for code in edit.gone if code in tiling}
    after = {g.code: g for g in edit.areas}
    for code in [c for c, g in after.items() if before.get(c) == g]:
        del before[code], after[code]
    if not before and not after:
        raise InvalidInput("redraw_nothing_changes")
    return Change(before, after)
