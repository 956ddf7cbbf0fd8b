"""Import with the full gate, publication beside readers, and look-ups for other days, with peers in the same run.

``python benchmarks/versions.py [--sizes 1333 20000 200000] [--publish 10000] [--url URL]``

Without ``--url`` the store is an embedded file in a temporary folder; a URL names an empty PostGIS database
(emptied after each line). Each line is a process of its own with its peak memory. Peers: ``geopandas.to_file`` and
``to_postgis`` write the same rows without asking any rule; ``geopandas.sjoin`` asks the same points.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.gate import SHAPES
from benchmarks.plan_maker import PLAN, make_plan
from gridmap.files.boundaries import read_boundaries
from gridmap.services.boundaries import import_boundaries, put_set
from gridmap.services.drafts import make_draft, put_draft
from gridmap.services.publishing import Terms
from gridmap.services.responsibility import Plans, locate_many
from gridmap.services.versions import publish_draft
from gridmap.settings import Settings
from gridmap.store import downgrade, open_store

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
TODAY = date(2026, 6, 1)
SETTINGS = Settings()


def _import_level(store: Any, path: Path, level: str) -> None:
    source = read_boundaries(path, settings=SETTINGS, code_column="code")
    done = import_boundaries(
        store, source.frame, set_name=PLAN.name, level=level, now=NOW, settings=SETTINGS,
        file_report=source.beyond_frame, commit=True,
    )  # fmt: skip
    assert done.version is not None, [f.rule for f in done.blocking][:5]


def _written(folder: Path, size: int) -> dict[str, Path]:
    """Write each level of a plan as GeoParquet."""
    frame = make_plan(*SHAPES.get(size, (max(1, size // 400), 400)))
    files = {}
    for level in PLAN.levels:
        part = frame[frame["level"] == level.name].drop(columns=["level", "attributes"], errors="ignore")
        files[level.name] = folder / f"{level.name}.parquet"
        part.to_parquet(files[level.name])
    return files


def import_with_gate(url: str, folder: Path, size: int) -> dict[str, float]:
    """Import the grids of a plan whose coarser levels are there, from a file, with every rule."""
    files = _written(folder, size)
    store = open_store(url)
    put_set(store, PLAN, settings=SETTINGS)
    *upper, leaf = [level.name for level in PLAN.levels]
    for name in upper:
        _import_level(store, files[name], name)
    start, cpu = time.perf_counter(), time.process_time()
    _import_level(store, files[leaf], leaf)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    store.close()
    return {"s": seconds, "cpu_s": cpu}


def plain_write(url: str, folder: Path, size: int) -> dict[str, float]:
    """Write the same grids with geopandas, with no rule asked."""
    frame = gpd.read_parquet(_written(folder, size)[PLAN.levels[-1].name])
    start = time.perf_counter()
    if url.startswith("sqlite"):
        frame.to_file(folder / "plain.gpkg", driver="GPKG")
    else:
        import sqlalchemy as sa

        frame.to_postgis("plain", sa.create_engine(url), if_exists="replace")
    return {"s": time.perf_counter() - start}


def publish_beside_readers(url: str, folder: Path, size: int) -> dict[str, float]:
    """Publish a draft in which five grids in a hundred were redrawn while readers ask for the version of today."""
    frame = make_plan(*SHAPES.get(size, (max(1, size // 100), 100)))
    store = open_store(url)
    put_set(store, PLAN, settings=SETTINGS)
    *upper, leaf = [level.name for level in PLAN.levels]
    for name in (*upper, leaf):
        part = frame[frame["level"] == name].reset_index(drop=True)
        import_boundaries(store, part, set_name=PLAN.name, level=name, now=NOW, settings=SETTINGS, commit=True)
    draft = make_draft(store, PLAN.name, based_on=None, valid_from=TODAY, now=NOW, settings=SETTINGS)
    grids = frame[frame["level"] == leaf].reset_index(drop=True)
    put_draft(store, PLAN.name, draft.number, _redrawn(grids), level=leaf, expected_hash=draft.content_hash)
    plans = Plans(store)
    reader = subprocess.Popen(
        [sys.executable, __file__, "--one", "reader", "--url", url], stdout=subprocess.PIPE, stdin=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert reader.stdout is not None
    reader.stdout.readline()
    start, cpu = time.perf_counter(), time.process_time()
    done = publish_draft(
        store, plans, PLAN.name, draft.number, Terms(TODAY + timedelta(days=1)), now=NOW, settings=SETTINGS
    )
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    assert done.version is not None, [f.rule for f in done.judgement.blocking][:5]
    said, _ = reader.communicate("stop\n")
    store.close()
    return {"s": seconds, "cpu_s": cpu, **json.loads(said.splitlines()[-1])}


def _redrawn(grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Unite five pairs of neighbours in a hundred grids under the code of the first."""
    frame = grids.copy()
    shapes = frame.geometry.to_numpy().copy()
    parents = frame["parent_code"].to_numpy()
    gone: set[int] = set()
    for i in range(0, len(frame) - 1, 20):
        j = next((j for j in range(i + 1, min(i + 4, len(frame))) if parents[j] == parents[i]
                  and shapely.get_dimensions(shapely.intersection(shapes[i], shapes[j])) == 1), None)  # fmt: skip
        if j is not None and j not in gone:
            shapes[i] = shapely.coverage_union_all([shapes[i], shapes[j]])
            gone.add(j)
    frame = frame.set_geometry(gpd.array.from_shapely(shapes, crs=frame.crs))
    return frame.drop(index=sorted(gone)).reset_index(drop=True)


def reader(url: str) -> dict[str, float]:
    """Ask for the version of today and a page of its grids until told to stop; give the longest wait."""
    store = open_store(url)
    waits: list[float] = []
    told = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), told.set()), daemon=True).start()
    print("ready", flush=True)
    while not told.is_set():
        start = time.perf_counter()
        with store.unit_of_work() as work:
            version = work.boundaries.version_at(PLAN.name, TODAY)
            assert version is not None
            work.boundaries.page_grids(version, level=PLAN.levels[-1].name, limit=10)
        waits.append(time.perf_counter() - start)
    return {"reads": len(waits), "longest_ms": 1000 * max(waits), "median_ms": 1000 * float(np.median(waits))}


def look_up_days(url: str, folder: Path, size: int) -> dict[str, float]:
    """Locate points today and on a former day, the first time and again."""
    frame = make_plan(*SHAPES.get(size, (max(1, size // 100), 100)))
    store = open_store(url)
    put_set(store, PLAN, settings=SETTINGS)
    for level in PLAN.levels:
        part = frame[frame["level"] == level.name].reset_index(drop=True)
        import_boundaries(store, part, set_name=PLAN.name, level=level.name, now=NOW, settings=SETTINGS, commit=True)
    leaf = PLAN.levels[-1].name
    grids = _redrawn(frame[frame["level"] == leaf].reset_index(drop=True))
    later = NOW + timedelta(days=30)
    import_boundaries(store, grids, set_name=PLAN.name, level=leaf, now=later, settings=SETTINGS, commit=True)
    plans = Plans(store)
    home = plans.resolve_set(PLAN.name)
    x0, y0, x1, y1 = frame.total_bounds
    rng = np.random.default_rng(1)
    x, y = rng.uniform(x0, x1, 1000), rng.uniform(y0, y1, 1000)

    def ask(day: date) -> float:
        start = time.perf_counter()
        locate_many(plans.at(home, day), x, y)
        return time.perf_counter() - start

    first_today, first_then = ask(later.date()), ask(TODAY)
    today = float(np.median([ask(later.date()) for _ in range(9)]))
    then = float(np.median([ask(TODAY) for _ in range(9)]))
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=4326)
    start = time.perf_counter()
    gpd.sjoin(points, grids, predicate="intersects")
    sjoin = time.perf_counter() - start
    store.close()
    return {"s": first_then, "first_today_s": first_today, "today_ms": 1000 * today, "then_ms": 1000 * then,
            "sjoin_ms": 1000 * sjoin}  # fmt: skip


TASKS = {
    "import_with_gate": import_with_gate,
    "plain_write": plain_write,
    "publish_beside_readers": publish_beside_readers,
    "look_up_days": look_up_days,
}


def main() -> None:
    """Run every measurement in a process of its own and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=sorted(SHAPES))
    parser.add_argument("--publish", type=int, default=10_000, help="grids of the plan that is published")
    parser.add_argument("--url", help="an empty PostGIS database; without it an embedded file")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one == "reader":
        print(json.dumps(reader(options.url)))
        return
    if options.one:
        with tempfile.TemporaryDirectory() as folder:
            url = options.url or f"sqlite:///{folder}/store.gpkg"
            got = TASKS[options.one](url, Path(folder), options.sizes[0])
            got["mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            if options.url:
                downgrade(options.url)
        print(json.dumps(got))
        return
    lines = [(task, size) for size in options.sizes for task in ("import_with_gate", "plain_write")]
    lines += [("publish_beside_readers", options.publish), ("look_up_days", options.publish)]
    print(f"{'task':<24}{'grids':>8}{'seconds':>9}{'peak MiB':>10}  more")
    for task, size in lines:
        command = [sys.executable, __file__, "--one", task, "--sizes", str(size)]
        command += ["--url", options.url] if options.url else []
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{task:<24}{size:>8}  failed: {done.stderr.splitlines()[-1] if done.stderr else ''}")
            continue
        got = json.loads(done.stdout.splitlines()[-1])
        more = ", ".join(f"{k} {v:.4g}" for k, v in got.items() if k not in ("s", "mib"))
        print(f"{task:<24}{size:>8}{got['s']:>9.2f}{got['mib']:>10.0f}  {more}", flush=True)


if __name__ == "__main__":
    main()
