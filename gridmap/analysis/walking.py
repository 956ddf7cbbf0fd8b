"""Catchments by walking time over a road network: as far as the stated speed leads in the minutes given.

Lines are noded where they meet or cross: every crossing is a junction, so bridges have to be left out of the layer. A
facility stands on the nearest road; the way to it counts. Reached roads end where the time is up, inside an edge as
well. Ground is covered within ``width_m`` of a reached road; a dwelling by its own way: to the nearest road and along.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse.csgraph import dijkstra
from shapely.ops import substring

from gridmap import crs
from gridmap.analysis.roads import Floats, Geometries, Ints, Network, joined
from gridmap.analysis.service_coverage import Catchments, in_states, scales_at
from gridmap.errors import InvalidInput

#: The 15-minute circle.
MINUTES = 15.0
#: Metres a minute: 4.8 km/h.
WALK_M_PER_MIN = 80.0
#: To each side of a road, what can be reached from it.
WIDTH_M = 50.0
#: Ways from places to nodes that are held at once.
_HELD = 4_000_000


@dataclass(frozen=True)
class Walks:
    """How far everything on a network is from the nearest of some places, up to ``limit_m``.

    ``node_m`` is infinite where the limit does not reach. ``edge``, ``along_m``, ``off_m`` are where the places stand
    on the network, -1 where they do not.
    """

    network: Network
    node_m: Floats
    limit_m: float
    edge: Ints
    along_m: Floats
    off_m: Floats

    def distance_m(self, points: Geometries) -> Floats:
        """Give the way from each point (metric) to the nearest place; infinite beyond the limit."""
        net = self.network
        edge, along, off = net.attach(points)
        on = np.flatnonzero(edge >= 0)
        way = np.full(len(points), np.inf)
        e = edge[on]
        way[on] = off[on] + np.minimum(
            self.node_m[net.start[e]] + along[on], self.node_m[net.end[e]] + net.length_m[e] - along[on]
        )
        # on one edge with a place there is a third way, that passes no node
        by_edge: dict[int, list[int]] = {}
        for place in np.flatnonzero(self.edge >= 0).tolist():
            by_edge.setdefault(int(self.edge[place]), []).append(place)
        for row in on[np.isin(e, self.edge[self.edge >= 0])].tolist():
            for place in by_edge[int(edge[row])]:
                direct = off[row] + self.off_m[place] + abs(along[row] - self.along_m[place])
                way[row] = min(way[row], direct)
        return np.where(way <= self.limit_m, way, np.inf)

    def reached_lines(self) -> Geometries:
        """Give the parts of edges within the limit, each cut where it ends; near the places they may lie twice."""
        net, limit = self.network, self.limit_m
        left = np.clip(limit - self.node_m[net.start], 0.0, net.length_m)
        right = np.clip(limit - self.node_m[net.end], 0.0, net.length_m)
        whole = left + right >= net.length_m
        parts = [net.lines[whole]]
        held = {int(e) for e in self.edge[self.edge >= 0]}
        cut = [_piece(net, e, 0.0, float(left[e])) for e in np.flatnonzero(~whole & (left > 0)).tolist()]
        cut += [
            _piece(net, e, float(net.length_m[e] - right[e]), float(net.length_m[e]))
            for e in np.flatnonzero(~whole & (right > 0)).tolist()
        ]
        for place in np.flatnonzero((self.edge >= 0) & (self.off_m <= limit)).tolist():
            e = int(self.edge[place])
            if e in held and not whole[e]:
                rest = limit - float(self.off_m[place])
                low, high = float(self.along_m[place]) - rest, float(self.along_m[place]) + rest
                cut.append(_piece(net, e, max(0.0, low), min(high, float(net.length_m[e]))))
        found: Geometries = np.array([None, *cut], dtype=object)[1:]
        return np.concatenate([*parts, found[shapely.length(found) > 0]])


def _piece(net: Network, edge: int, low_m: float, high_m: float) -> shapely.Geometry:
    line = net.lines[edge]
    scale = line.length / net.length_m[edge]
    return substring(line, low_m * scale, high_m * scale)


def walks_from(network: Network, places: Geometries, limit_m: float) -> Walks:
    """Measure the way from the nearest of some places (metric points) to every node, up to a limit in metres."""
    edge, along, off = network.attach(places)
    on = np.flatnonzero(edge >= 0)
    n = len(network.nodes)
    node_m = np.full(n, np.inf)
    if len(on):
        graph = joined(network, edge[on], along[on], off[on])
        node_m = np.asarray(dijkstra(graph, indices=n + np.arange(len(on)), min_only=True, limit=limit_m))[:n]
    return Walks(network, node_m, limit_m, edge, along, off)


def ways_on_foot(network: Network, homes: Geometries, posts: Geometries, *, limit_m: float = math.inf) -> Floats:
    """Measure the way from each home to each post along the network; the costs of ``analysis.siting`` on foot.

    Parameters
    ----------
    network : Network
    homes, posts : array of Point, shape (n,) and (m,)
        In the metric CRS of the network. The way to the nearest road and from it counts, as for ``walks_from``; whoever
        lives at the very place of a post has no way to go.
    limit_m : float, optional
        No way beyond is looked for.

    Returns
    -------
    array of float, shape (n, m)
        Metres on the ground; infinite where there is no way, or none within the limit. Divided by the speed: minutes.
    """
    if len(posts) > len(homes):  # a way is as long in both directions: ask from those who are fewer
        return ways_on_foot(network, posts, homes, limit_m=limit_m).T
    ways = np.full((len(homes), len(posts)), np.inf)
    edge, along, off = network.attach(homes)
    post_edge, post_along, post_off = network.attach(posts)
    rows, columns = np.flatnonzero(edge >= 0), np.flatnonzero(post_edge >= 0)
    if not len(rows) or not len(columns):
        return ways
    e, n = edge[rows], len(network.nodes)
    graph = joined(network, post_edge[columns], post_along[columns], post_off[columns])
    step = max(1, _HELD // graph.shape[0])
    for first in range(0, len(columns), step):
        some = np.arange(first, min(first + step, len(columns)))
        node_m = np.asarray(dijkstra(graph, indices=n + some, limit=limit_m))[:, :n]
        by_start = node_m[:, network.start[e]] + along[rows]
        by_end = node_m[:, network.end[e]] + (network.length_m[e] - along[rows])
        ways[np.ix_(rows, columns[some])] = (np.minimum(by_start, by_end) + off[rows]).T
    # on one edge there is a third way, that passes no node
    for column in columns.tolist():
        beside = rows[e == post_edge[column]]
        direct = off[beside] + post_off[column] + np.abs(along[beside] - post_along[column])
        ways[beside, column] = np.minimum(ways[beside, column], direct)
    on, there = shapely.get_coordinates(homes[rows]), shapely.get_coordinates(posts[columns])
    same = (on[:, None, 0] == there[None, :, 0]) & (on[:, None, 1] == there[None, :, 1])
    at, post = np.nonzero(same)
    ways[rows[at], columns[post]] = 0.0
    ways[ways > limit_m] = np.inf
    return ways


@dataclass(frozen=True)
class WalkingCatchments(Catchments):
    """As ``Catchments``; ``walks`` tells the ways, ``unattached`` how many facilities are on no road."""

    walks: Walks
    unattached: int


@dataclass(frozen=True)
class _Reached:
    walks: Walks

    def __call__(self, points: Geometries) -> npt.NDArray[np.bool_]:
        return np.isfinite(self.walks.distance_m(points))


def walking_catchments(
    facilities: gpd.GeoDataFrame,
    network: Network,
    *,
    minutes: float = MINUTES,
    m_per_min: float = WALK_M_PER_MIN,
    width_m: float = WIDTH_M,
    states: Collection[str] = ("open",),
) -> WalkingCatchments:
    """Draw what can be reached on foot from the nearest of some facilities.

    Parameters
    ----------
    facilities : GeoDataFrame
        As ``straight_catchments``; lines and areas stand at a point inside them.
    network : Network
    minutes, m_per_min : float
        Time and speed, > 0.
    width_m : float
        Ground within so many metres of a reached road is covered, > 0; ends are round.
    states : collection of str

    Raises
    ------
    InvalidInput
        ``not_positive``.
    """
    for name, value in (("minutes", minutes), ("m_per_min", m_per_min), ("width_m", width_m)):
        if not (math.isfinite(value) and value > 0):
            raise InvalidInput("not_positive", name=name)
    places = crs.to_metric(shapely.point_on_surface(in_states(facilities, states)), network.epsg)
    walks = walks_from(network, places, minutes * m_per_min)
    lines = walks.reached_lines()
    shapes = np.zeros(0, dtype=object)
    if len(lines):
        middles = crs.from_metric(shapely.line_interpolate_point(lines, 0.5, normalized=True), network.epsg)
        shapes = shapely.buffer(lines, width_m * scales_at(middles, network.epsg), quad_segs=4)
    return WalkingCatchments(
        np.asarray(shapes, dtype=object),
        network.epsg,
        _Reached(walks),
        places,
        walks,
        int((walks.edge < 0).sum()),
    )
