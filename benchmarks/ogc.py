"""OGC API - Features over 20,000 grids, with its peers in the same run.

``python benchmarks/ogc.py [--grids 20000] [--incidents 200000] [--vertices 24]``

Times are medians of CPU seconds of this process (the machine may be shared), memory is the peak that a stream adds.
Prints Markdown.
"""

import argparse
import asyncio
import gc
import json
import os
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["GRIDMAP_ACCESS"] = "open"

from api.app import create_app  # noqa: E402
from gridmap.crs import WGS84  # noqa: E402
from gridmap.domain.boundaries import BoundarySet, Level  # noqa: E402
from gridmap.files.geojson import feature_texts  # noqa: E402
from gridmap.services.clock import FixedClock  # noqa: E402
from gridmap.services.publishing import publish_frame  # noqa: E402
from gridmap.settings import Settings  # noqa: E402
from gridmap.store import open_store  # noqa: E402

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
CELL = 2.0**-8


def median(make: Callable[[], Any], times: int = 5) -> float:
    """Give the median of CPU seconds."""
    took = []
    for _ in range(times):
        gc.collect()
        began = time.process_time()
        make()
        took.append(time.process_time() - began)
    return statistics.median(took)


@dataclass(frozen=True, repr=False)
class Answer:
    """What an app sent; a loop would write it out to name its tasks."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


async def asked(app: Any, path: str, query: str, headers: list[tuple[bytes, bytes]]) -> Answer:
    """Send a request to an app by ASGI alone, as a server does; the reader stays to the end."""
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(b"host", b"localhost"), *headers], "client": ("127.0.0.1", 1), "server": ("localhost", 80),
        "state": {},
    }  # fmt: skip
    begun = False
    sent: list[Any] = []

    async def receive() -> Any:
        nonlocal begun
        if begun:
            await asyncio.Event().wait()
        begun = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *parts = sent
    return Answer(start["status"], dict(start["headers"]), b"".join(part.get("body", b"") for part in parts))


def grids(count: int, vertices: int) -> gpd.GeoDataFrame:
    """Make a tiling of squares whose sides are divided evenly, so that each has about so many vertices."""
    across = int(np.sqrt(count / 2))
    down = -(-count // across)
    steps = max(vertices // 4, 1)
    side = np.arange(steps) / steps
    ring = np.concatenate(
        [
            np.column_stack([side, np.zeros(steps)]),
            np.column_stack([np.ones(steps), side]),
            np.column_stack([1 - side, np.ones(steps)]),
            np.column_stack([np.zeros(steps), 1 - side]),
            [[0.0, 0.0]],
        ]
    )
    places = np.array([(n % across, n // across) for n in range(across * down)][:count], dtype=float)
    corners = (places[:, None, :] + ring[None, :, :]) * CELL
    # neighbours' sides bend alike: the shift hangs on the place alone
    bent = corners + 0.1 * CELL * np.sin(corners[..., ::-1] * 997.0)
    shapes = shapely.polygons(bent + np.array([120.0, 30.0]))
    return gpd.GeoDataFrame(
        {
            "code": [f"{n:09d}" for n in range(count)],
            "name": [f"第{n}网格" for n in range(count)],
            "level": "grid",
            "kind": None,
            "parent_code": None,
            "households": np.arange(count) % 900,
            "attributes": None,
        },
        geometry=shapes,
        crs=WGS84,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--grids", type=int, default=20_000)
    parser.add_argument("--vertices", type=int, default=24)
    given = parser.parse_args()
    frame = grids(given.grids, given.vertices)
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/bench.gpkg")
        with store.unit_of_work() as work:
            work.boundaries.put_set(BoundarySet("urban", (Level("grid", 0),), "城市管理"))
            publish_frame(work, "urban", frame, valid_from=date(2026, 1, 1), published_at=NOW)
            work.commit()
        app = create_app(
            Settings(cursor_key="bench", requests_per_s=1e9, network_requests_per_s=1e9), store, FixedClock(NOW)
        )
        measure(app, frame)
        app.state.lean.close()
        app.state.doors.close()
        store.close()


def measure(app: Any, frame: gpd.GeoDataFrame) -> None:
    """Ask and compare."""
    path, runner = "/ogc/collections/urban.grid/items", asyncio.Runner()

    def get(query: str, *headers: tuple[bytes, bytes]) -> Answer:
        answer = runner.run(asked(app, path, query, list(headers)))
        assert answer.status in (200, 304), answer
        return answer

    whole = get("f=ndjson")
    assert whole.body.count(b"\n") == len(frame)
    page = get("limit=1000")
    assert json.loads(page.body)["numberReturned"] == 1000
    tag = page.headers[b"etag"]
    assert get("limit=1000", (b"if-none-match", tag)).status == 304

    (table,) = [v for k, v in app.state.context.served._values.items() if "areas" in str(k)[:40]]
    plain = frame.assign(area_m2=table.columns["area_m2"].values, version_number=1)
    rows = [
        ("`gdf.to_json`, the same properties", median(lambda: plain.to_json(drop_id=True), 3)),
        (
            "features written anew, as a stream is",
            median(lambda: b"\n".join(feature_texts(table, tuple(table.columns)))),
        ),
        ("whole set as NDJSON, features kept", median(lambda: get("f=ndjson"))),
        ("page of 1,000 as GeoJSON, warm", median(lambda: get("limit=1000"), 15)),
        (
            "page of 1,000 with CQL2 and a box",
            median(lambda: get("limit=1000&bbox=120,30,121,31&filter=households%20%3E%20300"), 15),
        ),
        (
            "page of 1,000 in EPSG:4549",
            median(lambda: get("limit=1000&crs=http://www.opengis.net/def/crs/EPSG/0/4549"), 9),
        ),
        ("304", median(lambda: [get("limit=1000", (b"if-none-match", tag)) for _ in range(200)]) / 200),
    ]
    slowest = rows[0][1]
    print(
        f"\n{len(frame):,} grids of {shapely.get_num_coordinates(frame.geometry.array).mean():.0f} vertices, ", end=""
    )
    print(f"{len(whole.body) / 1e6:.1f} MB as NDJSON; load {os.getloadavg()[0]:.1f}\n")
    print("| what | CPU ms | times faster than `to_json` |\n|---|---:|---:|")
    for name, took in rows:
        print(f"| {name} | {took * 1e3:,.2f} | {slowest / took:,.1f} |")
    print("\n| stream | peak of Python's memory, MB | size, MB |\n|---|---:|---:|")
    for form in ("ndjson", "csv", "parquet", "fgb"):
        tracemalloc.start()
        size = len(get(f"f={form}").body)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"| {form} | {(peak - size) / 1e6:.1f} | {size / 1e6:.1f} |")


if __name__ == "__main__":
    main()
