"""Gaps, recency and effort in the browser: the switch, the slider through the days, and a card that says why."""

import re

import pytest
from playwright.sync_api import FrameLocator, Page, expect

pytestmark = pytest.mark.browser
READY = "html[data-ready=true]"


def drawn(page: Page, title: str) -> FrameLocator:
    """The map in its frame, once it is there and about what was asked for."""
    frame = page.frame_locator("#frame")
    # the first reader of a window waits until it is worked out, and on a busy machine until loops are compiled
    expect(frame.locator(".gm-legend summary")).to_have_text(title, timeout=90_000)
    expect(frame.locator(READY)).to_be_attached()
    return frame


def counted(frame: FrameLocator) -> list[int]:
    """What the legend says of each look."""
    texts = frame.locator(".gm-legend li:has(.gm-swatch:not(.gm-swatch-line)) .gm-legend-count").all_inner_texts()
    return [int(text.replace(",", "")) for text in texts]


def test_the_reader_goes_from_gaps_to_recency_and_effort_and_through_the_days(page: Page, screenshots) -> None:
    page.goto("/?page=coverage&lang=zh")
    frame = drawn(page, "巡查覆盖与盲区")
    whole = counted(frame)
    slider, said = frame.locator(".gm-steps input"), frame.locator(".gm-steps output")
    expect(said).to_have_text("整个时段")
    # the first day has but half a minute in the window: on to the first whole one
    for _ in range(2):
        frame.locator(".gm-steps button").last.click()
    expect(said).to_have_text(re.compile(r"\d\d-\d\d 周."))
    expect(slider).to_have_value("2")
    day = counted(frame)
    assert day != whole
    # what nobody looked at in a day is no less than in the week
    assert day[0] + day[1] >= whole[0] + whole[1]
    inner = page.frames[-1]
    shown = inner.evaluate("gridmapPage.data.grids.fill.filter((f) => f === 1).length")
    assert shown == day[1]
    row = inner.evaluate("gridmapPage.data.grids.fill.indexOf(0)")
    if row >= 0:
        inner.evaluate("row => gridmapPage.select(row)", row)
        happened = inner.evaluate("row => gridmapPage.data.grids.incidents[row]", row)
        expect(frame.locator(".gm-why")).to_contain_text(f"发生过 {happened} 件事件")
    page.screenshot(path=screenshots / "coverage-day.png")
    for _ in range(2):
        frame.locator(".gm-steps button").first.click()
    expect(said).to_have_text("整个时段")
    assert counted(frame) == whole

    page.locator("#panel button", has_text="时效").click()
    frame = drawn(page, "距上次停留的时间")
    assert "show=recency" in page.url
    expect(frame.locator(".gm-legend-foot")).to_contain_text("应巡周期")
    expect(frame.locator(".gm-steps")).to_have_count(0)
    inner = page.frames[-1]
    inner.evaluate("gridmapPage.select(0)")
    expect(frame.locator(".gm-why")).to_contain_text("天")
    page.screenshot(path=screenshots / "recency.png")

    page.locator("#panel button", has_text="工作量").click()
    frame = drawn(page, "巡查小时数")
    expect(frame.locator(".gm-legend-foot")).to_contain_text("停留满 3 分钟")
    page.screenshot(path=screenshots / "effort.png")
    page.go_back()
    drawn(page, "距上次停留的时间")
    expect(page.locator("#panel button", has_text="时效")).to_have_attribute("aria-pressed", "true")
