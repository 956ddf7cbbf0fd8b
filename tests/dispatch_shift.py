"""A shift of two dispatchers, a supervisor and whoever handles: cases from report to verified close."""

import os
from dataclasses import dataclass

from dispatch_desk import Desk
from playwright.sync_api import expect

LONG = bool(os.environ.get("GRIDMAP_LONG"))
#: Two minutes for twenty, which GRIDMAP_LONG asks for.
CASES = 20 if LONG else 8
#: The line of a dispatcher is cut before this one of his half of the queue, and is back before that one.
CUT, BACK = (3, 6) if LONG else (1, 3)
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
        desk.expect_count("new", len(places))
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
        other.expect_count("dispatch", CASES)
        other.expect_count("new", 0)


def _dispatch(crew: Crew) -> None:
    """Two dispatchers work on one queue from its two ends; the line of one is cut while the other goes on."""
    first, second = crew.first, crew.second
    for desk in (first, second):
        desk.press("Escape")
        desk.queue("d", "dispatch")
    first.expect_rows(CASES)
    for i in range(CASES // 2):
        if i == CUT:
            first.page.context.set_offline(True)
            expect(first.page.locator("#live")).to_have_attribute("data-state", "waiting")
        if i == BACK:
            first.page.context.set_offline(False)
            expect(first.page.locator("#live")).to_have_attribute("data-state", "live")
            # what the other one did meanwhile is there, beside what both had done
            first.expect_rows(CASES - 2 * CUT - (BACK - CUT))
        for desk in (first, second):
            if desk is first and CUT <= i < BACK:
                continue
            _send(desk, last=desk is second)
    for _ in range(BACK - CUT):
        _send(first, last=False)
    for other in crew.desks:
        other.expect_count("handling", CASES)
        other.expect_count("dispatch", 0)


def _send(desk: Desk, *, last: bool) -> None:
    """Send the first or the last case of the queue to the unit that is proposed."""
    if last:
        desk.page.locator("#rows li:last-child button").focus()
        number = desk.page.locator(":focus").get_attribute("data-case") or ""
        desk.press("Enter")
        desk.expect_open(number)
    else:
        number = desk.step()
    desk.press("d")
    desk.expect_focus(".act-form select")
    desk.press("Enter")
    desk.expect_status("待签收")
    desk.expect_gone(number)


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
    desk.expect_count("verify", CASES)


def _verify(crew: Crew) -> None:
    desk = crew.supervisor
    desk.press("Escape")
    desk.queue("v", "verify")
    desk.expect_rows(CASES)
    for _ in range(CASES):
        desk.step()
        desk.press("v")
        desk.expect_status("待结案")
        desk.press("c")
        desk.until("() => document.querySelector('#case .act-tells')?.textContent.includes('结案后')")
        desk.press("Enter")
        desk.expect_status("已结案")
    for other in crew.desks:
        for name in ("new", "dispatch", "handling", "verify"):
            other.expect_count(name, 0)
