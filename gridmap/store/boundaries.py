"""Boundary sets, their versions and drafts, as ``services.ports`` asks for them."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

import geopandas as gpd
import pandas as pd
import sqlalchemy as sa

from gridmap.analysis import frames
from gridmap.domain.boundaries import BoundaryVersion, VersionState, in_time_order
from gridmap.errors import Conflict, NotFound, StaleVersion
from gridmap.services.ports import Box
from gridmap.store import columns as col
from gridmap.store.boundary_sets import BoundarySets
from gridmap.store.grids import Grids
from gridmap.store.lineage import Lineage
from gridmap.store.tables import BoundarySetRow, GridRow, LineageRow, VersionRow
from gridmap.store.unit_of_work import Work
from gridmap.store.version_frames import count_frame, life_frame


class Boundaries(BoundarySets):
    """Sets, their versions and drafts, the grids in them, and which grid came from which."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._grids = Grids(work)
        self._lineage = Lineage(work)

    def list_versions(self, set_name: str) -> list[BoundaryVersion]:
        """Give the versions and drafts by number, oldest first."""
        revision, versions = self._work.catalogued(("versions", set_name), lambda: self._read_versions(set_name))
        if revision is not None:
            self._seen.setdefault(set_name, revision)
        return list(versions)

    def _read_versions(self, set_name: str) -> tuple[int | None, list[BoundaryVersion]]:
        rows = self._work.rows(
            sa.select(VersionRow.__table__, BoundarySetRow.revision.label("set_revision"))
            .join(BoundarySetRow, BoundarySetRow.id == VersionRow.set_id)
            .where(BoundarySetRow.name == set_name)
            .order_by(VersionRow.number)
        )
        return rows[0].set_revision if rows else None, [_version(set_name, row) for row in rows]

    def find_version(self, set_name: str, number: int) -> BoundaryVersion | None:
        """Give the version or draft of this number, if there is one."""
        return next((v for v in self.list_versions(set_name) if v.number == number), None)

    def _require_version(self, set_name: str, number: int) -> BoundaryVersion:
        found = self.find_version(set_name, number)
        if found is None:
            raise NotFound("version_unknown")
        return found

    def _require_draft(self, set_name: str, number: int) -> BoundaryVersion:
        found = self._require_version(set_name, number)
        if found.state is not VersionState.DRAFT:
            raise Conflict("not_a_draft")
        return found

    def version_at(self, set_name: str, day: date) -> BoundaryVersion | None:
        """Give the published version in force on a day, past, present or to come."""
        return next((v for v in self.list_versions(set_name) if v.in_force_at(day)), None)

    def add_draft(
        self,
        set_name: str,
        frame: gpd.GeoDataFrame,
        *,
        valid_from: date,
        content_hash: str,
        note: str = "",
        based_on: int | None = None,
    ) -> BoundaryVersion:
        """Add a draft from a frame of all levels; see ``services.ports``."""
        frames.require(frame, frames.GRIDS)
        col.require_storable("note", [note, content_hash])
        row = self._require_locked(set_name)
        draft = BoundaryVersion(
            set_name, row.next_number, VersionState.DRAFT, valid_from, None, content_hash, note, based_on
        )
        self._work.write(
            sa.update(BoundarySetRow).where(BoundarySetRow.id == row.id).values(next_number=row.next_number + 1)
        )
        result = self._work.write(
            sa.insert(VersionRow),
            {
                "set_id": row.id,
                "number": draft.number,
                "state": draft.state.value,
                "valid_from": valid_from,
                "content_hash": content_hash,
                "note": note,
                "based_on": based_on,
            },
        )
        self._grids.add(row.id, int(result.inserted_primary_key[0]), frame)  # type: ignore[index]
        return draft

    def replace_draft(
        self, set_name: str, number: int, frame: gpd.GeoDataFrame, *, content_hash: str, expected_hash: str
    ) -> BoundaryVersion:
        """Put another frame of all levels into a draft; see ``services.ports``."""
        frames.require(frame, frames.GRIDS)
        row = self._require_locked(set_name)
        draft = self._require_draft(set_name, number)
        if draft.content_hash != expected_hash:
            raise StaleVersion("draft_stale")
        version_id = self._empty(row.id, number)
        self._work.write(sa.update(VersionRow).where(VersionRow.id == version_id).values(content_hash=content_hash))
        self._grids.add(row.id, version_id, frame)
        return self._require_version(set_name, number)

    def discard_draft(self, set_name: str, number: int) -> None:
        """Take a draft away; see ``services.ports``."""
        row = self._require_locked(set_name)
        self._require_draft(set_name, number)
        version_id = self._empty(row.id, number)
        self._work.write(sa.delete(VersionRow).where(VersionRow.id == version_id))

    def _empty(self, set_id: int, number: int) -> int:
        """Take grids and lineage out of a draft; give its row id."""
        version_id = self._version_id(set_id, number)
        self._work.write(sa.delete(LineageRow).where(LineageRow.version_id == version_id))
        self._work.write(sa.delete(GridRow).where(GridRow.version_id == version_id))
        self._work.after_delete(GridRow.__table__)  # type: ignore[arg-type]
        return version_id

    def _version_id(self, set_id: int, number: int) -> int:
        (row,) = self._work.rows(
            sa.select(VersionRow.id).where(VersionRow.set_id == set_id, VersionRow.number == number)
        )
        return int(row.id)

    def publish(
        self,
        set_name: str,
        number: int,
        *,
        valid_from: date,
        published_at: datetime,
        expected: int | None = None,
        note: str | None = None,
        rewrite: bool = False,
        content_hash: str | None = None,
    ) -> BoundaryVersion:
        """Publish a draft; see ``services.ports``."""
        row = self._require_locked(set_name)
        self._require_fresh(set_name, row, expected)
        draft = self._require_draft(set_name, number)
        timeline = in_time_order(self.list_versions(set_name))
        later = [v for v in timeline if v.valid_from >= valid_from]
        if later and later[-1].valid_from > valid_from and not rewrite:
            raise Conflict("history_rewritten", start=later[-1].valid_from.isoformat())
        for version in later:
            self._change(row.id, version.number, state=VersionState.RETIRED.value, valid_to=version.valid_from)
        earlier = timeline[: len(timeline) - len(later)]
        if earlier:
            self._change(row.id, earlier[-1].number, valid_to=valid_from)
        revision = self._move_on(set_name, row.id, row.revision)
        # Grids entered a draft; from here on the database itself refuses to change them.
        self._change(
            row.id,
            number,
            state=VersionState.PUBLISHED.value,
            valid_from=valid_from,
            published_at=published_at,
            revision=revision,
            note=draft.note if note is None else note,
            content_hash=draft.content_hash if content_hash is None else content_hash,
        )
        return self._require_version(set_name, number)

    def withdraw(self, set_name: str, number: int, *, expected: int | None = None) -> BoundaryVersion:
        """Retire the last version in time as if it had never been; see ``services.ports``."""
        row = self._require_locked(set_name)
        self._require_fresh(set_name, row, expected)
        version = self._require_version(set_name, number)
        timeline = in_time_order(self.list_versions(set_name))
        if len(timeline) < 2 or timeline[-1].number != number:
            raise Conflict("not_last_in_time")
        revision = self._move_on(set_name, row.id, row.revision)
        self._change(row.id, number, state=VersionState.RETIRED.value, valid_to=version.valid_from, revision=revision)
        self._change(row.id, timeline[-2].number, valid_to=None)
        return self._require_version(set_name, number)

    def _change(self, set_id: int, number: int, **values: Any) -> None:
        self._work.write(
            sa.update(VersionRow).where(VersionRow.set_id == set_id, VersionRow.number == number).values(**values)
        )

    def grids(
        self, version: BoundaryVersion, level: str | None = None, *, codes: Sequence[str] | None = None
    ) -> gpd.GeoDataFrame:
        """Give the grids of a version, ordered by level order, then code; see ``services.ports``."""
        return self._grids.of(version, level, codes)

    def page_grids(
        self,
        version: BoundaryVersion,
        *,
        level: str,
        limit: int,
        after_code: str | None = None,
        bbox: Box | None = None,
        codes: Collection[str] | None = None,
    ) -> gpd.GeoDataFrame:
        """Give up to ``limit`` grids of a level whose code comes after ``after_code``, by code, in a box."""
        return self._grids.page(version, level=level, limit=limit, after_code=after_code, bbox=bbox, codes=codes)

    def export(self, version: BoundaryVersion, codes: Sequence[str]) -> gpd.GeoDataFrame:
        """Give some areas to be taken away on paper; see ``services.ports``."""
        return self.grids(version, codes=codes)

    def tree(self, version: BoundaryVersion) -> pd.DataFrame:
        """Give ``level, code, parent_code`` of the areas of a version, without shapes; see ``services.ports``."""
        return self._grids.tree(version)

    def former_grids(self, set_name: str, version: BoundaryVersion) -> gpd.GeoDataFrame:
        """Give the last shape of each code that was published, but not in this version; see ``services.ports``."""
        order = {v.number: i for i, v in enumerate(in_time_order(self.list_versions(set_name)))}
        return self._grids.former(version, order)

    def add_lineage(self, set_name: str, number: int, edges: pd.DataFrame) -> int:
        """Set which grids of a draft came from which (LINEAGE); give the number of edges."""
        row = self._require_locked(set_name)
        self._require_draft(set_name, number)
        return self._lineage.replace(row.id, self._version_id(row.id, number), edges)

    def lineage(self, set_name: str, number: int) -> pd.DataFrame:
        """Give the edges into a version (LINEAGE), by level order, old code and new code."""
        return self._lineage.of(set_name, number)

    def grid_counts(self, set_name: str) -> pd.DataFrame:
        """Give ``number, level, grids`` of every version and draft, by number and level order."""
        return count_frame(self._work.rows(_counted(set_name, GridRow)), "level", "grids")

    def lineage_counts(self, set_name: str) -> pd.DataFrame:
        """Give ``number, level, kind, edges`` of the edges into every version, by number, level order and kind."""
        return count_frame(self._work.rows(_counted(set_name, LineageRow, LineageRow.kind)), "level", "kind", "edges")

    def lives(self, set_name: str, code: str) -> pd.DataFrame:
        """Give the published versions in which a code stands, by time; see ``services.ports``."""
        if not col.is_storable(code):
            return life_frame([])
        rows = self._work.rows(
            sa.select(GridRow.level, VersionRow.number, VersionRow.valid_from, VersionRow.valid_to)
            .join(VersionRow, VersionRow.id == GridRow.version_id)
            .join(BoundarySetRow, BoundarySetRow.id == VersionRow.set_id)
            .where(
                BoundarySetRow.name == set_name,
                GridRow.code == code,
                VersionRow.state == VersionState.PUBLISHED.value,
                sa.or_(VersionRow.valid_to.is_(None), VersionRow.valid_to > VersionRow.valid_from),
            )
            .order_by(VersionRow.valid_from, GridRow.level_position)
        )
        return life_frame([tuple(row) for row in rows])


def _counted(set_name: str, table: Any, *more: Any) -> sa.Select[Any]:
    """Count the rows of a table that belong to a version by number, level and what else is named."""
    keys = (VersionRow.number, table.level, *more)
    return (
        sa.select(*keys, sa.func.count())
        .select_from(table)
        .join(VersionRow, VersionRow.id == table.version_id)
        .join(BoundarySetRow, BoundarySetRow.id == VersionRow.set_id)
        .where(BoundarySetRow.name == set_name)
        .group_by(*keys, table.level_position)
        .order_by(VersionRow.number, table.level_position, *more)
    )


def _version(set_name: str, row: Any) -> BoundaryVersion:
    return BoundaryVersion(
        set_name,
        row.number,
        VersionState(row.state),
        row.valid_from,
        row.valid_to,
        row.content_hash,
        row.note,
        row.based_on,
        row.published_at,
    )
