"""Independent judges: point in polygon without rounding, without GEOS and without any code of the project.

Doubles are whole numbers times a power of two, and comparisons of doubles are exact, so only the side of an edge on
which a point lies needs more than a double; and only for points within the box of that edge.

``place_of`` and ``judge`` take every such side in ``Fraction``: short, and slow. ``Exact`` gives the same answers for
millions of points: a floating-point sum decides where its error bound proves the sign, Python's integers decide the
rest. ``tests/analysis/test_exact_judge.py`` holds the one against the other.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import geopandas as gpd
import numpy as np
import shapely

OUTSIDE, INSIDE, BORDER = 0, 1, 2

#: The sign of the rounded sum is right where it exceeds this share of its parts (Shewchuk 1997, ccwerrboundA), ...
_SHARE = (3.0 + 16.0 * 2.0**-53) * 2.0**-53
#: ... unless a product lost digits below the smallest normal double; sums below this are never trusted.
_TINY = 1e-280


def edges_of(shape: shapely.Geometry) -> np.ndarray:
    """All edges of all rings, shape (n, 4): x0, y0, x1, y1."""
    found = []
    for part in shapely.get_parts(shape):
        for ring in (part.exterior, *part.interiors):
            xy = shapely.get_coordinates(ring)
            found.append(np.hstack([xy[:-1], xy[1:]]))
    return np.vstack(found)


def _side(x0: float, y0: float, x1: float, y1: float, px: float, py: float) -> int:
    ax, ay = Fraction(x0), Fraction(y0)
    turn = (Fraction(x1) - ax) * (Fraction(py) - ay) - (Fraction(y1) - ay) * (Fraction(px) - ax)
    return (turn > 0) - (turn < 0)


def place_of(shape: shapely.Geometry, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """OUTSIDE, INSIDE or BORDER for every point, by the even-odd rule over all rings of a valid shape."""
    edges = edges_of(shape)
    x0, y0, x1, y1 = edges.T[:, :, None]
    low_x, high_x, low_y, high_y = np.minimum(x0, x1), np.maximum(x0, x1), np.minimum(y0, y1), np.maximum(y0, y1)
    # a ray to the east crosses an edge whose lower end is at or below it and whose upper end is above it
    straddles = (low_y <= y) & (y < high_y)
    crossings = (straddles & (x < low_x)).sum(axis=0)
    on_border = np.zeros(len(x), dtype=bool)
    in_box = (low_x <= x) & (x <= high_x) & (low_y <= y) & (y <= high_y)
    for edge, point in np.argwhere(in_box).tolist():
        ax, ay, bx, by = edges[edge].tolist()
        side = _side(ax, ay, bx, by, float(x[point]), float(y[point]))
        if side == 0:
            on_border[point] = True
        elif straddles[edge, point] and side == (1 if by > ay else -1):  # the edge passes east of the point
            crossings[point] += 1
    return np.where(on_border, BORDER, np.where(crossings % 2 == 1, INSIDE, OUTSIDE))


@dataclass(frozen=True)
class Truth:
    """What the rule says about every point, by codes."""

    owner: list[str | None]
    holders: list[tuple[str, ...]]
    method: list[str]
    overlapped: list[bool]


def judge(frame: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray) -> Truth:
    """Apply the rule of one owner: every grid that holds the point, the lowest code owns it."""
    order = sorted(range(len(frame)), key=lambda i: frame["code"].iloc[i])
    codes = [frame["code"].iloc[i] for i in order]
    places = np.stack([place_of(frame.geometry.iloc[i], x, y) for i in order])
    holders = [tuple(codes[i] for i in np.flatnonzero(places[:, p] != OUTSIDE)) for p in range(len(x))]
    on_border = (places == BORDER).any(axis=0)
    return Truth(
        owner=[h[0] if h else None for h in holders],
        holders=holders,
        method=["none" if not h else "border" if b else "inside" for h, b in zip(holders, on_border, strict=True)],
        overlapped=((places == INSIDE).sum(axis=0) >= 2).tolist(),
    )


# --- the same for millions of points ---


def all_edges(shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All edges of many shapes, shape (n, 4) as ``edges_of``, and the position of each edge's shape."""
    parts, part_of = shapely.get_parts(shapes, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    xy, at = shapely.get_coordinates(rings, return_index=True)
    within = at[1:] == at[:-1]
    return np.hstack([xy[:-1], xy[1:]])[within], part_of[ring_of[at[:-1][within]]]


def sides(edges: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The side of each point from its edge, exactly: 1 left, -1 right, 0 on the line through it; parallel arrays."""
    x0, y0, x1, y1 = edges.T
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        one, other = (x1 - x0) * (y - y0), (y1 - y0) * (x - x0)
        turn, whole = one - other, np.abs(one) + np.abs(other)
        proven = (np.abs(turn) > _SHARE * whole) & (whole > _TINY) & np.isfinite(whole)
    result = np.where(proven, np.sign(turn), 0).astype(np.int8)
    doubtful = np.flatnonzero(~proven)
    if len(doubtful):
        result[doubtful] = _whole_sides(edges[doubtful], x[doubtful], y[doubtful])
    return result


def _whole_sides(edges: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """``sides`` in Python's integers, over one power of two for each point and edge."""
    share, power = np.frexp(np.column_stack([edges, x, y]))
    digits = (share * 2.0**53).astype(np.int64)
    power = np.where(digits == 0, 10_000, power)
    shift = np.where(digits == 0, 0, power - power.min(axis=1, keepdims=True))
    # beyond every coordinate of the earth the same code would still be right, only slow
    ax, ay, bx, by, px, py = (digits.astype(object) << shift.astype(object)).T
    turn = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    return (turn > 0).astype(np.int8) - (turn < 0).astype(np.int8)


def _spread(start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join the ranges ``start[i]:stop[i]``; give ``i`` and the number for each member."""
    size = np.maximum(stop - start, 0)
    which = np.repeat(np.arange(len(size)), size)
    return which, np.arange(len(which)) - (np.cumsum(size) - size)[which] + start[which]


class Exact:
    """Judge millions of points: which grids hold them, who owns them.

    ``codes`` are in the order of the tie rule, as in ``Locator``; numbers of grids are positions in them.
    """

    def __init__(self, codes: list[str], shapes: np.ndarray) -> None:
        order = sorted(range(len(codes)), key=codes.__getitem__)
        self.codes = tuple(codes[i] for i in order)
        self.edges, self.grid_of = all_edges(np.asarray(shapes, dtype=object)[order])
        (x0, y0), y1 = self.edges.T[:2], self.edges.T[3]
        first = np.flatnonzero(np.r_[True, self.grid_of[1:] != self.grid_of[:-1]])
        self.west, self.east = np.minimum.reduceat(x0, first), np.maximum.reduceat(x0, first)
        self.south, self.north = np.minimum.reduceat(y0, first), np.maximum.reduceat(y0, first)
        self.low, self.high = np.minimum(y0, y1), np.maximum(y0, y1)

    @classmethod
    def of(cls, frame: gpd.GeoDataFrame) -> Self:
        """Judge by the grids of a frame."""
        return cls(frame["code"].astype(str).tolist(), np.asarray(frame.geometry.array))

    def places(self, x: np.ndarray, y: np.ndarray, *, chunk: int = 200_000) -> tuple[np.ndarray, ...]:
        """Every grid that holds each point: point, grid and place (INSIDE or BORDER), by point, then by grid."""
        found = [self._places(x[i : i + chunk], y[i : i + chunk], i) for i in range(0, len(x), chunk)]
        return tuple(np.concatenate(part) for part in zip(*found, strict=True)) if found else (np.zeros(0, int),) * 3

    def owners(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The owner of each point, -1 where there is none."""
        point, grid, _ = self.places(x, y)
        owner = np.full(len(x), -1)
        owner[point[::-1]] = grid[::-1]
        return owner

    def _candidates(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of a grid and a point in its box; bins only skip what cannot be, comparisons decide."""
        bins = int(np.clip(2 * np.sqrt(len(self.codes)), 1, 1024))

        def number(value: np.ndarray, low: float, high: float) -> np.ndarray:
            # rounding keeps the order, so a value between two others never gets a number beyond theirs
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                share = (value - low) / max(high - low, 1e-300) * bins
            return np.clip(np.nan_to_num(share), 0, bins - 1).astype(np.int64)

        w, s, e, n = self.west.min(), self.south.min(), self.east.max(), self.north.max()
        key = number(y, s, n) * bins + number(x, w, e)
        order = np.argsort(key, kind="stable")
        grid, row = _spread(number(self.south, s, n), number(self.north, s, n) + 1)
        start = np.searchsorted(key[order], row * bins + number(self.west, w, e)[grid], "left")
        stop = np.searchsorted(key[order], row * bins + number(self.east, w, e)[grid], "right")
        pair, at = _spread(start, stop)
        grid, point = grid[pair], order[at]
        in_box = (self.west[grid] <= x[point]) & (x[point] <= self.east[grid])
        in_box &= (self.south[grid] <= y[point]) & (y[point] <= self.north[grid])
        return grid[in_box], point[in_box]

    def _places(self, x: np.ndarray, y: np.ndarray, offset: int) -> tuple[np.ndarray, ...]:
        grid, point = self._candidates(x, y)
        # by grid and then from south to north, so that the points level with an edge are one range
        by_y = np.argsort(y, kind="stable")
        rank = np.empty(len(y), dtype=np.int64)
        rank[by_y] = np.arange(len(y))
        wide = len(y) + 1
        order = np.argsort(grid * wide + rank[point])
        grid, point = grid[order], point[order]
        key = grid * wide + rank[point]
        start = np.searchsorted(key, self.grid_of * wide + np.searchsorted(y[by_y], self.low, "left"))
        stop = np.searchsorted(key, self.grid_of * wide + np.searchsorted(y[by_y], self.high, "right"))
        edge, pair = _spread(start, stop)
        px, py = x[point[pair]], y[point[pair]]
        near = np.maximum(self.edges[edge, 0], self.edges[edge, 2]) >= px  # not wholly west of the point
        edge, pair, px, py = edge[near], pair[near], px[near], py[near]
        # a ray to the east crosses an edge whose lower end is at or below it and whose upper end is above it
        crossed = py < self.high[edge]
        boxed = np.flatnonzero(np.minimum(self.edges[edge, 0], self.edges[edge, 2]) <= px)
        side = sides(self.edges[edge[boxed]], px[boxed], py[boxed])
        upward = np.where(self.edges[edge[boxed], 3] > self.edges[edge[boxed], 1], 1, -1)
        crossed[boxed] &= side == upward  # the edge passes east of the point
        place = np.where(np.bincount(pair[crossed], minlength=len(grid)) % 2 == 1, INSIDE, OUTSIDE)
        place[pair[boxed[side == 0]]] = BORDER
        held = np.flatnonzero(place != OUTSIDE)
        held = held[np.lexsort((grid[held], point[held]))]
        return point[held] + offset, grid[held], place[held]
