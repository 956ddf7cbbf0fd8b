"""Cases over HTTP: reports, queues, acts by people of each role, and what is refused; on both true stores."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import ready
from api_world import NOW, at, fill
from doors_world import staff
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.domain.access import OPERATOR, Area, Grant, Kind, Role
from gridmap.settings import Settings
from gridmap.store import open_store

LON, LAT = at(0.5, 2.5)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(tmp_path: Path, clock: Clock) -> Iterator[TestClient]:
    settings = Settings(database_url=ready.put(tmp_path / "cases.gpkg", fill))
    store = open_store(settings.database_url)
    with TestClient(create_app(settings, store, clock), raise_server_exceptions=False) as found:
        yield found
    store.close()


def report(key: str = "c1", **more: Any) -> dict[str, Any]:
    return {"case_id": key, "occurred_at": NOW.isoformat(), "category": "E1-01", "lon": LON, "lat": LAT, **more}


def send(client: TestClient, *items: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.post("/api/v1/cases", json={"items": list(items)})
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]  # type: ignore[no-any-return]


def act(client: TestClient, key: str, name: str, version: int, **more: Any) -> httpx.Response:
    return client.post(f"/api/v1/cases/{key}/acts", json={"act": name, "version": version, **more})


def test_a_case_goes_round_the_loop_with_one_responsible_grid_and_a_clock(client: TestClient) -> None:
    (opened,) = send(client, report(note="井盖缺失", photos=["p1"], emergency=False, channel="hotline"))
    assert (opened["status"], opened["case_id"], opened["grid_code"]) == ("accepted", "c1", "A")
    assert (opened["unit"], opened["rule"], opened["similar"]) == ("grid:A", "grid", [])
    found = client.get("/api/v1/cases/c1").json()
    assert found["case"]["status"] == "reported"
    assert (found["case"]["note"], found["case"]["photos"]) == ("井盖缺失", ["p1"])
    assert found["owner"]["grid"]["code"] == "A"
    assert [link["code"] for link in found["owner"]["chain"]] == ["S", "A"]
    assert found["proposed"]["unit"] == "grid:A"
    assert found["clock"]["stage"] == "accept"
    assert {one["act"] for one in found["may"]} == {"file", "reject", "merge", "note"}
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("file", {}, "filed"), ("dispatch", {"names": "grid:A"}, "dispatched"),
        ("accept", {"role": "field"}, "handling"), ("handle", {"reason": "已清理", "role": "field"}, "handled"),
        ("verify", {}, "verified"), ("close", {}, "closed"),
    ]  # fmt: skip
    for number, (name, more, status) in enumerate(steps, 1):
        answer = act(client, "c1", name, number, **more)
        assert answer.status_code == 200, answer.text
        assert answer.json()["case"]["status"] == status
    closed = answer.json()
    assert [line["act"] for line in closed["record"]] == ["report", *(name for name, _, _ in steps)]
    assert closed["clock"] is None
    assert {one["act"] for one in closed["may"]} >= {"reopen", "appeal"}
    listed = client.get("/api/v1/cases", params={"queue": "closed"}).json()
    assert [one["case_id"] for one in listed["cases"]] == ["c1"]
    assert listed["counts"]["open"] == 0


def test_sent_twice_is_stored_once_and_other_content_is_refused(client: TestClient) -> None:
    assert [one["status"] for one in send(client, report(), report())] == ["accepted", "duplicate"]
    (again,) = send(client, report())
    assert again["status"] == "duplicate"
    (other,) = send(client, report(category="E2-02"))
    assert (other["status"], other["code"]) == ("rejected", "content_differs")


@pytest.mark.parametrize(
    ("changed", "code", "status"),
    [
        ({"category": "NONE"}, "category_unknown", "rejected"),
        ({"lon": None}, "case_place_missing", "rejected"),
        ({"lon": None, "lat": None}, "case_place_missing", "rejected"),
        ({"lon": None, "lat": None, "component": "no"}, "component_unknown", "rejected"),
        ({"lon": LAT, "lat": LON}, "outside_service_area", "rejected"),
        ({"occurred_at": (NOW + timedelta(hours=2)).isoformat()}, "clock_skew", "quarantined"),
        ({"occurred_at": "2026-05-20T12:00:00"}, "bad_time", "rejected"),
        ({"kind": "praise"}, None, "rejected"),
        ({"photos": ["p"] * 21}, None, "rejected"),
        ({"note": "x" * 5000}, "text_too_long", "rejected"),
        ({"colour": "red"}, "unknown_field", "rejected"),
    ],
)
def test_a_report_that_cannot_be_right_is_told_why_and_the_others_are_kept(
    client: TestClient, changed: dict[str, Any], code: str | None, status: str
) -> None:
    bad, good = send(client, report("bad", **changed), report("good"))
    assert bad["status"] == status, bad
    assert code is None or bad["code"] == code
    assert good["status"] == "accepted"
    assert client.get("/api/v1/cases/bad").status_code == 404


def test_who_is_second_is_told_who_was_first_and_nothing_is_done_twice(client: TestClient) -> None:
    send(client, report())
    assert act(client, "c1", "file", 1).status_code == 200
    second = act(client, "c1", "file", 1)
    assert (second.status_code, second.json()["code"]) == (409, "case_moved")
    wrong = act(client, "c1", "close", 2)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "illegal_transition")
    assert len(client.get("/api/v1/cases/c1").json()["record"]) == 2


def test_an_act_sent_again_with_its_key_is_done_once(client: TestClient) -> None:
    send(client, report())
    for _ in range(2):
        answer = client.post("/api/v1/cases/c1/acts", json={"act": "file", "version": 1},
                             headers={"Idempotency-Key": "once-only-1"})  # fmt: skip
        assert (answer.status_code, answer.json()["case"]["version"]) == (200, 2)


@pytest.mark.parametrize(
    ("name", "more", "status", "code"),
    [
        ("reject", {}, 422, "case_reason_missing"),
        ("merge", {"names": ""}, 422, "case_name_missing"),
        ("merge", {"names": "nowhere"}, 404, "case_unknown"),
        ("merge", {"names": "c1"}, 409, "case_itself"),
        ("praise", {}, 422, None),
        ("file", {"role": "leader"}, 403, "outside_reach"),
    ],
)
def test_an_act_that_lacks_something_is_refused(
    client: TestClient, name: str, more: dict[str, Any], status: int, code: str | None
) -> None:
    send(client, report())
    answer = act(client, "c1", name, 1, **more)
    assert answer.status_code == status, answer.text
    assert code is None or answer.json()["code"] == code
    assert len(client.get("/api/v1/cases/c1").json()["record"]) == 1


def test_a_unit_is_written_in_one_of_three_ways(client: TestClient) -> None:
    send(client, report())
    act(client, "c1", "file", 1)
    for names in ("A", "grid:", "person:x", "dept: "):
        assert act(client, "c1", "dispatch", 2, names=names).json()["code"] in (
            "case_unit_unknown",
            "case_name_missing",
        )
    assert act(client, "c1", "dispatch", 2, names="dept:城管局").json()["case"]["unit"] == "dept:城管局"


def test_two_reports_of_one_thing_become_one_case_and_both_histories_stay(client: TestClient) -> None:
    send(client, report("c1"))
    near = {"lon": LON + 0.0001, "channel": "app", "occurred_at": (NOW - timedelta(hours=1)).isoformat()}
    (second,) = send(client, report("c2", **near))
    assert second["similar"] == ["c1"]
    offered = client.get("/api/v1/cases/similar", params={"lon": LON, "lat": LAT, "category": "E1-01"}).json()["cases"]
    assert [one["case_id"] for one in offered] == ["c1", "c2"]
    assert offered[0]["distance_m"] == 0.0
    merged = act(client, "c2", "merge", 1, names="c1").json()
    assert (merged["case"]["status"], merged["case"]["merged_into"]) == ("merged", "c1")
    kept = client.get("/api/v1/cases/c1").json()["record"]
    assert [line["act"] for line in kept] == ["report", "note"]
    assert "c2" in kept[-1]["reason"]


def test_the_handling_limit_stays_as_it_was_given_and_stands_while_suspended(client: TestClient, clock: Clock) -> None:
    send(client, report())
    act(client, "c1", "file", 1)
    sent = act(client, "c1", "dispatch", 2, names="grid:A").json()
    assert sent["clock"]["stage"] == "handle"
    assert not sent["clock"]["paused"]
    assert sent["clock"]["counted"]
    held = act(client, "c1", "suspend", 3, reason="等待材料").json()
    assert (held["clock"]["paused"], held["case"]["clock"], held["case"]["due_at"]) == (True, "stopped", None)
    assert act(client, "c1", "suspend", 4, reason="又").json()["code"] == "illegal_transition"
    resumed = act(client, "c1", "resume", 4).json()
    assert resumed["case"]["status"] == "dispatched"
    extended = act(client, "c1", "extend", 5, reason="下雨").json()
    assert extended["case"]["due_at"] > sent["case"]["due_at"]


def test_queues_go_by_the_clock(client: TestClient, clock: Clock) -> None:
    send(client, report("c1"), report("c2", emergency=True), report("c3"))
    act(client, "c3", "file", 1)
    body = client.get("/api/v1/cases").json()
    counts = body["counts"]
    assert [counts[n] for n in ("new", "dispatch", "handling", "verify", "overdue", "open")] == [2, 1, 0, 0, 0, 3]
    first = client.get("/api/v1/cases", params={"limit": 2}).json()
    rest = client.get("/api/v1/cases", params={"limit": 2, "cursor": first["next"]}).json()
    assert len({one["case_id"] for one in first["cases"] + rest["cases"]}) == 3
    assert rest["next"] is None
    clock.moment = NOW + timedelta(days=3)
    late = client.get("/api/v1/cases", params={"queue": "overdue"}).json()
    assert (len(late["cases"]), {one["clock"] for one in late["cases"]}) == (3, {"overdue"})
    assert [
        one["case_id"] for one in client.get("/api/v1/cases", params={"queue": "new", "q": "C2"}).json()["cases"]
    ] == ["c2"]
    assert client.get("/api/v1/cases", params={"grid": "B"}).json()["cases"] == []


def test_a_list_never_shows_what_people_wrote(client: TestClient) -> None:
    send(client, report(note="报案人赵强 13800000000"))
    assert "赵强" not in client.get("/api/v1/cases").text
    assert "赵强" not in client.get("/api/v1/incidents").text


def test_who_would_be_responsible_is_told_with_rule_reason_and_sides(client: TestClient) -> None:
    spot = {"lon": LON, "lat": LAT, "category": "E1-01"}
    body = client.get("/api/v1/cases/responsible", params=spot).json()
    assert (body["owner"]["grid"]["code"], body["proposed"]["unit"], body["confirm"]) == ("A", "grid:A", False)
    assert body["proposed"]["reason"]
    lon, lat = at(1.99, 2.5)
    body = client.get("/api/v1/cases/responsible", params={"lon": lon, "lat": lat, "accuracy_m": 30}).json()
    assert ([side["code"] for side in body["sides"]], body["confirm"]) == (["A", "B"], True)
    police = client.get("/api/v1/cases/responsible", params={**spot, "category": "E5-01"}).json()
    assert police["proposed"]["unit"] == "dept:公安分局"


def test_patrols_seen_lately_come_with_reasons(client: TestClient) -> None:
    fixes = [{"unit_id": f"u{k}", "fixed_at": (NOW - timedelta(minutes=k)).isoformat(), "lon": at(0.5 + k, 2.5)[0],
              "lat": LAT} for k in (1, 2)]  # fmt: skip
    old = {"unit_id": "old", "fixed_at": (NOW - timedelta(hours=2)).isoformat(), "lon": LON, "lat": LAT}
    assert client.post("/api/v1/patrols/fixes", json={"datum": "wgs84", "items": [*fixes, old]}).status_code == 200
    send(client, report())
    units = client.get("/api/v1/patrols/near", params={"lon": LON, "lat": LAT}).json()["units"]
    assert units[0]["unit_id"] == "u1"
    assert "old" not in {one["unit_id"] for one in units}
    assert units[0]["age_s"] == 60
    assert len(units[0]["reasons"]) >= 2


def test_those_who_follow_hear_of_a_case_and_of_each_act(client: TestClient) -> None:
    place = client.get("/api/v1/events").json()["next"]
    send(client, report())
    act(client, "c1", "file", 1)
    events = client.get("/api/v1/events", params={"after": place}).json()["events"]
    assert [(e["kind"], e["subject"], e["code"]) for e in events] == [
        ("incident.added", "c1", "A"), ("case.opened", "c1", "A"), ("case.changed", "c1", "A")]  # fmt: skip


def test_a_case_of_yesterdays_borders_keeps_its_grid(client: TestClient) -> None:
    lon, lat = at(0.5, 1.5)
    (opened,) = send(client, report(occurred_at="2026-04-20T12:00:00+08:00", lon=lon, lat=lat))
    assert opened["grid_code"] == "A"
    (today,) = send(client, report("c2", lon=lon, lat=lat))
    assert today["grid_code"] == "D"


def test_a_leader_reads_a_case_and_neither_moves_it_nor_hears_who_reported_it(tmp_path: Path, clock: Clock) -> None:
    store = ready.embedded(tmp_path / "cases.gpkg", fill)
    made = staff(store, clock, set_name="urban", street="S")
    accounts = made.app.state.desk.accounts
    grants = {
        "leader": Grant(Role.LEADER), "dispatcher": Grant(Role.DISPATCHER), "analyst": Grant(Role.ANALYST),
        "elsewhere": Grant(Role.LEADER, Area("urban", "T")),
    }  # fmt: skip
    heads = {}
    for name, grant in grants.items():
        key = accounts.make_key(OPERATOR, f"key of {name}", kind=Kind.KEY, grants=[grant])
        heads[name] = {"Authorization": f"Bearer {key.token}"}
    with TestClient(made.app, raise_server_exceptions=False, base_url="http://localhost") as client:
        body = {"items": [report(note="井盖缺失", reporter="hotline-77")]}
        assert client.post("/api/v1/cases", json=body, headers=heads["dispatcher"]).status_code == 200
        seen = {name: client.get("/api/v1/cases/c1", headers=head) for name, head in heads.items()}
        assert {name: answer.status_code for name, answer in seen.items()} == {
            "leader": 200, "dispatcher": 200, "analyst": 403, "elsewhere": 404,
        }  # fmt: skip
        assert seen["dispatcher"].json()["case"]["reporter"] == "hotline-77"
        assert seen["leader"].json()["case"]["reporter"] is None
        assert "hotline-77" not in seen["leader"].text
        assert seen["leader"].json()["case"]["note"] == "井盖缺失"
        assert [line["act"] for line in seen["leader"].json()["record"]] == ["report"]
        assert seen["leader"].json()["may"] == []
        tried = client.post("/api/v1/cases/c1/acts", json={"act": "file", "version": 1}, headers=heads["leader"])
        assert tried.status_code == 403
    store.close()
