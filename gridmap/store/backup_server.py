"""Backups of a store in PostgreSQL: a dump in PostgreSQL's custom format, followed by a list of what it should hold.

pg_restore reads such a file like any other dump: it does not look behind the end. The dump and the list are of one
snapshot, taken while others write. What is restored comes in one transaction, is read again in it, and only then
committed; until then others see what was there before.
"""

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as changed
from pathlib import Path
from secrets import token_hex
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import exc

from gridmap.errors import Conflict, InvalidInput, StoreUnavailable
from gridmap.store import postgis
from gridmap.store.exchange import forms_of
from gridmap.store.manifest import Manifest, describe, differing
from gridmap.store.opening import engine_at, holds_rows, snapshot
from gridmap.store.progress import Show
from gridmap.store.server_tools import address, counted, find, major_of, play, quoted, running
from gridmap.store.sinks import raw_psycopg
from gridmap.store.tables import Base

log = logging.getLogger("gridmap.store")

MAGIC = b"PGDMP"

_END = b"GRIDMAP1"
_SUM = hashlib.sha256().digest_size
_PIECE = 1 << 20
_FUNCTIONS = "gridmap\\_keep\\_%"


def write(engine: sa.Engine, part: Path, show: Show) -> tuple[Manifest, Literal["restored", "listed"]]:
    """Dump a store into an empty file, and prove it by restoring it into a scratch database where that may be made."""
    with snapshot(engine) as connection:
        server = major_of(connection)
        program = find("pg_dump", server)
        place = str(connection.exec_driver_sql("select current_schema()").scalar_one())
        name = str(connection.exec_driver_sql("select pg_export_snapshot()").scalar_one())
        target, environment = address(engine)
        words = [program, f"--dbname={target}", f"--snapshot={name}", f"--schema={quoted(place)}", *_DUMP]
        words += [f"--exclude-table={quoted(place)}.{quoted(table)}" for table in _foreign_tables(connection)]
        with running(words, environment) as output, show("dump", None) as move, part.open("wb") as file:
            digest = hashlib.sha256()
            while piece := output.read(_PIECE):
                file.write(piece)
                digest.update(piece)
                move(len(piece))
        manifest = changed(describe(connection, show, place=place), sha256=digest.hexdigest())
    body = manifest.to_text().encode()
    with part.open("ab") as file:
        file.write(body + hashlib.sha256(body).digest() + len(body).to_bytes(8, "big") + _END)
        file.flush()
        os.fsync(file.fileno())
    if read_list(part) != manifest:
        raise StoreUnavailable("backup_damaged")
    return manifest, _prove(engine, part, manifest, find("pg_restore", server), show)


_DUMP = ("--format=custom", "--compress=3", "--no-owner", "--no-privileges", "--no-comments", "--no-password")


def _foreign_tables(connection: sa.Connection) -> list[str]:
    """Name tables that share our schema and are not ours."""
    ours = {*Base.metadata.tables, "alembic_version"}
    return [name for name in sa.inspect(connection).get_table_names() if name not in ours]


def read_list(path: Path) -> Manifest:
    """Read the list behind a dump, and check that the dump is what it was.

    Raises
    ------
    StoreUnavailable
        ``backup_foreign``: a dump without list; ``backup_damaged``, ``backup_newer``.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - len(_END) - 8))
        tail = file.read()
        if not tail.endswith(_END):
            raise StoreUnavailable("backup_foreign")
        length = int.from_bytes(tail[:8], "big")
        start = size - len(_END) - 8 - _SUM - length
        if start < len(MAGIC):
            raise StoreUnavailable("backup_damaged")
        file.seek(start)
        body, stated = file.read(length), file.read(_SUM)
        if hashlib.sha256(body).digest() != stated:
            raise StoreUnavailable("backup_damaged")
        manifest = Manifest.from_text(body)
        file.seek(0)
        digest, left = hashlib.sha256(), start
        while left and (piece := file.read(min(left, _PIECE))):
            digest.update(piece)
            left -= len(piece)
    if digest.hexdigest() != manifest.sha256:
        raise StoreUnavailable("backup_damaged")
    return manifest


def _prove(
    engine: sa.Engine, file: Path, manifest: Manifest, program: str, show: Show
) -> Literal["restored", "listed"]:
    with _scratch(engine.url) as scratch:
        if scratch is not None:
            _into(scratch, file, manifest, program, show)
            return "restored"
    with running(_script(program, file, manifest)) as script, show("verify", manifest.rows) as move:
        counts = counted(script, move)
    if any(counts.get(table.name) != table.rows for table in manifest.tables):
        raise StoreUnavailable("backup_damaged")
    return "listed"


@contextmanager
def _scratch(url: sa.URL) -> Iterator[sa.Engine | None]:
    """Make a database with PostGIS that goes away again; None where the role may not."""
    name = f"gridmap_proof_{token_hex(8)}"
    admin = postgis.make_engine(url, 30.0).execution_options(isolation_level="AUTOCOMMIT")
    engine = postgis.make_engine(url.set(database=name), 30.0)
    try:
        with admin.connect() as connection:
            try:
                connection.exec_driver_sql(f"create database {quoted(name)} template template0")
                with engine.begin() as inside:
                    postgis.prepare_schema(inside)
                made = True
            except exc.DBAPIError as error:
                log.info("no scratch database: %s", getattr(error.orig, "sqlstate", None))
                made = False
        yield engine if made else None
    finally:
        engine.dispose()
        with admin.connect() as connection:
            there = sa.text("select 1 from pg_database where datname = :name")
            if connection.execute(there, {"name": name}).first():
                connection.exec_driver_sql(f"drop database {quoted(name)} with (force)")
        admin.dispose()


def _script(program: str, file: Path, manifest: Manifest) -> list[str]:
    # naming the schema leaves out the statement that would make it
    return [program, f"--schema={manifest.place}", "--no-owner", "--no-privileges", "--file=-", str(file)]


def _into(engine: sa.Engine, file: Path, manifest: Manifest, program: str, show: Show) -> None:
    """Restore a dump in one transaction: what was there goes, the new comes, is read again, and counts from then on."""
    with engine.connect() as connection, connection.begin():
        postgis.lock_schema(connection)
        postgis.prepare_schema(connection)
        if connection.exec_driver_sql("select current_schema()").scalar() != manifest.place:
            raise InvalidInput("backup_other_schema", schema=manifest.place)
        path = connection.exec_driver_sql("show search_path").scalar_one()
        _drop_all(connection)
        with running(_script(program, file, manifest)) as script, show("write", manifest.rows) as move:
            play(raw_psycopg(connection), script, move)
        connection.execute(sa.select(sa.func.set_config("search_path", path, False)))
        if differing(connection, manifest.tables, show):
            raise StoreUnavailable("backup_damaged")
        for table in manifest.tables:
            connection.exec_driver_sql(f'analyze "{table.name}"')


def _drop_all(connection: sa.Connection) -> None:
    there = set(sa.inspect(connection).get_table_names())
    ours = [name for name in (*Base.metadata.tables, "alembic_version") if name in there]
    if ours:
        connection.exec_driver_sql(f"drop table {', '.join(quoted(name) for name in ours)}")
    functions = sa.text(
        "select oid::regprocedure::text from pg_proc where pronamespace = current_schema()::regnamespace "
        "and proname like :pattern"
    )
    for (function,) in connection.execute(functions, {"pattern": _FUNCTIONS}).all():
        connection.exec_driver_sql(f"drop function {function}")


def restore(file: Path, url: sa.URL, show: Show, *, replace: bool) -> Manifest:
    """Put a dump into a database that is missing or has no rows, or with ``replace`` in the place of what it holds."""
    manifest = read_list(file)
    with _there(url), engine_at(url) as engine:
        with engine.connect() as connection:
            if not replace and holds_rows(connection, forms_of(connection)):
                raise Conflict("store_not_empty")
            program = find("pg_restore", major_of(connection))
        _into(engine, file, manifest, program, show)
    return manifest


@contextmanager
def _there(url: sa.URL) -> Iterator[None]:
    """Make a database that is missing; it goes again when what it was made for fails."""
    if not url.database:
        raise StoreUnavailable("store_url")
    admin = postgis.make_engine(url.set(database="postgres"), 30.0).execution_options(isolation_level="AUTOCOMMIT")
    made = False
    try:
        try:
            with admin.connect() as connection:
                there = sa.text("select 1 from pg_database where datname = :name")
                if not connection.execute(there, {"name": url.database}).first():
                    connection.exec_driver_sql(f"create database {quoted(url.database)} template template0")
                    made = True
        except exc.DBAPIError:
            pass  # not ours to make; opening it says what is wrong
        yield
    except BaseException:
        if made:
            with admin.connect() as connection:
                connection.exec_driver_sql(f"drop database {quoted(url.database)} with (force)")
        raise
    finally:
        admin.dispose()
