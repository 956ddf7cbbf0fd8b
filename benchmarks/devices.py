"""Live positions: 10,000 devices, each with a batch of 6 fixes a minute, signed in, at the embedded store or PostGIS.

``python -m benchmarks.devices [--embedded] [--url URL] [--devices 10000] [--seconds 60] [--workers 2]``

Half of the devices have shifts with duty areas, so each batch is held against shifts and clocks. Each device has its
own second of the minute and sends what it gathered in the minute before; 400 keys of devices sign in. A time is counted
from when a batch was due (an open loop, as in ``mixed``). With ``--embedded`` the store is one GeoPackage; else PostGIS
as in ``mixed``. Prints Markdown.
"""

import argparse
import asyncio
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.mixed import Asked, Seen, _bytes, ask, database, family_mib, serving
from benchmarks.plan_maker import PLAN, make_plan
from gridmap.domain.access import OPERATOR, Grant, Kind, Role
from gridmap.domain.boundaries import ALWAYS
from gridmap.domain.duty import Shift
from gridmap.services.accounts import Accounts
from gridmap.services.clock import SystemClock
from gridmap.services.passwords import Passwords
from gridmap.services.ports import PointFilter
from gridmap.services.publishing import publish_frame
from gridmap.settings import Settings
from gridmap.store import open_store, upgrade

KEYS = 400
FIXES = 6


@contextmanager
def place(embedded: bool, url: str | None) -> Iterator[str]:
    """Give the URL of an empty store with its tables."""
    if not embedded:
        with database(url) as found:
            yield found
        return
    with tempfile.TemporaryDirectory() as folder:
        found = f"sqlite:///{Path(folder) / 'devices.gpkg'}"
        upgrade(found)
        yield found


def fill(url: str, devices: int) -> tuple[np.ndarray, list[str]]:
    """Store a plan of 1,333 grids, shifts of half of the devices, and keys; give a place of each device, and tokens."""
    frame = make_plan(31, 43)
    leaves = frame[frame["level"] == "grid"].reset_index(drop=True)
    now = datetime.now(UTC)
    store = open_store(url)
    with store.unit_of_work() as work:
        work.boundaries.put_set(PLAN)
        publish_frame(work, PLAN.name, frame, valid_from=ALWAYS, published_at=now)
        codes = leaves["code"].tolist()
        start, end = now - timedelta(hours=2), now + timedelta(hours=8)
        shifts = [Shift(f"d{n}", start, end, (codes[n % len(codes)],)) for n in range(0, devices, 2)]
        work.duty.put_shifts(PLAN.name, shifts, start=start, end=end)
        work.commit()
    settings = Settings()
    accounts = Accounts(store, SystemClock(), settings, Passwords(settings))
    grants = [Grant(Role.FIELD)]
    tokens = [accounts.make_key(OPERATOR, f"d-{n}", kind=Kind.DEVICE, grants=grants).token for n in range(KEYS)]
    store.close()
    inside = leaves.geometry.representative_point()
    places = np.column_stack([inside.x, inside.y])
    return places[np.arange(devices) % len(places)], tokens


def batches(places: np.ndarray, tokens: list[str], *, begun: datetime, first: float, seconds: float) -> Iterator[Asked]:
    """Give the batches of some seconds of a minute's round, in the order in which they are due."""
    rng = random.Random(11)
    phases = sorted((rng.uniform(0, 60), n) for n in range(len(places)))
    round_number = 0
    while True:
        for phase, n in phases:
            due = 60 * round_number + phase
            if due < first:
                continue
            if due >= first + seconds:
                return
            lon, lat = places[n].tolist()
            taken = begun + timedelta(seconds=due)
            items = [
                {
                    "unit_id": f"d{n}",
                    "fixed_at": (taken - timedelta(seconds=10 * k)).isoformat(),
                    "lon": round(lon + 1e-6 * k, 7),
                    "lat": round(lat + 1e-6 * round_number, 7),
                    "accuracy_m": 8.0,
                }
                for k in range(FIXES)
            ]
            content = _bytes("/api/v1/patrols/fixes", tokens[n % KEYS], {"datum": "wgs84", "items": items})
            yield Asked(due - first, "batch", content)
        round_number += 1


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--embedded", action="store_true")
    arguments.add_argument("--url")
    arguments.add_argument("--devices", type=int, default=10_000)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--workers", type=int, default=2)
    wanted = arguments.parse_args()
    with place(wanted.embedded, wanted.url) as url:
        places, tokens = fill(url, wanted.devices)
        with serving(url, wanted.workers) as (port, pid):
            begun = datetime.now(UTC)
            # what is due now, after ten seconds in which everything is read for the first time
            warming, seen = {"batch": Seen()}, {"batch": Seen()}
            for times, first, seconds in ((warming, 0.0, 10.0), (seen, 10.0, wanted.seconds)):
                asked = batches(places, tokens, begun=begun, first=first, seconds=seconds)
                asyncio.run(ask(port, asked, times, 64))
            cpu_s, memory = _cpu_s(pid), family_mib(pid)
        store = open_store(url)
        with store.unit_of_work() as work:
            stored = work.patrols.count(PointFilter())
        store.close()
    found = seen["batch"]
    sent = len(found.times) + len(warming["batch"].times)
    ms = np.sort(np.array(found.times)) * 1_000
    p50, p99 = np.percentile(ms, (50, 99))
    load = os.getloadavg()[0]
    kind = "embedded" if wanted.embedded else "PostGIS"
    print(
        f"{kind}, {wanted.workers} workers, {wanted.devices:,} devices: {len(ms):,} batches in {wanted.seconds:.0f} s "
        f"({len(ms) / wanted.seconds:,.0f}/s), p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {ms[-1]:.0f} ms, "
        f"failed {sum(found.failed.values())}; {stored:,} of {sent * FIXES:,} fixes stored; "
        f"service {cpu_s:.0f} s of CPU, {memory:,.0f} MiB; load {load:.1f}"
    )
    for what, number in found.failed.items():
        print(f"{number} x {what}")


def _cpu_s(pid: int) -> float:
    """Give the CPU seconds of a process and of all below it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(_cpu_s(int(c)) for c in children)


if __name__ == "__main__":
    main()
