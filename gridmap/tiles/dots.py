"""Tiles of points: exact where one can tell them apart, and before that the points of each square as one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridmap.tiles.columns import Columns, beside, columns_of
from gridmap.tiles.kernels import POINT
from gridmap.tiles.matrix import TileMatrixSet
from gridmap.tiles.mvt import EXTENT, write_layer

#: From this matrix on each point is drawn by itself.
EXACT_FROM = 15
#: Squares along a tile in which points are drawn as one.
SQUARES = 8

_SQUARE = EXTENT // SQUARES

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Dots:
    """Points in one tile matrix set.

    Attributes
    ----------
    matrix : TileMatrixSet
    x, y : array of float, shape (n,)
        Places in its world.
    columns : Columns
        What is said of each.
    kinds : tuple of str
        Their kinds, sorted.
    kind : array of int, shape (n,)
        Number of the kind of each.
    """

    matrix: TileMatrixSet
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    columns: Columns
    kinds: tuple[str, ...]
    kind: npt.NDArray[np.intp]

    @classmethod
    def of(
        cls, matrix: TileMatrixSet, lon: npt.ArrayLike, lat: npt.ArrayLike, columns: Columns, kinds: Sequence[str]
    ) -> "Dots":
        """Place points given in degrees (WGS 84)."""
        known, number = np.unique(np.asarray(kinds, dtype=object).astype(str), return_inverse=True)
        x, y = matrix.to_world(lon, lat)
        return cls(matrix, x, y, columns, tuple(known.tolist()), number)

    def layer(self, name: str, z: int, row: int, column: int) -> bytes:
        """Write the points of a tile; b"" where it holds none.

        A point belongs to one tile of each matrix, that from whose north-west it lies on or beyond both sides, and so
        do those drawn as one: their numbers add up over the tiles. A square of several is one feature at their mean
        with ``count`` and the commonest ``category``, the first by name of several.
        """
        units = float(EXTENT << z)
        px, py = self.x * units, self.y * units
        west, north = column * EXTENT, row * EXTENT
        here = np.flatnonzero((px >= west) & (px < west + EXTENT) & (py >= north) & (py < north + EXTENT))
        if not len(here):
            return b""
        # rounding may not carry a point out of its tile
        qx = np.minimum(np.rint(px[here] - west), EXTENT - 1).astype(np.int64)
        qy = np.minimum(np.rint(py[here] - north), EXTENT - 1).astype(np.int64)
        if z >= EXACT_FROM:
            return _write(name, self.columns, here, qx, qy)
        square = ((py[here] - north) // _SQUARE * SQUARES + (px[here] - west) // _SQUARE).astype(np.intp)
        count = np.bincount(square, minlength=SQUARES * SQUARES)
        alone = count[square] == 1
        if alone.all():
            return _write(name, self.columns, here, qx, qy)
        squares, x, y, said = self._crowds(here[~alone], square[~alone], px - west, py - north)
        both = beside(self.columns, said)
        rows = np.r_[here[alone], np.arange(len(squares)) + len(self.columns.ids)]
        return _write(name, both, rows, np.r_[qx[alone], x], np.r_[qy[alone], y])

    def _crowds(
        self,
        rows: npt.NDArray[np.intp],
        square: npt.NDArray[np.intp],
        px: npt.NDArray[np.float64],
        py: npt.NDArray[np.float64],
    ) -> tuple[npt.NDArray[np.intp], Whole, Whole, Columns]:
        squares, which = np.unique(square, return_inverse=True)
        count = np.bincount(which)
        x = np.minimum(np.rint(np.bincount(which, px[rows]) / count), EXTENT - 1).astype(np.int64)
        y = np.minimum(np.rint(np.bincount(which, py[rows]) / count), EXTENT - 1).astype(np.int64)
        by_kind = np.zeros((len(squares), len(self.kinds)), dtype=np.int64)
        np.add.at(by_kind, (which, self.kind[rows]), 1)
        commonest = [self.kinds[k] for k in by_kind.argmax(axis=1)]
        said = columns_of(
            [str(number + 1) for number in squares.tolist()],
            {"cluster": [True] * len(squares), "count": count.tolist(), "category": commonest},
        )
        return squares, x, y, said


def _write(name: str, columns: Columns, rows: npt.NDArray[np.intp], x: Whole, y: Whole) -> bytes:
    each = np.arange(len(rows) + 1)
    return write_layer(name, POINT, columns, rows, x, y, each, each)
