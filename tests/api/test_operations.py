"""Whether the process lives, whether it can work, what it counts, and what it writes about requests."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from api_world import CANARY, NOW, PEOPLE, at, check_headers, check_problem
from asking import ask
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap import logs
from gridmap.errors import StoreUnavailable
from gridmap.services.clock import FixedClock
from gridmap.services.ports import StoreMode
from gridmap.settings import Settings

LON, LAT = at(0.5, 2.5)
GOOD = f"/api/v1/locate?lon={LON}&lat={LAT}"


def figures(client: TestClient) -> dict[str, float]:
    """Read /metrics as a scraper does."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_alive_and_ready(world) -> None:
    alive = world.get("/healthz")
    assert alive.json()["status"] == "ok"
    check_headers(alive)
    ready = world.get("/readyz")
    assert ready.json() == {"status": "ready", "store": "writable"}
    check_headers(ready)


class AwayStore:
    """A store that does not answer, or answers and takes no writes."""

    local = True

    def __init__(self, error: Exception | None, state: StoreMode = StoreMode.WRITABLE) -> None:
        self._error, self._state = error, state

    def ping(self) -> None:
        if self._error is not None:
            raise self._error

    def mode(self) -> StoreMode:
        return self._state

    def revision(self, of: str = "all") -> int:
        return 1

    def unit_of_work(self):
        raise self._error

    def close(self) -> None:
        pass


@pytest.mark.parametrize("code", ["store_unreachable", "store_outdated", "store_damaged"])
def test_a_process_without_its_store_is_alive_but_not_ready(code: str) -> None:
    client = TestClient(create_app(Settings(), AwayStore(StoreUnavailable(code)), FixedClock(NOW)))
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    check_problem(answer, 503, code)
    assert int(answer.headers["retry-after"]) > 0
    found = figures(client)
    assert (found["gridmap_store_up"], found["gridmap_store_writable"]) == (0, 0)
    assert found[f'gridmap_problems_total{{code="{code}"}}'] == 1


@pytest.mark.parametrize("state", [StoreMode.READ_ONLY, StoreMode.FULL])
def test_a_store_that_only_reads_is_ready_and_says_so(state: StoreMode) -> None:
    client = TestClient(create_app(Settings(), AwayStore(None, state), FixedClock(NOW)))
    assert client.get("/readyz").json() == {"status": "ready", "store": state.value}
    found = figures(client)
    assert (found["gridmap_store_up"], found["gridmap_store_writable"]) == (1, 0)


def test_requests_are_counted_by_route_and_never_by_what_was_asked(world) -> None:
    app = create_app(world.settings, world.store, FixedClock(NOW))
    with TestClient(app) as client:
        client.get("/api/v1/grids/A")
        client.get(f"/api/v1/grids/{CANARY}")
        client.get(f"/{CANARY}")
        client.request("PROPFIND", "/api/v1/sets")
        client.get(GOOD)
        text = client.get("/metrics").text
        found = figures(client)
    assert CANARY not in text
    assert "PROPFIND" not in text
    count = "gridmap_requests_total"
    assert found[f'{count}{{method="GET",route="/api/v1/grids/{{code}}",status="200"}}'] == 1
    assert found[f'{count}{{method="GET",route="/api/v1/grids/{{code}}",status="404"}}'] == 1
    assert found[f'{count}{{method="GET",route="-",status="404"}}'] == 1
    assert found['gridmap_request_seconds_count{route="/api/v1/grids/{code}"}'] == 2
    assert found['gridmap_problems_total{code="grid_unknown"}'] == 1
    assert found["gridmap_requests_in_progress"] == 1  # the one that asks


def test_answers_of_the_short_way_are_counted_too(world) -> None:
    app = create_app(world.settings, world.store, FixedClock(NOW))
    query = f"lon={LON}&lat={LAT}".encode()
    for _ in range(5):
        ask(app, query)
    app.state.telemetry._hand_over()
    assert b"gridmap_lean_answers_total 0.0" not in app.state.telemetry.text(world.store)


def test_figures_need_the_right_to_see_them(world) -> None:
    client = TestClient(create_app(Settings(access="accounts"), world.store, FixedClock(NOW)))
    check_problem(client.get("/metrics"), 401, "not_signed_in")
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture):
    """What a test writes to the log of requests, as the service would write it."""
    caplog.set_level(logging.INFO, logger="gridmap.requests")

    def read() -> list[dict]:
        return [json.loads(logs.JsonLines().format(r)) for r in caplog.records if r.name == "gridmap.requests"]

    return read


def test_a_request_leaves_one_line_without_what_was_asked(world, lines) -> None:
    settings = Settings(access_log="on", cursor_key="for tests")
    with TestClient(create_app(settings, world.store, FixedClock(NOW))) as client:
        answers = [
            client.get(f"/api/v1/grids/{CANARY}?at=2026-05-20"),
            client.get(f"/{CANARY}"),
            client.post("/api/v1/incidents", content=f'{{"note": "{PEOPLE[0]}"}}', headers={"x-secret": CANARY}),
        ]
    found = lines()
    assert [f["request_id"] for f in found] == [a.headers["x-request-id"] for a in answers]
    assert [(f["route"], f["status"], f["code"]) for f in found] == [
        ("/api/v1/grids/{code}", 404, "grid_unknown"),
        ("-", 404, "not_found"),
        ("/api/v1/incidents", 415, "unsupported_body_type"),
    ]
    assert all(f["ms"] > 0 for f in found)
    written = json.dumps(found, ensure_ascii=False)
    assert CANARY not in written
    assert PEOPLE[0] not in written
    assert "2026-05-20" not in written


@pytest.mark.parametrize(("access_log", "wanted"), [("off", 0), ("on", 0), ("all", 3)])
def test_the_short_way_writes_lines_only_where_all_are_wanted(world, lines, access_log: str, wanted: int) -> None:
    app = create_app(Settings(access_log=access_log), world.store, FixedClock(NOW))
    query = f"lon={LON}&lat={LAT}".encode()
    ask(app, query)  # this one may take the long way
    before = len(lines())
    for _ in range(3):
        ask(app, query)
    assert len(lines()) - before == wanted


def test_the_words_of_an_exception_stay_out_of_the_log() -> None:
    try:
        try:
            raise KeyError(PEOPLE[0])
        except KeyError as error:
            raise ValueError(CANARY) from error
    except ValueError:
        record = logging.LogRecord("gridmap.api", logging.ERROR, "x.py", 1, "request failed", (), sys.exc_info())
    record.request_id = "r1"
    for form in (logs.JsonLines(), logs.TextLines()):
        line = form.format(record)
        assert CANARY not in line
        assert PEOPLE[0] not in line
        assert "ValueError" in line
        assert "KeyError" in line
        assert "r1" in line
        assert "test_operations.py:" in line


def test_workers_count_together(tmp_path: Path) -> None:
    code = """
import sys
from api.telemetry import Telemetry
t = Telemetry("1")
t.begin()
if sys.argv[1] == "ends": t.end("GET", "/x", 200, 0.01, None)
if sys.argv[1] == "reads":
    t.end("GET", "/x", 200, 0.01, None)
    class Store:
        def ping(self): pass
        def mode(self):
            from gridmap.services.ports import StoreMode
            return StoreMode.WRITABLE
    print(t.text(Store()).decode())
"""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    out = ""
    for role in ("ends", "dies", "reads"):
        out = subprocess.run(
            [sys.executable, "-c", code, role], env=environment, capture_output=True, text=True, check=True
        ).stdout
    assert 'gridmap_requests_total{method="GET",route="/x",status="200"} 2.0' in out
    assert "gridmap_requests_in_progress 0.0" in out, "what the dead one had under way is forgotten"
    assert "gridmap_store_writable 1.0" in out
