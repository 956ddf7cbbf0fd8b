"""What is chosen of a case over HTTP: a type that holds on its day, the condition of its limit; when it is at risk."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import ready
from api_world import NOW, at, fill
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.domain import taxonomy
from gridmap.domain.taxonomy import categories
from gridmap.services.ports import Book
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
        found.store = store  # type: ignore[attr-defined]
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


@pytest.fixture
def retired(monkeypatch: pytest.MonkeyPatch) -> None:
    """E1-01 was retired yesterday."""
    day = NOW.astimezone(UTC).date()
    content = Path(taxonomy.__file__).parents[1] / "data" / "taxonomy.csv"
    lines = content.read_text("utf-8").splitlines()
    changed = [f"{line[:-1]},{day - timedelta(days=1)}" if line.startswith("E1-01,") else line for line in lines]
    found = taxonomy.read_categories("\n".join(changed))
    assert found["E1-01"].valid_to == day - timedelta(days=1)
    for module in ("domain.taxonomy", "services.cases.opening"):
        monkeypatch.setattr(f"gridmap.{module}.categories", lambda: found)


def test_a_type_that_was_retired_yesterday_is_refused_for_today_and_not_for_last_week(
    client: TestClient, retired: None
) -> None:
    week = (NOW - timedelta(days=7)).isoformat()
    today, before, other = send(client, report(), report("c2", occurred_at=week), report("c3", category="E1-02"))
    assert (today["status"], today["code"], today["pointer"]) == ("rejected", "category_retired", "#/category")
    assert "day of the event" in today["detail"] or "当天" in today["detail"]
    assert (before["status"], other["status"]) == ("accepted", "accepted")


def test_an_open_case_keeps_a_type_that_is_retired_later_and_is_worked_on(
    client: TestClient, request: pytest.FixtureRequest
) -> None:
    send(client, report())
    request.getfixturevalue("retired")
    assert act(client, "c1", "file", 1).json()["case"]["category"] == "E1-01"
    (again,) = send(client, report())
    assert again["code"] == "category_retired"  # not opened a second time either
    services = client.get("/open311/v2/services.json").json()
    assert "E1-01" not in {one["service_code"] for one in services}
    assert len(services) == len([c for c in categories().values() if c.parent]) - 1


def test_the_limit_of_a_condition_is_chosen_when_it_is_filed(client: TestClient) -> None:
    send(client, report("c1"), report("c2"), report("c3", category="E2-02"))
    offered = client.get("/api/v1/cases/c1").json()
    limits = {one["condition"]: one["limit"] for one in offered["conditions"]}
    assert limits["焚烧垃圾"] == "2 urgent_hour"
    assert limits["暴露垃圾"] == "4 working_hour"
    assert offered["case"]["condition"] is None
    filed = act(client, "c1", "file", 1, condition="暴露垃圾").json()
    assert (filed["case"]["condition"], filed["conditions"]) == ("暴露垃圾", [])
    assert filed["record"][-1]["names"] == "暴露垃圾"
    sent = act(client, "c1", "dispatch", 2, names="grid:A").json()
    assert (sent["clock"]["limit"], sent["case"]["condition"]) == ("4 working_hour", "暴露垃圾")
    act(client, "c2", "file", 1, names="不算数")  # none chosen: as before, and a name is no condition
    plain = act(client, "c2", "dispatch", 2, names="grid:A").json()
    assert (plain["clock"]["limit"], plain["case"]["condition"]) == ("2 working_hour", None)


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        ("file", {"condition": "没有这一条"}, "case_condition_unknown"),
        ("file", {"condition": "x" * 201}, "text_too_long"),
        ("file", {"condition": 3}, "wrong_type"),
        ("note", {"condition": "暴露垃圾", "reason": "x"}, "case_condition_unwanted"),
    ],
)
def test_a_condition_that_is_none_is_refused_with_those_that_are(
    client: TestClient, name: str, more: dict[str, Any], code: str
) -> None:
    send(client, report())
    answer = act(client, "c1", name, 1, **more)
    assert answer.status_code == 422
    problem = answer.json()
    assert code in {problem["code"], *(error["code"] for error in problem.get("errors", []))}
    if code == "case_condition_unknown":
        assert "焚烧垃圾" in problem["detail"]
    assert client.get("/api/v1/cases/c1").json()["case"]["version"] == 1


def test_at_risk_goes_by_a_share_of_the_limit(client: TestClient, clock: Clock) -> None:
    send(client, report("c1", emergency=True))  # filed within a quarter of an hour: at risk for its last five minutes
    states = {}
    for minutes in (0, 9, 10, 15, 16):
        clock.moment = NOW + timedelta(minutes=minutes)
        body = client.get("/api/v1/cases", params={"queue": "risk"}).json()
        row = client.get("/api/v1/cases").json()["cases"][0]
        states[minutes] = (row["clock"], len(body["cases"]), body["counts"]["risk"])
    calm = states[0][0]
    assert calm in ("ok", "today")
    assert states == {0: (calm, 0, 0), 9: (calm, 0, 0), 10: ("risk", 1, 1), 15: ("risk", 1, 1), 16: ("overdue", 0, 0)}
    said = client.get("/api/v1/cases/c1").json()["clock"]["risk_at"]
    assert datetime.fromisoformat(said) == NOW + timedelta(minutes=10)


def test_a_city_says_the_share_in_its_table_of_limits(client: TestClient, clock: Clock) -> None:
    head = "stage,category,condition,emergency,limit,source,risk,risk_minutes\n"
    table = head + "accept,E1,,yes,10紧急工作时,,50%,\nhandle,E1-01,,yes,10紧急工作时,,10%,1\n"
    with client.store.unit_of_work() as work:  # type: ignore[attr-defined]
        work.books.put(Book("limits", date(2020, 1, 1), table, "", NOW))
        work.commit()
    send(client, report("c1", emergency=True))

    def risk_at() -> timedelta:
        clock_ = client.get("/api/v1/cases/c1").json()["clock"]
        return datetime.fromisoformat(clock_["risk_at"]) - NOW

    assert risk_at() == timedelta(hours=5)
    act(client, "c1", "file", 1)
    act(client, "c1", "dispatch", 2, names="grid:A")
    assert risk_at() == timedelta(hours=9)
    act(client, "c1", "extend", 3, reason="下雨")
    assert risk_at() == timedelta(hours=18)
