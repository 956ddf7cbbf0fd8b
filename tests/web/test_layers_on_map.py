"""Facilities and zones in a real browser: shown, named, switched off and on, and never code."""

from pathlib import Path

import city
import geopandas as gpd
import pytest
import shapely
from playwright.sync_api import Page, expect
from pointing import point_at

from gridmap.crs import WGS84
from gridmap.maps import localise, pages
from gridmap.maps.features import Overlay

pytestmark = pytest.mark.browser
READY = "html[data-ready=true]"
HOSTILE = "<img src=x onerror=alert(1)>{{ 7*7 }}"


@pytest.fixture
def drawn(page: Page, town: city.City, tmp_path: Path) -> Page:
    """A page with a layer of three kinds and a layer with a hostile title and name."""
    here = shapely.point_on_surface(town.grids.geometry[40])
    x, y = here.x, here.y
    stations = gpd.GeoDataFrame(
        {"code": ["p", "l", "z"], "name": ["服务站", "绿道", "景区"], "state": ["open", "planned", "built"]},
        geometry=[
            here,
            shapely.LineString([(x - 0.001, y + 0.0008), (x + 0.001, y + 0.0008)]),
            shapely.box(x - 0.0016, y - 0.0016, x + 0.0016, y + 0.0016),
        ],
        crs=WGS84,
    )
    hostile = stations.iloc[:1].assign(name=HOSTILE, geometry=shapely.Point(x, y - 0.0008))
    overlays = [Overlay("设施", stations), Overlay(HOSTILE, hostile.set_crs(WGS84))]
    file = tmp_path / "map.html"
    upper = (town.streets, town.areas)
    file.write_text(localise.standalone(pages.grid_map(town.grids, upper=upper, overlays=overlays)), encoding="utf-8")
    page.goto(file.as_uri())
    expect(page.locator(READY)).to_be_attached()
    page.evaluate("([y, x]) => void gridmapPage.map.setView([y, x], 17, {animate: false})", [y, x])
    return page


def on_screen(page: Page, dx: float, dy: float) -> dict:
    """Where a place lies on the screen, in degrees from the middle of the view."""
    return page.evaluate(
        """([dx, dy]) => { const c = gridmapPage.map.getCenter();
            return gridmapPage.map.latLngToContainerPoint([c.lat + dy, c.lng + dx]); }""",
        [dx, dy],
    )


def paths(page: Page):
    """What is seen of the layers; the wide lines that meet the mouse are not."""
    return page.locator(".leaflet-gm-features-pane path:not([stroke-opacity='0'])")


def test_points_lines_and_areas_are_drawn_and_named(drawn: Page) -> None:
    expect(paths(drawn)).to_have_count(4)
    tip = drawn.locator(".gm-tip")
    for dx, dy, name, state in (
        (0, 0, "服务站", "开放"),
        (0.0005, 0.0008, "绿道", "规划"),
        (0.0016, 0.0004, "景区", "建成"),
    ):
        at = on_screen(drawn, dx, dy)
        point_at(drawn, at)
        expect(tip.filter(has_text=name)).to_contain_text(state)


def test_a_click_on_a_facility_or_inside_a_zone_asks_for_the_grid(drawn: Page, town: city.City) -> None:
    for dx, dy in ((0, 0), (0.0008, -0.0002)):
        at = on_screen(drawn, dx, dy)
        drawn.mouse.click(at["x"], at["y"])
        expect(drawn.locator("#gridmap-card h2")).to_have_text(town.grids["name"][40])
        drawn.keyboard.press("Escape")
        expect(drawn.locator("#gridmap-card")).to_be_hidden()


def test_a_layer_can_be_switched_off_and_on(drawn: Page) -> None:
    button = drawn.locator(".leaflet-control-layers").bounding_box()
    drawn.mouse.move(button["x"] + 20, button["y"] + 20)
    drawn.get_by_label("设施").uncheck()
    expect(paths(drawn)).to_have_count(1)
    drawn.get_by_label("设施").check()
    expect(paths(drawn)).to_have_count(4)


def test_the_legend_tells_states_apart_and_hostile_words_are_words(drawn: Page) -> None:
    rows = drawn.locator(".gm-legend li")
    expect(rows.nth(0)).to_contain_text("设施（规划）")
    expect(rows.nth(3)).to_contain_text(HOSTILE)
    styles = rows.locator(".gm-swatch-dot").evaluate_all("all => all.map((x) => getComputedStyle(x).borderTopStyle)")
    assert styles == ["dashed", "solid", "solid", "solid"]
    at = on_screen(drawn, 0, -0.0008)
    point_at(drawn, at)
    expect(drawn.locator(".gm-tip strong", has_text="onerror")).to_have_text(HOSTILE)
    assert drawn.locator("img[src=x]").count() == 0
