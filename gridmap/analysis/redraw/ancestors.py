"""The areas above follow the areas below: each is the union of its children, edge for edge."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from gridmap.analysis.edges import edges_of, proven_union
from gridmap.analysis.noding import node_within
from gridmap.analysis.plane import polygons_of
from gridmap.analysis.redraw.tiling import Tiling
from gridmap.domain.boundaries import Grid
from gridmap.domain.redraw import Change, Shape


def with_ancestors(tiling: Tiling, change: Change) -> Change:
    """Add to a change of one level what it does to the areas above.

    An area above that its children filled exactly is their union again. One that was not (its own border was drawn
    otherwise) loses and gains the ground that its children lost and gained, and keeps the rest of its border. An area
    whose ground stays keeps its shape to the bit.
    """
    total, here = change, change
    for _ in tiling.upper:
        now = tiling.changed(total)
        # from one level to the next: only the areas changed there, among them those that became another's child
        parents = {g.parent_code for part in (here.before, here.after) for g in part.values()} - {None}
        before: dict[str, Grid] = {}
        after: dict[str, Grid] = {}
        for parent in sorted(str(p) for p in parents):
            if parent not in tiling or parent in total.before:
                continue
            shape = _followed(tiling, now, parent, here)
            if shape is not None:
                before[parent] = tiling[parent]
                after[parent] = replace(tiling[parent], geometry=shape)
        here = Change(before, after)
        if not here:
            break
        total = Change({**total.before, **before}, {**total.after, **after})
    return total


def _followed(tiling: Tiling, now: Tiling, parent: str, here: Change) -> Shape | None:
    """Give the new shape of an area; None where its ground stays."""
    was = tiling[parent].geometry
    old = [g.geometry for g in here.before.values() if g.parent_code == parent]
    new = [g.geometry for g in here.after.values() if g.parent_code == parent]
    if _outline(old) == _outline(new):
        return None
    shapes = _children(now, parent)
    if not shapes:
        return None
    whole = _union(shapes)
    if whole is None or _outline(_children(tiling, parent)) != _outline([was]):
        lost = polygons_of(shapely.difference(shapely.union_all(old), shapely.union_all(new)))
        gained = polygons_of(shapely.difference(shapely.union_all(new), shapely.union_all(old)))
        whole = polygons_of(shapely.union(shapely.difference(was, lost), gained))
    if shapely.is_empty(whole) or shapely.equals_exact(shapely.normalize(whole), shapely.normalize(was)):
        return None
    assert isinstance(whole, Polygon | MultiPolygon)
    return whole


def _children(tiling: Tiling, parent: str) -> list[BaseGeometry]:
    """Give the shapes of the areas that make up one."""
    order = {x.name: x.order for x in tiling.boundary_set.levels}
    mine = order[tiling[parent].level]
    below = [x for x in (*tiling.upper, tiling.level) if x.order > mine]
    level = min(below, key=lambda x: x.order).name if below else ""
    children = sorted(tiling.children.get(parent, ()))
    return [tiling[c].geometry for c in children if tiling[c].level == level]


def _union(shapes: Sequence[BaseGeometry]) -> BaseGeometry | None:
    array = shapely.normalize(np.array(shapes, dtype=object))
    if len(array) == 1:
        only: BaseGeometry = array[0]
        return only
    array = node_within(array)
    try:
        return proven_union(array, edges_of(array), np.ones(len(array), dtype=bool))
    except shapely.errors.GEOSException:  # they overlap
        return None


def _outline(shapes: Sequence[BaseGeometry]) -> frozenset[int]:
    """Hash the edges that some areas have alone: the border of what they make together."""
    if not shapes:
        return frozenset()
    edges = edges_of(node_within(shapely.normalize(np.array(shapes, dtype=object))))
    keys, count = np.unique(edges.key, return_counts=True)
    return frozenset(keys[count == 1].tolist())
