"""What cannot be done is said in the page's own words, and the draft stays as it is."""

from typing import Any

import pytest
import shapely
from plan_draft import Draft, ground_of, inside, require_exact_cover
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def base_url(plan_url: str) -> str:
    """The service over the town that is redrawn."""
    return plan_url


@pytest.fixture
def expected_errors() -> list[str]:
    """What the service refuses is told by Chromium, too."""
    return ["status of 422", "status of 409"]


def paste(draft: Draft, text: str) -> None:
    """Paste text into the open dialog, as the keys do."""
    draft.page.locator("#paste-text").evaluate(
        """(field, text) => {
          const data = new DataTransfer();
          data.setData("text/plain", text);
          const event = new ClipboardEvent("paste", { clipboardData: data, cancelable: true });
          if (field.dispatchEvent(event)) { field.value = text; }
        }""",
        text,
    )


def strip_through(draft: Draft, middle: str) -> tuple[str, Any]:
    """Give a neighbour, and a strip from the middle grid through it to the ground behind."""
    m = draft.before[middle]
    code = max((c for c in draft.before if c != middle), key=lambda c: shapely.intersection(draft.before[c], m).length)
    a, b = m.centroid, draft.before[code].centroid
    line = shapely.LineString([(a.x, a.y), (2.2 * b.x - 1.2 * a.x, 2.2 * b.y - 1.2 * a.y)])
    return code, shapely.buffer(line, 3e-5, cap_style="flat")


def test_a_piece_that_cuts_a_grid_in_two_is_for_the_planner_to_choose(draft: Draft, middle: str) -> None:
    page = draft.page
    cut, strip = strip_through(draft, middle)
    draft.click(inside(draft.before, middle))
    for answer in ("no", "yes"):
        draft.take("piece")
        page.get_by_role("button", name="粘贴坐标").click()
        paste(draft, strip.wkt)
        page.locator("#paste-do").click()
        page.get_by_role("button", name="完成").click()
        expect(page.locator("dialog.ask")).to_contain_text("切成 2 块")
        page.locator(f"#parts-{answer}").click()
        if answer == "no":
            assert draft.grids() == draft.before
    after = draft.stored(1)
    require_exact_cover(after, ground_of(draft.before))
    assert shapely.get_num_geometries(after[cut]) == 2


def test_lines_and_merges_that_make_no_sense_are_told(draft: Draft, middle: str) -> None:
    page = draft.page
    x0, y0, x1, y1 = draft.before[middle].bounds
    third = (y1 - y0) / 3
    draft.click(inside(draft.before, middle))
    draft.take("split")
    west, east = x0 - 2e-4, x1 + 2e-4
    for point in ((west, y0 + third), (east, y0 + third), (east, y1 - third), (west, y1 - third)):
        draft.click(point)
    page.keyboard.press("Enter")
    expect(page.locator("#words.wrong")).to_contain_text("切成了 3 块")
    draft.click((west, y1 + 3e-4))
    draft.click((east, y1 + 3e-4))
    page.keyboard.press("Enter")
    expect(page.locator("#words.wrong")).not_to_contain_text("切成了")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    draft.take("merge")
    apart = next(c for c, g in draft.before.items() if not g.intersects(draft.before[middle]) and
                 g.distance(draft.before[middle]) < 0.004)  # fmt: skip
    page.goto("about:blank")
    page.goto(draft.address.replace("#", f"#grids={middle},{apart}&"))
    expect(page.locator("#stage[data-ready]")).to_be_attached()
    draft.take("merge")
    page.locator("#merge-do").click()
    expect(page.locator("#words.wrong")).to_contain_text("不全相邻")
    assert draft.grids() == draft.before


def test_what_is_pasted_is_read_or_told_why_not(draft: Draft, middle: str) -> None:
    page = draft.page
    x, y = inside(draft.before, middle)
    ring = [[x - 3e-4, y - 3e-4], [x + 3e-4, y - 3e-4], [x + 3e-4, y + 3e-4], [x - 3e-4, y + 3e-4]]
    lines = "\n".join(f"{a}, {b}" for a, b in ring)
    draft.take("enclave")
    page.get_by_role("button", name="粘贴坐标").click()
    wrong = page.locator("dialog.ask .message")
    for text, said in (
        ("\n".join(["120.1, 35.9"] * 100_000), "粘贴了 100,000 个点"),
        ("abc", "无法识别"),
        ("120.1, 35.9\n120.2, 35.9", "三个"),
        ("35.9, 120.1\n35.9, 120.2\n36.0, 120.2", "超出经纬度范围"),
        ("\n".join(f"{a}, {b}" for a, b in (ring[0], ring[2], ring[1], ring[3])), "自身交叉"),
        ('{"type": "Point", "coordinates": [1, 2]}', "无法识别"),
    ):
        paste(draft, text)
        page.locator("#paste-do").click()
        if len(text) < 200_000:
            expect(wrong).to_contain_text(said)
        else:
            paste(draft, text)
            expect(wrong).to_contain_text(said)
    paste(draft, lines)
    page.locator("#paste-do").click()
    page.get_by_role("button", name="完成").click()
    after = draft.stored(1)
    (new,) = set(after) - set(draft.before)
    require_exact_cover(after, ground_of(draft.before))
    assert shapely.symmetric_difference(after[new], shapely.Polygon(ring)).area < 1e-13


def test_an_edit_of_what_others_changed_is_told_and_not_made(draft: Draft, middle: str, page: Page) -> None:
    stale = page.request.post(f"{draft.base}/edits", data={"verb": "attributes", "code": middle, "name": "甲"})
    assert stale.status == 422
    body = {"verb": "attributes", "code": middle}
    assert page.request.post(f"{draft.base}/edits", data={**body, "name": "乙"}, headers={"If-Match": '"0"'}).ok
    again = page.request.post(
        f"{draft.base}/edits", data={**body, "name": "丙"}, headers={"If-Match": '"0"', "Accept-Language": "zh"}
    )
    assert again.status == 409
    assert "其他规划员" in again.json()["detail"]
    # the page hears of it by itself
    expect(page.locator('#stage[data-revision="1"]')).to_be_attached()
