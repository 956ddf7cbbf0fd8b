"""Moving the mouse as a hand does."""

from playwright.sync_api import Page


def point_at(page: Page, at: dict) -> None:
    """Rest the mouse on a place of the screen: the map drops what comes within 32 ms of an earlier move."""
    for step in (30, 5, 2, 0):
        page.mouse.move(at["x"] + step, at["y"])
        page.wait_for_timeout(60)
