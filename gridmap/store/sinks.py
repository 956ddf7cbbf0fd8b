"""Where the rows of a copied store go: a file that nobody else has open, or one transaction of a server."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import psycopg
import shapely
import sqlalchemy as sa

from gridmap.errors import StoreUnavailable
from gridmap.store import rtree
from gridmap.store.blobs import encode
from gridmap.store.digest import TableDigest, digests
from gridmap.store.exchange import Chunk, TableForm, as_time_texts, raw_sqlite
from gridmap.store.opening import engine_at, file_url, snapshot
from gridmap.store.placing import single_file
from gridmap.store.progress import Move
from gridmap.store.tables import SRID

VERSIONS = "boundary_version"

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Sink(Protocol):
    """Where rows go."""

    def put(self, form: TableForm, chunk: Chunk) -> None:
        """Add rows with their ids."""
        ...

    def publish(self, versions: Sequence[tuple[Any, ...]]) -> None:
        """Set (state, end, id) of versions, which came as drafts."""
        ...

    def finish(self, forms: Sequence[TableForm], move: Move) -> list[TableDigest]:
        """Make everything ready that follows from the rows, and read them again."""
        ...


class FileSink:
    """Fills an embedded store that nobody else has open."""

    def __init__(self, raw: sqlite3.Connection, path: Path) -> None:
        self._raw = raw
        self._path = path
        self._bare: set[str] = set()

    def put(self, form: TableForm, chunk: Chunk) -> None:
        """Add rows with their ids."""
        if form.shape and form.name not in self._bare:
            rtree.drop(self._raw, form.name, form.shape)  # made anew from all rows in the end
            self._bare.add(form.name)
        kinds = dict(form.columns)
        values = [_for_file(kinds[c], chunk.columns[c]) for c in form.plain]
        names = [*form.plain]
        if form.shape and chunk.shapes is not None:
            values.append(encode(chunk.shapes))
            names.append(form.shape)
        self._raw.execute("begin")
        self._raw.executemany(
            f'insert into "{form.name}"({", ".join(_quoted(names))}) values({", ".join("?" * len(names))})',
            zip(*values, strict=True),
        )
        self._raw.execute("commit")

    def publish(self, versions: Sequence[tuple[Any, ...]]) -> None:
        """Set (state, end, id) of versions."""
        self._raw.executemany(f"update {VERSIONS} set state = ?, valid_to = ? where id = ?", versions)

    def finish(self, forms: Sequence[TableForm], move: Move) -> list[TableDigest]:
        """Pack the indexes and read everything again."""
        for form in forms:
            if form.name in self._bare and form.shape:
                rtree.rebuild(self._raw, form.name, form.shape)
        single_file(self._raw)
        self._raw.close()
        with engine_at(file_url(self._path)) as engine:
            with snapshot(engine) as connection:
                found = digests(connection, forms, move)
            with engine.connect() as connection:
                raw = raw_sqlite(connection)
                connection.rollback()
                single_file(raw)
        return found


class ServerSink:
    """Fills PostgreSQL inside the one transaction of a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._raw = raw_psycopg(connection)

    def put(self, form: TableForm, chunk: Chunk) -> None:
        """Add rows with their ids."""
        kinds = dict(form.columns)
        fields = [_for_server(kinds[c], chunk.columns[c]) for c in form.plain]
        names = [*form.plain]
        if form.shape and chunk.shapes is not None:
            shapes = shapely.set_srid(chunk.shapes, SRID)
            fields.append(shapely.to_wkb(shapes, hex=True, include_srid=True).tolist())
            names.append(form.shape)
        command = f'copy "{form.name}"({", ".join(_quoted(names))}) from stdin'
        with self._raw.cursor() as cursor, cursor.copy(command) as stream:
            stream.write("".join(["\t".join(row) + "\n" for row in zip(*fields, strict=True)]))

    def publish(self, versions: Sequence[tuple[Any, ...]]) -> None:
        """Set (state, end, id) of versions."""
        with self._raw.cursor() as cursor:
            cursor.executemany(f"update {VERSIONS} set state = %s, valid_to = %s::date where id = %s", versions)

    def finish(self, forms: Sequence[TableForm], move: Move) -> list[TableDigest]:
        """Let new ids follow the largest, tell the planner what there is, and read everything again."""
        for form in forms:
            self._connection.exec_driver_sql(
                f"select setval(pg_get_serial_sequence('{form.name}', 'id'), coalesce(max(id), 1), max(id) is not null)"
                f' from "{form.name}"'
            )
            self._connection.exec_driver_sql(f'analyze "{form.name}"')
        return digests(self._connection, forms, move)


def _quoted(names: Sequence[str]) -> list[str]:
    return [f'"{n}"' for n in names]


def _for_file(kind: str, values: list[Any]) -> list[Any]:
    return as_time_texts(values) if kind == "time" else values


def _for_server(kind: str, values: list[Any]) -> list[str]:
    if kind == "time":
        values = as_time_texts(values)
    if kind in ("text", "json"):
        return ["\\N" if v is None else v.translate(_ESCAPES) for v in values]
    return ["\\N" if v is None else str(v) for v in values]


def raw_psycopg(connection: sa.Connection) -> "psycopg.Connection[Any]":
    """Give the driver's connection of a server."""
    raw = connection.connection.dbapi_connection
    if not isinstance(raw, psycopg.Connection):
        raise StoreUnavailable("store_failed")
    return raw
