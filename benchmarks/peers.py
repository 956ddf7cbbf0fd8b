"""Other ways to join points to grids: each gives the lowest grid that holds a point, -1 where there is none.

A peer is made from grids and points in the form it likes best, which is not timed; ``run`` is. Grids are numbered in
the order of the tie rule. What is not installed raises ImportError;
``pip install -e '.[bench]'`` brings all but PostGIS.
"""

import importlib.metadata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import shapely

Floats = np.ndarray
Run = Callable[[], np.ndarray]


def _lowest(point: np.ndarray, grid: np.ndarray, n: int) -> np.ndarray:
    owner = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(owner, point, grid)
    return np.where(owner == np.iinfo(np.int64).max, -1, owner)


def sjoin(shapes: np.ndarray, x: Floats, y: Floats, threads: int, url: str) -> Run:
    """geopandas.sjoin, which knows one thread."""
    import geopandas as gpd

    grids = gpd.GeoDataFrame({"grid": np.arange(len(shapes))}, geometry=shapes, crs=4326)
    points = gpd.GeoDataFrame(geometry=shapely.points(x, y), crs=4326)

    def run() -> np.ndarray:
        pairs = gpd.sjoin(points, grids, predicate="intersects")
        return _lowest(pairs.index.to_numpy(), pairs["grid"].to_numpy(), len(x))

    return run


def strtree(shapes: np.ndarray, x: Floats, y: Floats, threads: int, url: str) -> Run:
    """Shapely's STRtree and prepared polygons, points in chunks by threads."""
    shapely.prepare(shapes)
    tree = shapely.STRtree(shapes)

    def part(chunk: slice) -> np.ndarray:
        point, grid = tree.query(shapely.points(x[chunk], y[chunk]))
        held = shapely.intersects_xy(shapes[grid], x[chunk][point], y[chunk][point])
        return _lowest(point[held], grid[held], chunk.stop - chunk.start)

    def run() -> np.ndarray:
        if threads == 1:
            return part(slice(0, len(x)))
        cuts = np.linspace(0, len(x), 4 * threads + 1).astype(int)
        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(part, map(slice, cuts[:-1].tolist(), cuts[1:].tolist()))))

    part(slice(0, min(len(x), 1000)))
    return run


def duckdb(shapes: np.ndarray, x: Floats, y: Floats, threads: int, url: str) -> Run:
    """DuckDB's spatial extension, from the package that carries it."""
    import duckdb as program
    import pyarrow as pa

    try:
        files = importlib.metadata.files("duckdb-extension-spatial") or []
    except importlib.metadata.PackageNotFoundError as error:
        raise ImportError("duckdb-extension-spatial") from error
    connection = program.connect(config={"allow_unsigned_extensions": "true", "threads": threads})
    extension = next(f.locate() for f in files if f.name.endswith(".duckdb_extension"))
    connection.execute(f"load '{extension}'")
    raw_grids = pa.table({"grid": np.arange(len(shapes)), "wkb": shapely.to_wkb(shapes)})  # noqa: F841 (by name, below)
    raw_points = pa.table({"point": np.arange(len(x)), "x": x, "y": y})  # noqa: F841
    connection.execute("create table grids as select grid, ST_GeomFromWKB(wkb) geom from raw_grids")
    connection.execute("create table points as select point, ST_Point(x, y) geom from raw_points")

    def run() -> np.ndarray:
        pairs = connection.execute(
            "select point, min(grid) from points join grids on ST_Intersects(grids.geom, points.geom) group by point"
        ).fetchnumpy()
        point, grid = pairs.values()
        return _lowest(np.asarray(point), np.asarray(grid), len(x))

    return run


def sedonadb(shapes: np.ndarray, x: Floats, y: Floats, threads: int, url: str) -> Run:
    """SedonaDB; its threads are those of the machine."""
    import geopandas as gpd
    import sedonadb as program

    connection = program.connect()
    crs = {"crs": "EPSG:4326"}
    grids = gpd.GeoDataFrame({"grid": np.arange(len(shapes))}, geometry=shapes, **crs)
    points = gpd.GeoDataFrame({"point": np.arange(len(x))}, geometry=shapely.points(x, y), **crs)
    connection.create_data_frame(grids).to_memtable().to_view("grids")
    connection.create_data_frame(points).to_memtable().to_view("points")

    def run() -> np.ndarray:
        pairs = connection.sql(
            "select point, min(grid) as grid from points join grids "
            "on ST_Intersects(grids.geometry, points.geometry) group by point"
        ).to_arrow_table()
        return _lowest(pairs["point"].to_numpy(), pairs["grid"].to_numpy(), len(x))

    return run


def polars_st(shapes: np.ndarray, x: Floats, y: Floats, threads: int, url: str) -> Run:
    """polars-st's spatial join; the caller sets POLARS_MAX_THREADS."""
    import polars as pl
    import polars_st as st

    grids = st.GeoDataFrame({"grid": np.arange(len(shapes)), "geometry": shapely.to_wkb(shapes)})
    points = st.GeoDataFrame({"point": np.arange(len(x)), "geometry": shapely.to_wkb(shapely.points(x, y))})

    def run() -> np.ndarray:
        pairs = points.st.sjoin(grids, on="geometry", predicate="intersects", how="inner").select("point", "grid")
        lowest = pairs.group_by("point").agg(pl.col("grid").min())
        return _lowest(lowest["point"].to_numpy(), lowest["grid"].to_numpy(), len(x))

    return run


def postgis(shapes: np.ndarray, x: Floats, y: Floats, threads: int, url: str) -> Run:
    """PostGIS with ST_Covers, the query planned for as many processes as there are threads."""
    import psycopg

    if not url:
        raise ImportError("no server: --url was not given")
    connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
    connection.execute("create extension if not exists postgis")
    connection.execute("drop table if exists bench_grids, bench_points")
    connection.execute("create unlogged table bench_grids (grid integer, geom geometry)")
    connection.execute("create unlogged table bench_points (point integer, geom geometry)")
    with connection.cursor() as cursor:
        for table, column in (("bench_grids", shapes), ("bench_points", shapely.points(x, y))):
            with cursor.copy(f"copy {table} from stdin") as copy:
                for row in enumerate(shapely.to_wkb(column, hex=True)):
                    copy.write_row(row)
    connection.execute("create index on bench_grids using gist (geom)")
    connection.execute("vacuum analyze bench_grids")
    connection.execute("vacuum analyze bench_points")
    # the process that leads them works as well
    connection.execute(f"set max_parallel_workers_per_gather = {threads - 1}")
    connection.execute("set min_parallel_table_scan_size = 0")
    connection.execute("set parallel_setup_cost = 0")
    connection.execute("set work_mem = '512MB'")

    def run() -> np.ndarray:
        rows = connection.execute(
            "select point, min(grid) from bench_points p join bench_grids g on ST_Covers(g.geom, p.geom) group by point"
        ).fetchall()
        point, grid = np.array(rows).T
        return _lowest(point, grid, len(x))

    return run


PEERS = {f.__name__: f for f in (sjoin, strtree, duckdb, sedonadb, polars_st, postgis)}
LABELS = {
    "sjoin": ("geopandas `sjoin`, 1 thread", "geopandas"),
    "strtree": ("Shapely STRtree + prepared, {threads} threads", "shapely"),
    "duckdb": ("DuckDB spatial, {threads} threads", "duckdb"),
    "sedonadb": ("SedonaDB, all cores", "sedonadb"),
    "polars_st": ("polars-st, {threads} threads", "polars-st"),
    "postgis": ("PostGIS `ST_Covers`, {threads} processes", ""),
}


def label(name: str, threads: int) -> str:
    """Name a peer with its version, as far as it is installed."""
    text, package = LABELS[name]
    try:
        version = importlib.metadata.version(package) if package else ""
    except importlib.metadata.PackageNotFoundError:
        version = ""
    return text.format(threads=threads) + (f" ({package} {version})" if version else "")
