"""An area as another program drew it, as an edit: its neighbours follow, so that no hole or overlap comes of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from gridmap.analysis.redraw.local import Numberer
from gridmap.analysis.redraw.tiling import Tiling
from gridmap.analysis.redraw.verbs import apply
from gridmap.domain.redraw import Assign, Change, Edit, Ground, Merge, Replace, SetAttributes, Shape
from gridmap.errors import InvalidInput

#: Square degrees, about 0.01 m2: what comes of writing numbers as text and reading them is no change of a border.
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Outline:
    """What another program says of an area. None: as it is."""

    shape: Shape | None = None
    name: str | None = None
    households: int | None = None
    parent: str | None = None


def edit_of_outline(tiling: Tiling, code: str, said: Outline, number: Numberer) -> Edit:
    """Find the edit that lets an area be as it was drawn.

    Ground that it takes comes from those that had it, or from nobody. Ground that it leaves goes, piece by piece, to
    the neighbour with which the piece shares the longest border.

    Raises
    ------
    InvalidInput
        ``redraw_nothing_changes``; ``outline_leaves_ground``: a piece that it leaves borders on no other area. As
        ``apply``.
    """
    grid = tiling.require(code)
    edits: list[Edit] = []
    asked = SetAttributes(
        code,
        None if said.name in (None, grid.name) else said.name,
        None if said.households in (None, grid.households) else said.households,
        None if said.parent in (None, grid.parent_code) else said.parent,
    )
    if (asked.name, asked.households, asked.parent) != (None, None, None):
        edits.append(asked)
    if said.shape is not None:
        edits += _of_ground(tiling, code, said.shape)
    if not edits:
        raise InvalidInput("redraw_nothing_changes")
    if len(edits) == 1:
        return edits[0]
    total = Change()
    for edit in edits:
        change = apply(tiling, edit, number)
        tiling, total = tiling.changed(change), total.then(change)
    return Replace(tuple(total.after.values()), total.gone)


def _of_ground(tiling: Tiling, code: str, shape: Shape) -> list[Edit]:
    before = tiling[code].geometry
    gained, lost = _parts(shapely.difference(shape, before)), _parts(shapely.difference(before, shape))
    multipart = isinstance(shape, MultiPolygon)
    edits: list[Edit] = []
    if gained:
        region = gained[0] if len(gained) == 1 else shapely.MultiPolygon(gained)
        edits.append(Assign(region, code, ground=Ground.BOTH, multipart=multipart))
    for piece in lost:
        to = neighbour_of(tiling, piece, code)
        if to is None:
            raise InvalidInput("outline_leaves_ground")
        edits.append(Assign(piece, to, givers=(code,)))
    return edits


def _parts(shape: shapely.Geometry) -> list[Polygon]:
    return [p for p in shapely.get_parts([shape]) if isinstance(p, Polygon) and p.area > _NOTHING]


def neighbour_of(tiling: Tiling, ground: Any, code: str) -> str | None:
    """Give the area, other than ``code``, that shares the longest border with some ground; None: there is none."""
    near = [c for c in tiling.near(ground.bounds) if c != code]
    if not near:
        return None
    border = shapely.boundary(ground)
    shapes = np.array([tiling[c].geometry for c in near], dtype=object)
    shared = shapely.length(shapely.intersection(shapely.boundary(shapes), border))
    best = int(np.argmax(shared))
    return near[best] if shared[best] > 0 else None


def merged_away(tiling: Tiling, code: str) -> Merge:
    """Find the edit that takes an area away: its ground goes to the neighbour with the longest common border.

    Raises
    ------
    InvalidInput
        ``outline_leaves_ground``.
    """
    to = neighbour_of(tiling, tiling.require(code).geometry, code)
    if to is None:
        raise InvalidInput("outline_leaves_ground")
    return Merge((code, to), to)
