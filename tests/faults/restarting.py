"""A server that dies while reports come in: what was acknowledged is there when it is back, and nobody had to help."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from api_world import NOW, at, fill
from fastapi.testclient import TestClient
from faults.outcome import Outcome

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings
from gridmap.store import open_store

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "postgis.sh"
LON, LAT = at(0.5, 2.5)
SETTINGS = Settings(access="open", open_requests_per_s=1_000_000, cursor_key="for tests")


def server(*words: str, **environment: str) -> str:
    """Give an order to the throw-away server."""
    command = [str(SCRIPT), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})
    return done.stdout.strip().rpartition("\n")[2]


def run(crashes: int, *, durable: bool = True) -> Outcome:
    """Crash a server of its own while two clients report, and look for all that they were told is kept.

    ``durable=False`` lets the server acknowledge before it writes, as it does with ``synchronous_commit=off``.
    """
    with tempfile.TemporaryDirectory(prefix="gridmap-restart-") as folder:
        url = server("start", folder)
        try:
            return _siege(folder, url, crashes, durable)
        finally:
            server("stop", folder)


def _siege(folder: str, url: str, crashes: int, durable: bool) -> Outcome:
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"alter system set synchronous_commit = {'on' if durable else 'off'}")
        connection.exec_driver_sql("alter system set wal_writer_delay = '10s'")
        connection.exec_driver_sql(f"alter database gridtest set synchronous_commit = {'on' if durable else 'off'}")
        connection.exec_driver_sql("select pg_reload_conf()")
    admin.dispose()
    store = open_store(url)
    fill(store)
    acknowledged: set[str] = set()
    statuses: dict[str, int] = {}
    over = threading.Event()
    app = create_app(SETTINGS, store, FixedClock(NOW))
    with TestClient(app, raise_server_exceptions=False) as client:

        def report(who: int) -> None:
            number = 0
            while not over.is_set():
                name = f"r{who}-{number}"
                item = {"incident_id": name, "occurred_at": "2026-05-18T08:00:00Z", "category": "x"}
                body = {"datum": "wgs84", "items": [{**item, "lon": LON, "lat": LAT}]}
                answer = client.post("/api/v1/incidents", json=body)
                said: Any = answer.json()
                key = str(said.get("code", answer.status_code))
                statuses[key] = statuses.get(key, 0) + 1
                if answer.status_code == 200 and said["counts"]["accepted"]:
                    acknowledged.add(name)
                number += 1

        reporters = [threading.Thread(target=report, args=(who,)) for who in range(2)]
        for reporter in reporters:
            reporter.start()
        for _ in range(crashes):
            time.sleep(1.0)
            server("crash", folder)
        time.sleep(1.0)
        over.set()
        for reporter in reporters:
            reporter.join()
        back = client.get("/readyz").status_code
    with store.engine.connect() as connection:
        stored = {row[0] for row in connection.exec_driver_sql("select incident_id from incident")}
    store.close()
    broken = len(acknowledged - stored) + statuses.get("internal_error", 0) + (back != 200)
    refused = {k: v for k, v in statuses.items() if k != "200"}
    name = "PostgreSQL crashes under load" if durable else "control: synchronous_commit=off, then a crash"
    seen = f"{len(acknowledged):,} acknowledged; refused: {refused}" if durable else "must break"
    return Outcome(name, "postgis", crashes, broken, seen)


if __name__ == "__main__":
    print(run(int(sys.argv[1])), run(1, durable=False), sep="\n")
