"""A load into PostGIS: no secondary indexes meanwhile, rows by COPY beside the work on the next batch.

``DROP INDEX`` keeps readers out until its transaction ends, so it has one of its own, which is over at once; ``CREATE
INDEX`` lets them in. If the load comes to nothing, its rows are gone with its transaction and the indexes are made
again; if the process dies, the next one that opens the store makes them (``restore_indexes``).
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from gridmap.errors import StoreUnavailable
from gridmap.store.blobs import Geometries
from gridmap.store.copytext import copy_text
from gridmap.store.loading import NEARLY_EMPTY, Keys
from gridmap.store.tables import BoundarySetRow, FixRow, IncidentRow

log = logging.getLogger("gridmap.store")

#: Tables that are ever loaded.
LOADED: tuple[sa.Table, ...] = (IncidentRow.__table__, FixRow.__table__)  # type: ignore[assignment]

_LOAD_LOCK = 0x6C6F6164  # "load"
#: Readers queue behind a DROP INDEX that waits; it waits no longer than this.
_MOMENT_MS = 50
_SLICE = 1 << 20


class PostgisLoad:
    """See ``loading.Load``."""

    def __init__(self, connection: sa.Connection, table: sa.Table) -> None:
        self.keys: Keys | None = None
        self._connection = connection
        self._table = table
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def add(self, columns: Mapping[str, Sequence[Any]], geometry: Geometries) -> int:
        """Send the rows on their way and come back; what goes wrong with them is raised by ``wait``."""
        names = ", ".join(f'"{c}"' for c in (*columns, "geom"))
        parts = list(copy_text(columns, geometry))
        self.wait()
        statement = f'copy "{self._table.name}"({names}) from stdin'
        self._thread = threading.Thread(target=self._copy, args=(statement, parts), daemon=True)
        self._thread.start()
        return len(geometry)

    def _copy(self, statement: str, parts: list[bytes]) -> None:
        try:
            send(self._connection, statement, parts)
        except BaseException as error:
            self._error = error

    def wait(self) -> None:
        """Wait for the rows on their way."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def finish(self) -> None:
        """Make the indexes again and take new statistics, in the transaction of the load."""
        self.wait()
        self._connection.exec_driver_sql("set local maintenance_work_mem = '256MB'")
        _create_missing(self._connection, self._table)
        self._connection.exec_driver_sql(f'analyze "{self._table.name}"')

    def undo(self, connection: sa.Connection) -> None:
        """Make the indexes again after the rows have gone."""
        if self._thread is not None:
            self._thread.join()
        try:
            with connection.begin():
                _create_missing(connection, self._table)
        except sa.exc.SQLAlchemyError:
            log.warning("indexes of %s are missing until the store is opened again", self._table.name)


def send(connection: sa.Connection, statement: str, parts: Sequence[bytes]) -> None:
    """Run a COPY FROM STDIN."""
    raw = connection.connection.dbapi_connection
    if not isinstance(raw, psycopg.Connection):
        raise StoreUnavailable("store_failed")
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        for part in parts:
            for start in range(0, len(part), _SLICE):
                copy.write(part[start : start + _SLICE])


def begin_load(connection: sa.Connection, table: sa.Table, *, fresh: bool) -> PostgisLoad | None:
    """Make a nearly empty table ready for a load; None where it is not empty, or others are at it.

    Parameters
    ----------
    fresh : bool
        Nothing was written in the open transaction, so that it may be ended.
    """
    if not fresh or table not in LOADED or _holds_many(connection, table):
        return None
    connection.rollback()
    ready = False
    try:
        with connection.begin():
            connection.exec_driver_sql(f"set local lock_timeout = {_MOMENT_MS}")
            names = sorted(secondary_indexes(table).keys() & _present(connection, table))
            if names:
                connection.exec_driver_sql("drop index " + ", ".join(f'"{name}"' for name in names))
        ready = True
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != "55P03":
            raise
    connection.begin()
    if not ready:
        return None
    # sets before points, as who publishes: the other way round, each would wait for the other
    connection.execute(sa.select(BoundarySetRow.id).with_for_update(read=True))
    # others may read, not write: what is new is known, and the indexes can be made without waiting
    connection.exec_driver_sql(f'lock table "{table.name}" in share row exclusive mode')
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOAD_LOCK)))
    return PostgisLoad(connection, table)


def _holds_many(connection: sa.Connection, table: sa.Table) -> bool:
    few = sa.select(table.c.id).limit(NEARLY_EMPTY + 1).subquery()
    return bool(connection.execute(sa.select(sa.func.count()).select_from(few)).scalar_one() > NEARLY_EMPTY)


def secondary_indexes(table: sa.Table) -> dict[str, str]:
    """Give name to CREATE INDEX of all indexes but those of keys."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    found = {str(index.name): str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes}
    name = f"idx_{table.name}_geom"  # GeoAlchemy2's, which it does not list with the table
    return {**found, name: f'create index "{name}" on "{table.name}" using gist (geom)'}


def _present(connection: sa.Connection, table: sa.Table) -> set[str]:
    rows = connection.exec_driver_sql(
        "select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid "
        "where i.indrelid = to_regclass(%s) and i.indisvalid",
        (f'"{table.name}"',),
    )
    return {name for (name,) in rows}


def _create_missing(connection: sa.Connection, table: sa.Table) -> list[str]:
    present = _present(connection, table)
    missing = {name: sql for name, sql in secondary_indexes(table).items() if name not in present}
    for sql in missing.values():
        connection.exec_driver_sql(sql)
    return list(missing)


def restore_indexes(engine: sa.Engine) -> list[str]:
    """Make the indexes that a load left behind when it died; give the tables. One under way is left alone."""
    with engine.connect() as connection:
        if all(secondary_indexes(t).keys() <= _present(connection, t) for t in LOADED):
            return []
    with engine.connect() as connection, connection.begin():
        if not connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_LOAD_LOCK))).scalar_one():
            return []
        return [t.name for t in LOADED if _create_missing(connection, t)]
