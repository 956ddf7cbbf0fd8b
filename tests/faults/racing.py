"""Races over HTTP, two workers over one store: the same key, and the same draft changed by two planners."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from api_world import NOW, fill
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


def run(kind: str, races: int) -> Outcome:
    """Run so many of each race."""
    with empty(kind) as url, ExitStack() as running:
        workers = Workers(url, running)
        broken = sum(not workers.same_key(n) for n in range(races))
        broken += sum(not workers.same_draft() for _ in range(races))
    return Outcome("races: one key twice; one draft changed twice", kind, 2 * races, broken, "one winner each")


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
