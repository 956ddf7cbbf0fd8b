"""The loops over vertices: who meets whom, how much each matters, and the bytes of a tile."""

import numpy as np
from numba import njit

#: Kinds of geometry in a tile (MVT 2.1, 4.3.4).
POINT, POLYGON = 1, 3


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


@njit(cache=True, nogil=True)
def drawn(vertex, ring, hole, part_ring, weight, xy, scale, tolerance):
    """Give the rings of a matrix: what matters at a tolerance, on whole units, with no ring that encloses nothing.

    ``part_ring``: the rings of each feature. Gives x, y, where each ring begins in them, where each feature begins in
    the rings, and the box of each feature.
    """
    x = np.empty(len(vertex), np.int64)
    y = np.empty(len(vertex), np.int64)
    starts = np.empty(len(ring), np.int64)
    features = np.zeros(len(part_ring), np.int64)
    boxes = np.empty((len(part_ring) - 1, 4), np.int64)
    n, rings = 0, 0
    for f in range(len(part_ring) - 1):
        west = north = np.int64(2) ** 62
        east = south = -(np.int64(2) ** 62)
        dropped = False
        for r in range(part_ring[f], part_ring[f + 1]):
            if dropped and hole[r]:
                continue
            first = n
            for i in range(ring[r], ring[r + 1]):
                v = vertex[i]
                if weight[v] <= tolerance:
                    continue
                px = np.int64(np.rint(xy[v, 0] * scale))
                py = np.int64(np.rint(xy[v, 1] * scale))
                if n > first and x[n - 1] == px and y[n - 1] == py:
                    continue
                x[n], y[n] = px, py
                n += 1
            while n - first > 1 and x[n - 1] == x[first] and y[n - 1] == y[first]:
                n -= 1
            twice = np.int64(0)
            for i in range(first, n):
                j = i + 1 if i + 1 < n else first
                # from its own first vertex, or the products of large numbers would not fit
                twice += (x[i] - x[first]) * (y[j] - y[first]) - (x[j] - x[first]) * (y[i] - y[first])
            if n - first < 3 or (twice >= 0 if hole[r] else twice <= 0):
                n = first
                dropped = not hole[r]
                continue
            dropped = False
            starts[rings] = first
            rings += 1
            for i in range(first, n):
                west, east = min(west, x[i]), max(east, x[i])
                north, south = min(north, y[i]), max(south, y[i])
        features[f + 1] = rings
        boxes[f, 0], boxes[f, 1], boxes[f, 2], boxes[f, 3] = west, north, east, south
    starts[rings] = n
    return x[:n].copy(), y[:n].copy(), starts[: rings + 1].copy(), features, boxes


@njit(cache=True, nogil=True)
def _cut(ax, ay, bx, by, at):
    """Give where the edge a-b, in either direction, passes ``at`` on its first axis, to the nearest unit."""
    if ax > bx or (ax == bx and ay > by):
        ax, ay, bx, by = bx, by, ax, ay
    over, under = (at - ax) * (by - ay), bx - ax
    return ay + (2 * over + under) // (2 * under)


@njit(cache=True, nogil=True)
def _clip_side(x, y, n, out_x, out_y, at, upper, along_y):
    """Keep of a ring what lies on one side of a line; give how many vertices are left."""
    left = 0
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        ax, ay, bx, by = x[i], y[i], x[j], y[j]
        if along_y:
            ax, ay, bx, by = ay, ax, by, bx
        a_in = ax <= at if upper else ax >= at
        b_in = bx <= at if upper else bx >= at
        if a_in:
            out_x[left], out_y[left] = x[i], y[i]
            left += 1
        # an edge that ends on the line has its end there: that vertex comes by itself
        if a_in != b_in and ax != at and bx != at:
            cut = _cut(ax, ay, bx, by, at)
            out_x[left], out_y[left] = (cut, at) if along_y else (at, cut)
            left += 1
    return left


@njit(cache=True, nogil=True)
def clip_ring(x, y, low, high, one_x, one_y, two_x, two_y):
    """Clip a ring to the square from ``low`` to ``high``; the result is in ``one``."""
    n = _clip_side(x, y, len(x), two_x, two_y, low, False, False)
    n = _clip_side(two_x, two_y, n, one_x, one_y, high, True, False)
    n = _clip_side(one_x, one_y, n, two_x, two_y, low, False, True)
    n = _clip_side(two_x, two_y, n, one_x, one_y, high, True, True)
    left = 0
    for i in range(n):
        if left and one_x[left - 1] == one_x[i] and one_y[left - 1] == one_y[i]:
            continue
        one_x[left], one_y[left] = one_x[i], one_y[i]
        left += 1
    while left > 1 and one_x[left - 1] == one_x[0] and one_y[left - 1] == one_y[0]:
        left -= 1
    return left


@njit(cache=True, nogil=True)
def clipped(chosen, x, y, starts, features, outer, west, north, low, high):
    """Clip the chosen features to a tile; give their rings in units of it, and the rings of each.

    ``outer``: which of the given rings are outer ones.
    """
    total, rings = 0, 0
    for f in chosen:
        for r in range(features[f], features[f + 1]):
            total += 3 * (starts[r + 1] - starts[r]) + 16
            rings += 1
    out_x = np.empty(total, np.int64)
    out_y = np.empty(total, np.int64)
    out_starts = np.zeros(rings + 1, np.int64)
    out_features = np.zeros(len(chosen) + 1, np.int64)
    n, made = 0, 0
    for k in range(len(chosen)):
        f = chosen[k]
        outer_gone = False
        for r in range(features[f], features[f + 1]):
            a, b = starts[r], starts[r + 1]
            if outer[r]:
                outer_gone = False
            elif outer_gone:
                continue
            room = 3 * (b - a) + 16
            one_x, one_y = out_x[n : n + room], out_y[n : n + room]
            two_x, two_y = np.empty(room, np.int64), np.empty(room, np.int64)
            left = clip_ring(x[a:b] - west, y[a:b] - north, low, high, one_x, one_y, two_x, two_y)
            twice = np.int64(0)
            for i in range(left):
                j = i + 1 if i + 1 < left else 0
                twice += one_x[i] * one_y[j] - one_x[j] * one_y[i]
            if left < 3 or (twice <= 0 if outer[r] else twice >= 0):
                outer_gone = outer[r]
                continue
            n += left
            made += 1
            out_starts[made] = n
        out_features[k + 1] = made
    return out_x[:n].copy(), out_y[:n].copy(), out_starts[: made + 1].copy(), out_features


@njit(cache=True, nogil=True)
def outer_rings(x, y, starts):
    """Tell which rings are outer ones: they turn the way of the hands of a clock, y pointing down."""
    outer = np.empty(len(starts) - 1, np.bool_)
    for r in range(len(starts) - 1):
        a, b = starts[r], starts[r + 1]
        twice = np.int64(0)
        for i in range(a, b):
            j = i + 1 if i + 1 < b else a
            twice += (x[i] - x[a]) * (y[j] - y[a]) - (x[j] - x[a]) * (y[i] - y[a])
        outer[r] = twice > 0
    return outer


@njit(cache=True, nogil=True)
def _varint(out, at, value):
    """Write a number below 2**63 in groups of seven bits; give where the next byte goes."""
    while value >= 128:
        out[at] = np.uint8((value & 127) | 128)
        value >>= 7
        at += 1
    out[at] = np.uint8(value)
    return at + 1


@njit(cache=True, nogil=True)
def _size(value):
    size = 1
    while value >= 128:
        value >>= 7
        size += 1
    return size


@njit(cache=True, nogil=True)
def _zigzag(value):
    return (value << 1) ^ (value >> 63)


@njit(cache=True, nogil=True)
def write_features(kind, ids, tags, x, y, starts, features):
    """Write features one after the other as a layer holds them (MVT 2.1, 4.1 to 4.3).

    ``tags``: for each feature the number of its value of each key, -1 where it has none. Gives the bytes, and which
    features were written: those that have rings.
    """
    keys = tags.shape[1]
    out = np.empty(len(ids) * (40 + 20 * keys) + 10 * len(starts) + 20 * len(x) + 64, np.uint8)
    geometry = np.empty(20 * len(x) + 20 * len(starts) + 64, np.uint8)
    at = 0
    for f in range(len(ids)):
        if features[f] == features[f + 1]:
            continue
        g, px, py = 0, np.int64(0), np.int64(0)
        for r in range(features[f], features[f + 1]):
            a, b = starts[r], starts[r + 1]
            g = _varint(geometry, g, 9 if kind == POLYGON else ((b - a) << 3) | 1)  # MoveTo
            for i in range(a, b):
                if kind == POLYGON and i == a + 1:
                    g = _varint(geometry, g, ((b - a - 1) << 3) | 2)  # LineTo
                g = _varint(geometry, g, _zigzag(x[i] - px))
                g = _varint(geometry, g, _zigzag(y[i] - py))
                px, py = x[i], y[i]
            if kind == POLYGON:
                g = _varint(geometry, g, 15)  # ClosePath
        t = 0
        for k in range(keys):
            if tags[f, k] >= 0:
                t += _size(k) + _size(tags[f, k])
        body = 1 + _size(ids[f]) + 2 + 1 + _size(g) + g
        if t:
            body += 1 + _size(t) + t
        out[at] = 0x12
        at = _varint(out, at + 1, body)
        out[at] = 0x08
        at = _varint(out, at + 1, ids[f])
        if t:
            out[at] = 0x12
            at = _varint(out, at + 1, t)
            for k in range(keys):
                if tags[f, k] >= 0:
                    at = _varint(out, at, k)
                    at = _varint(out, at, tags[f, k])
        out[at], out[at + 1] = 0x18, kind
        out[at + 2] = 0x22
        at = _varint(out, at + 3, g)
        out[at : at + g] = geometry[:g]
        at += g
    return out[:at]
