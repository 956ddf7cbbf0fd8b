"""On which side of a border a case lies: one of the offered grids, as somebody said who stands in the record."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ready
from api_world import NOW, at, fill
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings
from gridmap.store import open_store

INSIDE = at(0.5, 2.5)
#: Two metres or so west of the border between A and B.
NEAR = at(1.99, 2.5)
BORDER = at(2.0, 2.5)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(database_url=ready.put(tmp_path / "cases.gpkg", fill))
    store = open_store(settings.database_url)
    with TestClient(create_app(settings, store, FixedClock(NOW)), raise_server_exceptions=False) as found:
        yield found
    store.close()


def send(client: TestClient, place: tuple[float, float], key: str = "c1", **more: Any) -> dict[str, Any]:
    spot = {"lon": place[0], "lat": place[1], "occurred_at": NOW.isoformat()}
    item = {"case_id": key, "category": "E1-01", **spot, **more}
    answer = client.post("/api/v1/cases", json={"items": [item]})
    assert answer.status_code == 200, answer.text
    return answer.json()["results"][0]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("place", "accuracy"), [(NEAR, 30.0), (BORDER, 0.0)], ids=["the circle of GPS crosses it", "it lies on it"]
)
def test_each_of_the_offered_sides_can_be_confirmed_and_who_did_stands_in_the_record(
    client: TestClient, place: tuple[float, float], accuracy: float
) -> None:
    asked = {"lon": place[0], "lat": place[1], "accuracy_m": accuracy}
    offered = client.get("/api/v1/cases/responsible", params=asked).json()
    assert offered["confirm"]
    codes = [side["code"] for side in offered["sides"]]
    assert sorted(codes) == ["A", "B"]
    for code in codes:
        opened = send(client, place, f"of-{code}", grid=code, accuracy_m=accuracy)
        assert (opened["status"], opened["grid_code"], opened["unit"]) == ("accepted", code, f"grid:{code}")
        found = client.get(f"/api/v1/cases/of-{code}").json()
        assert (found["case"]["grid_code"], found["owner"]["grid"]["code"]) == (code, code)
        assert (found["case"]["lon"], found["case"]["lat"]) == place  # the place stays where it was said to be
        first = found["record"][0]
        assert (first["act"], first["names"], first["by"]) == ("report", f"grid:{code}", "field")
    own = send(client, place, "nobody-said", accuracy_m=accuracy)
    assert own["grid_code"] == codes[0]
    assert client.get("/api/v1/cases/nobody-said").json()["record"][0]["names"] == ""


@pytest.mark.parametrize(
    ("place", "more", "code", "pointer"),
    [
        (INSIDE, {"grid": "B"}, "case_side_unknown", "#/grid"),
        (NEAR, {"grid": "B"}, "case_side_unknown", "#/grid"),  # no circle, no doubt
        (NEAR, {"grid": "D", "accuracy_m": 30}, "case_side_unknown", "#/grid"),
        (NEAR, {"grid": "S", "accuracy_m": 30}, "case_side_unknown", "#/grid"),
        (NEAR, {"grid": "no such grid", "accuracy_m": 30}, "case_side_unknown", "#/grid"),
        (NEAR, {"grid": "", "accuracy_m": 30}, "text_empty", None),
        (NEAR, {"grid": 7, "accuracy_m": 30}, "wrong_type", None),
        ((130.0, 40.0), {"grid": "A"}, "case_side_unknown", "#/grid"),
    ],
)
def test_anything_else_is_refused_and_nothing_is_kept(
    client: TestClient, place: tuple[float, float], more: dict[str, Any], code: str, pointer: str | None
) -> None:
    refused = send(client, place, **more)
    assert (refused["status"], refused["code"]) == ("rejected", code)
    if pointer is not None:
        assert refused["pointer"] == pointer
    assert client.get("/api/v1/cases/c1").status_code == 404


def test_the_others_of_a_batch_are_kept(client: TestClient) -> None:
    base = {"category": "E1-01", "lon": NEAR[0], "lat": NEAR[1], "accuracy_m": 30.0}
    items = [{**base, "case_id": key, **more} for key, more in (("a", {}), ("b", {"grid": "D"}), ("c", {"grid": "B"}))]
    results = client.post("/api/v1/cases", json={"items": items}).json()["results"]
    assert [(one["status"], one["grid_code"]) for one in results] == [
        ("accepted", "A"), ("rejected", None), ("accepted", "B")]  # fmt: skip


def test_the_side_that_it_lies_on_may_be_confirmed_where_nobody_asks(client: TestClient) -> None:
    opened = send(client, INSIDE, grid="A")
    assert (opened["status"], opened["grid_code"], opened["method"]) == ("accepted", "A", "inside")
