"""A day at the desk: look-ups, pages, intakes and patrol fixes at once, at a steady rate, signed in, over PostGIS.

``python -m benchmarks.mixed [--url URL] [--seconds 60] [--rate 1500] [--workers 2] [--connections 64]``

``gridmap serve`` runs with accounts and its workers; forty keys of dispatchers and devices ask. Requests are due at
random times of the given rate whatever the service does (an open loop), and a time is counted from when a request was
due, so that a service that stops for a second is seen to. Without ``--url`` a throw-away PostGIS is made that
keeps what it commits (fsync, full pages, synchronous commits). Prints Markdown, with the memory of all workers at the
start, in the middle and at the end.
"""

import argparse
import asyncio
import json
import os
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.plan_maker import PLAN, make_plan
from benchmarks.service import resident_mib
from benchmarks.store import made
from gridmap.domain.access import OPERATOR, Grant, Kind, Role
from gridmap.domain.boundaries import ALWAYS
from gridmap.domain.incidents import StaffMember
from gridmap.services.accounts import Accounts
from gridmap.services.clock import SystemClock
from gridmap.services.passwords import Passwords
from gridmap.services.publishing import publish_frame
from gridmap.settings import Settings
from gridmap.store import open_store

ROOT = Path(__file__).resolve().parents[1]
#: Shares of the kinds of requests.
SHARES = {"look-up": 0.85, "page of incidents": 0.04, "card of a grid": 0.04, "intake": 0.05, "20 fixes": 0.02}
KEYS = 40
#: Incidents that are there at the start.
STORED = 100_000


class Asked(NamedTuple):
    """One request: when it is due (seconds from the start), what it is, and its bytes."""

    due: float
    kind: str
    content: bytes


@dataclass
class Seen:
    """Times of the answers of one kind in seconds, and what went wrong."""

    times: list[float] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=dict)


@contextmanager
def database(url: str | None) -> Iterator[str]:
    """Give an empty PostGIS database that keeps what it commits."""
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        start = [str(ROOT / "scripts/postgis.sh"), "start", folder, "0"]
        environment = {**os.environ, "POSTGIS_DURABLE": "on"}
        done = subprocess.run(start, check=True, capture_output=True, text=True, env=environment)
        try:
            yield done.stdout.split()[-1]
        finally:
            subprocess.run([str(ROOT / "scripts/postgis.sh"), "stop", folder], check=True, capture_output=True)


def fill(url: str) -> tuple[np.ndarray, list[str], list[str]]:
    """Store a plan of 1,333 grids, its people, incidents and accounts; give places, codes and tokens."""
    from gridmap.services.incidents import import_incidents
    from gridmap.services.responsibility import Plans

    frame = make_plan(31, 43)
    store = open_store(url)
    codes = frame.loc[frame["level"] == "grid", "code"].tolist()
    now = datetime.now(UTC)
    with store.unit_of_work() as work:
        work.boundaries.put_set(PLAN)
        publish_frame(work, PLAN.name, frame, valid_from=ALWAYS, published_at=now)
        people = [StaffMember(c, r, "张伟", "0532-1000", "综治办") for c in codes for r in ("head", "worker")]
        work.staff.replace(PLAN.name, people, valid_from=ALWAYS)
        work.commit()
    settings = Settings()
    rows = made(STORED)
    rows["incident_id"] = [f"old-{n}" for n in range(len(rows))]
    import geopandas as gpd

    points = gpd.GeoDataFrame(
        rows.drop(columns=["lon", "lat"]), geometry=gpd.points_from_xy(rows["lon"], rows["lat"]), crs=4326
    )
    import_incidents(store, Plans(store), [points], settings=settings, commit=lambda: True)
    accounts = Accounts(store, SystemClock(), settings, Passwords(settings))
    tokens = []
    for n in range(KEYS):
        role, kind = ((Role.FIELD, Kind.DEVICE), (Role.DISPATCHER, Kind.KEY))[n % 2]
        tokens.append(accounts.make_key(OPERATOR, f"load-{n}", kind=kind, grants=[Grant(role)]).token)
    store.close()
    west, south, east, north = frame.total_bounds
    places = np.random.default_rng(1).uniform((west, south), (east, north), (100_000, 2))
    return np.round(places, 6), codes, tokens


def requests(
    places: np.ndarray, codes: list[str], tokens: list[str], *, rate: float, seconds: float
) -> Iterator[Asked]:
    """Give requests in the order in which they are due."""
    rng = random.Random(7)
    run = secrets.token_hex(4)
    kinds, weights = list(SHARES), list(SHARES.values())
    begun = datetime.now(UTC) - timedelta(hours=2)
    due, number = 0.0, 0
    while True:
        due += rng.expovariate(rate)
        if due >= seconds:
            return
        number += 1
        kind = rng.choices(kinds, weights)[0]
        field_work = kind == "20 fixes"
        token = tokens[2 * rng.randrange(KEYS // 2) + (not field_work)]
        lon, lat = places[number % len(places)].tolist()
        at = (begun + timedelta(milliseconds=number)).isoformat()
        body = None
        if kind == "look-up":
            path = f"/api/v1/locate?lon={lon}&lat={lat}"
        elif kind == "page of incidents":
            path = f"/api/v1/incidents?limit=50&bbox={lon},{lat},{lon + 0.01:.6f},{lat + 0.01:.6f}"
        elif kind == "card of a grid":
            path = f"/api/v1/grids/{rng.choice(codes)}"
        elif kind == "intake":
            path = "/api/v1/incidents"
            item = {
                "incident_id": f"n{run}-{number}",
                "occurred_at": at,
                "category": "占道经营",
                "lon": lon,
                "lat": lat,
            }
            body = {"datum": "wgs84", "items": [item]}
        else:
            path = "/api/v1/patrols/fixes"
            unit = f"u{number % 500}"
            body = {
                "datum": "wgs84",
                "items": [
                    {"unit_id": unit, "fixed_at": at, "lon": lon + k * 1e-6, "lat": lat, "accuracy_m": 8.0}
                    for k in range(20)
                ],
            }
        yield Asked(due, kind, _bytes(path, token, body))


def _bytes(path: str, token: str, body: object) -> bytes:
    head = (
        f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    )
    if body is None:
        return (head + "\r\n").encode()
    content = json.dumps(body, ensure_ascii=False).encode()
    return (head + f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n").encode() + content


async def ask(port: int, asked: Iterator[Asked], seen: dict[str, Seen], connections: int) -> None:
    """Send each request when it is due, by whichever connection is free."""
    loop = asyncio.get_running_loop()
    start = loop.time() + 0.5

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in asked:
            await asyncio.sleep(start + request.due - loop.time())
            writer.write(request.content)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            content = await reader.readexactly(length)
            seen[request.kind].times.append(loop.time() - start - request.due)
            status = head[9:12].decode()
            refused = b'"accepted":0' in content or b'"rejected":1' in content
            if status != "200" or refused:
                what = f"{status} {content[:160].decode(errors='replace')}" if status != "200" else "not accepted"
                seen[request.kind].failed[what] = seen[request.kind].failed.get(what, 0) + 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))


def family_mib(pid: int) -> float:
    """Give the memory of a process and of all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return resident_mib(pid) + sum(family_mib(int(child)) for child in children)


@contextmanager
def serving(url: str, workers: int) -> Iterator[tuple[int, int]]:
    """Run ``gridmap serve`` with accounts; give its port and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # all load comes from one address here; of an account the usual limit holds
    environment = {
        **os.environ,
        "GRIDMAP_ACCESS": "accounts",
        "GRIDMAP_NETWORK_REQUESTS_PER_S": "100000",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "gridmap", "serve", "--db", url, "--port", str(port), "--workers", str(workers)]
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 180
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        time.sleep(3)  # every worker has started
        yield port, child.pid
    finally:
        child.terminate()
        child.wait(30)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--url")
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--rate", type=float, default=1_500)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--connections", type=int, default=64)
    wanted = arguments.parse_args()
    with database(wanted.url) as url:
        places, codes, tokens = fill(url)
        with serving(url, wanted.workers) as (port, pid):
            memory = []
            warming, seen = ({kind: Seen() for kind in SHARES} for _ in range(2))
            for times, seconds in ((warming, 5.0), (seen, wanted.seconds / 2), (seen, wanted.seconds / 2)):
                asked = requests(places, codes, tokens, rate=wanted.rate, seconds=seconds)
                asyncio.run(ask(port, asked, times, wanted.connections))
                memory.append(family_mib(pid))
    total = sum(len(found.times) for found in seen.values())
    print(
        f"{total / wanted.seconds:,.0f} requests/s for {wanted.seconds:.0f} s (asked for: {wanted.rate:,.0f}), "
        f"{wanted.workers} workers, {wanted.connections} connections, {STORED:,} incidents stored before\n"
    )
    print("| request | number | p50 ms | p99 ms | longest ms | failed |\n|---|---|---|---|---|---|")
    for kind, found in [*seen.items(), ("all", Seen([t for f in seen.values() for t in f.times]))]:
        ms = np.sort(np.array(found.times)) * 1_000
        p50, p99 = np.percentile(ms, (50, 99))
        print(f"| {kind} | {len(ms):,} | {p50:.1f} | {p99:.1f} | {ms[-1]:.0f} | {sum(found.failed.values())} |")
    print(f"\nmemory of all workers: {' / '.join(f'{m:,.0f}' for m in memory)} MiB (warmed up, middle, end)")
    for kind, found in seen.items():
        for what, number in found.failed.items():
            print(f"{kind}: {number} x {what}")


if __name__ == "__main__":
    main()
