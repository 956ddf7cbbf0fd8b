"""The trail of who did what, as ``services.ports`` asks for it."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.domain.trail import NOTHING, UNREADABLE, Act, Entry, Outcome, canonical, compact, hash_of, written_time
from gridmap.store import columns as col
from gridmap.store.access_tables import TrailHeadRow, TrailRow
from gridmap.store.events import write_events
from gridmap.store.unit_of_work import Work

_COLUMNS = ("at", "action", "outcome", "actor_id", "actor", "subject", "request_id", "detail")
#: Entries read at once.
_PART = 1_000


class Trail:
    """A chain of acts. The row of its head is held by whoever adds, so that there is one order of all entries."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, acts: Sequence[Act]) -> Entry:
        """Add acts in this order; give the last entry. Others who add wait until this unit of work is over."""
        if not acts:
            raise ValueError("no act")
        rows = [written(act) for act in acts]
        number, last = self._hold_head()
        entries = []
        for act, row in zip(acts, rows, strict=True):
            number, last = number + 1, hash_of(number + 1, act, last)
            entries.append({"id": number, **row, "hash": last})
        self._work.write(sa.insert(TrailRow), entries)
        self._work.write(sa.update(TrailHeadRow).values(number=number, hash=last))
        write_events(self._work, acts, number)
        return Entry(number, acts[-1], last)

    def _hold_head(self) -> tuple[int, str]:
        # the row comes with the first entry: a store without entries has no rows
        insert = sqlite.insert if self._work.engine.dialect.name == "sqlite" else postgresql.insert
        first = insert(TrailHeadRow).values(id=1, number=0, hash=NOTHING)
        self._work.write(first.on_conflict_do_nothing(index_elements=["id"]))
        (row,) = self._work.rows(sa.select(TrailHeadRow.number, TrailHeadRow.hash).with_for_update())
        return int(row.number), str(row.hash)

    def head(self) -> tuple[int, str]:
        """Give the number and the hash of the last entry; 0 and the hash of nothing where there is none."""
        rows = self._work.rows(sa.select(TrailHeadRow.number, TrailHeadRow.hash))
        return (int(rows[0].number), str(rows[0].hash)) if rows else (0, NOTHING)

    def entries(self, *, after: int = 0, limit: int | None = None) -> Iterator[Entry]:
        """Give the entries after a number, in order."""
        left = limit
        while left is None or left > 0:
            size = _PART if left is None else min(left, _PART)
            rows = self._work.rows(self._query().where(TrailRow.id > after).order_by(TrailRow.id).limit(size))
            yield from map(_entry, rows)
            if len(rows) < size:
                return
            after = rows[-1].id
            left = None if left is None else left - size

    def page(self, *, before: int | None, limit: int, actor_id: str | None, action: str | None) -> list[Entry]:
        """Give up to ``limit`` entries, newest first, of one account or one action where these are named."""
        query = self._query().order_by(TrailRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(TrailRow.id < before)
        if actor_id is not None:
            query = query.where(TrailRow.actor_id == actor_id)
        if action is not None:
            query = query.where(TrailRow.action == action)
        return [_entry(row) for row in self._work.rows(query)]

    def _query(self) -> sa.Select[Any]:
        columns = [getattr(TrailRow, name) for name in (*_COLUMNS, "hash")]
        if self._work.engine.dialect.name == "sqlite":
            # as bytes: what somebody else has put there need not be text
            columns = [sa.cast(column, sa.LargeBinary).label(column.key) for column in columns]
        return sa.select(TrailRow.id, *columns)


def written(act: Act) -> dict[str, str | None]:
    """Give the columns of an act.

    Raises
    ------
    TextError
        ``text_unstorable``.
    ValueError
        The detail is not plain JSON.
    """
    row = {
        "at": written_time(act.at), "action": act.action, "outcome": act.outcome.value, "actor_id": act.actor_id,
        "actor": act.actor, "subject": act.subject, "request_id": act.request_id,
        "detail": canonical(dict(act.detail)),
    }  # fmt: skip
    for name, value in row.items():
        col.require_storable(name, [value or ""])
    return row


def _entry(row: Any) -> Entry:
    """Read an entry; an act that is not as it would be written is not one."""
    try:
        values = {name: _text(getattr(row, name)) for name in _COLUMNS}
        act = Act(
            datetime.fromisoformat(values["at"] or "").astimezone(UTC), values["action"] or "",
            Outcome(values["outcome"] or ""), values["actor_id"], values["actor"] or "", values["subject"] or "",
            values["request_id"] or "", json.loads(values["detail"] or ""),
        )  # fmt: skip
        # all else is what was read, letter by letter
        readable = (written_time(act.at), compact(dict(act.detail))) == (values["at"], values["detail"])
    except (ValueError, TypeError, OverflowError, RecursionError):
        readable = False
    hashed = row.hash.decode("utf-8", "replace") if isinstance(row.hash, bytes) else str(row.hash)
    return Entry(int(row.id), act if readable else UNREADABLE, hashed)


def _text(value: Any) -> str | None:
    return value.decode("utf-8") if isinstance(value, bytes) else value
