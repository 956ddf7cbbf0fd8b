"""kill -9 of who takes reports, opens or merges cases, imports or publishes: what was acknowledged is there."""

import random
from contextlib import closing
from typing import Any

import sqlalchemy as sa
from children import Ask, child
from faults.kill_child import IMPORT, INTAKE, MEMBERS, case_batch
from faults.outcome import Outcome
from faults.places import empty
from redrawing import NOW, SETTINGS, draft, found

from gridmap.analysis.content import content_hash
from gridmap.domain.boundaries import in_time_order
from gridmap.services.clock import FixedClock
from gridmap.services.intake.desk import Desk
from gridmap.services.intake.items import Done
from gridmap.services.ports import CaseFilter
from gridmap.services.trail import verify
from gridmap.store import open_store

#: Kills in one database; then comes another, so that the last ones do not wait for what the first ones left.
IN_ONE = 200
WHOLE = {"intake": INTAKE, "cases": INTAKE, "group": MEMBERS * INTAKE, "import": IMPORT}
#: Answers that are kept with them.
ANSWERS = {"intake": 0, "cases": 0, "group": MEMBERS, "import": 0}
WHATS = ("intake", "group", "import", "publish", "cases", "merge")


class Scene:
    """A database in which somebody is killed again and again."""

    def __init__(self, ask: Ask, url: str, seed: int) -> None:
        self._ask, self._url = ask, url
        self._random = random.Random(seed)
        self.store = open_store(url, wait_s=60)
        self._serial = 0
        self._editions = 0
        self._totals: dict[str, tuple[int, float]] = {}
        self._told = 0
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
        if what == "merge":
            self._open_two()
        said = self._ask(order)
        self.acknowledged += said["acknowledged"]
        self.killed += said["signal"] is not None
        look = {"publish": self._published, "merge": self._merged}.get(what, self._stored)
        done, kept = look(order, said)
        return said, kept and self._told_of() == done

    def _told_of(self) -> bool:
        """Tell whether the trail has come to hold something of the last order."""
        with self.store.unit_of_work() as work:
            new = list(work.trail.entries(after=self._told))
        self._told = max([self._told, *(entry.number for entry in new)])
        return any(entry.act.request_id == str(self._serial) for entry in new)

    def whole(self) -> bool:
        """Tell whether the database is whole, and the chain of its trail."""
        with self.store.engine.connect() as connection:
            sqlite = connection.dialect.name == "sqlite"
            sound = not sqlite or connection.exec_driver_sql("pragma integrity_check").scalar() == "ok"
        said = verify(self.store)
        return sound and not said.findings and said.facts["entries"] > 0

    def _open_two(self) -> None:
        """Open the cases of the next merge, and forget what the trail says of it."""
        (done,) = Desk(self.store, FixedClock(NOW), SETTINGS).keep([case_batch(self.store, self._serial)])
        assert isinstance(done, Done), done

    def _merged(self, order: dict[str, Any], said: dict[str, Any]) -> tuple[bool, bool]:
        """Look at two cases of which one goes into the other: in both records, or in neither."""
        with self.store.unit_of_work() as work:
            files = [work.cases.find(f"k{self._serial}-{n}") for n in (1, 0)]
            records = [[line.entry.act.value for line in work.cases.record(f"k{self._serial}-{n}")] for n in (1, 0)]
        statuses = [file.line.status for file in files if file is not None]
        versions = [file.line.version for file in files if file is not None]
        done = statuses == ["merged", "reported"] and records == [["report", "merge"], ["report", "note"]]
        undone = statuses == ["reported", "reported"] and records == [["report"], ["report"]]
        kept = (done or undone) and versions == [len(record) for record in records]
        return done, kept and (done or not said["acknowledged"])

    def _stored(self, order: dict[str, Any], said: dict[str, Any]) -> tuple[bool, bool]:
        what = order["what"]
        mine = sa.select(sa.func.count(), sa.func.count(sa.distinct(sa.column("incident_id")))).select_from(
            sa.table("incident")
        )
        answered = sa.select(sa.func.count()).select_from(sa.table("idempotency"))
        with self.store.engine.connect() as connection:
            counts = connection.execute(mine.where(sa.column("incident_id").like(f"k{self._serial}-%"))).one()
            answers = connection.execute(answered.where(sa.column("key").like(f"killed-{self._serial}-%"))).scalar()
        rows, ids = map(int, counts)
        kept = rows == ids and rows in (0, WHOLE[what]) and (rows > 0 or not said["acknowledged"])
        kept = kept and answers == (ANSWERS[what] if rows else 0)
        with self.store.unit_of_work() as work:
            cases = work.cases.count(CaseFilter(text=f"k{self._serial}-"))
        kept = kept and cases == (rows if what == "cases" else 0)
        return rows > 0, kept

    def _published(self, order: dict[str, Any], said: dict[str, Any]) -> tuple[bool, bool]:
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
        return done, kept

    def kill(self, what: str) -> bool:
        """Kill one before some statement, or at some moment; tell whether the promise was kept."""
        if what not in self._totals:
            said, kept = self.order(what)
            self._totals[what] = said["statements"], said["took_s"]
            return kept and bool(said["acknowledged"])
        statements, took_s = self._totals[what]
        if self._random.random() < 0.5:
            return self.order(what, before=self._random.randint(1, statements))[1]
        return self.order(what, after_s=self._random.random() * took_s)[1]

    def kill_at_each(self, what: str) -> list[bool]:
        """Kill one before each of its statements."""
        said, kept = self.order(what)
        return [kept, *(self.order(what, before=k)[1] for k in range(1, said["statements"] + 1))]

    def kill_the_careless(self, what: str) -> int:
        """Kill those who acknowledge before they commit, in between; give how often the promise was broken."""
        return sum(not self.order(what, careless=True)[1] for _ in range(2))


def run(kind: str, kills: int, seed: int = 1, whats: tuple[str, ...] = WHATS) -> Outcome:
    """Kill until so many are dead, each kind of work in turn; then look at the whole of each database."""
    killed = acknowledged = broken = turn = 0
    with child("faults/kill_child.py") as ask:
        while killed < kills:
            with empty(kind) as url, closing(Scene(ask, url, seed + turn)) as scene:
                while scene.killed < min(IN_ONE, kills - killed):
                    broken += not scene.kill(whats[turn % len(whats)])
                    turn += 1
                broken += not scene.whole()
                killed, acknowledged = killed + scene.killed, acknowledged + scene.acknowledged
    seen = "each looked at after each kill, the chain of the trail after each 200"
    counts = {"orders": turn, "acknowledged": acknowledged}
    return Outcome(f"kill -9 of {', '.join(whats)}", kind, killed, broken, seen, counts)


def run_each(kind: str) -> Outcome:
    """Kill each kind of work before each of its statements."""
    with child("faults/kill_child.py") as ask, empty(kind) as url:
        scene = Scene(ask, url, 1)
        kept = [k for what in WHATS for k in scene.kill_at_each(what)]
        kept.append(scene.whole())
        scene.close()
    seen = f"each statement of {', '.join(WHATS)} once"
    return Outcome("kill -9 at every statement", kind, scene.killed, kept.count(False), seen)


def control(kind: str) -> Outcome:
    """Let them acknowledge before they commit: the promise must break."""
    with child("faults/kill_child.py") as ask, empty(kind) as url:
        scene = Scene(ask, url, 1)
        broken = sum(scene.kill_the_careless(what) for what in ("intake", "group"))
        scene.close()
    return Outcome("control: acknowledge before the commit, then kill -9", kind, 4, broken, "must break")
