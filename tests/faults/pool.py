"""No connection is free; the clock jumps: refusals that are worth trying again, and nothing acknowledged is lost."""

import random
import time
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

from api_world import NOW, at, fill
from fastapi.testclient import TestClient
from faults.outcome import Outcome
from faults.places import empty

from api.app import create_app
from gridmap.services.ports import PointFilter
from gridmap.settings import Settings
from gridmap.store import open_store

LON, LAT = at(0.5, 2.5)
SETTINGS = Settings(access="open", open_requests_per_s=100_000, cursor_key="for tests")
#: More than a pool has.
HELD = 50


class Jumping:
    """A clock that somebody sets."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        """Give what it was set to."""
        return self.at


def report(name: str) -> dict[str, Any]:
    """Make a batch of one report."""
    item = {"occurred_at": "2026-05-18T08:00:00+08:00", "category": "litter", "lon": LON, "lat": LAT}
    return {"datum": "wgs84", "items": [{**item, "incident_id": name}]}


def exhaust(kind: str, times: int, *, held: int = HELD) -> Outcome:
    """Hold all connections of a pool and ask: 503 soon, and good answers as soon as they are free again.

    ``held=0`` holds none: then nothing is refused, and the experiment would see nothing.
    """
    wrong: list[str] = []
    with empty(kind) as url:
        store = open_store(url, wait_s=0.5)
        fill(store)
        with TestClient(create_app(SETTINGS, store, Jumping()), raise_server_exceptions=False) as client:
            for number in range(times):
                with ExitStack() as busy:
                    for _ in range(held):
                        busy.enter_context(store.engine.connect())
                    began = time.monotonic()
                    answers = (client.get("/readyz"), client.post("/api/v1/incidents", json=report(f"p{number}")))
                    wrong += [f"refused as {a.status_code}" for a in answers if not _busy(a)]
                    wrong += ["slow"] if time.monotonic() - began > 10 else []
                    wrong += ["not alive"] if client.get("/healthz").status_code != 200 else []
                again = client.post("/api/v1/incidents", json=report(f"p{number}"))
                if again.status_code != 200 or again.json()["counts"]["accepted"] != 1:
                    wrong.append(f"afterwards {again.status_code}")
        store.close()
    seen = "; ".join(sorted(set(wrong))) or "store_busy within seconds; served again at once"
    name = "no free connection" if held else "control: connections are free"
    return Outcome(name, kind, times, len(wrong), seen if held else "must break")


def _busy(answer: Any) -> bool:
    retry = answer.headers.get("retry-after", "")
    return answer.status_code == 503 and answer.json()["code"] == "store_busy" and retry.isdigit() and int(retry) > 0


def step_the_clock(kind: str, steps: int, seed: int, *, keyed: bool = True) -> Outcome:
    """Set the clock by days to and fro between a request and its repetition; compare answers and rows.

    ``keyed=False`` leaves out the idempotency key: what was taken before then comes back as a duplicate.
    """
    chance = random.Random(seed)
    wrong: list[str] = []
    with empty(kind) as url:
        store = open_store(url)
        fill(store)
        clock = Jumping()
        acknowledged = set()
        with TestClient(create_app(SETTINGS, store, clock), raise_server_exceptions=False) as client:
            for number in range(steps):
                clock.at = NOW + timedelta(seconds=chance.uniform(-3, 3) * 86_400)
                name = f"c{number}"
                headers = {"Idempotency-Key": f"clock-step-{number}"} if keyed else {}
                first = client.post("/api/v1/incidents", json=report(name), headers=headers)
                clock.at += timedelta(seconds=chance.uniform(-1, 0.9) * 86_400)
                again = client.post("/api/v1/incidents", json=report(name), headers=headers)
                if {first.status_code, again.status_code} != {200}:
                    wrong.append(f"{first.status_code}, {again.status_code}")
                    continue
                taken = first.json()["counts"]["accepted"]
                if taken and again.content != first.content:
                    wrong.append("another answer within a day")
                if taken or again.json()["counts"]["accepted"]:
                    acknowledged.add(name)
                if client.get(f"/api/v1/locate?lon={LON}&lat={LAT}").status_code != 200:
                    wrong.append("a question was refused")
        with store.unit_of_work() as work:
            stored = [i for i in work.incidents.frame(PointFilter())["incident_id"] if i.startswith("c")]
        store.close()
    if sorted(stored) != sorted(acknowledged) or not acknowledged:
        wrong.append("what is stored is not what was acknowledged")
    seen = "; ".join(sorted(set(wrong))) or "the same answer within a day, rows as acknowledged"
    name = "clock steps of up to three days" if keyed else "control: clock steps, without keys"
    return Outcome(name, kind, steps, len(wrong), seen if keyed else "must break")
