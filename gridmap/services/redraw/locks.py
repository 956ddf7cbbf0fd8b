"""What must not be changed: locked grids, borders and areas."""

from collections.abc import Collection, Iterable

import numpy as np
import shapely

from gridmap.analysis.redraw.ground import stays
from gridmap.analysis.redraw.mosaic import SAME_DEG
from gridmap.analysis.redraw.tiling import Tiling
from gridmap.domain.boundaries import Grid
from gridmap.domain.redraw import Change, Place
from gridmap.errors import Conflict
from gridmap.services.ports import Mark


def require_unlocked(locks: Iterable[Mark], tiling: Tiling, change: Change) -> None:
    """Check that a change leaves alone what is locked; a vertex on a straight border moves nothing.

    Raises
    ------
    Conflict
        ``redraw_locked``, with the kind of lock, its number and who set it.
    """
    locks = list(locks)
    if not locks:
        return
    moved = {
        code
        for code in change.codes
        if code not in change.before or code not in change.after or not stays(change.before[code], change.after[code])
    }
    level = tiling.level.name
    borders = [
        _borders(g for code, g in part.items() if g.level == level and code in moved)
        for part in (change.before, change.after)
    ]
    for lock in locks:
        if lock.kind == "edge":
            harmed = _taken(lock.places, *borders)
        else:
            held: Collection[str | None] = {lock.code} if lock.kind == "grid" else _below(tiling, lock.code)
            harmed = not moved.isdisjoint({c for c in held if c is not None})
        if harmed:
            raise Conflict("redraw_locked", kind=lock.kind, lock=lock.number, author=lock.author)


def _below(tiling: Tiling, code: str | None) -> set[str | None]:
    found: set[str | None] = {code}
    below = [code]
    while below:
        here = below.pop()
        children = tiling.children.get(str(here), frozenset())
        found |= children
        below += list(children)
    return found


def _borders(grids: Iterable[Grid]) -> shapely.Geometry:
    return shapely.union_all(shapely.boundary(np.array([g.geometry for g in grids], dtype=object)))


def _taken(places: tuple[Place, ...], before: shapely.Geometry, after: shapely.Geometry) -> bool:
    """Tell whether a part of a locked border was one, and is none any more."""
    edge = shapely.LineString(places)
    if not shapely.dwithin(edge, before, SAME_DEG):
        return False
    held = shapely.intersection(edge, shapely.buffer(before, SAME_DEG))
    # what is left of it is shorter than two borders may be apart
    lost = shapely.difference(held, shapely.buffer(after, 2 * SAME_DEG))
    return bool(shapely.length(lost) > 8 * SAME_DEG)
