"""Many incidents as one stream in each form: the memory that is added while it is sent.

``python -m benchmarks.ogc_streams [--incidents 1000000]``; embedded store. Prints Markdown.
"""

import argparse
import asyncio
import gc
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from benchmarks.ogc import NOW, grids
from gridmap.crs import WGS84
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.services.clock import FixedClock
from gridmap.services.incidents import record_incidents
from gridmap.services.publishing import publish_frame
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings
from gridmap.store import open_store

_AT_ONCE = 100_000
SETTINGS = Settings(
    default_set="urban", cursor_key="bench", requests_per_s=1e9, network_requests_per_s=1e9, access="open"
)


def resident_mb() -> float:
    """Give the memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096 / 1e6


def fill(store: Any, count: int) -> None:
    """Put incidents into 2,000 grids, one a second."""
    frame = grids(2_000, 4)
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("urban", (Level("grid", 0),), "城市管理"))
        publish_frame(work, "urban", frame, valid_from=date(2020, 1, 1), published_at=NOW)
        work.commit()
    plans, draw = Plans(store), np.random.default_rng(1)
    west, south, east, north = frame.total_bounds
    for first in range(0, count, _AT_ONCE):
        some = min(_AT_ONCE, count - first)
        when = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(first + np.arange(some), unit="s")
        columns = {"incident_id": [f"i{first + n:08d}" for n in range(some)], "occurred_at": when}
        places = gpd.points_from_xy(draw.uniform(west, east, some), draw.uniform(south, north, some))
        incidents = gpd.GeoDataFrame({**columns, "category": "noise", "channel": "app", "note": None}, geometry=places)
        record_incidents(store, plans, incidents.set_crs(WGS84), settings=SETTINGS, now=NOW)


async def streamed(app: Any, form: str) -> tuple[int, float]:
    """Ask for all incidents and let go of what comes; give the bytes, and the most memory held meanwhile."""
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": "/ogc/collections/incidents/items", "raw_path": b"", "root_path": "", "state": {},
        "query_string": f"f={form}".encode(), "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }  # fmt: skip
    size, most, begun = 0, 0.0, False

    async def receive() -> Any:
        nonlocal begun
        if begun:
            await asyncio.Event().wait()
        begun = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal size, most
        size += len(message.get("body", b""))
        most = max(most, resident_mb())

    await app(scope, receive, send)
    return size, most


def main() -> None:
    """Measure and print."""
    from api.app import create_app

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--incidents", type=int, default=1_000_000)
    count = parser.parse_args().incidents
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/bench.gpkg")
        fill(store, count)
        app = create_app(SETTINGS, store, FixedClock(NOW))
        print(f"| {count:,} incidents as | size, MB | CPU s | memory added, MB |\n|---|---:|---:|---:|")
        with asyncio.Runner() as runner:
            for form in ("ndjson", "csv", "parquet", "fgb"):
                gc.collect()
                before, began = resident_mb(), time.process_time()
                size, most = runner.run(streamed(app, form))
                took = time.process_time() - began
                print(f"| {form} | {size / 1e6:.0f} | {took:.1f} | {most - before:.0f} |", flush=True)
        app.state.lean.close()
        app.state.doors.close()
        store.close()


if __name__ == "__main__":
    main()
