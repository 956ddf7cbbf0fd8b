"""Locks and comments on the page Plan: set, seen by everybody, heeded, and taken away."""

import pytest
import shapely
from plan_draft import Draft, centre, inner_corner, inside
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def base_url(plan_url: str) -> str:
    """The service over the town that is redrawn."""
    return plan_url


def test_a_grid_that_is_locked_is_marked_named_and_left_alone(draft: Draft, middle: str) -> None:
    page = draft.page
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.url.endswith("/redraw/edits") else None)
    draft.click(inside(draft.before, middle))
    page.locator("#tab-grid").click()
    page.locator("#lock-do").click()
    expect(page.locator(".lock-box .locked")).to_contain_text("operator")
    # a hatch and a sign, not a colour alone
    expect(page.locator("path.locked-area")).to_have_attribute("fill", "url(#plan-locked)")
    expect(page.locator(".lock-sign svg")).to_have_count(1)
    draft.take("move")
    corner = inner_corner(draft.before, middle)
    draft.drag(draft.pixel(corner), (14, 11))
    expect(page.locator("#words.wrong")).to_contain_text("由 operator 锁定，不能移动")
    assert not sent
    page.locator("#tab-notes").click()
    page.locator("[data-lock]").get_by_role("button", name="解除锁定").click()
    expect(page.locator("path.locked-area")).to_have_count(0)
    # the map was not dragged in its place
    draft.drag(draft.pixel(corner), (14, 11))
    draft.stored(1)


def test_a_piece_of_a_border_and_a_community_are_locked(draft: Draft, middle: str) -> None:
    page = draft.page
    draft.take("move")
    draft.click(inside(draft.before, middle))
    page.locator("#lock-edge").click()
    expect(page.locator("#hint")).to_contain_text("加锁")
    at = centre(page.locator(".handle.middle").first)
    page.mouse.click(*at)
    expect(page.locator("path.locked-edge")).to_have_count(1)
    (lock,) = page.request.get(f"{draft.base}/locks").json()["marks"]
    assert lock["kind"] == "edge"
    page.locator("#lock-edge").click()
    draft.drag(at, (9, 9))
    expect(page.locator("#words.wrong")).to_contain_text("锁定")
    page.locator("#lock-edge").click()
    page.mouse.click(*at)
    expect(page.locator("path.locked-edge")).to_have_count(0)
    # a community, with all its grids
    page.locator("#level").select_option("area")
    draft.click(inside(draft.before, middle))
    page.locator("#tab-grid").click()
    page.get_by_role("button", name="锁定此区域及其所有网格").click()
    expect(page.locator("path.locked-area")).to_have_count(1)
    page.locator("#level").select_option("grid")
    draft.click(inside(draft.before, middle))
    expect(page.locator(".lock-box .locked")).to_contain_text("所属的")
    draft.take("move")
    draft.drag(draft.pixel(inner_corner(draft.before, middle)), (14, 11))
    expect(page.locator("#words.wrong")).to_contain_text("锁定")
    assert draft.grids() == draft.before


def test_comments_are_pinned_listed_found_again_and_removed(draft: Draft, middle: str) -> None:
    page = draft.page
    x, y = inside(draft.before, middle)
    draft.take("comment")
    draft.click((x, y))
    page.locator("#note-text").fill("<b>入口</b>在北侧")
    page.get_by_role("button", name="发布批注").click()
    expect(page.locator(".notes .link")).to_have_text("<b>入口</b>在北侧")
    (mine,) = page.request.get(f"{draft.base}/comments").json()["marks"]
    assert mine["code"] == middle
    assert mine["places"][0] == pytest.approx([x, y], abs=2e-5)
    expect(page.locator(".pin")).to_have_text(str(mine["number"]))
    # what others write comes by itself
    far = draft.before[max(draft.before, key=lambda c: draft.before[c].distance(shapely.Point(x, y)))]
    there = far.representative_point()
    assert page.request.post(f"{draft.base}/comments", data={"at": [there.x, there.y], "text": "远处"}).ok
    expect(page.locator(".notes .link")).to_have_text(["<b>入口</b>在北侧", "远处"])
    page.get_by_role("button", name="远处").click()
    px, py = draft.pixel((there.x, there.y))
    box = page.locator("#map").bounding_box()
    assert box is not None
    assert box["x"] < px < box["x"] + box["width"]
    assert box["y"] < py < box["y"] + box["height"]
    page.locator("#tab-log").click()
    page.locator(".pin").last.click()
    expect(page.locator(".notes li.lit")).to_contain_text("远处")
    page.locator(".notes li").first.get_by_role("button", name="删除").click()
    expect(page.locator(".pin")).to_have_count(1)
    assert len(page.request.get(f"{draft.base}/comments").json()["marks"]) == 1
