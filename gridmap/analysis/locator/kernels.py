"""Asking the index: the loops over points. They change nothing but their output and hold no lock."""

import numpy as np
from numba import njit

from gridmap.analysis.locator.predicates import FILTER, TINY, UNDECIDED, exact_side
from gridmap.analysis.locator.raster import BORDER, DOWN, LEFT, MEMBER, MOST_SUMMED, NOBODY, OPEN, SHARED, SLOW, UP

#: The index cannot tell: the point lies on a border, or grids overlap there.
ASK = np.int32(-3)

#: Points looked up together.
BLOCK = 1024

#: How sure a sum is: the filter told every side; expansions told one; the point lies on a segment, or nothing can tell.
SURE, DOUBTED, LOST = range(3)

_MEMBER = float(MEMBER)


@njit(cache=True, nogil=True, error_model="numpy")
def owners_of(x, y, label, head, segments, x0, y0, inv, nx, ny, out, unsure):
    """Give the owner of each point into ``out`` (int32): -1 nobody, ``ASK`` where the shapes must be asked.

    ``unsure[0]`` counts the points for which the floating-point filter could not tell a side.
    """
    # the outermost cells are empty: the last row and column may be left out, and cell 0 answers for what lies outside
    wide, tall = float(nx - 1), float(ny - 1)
    cell = 1.0 / inv
    doubtful = 0
    cells = np.empty(BLOCK, np.uint32)
    waiting = np.empty(BLOCK, np.int32)
    heads = np.empty((BLOCK, 4), np.int32)
    warm = 0.0
    for block in range(0, len(x), BLOCK):
        n = min(BLOCK, len(x) - block)
        # Reading memory takes most of the time. Each pass asks for one thing, without a branch in its way, so that many
        # reads are under way at once: the cells, then what the border cells look at, then their segments.
        for i in range(n):
            fx = (x[block + i] - x0) * inv
            fy = (y[block + i] - y0) * inv
            inside = (fx >= 0.0) & (fy >= 0.0) & (fx < wide) & (fy < tall)
            fx = min(max(fx, 0.0), wide)
            fy = min(max(fy, 0.0), tall)
            cells[i] = np.uint32(np.int32(fy) * nx + np.int32(fx)) if inside else np.uint32(0)
        for i in range(n):
            out[block + i] = label[cells[i]]
        borders = 0
        for i in range(n):
            waiting[borders] = i
            borders += out[block + i] <= BORDER
        for j in range(borders):
            m = np.uint32(BORDER - out[block + waiting[j]])
            heads[j, 0], heads[j, 1], heads[j, 2], heads[j, 3] = head[m, 0], head[m, 1], head[m, 2], head[m, 3]
        for j in range(borders):
            warm += segments[np.uint32(heads[j, 0]), 1]
        for j in range(borders):
            i = waiting[j]
            first, end, found, way = heads[j, 0], heads[j, 1], heads[j, 2], heads[j, 3]
            px, py = x[block + i], y[block + i]
            if way < OPEN:
                total, state = look_aside(segments, first, end, way, px, py)
            else:
                total, state, found = look_on(
                    segments, first, end, way, px, py, label, head, int(cells[i]), x0, cell, nx
                )
            doubtful += state != SURE
            out[block + i] = _name(total, state, found)
        for i in range(n):
            if out[block + i] == SHARED:
                out[block + i] = ASK
    unsure[0] += doubtful
    return warm


@njit(cache=True, nogil=True, error_model="numpy")
def owner_of(px, py, at, label, head, segments, x0, cell, nx):
    """Give the owner of one point that lies in the border cell ``at``, as ``owners_of`` does."""
    found = label[at]
    if found == SHARED:
        return ASK
    m = BORDER - found
    if head[m, 3] < OPEN:
        total, state = look_aside(segments, head[m, 0], head[m, 1], head[m, 3], px, py)
        return _name(total, state, head[m, 2])
    total, state, found = look_on(segments, head[m, 0], head[m, 1], head[m, 3], px, py, label, head, at, x0, cell, nx)
    return _name(total, state, found)


@njit(cache=True, nogil=True, inline="always")
def _name(total, state, found):
    """Read the one member out of a sum."""
    if state == LOST or found == SHARED:
        return ASK
    if found >= 0:
        total += _MEMBER + found + 1.0
    if total == 0.0:
        return np.int32(NOBODY)
    if _MEMBER <= total < 2 * _MEMBER:
        return np.int32(np.int32(total - _MEMBER) - 1)
    return ASK


@njit(cache=True, nogil=True, error_model="numpy")
def look_aside(segments, first, end, way, px, py):
    """Sum the segments between a point and the side at which its cell looks."""
    u, v = px, py
    if way == LEFT:
        u = -px
    elif way == UP:
        u, v = py, px
    elif way == DOWN:
        u, v = -py, px
    total = 0.0
    state = SURE
    for k in range(np.uint32(first), np.uint32(end)):
        low, high = segments[k, 1], segments[k, 3]
        if v < low or v > high:
            continue
        ax, bx = segments[k, 0], segments[k, 2]
        a = (bx - ax) * (v - low)
        b = (u - ax) * (high - low)
        det = a - b
        if abs(det) <= FILTER * (abs(a) + abs(b)) + TINY:
            if low == high:
                if u >= min(ax, bx) and u <= max(ax, bx):
                    return total, LOST
                continue
            state = DOUBTED
            where = exact_side(ax, low, bx, high, u, v)
            if where == 0 or where == UNDECIDED:
                return total, LOST
            det = float(where)
        if det > 0.0 and v < high:
            total += segments[k, 4]
    return total, state


@njit(cache=True, nogil=True, error_model="numpy")
def look_on(segments, first, end, way, px, py, label, head, at, x0, cell, nx):
    """Sum the segments between a point and the next cells to its right, until one is known."""
    total = 0.0
    state = SURE
    column = at % nx
    met = 0
    while way == OPEN:
        met += end - first
        column += 1
        qx = x0 + column * cell
        if px < qx:
            for k in range(np.uint32(first), np.uint32(end)):
                low, high = segments[k, 1], segments[k, 3]
                if py < low or py > high:
                    continue
                ax, bx = segments[k, 0], segments[k, 2]
                if low == high:
                    if px <= max(ax, bx) and qx >= min(ax, bx):
                        return total, LOST, NOBODY
                    continue
                a = (bx - ax) * (py - low)
                b = (px - ax) * (high - low)
                near = a - b
                if abs(near) <= FILTER * (abs(a) + abs(b)) + TINY:
                    state = DOUBTED
                    near = float(exact_side(ax, low, bx, high, px, py))
                b = (qx - ax) * (high - low)
                far = a - b
                if abs(far) <= FILTER * (abs(a) + abs(b)) + TINY:
                    state = DOUBTED
                    far = float(exact_side(ax, low, bx, high, qx, py))
                if near == 0.0 or far == 0.0 or near == UNDECIDED or far == UNDECIDED:
                    return total, LOST, NOBODY
                if near > 0.0 and far < 0.0 and py < high:
                    total += segments[k, 4]
            px = qx
        if met > MOST_SUMMED:
            return total, LOST, NOBODY
        at += 1
        # the outermost cells are empty: a row ends with nobody
        found = label[at]
        if found > BORDER:
            return total, state, found
        m = BORDER - found
        first, end, way = head[m, 0], head[m, 1], head[m, 3]
    if way == SLOW or met + end - first > MOST_SUMMED:
        return total, LOST, NOBODY
    more, aside = look_aside(segments, first, end, way, px, py)
    return total + more, max(state, aside), head[m, 2]
