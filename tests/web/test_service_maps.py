"""The maps of services and of staff: a grid's card says its share and its numbers, and colours have patterns beside."""

from pathlib import Path

import city
import geopandas as gpd
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from gridmap.analysis.service_coverage import service_coverage, straight_catchments
from gridmap.analysis.staffing import staffing
from gridmap.maps import localise, service_pages
from gridmap.maps.features import Overlay

pytestmark = pytest.mark.browser
READY = "html[data-ready=true]"
HOSTILE = "<img src=x onerror=alert(1)>"


def posts(town: city.City) -> gpd.GeoDataFrame:
    """A post in the middle of every ninth grid, one of them only planned."""
    some = town.grids.iloc[::9]
    states = ["planned" if n == 0 else "open" for n in range(len(some))]
    names = [f"卫生站{n}" for n in range(len(some))]
    held = {"code": [f"p{n}" for n in range(len(some))], "name": names, "state": states}
    return gpd.GeoDataFrame(held, geometry=some.representative_point().array, crs=4326)


def shown(page: Page, folder: Path, drawn) -> None:
    file = folder / "map.html"
    file.write_text(localise.standalone(drawn), encoding="utf-8")
    page.goto(file.as_uri())
    expect(page.locator(READY)).to_be_attached()


def click(page: Page, row: int) -> None:
    at = page.evaluate(
        """row => {
            const gm = gridmapPage, at = gm.pole(gm.data.grids, row);
            gm.map.setView(at, 16, {animate: false});
            return gm.map.latLngToContainerPoint(at);
        }""",
        row,
    )
    page.mouse.click(at["x"], at["y"])


def test_the_service_map_tells_share_households_and_nearest(page, town, tmp_path, screenshots) -> None:
    facilities = posts(town)
    found = service_coverage(town.grids, straight_catchments(facilities))
    open_ones = facilities[facilities["state"] == "open"]
    new = town.grids.iloc[[20, 30]].assign(geometry=lambda f: f.geometry.representative_point())
    drawn = service_pages.service_map(
        town.grids, found.grids, layer=Overlay("卫生服务站", open_ones), reach="直线 300 米", gaps=found.gaps,
        places=service_pages.place_overlay(new, ["使 40 户第一次够得着", HOSTILE], "zh"),
        upper=(town.streets, town.areas), context=town.context,
    )  # fmt: skip
    shown(page, tmp_path, drawn)
    page.screenshot(path=screenshots / "services.png")
    legend = page.locator(".gm-legend")
    for words in ("服务空白", "覆盖不足一半", "覆盖一半以上", "卫生服务站"):
        expect(legend).to_contain_text(words)
    row = int(found.grids["area_share"].between(0.2, 0.8).idxmax())
    click(page, row)
    mine = found.grids.iloc[row]
    why = page.locator("#gridmap-card .gm-why")
    expect(why).to_contain_text(f"{100 * mine.area_share:.1f}%")
    expect(why).to_contain_text(f"{mine.nearest_m:,.0f} 米")
    # the gap that reaches into a grid, with its size and households, each with what it is a part of
    gap = found.gaps.iloc[0]
    inside = found.grids.index[found.grids["code"] == gap.grids[0]][0]
    tip = page.evaluate(
        "row => { const tip = gridmapPage.data.tips.at(-1); return tip.texts[gridmapPage.data.grids.gap[row]]; }",
        int(inside),
    )
    ground = found.grids["area_m2"].sum()
    assert tip.startswith(f"空白区 1：{gap.area_m2 / 1e4:,.1f} 公顷，占全区 {100 * gap.area_m2 / ground:.1f}%")
    assert f"约 {gap.households:,.0f} 户够不着，全区 {found.grids['households'].sum():,.0f} 户" in tip
    expect(legend).to_contain_text(f"共 {len(found.gaps)} 片")
    # new places carry their number, and their reason as text
    expect(page.locator(".gm-numbered")).to_have_text(["1", "2"])
    page.evaluate(
        "at => void gridmapPage.map.setView(at, 16, {animate: false})", [new.geometry.iloc[1].y, new.geometry.iloc[1].x]
    )
    page.locator(".gm-numbered").nth(1).hover()
    expect(page.locator(".gm-tooltip").last).to_contain_text(HOSTILE)
    page.screenshot(path=screenshots / "services-card.png")


def test_the_staffing_map_tells_what_is_needed_and_there(page, town, tmp_path, screenshots) -> None:
    households = town.grids["households"].fillna(0).astype(int)
    present = pd.DataFrame({"grid_code": town.grids["code"], "heads": 1, "workers": -(-households // 150)})
    present.loc[[3, 40], "workers"] -= 1
    present.loc[5, "heads"] = 0
    present.loc[7, "workers"] += 2
    found = staffing(town.grids, present)
    assert found.attrs["summary"]["under"] == 3
    drawn = service_pages.staffing_map(town.grids, found, upper=(town.streets, town.areas), context=town.context)
    shown(page, tmp_path, drawn)
    page.screenshot(path=screenshots / "staffing.png")
    expect(page.locator(".gm-legend")).to_contain_text("共缺网格长 1 人、网格员 2 人")
    click(page, 40)
    mine = found.iloc[40]
    expect(page.locator("#gridmap-card .gm-why")).to_contain_text(f"应配网格员 {mine.workers_needed} 人")
    expect(page.locator("#gridmap-card .gm-why")).to_contain_text(f"现有网格员 {mine.workers} 人")
    expect(page.locator("#gridmap-card .gm-why")).to_contain_text(f"平均每名网格员 {mine.load:,.1f} 户")
    whole = found.attrs["summary"]
    load = households.sum() / whole["workers"]
    wanted = f"应配网格员 {whole['workers_needed']:,} 人，现有 {whole['workers']:,} 人，平均每人 {load:,.1f} 户"
    expect(page.locator(".gm-legend")).to_contain_text(wanted)


def test_fills_of_states_differ_by_pattern_and_not_by_colour_alone() -> None:
    for looks in (service_pages._SERVICE, service_pages._STAFF):
        patterns = [look.get("pattern") for look in looks.values()]
        assert len(set(patterns)) == len(patterns)


def test_the_front_page_leads_to_staff_and_says_when_there_are_no_facilities(page: Page) -> None:
    page.goto("/?lang=zh")
    page.locator("#pages a", has_text="人员").click()
    expect(page.frame_locator("#frame").locator(READY)).to_be_attached()
    expect(page.frame_locator("#frame").locator(".gm-legend")).to_contain_text("网格人员配备")
    expect(page.locator("#panel fieldset", has_text="时间")).to_have_count(0)
    page.locator("#pages a", has_text="服务").click()
    expect(page.locator("#notice")).to_contain_text("还没有设施")
