"""The page on which borders are redrawn, by real gestures; the stored draft is then asked by exact sums of areas."""

import math
import re
from typing import Any

import city
import plan_world
import pytest
import shapely
from plan_draft import Draft, centre, ground_of, holders, inner_corner, inside, require_exact_cover
from playwright.sync_api import Browser, Page, Route, expect

from gridmap import crs

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def built(plan_built: city.City) -> city.City:
    """The town that is redrawn."""
    return plan_built


@pytest.fixture(scope="session")
def base_url(plan_url: str) -> str:
    """The service over it."""
    return plan_url


def test_a_planner_starts_a_draft_from_the_version_in_force(page: Page) -> None:
    page.goto("/plan?lang=zh")
    expect(page.get_by_role("heading", name="调整网格边界")).to_be_visible()
    expect(page.locator("#based-on")).to_contain_text("第 1 版 · 现行")
    page.get_by_label("说明").fill("拆分大网格")
    page.locator("#draft-start").click()
    expect(page.locator("#stage[data-ready]")).to_be_attached()
    expect(page.locator(".draft-name")).to_contain_text("依据第 1 版")
    assert re.search(r"[?&]draft=\d+", page.url)
    expect(page.locator("#pages a[aria-current]")).to_have_text("区划")
    page.locator("#other-draft").click()
    expect(page.locator(".draft-open").first).to_contain_text("拆分大网格")


def test_a_corner_that_is_dragged_takes_every_neighbour_along(draft: Draft, middle: str) -> None:
    page = draft.page
    draft.take("move")
    draft.click(inside(draft.before, middle))
    corner = inner_corner(draft.before, middle)
    sharing = holders(draft.before, corner)
    assert len(sharing) >= 3
    dropped = draft.drag(draft.pixel(corner), (14, 11))
    after = draft.stored(1)
    require_exact_cover(after, ground_of(draft.before))
    assert holders(after, corner) == set()
    moved = {code for code in after if not after[code].equals(draft.before[code])}
    assert moved == sharing
    (new,) = {
        tuple(p) for p in shapely.get_coordinates(after[middle]).tolist()
    } - {tuple(p) for p in shapely.get_coordinates(draft.before[middle]).tolist()}  # fmt: skip
    assert holders(after, new) == sharing
    x, y = draft.pixel(new)
    # where it was let go, or on a line that was near
    assert math.hypot(x - dropped[0], y - dropped[1]) < 11
    # the areas and streets above are still the unions of their grids
    assert sum(g.area for g in draft.grids("street").values()) == pytest.approx(ground_of(after).area, abs=1e-13)
    expect(page.locator("#undo small")).to_have_text("1")
    # what it does to each of them is told at once
    expect(page.locator('#stage[data-effects="1"]')).to_be_attached()
    expect(page.locator(".effect")).to_have_count(len(sharing))
    assert {node.get_attribute("data-code") for node in page.locator(".effect").all()} == sharing
    told = page.locator(f'.effect[data-code="{middle}"] tr[data-measure=area_m2] td').all_text_contents()
    assert len(told) == 3
    for text, shape in zip(told, (draft.before[middle], after[middle]), strict=False):
        assert float(text.replace(",", "")) == pytest.approx(crs.to_metric([shape], city.EPSG)[0].area, rel=2e-3)


def test_a_middle_handle_adds_a_corner_to_both_sides_and_a_right_click_removes_it(draft: Draft, middle: str) -> None:
    page = draft.page
    draft.take("move")
    draft.click(inside(draft.before, middle))
    x, y = centre(page.locator(".handle.middle").first)
    dropped = draft.drag((x, y), (9, 9))
    after = draft.stored(1)
    require_exact_cover(after, ground_of(draft.before))
    grown = {
        c: len(shapely.get_coordinates(g)) - len(shapely.get_coordinates(draft.before[c])) for c, g in after.items()
    }
    assert sorted(v for v in grown.values() if v) == [1, 1]
    assert grown[middle] == 1
    page.mouse.click(*dropped, button="right")
    again = draft.stored(2)
    assert all(again[c].equals_exact(draft.before[c], 1e-12, normalize=True) for c in again)


def test_what_would_harm_the_plan_goes_back_and_nothing_is_sent(draft: Draft, middle: str) -> None:
    page = draft.page
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    draft.take("move")
    draft.click(inside(draft.before, middle))
    corner = inner_corner(draft.before, middle)
    other = next(code for code in draft.before if not shapely.touches(draft.before[code], draft.before[middle])
                 and code != middle and draft.before[code].distance(draft.before[middle]) < 0.002)  # fmt: skip
    start, end = draft.pixel(corner), draft.pixel(inside(draft.before, other))
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    expect(page.locator(".wrong-mark")).to_be_visible()
    expect(page.locator("#words.wrong")).to_be_visible()
    page.mouse.up()
    expect(page.locator("#words")).to_contain_text("没有移动")
    assert not sent
    # Esc lets go of a drag as well
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 9, start[1] + 9, steps=3)
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(page.locator("#words")).to_contain_text("已取消")
    # where three grids meet a corner is not removed
    draft.click(corner, button="right")
    expect(page.locator("#words")).to_contain_text("不能删除")
    assert not sent
    assert draft.grids() == draft.before


def test_undo_and_redo_take_back_and_bring_again_also_over_a_reload_in_the_middle_of_a_drag(
    draft: Draft, middle: str
) -> None:
    page = draft.page
    draft.take("move")
    draft.click(inside(draft.before, middle))
    corner = inner_corner(draft.before, middle)
    place = draft.drag(draft.pixel(corner), (14, 11))
    once = draft.stored(1)
    draft.drag(place, (-10, 8))
    twice = draft.stored(2)
    assert twice != once
    page.keyboard.press("Control+z")
    assert draft.stored(3) == once
    page.keyboard.press("Control+z")
    assert draft.stored(4) == draft.before
    x, y = draft.pixel(corner)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y + 5, steps=3)
    page.reload()
    expect(page.locator("#stage[data-ready]")).to_be_attached()
    page.mouse.up()
    assert draft.grids() == draft.before
    expect(page.locator("#redo small")).to_have_text("2")
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+Shift+z")
    assert draft.stored(6) == twice
    page.locator("#tab-log").click()
    expect(page.locator(".log li")).to_have_count(6)


def test_a_grid_is_split_along_a_line_and_merged_again(draft: Draft, middle: str) -> None:
    page = draft.page
    x0, y0, x1, y1 = draft.before[middle].bounds
    x, y = inside(draft.before, middle)
    draft.take("split")
    # a line that ends inside, and one that crosses itself, are told and not sent
    for line, said in (
        (((-4, 0), (4, 0)), "两端"),
        (((-4, -4), (4, 4), (4, -4), (-4, 4)), "自身交叉"),
    ):
        for dx, dy in line:
            draft.click((x + dx * 1e-4, y + dy * 1e-4))
        page.keyboard.press("Enter")
        expect(page.locator("#words.wrong")).to_contain_text(said)
        page.keyboard.press("Escape")
    assert draft.grids() == draft.before
    draft.click((x0 - 0.0003, (y0 + y1) / 2))
    expect(page.locator("#hint")).to_contain_text("从边界到边界")
    draft.click((x1 + 0.0003, (y0 + y1) / 2))
    page.keyboard.press("Enter")
    after = draft.stored(1)
    require_exact_cover(after, ground_of(draft.before))
    (new,) = set(after) - set(draft.before)
    assert after[new].area + after[middle].area == pytest.approx(draft.before[middle].area, abs=1e-13)
    assert after[new].area <= after[middle].area
    draft.take("select")
    page.keyboard.press("Escape")
    draft.take("merge")
    draft.click(inside(after, middle))
    draft.click(inside(after, new))
    page.locator("#merge-do").click()
    merged = draft.stored(2)
    require_exact_cover(merged, ground_of(draft.before))
    assert set(merged) == set(draft.before)
    assert shapely.symmetric_difference(merged[middle], draft.before[middle]).area < 1e-13


def test_a_piece_goes_from_one_grid_to_another(draft: Draft, middle: str) -> None:
    page = draft.page
    corner = inner_corner(draft.before, middle)
    draft.take("select")
    draft.click(inside(draft.before, middle))
    draft.take("piece")
    ring = [(corner[0] + dx * 1e-4, corner[1] + dy * 1e-4) for dx, dy in ((-4, -4), (4, -4), (4, 4), (-4, 4))]
    for point in ring:
        draft.click(point)
    page.keyboard.press("Enter")
    after = draft.stored(1)
    require_exact_cover(after, ground_of(draft.before))
    assert after[middle].area > draft.before[middle].area
    givers = {c for c in after if after[c].area < draft.before[c].area - 1e-13}
    assert givers == holders(draft.before, corner) - {middle}


@pytest.mark.parametrize("slow", [False, True], ids=["at-once", "before-the-units-are-there"])
def test_units_are_painted_into_a_grid(draft: Draft, built: city.City, middle: str, slow: bool) -> None:
    page = draft.page
    units = plan_world.units(built)
    border = next(
        g
        for c, g in draft.before.items()
        if c != middle and shapely.intersection(g, draft.before[middle]).length > 0.001
    )
    line = shapely.intersection(border, draft.before[middle])
    place = shapely.line_interpolate_point(shapely.line_merge(line), 0.5, normalized=True)
    near = units[units.geometry.intersects(place)]
    held: list[Route] = []
    if slow:
        page.route("**/layers/units/features*", lambda route: route.fallback() if held else held.append(route))
    draft.click(inside(draft.before, middle))
    draft.take("piece")
    page.locator("#tool-options select[name=way]").select_option("units")
    at = near.geometry.iloc[0].centroid
    x, y = draft.pixel((at.x, at.y))
    page.mouse.move(x - 2, y)
    page.mouse.down()
    page.mouse.move(x + 2, y, steps=3)
    page.mouse.up()
    if slow:
        expect(page.locator("#words")).to_contain_text("正在读取单元")
        held[0].fallback()
    page.get_by_role("button", name="划入 1 个单元").click()
    after = draft.stored(1)
    require_exact_cover(after, ground_of(draft.before))
    assert shapely.difference(near.geometry.iloc[0], after[middle]).area < 1e-13
    assert shapely.difference(after[middle], shapely.union(draft.before[middle], near.geometry.iloc[0])).area < 1e-13


def test_the_outer_border_is_extended(page: Page, built: city.City) -> None:
    grids = built.grids.set_index("code").geometry
    y1 = built.grids.total_bounds[3]
    code = min(grids.index, key=lambda c: (y1 - grids[c].bounds[3], grids[c].bounds[0]))
    x, top = grids[code].representative_point().x, grids[code].bounds[3]
    draft = Draft(page, "demo", (x, top))
    draft.take("extend")
    draft.click(inside(draft.before, code))
    for dx, dy in ((-3, -3), (3, -3), (3, 6), (-3, 6)):
        draft.click((x + dx * 1e-4, top + dy * 1e-4))
    page.keyboard.press("Enter")
    after = draft.stored(1)
    assert after[code].area > draft.before[code].area
    require_exact_cover(after, shapely.union(ground_of(draft.before), after[code]))
    assert all(after[c].area == pytest.approx(draft.before[c].area, abs=1e-13) for c in after if c != code)


def test_a_hole_is_shown_in_red_and_a_new_grid_fills_it(page: Page, built: city.City, middle: str) -> None:
    hole = built.grids.set_index("code").geometry[middle]
    at = hole.representative_point()
    draft = Draft(page, "holed", (at.x, at.y))
    page.locator("#tab-findings").click()
    expect(page.locator("[data-rule=hole]")).to_have_count(1)
    assert page.locator(".leaflet-faults-pane path").count() >= 1
    draft.take("hole")
    page.locator("#tool-options input[name=name]").fill("新设网格")
    draft.click((at.x, at.y))
    after = draft.stored(1)
    (new,) = set(after) - set(draft.before)
    require_exact_cover(after, shapely.union(ground_of(draft.before), hole))
    assert shapely.symmetric_difference(after[new], hole).area < 1e-13
    expect(page.locator("[data-rule=hole]")).to_have_count(0)
    page.locator("#tab-grid").click()
    expect(page.locator("#body-grid > h3")).to_have_text("新设网格")


def test_an_enclave_is_cut_out_and_gets_its_details(draft: Draft, middle: str) -> None:
    page = draft.page
    x, y = inside(draft.before, middle)
    draft.take("enclave")
    page.locator("#tool-options input[name=name]").fill("飞地一")
    for dx, dy in ((-3, -3), (3, -3), (3, 3), (-3, 3)):
        draft.click((x + dx * 1e-4, y + dy * 1e-4))
    page.keyboard.press("Enter")
    after = draft.stored(1)
    (new,) = set(after) - set(draft.before)
    require_exact_cover(after, ground_of(draft.before))
    assert len(after[middle].interiors) == 1
    draft.take("attributes")
    page.locator("#attributes input[name=households]").fill("三百")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("#words.wrong")).to_contain_text("整数")
    page.locator("#attributes input[name=households]").fill("320")
    page.get_by_role("button", name="保存", exact=True).click()
    draft.stored(2)
    found = page.request.get(f"{draft.base}/areas?level=grid").json()["features"]
    (properties,) = [f["properties"] for f in found if f["id"] == new]
    assert (properties["name"], properties["households"]) == ("飞地一", 320)


def test_what_an_edit_does_is_told_in_figures_and_cases_on_the_map(draft: Draft, middle: str) -> None:
    page = draft.page
    other = next(c for c in draft.before if c != middle and draft.before[c].touches(draft.before[middle]))
    x, y = inside(draft.before, other)
    nothing = {"floating": None, "workers": 2, "workers_required": 3, "incidents": 7, "patrol_hours": None}
    page.route(
        "**/redraw/effects",
        lambda route: route.fulfill(
            json={
                "revision": 1,
                "start": "2025-11-01T16:00:00Z",
                "end": "2026-11-01T16:00:00Z",
                "areas": [
                    {
                        "code": middle,
                        "name": "青石第一网格",
                        "before": {"area_m2": 10_000.0, "households": 300, "compactness": 0.8, **nothing},
                        "after": {"area_m2": 12_500.0, "households": 300, "compactness": 0.75, **nothing},
                    }
                ],
                "handed": [
                    {
                        "incident_id": "I1",
                        "category": "暴露垃圾",
                        "occurred_at": "2026-10-01T04:00:00Z",
                        "lon": x,
                        "lat": y,
                        "from_code": other,
                        "to_code": middle,
                    }
                ],
                "handed_total": 1,
                "staff": [{"grid_code": other, "role": "worker", "name": "李四", "department": "城管"}],
                "balance": [
                    {
                        "parent": "A01",
                        "measure": "households",
                        "mean_before": 300.0,
                        "mean_after": 300.0,
                        "deviation_before": 0.5,
                        "deviation_after": 0.25,
                    }
                ],
            }
        ),
    )
    draft.take("move")
    draft.click(inside(draft.before, middle))
    draft.drag(draft.pixel(inner_corner(draft.before, middle)), (14, 11))
    draft.stored(1)
    row = page.locator(f'.effect[data-code="{middle}"] tr[data-measure=area_m2] td')
    expect(row).to_have_text(["10,000", "12,500", "+2,500 (+25%)"])
    # what is not known has no row, and what stays no change
    expect(page.locator(".effect tr[data-measure=floating]")).to_have_count(0)
    expect(page.locator(".effect tr[data-measure=incidents] td").last).to_have_text("")
    expect(page.locator(".balance td").first).to_have_text("±50%")
    expect(page.locator(".handed")).to_contain_text(["暴露垃圾", "李四 · 网格员"])
    page.get_by_role("button", name="暴露垃圾").click()
    expect(page).to_have_url(re.compile(r"#v=19/"))


def test_a_draft_is_submitted_approved_and_published(draft: Draft, middle: str) -> None:
    page = draft.page
    draft.take("attributes")
    draft.click(inside(draft.before, middle))
    page.locator("#attributes input[name=name]").fill("审批试点")
    page.get_by_role("button", name="保存", exact=True).click()
    draft.stored(1)
    with page.expect_download() as download:
        page.locator("#body-grid").get_by_role("link", name="打印网格责任单").click()
    assert download.value.suggested_filename.endswith(".pdf")
    page.locator("#tab-way").click()
    way = page.locator("#body-way")
    with page.expect_download() as download:
        way.get_by_role("link", name="打印 A3 网格划分图").click()
    assert download.value.suggested_filename.endswith("-plan.pdf")
    way.get_by_role("button", name="提交审批").click()
    expect(way.locator(".tag")).to_have_text("已提交，等待审批")
    expect(page.locator("#draft-bar .tag")).to_be_visible()
    way.get_by_role("button", name="退回修改").click()
    expect(way.locator(".message.wrong")).not_to_be_empty()
    page.locator("#way-reason").fill("请补充说明")
    # what the service says meanwhile leaves alone what is being typed
    with page.expect_response("**/redraw/state"):
        page.locator("#tab-way").click()
    page.wait_for_timeout(100)
    expect(page.locator("#way-reason")).to_have_value("请补充说明")
    way.get_by_role("button", name="退回修改").click()
    expect(way.locator(".tag")).to_have_text("编辑中")
    expect(way).to_contain_text("请补充说明")
    way.get_by_role("button", name="提交审批").click()
    way.get_by_role("button", name="批准").click()
    expect(way.locator(".tag")).to_have_text("已批准，可以发布")
    with page.expect_download() as download:
        way.get_by_role("link", name="GeoJSON").click()
    assert download.value.suggested_filename.endswith(".geojson")
    assert page.request.get(f"{draft.base}/state").json()["state"] == "approved"
    expect(page.locator("#way-day")).not_to_have_value("")
    page.locator("#way-day").fill("2190-01-01")
    way.get_by_role("button", name="发布").click()
    page.wait_for_url("**/history?*")
    versions = page.request.get("/api/v1/sets/demo/versions").json()["versions"]
    (mine,) = [v for v in versions if v["number"] == draft.number]
    assert (mine["state"], mine["valid_from"]) == ("published", "2190-01-01")


def test_two_planners_at_one_corner_see_both_edits_and_nothing_is_lost(
    draft: Draft, browser: Browser, base_url: str, middle: str, expected_errors: list[str]
) -> None:
    expected_errors.append("status of 4")
    mine = draft.page
    corner = inner_corner(draft.before, middle)
    context = browser.new_context(base_url=base_url, locale="zh-CN", viewport={"width": 1280, "height": 720})
    theirs = context.new_page()
    draft.open(theirs)
    # the first page hears nothing of the other one for the moment
    deaf = True
    mine.route("**/redraw/edits?after=*", lambda route: route.abort() if deaf else route.fallback())
    expected_errors.append("ERR_FAILED")
    theirs.locator("#tool-move").click()
    theirs.mouse.click(*draft.pixel(inside(draft.before, middle), theirs))
    draft.drag(draft.pixel(corner, theirs), (12, 10), theirs)
    expect(theirs.locator('#stage[data-revision="1"]')).to_be_attached()
    after = draft.grids()
    draft.take("move")
    draft.click(inside(draft.before, middle))
    with mine.expect_response(lambda r: r.request.method == "POST" and r.status == 409):
        draft.drag(draft.pixel(corner), (-12, -9))
        deaf = False
    expect(mine.locator("dialog.conflict")).to_be_visible()
    expect(mine.locator("dialog.conflict section").first).to_contain_text("operator")
    expect(mine.locator("dialog.conflict section").last).to_contain_text("移动界点")
    assert draft.grids() == after, "a conflict stores nothing"
    mine.locator("#conflict-look").click()
    expect(mine.locator('#stage[data-revision="1"]')).to_be_attached()
    require_exact_cover(after, ground_of(draft.before))
    context.close()


def test_what_the_service_refuses_goes_back_with_its_words(
    draft: Draft, middle: str, expected_errors: list[str]
) -> None:
    page = draft.page
    expected_errors.append("status of 4")
    # the page has not heard of the lock yet
    page.route("**/redraw/locks", lambda route: route.fulfill(json={"marks": []}))
    assert page.request.post(f"{draft.base}/locks", data={"kind": "grid", "code": middle}).ok
    draft.take("move")
    draft.click(inside(draft.before, middle))
    corner = inner_corner(draft.before, middle)
    with page.expect_response(lambda r: r.request.method == "POST" and r.status == 409):
        draft.drag(draft.pixel(corner), (14, 11))
    expect(page.locator("#words.wrong")).to_contain_text("没有修改")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(f'.handle.corner[data-at="{corner[0]!r},{corner[1]!r}"]')).to_be_attached()
    assert draft.grids() == draft.before


def test_an_edit_that_did_not_go_out_is_kept_and_sent_again(
    draft: Draft, middle: str, expected_errors: list[str]
) -> None:
    page = draft.page
    expected_errors.append("ERR_")
    draft.take("move")
    draft.click(inside(draft.before, middle))
    page.route("**/redraw/edits", lambda route: route.abort())
    draft.drag(draft.pixel(inner_corner(draft.before, middle)), (14, 11))
    expect(page.locator("#offline")).to_contain_text("还没有保存")
    assert draft.grids() == draft.before
    page.unroute("**/redraw/edits")
    page.reload()
    expect(page.locator("#offline")).to_contain_text("1 项修改")
    page.locator("#send-again").click()
    after = draft.stored(1)
    assert after != draft.before
    require_exact_cover(after, ground_of(draft.before))
    expect(page.locator("#offline")).to_be_hidden()


def test_keys_alone_move_a_corner(draft: Draft, middle: str) -> None:
    page = draft.page
    draft.click(inside(draft.before, middle))
    page.keyboard.press("b")
    page.keyboard.press(".")
    expect(page.locator(".cross")).to_be_visible()
    expect(page.locator("#words")).to_contain_text("个界点")
    page.keyboard.press("Space")
    for key in ("ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    page.keyboard.press("Space")
    after = draft.stored(1)
    assert after[middle] != draft.before[middle]
    page.keyboard.press("?")
    expect(page.locator("dialog.keys")).to_contain_text("移动边界")
    page.keyboard.press("Escape")
    expect(page.locator("dialog.keys")).to_have_count(0)


def test_who_may_not_write_drafts_is_not_led_there(page: Page, base_url: str) -> None:
    page.route("**/api/v1/session", lambda route: route.fulfill(
        json={"access": "accounts", "account": None, "permissions": ["grids.read"], "areas": {}}))  # fmt: skip
    page.goto("/history?lang=zh")
    expect(page.locator("#pages a").first).to_be_visible()
    expect(page.locator("#pages")).not_to_contain_text("区划")
    page.goto("/plan?lang=zh")
    expect(page.locator("#start")).to_contain_text("编制草案")


def test_the_page_fits_the_screen(draft: Draft, middle: str, screenshots: Any) -> None:
    page = draft.page
    sizes = ((1440, 900), (1366, 768), (390, 844))
    for lang, (width, height) in [(lang, size) for lang in ("zh", "en") for size in sizes]:
        page.set_viewport_size({"width": width, "height": height})
        page.goto("about:blank")
        page.goto(draft.address.replace("lang=zh", f"lang={lang}").replace("#", f"#grids={middle}&"))
        expect(page.locator("#stage[data-ready]")).to_be_attached()
        page.locator("#tool-move").click()
        expect(page.locator(".handle").first).to_be_attached()
        page.screenshot(path=screenshots / f"plan-{width}-{lang}.png")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for tool in ("undo", "tool-select", "tool-attributes"):
            box = page.locator(f"#{tool}").bounding_box()
            assert box is not None
            assert box["height"] >= 24
