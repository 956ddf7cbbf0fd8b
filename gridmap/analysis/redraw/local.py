"""The neighbourhood of an edit, and the change that comes of new shapes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import shapely

from gridmap.analysis.redraw.mosaic import Mosaic
from gridmap.analysis.redraw.tiling import Tiling
from gridmap.domain.boundaries import Grid
from gridmap.domain.redraw import Change, Place, Shape

#: Gives the code of a new area: from its parent's code and its shape.
Numberer = Callable[[str | None, Shape], str]


def local(tiling: Tiling, places: Iterable[Place]) -> Mosaic:
    xy = np.array(list(places))
    codes = tiling.near((*xy.min(axis=0), *xy.max(axis=0)))
    return Mosaic({c: polygon(tiling[c]) for c in codes})


def polygon(grid: Grid) -> Shape:
    assert not isinstance(grid.geometry, shapely.Point)
    return grid.geometry


def change_of(
    tiling: Tiling, shapes: Mapping[str, Shape], new: Sequence[Grid] = (), gone: Iterable[str] = ()
) -> Change:
    """Make the change of shapes of areas that stay, new areas, and areas that end."""
    before = {code: tiling[code] for code in (*shapes, *gone)}
    after = {code: replace(tiling[code], geometry=shape) for code, shape in shapes.items()}
    after |= {grid.code: grid for grid in new}
    same = [c for c in shapes if before[c] == after[c]]
    for code in same:
        del before[code], after[code]
    return Change(before, after)


def with_households(change: Change, households: Mapping[str, int | None]) -> Change:
    after = {c: replace(g, households=households[c]) if c in households else g for c, g in change.after.items()}
    return Change(change.before, after)


def corners(*shapes: shapely.Geometry) -> list[Place]:
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object))
    return [(float(west), float(south)), (float(east), float(north))]
