"""From a report or a fix to those who listen: how long it takes until an open page hears of it.

``python -m benchmarks.events [--url URL] [--streams 1,20,200] [--seconds 8] [--rate 4] [--workers 1]``

``gridmap serve`` runs without sign-in over a store with 1,332 grids; so many streams with positions are open, and
reports and fixes of units are sent at a steady rate, whatever comes back. A time is counted from before a request is
sent until the event is there, on each of the streams. Without ``--url`` the embedded store is measured, in a file of
its own. Service, readers and sender share the processors. Prints Markdown.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np

from benchmarks.plan_maker import PLAN, make_plan
from gridmap.domain.boundaries import ALWAYS
from gridmap.services.publishing import publish_frame
from gridmap.store import open_store

ROOT = Path(__file__).resolve().parents[1]
#: Seconds in which what was sent last must arrive.
_PATIENCE_S = 10.0
_READY_S = 120.0


def fill(url: str) -> tuple[float, float, float, float]:
    """Publish a plan, and give its box."""
    plan = make_plan(36, 37)
    store = open_store(url)
    with store.unit_of_work() as work:
        work.boundaries.put_set(PLAN)
        publish_frame(work, PLAN.name, plan, valid_from=ALWAYS, published_at=datetime.now(UTC))
        work.commit()
    store.close()
    west, south, east, north = map(float, plan.total_bounds)
    return west, south, east, north


@contextmanager
def serving(url: str, workers: int) -> Iterator[str]:
    """Run the service, and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gridmap", "serve", "--db", url, "--port", str(port), "--workers", str(workers)]
    given = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "GRIDMAP_ACCESS": "open",
        "GRIDMAP_DURABILITY": "any",  # a throw-away server may be without fsync
        "GRIDMAP_STREAMS_AT_ONCE": "1000",
    }
    process = subprocess.Popen(command, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + _READY_S
        while True:
            try:
                if httpx.get(base + "/readyz", timeout=5).status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit("the service did not start")
            time.sleep(0.1)
        yield base
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


class Heard:
    """When things were sent, and how long it took until each stream told of them."""

    def __init__(self) -> None:
        self.sent: dict[str, float] = {}
        self.took: dict[str, list[float]] = defaultdict(list)
        self.left: dict[str, int] = {}

    def send(self, name: str, streams: int) -> None:
        """Note that something is sent."""
        self.sent[name] = time.perf_counter()
        self.left[name] = streams

    def hear(self, kind: str, name: str) -> None:
        """Note that a stream told of it."""
        if name in self.sent:
            self.took[kind].append(time.perf_counter() - self.sent[name])
            self.left[name] -= 1


async def follow(base: str, heard: Heard, opened: asyncio.Event) -> None:
    """Read a stream as a browser does."""
    host, port = base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 22)
    writer.write(b"GET /api/v1/events/stream?positions=true HTTP/1.1\r\nHost: %s\r\n\r\n" % host.encode())
    kind = ""
    try:
        while line := await reader.readline():
            name, _, value = line.decode().strip().partition(": ")
            if name == "event":
                kind = value
            elif name == "data" and kind == "case.opened":
                heard.hear(kind, json.loads(value)["subject"])
            elif name == "data" and kind == "patrols.moved":
                told = json.loads(value)
                opened.set()
                for unit in told["units"]:
                    heard.hear(kind, f"{unit['unit_id']} {unit['fixed_at']}")
    finally:
        writer.close()


async def measure(
    base: str, box: tuple[float, float, float, float], streams: int, seconds: float, rate: float
) -> tuple[Heard, int, float]:
    """Open streams, send reports and fixes; give what was heard, how much was not, how long the sender waited."""
    run = f"{streams}-{time.monotonic_ns()}"
    heard, draw, opened = Heard(), random.Random(streams), [asyncio.Event() for _ in range(streams)]
    tasks = [asyncio.create_task(follow(base, heard, one)) for one in opened]
    for one in opened:
        await asyncio.wait_for(one.wait(), 60)

    def place() -> dict[str, float]:
        return {"lon": draw.uniform(box[0], box[2]), "lat": draw.uniform(box[1], box[3])}

    answered: list[float] = []

    async def post(client: httpx.AsyncClient, path: str, item: dict[str, object], name: str) -> None:
        heard.send(name, streams)
        began = time.perf_counter()
        answer = await client.post(path, json={"datum": "wgs84", "items": [item]})
        assert answer.json()["counts"]["accepted"] == 1, answer.text
        answered.append(time.perf_counter() - began)

    async with httpx.AsyncClient(base_url=base, timeout=120) as client:
        begun, n, running = time.perf_counter(), 0, []
        while time.perf_counter() - begun < seconds:
            now = datetime.now(UTC)
            case = f"bench-{run}-{n}"
            report = {"case_id": case, "category": "E1-01", "channel": "app", **place()}
            unit = f"unit-{run}-{n}"
            fix = {"unit_id": unit, "fixed_at": now.isoformat(), "accuracy_m": 5, **place()}
            shown = now.isoformat().replace("+00:00", "Z")
            running.append(asyncio.create_task(post(client, "/api/v1/cases", report, case)))
            running.append(asyncio.create_task(post(client, "/api/v1/patrols/fixes", fix, f"{unit} {shown}")))
            n += 1
            await asyncio.sleep(max(0.0, begun + n / rate - time.perf_counter()))
        await asyncio.gather(*running)
        until = time.perf_counter() + _PATIENCE_S
        while any(heard.left.values()) and time.perf_counter() < until:
            await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return heard, sum(heard.left.values()), float(np.median(answered))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url")
    parser.add_argument("--streams", default="1,20,200")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rate", type=float, default=4.0, help="reports, and as many fixes, a second")
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = asked.url or f"sqlite:///{Path(folder)}/events.gpkg"
        box = fill(url)
        with serving(url, asked.workers) as base:
            asyncio.run(measure(base, box, 1, 2.0, 2.0))  # the first requests load what later ones have
            print("| streams | event | heard | never | p50 | p99 | most | answer to the sender, p50 |")
            print("|---|---|---|---|---|---|---|---|")
            for streams in map(int, asked.streams.split(",")):
                heard, never, answered = asyncio.run(measure(base, box, streams, asked.seconds, asked.rate))
                for kind, took in sorted(heard.took.items()):
                    p50, p99 = np.percentile(took, [50, 99]) * 1_000
                    print(
                        f"| {streams} | `{kind}` | {len(took):,} | {never} | {p50:.0f} ms | {p99:.0f} ms "
                        f"| {max(took) * 1_000:.0f} ms | {answered * 1_000:.0f} ms |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
