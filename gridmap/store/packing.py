"""Fill an empty R*Tree of SQLite in one go, by writing its nodes ourselves.

Row by row the index costs some 30 microseconds a box; packed it costs two. The format of a node is that of SQLite's
``rtree.c``: depth, number of cells, then cells of an 8-byte id and four 4-byte floats, all big-endian; the root is node
1, and only the root states a depth. Source of the order: Leutenegger et al. (1997), sort-tile-recursive.
"""

import sqlite3
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Boxes = npt.NDArray[np.floating[Any]]
Ids = npt.NDArray[np.int64]

_CELL = np.dtype([("id", ">i8"), ("box", ">f4", 4)])
_ROWS = 50_000


def pack(connection: sqlite3.Connection, index: str, ids: Ids, boxes: Boxes) -> None:
    """Write all boxes into an index that was created in this transaction and not used since.

    Parameters
    ----------
    connection : sqlite3.Connection
    index : str
        Name of the virtual table; ours, not a user's.
    ids : array of int
        Row ids, unique.
    boxes : array of float, shape (n, 4)
        ``min_x, max_x, min_y, max_y``; rounded outwards here.
    """
    if len(ids) == 0:
        return
    (size,) = connection.execute(f'select length(data) from "{index}_node" where nodeno = 1').fetchone()
    most = (size - 4) // _CELL.itemsize
    order = _tiles(boxes, most)
    cells = np.empty(len(ids), dtype=_CELL)
    cells["id"], cells["box"] = ids[order], outwards(boxes[order])
    free, depth, leaf = 2, 0, True  # node 1 is kept for the root
    while True:
        groups = _groups(len(cells), most)
        root = len(groups) == 1
        numbers = [1] if root else list(range(free, free + len(groups)))
        free += 0 if root else len(groups)
        _write(connection, index, size, cells, groups, numbers, depth if root else 0)
        owners = np.repeat(numbers, [stop - start for start, stop in groups])
        table, column = ("rowid", "rowid") if leaf else ("parent", "nodeno")
        by_id = np.argsort(cells["id"], kind="stable")
        for start in range(0, len(by_id), _ROWS):  # part by part: a million pairs of Python's numbers are 100 MB
            part = by_id[start : start + _ROWS]
            connection.executemany(
                f'insert into "{index}_{table}"({column}, {"nodeno" if leaf else "parentnode"}) values(?, ?)',
                zip(cells["id"][part].tolist(), owners[part].tolist(), strict=True),
            )
        if root:
            return
        cells = _parents(cells, groups, numbers)
        depth, leaf = depth + 1, False


def outwards(boxes: Boxes) -> npt.NDArray[np.float32]:
    """Round boxes to single precision so that they never lose ground."""
    single = boxes.astype(np.float32)
    low, high = single[:, 0::2], single[:, 1::2]
    single[:, 0::2] = np.where(low > boxes[:, 0::2], np.nextafter(low, np.float32(-np.inf)), low)
    single[:, 1::2] = np.where(high < boxes[:, 1::2], np.nextafter(high, np.float32(np.inf)), high)
    return single


def _tiles(boxes: Boxes, most: int) -> Ids:
    """Order boxes by vertical slices, in each from south to north."""
    x, y = boxes[:, 0] + boxes[:, 1], boxes[:, 2] + boxes[:, 3]
    slices = max(1, round(np.sqrt(len(boxes) / most)))
    rank = np.empty(len(boxes), dtype=np.int64)
    rank[np.argsort(x, kind="stable")] = np.arange(len(boxes))
    return np.lexsort((y, rank * slices // len(boxes)))


def _groups(n: int, most: int) -> list[tuple[int, int]]:
    """Cut n cells into even runs of at most ``most``."""
    nodes = -(-n // most)
    edges = [n * k // nodes for k in range(nodes + 1)]
    return list(pairwise(edges))


def _parents(cells: np.ndarray, groups: list[tuple[int, int]], numbers: list[int]) -> np.ndarray:
    """Make the cells of the next level: a node's number and the box around its cells."""
    starts = [start for start, _ in groups]
    box = cells["box"].astype(np.float32)
    up = np.empty(len(groups), dtype=_CELL)
    up["id"] = numbers
    for side, reduce in enumerate((np.minimum, np.maximum, np.minimum, np.maximum)):
        up["box"][:, side] = reduce.reduceat(box[:, side], starts)
    return up


def _write(
    connection: sqlite3.Connection,
    index: str,
    size: int,
    cells: np.ndarray,
    groups: list[tuple[int, int]],
    numbers: list[int],
    depth: int,
) -> None:
    body = cells.tobytes()
    step = _CELL.itemsize
    connection.executemany(
        f'insert or replace into "{index}_node"(nodeno, data) values(?, ?)',
        (
            (
                number,
                (depth.to_bytes(2, "big") + (stop - start).to_bytes(2, "big") + body[start * step : stop * step]).ljust(
                    size, b"\0"
                ),
            )
            for number, (start, stop) in zip(numbers, groups, strict=True)
        ),
    )
