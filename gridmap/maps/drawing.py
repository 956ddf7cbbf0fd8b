"""From frames to the data of a page: columns of short values, and shapes as steps of integers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap import crs, i18n
from gridmap.analysis.frames import GRIDS, require
from gridmap.domain.privacy import require_columns
from gridmap.errors import GeometryError
from gridmap.i18n import Language
from gridmap.maps.colours import tint_neighbours
from gridmap.maps.geometry import Drawing, Shapes, dissolve, origin_of, pack, simplify

#: Context kinds whose lines stay lines; everything else is filled when it is a polygon.
_CONTEXT_TOLERANCE_M = 4.0
#: What is off a straight line by less is on it: 0.2 m, two units of what is drawn.
_STRAIGHT_DEG = 2e-6


@dataclass(frozen=True)
class Ground:
    """The grids and the coarser levels above them, simplified together, coarsest first."""

    grids: gpd.GeoDataFrame
    drawing: Drawing
    upper: tuple[gpd.GeoDataFrame, ...]
    upper_drawings: tuple[Drawing, ...]
    ancestors: tuple[np.ndarray, ...]
    origin: tuple[int, int]

    @cached_property
    def tints(self) -> list[int]:
        """Tint of each area of the coarsest level, such that neighbours differ."""
        return list(tint_neighbours(self.upper_drawings[0].shapes)) if self.upper else []

    @cached_property
    def rows(self) -> dict[str, Any]:
        """The grids as columns of a page; never to be changed."""
        return {
            **_rows(self.grids, self.drawing, self.origin),
            "area": [round(v / 1e6, 3) for v in self.drawing.area_m2.tolist()],
            "households": numbers_of(self.grids, "households"),
            "medianRadius": round(float(np.median(self.drawing.radius_m)), 1),
        }

    @cached_property
    def upper_rows(self) -> list[dict[str, Any]]:
        """The coarser levels as columns of a page; never to be changed."""
        return [
            {**_rows(frame, drawing, self.origin), "of": owner.tolist()}
            for frame, drawing, owner in zip(self.upper, self.upper_drawings, self.ancestors, strict=True)
        ]


def ground(grids: gpd.GeoDataFrame, upper: Sequence[gpd.GeoDataFrame]) -> Ground:
    """Bring grids and coarser levels into the form that every page draws.

    Parameters
    ----------
    grids : GeoDataFrame
        frames.GRIDS, at least one row.
    upper : sequence of GeoDataFrame
        frames.GRIDS of the coarser levels, coarsest first; ``parent_code`` links the levels.

    Raises
    ------
    GeometryError
        ``map_without_grids``.
    ColumnError, CrsError
        As ``frames.require``.
    """
    grids = require(grids, GRIDS).reset_index(drop=True)
    if grids.empty:
        raise GeometryError("map_without_grids")
    levels = tuple(require(level, GRIDS).reset_index(drop=True) for level in upper if len(level))
    drawing = simplify(grids)
    ancestors = _ancestors(grids, levels)
    drawings = []
    for level, owner in zip(levels, ancestors, strict=True):
        codes = np.where(owner >= 0, level["code"].to_numpy(dtype=object)[owner], None)
        drawings.append(dissolve(drawing, codes, level) or simplify(level))
    return Ground(grids, drawing, levels, tuple(drawings), ancestors, origin_of(drawing.shapes))


def _ancestors(grids: gpd.GeoDataFrame, levels: tuple[gpd.GeoDataFrame, ...]) -> tuple[np.ndarray, ...]:
    """Row number of each grid's ancestor in each level, -1 where unknown."""
    parents = _column(grids, "parent_code")
    found: list[np.ndarray] = []
    for level in reversed(levels):
        row_of = {code: row for row, code in enumerate(level["code"])}
        rows = np.array([row_of.get(code, -1) for code in parents])
        found.append(rows)
        above = _column(level, "parent_code")
        parents = [above[row] if row >= 0 else None for row in rows]
    return tuple(reversed(found))


def _column(frame: gpd.GeoDataFrame, name: str) -> list[Any]:
    """Give a column as Python values with None for what is missing; all None where there is no such column."""
    require_columns(name)
    if name not in frame.columns:
        return [None] * len(frame)
    values = frame[name]
    return [None if missing else value for value, missing in zip(values.tolist(), values.isna(), strict=True)]


def texts_of(frame: gpd.GeoDataFrame, name: str) -> list[str | None]:
    """Give a text column; empty texts count as missing."""
    return [str(v) if v is not None and str(v).strip() else None for v in _column(frame, name)]


def numbers_of(frame: gpd.GeoDataFrame, name: str, digits: int = 0) -> list[float | int | None]:
    """Give a number column rounded for showing."""
    values = pd.to_numeric(pd.Series(_column(frame, name), dtype=object), errors="coerce")
    return [None if pd.isna(v) else (round(float(v), digits) if digits else round(float(v))) for v in values]


def seconds_of(frame: gpd.GeoDataFrame, name: str) -> list[int | None]:
    """Give a column of aware times as seconds since 1970."""
    return [None if v is None else int(pd.Timestamp(v).timestamp()) for v in _column(frame, name)]


def level_title(frame: gpd.GeoDataFrame, position: int, language: Language) -> str:
    """Name a level in the layer control: a known one in words, another by its own name."""
    own = texts_of(frame, "level")
    name = own[0] if own and own[0] else ("street", "area")[min(position, 1)]
    return i18n.text(f"map.level_{name}", language) if i18n.has(f"map.level_{name}") else name


def page_data(place: Ground, language: Language) -> dict[str, Any]:
    """Give what every page needs: shapes, names, label places, texts."""
    x0, y0, x1, y1 = (float(v) for v in shapely.total_bounds(place.drawing.shapes))
    return {
        "lang": language,
        "texts": i18n.subset("map", language),
        "scale": 1_000_000,
        "origin": place.origin,
        "bounds": [[y0, x0], [y1, x1]],
        "levels": place.upper_rows,
        "grids": dict(place.rows),
        "context": [],
        "surface": [],
        "features": [],
        "styles": [],
        "facts": [],
        "tips": [],
        "locate": None,
        "gridUrl": None,
    }


def _rows(frame: gpd.GeoDataFrame, drawing: Drawing, origin: tuple[int, int]) -> dict[str, Any]:
    poles = np.rint(drawing.poles * 1e6).astype(np.int64) - np.array(origin)
    return {
        "code": [str(code) for code in frame["code"]],
        "name": texts_of(frame, "name"),
        "geom": pack(drawing.shapes, origin),
        "pole": poles.ravel().tolist(),
        "r": drawing.radius_m.round().astype(int).tolist(),
    }


def context_data(context: gpd.GeoDataFrame | None, origin: tuple[int, int]) -> list[dict[str, Any]]:
    """Give water, green and roads (``kind``, geometry), one drawn shape a kind; areas first, lines above them."""
    if context is None or context.empty:
        return []
    here = crs.frame_to_wgs84(context)
    kinds = np.array([kind or "other" for kind in texts_of(here, "kind")], dtype=object)
    geometry = np.asarray(here.geometry.array)
    epsg = crs.metric_epsg_of(geometry)
    simple = crs.from_metric(shapely.simplify(crs.to_metric(geometry, epsg), _CONTEXT_TOLERANCE_M), epsg)
    dimension = shapely.get_dimensions(simple)
    drawn = []
    for wanted in (2, 1):
        for kind in sorted(set(kinds[dimension == wanted])):
            parts = simple[(kinds == kind) & (dimension == wanted)]
            packed = [part for shape in pack(parts, origin) for part in shape]
            if packed:
                drawn.append({"kind": kind, "line": wanted == 1, "geom": packed})
    return drawn


def surface_shapes(cells: Shapes, classes: np.ndarray, count: int) -> list[shapely.Geometry | None]:
    """Merge the cells of a lattice class by class: no seams between cells, and a fraction of the bytes.

    Cells of a lattice meet corner to corner and never overlap, so dropping the sides that two of them share is enough.
    """
    merged: list[shapely.Geometry | None] = []
    for number in range(count):
        mine = cells[classes == number]
        whole = _union(mine) if len(mine) else None
        # corners along a straight side tell nothing: half of the bytes
        merged.append(None if whole is None else shapely.simplify(whole, _STRAIGHT_DEG))
    return merged


def _union(cells: Shapes) -> shapely.Geometry:
    try:
        return shapely.coverage_union_all(cells)
    except shapely.GEOSException:
        # a cell that a coast cuts into many parts may touch itself: the quick way wants shapes that do not
        return shapely.union_all(shapely.make_valid(cells))
