"""Cases at the desk: intakes a second with responsibility, repeats and trail, and the queue among many cases.

``python -m benchmarks.cases [--url URL] [--held 1000000] [--rates 100,300,1000] [--seconds 10]``

One process and no HTTP: reports are handed to the desk of the service at random times of a rate whatever it does (an
open loop), and a time is counted from when a report was due until what it says lasts. Without ``--url`` the embedded
store is measured, in a file of its own. The queue is asked as ``GET /api/v1/cases`` asks for it: a page of 100 and the
counts of all queues, median of several.
"""

import argparse
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import sqlalchemy as sa

from benchmarks.plan_maker import PLAN, make_plan
from benchmarks.store import made
from gridmap.domain.access import OPERATOR, Role
from gridmap.domain.boundaries import ALWAYS
from gridmap.domain.cases import Act, Entry
from gridmap.errors import StoreUnavailable
from gridmap.services.cases.opening import opener
from gridmap.services.cases.queue import Queue, queue_counts, queued
from gridmap.services.clock import SystemClock
from gridmap.services.guarded import GuardedStore
from gridmap.services.intake import Batch, Intake
from gridmap.services.intake.desk import Desk
from gridmap.services.ports import CaseFilter, NewCase
from gridmap.services.publishing import publish_frame
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings
from gridmap.store import open_store
from gridmap.store.case_tables import CELL_DEG

SETTINGS = Settings()
ZONE = SETTINGS.time_zone
#: Of many cases that are held, so many in a hundred are open.
OPEN_SHARE = 2
CATEGORIES = ("E1-01", "E1-02", "E1-03", "E2-01", "E3-02")


@contextmanager
def place(url: str | None) -> Iterator[str]:
    """Give the address of an empty store."""
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder)}/cases.gpkg"


def fill(store: Any, held: int) -> tuple[float, float, float, float]:
    """Publish a plan and hold so many cases; gives the box of the plan."""
    plan = make_plan(36, 37)
    with store.unit_of_work() as work:
        work.boundaries.put_set(PLAN)
        publish_frame(work, PLAN.name, plan, valid_from=ALWAYS, published_at=datetime.now(UTC))
        work.commit()
    box = tuple(map(float, plan.total_bounds))
    for first in range(0, held, 250_000):
        rows = made(min(250_000, held - first))
        n = len(rows)
        draw = np.random.default_rng(first)
        when = np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us") - draw.integers(0, 5 * 365 * 86_400, n)
        frame = gpd.GeoDataFrame(
            {
                "incident_id": [f"held-{first + k:08d}" for k in range(n)],
                "occurred_at": gpd.pd.DatetimeIndex(when.astype("datetime64[us]")).tz_localize("UTC"),
                "category": draw.choice(CATEGORIES, n),
                "channel": "app", "note": None, "grid_code": None, "method": "none", "border_m": np.nan,
                "set_name": None, "version_number": None,
            },
            geometry=gpd.points_from_xy(draw.uniform(box[0], box[2], n), draw.uniform(box[1], box[3], n)),
            crs=4326,
        )  # fmt: skip
        with store.unit_of_work() as work:
            work.incidents.add(frame)
            work.commit()
    due = "datetime" if store.engine.dialect.name == "sqlite" else "time"
    until = (
        "strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now', '+' || (i.id % 4000) || ' minutes')"
        if due == "datetime"
        else "now() + (i.id % 4000) * interval '1 minute'"
    )
    x, y = ("ST_MinX(i.geom)", "ST_MinY(i.geom)") if due == "datetime" else ("ST_X(i.geom)", "ST_Y(i.geom)")
    row, column = (f"cast(floor(({v} + {half}) / {CELL_DEG}) as bigint)" for v, half in ((y, 90), (x, 180)))
    cell = f"{row} * {2**18} + {column}"
    is_open = f"i.id % 100 < {OPEN_SHARE}"
    with store.engine.begin() as connection:
        sql = (
            "insert into case_file (incident_id, status, version, kind, emergency, photos, reported_at, stage_due_at, "
            "queue_at, extensions, returns, reworks, appealed, unit, cell) "
            f"select i.incident_id, case when {is_open} then 'dispatched' else 'closed' end, 1, 'report', "
            f"{'0' if due == 'datetime' else 'false'}, '[]', i.occurred_at, case when {is_open} then {until} end, "
            f"case when {is_open} then {until} end, 0, 0, 0, {'0' if due == 'datetime' else 'false'}, 'grid:x', {cell} "
            "from incident i where i.incident_id like 'held-%'"
        )
        # psycopg reads a lone % as the start of a parameter
        connection.exec_driver_sql(sql if due == "datetime" else sql.replace("%", "%%"))
        if due == "time":
            connection.exec_driver_sql("analyze")
    return box  # type: ignore[return-value]


def queue_ms(store: Any, runs: int = 9) -> dict[str, float]:
    """Measure a page of each queue with all counts; the median."""
    found = {}
    for queue in (Queue.OPEN, Queue.OVERDUE, Queue.ALL, Queue.CLOSED):
        times = []
        for _ in range(runs):
            now = datetime.now(UTC)
            began = time.perf_counter()
            with store.unit_of_work() as work:
                page = work.cases.page(queued(CaseFilter(), queue, now, ZONE), limit=101, by_report=queue.by_report)
                queue_counts(work, CaseFilter(), now, ZONE)
            times.append((time.perf_counter() - began) * 1_000)
            assert page or queue is Queue.OVERDUE
        found[queue.value] = statistics.median(times)
    return found


def intake(
    store: Any, plans: Plans, box: tuple[float, float, float, float], rate: int, seconds: float
) -> dict[str, float]:
    """Hand in reports at a rate, each by itself; give what came of it."""
    draw = random.Random(rate)
    clock = SystemClock()
    complete = opener(SETTINGS, clock)
    guarded = GuardedStore(store, OPERATOR, clock=clock, day=clock.now().date())
    desk = Intake(Desk(store, clock, SETTINGS))
    due, at = [], 0.0
    while at < seconds:
        at += draw.expovariate(rate)
        due.append(at)
    done: list[float] = [0.0] * len(due)
    began = time.perf_counter()
    waiting = []
    refused = 0

    def noted(k: int) -> Callable[[Any], None]:
        def note(future: Any) -> None:
            assert {result.status for result in future.result().results} == {"accepted"}
            done[k] = time.perf_counter() - began

        return note

    for k, moment in enumerate(due):
        if (ahead := moment - (time.perf_counter() - began)) > 0:
            time.sleep(ahead)
        now = clock.now()
        case = NewCase(
            f"{rate}-{time.time_ns()}-{k}", now - timedelta(minutes=1), draw.choice(CATEGORIES),
            draw.uniform(box[0], box[2]), draw.uniform(box[1], box[3]), "app", None,
            Entry(Act.REPORT, "field", Role.FIELD, now), "field",
        )  # fmt: skip
        try:
            future = desk.hand_in(Batch(guarded, plans, "cases", [case], [None], complete=complete))
        except StoreUnavailable:  # more wait than the desk lets in
            refused += 1
            continue
        future.add_done_callback(noted(k))
        waiting.append(future)
    for future in waiting:
        future.result()
    took = time.perf_counter() - began
    desk.close()
    late = sorted((b - a) * 1_000 for a, b in zip(due, done, strict=True) if b)
    return {
        "rate": rate, "refused": refused, "done a second": len(late) / took, "p50 ms": late[len(late) // 2],
        "p99 ms": late[int(len(late) * 0.99)],
    }  # fmt: skip


def main() -> None:
    """Measure one store and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--url")
    parser.add_argument("--held", type=int, default=200_000)
    parser.add_argument("--rates", default="100,300,1000")
    parser.add_argument("--seconds", type=float, default=10)
    asked = parser.parse_args()
    with place(asked.url) as url:
        store = open_store(url)
        began = time.perf_counter()
        box = fill(store, asked.held)
        print(f"{sa.make_url(url).get_backend_name()}, {asked.held:,} cases held (made in "
              f"{time.perf_counter() - began:.0f} s)\n")  # fmt: skip
        print("| queue | " + " | ".join(found := queue_ms(store)) + " |\n|---|" + "---|" * len(found))
        print("| ms, median of 9 | " + " | ".join(f"{ms:.1f}" for ms in found.values()) + " |\n")
        print("| intakes a second | done a second | p50 ms | p99 ms |\n|---|---|---|---|")
        plans = Plans(store)  # one for the life of a service, which makes it when it starts
        intake(store, plans, box, 50, 2)  # warm
        for rate in map(int, asked.rates.split(",")):
            got = intake(store, plans, box, rate, asked.seconds)
            print(f"| {rate} | {got['done a second']:.0f} | {got['p50 ms']:.1f} | {got['p99 ms']:.1f} |", flush=True)
        store.close()
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
