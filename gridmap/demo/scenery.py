"""What a map shows behind the grids: sea, rivers, main roads, parks and the coast."""

import geopandas as gpd
import numpy as np
import shapely

from gridmap.demo.names import road_names
from gridmap.demo.seed import Seed
from gridmap.demo.terrain import Terrain
from gridmap.demo.tiling import Tiling

_RIVER_M = (28.0, 85.0)
_STREAM_M = 16.0
# Far enough that no map of the district shows where the sea was cut off.
_SEA_M = 45_000.0
_PARKS = (
    ("中央公园", 2500.0, -1900.0, 330.0),
    ("望海公园", 4300.0, -7700.0, 420.0),
    ("松岭森林公园", -6900.0, 6000.0, 800.0),
    ("澜江湿地", -3000.0, 3900.0, 420.0),
    ("学府公园", 5900.0, 3000.0, 300.0),
)


def build_context(tiling: Tiling, terrain: Terrain, origin: tuple[float, float], seed: Seed) -> gpd.GeoDataFrame:
    """Gather the context in the metric CRS: ``kind``, ``name``, geometry. Roads and rivers run along grid borders."""
    rng = seed.stream("context")
    land = shapely.union_all(tiling.faces, grid_size=0.01)
    rows: list[tuple[str, str, object]] = []

    box = shapely.box(*(np.add(shapely.bounds(land), (-_SEA_M, -_SEA_M, _SEA_M, _SEA_M))))
    coast = shapely.transform(terrain.coast, lambda xy: xy + origin)
    shore = shapely.intersection(land.boundary, coast.buffer(160.0))
    sea = shapely.difference(box, land.buffer(0.01))
    parts = [p for p in shapely.get_parts(sea) if p.distance(coast.interpolate(0.5, normalized=True)) < 400.0]
    water_side = shapely.union_all(parts).intersection(_sea_side(coast, box, seed.stream("sea")))
    rows.append(("water", "澜湾", shapely.simplify(water_side, 5.0)))
    rows += [("coast", "海岸线", line) for line in _long(shore, 600.0)]

    water = shapely.line_merge(shapely.union_all(tiling.edges[tiling.kind == 2]))
    main = shapely.transform(terrain.river, lambda xy: xy + origin)
    for line in shapely.get_parts(water):
        along = [main.project(shapely.Point(p), normalized=True) for p in (line.coords[0], line.coords[-1])]
        is_main = line.interpolate(0.5, normalized=True).distance(main) < 130.0
        wide = _RIVER_M[0] + (_RIVER_M[1] - _RIVER_M[0]) * max(along) if is_main else _STREAM_M
        shape = shapely.intersection(line.buffer(wide), land)
        rows.append(("water", "澜江" if is_main else "柳溪河", shapely.simplify(shape, 1.5)))

    roads = _long(shapely.line_merge(shapely.union_all(tiling.edges[tiling.kind == 1]), directed=False), 150.0)
    rows += [("road", name, shapely.simplify(line, 1.5)) for name, line in zip(_cycle(road_names(60, rng), len(roads)), roads, strict=True)]  # fmt: skip  # noqa: E501

    for name, x, y, radius in _PARKS:
        turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        wobble = radius * (
            1 + 0.18 * np.sin(2 * turn + rng.uniform(0, 6)) + 0.09 * np.sin(5 * turn + rng.uniform(0, 6))
        )
        ring = np.column_stack([x + wobble * np.cos(turn), y + 0.75 * wobble * np.sin(turn)]) + origin
        rows.append(("green", name, shapely.intersection(shapely.Polygon(ring), land)))
    kind, title, shape = zip(*rows, strict=True)
    return gpd.GeoDataFrame({"kind": kind, "name": title}, geometry=list(shape), crs=f"EPSG:{seed.epsg}")


def _sea_side(coast: shapely.LineString, box: shapely.Polygon, rng: np.random.Generator) -> shapely.Polygon:
    """Close the coast to a polygon over the south and the east of a box; beyond the district it wanders on."""
    xy = shapely.get_coordinates(coast)
    x0, y0, x1, y1 = box.bounds
    west = np.arange(xy[0, 0] - 400.0, x0, -400.0)
    north = np.arange(xy[-1, 1] + 400.0, y1, 400.0)
    before = np.column_stack([west, xy[0, 1] + _wander(len(west), -60.0, rng)])[::-1]
    after = np.column_stack([xy[-1, 0] + _wander(len(north), 90.0, rng), north])
    corner = [(after[-1, 0], y1), (x1, y1), (x1, y0), (x0, y0), (x0, before[0, 1])]
    return shapely.make_valid(shapely.Polygon(np.vstack([before, xy, after, corner]))).buffer(200.0)


def _wander(count: int, drift_m: float, rng: np.random.Generator) -> np.ndarray:
    """Give a smooth random walk that starts at zero and drifts so many metres a step."""
    steps = np.convolve(rng.normal(0.0, 420.0, count + 8), np.ones(9) / 9, mode="valid")[:count]
    return np.cumsum(steps + drift_m)


def _long(lines: shapely.Geometry, least_m: float) -> list[shapely.LineString]:
    merged = shapely.line_merge(lines)
    return [p for p in shapely.get_parts(merged) if p.geom_type == "LineString" and p.length > least_m]


def _cycle(items: list[str], count: int) -> list[str]:
    return [items[i % len(items)] for i in range(count)]
