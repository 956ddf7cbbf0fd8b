"""Versions over HTTP: drafted, checked, published, returned to, withdrawn; and what is refused on the way."""

import json
from typing import Any

import pytest
import shapely
from api_world import CELL, X0, Y0, at
from builders import tiling

SET = "/api/v1/sets/urban"
TODAY = "2026-05-20"
NEXT = "2026-07-01"
#: The place of grid D; E takes it over in the plan of the tests.
PLACE = at(0.5, 1.5)
REDRAWN = "AAB\nECB\nCCB"
#: The same, but a corner of street T is nobody's.
OPEN = "AAB\nECB\nCC."


def plan_of(drawn: str, level: str = "grid") -> dict[str, Any]:
    """Write the areas of a level of a drawn map as a body."""
    frame = tiling(drawn, cell=CELL, origin=(X0, Y0))
    features = []
    for code, shape in zip(frame["code"], frame.geometry, strict=True):
        parent = None if level == "street" else ("T" if code == "B" else "S")
        features.append(
            {
                "type": "Feature",
                "geometry": json.loads(shapely.to_geojson(shape)),
                "properties": {"code": code, "name": f"网格{code}", "parent_code": parent, "households": 300},
            }
        )
    return {"type": "FeatureCollection", "features": features}


class Desk:
    """Somebody who works on the plan."""

    def __init__(self, world) -> None:
        self.world = world

    def draft(self, **asked: Any) -> dict[str, Any]:
        answer = self.world.post(f"{SET}/drafts", asked)
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == f'"{answer.json()["draft"]["content_hash"]}"'
        return answer.json()["draft"]

    def put(self, draft: dict[str, Any], plan: Any, level: str = "grid", **headers: str):
        url = f"{SET}/drafts/{draft['number']}/grids?level={level}"
        if not headers:
            url += f"&expected_hash={draft['content_hash']}"
        body = plan if isinstance(plan, bytes) else json.dumps(plan).encode()
        return self.world.client.put(url, content=body, headers={"content-type": "application/geo+json", **headers})

    def publish(self, draft: dict[str, Any], valid_from: str = TODAY, **terms: Any):
        terms = {"valid_from": valid_from, "expected_revision": self.revision(), **terms}
        return self.world.post(f"{SET}/drafts/{draft['number']}/publish", terms)

    def redraw(self, drawn: str = REDRAWN, valid_from: str = TODAY, **terms: Any):
        draft = self.draft()
        changed = self.put(draft, plan_of(drawn))
        assert changed.status_code == 200, changed.text
        return self.publish(changed.json()["draft"], valid_from, **terms)

    def revision(self) -> int:
        return self.world.get(SET).json()["revision"]

    def owner(self, day: str) -> str:
        lon, lat = PLACE
        return self.world.get(f"/api/v1/locate?lon={lon}&lat={lat}&at={day}").json()["grid"]["code"]

    def versions(self) -> list[tuple[int, str]]:
        found = self.world.get(f"{SET}/versions").json()["versions"]
        return [(v["number"], v["state"]) for v in found]


@pytest.fixture
def desk(fresh_world) -> Desk:
    return Desk(fresh_world)


def test_a_plan_is_drafted_checked_published_returned_to_and_withdrawn(desk) -> None:
    world = desk.world
    before = desk.revision()
    draft = desk.draft(note="七月重划", valid_from=NEXT)
    assert (draft["state"], draft["based_on"], draft["valid_from"]) == ("draft", 2, NEXT)
    changed = desk.put(draft, plan_of(REDRAWN))
    assert changed.status_code == 200, changed.text
    assert changed.json()["draft"]["content_hash"] != draft["content_hash"]
    report = world.get(f"{SET}/versions/{draft['number']}/report", accept_language="en").json()
    assert report["blocking"] == 0
    assert report["against"] == 2
    assert not report["truncated"]
    assert report["summary"]["findings"] == len(report["findings"])
    headless = [f for f in report["findings"] if f["rule"] == "grid_without_head"]
    assert {f["codes"][0] for f in headless} == {"B", "C", "E"}
    assert "has no head" in headless[0]["message"]

    tried = desk.publish(draft, NEXT, dry_run=True).json()
    assert (tried["version"], tried["dry_run"], tried["incidents"]) == (None, True, None)
    assert {(c["level"], c["kind"]): c["count"] for c in tried["lineage"]}["grid", "recoded"] == 1
    assert desk.revision() == before
    done = desk.publish(draft, NEXT)
    assert done.status_code == 200, done.text
    assert done.json()["version"]["state"] == "published"
    assert done.json()["version"]["note"] == "七月重划"
    assert done.json()["revision"] == before + 1 == desk.revision()
    assert done.json()["lineage"] == tried["lineage"]
    assert (desk.owner("2026-06-30"), desk.owner(NEXT)) == ("D", "E")
    assert desk.owner("2190-01-01") == "E"

    terms = {"valid_from": "2026-08-01", "expected_revision": before + 1, "note": "退回"}
    back = world.post(f"{SET}/versions/2/return", terms)
    assert back.status_code == 200, back.text
    assert back.json()["version"]["number"] == draft["number"] + 1
    assert (desk.owner("2026-07-31"), desk.owner("2026-08-01")) == ("E", "D")

    number = back.json()["version"]["number"]
    gone = world.post(f"{SET}/versions/{number}/withdraw", {"expected_revision": before + 2})
    assert gone.status_code == 200, gone.text
    assert gone.json()["version"]["state"] == "retired"
    assert desk.owner("2026-08-01") == "E"
    assert desk.versions() == [(1, "published"), (2, "published"), (3, "published"), (4, "retired")]
