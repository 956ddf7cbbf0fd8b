"""What two drawings of one plan differ in: ground, names, households, places in the hierarchy."""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from gridmap import crs
from gridmap.analysis.difference import difference
from gridmap.analysis.redraw.tiling import frame_of, grids_of
from gridmap.domain.boundaries import Grid
from gridmap.errors import InvalidInput

#: Ground smaller than this is rounding, m2.
_NOTHING_M2 = 1e-3


@dataclass(frozen=True, slots=True)
class Differs:
    """An area that two drawings have otherwise. ``before`` None: it was founded, ``after`` None: it is gone; m2."""

    before: Grid | None
    after: Grid | None
    area_before_m2: float
    area_after_m2: float
    gained_m2: float
    lost_m2: float

    @property
    def grid(self) -> Grid:
        """The area as it is, or was."""
        found = self.after or self.before
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Compared:
    """Two drawings side by side: what differs by level and code, and ground that changes hands.

    ``pieces``: as ``analysis.difference.Difference.pieces``, so without slivers; WGS 84.
    """

    rows: tuple[Differs, ...]
    pieces: gpd.GeoDataFrame


def compared(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, levels: Sequence[str]) -> Compared:
    """Compare two drawings. Only areas that differ are laid over each other: all others have the same ground.

    Parameters
    ----------
    before, after : GeoDataFrame
        frames.GRIDS with ``level``. CRS: WGS 84.
    levels : sequence of str
        From the coarsest to the finest.

    Raises
    ------
    InvalidInput
        ``redraw_codes_repeat``.
    """
    old, new = ({g.code: g for g in grids_of(frame)} for frame in (before, after))
    if len(old) < len(before) or len(new) < len(after):
        raise InvalidInput("redraw_codes_repeat")
    codes = sorted(c for c in {*old, *new} if old.get(c) != new.get(c))
    shapes = np.array([g.geometry for part in (old, new) for c in codes if (g := part.get(c))], dtype=object)
    epsg = crs.metric_epsg_of(shapes) if len(shapes) else 3857
    found = [_differs(old.get(code), new.get(code), epsg) for code in codes]
    order = {name: n for n, name in enumerate(levels)}
    rows = sorted((f for f in found if f is not None), key=lambda f: (order.get(f.grid.level, -1), f.grid.code))
    moved = [f for f in rows if f.gained_m2 or f.lost_m2]
    sides = ([g for f in moved if (g := f.before)], [g for f in moved if (g := f.after)])
    held = [name for name in levels if any(f.grid.level == name for f in moved)]
    if not held:
        return Compared(tuple(rows), before.iloc[:0])
    laid = difference(frame_of(sides[0]), frame_of(sides[1]), levels=held)
    return Compared(tuple(rows), laid.pieces)


def _differs(before: Grid | None, after: Grid | None, epsg: int) -> Differs | None:
    """Compare one area with itself; None where only the order of its vertices differs."""
    old, new = (_metric(g, epsg) for g in (before, after))
    gained, lost = (0.0, 0.0)
    if before is None or after is None or before.geometry != after.geometry:
        gained, lost = (
            float(shapely.area(shapely.difference(new, old))),
            float(shapely.area(shapely.difference(old, new))),
        )
    gained, lost = (m2 if m2 > _NOTHING_M2 else 0.0 for m2 in (gained, lost))
    same = (
        before is not None
        and after is not None
        and (before.name, before.parent_code, before.households, before.level, before.kind, before.attributes)
        == (after.name, after.parent_code, after.households, after.level, after.kind, after.attributes)
    )
    if same and not gained and not lost:
        return None
    return Differs(before, after, float(shapely.area(old)), float(shapely.area(new)), gained, lost)


def _metric(grid: Grid | None, epsg: int) -> shapely.Geometry:
    if grid is None:
        return shapely.Polygon()
    shape = crs.to_metric(np.array([grid.geometry], dtype=object), epsg)[0]
    return shape if shapely.is_valid(shape) else shapely.make_valid(shape)
