"""Lists, pages and frames of cases: what is selected, and what is made of the rows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import sqlalchemy as sa

from gridmap.services.ports import CaseFile, CaseFilter, CaseLine
from gridmap.store import columns as col
from gridmap.store.bbox import bbox_hits
from gridmap.store.case_tables import CaseEntryRow, CaseRow
from gridmap.store.points import owned_within, transposed
from gridmap.store.tables import IncidentRow
from gridmap.store.unit_of_work import Work
from gridmap.store.version_keys import versions_of

#: Where an open case stands in the queue that has nothing due.
LAST = datetime(9999, 1, 1, tzinfo=UTC)

_OF_CASE = (
    "status", "version", "kind", "emergency", "reported_at", "stage_due_at", "unit", "proposed", "component", "address",
    "extensions", "returns", "reworks", "merged_into", "risk_at",
)  # fmt: skip
_OF_INCIDENT = ("category", "channel", "occurred_at", "grid_code")
_OF_FILE = ("photos", "reporter", "accuracy_m", "rule", "handling_limit", "due_at")
_TIMES = ("reported_at", "filed_at", "dispatched_at", "handled_at", "closed_at", "due_at")
_REST = ("kind", "emergency", "status", "unit", "returns", "reworks", "appealed", "merged_into", "component")


def joined(query: sa.Select[Any]) -> sa.Select[Any]:
    """Join cases to their incidents."""
    return query.select_from(CaseRow).join(IncidentRow, IncidentRow.incident_id == CaseRow.incident_id)


def select_lines(backend: ModuleType, *, whole: bool = False) -> sa.Select[Any]:
    """Select what ``lines_of`` reads; with ``whole`` what ``files_of`` reads."""
    columns: list[Any] = [
        CaseRow.id,
        CaseRow.incident_id,
        CaseRow.queue_at,
        IncidentRow.version_id,
        backend.geometry_out(IncidentRow.geom).label("shape"),
        *(getattr(CaseRow, name) for name in _OF_CASE),
        *(getattr(IncidentRow, name) for name in _OF_INCIDENT),
    ]
    if whole:
        columns += [IncidentRow.note, *(getattr(CaseRow, name) for name in _OF_FILE)]
    return joined(sa.select(*columns))


def lines_of(work: Work, rows: Sequence[Any], *, by_report: bool = False) -> list[CaseLine]:
    """Make lines of rows."""
    places = work.backend.geometries_from([row.shape for row in rows])
    versions = versions_of(work, [row.version_id for row in rows])
    found = []
    for row, place, version in zip(rows, places, versions, strict=True):
        values = {name: getattr(row, name) for name in (*_OF_CASE, *_OF_INCIDENT)}
        set_name = None if version is None else version[0]
        key = (row.reported_at if by_report else row.queue_at or LAST, row.id)
        found.append(CaseLine(case_id=row.incident_id, place=place, set_name=set_name, key=key, **values))
    return found


def file_of(work: Work, row: Any) -> CaseFile:
    """Make a file of a row."""
    values = {name: getattr(row, name) for name in _OF_FILE} | {"photos": tuple(row.photos)}
    return CaseFile(line=lines_of(work, [row])[0], note=row.note, **values)


def needs_incident(where: CaseFilter) -> bool:
    """Tell whether a filter asks for something that stands with the incident."""
    asked = (where.categories, where.grid_code, where.channel, where.bbox, where.within)
    return any(one is not None for one in asked)


def conditions(backend: ModuleType, where: CaseFilter) -> list[sa.ColumnElement[bool]]:
    """Give what a filter asks for."""
    found: list[sa.ColumnElement[bool]] = []
    names: tuple[str, ...] | None
    column: Any
    for column, names in ((CaseRow.status, where.statuses), (IncidentRow.category, where.categories),
                          (CaseRow.incident_id, where.ids)):  # fmt: skip
        if names is not None:
            found.append(backend.one_of(column, names))
    for column, value in ((IncidentRow.grid_code, where.grid_code), (CaseRow.unit, where.unit),
                          (IncidentRow.channel, where.channel)):  # fmt: skip
        if value is not None:
            found.append(column == value)
    if where.start is not None:
        found.append(CaseRow.reported_at >= where.start)
    if where.end is not None:
        found.append(CaseRow.reported_at < where.end)
    if where.open is not None:
        # those that are over are nearly all: SQLite must not gather and sort them by this index
        queued = CaseRow.queue_at if where.open else backend.unindexed(CaseRow.queue_at)
        found.append(queued.is_not(None) if where.open else queued.is_(None))
    if where.due_from is not None:
        found.append(CaseRow.queue_at >= where.due_from)
    if where.due_before is not None:
        found.append(CaseRow.queue_at < where.due_before)
    if where.risk_before is not None:
        found.append(CaseRow.risk_at <= where.risk_before)
    if where.acted_from is not None or where.acted_before is not None:
        lines = sa.select(CaseEntryRow.case_id)
        if where.acted_from is not None:
            lines = lines.where(CaseEntryRow.at >= where.acted_from)
        if where.acted_before is not None:
            lines = lines.where(CaseEntryRow.at < where.acted_before)
        found.append(CaseRow.id.in_(lines))
    if where.bbox is not None:
        found.append(bbox_hits(IncidentRow.geom, *where.bbox))
    if where.text is not None:
        wanted = where.text.lower()
        texts = (CaseRow.incident_id, CaseRow.address, CaseRow.unit)
        found.append(sa.or_(*(sa.func.lower(c).contains(wanted, autoescape=True) for c in texts)))
    return found + owned_within(backend, IncidentRow, where.within)


def read_frame(work: Work, where: CaseFilter) -> gpd.GeoDataFrame:
    """Read CASES rows."""
    backend = work.backend
    query = joined(
        sa.select(
            CaseRow.incident_id,
            IncidentRow.category,
            IncidentRow.channel,
            IncidentRow.grid_code,
            *(getattr(CaseRow, name) for name in _REST),
            *(backend.time_out(getattr(CaseRow, name)) for name in _TIMES),
            backend.geometry_out(IncidentRow.geom),
        )
    ).where(*conditions(backend, where))
    rows = work.rows(query.order_by(CaseRow.reported_at, CaseRow.incident_id))
    values = transposed(rows, 5 + len(_REST) + len(_TIMES))
    key, category, channel, grid, *others = values
    rest = dict(zip((*_REST, *_TIMES), others, strict=False))
    columns: dict[str, Any] = {
        "case_id": col.text_array(key),
        "category": col.text_array(category),
        "channel": col.text_array(channel),
        "grid_code": col.text_array(grid),
        **{name: col.text_array(rest[name]) for name in ("kind", "status", "unit", "merged_into", "component")},
        "emergency": np.array(rest["emergency"], dtype=bool),
        "returns": np.array(rest["returns"], dtype=np.int64),
        "reworks": np.array(rest["reworks"], dtype=np.int64),
        "deferred": np.array([s == "suspended" for s in rest["status"]], dtype=bool),
        "appealed": np.array(rest["appealed"], dtype=bool),
        **{name: _times(backend, rest[name]) for name in _TIMES},
    }
    return col.frame_of(columns, backend.geometries_from(others[-1]))


def _times(backend: ModuleType, values: Sequence[Any]) -> pd.DatetimeIndex:
    """Read times of which some are missing."""
    there = np.array([v is not None for v in values], dtype=bool)
    found = np.full(len(there), np.datetime64("NaT", "us"))
    if there.any():
        kept = backend.times_from([v for v in values if v is not None])
        found[there] = kept.tz_localize(None).to_numpy("datetime64[us]")
    return pd.DatetimeIndex(found).tz_localize("UTC")
