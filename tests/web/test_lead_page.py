"""The leader's page with the service behind it: numbers, their cases, charts, areas, both languages, three sizes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import city
import dispatch_world
import pypdfium2
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

#: Words that stick out of what holds them, and anything wider than the page.
TOO_WIDE = """() => [...document.querySelectorAll(".tile, .card, .map header, .asked, .periods, .periods button")]
  .filter((node) => node.scrollWidth > node.clientWidth + 1 || node.getBoundingClientRect().right > innerWidth + 1)
  .map((node) => node.className)"""


@pytest.fixture(scope="session")
def served(town: city.City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """A service over a city that was redrawn, with incidents, and patrols of a week."""
    folder, fill = tmp_path_factory.mktemp("lead"), dispatch_world.fill_year
    with dispatch_world.serve(folder, town, access="open", filled=fill) as found:
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
    page.route(
        "**/api/v1/cases/alerts?*", lambda route: route.fulfill(json={"alerts": [headless], "counts": {"head": 4}})
    )
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
    expect(page.locator(".of-alerts")).to_contain_text("另有 3 项")
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
    # who looked stands beside what was found; on this day nobody has sent a track
    expect(page.locator(".card.of-effort")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".card.of-effort")).to_contain_text("没有任何巡查轨迹")


def with_older_cases(page: Page) -> None:
    """Let the cases go back to September, so that there is something to go back to."""
    first = {"first": "2026-09-01T00:00:00Z"}
    page.route("**/api/v1/lead?*", lambda route: route.fulfill(json={**route.fetch().json(), **first}))


def test_the_slider_goes_back_in_time_and_keeps_the_focus(page: Page, filled: None) -> None:
    opened(page, "lang=zh&period=7d")
    slider, later = page.locator(".slider input"), page.locator(".slider button[name=later]")
    # there are cases of one day alone: nothing to go back to
    expect(slider).to_have_count(0)
    with_older_cases(page)
    opened(page, "lang=zh&period=7d")
    expect(slider).to_have_attribute("min", "-8")
    expect(page.locator(".slider output")).to_have_text("2026/10/26 – 2026/11/02")
    slider.press("ArrowLeft")
    expect(page.locator(".slider output")).to_have_text("2026/10/19 – 2026/10/26")
    expect(page).to_have_url(re.compile("back=1"))
    expect(page.locator("#about")).to_contain_text("2026/10/19 至 2026/10/26")
    expect(slider).to_be_focused()
    expect(page.locator(".tile[data-name=reported] strong")).to_have_text("0")
    expect(page.locator("iframe[src*=hotspots]")).to_have_attribute("src", re.compile("end=2026-10-26"))
    later.click()
    expect(page.locator(".tile[data-name=reported] strong")).to_have_text("8")
    expect(later).to_be_focused()
    page.go_back()
    expect(slider).to_have_value("-1")
    page.get_by_role("button", name="近 30 天").click()
    expect(slider).to_have_value("0")
    # where patrols were recorded on a part of the days, the page says on which
    page.unroute_all()
    opened(page)
    told = "巡查记录只有 2026-10-24 至 2026-10-30 共 7 天（统计期共 31 天）"
    expect(page.locator(".card.of-effort .told")).to_contain_text(told)
    expect(page.locator(".map .told")).to_have_count(2)
    expect(page.locator(".map .told").first).to_contain_text(told)
    about = page.frame_locator("iframe[src*=coverage]").locator(".gm-about")
    about.locator("summary").click()
    expect(about).to_contain_text(told)


def test_cases_are_counted_by_the_borders_before_and_after_a_redraw(page: Page, filled: None) -> None:
    opened(page)
    card = page.locator(".card.of-redraw")
    expect(card).to_contain_text("24 个网格有变化；统计期 8 件案件中有")
    assert card.locator("select").first.input_value() == "1"
    expect(card.locator("option").first).to_have_text("第 1 版，2025/01/01 起")
    expect(card.locator("tbody tr")).to_have_count(12)
    # a grid that was split: the half with a new code was not there before
    expect(card.locator("tbody tr", has_text="无此网格").first).to_be_visible()
    card.get_by_role("button", name="显示全部 24 个").click()
    expect(card.locator("tbody tr")).to_have_count(24)
    moved = page.request.get("/api/v1/lead/redraw?set=demo&from=1&to=2").json()
    before, after = (sum(one[side]["reported"] for one in moved["grids"] if one[side]) for side in ("before", "after"))
    assert before == after
    shown = [[int(text) if text.isdigit() else 0 for text in row.locator("td").all_inner_texts()[1:3]]
             for row in card.locator("tbody tr").all()]  # fmt: skip
    assert [sum(column) for column in zip(*shown, strict=True)] == [before, after]
    expect(card.locator("a")).to_have_attribute("href", "/history?set=demo&from=1&to=2&lang=zh")
    card.locator("select[name=old]").select_option("2")
    expect(card).to_contain_text("没有差别")
    expect(page).to_have_url(re.compile("old=2&new=2"))
    page.go_back()
    expect(card).to_contain_text("24 个网格有变化")


#: Where the maps are on the first sheet, in px of paper that is so wide without its margins.
GROUNDS = """() => [...document.querySelectorAll(".map .ground")].map((node) => {
  const { left, top, width, height } = node.getBoundingClientRect(); return [left, top, width, height];
})"""
MARGIN = 10 / 25.4 * 96


@pytest.mark.parametrize(("paper", "wide", "lang", "sheets"), [("A4", 297, "zh", 4), ("A3", 420, "en", 3)])
def test_paper_holds_the_whole_page_and_its_maps_uncut(
    page: Page, filled: None, tmp_path: Path, paper: str, wide: float, lang: str, sheets: int
) -> None:
    page.set_viewport_size({"width": 1366, "height": 768})
    opened(page, f"lang={lang}")
    expect(page.locator(".card.of-redraw table")).to_be_visible()
    expect(page.locator(".map .ground.waiting")).to_have_count(0)
    page.pdf(path=tmp_path / "lead.pdf", format=paper, landscape=True, print_background=True)
    read = pypdfium2.PdfDocument(tmp_path / "lead.pdf")
    texts = [read[n].get_textpage().get_text_range() for n in range(len(read))]
    assert len(texts) == sheets
    heads = page.locator(".map h2").all_inner_texts()
    assert [name for name in (*heads, "管区" if lang == "zh" else "area", "2 km") if name not in texts[0]] == []
    titles = page.locator(".card h2").all_inner_texts()
    assert [title for title in titles if not any(title in text for text in texts)] == []
    assert not any(word in "".join(texts) for word in ("以表格查看", "As a table", "打印", "显示全部"))
    # the same boxes on a screen as wide as the paper: the page fits, and each map is whole within its box
    page.emulate_media(media="print")
    room = round(wide / 25.4 * 96 - 2 * MARGIN)
    page.set_viewport_size({"width": room, "height": 700})
    boxes = page.evaluate(GROUNDS)
    assert len(boxes) == 2
    drawn = read[0].render(scale=96 / 72).to_numpy()[:, :, :3].mean(axis=2)
    for left, top, width, height in boxes:
        assert left >= 0
        assert left + width <= room + 1
        x0, x1 = (round(MARGIN + at) for at in (left + 3, left + width - 3))
        y0, y1 = (round(MARGIN + at) for at in (top + 3, top + height - 3))
        assert y1 < drawn.shape[0] - MARGIN
        box = drawn[y0:y1, x0:x1]
        assert (box < 80).sum() > 500, "borders are drawn"
        # the borders of the district end before the box does, but for the legend beneath
        assert not (box[:, :4] < 80).any()
        assert not (box[:, -4:] < 80).any()
        assert not (box[:4] < 80).any()
        low = round(len(box) * 0.6)
        assert (box[low - 40 : low] < 80).sum() < (box[40:low] < 80).sum()


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
    page.emulate_media(color_scheme="dark" if width == 1920 else "light")
    wall = width > 1800
    with_older_cases(page)
    for lang in ("zh", "en"):
        opened(page, f"lang={lang}")
        for name in ("effort", "sudden"):
            expect(page.locator(f".card.of-{name}")).to_have_attribute("aria-busy", "false")
        for name in ("course", "types", "places", "hours", "alerts", "sudden", "effort", "redraw"):
            expect(page.locator(f".card.of-{name}")).to_be_visible()
        expect(page.locator(".slider output")).to_be_visible()
        # every chart has marks, and both maps are drawn, with their words in the language
        for marks in ("course .amount", "course .rule", "types .amount", "hours .cell.level-5", "places tbody tr",
                      "effort tbody tr", "redraw tbody tr"):  # fmt: skip
            expect(page.locator(f".card.of-{marks}").first).to_be_attached()
        for name, words in (("hotspots", "每平方公里|per km"), ("coverage", "巡查覆盖|overage")):
            page.locator(f"iframe[src*='{name}']").scroll_into_view_if_needed()
            frame = page.frame_locator(f"iframe[src*='{name}']")
            expect(frame.locator("html")).to_have_attribute("data-ready", "true")
            expect(frame.locator("html")).to_have_attribute("lang", re.compile(lang))
            expect(frame.locator(".gm-legend summary")).to_contain_text(re.compile(words.split("|")[lang == "en"]))
            assert frame.locator(".gm-label").count() > 3
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(TOO_WIDE) == []
        assert page.evaluate(TOO_SMALL, 18 if wall else 12) == []
        assert page.evaluate(SMALL_DRAWN, 18 if wall else 9) == []
