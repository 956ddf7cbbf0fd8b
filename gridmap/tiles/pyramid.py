"""Tiles of areas at every scale."""

import itertools
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from gridmap.tiles.columns import Columns
from gridmap.tiles.kernels import POLYGON, clipped, drawn, outer_rings
from gridmap.tiles.matrix import TileMatrixSet
from gridmap.tiles.mvt import BUFFER, EXTENT, write_layer
from gridmap.tiles.net import Net, Shapes, net_of

#: A vertex goes where the line passes it within this many units of a tile. With the rounding to whole units, 0.71 at
#: most, that is less than half a pixel of a tile drawn on 512 pixels.
TOLERANCE = 3.2
#: Scales of a pyramid that are kept.
_KEEP = 6

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scale:
    """Areas as one matrix draws them, in units of its tiles from the north-west of the world."""

    x: Whole
    y: Whole
    starts: Whole
    features: Whole
    boxes: Whole
    outer: npt.NDArray[np.bool_]


class Pyramid:
    """Some levels of a tiling in one tile matrix set. Safe for threads.

    Parameters
    ----------
    levels : sequence of array of Polygon or MultiPolygon
        CRS: WGS 84.
    matrix : TileMatrixSet
    """

    def __init__(self, levels: Sequence[Shapes], matrix: TileMatrixSet) -> None:
        self.matrix = matrix
        self._net: Net = net_of(levels, matrix)
        ends = np.cumsum([0, *(len(level) for level in levels)])
        self._areas = [slice(int(a), int(b)) for a, b in itertools.pairwise(ends)]
        self._scales: OrderedDict[int, Scale] = OrderedDict()
        self._lock = Lock()

    def scale(self, z: int) -> Scale:
        """Give the areas of all levels at a scale; some are kept."""
        with self._lock:
            if z in self._scales:
                self._scales.move_to_end(z)
                return self._scales[z]
            net, units = self._net, float(EXTENT << z)
            x, y, starts, features, boxes = drawn(
                net.vertex, net.ring, net.hole, net.area_ring, net.weight, net.xy, units, TOLERANCE / units
            )
            made = Scale(x, y, starts, features, boxes, outer_rings(x, y, starts))
            self._scales[z] = made
            while len(self._scales) > _KEEP:
                self._scales.popitem(last=False)
            return made

    def layer(self, name: str, level: int, columns: Columns, z: int, row: int, column: int) -> bytes:
        """Write the areas of one level, by its place in ``levels``, that a tile holds; b"" where it holds none.

        ``columns``: one row an area of the level, in its order.
        """
        scale, areas = self.scale(z), self._areas[level]
        west, north = column * EXTENT, row * EXTENT
        box = scale.boxes[areas]
        low, high = -BUFFER, EXTENT + BUFFER
        near = (
            (box[:, 0] <= west + high) & (box[:, 2] >= west + low)
            & (box[:, 1] <= north + high) & (box[:, 3] >= north + low)
        )  # fmt: skip
        rows = np.flatnonzero(near)
        if not len(rows):
            return b""
        rings = clipped(
            rows + areas.start, scale.x, scale.y, scale.starts, scale.features, scale.outer, west, north, low, high
        )
        return write_layer(name, POLYGON, columns, rows, *rings)
