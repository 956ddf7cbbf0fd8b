"""Metres: how far from a border a point lies, and which grids are near it."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from numba import njit

from gridmap.analysis.locator.segments import Rings
from gridmap.analysis.locator.shapes import Boxes
from gridmap.cpus import share

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Two grids are equally near when their distances differ by less than this.
EQUAL_M = 1e-6

#: Edges that are passed over together when they all lie too far away.
_CHUNK = 16

#: Pairs that a thread measures at a time.
_SHARE = 1 << 16

#: Pairs of points and grids that are looked at together.
_PAIRS = 2_000_000


class Metric:
    """The rings in metres. An edge that is straight in degrees is measured as straight in metres.

    Parameters
    ----------
    rings : Rings
        In degrees, or in metres where ``epsg`` is None; the points of all methods are given in the same.
    epsg : int or None
        The metric CRS.
    """

    def __init__(self, rings: Rings, epsg: int | None) -> None:
        self._epsg = epsg
        x, y = self._projected(np.ascontiguousarray(rings.xy[:, 0]), np.ascontiguousarray(rings.xy[:, 1]))
        xy = np.column_stack([x, y])
        self.rings = replace(rings, xy=xy)
        self.boxes = Boxes(self.rings)
        self._chunks, self._chunk_of_ring = _chunks(xy, self.rings.start)

    def _projected(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        if self._epsg is None:
            return x, y
        from gridmap.crs import xy_to_metric

        return xy_to_metric(x, y, self._epsg)

    def distances(self, x: Floats, y: Floats, shape: Ints) -> Floats:
        """Give the metres from each point to the border of its shape."""
        return self._of_pairs(*self._projected(x, y), np.arange(len(x)), shape)

    def _of_pairs(self, x: Floats, y: Floats, point: Ints, shape: Ints) -> Floats:
        """Measure pairs of points (metric) and shapes."""
        out = np.empty(len(point))
        rings = self.rings

        def measure(part: slice) -> None:
            _distances(
                rings.xy, rings.start, rings.of_shape, self._chunks, self._chunk_of_ring,
                x, y, point[part], shape[part], out[part],
            )  # fmt: skip

        share(measure, len(point), _SHARE)
        return out

    def distance(self, x: float, y: float, shape: int) -> float:
        """Give the metres from one point to the border of a shape, to the last bit as ``distances`` does."""
        if self._epsg is not None:
            from gridmap.crs import point_to_metric

            x, y = point_to_metric(x, y, self._epsg)
        rings = self.rings
        return float(_distance(rings.xy, rings.start, rings.of_shape, self._chunks, self._chunk_of_ring, x, y, shape))

    def near(
        self, x: Floats, y: Floats, *, within_m: float, k: int, held: tuple[Ints, Ints]
    ) -> tuple[Ints, Ints, Floats]:
        """Find the k nearest shapes of each point within a distance.

        Parameters
        ----------
        held : pair of int64 arrays
            Points and shapes that hold them: their distance is 0.

        Returns
        -------
        point, shape, metres
            Ordered by point, then by distance; what is equally near (to ``EQUAL_M``), by shape.
        """
        x, y = self._projected(x, y)
        found: list[tuple[Ints, Ints, Floats]] = []
        waiting = np.arange(len(x))
        # a few shapes are enough for most: a small radius finds them, and only the others look further
        radius = min(within_m, float(np.median(self.boxes.size.max(axis=1))) * 0.5 + 1.0)
        while len(waiting):
            rest = []
            # so many at a time that their pairs fit into memory, judged by the first ones
            step = max(64, min(len(waiting), 50_000))
            at = 0
            while at < len(waiting):
                part = waiting[at : at + step]
                at += len(part)
                point, shape, metres, full = self._within(x, y, part, radius, k, held, radius >= within_m)
                found.append((point, shape, metres))
                rest.append(part[~full])
                if len(point) > _PAIRS:
                    step = max(64, step // 2)
            waiting = np.concatenate(rest)
            radius = min(within_m, radius * 4)
        if not found:
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
        point, shape, metres = (np.concatenate(columns) for columns in zip(*found, strict=True))
        order = np.argsort(point, kind="stable")
        return point[order], shape[order], metres[order]

    def _within(
        self, x: Floats, y: Floats, part: Ints, radius: float, k: int, held: tuple[Ints, Ints], last: bool
    ) -> tuple[Ints, Ints, Floats, npt.NDArray[np.bool_]]:
        # a little further than the radius, so that what is equally near is all there
        point, shape = self.boxes.at(x[part], y[part], radius + EQUAL_M)
        metres = self._of_pairs(x[part], y[part], point, shape)
        inside = np.isin(part[point] * len(self.boxes.size) + shape, held[0] * len(self.boxes.size) + held[1])
        metres[inside] = 0.0
        close = metres <= radius
        point, shape, metres = point[close], shape[close], metres[close]
        order = np.lexsort((shape, metres, point))
        point, shape, metres = point[order], shape[order], metres[order]
        # equally near ones stand together: each group counts from its nearest member
        new = np.r_[True, (point[1:] != point[:-1]) | (np.diff(metres) > EQUAL_M)] if len(point) else np.zeros(0, bool)
        order = np.lexsort((shape, np.cumsum(new), point))
        point, shape, metres = point[order], shape[order], metres[order]
        first = np.searchsorted(point, np.arange(len(part)))
        rank = np.arange(len(point)) - first[point]
        enough = np.bincount(point, minlength=len(part)) >= k
        # the radius may cut a group of equally near ones in two
        clear = np.zeros(len(part), bool)
        kth = np.flatnonzero(rank == k - 1)
        clear[point[kth]] = metres[kth] + EQUAL_M < radius
        full = (enough & clear) | last
        keep = (rank < k) & full[point]
        return part[point[keep]], shape[keep], metres[keep], full


@njit(cache=True, nogil=True)
def _chunks(xy: Floats, start: Ints) -> tuple[Floats, Ints]:
    """Give the boxes of every few edges of each ring, and where each ring's boxes start."""
    first = np.zeros(len(start), np.int64)
    for r in range(len(start) - 1):
        edges = max(1, start[r + 1] - start[r] - 1)
        first[r + 1] = first[r] + (edges + _CHUNK - 1) // _CHUNK
    boxes = np.empty((first[-1], 4))
    for r in range(len(start) - 1):
        for c in range(first[r], first[r + 1]):
            low = start[r] + (c - first[r]) * _CHUNK
            boxes[c, 0] = boxes[c, 2] = xy[low, 0]
            boxes[c, 1] = boxes[c, 3] = xy[low, 1]
            for i in range(low + 1, min(low + _CHUNK + 1, start[r + 1])):
                boxes[c, 0] = min(boxes[c, 0], xy[i, 0])
                boxes[c, 1] = min(boxes[c, 1], xy[i, 1])
                boxes[c, 2] = max(boxes[c, 2], xy[i, 0])
                boxes[c, 3] = max(boxes[c, 3], xy[i, 1])
    return boxes, first


@njit(cache=True, nogil=True)
def _distance(
    xy: Floats, start: Ints, of_shape: Ints, boxes: Floats, chunk_of_ring: Ints, px: float, py: float, shape: int
) -> float:
    best = np.inf
    for r in range(of_shape[shape], of_shape[shape + 1]):
        for c in range(chunk_of_ring[r], chunk_of_ring[r + 1]):
            dx = max(boxes[c, 0] - px, 0.0, px - boxes[c, 2])
            dy = max(boxes[c, 1] - py, 0.0, py - boxes[c, 3])
            # a hair more is looked at, so that rounding in the boxes cannot hide the nearest edge
            if (dx * dx + dy * dy) * (1.0 - 1e-9) > best:
                continue
            low = start[r] + (c - chunk_of_ring[r]) * _CHUNK
            last = min(low + _CHUNK, start[r + 1] - 1)
            if last == low:
                best = min(best, (xy[low, 0] - px) ** 2 + (xy[low, 1] - py) ** 2)
            for i in range(low, last):
                ax, ay, bx, by = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
                # one direction for both neighbours: the last bit must not depend on how a ring runs
                if ay > by or (ay == by and ax > bx):
                    ax, ay, bx, by = bx, by, ax, ay
                ex, ey = bx - ax, by - ay
                size = ex * ex + ey * ey
                t = ((px - ax) * ex + (py - ay) * ey) / size if size > 0.0 else 0.0
                t = min(1.0, max(0.0, t))
                dx, dy = ax + t * ex - px, ay + t * ey - py
                best = min(best, dx * dx + dy * dy)
    return float(np.sqrt(best))


@njit(cache=True, nogil=True)
def _distances(
    xy: Floats, start: Ints, of_shape: Ints, boxes: Floats, chunk_of_ring: Ints,
    x: Floats, y: Floats, point: Ints, shape: Ints, out: Floats,
) -> None:  # fmt: skip
    for j in range(len(point)):
        out[j] = _distance(xy, start, of_shape, boxes, chunk_of_ring, x[point[j]], y[point[j]], shape[j])
