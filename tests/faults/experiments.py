"""The experiments by name: what is done, how often in the long form, on which stores, for which promise."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from api_world import NOW, fill
from fastapi.testclient import TestClient
from faults import disk, files, flood, generated, killing, named, pool, racing, restarting, rights, slow, standby, swarm
from faults.outcome import Outcome
from faults.places import KINDS, empty

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings
from gridmap.store import open_store

SETTINGS = Settings(access="open", cursor_key="for tests", open_requests_per_s=1_000_000, body_deadline_s=10.0)
FILE, SERVER = KINDS
NONE = "none"

#: Store, how often, seed.
Do = Callable[[str, int, int], Outcome]


@dataclass(frozen=True)
class Experiment:
    """``target``: how often in the long form, on each store. A control leaves a safeguard out and must break.

    ``goal``: the target in words, where it is no number that is known beforehand.
    """

    do: Do
    target: int
    stores: tuple[str, ...]
    promises: str
    control: bool = False
    goal: str = ""


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


def _named(kind: str, count: int, seed: int) -> Outcome:
    inputs = named.all_named()
    with district(kind) as (store, app), TestClient(app) as client:
        before = named.rows(store)
        wrong = [fault for one in inputs for fault in named.faults_of(client, one)]
        changed = named.rows(store) != before
    return Outcome("named bad inputs", kind, len(inputs), len(wrong) + changed, "status, code, no row changed")


def _generated(kind: str, count: int, seed: int) -> Outcome:
    with district(kind) as (_, app), TestClient(app, raise_server_exceptions=False) as client:
        return generated.run(client, app, count, seed, kind)


def _clock_control(kind: str, count: int, seed: int) -> Outcome:
    return pool.step_the_clock(kind, 10, seed, keyed=False)


def _slow(kind: str, count: int, seed: int) -> Outcome:
    with district(kind) as (_, app):
        return slow.run(app, count, 25.0, 10.0, kind)


EXPERIMENTS: dict[str, Experiment] = {
    "named": Experiment(_named, 300, KINDS, "I7, I10"),
    "made": Experiment(swarm.run, 490_000, KINDS, "I7"),
    "generated": Experiment(_generated, 10_000, KINDS, "I7"),
    "files": Experiment(lambda _, count, seed: files.run(count, seed), 10_000, (NONE,), "I7, I9, I10"),
    "files-control": Experiment(lambda *_: files.control(), 1, (NONE,), "I9", control=True),
    "kills": Experiment(killing.run, 2_000, KINDS, "I1, I2, I3, I4, I6, I8"),
    "statements": Experiment(lambda kind, *_: killing.run_each(kind), 1, KINDS, "I1, I2, I3, I4, I6", goal="each once"),
    "kills-control": Experiment(lambda kind, *_: killing.control(kind), 1, KINDS, "I1", control=True),
    "races": Experiment(lambda kind, count, seed: racing.run(kind, count), 1_000, KINDS, "I2, I3, I5"),
    "races-control": Experiment(lambda kind, *_: racing.control(kind), 1, KINDS, "I2", control=True),
    "disk": Experiment(lambda *_: disk.run("full"), 1, (FILE,), "I1, I7, I8"),
    "disk-control": Experiment(lambda *_: disk.run("full", careless=True), 1, (FILE,), "I1", control=True),
    "disk-server": Experiment(lambda *_: disk.run("server"), 1, (SERVER,), "I1, I7, I8"),
    "disk-server-control": Experiment(lambda *_: disk.run("server", careless=True), 1, (SERVER,), "I1", control=True),
    "read-only": Experiment(lambda *_: disk.run("read_only"), 1, (FILE,), "I7, I8"),
    "read-only-control": Experiment(lambda *_: disk.run("read_only", careless=True), 1, (FILE,), "I7", control=True),
    "standby": Experiment(lambda _, count, seed: standby.run(count), 40, (SERVER,), "I1, I7, I8"),
    "standby-control": Experiment(lambda *_: standby.run(10, waits=False), 1, (SERVER,), "I1", control=True),
    "pool": Experiment(lambda kind, count, seed: pool.exhaust(kind, count), 20, KINDS, "I7, I8"),
    "pool-control": Experiment(lambda kind, *_: pool.exhaust(kind, 1, held=0), 1, KINDS, "I7", control=True),
    "clock": Experiment(pool.step_the_clock, 1_000, KINDS, "I1, I2"),
    "clock-control": Experiment(_clock_control, 1, KINDS, "I2", control=True),
    "crash": Experiment(lambda _, count, seed: restarting.run(count), 20, (SERVER,), "I1, I7, I8"),
    "crash-control": Experiment(lambda *_: restarting.run(1, durable=False), 1, (SERVER,), "I1", control=True),
    "slow": Experiment(_slow, 3_000, (FILE,), "I7"),
    "flood": Experiment(lambda kind, count, seed: flood.look_ups(kind, count), 100_000, KINDS, "I7"),
    "tabs": Experiment(lambda kind, count, seed: flood.tabs(kind, 50), 50, KINDS, "I7"),
    "submissions": Experiment(lambda kind, count, seed: flood.submissions(kind, count), 1_000, KINDS, "I2, I7"),
    "flood-control": Experiment(
        lambda kind, *_: flood.look_ups(kind, 4_000, limited=False), 1, KINDS, "I7", control=True
    ),
    "rights": Experiment(rights.run, 10_000, KINDS, "I9"),
    "rights-control": Experiment(lambda kind, *_: rights.control(kind), 1, KINDS, "I9", control=True),
}
