"""Time of an edit and of its effects over HTTP, with everything that lies between a mouse and the numbers beside it.

``python benchmarks/redraw_service.py [--grids 20000] [--incidents 200000] [--fixes 200000] [--times 15] [--url URL]``

A store of many grids with the incidents of the last twelve months and the patrols of thirty days; a draft of it is
edited (a vertex moved, with the areas above, the findings around, the log and the rows of the draft), and after each
edit its effects are asked for. ``--url`` names a PostgreSQL server; the embedded store without it.
"""

import argparse
import http.client
import json
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import uvicorn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from api.app import create_app
from benchmarks.redraw import PLAN, plan
from gridmap.analysis.locator import Locator
from gridmap.domain.boundaries import ALWAYS
from gridmap.services.clock import FixedClock
from gridmap.services.drafts import make_draft
from gridmap.services.ports import Store
from gridmap.services.publishing import publish_frame
from gridmap.settings import Settings
from gridmap.store import open_store

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
#: Seconds by the clock, and of the processor (server and client are one process).
Times = np.ndarray
#: Patrols; each has its own few grids.
UNITS = 200
BASE = "/api/v1/sets/bench/drafts/2/redraw"


def fill(store: Store, grids: int, incidents: int, fixes: int) -> gpd.GeoDataFrame:
    """Put a plan with its past into a store, and make a draft of it; gives the plan."""
    frame = plan(grids)
    frame["name"] = frame["code"]
    leaves = frame[frame["level"] == "grid"]
    with store.unit_of_work() as work:
        work.boundaries.put_set(PLAN)
        publish_frame(work, PLAN.name, frame, valid_from=ALWAYS, published_at=NOW)
        work.commit()
    locator = Locator.from_frame(leaves)
    rng = np.random.default_rng(3)
    west, south, east, north = leaves.total_bounds

    def points(n: int, column: str, days: int) -> gpd.GeoDataFrame:
        lon, lat = rng.uniform(west, east, n), rng.uniform(south, north, n)
        if column == "fixed_at":  # a unit goes about its own few grids
            unit = np.arange(n) % UNITS
            lon, lat = (side[unit] + rng.normal(0, 0.002, n) for side in (lon[:UNITS], lat[:UNITS]))
        codes = np.array([*locator.codes, None], dtype=object)
        answers = locator.locate_many(lon, lat)
        ago = rng.integers(1, days * 86_400, n)
        at = pd.to_datetime(pd.Timestamp(NOW) - pd.to_timedelta(ago, unit="s"))
        owned = {"grid_code": codes[answers.owner], "set_name": PLAN.name, "version_number": 1}
        if column == "occurred_at":
            owned |= {"method": answers.methods(), "border_m": answers.border_m}
        return gpd.GeoDataFrame({column: at, **owned}, geometry=shapely.points(lon, lat), crs="EPSG:4326")

    cases = points(incidents, "occurred_at", 365).assign(
        incident_id=[f"i{n}" for n in range(incidents)], category="litter", channel=None, note=None
    )
    tracks = points(fixes, "fixed_at", 30).assign(unit_id=[f"u{n % UNITS}" for n in range(fixes)], accuracy_m=5.0)
    tracks = tracks.drop_duplicates(["unit_id", "fixed_at"])
    with store.unit_of_work() as work:
        work.incidents.add(cases)
        work.patrols.add(tracks)
        work.commit()
    make_draft(store, PLAN.name, based_on=1, valid_from=None, now=NOW, settings=Settings())
    return leaves


def ask(
    link: http.client.HTTPConnection, method: str, path: str, body: Any = None, **headers: str
) -> tuple[Times, Any]:
    """Send a request; gives the seconds until its answer was read, those of the processor, and the answer."""
    start, busy = time.perf_counter(), time.process_time()
    data = None if body is None else json.dumps(body).encode()
    link.request(method, path, data, {"Content-Type": "application/json", **headers})
    answer = link.getresponse()
    found = answer.read()
    took = np.array([time.perf_counter() - start, time.process_time() - busy])
    if answer.status != 200:
        raise SystemExit(f"{method} {path}: {answer.status} {found[:300]!r}")
    return took, json.loads(found)


def measure(port: int, leaves: gpd.GeoDataFrame, times: int) -> dict[str, list[Times]]:
    """Edit here and there, and ask after each edit what it does; a new draft's first requests are told apart."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    found: dict[str, list[Times]] = {}
    took, state = ask(link, "GET", BASE)
    found["open the draft, first time"] = [took]
    revision = state["revision"]
    rng = np.random.default_rng(11 + revision)  # a store that is used again has the vertices of before no more
    columns = int(len(leaves) ** 0.5)
    inside = rng.choice(np.arange(columns * 2, len(leaves) - columns * 2), times + 2, replace=False)
    for n, row in enumerate(inside.tolist()):
        shape = leaves.geometry.iloc[row]
        x, y = shapely.get_coordinates(shape)[5].tolist()
        edit = {"verb": "move_vertex", "at": [x, y], "to": [x + 1e-6, y + 1e-6]}
        made, answer = ask(link, "POST", f"{BASE}/edits", edit, **{"If-Match": f'"{revision}"'})
        revision = answer["revision"]
        codes = ",".join(answer["edit"]["codes"])
        one, told = ask(link, "GET", f"{BASE}/effects?codes={codes}")
        every, _ = ask(link, "GET", f"{BASE}/effects")
        if not any(area["after"]["incidents"] for area in told["areas"]):
            raise SystemExit("the touched grids have no incidents: nothing was measured")
        names = ("edit", "effects of the edit", "effects of the draft", "edit and its effects")
        for name, value in zip(names, (made, one, every, made + one), strict=True):
            found.setdefault(name if n > 1 else f"{name}, first times", []).append(value)
    return found


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grids", type=int, default=20_000, choices=[1_333, 20_000])
    parser.add_argument("--incidents", type=int, default=200_000)
    parser.add_argument("--fixes", type=int, default=200_000)
    parser.add_argument("--times", type=int, default=15)
    parser.add_argument("--url")
    parser.add_argument("--keep", type=Path, help="embedded store to make, or to use again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = asked.keep or Path(folder) / "bench.gpkg"
        made = not path.exists()
        store = open_store(asked.url or f"sqlite:///{path}")
        try:
            leaves = fill(store, asked.grids, asked.incidents, asked.fixes) if asked.url or made else None
            if leaves is None:
                frame = plan(asked.grids)
                leaves = frame[frame["level"] == "grid"]
            app = create_app(Settings(access="open", open_requests_per_s=1e9), store, FixedClock(NOW))
            server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
            thread = threading.Thread(target=server.run, daemon=True)
            thread.start()
            while not server.started:
                time.sleep(0.02)
            port = server.servers[0].sockets[0].getsockname()[1]
            where = "PostGIS" if asked.url else "embedded"
            print(f"{asked.grids:,} grids, {asked.incidents:,} incidents, {asked.fixes:,} fixes, {where}")
            for name, took in measure(port, leaves, asked.times).items():
                wall, busy = np.median(took, axis=0) * 1e3
                print(f"  {name:36} median {wall:8.1f} ms, processor {busy:8.1f} ms")
            server.should_exit = True
            thread.join()
        finally:
            store.close()


if __name__ == "__main__":
    main()
