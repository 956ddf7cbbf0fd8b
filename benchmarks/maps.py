"""Measure maps as files: Python time, size, time to draw and memory in Chromium, beside ``folium.GeoJson``.

``python -m benchmarks.maps [--side 71] [--incidents 200000] [--periods 24] [--peer] [--pages]``

``--side 71`` makes 5,041 grids, 141 makes 19,881. ``--pages`` opens each file from disk in Chromium with the network
off (Playwright and ``CHROMIUM`` or the system's); ``draw`` is from asking for the file to the first painted frame, heap
is what is used after a collection.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.plan_maker import make_plan
from gridmap.analysis.bandwidths import choose_bandwidth, other_scales
from gridmap.analysis.density import density
from gridmap.analysis.density_steps import density_steps
from gridmap.analysis.emerging import emerging_hotspots
from gridmap.analysis.frames import PATROLLED
from gridmap.analysis.hotspots import getis_ord
from gridmap.analysis.neighbours import neighbours_of
from gridmap.analysis.period_counts import few_periods
from gridmap.crs import area_m2
from gridmap.maps import change_pages, hotspot_pages, pages
from gridmap.services.hotspots import step_cell_m

END = datetime(2026, 10, 30, 16, tzinfo=UTC)
WINDOW = (END - timedelta(days=30), END)


def measured(name: str, draw: Callable[[], folium.Map], folder: Path, save: str = "save") -> Path:
    """Draw and save a map once; print what that took."""
    began, spent = time.perf_counter(), time.process_time()
    drawn = draw()
    file = folder / f"{name.split(',')[0].replace(' ', '-')}.html"
    getattr(drawn, save)(str(file))
    cpu = time.process_time() - spent
    wall = time.perf_counter() - began
    print(f"{name:44} cpu {cpu:7.2f} s  wall {wall:7.2f} s  {file.stat().st_size / 1e6:7.2f} MB", flush=True)
    return file


def opened(file: Path, ready: str) -> None:
    """Open a file from disk with the network off, and print how long it takes to be painted, and its heap."""
    from playwright.sync_api import sync_playwright

    found = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
        page.route("**/*", lambda r: r.continue_() if r.request.url.startswith(("file:", "data:")) else r.abort())
        began = time.perf_counter()
        page.goto(file.as_uri(), timeout=300_000)
        page.wait_for_selector(ready, state="attached", timeout=300_000)
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        drawn = time.perf_counter() - began
        session = page.context.new_cdp_session(page)
        session.send("HeapProfiler.collectGarbage")
        heap = page.evaluate("performance.memory.usedJSHeapSize")
        exact = session.send("Runtime.getHeapUsage")["usedSize"]
        print(f"{'  in Chromium':44} draw {drawn:6.2f} s  heap {max(heap, exact) / 1e6:7.0f} MB", flush=True)
        browser.close()


def plain(grids: gpd.GeoDataFrame, found: pd.DataFrame) -> folium.Map:
    """Draw the same grids as folium's own example does."""
    words = {"hot": "#b3261e", "cold": "#2166ac"}
    frame = grids.assign(judged=found["judged"].to_numpy(), value=found["value"].to_numpy())
    bounds = frame.total_bounds
    drawn = folium.Map(location=((bounds[1] + bounds[3]) / 2, (bounds[0] + bounds[2]) / 2), zoom_start=12, tiles=None)
    folium.GeoJson(
        frame[["code", "value", "judged", "geometry"]],
        style_function=lambda f: {"fillColor": words.get(f["properties"]["judged"], "#f4f3ef"), "weight": 1},
        tooltip=folium.GeoJsonTooltip(["code", "value", "judged"]),
    ).add_to(drawn)
    return drawn


def patrols(grids: gpd.GeoDataFrame, draw: np.random.Generator) -> pd.DataFrame:
    """Make up effort: a fifth of the grids were never stayed in."""
    nobody = draw.random(len(grids)) < 0.2
    rows = pd.DataFrame({name: np.where(nobody, 0.0, draw.gamma(2, 2, len(grids))) for name in PATROLLED.required})
    return rows.assign(code=grids["code"].to_numpy(), sight=np.where(nobody, "not_seen", "seen_found"))


def main() -> None:
    """Draw every map once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=71)
    parser.add_argument("--incidents", type=int, default=200_000)
    parser.add_argument("--periods", type=int, default=24)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--pages", action="store_true")
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}")
    plan = make_plan(asked.side, asked.side)
    grids = plan[plan["level"] == "grid"].reset_index(drop=True)
    upper = [plan[plan["level"] == level].reset_index(drop=True) for level in ("street", "community")]
    draw = np.random.default_rng(7)
    x0, y0, x1, y1 = grids.total_bounds
    heaps = draw.uniform((x0, y0), (x1, y1), (12, 2))
    xy = heaps[draw.integers(0, 12, asked.incidents)] + draw.normal(0, (x1 - x0) / 25, (asked.incidents, 2))
    xy = np.clip(xy, (x0, y0), (x1, y1))
    points = gpd.GeoDataFrame(geometry=shapely.points(xy), crs=4326)
    tree = shapely.STRtree(np.asarray(grids.geometry.array))
    point, owner = tree.query(np.asarray(points.geometry.array), predicate="intersects")
    row = np.full(asked.incidents, -1)
    row[point] = owner
    counts = np.zeros((len(grids), asked.periods))
    np.add.at(counts, (row[row >= 0], draw.integers(0, asked.periods, asked.incidents)[row >= 0]), 1.0)
    began = time.process_time()
    beside = neighbours_of(np.asarray(grids.geometry.array))
    found = getis_ord(counts.sum(axis=1), beside, side="both")
    print(
        f"{len(grids):,} grids, {asked.incidents:,} incidents: Gi* cpu {time.process_time() - began:.1f} s", flush=True
    )
    began = time.process_time()
    changed = emerging_hotspots(counts, beside)
    print(f"change over {asked.periods} periods: cpu {time.process_time() - began:.1f} s", flush=True)
    began = time.process_time()
    width = choose_bandwidth(points, grids)
    cells = density(points, grids, bandwidth_m=width.bandwidth_m, edges=True, clip=True, days=30)
    scales = other_scales(points, grids, bandwidth_m=width.bandwidth_m)
    at = pd.Series(
        pd.to_datetime(
            draw.uniform((END - timedelta(days=91)).timestamp(), END.timestamp(), asked.incidents), unit="s", utc=True
        )
    )
    dated = points.assign(occurred_at=at)
    cut = few_periods(END - timedelta(days=91), END, 13)
    metres, ground = width.bandwidth_m, float(area_m2(grids.geometry.array).sum())
    began_steps = time.process_time()
    steps = density_steps(dated, grids, cut, bandwidth_m=metres, cell_m=step_cell_m(metres, ground))
    print(f"density of {len(cut)} periods: cpu {time.process_time() - began_steps:.1f} s")
    print(f"density with its bandwidth and scales: cpu {time.process_time() - began:.1f} s, {len(cells):,} cells")
    seen = patrols(grids, draw)
    each = (END - WINDOW[0]) / asked.periods
    periods = [(WINDOW[0] + k * each, WINDOW[0] + (k + 1) * each) for k in range(asked.periods)]
    shared: dict[str, Any] = {"patrolled": seen, "upper": upper}
    maps: dict[str, Callable[[], Any]] = {
        "density": lambda: pages.hotspot_map(
            grids,
            cells,
            incidents_shown=asked.incidents,
            window=WINDOW,
            bandwidth=width,
            scales=scales,
            steps=steps,
            patrolled=seen,
            upper=upper,
        ),
        "significant hotspots": lambda: hotspot_pages.judged_map(
            grids, found, window=WINDOW, patrolled=seen, upper=upper
        ),
        f"change, {asked.periods} periods": lambda: change_pages.emerging_map(
            grids, changed, counts, periods=periods, **shared
        ),
        "two periods": lambda: change_pages.compare_map(
            grids, change_pages.Side(found, WINDOW), change_pages.Side(found, WINDOW, seen), upper=upper
        ),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, made in maps.items():
            file = measured(title, made, folder)
            if asked.pages:
                opened(file, "html[data-ready]")
        if asked.peer:
            file = measured("folium.GeoJson", lambda: plain(grids, found), folder)
            if asked.pages:
                # its scripts come from elsewhere; the copies that are vendored stand in
                from gridmap.maps.localise import VENDOR, replacements

                html = file.read_text(encoding="utf-8")
                for ending, path in replacements().items():
                    begin = html.find(ending)
                    while begin >= 0:
                        start = html.rfind('"', 0, begin)
                        html = html[: start + 1] + (VENDOR / path).as_uri() + html[begin + len(ending) :]
                        begin = html.find(ending, begin)
                file.write_text(html, encoding="utf-8")
                opened(file, "path.leaflet-interactive")


if __name__ == "__main__":
    main()
