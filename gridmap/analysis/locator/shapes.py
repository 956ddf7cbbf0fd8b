"""Asking the shapes themselves: which of them hold a point, strictly or on their border. Exact, for a few points."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from numba import njit

from gridmap.analysis.locator.predicates import UNDECIDED, rational_side, side
from gridmap.analysis.locator.segments import Rings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Points that are asked at a time.
_ASKED = 1 << 17

#: What ``relations`` gives.
OUTSIDE, ON_BORDER, STRICTLY = 0, 1, 3


class Boxes:
    """A tree over the boxes of shapes. Safe for threads."""

    def __init__(self, rings: Rings) -> None:
        low = np.minimum.reduceat(rings.xy, rings.start[:-1])
        high = np.maximum.reduceat(rings.xy, rings.start[:-1])
        low = np.minimum.reduceat(low, rings.of_shape[:-1])
        high = np.maximum.reduceat(high, rings.of_shape[:-1])
        self.size = high - low
        self._tree = shapely.STRtree(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
        # built by its first question: two threads must not ask that
        self._tree.query(shapely.Point(0, 0))

    def at(self, x: Floats, y: Floats, within: Floats | float = 0.0) -> tuple[Ints, Ints]:
        """Give the pairs of points and shapes whose boxes lie within a distance along each axis."""
        if np.isscalar(within) and within == 0.0:
            around: Any = shapely.points(x, y)
        else:
            around = shapely.box(x - within, y - within, x + within, y + within)
        point, shape = self._tree.query(around)
        return point.astype(np.int64), shape.astype(np.int64)


def relations(rings: Rings, x: Floats, y: Floats, point: Ints, shape: Ints) -> npt.NDArray[np.int8]:
    """Tell for pairs of points and shapes: ``OUTSIDE``, ``ON_BORDER`` or ``STRICTLY`` inside."""
    out = np.empty(len(point), np.int8)
    _relations(rings.xy, rings.start, rings.of_shape, x, y, point, shape, out)
    for i in np.flatnonzero(out == UNDECIDED):
        out[i] = _rational_relation(rings, float(x[point[i]]), float(y[point[i]]), int(shape[i]))
    return out


def holders_of(rings: Rings, boxes: Boxes, x: Floats, y: Floats) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """Give the pairs of points and shapes that hold them, by point and shape, and whether strictly."""
    found = []
    for i in range(0, len(x), _ASKED):
        px, py = x[i : i + _ASKED], y[i : i + _ASKED]
        point, shape = boxes.at(px, py)
        relation = relations(rings, px, py, point, shape)
        held = relation != OUTSIDE
        point, shape, relation = point[held], shape[held], relation[held]
        order = np.lexsort((shape, point))
        found.append((point[order] + i, shape[order], relation[order] == STRICTLY))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool)
    point, shape, strictly = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return point, shape, strictly


@njit(cache=True, nogil=True)
def _relations(
    xy: Floats, start: Ints, of_shape: Ints, x: Floats, y: Floats, point: Ints, shape: Ints, out: npt.NDArray[np.int8]
) -> None:
    for i in range(len(point)):
        out[i] = _relation(xy, start, of_shape, x[point[i]], y[point[i]], shape[i])


@njit(cache=True, nogil=True)
def _relation(xy: Floats, start: Ints, of_shape: Ints, px: float, py: float, shape: int) -> int:
    inside = False
    for r in range(of_shape[shape], of_shape[shape + 1]):
        first, end = start[r], start[r + 1]
        if end - first == 1:
            # a point has no border but itself
            if xy[first, 0] == px and xy[first, 1] == py:
                return STRICTLY
            continue
        ax, ay = xy[first, 0], xy[first, 1]
        for i in range(first + 1, end):
            bx, by = xy[i, 0], xy[i, 1]
            upwards = ay <= py
            crosses = upwards != (by <= py)
            # an edge wholly to the left, above or below says nothing
            if (crosses or ay == py or by == py) and px <= max(ax, bx):
                if (ax == px and ay == py) or (bx == px and by == py):
                    return ON_BORDER
                if ay == by:
                    if min(ax, bx) <= px:
                        return ON_BORDER
                elif crosses:
                    where = 1
                    if px >= min(ax, bx):
                        where = side(ax, ay, bx, by, px, py) if upwards else side(bx, by, ax, ay, px, py)
                    if where == 0:
                        return ON_BORDER
                    if where == UNDECIDED:
                        return UNDECIDED
                    if where > 0:
                        inside = not inside
            ax, ay = bx, by
    return STRICTLY if inside else OUTSIDE


def _rational_relation(rings: Rings, px: float, py: float, shape: int) -> int:
    inside = False
    for r in range(rings.of_shape[shape], rings.of_shape[shape + 1]):
        ring = rings.xy[rings.start[r] : rings.start[r + 1]].tolist()
        for (ax, ay), (bx, by) in pairwise(ring):
            if (ay, ax) > (by, bx):
                ax, ay, bx, by = bx, by, ax, ay
            if not ay <= py <= by:
                continue
            where = rational_side(ax, ay, bx, by, px, py)
            if where == 0 and min(ax, bx) <= px <= max(ax, bx):
                return ON_BORDER
            if where > 0 and ay <= py < by:
                inside = not inside
    return STRICTLY if inside else OUTSIDE
