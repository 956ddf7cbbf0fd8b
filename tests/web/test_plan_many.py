"""Sets with more grids than a page can hold: only what is in view is read."""

import json
import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import geopandas as gpd
import numpy as np
import page_service
import pandas as pd
import pytest
import shapely
from playwright.sync_api import Page, Response, expect

from api.app import create_app
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.services.clock import FixedClock
from gridmap.services.publishing import publish_frame
from gridmap.settings import Settings
from gridmap.store import open_store

pytestmark = pytest.mark.browser

LEVELS = (Level("street", 0), Level("grid", 1))
ROOT = Path(__file__).resolve().parents[2]
X0, Y0, STEP = 120.0, 36.0, 0.002


def fishnet(side: int) -> gpd.GeoDataFrame:
    """Give square grids, side by side, under four streets."""
    half = side // 2
    rows = []
    for street, (i0, j0) in enumerate(((0, 0), (half, 0), (0, half), (half, half))):
        x, y = X0 + i0 * STEP, Y0 + j0 * STEP
        rows.append((f"S{street}", "street", None, shapely.box(x, y, X0 + (i0 + half) * STEP, Y0 + (j0 + half) * STEP)))
    for i, j in np.ndindex(side, side):
        box = shapely.box(X0 + i * STEP, Y0 + j * STEP, X0 + (i + 1) * STEP, Y0 + (j + 1) * STEP)
        rows.append((f"g{i:03d}{j:03d}", "grid", f"S{(i >= half) + 2 * (j >= half)}", box))
    frame = pd.DataFrame(rows, columns=["code", "level", "parent_code", "geometry"])
    frame["name"], frame["households"] = frame["code"], None
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


def serve(folder: Path, side: int) -> Iterator[str]:
    settings = Settings(database_url=f"sqlite:///{folder}/plan.gpkg", default_set="many")
    store = open_store(settings.database_url)
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("many", LEVELS, "很多网格"))
        publish_frame(work, "many", fishnet(side), valid_from=date(2025, 1, 1), published_at=page_service.NOW)
        work.commit()
    with page_service.running(create_app(settings, store, FixedClock(page_service.NOW))) as url:
        yield url
    store.close()


@pytest.fixture(scope="session")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service over 400 grids; with GRIDMAP_LONG over 20,000."""
    yield from serve(tmp_path_factory.mktemp("many"), 142 if os.environ.get("GRIDMAP_LONG") else 20)


def width(response: Response) -> float:
    """Give the width in degrees of the box that a reading of grids asked for."""
    west, _, east, _ = map(float, parse_qs(urlsplit(response.url).query)["bbox"][0].split(","))
    return east - west


def test_only_what_is_in_view_is_read_and_from_afar_the_level_above_is_shown(page: Page) -> None:
    long = bool(os.environ.get("GRIDMAP_LONG"))
    most = 3000 if long else 60
    source = (ROOT / "api/web/js/plan/loader.js").read_text("utf-8")
    assert "MANY = 3000" in source
    page.route("**/js/plan/loader.js*", lambda route: route.fulfill(
        body=source.replace("MANY = 3000", f"MANY = {most}"), content_type="text/javascript"))  # fmt: skip
    read: list[Response] = []
    page.on("response", lambda r: read.append(r) if "/redraw/areas?level=grid" in r.url else None)
    made = page.request.post("/api/v1/sets/many/drafts", data={"note": "多"}).json()["draft"]["number"]
    info = page.request.get(f"/api/v1/sets/many/drafts/{made}/redraw").json()
    assert info["areas"] > most
    page.goto(f"/plan?set=many&draft={made}&lang=zh")
    expect(page.locator("#stage[data-ready]")).to_be_attached()
    (first,) = read
    assert "bbox=" in first.url
    assert 0 < len(json.loads(first.body())["features"]) <= most
    # further along what comes into view is read
    for _ in range(2):
        page.mouse.move(600, 400)
        page.mouse.down()
        page.mouse.move(180, 400, steps=4)
        page.mouse.up()
        page.wait_for_timeout(300)
    expect(page).to_have_url(re.compile(r"#v="))
    asked = "performance.getEntriesByType('resource').filter(e => e.name.includes('areas?level=grid')).length"
    page.wait_for_function(f"{asked} > 1")
    zoom, lat, lon = map(float, re.findall(r"v=([\d.]+)/([\d.]+)/([\d.]+)", page.url)[0])
    near = max(width(r) for r in read)
    # from afar nothing is read (an answer to the last move may still come), the page says why, the streets are there
    page.locator(".fit").click()
    expect(page.locator("#far")).to_contain_text("放大后显示网格")
    page.wait_for_timeout(500)
    assert max(width(r) for r in read) <= 1.05 * near
    page.locator("#level").select_option("street")
    expect(page.locator(".map-label").first).to_have_text(re.compile("^S"))
    # and nearer again it goes
    page.goto("about:blank")
    page.goto(f"/plan?set=many&draft={made}&lang=zh#v={zoom + 1}/{lat}/{lon}")
    expect(page.locator("#stage[data-ready]")).to_be_attached()
    expect(page.locator("#far")).to_be_hidden()
