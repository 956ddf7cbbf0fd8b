"""Building the index: a raster of cells that lie inside one grid, or hold the few segments that cross them.

The plane is cut into square cells. A cell that no segment comes near belongs to one grid, or to none, as a whole. A
*border cell* keeps copies of its segments and looks at them from one of its sides that no segment touches: the whole
side lies in one grid, so who holds a point of the cell follows from the segments between the point and that side. The
segments are kept turned (``turn_point``) so that this side lies to the right. A border cell all of whose sides are
crossed is *open*: its answer is continued in the next cell to the right.

Which segments come near a cell is decided generously, in floating point; who holds a point of known ground is decided
by ``predicates.side`` alone. Segments carry sums: crossing one to its left adds the grid on its left and takes away the
one on its right, ``MEMBER`` for the count and the number of the grid plus one; a sum of one member names it.
"""

import numpy as np
from numba import njit

from gridmap.analysis.locator.predicates import UNDECIDED, side

#: Counts members in the upper bits of a sum.
MEMBER = np.int64(1) << np.int64(40)

#: How far beyond its sides a cell looks for segments, in cells; far above what rounding can move.
NEAR = 1e-6

#: The ways a border cell looks: right, left, up, down. OPEN looks right and goes on; SLOW leaves it to the shapes.
RIGHT, LEFT, UP, DOWN, OPEN, SLOW = range(6)

#: Labels of cells below this are border cells: BORDER - number.
NOBODY, BORDER = -1, -2

#: Sums of more segments than this could pass 2**53, above which doubles skip numbers; such places ask the shapes.
MOST_SUMMED = 4096

#: Label of a whole cell held by several grids.
SHARED = np.int32(2**31 - 1)


@njit(cache=True, nogil=True)
def _span(u, a, v, b, low, high):
    """Give the range of columns in which the segment (u, a) -> (v, b), a <= b, lies in the rows low to high."""
    if a > high or b < low:
        return 1.0, 0.0
    if b - a < 1e-9:
        p, q = u, v
    else:
        t = (low - a) / (b - a)
        t = min(1.0, max(0.0, t))
        p = u + t * (v - u)
        t = (high - a) / (b - a)
        t = min(1.0, max(0.0, t))
        q = u + t * (v - u)
    if p > q:
        p, q = q, p
    return p, q


@njit(cache=True, nogil=True)
def count_segments(ends, x0, y0, inv, nx, ny, count):
    """Count the segments that come near each cell, into ``count`` (int32, ny * nx)."""
    for k in range(len(ends)):
        u, a = (ends[k, 0] - x0) * inv, (ends[k, 1] - y0) * inv
        v, b = (ends[k, 2] - x0) * inv, (ends[k, 3] - y0) * inv
        for r in range(max(0, int(np.floor(a - NEAR))), min(ny - 1, int(np.floor(b + NEAR))) + 1):
            p, q = _span(u, a, v, b, r - NEAR, r + 1 + NEAR)
            for c in range(max(0, int(np.floor(p - NEAR))), min(nx - 1, int(np.floor(q + NEAR))) + 1):
                count[r * nx + c] += 1


@njit(cache=True, nogil=True)
def number_cells(label):
    """Turn counts into labels: border cells are numbered, others hold nobody. Give where each one's segments start."""
    borders = 0
    for i in range(len(label)):
        if label[i] > 0:
            borders += 1
    start = np.zeros(borders + 1, np.int64)
    m = 0
    for i in range(len(label)):
        if label[i] > 0:
            start[m + 1] = start[m] + label[i]
            label[i] = BORDER - m
            m += 1
        else:
            label[i] = NOBODY
    return start


@njit(cache=True, nogil=True)
def fill_segments(ends, x0, y0, inv, nx, ny, label, start, which, touched):
    """List the segments of each border cell into ``which``, and the sides they touch into ``touched`` (bits)."""
    free = start[:-1].copy()
    wide = 2 * NEAR
    for k in range(len(ends)):
        u, a = (ends[k, 0] - x0) * inv, (ends[k, 1] - y0) * inv
        v, b = (ends[k, 2] - x0) * inv, (ends[k, 3] - y0) * inv
        for r in range(max(0, int(np.floor(a - NEAR))), min(ny - 1, int(np.floor(b + NEAR))) + 1):
            p, q = _span(u, a, v, b, r - NEAR, r + 1 + NEAR)
            wp, wq = _span(u, a, v, b, r - wide, r + 1 + wide)
            tp, tq = _span(u, a, v, b, r + 1 - wide, r + 1 + wide)
            bp, bq = _span(u, a, v, b, r - wide, r + wide)
            for c in range(max(0, int(np.floor(p - NEAR))), min(nx - 1, int(np.floor(q + NEAR))) + 1):
                m = BORDER - label[r * nx + c]
                which[free[m]] = k
                free[m] += 1
                sides = touched[m]
                if wp <= c + 1 + wide and wq >= c + 1 - wide:
                    sides |= 1 << RIGHT
                if wp <= c + wide and wq >= c - wide:
                    sides |= 1 << LEFT
                if tp <= tq and tp <= c + 1 + wide and tq >= c - wide:
                    sides |= 1 << UP
                if bp <= bq and bp <= c + 1 + wide and bq >= c - wide:
                    sides |= 1 << DOWN
                touched[m] = sides


@njit(cache=True, nogil=True, inline="always")
def turn_point(way, x, y):
    """Turn a point so that the way a cell looks becomes the way to the right."""
    if way == LEFT:
        return -x, y
    if way == UP:
        return y, x
    if way == DOWN:
        return -y, x
    return x, y


@njit(cache=True, nogil=True, inline="always")
def worth(left, right):
    """Give what crossing a segment to its left adds to a sum."""
    value = np.int64(left) - np.int64(right)
    if left > 0:
        value += MEMBER
    if right > 0:
        value -= MEMBER
    return value


@njit(cache=True, nogil=True)
def _turn_segment(way, ends, owners, k, out, at):
    ax, ay = turn_point(way, ends[k, 0], ends[k, 1])
    bx, by = turn_point(way, ends[k, 2], ends[k, 3])
    left, right = owners[k, 0], owners[k, 1]
    if way in (LEFT, UP):  # mirrored
        left, right = right, left
    if by < ay:
        ax, ay, bx, by = bx, by, ax, ay
        left, right = right, left
    out[at, 0], out[at, 1], out[at, 2], out[at, 3] = ax, ay, bx, by
    out[at, 4] = worth(left, right)


@njit(cache=True, nogil=True)
def crossed(segments, first, end, u, v):
    """Sum the segments to the right of a point (turned); the second value is False where it lies on one of them."""
    total = np.int64(0)
    for k in range(first, end):
        low, high = segments[k, 1], segments[k, 3]
        if v < low or v > high:
            continue
        where = side(segments[k, 0], low, segments[k, 2], high, u, v)
        if low == high:
            if v == low and min(segments[k, 0], segments[k, 2]) <= u <= max(segments[k, 0], segments[k, 2]):
                return total, False
            continue
        if where == 0 or where == UNDECIDED:
            return total, False
        if where > 0 and v < high:
            total += np.int64(segments[k, 4])
    return total, True


@njit(cache=True, nogil=True)
def look(ends, pairs, x0, y0, inv, nx, row_first, row_end, label, start, which, touched, head, segments):
    """Go along each row: name the whole cells, and choose for each border cell the way it looks.

    ``head`` (int32, a row for each border cell) takes its first and last segment, the label of the side it looks at
    and its way.
    """
    cell = 1.0 / inv
    for r in range(row_first, row_end):
        y = y0 + (r + 0.5) * cell
        here = np.int64(0)
        for c in range(nx):
            i = r * nx + c
            if label[i] > BORDER:
                members = here >> 40
                if members == 1:
                    label[i] = (here & (MEMBER - 1)) - 1
                elif members > 1:
                    label[i] = SHARED
                continue
            m = BORDER - label[i]
            first, end = start[m], start[m + 1]
            before = here
            for j in range(first, end):
                k = which[j]
                if ends[k, 1] <= y < ends[k, 3]:
                    t = (y - ends[k, 1]) / (ends[k, 3] - ends[k, 1])
                    x = ends[k, 0] + t * (ends[k, 2] - ends[k, 0])
                    if int((x - x0) * inv) == c:
                        here -= worth(pairs[k, 0], pairs[k, 1])
            way = OPEN
            for w in range(4):
                if not touched[m] >> w & 1:
                    way = w
                    break
            for j in range(first, end):
                _turn_segment(way, ends, pairs, which[j], segments, j)
            head[m, 0], head[m, 1], head[m, 2], head[m, 3] = first, end, NOBODY, way
            if way == OPEN:
                continue
            head[m, 3] = SLOW
            if end - first > MOST_SUMMED:
                continue
            for attempt in range(4):
                x = x0 + (c + (0.5, 0.3125, 0.734375, 0.421875)[attempt]) * cell
                known = before
                clear = True
                for j in range(first, end):
                    k = which[j]
                    if ends[k, 1] <= y < ends[k, 3]:
                        t = (y - ends[k, 1]) / (ends[k, 3] - ends[k, 1])
                        column = int((ends[k, 0] + t * (ends[k, 2] - ends[k, 0]) - x0) * inv)
                        if column != c:
                            continue
                        where = side(ends[k, 0], ends[k, 1], ends[k, 2], ends[k, 3], x, y)
                        if where == 0 or where == UNDECIDED:
                            clear = False
                        elif where < 0:
                            known -= worth(pairs[k, 0], pairs[k, 1])
                if not clear:
                    continue
                u, v = turn_point(way, x, y)
                total, clear = crossed(segments, first, end, u, v)
                if not clear:
                    continue
                known -= total
                members = known >> 40
                if members == 0 and known == 0:
                    head[m, 3] = way
                elif members == 1:
                    head[m, 2] = (known & (MEMBER - 1)) - 1
                    head[m, 3] = way
                break
