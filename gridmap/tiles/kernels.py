"""The loops over what a tile shows: vertices of a scale, what lies in the tile, and its bytes."""

import numpy as np
from numba import njit

#: Kinds of geometry in a tile (MVT 2.1, 4.3.4).
POINT, POLYGON = 1, 3


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
