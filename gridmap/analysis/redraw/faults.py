"""Faults that an edit would make, found where it touches the ground and nowhere else."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap import crs
from gridmap.analysis.plane import polygons_of, real_ground
from gridmap.analysis.redraw.tiling import Tiling
from gridmap.domain.redraw import Change
from gridmap.errors import GeometryError, InvalidInput

Shapes = Mapping[str, BaseGeometry]


@dataclass(frozen=True, slots=True)
class Effect:
    """What an edit does to the ground as a whole, m2: taken from nobody, and left to nobody."""

    gained_m2: float
    lost_m2: float


def require_sound(tiling: Tiling, change: Change, *, since: Collection[str] | None = None) -> Effect:
    """Check that an edit leaves every area sound and no more ground with two owners than before.

    Parameters
    ----------
    tiling : Tiling
        The plan before.
    change : Change
        Of the edited level.
    since : collection of str, optional
        The change puts back what was there, and only these areas were drawn otherwise since: ground in common is asked
        for only where one of them has part in it. So the overlaps that a repair took away come back with its undoing.

    Returns
    -------
    Effect
        How the ground of all areas together grew or shrank: zero for all edits inside.

    Raises
    ------
    GeometryError
        ``redraw_crosses_itself``, with the code; ``redraw_overlaps``, with both codes and the m2.
    InvalidInput
        ``redraw_nothing_changes``.
    """
    if not change:
        raise InvalidInput("redraw_nothing_changes")
    mine = {c: g.geometry for c, g in change.after.items() if g.level == tiling.level.name}
    for code, shape in mine.items():
        if shapely.is_empty(shape) or not shapely.is_valid(shape):
            raise GeometryError("redraw_crosses_itself", area=code)
    was = {c: g.geometry for c, g in change.before.items() if g.level == tiling.level.name}
    if not mine and not was:
        return Effect(0.0, 0.0)
    box = shapely.total_bounds(np.array([*mine.values(), *was.values()], dtype=object))
    others = {c: tiling[c].geometry for c in tiling.near([float(v) for v in box]) if c not in was}
    _require_apart(tiling, mine, others, was, since)
    return _balance(tiling, mine, was)


def _require_apart(
    tiling: Tiling,
    mine: Shapes,
    others: Shapes,
    was: Shapes,
    since: Collection[str] | None,
) -> None:
    """Check the changed areas against each other and those around; what overlapped before may go on as much."""
    codes = [*mine, *others]
    shapes = np.array([*mine.values(), *others.values()], dtype=object)
    a, b = shapely.STRtree(shapes).query(shapes)
    pick = (a < b) & (a < len(mine))
    if since is not None:
        new = np.isin(codes, list(since))
        pick &= new[a] | new[b]
    a, b = a[pick], b[pick]
    shapely.prepare(shapes[np.unique(a)])
    meet = shapely.relate_pattern(shapes[a], shapes[b], "T********")
    for i, j in zip(a[meet].tolist(), b[meet].tolist(), strict=True):
        common = _metres2(tiling, shapely.intersection(shapes[i], shapes[j]))
        if not common:
            continue
        one, two = (was.get(codes[k], others.get(codes[k])) for k in (i, j))
        before = 0.0 if one is None or two is None else _metres2(tiling, shapely.intersection(one, two))
        if common > before * (1 + 1e-9) + 1e-6:
            raise GeometryError("redraw_overlaps", area=codes[i], other=codes[j], m2=round(common, 2))


def _metres2(tiling: Tiling, shape: BaseGeometry) -> float:
    """Measure ground without what is rounding."""
    flat = polygons_of(shape)
    if shapely.is_empty(flat):
        return 0.0
    return float(shapely.area(real_ground(crs.to_metric(np.array([flat], dtype=object), tiling.epsg)[0])))


def _balance(tiling: Tiling, mine: Shapes, was: Shapes) -> Effect:
    before = shapely.union_all(np.array(list(was.values()), dtype=object)) if was else shapely.Polygon()
    after = shapely.union_all(np.array(list(mine.values()), dtype=object)) if mine else shapely.Polygon()
    return Effect(
        _metres2(tiling, shapely.difference(after, before)), _metres2(tiling, shapely.difference(before, after))
    )
