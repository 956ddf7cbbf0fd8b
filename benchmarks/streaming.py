"""The streaming join and the join on Spark, in million points a second: one command, markdown out.

``python benchmarks/streaming.py [--quick] [--points 100000000] [--grids 20000] [--other-points 5000000]
[--spark-points 20000000] [--tree-points 2000000] [--runs 3] [--without spark] [--cache DIR]``

Every row is a process of its own; the figure is the median of its runs with the index built, the memory is the most
that process (for Spark and FlatGeobuf: its whole family) ever held. CPU time counts all of the family: on a machine
that does other things too it says more than the rate. The points are in no order, so the processor's cache is no help.
Made files stay in the cache. Spark's rows begin when the session is up and two first small jobs are through.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import shapely

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.coverages import SIZES, kept  # noqa: E402
from benchmarks.locator_tasks import frame_of  # noqa: E402
from gridmap.analysis.locator import Locator  # noqa: E402
from gridmap.files.join import join_file  # noqa: E402
from gridmap.files.points import open_points  # noqa: E402
from gridmap.files.write import open_writer  # noqa: E402
from gridmap.settings import Settings  # noqa: E402

SETTINGS = Settings()
_GROUP = 1_000_000


class Tree:
    """Shapely's STRtree in the locator's place: boxes from the tree, prepared shapes for the rest, the lowest code."""

    def __init__(self, shapes: np.ndarray) -> None:
        self.codes = tuple(frame_of(shapes)["code"])
        self._shapes = shapes
        shapely.prepare(shapes)
        self._tree = shapely.STRtree(shapes)

    def owners(self, x: np.ndarray, y: np.ndarray, threads: int | None = None) -> np.ndarray:
        """As ``Locator.owners``."""
        point, grid = self._tree.query(shapely.points(x, y))
        held = shapely.intersects_xy(self._shapes[grid], x[point], y[point])
        found = np.full(len(x), len(self.codes), np.int32)
        np.minimum.at(found, point[held], grid[held])
        found[found == len(self.codes)] = -1
        return found


@dataclass(frozen=True)
class TreeHandle:
    """As ``SharedIndex``, for the tree: built once in each Python process of Spark."""

    shapes: str

    def open(self) -> Tree:
        """Build or give the tree of this process."""
        if self.shapes not in _TREES:
            _TREES[self.shapes] = Tree(shapely.from_wkb(np.load(self.shapes, allow_pickle=True)))
        return _TREES[self.shapes]


_TREES: dict[str, Tree] = {}


@contextmanager
def memory(family: bool) -> Iterator[Callable[[], float]]:
    """Watch the most memory (MiB) that this process, or it and all its children, held together."""
    me, most, stop = psutil.Process(), [0.0], threading.Event()

    def look() -> None:
        while not stop.wait(0.1):
            total = 0
            for process in [me, *(me.children(recursive=True) if family else [])]:
                try:
                    total += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            most[0] = max(most[0], total / 2**20)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield lambda: most[0]
    finally:
        stop.set()
        thread.join()


def points_file(cache: Path, shapes: np.ndarray, count: int, kind: str) -> Path:
    """Make a file of random points with an id, a million rows a group at most, and keep it."""
    path = cache / f"points-{len(shapes)}-{count}{kind}"
    if path.exists():
        return path
    x0, y0, x1, y1 = shapely.total_bounds(shapes)
    rng = np.random.default_rng(11)
    temporary = path.with_name("_" + path.name)

    def tables() -> Iterator[pa.Table]:
        group = min(_GROUP, -(-count // 8))
        for start in range(0, count, group):
            n = min(group, count - start)
            lon, lat = rng.uniform(x0, x1, n), rng.uniform(y0, y1, n)
            yield pa.table({"id": np.arange(start, start + n), "lon": lon, "lat": lat})

    if kind == ".parquet":
        with pq.ParquetWriter(temporary, next(tables()).schema, use_dictionary=False) as writer:
            for table in tables():
                writer.write_table(table)
    elif kind == ".csv":
        with pa.csv.CSVWriter(temporary, next(tables()).schema) as writer:
            for table in tables():
                writer.write_table(table)
    else:
        import geopandas as gpd

        table = pa.concat_tables(tables())
        frame = gpd.GeoDataFrame(
            {"id": table["id"].to_numpy()}, geometry=shapely.points(table["lon"], table["lat"]), crs=4326
        )
        if kind == ".fgb":
            frame.to_file(temporary, driver="FlatGeobuf", SPATIAL_INDEX="NO")
        else:
            frame.to_parquet(temporary, index=False)
    temporary.rename(path)
    return path


def stream(job: dict[str, Any], shapes: np.ndarray, cache: Path) -> dict[str, float]:
    """One machine: ``join_file``, or the same reading and writing with nothing between."""
    source = points_file(cache, shapes, job["points"], job["from"])
    out = cache / f"out{job['to']}"
    if job.get("tree"):
        locator: Any = Tree(shapes)
    else:
        locator = Locator.from_frame(frame_of(shapes))
        locator.build()

    def copy() -> None:
        opened = open_points(source, settings=SETTINGS, batch_rows=None)
        with open_writer(out, opened.schema, like=opened.layout) as writer:
            for batch in opened.batches():
                writer.write(batch)

    def join() -> None:
        join_file(locator, source, out, settings=SETTINGS, columns=job["columns"])

    with memory(family=job["from"] == ".fgb") as most:
        figures = _timed(copy if job.get("copy") else join, job["runs"])
        peak = most()
    out.unlink()
    return {**figures, "mib": peak}


def spark(job: dict[str, Any], shapes: np.ndarray, cache: Path) -> dict[str, float]:
    """Spark on ``local[2]``: pieces of files, or rows through the JVM; with the locator or the tree."""
    from gridmap.cluster import join as cluster
    from gridmap.cluster.session import session

    source = points_file(cache, shapes, job["points"], ".parquet")
    few = points_file(cache, shapes, 80_000, ".parquet")
    out = cache / "out-spark"
    handle = cache / f"tree-{len(shapes)}.npy"
    if not handle.exists():
        np.save(handle, np.array(shapely.to_wkb(shapes), dtype=object), allow_pickle=True)
    locator = Locator.from_frame(frame_of(shapes))
    locator.build()
    if job.get("tree"):
        cluster.shared_index = lambda *_: _given(TreeHandle(str(handle)))

    def pieces(path: Path) -> None:
        shutil.rmtree(out, ignore_errors=True)
        # small pieces in the first jobs, so that both Python processes are used
        size = 1 if path == few else job.get("piece", 48 << 20)
        cluster.join_on_spark(locator, path, out, settings=SETTINGS, columns=["grid_code"], piece_bytes=size)

    start = time.perf_counter()
    with memory(family=True) as most, session("local[2]", {"spark.driver.memory": "2g"}) as running:
        running.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "100000")

        def rows(path: Path) -> None:
            with (
                tempfile.TemporaryDirectory() as scratch,
                cluster.shared_index(running.sparkContext, locator, Path(scratch)) as index,
            ):
                frame = cluster.with_grids(running.read.parquet(str(path)), index, columns=["grid_code"])
                frame.write.mode("overwrite").parquet(str(out))

        run = rows if job.get("rows") else pieces
        # both Python processes have imported, mapped the index and compiled nothing when the clock starts
        for _ in range(2):
            run(few)
        started = time.perf_counter() - start
        figures = _timed(lambda: run(source), job["runs"])
        peak = most()
    shutil.rmtree(out, ignore_errors=True)
    return {**figures, "mib": peak, "start": started}


@contextmanager
def _given(value: object) -> Iterator[object]:
    yield value


def _timed(run: Callable[[], object], runs: int) -> dict[str, float]:
    times, spent = [], []
    for _ in range(runs):
        start, before = time.perf_counter(), _cpu_s()
        run()
        times.append(time.perf_counter() - start)
        spent.append(_cpu_s() - before)
    return {"s": statistics.median(times), "cpu_s": statistics.median(spent)}


def _cpu_s() -> float:
    me = psutil.Process()
    total = 0.0
    for process in [me, *me.children(recursive=True)]:
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=100_000_000)
    parser.add_argument("--other-points", type=int, default=5_000_000)
    parser.add_argument("--spark-points", type=int, default=20_000_000)
    parser.add_argument("--tree-points", type=int, default=2_000_000)
    parser.add_argument("--grids", type=int, default=20_000, choices=list(SIZES))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--without", default="", help="spark")
    parser.add_argument("--only", default="", help="part of the name of the rows to measure")
    parser.add_argument("--cache", default=str(Path(tempfile.gettempdir()) / "gridmap-benchmark"))
    parser.add_argument("--quick", action="store_true", help="a tenth of the points, one run")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        job = json.loads(options.child)
        shapes, _, _ = kept(Path(job["cache"]), job["grids"], 1_000)
        print(json.dumps({"stream": stream, "spark": spark}[job["task"]](job, shapes, Path(job["cache"]))))
        return
    if options.quick:
        options.runs = 1
        for name in ("points", "other_points", "spark_points", "tree_points"):
            setattr(options, name, getattr(options, name) // 10)
    packages = ["pyarrow", "numpy", "numba", "shapely", *([] if "spark" in options.without else ["pyspark"])]
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in packages)
    load = os.getloadavg()[0]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}; Python {platform.python_version()}, {versions}"
    )
    print(f"{options.grids:,} grids, random points\n")
    print("| join | columns added | points | million points/s | CPU ns a point | MiB |\n|---|---|---|---|---|---|")
    for name, job in jobs(options):
        if options.only not in name:
            continue
        found = measure({**job, "grids": options.grids, "cache": options.cache})
        if "failed" in found:
            print(
                f"| {name} | {', '.join(job['columns'])} | {job['points']:,} | failed: {found['failed']} | | |",
                flush=True,
            )
            continue
        note = f", start {found['start']:.0f} s" if "start" in found else ""
        points = job["points"]
        rate, cpu_ns = points / found["s"] / 1e6, found["cpu_s"] / points * 1e9
        added = ", ".join(job["columns"]) or "-"
        cells = (name + note, added, f"{points:,}", f"{rate:.2f}", f"{cpu_ns:,.0f}", f"{found['mib']:,.0f}")
        print(f"| {' | '.join(cells)} |", flush=True)


def jobs(options: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name what is measured."""
    code, all_of_them = ["grid_code"], ["grid_code", "method", "border_m"]
    base = {"task": "stream", "from": ".parquet", "to": ".parquet", "columns": code, "runs": options.runs}
    yield "Parquet to Parquet", {**base, "points": options.points, "runs": 1 if options.points > 5e7 else options.runs}
    few = {**base, "points": options.other_points}
    yield "Parquet copied in one thread, no join", {**few, "copy": True, "columns": []}
    yield "Parquet to Parquet, how too", {**few, "columns": ["grid_code", "method"]}
    yield "Parquet to Parquet, metres too", {**few, "columns": all_of_them}
    yield "GeoParquet to GeoParquet", {**few, "from": ".geoparquet", "to": ".geoparquet"}
    yield "FlatGeobuf to Parquet", {**few, "from": ".fgb"}
    yield "CSV to Parquet", {**few, "from": ".csv"}
    yield "CSV to CSV", {**few, "from": ".csv", "to": ".csv"}
    tree = {**base, "points": options.tree_points, "tree": True}
    yield "Parquet to Parquet, Shapely STRtree in the same pipeline", tree
    if "spark" in options.without:
        return
    on = {"task": "spark", "columns": code, "runs": options.runs}
    yield "Spark local[2], pieces", {**on, "points": options.spark_points}
    yield "Spark local[2], pieces, STRtree", {**on, "points": options.tree_points, "tree": True, "piece": 8 << 20}
    yield "Spark local[2], rows through the JVM", {**on, "points": options.other_points, "rows": True}
    yield "Spark local[2], rows, STRtree", {**on, "points": options.tree_points, "rows": True, "tree": True}


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job in a new process."""
    done = subprocess.run(
        [sys.executable, __file__, "--child", json.dumps(job)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1][:200] if done.stderr.strip() else done.returncode}
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
