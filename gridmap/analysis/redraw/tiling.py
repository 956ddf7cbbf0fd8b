"""All areas of a plan as a draft has them now, and which of them lie where."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs
from gridmap.analysis.content import simplest
from gridmap.analysis.frames import GRIDS
from gridmap.domain.boundaries import BoundarySet, Grid, Level
from gridmap.domain.redraw import Change
from gridmap.errors import InvalidInput

Box = tuple[float, float, float, float]

#: Areas this near to a box are among those in it, degrees (1 cm): room for rounding.
_MARGIN_DEG = 1e-7
#: So many changed areas are kept beside the index before it is made anew.
_LOOSE = 256


@dataclass(frozen=True, slots=True)
class _Index:
    codes: npt.NDArray[np.object_]
    tree: shapely.STRtree


@dataclass(frozen=True)
class Tiling:
    """The areas of a plan: those of the finest level that tiles, which edits are about, and those above and below.

    A value: ``changed`` gives another one, which shares with this one what did not change.

    Attributes
    ----------
    boundary_set : BoundarySet
    level : Level
        The level that edits are about.
    areas : mapping of str to Grid
        Areas of all levels by code.
    epsg : int
        Metric CRS of the place.
    """

    boundary_set: BoundarySet
    level: Level
    areas: Mapping[str, Grid]
    epsg: int
    children: Mapping[str, frozenset[str]]
    _index: _Index
    _loose: frozenset[str] = field(default_factory=frozenset)

    def __getitem__(self, code: str) -> Grid:
        return self.areas[code]

    def __contains__(self, code: object) -> bool:
        return code in self.areas

    @property
    def upper(self) -> tuple[Level, ...]:
        """The levels above the edited one, from the nearest outwards."""
        above = [x for x in self.boundary_set.levels if x.order < self.level.order]
        return tuple(sorted(above, key=lambda x: -x.order))

    @property
    def box(self) -> Box:
        """West, south, east, north of the edited level."""
        mine = [g.geometry for g in self.areas.values() if g.level == self.level.name]
        west, south, east, north = shapely.total_bounds(np.array(mine, dtype=object)) if mine else (0.0,) * 4
        return float(west), float(south), float(east), float(north)

    def require(self, code: str) -> Grid:
        """Give an area of the edited level.

        Raises
        ------
        InvalidInput
            ``redraw_area_unknown``, ``redraw_other_level``.
        """
        found = self.areas.get(code)
        if found is None:
            raise InvalidInput("redraw_area_unknown")
        if found.level != self.level.name:
            raise InvalidInput("redraw_other_level", level=self.level.name)
        return found

    def near(self, box: Sequence[float]) -> list[str]:
        """Give the codes of the edited level whose bounds meet a box (west, south, east, north), sorted."""
        west, south, east, north = box
        asked = shapely.box(west - _MARGIN_DEG, south - _MARGIN_DEG, east + _MARGIN_DEG, north + _MARGIN_DEG)
        # by bounds alone: the tree compares boxes
        found = {str(c) for c in self._index.codes[self._index.tree.query(asked)]} - self._loose
        found = {c for c in found if c in self.areas}
        for code in self._loose:
            if code in self.areas and shapely.box(*self.areas[code].geometry.bounds).intersects(asked):
                found.add(code)
        return sorted(found)

    def changed(self, change: Change) -> "Tiling":
        """Give the plan with a change made."""
        areas = dict(self.areas)
        children = dict(self.children)
        for code, grid in change.before.items():
            areas.pop(code, None)
            if grid.parent_code is not None:
                children[grid.parent_code] = children.get(grid.parent_code, frozenset()) - {code}
        for code, grid in change.after.items():
            areas[code] = grid
            if grid.parent_code is not None:
                children[grid.parent_code] = children.get(grid.parent_code, frozenset()) | {code}
        own = {c for part in (change.before, change.after) for c, g in part.items() if g.level == self.level.name}
        loose = self._loose | own
        index = self._index
        if len(loose) > _LOOSE:
            index, loose = _index_of(areas, self.level), frozenset()
        return Tiling(self.boundary_set, self.level, areas, self.epsg, children, index, loose)

    def frame(self, codes: Iterable[str] | None = None) -> gpd.GeoDataFrame:
        """Give some areas, or all, as frames.GRIDS with ``level``; WGS 84."""
        return frame_of([self.areas[c] for c in (self.areas if codes is None else codes)])


def tiling_of(boundary_set: BoundarySet, frame: gpd.GeoDataFrame) -> Tiling:
    """Make the plan of a frame of all levels.

    Parameters
    ----------
    boundary_set : BoundarySet
    frame : GeoDataFrame
        frames.GRIDS with ``level``. CRS: WGS 84.

    Raises
    ------
    InvalidInput
        ``redraw_nothing_tiles``: no level of the set has areas that cover the ground; ``redraw_codes_repeat``.
    """
    held = set(frame["level"])
    tiling = [x for x in sorted(boundary_set.levels, key=lambda x: x.order) if x.tiles_parent and x.shapes == "area"]
    level = next((x for x in reversed(tiling) if x.name in held), tiling[-1] if tiling else None)
    if level is None:
        raise InvalidInput("redraw_nothing_tiles")
    areas = {g.code: g for g in grids_of(frame)}
    if len(areas) < len(frame):
        raise InvalidInput("redraw_codes_repeat")
    children: dict[str, set[str]] = {}
    for code, grid in areas.items():
        if grid.parent_code is not None:
            children.setdefault(grid.parent_code, set()).add(code)
    shapes = np.asarray(frame.geometry.array, dtype=object)
    epsg = crs.metric_epsg_of(shapes) if len(shapes) else 3857
    frozen = {code: frozenset(below) for code, below in children.items()}
    return Tiling(boundary_set, level, areas, epsg, frozen, _index_of(areas, level))


def _index_of(areas: Mapping[str, Grid], level: Level) -> _Index:
    codes = [c for c, g in areas.items() if g.level == level.name]
    shapes = np.array([areas[c].geometry for c in codes], dtype=object)
    return _Index(np.array(codes, dtype=object), shapely.STRtree(shapes))


def grids_of(frame: gpd.GeoDataFrame) -> list[Grid]:
    """Read the rows of a frame of all levels; shapes without heights, those of one part as polygons."""
    columns = {c: frame[c].to_numpy(object) if c in frame.columns else [None] * len(frame) for c in _COLUMNS}
    shapes = simplest(np.asarray(frame.geometry.array, dtype=object))
    return [
        Grid(
            str(code),
            _text(name) or "",
            str(level),
            shape,
            _text(parent),
            _text(kind),
            None if _missing(households) else int(households),
            dict(attributes) if isinstance(attributes, Mapping) else {},
        )
        for code, name, level, parent, kind, households, attributes, shape in zip(
            *(columns[c] for c in _COLUMNS), shapes, strict=True
        )
    ]


_COLUMNS = ("code", "name", "level", "parent_code", "kind", "households", "attributes")


def frame_of(grids: Sequence[Grid]) -> gpd.GeoDataFrame:
    """Give areas as frames.GRIDS with every optional column; WGS 84."""
    columns = {
        "code": [g.code for g in grids],
        "name": [g.name or None for g in grids],
        "level": [g.level for g in grids],
        "kind": [g.kind for g in grids],
        "parent_code": [g.parent_code for g in grids],
        "households": pd.array([g.households for g in grids], dtype="Int64"),
        "attributes": [g.attributes for g in grids],
    }
    frame = gpd.GeoDataFrame(columns, geometry=np.array([g.geometry for g in grids], dtype=object), crs="EPSG:4326")
    return frame[[c for c in (*GRIDS.required, *GRIDS.optional) if c in frame.columns]]


def _missing(value: object) -> bool:
    return value is None or bool(pd.api.types.is_scalar(value) and pd.isna(value))  # type: ignore[call-overload]


def _text(value: object) -> str | None:
    return None if _missing(value) else str(value)
