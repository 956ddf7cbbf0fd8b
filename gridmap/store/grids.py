"""The grids of versions: frames in and out."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import sqlalchemy as sa

from gridmap import crs
from gridmap.domain.boundaries import BoundaryVersion
from gridmap.errors import ColumnError, Conflict
from gridmap.services.ports import Box
from gridmap.store import columns as col
from gridmap.store.bbox import bbox_hits
from gridmap.store.blobs import Geometries
from gridmap.store.tables import BoundarySetRow, GridRow, LevelRow, VersionRow
from gridmap.store.unit_of_work import Work

#: A frame of grids that comes out of a store has these columns, in this order.
GRID_COLUMNS = ("code", "name", "level", "kind", "parent_code", "households", "attributes")

_WIDTH = len(GRID_COLUMNS)


class Grids:
    """The grids of versions."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, set_id: int, version_id: int, frame: gpd.GeoDataFrame) -> None:
        """Put a frame of all levels into a draft."""
        levels = {
            row.name: row
            for row in self._work.rows(
                sa.select(LevelRow.name, LevelRow.position, LevelRow.shapes).where(LevelRow.set_id == set_id)
            )
        }
        any_shape = {name for name, row in levels.items() if row.shapes == "any"}
        columns, geometry = grid_values(frame, levels.keys(), any_shape)
        if len(geometry) == 0:
            return
        self._work.insert(
            GridRow.__table__,  # type: ignore[arg-type]
            {
                **columns,
                "attributes": col.json_texts(frame, "attributes"),
                "version_id": [version_id] * len(frame),
                "level_position": [levels[str(x)].position for x in columns["level"]],
                "area_m2": crs.area_m2(geometry).tolist(),
            },
            geometry,
        )

    def of(
        self, version: BoundaryVersion, level: str | None = None, codes: Sequence[str] | None = None
    ) -> gpd.GeoDataFrame:
        """Give the grids of a version, all or of one level or some codes, ordered by level order, then code."""
        query = self._select(version).order_by(GridRow.level_position, GridRow.code)
        if level is not None:
            query = query.where(GridRow.level == level)
        if codes is not None:
            query = query.where(self._work.backend.one_of(GridRow.code, list(codes)))
        return self._frame(query)

    def page(
        self,
        version: BoundaryVersion,
        *,
        level: str,
        limit: int,
        after_code: str | None,
        bbox: Box | None,
        codes: Collection[str] | None = None,
    ) -> gpd.GeoDataFrame:
        """Give up to ``limit`` grids of a level whose code comes after ``after_code``, by code, in a box."""
        query = self._select(version).where(GridRow.level == level).order_by(GridRow.code).limit(limit)
        if after_code is not None:
            query = query.where(GridRow.code > after_code)
        if bbox is not None:
            query = query.where(bbox_hits(GridRow.geom, *bbox))
        if codes is not None:
            query = query.where(self._work.backend.one_of(GridRow.code, sorted(codes)))
        return self._frame(query)

    def tree(self, version: BoundaryVersion) -> pd.DataFrame:
        """Give ``level, code, parent_code`` of the areas of a version, ordered by level order, then code."""
        rows = self._work.rows(
            sa.select(GridRow.level, GridRow.code, GridRow.parent_code)
            .join(VersionRow, VersionRow.id == GridRow.version_id)
            .join(BoundarySetRow, BoundarySetRow.id == VersionRow.set_id)
            .where(BoundarySetRow.name == version.set_name, VersionRow.number == version.number)
            .order_by(GridRow.level_position, GridRow.code)
        )
        return tree_frame([tuple(row) for row in rows])

    def former(self, version: BoundaryVersion, order: Mapping[int, int]) -> gpd.GeoDataFrame:
        """Give the last shape of each code that stands in the versions of ``order`` (number to place in time), but not
        in this one; GRIDS and ``number``, by code."""
        standing = (
            sa.select(GridRow.code)
            .join(VersionRow, VersionRow.id == GridRow.version_id)
            .join(BoundarySetRow, BoundarySetRow.id == VersionRow.set_id)
            .where(BoundarySetRow.name == version.set_name, VersionRow.number == version.number)
        )
        gone = self._work.rows(
            sa.select(GridRow.code, VersionRow.number)
            .join(VersionRow, VersionRow.id == GridRow.version_id)
            .join(BoundarySetRow, BoundarySetRow.id == VersionRow.set_id)
            .where(
                BoundarySetRow.name == version.set_name,
                VersionRow.number.in_(list(order)),
                GridRow.code.not_in(standing),
            )
        )
        last: dict[str, int] = {}
        for code, number in gone:
            if code not in last or order[last[code]] < order[number]:
                last[code] = number
        parts = []
        for number in sorted(set(last.values())):
            codes = sorted(code for code, n in last.items() if n == number)
            query = self._select(version, number).where(self._work.backend.one_of(GridRow.code, codes))
            parts.append(self._frame(query.order_by(GridRow.code)).assign(number=number))
        if not parts:
            return self._frame(self._select(version).where(sa.false())).assign(number=pd.array([], dtype="int64"))
        found = pd.concat(parts, ignore_index=True)
        return gpd.GeoDataFrame(
            found.sort_values(["code", "level"], kind="stable", ignore_index=True), crs=parts[0].crs
        )

    def _select(self, version: BoundaryVersion, number: int | None = None) -> sa.Select[Any]:
        """Select the grids of a version by its key, not by its row: a value may come from an earlier unit of work."""
        return (
            sa.select(
                *(getattr(GridRow, name) for name in GRID_COLUMNS),
                self._work.backend.geometry_out(GridRow.geom).label("shape"),
            )
            .join(VersionRow, VersionRow.id == GridRow.version_id)
            .join(BoundarySetRow, BoundarySetRow.id == VersionRow.set_id)
            .where(
                BoundarySetRow.name == version.set_name,
                VersionRow.number == (version.number if number is None else number),
            )
        )

    def _frame(self, query: sa.Select[Any]) -> gpd.GeoDataFrame:
        rows = self._work.rows(query)
        return grid_frame(
            [tuple(row)[:_WIDTH] for row in rows], self._work.backend.geometries_from([r[_WIDTH] for r in rows])
        )


def grid_values(frame: gpd.GeoDataFrame, levels: Any, any_shape: set[str]) -> tuple[dict[str, list[Any]], Geometries]:
    """Give the columns of a grids frame as values, without attributes, and its shapes.

    Raises
    ------
    ColumnError
        ``row_level_unknown`` and others.
    Conflict
        ``code_not_unique``.
    GeometryError
        ``not_polygons``: a level of areas holds something else.
    """
    level = col.texts(frame, "level", required=True)
    if not set(levels) >= set(level):
        raise ColumnError("row_level_unknown")
    code = col.texts(frame, "code", required=True)
    if len(set(zip(level, code, strict=True))) != len(code):
        raise Conflict("code_not_unique")
    columns: dict[str, list[Any]] = {
        "code": code,
        "name": col.texts(frame, "name"),
        "level": level,
        "kind": col.texts(frame, "kind"),
        "parent_code": col.texts(frame, "parent_code"),
        "households": col.integers(frame, "households"),
    }
    return columns, col.grid_shapes(frame, np.array([x in any_shape for x in level], dtype=bool))


def tree_frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Make the frame of codes and their parents from rows of level, code and parent."""
    columns = zip(*rows, strict=True) if rows else ((),) * 3
    names = ("level", "code", "parent_code")
    return pd.DataFrame({name: col.text_array(values) for name, values in zip(names, columns, strict=True)})


def grid_frame(rows: Sequence[tuple[Any, ...]], geometry: Geometries) -> gpd.GeoDataFrame:
    """Make the frame of grids from rows in the order of GRID_COLUMNS."""
    code, name, level, kind, parent, households, attributes = zip(*rows, strict=True) if rows else ((),) * _WIDTH
    data = {
        "code": col.text_array(code),
        "name": col.text_array(name),
        "level": col.text_array(level),
        "kind": col.text_array(kind),
        "parent_code": col.text_array(parent),
        "households": col.integer_array(households),
        "attributes": pd.Series(list(attributes), dtype=object),
    }
    return col.frame_of(data, col.simplest(geometry))
