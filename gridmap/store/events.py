"""What happened, for those who follow it, as ``services.ports`` asks for it."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.domain.events import OF_SETS, PASSING, PER_ENTRY, Audience, Event, EventKind, Happened
from gridmap.domain.trail import Act
from gridmap.services.ports import EventMark
from gridmap.store import columns as col
from gridmap.store.access_tables import EventMarkRow, EventRow
from gridmap.store.unit_of_work import Work

#: For how long events are kept; who was away for longer reads what there is anew.
KEPT = timedelta(days=7)
#: Old events taken away with each new one at most, so that no writer waits for a large clearing.
_CLEARED = 200
#: Entries of the trail after which what only passes by is taken away.
_PASSED = 1_000
#: Entries between two looks for it.
_NOW_AND_THEN = 100


def write_events(work: Work, acts: Sequence[Act], last: int) -> None:
    """Write the events of acts that were just added to the trail, the last one under number ``last``.

    Whoever does so holds the head of the trail until the commit, so events become visible in the order of their
    numbers: nobody who has read up to one can miss a smaller one.
    """
    rows = [
        _row(number * PER_ENTRY + place, act, event)
        for number, act in enumerate(acts, last - len(acts) + 1)
        for place, event in enumerate(act.events)
    ]
    if not rows:
        return
    col.require_storable("event", [str(row[name] or "") for row in rows for name in ("set_name", "code", "subject")])
    insert = sqlite.insert if work.engine.dialect.name == "sqlite" else postgresql.insert
    if not work.rows(sa.select(EventMarkRow.id)):
        first = insert(EventMarkRow).values(id=1, forgotten_to=0, key=secrets.token_hex(32))
        work.write(first.on_conflict_do_nothing(index_elements=["id"]))
    work.write(sa.insert(EventRow), rows)
    _clear(work, acts[-1], len(rows))
    if last // _NOW_AND_THEN > (last - len(acts)) // _NOW_AND_THEN and any(row["kind"] in PASSING for row in rows):
        _forget_passing(work, last)


def _row(number: int, act: Act, event: Event) -> dict[str, object]:
    return {
        "id": number, "at": act.at, "kind": event.kind.value, "set_name": event.set_name, "code": event.code,
        "subject": event.subject, "count": event.count,
    }  # fmt: skip


def _clear(work: Work, act: Act, added: int) -> None:
    """Take away some of what is too old; looking is one step into the index."""
    before = act.at - KEPT
    oldest = work.rows(sa.select(EventRow.id, EventRow.at).order_by(EventRow.id).limit(1))
    if not oldest or oldest[0].at >= before:
        return
    old = work.rows(sa.select(EventRow.id, EventRow.at).order_by(EventRow.id).limit(_CLEARED + 2 * added))
    last = max(row.id for row in old if row.at < before)
    work.write(sa.delete(EventRow).where(EventRow.id <= last))
    work.write(sa.update(EventMarkRow).values(forgotten_to=last))


def _forget_passing(work: Work, last: int) -> None:
    """Take away what passed by a while ago, along the key; whoever follows has long looked."""
    first, end = (max(0, last - entries) * PER_ENTRY for entries in (2 * _PASSED, _PASSED))
    work.write(sa.delete(EventRow).where(EventRow.id >= first, EventRow.id < end, EventRow.kind.in_(sorted(PASSING))))


class Events:
    """Events in the order in which they were committed."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def page(self, sight: Audience | None, *, after: int, limit: int) -> list[Happened]:
        """Give events after a number that are within sight."""
        query = sa.select(EventRow).where(EventRow.id > after).order_by(EventRow.id).limit(limit)
        if sight is not None:
            query = query.where(sa.or_(self._of_sets(sight), self._of_incidents(sight)))
        return [
            Happened(row.id, row.at, Event(EventKind(row.kind), row.set_name, row.code, row.subject, row.count))
            for row in (found[0] if isinstance(found[0], EventRow) else found for found in self._work.rows(query))
        ]

    def _of_sets(self, sight: Audience) -> sa.ColumnElement[bool]:
        mine = EventRow.kind.in_(sorted(OF_SETS))
        if sight.sets is None:
            return mine
        return sa.and_(mine, self._work.backend.one_of(EventRow.set_name, sorted(sight.sets)))

    def _of_incidents(self, sight: Audience) -> sa.ColumnElement[bool]:
        mine = EventRow.kind.not_in(sorted(OF_SETS | PASSING))
        if sight.incidents is None:
            return mine
        parts: list[sa.ColumnElement[bool]] = [sa.false()]
        for name, codes in sight.incidents:
            asked = EventRow.set_name == name
            inside = None if codes is None else self._work.backend.one_of(EventRow.code, sorted(codes))
            parts.append(asked if inside is None else sa.and_(asked, inside))
        return sa.and_(mine, sa.or_(*parts))

    def newest(self) -> int:
        """Give the number of the last event; 0 where there never was one."""
        (row,) = self._work.rows(sa.select(sa.func.max(EventRow.id)))
        return max(row[0] or 0, self.mark().forgotten_to)

    def mark(self) -> EventMark:
        """Say up to where events were forgotten, and with which key places are sealed."""
        rows = self._work.rows(sa.select(EventMarkRow.forgotten_to, EventMarkRow.key))
        return EventMark(rows[0].forgotten_to, rows[0].key) if rows else EventMark()

    def begin_anew(self) -> None:
        """Forget all events and the key."""
        self._work.write(sa.delete(EventRow))
        self._work.write(sa.delete(EventMarkRow))
