"""The file of the embedded store: what lies there, whether it can be written, and a connection whose commits last."""

import os
import sqlite3
import time
from pathlib import Path

import sqlalchemy as sa

from gridmap.errors import StoreUnavailable
from gridmap.store import functions, rtree
from gridmap.store.tables import Base

#: Tables that every revision has.
_FIRST_TABLES = ("boundary_set", "level", "boundary_version", "grid", "incident", "patrol_fix")
#: A file up to this size is checked from end to end when it is opened.
_CHECK_BYTES = 32_000_000
#: What ``pragma synchronous`` says of FULL.
_FULL = 2


def connect(path: Path, wait_s: float) -> sqlite3.Connection:
    """Open the file; one that cannot be written is opened for reading alone."""
    if not path.exists() or is_writable(path):
        return sqlite3.connect(path, timeout=wait_s, check_same_thread=False)
    return sqlite3.connect(_reading(path), uri=True, timeout=wait_s, check_same_thread=False)


def _reading(path: Path) -> str:
    """Give the address of a file that is only read.

    SQLite would make a log beside it, which a read-only folder forbids. Where there is no log, there is nobody who
    writes through this mount either, and the file can be read as it stands.
    """
    standing = "" if Path(f"{path}-wal").exists() else "&immutable=1"
    return f"{path.resolve().as_uri()}?mode=ro{standing}"


def require_durable(connection: sqlite3.Connection) -> None:
    """Check that what is committed lasts: SQLite answers a setting that it cannot keep with another one.

    Raises
    ------
    StoreUnavailable
        ``store_not_durable``.
    """
    (journal,) = connection.execute("pragma journal_mode").fetchone()
    (synchronous,) = connection.execute("pragma synchronous").fetchone()
    weak = [n for n, good in (("journal_mode", journal == "wal"), ("synchronous", synchronous >= _FULL)) if not good]
    if weak:
        raise StoreUnavailable("store_not_durable", names=", ".join(weak))


def use_wal(connection: sqlite3.Connection, wait_s: float) -> None:
    """Switch to the write-ahead log; while another process does the same, SQLite answers busy without waiting."""
    until = time.monotonic() + wait_s
    while True:
        try:
            connection.execute("pragma journal_mode=wal")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def probe(url: sa.URL) -> None:
    """Look at what lies at the URL before anything is written there.

    Raises
    ------
    StoreUnavailable
        ``store_url``: no file is named. ``store_unreachable``: its folder is missing. ``store_not_geopackage``: another
        kind of file. ``store_foreign``: a GeoPackage that gridmap did not make. ``store_damaged``.
    """
    if not url.database or url.database == ":memory:" or url.query:
        raise StoreUnavailable("store_url")
    path = Path(url.database)
    if not path.exists():
        if not path.parent.is_dir():
            raise StoreUnavailable("store_unreachable")
        return
    if not path.is_file():
        raise StoreUnavailable("store_not_geopackage")
    if path.stat().st_size == 0:
        return
    address = f"{path.resolve().as_uri()}?mode=rw" if is_writable(path) else _reading(path)
    connection = sqlite3.connect(address, uri=True, timeout=5.0)
    try:
        tables = {n for (n,) in connection.execute("select name from sqlite_master where type = 'table'")}
        (application,) = connection.execute("pragma application_id").fetchone()
        if not tables and application in (0, rtree.APPLICATION_ID):
            return
        if application != rtree.APPLICATION_ID or "gpkg_contents" not in tables:
            raise StoreUnavailable("store_not_geopackage")
        if "alembic_version" not in tables and not tables.isdisjoint(Base.metadata.tables):
            raise StoreUnavailable("store_foreign")
        if "alembic_version" not in tables and connection.execute("select count(*) from gpkg_contents").fetchone()[0]:
            raise StoreUnavailable("store_foreign")
        if "alembic_version" in tables and connection.execute("select count(*) from alembic_version").fetchone()[0]:
            if not tables.issuperset(_FIRST_TABLES):
                raise StoreUnavailable("store_foreign")
            _check_pages(connection, path)
    except sqlite3.Error as error:
        raise StoreUnavailable(code_of(error)) from None
    finally:
        connection.close()


def _check_pages(connection: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size <= _CHECK_BYTES:
        functions.install(connection)
        (verdict,) = connection.execute("pragma quick_check(1)").fetchone()
        if verdict != "ok":
            raise StoreUnavailable("store_damaged")


def code_of(error: BaseException | None) -> str:
    """Give the error code for what the driver raised."""
    name = getattr(error, "sqlite_errorname", None) or ""
    for start, code in (
        ("SQLITE_BUSY", "store_locked"),
        ("SQLITE_LOCKED", "store_locked"),
        ("SQLITE_FULL", "store_full"),
        ("SQLITE_READONLY", "store_read_only"),
        ("SQLITE_CORRUPT", "store_damaged"),
        ("SQLITE_CANTOPEN", "store_unreachable"),
        ("SQLITE_PERM", "store_unreachable"),
        ("SQLITE_IOERR", "store_unreachable"),
        ("SQLITE_NOTADB", "store_not_geopackage"),
    ):
        if name.startswith(start):
            return code
    return "store_failed"


def is_writable(path: Path) -> bool:
    """Tell whether a file, and its folder for the log beside it, can be written; the file system may be read-only."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
