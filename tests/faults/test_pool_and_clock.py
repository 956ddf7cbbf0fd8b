"""No connection is free; the clock jumps: refusals that are worth trying again, and nothing acknowledged is lost."""

import random
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from api_world import NOW, at, check_problem, fill
from fastapi.testclient import TestClient
from faults.places import KINDS, empty

from api.app import create_app
from gridmap.services.ports import PointFilter
from gridmap.settings import Settings
from gridmap.store import open_store

LON, LAT = at(0.5, 2.5)
both = pytest.mark.parametrize("kind", [KINDS[0], pytest.param(KINDS[1], marks=pytest.mark.postgis)])


class Jumping:
    """A clock that somebody sets."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self):
        return self.at


def report(name: str) -> dict[str, Any]:
    item = {"occurred_at": "2026-05-18T08:00:00+08:00", "category": "litter", "lon": LON, "lat": LAT}
    return {"datum": "wgs84", "items": [{**item, "incident_id": name}]}


@both
def test_without_a_free_connection_the_answer_is_to_try_again(kind: str) -> None:
    with empty(kind) as url, ExitStack() as busy:
        store = open_store(url, wait_s=0.5)
        fill(store)
        client = TestClient(create_app(Settings(access="open"), store, Jumping()))
        assert client.get("/readyz").status_code == 200
        held = [busy.enter_context(store.engine.connect()) for _ in range(50)]
        began = time.monotonic()
        for answer in (client.get("/readyz"), client.post("/api/v1/incidents", json=report("a"))):
            check_problem(answer, 503, "store_busy")
            assert int(answer.headers["retry-after"]) > 0
        assert time.monotonic() - began < 10
        assert client.get("/healthz").status_code == 200
        for connection in held:
            connection.close()
        assert client.get("/readyz").status_code == 200, "recovery needs no hands"
        assert client.post("/api/v1/incidents", json=report("a")).json()["counts"]["accepted"] == 1
        store.close()


@both
def test_whatever_the_clock_does_nothing_acknowledged_is_lost(kind: str) -> None:
    chance = random.Random(5)
    with empty(kind) as url:
        store = open_store(url)
        fill(store)
        clock = Jumping()
        settings = Settings(access="open", open_requests_per_s=100_000, cursor_key="for tests")
        acknowledged = set()
        with TestClient(create_app(settings, store, clock)) as client:
            for number in range(60):
                clock.at = NOW + timedelta(seconds=chance.uniform(-3, 3) * 86_400)
                name = f"c{number}"
                headers = {"Idempotency-Key": f"clock-step-{number}"}
                first = client.post("/api/v1/incidents", json=report(name), headers=headers)
                assert first.status_code == 200, first.text
                taken = first.json()["counts"]["accepted"]
                clock.at += timedelta(seconds=chance.uniform(-1, 0.9) * 86_400)
                again = client.post("/api/v1/incidents", json=report(name), headers=headers)
                if taken:
                    assert again.content == first.content, "within a day the answer is the same"
                if taken or again.json()["counts"]["accepted"]:
                    acknowledged.add(name)
                assert client.get(f"/api/v1/locate?lon={LON}&lat={LAT}").status_code == 200
            with store.unit_of_work() as work:
                stored = [i for i in work.incidents.frame(PointFilter())["incident_id"] if i.startswith("c")]
        store.close()
    assert acknowledged
    assert sorted(stored) == sorted(acknowledged)


def test_one_who_forgets_what_was_acknowledged_is_found_out(tmp_path: Path) -> None:
    """The comparison can fail: without the key, what was taken before comes back as a duplicate."""
    store = open_store(f"sqlite:///{tmp_path}/s.gpkg")
    fill(store)
    client = TestClient(create_app(Settings(access="open"), store, Jumping()))
    first, again = (client.post("/api/v1/incidents", json=report("z")).json()["counts"] for _ in range(2))
    store.close()
    assert first != again
