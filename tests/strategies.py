"""Hypothesis strategies: random valid tilings, and points that are hard to place on them."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from builders import from_cells, quads
from exact import edges_of
from hypothesis import strategies as st

ORIGINS = ((120.0, 36.0), (116.25, 39.875), (-73.9375, 40.75), (-0.001, 51.5), (18.5, -33.9))
CELLS = (2.0**-10, 2.0**-16, 0.25)
STEPS = (1e-7, 2.0**-24, 0.0)
LUMPS = (0.0, 0.7)
KINDS = ("letters", "bent", "triangles", "voronoi")


@dataclass(frozen=True)
class Recipe:
    """All that a random tiling is made from; small recipes give small tilings, so failures shrink.

    ``kind``: ``letters`` squares, ``bent`` a net with every corner moved, ``triangles`` of random places (some very
    thin), ``voronoi`` cells. ``names``: so many codes are dealt over the cells; few of them make grids of several
    parts, and enclaves. ``lump``: share of the cells that one grid takes, which then has holes. ``empty``: share of
    cells without any grid. ``step``: coordinates are multiples of it; 0 leaves every binary digit.
    """

    kind: str
    rows: int
    columns: int
    names: int
    empty: float
    step: float
    seed: int
    origin: tuple[float, float] = (120.0, 36.0)
    cell: float = 2.0**-10
    lump: float = 0.0


def build(recipe: Recipe) -> gpd.GeoDataFrame:
    """Make the tiling of a recipe: valid grids, no overlaps, every vertex of a neighbour matched."""
    rng = np.random.default_rng(recipe.seed)
    cells = _snapped_cells(recipe, rng)
    # two letters, shuffled, so that the order of codes is not the order of places
    names = [f"{chr(65 + i // 26)}{chr(97 + i % 26)}" for i in range(max(1, min(recipe.names, len(cells))))]
    labels = rng.permutation(np.resize(names, len(cells)))
    labels = np.where(rng.random(len(cells)) < recipe.lump, names[rng.integers(len(names))], labels)
    labels = np.where(rng.random(len(cells)) < recipe.empty, ".", labels)
    if (labels == ".").all():
        labels[0] = names[0]
    return from_cells(cells, labels.tolist())


def _snapped_cells(recipe: Recipe, rng: np.random.Generator) -> np.ndarray:
    rows, columns = recipe.rows, recipe.columns
    net = np.stack(np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0)), axis=-1)
    if recipe.kind == "letters":
        return quads(_place(net, recipe))
    if recipe.kind == "bent":
        return quads(_place(net + rng.uniform(-0.3, 0.3, net.shape), recipe))
    places = _place(rng.uniform(0, 1, ((rows + 1) * (columns + 1) + 2, 2)) * (columns, rows), recipe)
    if recipe.kind == "triangles":
        return _sound(shapely.get_parts(shapely.delaunay_triangles(shapely.multipoints(places))), net, recipe)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(places)))
    # cells cut off at the frame are left out: their cut corners need not match
    whole = ~shapely.intersects(cells, shapely.box(*shapely.total_bounds(cells)).exterior)
    cells = shapely.transform(cells[whole], lambda xy: _snap(xy, recipe.step))
    return _sound(cells, net, recipe)


def _sound(cells: np.ndarray, net: np.ndarray, recipe: Recipe) -> np.ndarray:
    """Give the cells if snapping left them a tiling; else the plain squares."""
    if len(cells) and shapely.is_valid(cells).all() and shapely.coverage_is_valid(cells) and edges_match(cells):
        return cells
    return quads(_place(net, recipe))


def edges_match(cells: np.ndarray) -> bool:
    """Tell whether no edge is used by more than two shapes, and none has length zero."""
    edges = np.vstack([edges_of(c) for c in cells])
    swap = (edges[:, 0] > edges[:, 2]) | ((edges[:, 0] == edges[:, 2]) & (edges[:, 1] > edges[:, 3]))
    edges[swap] = edges[swap][:, [2, 3, 0, 1]]
    used = np.unique(edges, axis=0, return_counts=True)[1]
    lengths = np.hypot(edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1])
    return bool(used.max() <= 2 and lengths.min() > 0)


def _place(net: np.ndarray, recipe: Recipe) -> np.ndarray:
    return _snap(np.asarray(recipe.origin) + net * recipe.cell, recipe.step)


def _snap(xy: np.ndarray, step: float) -> np.ndarray:
    if step == 1e-7:
        return np.round(xy, 7)
    return np.round(xy / step) * step if step else xy


@st.composite
def recipes(draw: st.DrawFn, *, steps: tuple[float, ...] = STEPS, largest: int = 6) -> Recipe:
    """Recipes of random valid tilings."""
    rows, columns = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    return Recipe(
        kind=draw(st.sampled_from(KINDS)),
        rows=rows,
        columns=columns,
        names=draw(st.integers(1, rows * columns + 4)),
        empty=draw(st.sampled_from((0.0, 0.1, 0.4))),
        step=draw(st.sampled_from(steps)),
        seed=draw(st.integers(0, 2**32 - 1)),
        origin=draw(st.sampled_from(ORIGINS)),
        cell=draw(st.sampled_from(CELLS)),
        lump=draw(st.sampled_from(LUMPS)),
    )


def tilings(**options: object) -> st.SearchStrategy[gpd.GeoDataFrame]:
    """Random valid tilings: squares, bent nets, triangles, Voronoi cells; with holes, enclaves and several parts."""
    return recipes(**options).map(build)


def hard_points(frame: gpd.GeoDataFrame, rng: np.random.Generator, *, extra: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """Every vertex, every edge midpoint, their neighbours one binary digit away, and random points around the grids."""
    edges = np.unique(np.vstack([edges_of(s) for s in frame.geometry]), axis=0)
    vertices = np.unique(edges[:, :2], axis=0)
    middle = (edges[:, :2] + edges[:, 2:]) / 2
    share = rng.random((len(edges), 1))
    along = edges[:, :2] + share * (edges[:, 2:] - edges[:, :2])
    aside = np.nextafter(middle, middle + rng.choice([-1.0, 1.0], middle.shape))
    x0, y0, x1, y1 = frame.total_bounds
    w, h = (x1 - x0) * 0.1, (y1 - y0) * 0.1
    random = np.column_stack([rng.uniform(x0 - w, x1 + w, extra), rng.uniform(y0 - h, y1 + h, extra)])
    # level with vertices: where a ray cast east or north passes exactly through corners
    level = np.column_stack([rng.uniform(x0 - w, x1 + w, len(vertices)), vertices[:, 1]])
    xy = np.vstack([vertices, middle, along, aside, random, level])
    return xy[:, 0].copy(), xy[:, 1].copy()
