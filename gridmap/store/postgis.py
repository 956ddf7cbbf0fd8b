"""The server store: PostgreSQL with PostGIS through psycopg 3. Same function names as ``geopackage.py``."""

import re
import select
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import shapely
import sqlalchemy as sa

from gridmap.errors import StoreUnavailable
from gridmap.services.ports import StoreMode, Subject
from gridmap.store import pgload
from gridmap.store.blobs import Geometries
from gridmap.store.copytext import copy_text
from gridmap.store.loading import Load
from gridmap.store.tables import SRID, JsonText, UtcTime, stamp_of

#: It answers over a network.
LOCAL = False
BEGIN_WRITING = "BEGIN"
#: The server keeps statistics of places and decides itself which index leads.
CHOOSES_BY_COUNTING = False

_OLDEST_SERVER = 140_000
_OLDEST_POSTGIS = [3, 3]

#: So many points are added in one statement; more go through COPY.
_FEW = 2_000

_SCHEMA_LOCK = 0x677269646D6170  # "gridmap"


def make_engine(url: sa.URL, wait_s: float) -> sa.Engine:
    """Make the engine for a server; no connection is made yet."""
    options = f"-c timezone=UTC -c lock_timeout={int(wait_s * 1000)} -c client_encoding=UTF8"
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"options": options, "connect_timeout": max(2, int(wait_s)), "prepare_threshold": 3},
        pool_size=10,
        max_overflow=40,
        pool_timeout=wait_s,
        pool_use_lifo=True,  # the ones used of late have the statements prepared
        hide_parameters=True,
    )

    @sa.event.listens_for(engine, "checkin")
    def _note(_connection: Any, record: Any) -> None:
        record.info[_LAID_DOWN] = time.monotonic()

    @sa.event.listens_for(engine, "checkout")
    def _look(connection: psycopg.Connection, record: Any, _proxy: object) -> None:
        idle = time.monotonic() - record.info.get(_LAID_DOWN, time.monotonic())
        if not _answers(connection, idle):
            raise sa.exc.InvalidatePoolError  # the pool makes a new one, and so for all that are as old

    return engine


#: When a connection went back to the pool.
_LAID_DOWN = "laid_down"
#: Seconds after which an idle connection is asked whether it still is one. Sooner it is enough to look: a server that
#: ends says so, or its end of the line is closed.
_ASKED_AFTER_S = 5.0


def _answers(connection: psycopg.Connection, idle_s: float) -> bool:
    """Tell whether a pooled connection can be used; without a word to the server where it was used of late."""
    try:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        if idle_s < _ASKED_AFTER_S and not poll.poll(0):
            return True
        # something came that nobody asked for: mostly the end
        connection.execute("")
        connection.rollback()
    except (psycopg.Error, OSError, ValueError):
        return False
    return True


def begin_reading(connection: sa.Connection) -> None:
    """Let each statement be a transaction of its own: read committed promises no more, and it saves two journeys."""
    if "isolation_level" not in connection.get_execution_options():
        connection.execution_options(isolation_level="AUTOCOMMIT")


def begin_writing(connection: sa.Connection) -> None:
    """Begin a transaction."""
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        connection.execution_options(isolation_level="READ COMMITTED")
    connection.begin()


def probe(url: sa.URL) -> None:
    """Nothing to look at before connecting."""
    if not url.database:
        raise StoreUnavailable("store_url")


def code_of(error: BaseException | None) -> str:
    """Give the error code for what the driver raised."""
    state = getattr(error, "sqlstate", None) or ""
    for start, code in (
        ("55P03", "store_locked"),
        ("40", "store_locked"),
        ("53100", "store_full"),
        ("53", "store_busy"),
        ("25006", "store_read_only"),
        ("42501", "store_forbidden"),
        ("28", "store_forbidden"),
        ("3D", "store_unreachable"),
        ("57", "store_unreachable"),
        ("08", "store_unreachable"),
        ("58P01", "store_no_postgis"),
        ("0A000", "store_no_postgis"),
        ("XX00", "store_damaged"),
    ):
        if state.startswith(start):
            return code
    if not state and isinstance(error, psycopg.OperationalError):
        return "store_unreachable"
    return "store_failed"


def require_fit(engine: sa.Engine) -> None:
    """Check that the server and its PostGIS are of versions that this program knows.

    Raises
    ------
    StoreUnavailable
        ``store_server_old``, ``store_no_postgis``.
    """
    with engine.connect() as connection:
        server, extension = connection.exec_driver_sql(
            "select current_setting('server_version_num')::int, coalesce("
            "(select extversion from pg_extension where extname = 'postgis'), "
            "(select default_version from pg_available_extensions where name = 'postgis'))"
        ).one()
    if extension is None:
        raise StoreUnavailable("store_no_postgis")
    parts = [int(digits) for digits in re.findall(r"\d+", extension)[:2]]
    if server < _OLDEST_SERVER or parts < _OLDEST_POSTGIS:
        raise StoreUnavailable("store_server_old")


def weaknesses(engine: sa.Engine) -> tuple[str, ...]:
    """Name the settings of the server by which something committed may be lost, or the whole database be damaged.

    ``fsync`` and ``full_page_writes`` off: a power cut may leave a damaged database. ``synchronous_commit`` off: the
    last moments before it are lost although they were acknowledged.
    """
    names = ("fsync", "full_page_writes", "synchronous_commit")
    with engine.connect() as connection:
        values = connection.exec_driver_sql(f"select {', '.join(f'current_setting({n!r})' for n in names)}").one()
    return tuple(name for name, value in zip(names, values, strict=True) if value == "off")


def lock_schema(connection: sa.Connection) -> None:
    """Keep other processes from migrating at the same time; released with the transaction."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))


def prepare_schema(connection: sa.Connection) -> None:
    """Make ready for the tables: the extension postgis."""
    connection.exec_driver_sql("create extension if not exists postgis")


def finish_schema(connection: sa.Connection, plain: Sequence[str]) -> None:
    """Nothing to add: PostGIS keeps its lists itself."""


def forget_schema(connection: sa.Connection, plain: Sequence[str]) -> None:
    """Nothing to take away: PostGIS keeps its lists itself."""


def repair(engine: sa.Engine) -> list[str]:
    """Make the indexes that a load left behind when it died; else the server keeps them whoever writes."""
    return pgload.restore_indexes(engine)


def after_commit(connection: sa.Connection) -> None:
    """Nothing to do: the server folds its own log."""


def mode(engine: sa.Engine) -> StoreMode:
    """Say whether the server takes writes: it may be a standby, or set to read-only; its disk it does not show."""
    with engine.connect() as connection:
        reads_only = connection.exec_driver_sql(
            "select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean"
        ).scalar_one()
    return StoreMode.READ_ONLY if reads_only else StoreMode.WRITABLE


class Watch:
    """Sees that somebody committed: a snapshot tells which transactions are seen, so equal ones see the same data.

    A commit to another database of the same server is taken for one, too; that costs time, never truth.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def revision(self, of: Subject) -> str:
        """Give a text that every commit changes, or every commit about one subject."""
        query = "select cast(pg_current_snapshot() as text)" if of == "all" else stamp_of(of)
        with self._engine.connect() as connection:
            return str(connection.exec_driver_sql(query).scalar_one())

    def close(self) -> None:
        """Nothing to close: the connection is one of the engine's."""


def geometry_out(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Select a geometry column as the bytes that ``geometries_from`` reads."""
    return sa.type_coerce(sa.func.ST_AsBinary(column), sa.LargeBinary)


def geometries_from(values: Sequence[bytes]) -> Geometries:
    """Read what ``geometry_out`` selected."""
    return shapely.force_2d(shapely.from_wkb(np.array(values, dtype=object)))


def time_out(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Select a time as what ``times_from`` reads: microseconds since 1970."""
    return sa.cast(sa.extract("epoch", column) * 1_000_000, sa.BigInteger)


def times_from(values: Sequence[Any]) -> pd.DatetimeIndex:
    """Read what ``time_out`` selected, as UTC with microseconds."""
    return pd.DatetimeIndex(np.array(values, dtype=np.int64).astype("datetime64[us]")).tz_localize("UTC")


def time_texts(values: np.ndarray) -> list[str]:
    """Write ``datetime64[us]`` (UTC) as text."""
    found: list[str] = np.char.add(np.datetime_as_string(values, unit="us"), "Z").tolist()
    return found


def one_of(column: sa.ColumnElement[Any], values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Tell whether a text column is among values, however many: one parameter for all."""
    return column == sa.func.any(sa.bindparam(None, list(values), type_=sa.ARRAY(sa.Text)))


def open_cases_in(
    number: list[int], first: list[int], last: list[int], since: list[str], until: list[str], told: list[str]
) -> sa.TextClause:
    """Select (number of the question, what ``NearCase`` says) of open cases in a run of cells and a span of
    time; they were reported at ``told`` at the earliest, which the index knows."""
    return sa.text(
        "SELECT a.k, c.incident_id, i.category, i.occurred_at, c.component, i.version_id, i.grid_code, "
        "ST_AsBinary(i.geom) AS shape FROM unnest(CAST(:number AS int[]), CAST(:first AS int8[]), "
        "CAST(:last AS int8[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[]), "
        "CAST(:told AS timestamptz[])) "
        "AS a (k, first, last, since, until, told) "
        "JOIN case_file AS c ON c.cell BETWEEN a.first AND a.last AND c.reported_at >= a.told "
        "AND c.queue_at IS NOT NULL "
        "JOIN incident AS i ON i.incident_id = c.incident_id AND i.occurred_at BETWEEN a.since AND a.until"
    ).bindparams(number=number, first=first, last=last, since=since, until=until, told=told)


def unindexed(column: Any) -> Any:
    """Give the column itself: the server knows from its statistics which index serves."""
    return column


def insert(
    connection: sa.Connection, table: sa.Table, columns: Mapping[str, Sequence[Any]], geometry: Geometries
) -> int:
    """Add rows; those whose key is there already stay out. Give the number of the new ones."""
    if len(geometry) <= _FEW and (shapely.get_type_id(geometry) == 0).all():
        return _insert_few(connection, table, columns, geometry)
    names = ", ".join(f'"{c}"' for c in (*columns, "geom"))
    stage = f"stage_{table.name}"
    connection.exec_driver_sql(
        f'create temp table "{stage}" on commit drop as select {names} from "{table.name}" with no data'
    )
    pgload.send(connection, f'copy "{stage}"({names}) from stdin', list(copy_text(columns, geometry)))
    added = connection.exec_driver_sql(
        f'insert into "{table.name}"({names}) select {names} from "{stage}" on conflict do nothing'
    ).rowcount
    connection.exec_driver_sql(f'drop table "{stage}"')
    return int(added)


def _insert_few(
    connection: sa.Connection, table: sa.Table, columns: Mapping[str, Sequence[Any]], points: Geometries
) -> int:
    """Add a few points in one statement, an array a column."""
    names = ", ".join(f'"{c}"' for c in (*columns, "geom"))
    arrays = ", ".join(f"%s::{_array_type(table.c[c].type)}" for c in columns)
    fields = ", ".join(f"c{i}" for i in range(len(columns)))
    query = (
        f'insert into "{table.name}"({names}) select {fields}, ST_SetSRID(ST_MakePoint(x, y), {SRID}) '
        f"from unnest({arrays}, %s::float8[], %s::float8[]) as u({fields}, x, y) on conflict do nothing"
    )
    values = [list(v) for v in columns.values()]
    places = [shapely.get_x(points).tolist(), shapely.get_y(points).tolist()]
    return int(connection.exec_driver_sql(query, (*values, *places)).rowcount)


def _array_type(kind: sa.types.TypeEngine[Any]) -> str:
    if isinstance(kind, UtcTime):
        return "timestamptz[]"
    if isinstance(kind, JsonText):
        return "json[]"
    if isinstance(kind, sa.Date):
        return "date[]"
    if isinstance(kind, sa.Integer):
        return "int8[]"
    return "float8[]" if isinstance(kind, sa.Float) else "text[]"


def begin_load(connection: sa.Connection, table: sa.Table, *, fresh: bool) -> Load | None:
    """Make a nearly empty table ready for a load; None where it is not empty, or the transaction holds something."""
    return pgload.begin_load(connection, table, fresh=fresh)


def after_delete(connection: sa.Connection, table: sa.Table) -> None:
    """Nothing to do: the server keeps its own statistics."""
