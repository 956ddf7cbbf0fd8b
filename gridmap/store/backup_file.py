"""Backups of an embedded store: a single GeoPackage with a list of what it should hold.

Made by SQLite's online backup on one snapshot, while others read and write.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from gridmap.errors import Conflict, GridmapError, StoreUnavailable
from gridmap.store import functions, geopackage
from gridmap.store.backends import translated
from gridmap.store.exchange import forms_of, raw_sqlite
from gridmap.store.manifest import Manifest, describe, differing
from gridmap.store.opening import engine_at, file_url, holds_rows, snapshot
from gridmap.store.placing import beside, copy_pages, name_it, part_beside, single_file
from gridmap.store.progress import Show

MAGIC = b"SQLite format 3\0"

#: The name keeps it out of sight of other programs and of Alembic.
_LIST = "gpkg_gridmap_backup"


def write(engine: sa.Engine, part: Path, show: Show) -> Manifest:
    """Back an embedded store up into an empty file, and read that again from end to end."""
    with snapshot(engine) as connection, closing(sqlite3.connect(part, isolation_level=None)) as target:
        manifest = describe(connection, show)
        # the read transaction is open: these are the pages of what was just read
        with show("write", None) as move:
            copy_pages(raw_sqlite(connection), target, move)
        target.execute(f"create table {_LIST}(manifest text not null)")
        target.execute(f"insert into {_LIST} values(?)", (manifest.to_text(),))
        single_file(target)
    verify(part, manifest, show)
    return manifest


@contextmanager
def reading(path: Path) -> Iterator[sa.Connection]:
    """Open an embedded store for reading alone, whatever state it is in."""

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        functions.install(raw)
        return raw

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool, hide_parameters=True)
    with translated(geopackage), engine.connect() as connection:
        yield connection


def verify(path: Path, manifest: Manifest, show: Show) -> None:
    """Check the pages of a store and every row (StoreUnavailable ``backup_damaged``)."""
    with _damage(), reading(path) as connection:
        verdict = connection.exec_driver_sql("pragma integrity_check(1)").scalar()
        if verdict != "ok" or differing(connection, manifest.tables, show):
            raise StoreUnavailable("backup_damaged")


@contextmanager
def _damage() -> Iterator[None]:
    """Say of a backup that cannot be read that it is damaged, not that the store is."""
    try:
        yield
    except StoreUnavailable as error:
        if error.code in ("store_damaged", "store_not_geopackage", "store_failed"):
            raise StoreUnavailable("backup_damaged") from None
        raise


def restore(file: Path, path: Path, show: Show, *, replace: bool) -> Manifest:
    """Put a backup in the place of a missing or empty embedded store, or with ``replace`` of any of ours.

    What it holds is proved beside the place first. A store that is there gets the new content in one transaction of its
    own, so that others who have it open see the former content or the new; the former is kept beside until the new one
    has been read again.
    """
    with part_beside(path) as part:
        manifest = _unpack(file, part, show)
        verify(part, manifest, show)
        state = _state(path)
        if state in ("holds", "damaged") and not replace:
            raise Conflict("store_not_empty")
        with show("place", None):
            if state == "damaged":
                _set_aside(path)
            if state in ("damaged", "missing"):
                name_it(part, path, replace=False)
            else:
                _replace_content(part, path, manifest)
    return manifest


def _unpack(file: Path, part: Path, show: Show) -> Manifest:
    """Copy the pages of a backup and take its list out."""
    with _damage(), reading(file) as connection, closing(sqlite3.connect(part, isolation_level=None)) as target:
        if not sa.inspect(connection).has_table(_LIST):
            raise StoreUnavailable("backup_foreign")
        with show("write", None) as move:
            copy_pages(raw_sqlite(connection), target, move)
        with translated(geopackage):
            (text,) = target.execute(f"select manifest from {_LIST}").fetchone() or ("",)
            target.execute(f"drop table {_LIST}")
            single_file(target)
    return Manifest.from_text(text)


def _state(path: Path) -> str:
    """Tell what lies at a place: ``missing``, ``empty``, ``holds`` rows, or ``damaged``; refuse what is not ours."""
    if not path.exists():
        return "damaged" if any(p.exists() for p in beside(path)) else "missing"
    try:
        with engine_at(file_url(path)) as engine, engine.connect() as connection:
            return "holds" if holds_rows(connection, forms_of(connection)) else "empty"
    except StoreUnavailable as error:
        if error.code == "store_damaged":
            return "damaged"
        raise


def _set_aside(path: Path) -> None:
    """Give a damaged store another name, with what SQLite keeps beside it; it is never deleted."""
    n = 1
    while any(path.with_name(f"{path.name}{end}.damaged-{n}").exists() for end in ("", "-wal", "-shm", "-journal")):
        n += 1
    for file in (*beside(path), path):
        with suppress(FileNotFoundError):
            file.rename(file.with_name(f"{file.name}.damaged-{n}"))


def _replace_content(part: Path, path: Path, manifest: Manifest) -> None:
    with part_beside(path) as former, engine_at(file_url(path)) as engine, engine.connect() as connection:
        there = raw_sqlite(connection)
        connection.rollback()
        with closing(sqlite3.connect(former)) as kept, closing(sqlite3.connect(part)) as new:
            copy_pages(there, kept)
            copy_pages(new, there)
            try:
                if differing(connection, manifest.tables):
                    raise StoreUnavailable("backup_damaged")
            except (GridmapError, sa.exc.SQLAlchemyError):
                connection.rollback()
                copy_pages(kept, there)
                raise
