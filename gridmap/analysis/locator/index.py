"""The index itself: its arrays, how it is sized and built, and how many points are asked at once."""

import math
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridmap.analysis.locator import kernels, raster
from gridmap.analysis.locator.segments import Rings, segments_of
from gridmap.cpus import share

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]

#: Cells for each segment: more make the table too large for the caches, fewer leave more points near a border.
_CELLS_PER_SEGMENT = 14
_FEWEST, _MOST = 1 << 14, 1 << 26

#: Bytes for each segment listed in a cell, its share of the cell's own entry, and for the label of a cell.
_BYTES_LISTED, _BYTES_CELL = 40 + 16, 4

#: A cell is never smaller than this share of the largest coordinate: rounding cannot move a point by a millionth of it.
_SMALLEST_CELL = 2e-9

#: Points for which a second thread is worth starting, and points given to a thread at a time.
_WORTH_THREADS, _SHARE = 200_000, 1 << 18


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an index is made of, and what building it took.

    Attributes
    ----------
    grids, segments : int
        Shapes, and the different edges of their rings.
    cells, cell_size : int, float
        How many cells there are, and the side of one in the unit of the coordinates.
    border_share : float
        Share of cells that some segment comes near, 0-1.
    open_share : float
        Share of border cells all of whose sides are crossed, 0-1.
    memory_bytes : int
        Of the arrays that answer questions.
    build_s : float
        Seconds; 0 for an index that was opened from a file.
    """

    grids: int
    segments: int
    cells: int
    cell_size: float
    border_share: float
    open_share: float
    memory_bytes: int
    build_s: float


@dataclass(frozen=True, slots=True)
class EdgeRaster:
    """Cells over the ground, each with its one grid or its segments; see ``raster``. Read-only.

    Attributes
    ----------
    label : int32 array, ny * nx
    head : int32 array, shape (b, 4)
        For each border cell: its first and last row in ``segments``, the label of the side it looks at, the way it
        looks.
    segments : float64 array, shape (k, 5)
        Turned ends (u, v lower; u, v upper), and what crossing to the left adds.
    x0, y0, inv : float
        Corner of the first cell, and cells a unit.
    nx, ny : int
    """

    label: Int32s
    head: Int32s
    segments: Floats
    x0: float
    y0: float
    inv: float
    nx: int
    ny: int

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self.label.nbytes + self.head.nbytes + self.segments.nbytes

    def owners(self, x: Floats, y: Floats, threads: int | None = None) -> tuple[Int32s, int]:
        """Give each point's grid, and how many points needed more than the floating-point filter.

        -1 is nobody; ``kernels.ASK`` stands where the point lies on a border, or where grids overlap.
        """
        out = np.empty(len(x), np.int32)
        counts: list[Int64s] = []

        def ask(part: slice) -> None:
            unsure = np.zeros(1, np.int64)
            counts.append(unsure)
            kernels.owners_of(
                x[part], y[part], self.label, self.head, self.segments,
                self.x0, self.y0, self.inv, self.nx, self.ny, out[part], unsure,
            )  # fmt: skip

        share(ask, len(x), _SHARE, 1 if len(x) < _WORTH_THREADS else threads)
        return out, int(sum(int(c[0]) for c in counts))

    def owner(self, x: float, y: float) -> int:
        """Give the grid of one point, as ``owners`` does."""
        column, row = (x - self.x0) * self.inv, (y - self.y0) * self.inv
        if not (0.0 <= column < self.nx - 1 and 0.0 <= row < self.ny - 1):
            return -1
        found = int(self.label.item(int(row) * self.nx + int(column)))
        if raster.NOBODY <= found < raster.SHARED:
            return found
        return int(
            kernels.owner_of(
                x, y, int(row) * self.nx + int(column), self.label, self.head, self.segments,
                self.x0, 1.0 / self.inv, self.nx,
            )
        )  # fmt: skip

    def report(self, grids: int, segments: int, seconds: float) -> IndexReport:
        """Describe the index."""
        borders = len(self.head)
        opened = int((self.head[:, 3] >= raster.OPEN).sum())
        return IndexReport(
            grids,
            segments,
            len(self.label),
            1.0 / self.inv,
            borders / len(self.label),
            opened / max(borders, 1),
            self.nbytes,
            seconds,
        )


def build_raster(rings: Rings, *, memory_mib: float, threads: int | None = None) -> tuple[EdgeRaster, IndexReport]:
    """Build the index of rings.

    Parameters
    ----------
    rings : Rings
        Of valid shapes.
    memory_mib : float
        The index takes about this much at most, as long as its segments fit into it.
    threads : int, optional
        Else as many as there are cores.
    """
    began = time.perf_counter()
    ends, owners = segments_of(rings.xy, rings.start, rings.shape, rings.inside_left)
    low = np.minimum(ends[:, :2].min(axis=0), ends[:, 2:].min(axis=0))
    high = np.maximum(ends[:, :2].max(axis=0), ends[:, 2:].max(axis=0))
    cell = _cell_size(ends, high - low, float(np.abs([low, high]).max()), memory_mib * 2**20)
    inv = 1.0 / cell
    # the outermost cells stay empty; a fraction keeps their sides away from coordinates that are round numbers
    x0, y0 = float(low[0] - 1.37109375 * cell), float(low[1] - 1.41796875 * cell)
    nx, ny = (int((high[i] - o) * inv) + 3 for i, o in ((0, x0), (1, y0)))
    label = np.zeros(nx * ny, np.int32)
    raster.count_segments(ends, x0, y0, inv, nx, ny, label)
    start = raster.number_cells(label)
    which = np.empty(int(start[-1]), np.int32)
    touched = np.zeros(len(start) - 1, np.uint8)
    raster.fill_segments(ends, x0, y0, inv, nx, ny, label, start, which, touched)
    head = np.empty((len(start) - 1, 4), np.int32)
    listed = np.empty((len(which), 5))

    def look(rows: slice) -> None:
        raster.look(ends, owners, x0, y0, inv, nx, rows.start, rows.stop, label, start, which, touched, head, listed)

    share(look, ny, max(1, ny // 16), threads)
    for array in (label, head, listed):
        array.flags.writeable = False
    index = EdgeRaster(label, head, listed, x0, y0, inv, nx, ny)
    return index, index.report(len(rings.of_shape) - 1, len(ends), time.perf_counter() - began)


def _cell_size(ends: Floats, extent: Floats, largest: float, budget: float) -> float:
    """Choose the side of a cell: many cells, as long as labels and listed segments fit into the budget (bytes)."""
    smallest = max(_SMALLEST_CELL * largest, 1e-100)
    area = float(extent[0] * extent[1])
    length = float(np.abs(ends[:, 2:] - ends[:, :2]).sum())
    cells = min(max(_CELLS_PER_SEGMENT * len(ends), _FEWEST), _MOST)
    cell = max(math.sqrt(area / cells), float(extent.max()) / cells, smallest)
    # a segment is listed once for the cell it starts in, and once for each side of a cell that it crosses:
    # labels * area / cell**2 + listed * (segments + length / cell) = budget, solved for cell
    left = budget - _BYTES_LISTED * len(ends)
    if left > 0:
        a, b = _BYTES_CELL * area, _BYTES_LISTED * length
        cell = max(cell, (b + math.sqrt(b * b + 4 * a * left)) / (2 * left))
    else:
        cell = max(cell, math.sqrt(area / max(len(ends), 1)))
    return cell
