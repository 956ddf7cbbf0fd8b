"""The page Dispatch with the service behind it: queue, keys, new cases from the map, acts, others who are faster."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import city
import dispatch_world
import pytest
import shapely
from dispatch_desk import CUT, Desk
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

#: What of queue and case is written in less than 14 px, but for codes and keys.
SMALL = """() => [...document.querySelectorAll("#queue *, #case *")].filter((node) => {
  const worded = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
  return worded && node.offsetWidth && !node.closest("kbd, code, .grid-code")
    && parseFloat(getComputedStyle(node).fontSize) < 14;
}).map((node) => node.className)"""


@pytest.fixture(scope="session")
def served(town: city.City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """A service with open access: the seat decides in which role things are done."""
    with dispatch_world.serve(tmp_path_factory.mktemp("dispatch"), town, access="open") as found:
        yield found


@pytest.fixture(scope="session")
def base_url(served: tuple[str, Any]) -> str:
    return served[0]


@pytest.fixture
def expected_errors() -> list[str]:
    """The cut lines of one test, and the answer to who was second in another."""
    return [*CUT, "status of 409"]


@pytest.fixture
def spot(town: city.City, request: pytest.FixtureRequest) -> tuple[float, float]:
    """A place of this test alone."""
    row = sum(map(ord, request.node.name)) % len(town.grids)
    at = town.grids.geometry.iloc[row].representative_point()
    return round(at.x, 6), round(at.y, 6)


class Office:
    """What others do meanwhile, by the service."""

    def __init__(self, page: Page) -> None:
        self._request = page.request

    def report(self, at: tuple[float, float], category: str = "E1-01", **more: Any) -> str:
        item = {"category": category, "lon": at[0], "lat": at[1], "channel": "patrol", **more}
        answer = self._request.post("/api/v1/cases", data={"items": [item]}).json()
        assert answer["results"][0]["status"] == "accepted", answer
        return str(answer["results"][0]["case_id"])

    def file(self, number: str) -> Any:
        return self._request.get(f"/api/v1/cases/{number}").json()

    def act(self, number: str, act: str, role: str, **more: Any) -> Any:
        version = self.file(number)["case"]["version"]
        answer = self._request.post(
            f"/api/v1/cases/{number}/acts", data={"act": act, "role": role, "version": version, **more}
        )
        assert answer.ok, answer.text()
        return answer.json()


@pytest.fixture
def office(page: Page) -> Office:
    return Office(page)


def sit(page: Page, seat: str, query: str = "lang=zh") -> Desk:
    """Take a seat and open the page."""
    key = "gridmap.dispatch.seat"
    page.add_init_script(f"localStorage.getItem('{key}') || localStorage.setItem('{key}', '{seat}')")
    return Desk(page).open(query)


def row(page: Page, number: str) -> Any:
    return page.locator(f'#rows [data-case="{number}"]')


def middle_of_map(page: Page) -> tuple[float, float]:
    """Give where the middle of the map is on the screen."""
    box = page.locator("#map").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_click_on_the_map_answers_who_is_responsible_and_opens_a_case(
    page: Page, town: city.City, spot: tuple[float, float], office: Office
) -> None:
    desk = sit(page, "supervisor", f"lang=zh#v=16/{spot[1]}/{spot[0]}")
    page.mouse.click(*middle_of_map(page))
    name = town.grids[town.grids.contains(shapely.Point(spot))]["name"].iloc[0]
    expect(desk.panel.locator(".crumbs li").last).to_have_text(name)
    expect(desk.panel.locator(".people .phone").first).to_have_attribute("href", "tel:" + _head(town, spot))
    expect(desk.panel.locator(".proposed .unit b")).to_have_text(name)
    # an open case like it near by is offered before a second one is opened
    there = office.report(spot)
    desk.panel.locator("[name=category]").fill("垃圾")
    page.keyboard.press("Enter")
    expect(desk.panel.locator(".offered code")).to_have_text(there)
    desk.panel.locator("[name=note]").fill("沿街垃圾<b>未清</b>")
    page.get_by_role("button", name="新建案件").click()
    desk.expect_status("待立案")
    expect(desk.panel.locator(".report")).to_have_text("沿街垃圾<b>未清</b>")
    expect(desk.panel.locator(".similar code").first).to_have_text(there)
    assert "point=" not in page.url
    assert "case=" in page.url


def test_it_is_known_who_is_responsible_in_under_300_ms(page: Page, spot: tuple[float, float]) -> None:
    desk = sit(page, "dispatcher")
    took = []
    for k in range(5):
        page.keyboard.press("/")
        page.keyboard.type(f"{spot[0] + k * 1e-5:.6f}, {spot[1]:.6f}")
        began = time.perf_counter()
        with page.expect_response("**/cases/responsible?*"):
            page.keyboard.press("Enter")
        page.wait_for_function("() => document.querySelector('#case .crumbs li')")
        took.append(time.perf_counter() - began)
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    # a busy machine takes longer for everything: for keys, answer and drawing as for nothing
    assert sorted(took)[2] < 0.3 + 10 * desk.idle_s(), took


def test_an_accuracy_circle_over_a_border_asks_for_the_side(page: Page, town: city.City, office: Office) -> None:
    a, b, at = _border(town)
    desk = sit(page, "dispatcher", f"lang=zh&point={at[0]:.6f},{at[1]:.6f}")
    expect(desk.panel.locator("[name=category]")).to_be_visible()
    desk.panel.locator("[name=category]").fill("E1-05")
    desk.panel.locator("[name=accuracy_m]").fill("60")
    sides = desk.panel.locator(".sides label code")
    expect(sides.filter(has_text=a)).to_have_count(1)
    expect(sides.filter(has_text=b)).to_have_count(1)
    page.get_by_role("button", name="新建案件").click()
    expect(desk.panel.locator(".new-case .message")).to_have_text("请先确认在边界的哪一侧。")
    desk.panel.locator(f".sides input[value='{b}']").check()
    page.get_by_role("button", name="新建案件").click()
    desk.expect_status("待立案")
    number = desk.panel.locator(".case-line code").inner_text()
    assert office.file(number)["case"]["grid_code"] == b


def test_new_cases_and_changes_arrive_within_a_second(page: Page, spot: tuple[float, float], office: Office) -> None:
    desk = sit(page, "supervisor", "lang=zh&queue=new")
    number = office.report(spot, address="测试路 8 号")
    began = time.monotonic()
    desk.until("id => document.querySelector(`#rows [data-case='${id}']`)", number)
    assert time.monotonic() - began < 1 + 20 * desk.idle_s()
    expect(page.locator("#words")).to_contain_text("测试路 8 号")
    row(page, number).click()
    desk.expect_status("待立案")
    office.act(number, "file", "supervisor")
    desk.expect_status("待派遣")
    desk.expect_gone(number)


def test_a_cut_line_loses_and_doubles_nothing(page: Page, spot: tuple[float, float], office: Office) -> None:
    desk = sit(page, "supervisor", "lang=zh&queue=new")
    first = office.report(spot)
    expect(row(page, first)).to_be_visible()
    page.context.set_offline(True)
    expect(page.locator("#live")).to_have_attribute("data-state", "waiting")
    missed = [office.report((spot[0] + k * 1e-5, spot[1]), "E2-02") for k in range(3)]
    row(page, first).click()
    expect(desk.panel.get_by_role("button", name="重试")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    for number in missed:
        expect(row(page, number)).to_have_count(1)
    desk.expect_status("待立案")  # what could not be read is read by itself
    # what is done on a cut line is done once it is back, and once
    page.context.set_offline(True)
    page.keyboard.press("n")
    desk.panel.locator(".act-form input").fill("已电话核实")
    page.keyboard.press("Enter")
    expect(desk.panel.locator(".act-form .message")).to_contain_text("未连接")
    page.context.set_offline(False)
    expect(desk.panel.locator(".timeline .why").first).to_have_text("已电话核实")
    assert [line["act"] for line in office.file(first)["record"]] == ["report", "note"]


def test_an_answer_that_is_lost_is_asked_for_again_and_the_act_is_done_once(
    page: Page, spot: tuple[float, float], office: Office
) -> None:
    number = office.report(spot)
    desk = sit(page, "supervisor", f"lang=zh&queue=new&case={number}")
    lost = []

    def lose(route: Any) -> None:
        if not lost:
            lost.append(route.fetch().status)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/acts", lose)
    page.keyboard.press("f")
    desk.expect_status("待派遣")
    assert lost == [200]
    assert [line["act"] for line in office.file(number)["record"]] == ["report", "file"]


def test_who_is_second_hears_who_was_first_and_keeps_what_was_written(
    page: Page, spot: tuple[float, float], office: Office
) -> None:
    number = office.report(spot)
    office.act(number, "file", "supervisor")
    desk = sit(page, "dispatcher", f"lang=zh&queue=dispatch&case={number}")
    desk.expect_status("待派遣")
    page.keyboard.press("n")
    written = "群众反映已三天"
    page.keyboard.type(written)
    # the line is cut before the other one acts: the page cannot know
    page.route("**/api/v1/events/stream*", lambda route: route.abort())
    page.route(
        "**/acts",
        lambda route: (office.act(number, "dispatch", "dispatcher", names="dept:市政"), route.continue_()),
        times=1,
    )
    page.keyboard.press("Enter")
    told = desk.panel.locator(".told")
    expect(told).to_contain_text("指挥中心先一步完成了“派遣”")
    expect(told).to_contain_text("待签收")
    expect(desk.panel.locator(".act-form input")).to_have_value(written)
    page.keyboard.press("Enter")
    expect(desk.panel.locator(".timeline .why").first).to_have_text(written)


def test_the_seat_decides_what_may_be_done(page: Page, spot: tuple[float, float], office: Office) -> None:
    number = office.report(spot)
    desk = sit(page, "supervisor", f"lang=zh&case={number}")
    acts = desk.panel.locator(".acts button")
    expect(acts.first).to_contain_text("立案")
    seat = page.get_by_label("席位")
    seat.select_option("dispatcher")
    expect(desk.panel.locator(".acts [data-act=file]")).to_have_count(0)
    office.act(number, "file", "supervisor")
    office.act(number, "dispatch", "dispatcher", names="dept:市政养护中心")
    seat.select_option("field")
    expect(desk.panel.locator(".acts button").first).to_contain_text("签收")
    page.reload()
    expect(seat).to_have_value("field")
    desk.expect_status("待签收")
    page.keyboard.press("a")
    desk.expect_status("处置中")
    assert office.file(number)["record"][-1]["role"] == "field"


def test_what_cannot_be_taken_back_says_so_first(page: Page, spot: tuple[float, float], office: Office) -> None:
    one, other = office.report(spot), office.report(spot)
    desk = sit(page, "supervisor", f"lang=zh&case={one}")
    desk.expect_status("待立案")
    page.keyboard.press("m")
    expect(desk.panel.locator(".act-tells")).to_contain_text("并案不能撤销")
    page.keyboard.press("Escape")
    expect(desk.panel.locator(".act-form")).to_have_count(0)
    desk.panel.get_by_role("button", name=f"并入案件 {other}").click()
    page.get_by_role("button", name="并案").last.press("Enter")
    desk.expect_status("已并案")
    assert office.file(one)["case"]["merged_into"] == other
    assert len(office.file(other)["record"]) == 2, "both histories are kept"


def test_filters_and_views_live_in_the_address(page: Page, spot: tuple[float, float], office: Office) -> None:
    mine = office.report(spot, "E3-02", channel="video")
    other = office.report(spot, "E2-01", channel="app")
    desk = sit(page, "supervisor", "lang=zh&queue=new")
    page.locator("#sieve [name=category]").select_option("E3-02")
    expect(row(page, other)).to_have_count(0)
    expect(row(page, mine)).to_be_visible()
    assert "category=E3-02" in page.url
    page.locator("#sieve summary").click()
    page.get_by_placeholder("视图名称").fill("隐患")
    page.get_by_role("button", name="保存").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="清除筛选").click()
    expect(row(page, other)).to_be_visible()
    page.locator("#sieve summary").click()
    page.locator(".view", has_text="隐患").click()
    expect(row(page, other)).to_have_count(0)
    page.go_back()
    expect(row(page, other)).to_be_visible()
    page.locator("#sieve [name=q]").fill(mine)
    expect(desk.rows).to_have_count(1)
    page.locator("#sieve [name=q]").fill("没有这样的地址")
    expect(page.locator("#rows-end h2")).to_have_text("没有符合条件的案件")


def test_keys_move_and_are_listed(page: Page, spot: tuple[float, float], office: Office) -> None:
    for k in range(3):
        office.report((spot[0] + k * 1e-5, spot[1]), "E1-08")
    desk = sit(page, "supervisor", "lang=en&queue=new&category=E1-08")
    desk.press("j")
    expect(desk.rows.nth(0)).to_be_focused()
    desk.press("j", "j", "k")
    expect(desk.rows.nth(1)).to_be_focused()
    desk.press("Enter")
    expect(desk.panel.locator(".timeline")).to_be_visible()
    expect(desk.rows.nth(1)).to_have_attribute("aria-current", "true")
    desk.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Verify")
    desk.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    desk.press("Escape")
    expect(desk.panel.locator(".empty")).to_be_visible()
    expect(desk.rows.nth(1)).to_be_focused()
    desk.press("g", "o")
    expect(page.locator("#tab-overdue")).to_have_attribute("aria-pressed", "true")
    assert "queue=overdue" in page.url


def test_hostile_words_show_as_words(page: Page, spot: tuple[float, float], office: Office) -> None:
    bad = "<img src=x onerror=alert(1)>{{7*7}}"
    number = office.report(spot, "E1-03", note=bad, address=bad, channel=bad)
    desk = sit(page, "supervisor", f"lang=zh&queue=new&case={number}")
    expect(desk.panel.locator(".report")).to_have_text(bad)
    expect(row(page, number).locator(".row-place")).to_have_text(bad)
    assert page.locator("img[src=x]").count() == 0


def test_a_case_that_is_not_there_says_so(page: Page, expected_errors: list[str]) -> None:
    expected_errors.append("status of 404")
    desk = sit(page, "supervisor", "lang=en&case=nothing-here")
    expect(desk.panel).to_contain_text("There is no such case")
    page.get_by_role("button", name="Close the panel").click()
    expect(desk.panel.locator("h2")).to_have_text("Choose a case, or click on the map")


@pytest.mark.parametrize("lang", ["en", pytest.param("zh", marks=pytest.mark.slow)])  # English is the wider
def test_the_page_fits_the_screen(
    browser: Browser, base_url: str, page: Page, town: city.City, office: Office, screenshots: Path, lang: str
) -> None:
    at = dispatch_world.spots(town, 3, step=40)
    number = office.report(at[0], "E1-06", note="占道搭建约三平方米", address="滨海大道12号", emergency=True)
    office.report(at[1], "E1-05", address="阳光小区6号楼")
    context = browser.new_context(base_url=base_url, locale="zh-CN", timezone_id="Asia/Shanghai")
    there = sit(context.new_page(), "supervisor", f"lang={lang}&queue=new")
    for width, height, dark in ((1440, 900, False), (1366, 768, False), (390, 844, False), (1366, 768, True)):
        there.page.set_viewport_size({"width": width, "height": height})
        there.page.emulate_media(color_scheme="dark" if dark else "light")
        name = f"dispatch-{width}-{lang}{'-dark' if dark else ''}"
        there.page.screenshot(path=screenshots / f"{name}.png")
        row(there.page, number).click()
        there.expect_open(number)
        there.until("() => document.querySelector('#case .timeline') && document.querySelector('.patrols .soft')")
        assert _standing_out(there.page) == []
        small = there.page.evaluate(SMALL)
        assert small == []
        there.page.screenshot(path=screenshots / f"{name}-case.png")
        there.press("Escape")
        there.until("() => document.querySelector('#case .empty')")
    context.close()


def _standing_out(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter((node) => {
          const box = node.getBoundingClientRect();
          const out = box.width && (box.right > innerWidth + 1 || box.left < -1);
          return out && !node.closest("#map, .skip, .tabs, .pages");
        }).map((node) => node.tagName + "." + node.className)"""
    )
    return found


def _head(town: city.City, at: tuple[float, float]) -> str:
    code = town.grids[town.grids.contains(shapely.Point(at))]["code"].iloc[0]
    return next(one.phone for one in town.staff if one.grid_code == code and one.role == "head")


def _border(town: city.City) -> tuple[str, str, tuple[float, float]]:
    """Give two neighbours and a place in the first of them, 20 m from the second."""
    grids = town.grids
    a = grids.iloc[60]
    for b in grids.itertuples():
        line = shapely.intersection(a.geometry, b.geometry)
        if b.code != a["code"] and line.length > 0.002:
            middle = line.interpolate(0.5, normalized=True)
            inside = a.geometry.representative_point()
            share = 0.0002 / middle.distance(inside)
            return str(a["code"]), str(b.code), (
                middle.x + (inside.x - middle.x) * share,
                middle.y + (inside.y - middle.y) * share,
            )  # fmt: skip
    raise AssertionError("no neighbour")


@pytest.mark.parametrize(
    ("lang", "none"), [("zh", "不限条件（类别的一般时限）"), ("en", "None: the usual limit of the type")]
)
def test_a_condition_is_chosen_before_a_case_is_filed(
    page: Page, spot: tuple[float, float], office: Office, lang: str, none: str
) -> None:
    number = office.report(spot)
    sit(page, "supervisor", f"lang={lang}&queue=new&case={number}")
    choice = page.locator("#case select[name=condition]")
    expect(choice.locator("option").first).to_have_text(none)
    choice.select_option("焚烧垃圾")
    page.locator("#case button[data-act=file]").click()
    expect(choice).to_have_count(0)
    expect(page.locator("#case .facts")).to_contain_text("焚烧垃圾")
    assert office.file(number)["case"]["condition"] == "焚烧垃圾"
