"""Batches of which some items lie in a grid and some in none."""

import json

import pytest
import ready
from api_world import NOW, at, fill
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings


@pytest.mark.parametrize(("url", "key", "when"), [("incidents", "incident_id", "occurred_at"),
                                                  ("patrols/fixes", "unit_id", "fixed_at")])  # fmt: skip
def test_items_of_no_grid_are_taken_beside_others(tmp_path, url: str, key: str, when: str) -> None:
    store = ready.embedded(tmp_path / "s.gpkg", fill)
    places = [at(0.5, 2.5), at(9, 9), at(2.5, 2.5), at(9, 9.5)]
    items = [{key: f"m{n}", when: "2026-05-20T03:00:00Z", "lon": x, "lat": y} for n, (x, y) in enumerate(places)]
    if url == "incidents":
        items = [{**item, "category": "litter"} for item in items]
    with TestClient(create_app(Settings(access="open"), store, FixedClock(NOW))) as client:
        answer = client.post(f"/api/v1/{url}", json={"datum": "wgs84", "items": items})
    store.close()
    assert answer.status_code == 200, answer.text
    owners = [(r["status"], r["grid_code"], r["method"]) for r in json.loads(answer.content)["results"]]
    nobody = ("accepted", None, "none")
    assert owners == [("accepted", "A", "inside"), nobody, ("accepted", "B", "inside"), nobody]
