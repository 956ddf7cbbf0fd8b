"""The leader's page with the service behind it: numbers, their cases, charts, areas, both languages, three sizes."""

import re
from collections.abc import Iterator
from typing import Any

import city
import dispatch_world
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

#: Words that stick out of what holds them, and anything wider than the page.
TOO_WIDE = """() => [...document.querySelectorAll(".tile, .card, .map header, .asked, .periods, .periods button")]
  .filter((node) => node.scrollWidth > node.clientWidth + 1 || node.getBoundingClientRect().right > innerWidth + 1)
  .map((node) => node.className)"""


@pytest.fixture(scope="session")
def served(town: city.City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """A service with eight cases, three of them closed."""
    with dispatch_world.serve(tmp_path_factory.mktemp("lead"), town, access="open") as found:
        yield found


@pytest.fixture(scope="session")
def base_url(served: tuple[str, Any]) -> str:
    return served[0]


@pytest.fixture(scope="session")
def filled(served: tuple[str, Any], town: city.City, playwright: Any) -> None:
    """Eight cases, three of them closed; closed ones are due when their limit is up, so only their count is asked."""
    request = playwright.request.new_context(base_url=served[0])
    steps = (("file", "supervisor"), ("dispatch", "dispatcher"), ("accept", "field"), ("handle", "field"),
             ("verify", "supervisor"), ("close", "supervisor"))  # fmt: skip
    for k, (lon, lat) in enumerate(dispatch_world.spots(town, 8)):
        item = {"case_id": f"lead-{k}", "category": ["E1-01", "E1-02"][k % 2], "lon": lon, "lat": lat,
                "channel": "patrol"}  # fmt: skip
        answer = request.post("/api/v1/cases", data={"items": [item]})
        assert answer.json()["results"][0]["status"] == "accepted", answer.text()
        for version, (act, role) in enumerate(steps[: 6 if k < 3 else 0], 1):
            more = {"names": "grid:A"} if act == "dispatch" else {"reason": "好了"} if act == "handle" else {}
            asked = {"act": act, "role": role, "version": version, **more}
            done = request.post(f"/api/v1/cases/lead-{k}/acts", data=asked)
            assert done.ok, done.text()
    request.dispose()


@pytest.fixture
def expected_errors() -> list[str]:
    return []


def opened(page: Page, query: str = "lang=zh") -> Page:
    page.goto(f"/lead?{query}")
    expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".card.of-alerts")).to_have_attribute("aria-busy", "false")
    return page


def test_the_numbers_open_their_cases_and_the_charts_have_tables(page: Page, filled: None) -> None:
    page.set_viewport_size({"width": 1366, "height": 768})
    said = {"title": "网格没有网格长", "text": "没有在岗的网格长", "grade": "warning"}
    headless = {**said, "about": "grid", "subject": "B", "cases": []}
    page.route("**/api/v1/cases/alerts", lambda route: route.fulfill(json={"alerts": [headless]}))
    burst = {"category": "E5-01", "title": "入室盗窃", "observed": 86, "code": "B", "name": "乙网格",
             "since": "2026-07-01T16:00:00Z", "sentence": "近 2 周内 86 件，预期约 15 件"}  # fmt: skip
    page.route("**/api/v1/hotspots/sudden?*", lambda route: route.fulfill(json={"clusters": [burst], "said": ["一处"]}))
    opened(page)
    sudden = page.locator(".card.of-sudden")
    expect(sudden.locator("b")).to_have_text("入室盗窃（86 件）")
    expect(sudden.locator("a")).to_have_attribute(
        "href", re.compile("page=hotspots.*category=E5-01.*show=significant.*#.*grid=B")
    )
    expect(sudden).to_contain_text("预期约 15 件")
    expect(page.locator(".of-alerts a")).to_have_attribute("href", re.compile("^/\\?.*#grid=B$"))
    expect(page.locator("#pages a[aria-current]")).to_have_text("看板")
    reported = page.locator(".tile[data-name=reported]")
    expect(reported.locator("strong")).to_have_text("8")
    expect(page.locator(".tile[data-name=open] strong")).to_have_text("5")
    expect(page.locator(".tile[data-name=proactive]")).to_contain_text("8 / 8 件")
    reported.click()
    dialog = page.locator("dialog.cases")
    expect(dialog.locator("h2")).to_have_text("上报案件（8 件）")
    expect(dialog.locator("tbody tr")).to_have_count(8)
    expect(dialog.locator("tbody a").first).to_have_attribute("href", "/dispatch?case=lead-0&lang=zh")
    dialog.get_by_role("button", name="关闭").click()
    expect(dialog).to_be_hidden()
    assert page.locator(".card.of-course .amount").count() == 31
    heights = page.eval_on_selector_all(".card.of-course .amount", "all => all.map((bar) => bar.getBBox().height)")
    assert max(heights) > 50
    assert sorted(heights)[-2] == 0  # all on one day
    page.locator(".card.of-course summary").click()
    expect(page.locator(".card.of-course tbody tr").last).to_contain_text("8")
    assert page.locator(".card.of-types li").count() == 2
    expect(page.locator(".card.of-types li").first).to_contain_text("4")
    # both maps are there, with their own words
    for name in ("hotspots", "coverage"):
        frame = page.frame_locator(f"iframe[src*='{name}']")
        expect(frame.locator("#gridmap-data")).to_be_attached()
        # folded in a frame that it would cover; nothing is said of drawing when the map is there
        expect(frame.locator(".gm-legend")).not_to_have_attribute("open", "")
    expect(page.locator(".map .ground.waiting")).to_have_count(0)
    expect(page.locator(".map .ground p")).to_have_count(0)
    page.get_by_role("button", name="EN").click()
    expect(reported).to_contain_text("Cases reported")
    expect(page.locator(".card.of-places h2")).to_have_text("Ranking")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_an_area_and_a_period_are_chosen_and_the_address_says_so(page: Page, filled: None) -> None:
    opened(page)
    first = page.locator(".ranking button.link").first
    name = first.inner_text()
    first.click()
    expect(page.locator("#about b")).to_have_text(name)
    assert "area=" in page.url
    shown = int(page.locator(".tile[data-name=reported] strong").inner_text())
    assert 0 < shown < 8
    page.get_by_role("button", name="近 7 天").click()
    expect(page.locator(".card.of-course .amount")).to_have_count(8)
    page.get_by_role("button", name="自定").click()
    page.locator("input[type=date]").first.fill("2020-01-01")
    page.locator("input[type=date]").last.fill("2020-01-31")
    expect(page.locator(".tile[data-name=reported] strong")).to_have_text("0")
    expect(page.locator(".tile[data-name=closing]")).to_contain_text("无数据")
    page.reload()
    expect(page.locator("input[type=date]").first).to_have_value("2020-01-01")
    page.go_back()
    page.go_back()
    expect(page.locator("#about b")).to_have_text(name)


def test_what_it_is_compared_with_stands_in_the_address_and_the_report_is_one_click_away(
    page: Page, filled: None
) -> None:
    opened(page)
    reported = page.locator(".tile[data-name=reported]")
    expect(reported).to_contain_text("8 件")
    page.locator("select[name=against]").select_option("year")
    expect(page.locator("#about")).to_contain_text("2025")
    assert "vs=year" in page.url
    page.locator("select[name=against]").select_option("custom")
    dates = page.locator("input[type=date]")
    expect(dates).to_have_count(2)
    # a period beside itself: nothing moved
    opened(page, "lang=zh&period=custom&from=2026-11-02&to=2026-11-02&vs=custom&vs_from=2026-11-02&vs_to=2026-11-02")
    expect(reported).to_contain_text("与对比期持平")
    expect(page.locator("input[type=date]")).to_have_count(4)
    page.reload()
    expect(reported).to_contain_text("与对比期持平")
    page.locator(".reports summary").click()
    links = [link.get_attribute("href") for link in page.locator(".reports a").all()]
    assert [link.split("?")[0][-4:] for link in links if link] == [".pdf", "html", ".pdf", "html"]
    answer = page.request.get(str(links[2]))
    assert answer.status == 200
    assert answer.body().startswith(b"%PDF")
    # who looked stands beside what was found; here nobody has sent a track
    expect(page.locator(".card.of-effort")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".card.of-effort")).to_contain_text("没有任何巡查轨迹")


#: Text that is smaller than so many px, without that of drawings, which are scaled.
TOO_SMALL = """least => [...document.querySelectorAll("#board *, .asked *")]
  .filter((node) => !node.closest("svg, iframe") && node.getClientRects().length
    && [...node.childNodes].some((part) => part.nodeType === 3 && part.data.trim())
    && parseFloat(getComputedStyle(node).fontSize) < least)
  .map((node) => node.tagName + "." + node.className)"""
#: The same of drawings, as they are shown.
SMALL_DRAWN = """least => [...document.querySelectorAll(".card svg text")]
  .filter((node) => parseFloat(getComputedStyle(node).fontSize) * node.getScreenCTM().a < least)
  .map((node) => node.closest(".card").className + node.textContent)"""


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1366, 768), (1920, 1080), (3840, 2160)])
def test_nothing_sticks_out_on_a_phone_a_laptop_and_a_wall(page: Page, filled: None, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    wall = width > 1800
    for lang in ("zh", "en"):
        opened(page, f"lang={lang}")
        for name in ("effort", "sudden"):
            expect(page.locator(f".card.of-{name}")).to_have_attribute("aria-busy", "false")
        for name in ("course", "types", "places", "hours", "alerts", "sudden", "effort"):
            expect(page.locator(f".card.of-{name}")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(TOO_WIDE) == []
        assert page.evaluate(TOO_SMALL, 18 if wall else 12) == []
        assert page.evaluate(SMALL_DRAWN, 18 if wall else 9) == []
