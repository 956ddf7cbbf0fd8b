"""The logs of drafts that are redrawn, as ``services.ports`` asks for them."""

import hashlib
from dataclasses import replace
from typing import Any

import geopandas as gpd
import sqlalchemy as sa

from gridmap.analysis.content import content_hash
from gridmap.analysis.redraw.tiling import frame_of, grids_of
from gridmap.domain.boundaries import BoundaryVersion, VersionState
from gridmap.domain.redraw import Change, Entry
from gridmap.domain.waivers import Waiver
from gridmap.errors import Conflict, NotFound, StaleVersion
from gridmap.services.ports import LogLine, Mark, Step
from gridmap.store import columns as col
from gridmap.store.boundaries import Boundaries
from gridmap.store.grids import Grids
from gridmap.store.redraw_codec import change_of, change_text, edit_of, edit_text
from gridmap.store.redraw_tables import RedrawEntryRow, RedrawMarkRow, RedrawStepRow, RedrawWaiverRow
from gridmap.store.tables import BoundarySetRow, GridRow, VersionRow
from gridmap.store.unit_of_work import Work

_WAIVER = ("rule", "seal", "signed", "author_id", "author", "at", "reason")
_LINE = ("number", "author_id", "author", "at", "verb", "undoes", "codes")


class Redraw:
    """Logs of drafts, and what is pinned to them."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._boundaries = Boundaries(work)
        self._grids = Grids(work)

    def head(self, set_name: str, number: int) -> int:
        """Give the number of the last entry of a draft; 0: none."""
        (row,) = self._work.rows(
            _of_draft(sa.select(sa.func.max(RedrawEntryRow.number)), RedrawEntryRow, set_name, number)
        )
        return int(row[0] or 0)

    def ground(self, set_name: str, number: int) -> gpd.GeoDataFrame:
        """Give all areas of a draft."""
        draft = self._boundaries.find_version(set_name, number)
        if draft is None:
            raise NotFound("version_unknown")
        return self._grids.of(draft)

    def export(self, set_name: str, number: int) -> gpd.GeoDataFrame:
        """Give all areas of a draft, to be taken away."""
        return self.ground(set_name, number)

    def lines(self, set_name: str, number: int, *, after: int = 0) -> list[LogLine]:
        """Give the entries after a number, in order, without what they did."""
        rows = self._work.rows(
            _of_draft(sa.select(*(getattr(RedrawEntryRow, n) for n in _LINE)), RedrawEntryRow, set_name, number)
            .where(RedrawEntryRow.number > after)
            .order_by(RedrawEntryRow.number)
        )
        return [LogLine(**{**row._mapping, "codes": tuple(row.codes)}) for row in rows]

    def entries(self, set_name: str, number: int, *, after: int = 0) -> list[Entry]:
        """Give the entries after a number, in order."""
        rows = self._work.rows(
            _of_draft(sa.select(RedrawEntryRow.__table__), RedrawEntryRow, set_name, number)
            .where(RedrawEntryRow.number > after)
            .order_by(RedrawEntryRow.number)
        )
        return [
            Entry(r.number, r.author, r.at, r.verb, edit_of(r.edit), change_of(r.change), r.undoes, r.seen)
            for r in rows
        ]

    def changes(self, set_name: str, number: int, *, after: int = 0) -> list[tuple[int, Change]]:
        """Give what each entry after a number did."""
        rows = self._work.rows(
            _of_draft(sa.select(RedrawEntryRow.number, RedrawEntryRow.change), RedrawEntryRow, set_name, number)
            .where(RedrawEntryRow.number > after)
            .order_by(RedrawEntryRow.number)
        )
        return [(row.number, change_of(row.change)) for row in rows]

    def append(self, set_name: str, number: int, entry: Entry, *, author_id: str | None) -> BoundaryVersion:
        """Put an entry at the end of the log and make its change in the draft; see ``services.ports``."""
        set_id, version_id, draft = self._held_draft(set_name, number)
        if entry.number != self.head(set_name, number) + 1:
            raise StaleVersion("redraw_stale")
        edit, change = edit_text(entry.edit), change_text(entry.change)
        codes = list(entry.change.codes)
        col.require_storable("name", [entry.author, *codes])
        self._work.write(
            sa.insert(RedrawEntryRow),
            {
                "version_id": version_id,
                "number": entry.number,
                "author_id": author_id,
                "author": entry.author,
                "at": entry.at,
                "verb": entry.verb,
                "undoes": entry.undoes,
                "seen": entry.seen,
                "codes": codes,
                "edit": edit,
                "change": change,
                "hash_before": draft.content_hash,
            },
        )
        former = list(entry.change.before)
        if former:
            self._work.write(
                sa.delete(GridRow).where(
                    GridRow.version_id == version_id, self._work.backend.one_of(GridRow.code, former)
                )
            )
            self._work.after_delete(GridRow.__table__)  # type: ignore[arg-type]
        if entry.change.after:
            self._grids.add(set_id, version_id, frame_of(list(entry.change.after.values())))
        # stands for what the draft says, without reading all of it; publishing hashes the whole
        content = _next_hash(draft.content_hash, change)
        self._work.write(sa.update(VersionRow).where(VersionRow.id == version_id).values(content_hash=content))
        found = self._boundaries.find_version(set_name, number)
        assert found is not None
        return found

    def _held_draft(self, set_name: str, number: int) -> tuple[int, int, BoundaryVersion]:
        """Keep others from writing a draft; give the ids of set and draft, and the draft."""
        self._work.begin_writing()
        rows = self._work.rows(
            sa.select(BoundarySetRow.id).where(BoundarySetRow.name == set_name).with_for_update(read=True)
        )
        if not rows:
            raise NotFound("set_not_found")
        held = self._work.rows(
            sa.select(VersionRow.id)
            .where(VersionRow.set_id == rows[0].id, VersionRow.number == number)
            .with_for_update()
        )
        draft = self._boundaries.find_version(set_name, number)
        if not held or draft is None:
            raise NotFound("version_unknown")
        if draft.state is not VersionState.DRAFT:
            raise Conflict("not_a_draft")
        return int(rows[0].id), int(held[0].id), draft

    def is_whole(self, draft: BoundaryVersion) -> bool:
        """Tell whether a draft says what its log made of it: by its hashes, taking every entry back."""
        rows = self._work.rows(
            _of_draft(sa.select(RedrawEntryRow.__table__), RedrawEntryRow, draft.set_name, draft.number).order_by(
                RedrawEntryRow.number
            )
        )
        hashes = [row.hash_before for row in rows] + [draft.content_hash]
        areas = {g.code: g for g in grids_of(self._grids.of(draft))}
        for row, after in zip(reversed(rows), reversed(hashes[1:]), strict=True):
            change = change_of(row.change)
            if _next_hash(row.hash_before, row.change) != after:
                return False
            if any(areas.pop(code, None) != grid for code, grid in change.after.items()):
                return False
            areas |= change.before
        return bool(content_hash(frame_of(list(areas.values()))) == hashes[0])

    def marks(self, set_name: str, number: int) -> list[Mark]:
        """Give the locks and comments of a draft, oldest first."""
        rows = self._work.rows(
            _of_draft(sa.select(RedrawMarkRow.__table__), RedrawMarkRow, set_name, number).order_by(RedrawMarkRow.id)
        )
        return [_mark(row) for row in rows]

    def locks(self, set_name: str, number: int) -> list[Mark]:
        """Give the locks of a draft, oldest first."""
        return [mark for mark in self.marks(set_name, number) if mark.kind != "comment"]

    def add_mark(self, set_name: str, number: int, mark: Mark) -> Mark:
        """Pin a lock or comment to a draft; gives it with its number."""
        _, version_id, _ = self._held_draft(set_name, number)
        col.require_storable("text", [mark.author, mark.text, mark.code or ""])
        flat = [c for place in mark.places for c in place] + [None] * 4
        result = self._work.write(
            sa.insert(RedrawMarkRow),
            {
                "version_id": version_id,
                "kind": mark.kind,
                "author_id": mark.author_id,
                "author": mark.author,
                "at": mark.at,
                "code": mark.code,
                **dict(zip(("lon", "lat", "lon2", "lat2"), flat, strict=False)),
                "text": mark.text,
            },
        )
        made = int(result.inserted_primary_key[0])  # type: ignore[index]
        return Mark(made, mark.kind, mark.author_id, mark.author, mark.at, mark.code, mark.places, mark.text)

    def remove_mark(self, set_name: str, number: int, mark: int) -> Mark:
        """Take a lock or comment away."""
        _, version_id, _ = self._held_draft(set_name, number)
        found = next((m for m in self.marks(set_name, number) if m.number == mark), None)
        if found is None:
            raise NotFound("redraw_mark_unknown")
        self._work.write(
            sa.delete(RedrawMarkRow).where(RedrawMarkRow.version_id == version_id, RedrawMarkRow.id == mark)
        )
        return found

    def waivers(self, set_name: str, number: int) -> list[Waiver]:
        """Give what was signed, and taken back, in a draft or version; oldest first."""
        rows = self._work.rows(
            _of_draft(sa.select(RedrawWaiverRow.__table__), RedrawWaiverRow, set_name, number).order_by(
                RedrawWaiverRow.id
            )
        )
        return [
            Waiver(r.id, r.rule, tuple(r.codes), r.seal, r.author_id, r.author, r.at, r.reason, bool(r.signed))
            for r in rows
        ]

    def add_waiver(self, set_name: str, number: int, waiver: Waiver) -> Waiver:
        """Put a waiver, or that one is taken back, under a draft; gives it with its number."""
        _, version_id, _ = self._held_draft(set_name, number)
        col.require_storable("reason", [waiver.author, waiver.reason, waiver.rule, *waiver.codes])
        values = {name: getattr(waiver, name) for name in _WAIVER} | {"codes": list(waiver.codes)}
        result = self._work.write(sa.insert(RedrawWaiverRow), {"version_id": version_id, **values})
        return replace(waiver, number=int(result.inserted_primary_key[0]))  # type: ignore[index]

    def steps(self, set_name: str, number: int) -> list[Step]:
        """Give the steps of a draft on its way, oldest first."""
        rows = self._work.rows(
            _of_draft(sa.select(RedrawStepRow.__table__), RedrawStepRow, set_name, number).order_by(RedrawStepRow.id)
        )
        return [Step(r.state, r.author_id, r.author, r.at, r.revision, r.reason) for r in rows]

    def add_step(self, set_name: str, number: int, step: Step) -> None:
        """Move a draft on."""
        _, version_id, _ = self._held_draft(set_name, number)
        if step.revision != self.head(set_name, number):
            raise StaleVersion("redraw_stale")
        col.require_storable("reason", [step.author, step.reason])
        self._work.write(
            sa.insert(RedrawStepRow),
            {
                "version_id": version_id,
                "state": step.to,
                "author_id": step.author_id,
                "author": step.author,
                "at": step.at,
                "revision": step.revision,
                "reason": step.reason,
            },
        )


def _next_hash(before: str, change: str) -> str:
    return hashlib.sha256((before + change).encode()).hexdigest()


def _of_draft(query: Any, table: Any, set_name: str, number: int) -> Any:
    return (
        query.select_from(table)
        .join(VersionRow, VersionRow.id == table.version_id)
        .join(BoundarySetRow, BoundarySetRow.id == VersionRow.set_id)
        .where(BoundarySetRow.name == set_name, VersionRow.number == number)
    )


def _mark(row: Any) -> Mark:
    flat = [row.lon, row.lat, row.lon2, row.lat2]
    places = tuple((flat[i], flat[i + 1]) for i in (0, 2) if flat[i] is not None)
    return Mark(row.id, row.kind, row.author_id, row.author, row.at, row.code, places, row.text)
