"""Gaps, recency, effort, blind spots and inspections in the browser: what is shown, why, and what is drawn to check."""

import re
from collections.abc import Iterator
from datetime import timedelta

import city
import geopandas as gpd
import page_service
import pytest
import shapely
from playwright.sync_api import FrameLocator, Page, expect

from gridmap import crs
from gridmap.domain.boundaries import ALWAYS
from gridmap.domain.features import FeatureLayer
from gridmap.domain.inspections import Check, CheckOutcome
from gridmap.services.clock import day_in
from gridmap.services.features import import_layer
from gridmap.services.ports import Store
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

pytestmark = pytest.mark.browser
READY = "html[data-ready=true]"
#: So many relics; the first of them were checked last week, the next two long ago, the rest never.
RELICS, CHECKED, LONG_AGO = 9, 5, 2


def never_seen(town: city.City) -> list[str]:
    """The grids in which no patrol was, in order of their codes."""
    been = gpd.sjoin(town.fixes, town.grids, predicate="within")["code"]
    return sorted(set(town.grids["code"]) - set(been))


@pytest.fixture(scope="session")
def base_url(town: city.City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The city with cameras over one of the grids that nobody goes to, and relics that are inspected."""

    def more(store: Store, settings: Settings) -> None:
        watched = crs.to_metric(town.grids.set_index("code").geometry[[never_seen(town)[0]]].array, city.EPSG)[0]
        x0, y0, x1, y1 = watched.bounds
        spots = [shapely.Point(x, y) for x in range(int(x0), int(x1), 60) for y in range(int(y0), int(y1), 60)]
        cameras = crs.from_metric([spot for spot in spots if watched.contains(spot)], city.EPSG)
        relics = shapely.point_on_surface(town.grids.geometry.array[:RELICS])
        for name, title, code, points in (
            ("cameras", "公共视频", "SP", cameras), ("relics", "文物点", "WW", relics)
        ):  # fmt: skip
            held = {"code": [f"{code}{n:03d}" for n in range(len(points))], "name": "", "state": "open"}
            frame = gpd.GeoDataFrame(
                {**held, "attributes": [{} for _ in points]}, geometry=list(points), crs=crs.WGS84
            )  # fmt: skip
            plans = Plans(store)
            import_layer(
                store, plans, plans.resolve_set("demo"), FeatureLayer(name, title), frame,
                today=page_service.NOW.date(), settings=settings, valid_from=ALWAYS, commit=True,
            )  # fmt: skip
        with store.unit_of_work() as work:
            ages = [7] * CHECKED + [150] * LONG_AGO
            times = [page_service.NOW - timedelta(days=age) for age in ages]
            checks = [
                Check(f"WW{n:03d}", at, day_in(at, settings.time_zone), CheckOutcome.COMPLETE, "", "tester")
                for n, at in enumerate(times)
            ]
            work.inspections.add_checks("relics", checks)
            work.commit()

    with page_service.serve(tmp_path_factory.mktemp("patrols"), town=town, more=more) as url:
        yield url


@pytest.fixture
def expected_errors() -> list[str]:
    """The answer to a seed that was used before."""
    return ["status of 409"]


def drawn(page: Page, title: str) -> FrameLocator:
    """The map in its frame, once it is there and about what was asked for."""
    frame = page.frame_locator("#frame")
    # the first reader of a window waits until it is worked out, and on a busy machine until loops are compiled
    expect(frame.locator(".gm-legend summary")).to_have_text(title, timeout=90_000)
    expect(frame.locator(READY)).to_be_attached()
    return frame


def counted(frame: FrameLocator) -> list[int]:
    """What the legend says of each look."""
    texts = frame.locator(".gm-legend li:has(.gm-swatch:not(.gm-swatch-line)) .gm-legend-count").all_inner_texts()
    return [int(text.replace(",", "")) for text in texts]


def test_the_reader_goes_from_gaps_to_recency_and_effort_and_through_the_days(page: Page, screenshots) -> None:
    page.goto("/?page=coverage&lang=zh")
    frame = drawn(page, "巡查覆盖与盲区")
    whole = counted(frame)
    slider, said = frame.locator(".gm-steps input"), frame.locator(".gm-steps output")
    expect(said).to_have_text("整个时段")
    # the first day has but half a minute in the window: on to the first whole one
    for _ in range(2):
        frame.locator(".gm-steps button").last.click()
    expect(said).to_have_text(re.compile(r"\d\d-\d\d 周."))
    expect(slider).to_have_value("2")
    day = counted(frame)
    assert day != whole
    # what nobody looked at in a day is no less than in the week
    assert day[0] + day[1] >= whole[0] + whole[1]
    inner = page.frames[-1]
    shown = inner.evaluate("gridmapPage.data.grids.fill.filter((f) => f === 1).length")
    assert shown == day[1]
    row = inner.evaluate("gridmapPage.data.grids.fill.indexOf(0)")
    if row >= 0:
        inner.evaluate("row => gridmapPage.select(row)", row)
        happened = inner.evaluate("row => gridmapPage.data.grids.incidents[row]", row)
        expect(frame.locator(".gm-why")).to_contain_text(f"发生过 {happened} 件事件")
    page.screenshot(path=screenshots / "coverage-day.png")
    for _ in range(2):
        frame.locator(".gm-steps button").first.click()
    expect(said).to_have_text("整个时段")
    assert counted(frame) == whole

    page.locator("#panel button", has_text="时效").click()
    frame = drawn(page, "距上次停留的时间")
    assert "show=recency" in page.url
    expect(frame.locator(".gm-legend-foot")).to_contain_text("应巡周期")
    expect(frame.locator(".gm-steps")).to_have_count(0)
    inner = page.frames[-1]
    inner.evaluate("gridmapPage.select(0)")
    expect(frame.locator(".gm-why")).to_contain_text("天")
    page.screenshot(path=screenshots / "recency.png")

    page.locator("#panel button", has_text="工作量").click()
    frame = drawn(page, "巡查小时数")
    expect(frame.locator(".gm-legend-foot")).to_contain_text("停留满 3 分钟")
    page.screenshot(path=screenshots / "effort.png")
    page.go_back()
    drawn(page, "距上次停留的时间")
    expect(page.locator("#panel button", has_text="时效")).to_have_attribute("aria-pressed", "true")


def test_blind_spots_are_told_by_three_patterns_and_relics_are_drawn_to_check_again(
    page: Page, town: city.City, screenshots
) -> None:
    page.goto("/?page=coverage&show=blind&lang=zh")
    frame = drawn(page, "谁在看")
    inner = page.frames[-1]
    looks = inner.evaluate("gridmapPage.data.grids.fill")
    codes = inner.evaluate("gridmapPage.data.grids.code")
    with_incident, without, camera, patrol = range(4)
    (watched, *blind) = never_seen(town)
    assert looks[codes.index(watched)] == camera
    assert {looks[codes.index(code)] for code in blind} <= {with_incident, without}
    assert counted(frame)[:4] == [looks.count(look) for look in (with_incident, without, camera, patrol)]
    assert looks.count(camera) == 1
    patterns = frame.locator(".gm-legend li:has(.gm-swatch:not(.gm-swatch-line)) .gm-swatch")
    drawn_by = patterns.evaluate_all("all => all.slice(0, 4).map((one) => one.style.backgroundImage)")
    assert len({re.sub(r"rgb\(.*?\)|#[0-9a-f]+", "", image) for image in drawn_by}) == 4
    inner.evaluate("row => gridmapPage.select(row)", codes.index(watched))
    expect(frame.locator(".gm-why")).to_contain_text("摄像头")
    page.screenshot(path=screenshots / "blind.png")

    panel = page.locator(".best-places", has_text="定期检查")
    panel.locator("summary").click()
    expect(panel.locator("section h3")).to_have_text("文物点")
    told = dict(zip(panel.locator("dt").all_inner_texts(), panel.locator("dd").all_inner_texts(), strict=True))
    assert told["已超期"] == str(RELICS - CHECKED)
    assert told["本周期完整检查"] == str(CHECKED)
    expect(panel.locator("ol.places button")).to_have_count(RELICS - CHECKED)
    drawn_before = panel.locator("ul.places li")
    expect(drawn_before).to_have_text("还没有抽样记录。")
    panel.get_by_label("抽几个").fill("3")
    panel.get_by_label("随机种子").fill("十一月二日 当众抽取")
    panel.get_by_role("button", name="抽样").click()
    expect(panel.locator("form [role=status]")).to_contain_text(f"已记录第 1 号抽样：{CHECKED} 个中抽 3 个")
    expect(drawn_before).to_contain_text(["种子 十一月二日 当众抽取，结果可复核"])
    first = drawn_before.locator("span").last.inner_text().split(", ")
    assert len(set(first)) == 3
    assert set(first) <= {f"WW{n:03d}" for n in range(CHECKED)}
    body = page.request.get("/api/v1/inspections/draws?layer=relics").json()["draws"]
    assert [one["chosen"] for one in body] == [first]
    # a seed that was used is refused in words, and nothing is drawn
    panel.get_by_label("随机种子").fill("十一月二日 当众抽取")
    panel.get_by_role("button", name="抽样").click()
    expect(panel.locator("form .wrong")).to_contain_text("已用过这个种子")
    expect(drawn_before).to_have_count(1)
    panel.get_by_label("随机种子").fill("")
    panel.get_by_label("从哪些中抽").select_option("all")
    panel.get_by_label("抽几个").fill(str(RELICS))
    panel.get_by_role("button", name="抽样").click()
    expect(drawn_before).to_have_count(2)
    page.screenshot(path=screenshots / "inspections.png")


def test_best_places_on_foot_are_told_in_minutes_and_kept_in_the_address(page: Page, screenshots) -> None:
    page.goto("/?page=services&layer=relics&lang=zh")
    drawn(page, "服务覆盖：文物点")
    page.get_by_label("服务范围").select_option("w15")
    frame = drawn(page, "服务覆盖：文物点")
    expect(frame.locator(".gm-legend")).to_contain_text("步行 15 分钟")
    panel = page.locator(".best-places")
    panel.locator("summary").click()
    panel.get_by_label("新增几处").fill("2")
    panel.get_by_role("button", name="计算").click()
    expect(panel.locator(".found .sum")).to_contain_text("步行 15 分钟内有设施的住户")
    expect(page).to_have_url(re.compile(r"reach=w15.*find=cover_most\.2\.0|find=cover_most\.2\.0.*reach=w15"))
    answer = page.request.get("/api/v1/services/places?layer=relics&minutes=15&count=2&lang=zh").json()
    assert answer["households_off_road"] > 0  # there are two roads in all
    expect(panel.locator(".found")).to_contain_text("200 米内没有道路")
    told = panel.locator("ol.places button span").all_inner_texts()
    assert told == [place["reason"] for place in answer["places"]]
    assert all("分钟" in reason for reason in told)
    assert len(told) == 2
    expect(frame.locator(".gm-legend")).to_contain_text("新增选址建议")
    page.screenshot(path=screenshots / "best-places-on-foot.png")
    panel.get_by_label("目标").select_option("shortest_ways")
    panel.get_by_role("button", name="计算").click()
    expect(panel.locator(".found .sum")).to_contain_text("住户步行到最近设施的平均时间")
    panel.get_by_role("button", name="清除").click()
    expect(panel.locator(".found")).to_have_count(0)
