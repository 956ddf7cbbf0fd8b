"""kill -9 of whoever takes reports, imports them or publishes: what was acknowledged is there, once and whole."""

import random
from typing import Any

import sqlalchemy as sa
from children import Ask, child
from faults.kill_child import IMPORT, INTAKE
from faults.outcome import Outcome
from faults.places import empty
from redrawing import draft, found

from gridmap.analysis.content import content_hash
from gridmap.domain.boundaries import in_time_order
from gridmap.store import open_store

WHOLE = {"intake": INTAKE, "import": IMPORT}


class Scene:
    """A database in which somebody is killed again and again."""

    def __init__(self, ask: Ask, url: str, seed: int) -> None:
        self._ask, self._url = ask, url
        self._random = random.Random(seed)
        self.store = open_store(url, wait_s=60)
        self._serial = 0
        self._editions = 0
        self._totals: dict[str, int] = {}
        self._longest = 0.05
        self.acknowledged = self.killed = 0
        found(self.store, "city")

    def close(self) -> None:
        self.store.close()

    def order(self, what: str, **how: Any) -> tuple[dict[str, Any], bool]:
        """Let one be killed; give what it said, and whether its promise was kept."""
        self._serial += 1
        order = {"url": self._url, "what": what, "serial": self._serial, "before": None, "after_s": None, **how}
        if what == "publish":
            with self.store.unit_of_work() as work:
                race = work.boundaries.find_set("city").revision - 1
            self._editions += 1
            order |= {"number": draft(self.store, "city", self._editions), "race": race}
        said = self._ask(order)
        self.acknowledged += said["acknowledged"]
        self.killed += said["signal"] is not None
        kept = self._published(order, said) if what == "publish" else self._stored(what, said)
        return said, kept

    def _stored(self, what: str, said: dict[str, Any]) -> bool:
        mine = sa.select(sa.func.count(), sa.func.count(sa.distinct(sa.column("incident_id")))).select_from(
            sa.table("incident")
        )
        with self.store.engine.connect() as connection:
            counts = connection.execute(mine.where(sa.column("incident_id").like(f"k{self._serial}-%"))).one()
        rows, ids = map(int, counts)
        return rows == ids and rows in (0, WHOLE[what]) and (rows > 0 or not said["acknowledged"])

    def _published(self, order: dict[str, Any], said: dict[str, Any]) -> bool:
        number, before = order["number"], order["race"] + 1
        with self.store.unit_of_work() as work:
            revision = work.boundaries.find_set("city").revision
            timeline = in_time_order(work.boundaries.list_versions("city"))
            last = timeline[-1]
            whole = content_hash(work.boundaries.grids(last)) == last.content_hash
            edges = len(work.boundaries.lineage("city", number))
        done = last.number == number
        if not done:
            with self.store.unit_of_work() as work:
                work.boundaries.discard_draft("city", number)
                work.commit()
        kept = whole and revision == before + done and (done or not said["acknowledged"]) and (edges > 0) == done
        return kept

    def kill(self, what: str) -> bool:
        """Kill one before some statement, or at some moment; tell whether the promise was kept."""
        if what not in self._totals:
            said, kept = self.order(what)
            self._totals[what] = said["statements"]
            return kept and said["acknowledged"]
        if self._random.random() < 0.5:
            return self.order(what, before=self._random.randint(1, self._totals[what] + 1))[1]
        return self.order(what, after_s=self._random.random() * self._longest)[1]

    def kill_at_each(self, what: str) -> list[bool]:
        """Kill one before each of its statements."""
        said, kept = self.order(what)
        return [kept, *(self.order(what, before=k)[1] for k in range(1, said["statements"] + 1))]

    def kill_the_careless(self, what: str) -> int:
        """Kill those who acknowledge before they commit, in between; give how often the promise was broken."""
        return sum(not self.order(what, careless=True)[1] for _ in range(2))


def run(kind: str, kills: int, seed: int = 1, whats: tuple[str, ...] = ("intake", "import", "publish")) -> Outcome:
    """Kill so many in turn; then look at the whole database."""
    with child("faults/kill_child.py") as ask, empty(kind) as url:
        scene = Scene(ask, url, seed)
        broken = sum(not scene.kill(whats[k % len(whats)]) for k in range(kills))
        if kind == "geopackage":
            with scene.store.engine.connect() as connection:
                broken += connection.exec_driver_sql("pragma integrity_check").scalar() != "ok"
        scene.close()
    seen = f"{scene.killed:,} died, {scene.acknowledged:,} had acknowledged"
    return Outcome("kill -9 of intake, import, publish", kind, kills, broken, seen)


def run_each(kind: str) -> Outcome:
    """Kill intake, import and publish before each of their statements."""
    with child("faults/kill_child.py") as ask, empty(kind) as url:
        scene = Scene(ask, url, 1)
        kept = [k for what in ("intake", "import", "publish") for k in scene.kill_at_each(what)]
        scene.close()
    seen = f"{scene.killed:,} died"
    return Outcome("kill -9 at every statement of intake, import, publish", kind, len(kept), kept.count(False), seen)


def control(kind: str) -> Outcome:
    """Let them acknowledge before they commit: the promise must break."""
    with child("faults/kill_child.py") as ask, empty(kind) as url:
        scene = Scene(ask, url, 1)
        broken = scene.kill_the_careless("intake")
        scene.close()
    return Outcome("control: acknowledge before the commit, then kill -9", kind, 2, broken, "must break")
