"""Who is beside whom: polygons that share a border or a corner, and cells of a lattice that touch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.analysis.edges import Edges, edges_of, matched_edges, point_keys
from gridmap.crs import metric_epsg_of, xy_to_metric
from gridmap.errors import InvalidInput

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Neighbours of places 0 to n - 1, both ways round: those of ``i`` are ``near[start[i]:start[i + 1]]``, ascending.

    A place is never its own neighbour. One without neighbours is an island.
    """

    start: Ints
    near: Ints

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def counts(self) -> Ints:
        """How many neighbours each place has."""
        return np.diff(self.start)

    def of(self, i: int) -> Ints:
        """Give the neighbours of one place."""
        return self.near[self.start[i] : self.start[i + 1]]

    def sums(self, values: Floats) -> Floats:
        """Sum a figure over the neighbours of each place, without the place itself."""
        return np.asarray(np.bincount(self.owners, weights=values[self.near], minlength=len(self)), dtype=np.float64)

    @property
    def owners(self) -> Ints:
        """Whose each neighbour is."""
        return np.repeat(np.arange(len(self)), self.counts)

    def among(self, chosen: npt.NDArray[np.bool_]) -> "Neighbours":
        """Keep some of the places, numbered anew in their order."""
        if chosen.all():
            return self
        number = np.cumsum(chosen) - 1
        owner = self.owners
        kept = chosen[owner] & chosen[self.near]
        return _grouped(number[owner[kept]], number[self.near[kept]], int(chosen.sum()))


def neighbours_of(polygons: Sequence[object] | Geometries, *, gap_m: float = 1.0) -> Neighbours:
    """Find which polygons share a border or a corner ("queen" contiguity).

    Parameters
    ----------
    polygons : array of Polygon or MultiPolygon, shape (n,)
        WGS 84 degrees.
    gap_m : float
        Borders up to this far apart in metres count as shared, and so does a corner that lies on a straight border:
        real borders were digitised twice. 0: touching is enough.

    Returns
    -------
    Neighbours

    Raises
    ------
    InvalidInput
        ``not_positive``: ``gap_m`` is negative or no number.

    Notes
    -----
    Exactly shared vertices are found by one sort of their hashes. Only edges that have no exact partner - the outer
    border and what was digitised twice - are compared by distance, in the metric CRS of the place.
    """
    if not gap_m >= 0:
        raise InvalidInput("not_positive", name="gap_m")
    shapes = np.asarray(polygons, dtype=object)
    n = len(shapes)
    if n == 0 or shapely.is_empty(shapes).all():
        return _grouped(np.empty(0, np.int64), np.empty(0, np.int64), n)
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    a, b = _pairs_of_equal(point_keys(xy), owner.astype(np.int64))
    edges = edges_of(shapely.normalize(shapes))
    loose = np.flatnonzero(~matched_edges(edges.key, edges.forward))
    c, d = _pairs_within(edges, loose, metric_epsg_of(shapes), gap_m)
    return _grouped(np.r_[a, b, c, d], np.r_[b, a, d, c], n)


def neighbours_of_cells(row: Ints, column: Ints) -> Neighbours:
    """Find which squares of a lattice touch, at a side or a corner.

    Parameters
    ----------
    row, column : array of int, shape (n,)
        Of squares that are all different.
    """
    wide = int(column.max(initial=0)) + 2
    key = row.astype(np.int64) * wide + column
    order = np.argsort(key)
    ordered = key[order]
    one, two = [], []
    for step in (1, wide - 1, wide, wide + 1):
        at = np.searchsorted(ordered, key + step)
        at[at == len(key)] = 0
        hit = np.flatnonzero(ordered[at] == key + step) if len(key) else np.empty(0, np.int64)
        # the last column and the first of the next row are no neighbours
        there = order[at[hit]]
        beside = np.abs(column[there] - column[hit]) <= 1
        one.append(hit[beside])
        two.append(there[beside])
    a, b = np.concatenate(one).astype(np.int64), np.concatenate(two).astype(np.int64)
    return _grouped(np.r_[a, b], np.r_[b, a], len(key))


def wider(beside: Neighbours) -> Neighbours:
    """Give the neighbours of places together with the neighbours of those; a place is still not its own."""
    owners = beside.owners
    # whom each neighbour brings along
    brought = beside.counts[beside.near]
    owner = np.r_[owners, np.repeat(owners, brought)]
    first = np.repeat(beside.start[beside.near], brought)
    step = np.arange(int(brought.sum())) - np.repeat(np.cumsum(brought) - brought, brought)
    near = np.r_[beside.near, beside.near[first + step]]
    other = owner != near
    return _grouped(owner[other], near[other], len(beside))


def neighbours_in_time(beside: Neighbours, steps: int, back: int) -> Neighbours:
    """Find the neighbours of places in periods: those beside in the same period, and all of them some periods before.

    Parameters
    ----------
    beside : Neighbours
        Of n places.
    steps, back : int
        How many periods there are, and how many before each count; a place is then also its own neighbour in time.

    Returns
    -------
    Neighbours
        Of steps * n; place i in period t is ``t * n + i``. One way round only: what comes later is no neighbour of what
        came before. An island has no neighbours in time either.
    """
    n = len(beside)
    social = np.flatnonzero(beside.counts > 0)
    owners, nears = [], []
    for before in range(back + 1):
        one = np.r_[beside.owners, social] if before else beside.owners
        two = np.r_[beside.near, social] if before else beside.near
        t = np.arange(before, steps)[:, None] * n
        owners.append((t + one).ravel())
        nears.append((t - before * n + two).ravel())
    return _grouped(np.concatenate(owners).astype(np.int64), np.concatenate(nears).astype(np.int64), n * steps)


def _grouped(owner: Ints, near: Ints, n: int) -> Neighbours:
    """Sort pairs into lists, each pair once."""
    pair = np.unique(owner * max(n, 1) + near)
    start = np.searchsorted(pair, np.arange(n + 1) * max(n, 1))
    return Neighbours(start.astype(np.int64), pair % max(n, 1))


def _pairs_of_equal(key: npt.NDArray[np.uint64], owner: Ints) -> tuple[Ints, Ints]:
    """Pair the owners of equal keys."""
    order = np.argsort(key, kind="stable")
    key, owner = key[order], owner[order]
    ones: list[Ints] = []
    others: list[Ints] = []
    # compare each with the next, the one after it, ... as far as any run of equal keys reaches
    step, open_ = 1, np.arange(len(key))
    while True:
        open_ = open_[open_ + step < len(key)]
        open_ = open_[key[open_] == key[open_ + step]]
        if not len(open_):
            break
        here, there = owner[open_], owner[open_ + step]
        differ = here != there
        ones.append(here[differ])
        others.append(there[differ])
        step += 1
    if not ones:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.concatenate(ones), np.concatenate(others)


def _pairs_within(edges: Edges, loose: npt.NDArray[np.intp], epsg: int, gap_m: float) -> tuple[Ints, Ints]:
    """Pair the owners of edges that come within a distance of each other."""
    if not len(loose):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    ends = np.stack([edges.start(loose), edges.end(loose)], axis=1).reshape(-1, 2)
    x, y = xy_to_metric(ends[:, 0], ends[:, 1], epsg)
    lines = np.asarray(shapely.linestrings(np.column_stack([x, y]), indices=np.repeat(np.arange(len(loose)), 2)))
    tree = shapely.STRtree(lines)
    one, two = tree.query(lines, predicate="dwithin", distance=gap_m)
    a, b = edges.owner[loose[one]].astype(np.int64), edges.owner[loose[two]].astype(np.int64)
    differ = a != b
    return a[differ], b[differ]
