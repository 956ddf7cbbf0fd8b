"""Bulk import of incidents, pages of many, and readers beside an import, with peers in the same run.

``python benchmarks/store.py [--rows 1000000] [--pages 1000000] [--runs 1] [--url URL]``

Without ``--url`` the store is an embedded file in a temporary folder; a URL names an empty PostGIS database (emptied
after each line). Each line is a process of its own; seconds and processor seconds (of Python alone, where a server
works beside it) are medians over the runs, the peak of memory is the largest.

``import csv`` and ``import parquet`` are what ``gridmap import incidents --commit`` does with a file without ids: read,
judge each row, give ids, join to 1,333 grids, refuse known ids with other content, write, and make the indexes; a
reader asks all the while, and its longest wait is printed. Peers on the same CSV: ``geopandas`` reads it with pandas,
joins with ``sjoin`` and writes with ``to_file`` or ``to_postgis``: one spatial index, no key, nothing judged. ``orm``
adds a fiftieth of the rows one by one through a session to the same table, without reading or joining.
"""

import argparse
import json
import resource
import statistics
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
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.plan_maker import PLAN, make_plan
from gridmap.domain.boundaries import ALWAYS
from gridmap.files.records import read_records
from gridmap.services.incidents import ContentIds, import_incidents
from gridmap.services.ports import PointFilter
from gridmap.services.publishing import publish_frame
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings
from gridmap.store import downgrade, open_store
from gridmap.store.tables import IncidentRow

SETTINGS = Settings()
CATEGORIES = np.array(["暴露垃圾", "占道经营", "违规停车", "道路破损", "井盖缺失", "噪声扰民", "工地扬尘", "路灯不亮"])
FIRST, DAYS = datetime(2024, 1, 1, tzinfo=UTC), 730
#: Share of the plan's width that a box takes, so that it holds its square of the incidents.
WIDTHS = (1.0, 0.5, 0.2, 0.05, 0.01)


def _plan() -> gpd.GeoDataFrame:
    return make_plan(31, 43)


def made(rows: int) -> pd.DataFrame:
    """Make incidents all over the plan in two years, in no order."""
    rng = np.random.default_rng(rows)
    x0, y0, x1, y1 = _plan().total_bounds
    times = pd.Timestamp(FIRST) + pd.to_timedelta(rng.integers(0, DAYS * 86_400, rows), unit="s")
    return pd.DataFrame(
        {
            "lon": rng.uniform(x0, x1, rows).round(7),
            "lat": rng.uniform(y0, y1, rows).round(7),
            "occurred_at": times,
            "category": CATEGORIES[rng.integers(0, len(CATEGORIES), rows)],
        }
    )


def _file(folder: Path, rows: int, kind: str) -> Path:
    path = folder / f"incidents.{kind}"
    frame = made(rows)
    if kind == "csv":
        frame.assign(occurred_at=frame["occurred_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")).to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    return path


def _with_plan(url: str) -> Any:
    store = open_store(url)
    with store.unit_of_work() as work:
        work.boundaries.put_set(PLAN)
        publish_frame(work, PLAN.name, _plan(), valid_from=ALWAYS, published_at=FIRST)
        work.commit()
    return store


def _import(url: str, path: Path) -> int:
    store = _with_plan(url)
    records = read_records(path, kind="incidents", settings=SETTINGS, make_ids=ContentIds().of)
    done = import_incidents(store, Plans(store), records.batches(), settings=SETTINGS, commit=lambda: not records.bad)
    store.close()
    assert done.committed
    return done.added.added


def import_file(url: str, folder: Path, rows: int, kind: str) -> dict[str, float]:
    """Import a file beside a reader."""
    path = _file(folder, rows, kind)
    _with_plan(url).close()
    reader = subprocess.Popen(
        [sys.executable, __file__, "--one", "reader", "--url", url], stdout=subprocess.PIPE, stdin=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert reader.stdout is not None
    reader.stdout.readline()
    store = open_store(url)
    start, cpu = time.perf_counter(), time.process_time()
    records = read_records(path, kind="incidents", settings=SETTINGS, make_ids=ContentIds().of)
    done = import_incidents(store, Plans(store), records.batches(), settings=SETTINGS, commit=lambda: not records.bad)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    said, _ = reader.communicate("stop\n")
    store.close()
    assert done.added.added == rows
    return {"s": seconds, "cpu_s": cpu, **json.loads(said.splitlines()[-1])}


def reader(url: str) -> dict[str, float]:
    """Ask for a page of a few incidents every 20 ms until told to stop; give the longest wait."""
    store = open_store(url)
    where = PointFilter(start=FIRST, end=FIRST + timedelta(days=30))
    waits: list[float] = []
    told, ready = threading.Event(), False
    threading.Thread(target=lambda: (sys.stdin.readline(), told.set()), daemon=True).start()
    while not told.wait(0.02):
        start = time.perf_counter()
        with store.unit_of_work() as work:
            work.boundaries.version_at(PLAN.name, date(2025, 1, 1))
            work.incidents.page(where, limit=10)
        waits.append(1000 * (time.perf_counter() - start))
        if not ready and len(waits) == 5:  # the first ones compile statements
            waits, ready = waits[-1:], True
            print("ready", flush=True)
    store.close()
    return {"reads": len(waits), "longest_wait_ms": max(waits), "median_wait_ms": statistics.median(waits)}


def with_geopandas(url: str, folder: Path, rows: int, kind: str) -> dict[str, float]:
    """Read, join and write with pandas and geopandas, with nothing judged."""
    path = _file(folder, rows, kind)
    plan = _plan()
    grids = plan[plan["level"] == "grid"][["code", "geometry"]]
    start, cpu = time.perf_counter(), time.process_time()
    frame = pd.read_csv(path, parse_dates=["occurred_at"])
    points = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame["lon"], frame["lat"]), crs=4326)
    joined = points.sjoin(grids, how="left").drop(columns="index_right")
    if url.startswith("sqlite"):
        joined.to_file(folder / "plain.gpkg", driver="GPKG")
    else:
        engine = sa.create_engine(url)
        joined.to_postgis("plain", engine, if_exists="replace", index=False)
        with engine.begin() as connection:
            connection.exec_driver_sql("drop table plain")
    return {"s": time.perf_counter() - start, "cpu_s": time.process_time() - cpu}


def with_orm(url: str, folder: Path, rows: int, kind: str) -> dict[str, float]:
    """Add a fiftieth of the rows one by one through a session, and say what all of them would take."""
    store = _with_plan(url)
    some = made(rows).head(rows // 50)
    start, cpu = time.perf_counter(), time.process_time()
    with Session(store.engine) as session:
        for number, row in enumerate(some.itertuples()):
            place = f"SRID=4326;POINT({row.lon} {row.lat})"
            moment = row.occurred_at.to_pydatetime()
            session.add(IncidentRow(incident_id=f"i{number}", occurred_at=moment, category=row.category, geom=place))
            session.flush()
        session.commit()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    store.close()
    return {"s": 50 * seconds, "cpu_s": 50 * cpu, "rows_measured": len(some)}


def pages(url: str, folder: Path, rows: int, kind: str) -> dict[str, float]:
    """Ask for pages of 1,000 by box and date, warm: median of five for each box and window; give them all."""
    if url.startswith("sqlite"):
        _import(url, _file(folder, rows, "parquet"))
    else:
        _with_plan(url).close()
        _fill_by_sql(url, rows)
    store = open_store(url)
    x0, y0, x1, y1 = _plan().total_bounds
    found: dict[str, float] = {}
    for width in WIDTHS:
        box = (x0, y0, x0 + (x1 - x0) * width, y0 + (y1 - y0) * width)
        for days in (1, 30, 365):
            start = FIRST + timedelta(days=100)
            found[f"{width:g} wide, {days} d"] = _page_ms(
                store, PointFilter(start=start, end=start + timedelta(days=days), bbox=box)
            )
    store.close()
    return {"s": max(found.values()) / 1000, **found}


def _page_ms(store: Any, where: PointFilter) -> float:
    waits = []
    for _ in range(6):
        start = time.perf_counter()
        with store.unit_of_work() as work:
            work.incidents.page(where, limit=1_000)
        waits.append(1000 * (time.perf_counter() - start))
    return statistics.median(waits[1:])


def _fill_by_sql(url: str, rows: int) -> None:
    """Let the server make incidents by itself: the import of five million is not what is measured here."""
    x0, y0, x1, y1 = _plan().total_bounds
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(
            sa.text(
                "insert into incident(incident_id, occurred_at, category, grid_code, method, border_m, geom) "
                "select md5(g::text), :first + random() * :days * interval '1 day', 'c' || g % 8, "
                "(g % 1333)::text, 'inside', random() * 50, ST_SetSRID(ST_MakePoint(:x0 + random() * :w, "
                ":y0 + random() * :h), 4326) from generate_series(1, :rows) g"
            ),
            {"first": FIRST, "days": DAYS, "x0": x0, "y0": y0, "w": x1 - x0, "h": y1 - y0, "rows": rows},
        )
        connection.exec_driver_sql("vacuum analyze incident")
    engine.dispose()


TASKS = {"import": import_file, "geopandas": with_geopandas, "orm": with_orm, "pages": pages}


def _measured(task: str, kind: str, rows: int, url: str | None) -> dict[str, float] | str:
    command = [sys.executable, __file__, "--one", task, "--kind", kind, "--rows", str(rows)]
    done = subprocess.run(command + (["--url", url] if url else []), capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.splitlines()[-1] if done.stderr else "failed"
    got: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return got


def main() -> None:
    """Run every measurement in a process of its own and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="incidents of an import")
    parser.add_argument("--pages", type=int, default=1_000_000, help="incidents that are paged through; 0: none")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--url", help="an empty PostGIS database; without it an embedded file")
    parser.add_argument("--kind", default="csv", help=argparse.SUPPRESS)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one == "reader":
        print(json.dumps(reader(options.url)))
        return
    if options.one:
        with tempfile.TemporaryDirectory() as folder:
            url = options.url or f"sqlite:///{folder}/store.gpkg"
            try:
                got = TASKS[options.one](url, Path(folder), options.rows, options.kind)
            finally:
                if options.url:
                    downgrade(options.url)
        got["mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(got))
        return
    lines = [("import", "csv"), ("import", "parquet"), ("geopandas", "csv"), ("orm", "csv")]
    print(f"{'task':<20}{'rows':>9}{'seconds':>9}{'cpu s':>8}{'peak MiB':>10}  more")
    for task, kind in lines:
        runs = [_measured(task, kind, options.rows, options.url) for _ in range(options.runs)]
        good = [r for r in runs if isinstance(r, dict)]
        if len(good) < len(runs):
            print(f"{task:<20}{options.rows:>9}  failed: {next(r for r in runs if isinstance(r, str))}", flush=True)
            continue
        middle = {k: statistics.median(r[k] for r in good) for k in good[0]}
        for name in ("mib", "longest_wait_ms"):
            if name in middle:
                middle[name] = max(r[name] for r in good)
        seconds, cpu, mib = (middle.pop(k) for k in ("s", "cpu_s", "mib"))
        more = ", ".join(f"{k} {v:.4g}" for k, v in middle.items())
        label = f"{task} {kind}" if task == "import" else task
        print(f"{label:<20}{options.rows:>9}{seconds:>9.1f}{cpu:>8.1f}{mib:>10.0f}  {more}", flush=True)
    if options.pages:
        found = _measured("pages", "csv", options.pages, options.url)
        print(
            f"\npage of 1,000 of {options.pages}, warm, in ms"
            + (f": failed: {found}" if isinstance(found, str) else "")
        )
        if isinstance(found, dict):
            for name, ms in found.items():
                if name.endswith(" d"):
                    print(f"  box {name:<18}{ms:>8.1f}")


if __name__ == "__main__":
    main()
