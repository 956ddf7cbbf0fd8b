"""The loops over the vertices of a net: who meets whom, and how much each matters."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def intern(xy):
    """Number the distinct points; give the number of each, and the first place of each number."""
    n = len(xy)
    size = 16
    while size < 2 * n:
        size *= 2
    mask = np.uint64(size - 1)
    table = np.full(size, -1, np.int32)
    ids = np.empty(n, np.int32)
    first = np.empty(n, np.int32)
    bits = xy.view(np.uint64)
    found = 0
    for i in range(n):
        h = bits[i, 0] * np.uint64(0x9E3779B97F4A7C15)
        h = (h ^ (h >> np.uint64(29))) + bits[i, 1] * np.uint64(0xBF58476D1CE4E5B9)
        h = (h ^ (h >> np.uint64(32))) * np.uint64(0x94D049BB133111EB)
        at = (h ^ (h >> np.uint64(31))) & mask
        while True:
            known = table[at]
            if known < 0:
                table[at] = found
                first[found] = i
                ids[i] = found
                found += 1
                break
            j = first[known]
            if xy[j, 0] == xy[i, 0] and xy[j, 1] == xy[i, 1]:
                ids[i] = known
                break
            at = (at + np.uint64(1)) & mask
    return ids, first[:found].copy()


@njit(cache=True, nogil=True)
def lone_edges(vertex, ring):
    """Find the edges, by the place of their first vertex, that no other ring has in either direction."""
    n = len(vertex)
    size = 16
    while size < 2 * n:
        size *= 2
    mask = np.uint64(size - 1)
    table = np.full(size, -1, np.int32)
    low = np.empty(n, np.int32)
    high = np.empty(n, np.int32)
    lone = np.ones(n, np.bool_)
    for r in range(len(ring) - 1):
        a, b = ring[r], ring[r + 1]
        for i in range(a, b):
            v, w = vertex[i], vertex[i + 1 if i + 1 < b else a]
            low[i], high[i] = min(v, w), max(v, w)
            h = (np.uint64(low[i]) << np.uint64(32)) | np.uint64(high[i])
            h = (h ^ (h >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
            h = (h ^ (h >> np.uint64(32))) * np.uint64(0x94D049BB133111EB)
            at = (h ^ (h >> np.uint64(31))) & mask
            while True:
                known = table[at]
                if known < 0:
                    table[at] = i
                    break
                if low[known] == low[i] and high[known] == high[i]:
                    lone[known] = lone[i] = False
                    break
                at = (at + np.uint64(1)) & mask
    return np.flatnonzero(lone)


@njit(cache=True, nogil=True)
def near_edges(xy, a, b, slack):
    """Tell which points lie near one of the edges a-b: in a cell of a coarse net that the box of an edge touches."""
    side = 256
    x0 = y0 = np.inf
    x1 = y1 = -np.inf
    for i in range(len(xy)):
        x0, x1 = min(x0, xy[i, 0]), max(x1, xy[i, 0])
        y0, y1 = min(y0, xy[i, 1]), max(y1, xy[i, 1])
    fx = side / max(x1 - x0, 1e-300)
    fy = side / max(y1 - y0, 1e-300)
    cells = np.zeros((side + 1, side + 1), np.bool_)
    for k in range(len(a)):
        p, q = a[k], b[k]
        left = max(int((min(xy[p, 0], xy[q, 0]) - slack - x0) * fx), 0)
        right = min(int((max(xy[p, 0], xy[q, 0]) + slack - x0) * fx), side)
        down = max(int((min(xy[p, 1], xy[q, 1]) - slack - y0) * fy), 0)
        up = min(int((max(xy[p, 1], xy[q, 1]) + slack - y0) * fy), side)
        cells[down : up + 1, left : right + 1] = True
    near = np.zeros(len(xy), np.bool_)
    for i in range(len(xy)):
        near[i] = cells[int((xy[i, 1] - y0) * fy), int((xy[i, 0] - x0) * fx)]
    return np.flatnonzero(near)


@njit(cache=True, nogil=True)
def nodes_of(vertex, ring, count):
    """Tell which vertices meet other than exactly two neighbours in all rings together: there borders part."""
    one = np.full(count, -1, np.int32)
    two = np.full(count, -1, np.int32)
    node = np.zeros(count, np.bool_)
    for r in range(len(ring) - 1):
        a, b = ring[r], ring[r + 1]
        for i in range(a, b):
            v = vertex[i]
            for w in (vertex[i - 1 if i > a else b - 1], vertex[i + 1 if i + 1 < b else a]):
                if w == v or w == one[v] or w == two[v]:
                    continue
                if one[v] < 0:
                    one[v] = w
                elif two[v] < 0:
                    two[v] = w
                else:
                    node[v] = True
    for v in range(count):
        if two[v] < 0:
            node[v] = True
    return node


@njit(cache=True, nogil=True)
def _off_chord(px, py, ax, ay, bx, by):
    """Squared distance of p from the segment a-b."""
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    t = 0.0
    if length > 0.0:
        t = min(max(((px - ax) * dx + (py - ay) * dy) / length, 0.0), 1.0)
    ex, ey = px - ax - t * dx, py - ay - t * dy
    return ex * ex + ey * ey


@njit(cache=True, nogil=True)
def _weigh(chain, xy, weight, stack):
    """Douglas and Peucker's order: weigh each vertex between the ends by the tolerance that it goes at."""
    top = 0
    stack[0, 0], stack[0, 1] = 0, len(chain) - 1
    limits = np.empty(len(stack), np.float64)
    limits[0] = np.inf
    while top >= 0:
        low, high, limit = stack[top, 0], stack[top, 1], limits[top]
        top -= 1
        if high - low < 2:
            continue
        a, b = chain[low], chain[high]
        far, split = -1.0, low + 1
        for i in range(low + 1, high):
            p = chain[i]
            d = _off_chord(xy[p, 0], xy[p, 1], xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1])
            if d > far:
                far, split = d, i
        limit = min(limit, far)
        weight[chain[split]] = limit
        stack[top + 1, 0], stack[top + 1, 1], limits[top + 1] = low, split, limit
        stack[top + 2, 0], stack[top + 2, 1], limits[top + 2] = split, high, limit
        top += 2


@njit(cache=True, nogil=True)
def weights_of(vertex, ring, node, xy):
    """Weigh the vertices of all rings: the tolerance, in units of ``xy``, at which each may go; nodes stay for ever.

    Each stretch of border between two nodes is looked at once, whosever rings it is part of.
    """
    weight = np.full(len(node), -1.0)
    for v in range(len(node)):
        if node[v]:
            weight[v] = np.inf
    longest = 0
    for r in range(len(ring) - 1):
        longest = max(longest, ring[r + 1] - ring[r])
    chain = np.empty(longest + 1, np.int32)
    stack = np.empty((longest + 4, 2), np.int32)
    for r in range(len(ring) - 1):
        a, n = ring[r], ring[r + 1] - ring[r]
        start = -1
        for i in range(n):
            if weight[vertex[a + i]] == np.inf:
                start = i
                break
        if start < 0:
            # a ring that meets no other border twice: it hangs on its westernmost vertex and the farthest from it
            start = 0
            for i in range(1, n):
                p, q = vertex[a + i], vertex[a + start]
                if xy[p, 0] < xy[q, 0] or (xy[p, 0] == xy[q, 0] and xy[p, 1] < xy[q, 1]):
                    start = i
            q = vertex[a + start]
            far, other = -1.0, q
            for i in range(n):
                p = vertex[a + i]
                d = (xy[p, 0] - xy[q, 0]) ** 2 + (xy[p, 1] - xy[q, 1]) ** 2
                if d > far or (d == far and xy[p, 1] < xy[other, 1]):
                    far, other = d, p
            # the two go last, and together: what is left of the ring then is nothing
            weight[q] = weight[other] = np.inf
        length = 0
        for i in range(n + 1):
            v = vertex[a + (start + i) % n]
            chain[length] = v
            length += 1
            if i and weight[v] == np.inf:
                if length > 2 and weight[chain[1]] < 0.0:
                    _weigh(chain[:length], xy, weight, stack)
                chain[0] = v
                length = 1
    return np.sqrt(weight)
