"""A whole store from one database into another: same rows, same row ids, proved by equal digests before it counts."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gridmap.errors import Conflict, InvalidInput, StoreUnavailable
from gridmap.store import functions, postgis, schema
from gridmap.store.backends import backend_of, parse_url
from gridmap.store.digest import Digester, TableDigest
from gridmap.store.exchange import Chunk, count_rows, forms_of, raw_sqlite, read
from gridmap.store.opening import engine_at, file_url, holds_rows, require_current, require_empty, snapshot
from gridmap.store.placing import copy_pages, name_it, part_beside, single_file
from gridmap.store.progress import Show, quiet
from gridmap.store.sinks import VERSIONS, FileSink, ServerSink, Sink


@dataclass(frozen=True, slots=True)
class Copied:
    """Digests of every table, as read from the source and as read again from the target."""

    source: tuple[TableDigest, ...]
    target: tuple[TableDigest, ...]


def copy(source: str, target: str, *, show: Show = quiet) -> Copied:
    """Copy a whole store into an empty one, from either kind of database to either.

    Everything is read from one snapshot, a few thousand rows at a time. Versions arrive as drafts, are filled, and then
    published or retired, so that the rules of the target hold for them as for any other. The target is there when its
    digests are those of the source, and not before: PostgreSQL in one transaction, an embedded store as a file beside
    that then gets the name.

    Parameters
    ----------
    source, target : str
        SQLAlchemy URLs. The target may be missing (embedded), without tables, or without rows.
    show : Show
        Sees the progress.

    Raises
    ------
    InvalidInput
        ``output_is_input``.
    Conflict
        ``store_not_empty``; ``store_refused``: rows break a rule of the target.
    StoreUnavailable
        ``store_not_upgraded``, ``store_empty``: of the source. ``copy_differs``: what was written is not what was read.
        As ``open_store`` for both.
    """
    with engine_at(source) as engine, snapshot(engine) as connection:
        require_current(connection)
        forms = forms_of(connection)
        total = count_rows(connection, forms)
        with _sink(engine.url, target) as sink:
            found, ends = [], []
            with show("write", total) as move:
                for form in forms:
                    digester = Digester(form)
                    for chunk in read(connection, form):
                        digester.add(chunk)
                        if form.name == VERSIONS:
                            chunk, kept = _as_drafts(chunk)
                            ends += kept
                        sink.put(form, chunk)
                        move(len(chunk))
                    found.append(digester.result())
            with show("verify", total) as move:
                sink.publish(ends)
                written = sink.finish(forms, move)
            if written != found:
                raise StoreUnavailable("copy_differs")
    return Copied(tuple(found), tuple(written))


def _as_drafts(chunk: Chunk) -> tuple[Chunk, list[tuple[Any, ...]]]:
    """Make drafts of versions; give what they will be."""
    held = chunk.columns
    ends = [
        (state, end, key)
        for state, end, key in zip(held["state"], held["valid_to"], held["id"], strict=True)
        if state != "draft" or end is not None
    ]
    n = len(chunk)
    return Chunk({**held, "state": ["draft"] * n, "valid_to": [None] * n}, chunk.shapes), ends


@contextmanager
def _sink(source: sa.URL, target: str) -> Iterator[Sink]:
    url = parse_url(target)
    if url.get_backend_name() == "sqlite":
        backend_of(url).probe(url)
        path = Path(str(url.database))
        if source.get_backend_name() == "sqlite" and path.resolve() == Path(str(source.database)).resolve():
            raise InvalidInput("output_is_input")
        if path.exists() and path.stat().st_size:
            with engine_at(url) as engine, engine.connect() as connection:
                require_empty(connection, forms_of(connection))
        with filling(path) as sink:
            yield sink
        return
    with engine_at(url) as engine, engine.connect() as connection, connection.begin():
        postgis.lock_schema(connection)
        forms = forms_of(connection)
        if forms:
            # nobody adds a row from here on
            names = ", ".join(f'"{f.name}"' for f in forms)
            connection.exec_driver_sql(f"lock table {names} in exclusive mode")
        require_empty(connection, forms)
        schema.upgrade_within(connection)
        yield ServerSink(connection)


@contextmanager
def filling(path: Path) -> Iterator[FileSink]:
    """Fill a new embedded store beside its place, and put it there when all went well."""
    with part_beside(path) as part:
        with engine_at(file_url(part)) as engine:
            schema.upgrade_engine(engine)
        raw = sqlite3.connect(part, isolation_level=None)
        try:
            functions.install(raw)
            single_file(raw)
            # nobody else knows the file, and it goes away if this fails
            for setting in ("journal_mode=off", "synchronous=off", "foreign_keys=on", "temp_store=memory"):
                raw.execute(f"pragma {setting}").fetchall()
            yield FileSink(raw, part)
        finally:
            raw.close()
        place(part, path)


def place(part: Path, path: Path) -> None:
    """Put a finished store where it belongs: a missing file gets its name, one that is there gets its content.

    Raises
    ------
    Conflict
        ``store_not_empty``: somebody has filled it meanwhile.
    """
    if not path.exists():
        name_it(part, path, replace=False)
        return
    with engine_at(file_url(path)) as engine, engine.connect() as connection:
        if holds_rows(connection, forms_of(connection)):
            raise Conflict("store_not_empty")
        connection.rollback()
        with closing(sqlite3.connect(part)) as new:
            copy_pages(new, raw_sqlite(connection))
