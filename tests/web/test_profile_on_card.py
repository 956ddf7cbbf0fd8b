"""The card of a grid shows what is known of its people on the day."""

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.browser


def test_the_card_takes_the_profile_of_the_day(page: Page) -> None:
    def answer(route: Route) -> None:
        card = route.fetch().json()
        staffing = {**card["staffing"], "station_needed": True}
        known = {"households": 4321, "floating_residents": 2001, "department": "<b>环卫处</b>", "phone": "0532-9"}
        route.fulfill(json={**card, **known, "staffing": staffing})

    page.route("**/api/v1/grids/**", answer)
    page.goto("/maps/grids?lang=zh")
    expect(page.locator("html[data-ready=true]")).to_be_attached()
    page.evaluate("void gridmapPage.select(40)")
    facts = page.locator("#gridmap-card .gm-facts")
    expect(facts).to_contain_text("流动人口")
    expect(facts.locator("div", has_text="流动人口").locator("dd")).to_have_text("2,001（须设服务站）")
    expect(facts.locator("div", has_text="责任部门").locator("dd")).to_have_text("<b>环卫处</b> 0532-9")
    # once, and not the number of the version
    expect(facts.locator("div", has_text="户数")).to_have_count(1)
    expect(facts.locator("div", has_text="户数").locator("dd")).to_have_text("4,321")
