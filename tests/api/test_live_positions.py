"""Where units are, over a real connection: within a second, cut to who may know, and whole again after a cut line."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import ready
from api_world import NOW
from doors_world import ADMINISTRATOR
from faults.served import serving
from listening import IN_S, IN_T, Listener, Town, cookie, reporter, served

from api.events.positions import EVERY_S, Position, Positions
from gridmap.domain.access import OPERATOR, Area, Grant, Role
from gridmap.domain.events import Audience
from gridmap.store import open_store

OUTSIDE = (9.5, 9.5)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Town, str]]:
    store = ready.embedded(tmp_path / "city.gpkg")
    town = Town(store)
    accounts = town.made.app.state.desk.accounts
    # who takes in fixes everywhere
    accounts.change(OPERATOR, town.made.ids["planner"], grants=[Grant(Role.PLANNER), Grant(Role.SUPERVISOR)])
    with served(town.made) as (base, _):
        yield town, base
    store.close()


def at(seconds: float) -> Any:
    return NOW - timedelta(seconds=seconds)


def test_positions_arrive_soon_and_only_those_in_reach(live: Any) -> None:
    town, base = live
    with reporter(town, base, "planner") as client:
        town.seen(client, ("s1", at(60), IN_S), ("t1", at(60), IN_T), ("old", at(3 * 3600), IN_S))
        everybody = Listener(base, cookie(town, "dispatcher"), positions=True)
        street = Listener(base, cookie(town, "street"), positions=True)
        assert everybody.until(lambda: set(everybody.units) == {"s1", "t1"})
        assert street.until(lambda: set(street.units) == {"s1"})
        assert [move["whole"] for move in everybody.moves] == [True]
        assert set(everybody.units["s1"]) == {"unit_id", "fixed_at", "lon", "lat", "grid_code"}
        began = time.monotonic()
        town.seen(client, ("t1", at(30), IN_T), ("t2", at(20), IN_T))
        assert everybody.until(lambda: "t2" in everybody.units)
        assert time.monotonic() - began < 5.0  # a second on a machine that has nothing else to do
        assert {unit["unit_id"] for unit in everybody.moves[-1]["units"]} == {"t1", "t2"}, "only those that moved"
        # a unit that leaves the street stays where it was seen there
        town.seen(client, ("s1", at(10), IN_T), ("s2", at(10), IN_S))
        assert street.until(lambda: "s2" in street.units)
        assert everybody.until(lambda: everybody.units["s1"]["grid_code"] == everybody.units["t1"]["grid_code"])
        assert street.units["s1"]["grid_code"] != everybody.units["s1"]["grid_code"]
        assert set(street.units) == {"s1", "s2"}
        assert {unit["unit_id"] for move in street.moves for unit in move["units"]} == {"s1", "s2"}
    near = httpx.get(
        base + "/api/v1/patrols/near",
        params={name: street.units["s2"][name] for name in ("lon", "lat")},
        headers=cookie(town, "street"),
    )
    assert {unit["unit_id"] for unit in near.json()["units"]} <= {"s1", "s2"}


def test_who_may_not_dispatch_hears_of_no_position(live: Any) -> None:
    town, base = live
    accounts = town.made.app.state.desk.accounts
    analyst = {"Authorization": f"Bearer {town.made.tokens['statistics']}"}
    accounts.add_person(OPERATOR, "leader", "quiet at the harbour", title="", grants=(Grant(Role.LEADER),))
    readers = [Listener(base, who, positions=True) for who in (analyst, cookie(town, ADMINISTRATOR))]
    unasked = Listener(base, cookie(town, "dispatcher"))
    dispatcher = Listener(base, cookie(town, "dispatcher"), positions=True)
    with reporter(town, base, "planner") as client:
        town.seen(client, ("s1", at(60), IN_S))
        assert dispatcher.until(lambda: "s1" in dispatcher.units)
        (subject,) = town.send(client, IN_S)
        assert unasked.wait(1) == [subject], "positions are no events"
    assert readers[0].wait(1) == [subject]
    assert [reader.moves for reader in readers] == [[], []]
    assert unasked.moves == []
    for who in (analyst, cookie(town, ADMINISTRATOR)):
        answer = httpx.get(base + "/api/v1/patrols/near", params={"lon": 120, "lat": 36}, headers=who)
        assert answer.status_code == 403, answer.text
        told = httpx.get(base + "/api/v1/events", params={"after": "0"}, headers=who).json()["events"]
        assert "patrol.moved" not in {event["kind"] for event in told}


def test_a_change_of_rights_holds_in_an_open_stream(live: Any) -> None:
    town, base = live
    accounts = town.made.app.state.desk.accounts
    with reporter(town, base, "planner") as client:
        town.seen(client, ("s1", at(60), IN_S), ("t1", at(60), IN_T))
        street = Listener(base, cookie(town, "street"), positions=True)
        assert street.until(lambda: set(street.units) == {"s1"})
        accounts.change(OPERATOR, town.made.ids["street"], grants=[Grant(Role.SUPERVISOR, Area("urban", "T"))])
        town.seen(client, ("s1", at(30), IN_S), ("t2", at(30), IN_T))
        assert street.until(lambda: set(street.units) == {"t1", "t2"}), "what may not be seen any more is taken back"
        accounts.change(OPERATOR, town.made.ids["street"], grants=[Grant(Role.ANALYST)])
        town.seen(client, ("t2", at(20), IN_T))
        assert street.until(lambda: not street.units)


def test_who_comes_back_is_sent_all_once_more(live: Any) -> None:
    town, base = live
    headers = cookie(town, "dispatcher")
    with reporter(town, base, "planner") as client:
        first = Listener(base, headers, take=1, positions=True)
        town.seen(client, ("s1", at(60), IN_S))
        assert first.until(lambda: "s1" in first.units)
        told = town.send(client, IN_S)
        assert first.ended.wait(20)
        town.seen(client, ("s1", at(30), IN_T), ("s2", at(30), IN_S))  # while nobody listens
        told += town.send(client, IN_T)
        second = Listener(base, headers, first.last, positions=True)
        assert second.until(lambda: set(second.units) == {"s1", "s2"})
        assert second.units["s1"]["fixed_at"] > first.units["s1"]["fixed_at"]
        assert second.wait(1) == told[1:], "beside positions, no event is lost or doubled"


def test_what_another_process_takes_in_is_heard_of(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'city.gpkg'}"
    store = open_store(url)
    town = Town(store)
    with served(town.made) as (base, _):
        listener = Listener(base, cookie(town, "dispatcher"), positions=True)
        with serving(url, tmp_path, workers=1) as other, other.client(timeout=120) as client:
            town.seen(client, ("s1", at(60), IN_S))
            assert listener.until(lambda: "s1" in listener.units)
        # two processes over one file: what is read is what the other one wrote
        assert listener.units["s1"]["fixed_at"].startswith(at(60).strftime("%Y-%m-%dT%H:%M:%S"))
    store.close()


def _position(unit: str, minute: int) -> Position:
    return Position(unit, NOW + timedelta(minutes=minute), "urban", "A", unit)


def test_what_moves_together_is_told_together_and_once() -> None:
    board = Positions()
    board.take([_position("a", 0)], NOW, whole=True)
    assert not board.tell(0.0), "nobody listens"
    board.join()
    board.take([_position("a", 0), _position("b", 0)], NOW, whole=True)
    assert board.tell(0.0)
    assert not board.tell(100.0)
    seen = board.turn
    board.take([_position("a", 1)], NOW, whole=False)
    assert not board.tell(EVERY_S / 2), "it is too soon"
    assert list(board.since(seen)) == [], "not told yet"
    board.take([_position("a", 2), _position("b", 0), _position("c", 1)], NOW, whole=False)
    assert board.tell(EVERY_S)
    assert sorted((p.unit_id, p.fixed_at.minute) for p in board.since(seen)) == [("a", 2), ("c", 1)]
    board.take([_position("a", 1)], NOW, whole=False)
    assert not board.tell(9.0), "an older fix that comes late changes nothing"
    board.leave()
    board.join()
    assert list(board.since(0)) == []
    assert not board.whole


def test_a_sight_of_units_is_one_of_its_own() -> None:
    urban = Audience(None, None, (("urban", frozenset({"A"})),))
    assert [urban.shows_unit(*where) for where in (("urban", "A"), ("urban", "B"), ("other", "A"), (None, None))] == [
        True, False, False, False
    ]  # fmt: skip
    assert not Audience(None, None).shows_unit("urban", "A")
    assert Audience((), frozenset(), None).shows_unit(None, None)
