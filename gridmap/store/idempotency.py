"""Requests that were answered, as ``services.ports`` asks for them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.errors import Conflict
from gridmap.services.ports import Answered
from gridmap.store import columns as col
from gridmap.store.access_tables import AnsweredRow
from gridmap.store.unit_of_work import Work

_COLUMNS = ("account_id", "key", "route", "request_hash", "status", "body", "at")


class Idempotency:
    """Answers by the caller and the key that it chose for a request."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def find(self, account_id: str, key: str) -> Answered | None:
        """Give the answer to a request, if there was one."""
        rows = self._work.rows(
            sa.select(*(getattr(AnsweredRow, name) for name in _COLUMNS)).where(
                AnsweredRow.account_id == account_id, AnsweredRow.key == key
            )
        )
        return Answered(*rows[0]) if rows else None

    def add(self, answered: Answered) -> None:
        """Keep an answer (Conflict ``idempotency_key_taken``)."""
        row = {name: getattr(answered, name) for name in _COLUMNS}
        col.require_storable("key", [value for value in row.values() if isinstance(value, str)])
        insert = sqlite.insert if self._work.engine.dialect.name == "sqlite" else postgresql.insert
        # the index of keys makes who comes second wait for the first
        statement = insert(AnsweredRow).values(row).on_conflict_do_nothing().returning(AnsweredRow.id)
        if self._work.write(statement).first() is None:
            raise Conflict("idempotency_key_taken")

    def forget_before(self, at: datetime) -> int:
        """Forget older answers; give how many."""
        return int(self._work.write(sa.delete(AnsweredRow).where(AnsweredRow.at < at)).rowcount)
