"""Waivers on the page: who asks for a rule is shown, a planner signs for a warning with a reason, and takes it back."""

from collections.abc import Iterator
from typing import Any

import city
import plan_world
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

SET = "/api/v1/sets/demo"


@pytest.fixture(scope="session")
def built() -> city.City:
    """The town that is redrawn."""
    return plan_world.town()


@pytest.fixture(scope="session")
def base_url(built: city.City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service over it."""
    with plan_world.serve(tmp_path_factory.mktemp("waivers"), built) as (url, _):
        yield url


@pytest.fixture
def address(page: Page) -> str:
    """A draft of a set that follows the rules of social grids."""
    known = page.request.get(SET).json()
    body = {**{k: known[k] for k in ("title", "code_scheme", "levels")}, "rules": "social-urban"}
    assert page.request.put(SET, data=body).ok
    made = page.request.post(f"{SET}/drafts", data={"note": "豁免"}).json()
    return f"/plan?set=demo&draft={made['draft']['number']}"


def show(page: Page, address: str, lang: str) -> Any:
    page.goto(f"{address}&lang={lang}")
    expect(page.locator("#stage[data-ready]")).to_be_attached()
    if page.locator("#sheet-handle").is_visible():
        page.locator("#sheet-handle").click()
    page.locator("#tab-findings").click()
    return page.locator("[data-rule=social_households]")


def test_a_planner_signs_for_a_warning_and_takes_it_back(page: Page, address: str, screenshots: Any) -> None:
    found = show(page, address, "zh")
    expect(found.first).to_contain_text("依据：城镇网格一般 300 至 500 户（地方网格划分规定（城镇））")
    expect(found.first).to_contain_text("发布前须修正或签署豁免")
    many = found.count()
    first = found.first.locator(".link").inner_text()
    found.first.get_by_role("button", name="签署豁免", exact=True).click()
    dialog = page.get_by_role("dialog", name="签署豁免", exact=True)
    expect(dialog).to_contain_text(first)
    dialog.get_by_role("button", name="签署豁免", exact=True).click()
    expect(dialog.get_by_role("alert")).to_have_text("请写明理由。")
    dialog.get_by_label("理由").fill("老旧小区，<b>暂不</b>调整")
    page.screenshot(path=screenshots / "plan-waiver-dialog-zh.png")
    dialog.get_by_role("button", name="签署豁免", exact=True).click()
    waived = page.locator(".finding-list .waived")
    expect(waived).to_have_count(1)
    expect(dialog).to_have_count(0)
    expect(waived).to_contain_text(first)
    expect(waived).to_contain_text("已豁免")
    expect(waived.locator("q")).to_have_text("老旧小区，<b>暂不</b>调整")
    expect(found).to_have_count(many)
    page.set_viewport_size({"width": 390, "height": 844})
    found = show(page, address, "en")
    expect(waived).to_contain_text("Waived")
    waived.scroll_into_view_if_needed()
    page.screenshot(path=screenshots / "plan-waiver-390-en.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    waived.get_by_role("button", name="Take back").click()
    expect(waived).to_have_count(0)
    expect(found).to_have_count(many)
