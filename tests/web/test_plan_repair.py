"""The real faults of Vancouver: found, shown, repaired on the page Plan, and then gone by exact sums of areas."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import page_service
import pytest
import shapely
from plan_draft import Draft
from playwright.sync_api import Page, expect

from api.app import create_app
from gridmap import crs
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.services.clock import FixedClock
from gridmap.services.publishing import publish_frame
from gridmap.settings import Settings
from gridmap.store import open_store

pytestmark = [pytest.mark.browser, pytest.mark.real_data]


@pytest.fixture(scope="session")
def base_url(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service over the neighbourhoods of Vancouver, as the city gives them."""
    came = gpd.read_file(shared_data / "vancouver_neighbourhoods.geojson")
    frame = came.rename(columns={"mapid": "code"})[["code", "name", "geometry"]]
    frame = frame.assign(level="neighbourhood", parent_code=None, households=None)
    settings = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('vancouver')}/plan.gpkg", default_set="yvr")
    store = open_store(settings.database_url)
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("yvr", (Level("neighbourhood", 0),), "Vancouver"))
        publish_frame(work, "yvr", frame, valid_from=date(2025, 1, 1), published_at=page_service.NOW)
        work.commit()
    with page_service.running(create_app(settings, store, FixedClock(page_service.NOW))) as url:
        yield url
    store.close()


def test_real_faults_are_found_shown_and_repaired(page: Page) -> None:
    draft = Draft(page, "yvr", (-123.12, 49.25), zoom=12)
    epsg = crs.metric_epsg(*next(iter(draft.before.values())).centroid.coords[0])
    before = np.array(crs.to_metric(list(draft.before.values()), epsg), dtype=object)
    assert shapely.area(before).sum() - shapely.union_all(before).area > 10_000, "they overlap as they came"
    page.locator("#tab-findings").click()
    overlaps, holes = page.locator("[data-rule=overlap]"), page.locator("[data-rule=hole], [data-rule=sliver]")
    expect(overlaps.first).to_be_visible()
    assert overlaps.count() + holes.count() > 20
    assert page.locator(".leaflet-faults-pane path").count() > 20
    page.get_by_role("button", name="修复…").first.click()
    row = page.locator('.repair tr[data-code="MP"] td')
    # Mount Pleasant: the largest change, as the proposal names it
    expect(row.last).to_contain_text("−")
    expect(page.locator(".repair")).to_contain_text("修复后没有空洞和重叠")
    expect(page.locator(".leaflet-proposal-pane path").first).to_be_attached()
    # it moves more than the tolerance: nobody repairs without having said so
    expect(page.locator("#repair-do")).to_be_disabled()
    assert draft.grids() == draft.before
    page.locator("#repair-agree").check()
    page.locator("#repair-do").click()
    after = draft.stored(1)
    expect(page.locator("[data-rule=hole], [data-rule=overlap], [data-rule=sliver]")).to_have_count(0)
    shapes = np.array(list(after.values()), dtype=object)
    whole = shapely.union_all(shapes)
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    # of a square degree: less than a hundred-millionth of a square metre of overlap, and not one hole
    assert abs(shapely.area(shapes).sum() - whole.area) < 1e-15 * len(shapes)
    assert sum(shapely.get_num_interior_rings(part) for part in shapely.get_parts(whole)) == 0
    page.keyboard.press("Control+z")
    assert draft.stored(2) == draft.before
