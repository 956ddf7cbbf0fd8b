"""Irregular coverages with matched borders, and points to ask them about: always the same, and kept in a folder."""

from pathlib import Path

import numpy as np
import shapely

#: Rows and columns of grids; vertices inside a side, from and to. A side of a grid is about 100 m.
SIZES = {1_333: ((31, 43), (12, 38)), 20_000: ((100, 200), (12, 38)), 200_000: ((400, 500), (3, 3))}
CELL_DEG = 0.001
ORIGIN = np.array([120.0, 36.0])


def coverage(size: int, *, seed: int = 7) -> np.ndarray:
    """Make the grids of a size: ``size`` polygons in WGS 84, 54 to 156 vertices each (16 for 200,000).

    Sides bend to both sides of a straight line, less near its ends than elsewhere, so no two of them ever cross.
    """
    (rows, columns), (fewest, most) = SIZES[size]
    rng = np.random.default_rng(seed)
    net = np.stack(np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0)), axis=-1)
    net[1:-1, 1:-1] += rng.uniform(-0.15, 0.15, net[1:-1, 1:-1].shape)
    ends = np.concatenate(
        [
            np.stack([net[:, :-1], net[:, 1:]], axis=2).reshape(-1, 2, 2),
            np.stack([net[:-1], net[1:]], axis=2).reshape(-1, 2, 2),
        ]
    )
    inner = rng.integers(fewest, most + 1, len(ends))
    xy, first = _bent(ends, inner, rng)
    xy = np.round(ORIGIN + xy * CELL_DEG, 7)

    row, column = np.divmod(np.arange(rows * columns), columns)
    along, up = row * columns + column, (rows + 1) * columns + row * (columns + 1) + column
    # south and east as they run, north and west backwards; each without its last vertex, the first one closes the ring
    sides = np.stack([along, up + 1, along + columns, up], axis=1)
    step = np.broadcast_to([1, 1, -1, -1], sides.shape)
    start = np.where(step > 0, first[sides], first[sides] + inner[sides] + 1)
    at = _walk(start.ravel(), step.ravel(), inner[sides].ravel() + 1)
    length = (inner[sides] + 1).sum(axis=1)
    ring = np.insert(at, np.cumsum(length), at[np.cumsum(length) - length])
    offsets = np.r_[0, np.cumsum(length + 1)]
    return shapely.from_ragged_array(shapely.GeometryType.POLYGON, xy[ring], (offsets, np.arange(rows * columns + 1)))


def _bent(ends: np.ndarray, inner: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Vertices of all sides with both ends, and where each side begins."""
    size = inner + 2
    first = np.cumsum(size) - size
    side = np.repeat(np.arange(len(size)), size)
    number = np.arange(len(side)) - first[side]
    last = number == inner[side] + 1
    jitter = np.where((number == 0) | last, 0.0, rng.uniform(-0.3, 0.3, len(side)))
    t = (number + jitter) / (inner[side] + 1)
    wave, phase = rng.uniform(1, 3, len(size))[side], rng.uniform(0, 6, len(size))[side]
    aside = 0.12 * np.minimum(t, 1 - t) * (np.sin(2 * np.pi * wave * t + phase) + rng.uniform(-1, 1, len(side)))
    a, b = ends[side, 0], ends[side, 1]
    normal = (b - a)[:, ::-1] * (-1, 1)
    xy = a + t[:, None] * (b - a) + aside[:, None] * normal
    xy[last] = b[last]
    return xy, first


def _walk(start: np.ndarray, step: np.ndarray, length: np.ndarray) -> np.ndarray:
    piece = np.repeat(np.arange(len(length)), length)
    return start[piece] + step[piece] * (np.arange(len(piece)) - (np.cumsum(length) - length)[piece])


def kept(folder: Path, size: int, points: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Grids, x and y: read from the folder, or made and kept there. Points lie anywhere in the coverage's box."""
    folder.mkdir(parents=True, exist_ok=True)
    shapes, places = folder / f"grids-{size}.npy", folder / f"points-{size}-{points}.npy"
    if not shapes.exists():
        np.save(shapes, shapely.to_wkb(coverage(size)), allow_pickle=True)
    if not places.exists():
        (rows, columns), _ = SIZES[size]
        # pair by pair, so that fewer points are the first of many
        share = np.random.default_rng(11).uniform(0, 1, (points, 2))
        np.save(places, np.ascontiguousarray((ORIGIN + share * (columns, rows) * CELL_DEG).T))
    x, y = np.load(places)
    return shapely.from_wkb(np.load(shapes, allow_pickle=True)), x, y
