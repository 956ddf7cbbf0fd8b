"""Following what happens: pages and streams, cut to a reach, without loss or doubling whatever breaks in between."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import ready
import uvicorn
from api_world import NOW, at, check_problem
from doors_world import ADMINISTRATOR
from fake_store import FakeStore
from fastapi.testclient import TestClient
from listening import IN_S, IN_T, STREAM, Listener, Town, cookie, reporter, served

from api.events.places import Places
from api.limits import Streams
from gridmap.domain.access import OPERATOR, Area, Grant, Role
from gridmap.errors import InvalidInput, TooManyRequests
from gridmap.services.clock import FixedClock
from gridmap.services.ports import Store

EVENTS = "/api/v1/events"


@pytest.fixture(params=["fake", "embedded"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    store: Store = FakeStore() if request.param == "fake" else ready.embedded(tmp_path / "city.gpkg")
    yield Town(store)
    store.close()


def get(client: httpx.Client, **query: Any) -> tuple[list[dict[str, Any]], str]:
    answer = client.get(EVENTS, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["events"], answer.json()["next"]


def test_who_follows_hears_of_each_incident_once_and_of_what_is_in_reach_alone(town: Town) -> None:
    dispatcher, street = town.person("dispatcher"), town.person("street")
    places = {client: get(client) for client in (dispatcher, street)}
    assert all(events == [] for events, _ in places.values()), "without a place, nothing but the present one"
    ids = town.report(IN_S, IN_T, IN_S)
    events, place = get(dispatcher, after=places[dispatcher][1])
    assert [e["subject"] for e in events] == ids
    assert [(e["kind"], e["set"], e["count"]) for e in events] == [("incident.added", "urban", 1)] * 3
    assert get(dispatcher, after=place)[0] == []
    mine, mine_place = get(street, after=places[street][1])
    assert [e["subject"] for e in mine] == [ids[0], ids[2]]
    assert {e["code"] for e in mine} < {e["code"] for e in events}
    assert get(street, after=mine_place)[0] == []
    # sent again: it is there already, and nothing happened
    body = {"datum": "wgs84", "items": [{"incident_id": ids[0], "occurred_at": NOW.isoformat(), "category": "litter",
                           **dict(zip(("lon", "lat"), at(*IN_S), strict=True))}]}  # fmt: skip
    assert dispatcher.post("/api/v1/incidents", json=body).json()["counts"]["duplicate"] == 1
    assert get(dispatcher, after=place)[0] == []
    # any event is a place, and pages go on
    assert [e["subject"] for e in get(dispatcher, after=events[0]["id"])[0]] == ids[1:]
    first, place = get(dispatcher, after=places[dispatcher][1], limit=2)
    assert [e["subject"] for e in first + get(dispatcher, after=place)[0]] == ids


def test_an_event_holds_ids_and_codes_and_nothing_that_people_wrote(town: Town) -> None:
    planner = town.person("planner")
    town.report(IN_S)
    (event,) = get(planner, after="0")[0][-1:]
    assert set(event) == {"id", "at", "kind", "set", "code", "subject", "count"}


def test_who_keeps_the_accounts_hears_of_versions_and_of_no_incident(town: Town) -> None:
    administrator = town.person(ADMINISTRATOR)
    town.report(IN_S)
    assert {e["kind"] for e in get(administrator, after="0")[0]} <= {"version.published", "version.withdrawn"}
    check_problem(town.person("auditor").get(EVENTS), 403, "not_allowed")
    client = TestClient(town.made.app)
    check_problem(client.get(EVENTS), 401, "not_signed_in")
    check_problem(client.get(STREAM), 401, "not_signed_in")


def test_places_are_for_who_got_them_and_tell_nothing(town: Town) -> None:
    dispatcher, street = town.person("dispatcher"), town.person("street")
    town.report(IN_T)
    _, place = get(dispatcher)
    check_problem(street.get(EVENTS, params={"after": place}), 422, "bad_cursor")
    for forged in ("1", "A" * 48, place[:-1] + ("A" if place[-1] != "A" else "B"), place + "A"):
        check_problem(dispatcher.get(EVENTS, params={"after": forged}), 422, "bad_cursor")
        check_problem(dispatcher.get(STREAM, params={"after": forged}), 422, "bad_cursor")
    # a place changes whether something happened beyond the reach of its reader, or not: it says nothing
    assert len({get(street)[1] for _ in range(3)}) == 3
    assert {len(get(street)[1]) for _ in range(3)} == {48}


def test_a_place_seals_what_it_holds() -> None:
    places = Places("ab" * 32, "a_1")
    assert [places.read(places.seal(n)) for n in (1, 2**62)] == [1, 2**62]
    assert places.read("0") == 0
    for other in (Places("ab" * 32, "a_2"), Places("cd" * 32, "a_1"), Places(None, "a_1")):
        with pytest.raises(InvalidInput):
            other.read(places.seal(7))


def test_a_place_of_before_a_restore_is_no_good(town: Town) -> None:
    dispatcher = town.person("dispatcher")
    town.report(IN_S)
    _, place = get(dispatcher)
    with town.store.unit_of_work() as work:
        work.events.begin_anew()
        work.commit()
    # either the key is another one, or the place lies ahead of what there is
    assert dispatcher.get(EVENTS, params={"after": place}).json()["code"] in ("bad_cursor", "events_forgotten")


# --- streams, over a real connection


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Town, str, uvicorn.Server]]:
    store = ready.embedded(tmp_path / "city.gpkg")
    town = Town(store)
    with served(town.made) as (base, server):
        yield town, base, server
    store.close()


def test_a_stream_tells_within_a_second_and_only_what_is_in_reach(live: Any) -> None:
    town, base, _ = live
    everybody = Listener(base, cookie(town, "dispatcher"))
    street = Listener(base, cookie(town, "street"))
    with reporter(town, base) as client:
        ids = []
        for cell in (IN_S, IN_T, IN_S):
            ids += town.send(client, cell)
            began = time.monotonic()
            everybody.wait(len(ids))
            assert time.monotonic() - began < 5.0  # a second on a machine that has nothing else to do
    assert everybody.wait(3) == ids
    assert street.wait(2) == [ids[0], ids[2]]
    feed = town.made.app.state.feed
    before = feed.looks
    time.sleep(1.0)
    assert feed.looks - before <= 2, "one look for all, and none where nothing was written"


def test_a_stream_that_was_cut_goes_on_without_loss_or_doubling(live: Any) -> None:
    town, base, _ = live
    headers = cookie(town, "dispatcher")
    first = Listener(base, headers, take=3)
    with reporter(town, base) as client:
        ids = town.send(client, *[IN_S] * 5)
        assert first.ended.wait(20)
        ids += town.send(client, *[IN_T] * 4)  # while nobody listens
        second = Listener(base, headers, first.last)
        ids += town.send(client, IN_S)
        second.wait(len(ids) - 3)
    told = [e["subject"] for e in first.events + second.events]
    assert told == ids


def test_changes_of_rights_hold_in_an_open_stream_and_signing_out_ends_it(live: Any) -> None:
    town, base, _ = live
    accounts = town.made.app.state.desk.accounts
    headers = cookie(town, "street")
    street = Listener(base, headers)
    with reporter(town, base) as client:
        accounts.change(OPERATOR, town.made.ids["street"], grants=[Grant(Role.SUPERVISOR, Area("urban", "T"))])
        ids = town.send(client, IN_S, IN_T)
        assert street.wait(1) == [ids[1]]
        accounts.disable(OPERATOR, town.made.ids["street"])
        assert street.ended.wait(5)
        town.send(client, IN_T)
    assert street.wait(1) == [ids[1]]
    with httpx.Client(base_url=base) as client:
        assert client.get(STREAM, headers=headers).status_code == 401


def test_streams_of_one_account_are_counted_and_given_back(live: Any) -> None:
    town, base, _ = live
    headers = cookie(town, "planner")
    listeners = [Listener(base, headers) for _ in range(4)]
    assert [listener.status for listener in listeners] == [200] * 4
    answer = httpx.get(base + STREAM, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_streams")
    assert answer.headers["retry-after"]
    other = Listener(base, cookie(town, "dispatcher"))
    assert other.status == 200
    town.made.app.state.desk.sessions.sign_out_everywhere(
        town.made.app.state.desk.sessions.find_principal(headers["Authorization"].split()[1])
    )
    assert all(listener.ended.wait(10) for listener in listeners)
    assert Listener(base, cookie(town, "planner")).status == 200


def test_streams_end_when_the_service_is_told_to_stop(live: Any) -> None:
    town, base, server = live
    listener = Listener(base, cookie(town, "dispatcher"))
    began = time.monotonic()
    server.should_exit = True
    assert listener.ended.wait(8)
    assert time.monotonic() - began < 8


def test_a_stream_says_that_it_is_alive(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.events.stream.HEARTBEAT_S", 0.1)
    town, base, _ = live
    town.report(IN_S)
    seen = []
    with httpx.stream("GET", base + STREAM, headers=cookie(town, "street"), timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        for line in answer.iter_lines():
            seen.append(line)
            if sum(line.startswith(":") for line in seen) == 2:
                break
    assert seen[0] == "retry: 2000"
    places = [line for line in seen if line.startswith("id: ")]
    assert len(set(places)) == len(places) >= 2


def test_so_many_streams_and_no_more() -> None:
    streams = Streams(2, 3)
    ends = [streams.take("a"), streams.take("a"), streams.take("b")]
    for caller in ("a", "b", "c"):
        with pytest.raises(TooManyRequests):
            streams.take(caller)
    ends[0]()
    streams.take("c")
    with pytest.raises(TooManyRequests):
        streams.take("a")


def test_an_import_of_many_is_told_in_numbers(town: Town) -> None:
    import geopandas as gpd
    import pandas as pd

    from gridmap.services.guarded import GuardedStore
    from gridmap.services.incidents import import_incidents
    from gridmap.services.responsibility import Plans
    from gridmap.settings import Settings

    planner = town.person("planner")
    _, place = get(planner)
    lon, lat = at(*IN_S)
    n = 600
    frame = gpd.GeoDataFrame(
        {"incident_id": [f"m{i}" for i in range(n)], "occurred_at": pd.to_datetime([NOW] * n, utc=True),
         "category": "litter", "channel": None, "note": None},
        geometry=gpd.points_from_xy([lon] * n, [lat] * n), crs="EPSG:4326",
    )  # fmt: skip
    store = GuardedStore(town.store, OPERATOR, clock=FixedClock(NOW), day=NOW.date())
    import_incidents(store, Plans(store), [frame], settings=Settings(), commit=lambda: True)
    (event,) = get(planner, after=place)[0]
    assert (event["kind"], event["count"], event["subject"]) == ("incidents.added", n, "")


def test_waiting_for_something_new_is_bounded() -> None:
    from api.events.feed import Feed

    async def wait() -> float:
        began = time.monotonic()
        await Feed(FakeStore(), FixedClock(NOW)).wait(0.05)
        return time.monotonic() - began

    assert asyncio.run(wait()) < 2
