"""What a backup says of itself: when it was taken, of which revision, and the digest of every table."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from gridmap.errors import StoreUnavailable
from gridmap.store import schema
from gridmap.store.digest import TableDigest, digests
from gridmap.store.exchange import count_rows, forms_of
from gridmap.store.progress import Show, unseen

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of a backup.

    Attributes
    ----------
    revision : str
        Revision of the schema.
    taken_at : datetime
        UTC.
    tables : tuple of TableDigest
    place : str
        Schema of the tables; empty in an embedded store.
    sha256 : str
        Of the dump that this stands behind; empty in an embedded store.
    """

    revision: str
    taken_at: datetime
    tables: tuple[TableDigest, ...]
    place: str = ""
    sha256: str = ""

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)

    def to_text(self) -> str:
        """Write it as JSON."""
        return json.dumps(
            {
                "format": _FORMAT,
                "revision": self.revision,
                "taken_at": self.taken_at.isoformat(),
                "tables": [table.to_json() for table in self.tables],
                "place": self.place,
                "sha256": self.sha256,
            }
        )

    @staticmethod
    def from_text(text: str | bytes) -> "Manifest":
        """Read what ``to_text`` wrote.

        Raises
        ------
        StoreUnavailable
            ``backup_damaged``; ``backup_newer``: of a later program.
        """
        try:
            value: dict[str, Any] = json.loads(text)
            if value["format"] != _FORMAT or value["revision"] not in schema.revisions():
                raise StoreUnavailable("backup_newer")
            return Manifest(
                value["revision"],
                datetime.fromisoformat(value["taken_at"]),
                tuple(TableDigest.from_json(table) for table in value["tables"]),
                value["place"],
                value["sha256"],
            )
        except (ValueError, KeyError, TypeError):
            raise StoreUnavailable("backup_damaged") from None


def describe(connection: sa.Connection, show: Show, *, place: str = "") -> Manifest:
    """Read a whole store on the snapshot that a connection sees."""
    revision = schema.revision_in(connection)
    if revision is None:
        raise StoreUnavailable("store_empty")
    forms = forms_of(connection)
    with show("read", count_rows(connection, forms)) as move:
        return Manifest(revision, datetime.now(UTC), tuple(digests(connection, forms, move)), place)


def differing(connection: sa.Connection, tables: Sequence[TableDigest], show: Show | None = None) -> list[str]:
    """Read tables again; give the names of those that are not as they should be."""
    if show is None:
        found = digests(connection, [t.form for t in tables], unseen)
    else:
        with show("verify", sum(t.rows for t in tables)) as move:
            found = digests(connection, [t.form for t in tables], move)
    return [want.name for want, got in zip(tables, found, strict=True) if want != got]
