"""PostgreSQL's own programs: where they are, how they reach a server, and how their scripts are played.

Passwords go through the environment, never onto a command line that others can see.
"""

import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.conninfo import make_conninfo

from gridmap.errors import StoreUnavailable
from gridmap.store.progress import Move, unseen

log = logging.getLogger("gridmap.store")

#: Where Debian keeps the programs of each version.
DEBIAN = Path("/usr/lib/postgresql")

_VERSION = re.compile(r"\b(\d+)(?:\.\d+)*")
_COPY = re.compile(rb'COPY (?:"[^"]+"|\w+)\.(?:"(?P<quoted>[^"]+)"|(?P<bare>\w+)) \(.*\) FROM stdin;\n')
_BATCH = 1_000
#: Lines of a script that a server need not know: psql's own, and settings of later servers.
_SKIPPED = (b"\\", b"SET transaction_timeout")


def find(name: str, server: int) -> str:
    """Find a program of the server's major version or a later one, on PATH or where Debian puts it.

    Raises
    ------
    StoreUnavailable
        ``tool_missing``.
    """
    candidates = {shutil.which(name), *(str(p) for p in DEBIAN.glob(f"*/bin/{name}"))} - {None}
    versions = sorted((_major(str(c)), str(c)) for c in candidates)
    fitting = [c for version, c in versions if version >= server]
    if not fitting:
        raise StoreUnavailable("tool_missing", tool=name, version=server)
    return fitting[0]


def _major(program: str) -> int:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = _VERSION.search(done.stdout)
    return int(found[1]) if found else 0


def major_of(connection: sa.Connection) -> int:
    """Give the major version of a server."""
    return int(connection.exec_driver_sql("show server_version_num").scalar_one()) // 10_000


def address(engine: sa.Engine) -> tuple[str, dict[str, str]]:
    """Give how a program reaches the database of an engine: a line without secrets, and the environment with them."""
    _, found = engine.dialect.create_connect_args(engine.url)
    found.pop("context", None)  # of the driver in Python
    secret = found.pop("password", None)
    environment = {**os.environ, "LC_ALL": "C"}
    if secret is not None:
        environment["PGPASSWORD"] = str(secret)
    return make_conninfo("", **{k: v for k, v in found.items() if v is not None}), environment


@contextmanager
def running(
    words: Sequence[str], environment: dict[str, str] | None = None, *, to_the_end: bool = True
) -> Iterator[IO[bytes]]:
    """Run a program and give its output; whatever happens, it has ended afterwards.

    Raises
    ------
    StoreUnavailable
        ``tool_failed``: it said so by its status, or its output was left unread.
    """
    name = Path(words[0]).name
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603
            words, stdout=subprocess.PIPE, stderr=said, stdin=subprocess.DEVNULL, env=environment
        )
        assert process.stdout is not None
        try:
            yield process.stdout
            if not to_the_end:
                process.kill()
            status = process.wait()
        finally:
            process.stdout.close()
            if process.poll() is None:
                process.kill()
                process.wait()
        if status and to_the_end:
            said.seek(0)
            log.warning("%s ended with %d: %s", name, status, said.read()[-500:].decode(errors="replace").strip())
            raise StoreUnavailable("tool_failed", tool=name)


def play(raw: psycopg.Connection, script: IO[bytes], move: Move = unseen) -> None:
    """Run what pg_restore writes for psql, inside the transaction that is open.

    Raises
    ------
    psycopg.Error
    """
    statements: list[bytes] = []
    with raw.cursor() as cursor:
        for table, lines in _parts(script):
            if table is None:
                statements += lines
                continue
            cursor.execute(b"".join(statements))
            statements = []
            with cursor.copy(next(lines).rstrip(b";\n")) as stream:
                for batch in _batches(lines):
                    stream.write(b"".join(batch))
                    move(len(batch))
        cursor.execute(b"".join(statements))


def counted(script: IO[bytes], move: Move = unseen) -> dict[str, int]:
    """Read a script of pg_restore to its end; give the rows of each table in it."""
    found = {}
    for table, lines in _parts(script):
        if table is None:
            continue
        next(lines)
        n = 0
        for batch in _batches(lines):
            n += len(batch)
            move(len(batch))
        found[table] = n
    return found


def _parts(script: IO[bytes]) -> Iterator[tuple[str | None, Iterator[bytes]]]:
    """Give lines of SQL (with None), and for each table its COPY and then its rows; each part is read before the
    next."""
    for line in script:
        match = _COPY.fullmatch(line)
        if match:
            yield (match["quoted"] or match["bare"]).decode(), _rows(line, script)
        elif not line.startswith(_SKIPPED):
            yield None, iter([line])


def _rows(first: bytes, script: IO[bytes]) -> Iterator[bytes]:
    yield first
    for line in script:
        if line == b"\\.\n":
            return
        yield line


def _batches(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for line in lines:
        batch.append(line)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def quoted(name: str) -> str:
    """Write a name for SQL."""
    return sql.Identifier(name).as_string(None)
