"""An independent judge: point in polygon in rational arithmetic, with no rounding anywhere and without GEOS.

Doubles are rational numbers, and comparisons of doubles are exact, so only the side of an edge on which a point lies
needs ``Fraction``; and only for points within the box of that edge.
"""

from dataclasses import dataclass
from fractions import Fraction

import geopandas as gpd
import numpy as np
import shapely

OUTSIDE, INSIDE, BORDER = 0, 1, 2


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
