"""The shapes as segments: every ring edge once, with the grid on its left and the grid on its right.

Polygons share their borders, so an edge that two rings run along is one segment with two owners. Segments point upwards
(by y, then x). Where more rings than one run along one side, the segment stands there several times.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from numba import njit

from gridmap.analysis.locator.predicates import UNDECIDED, rational_side, side
from gridmap.analysis.runs import starts_of_runs

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Objects = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Rings:
    """The rings of n shapes, in the order of the shapes.

    Attributes
    ----------
    xy : float64 array, shape (k, 2)
        Vertices of all rings, each ring closed.
    start : int64 array, shape (r + 1)
        Where each ring starts in ``xy``.
    shape : int32 array, shape (r)
        The shape of each ring; ascending.
    inside_left : bool array, shape (r)
        Whether the shape lies to the left of the ring as it runs. A point is a ring of one vertex.
    of_shape : int64 array, shape (n + 1)
        Where the rings of each shape start.
    """

    xy: Floats
    start: Ints
    shape: Int32s
    inside_left: npt.NDArray[np.bool_]
    of_shape: Ints


def rings_of(geometries: Objects) -> Rings:
    """Take polygons, multi-polygons and points apart."""
    parts, part_shape = shapely.get_parts(geometries, return_index=True)
    is_point = shapely.get_type_id(parts) == 0
    lines, line_part = shapely.get_rings(parts, return_index=True)
    exterior = np.r_[True, line_part[1:] != line_part[:-1]] if len(lines) else np.zeros(0, dtype=bool)
    shape = part_shape[line_part]
    if is_point.any():
        lines = np.r_[lines, parts[is_point]]
        shape = np.r_[shape, part_shape[is_point]]
        exterior = np.r_[exterior, np.ones(int(is_point.sum()), dtype=bool)]
        order = np.argsort(shape, kind="stable")
        lines, shape, exterior = lines[order], shape[order], exterior[order]
    # + 0.0 turns a negative zero into zero, so that equal numbers have equal bits
    xy = shapely.get_coordinates(lines)
    xy += 0.0
    start = np.r_[0, np.cumsum(shapely.get_num_coordinates(lines))].astype(np.int64)
    turn = _turns(xy, start)
    for r in np.flatnonzero(turn == UNDECIDED):
        turn[r] = _rational_turn(xy[start[r] : start[r + 1]])
    of_shape = np.searchsorted(shape, np.arange(len(geometries) + 1)).astype(np.int64)
    rings = Rings(xy, start, shape.astype(np.int32), (turn > 0) == exterior, of_shape)
    for name in Rings.__slots__:
        # as they are when they come from a file: to the compiler, arrays that can be written to are of another type
        getattr(rings, name).flags.writeable = False
    return rings


@njit(cache=True, nogil=True)
def _turns(xy: Floats, start: Ints) -> npt.NDArray[np.int8]:
    """Give 1 for each ring that runs against the clock, -1 with it, 0 for points."""
    turn = np.zeros(len(start) - 1, np.int8)
    for r in range(len(start) - 1):
        first, end = start[r], start[r + 1] - 1
        n = end - first
        if n < 3:
            continue
        low = first
        for i in range(first + 1, end):
            if xy[i, 1] < xy[low, 1] or (xy[i, 1] == xy[low, 1] and xy[i, 0] < xy[low, 0]):
                low = i
        a = low
        b = low
        while xy[a, 0] == xy[low, 0] and xy[a, 1] == xy[low, 1]:
            a = a - 1 if a > first else end - 1
            if a == low:
                break
        while xy[b, 0] == xy[low, 0] and xy[b, 1] == xy[low, 1]:
            b = b + 1 if b < end - 1 else first
            if b == low:
                break
        turn[r] = side(xy[a, 0], xy[a, 1], xy[low, 0], xy[low, 1], xy[b, 0], xy[b, 1])
    return turn


def _rational_turn(ring: Floats) -> int:
    points = [tuple(p) for p in ring[:-1].tolist()]
    points = [p for p, q in zip(points, points[1:] + points[:1], strict=True) if p != q]
    low = min(range(len(points)), key=lambda i: (points[i][1], points[i][0]))
    a, b, c = points[low - 1], points[low], points[(low + 1) % len(points)]
    return rational_side(*a, *b, *c)


@njit(cache=True, nogil=True)
def segments_of(xy: Floats, start: Ints, shape: Int32s, inside_left: npt.NDArray[np.bool_]) -> tuple[Floats, Int32s]:
    """Join the ring edges that run along each other.

    Returns
    -------
    ends : float64 array, shape (s, 4)
        x and y of the lower end, x and y of the upper end.
    owners : int32 array, shape (s, 2)
        Shape on the left and on the right of the segment as it points upwards, plus one; 0 for none.
    """
    most = len(xy) - len(start) + 1 + len(start)
    size = 1
    while size < 2 * most:
        size *= 2
    mask = np.uint64(size - 1)
    slots = np.full(size, -1, np.int32)
    ends = np.empty((most, 4))
    bits = ends.view(np.uint64)
    owners = np.zeros((most, 2), np.int32)
    count = 0
    for r in range(len(start) - 1):
        first, end = start[r], start[r + 1]
        owner = shape[r] + 1
        if end - first == 1:
            ends[count] = (xy[first, 0], xy[first, 1], xy[first, 0], xy[first, 1])
            owners[count, 0] = owner
            count += 1
            continue
        for i in range(first, end - 1):
            ax, ay, bx, by = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
            if ax == bx and ay == by:
                continue
            upwards = ay < by or (ay == by and ax < bx)
            if not upwards:
                ax, ay, bx, by = bx, by, ax, ay
            which = 0 if upwards == inside_left[r] else 1
            ends[count, 0], ends[count, 1], ends[count, 2], ends[count, 3] = ax, ay, bx, by
            h = np.uint64(1469598103934665603)
            for j in range(4):
                h = (h ^ bits[count, j]) * np.uint64(0x9E3779B97F4A7C15)
                h ^= h >> np.uint64(29)
            at = h & mask
            while True:
                k = slots[at]
                if k < 0:
                    slots[at] = count
                    owners[count, which] = owner
                    count += 1
                    break
                if (
                    owners[k, which] == 0
                    and ends[k, 0] == ax
                    and ends[k, 1] == ay
                    and ends[k, 2] == bx
                    and ends[k, 3] == by
                ):
                    owners[k, which] = owner
                    break
                at = (at + np.uint64(1)) & mask
    return ends[:count].copy(), owners[:count].copy()


def edges_of(rings: Rings) -> tuple[Floats, Int32s]:
    """Give every edge once, as ``Locator.edges`` does."""
    ends, sides = segments_of(rings.xy, rings.start, rings.shape, rings.inside_left)
    real = (ends[:, :2] != ends[:, 2:]).any(axis=1)
    ends, sides = ends[real], sides[real]
    owner = np.where(sides > 0, sides - 1, len(rings.of_shape)).min(axis=1).astype(np.int32)
    # where shapes overlap, an edge may stand there several times
    order = np.lexsort((owner, *ends.T))
    ends, owner = ends[order], owner[order]
    first = starts_of_runs(*ends.T)
    return ends[first].reshape(-1, 2, 2), owner[first]
