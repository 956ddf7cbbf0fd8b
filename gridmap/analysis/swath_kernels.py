"""The loops of swaths, compiled: what of a line lies within reach of ways.

A way is a chain of segments, and what lies within reach of a segment is convex: a line meets it in one interval. So
intervals are computed, put in order and joined; nothing is drawn and no polygon is made.
"""

import math

import numba
import numpy as np

from gridmap.analysis.tracking_kernels import Floats, Ints


def _met(ax: float, ay: float, bx: float, by: float, reach: float, y: float) -> tuple[float, float]:
    """Give where the line at a height enters and leaves what lies within reach of a segment; low > high: nowhere."""
    low, high = math.inf, -math.inf
    if y < min(ay, by) - reach or y > max(ay, by) + reach:
        return low, high
    for x, d in ((ax, y - ay), (bx, y - by)):
        if -reach <= d <= reach:
            w = math.sqrt(reach * reach - d * d)
            low, high = min(low, x - w), max(high, x + w)
    rise = by - ay
    if rise != 0.0:
        length = math.hypot(bx - ax, rise)
        # from a segment to its sides; at its ends they lie on the circles
        nx, ny = -rise / length * reach, (bx - ax) / length * reach
        for side in (1.0, -1.0):
            t = (y - ay - side * ny) / rise
            if 0.0 <= t <= 1.0:
                x = ax + side * nx + t * (bx - ax)
                low, high = min(low, x), max(high, x)
    return low, high


met = numba.njit(cache=True)(_met)


def _join(low: Floats, high: Floats, n: int, start: Floats, end: Floats, before: Floats) -> int:
    """Join intervals that overlap; ``before``: the length of all joined ones before each. Gives how many are left."""
    order = np.argsort(low[:n])
    k = -1
    for i in order:
        if k >= 0 and low[i] <= end[k]:
            end[k] = max(end[k], high[i])
        else:
            k += 1
            start[k], end[k] = low[i], high[i]
    total = 0.0
    for i in range(k + 1):
        before[i] = total
        total += end[i] - start[i]
    return k + 1


join = numba.njit(cache=True)(_join)


def _add(low: Floats, high: Floats, n: int, a: float, b: float) -> int:
    """Put an interval among ``n`` that are apart and in order, joined with those it touches. Gives how many are left.

    Looks from the right: what comes nearly in order finds its place at once, and where ways lie thick the few joined
    intervals are all there is to look at.
    """
    i = n
    while i > 0 and low[i - 1] > b:
        i -= 1
    j = i
    while j > 0 and high[j - 1] >= a:
        j -= 1
    if j == i:
        for k in range(n, i, -1):
            low[k], high[k] = low[k - 1], high[k - 1]
        low[i], high[i] = a, b
        return n + 1
    low[j], high[j] = min(a, low[j]), max(b, high[i - 1])
    gone = i - 1 - j
    if gone:
        for k in range(i, n):
            low[k - gone], high[k - gone] = low[k], high[k]
    return n - gone


add = numba.njit(cache=True)(_add)


def _sweep(
    first: int,
    last: int,
    y0: float,
    step: float,
    reach: float,
    segments: Floats,
    of: Ints,
    edges: Floats,
    owner: Ints,
    rim: Ints,
    seen: Floats,
    area: Floats,
) -> None:
    """Add what rows ``[first, last)`` see of polygons, in metres of row; row k lies at ``y0 + (k + 0.5) * step``.

    ``segments[of]`` (ax, ay, bx, by) may come within reach of the rows, ``edges[rim]`` may cross them. Edges run round
    their polygons with the inside to the left (holes the other way): an edge that goes up has the inside to its west,
    so what is seen of a polygon is the sum of what is seen to the west of its edges, up less down.
    """
    n = len(of)
    start, end, before = np.empty(n), np.empty(n), np.empty(n)
    for row in range(first, last):
        y = y0 + (row + 0.5) * step
        count = 0
        for i in of:
            a, b = met(segments[i, 0], segments[i, 1], segments[i, 2], segments[i, 3], reach, y)
            if a <= b:
                count = add(start, end, count, a, b)
        total = 0.0
        for k in range(count):
            before[k] = total
            total += end[k] - start[k]
        for e in rim:
            ya, yb = edges[e, 1], edges[e, 3]
            if (ya <= y) == (yb <= y):
                continue
            x = edges[e, 0] + (y - ya) / (yb - ya) * (edges[e, 2] - edges[e, 0])
            k = np.searchsorted(start[:count], x, side="right") - 1
            west = 0.0 if k < 0 else before[k] + min(x, end[k]) - start[k]
            sign = 1.0 if yb > ya else -1.0
            seen[owner[e]] += sign * west
            area[owner[e]] += sign * x


def _along(pieces: Floats, bounds: Ints, segments: Floats, of: Ints, reach: float, out: Floats) -> None:
    """Tell how many metres of straight pieces (ax, ay, bx, by) lie within reach of ``segments[of[bounds...]]``."""
    most = 0
    for i in range(len(pieces)):
        most = max(most, bounds[i + 1] - bounds[i])
    low, high = np.empty(most), np.empty(most)
    start, end, before = np.empty(most), np.empty(most), np.empty(most)
    for i in range(len(pieces)):
        px, py = pieces[i, 0], pieces[i, 1]
        length = math.hypot(pieces[i, 2] - px, pieces[i, 3] - py)
        if length == 0.0:
            continue
        dx, dy = (pieces[i, 2] - px) / length, (pieces[i, 3] - py) / length
        count = 0
        for j in range(bounds[i], bounds[i + 1]):
            ax, ay = segments[of[j], 0] - px, segments[of[j], 1] - py
            bx, by = segments[of[j], 2] - px, segments[of[j], 3] - py
            # turned so that the piece is level
            a, b = met(ax * dx + ay * dy, ay * dx - ax * dy, bx * dx + by * dy, by * dx - bx * dy, reach, 0.0)
            a, b = max(a, 0.0), min(b, length)
            if a <= b:
                low[count], high[count] = a, b
                count += 1
        count = join(low, high, count, start, end, before)
        if count:
            out[i] = before[count - 1] + end[count - 1] - start[count - 1]


sweep = numba.njit(cache=True, nogil=True)(_sweep)
along = numba.njit(cache=True, nogil=True)(_along)
