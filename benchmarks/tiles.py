"""Vector tiles: ours beside mapbox-vector-tile and PostGIS, on the same grids in the same run.

``python -m benchmarks.tiles [--runs 9]``; PostGIS where ``TEST_DATABASE_URL`` names one. Medians of wall and CPU
milliseconds (of PostGIS that of the client alone). *Cold*: from shapes in memory to the bytes of the tile, nothing made
before. *Next*: another tile of the same plan. *Warm*: the kept file of a tile. Loops are compiled before the first run,
as they are in a service that was started once.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import geopandas as gpd
import mapbox_vector_tile
import numpy as np
import shapely

from api.tiles.kept import TileFiles, name_of
from gridmap.tiles.columns import Columns, columns_of
from gridmap.tiles.matrix import WEB_MERCATOR
from gridmap.tiles.mvt import BUFFER, EXTENT
from gridmap.tiles.pyramid import TOLERANCE, Pyramid

_WORLD_M = 40_075_016.685578488
#: A tile at matrix 12 around here, and how much of it the grids fill.
_PLACE = (120.3, 36.1)


def net_of_squares(side: int, z: int, vertices: int, seed: int = 1) -> gpd.GeoDataFrame:
    """Make side x side grids inside one tile, each border bent by some vertices, the same for both neighbours."""
    rng = np.random.default_rng(seed)
    row, _, column, _ = WEB_MERCATOR.limits((*_PLACE, *_PLACE), z)
    west, south, east, north = WEB_MERCATOR.box(z, row, column)
    x, y = np.meshgrid(np.linspace(0.02, 0.98, side + 1), np.linspace(0.02, 0.98, side + 1))
    place = np.stack([x, y], axis=-1) + rng.uniform(-0.25, 0.25, (side + 1, side + 1, 2)) / side
    lonlat = place * [east - west, north - south] + [west, south]
    corners = np.stack([lonlat[:-1, :-1], lonlat[1:, :-1], lonlat[1:, 1:], lonlat[:-1, 1:]], axis=2).reshape(-1, 4, 2)
    cell = (east - west) / side
    fine = shapely.segmentize(shapely.polygons(corners), cell / vertices * 4)

    def bend(xy: np.ndarray) -> np.ndarray:
        turn = xy / cell * 9
        return xy + cell * 0.02 * np.column_stack([np.sin(turn[:, 1] * 1.7), np.cos(turn[:, 0] * 1.3)])

    codes = [f"3702{n:011d}" for n in range(side * side)]
    names = [f"第{n}网格" for n in range(len(codes))]
    return gpd.GeoDataFrame({"code": codes, "name": names}, geometry=shapely.transform(fine, bend), crs=4326)


def timed(label: str, runs: int, call: Callable[[], object]) -> float:
    """Print medians of wall and CPU time; give the first."""
    wall, cpu = [], []
    for _ in range(runs):
        a, b = time.perf_counter(), time.process_time()
        call()
        wall.append((time.perf_counter() - a) * 1e3)
        cpu.append((time.process_time() - b) * 1e3)
    print(f"  {label:58s} {statistics.median(wall):9.2f} ms wall {statistics.median(cpu):9.2f} ms CPU")
    return statistics.median(wall)


def ours(grids: gpd.GeoDataFrame, tile: tuple[int, int, int]) -> tuple[Pyramid, Columns, bytes]:
    """Go from shapes and columns to a tile."""
    pyramid = Pyramid([np.asarray(grids.geometry.array)], WEB_MERCATOR)
    codes = grids["code"].tolist()
    columns = columns_of(codes, {"code": codes, "name": grids["name"].tolist()})
    return pyramid, columns, pyramid.layer("grids", 0, columns, *tile)


def peer(grids: gpd.GeoDataFrame, tile: tuple[int, int, int]) -> bytes:
    """Do the same with mapbox-vector-tile: simplified alone, clipped by shapely, encoded by the library."""
    z, row, column = tile
    size = _WORLD_M / 2**z
    x0, y0 = column * size - _WORLD_M / 2, _WORLD_M / 2 - (row + 1) * size
    metric = np.asarray(grids.to_crs(3857).geometry.array)
    simple = shapely.simplify(metric, TOLERANCE * size / EXTENT)
    edge = BUFFER / EXTENT * size
    cut = shapely.clip_by_rect(simple, x0 - edge, y0 - edge, x0 + size + edge, y0 + size + edge)
    features = [
        {"geometry": shape, "properties": {"code": code, "name": name}}
        for shape, code, name in zip(cut, grids["code"], grids["name"], strict=True)
        if not shape.is_empty
    ]
    bounds = (x0, y0, x0 + size, y0 + size)
    found: bytes = mapbox_vector_tile.encode(
        {"name": "grids", "features": features}, default_options={"quantize_bounds": bounds, "extents": EXTENT}
    )
    return found


def postgis(grids: gpd.GeoDataFrame, tile: tuple[int, int, int], url: str, runs: int) -> None:
    """Ask PostGIS for the same tile of a table with an index."""
    import sqlalchemy as sa

    engine = sa.create_engine(url)
    name = f"bench_tiles_{os.getpid()}"
    grids.to_postgis(name, engine, index=False)
    z, row, column = tile
    simplified = f"ST_Simplify(ST_Transform(geometry, 3857), {TOLERANCE * _WORLD_M / 2**z / EXTENT}, true)"
    for label, shape in (("as it is", "ST_Transform(geometry, 3857)"), ("each simplified alone", simplified)):
        query = sa.text(
            f"SELECT ST_AsMVT(t, 'grids', {EXTENT}, 'geom') FROM (SELECT code, name, ST_AsMVTGeom({shape}, "
            f"ST_TileEnvelope({z}, {column}, {row}), {EXTENT}, {BUFFER}, true) AS geom FROM {name} WHERE geometry && "
            f"ST_Transform(ST_TileEnvelope({z}, {column}, {row}), 4326)) t"
        )
        with engine.connect() as connection:
            connection.execute(sa.text(f"ANALYZE {name}"))
            connection.execute(query).scalar()
            timed(f"PostGIS ST_AsMVT, {label}", runs, lambda q=query, c=connection: c.execute(q).scalar())
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP TABLE {name}"))


def main() -> None:
    """Print a block of lines for each number of grids."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=9)
    runs = arguments.parse_args().runs
    z = 12
    row, _, column, _ = WEB_MERCATOR.limits((*_PLACE, *_PLACE), z)
    tile = (z, row, column)
    ours(net_of_squares(3, z, 16), tile)
    print(f"load {os.getloadavg()[0]:.1f}")
    for side in (63, 16):
        grids = net_of_squares(side, z, 20)
        count = int(shapely.get_num_coordinates(grids.geometry.array).sum())
        pyramid, columns, body = ours(grids, tile)
        known = len(mapbox_vector_tile.decode(body)["grids"]["features"])
        print(f"{len(grids)} grids, {count} vertices, one tile at matrix {z} with {known} of them, {len(body)} bytes")
        timed("ours, cold", runs, lambda g=grids: ours(g, tile))
        finer = partial(_fresh, pyramid, columns, (z + 1, row * 2, column * 2))
        timed("ours, another tile and scale", runs, finer)
        timed("ours, a tile of a kept scale", runs, lambda p=pyramid, c=columns: p.layer("grids", 0, c, *tile))
        with tempfile.TemporaryDirectory() as folder:
            files, name = TileFiles(Path(folder), 10**8), name_of("bench", *tile)
            files.get(name, lambda b=body: b)
            timed("ours, warm: a kept file", runs * 5, lambda f=files, n=name: f.get(n, bytes))
        timed("mapbox-vector-tile", max(3, runs // 3), lambda g=grids: peer(g, tile))
        if url := os.environ.get("TEST_DATABASE_URL"):
            postgis(grids, tile, url, runs)


def _fresh(pyramid: Pyramid, columns: Columns, tile: tuple[int, int, int]) -> bytes:
    """Write a tile of a scale that was not asked for before."""
    pyramid._scales.clear()
    return pyramid.layer("grids", 0, columns, *tile)


if __name__ == "__main__":
    main()
