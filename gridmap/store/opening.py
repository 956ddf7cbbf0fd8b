"""Stores opened for a whole job: one connection, one snapshot, no upgrade behind the user's back."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from gridmap.errors import Conflict, StoreUnavailable
from gridmap.store import schema
from gridmap.store.backends import backend_of, parse_url, translated
from gridmap.store.exchange import TableForm

#: How long a statement of a job waits for somebody else's lock.
WAIT_S = 30.0


@contextmanager
def engine_at(url: str | sa.URL) -> Iterator[sa.Engine]:
    """Open a database of a revision that this program knows; what is there stays as it is.

    Raises
    ------
    StoreUnavailable
        As ``open_store``.
    """
    parsed = parse_url(url) if isinstance(url, str) else url
    backend = backend_of(parsed)
    backend.probe(parsed)
    engine = backend.make_engine(parsed, WAIT_S)
    try:
        with translated(backend):
            schema.require_known(engine)
            yield engine
    finally:
        engine.dispose()


@contextmanager
def snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Read as if the store stood still, while others write.

    Raises
    ------
    StoreUnavailable
        ``store_empty``: there is no store yet.
    """
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    if engine.dialect.name == "sqlite":
        options = {}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        if not sa.inspect(connection).has_table("alembic_version"):
            raise StoreUnavailable("store_empty")
        yield connection


def require_current(connection: sa.Connection) -> None:
    """Check that a store has the tables of this program (StoreUnavailable ``store_not_upgraded``)."""
    if schema.revision_in(connection) != schema.revisions()[-1]:
        raise StoreUnavailable("store_not_upgraded")


def require_empty(connection: sa.Connection, forms: list[TableForm]) -> None:
    """Check that no table holds a row (Conflict ``store_not_empty``)."""
    if holds_rows(connection, forms):
        raise Conflict("store_not_empty")


def holds_rows(connection: sa.Connection, forms: list[TableForm]) -> bool:
    """Tell whether any table holds a row."""
    return any(connection.exec_driver_sql(f'select 1 from "{f.name}" limit 1').first() for f in forms)


def file_url(path: object) -> sa.URL:
    """Give the URL of an embedded store by its file name, whatever characters that has."""
    return sa.URL.create("sqlite", database=str(path))
