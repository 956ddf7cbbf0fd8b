"""Whether what stands beside the record of a case is what the record says."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from gridmap.domain.access import Role
from gridmap.domain.case_clock import milestones
from gridmap.domain.cases import Act, Entry, history_of
from gridmap.errors import GridmapError
from gridmap.store.case_tables import CaseEntryRow, CaseRow

#: Rows of cases, with their records, that are read at once.
_AT_ONCE = 2_000


def cases_that_differ(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    """Give the number of each case that is not what its record says, and the column that differs first.

    Looked at are the status, the unit, the counts, the merge, the times of the loop, whether it stands in the queue,
    and that the record is whole: numbered from one without a hole, and by the rules. The limits are given when a case
    is filed and are no part of its record.
    """
    entries = sa.select(CaseEntryRow.__table__).order_by(CaseEntryRow.case_id, CaseEntryRow.number)
    last = 0
    while True:
        rows = connection.execute(
            sa.select(CaseRow.__table__).where(CaseRow.id > last).order_by(CaseRow.id).limit(_AT_ONCE)
        ).all()
        if not rows:
            return
        first, last = rows[0].id, rows[-1].id
        lines = connection.execute(entries.where(CaseEntryRow.case_id.between(first, last)))
        records = {key: list(some) for key, some in groupby(lines, lambda line: line.case_id)}
        for row in rows:
            differs = _differs(row, records.get(row.id, []))
            if differs is not None:
                yield row.incident_id, differs


def _differs(row: Any, lines: list[Any]) -> str | None:
    """Give the column that differs first; ``record`` where that is no record at all."""
    if [line.number for line in lines] != list(range(1, row.version + 1)):
        return "record"
    try:
        said = _said(lines)
    except (GridmapError, ValueError):
        return "record"
    if (row.queue_at is not None) != said.pop("open"):
        return "queue_at"
    return next((name for name, value in said.items() if getattr(row, name) != value), None)


def _said(lines: list[Any]) -> dict[str, Any]:
    """Read what the record says of each column."""
    record = [Entry(Act(r.act), r.actor_id, Role(r.role), r.at, r.reason, r.names) for r in lines]
    now = history_of(record)[-1]
    return {
        "open": now.is_open,
        "status": now.status.value,
        "unit": now.assignee or None,
        "reported_at": record[0].at,
        **asdict(milestones(record, now)),
        "extensions": now.extensions,
        "returns": now.returns,
        "reworks": now.reworks,
        "appealed": now.appeal_granted,
        "merged_into": now.merged_into or None,
    }
