"""A server that is lost for good: its hot standby answers questions, refuses reports, and takes over once promoted."""

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from api_world import NOW, at, fill
from fastapi.testclient import TestClient
from faults.outcome import Outcome
from faults.restarting import SETTINGS, server

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.store import open_store

LON, LAT = at(0.5, 2.5)
READS = (f"/api/v1/locate?lon={LON}&lat={LAT}", "/api/v1/incidents?limit=5", "/api/v1/overview", "/api/v1/grids/A",
         "/api/v1/sets/urban/history", "/maps/grids", "/readyz")  # fmt: skip


def _order(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def _report(client: TestClient, name: str) -> Any:
    item = {"incident_id": name, "occurred_at": "2026-05-18T08:00:00Z", "category": "x", "lon": LON, "lat": LAT}
    return client.post("/api/v1/incidents", json={"datum": "wgs84", "items": [item]})


def run(reports: int = 40, *, waits: bool = True) -> Outcome:
    """Report to a primary, lose it, read from its standby, promote it, and look for all that was acknowledged.

    ``waits=False``: the primary acknowledges without waiting for the standby, which no longer listens.
    """
    with tempfile.TemporaryDirectory(prefix="gridmap-standby-") as folder:
        first, second = f"{folder}/first", f"{folder}/second"
        Path(first).mkdir()
        try:
            return _lose(first, second, reports, waits)
        finally:
            for place in (second, first):
                if Path(place, "location").is_file():
                    server("stop", place)


def _lose(first: str, second: str, reports: int, waits: bool) -> Outcome:
    primary = server("start", first, POSTGIS_DURABLE="on")
    store = open_store(primary)
    fill(store)
    standby = server("standby", second, first)
    if waits:
        _order(primary, "alter system set synchronous_standby_names = '*'", "select pg_reload_conf()")
    else:
        _order(standby, "alter system set primary_conninfo = ''", "select pg_reload_conf()")
    time.sleep(1.0)
    acknowledged = set()
    with TestClient(create_app(SETTINGS, store, FixedClock(NOW))) as client:
        for number in range(reports):
            if _report(client, f"s{number}").status_code == 200:
                acknowledged.add(f"s{number}")
        server("halt", first)
        gone = _report(client, "gone")
        wrong = [f"primary gone: {gone.status_code}"] if _unlike(gone, {"store_unreachable"}) else []
    store.close()
    wrong += _serve_from_standby(second, standby, acknowledged)
    name = "primary lost, hot standby" if waits else "control: a standby that nobody waits for"
    seen = "; ".join(wrong[:3]) or f"{len(READS)} kinds of reads answered, reports refused, taken again once promoted"
    return Outcome(name, "postgis", reports, len(wrong), seen if waits else "must break")


def _unlike(answer: Any, codes: set[str]) -> bool:
    """Tell whether an answer is no refusal that is worth trying again, with one of these codes."""
    retry = answer.headers.get("retry-after", "")
    return answer.status_code != 503 or answer.json()["code"] not in codes or not retry.isdigit()


def _serve_from_standby(folder: str, url: str, acknowledged: set[str]) -> list[str]:
    store = open_store(url)
    with TestClient(create_app(SETTINGS, store, FixedClock(NOW)), raise_server_exceptions=False) as client:
        statuses = {path: client.get(path).status_code for path in READS}
        wrong = [f"{path}: {status}" for path, status in statuses.items() if status != 200]
        if client.get("/readyz").json()["store"] != "read_only":
            wrong.append("does not say that it only reads")
        refused = _report(client, "refused")
        if _unlike(refused, {"store_read_only"}):
            wrong.append(f"a report to a standby: {refused.status_code}")
        server("promote", folder)
        _order(url, "alter system set synchronous_standby_names = ''", "select pg_reload_conf()")
        taken = _report(client, "after")
        if taken.status_code != 200 or client.get("/readyz").json()["store"] != "writable":
            wrong.append(f"a report after promotion: {taken.status_code}")
    with store.engine.connect() as connection:
        stored = {row[0] for row in connection.exec_driver_sql("select incident_id from incident")}
    store.close()
    wrong += [f"{name} is lost" for name in sorted(acknowledged - stored)]
    return wrong + (["a refused report is there"] if stored & {"refused", "gone"} else [])


if __name__ == "__main__":
    try:
        print(run(), run(waits=False), sep="\n")
    except subprocess.CalledProcessError as error:
        print(error.stderr)
        raise
