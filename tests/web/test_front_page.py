"""The front page as a reader meets it."""

import re

import city
import page_service
import pytest
import shapely
from playwright.sync_api import FrameLocator, Page, expect

pytestmark = pytest.mark.browser


def map_of(page: Page) -> FrameLocator:
    """The map in its frame, once it is drawn."""
    frame = page.frame_locator("#frame")
    expect(frame.locator("html[data-ready=true]")).to_be_attached()
    expect(page.locator("#skeleton")).to_be_hidden()
    return frame


def search(page: Page, text: str) -> None:
    """Type into the search box and press Enter."""
    page.locator("#search-box").fill(text)
    page.locator("#search-box").press("Enter")


def test_a_click_on_a_grid_shows_who_is_responsible(page: Page, town: city.City) -> None:
    page.goto("/")
    frame = map_of(page)
    box = page.locator("#frame").bounding_box()
    with page.expect_response(re.compile("/api/v1/locate")) as asked:
        page.mouse.click(box["x"] + box["width"] * 0.62, box["y"] + box["height"] * 0.5)
    answer = asked.value.json()
    card = frame.locator("#gridmap-card")
    expect(card.locator("h2")).to_have_text(answer["grid"]["name"])
    expect(card.locator(".gm-code")).to_have_text(answer["grid"]["code"])
    head = next(m for m in town.staff if m.grid_code == answer["grid"]["code"] and m.role == "head")
    expect(card).to_contain_text(head.name)
    expect(card.locator(f"a[href='tel:{head.phone}']")).to_be_visible()
    expect(card.locator(".gm-crumbs li")).to_have_text([link["name"] for link in answer["chain"][:-1]])
    # three workers first, the others on request
    workers = card.locator(".gm-people").nth(1)
    expect(workers.locator("li")).to_have_count(3)
    workers.get_by_role("button", name="还有 2 人").click()
    expect(workers.locator("li")).to_have_count(5)


def test_the_card_gives_figures_of_the_window_and_staff_needed(page: Page, town: city.City) -> None:
    code = town.grids["code"][87]
    page.goto(f"/#grid={code}")
    card = map_of(page).locator("#gridmap-card")
    expect(card.locator(".gm-facts dt")).to_have_count(6)
    # first how it was decided and whom to call, then the figures
    order = card.evaluate(
        "n => [...n.querySelectorAll('.gm-crumbs, .gm-note, .gm-people, .gm-facts')].map(m => m.className)"
    )
    assert order == ["gm-crumbs", "gm-note", "gm-people", "gm-people", "gm-facts"]
    seen = page.request.get(f"/api/v1/grids/{code}?set=demo&start=2026-09-30T15:59:31Z&end=2026-10-30T15:59:31Z").json()
    expect(card).to_contain_text("时段内事件")
    facts = dict(zip(card.locator("dt").all_inner_texts(), card.locator("dd").all_inner_texts(), strict=True))
    assert facts["时段内事件"] == f"{seen['activity']['incidents']:,}"
    assert facts["时段内巡查定位"] == f"{seen['activity']['fixes']:,}"
    assert facts["户数"] == f"{town.grids['households'][87]:,}"
    assert facts["网格员"] == f"5 / 应配 {seen['staffing']['workers_needed']}"


def test_a_coordinate_in_the_search_box_finds_its_grid(page: Page, town: city.City) -> None:
    page.goto("/")
    frame = map_of(page)
    row = 50
    at = shapely.point_on_surface(town.grids.geometry[row])
    search(page, f"{at.x:.6f}，{at.y:.6f}")
    expect(frame.locator("#gridmap-card h2")).to_have_text(town.grids["name"][row])
    expect(page).to_have_url(re.compile(f"grid={town.grids['code'][row]}"))


def test_a_code_or_a_part_of_a_name_finds_the_grid(page: Page, town: city.City) -> None:
    page.goto("/")
    frame = map_of(page)
    search(page, town.grids["code"][3])
    expect(frame.locator("#gridmap-card h2")).to_have_text(town.grids["name"][3])
    page.locator("#search-box").fill("第77网")
    options = page.locator("#search-list [role=option]")
    expect(options).to_have_count(1)
    page.locator("#search-box").press("ArrowDown")
    page.locator("#search-box").press("Enter")
    expect(frame.locator("#gridmap-card h2")).to_contain_text("第77网格")


def test_what_cannot_be_found_is_said(page: Page) -> None:
    page.goto("/")
    map_of(page)
    # no two alike after each other: what is said is said anew
    for typed, said in (
        ("35.95, 120.15", "颠倒"),
        ("999999999", "没有这个网格编码"),
        ("abc, def", "没有看懂"),
        ("{{7*7}}", "没有这个网格编码"),
    ):
        search(page, typed)
        expect(page.locator("#search-say")).to_contain_text(said)


def test_a_point_outside_every_grid_says_so(page: Page) -> None:
    page.goto("/")
    frame = map_of(page)
    search(page, f"{city.CENTRE[0] - 0.01}, {city.CENTRE[1] + 0.01}")
    expect(frame.locator("#gridmap-card h2")).to_have_text("此处没有责任网格")


def test_pages_windows_and_categories_live_in_the_address(page: Page) -> None:
    page.goto("/")
    map_of(page)
    page.get_by_role("link", name="热点").click()
    expect(page).to_have_url(re.compile("page=hotspots"))
    frame = map_of(page)
    expect(frame.locator(".gm-legend summary")).to_have_text("每平方公里每 30 天事件数")
    before = frame.locator(".gm-legend-foot").first.inner_text()
    page.get_by_role("button", name="90 天").click()
    expect(page).to_have_url(re.compile("window=90d"))
    expect(map_of(page).locator(".gm-legend-note")).to_contain_text("90 天")
    page.get_by_label("事件类别").select_option("暴露垃圾")
    expect(page).to_have_url(re.compile("category="))
    expect(map_of(page).locator(".gm-legend-note")).to_contain_text("暴露垃圾")
    assert frame.locator(".gm-legend-foot").first.inner_text() != before
    # the same address shows the same page, and the way back works
    address = page.url
    page.reload()
    expect(map_of(page).locator(".gm-legend-note")).to_contain_text("暴露垃圾")
    assert page.url.split("#")[0] == address.split("#")[0]
    page.go_back()
    expect(map_of(page).locator(".gm-legend-note")).to_contain_text("全部类别")


def test_custom_dates_are_days_of_the_district(page: Page) -> None:
    page.goto("/?page=coverage&window=custom&from=2026-10-25&to=2026-10-26")
    expect(map_of(page).locator(".gm-legend-note")).to_contain_text("2026-10-25 00:00 至 2026-10-27 00:00（2 天）")
    page.get_by_label("从").fill("2026-10-28")
    page.get_by_role("button", name="应用").click()
    expect(page.get_by_role("alert").filter(has_text="结束日期不能早于开始日期")).to_be_visible()


@pytest.mark.parametrize(("name", "said"), [("hotspots", "所选时段和类别内没有事件"), ("coverage", "没有巡查定位")])
def test_a_window_without_data_says_so_on_the_map(page: Page, name: str, said: str) -> None:
    page.goto(f"/?page={name}&window=custom&from=2020-01-01&to=2020-01-02")
    frame = map_of(page)
    expect(frame.locator(".gm-nothing")).to_contain_text(said)
    page.get_by_role("button", name="30 天").click()
    expect(map_of(page).locator(".gm-legend-note")).to_contain_text("30 天")
    expect(frame.locator(".gm-nothing")).to_have_count(0)


def test_a_coordinate_is_offered_while_it_is_typed(page: Page, town: city.City) -> None:
    page.goto("/")
    frame = map_of(page)
    at = shapely.point_on_surface(town.grids.geometry[50])
    page.locator("#search-box").fill(f"{at.x:.6f}, {at.y:.6f}")
    page.get_by_role("option").filter(has_text="查询此坐标由谁负责").click()
    expect(frame.locator("#gridmap-card h2")).to_have_text(town.grids["name"][50])


def test_the_window_counts_back_from_the_newest_data(page: Page) -> None:
    page.goto("/?page=hotspots")
    expect(page.locator("fieldset:not(.borders) .hint")).to_contain_text("2026/10/30 23:59")
    expect(map_of(page).locator(".gm-legend-note")).to_contain_text("2026-10-30 23:59（30 天）")


def test_the_view_and_the_grid_stay_when_the_page_changes(page: Page, town: city.City) -> None:
    page.goto(f"/#grid={town.grids['code'][60]}")
    frame = map_of(page)
    expect(frame.locator("#gridmap-card h2")).to_have_text(town.grids["name"][60])
    page.get_by_role("link", name="覆盖").click()
    frame = map_of(page)
    expect(frame.locator(".gm-legend summary")).to_have_text("巡查覆盖与盲区")
    expect(frame.locator("#gridmap-card h2")).to_have_text(town.grids["name"][60])
    expect(frame.locator(".gm-why")).to_contain_text("显示为")


def test_both_languages_are_complete(page: Page) -> None:
    for lang, tag, word in (("en", "en", "Coverage"), ("zh", "zh-CN", "覆盖")):
        page.goto(f"/?page=coverage&lang={lang}")
        frame = map_of(page)
        expect(page.locator("html")).to_have_attribute("lang", tag)
        expect(frame.locator("html")).to_have_attribute("lang", tag)
        expect(page.get_by_role("link", name=word, exact=True)).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="EN").click()
    expect(page.get_by_role("heading", name="Coverage")).to_be_visible()
    chinese = re.compile("[\u4e00-\u9fff]")
    # names of sets and categories are data; everything else is ours
    ours = page.locator(".panel").evaluate(
        "n => { const copy = n.cloneNode(true); copy.querySelectorAll('select').forEach(s => s.remove()); "
        "return copy.textContent; }"
    )
    assert not chinese.search(ours)
    assert not chinese.search(map_of(page).locator(".gm-legend").inner_text())


def test_the_page_can_be_used_by_keyboard_alone(page: Page) -> None:
    page.goto("/")
    frame = map_of(page)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    for _ in range(30):
        page.keyboard.press("Tab")
        if frame.locator(".folium-map").evaluate("n => n === document.activeElement"):
            break
    expect(frame.locator(".folium-map")).to_be_focused()
    page.keyboard.press("Enter")
    expect(frame.locator("#gridmap-card h2")).to_contain_text("网格")
    page.keyboard.press("Escape")
    expect(frame.locator("#gridmap-card")).to_be_hidden()


def test_on_a_phone_filters_and_card_come_from_below(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/?page=coverage")
    frame = map_of(page)
    panel = page.locator("#panel")
    expect(panel).to_be_hidden()
    page.get_by_role("button", name="筛选").click()
    expect(panel).to_be_visible()
    assert panel.bounding_box()["y"] > 844 * 0.25
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    box = page.locator("#frame").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2 + 20, box["y"] + box["height"] / 2 + 20)
    card = frame.locator("#gridmap-card")
    expect(card).to_be_visible()
    assert card.bounding_box()["width"] == pytest.approx(390, abs=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


class TestWhenSomethingFails:
    """Errors say what to do, and keep what is on the screen."""

    @pytest.fixture
    def expected_errors(self) -> list[str]:
        return ["503", "404", "frame-ancestors"]

    def test_a_service_that_is_away_can_be_asked_again(self, page: Page) -> None:
        away = lambda r: r.fulfill(status=503, json={"detail": "数据库暂时无法连接，请稍后重试。"})  # noqa: E731
        page.route("**/api/v1/overview", away)
        page.goto("/")
        expect(page.locator("#notice")).to_contain_text("数据库暂时无法连接")
        page.unroute("**/api/v1/overview")
        page.get_by_role("button", name="重试").click()
        map_of(page)

    def test_a_map_that_fails_shows_why(self, page: Page) -> None:
        page.goto("/?set=nowhere")
        expect(page.locator("#notice p")).not_to_have_text("")
        said = page.request.get("/maps/grids?set=nowhere&lang=zh", headers={"Accept-Language": "zh"}).json()["detail"]
        expect(page.locator("#notice p")).to_have_text(said)
        expect(page.get_by_role("button", name="重试")).to_be_visible()
        # asking again cannot help here: the way back to the start does, and in the reader's language
        page.get_by_role("button", name="EN").click()
        expect(page.locator("#notice p")).to_contain_text("boundary set")
        page.get_by_role("link", name="Reset").click()
        map_of(page)

    def test_people_that_cannot_be_read_leave_the_rest_of_the_card(self, page: Page, town: city.City) -> None:
        page.route("**/api/v1/locate*", lambda r: r.fulfill(status=503, json={"detail": "x"}))
        page.goto(f"/#grid={town.grids['code'][10]}")
        card = map_of(page).locator("#gridmap-card")
        expect(card.get_by_role("button", name="重试")).to_be_visible()
        expect(card.locator("h2")).to_have_text(town.grids["name"][10])
        page.unroute("**/api/v1/locate*")
        card.get_by_role("button", name="重试").click()
        expect(card.locator(".gm-people").first).to_be_visible()


def test_the_borders_of_another_day_are_one_choice_away(page: Page, expected_errors: list[str]) -> None:
    expected_errors += ["404", "frame-ancestors"]
    page.goto("/?lang=en")
    map_of(page)
    expect(page.get_by_role("button", name="Today")).to_have_attribute("aria-pressed", "true")
    with page.expect_request(lambda r: "/maps/grids" in r.url and "at=2026-01-05" in r.url):
        page.get_by_label("Borders of").fill("2026-01-05")
    expect(page.locator("#in-force")).to_contain_text("version 1")
    assert "at=2026-01-05" in page.url
    map_of(page)
    # nothing was in force then: it is said, and today is one click away
    page.goto("/?lang=en&at=2024-06-01")
    expect(page.locator("#notice")).to_contain_text("2024-06-01")
    expect(page.locator("#in-force")).to_have_text("")
    page.get_by_role("button", name="Today").click()
    map_of(page)
    assert "at=" not in page.url


def test_an_empty_store_says_how_to_fill_it(page: Page, tmp_path, browser) -> None:
    with page_service.serve(tmp_path, town=None) as url:
        context = browser.new_context(locale="zh-CN")
        other = context.new_page()
        other.goto(url + "/")
        expect(other.locator("#notice")).to_contain_text("还没有网格")
        expect(other.locator("#notice code")).to_contain_text("gridmap import boundaries")
        context.close()


def test_the_front_page_lets_nothing_foreign_in(page: Page, base_url: str) -> None:
    headers = page.request.get("/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.request.get("/assets/__init__.py").status == 404
    assert page.request.get("/assets/vendor/vendor.json").headers["cache-control"].endswith("immutable")


DESK, PHONE = ((1366, 768), (1440, 900)), ((390, 844),)


@pytest.mark.parametrize(
    ("lang", "sizes"),
    [
        pytest.param("zh", DESK, id="zh-desk"),
        pytest.param("en", PHONE, id="en-phone"),
        pytest.param("en", DESK, id="en-desk", marks=pytest.mark.slow),
        pytest.param("zh", PHONE, id="zh-phone", marks=pytest.mark.slow),
    ],
)
def test_screenshots_for_people_to_look_at(page: Page, screenshots, town, lang, sizes) -> None:
    """One load serves both desk sizes; a phone has its own layout from the start."""
    card = f"/?lang={lang}#grid={town.grids['code'][65]}"
    for name, address, shown in (
        *((kind, f"/?page={kind}&lang={lang}", ".gm-label") for kind in ("hotspots", "coverage")),
        ("card", card, ".gm-people"),
        ("grids", None, ".gm-label"),
    ):
        if address is None:  # the same page with the card closed
            map_of(page).locator(".gm-close").click()
            expect(map_of(page).locator("#gridmap-card")).to_be_hidden()
        else:
            page.set_viewport_size(dict(zip(("width", "height"), sizes[0], strict=True)))
            page.goto(address)
        for width, height in sizes:
            page.set_viewport_size({"width": width, "height": height})
            expect(map_of(page).locator(shown).first).to_be_visible()
            page.screenshot(path=screenshots / f"{name}-{lang}-{width}x{height}.png")
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("path", ["/", "/history", "/dispatch"])
def test_the_bar_fits_a_phone_whose_letters_are_wide(page: Page, path: str) -> None:
    """Each machine has letters of its own width: what does not fit scrolls inside the bar, not the page."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{path}?set=demo&lang=en")
    way = page.locator("#pages a[aria-current]")
    expect(page.locator("#pages a")).not_to_have_count(0)
    page.evaluate("document.getElementById('pages').style.letterSpacing = '4px'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("(n => n.scrollWidth > n.clientWidth)(document.getElementById('pages'))")
    if path == "/":
        expect(way).to_be_in_viewport(ratio=1)
