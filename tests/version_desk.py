"""Somebody who works on the plan of the small district over HTTP."""

import json
from typing import Any

import shapely
from api_world import CELL, X0, Y0, at, check_headers
from builders import tiling
from fastapi.testclient import TestClient

SET = "/api/v1/sets/urban"
TODAY = "2026-05-20"
NEXT = "2026-07-01"
#: The place of grid D; E takes it over in the plan of the tests.
PLACE = at(0.5, 1.5)
REDRAWN = "AAB\nECB\nCCB"
#: The same, but a corner of street T is nobody's.
OPEN = "AAB\nECB\nCC."


def plan_of(drawn: str, parents: str = "ST", **more: Any) -> dict[str, Any]:
    """Write a drawn map as a body; B lies in the second parent, all else in the first."""
    frame = tiling(drawn, cell=CELL, origin=(X0, Y0))
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(shapely.to_geojson(shape)),
            "properties": {
                "code": code,
                "name": f"网格{code}",
                "parent_code": parents[code == "B"] if parents else None,
                "households": 300,
                **more,
            },
        }
        for code, shape in zip(frame["code"], frame.geometry, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


class Desk:
    """Somebody who works on the plan of a set."""

    def __init__(self, client: TestClient, address: str = SET) -> None:
        self.client = client
        self.address = address

    def draft(self, **asked: Any) -> dict[str, Any]:
        answer = self.client.post(f"{self.address}/drafts", json=asked)
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == f'"{answer.json()["draft"]["content_hash"]}"'
        check_headers(answer)
        return answer.json()["draft"]

    def put(self, draft: dict[str, Any], plan: Any, level: str = "grid", **headers: str):
        url = f"{self.address}/drafts/{draft['number']}/grids?level={level}"
        if "if-match" not in headers:
            url += f"&expected_hash={draft['content_hash']}"
        body = plan if isinstance(plan, bytes) else json.dumps(plan).encode()
        return self.client.put(url, content=body, headers={"content-type": "application/geo+json", **headers})

    def publish(self, draft: dict[str, Any], valid_from: str = TODAY, **terms: Any):
        terms = {"valid_from": valid_from, "expected_revision": self.revision(), **terms}
        return self.client.post(f"{self.address}/drafts/{draft['number']}/publish", json=terms)

    def drawn(self, text: str = REDRAWN, **asked: Any) -> dict[str, Any]:
        changed = self.put(self.draft(**asked), plan_of(text))
        assert changed.status_code == 200, changed.text
        return changed.json()["draft"]

    def revision(self) -> int:
        return self.client.get(self.address).json()["revision"]

    def owner(self, day: str) -> str:
        lon, lat = PLACE
        return self.client.get(f"/api/v1/locate?lon={lon}&lat={lat}&at={day}").json()["grid"]["code"]

    def versions(self) -> list[tuple[int, str]]:
        found = self.client.get(f"{self.address}/versions").json()["versions"]
        return [(v["number"], v["state"]) for v in found]
