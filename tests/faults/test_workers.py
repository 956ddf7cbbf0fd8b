"""Workers come and go: one that is killed is followed by another, and none outlives a server that was killed."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from api_world import fill
from faults.places import KINDS, empty
from faults.served import serving

from gridmap.store import open_store

SOON_S = 120.0


def children(pid: int) -> set[int]:
    """List the processes that a process has started and that are not over."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue  # it ended while we looked
        if int(parent) == pid and state != "Z":
            found.add(int(stat.parent.name))
    return found


def family(pid: int) -> set[int]:
    """List all that came of a process."""
    mine = children(pid)
    return mine.union(*(family(child) for child in mine))


def alive(pids: set[int]) -> set[int]:
    """Give those that are not over."""
    states = {}
    for pid in pids:
        try:
            states[pid] = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
    return {pid for pid, state in states.items() if state not in "ZX"}


def soon(what: Callable[[], bool]) -> bool:
    """Wait until something is so."""
    until = time.monotonic() + SOON_S
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.05)
    return False


def test_a_killed_worker_is_replaced_and_a_killed_server_leaves_nobody_behind(tmp_path: Path) -> None:
    with empty(KINDS[0]) as url:
        store = open_store(url)
        fill(store)
        store.close()
        with serving(url, tmp_path, workers=2) as service:
            server = service.process.pid

            def workers() -> set[int]:
                return {pid for pid in children(server) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}

            assert soon(lambda: len(workers()) == 2)
            gone = min(workers())
            os.kill(gone, signal.SIGKILL)
            assert soon(lambda: len(workers() - {gone}) == 2), "another one takes its place"
            with service.client() as client:
                assert soon(lambda: client.get("/readyz").status_code == 200)
            everybody = family(server)
            assert len(everybody) >= 2
            service.process.kill()
            service.process.wait(30)
            assert soon(lambda: not alive(everybody)), alive(everybody)
