"""Maps as files: 5,000 grids and 200,000 incidents in at most 3 MB, opened from disk with the network off."""

from datetime import timedelta
from pathlib import Path

import city
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from playwright.sync_api import Page, expect

from gridmap import density, emerging_hotspots, forecast, getis_ord, neighbours_of
from gridmap.analysis.density_steps import density_steps
from gridmap.analysis.frames import PATROLLED
from gridmap.analysis.period_counts import few_periods
from gridmap.crs import area_m2
from gridmap.maps import change_pages, forecast_pages, hotspot_pages, pages
from gridmap.services.hotspots import step_cell_m

pytestmark = pytest.mark.browser
MOST_BYTES = 3_000_000
INCIDENTS, PERIODS = 200_000, 24
WINDOW = (city.NEWEST - timedelta(days=24), city.NEWEST)
KINDS = ("density", "judged", "change", "forecast", "sides")


@pytest.fixture(scope="module")
def large() -> dict[str, Path | object]:
    """5,041 grids, 200,000 incidents in heaps, patrols in four fifths of the grids."""
    town = city.build(71, 71)
    rng = np.random.default_rng(7)
    x0, y0, x1, y1 = town.grids.total_bounds
    heaps = rng.uniform((x0, y0), (x1, y1), (12, 2))[rng.integers(0, 12, INCIDENTS)]
    xy = np.clip(heaps + rng.normal(0, (x1 - x0) / 25, (INCIDENTS, 2)), (x0, y0), (x1, y1))
    points = gpd.GeoDataFrame(geometry=shapely.points(xy), crs=4326)
    nearest = shapely.STRtree(np.asarray(town.grids.geometry.array)).query_nearest(
        np.asarray(points.geometry.array), all_matches=False
    )[1]
    counts = np.zeros((len(town.grids), PERIODS))
    np.add.at(counts, (nearest, rng.integers(0, PERIODS, INCIDENTS)), 1.0)
    nobody = rng.random(len(town.grids)) < 0.2
    rows = pd.DataFrame({name: np.where(nobody, 0.0, rng.gamma(2, 2, len(nobody))) for name in PATROLLED.required})
    patrolled = rows.assign(code=town.grids["code"].to_numpy(), sight=np.where(nobody, "not_seen", "seen_found"))
    beside = neighbours_of(town.grids.geometry.array)
    found = getis_ord(counts.sum(axis=1), beside, side="both", draws=0)
    each = (WINDOW[1] - WINDOW[0]) / PERIODS
    periods = [(WINDOW[0] + k * each, WINDOW[0] + (k + 1) * each) for k in range(PERIODS)]
    common = {"upper": (town.streets, town.areas), "context": town.context, "patrolled": patrolled}

    def draw(kind: str):
        if kind == "density":
            cells = density(points, town.grids, bandwidth_m=600, edges=True, clip=True, days=24)
            span = (WINDOW[1] - timedelta(days=91), WINDOW[1])
            at = pd.to_datetime(rng.uniform(*(end.timestamp() for end in span), INCIDENTS), unit="s", utc=True)
            cut = few_periods(*span, 13)
            side = step_cell_m(600, float(area_m2(town.grids.geometry.array).sum()))
            steps = density_steps(points.assign(occurred_at=at), town.grids, cut, bandwidth_m=600, cell_m=side)
            assert len(steps.periods) == 13
            return pages.hotspot_map(town.grids, cells, incidents_shown=INCIDENTS, window=span, steps=steps, **common)
        if kind == "forecast":
            x, y = town.grids.geometry.representative_point().to_crs(city.EPSG).get_coordinates().to_numpy().T
            area = area_m2(town.grids.geometry.array) / 1e6
            made = forecast(counts, x, y, area, bandwidth_m=1_500)
            return forecast_pages.forecast_map(town.grids, made, area, foreseen=WINDOW, learnt=WINDOW, **common)
        if kind == "judged":
            return hotspot_pages.judged_map(town.grids, found, window=WINDOW, **common)
        if kind == "change":
            changed = emerging_hotspots(counts, beside, draws=0)
            return change_pages.emerging_map(town.grids, changed, counts, periods=periods, **common)
        side = change_pages.Side(found, WINDOW, common.pop("patrolled"))
        return change_pages.compare_map(town.grids, side, side, **common)

    return {"draw": draw, "town": town, "found": found}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_5000_grids_is_small_and_opens_from_disk_without_a_network(
    page: Page, large, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / f"{kind}.html"
    large["draw"](kind).save(str(file))
    assert file.stat().st_size <= MOST_BYTES, f"{file.stat().st_size:,} bytes"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    page.goto(file.as_uri())
    expect(page.locator("html[data-ready=true]")).to_be_attached()
    # the file itself, and what is written in it
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}
    assert sum(url.startswith("file:") for url in asked) == 1
    assert page.evaluate("gridmapPage.shapes.length") == len(large["town"].grids)
    painted = page.evaluate(
        """() => { const c = document.querySelector('.leaflet-gm-grids-pane canvas');
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            let n = 0; for (let i = 3; i < d.length; i += 4) { if (d[i]) { n += 1; } } return n; }"""
    )
    assert painted > 10_000
    page.locator(".gm-about summary").click()
    expect(page.locator(".gm-about dt").first).to_be_visible()
    expect(page.locator(".gm-save")).to_have_count(0)  # it is the file
    page.locator(".gm-about summary").click()
    # a grid says why it has its colour, and what patrols did, without anybody to ask
    row = int(np.flatnonzero(large["found"]["judged"] == "hot")[0])
    page.evaluate(f"gridmapPage.select({row})")
    card = page.locator("#gridmap-card")
    expect(card.locator("h2")).to_have_text(large["town"].grids["name"][row])
    expect(card).to_contain_text("PAI" if kind == "forecast" else "巡查")
    if kind == "density":
        image = """() => { const c = document.querySelector('.leaflet-gm-surface-pane canvas');
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            return d.reduce((n, v, i) => n + (i % 4 === 3 && v ? 1 : 0), 0); }"""
        page.locator(".gm-steps").get_by_role("button", name="下一段").click()
        expect(page.locator(".gm-steps output")).to_contain_text("–")
        assert page.evaluate(image) > 10_000
    if kind == "change":
        slider = page.locator(".gm-steps input")
        slider.focus()
        page.keyboard.press("End")
        expect(page.locator(".gm-legend-foot").first).to_contain_text("本时段")
        assert (
            int(page.locator(".gm-legend li:not([hidden]) .gm-legend-count").first.inner_text().replace(",", "")) >= 0
        )
        assert page.locator(".gm-legend li:not([hidden])", has_text="本时段是热点").count() == 1
    if kind == "sides":
        page.evaluate("void gridmapPage.map.setView([36.05, 120.25], 14, {animate: false})")
        assert page.evaluate("gridmapPage.second.getZoom()") == 14
        page.evaluate("void gridmapPage.second.panBy([200, 90], {animate: false})")
        apart = page.evaluate("gridmapPage.map.getCenter().distanceTo(gridmapPage.second.getCenter())")
        assert apart < 15  # metres: less than a pixel or two
        assert page.locator(".leaflet-gm-mark-pane path").count() == 4  # the selection, on both


@pytest.mark.slow
def test_a_file_of_20000_grids_is_drawn_on_canvas(page: Page, tmp_path: Path) -> None:
    """Not how fast, which benchmarks/maps.py measures: that it is drawn at all, without a node for each grid."""
    town = city.build(141, 141)
    value = np.arange(len(town.grids), dtype=float) % 7
    words = np.where(value > 5, "hot", "usual")
    found = pd.DataFrame({"value": value, "beside": 8, "more": value, "p": 0.5, "z": 0.0, "judged": words})
    for name in ("around", "expected", "q"):
        found[name] = value
    found.attrs["summary"] = {
        "places": len(value), "judged": len(value), "hot": int((words == "hot").sum()), "cold": 0, "side": "high",
        "rate": 0.05, "draws": 99, "most_draws": 99, "seed": 1, "mean": 3.0, "reason": None,
    }  # fmt: skip
    file = tmp_path / "many.html"
    hotspot_pages.judged_map(town.grids, found, window=WINDOW).save(str(file))
    assert file.stat().st_size <= 7_500_000
    page.context.set_offline(True)
    page.goto(file.as_uri())
    expect(page.locator("html[data-ready=true]")).to_be_attached(timeout=60_000)
    assert page.evaluate("gridmapPage.shapes.length") == 19_881
    assert page.evaluate("document.querySelectorAll('*').length") < 2_000
