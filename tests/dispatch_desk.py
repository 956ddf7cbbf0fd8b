"""Somebody at the page Dispatch, by keyboard alone, in a browser of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

#: What Chromium says by itself of a line that was cut.
CUT = ("net::ERR_INTERNET_DISCONNECTED", "net::ERR_NETWORK", "net::ERR_CONNECTION", "net::ERR_INCOMPLETE", "ERR_FAILED")


class Desk:
    """The page, and the keys that are pressed on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.panel = page.locator("#case")
        self.rows = page.locator("#rows button")

    def open(self, query: str = "lang=zh") -> "Desk":
        """Open the page and wait until queue and map are there."""
        self.page.goto("/dispatch?" + query)
        expect(self.page.locator("#queue[data-ready]")).to_be_attached()
        expect(self.page.locator("#stage[data-ready]")).to_be_attached()
        expect(self.page.locator("#live")).to_have_attribute("data-state", "live")
        return self

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def queue(self, letter: str, name: str) -> None:
        """Go to a queue by its keys."""
        self.press("g", letter)
        expect(self.page.locator(f"#tab-{name}")).to_have_attribute("aria-pressed", "true")
        expect(self.page.locator("#rows")).to_have_attribute("aria-busy", "false")

    def count(self, name: str) -> Locator:
        """Give the number at a tab."""
        return self.page.locator(f"#tab-{name} b")

    def expect_status(self, words: str) -> None:
        """Wait until the open case says where it stands."""
        # looked at with every picture: an expectation of Playwright looks once a second
        self.page.wait_for_function(
            "words => document.querySelector('#case .status')?.textContent === words", arg=words
        )

    def report(self, lon: float, lat: float, category: str, note: str = "") -> str:
        """Open a case at a place by keyboard, and give its number."""
        self.press("/")
        self.page.keyboard.type(f"{lon:.6f}, {lat:.6f}")
        self.press("Enter")
        expect(self.panel.locator(".new-case [name=category]")).to_be_focused()
        self.page.keyboard.type(category)
        self.press("Enter")
        if note:
            self.press("Tab", "Tab", "Tab")
            self.page.keyboard.type(note)
            self.press("Control+Enter")
        else:
            self.press("Enter")
        self.expect_status("待立案")
        return self.panel.locator(".case-line code").inner_text()

    def step(self) -> str:
        """Go to the next case and wait for it; give its number."""
        self.press("j")
        number = self.page.locator("#rows .cursor button").get_attribute("data-case")
        assert number is not None
        if not self.panel.locator(".timeline").count():
            self.press("Enter")
        self.page.wait_for_function(
            "number => document.querySelector('#case .case-line code')?.textContent === number", arg=number
        )
        return number


@contextmanager
def desk(browser: Browser, url: str, **how: Any) -> Iterator[Desk]:
    """Give a desk in a browser context of its own; whatever goes wrong on the page but the cut lines fails."""
    context = browser.new_context(
        base_url=url,
        **{"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "viewport": {"width": 1366, "height": 768}, **how},
    )
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: said.append(f"uncaught: {e}"))
    yield Desk(page)
    context.close()
    unexpected = [text for text in said if not any(part in text for part in CUT)]
    assert not unexpected, unexpected
