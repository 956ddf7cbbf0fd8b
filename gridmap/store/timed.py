"""Rows that hold in half-open days: reading those of a day, and changing what holds from a day on."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from gridmap.domain.spans import Span, lay, next_change
from gridmap.errors import NotFound
from gridmap.store.tables import BoundarySetRow
from gridmap.store.unit_of_work import Work

Key = tuple[Hashable, ...]
#: Values in one statement; SQLite takes 32,766.
_PART = 10_000


def holds_at(row: Any, day: date) -> sa.ColumnElement[bool]:
    """Tell whether a row of days holds at a day."""
    found: sa.ColumnElement[bool] = sa.and_(row.valid_from <= day, sa.or_(row.valid_to.is_(None), row.valid_to > day))
    return found


def set_id_for_writing(work: Work, set_name: str) -> int:
    """Begin to write and give the row of a set, so that nobody else changes what hangs on it meanwhile.

    Raises
    ------
    NotFound
        ``set_not_found``.
    """
    work.begin_writing()
    rows = work.rows(sa.select(BoundarySetRow.id).where(BoundarySetRow.name == set_name).with_for_update())
    if not rows:
        raise NotFound("set_not_found")
    return int(rows[0].id)


@dataclass(slots=True)
class Rewriting:
    """Rows to take away, and what shall hold when instead."""

    gone: list[int]
    added: list[tuple[Key, Span]]
    until: date | None


def rewriting(held: Sequence[tuple[int, Key, Span]], wanted: Iterable[Key], start: date) -> Rewriting:
    """Find out how rows become such that, from a day until the next change on record, exactly ``wanted`` holds.

    Parameters
    ----------
    held : sequence of (row id, key, span)
        All rows that are to be considered, whenever they hold.
    wanted : iterable of key
        What shall hold; a key that comes twice shall hold twice.
    """
    until = next_change((span for _, _, span in held), start)
    counts = Counter(wanted)
    rows: Mapping[Key, list[tuple[int, Span]]] = defaultdict(list)
    for row, key, span in held:
        rows[key].append((row, span))
    change = Rewriting([], [], until)
    for key in dict.fromkeys([*rows, *counts]):
        spans = [span for _, span in rows.get(key, ())]
        new = lay(spans, counts[key], start, until)
        if Counter(new) != Counter(spans):
            change.gone += [row for row, _ in rows.get(key, ())]
            change.added += [(key, span) for span in new]
    return change


def delete_rows(work: Work, table: Any, ids: Sequence[int]) -> None:
    """Take rows away by their ids."""
    for start in range(0, len(ids), _PART):
        work.write(sa.delete(table).where(table.id.in_(ids[start : start + _PART])))
