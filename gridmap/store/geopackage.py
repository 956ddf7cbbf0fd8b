"""The embedded store: one SQLite file that is a GeoPackage, opened by the standard library's sqlite3 alone.

Same function names as ``postgis.py``. WAL with full synchronisation; readers see a snapshot and never wait; a unit of
work that writes takes the one write lock at its first write.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy import event

from gridmap.errors import StoreUnavailable
from gridmap.services.ports import StoreMode, Subject
from gridmap.store import functions, gpkgload, rtree
from gridmap.store.blobs import Geometries, decode, encode
from gridmap.store.gpkgfile import code_of as code_of
from gridmap.store.gpkgfile import connect, is_writable, require_durable, use_wal
from gridmap.store.gpkgfile import probe as probe
from gridmap.store.loading import Load
from gridmap.store.tables import FEATURE_TABLES, stamp_of

#: It lies in this machine.
LOCAL = True
BEGIN_WRITING = "BEGIN IMMEDIATE"
#: SQLite keeps no statistics of places: which index leads, we decide.
CHOOSES_BY_COUNTING = True

#: From this many rows on, the index is filled by hand instead of by triggers that call Python for each row.
_BULK = 500
#: The log is folded into the file when it is larger than this.
_LOG_BYTES = 4_000_000
#: In what is known of a connection: the file could not be written when it was opened.
_ONLY_READS = "gridmap_only_reads"
#: How long to wait for a lock to see whether something was committed.
_WATCH_S = 5.0
#: With less room than this on its disk a store is full: a change is first written to the log beside the file.
_ROOM_BYTES = 1_000_000


def make_engine(url: sa.URL, wait_s: float) -> sa.Engine:
    """Make the engine for a file; it is not opened yet."""
    path = Path(str(url.database))
    engine = sa.create_engine(
        url,
        creator=lambda: connect(path, wait_s),
        pool_size=10,
        max_overflow=40,
        pool_timeout=wait_s,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver's guess
        record.info[_ONLY_READS] = not is_writable(path)
        if not record.info[_ONLY_READS]:
            use_wal(connection, wait_s)
        # Checkpoints are ours alone (see after_commit): before SQLite 3.51.3 an automatic one may hit a writer.
        for setting in ("synchronous=full", "foreign_keys=on", "wal_autocheckpoint=0", "cache_size=-16384",
                        "temp_store=memory", "cell_size_check=on"):  # fmt: skip
            connection.execute(f"pragma {setting}")
        if not record.info[_ONLY_READS]:
            require_durable(connection)
        functions.install(connection)

    @event.listens_for(engine, "checkout")
    def _look_again(_connection: sqlite3.Connection, record: Any, _proxy: object) -> None:
        # opened while the file took no writes; now it does: the pool makes a new one
        if record.info[_ONLY_READS] and is_writable(path):
            raise sa.exc.DisconnectionError

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("gridmap_begin", "BEGIN"))

    return engine


def weaknesses(engine: sa.Engine) -> tuple[str, ...]:
    """Name the settings by which something committed may be lost: none, for each connection was checked."""
    return ()


def require_fit(engine: sa.Engine) -> None:
    """Nothing to ask: SQLite comes with Python."""


def lock_schema(connection: sa.Connection) -> None:
    """Keep other processes from migrating at the same time: the write lock, which BEGIN IMMEDIATE has taken."""


def prepare_schema(connection: sa.Connection) -> None:
    """Make ready for the tables: the metadata of a GeoPackage."""
    rtree.create_metadata(_raw(connection))


def finish_schema(connection: sa.Connection, plain: Sequence[str]) -> None:
    """List new tables without geometry."""
    rtree.register_attributes(_raw(connection), plain)


def forget_schema(connection: sa.Connection, plain: Sequence[str]) -> None:
    """Take tables without geometry off the lists before they are dropped."""
    rtree.unregister_attributes(_raw(connection), plain)


def repair(engine: sa.Engine) -> list[str]:
    """Put right what another program left behind: R-trees, extents and times; give the tables that were touched."""
    with engine.connect() as connection:
        stale = [t for t in FEATURE_TABLES if rtree.is_stale(_raw(connection), t, "geom")]
    if not stale:
        return []
    with engine.connect().execution_options(gridmap_begin=BEGIN_WRITING) as connection, connection.begin():
        for table in stale:
            _normalise_times(_raw(connection), table)
            rtree.rebuild(_raw(connection), table, "geom")
    return stale


def _normalise_times(connection: sqlite3.Connection, table: str) -> None:
    """Bring times that another program wrote (any ISO 8601 form; without a zone they are UTC) to our fixed width."""
    column = {"incident": "occurred_at", "patrol_fix": "fixed_at"}.get(table)
    if column is None:
        return
    digits = "[0-9]"
    ours = f"{digits * 4}-{digits * 2}-{digits * 2}T{digits * 2}:{digits * 2}:{digits * 2}.{digits * 6}Z"
    rows = connection.execute(f'select id, "{column}" from "{table}" where "{column}" not glob ?', (ours,)).fetchall()
    if not rows:
        return
    ids, values = zip(*rows, strict=True)
    try:
        moments = pd.to_datetime(pd.Series(values, dtype=object), utc=True, format="ISO8601")
    except (ValueError, TypeError):
        raise StoreUnavailable("store_damaged") from None
    texts = time_texts(moments.dt.tz_localize(None).to_numpy("datetime64[us]"))
    connection.executemany(f'update "{table}" set "{column}" = ? where id = ?', zip(texts, ids, strict=True))


def after_commit(connection: sa.Connection) -> None:
    """Fold the log into the file when it has grown; never waits for readers."""
    log = Path(f"{connection.engine.url.database}-wal")
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        raw = _raw(connection)
        (wait,) = raw.execute("pragma busy_timeout").fetchone()
        raw.execute("pragma busy_timeout=0")
        # TRUNCATE holds the write lock, so that nobody writes meanwhile.
        raw.execute("pragma wal_checkpoint(truncate)").fetchall()
        raw.execute(f"pragma busy_timeout={wait}")


def mode(engine: sa.Engine) -> StoreMode:
    """Say whether the file takes writes: its permissions, its mount, and the room on its disk."""
    path = Path(str(engine.url.database))
    if not is_writable(path):
        return StoreMode.READ_ONLY
    space = os.statvfs(path.parent)
    return StoreMode.FULL if space.f_bavail * space.f_frsize < _ROOM_BYTES else StoreMode.WRITABLE


class Watch:
    """Sees that somebody committed, in this process or another, whatever program it was.

    SQLite counts for a connection what others have committed; this one never writes, so to it everybody is another.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        #: The stamp of a subject, and the revision of all that it was read after.
        self._stamps: dict[Subject, tuple[int, str]] = {}

    def revision(self, of: Subject) -> int | str:
        """Give a value that every commit changes, or every commit about one subject."""
        with self._lock:
            if self._connection is None:
                self._connection = connect(Path(str(self._engine.url.database)), _WATCH_S)
                self._connection.isolation_level = None
            number = int(self._connection.execute("pragma data_version").fetchone()[0])
            if of == "all":
                return number
            known = self._stamps.get(of)
            if known is None or known[0] != number:
                # read after the number: what is committed in between shows by the next number at the latest
                known = self._stamps[of] = number, str(self._connection.execute(stamp_of(of)).fetchone()[0])
            return known[1]

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def geometry_out(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Select a geometry column as the bytes that ``geometries_from`` reads."""
    return sa.type_coerce(column, sa.LargeBinary)


def geometries_from(values: Sequence[bytes]) -> Geometries:
    """Read what ``geometry_out`` selected."""
    return decode(values)


def time_out(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Select a time as what ``times_from`` reads."""
    return sa.type_coerce(column, sa.Text)


def times_from(values: Sequence[Any]) -> pd.DatetimeIndex:
    """Read what ``time_out`` selected, as UTC with microseconds."""
    # All have one width and end in Z, which numpy does not read.
    bare = np.array(values, dtype="U27").astype("U26") if len(values) else np.array([], dtype="U26")
    return pd.DatetimeIndex(bare.astype("datetime64[us]")).tz_localize("UTC")


def time_texts(values: np.ndarray) -> list[str]:
    """Write ``datetime64[us]`` (UTC) as text of fixed width."""
    found: list[str] = np.char.add(np.datetime_as_string(values, unit="us"), "Z").tolist()
    return found


def one_of(column: sa.ColumnElement[Any], values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Tell whether a text column is among values, however many: one parameter for all."""
    rows = sa.func.json_each(sa.bindparam(None, list(values), type_=sa.JSON)).table_valued("value")
    return column.in_(sa.select(rows.c.value))


def open_cases_in(
    number: list[int], first: list[int], last: list[int], since: list[str], until: list[str], told: list[str]
) -> sa.TextClause:
    """Select (number of the question, what ``NearCase`` says) of open cases in a run of cells and a span of
    time; they were reported at ``told`` at the earliest, which the index knows."""
    asked = list(zip(number, first, last, since, until, told, strict=True))
    # CROSS JOIN keeps SQLite to this order: each run is one walk through the index of open cases
    return sa.text(
        "WITH a (k, first, last, since, until, told) AS MATERIALIZED (SELECT value ->> 0, value ->> 1, value ->> 2, "
        "value ->> 3, value ->> 4, value ->> 5 FROM json_each(:asked)) "
        "SELECT a.k, c.incident_id, i.category, i.occurred_at, c.component, i.version_id, i.grid_code, "
        "i.geom AS shape FROM a CROSS JOIN case_file AS c ON c.cell BETWEEN a.first AND a.last "
        "AND c.reported_at >= a.told AND c.queue_at IS NOT NULL "
        "CROSS JOIN incident AS i ON i.incident_id = c.incident_id AND i.occurred_at BETWEEN a.since AND a.until"
    ).bindparams(asked=json.dumps(asked))


def unindexed(column: Any) -> sa.ColumnElement[Any]:
    """Give a column for a condition that must not choose the index, where SQLite would guess a window too narrow."""
    plain: sa.ColumnElement[Any] = sa.sql.expression.UnaryExpression(
        sa.inspect(column).expression, operator=sa.sql.operators.custom_op("+"), type_=column.type
    )
    return plain


def insert(
    connection: sa.Connection, table: sa.Table, columns: Mapping[str, Sequence[Any]], geometry: Geometries
) -> int:
    """Add rows; those whose key is there already stay out. Give the number of the new ones.

    The write lock is held, so that ids follow the largest one and nobody else can add.
    """
    raw = _raw(connection)
    n = len(geometry)
    (top,) = raw.execute(f'select ifnull(max(id), 0) from "{table.name}"').fetchone()
    ids = range(top + 1, top + 1 + n)
    names = ", ".join(f'"{c}"' for c in ("id", *columns, "geom"))
    marks = ", ".join("?" * (len(columns) + 2))
    bulk = n >= _BULK
    trigger = f"rtree_{table.name}_geom_insert"
    if bulk:
        raw.execute(f'drop trigger "{trigger}"')
    before = raw.total_changes
    raw.executemany(
        f'insert into "{table.name}"({names}) values({marks})',
        zip(ids, *columns.values(), encode(geometry), strict=True),
    )
    if bulk:
        rtree.fill(raw, table.name, "geom", ids, shapely.bounds(geometry)[:, [0, 2, 1, 3]])
        rtree.create(raw, table.name, "geom")
    x0, y0, x1, y1 = shapely.total_bounds(geometry).tolist()
    rtree.widen(raw, table.name, (x0, y0, x1, y1))
    return n if raw.total_changes > before else 0


def begin_reading(connection: sa.Connection) -> None:
    """Nothing to do: a transaction that reads sees one snapshot."""


def begin_writing(connection: sa.Connection) -> None:
    """Take the one write lock."""
    connection.execution_options(gridmap_begin=BEGIN_WRITING)
    connection.begin()


def begin_load(connection: sa.Connection, table: sa.Table, *, fresh: bool) -> Load | None:
    """Make a nearly empty table ready for a load; None where it is not empty."""
    return gpkgload.begin_load(_raw(connection), table.name)


def after_delete(connection: sa.Connection, table: sa.Table) -> None:
    """Keep the extent true after rows were taken away."""
    rtree.measure(_raw(connection), table.name, "geom")


def _raw(connection: sa.Connection) -> sqlite3.Connection:
    raw = connection.connection.dbapi_connection
    if not isinstance(raw, sqlite3.Connection):
        raise StoreUnavailable("store_failed")
    return raw
