"""The locator beside its peers: one command, one run, markdown out.

``python benchmarks/locator.py [--quick] [--sizes 1333 20000 200000] [--points 10000000] [--peer-points 1000000]
[--runs 5] [--threads 2] [--without postgis,...] [--url URL] [--cache DIR]``

Every figure is the median of the runs (peers: of three at most) in a process of its own. Grids and points are made once
and kept in the cache. Peers come with ``pip install -e '.[bench]'``; PostGIS from ``--url`` (an empty database), or
from ``scripts/postgis.sh`` where a server is installed. A peer that is missing is named in the table.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.coverages import SIZES, kept  # noqa: E402
from benchmarks.locator_tasks import Job, child  # noqa: E402
from benchmarks.peers import PEERS, label  # noqa: E402

Figures = dict[str, float]

#: PostGIS is asked this share of the peers' points: it is ten times slower.
_POSTGIS_SHARE = 10


def measure(job: Job) -> Figures:
    """Do one job in a new process."""
    threads = {"POLARS_MAX_THREADS": str(job.threads), "OMP_NUM_THREADS": str(job.threads)}
    done = subprocess.run(
        [sys.executable, __file__, "--child", json.dumps(asdict(job))],
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
        check=False,
    )
    for line in done.stderr.splitlines()[-3:]:
        print(f"<!-- {job.task} {job.size}: {line[:300]} -->", flush=True)
    if done.returncode:
        return {"failed": done.returncode}
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def postgis(url: str, wanted: bool) -> Iterator[str]:
    """Give the URL of a PostGIS: the one named, or a throw-away one, or nothing where none is installed."""
    if url or not wanted:
        yield url
        return
    folder = tempfile.mkdtemp(prefix="gridmap-bench-")
    script = str(ROOT / "scripts" / "postgis.sh")
    started = subprocess.run([script, "start", folder], capture_output=True, text=True, check=False)
    try:
        yield started.stdout.splitlines()[-1] if started.returncode == 0 else ""
    finally:
        if started.returncode == 0:
            subprocess.run([script, "stop", folder], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def machine() -> str:
    """Machine and versions, in one line."""
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    packages = ("numpy", "numba", "shapely", "geopandas")
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in packages)
    load = os.getloadavg()[0]
    cores = f"{cpu or platform.processor()}, {os.cpu_count()} cores, load {load:.1f}"
    return f"{cores}; Python {platform.python_version()}, {versions}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def row(*cells: object) -> None:
    """Print a row of a markdown table."""
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def rate(points: int, seconds: float | None) -> str:
    """Million points a second."""
    return f"{points / seconds / 1e6:.3g}" if seconds else "-"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--points", type=int, default=10_000_000)
    parser.add_argument("--peer-points", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--without", default="", help="peers to leave out, by commas")
    parser.add_argument("--url", default="", help="an empty PostGIS database")
    parser.add_argument("--cache", default=str(Path(tempfile.gettempdir()) / "gridmap-benchmark"))
    parser.add_argument("--quick", action="store_true", help="a tenth of the points, one run")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return
    if options.quick:
        options.points, options.peer_points, options.runs = options.points // 10, options.peer_points // 10, 1
    peers = [p for p in PEERS if p not in options.without.split(",")]
    print(f"{machine()}\n")
    with postgis(options.url, "postgis" in peers) as url:
        tables = {size: figures(size, options, peers, url) for size in options.sizes}
    print_joins(tables, options, peers)
    print_rest(tables, options)


def figures(size: int, options: argparse.Namespace, peers: list[str], url: str) -> dict[str, Figures]:
    """Measure everything for one number of grids."""
    kept(Path(options.cache), size, options.points)
    found = {}
    for task in ("join", "build", "whole", "one", "cold", "small", "gather"):
        found[task] = measure(Job(task, size, options.points, options.runs, options.threads, options.cache))
    for name in peers:
        points = options.peer_points // (_POSTGIS_SHARE if name == "postgis" else 1)
        runs = min(options.runs, 1 if name == "postgis" else 3)
        found[name] = measure(Job(name, size, points, runs, options.threads, options.cache, url))
        found[name]["points"] = points
    # a second number of points tells what sjoin pays whatever the number
    if "sjoin" in peers:
        few = options.peer_points // 10
        found["sjoin_few"] = measure(Job("sjoin", size, few, options.runs, options.threads, options.cache))
        found["sjoin_few"]["points"] = few
    return found


def print_joins(tables: dict[int, dict[str, Figures]], options: argparse.Namespace, peers: list[str]) -> None:
    """Million points a second, ours and the peers'."""
    row("million points a second", *(f"{size:,} grids" for size in tables))
    row("---", *("---" for _ in tables))
    for name in peers:
        row(label(name, options.threads), *(_peer_cell(t[name]) for t in tables.values()))
    ours = (
        ("ours, 1 thread", "join", "one"),
        (f"ours, {options.threads} threads", "join", "many"),
        ("ours, 1 thread, points sorted by place", "join", "sorted_one"),
        (f"ours, {options.threads} threads, points sorted by place", "join", "sorted"),
        (f"ours, {options.threads} threads, build counted in", "whole", "s"),
        ("limit: compute a cell, fetch an int32 (64 MiB), 1 thread", "gather", "one"),
        (f"the same, {options.threads} threads", "gather", "many"),
    )
    for text, task, key in ours:
        row(text, *(rate(options.points, t[task].get(key)) for t in tables.values()))
    row(f"ours, {options.threads} threads, share of the limit", *(_share(t) for t in tables.values()))
    row("times `sjoin`", *(_times(t, options, ["sjoin"]) for t in tables.values()))
    best = ["sjoin", "sedonadb", "duckdb"]
    row("times the best of sjoin, SedonaDB, DuckDB", *(_times(t, options, best) for t in tables.values()))
    row("times `sjoin`, build counted in", *(_times(t, options, ["sjoin"], "whole", "s") for t in tables.values()))
    print()


def _peer_cell(got: Figures) -> str:
    if "missing" in got:
        return "not installed"
    if "failed" in got:
        return "failed"
    differ = f", {int(got['differ']):,} of {int(got['points']):,} differ" if got["differ"] else ""
    return rate(int(got["points"]), got["s"]) + differ


def _share(table: dict[str, Figures]) -> str:
    ours, limit = table["join"].get("many"), table["gather"].get("many")
    return f"{limit / ours:.0%}" if ours and limit else "-"


def _times(
    table: dict[str, Figures], options: argparse.Namespace, names: list[str], task: str = "join", key: str = "many"
) -> str:
    rates = [table[n]["points"] / table[n]["s"] for n in names if n in table and "s" in table[n]]
    ours = table[task].get(key)
    return f"{options.points / ours / max(rates):.0f}x" if rates and ours else "-"


def print_rest(tables: dict[int, dict[str, Figures]], options: argparse.Namespace) -> None:
    """Building, single look-ups, starts and small numbers of points."""
    row("", *(f"{size:,} grids" for size in tables))
    row("---", *("---" for _ in tables))

    def line(text: str, task: str, show: str, *keys: str) -> None:
        cells = [
            show.format(*(t[task][k] for k in keys)) if all(k in t[task] for k in keys) else "-"
            for t in tables.values()
        ]
        row(text, *cells)

    line("vertices", "build", "{:,.0f}", "vertices")
    line("cells", "build", "{:,.0f}, {:.1%} near a border", "cells", "border_share")
    line("index in memory", "build", "{:,.0f} MiB", "index_mib")
    line("index built", "build", "{:.2f} s", "index_s")
    line("locator from a frame (every check), before that", "build", "{:.2f} s", "from_frame_s")
    row("what both add to the memory at most", *(_grown(t["build"]) for t in tables.values()))
    line("peak of the process that joins", "join", "{:,.0f} MiB", "peak_mib")
    line("peak of the process that runs `sjoin`", "sjoin", "{:,.0f} MiB", "peak_mib")
    row("points from which building pays against `sjoin`", *(_pays(t, options) for t in tables.values()))
    line("one look-up, p50 / p99", "one", "{:.2f} / {:.2f} us", "p50_us", "p99_us")
    line("`locate` with holders and border, p50", "one", "{:.0f} us", "locate_p50_us")
    line("process start to first answers, saved index", "cold", "{:.2f} s", "ours")
    line("the same with Shapely, without geopandas or codes", "cold", "{:.2f} s", "shapely")
    for n in (1, 10, 100, 1_000, 10_000):
        ours, theirs = f"ours_{n}", f"shapely_{n}"
        times = [
            f"{t['small'][ours] * 1e6:,.0f} / {t['small'][theirs] * 1e6:,.0f} us" if ours in t["small"] else "-"
            for t in tables.values()
        ]
        row(f"{n:,} points in one call, ours / Shapely prepared", *times)


def _grown(build: Figures) -> str:
    return f"{build['peak_mib'] - build['before_mib']:,.0f} MiB" if "peak_mib" in build else "-"


def _pays(table: dict[str, Figures], options: argparse.Namespace) -> str:
    """Where two straight lines meet: sjoin by its two numbers of points, ours by build and rate."""
    few, many, build, ours = table.get("sjoin_few", {}), table.get("sjoin", {}), table["build"], table["join"]
    if not ("s" in few and "s" in many and "index_s" in build and "many" in ours):
        return "-"
    each = (many["s"] - few["s"]) / (many["points"] - few["points"])
    fixed = few["s"] - each * few["points"]
    start = build["from_frame_s"] + build["index_s"]
    gain = each - ours["many"] / options.points
    return f"{max(0.0, (start - fixed) / gain):,.0f}" if gain > 0 else "never"


if __name__ == "__main__":
    main()
