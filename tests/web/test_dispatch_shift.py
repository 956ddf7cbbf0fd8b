"""A shift at the page Dispatch: cases from report to verified close, by keyboard, with the connection cut twice.

Eight of them; GRIDMAP_LONG: twenty, which take two minutes. And where units are, for who sends them and nobody else.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import city
import dispatch_shift
import dispatch_world
import pytest
from dispatch_desk import Desk, desk
from doors_world import PASSWORD
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

WHOLE_WAY = ["report", "file", "dispatch", "accept", "handle", "verify", "close"]
#: Tells whether a unit stands on the map by its name, and whether that is old.
NAMED = """([unit, old]) => [...document.querySelectorAll("#map .patrol")].some((node) =>
  node.firstChild.textContent === unit && node.classList.contains("old") === old)"""


@pytest.fixture(scope="session")
def served(town: city.City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """A service with accounts."""
    with dispatch_world.serve(tmp_path_factory.mktemp("shift"), town) as found:
        yield found


@pytest.fixture(scope="session")
def base_url(served: tuple[str, Any]) -> str:
    return served[0]


class House:
    """Who sits at desks of their own, signed in."""

    def __init__(self, browser: Browser, url: str, stack: ExitStack) -> None:
        self._browser, self._url, self._stack = browser, url, stack

    def desk(self, name: str) -> Desk:
        """Give somebody a desk."""
        found = self._stack.enter_context(desk(self._browser, self._url))
        body = {"name": name, "password": PASSWORD}
        assert found.page.request.post("/api/v1/session", data=body, headers={"Origin": self._url}).ok
        return found


@pytest.fixture
def house(browser: Browser, base_url: str) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(browser, base_url, stack)


def test_a_shift(house: House, town: city.City) -> None:
    desks = {name: house.desk(name) for name in ("li.na", "wang.lei", "zhao.qiang")}
    # a dispatcher writes down what the units report by telephone
    crew = dispatch_shift.Crew(desks["li.na"], desks["wang.lei"], desks["zhao.qiang"], desks["wang.lei"])
    numbers = dispatch_shift.work(crew, dispatch_world.spots(town, dispatch_shift.CASES))
    request = desks["zhao.qiang"].page.request
    everything = request.get("/api/v1/cases?queue=all&limit=100").json()["cases"]
    assert sorted(row["case_id"] for row in everything) == sorted(numbers), "none lost, none doubled"
    sent_by = set()
    for number in numbers:
        record = request.get(f"/api/v1/cases/{number}").json()["record"]
        assert [line["act"] for line in record] == WHOLE_WAY, number
        by = {line["act"]: line["by"] for line in record}
        assert {by[act] for act in ("file", "verify", "close")} == {"zhao.qiang"}
        assert by["report"] in ("li.na", "wang.lei")
        assert by["handle"] == "wang.lei"
        sent_by.add(by["dispatch"])
    assert sent_by == {"li.na", "wang.lei"}


def test_units_move_on_the_open_page_of_who_sends_them_and_of_nobody_else(
    house: House, town: city.City, served: tuple[str, Any]
) -> None:
    places = dispatch_world.spots(town, 1_000, step=5)
    lon, lat = places[2]
    far = max(places, key=lambda at: abs(at[0] - lon) + abs(at[1] - lat))
    supervisor = house.desk("zhao.qiang")

    def seen(unit: str, seconds: float, at: tuple[float, float]) -> None:
        when = served[1].state.context.clock.now() - timedelta(seconds=seconds)
        item = {"unit_id": unit, "fixed_at": when.isoformat(), "lon": at[0], "lat": at[1], "accuracy_m": 5}
        answer = supervisor.page.request.post(
            "/api/v1/patrols/fixes", data={"datum": "wgs84", "items": [item]}, headers={"Origin": served[0]}
        )
        assert answer.ok, answer.text()
        assert answer.json()["counts"]["accepted"] == 1, answer.text()

    seen("P-1", 90, (lon + 0.002, lat))
    seen("P-2", 700, (lon - 0.002, lat))
    seen("P-9", 60, far)
    there = f"lang=zh&point={lon},{lat}#v=17/{lat}/{lon}"
    dispatcher = house.desk("li.na").open(there)
    others = [house.desk(name).open(there) for name in ("lin.ju", "sun.li")]
    dispatcher.until(NAMED, ["P-1", False])
    dispatcher.until(NAMED, ["P-2", True])
    dispatcher.until("() => document.querySelectorAll('#map .unit-dot').length === 1")
    assert "1 分钟前" in dispatcher.page.locator("#map .patrol:not(.old)").first.inner_text()
    dispatcher.page.evaluate(
        "() => { window.mark = [...document.querySelectorAll('#map .patrol')].find((n) => !n.matches('.old'));"
        " window.other = document.querySelector('#map .patrol.old');"
        " window.stood = mark.getBoundingClientRect().x; }"
    )
    seen("P-1", 0, (lon + 0.003, lat))
    dispatcher.until("() => mark.getBoundingClientRect().x > stood + 20 && mark.textContent.includes('刚刚')")
    assert dispatcher.page.evaluate("() => mark.isConnected && other.isConnected"), "nothing is drawn again"
    # who is near is asked again, and what came late changes nothing
    dispatcher.until("() => document.querySelector('.patrol-list')?.textContent.includes('刚刚')")
    # on a cut line nothing is lost
    dispatcher.page.context.set_offline(True)
    dispatcher.until("() => document.getElementById('live').dataset.state === 'waiting'")
    seen("P-3", 5, (lon, lat + 0.002))
    dispatcher.page.context.set_offline(False)
    dispatcher.until(NAMED, ["P-3", False])
    for other in others:
        assert other.page.locator("#map .patrol, #map .unit-dot, .patrols").count() == 0
        told = other.page.evaluate("() => performance.getEntriesByType('resource').map((one) => one.name)")
        assert not [url for url in told if "patrols" in url or "positions" in url], "they are not even asked for"
