"""Roads as a graph: lines noded where they meet or cross, and places put on the nearest of them.

Every crossing is a junction, so bridges have to be left out of the layer.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import csr_array

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.service_coverage import scales_at

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

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


def joined(network: Network, e: Ints, along: Floats, off: Floats) -> csr_array:
    """Give the network as a matrix, with a node more for each place on an edge ``e``, from which its ways begin."""
    n = len(network.nodes)
    sources = n + np.arange(len(e))
    tail = np.concatenate([network.start, network.end, sources, sources])
    head = np.concatenate([network.end, network.start, network.start[e], network.end[e]])
    way = np.concatenate([network.length_m, network.length_m, off + along, off + network.length_m[e] - along])
    # a sparse matrix adds up entries of one pair: of two roads between the same junctions only the shorter counts
    order = np.lexsort([way, head, tail])
    tail, head, way = tail[order], head[order], way[order]
    first = np.r_[True, (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])] if len(tail) else np.zeros(0, dtype=bool)
    size = n + len(e)
    return csr_array((np.maximum(way[first], _NO_WAY_M), (tail[first], head[first])), shape=(size, size))
