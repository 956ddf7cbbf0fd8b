"""Proposals on the page: one is given up, one is looked at, taken over and taken back."""

import json
from collections.abc import Iterator
from typing import Any

import city
import numpy as np
import plan_world
import pytest
import shapely
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def built() -> city.City:
    """The town that is redrawn."""
    return plan_world.town()


@pytest.fixture(scope="session")
def base_url(built: city.City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service over it."""
    with plan_world.serve(tmp_path_factory.mktemp("propose"), built) as (url, _):
        yield url


def grids(page: Page, base: str) -> dict[str, Any]:
    found = page.request.get(f"{base}/areas?level=grid").json()["features"]
    return {f["id"]: shapely.from_geojson(json.dumps(f["geometry"])) for f in found}


def test_a_proposal_is_cancelled_another_taken_over_and_taken_back(
    page: Page, built: city.City, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = page.request.post("/api/v1/sets/demo/drafts", data={"note": "建议"})
    number = answer.json()["draft"]["number"]
    base = f"/api/v1/sets/demo/drafts/{number}/redraw"
    page.goto(f"/plan?set=demo&draft={number}&lang=zh")
    expect(page.locator("#stage[data-ready]")).to_be_attached()
    before = grids(page, base)
    page.locator("#propose-open").click()
    box = page.locator("#propose")
    expect(box).to_be_visible()
    expect(box).to_contain_text("按户数或工作量均衡")

    # a search without end, given up
    with monkeypatch.context() as patch:
        patch.setattr("gridmap.analysis.proposals.search._LEAST_STEPS", 10**10)
        patch.setattr("gridmap.analysis.proposals.search._MOST_STEPS", 10**11)
        page.locator("#propose-area").select_option("A05")
        page.locator("#propose-start").click()
        expect(box).to_contain_text("正在计算", timeout=60_000)
        page.locator("#propose-cancel").click()
        expect(page.locator("#propose-start")).to_be_visible(timeout=30_000)
        page.wait_for_timeout(1_000)
    for name, steps in (("_LEAST_STEPS", 4_000), ("_STEPS_A_GRID", 100), ("_STEPS_A_UNIT", 2)):
        monkeypatch.setattr(f"gridmap.analysis.proposals.search.{name}", steps)

    # a floor that cannot be had: it says what to relax
    page.locator("#propose-floor").fill("900000")
    page.locator("#propose-start").click()
    expect(box).to_contain_text("低于下限 900,000", timeout=60_000)
    page.locator("#propose-again").click()

    page.locator("#propose-floor").fill("")
    page.locator("#propose-tolerance").fill("30")
    page.locator("#propose-start").click()
    expect(box.locator(".candidate").nth(1)).to_be_visible(timeout=90_000)
    expect(box.locator(".candidate").first).to_contain_text("现状")
    page.locator("#propose-look-1").click()
    expect(page.locator('#propose[data-shown="1"]')).to_be_attached()
    assert page.locator(".leaflet-sketch-pane path").count() >= 2
    assert grids(page, base) == before, "looking changes nothing"

    page.locator("#propose-take-1").click()
    expect(page.locator('#stage[data-revision="1"]')).to_be_attached()
    after = grids(page, base)
    shapes = shapely.normalize(np.array(list(after.values()), dtype=object))
    assert shapely.coverage_is_valid(shapes)
    assert abs(shapely.area(shapes).sum() - shapely.area(list(before.values())).sum()) < 1e-13
    held = {c for c, p in zip(built.grids["code"], built.grids["parent_code"], strict=True) if p == "A05"}
    assert {c for c in before if not before[c].equals(after.get(c))} & held
    page.locator("#tab-log").click()
    expect(page.locator("#body-log")).to_contain_text("整体更新")

    page.locator("#undo").click()
    expect(page.locator('#stage[data-revision="2"]')).to_be_attached()
    assert grids(page, base) == before
    page.locator("#propose-close").click()
    expect(box).to_be_hidden()
