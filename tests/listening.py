"""A district with accounts, what happens in it, and readers of the stream of events over a real connection."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx
import page_service
import uvicorn
from api_world import NOW, at, fill
from doors_world import PASSWORD, Staffed, staff
from fastapi.testclient import TestClient

from api.wire import BoundedProtocol
from gridmap.services.clock import FixedClock
from gridmap.services.ports import Store

STREAM = "/api/v1/events/stream"
SESSION = "/api/v1/session"


class Town:
    """A district with accounts, and its events."""

    def __init__(self, store: Store) -> None:
        fill(store)
        self.store = store
        self.made: Staffed = staff(store, FixedClock(NOW), set_name="urban", street="S")
        self.count = 0

    def person(self, name: str) -> httpx.Client:
        client = TestClient(self.made.app, base_url="https://city.example", headers={"Sec-Fetch-Site": "same-origin"})
        assert client.post(SESSION, json={"name": name, "password": PASSWORD}).status_code == 200
        return client

    def report(self, *cells: tuple[float, float]) -> list[str]:
        """Take in an incident in each cell, as the dispatcher; give their ids."""
        client = self.person("dispatcher")
        return self.send(client, *cells)

    def send(self, client: httpx.Client, *cells: tuple[float, float]) -> list[str]:
        items = []
        for column, row in cells:
            self.count += 1
            lon, lat = at(column, row)
            items.append(
                {"incident_id": f"e{self.count}", "occurred_at": NOW.isoformat(), "category": "litter", "lon": lon,
                 "lat": lat}
            )  # fmt: skip
        answer = client.post("/api/v1/incidents", json={"datum": "wgs84", "items": items})
        assert answer.status_code == 200, answer.text
        assert answer.json()["counts"]["accepted"] == len(cells), answer.text
        return [item["incident_id"] for item in items]

    def seen(self, client: httpx.Client, *fixes: tuple[str, datetime, tuple[float, float]]) -> None:
        """Take in fixes of units in cells."""
        items = []
        for unit, when, cell in fixes:
            lon, lat = at(*cell)
            items.append({"unit_id": unit, "fixed_at": when.isoformat(), "lon": lon, "lat": lat, "accuracy_m": 5})
        answer = client.post("/api/v1/patrols/fixes", json={"datum": "wgs84", "items": items})
        assert answer.status_code == 200, answer.text
        assert answer.json()["counts"]["accepted"] == len(items), answer.text


#: In street S (grid D, and C), in street T (grid B).
IN_S, IN_T = (0.5, 1.5), (2.5, 1.5)


@contextmanager
def served(made: Staffed) -> Iterator[tuple[str, uvicorn.Server]]:
    config = uvicorn.Config(
        made.app, host="127.0.0.1", port=0, log_level="warning", http=BoundedProtocol, timeout_graceful_shutdown=10
    )
    server = uvicorn.Server(config)
    with page_service.started(server):
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", server


class Listener:
    """A reader of a stream, in a thread of its own."""

    def __init__(
        self,
        base: str,
        headers: dict[str, str],
        place: str | None = None,
        take: int | None = None,
        *,
        positions: bool = False,
    ) -> None:
        self.events: list[dict[str, Any]] = []
        #: What was told of positions, and where units are by it.
        self.moves: list[dict[str, Any]] = []
        self.units: dict[str, dict[str, Any]] = {}
        self.last: str | None = place
        self.status = 0
        self.ended = threading.Event()
        self._open = threading.Event()
        self._take = take
        self._query = {"positions": "true"} if positions else {}
        more = {} if place is None else {"Last-Event-ID": place}
        self._thread = threading.Thread(target=self._run, args=(base, {**headers, **more}), daemon=True)
        self._thread.start()
        assert self._open.wait(20)

    def _run(self, base: str, headers: dict[str, str]) -> None:
        try:
            with httpx.stream("GET", base + STREAM, params=self._query, headers=headers, timeout=60) as answer:
                self.status = answer.status_code
                kind = ""
                for line in answer.iter_lines():
                    name, _, value = line.partition(": ")
                    if name == "id" and value:
                        self.last = value
                        self._open.set()
                    elif name == "event":
                        kind = value
                    elif name == "data" and kind == "patrols.moved":
                        self._moved(json.loads(value))
                    elif name == "data":
                        self.events.append(json.loads(value))
                        if len(self.events) == self._take:
                            return  # the connection is cut in the middle
                    if self.status != 200:
                        return
        except httpx.HTTPError:
            pass
        finally:
            self._open.set()
            self.ended.set()

    def _moved(self, told: dict[str, Any]) -> None:
        if told["whole"]:
            self.units = {}
        self.units |= {unit["unit_id"]: unit for unit in told["units"]}
        self.moves.append(told)

    def until(self, true: Callable[[], bool], seconds: float = 20) -> bool:
        """Wait until something is true; tell whether it came to that."""
        until = time.monotonic() + seconds
        while not true() and time.monotonic() < until:
            time.sleep(0.01)
        return true()

    def wait(self, count: int, seconds: float = 20) -> list[str]:
        until = time.monotonic() + seconds
        while len(self.events) < count and time.monotonic() < until:
            time.sleep(0.01)
        return [event["subject"] for event in self.events]


def cookie(town: Town, name: str) -> dict[str, str]:
    session = town.made.app.state.desk.sessions.sign_in(name, PASSWORD)
    return {"Authorization": f"Bearer {session.token}"}


def reporter(town: Town, base: str, name: str = "dispatcher") -> httpx.Client:
    return httpx.Client(base_url=base, headers=cookie(town, name), timeout=30)
