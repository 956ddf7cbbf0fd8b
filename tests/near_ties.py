"""Maps and points made to break a locator: shapes that are hard to index, points that are hard to place.

Every map is valid by the rules of the gate's geometry (GEOS judges that, not the answers). None is taken from the
inside of an engine: cells are met by halving the map's box over and over, whatever the engine's cells are.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import geopandas as gpd
import numpy as np
import shapely
from builders import from_cells, quads, tiling
from exact import all_edges, sides
from strategies import KINDS, ORIGINS, Recipe, build

Maker = Callable[[np.random.Generator], gpd.GeoDataFrame]

#: Smallest positive double.
TINY = 5e-324


def _frame(shapes: list | np.ndarray, rng: np.random.Generator, crs: str = "EPSG:4326") -> gpd.GeoDataFrame:
    """Number the shapes in random order, so that the order of rows is not the order of codes."""
    codes = [f"{i:05}" for i in rng.permutation(len(shapes))]
    return gpd.GeoDataFrame({"code": codes}, geometry=list(shapes), crs=crs)


def _cells(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return quads(np.stack(np.meshgrid(x, y), axis=-1))


def random_tiling(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Squares, bent nets, thin triangles or Voronoi cells; with holes, enclaves and several parts."""
    rows, columns = (int(v) for v in rng.integers(2, 9, 2))
    return build(
        Recipe(
            kind=KINDS[int(rng.integers(len(KINDS)))],
            rows=rows,
            columns=columns,
            names=int(rng.integers(2, rows * columns + 4)),
            empty=float(rng.choice([0.0, 0.1, 0.4])),
            step=float(rng.choice([1e-7, 2.0**-24, 0.0])),
            seed=int(rng.integers(2**32)),
            origin=ORIGINS[int(rng.integers(len(ORIGINS)))],
            cell=float(rng.choice([2.0**-10, 2.0**-16, 0.25])),
            lump=float(rng.choice([0.0, 0.7])),
        )
    )


def thin_grids(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Strips from one binary digit to a degree wide, beside each other: most are thinner than any cell."""
    steps = rng.permutation(np.r_[np.full(6, 2.0**-46), 10.0 ** rng.uniform(-13, -1, 20), 0.5])
    x = np.unique(120 + np.cumsum(np.r_[0.0, steps]))
    y = np.unique(36 + np.cumsum(np.r_[0.0, rng.permutation(10.0 ** rng.uniform(-12, 0, 4))]))
    cells = _cells(x, y)
    return _frame(cells[shapely.is_valid(cells) & (shapely.area(cells) > 0)], rng)


def fan(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Hundreds of edges that meet in one point, so one cell is crossed by all of them."""
    n = int(rng.integers(100, 400))
    angle = np.sort(rng.uniform(0, 2 * np.pi, n))
    radius = rng.uniform(0.5, 1.0, (n, 1))
    rim = np.array([120.3, 36.7]) + radius * np.column_stack([np.cos(angle), np.sin(angle)])
    far = np.roll(rim, -1, axis=0)
    wide = np.roll(angle, -1) - angle
    cells = shapely.polygons(np.stack([np.broadcast_to([120.3, 36.7], rim.shape), rim, far], axis=1))
    return _frame(cells[shapely.is_valid(cells) & (wide < 3) & (shapely.area(cells) > 0)], rng)


def flat_edges(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Bands whose borders rise by a few binary digits over their whole length, and columns that lean as little."""
    across = rng.random() < 0.5
    stations = np.sort(rng.uniform(0, 1, 6))
    lines = np.cumsum(np.r_[0.0, rng.choice([1e-9, 1e-5, 0.1], 8)])
    corner = np.stack(np.meshgrid(120 + stations, 36 + lines), axis=-1)
    corner[..., 1] += rng.integers(-3, 4, corner.shape[:2]) * np.spacing(36.0)
    if across:
        corner = corner.swapaxes(0, 1)[..., ::-1] + np.array([84.0, -84.0])
    return _frame(quads(corner), rng)


def needles(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Triangles a degree long and down to a binary digit thick, between two far points and a few near ones."""
    n = 30
    offset = np.sort(rng.choice([-1, 1], n) * 10.0 ** rng.uniform(-15, -2, n))
    middle = np.column_stack([120.5 + rng.uniform(-0.2, 0.2) + offset * 0, 36.5 + offset])
    middle = np.unique(middle, axis=0)
    west, east = np.array([120.0, 36.5]), np.array([121.0, 36.5 + rng.uniform(-1e-9, 1e-9)])
    rings = [[tip, a, b] for tip in (west, east) for a, b in pairwise(middle)]
    shapes = shapely.polygons(np.array(rings))
    return _frame(shapes[shapely.is_valid(shapes) & (shapely.area(shapes) > 0)], rng)


def spirals(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Three bands wound into each other, every vertex matched, each meeting itself only through the others."""
    turns, m = int(rng.integers(2, 10)), 3 * int(rng.integers(8, 16))
    at = np.arange(1, turns * m)
    round_ = 2 * np.pi * (at % m)[:, None] / m
    scale = 10.0 ** rng.uniform(-6, -1) / (turns * m)
    arms = [
        np.array([120.0, 36.0]) + scale * (at + k * m // 3)[:, None] * np.hstack([np.cos(round_), np.sin(round_)])
        for k in range(4)
    ]
    return _frame([shapely.Polygon(np.vstack([a, b[::-1]])) for a, b in pairwise(arms)], rng)


def nested(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Rings within rings, down to a billionth of a degree: a hole is the next grid, or empty, or touches its shell."""
    sizes = 10.0 ** -np.arange(0.0, 9.5, 0.5)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 17))
    rings = [np.array([120.0, 36.0]) + s * np.column_stack([np.cos(angle), np.sin(angle)]) for s in sizes]
    shapes = [shapely.Polygon(a, [b]) for a, b in pairwise(rings) if rng.random() < 0.8]
    shell = [(123, 36), (124, 36), (124, 37), (123, 37)]
    touching = shapely.Polygon(
        shell, [[(123, 36.5), (123.5, 36.25), (123.5, 36.75)], [(123.5, 36.5), (124, 36.4), (123.75, 36.6)]]
    )
    shapes += [s for s in (shapely.Polygon(rings[-1]), touching) if s.is_valid]
    return _frame(shapes, rng)


def chessboard(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Grids of many parts that touch at corners only: every inner corner is one of four."""
    rows = ["".join(rng.choice(list("ABC."), 8, p=[0.35, 0.35, 0.2, 0.1])) for _ in range(8)]
    return tiling("\n".join(rows), cell=float(rng.choice([2.0**-10, 0.1, 1e-9])))


def overlaps(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Grids drawn over each other, some twice, some one within another, some sharing a part of a border."""
    n = 25
    centre = np.array([116.0, 39.9]) + rng.uniform(0, 0.3, (n, 1, 2))
    angle = np.sort(rng.uniform(0, 2 * np.pi, (n, 12)), axis=1)
    ring = centre + rng.uniform(0.02, 0.15, (n, 12, 1)) * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    shapes = shapely.polygons(np.round(ring, int(rng.integers(3, 15))))
    shapes = shapes[shapely.is_valid(shapes)]
    shapes = np.concatenate([shapes, shapes[:4], shapely.box(116.0, 39.9, 116.1 + np.arange(4) / 100, 40.0)])
    return _frame(shapes, rng)


def unmatched(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Corners on a long slanted side without a vertex there: slits and overlaps of a binary digit."""
    south, north = np.array([120.0, 36.0]), np.array([120.1, 36.3]) + rng.uniform(0, 0.1, 2)
    share = np.r_[0.0, np.sort(rng.uniform(0, 1, 7)), 1.0][:, None]
    side = south + share * (north - south)
    shapes = [shapely.Polygon([south, north, north - [0.2, 0.0], south - [0.2, 0.0]])]
    east = np.array([0.3, 0.0])
    shapes += [shapely.Polygon(np.array([a, a + east, b + east, b])) for a, b in pairwise(side)]
    return _frame([s for s in shapes if s.is_valid], rng)


def around_zero(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """A net whose lines lie at zero, at the smallest doubles, at 1e-300 and at degrees; some zeros are negative."""
    lines = [0.0, TINY, 3 * TINY, 1e-310, 2.0**-1022, 1e-300, 1e-160, 1e-20, 1e-9, 1.0]
    axes = [np.sort(np.r_[-rng.choice(lines[1:], 4, replace=False), rng.choice(lines, 5, replace=False)]) for _ in "xy"]
    corner = np.stack(np.meshgrid(*axes), axis=-1)
    if rng.random() < 0.5:  # slanted as little as can be
        corner[1:-1, 1:-1] += TINY * rng.integers(-1, 2, corner[1:-1, 1:-1].shape)
    corner[corner == 0] = rng.choice([0.0, -0.0])
    # lines one digit apart may have crossed; GEOS cannot tell, it loses digits here itself
    ring = np.stack([corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]], axis=2).reshape(-1, 4, 2)
    turns = [sides(np.hstack([ring[:, i], ring[:, i - 3]]), *ring[:, i - 2].T) for i in range(4)]
    cells = quads(corner)
    return _frame(cells[(np.array(turns) == 1).all(axis=0) & shapely.is_valid(cells)], rng)


def tiny_and_huge(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Grids of a billionth of a degree beside one as wide as the world: one cell holds a whole district."""
    small = build(Recipe("voronoi", 6, 6, 40, 0.1, 0.0, int(rng.integers(2**32)), cell=float(rng.choice([1e-9, 1e-6]))))
    box = shapely.box(*small.total_bounds)
    world = shapely.Polygon(
        [(-180, -90), (180, -90), (180, 90), (-180, 90)], [shapely.get_coordinates(box.exterior)[::-1]]
    )
    return _frame([world, *small.geometry], rng)


def repeated_vertices(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Vertices written twice, vertices on straight sides, rings with heights, either winding."""
    frame = build(Recipe("bent", 4, 4, 9, 0.1, 1e-7, int(rng.integers(2**32)), lump=0.3))

    def again(xy: np.ndarray) -> np.ndarray:
        inner = np.repeat(xy[:-1], rng.integers(1, 4, len(xy) - 1), axis=0)
        ring = np.vstack([inner, inner[:1]])
        return np.column_stack([ring, rng.uniform(0, 9, len(ring))])[:: rng.choice([-1, 1])]

    shapes = []
    for shape in frame.geometry:
        rings = [
            [again(shapely.get_coordinates(r)) for r in (p.exterior, *p.interiors)] for p in shapely.get_parts(shape)
        ]
        parts = [shapely.Polygon(shell, holes) for shell, *holes in rings]
        shapes.append(shapely.MultiPolygon(parts) if len(parts) > 1 else parts[0])
    return _frame([s for s in shapes if s.is_valid], rng)


def one_grid(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """One triangle, of any size."""
    at, size = rng.uniform(-80, 80, 2), 10.0 ** rng.uniform(-13, 1)
    shape = shapely.Polygon(at + rng.uniform(0, size, (3, 2)))
    return _frame([shape if shape.is_valid and shape.area > 0 else shapely.box(*at, *(at + 1.0))], rng)


def square_lattice(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Slanted edges with many whole-number points exactly on them."""
    step = 2.0 ** -int(rng.integers(4, 40))
    slant = np.array([[3, 1], [-1, 4]]) * int(rng.integers(1, 9))
    i, j = np.meshgrid(np.arange(7.0), np.arange(7.0))
    corner = np.stack([i, j], axis=-1) @ slant * 8 * step + rng.integers(-100, 100, 2)
    letters = rng.choice(list("ABCDEFGHIJ."), 36).tolist()
    letters[0] = "A"
    return from_cells(quads(corner), letters)


MAPS: tuple[Maker, ...] = (
    random_tiling,
    thin_grids,
    fan,
    flat_edges,
    needles,
    spirals,
    nested,
    chessboard,
    overlaps,
    unmatched,
    around_zero,
    tiny_and_huge,
    repeated_vertices,
    one_grid,
    square_lattice,
)


def near_ties(shapes: np.ndarray, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """About n points: on vertices and edges, a few binary digits or a billionth beside them, level with vertices, ...

    ... on lines that halve the map's box again and again, and anywhere in and around it.
    """
    edges, _ = all_edges(shapes)
    x0, y0, x1, y1 = shapely.total_bounds(shapes)
    low, wide = np.array([x0, y0]), np.maximum(np.array([x1 - x0, y1 - y0]), TINY)
    found = [make(edges, low, wide, rng, max(1, n // len(_POINTS))) for make in _POINTS]
    xy = rng.permutation(np.vstack(found))
    return np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])


def _some(edges: np.ndarray, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    chosen = edges[rng.integers(len(edges), size=n)]
    return chosen[:, :2], chosen[:, 2:]


def _nudged(xy: np.ndarray, rng: np.random.Generator, most: int = 3) -> np.ndarray:
    return xy + rng.integers(-most, most + 1, xy.shape) * np.spacing(xy)


def _vertices(edges, low, wide, rng, n):
    return _some(edges, rng, n)[0]


def _beside_vertices(edges, low, wide, rng, n):
    return _nudged(_some(edges, rng, n)[0], rng)


def _on_edges(edges, low, wide, rng, n):
    a, b = _some(edges, rng, n)
    share = np.where(rng.random((n, 1)) < 0.5, rng.random((n, 1)), rng.integers(0, 9, (n, 1)) / 8)
    return a + share * (b - a)


def _beside_edges(edges, low, wide, rng, n):
    return _nudged(_on_edges(edges, low, wide, rng, n), rng)


def _billionth_beside(edges, low, wide, rng, n):
    return _on_edges(edges, low, wide, rng, n) + rng.choice([-1, 1], (n, 2)) * 10.0 ** rng.uniform(-15, -6, (n, 1))


def _subnormal_beside(edges, low, wide, rng, n):
    return _on_edges(edges, low, wide, rng, n) + rng.integers(-2, 3, (n, 2)) * rng.choice(
        [TINY, 1e-310, 1e-300], (n, 1)
    )


def _at_level(edges, low, wide, rng, n):
    """On an edge as nearly as doubles allow, at the height of some vertex or at any height."""
    a, b = _some(edges, rng, n)
    rise = np.where(b[:, 1] == a[:, 1], 1.0, b[:, 1] - a[:, 1])
    y = np.where(rng.random(n) < 0.3, _some(edges, rng, n)[0][:, 1], a[:, 1] + rng.random(n) * (b[:, 1] - a[:, 1]))
    with np.errstate(all="ignore"):
        x = a[:, 0] + np.clip(np.nan_to_num((y - a[:, 1]) / rise), 0, 1) * (b[:, 0] - a[:, 0])
    return np.column_stack([x + rng.integers(-1, 2, n) * np.spacing(x), y])


def _level_with_vertices(edges, low, wide, rng, n):
    xy = _anywhere(edges, low, wide, rng, n)
    corner, along = _some(edges, rng, n)[0], rng.random(n) < 0.5
    xy[along, 0] = corner[along, 0]
    xy[~along, 1] = corner[~along, 1]
    return xy


def _on_halving_lines(edges, low, wide, rng, n):
    xy = np.where(rng.random((n, 1)) < 0.5, _on_edges(edges, low, wide, rng, n), _anywhere(edges, low, wide, rng, n))
    line = low + np.floor((xy - low) / wide * 2.0 ** (m := rng.integers(0, 15, (n, 1)))) / 2.0**m * wide
    return _nudged(np.where(rng.random((n, 2)) < 0.6, line, xy), rng, 1)


def _anywhere(edges, low, wide, rng, n):
    return low + rng.uniform(-0.1, 1.1, (n, 2)) * wide


_POINTS = (
    _vertices,
    _beside_vertices,
    _on_edges,
    _beside_edges,
    _billionth_beside,
    _subnormal_beside,
    _at_level,
    _level_with_vertices,
    _on_halving_lines,
    _anywhere,
)


def in_degrees(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave out what is no place on earth."""
    keep = (np.abs(x) <= 180) & (np.abs(y) <= 90)
    return x[keep], y[keep]


Case = tuple[str, gpd.GeoDataFrame, np.ndarray, np.ndarray]


def hostile_cases(rng: np.random.Generator, points: int) -> Iterator[Case]:
    """Maps of every kind in turn, without end, each with about so many points."""
    while True:
        for make in MAPS:
            frame = make(rng)
            yield make.__name__, frame, *in_degrees(*near_ties(np.asarray(frame.geometry.array), rng, points))
