"""``make torture``: break things on purpose, often, and write down what was seen.

    python -m faults [--scale 1.0] [--only NAME,...] [--write docs/reliability.md]

``--scale 1`` is the long form; the counts of each experiment are multiplied by it. PostGIS is that of
``TEST_DATABASE_URL``; without it only the embedded store is tried, and the report says so.
"""

import argparse
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from api_world import NOW, fill
from fastapi.testclient import TestClient
from faults import disk, files, generated, killing, named, racing, restarting, rights, slow
from faults.outcome import Outcome
from faults.places import KINDS, empty

import gridmap
from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings
from gridmap.store import open_store

SETTINGS = Settings(access="open", cursor_key="for tests", open_requests_per_s=1_000_000, body_deadline_s=10.0)


@contextmanager
def district(kind: str) -> Iterator[tuple[Any, Any]]:
    """Give a store with the small district, and the service over it."""
    with empty(kind) as url:
        store = open_store(url, wait_s=30)
        fill(store)
        try:
            yield store, create_app(SETTINGS, store, FixedClock(NOW))
        finally:
            store.close()


def _named(kind: str, count: int) -> Outcome:
    inputs = named.all_named()
    with district(kind) as (store, app), TestClient(app) as client:
        before = named.rows(store)
        wrong = [fault for one in inputs for fault in named.faults_of(client, one)]
        changed = named.rows(store) != before
    return Outcome("named bad inputs", kind, len(inputs), len(wrong) + changed, "status, code, no row changed")


def _generated(kind: str, count: int) -> Outcome:
    with district(kind) as (_, app), TestClient(app, raise_server_exceptions=False) as client:
        return generated.run(client, app, count, 1, kind)


def _slow(kind: str, count: int) -> Outcome:
    with district(kind) as (_, app):
        return slow.run(app, count, 25.0, 10.0, kind)


Experiment = Callable[[str, int], Outcome]
#: Name, what is done, how often in the long form, and on which stores.
EXPERIMENTS: tuple[tuple[str, Experiment, int, tuple[str, ...]], ...] = (
    ("named", _named, 1, KINDS),
    ("generated", _generated, 1_000_000, KINDS),
    ("files", lambda kind, count: files.run(count), 10_000, ("none",)),
    ("kills", lambda kind, count: killing.run(kind, count), 2_000, KINDS),
    ("statements", lambda kind, count: killing.run_each(kind), 1, KINDS),
    ("kills-control", lambda kind, count: killing.control(kind), 1, KINDS),
    ("races", lambda kind, count: racing.run(kind, count), 1_000, KINDS),
    ("races-control", lambda kind, count: racing.control(kind), 1, KINDS),
    ("disk", lambda kind, count: disk.run("full"), 1, KINDS[:1]),
    ("disk-control", lambda kind, count: disk.run("full", "careless"), 1, KINDS[:1]),
    ("read-only", lambda kind, count: disk.run("read_only"), 1, KINDS[:1]),
    ("crash", lambda kind, count: restarting.run(count), 20, KINDS[1:]),
    ("crash-control", lambda kind, count: restarting.run(1, durable=False), 1, KINDS[1:]),
    ("slow", _slow, 3_000, KINDS[:1]),
    ("rights", lambda kind, count: rights.run(kind, count), 10_000, KINDS),
    ("rights-control", lambda kind, count: rights.control(kind), 1, KINDS),
)

HEAD = """# What was broken on purpose, and what became of it

Written by `{command}` on {date} UTC.
gridmap {version}, Python {python}, SQLite {sqlite}, {server}, Linux {kernel}, {cpus} processors.

A promise is broken when an answer has the wrong status or code, something acknowledged is missing or doubled, a version
is half there, a race has two winners, a connection is held past its deadline, or a row changed that should not have.
Rows called *control* leave a safeguard out on purpose: there the promise **must** break, or the experiment would prove
nothing. The long form is `make torture` (`SCALE=1`); *tried* says what was really run here. The short forms are in
`make test` (`tests/faults/`).

| experiment | store | tried | broken | seen | seconds |
|---|---|---|---|---|---|
"""


def _server() -> str:
    if "TEST_DATABASE_URL" not in os.environ:
        return "no PostGIS (TEST_DATABASE_URL is not set; only the embedded store was tried)"
    engine = sa.create_engine(os.environ["TEST_DATABASE_URL"])
    with engine.connect() as connection:
        found = connection.exec_driver_sql("select current_setting('server_version'), postgis_lib_version()").one()
    engine.dispose()
    return f"PostgreSQL {found[0].split(' ')[0]} with PostGIS {found[1]}"


def main() -> int:
    """Run what was asked for; 1 where a promise was broken, or a control held."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    only = set(filter(None, asked.only.split(",")))
    head = HEAD.format(
        command=" ".join(["python -m faults", *sys.argv[1:]]),
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        version=gridmap.__version__,
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        server=_server(),
        kernel=platform.release().split("-")[0],
        cpus=os.cpu_count(),
    )
    print(head, end="")
    rows, failed = [], False
    os.environ["GRIDMAP_ACCESS"] = "open"
    with tempfile.TemporaryDirectory(prefix="gridmap-torture-") as folder:
        tempfile.tempdir = folder
        for name, experiment, count, kinds in EXPERIMENTS:
            if only and name not in only:
                continue
            for kind in kinds:
                if kind == "postgis" and "TEST_DATABASE_URL" not in os.environ:
                    continue
                began = time.monotonic()
                outcome = experiment(kind, max(1, round(count * asked.scale)))
                failed |= (outcome.broken > 0) != outcome.name.startswith("control")
                rows.append(outcome.row(time.monotonic() - began))
                print(rows[-1], flush=True)
        tempfile.tempdir = None
    if asked.write is not None:
        asked.write.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
