"""Whether an area still has the ground it had, and which edges of borders an edit took away or made."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import shapely

from gridmap.analysis.redraw.mosaic import SAME_DEG, EdgeKey, edge_key, rings_of
from gridmap.domain.boundaries import Grid
from gridmap.domain.redraw import Change


def stays(before: Grid, after: Grid) -> bool:
    """Tell whether nothing of an area changed but vertices on straight edges of its border."""
    if replace(before, geometry=after.geometry) != after:
        return False
    if before.geometry == after.geometry:
        return True
    one, two = (shapely.get_coordinates(g.geometry) for g in (before, after))
    outline = shapely.boundary(np.array([before.geometry, after.geometry], dtype=object))
    off = max(
        float(shapely.distance(outline[0], shapely.points(two)).max()),
        float(shapely.distance(outline[1], shapely.points(one)).max()),
    )
    return off <= SAME_DEG


def edges_changed(change: Change, level: str) -> tuple[set[EdgeKey], set[EdgeKey]]:
    """Give the edges of borders that a change took away, and those that it made."""
    before = _edges(g for g in change.before.values() if g.level == level)
    after = _edges(g for g in change.after.values() if g.level == level)
    return before - after, after - before


def _edges(grids: Iterable[Grid]) -> set[EdgeKey]:
    found: set[EdgeKey] = set()
    for grid in grids:
        for part in shapely.get_parts([grid.geometry]):
            for ring in rings_of(part):
                xy = [(x, y) for x, y in shapely.get_coordinates(ring).tolist()]
                found.update(edge_key(a, b) for a, b in pairwise(xy))
    return found
