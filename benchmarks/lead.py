"""Measure the numbers of the leader's page with the cases of a district-year: first asked for, and asked again.

``python -m benchmarks.lead`` prints a table; ``--cases`` how many, ``--runs`` how often.
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from fastapi.testclient import TestClient

from api.app import create_app
from benchmarks.case_maker import many_cases
from benchmarks.case_store import put_cases
from gridmap.analysis import frames
from gridmap.domain.boundaries import ALWAYS, BoundarySet, Level
from gridmap.services.clock import FixedClock
from gridmap.services.incidents import import_incidents
from gridmap.services.ports import Store
from gridmap.services.publishing import publish_frame
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings
from gridmap.store import open_store

#: When the year of ``many_cases`` is over.
NOW = datetime(2027, 1, 1, tzinfo=UTC)
_SIDE = 36
_PERIODS = {"30 days": 30, "90 days": 90, "365 days": 365}


def district() -> gpd.GeoDataFrame:
    """Give some 1,300 square grids in nine streets, where the cases of ``many_cases`` lie."""
    edges_x, edges_y = np.linspace(120.0, 120.3, _SIDE + 1), np.linspace(36.0, 36.3, _SIDE + 1)
    rows: list[tuple[Any, ...]] = []
    for k in range(9):
        box = shapely.box(
            edges_x[k % 3 * 12], edges_y[k // 3 * 12], edges_x[k % 3 * 12 + 12], edges_y[k // 3 * 12 + 12]
        )
        rows.append((f"S{k}", f"街道{k}", "street", None, box))
    for x in range(_SIDE):
        for y in range(_SIDE):
            box = shapely.box(edges_x[x], edges_y[y], edges_x[x + 1], edges_y[y + 1])
            rows.append((f"G{x:02d}{y:02d}", f"第{x}-{y}网格", "grid", f"S{x // 12 + 3 * (y // 12)}", box))
    columns = ["code", "name", "level", "parent_code", "geometry"]
    return gpd.GeoDataFrame(rows, columns=columns, crs=frames.WGS84).assign(households=None, attributes=None)


def fill(store: Store, cases: gpd.GeoDataFrame) -> None:
    """Put the district, the incidents of the cases, and the cases into a store."""
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("demo", (Level("street", 0), Level("grid", 1)), "基准区"))
        publish_frame(work, "demo", district(), valid_from=ALWAYS, published_at=NOW)
        work.commit()
    points = gpd.GeoDataFrame(
        {"incident_id": cases["case_id"], "occurred_at": cases["reported_at"], "category": cases["category"],
         "channel": cases["channel"], "note": None},
        geometry=cases.geometry.array, crs=cases.crs,
    )  # fmt: skip
    import_incidents(store, Plans(store), [points], settings=Settings(), commit=lambda: True)
    put_cases(store, cases)


@contextmanager
def served(url: str) -> Iterator[TestClient]:
    """Give a service that has just started, and has warmed what it warms by itself."""
    store = open_store(url)
    app = create_app(Settings(database_url=url, access="open", default_set="demo"), store, FixedClock(NOW))
    with TestClient(app) as client:
        app.state.context.warm()
        yield client
    store.close()


def seconds(work: Callable[[], Any]) -> tuple[float, float]:
    """Give wall-clock and processor seconds of a call."""
    began, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - used


def asked(client: TestClient, days: int) -> None:
    """Ask for the numbers of a period that ends with the year."""
    start = (NOW - timedelta(days=days)).isoformat()
    answer = client.get("/api/v1/lead", params={"start": start, "end": NOW.isoformat()})
    assert answer.status_code == 200, answer.text


def pressing(client: TestClient) -> None:
    """Ask what asks for attention, as the page does."""
    answer = client.get("/api/v1/cases/alerts", params={"held": "true", "limit": 8})
    assert answer.status_code == 200, answer.text
    assert answer.json()["counts"]["overdue"] > 1_000


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=200_000)
    options.add_argument("--runs", type=int, default=7)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'lead.gpkg'}"
        store = open_store(url)
        fill(store, many_cases(given.cases))
        store.close()
        print(f"{given.cases:,} cases; Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}", flush=True)
        print("| what | wall, median | processor, median |\n|---|---|---|")
        with served(url) as client:
            for path in ("/lead", "/api/v1/session"):  # the page comes before its numbers
                assert client.get(path).status_code == 200
            told("first question when the service is warm", [seconds(lambda: asked(client, 30))])
            told("what asks for attention", [seconds(partial(pressing, client)) for _ in range(given.runs)])
            told("the same, worked out anew", [seconds(client.app.state.context.pressing)])  # type: ignore[attr-defined]
            for name, days in _PERIODS.items():
                again = partial(asked, client, days - 1)
                told(f"asked for the first time, {name}", [seconds(again)])
                told(f"asked again, {name}", [seconds(again) for _ in range(given.runs)])


def told(what: str, measured: list[tuple[float, float]]) -> None:
    """Print a line."""
    wall, used = (float(np.median([one[k] for one in measured])) for k in (0, 1))
    print(f"| {what} | {wall * 1e3:,.0f} ms | {used * 1e3:,.0f} ms |", flush=True)


if __name__ == "__main__":
    main()
