"""Two planners with accounts, each in a browser: presence, a conflict, the second pair of eyes, publishing."""

import re
from collections.abc import Iterator

import city
import page_service
import plan_world
import pytest
from doors_world import PASSWORD, staff
from plan_draft import Draft, holders, inner_corner, inside
from playwright.sync_api import Browser, Page, expect

from gridmap.domain.access import OPERATOR, Grant, Role
from gridmap.services.clock import FixedClock
from gridmap.store import open_store

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def base_url(plan_built: city.City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service where planners sign in."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('review')}/plan.gpkg")
    plan_world.publish(store, plan_built, ("demo",))
    options = {"default_set": "demo", "sign_ins_per_minute": 1_000.0}
    made = staff(store, FixedClock(page_service.NOW), set_name="demo", street="S1", options=options)
    made.app.state.desk.accounts.add_person(OPERATOR, "second", PASSWORD, title="孙复核", grants=(Grant(Role.PLANNER),))
    with page_service.running(made.app) as url:
        yield url
    store.close()


@pytest.fixture
def expected_errors() -> list[str]:
    """What is refused on purpose."""
    return ["status of 401", "status of 403", "status of 409", "ERR_FAILED"]


def come_in(page: Page, name: str, path: str) -> None:
    """Go to the page as somebody."""
    page.goto(path)
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button[type=submit]").click()


def test_a_planner_draws_and_another_one_approves(page: Page, browser: Browser, base_url: str,
                                                  plan_built: city.City) -> None:  # fmt: skip
    middle = plan_world.middle_code(plan_built)
    at = plan_built.grids.set_index("code").geometry[middle].representative_point()
    come_in(page, "planner", "/plan?set=demo&lang=zh")
    page.locator("#draft-start").click()
    expect(page.locator("#stage[data-ready]")).to_be_attached()
    found = re.search(r"draft=(\d+)", page.url)
    assert found is not None
    draft = Draft.of(page, "demo", int(found[1]), (at.x, at.y))
    context = browser.new_context(base_url=base_url, locale="zh-CN", viewport={"width": 1280, "height": 720})
    theirs = context.new_page()
    come_in(theirs, "second", draft.address)
    expect(theirs.locator("#stage[data-ready]")).to_be_attached()
    # both see that the other one is there
    expect(page.locator("#others .initial")).to_have_attribute("aria-label", re.compile("second|孙复核"))
    expect(theirs.locator("#others .initial")).to_have_attribute("aria-label", re.compile("planner|陈规划"))

    deaf = True
    theirs.route("**/redraw/edits?after=*", lambda route: route.abort() if deaf else route.fallback())
    corner = inner_corner(draft.before, middle)
    draft.take("move")
    draft.click(inside(draft.before, middle))
    draft.drag(draft.pixel(corner), (14, 11))
    after = draft.stored(1)
    assert holders(after, corner) == set()
    theirs.locator("#tool-move").click()
    theirs.mouse.click(*draft.pixel(inside(draft.before, middle), theirs))
    with theirs.expect_response(lambda r: r.request.method == "POST" and r.status == 409):
        draft.drag(draft.pixel(corner, theirs), (-12, -9), theirs)
        deaf = False
    conflict = theirs.locator("dialog.conflict")
    expect(conflict.locator("section").first).to_contain_text(re.compile("planner|陈规划"))
    expect(conflict.locator("section").last).to_contain_text("移动界点")
    theirs.locator("#conflict-look").click()
    expect(theirs.locator('#stage[data-revision="1"]')).to_be_attached()
    assert draft.grids() == after, "what was refused changed nothing"

    page.locator("#tab-way").click()
    way = page.locator("#body-way")
    way.get_by_role("button", name="提交审批").click()
    expect(way.locator(".tag")).to_have_text("已提交，等待审批")
    way.get_by_role("button", name="批准").click()
    expect(way.locator(".message.wrong")).to_contain_text("不能审核自己提交的草案")
    theirs.locator("#tab-way").click()
    theirs.locator("#body-way").get_by_role("button", name="批准").click()
    expect(theirs.locator("#body-way .tag")).to_have_text("已批准，可以发布")
    theirs.locator("#way-day").fill("2190-01-01")
    page.goto("about:blank")
    theirs.locator("#body-way").get_by_role("button", name="发布").click()
    theirs.wait_for_url("**/history?*")
    versions = theirs.request.get("/api/v1/sets/demo/versions").json()["versions"]
    (mine,) = [v for v in versions if v["number"] == draft.number]
    assert (mine["state"], mine["valid_from"]) == ("published", "2190-01-01")
    context.close()
