"""Streets and management areas: contiguous groups of grids, and the codes of all three levels."""

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from gridmap.demo.tiling import Geometries, Tiling, shared_borders
from gridmap.errors import InvalidInput

Ints = npt.NDArray[np.int64]

#: What crossing an edge costs, next to a local street: areas end at main streets and at the river when they can.
_CROSSING = {"local": 1.0, "main": 1.7, "river": 6.0}


def neighbour_costs(tiling: Tiling) -> coo_array:
    """Give the graph of grids: what it costs to join two neighbours, in grid widths."""
    faces = tiling.faces
    pairs, length = shared_borders(faces)
    barrier = np.ones(len(pairs))
    hard = {name: shapely.union_all(tiling.edges[tiling.kind == k]) for k, name in ((1, "main"), (2, "river"))}
    for name, lines in hard.items():
        middle = _border_points(faces, pairs)
        shapely.prepare(lines)
        barrier[shapely.dwithin(lines, middle, 0.5)] = _CROSSING[name]
    a, b = pairs.T
    centre = shapely.get_coordinates(shapely.centroid(faces))
    width = np.sqrt(shapely.area(faces))
    cost = np.hypot(*(centre[a] - centre[b]).T) / (0.5 * (width[a] + width[b]))
    # A short common border is a poor link.
    cost *= barrier * np.clip(0.5 * np.minimum(width[a], width[b]) / length, 1.0, 4.0)
    return coo_array((np.r_[cost, cost], (np.r_[a, b], np.r_[b, a])), shape=(len(faces), len(faces)))


def _border_points(faces: Geometries, pairs: Ints) -> Geometries:
    """Give a point on the common border of each pair: the middle of its longest common line."""
    common = shapely.line_merge(shapely.intersection(faces[pairs[:, 0]], faces[pairs[:, 1]]))
    parts, of = shapely.get_parts(common, return_index=True)
    long = np.lexsort([shapely.length(parts), of])
    last = np.r_[of[long][1:] != of[long][:-1], True]
    return np.asarray(shapely.line_interpolate_point(parts[long][last], 0.5, normalized=True))


def partition(costs: coo_array, weight: npt.NDArray[np.float64], parts: int, rng: np.random.Generator) -> Ints:
    """Part a connected graph into that many connected groups of about equal weight.

    Groups grow from centres along cheapest paths; centres that gather too much start with a handicap, then every
    centre moves to the middle of its group. A shortest path never leaves its group, so all groups are connected.

    Returns
    -------
    array of int
        Group 0 to ``parts - 1`` of each node; none is empty.

    Raises
    ------
    InvalidInput
        ``demo_seed_unfit``: the graph is not connected, or has fewer nodes than parts.
    """
    n = len(weight)
    graph = costs.tocsr()
    if n < parts or connected_components(graph, directed=False)[0] != 1:
        raise InvalidInput("demo_seed_unfit")
    centres = [int(rng.integers(n))]
    for _ in range(parts - 1):
        centres.append(int(np.argmax(dijkstra(graph, indices=centres, min_only=True))))
    handicap = np.zeros(parts)
    best, best_spread = np.zeros(n, dtype=np.int64), np.inf
    goal = weight.sum() / parts
    for turn in range(60):
        label = _grow(costs, centres, handicap)
        held = np.bincount(label, weights=weight, minlength=parts)
        if (held > 0).all() and np.abs(held / goal - 1).max() < best_spread:
            best, best_spread = label, float(np.abs(held / goal - 1).max())
        handicap = np.maximum(0.0, handicap + 0.35 * np.sign(held - goal) * np.sqrt(np.abs(held / goal - 1)))
        handicap -= handicap.min()
        if turn % 4 == 3:
            centres = [_middle(graph, np.flatnonzero(label == k), c) for k, c in enumerate(centres)]
    if not np.isfinite(best_spread):
        raise InvalidInput("demo_seed_unfit")
    return best


def _grow(costs: coo_array, centres: list[int], handicap: npt.NDArray[np.float64]) -> Ints:
    """Give each node the centre with the cheapest path, handicap included."""
    n, parts = costs.shape[0], len(centres)
    start = np.arange(n, n + parts)
    row, column = costs.coords
    data = np.r_[costs.data, handicap + 1e-6]
    graph = coo_array((data, (np.r_[row, start], np.r_[column, centres])), shape=(n + parts, n + parts)).tocsr()
    _, _, source = dijkstra(graph, indices=start, min_only=True, return_predecessors=True)
    return np.asarray(source[:n].astype(np.int64) - n)


def _middle(graph, members: Ints, fallback: int) -> int:  # type: ignore[no-untyped-def]
    if len(members) == 0:
        return fallback
    far = dijkstra(graph[members][:, members])
    return int(members[np.argmin(np.where(np.isfinite(far), far, 1e6).sum(axis=1))])


def build_hierarchy(tiling: Tiling, streets: int, areas: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Group grids into streets and these into areas.

    Returns
    -------
    street_of, area_of : array of int
        One a grid; areas count on over all streets, 5 to 7 in each.
    """
    costs = neighbour_costs(tiling)
    weight = np.ones(len(tiling.faces))
    street_of = partition(costs, weight, streets, rng)
    size = np.bincount(street_of, minlength=streets)
    share = np.clip(np.round(size / size.sum() * areas), 5, 7).astype(np.int64)
    while share.sum() != areas:
        step = 1 if share.sum() < areas else -1
        able = (share + step >= 5) & (share + step <= 7)
        if not able.any():
            raise InvalidInput("demo_seed_unfit")
        share[np.argmax(np.where(able, step * (size / share), -np.inf))] += step
    area_of = np.empty(len(street_of), dtype=np.int64)
    graph = costs.tocsr()
    for k in range(streets):
        members = np.flatnonzero(street_of == k)
        inner = graph[members][:, members].tocoo()
        area_of[members] = share[:k].sum() + partition(inner, weight[members], int(share[k]), rng)
    return street_of, area_of


def numbers(shapes: Geometries, parent: Ints) -> Ints:
    """Number shapes from 1 within each parent: rows from north to south, in a row from west to east.

    A total order: the parent's height is cut into as many equal rows as the root of its number of children, rounded;
    a shape belongs to the row of its interior point (metres, rounded to 1 cm). Rows go from north to south; in a row
    the smaller easting comes first, then the larger northing. Interior points of a tiling are distinct.
    """
    xy = np.round(shapely.get_coordinates(shapely.point_on_surface(shapes)), 2)
    result = np.empty(len(shapes), dtype=np.int64)
    for k in np.unique(parent):
        members = np.flatnonzero(parent == k)
        x, y = xy[members].T
        rows = max(1, round(len(members) ** 0.5))
        height = (y.max() - y.min()) / rows or 1.0
        row = np.minimum(np.floor((y.max() - y) / height), rows - 1)
        result[members[np.lexsort([-y, x, row])]] = np.arange(1, len(members) + 1)
    return result


def merged(faces: Geometries, group: Ints) -> Geometries:
    """Unite faces by group, in group order; vertices stay where they are."""
    return np.array(
        [shapely.coverage_union_all(faces[group == k]) for k in range(group.max() + 1)],
        dtype=object,
    )
