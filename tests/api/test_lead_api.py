"""The leader's numbers over HTTP: the same as those of the indicators, of an area, and for who sees a part."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import ready
from api_world import NOW, at, fill
from doors_world import CHEAP
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.domain.access import OPERATOR, Area, Grant, Kind, Role
from gridmap.settings import Settings
from gridmap.store import open_store

PLACES = {"A": at(0.5, 2.5), "B": at(2.5, 2.5)}


class Clock:
    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Clock]]:
    """Twelve cases of two grids: five in the month before, seven since, three of them closed."""
    clock = Clock()
    folder = tmp_path_factory.mktemp("lead")
    settings = Settings(database_url=ready.put(folder / "lead.gpkg", fill), lead_fresh_s=0)
    store = open_store(settings.database_url)
    with TestClient(create_app(settings, store, clock), raise_server_exceptions=False) as client:
        days = [50, 48, 45, 40, 35, 20, 12, 9, 6, 4, 2, 0]
        for k, day in enumerate(days):
            clock.moment = NOW - timedelta(days=day)
            lon, lat = PLACES["AB"[k % 3 == 0]]
            item = {"case_id": f"c{k}", "category": ["E1-01", "E1-02"][k % 2], "lon": lon, "lat": lat,
                    "occurred_at": clock.moment.isoformat(), "channel": "patrol"}  # fmt: skip
            (said,) = client.post("/api/v1/cases", json={"items": [item]}).json()["results"]
            assert said["status"] == "accepted", said
            if k in (0, 1, 6, 7, 8):
                work(client, f"c{k}")
        clock.moment = NOW + timedelta(hours=1)
        yield client, clock
    store.close()


def work(client: TestClient, case: str) -> None:
    steps = (("file", {}), ("dispatch", {"names": "grid:A"}), ("accept", {"role": "field"}),
             ("handle", {"role": "field", "reason": "好了"}), ("verify", {}), ("close", {}))  # fmt: skip
    for version, (act, more) in enumerate(steps, 1):
        answer = client.post(f"/api/v1/cases/{case}/acts", json={"act": act, "version": version, **more})
        assert answer.status_code == 200, answer.text


@pytest.fixture
def client(served: tuple[TestClient, Clock]) -> TestClient:
    return served[0]


def lead(client: TestClient, **query: str) -> dict[str, Any]:
    answer = client.get("/api/v1/lead", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def test_the_last_thirty_days_beside_the_thirty_before(client: TestClient) -> None:
    found = lead(client)
    numbers = {one["name"]: one for one in found["numbers"]}
    assert (numbers["reported"]["value"], numbers["reported"]["before"], numbers["reported"]["change"]) == (7, 5, 2)
    assert datetime.fromisoformat(found["end"]) - datetime.fromisoformat(found["start"]) == timedelta(days=30)
    assert datetime.fromisoformat(found["end"]) == NOW + timedelta(seconds=1)
    assert sum(found["course"]["reported"]) == 7
    assert len(found["course"]["labels"]) == 31
    assert sum(map(sum, found["hours"])) == 7
    assert found["open"] == 12 - 5
    assert found["overdue"] + found["at_risk"] <= found["open"]
    assert numbers["on_time_closing"]["target"] == 70
    assert {one["category"]: (one["reported"], one["before"]) for one in found["types"]} == {
        "E1-01": (3, 3), "E1-02": (4, 2)
    }  # fmt: skip


def test_each_number_is_that_of_the_indicators_and_opens_as_many_cases(client: TestClient) -> None:
    found = lead(client)
    query = {"start": found["start"], "end": found["end"], "at": found["at"]}
    (group,) = client.get("/api/v1/cases/indicators", params=query).json()["groups"]
    for one in found["numbers"][1:]:
        same = group["values"][one["name"]]
        assert (one["value"], one["numerator"], one["denominator"]) == (
            same["value"], same["numerator"], same["denominator"]
        )  # fmt: skip
    for one in found["numbers"]:
        assert client.get(one["cases"]).json()["count"] == one["denominator"], one["name"]


def test_an_area_has_its_own_numbers_and_the_places_below_it(client: TestClient) -> None:
    whole = lead(client, level="grid")
    assert {place["code"]: place["reported"] for place in whole["places"]} == {"A": 5, "B": 2}
    part = lead(client, area="A")
    assert (part["area"]["code"], part["numbers"][0]["value"], part["open"]) == ("A", 5, 5)
    assert client.get(part["numbers"][0]["cases"]).json()["count"] == 5
    street = lead(client, area=whole["areas"][0]["code"])
    assert street["places"]
    assert street["level"] != street["area"]["level"]
    ranks = [place["rank"] for place in whole["places"]]
    assert ranks == sorted(ranks, key=lambda rank: (rank is None, rank))


def test_a_period_is_compared_with_any_other(client: TestClient) -> None:
    start, end = "2026-05-10", "2026-05-21"
    usual = lead(client, start=start, end=end)
    asked = {"compare_start": usual["before"], "compare_end": usual["until"]}
    assert lead(client, start=start, end=end, **asked) == usual
    other = lead(client, start=start, end=end, compare_start="2026-04-01", compare_end="2026-04-08")
    # reported 48, 45 and 40 days before the 20th of May; 50 before is March
    assert other["numbers"][0]["before"] == 2
    assert other["course"] == usual["course"]
    year = lead(client, start=start, end=end, against="year")
    assert year["before"][:16] == "2025-05-09T16:00"
    assert year["until"][:16] == "2025-05-20T16:00"
    leap = lead(client, start="2024-02-29", end="2024-03-01", against="year")
    assert (leap["before"][:10], leap["until"][:10]) == ("2023-02-27", "2023-02-28")
    half = client.get("/api/v1/lead", params={"compare_start": "2026-04-01"})
    assert (half.status_code, half.json()["code"]) == (422, "compare_half")
    wrong = {"compare_start": "2026-04-02", "compare_end": "2026-04-01"}
    assert client.get("/api/v1/lead", params=wrong).json()["code"] == "window_reversed"


def test_effort_stands_beside_what_was_found_and_says_who_was_not_looked_at(client: TestClient) -> None:
    window = {"start": "2026-05-01", "end": "2026-05-21"}
    found = client.get("/api/v1/lead/effort", params={**window, "level": "grid"}).json()
    places = {place["code"]: place for place in found["places"]}
    assert found["recorded"] is True
    # fixes lie in A alone; where nobody was there is no rate
    assert {code: place["unseen"] for code, place in places.items()} == {"A": 0, "B": 1, "C": 1, "D": 1}
    assert [places[code]["per_hour"] for code in "BCD"] == [None, None, None]
    table = client.get("/api/v1/patrols/effort", params={**window, "shares": "false"}).json()["grids"]
    of_a = next(row for row in table if row["code"] == "A")
    assert (places["A"]["incidents"], places["A"]["found"]) == (of_a["incidents"], of_a["patrol_found"])
    assert places["A"]["hours"] == pytest.approx(of_a["hours"], abs=0.01)
    streets = client.get("/api/v1/lead/effort", params=window).json()
    by_street = {place["code"]: (place["grids"], place["unseen"]) for place in streets["places"]}
    assert by_street == {"S": (3, 2), "T": (1, 1)}
    # the worst first
    assert streets["places"][0]["code"] == "T"
    quiet = client.get("/api/v1/lead/effort", params={"start": "2020-01-01", "end": "2020-02-01"}).json()
    assert (quiet["recorded"], quiet["places"]) == (False, [])


def test_both_borders_count_the_same_cases(client: TestClient) -> None:
    window = {"start": "2026-04-01", "end": "2026-05-21"}
    found = client.get("/api/v1/lead/redraw", params={"from": "1", "to": "2", **window})
    assert found.status_code == 200, found.text
    answer = found.json()
    # the ground of A in the middle of its column went to D; the cases lie in what stays with A, and in B
    assert [grid["code"] for grid in answer["grids"]] == ["A", "D"]
    assert answer["grids"][1]["before"] is None
    assert answer["grids"][1]["after"] == {"title": "兴海一格", "reported": 0, "on_time": 0, "due": 0}
    assert answer["moved"] == 0
    assert answer["cases"] >= 11
    assert answer["grids"][0]["before"]["reported"] == answer["grids"][0]["after"]["reported"] > 0
    same = client.get("/api/v1/lead/redraw", params={"from": "2", "to": "2", **window}).json()
    assert same["grids"] == []
    missing = client.get("/api/v1/lead/redraw", params={"from": "1", "to": "9", **window})
    assert (missing.status_code, missing.json()["code"]) == (404, "version_unknown")


def test_a_report_of_the_page_is_a_file(client: TestClient) -> None:
    pdf = client.get("/api/v1/reports/briefing.pdf", params={"period": "2026-05-19", "lang": "both"})
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert pdf.content.startswith(b"%PDF")
    page = client.get("/api/v1/reports/briefing.html", params={"period": "2026-05", "area": "A", "lang": "en"})
    assert page.status_code == 200
    assert "sandbox" in page.headers["content-security-policy"]
    assert "Monthly briefing" in page.text
    for wrong, code in (({"period": "2027-01"}, "report_in_future"), ({"period": "May"}, "report_period"),
                        ({"period": "2026-05", "area": "ZZZ"}, "grid_unknown")):  # fmt: skip
        assert client.get("/api/v1/reports/briefing.pdf", params=wrong).json()["code"] == code


def test_what_cannot_be_asked_is_said(client: TestClient) -> None:
    assert client.get("/api/v1/lead", params={"area": "ZZZ"}).json()["code"] == "grid_unknown"
    backwards = {"start": "2026-05-02", "end": "2026-05-01"}
    assert client.get("/api/v1/lead", params=backwards).json()["code"] == "window_reversed"
    empty = lead(client, start="2020-01-01", end="2020-02-01")
    assert [one["value"] for one in empty["numbers"]] == [0, None, None, None, None, None]


def test_a_new_case_is_seen_and_words_are_in_the_readers_language(served: tuple[TestClient, Clock]) -> None:
    client, clock = served
    before = lead(client)["open"]
    lon, lat = PLACES["A"]
    item = {"case_id": "late", "category": "E1-01", "lon": lon, "lat": lat, "occurred_at": clock.now().isoformat()}
    assert client.post("/api/v1/cases", json={"items": [item]}).json()["results"][0]["status"] == "accepted"
    assert lead(client)["open"] == before + 1
    titles = [
        client.get("/api/v1/lead", headers={"Accept-Language": lang}).json()["numbers"][0]["title"]
        for lang in ("zh", "en")
    ]
    assert titles == ["上报案件", "Cases reported"]


def test_who_sees_one_grid_has_the_numbers_of_that_grid(tmp_path: Path) -> None:
    url = ready.put(tmp_path / "rights.gpkg", fill)
    store, clock = open_store(url), Clock()
    with TestClient(create_app(Settings(database_url=url), store, clock)) as open_to_all:
        for k, (lon, lat) in enumerate([PLACES["A"], PLACES["B"], PLACES["B"]]):
            item = {"case_id": f"c{k}", "category": "E1-01", "lon": lon, "lat": lat, "occurred_at": NOW.isoformat()}
            open_to_all.post("/api/v1/cases", json={"items": [item]})
    app = create_app(Settings(**{**CHEAP, "database_url": url}), store, clock)
    grants = {
        "all": (Grant(Role.ANALYST, Area("urban")), [("A", 1), ("B", 2)]),
        "a": (Grant(Role.ANALYST, Area("urban", "A")), [("A", 1)]),
        "b": (Grant(Role.ANALYST, Area("urban", "B")), [("B", 2)]),
    }
    with TestClient(app) as client:
        for name, (grant, expected) in grants.items():
            token = app.state.desk.accounts.make_key(OPERATOR, name, kind=Kind.KEY, grants=[grant]).token
            for _ in range(2):  # the second time from what is kept
                answer = client.get(
                    "/api/v1/lead", params={"level": "grid"}, headers={"Authorization": f"Bearer {token}"}
                )
                assert answer.status_code == 200, answer.text
                found = answer.json()
                assert [(place["code"], place["reported"]) for place in found["places"]] == expected
                assert found["open"] == found["numbers"][0]["value"] == sum(n for _, n in expected)
    store.close()


def test_what_is_no_emergency_is_counted_within_its_window_alone(client: TestClient) -> None:
    found = lead(client)
    query = {"start": found["start"], "end": found["end"]}
    counts = [
        client.get("/api/v1/cases/indicators", params={**query, **more}).json()["cases"]
        for more in ({}, {"emergency": "false"}, {"emergency": "true"}, {"emergency": "false", "category": "E1-01"})
    ]
    assert counts == [
        counts[0],
        counts[0],
        0,
        sum(one["reported"] for one in found["types"] if one["category"] == "E1-01"),
    ]


def test_what_asks_for_attention_may_be_some_seconds_old_and_few(served: tuple[TestClient, Clock]) -> None:
    client, clock = served
    before, clock.moment = clock.moment, clock.moment + timedelta(days=30)
    all_of_them = client.get("/api/v1/cases/alerts").json()
    few = client.get("/api/v1/cases/alerts", params={"held": "true", "limit": 1}).json()
    clock.moment = before
    assert len(all_of_them["alerts"]) > 1
    assert few["alerts"] == all_of_them["alerts"][:1]
    assert few["counts"] == all_of_them["counts"]
    assert (few["truncated"], all_of_them["truncated"]) == (True, False)
    assert client.get("/api/v1/cases/alerts", params={"limit": 0}).status_code == 422
