"""What the benchmark of the locator measures, one task a process; each gives a dict of figures."""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numba
import numpy as np
import shapely

from benchmarks.coverages import kept
from benchmarks.peers import PEERS
from gridmap.analysis.locator import Locator

#: Cells along a side of the table of the gather limit: 4,096 squared of 4 bytes are 64 MiB.
_TABLE = 4_096


@dataclass(frozen=True)
class Job:
    """What a child process is asked to do."""

    task: str
    size: int
    points: int
    runs: int
    threads: int
    cache: str
    url: str = ""


def frame_of(shapes: np.ndarray) -> gpd.GeoDataFrame:
    """Give the grids codes in the order of their numbers."""
    return gpd.GeoDataFrame({"code": [f"{i:07}" for i in range(len(shapes))]}, geometry=shapes, crs="EPSG:4326")


def peak_mib() -> float:
    """The most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def seconds(run: Callable[[], object], runs: int) -> float:
    """Median time of some runs."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def built(shapes: np.ndarray) -> Locator:
    """A locator whose index is there."""
    locator = Locator.from_frame(frame_of(shapes))
    locator.build()
    return locator


def build(job: Job) -> dict[str, float]:
    """Making the locator and its index, once what is compiled is compiled."""
    small, _, _ = kept(Path(job.cache), 1_333, 1_000)
    built(small[:50]).owners(*_places(small[:50], 1_000))
    shapes, _, _ = kept(Path(job.cache), job.size, 1_000)
    frame = frame_of(shapes)
    before = peak_mib()
    frames, indexes = [], []
    for _ in range(job.runs):
        start = time.perf_counter()
        locator = Locator.from_frame(frame)
        middle = time.perf_counter()
        report = locator.build()
        frames.append(middle - start)
        indexes.append(time.perf_counter() - middle)
        del locator
        if len(frames) == 1:
            first = peak_mib()
    return {
        "from_frame_s": statistics.median(frames),
        "index_s": statistics.median(indexes),
        "before_mib": before,
        "peak_mib": first,
        "vertices": int(shapely.get_num_coordinates(shapes).sum()),
        "cells": report.cells,
        "cell_size": report.cell_size,
        "border_share": report.border_share,
        "index_mib": report.memory_bytes / 2**20,
    }


def _places(shapes: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    x0, y0, x1, y1 = shapely.total_bounds(shapes)
    rng = np.random.default_rng(1)
    return rng.uniform(x0, x1, n), rng.uniform(y0, y1, n)


def join(job: Job) -> dict[str, float]:
    """The bulk call: one thread, some threads, points sorted by place; keeps the answers for the peers to meet."""
    shapes, x, y = kept(Path(job.cache), job.size, job.points)
    locator = built(shapes)
    np.save(Path(job.cache) / f"owners-{job.size}.npy", locator.owners(x, y))
    order = np.lexsort((x, np.floor((y - y.min()) / 0.001)))
    sx, sy = x[order], y[order]
    return {
        "one": seconds(lambda: locator.owners(x, y, threads=1), job.runs),
        "many": seconds(lambda: locator.owners(x, y, threads=job.threads), job.runs),
        "sorted_one": seconds(lambda: locator.owners(sx, sy, threads=1), job.runs),
        "sorted": seconds(lambda: locator.owners(sx, sy, threads=job.threads), job.runs),
        "peak_mib": peak_mib(),
    }


def whole(job: Job) -> dict[str, float]:
    """Frame to answers, with everything that is built on the way, in a process that has done it before."""
    small, _, _ = kept(Path(job.cache), 1_333, 1_000)
    built(small[:50]).owners(*_places(small[:50], 1_000), threads=job.threads)
    shapes, x, y = kept(Path(job.cache), job.size, job.points)
    frame = frame_of(shapes)

    def run() -> None:
        locator = Locator.from_frame(frame)
        locator.build()
        locator.owners(x, y, threads=job.threads)

    return {"s": seconds(run, job.runs), "peak_mib": peak_mib()}


@numba.njit(nogil=True)
def _gather(x, y, x0, y0, inv, table, out):
    side = table.shape[0]
    for i in range(len(x)):
        out[i] = table[min(int((y[i] - y0) * inv), side - 1), min(int((x[i] - x0) * inv), side - 1)]


def gather(job: Job) -> dict[str, float]:
    """The limit: a cell number computed and one int32 fetched for each point."""
    _, x, y = kept(Path(job.cache), job.size, job.points)
    table = np.arange(_TABLE * _TABLE, dtype=np.int32).reshape(_TABLE, _TABLE)
    out = np.empty(len(x), dtype=np.int32)
    x0, y0 = x.min(), y.min()
    inv = _TABLE / max(np.ptp(x), np.ptp(y))

    def run(threads: int) -> None:
        cuts = np.linspace(0, len(x), 8 * threads + 1).astype(int).tolist()
        parts = list(map(slice, cuts[:-1], cuts[1:]))
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda p: _gather(x[p], y[p], x0, y0, inv, table, out[p]), parts))

    run(1)
    return {"one": seconds(lambda: run(1), job.runs), "many": seconds(lambda: run(job.threads), job.runs)}


def one(job: Job) -> dict[str, float]:
    """A single look-up, again and again; the clock itself is part of the figure."""
    shapes, x, y = kept(Path(job.cache), job.size, job.points)
    locator = built(shapes)
    n = min(200_000, len(x))
    px, py = x[:n].tolist(), y[:n].tolist()
    taken = np.empty(n)
    clock = time.perf_counter_ns
    for warm in (1_000, n):
        for i in range(warm):
            start = clock()
            locator.find_owner(px[i], py[i])
            taken[i] = clock() - start
    locate = [seconds(lambda i=i: locator.locate(px[i], py[i]), 1) * 1e6 for i in range(2_000)]
    p50, p99 = np.percentile(taken / 1e3, [50, 99])
    return {"p50_us": p50, "p99_us": p99, "locate_p50_us": statistics.median(locate)}


_COLD = """
import sys
from gridmap.analysis.locator import Locator
locator = Locator.open(sys.argv[1])
print(locator.find_owner(float(sys.argv[2]), float(sys.argv[3])))
print(locator.owners([float(sys.argv[2])], [float(sys.argv[3])])[0])
"""
_COLD_SHAPELY = """
import sys
import numpy as np, shapely
shapes = shapely.from_wkb(np.load(sys.argv[1], allow_pickle=True))
tree = shapely.STRtree(shapes)
print(tree.query(shapely.Point(float(sys.argv[2]), float(sys.argv[3])), predicate="intersects").min())
"""


def cold(job: Job) -> dict[str, float]:
    """A new process up to its first answers: from a saved index; and Shapely from the same grids."""
    cache = Path(job.cache)
    shapes, x, y = kept(cache, job.size, job.points)
    folder = cache / f"index-{job.size}"
    built(shapes).save(folder)
    at = [repr(float(x[0])), repr(float(y[0]))]

    def start(text: str, path: Path) -> None:
        subprocess.run([sys.executable, "-c", text, str(path), *at], check=True, capture_output=True)

    start(_COLD, folder)
    return {
        "ours": seconds(lambda: start(_COLD, folder), job.runs),
        "shapely": seconds(lambda: start(_COLD_SHAPELY, cache / f"grids-{job.size}.npy"), job.runs),
    }


def small(job: Job) -> dict[str, float]:
    """Few points on a locator and a tree that are there: seconds by number of points."""
    shapes, x, y = kept(Path(job.cache), job.size, job.points)
    locator = built(shapes)
    found = {}
    for n in (1, 10, 100, 1_000, 10_000):
        shapely_run = PEERS["strtree"](shapes, x[:n], y[:n], 1, "")
        found[f"ours_{n}"] = seconds(lambda n=n: locator.owners(x[:n], y[:n]), max(job.runs, 20))
        found[f"shapely_{n}"] = seconds(shapely_run, max(job.runs, 20))
    return found


def peer(job: Job) -> dict[str, float]:
    """One of the peers: its time on so many points, how many answers differ from ours, its memory."""
    shapes, x, y = kept(Path(job.cache), job.size, job.points)
    run = PEERS[job.task](shapes, x, y, job.threads, job.url)
    answers = run()
    kept_answers = Path(job.cache) / f"owners-{job.size}.npy"
    ours = np.load(kept_answers) if kept_answers.exists() else None
    same = ours is not None and len(ours) >= len(answers)
    differ = int((ours[: len(answers)] != answers).sum()) if same else -1
    return {"s": seconds(run, job.runs), "differ": differ, "peak_mib": peak_mib()}


TASKS = {f.__name__: f for f in (build, join, whole, gather, one, cold, small)} | dict.fromkeys(PEERS, peer)


def child(text: str) -> None:
    """Do the job that the text describes, and print its figures as one line of JSON."""
    job = Job(**json.loads(text))
    try:
        figures: dict[str, object] = dict(TASKS[job.task](job))
    except ImportError as error:
        figures = {"missing": str(error)}
    print(json.dumps(figures))
