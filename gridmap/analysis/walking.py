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
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from shapely.ops import substring

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.service_coverage import Catchments, in_states, scales_at
from gridmap.errors import InvalidInput

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

#: The 15-minute circle.
MINUTES = 15.0
#: Metres a minute: 4.8 km/h.
WALK_M_PER_MIN = 80.0
#: To each side of a road, what can be reached from it.
WIDTH_M = 50.0
#: A facility or dwelling further than this from every road is not on the network.
ATTACH_M = 200.0
#: Ends of lines this near to each other, or to a line, meet.
SNAP_M = 0.01
#: A way of no length at all is none to SciPy.
_NO_WAY_M = 1e-9


@dataclass(frozen=True)
class Network:
    """Roads as a graph.

    Attributes
    ----------
    nodes : array of float, shape (n, 2)
        Junctions and ends, in the metric CRS.
    start, end : array of int
        Rows of the nodes of each edge.
    lines : array of LineString
        The edges, from start to end, in the metric CRS.
    length_m : array of float
        Their lengths on the ground.
    epsg : int
    """

    nodes: Floats
    start: Ints
    end: Ints
    lines: Geometries
    length_m: Floats
    epsg: int

    def __len__(self) -> int:
        return len(self.lines)

    def attach(self, points: Geometries) -> tuple[Ints, Floats, Floats]:
        """Put points on their nearest edges.

        Returns
        -------
        edge : array of int
            -1 where no edge is within ``ATTACH_M``.
        along_m, off_m : array of float
            Metres on the ground from the start of the edge, and to it; infinite where there is none.
        """
        edge = np.full(len(points), -1, dtype=np.intp)
        along, off = np.full(len(points), np.inf), np.full(len(points), np.inf)
        if len(points) and len(self):
            # the projection is at most 0.1 % off: asked a little further, then judged on the ground
            (at, found), away = shapely.STRtree(self.lines).query_nearest(
                points, max_distance=ATTACH_M * 1.01, return_distance=True, all_matches=True
            )
            # among edges at one distance, such as those that meet in the nearest junction, the first one
            order = np.lexsort([found, away, at])
            at, found, away = at[order], found[order], away[order]
            first = np.r_[True, at[1:] != at[:-1]] if len(at) else np.zeros(0, dtype=bool)
            at, found = at[first], found[first]
            scale = shapely.length(self.lines[found]) / self.length_m[found]
            metres = away[first] / scale
            near = metres <= ATTACH_M
            at, found, scale = at[near], found[near], scale[near]
            edge[at], off[at] = found, metres[near]
            along[at] = shapely.line_locate_point(self.lines[found], points[at]) / scale
        return edge, along, off


def road_network(roads: gpd.GeoDataFrame, *, epsg: int | None = None) -> Network:
    """Make a network of lines: noded where they meet or cross, to the centimetre.

    Parameters
    ----------
    roads : GeoDataFrame
        Lines in WGS 84; what is no line is left out.
    epsg : int, optional
        Metric CRS; by default that of the place.

    Raises
    ------
    CrsError
        ``crs_missing``, ``crs_not_wgs84``.
    """
    frames.require_wgs84(roads)
    shapes = np.asarray(roads.geometry.array, dtype=object)
    lines = shapely.get_parts(shapes[np.isin(shapely.get_type_id(shapes), (1, 5))])
    lines = lines[~shapely.is_empty(lines)]
    if epsg is None:
        epsg = crs.metric_epsg_of(lines) if len(lines) else 3857
    noded = shapely.get_parts(shapely.union_all(crs.to_metric(lines, epsg), grid_size=SNAP_M))
    edges = np.asarray(noded[shapely.get_type_id(noded) == 1], dtype=object)
    ends = np.concatenate(
        [shapely.get_coordinates(shapely.get_point(edges, 0)), shapely.get_coordinates(shapely.get_point(edges, -1))]
    )
    nodes, of = np.unique(np.round(ends, 3), axis=0, return_inverse=True)
    of = of.reshape(-1)
    scale = scales_at(crs.from_metric(edges, epsg), epsg)
    return Network(nodes, of[: len(edges)], of[len(edges) :], edges, shapely.length(edges) / scale, epsg)


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
    sources = n + np.arange(len(on))
    e = edge[on]
    tail = np.concatenate([network.start, network.end, sources, sources])
    head = np.concatenate([network.end, network.start, network.start[e], network.end[e]])
    way = np.concatenate(
        [network.length_m, network.length_m, off[on] + along[on], off[on] + network.length_m[e] - along[on]]
    )
    # a sparse matrix adds up entries of one pair: of two roads between the same junctions only the shorter counts
    order = np.lexsort([way, head, tail])
    tail, head, way = tail[order], head[order], way[order]
    first = np.r_[True, (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])] if len(tail) else np.zeros(0, dtype=bool)
    size = n + len(on)
    graph = csr_array((np.maximum(way[first], _NO_WAY_M), (tail[first], head[first])), shape=(size, size))
    node_m = np.full(n, np.inf)
    if len(on):
        node_m = np.asarray(dijkstra(graph, indices=sources, min_only=True, limit=limit_m))[:n]
    return Walks(network, node_m, limit_m, edge, along, off)


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
