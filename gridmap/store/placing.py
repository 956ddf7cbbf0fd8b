"""Files that appear whole or not at all: written beside their place under another name, forced to disk, then named."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gridmap.errors import Conflict, StoreUnavailable
from gridmap.store.progress import Move, unseen

#: What SQLite keeps beside a file that is open or was left by a crash.
_BESIDE = ("-wal", "-shm", "-journal")


@contextmanager
def part_beside(target: Path) -> Iterator[Path]:
    """Give an empty file in the folder of a target, for its owner alone; it is gone afterwards unless it was named.

    Raises
    ------
    StoreUnavailable
        ``store_unreachable``: the folder is missing or closed.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    except OSError:
        raise StoreUnavailable("store_unreachable") from None
    os.close(handle)
    part = Path(name)
    try:
        yield part
    finally:
        for leftover in (part, *beside(part)):
            leftover.unlink(missing_ok=True)


def beside(path: Path) -> list[Path]:
    """Give the files that SQLite may keep beside one."""
    return [path.with_name(path.name + end) for end in _BESIDE]


def name_it(part: Path, target: Path, *, replace: bool) -> None:
    """Give a finished file its name, on disk for good.

    Raises
    ------
    Conflict
        ``file_exists``: the name is taken, and ``replace`` was not said.
    """
    _force(part)
    if replace:
        part.replace(target)
    else:
        try:
            os.link(part, target)  # unlike renaming, this never takes the place of another file
        except FileExistsError:
            raise Conflict("file_exists") from None
        except OSError:  # a file system without links
            if target.exists():
                raise Conflict("file_exists") from None
            part.rename(target)
    _force(target.parent)


def _force(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems cannot force a folder
            os.fsync(handle)
    finally:
        os.close(handle)


def copy_pages(source: sqlite3.Connection, target: sqlite3.Connection, move: Move = unseen) -> None:
    """Copy one SQLite database over another in a single transaction of the target.

    Others may have both open: they see the former content or the new. What the source shows is the snapshot of its
    open transaction.
    """
    done = 0

    def step(_status: int, remaining: int, total: int) -> None:
        nonlocal done
        move(total - remaining - done)
        done = total - remaining

    # the steps also let Ctrl-C through
    source.backup(target, pages=2_000, progress=step)


def single_file(connection: sqlite3.Connection) -> None:
    """Fold the log into the file and leave the log behind, so that the one file is all."""
    connection.execute("pragma journal_mode=delete").fetchall()
