"""Ways to walk on between the houses: lanes inside the grids, and the streets that run along their borders.

The context has the main roads alone. Over rivers, and out of the district, nothing leads but those.
"""

import math

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from gridmap import crs
from gridmap.demo.district import District
from gridmap.domain.features import FeatureLayer

WAYS = FeatureLayer("walking-ways", "步行道路")
#: Lanes of a grid run side by side, about so far apart, and at most so many; one lane more joins them.
APART_M, MOST_LANES = 85.0, 10
#: Borders so near to a main road run along it, and lanes end on it; shorter than the other is no way.
_ROAD_M, _SHORT_M = 4.0, 10.0
#: So far a lane reaches over the main road it ends on, that both cross.
_OVER_M = 1.0
_ON_M = 0.05

Geometries = npt.NDArray[np.object_]


def make_ways(district: District) -> gpd.GeoDataFrame:
    """Give the ways: ``code, name, state, attributes``, one row of lines a grid, in WGS 84.

    A street along a border is a part of the first of the two grids by code.
    """
    epsg = district.seed.epsg
    grids = district.grids
    shapes = crs.to_metric(np.asarray(grids.geometry.array, dtype=object), epsg)
    context = crs.to_metric(np.asarray(district.context.geometry.array, dtype=object), epsg)
    kind = district.context["kind"].to_numpy()
    roads, water = shapely.union_all(context[kind == "road"]), context[kind == "water"]
    rng = district.seed.stream("ways")
    lanes = [_lanes(shape, rng) for shape in _dry(shapes, water)]
    streets, of = _streets(shapes, roads, water)
    ends = shapely.STRtree(shapely.points([p for mine in lanes for line in mine for p in (line[0], line[-1])]))
    streets = np.array([_with_ends(street, ends) for street in streets], dtype=object)
    shapely.prepare(roads)
    rows = []
    for n, mine in enumerate(lanes):
        lines = [_onto(shapely.LineString(line), roads) for line in mine]
        lines += [_onto(street, roads) for street in streets[of == n]]
        rows.append(shapely.multilinestrings(lines))
    degrees = shapely.transform(crs.from_metric(np.array(rows, dtype=object), epsg), lambda xy: np.round(xy, 7))
    held = {
        "code": [f"BX{code}" for code in grids["code"]],
        "name": [f"{name}步行道路" for name in grids["name"]],
        "state": "open",
        "attributes": [{} for _ in range(len(grids))],
    }
    return gpd.GeoDataFrame(held, geometry=degrees, crs=crs.WGS84)


def _lanes(shape: shapely.Polygon, rng: np.random.Generator) -> list[npt.NDArray[np.float64]]:
    """Lay lanes over a grid, along the longer side of the box around it, and one across that joins them."""
    corners = shapely.get_coordinates(shapely.oriented_envelope(shape))
    sides = corners[1:3] - corners[:2]
    long = sides[np.argmax(np.hypot(*sides.T))]
    angle = math.atan2(long[1], long[0])
    turned = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    u, v = (corners @ turned.T).T
    count = int(np.clip(round(np.ptp(v) / APART_M), 1, MOST_LANES))
    step = np.ptp(v) / count
    found: list[npt.NDArray[np.float64]] = []
    for k in range(count):
        at = v.min() + (k + 0.5) * step + rng.uniform(-0.08, 0.08) * step
        found += _inside(shape, np.array([[u.min() - 1, at], [u.max() + 1, at]]) @ turned)
    at = u.min() + np.ptp(u) * rng.uniform(0.4, 0.6)
    return found + _inside(shape, np.array([[at, v.min() - 1], [at, v.max() + 1]]) @ turned)


def _inside(shape: shapely.Polygon, ends: npt.NDArray[np.float64]) -> list[npt.NDArray[np.float64]]:
    parts = shapely.get_parts(shapely.intersection(shapely.LineString(ends), shape))
    return [shapely.get_coordinates(part) for part in parts if shapely.length(part) > _SHORT_M]


def _streets(
    shapes: Geometries, roads: shapely.Geometry, water: Geometries
) -> tuple[Geometries, npt.NDArray[np.int64]]:
    """Give the borders between two grids that no main road runs along, on dry land, and the first grid of each."""
    edges = np.asarray(shapely.get_parts(shapely.line_merge(shapely.union_all(shapely.boundary(shapes)))))
    middle = shapely.line_interpolate_point(edges, 0.5, normalized=True)
    edge, grid = shapely.STRtree(shapes).query(middle, predicate="dwithin", distance=_ON_M)
    first = np.full(len(edges), len(shapes))
    np.minimum.at(first, edge, grid)
    inner = np.bincount(edge, minlength=len(edges)) == 2
    on_road = shapely.dwithin(roads, middle, _ROAD_M)
    held = np.flatnonzero(inner & ~on_road)
    # along a river nothing is left of a border, and what crosses one ends at both banks
    parts, at = shapely.get_parts(_dry(edges[held], water), return_index=True)
    long = shapely.length(parts) > _SHORT_M
    return parts[long], first[held[at[long]]]


def _dry(shapes: Geometries, water: Geometries) -> Geometries:
    """Leave the water out."""
    dry = shapes.copy()
    shape, pool = shapely.STRtree(water).query(shapes, predicate="intersects")
    for row in np.unique(shape).tolist():
        dry[row] = shapely.difference(shapes[row], shapely.union_all(water[pool[shape == row]]))
    return dry


def _with_ends(street: shapely.LineString, ends: shapely.STRtree) -> shapely.LineString:
    """Give a street a corner where a lane ends on it, so that they meet whatever is rounded."""
    near = ends.query(street, predicate="dwithin", distance=_ON_M)
    if not len(near):
        return street
    return shapely.LineString(shapely.snap(street, shapely.multipoints(ends.geometries[near]), _ON_M))


def _onto(line: shapely.LineString, roads: shapely.Geometry) -> shapely.LineString:
    """Lead a line that ends beside a main road over it."""
    xy = shapely.get_coordinates(line)
    for row, at in ((0, 0), (-1, len(xy))):
        end = shapely.Point(xy[row])
        if shapely.dwithin(roads, end, _ROAD_M):
            way = shapely.get_coordinates(shapely.shortest_line(end, roads))
            step = way[1] - way[0]
            size = math.hypot(*step)
            if size < 1e-6:  # it ends on the road: on along itself
                step = xy[row] - xy[1 if row == 0 else -2]
                size = math.hypot(*step)
            xy = np.insert(xy, at, way[1] + _OVER_M * step / size, axis=0)
    return shapely.LineString(xy)
