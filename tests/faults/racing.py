"""Races over HTTP, two workers over one store: the same key, the same draft and the same border changed by two
planners, two plans for one day, one report with two contents, and one case that two act on."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from api_world import CELL, NOW, at, fill
from fastapi.testclient import TestClient
from faults.outcome import Outcome
from faults.places import empty
from version_desk import REDRAWN, plan_of

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.services.once import Deferred
from gridmap.settings import Settings
from gridmap.store import open_store

SETTINGS = Settings(access="open", cursor_key="for tests", open_requests_per_s=1_000_000)
SET = "/api/v1/sets/urban"
#: Races in one database: published versions add up, and each is looked at when the next one comes.
IN_ONE = 100
GEOJSON = {"content-type": "application/geo+json"}


class Workers:
    """Two workers over one store."""

    def __init__(self, url: str, running: ExitStack) -> None:
        self.store = open_store(url, wait_s=30)
        running.callback(self.store.close)
        fill(self.store)
        apps = [create_app(SETTINGS, self.store, FixedClock(NOW)) for _ in range(2)]
        self.clients = [running.enter_context(TestClient(app)) for app in apps]
        self.pool = running.enter_context(ThreadPoolExecutor(2))
        self._turn = 0

    def both(self, ask: Any) -> list[Any]:
        """Let both ask at once."""
        barrier = threading.Barrier(2)

        def one(place: int) -> Any:
            barrier.wait(30)
            return ask(place, self.clients[place])

        return list(self.pool.map(one, range(2)))

    def drafts(self) -> int:
        with self.store.unit_of_work() as work:
            return len(work.boundaries.list_versions("urban"))

    def same_key(self, number: int) -> bool:
        """Make a draft twice with one key; tell whether there is one."""
        before = self.drafts()
        headers = {"Idempotency-Key": f"race-{number:08d}"}
        answers = self.both(lambda _, client: client.post(f"{SET}/drafts", json={}, headers=headers))
        good = {a.content for a in answers if a.status_code == 200}
        others = {a.json()["code"] for a in answers if a.status_code != 200}
        kept = self.drafts() == before + 1 and len(good) == 1 and others <= {"in_flight", "store_locked"}
        for number_ in {json.loads(content)["draft"]["number"] for content in good}:
            self.clients[0].delete(f"{SET}/drafts/{number_}")
        return kept

    def same_draft(self) -> bool:
        """Change one draft twice, both as it was read; tell whether one of them was too late."""
        draft = self.clients[0].post(f"{SET}/drafts", json={}).json()["draft"]
        url = f"{SET}/drafts/{draft['number']}/grids?level=grid&expected_hash={draft['content_hash']}"
        bodies = [json.dumps(plan_of(REDRAWN, households=300 + place)).encode() for place in range(2)]
        answers = self.both(lambda place, client: client.put(url, content=bodies[place], headers=GEOJSON))
        statuses = sorted(a.status_code for a in answers)
        self.clients[0].delete(f"{SET}/drafts/{draft['number']}")
        return statuses == [200, 412]

    def same_border(self, number: int) -> bool:
        """Move one corner of three grids to two places, both as it was seen; tell whether one move stands."""
        draft = self.clients[0].post(f"{SET}/drafts", json={}).json()["draft"]["number"]
        url = f"{SET}/drafts/{draft}/redraw"
        x, y = at(1, 2)
        moved = [(x + CELL / 8, y + CELL * (number % 50) / 1_000), (x - CELL / 8, y)]
        edits = [{"verb": "move_vertex", "at": [x, y], "to": list(to)} for to in moved]
        headers = {"if-match": '"0"'}
        answers = self.both(lambda place, client: client.post(f"{url}/edits", json=edits[place], headers=headers))
        statuses = [a.status_code for a in answers]
        log = self.clients[1].get(f"{url}/edits?after=0").json()["edits"]
        winner = moved[statuses.index(200)] if 200 in statuses else None
        areas = self.clients[1].get(f"{url}/areas?level=grid").json()["features"]
        there = winner is not None and all(
            list(winner) in _vertices(f["geometry"]) for f in areas if f["id"] in ("A", "C", "D")
        )
        self.clients[0].delete(f"{SET}/drafts/{draft}")
        codes = {a.json()["code"] for a in answers if a.status_code != 200}
        return sorted(statuses) == [200, 409] and codes == {"redraw_conflict"} and len(log) == 1 and there

    def same_day(self) -> bool:
        """Publish two drafts of one version for one day, both as it was seen; tell whether one of them was too late."""
        drafts = []
        for _ in range(2):
            draft = self.clients[0].post(f"{SET}/drafts", json={}).json()["draft"]
            url = f"{SET}/drafts/{draft['number']}/grids?level=grid&expected_hash={draft['content_hash']}"
            self._turn += 1
            body = json.dumps(plan_of("AAB\nDCB\nCCB", households=200 + self._turn)).encode()
            assert self.clients[0].put(url, content=body, headers=GEOJSON).status_code == 200
            drafts.append(draft["number"])
        seen = self.clients[0].get(SET).json()["revision"]
        terms = {"valid_from": "2026-05-20", "expected_revision": seen, "accepted": "水面"}
        answers = self.both(lambda k, client: client.post(f"{SET}/drafts/{drafts[k]}/publish", json=terms))
        statuses = [a.status_code for a in answers]
        published = {v["number"] for v in self.clients[1].get(f"{SET}/versions").json()["versions"]}
        if 412 in statuses:
            self.clients[0].delete(f"{SET}/drafts/{drafts[statuses.index(412)]}")
        return sorted(statuses) == [200, 412] and drafts[statuses.index(200)] in published

    def same_report(self, number: int) -> bool:
        """Send two reports with one id; tell whether one is stored, as it was sent by who was told so."""
        lon, lat = at(0.5, 2.5)
        one = {"incident_id": f"race-{number}", "occurred_at": "2026-05-18T08:00:00+08:00", "lon": lon, "lat": lat}
        bodies = [{"datum": "wgs84", "items": [{**one, "category": each}]} for each in ("litter", "parking")]
        answers = self.both(lambda place, client: client.post("/api/v1/incidents", json=bodies[place]))
        said = [a.json()["results"][0]["status"] for a in answers]
        with self.store.engine.connect() as connection:
            rows = connection.exec_driver_sql(
                f"select category from incident where incident_id = 'race-{number}'"
            ).all()
        won = [c for c, s in zip(("litter", "parking"), said, strict=True) if s == "accepted"]
        return sorted(said) == ["accepted", "rejected"] and [row[0] for row in rows] == won

    def same_case(self, number: int) -> bool:
        """Let two do different things with one case as both have seen it; tell whether one of them was too late."""
        lon, lat = at(0.5, 2.5)
        case = f"case-{number}"
        said = {"case_id": case, "category": "E1-01", "lon": lon, "lat": lat}
        opened = self.both(lambda _, client: client.post("/api/v1/cases", json={"items": [said]}))
        statuses = sorted(a.json()["results"][0]["status"] for a in opened)
        acts = [{"act": "file", "version": 1}, {"act": "reject", "version": 1, "reason": "重复"}]
        answers = self.both(lambda place, client: client.post(f"/api/v1/cases/{case}/acts", json=acts[place]))
        codes = [a.json().get("code") if a.status_code != 200 else "done" for a in answers]
        record = [line["act"] for line in self.clients[0].get(f"/api/v1/cases/{case}").json()["record"]]
        won = [a["act"] for a, code in zip(acts, codes, strict=True) if code == "done"]
        fair = sorted(codes) == ["case_moved", "done"] and record == ["report", *won]
        return fair and statuses == ["accepted", "duplicate"]


def _vertices(geometry: dict[str, Any]) -> list[list[float]]:
    parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [vertex for rings in parts for ring in rings for vertex in ring]


#: What is raced for, by name.
RACES: dict[str, Callable[[Workers, int], bool]] = {
    "key": Workers.same_key,
    "draft": lambda workers, number: workers.same_draft(),
    "border": Workers.same_border,
    "day": lambda workers, number: workers.same_day(),
    "report": Workers.same_report,
    "case": Workers.same_case,
}


def run(kind: str, races: int, names: tuple[str, ...] = tuple(RACES)) -> Outcome:
    """Run so many of each race that is named."""
    wanted = {name: RACES[name] for name in names}
    wrong: Counter[str] = Counter()
    for first in range(0, races, IN_ONE):
        with empty(kind) as url, ExitStack() as running:
            workers = Workers(url, running)
            for number in range(first, min(races, first + IN_ONE)):
                wrong.update(name for name, race in wanted.items() if not race(workers, number))
    seen = ", ".join(f"{count} of {name}" for name, count in wrong.items()) or "one winner each"
    return Outcome(f"races for one {', '.join(wanted)}", kind, len(wanted) * races, wrong.total(), seen)


def control(kind: str) -> Outcome:
    """Store the answer apart from the deed: two drafts are made."""

    def apart(self: Deferred, answered: Any) -> None:
        self._make()
        with self._raw.unit_of_work() as work:
            if work.idempotency.find(answered.account_id, answered.key) is None:
                work.idempotency.add(answered)
                work.commit()

    keep, Deferred.keep = Deferred.keep, apart  # type: ignore[method-assign]
    try:
        with empty(kind) as url, ExitStack() as running:
            workers = Workers(url, running)
            broken = sum(not workers.same_key(n) for n in range(30))
    finally:
        Deferred.keep = keep  # type: ignore[method-assign]
    return Outcome("control: look for the key, then act", kind, 30, broken, "must break")
