"""Somebody at the page Dispatch, by keyboard alone, in a browser of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page

#: What Chromium says by itself of a line that was cut.
CUT = ("net::ERR_INTERNET_DISCONNECTED", "net::ERR_NETWORK", "net::ERR_CONNECTION", "net::ERR_INCOMPLETE", "ERR_FAILED")


#: Milliseconds in which anything must have happened: the machine may be busy, and a wait that succeeds costs nothing.
PATIENCE = 60_000


class Desk:
    """The page, and the keys that are pressed on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE)
        self.panel = page.locator("#case")
        self.rows = page.locator("#rows button")

    def open(self, query: str = "lang=zh") -> "Desk":
        """Open the page and wait until queue and map are there."""
        self.page.goto("/dispatch?" + query)
        return self.ready()

    def ready(self) -> "Desk":
        """Wait until queue, map and line are there."""
        self.until(
            "() => document.querySelector('#queue[data-ready]') && document.querySelector('#stage[data-ready]')"
            " && document.getElementById('live').dataset.state === 'live'"
        )
        return self

    def until(self, true: str, arg: Any = None) -> None:
        """Wait until something is true on the page.

        It is looked at with every picture: an expectation of Playwright looks once a second.
        """
        self.page.wait_for_function(true, arg=arg)

    def idle_s(self) -> float:
        """Measure how long it takes page and service to do nothing: what a busy machine adds to everything."""
        took: float = self.page.evaluate(
            """async () => {
              const took = [];
              for (let k = 0; k < 5; k++) {
                const began = performance.now();
                await (await fetch("/healthz")).text();
                await new Promise((done) => requestAnimationFrame(() => done()));
                took.push(performance.now() - began);
              }
              return Math.max(...took) / 1000;
            }"""
        )
        return took

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def queue(self, letter: str, name: str) -> None:
        """Go to a queue by its keys."""
        self.press("g", letter)
        self.until(
            "name => document.getElementById('tab-' + name).getAttribute('aria-pressed') === 'true'"
            " && document.getElementById('rows').getAttribute('aria-busy') === 'false'",
            name,
        )

    def expect_count(self, name: str, number: int) -> None:
        """Wait until the number at a tab is so many."""
        self.until(
            "([name, number]) => document.querySelector(`#tab-${name} b`)?.textContent === number", [name, str(number)]
        )

    def expect_rows(self, number: int) -> None:
        """Wait until the queue has so many rows."""
        self.until("number => document.querySelectorAll('#rows button').length === number", number)

    def expect_gone(self, case: str) -> None:
        """Wait until a case is not in the queue."""
        self.until("id => !document.querySelector(`#rows [data-case='${id}']`)", case)

    def expect_open(self, case: str) -> None:
        """Wait until a case is open."""
        self.until("id => document.querySelector('#case .case-line code')?.textContent === id", case)

    def expect_focus(self, selector: str) -> None:
        """Wait until something has the keyboard."""
        self.until("what => document.activeElement?.matches(what)", selector)

    def expect_status(self, words: str) -> None:
        """Wait until the open case says where it stands."""
        self.until("words => document.querySelector('#case .status')?.textContent === words", words)

    def report(self, lon: float, lat: float, category: str, note: str = "") -> str:
        """Open a case at a place by keyboard, and give its number."""
        self.press("/")
        self.page.keyboard.type(f"{lon:.6f}, {lat:.6f}")
        self.press("Enter")
        self.expect_focus(".new-case [name=category]")
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
        self.expect_open(number)
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
