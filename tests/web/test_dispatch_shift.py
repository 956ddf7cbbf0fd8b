"""A shift at the page Dispatch: cases from report to verified close, by keyboard, with the connection cut twice.

Fourteen of them; GRIDMAP_LONG: twenty, which take two minutes.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import city
import dispatch_shift
import dispatch_world
import pytest
from dispatch_desk import Desk, desk
from doors_world import PASSWORD
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

WHOLE_WAY = ["report", "file", "dispatch", "accept", "handle", "verify", "close"]


@pytest.fixture(scope="session")
def base_url(town: city.City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service with accounts."""
    with dispatch_world.serve(tmp_path_factory.mktemp("shift"), town) as (url, _):
        yield url


def test_a_shift(browser: Browser, base_url: str, town: city.City) -> None:
    with ExitStack() as stack:
        desks: dict[str, Desk] = {}
        for name in ("li.na", "wang.lei", "zhao.qiang"):
            desks[name] = stack.enter_context(desk(browser, base_url))
            body = {"name": name, "password": PASSWORD}
            assert desks[name].page.request.post("/api/v1/session", data=body, headers={"Origin": base_url}).ok
        # a dispatcher writes down what the units report by telephone
        crew = dispatch_shift.Crew(desks["li.na"], desks["wang.lei"], desks["zhao.qiang"], desks["wang.lei"])
        numbers = dispatch_shift.work(crew, dispatch_world.spots(town, dispatch_shift.CASES))
        request = desks["zhao.qiang"].page.request
        everything = request.get("/api/v1/cases?queue=all&limit=100").json()["cases"]
        assert sorted(row["case_id"] for row in everything) == sorted(numbers), "none lost, none doubled"
        for number in numbers:
            record = request.get(f"/api/v1/cases/{number}").json()["record"]
            assert [line["act"] for line in record] == WHOLE_WAY, number
            by = {line["act"]: line["by"] for line in record}
            assert {by[act] for act in ("file", "verify", "close")} == {"zhao.qiang"}
            assert by["report"] in ("li.na", "wang.lei")
            assert by["handle"] == "wang.lei"
        sent_by = {request.get(f"/api/v1/cases/{n}").json()["record"][2]["by"] for n in numbers}
        assert sent_by == {"li.na", "wang.lei"}
