"""Boundaries and context, as ``services.ports`` asks for them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd
import sqlalchemy as sa

from gridmap import crs
from gridmap.analysis import frames
from gridmap.domain.boundaries import BoundarySet, BoundaryVersion, Level, VersionState
from gridmap.errors import ColumnError, Conflict, NotFound, StaleVersion
from gridmap.services.ports import Box
from gridmap.store import columns as col
from gridmap.store.bbox import bbox_hits
from gridmap.store.blobs import Geometries
from gridmap.store.tables import BoundarySetRow, ContextRow, GridRow, LevelRow, VersionRow
from gridmap.store.unit_of_work import Work

#: A frame of grids that comes out of a store has these columns, in this order.
GRID_COLUMNS = ("code", "name", "level", "parent_code", "households", "attributes")


class Boundaries:
    """Sets, versions and their grids."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._seen: dict[str, int] = {}  # latest version number of a set when this unit of work first looked

    def list_sets(self) -> list[BoundarySet]:
        """Give all sets by name."""
        levels: dict[int, list[Level]] = {}
        for row in self._work.rows(
            sa.select(LevelRow.set_id, LevelRow.name, LevelRow.position, LevelRow.tiles_parent).order_by(
                LevelRow.position
            )
        ):
            levels.setdefault(row.set_id, []).append(Level(row.name, row.position, row.tiles_parent))
        return [
            BoundarySet(row.name, tuple(levels.get(row.id, ())), row.title)
            for row in self._work.rows(
                sa.select(BoundarySetRow.id, BoundarySetRow.name, BoundarySetRow.title).order_by(BoundarySetRow.name)
            )
        ]

    def find_set(self, name: str) -> BoundarySet | None:
        """Give the set of this name, if there is one."""
        return next((s for s in self.list_sets() if s.name == name), None)

    def put_set(self, boundary_set: BoundarySet) -> None:
        """Add a set, or replace the title and levels of the one with this name.

        Raises
        ------
        Conflict
            ``level_in_use``: a level is left out that grids of a version stand in.
        """
        names = [level.name for level in boundary_set.levels]
        col.require_storable("name", [boundary_set.name, boundary_set.title, *names])
        self._work.begin_writing()
        set_id = self._set_id(boundary_set.name)
        if set_id is None:
            result = self._work.write(
                sa.insert(BoundarySetRow), {"name": boundary_set.name, "title": boundary_set.title}
            )
            set_id = result.inserted_primary_key[0]  # type: ignore[index]
        else:
            in_use = self._work.rows(
                sa.select(GridRow.level)
                .join(VersionRow, VersionRow.id == GridRow.version_id)
                .where(VersionRow.set_id == set_id, GridRow.level.not_in(names))
                .limit(1)
            )
            if in_use:
                raise Conflict("level_in_use")
            self._work.write(
                sa.update(BoundarySetRow).where(BoundarySetRow.id == set_id).values(title=boundary_set.title)
            )
            self._work.write(sa.delete(LevelRow).where(LevelRow.set_id == set_id))
        if boundary_set.levels:
            self._work.write(
                sa.insert(LevelRow),
                [
                    {"set_id": set_id, "name": x.name, "position": x.order, "tiles_parent": x.tiles_parent}
                    for x in boundary_set.levels
                ],
            )

    def _set_id(self, name: str, *, lock: bool = False) -> int | None:
        query = sa.select(BoundarySetRow.id).where(BoundarySetRow.name == name)
        rows = self._work.rows(query.with_for_update() if lock else query)
        return rows[0].id if rows else None

    def list_versions(self, set_name: str) -> list[BoundaryVersion]:
        """Give the versions by number, oldest first."""
        rows = self._work.rows(
            sa.select(
                VersionRow.number,
                VersionRow.state,
                VersionRow.valid_from,
                VersionRow.valid_to,
                VersionRow.content_hash,
                VersionRow.note,
            )
            .join(BoundarySetRow, BoundarySetRow.id == VersionRow.set_id)
            .where(BoundarySetRow.name == set_name)
            .order_by(VersionRow.number)
        )
        versions = [
            BoundaryVersion(set_name, r.number, VersionState(r.state), r.valid_from, r.valid_to, r.content_hash, r.note)
            for r in rows
        ]
        self._seen.setdefault(set_name, versions[-1].number if versions else 0)
        return versions

    def find_version(self, set_name: str, number: int) -> BoundaryVersion | None:
        """Give the version of this number, if there is one."""
        return next((v for v in self.list_versions(set_name) if v.number == number), None)

    def version_at(self, set_name: str, day: date) -> BoundaryVersion | None:
        """Give the published version in force on a day."""
        for version in self.list_versions(set_name):
            if version.state is VersionState.PUBLISHED and version.in_force_at(day):
                return version
        return None

    def publish(
        self,
        set_name: str,
        frame: gpd.GeoDataFrame,
        *,
        valid_from: date,
        content_hash: str,
        note: str = "",
        expected: int | None = None,
    ) -> BoundaryVersion:
        """Add the next version and end its predecessor at its start; see ``services.ports``."""
        frames.require(frame, frames.GRIDS)
        col.require_storable("note", [note, content_hash])
        self._work.begin_writing()
        set_id = self._set_id(set_name, lock=True)
        if set_id is None:
            raise NotFound("set_not_found")
        seen = self._seen.get(set_name) if expected is None else expected
        versions = self.list_versions(set_name)
        latest = versions[-1] if versions else None
        number = latest.number + 1 if latest else 1
        if seen is not None and seen != number - 1:
            raise StaleVersion("version_stale")
        if latest is not None and valid_from < latest.valid_from:
            raise Conflict("history_rewritten", start=latest.valid_from.isoformat())
        version = BoundaryVersion(set_name, number, VersionState.PUBLISHED, valid_from, None, content_hash, note)
        version_id = self._add_version(set_id, version)
        self._add_grids(set_id, version_id, frame)
        if latest is not None:
            state = VersionState.RETIRED if latest.valid_from == valid_from else latest.state
            self._work.write(
                sa.update(VersionRow)
                .where(VersionRow.set_id == set_id, VersionRow.number == latest.number)
                .values(valid_to=valid_from, state=state.value)
            )
        # Grids enter a draft; from here on the database itself refuses to change them.
        self._work.write(
            sa.update(VersionRow).where(VersionRow.id == version_id).values(state=VersionState.PUBLISHED.value)
        )
        self._seen[set_name] = number
        return version

    def _add_version(self, set_id: int, version: BoundaryVersion) -> int:
        values = {
            "set_id": set_id,
            "number": version.number,
            "state": VersionState.DRAFT.value,
            "valid_from": version.valid_from,
            "valid_to": None,
            "content_hash": version.content_hash,
            "note": version.note,
        }
        try:
            result = self._work.write(sa.insert(VersionRow), values)
        except Conflict:  # (set, number) is unique
            raise StaleVersion("version_stale") from None
        return int(result.inserted_primary_key[0])  # type: ignore[index]

    def _add_grids(self, set_id: int, version_id: int, frame: gpd.GeoDataFrame) -> None:
        known = {
            row.name: row.position
            for row in self._work.rows(sa.select(LevelRow.name, LevelRow.position).where(LevelRow.set_id == set_id))
        }
        level = col.texts(frame, "level", required=True)
        if not known.keys() >= set(level):
            raise ColumnError("row_level_unknown")
        code = col.texts(frame, "code", required=True)
        if len(set(zip(level, code, strict=True))) != len(code):
            raise Conflict("code_not_unique")
        geometry = col.multipolygons(frame)
        if len(geometry) == 0:
            return
        self._work.insert(
            GridRow.__table__,  # type: ignore[arg-type]
            {
                "version_id": [version_id] * len(frame),
                "level": level,
                "level_position": [known[str(x)] for x in level],
                "code": code,
                "name": col.texts(frame, "name"),
                "parent_code": col.texts(frame, "parent_code"),
                "households": col.integers(frame, "households"),
                "attributes": col.json_texts(frame, "attributes"),
                "area_m2": crs.area_m2(geometry).tolist(),
            },
            geometry,
        )

    def grids(self, version: BoundaryVersion, level: str | None = None) -> gpd.GeoDataFrame:
        """Give all grids of a version (GRIDS with every optional column), ordered by level order, then code."""
        query = self._grids_of(version).order_by(GridRow.level_position, GridRow.code)
        return self._grid_frame(query if level is None else query.where(GridRow.level == level))

    def page_grids(
        self,
        version: BoundaryVersion,
        *,
        level: str,
        limit: int,
        after_code: str | None = None,
        bbox: Box | None = None,
    ) -> gpd.GeoDataFrame:
        """Give up to ``limit`` grids of a level whose code comes after ``after_code``, by code, in a box."""
        query = self._grids_of(version).where(GridRow.level == level).order_by(GridRow.code).limit(limit)
        if after_code is not None:
            query = query.where(GridRow.code > after_code)
        if bbox is not None:
            query = query.where(bbox_hits(GridRow.geom, *bbox))
        return self._grid_frame(query)

    def _grids_of(self, version: BoundaryVersion) -> sa.Select[Any]:
        """Select the grids of a version by its key, not by its row: a value may come from an earlier unit of work."""
        return (
            sa.select(
                GridRow.code,
                GridRow.name,
                GridRow.level,
                GridRow.parent_code,
                GridRow.households,
                GridRow.attributes,
                self._work.backend.geometry_out(GridRow.geom).label("shape"),
            )
            .join(VersionRow, VersionRow.id == GridRow.version_id)
            .join(BoundarySetRow, BoundarySetRow.id == VersionRow.set_id)
            .where(BoundarySetRow.name == version.set_name, VersionRow.number == version.number)
        )

    def _grid_frame(self, query: sa.Select[Any]) -> gpd.GeoDataFrame:
        rows = self._work.rows(query)
        return grid_frame([tuple(row)[:6] for row in rows], self._work.backend.geometries_from([r[6] for r in rows]))


def grid_frame(rows: Sequence[tuple[Any, ...]], geometry: Geometries) -> gpd.GeoDataFrame:
    """Make the frame of grids from rows in the order of GRID_COLUMNS."""
    code, name, level, parent, households, attributes = zip(*rows, strict=True) if rows else ((),) * 6
    data = {
        "code": col.text_array(code),
        "name": col.text_array(name),
        "level": col.text_array(level),
        "parent_code": col.text_array(parent),
        "households": col.integer_array(households),
        "attributes": pd.Series(list(attributes), dtype=object),
    }
    return col.frame_of(data, col.simplest(geometry))


class Context:
    """Water, roads and green that give a map its context."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def replace(self, frame: gpd.GeoDataFrame) -> int:
        """Set the context to these rows; give their number."""
        geometry = col.simple_shapes(frame)
        values = {"kind": col.texts(frame, "kind", required=True), "name": col.texts(frame, "name")}
        self._work.write(sa.delete(ContextRow))
        self._work.after_delete(ContextRow.__table__)  # type: ignore[arg-type]
        self._work.insert(ContextRow.__table__, values, geometry)  # type: ignore[arg-type]
        return len(geometry)

    def frame(self) -> gpd.GeoDataFrame:
        """Give the context in the order in which it came."""
        rows = self._work.rows(
            sa.select(ContextRow.kind, ContextRow.name, self._work.backend.geometry_out(ContextRow.geom)).order_by(
                ContextRow.id
            )
        )
        return context_frame(
            [tuple(row)[:2] for row in rows], self._work.backend.geometries_from([row[2] for row in rows])
        )


def context_frame(rows: Sequence[tuple[Any, ...]], geometry: Geometries) -> gpd.GeoDataFrame:
    """Make the frame of the context."""
    kind, name = zip(*rows, strict=True) if rows else ((),) * 2
    return col.frame_of({"kind": col.text_array(kind), "name": col.text_array(name)}, geometry)
