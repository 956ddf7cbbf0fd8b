"""A shift of two dispatchers, a supervisor and whoever handles: cases from report to verified close."""

import os
from dataclasses import dataclass

from dispatch_desk import Desk
from playwright.sync_api import expect

#: Two minutes for twenty, which GRIDMAP_LONG asks for.
CASES = 20 if os.environ.get("GRIDMAP_LONG") else 14
CATEGORIES = ("乱扔垃圾", "乱停车", "乱设摊", "小广告", "楼道堆物")


@dataclass
class Crew:
    """Who works the shift, each at a desk; ``handler`` handles what was sent."""

    first: Desk
    second: Desk
    supervisor: Desk
    handler: Desk

    @property
    def desks(self) -> tuple[Desk, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys((self.first, self.second, self.supervisor, self.handler)))


def work(crew: Crew, places: list[tuple[float, float]]) -> list[str]:
    """Work the shift and give the numbers of the cases."""
    for desk in crew.desks:
        desk.open()
    numbers = [
        (crew.first if i % 2 else crew.second).report(
            *place, CATEGORIES[i % len(CATEGORIES)], f"第 {i + 1} 件" if i % 4 == 0 else ""
        )
        for i, place in enumerate(places)
    ]
    for desk in crew.desks:
        expect(desk.count("new")).to_have_text(str(len(places)))
    _file(crew)
    _dispatch(crew)
    _handle(crew)
    _verify(crew)
    return numbers


def _file(crew: Crew) -> None:
    """The supervisor files all; half of it on a line that is cut: what is done meanwhile is sent once it is back."""
    desk = crew.supervisor
    desk.queue("n", "new")
    for i in range(CASES):
        desk.step()
        if i == CASES // 2:
            desk.page.context.set_offline(True)
            desk.press("f")
            expect(desk.panel.locator(".told")).to_contain_text("未连接")
            desk.page.context.set_offline(False)
        else:
            desk.press("f")
        desk.expect_status("待派遣")
    for other in crew.desks:
        expect(other.count("dispatch")).to_have_text(str(CASES))
        expect(other.count("new")).to_have_text("0")


def _dispatch(crew: Crew) -> None:
    """Two dispatchers work on one queue from its two ends; the line of one is cut while the other goes on."""
    first, second = crew.first, crew.second
    for desk in (first, second):
        desk.press("Escape")
        desk.queue("d", "dispatch")
    expect(first.rows).to_have_count(CASES)
    for i in range(CASES // 2):
        if i == 3:
            first.page.context.set_offline(True)
            expect(first.page.locator("#live")).to_have_attribute("data-state", "waiting")
        if i == 6:
            first.page.context.set_offline(False)
            expect(first.page.locator("#live")).to_have_attribute("data-state", "live")
            # what the other one did meanwhile is there: three by both, three more by the other
            expect(first.rows).to_have_count(CASES - 2 * 3 - 3)
        for desk in (first, second):
            if desk is first and 3 <= i < 6:
                continue
            _send(desk, last=desk is second)
    for _ in range(3):
        _send(first, last=False)
    for other in crew.desks:
        expect(other.count("handling")).to_have_text(str(CASES))
        expect(other.count("dispatch")).to_have_text("0")


def _send(desk: Desk, *, last: bool) -> None:
    """Send the first or the last case of the queue to the unit that is proposed."""
    if last:
        desk.page.locator("#rows li:last-child button").focus()
        desk.press("Enter")
        number = desk.page.locator("#rows li:last-child button").get_attribute("data-case") or ""
        expect(desk.panel.locator(".case-line code")).to_have_text(number)
    else:
        number = desk.step()
    desk.press("d")
    expect(desk.panel.locator(".act-form select")).to_be_focused()
    desk.press("Enter")
    desk.expect_status("待签收")
    expect(desk.page.locator(f'#rows [data-case="{number}"]')).to_have_count(0)


def _handle(crew: Crew) -> None:
    desk = crew.handler
    desk.press("Escape")
    desk.queue("h", "handling")
    for _ in range(CASES):
        desk.step()
        desk.press("a")
        desk.expect_status("处置中")
        desk.press("h")
        desk.page.keyboard.type("已清理，现场照片存档")
        desk.press("Enter")
        desk.expect_status("待核查")
    expect(desk.count("verify")).to_have_text(str(CASES))


def _verify(crew: Crew) -> None:
    desk = crew.supervisor
    desk.press("Escape")
    desk.queue("v", "verify")
    expect(desk.rows).to_have_count(CASES)
    for _ in range(CASES):
        desk.step()
        desk.press("v")
        desk.expect_status("待结案")
        desk.press("c")
        expect(desk.panel.locator(".act-tells")).to_contain_text("结案后")
        desk.press("Enter")
        desk.expect_status("已结案")
    for other in crew.desks:
        for name in ("new", "dispatch", "handling", "verify"):
            expect(other.count(name)).to_have_text("0")
