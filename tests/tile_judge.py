"""An independent reader of tiles, and what it holds them to: their source, and each other."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import geopandas as gpd
import mapbox_vector_tile
import numpy as np
import shapely

EXTENT = 4096
#: Half a pixel of a tile that is drawn on 512.
HALF_PIXEL = 4.0
_WORLD_M = 40_075_016.685578488

Tile = tuple[int, int, int]
Edge = tuple[tuple[int, ...], tuple[int, ...]]


def features_of(body: bytes, layer: str) -> list[dict[str, Any]]:
    """Read the features of a layer, y pointing down as in the file."""
    if not body:
        return []
    found = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})
    assert found[layer]["version"] == 2
    assert found[layer]["extent"] == EXTENT
    return list(found[layer]["features"])


def shapes_of(body: bytes, layer: str = "grids", key: str = "code") -> dict[str, Any]:
    """Read the shapes of a layer by code."""
    return {f["properties"][key]: shapely.geometry.shape(f["geometry"]) for f in features_of(body, layer)}


def tiles_over(grids: gpd.GeoDataFrame, z: int, *, most: int) -> list[Tile]:
    """Give matrix, row and column of the tiles under a tiling, by PROJ; at most so many of them, spread."""
    west, south, east, north = grids.to_crs(3857).total_bounds
    size = _WORLD_M / 2**z
    columns = [int((v + _WORLD_M / 2) // size) for v in (west, east)]
    rows = [int((_WORLD_M / 2 - v) // size) for v in (north, south)]
    count = (rows[1] - rows[0] + 1) * (columns[1] - columns[0] + 1)
    picked = np.unique(np.linspace(0, count - 1, min(most, count)).astype(int)).tolist()
    wide = columns[1] - columns[0] + 1
    return [(z, rows[0] + k // wide, columns[0] + k % wide) for k in picked]


def source_in(grids: gpd.GeoDataFrame, tile: Tile) -> dict[str, Any]:
    """Give the grids in the units of a tile, projected by PROJ vertex by vertex."""
    z, row, column = tile
    scale = EXTENT * 2**z / _WORLD_M
    x0, y0 = column * EXTENT - scale * _WORLD_M / 2, row * EXTENT - scale * _WORLD_M / 2
    projected = np.asarray(grids.to_crs(3857).geometry.array)
    turned = shapely.transform(projected, lambda xy: np.column_stack([xy[:, 0] * scale - x0, -xy[:, 1] * scale - y0]))
    return dict(zip(grids["code"], turned, strict=True))


def inner(margin: float = 0.0) -> Any:
    """Give the square of a tile."""
    return shapely.box(margin, margin, EXTENT - margin, EXTENT - margin)


def require_near_source(shapes: dict[str, Any], source: dict[str, Any]) -> int:
    """Check that the borders of each shape and its source lie within half a pixel; give how many were compared."""
    compared = 0
    for code, true in source.items():
        # a part, or a hole, without any ground wider than that need not be drawn
        rings = shapely.get_rings(shapely.get_parts([true]))
        wide = [ring for ring in rings if not shapely.Polygon(ring).buffer(-HALF_PIXEL).is_empty]
        here = shapely.intersection(shapely.MultiLineString(wide), inner())
        if code not in shapes:
            gone = shapely.intersection(true, inner()).buffer(-HALF_PIXEL)
            assert gone.is_empty, (code, gone.area)
            continue
        line = shapes[code].boundary
        tree = shapely.STRtree([true.boundary])
        drawn = shapely.points(shapely.get_coordinates(shapely.segmentize(line, 16.0)))
        drawn = drawn[shapely.intersects(drawn, inner(1.0))]
        assert len(tree.query(drawn, predicate="dwithin", distance=HALF_PIXEL)[0]) == len(drawn), code
        if not here.is_empty:
            marks = shapely.points(shapely.get_coordinates(shapely.segmentize(here, 16.0)))
            assert (shapely.distance(marks, line) <= HALF_PIXEL).all(), code
        compared += 1
    return compared


def holes_between(shapes: Iterable[Any], source: Iterable[Any]) -> Any:
    """Give the ground of a tile that the source covers by more than half a pixel around, and no shape does."""
    ground = shapely.intersection(shapely.union_all(list(source)), inner())
    drawn = shapely.union_all([shapely.make_valid(shape, method="structure", keep_collapsed=False) for shape in shapes])
    return shapely.difference(ground.buffer(-HALF_PIXEL), drawn, grid_size=1e-3)


def edges_of(shape: Any) -> list[Edge]:
    """Give the edges of a shape of a tile, as they run."""
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts([shape]))]
    return [pair for ring in rings for pair in pairwise(map(tuple, np.rint(ring).astype(int).tolist()))]


def lone_edges(shapes: Iterable[Any], source: Iterable[Any]) -> list[Edge]:
    """Give the edges in a tile that are not met by the same edge the other way: there two shapes do not fit.

    Left out are those at the outline of all, and those near parts too thin to be drawn.
    """
    seen: Counter[Edge] = Counter()
    for shape in shapes:
        for a, b in edges_of(shape):
            seen[a, b] += 1
            seen[b, a] -= 1
    lone = [edge for edge, n in seen.items() if n > 0 and all(0 < v < EXTENT for p in edge for v in p)]
    if not lone:
        return []
    parts = shapely.get_parts(list(source))
    thin = parts[shapely.is_empty(shapely.buffer(parts, -HALF_PIXEL))]
    inside = shapely.union_all(parts).buffer(-2 * HALF_PIXEL).difference(shapely.union_all(thin).buffer(2 * HALF_PIXEL))
    return [edge for edge in lone if inside.intersects(shapely.LineString(edge))]
