"""A load into the embedded file: indexes made at the end, the R-tree packed once, and more of the file kept in memory.

All of it happens inside the transaction: readers go on with their snapshot, and a rollback leaves nothing behind.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
import sqlalchemy as sa

from gridmap.store import rtree
from gridmap.store.blobs import Geometries, encode
from gridmap.store.loading import NEARLY_EMPTY, Keys
from gridmap.store.packing import outwards

#: Pages of the file kept in memory during a load, in KiB; the index of keys is filled in random order.
_CACHE_KIB = 196_608


class GeopackageLoad:
    """See ``loading.Load``."""

    def __init__(self, raw: sqlite3.Connection, table: str) -> None:
        self.keys: Keys | None = None
        self._raw = raw
        self._table = table
        self._boxes: list[npt.NDArray[np.float32]] = []
        (self._cache,) = raw.execute("pragma cache_size").fetchone()
        raw.execute(f"pragma cache_size=-{_CACHE_KIB}")
        self._indexes = raw.execute(
            "select name, sql from sqlite_master where type = 'index' and tbl_name = ? and sql is not null", (table,)
        ).fetchall()
        for name, _ in self._indexes:
            raw.execute(f'drop index "{name}"')
        raw.execute(f'drop trigger "rtree_{table}_geom_insert"')
        (top,) = raw.execute(f'select ifnull(max(id), 0) from "{table}"').fetchone()
        self._first = self._next = int(top) + 1
        self._extent = (np.inf, np.inf, -np.inf, -np.inf)

    def add(self, columns: Mapping[str, Sequence[Any]], geometry: Geometries) -> int:
        """Add the rows; their boxes are kept for the end."""
        n = len(geometry)
        ids = range(self._next, self._next + n)
        names = ", ".join(f'"{c}"' for c in ("id", *columns, "geom"))
        marks = ", ".join("?" * (len(columns) + 2))
        self._raw.executemany(
            f'insert into "{self._table}"({names}) values({marks})',
            zip(ids, *columns.values(), encode(geometry), strict=True),
        )
        self._next += n
        self._boxes.append(outwards(shapely.bounds(geometry)[:, [0, 2, 1, 3]]))
        x0, y0, x1, y1 = shapely.total_bounds(geometry).tolist()
        a0, b0, a1, b1 = self._extent
        self._extent = (min(a0, x0), min(b0, y0), max(a1, x1), max(b1, y1))
        return n

    def wait(self) -> None:
        """Nothing is on its way."""

    def finish(self) -> None:
        """Pack the R-tree and make the indexes, the triggers and the extent."""
        if self._boxes:
            boxes = np.concatenate(self._boxes)
            self._boxes = []
            rtree.fill(self._raw, self._table, "geom", range(self._first, self._next), boxes)
            rtree.widen(self._raw, self._table, self._extent)
        rtree.create(self._raw, self._table, "geom")
        for _, sql in self._indexes:
            self._raw.execute(sql)
        self._raw.execute(f"pragma cache_size={self._cache}")

    def undo(self, connection: sa.Connection) -> None:
        """The rollback has undone all but the size of the cache."""
        self._raw.execute(f"pragma cache_size={self._cache}")


def begin_load(raw: sqlite3.Connection, table: str) -> GeopackageLoad | None:
    """Make a nearly empty table ready for a load; None where it is not empty. The write lock is held."""
    count = f'select count(*) from (select 1 from "{table}" limit {NEARLY_EMPTY + 1})'
    (rows,) = raw.execute(count).fetchone()
    return None if rows > NEARLY_EMPTY else GeopackageLoad(raw, table)
