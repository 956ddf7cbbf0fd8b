"""Cases with their record, as ``services.ports`` asks for them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import sqlalchemy as sa

from gridmap.crs import widened
from gridmap.domain.access import Role
from gridmap.domain.cases import Act, Entry
from gridmap.errors import Conflict, NotFound
from gridmap.services.ports import (
    CaseChange,
    CaseFile,
    CaseFilter,
    CaseLine,
    NearCase,
    NewCase,
    PointOwner,
    RecordLine,
    Verdict,
    WholeCase,
    Within,
)
from gridmap.store import columns as col
from gridmap.store.case_lines import (
    LAST,
    conditions,
    file_of,
    joined,
    lines_of,
    needs_incident,
    read_frame,
    select_lines,
)
from gridmap.store.case_tables import CaseEntryRow, CaseRow, cells_in, cells_of
from gridmap.store.incidents import Incidents
from gridmap.store.tables import UtcTime
from gridmap.store.unit_of_work import Work
from gridmap.store.version_keys import versions_of

_FIRST = ("kind", "emergency", "component", "reporter", "accuracy_m", "address", "proposed", "rule")
_CHANGED = (
    "status", "unit", "due_at", "stage_due_at", "handling_limit", "extensions", "returns", "reworks", "appealed",
    "merged_into", "filed_at", "dispatched_at", "handled_at", "closed_at",
)  # fmt: skip
#: Nothing is reported longer before it happened: clocks of devices may be ahead by minutes.
_TOLD_BEFORE = np.timedelta64(1, "D")


class Cases:
    """Cases: each the record of one incident."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._incidents = Incidents(work)

    def take(self, points: Sequence[tuple[NewCase, PointOwner]]) -> list[Verdict]:
        """Open cases with their incidents, each judged by itself; see ``services.ports``."""
        verdicts = self._incidents.take([(case.incident, owner) for case, owner in points])
        fine: dict[str, NewCase] = {}
        for (case, _), verdict in zip(points, verdicts, strict=True):
            if verdict in (Verdict.ACCEPTED, Verdict.DUPLICATE):
                fine.setdefault(case.incident_id, case)
        known = self._row_ids(list(fine))
        new = [fine[key] for key in sorted(fine.keys() - known.keys())]
        self._open(new)
        # an incident that was there without a case has one now
        opened = {case.incident_id for case in new}
        found = []
        for (case, _), verdict in zip(points, verdicts, strict=True):
            first = case.incident_id in opened and verdict is not Verdict.DIFFERS
            opened.discard(case.incident_id)
            found.append(Verdict.ACCEPTED if first else verdict)
        return found

    def _open(self, cases: Sequence[NewCase]) -> None:
        first = [(case, (RecordLine(1, case.entry, case.author),), None) for case in cases]
        self._insert(first)

    def take_over(self, cases: Sequence[WholeCase]) -> int:
        """Keep cases with their whole record; see ``services.ports``."""
        verdicts = self._incidents.take([(whole.case.incident, whole.owner) for whole in cases])
        if Verdict.DIFFERS in verdicts:
            raise Conflict("content_differs")
        fine = {whole.case.incident_id: whole for whole in cases}
        known = self._row_ids(list(fine))
        new = [fine[key] for key in sorted(fine.keys() - known.keys())]
        self._insert([(whole.case, whole.record, whole.change) for whole in new])
        return len(new)

    def _insert(self, cases: Sequence[tuple[NewCase, Sequence[RecordLine], CaseChange | None]]) -> None:
        if not cases:
            return
        for name in ("kind", "component", "reporter", "address", "author"):
            col.require_storable(name, [getattr(case, name) or "" for case, _, _ in cases])
        col.require_storable("photos", [photo for case, _, _ in cases for photo in case.photos])
        for _, record, _ in cases:
            for _, entry, author in record:
                col.require_storable("reason", [author, entry.reason, entry.names, entry.by])
        rows = [
            {
                **{name: getattr(case, name) for name in _FIRST},
                "incident_id": case.incident_id, "version": len(record), "photos": list(case.photos),
                "reported_at": record[0].entry.at, "cell": cell, **_standing(case, change),
            }
            for (case, record, change), cell in zip(
                cases, cells_of([case.lon for case, _, _ in cases], [case.lat for case, _, _ in cases]).tolist(),
                strict=True,
            )
        ]  # fmt: skip
        keys = sa.insert(CaseRow).returning(CaseRow.incident_id, CaseRow.id)
        ids = {row.incident_id: row.id for row in self._work.write(keys, rows)}
        self._work.write(
            sa.insert(CaseEntryRow),
            [_line(ids[case.incident_id], *line) for case, record, _ in cases for line in record],
        )

    def _row_ids(self, keys: list[str]) -> dict[str, int]:
        if not keys:
            return {}
        query = sa.select(CaseRow.incident_id, CaseRow.id)
        rows = self._work.rows(query.where(self._work.backend.one_of(CaseRow.incident_id, keys)))
        return {row[0]: row[1] for row in rows}

    def open_near(
        self, asked: Sequence[tuple[float, float, datetime]], *, metres: float, hours: float
    ) -> list[list[NearCase]]:
        """Give open cases near each point and about its time; see ``services.ports``."""
        found: list[list[NearCase]] = [[] for _ in asked]
        if not asked:
            return found
        backend = self._work.backend
        lon, lat = (np.array([one[k] for one in asked], dtype=np.float64) for k in (0, 1))
        sides = widened(np.column_stack((lon, lat, lon, lat)), metres)
        box, first, last = cells_in(sides)
        moments = np.array([one[2].astimezone(UTC).replace(tzinfo=None) for one in asked], dtype="datetime64[us]")
        apart = np.timedelta64(timedelta(hours=hours))
        times = (moments - apart, moments + apart, moments - apart - _TOLD_BEFORE)
        spans = (backend.time_texts(some[box]) for some in times)
        query = backend.open_cases_in(box.tolist(), first.tolist(), last.tolist(), *spans)
        rows = self._work.rows(query.columns(occurred_at=UtcTime))
        versions = versions_of(self._work, [row.version_id for row in rows])
        x, y = shapely.get_coordinates(backend.geometries_from([row.shape for row in rows])).T
        for row, version, k, e, n in zip(rows, versions, [row.k for row in rows], x.tolist(), y.tolist(), strict=True):
            if sides[k, 0] <= e <= sides[k, 2] and sides[k, 1] <= n <= sides[k, 3]:
                home = None if version is None else version[0]
                found[k].append(
                    NearCase(row.incident_id, e, n, row.category, row.occurred_at, row.component, home, row.grid_code)
                )
        for some in found:
            some.sort()
        return found

    def page(
        self, where: CaseFilter, *, limit: int, after: tuple[datetime, int] | None = None, by_report: bool = False
    ) -> list[CaseLine]:
        """Give cases by what is up next, or by the report, newest first."""
        query = select_lines(self._work.backend).where(*conditions(self._work.backend, where)).limit(limit)
        if by_report:
            query = query.order_by(CaseRow.reported_at.desc(), CaseRow.id.desc())
            if after is not None:
                at, row = after
                query = query.where(
                    CaseRow.reported_at <= at, sa.or_(CaseRow.reported_at < at, CaseRow.id < row)
                )  # fmt: skip
        else:
            query = query.where(CaseRow.queue_at.is_not(None)).order_by(CaseRow.queue_at, CaseRow.id)
            if after is not None:
                at, row = after
                query = query.where(CaseRow.queue_at >= at, sa.or_(CaseRow.queue_at > at, CaseRow.id > row))
        return lines_of(self._work, self._work.rows(query), by_report=by_report)

    def counts(self, where: CaseFilter) -> dict[str, int]:
        """Count open cases by status."""
        query = self._asked(sa.select(*[CaseRow.status, sa.func.count()]), where).where(CaseRow.queue_at.is_not(None))
        return {row[0]: int(row[1]) for row in self._work.rows(query.group_by(CaseRow.status))}

    def count(self, where: CaseFilter) -> int:
        """Count cases."""
        (row,) = self._work.rows(self._asked(sa.select(sa.func.count()), where))
        return int(row[0])

    def _asked(self, query: Any, where: CaseFilter) -> Any:
        query = joined(query) if needs_incident(where) else query.select_from(CaseRow)
        return query.where(*conditions(self._work.backend, where))

    def find(self, case_id: str) -> CaseFile | None:
        """Give a case."""
        if not col.is_storable(case_id):
            return None
        query = select_lines(self._work.backend, whole=True).where(CaseRow.incident_id == case_id)
        rows = self._work.rows(query)
        return file_of(self._work, rows[0]) if rows else None

    def record(self, case_id: str) -> list[RecordLine]:
        """Give the record of a case, oldest first."""
        rows = self._work.rows(
            sa.select(CaseEntryRow.__table__)
            .join(CaseRow, CaseRow.id == CaseEntryRow.case_id)
            .where(CaseRow.incident_id == case_id)
            .order_by(CaseEntryRow.number)
        )
        return [
            RecordLine(r.number, Entry(Act(r.act), r.actor_id, Role(r.role), r.at, r.reason, r.names), r.author)
            for r in rows
        ]

    def hold(self, case_id: str) -> CaseFile | None:
        """Give a case, and keep others from acting on it until the commit."""
        if not col.is_storable(case_id):
            return None
        self._work.begin_writing()
        self._work.rows(sa.select(CaseRow.id).where(CaseRow.incident_id == case_id).with_for_update())
        return self.find(case_id)

    def append(
        self, case_id: str, number: int, entry: Entry, author: str, change: CaseChange, owner: PointOwner
    ) -> None:
        """Write a line of the record of a case, with what it makes of it; see ``services.ports``."""
        self._work.begin_writing()
        query = sa.select(CaseRow.id, CaseRow.version, CaseRow.status).where(CaseRow.incident_id == case_id)
        rows = self._work.rows(query.with_for_update())
        if not rows:
            raise NotFound("case_unknown")
        if rows[0].version != number - 1:
            raise Conflict("case_moved", version=rows[0].version, status=rows[0].status)
        col.require_storable("reason", [author, entry.reason, entry.names, entry.by])
        self._work.write(sa.insert(CaseEntryRow), _line(rows[0].id, number, entry, author))
        values = _changed(change)
        self._work.write(sa.update(CaseRow).where(CaseRow.id == rows[0].id).values(version=number, **values))

    def loads(self, units: Sequence[str], within: Within | None = None) -> dict[str, int]:
        """Count the open cases that lie with each unit."""
        query = self._asked(sa.select(CaseRow.unit, sa.func.count()), CaseFilter(open=True, within=within)).where(
            self._work.backend.one_of(CaseRow.unit, units)
        )
        return {row[0]: int(row[1]) for row in self._work.rows(query.group_by(CaseRow.unit))}

    def frame(self, where: CaseFilter) -> gpd.GeoDataFrame:
        """Give CASES rows, by report and id."""
        return read_frame(self._work, where)


#: What a case is that was only reported.
_REPORTED = dict.fromkeys(_CHANGED) | {
    "status": "reported", "extensions": 0, "returns": 0, "reworks": 0, "appealed": False,
}  # fmt: skip


def _standing(case: NewCase, change: CaseChange | None) -> dict[str, Any]:
    """Give the columns of what became of a case; None: nothing yet."""
    if change is not None:
        return _changed(change)
    due = case.stage_due_at
    return {**_REPORTED, "stage_due_at": due, "queue_at": due or LAST, "risk_at": case.risk_at}


def _changed(change: CaseChange) -> dict[str, Any]:
    return {
        **{name: getattr(change, name) for name in _CHANGED},
        "queue_at": (change.stage_due_at or LAST) if change.open else None,
        "risk_at": change.risk_at if change.open else None,
    }


def _line(case: int, number: int, entry: Entry, author: str) -> dict[str, Any]:
    return {
        "case_id": case, "number": number, "act": entry.act.value, "actor_id": entry.by, "author": author,
        "role": entry.role.value, "at": entry.at, "reason": entry.reason, "names": entry.names,
    }  # fmt: skip
