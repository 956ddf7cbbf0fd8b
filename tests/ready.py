"""Stores that are filled once in a process, and copied for every test that wants one of its own.

Making the tables of an embedded store takes a hundred milliseconds, filling it several hundred; copying it takes ten.
How a new store gets its tables is for the tests of ``tests/store`` to prove, and these do not copy.
"""

import tempfile
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from fake_store import FakeStore

from gridmap.store import SqlStore, open_store

Fill = Callable[[Any], object]


@cache
def _file(fill: Fill | None) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.gpkg"
        store = open_store(f"sqlite:///{path}")
        if fill is not None:
            fill(store)
        store.close()  # its log is in the file then
        assert [p.name for p in path.parent.iterdir()] == [path.name]
        return path.read_bytes()


@cache
def _fake(fill: Fill) -> FakeStore:
    store = FakeStore()
    fill(store)
    return store


def put(path: Path | str, fill: Fill | None = None) -> str:
    """Put an embedded store where none is: with tables, and with what ``fill`` writes; give its URL."""
    with Path(path).open("xb") as file:
        file.write(_file(fill))
    return f"sqlite:///{path}"


def embedded(path: Path | str, fill: Fill | None = None) -> SqlStore:
    """Open an embedded store of one's own."""
    return open_store(put(path, fill))


def fake(fill: Fill, *, wait_s: float = 5.0) -> FakeStore:
    """Give a store in memory of one's own."""
    made = _fake(fill)
    store = FakeStore(wait_s=wait_s)
    store.state, store.commits = deepcopy(made.state), made.commits
    return store
