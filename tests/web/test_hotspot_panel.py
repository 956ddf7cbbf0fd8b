"""The panel of the hotspots: what is counted against what, the next weeks with their scores, released months."""

import re

import pytest
from playwright.sync_api import FrameLocator, Page, expect

pytestmark = pytest.mark.browser


def map_of(page: Page) -> FrameLocator:
    """The map in its frame, once it is drawn."""
    frame = page.frame_locator("#frame")
    expect(frame.locator("html[data-ready=true]")).to_be_attached()
    expect(page.locator("#skeleton")).to_be_hidden()
    return frame


@pytest.mark.parametrize(
    ("lang", "size", "chosen", "marked"),
    [("zh", (1366, 768), "采用", "重点关注"), ("en", (390, 844), "chosen", "To be watched")],
)
def test_a_forecast_is_never_without_its_score_and_months_are_chosen_among_those_released(
    page: Page, lang: str, size: tuple[int, int], chosen: str, marked: str
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"/?page=hotspots&show=forecast&lang={lang}")
    frame = map_of(page)
    expect(frame.locator(".gm-legend")).to_contain_text(marked)
    expect(frame.locator(".gm-legend-foot").first).to_contain_text("PAI")
    narrow = size[0] < 820
    if narrow:
        page.locator("#filters-open").click()
    table = page.locator("table.scores")
    told = page.request.get(f"/api/v1/hotspots/forecast?lang={lang}").json()
    expect(table.locator("tbody tr")).to_have_count(len(told["scores"]))
    row = next(score for score in told["scores"] if score["method"] == told["chosen"])
    expect(table.locator("tr.chosen")).to_contain_text(chosen)
    expect(table.locator("tr.chosen td")).to_have_text(
        [
            f"{row['pai']:.1f}".removesuffix(".0"),
            f"{row['best_pai']:.1f}".removesuffix(".0"),
            f"{100 * row['pei']:.0f} %",
        ]
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.locator("#weeks").select_option("2")
    expect(page).to_have_url(re.compile("weeks=2"))
    expect(table).to_be_attached()
    if narrow:
        page.locator("#filters-open").click()
    page.locator(".choices button", has_text={"zh": "公开", "en": "Public"}[lang]).click()
    expect(page).to_have_url(re.compile(r"show=public&lang"))
    expect(map_of(page).locator(".gm-legend")).to_contain_text(
        {"zh": "不含敏感类别", "en": "without sensitive kinds"}[lang]
    )
    expect(page.locator("#month option")).to_have_text(["2026-09"])
    expect(page.locator("#borders-of")).to_have_count(0)
