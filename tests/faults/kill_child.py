"""Does one piece of work in a fork and kills it there: before one of its statements, or at some moment.

One JSON line an order: url, what (intake, group, import, publish, cases, merge), serial, before (number of a statement,
or null), after_s (or null), careless (acknowledge before the commit), number and race of a publisher. Answers with:
acknowledged, signal, and where it was not killed statements and took_s. The work is done as the operator, and told in
the trail under the serial.
"""

import json
import os
import signal
import sys
import time
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from fake_store import FakeStore
from publish_child import Executioner, warm_up
from redrawing import NOW, SETTINGS, found, through_the_gate

from gridmap.domain.access import OPERATOR, Role
from gridmap.domain.cases import Act as CaseAct
from gridmap.domain.cases import Entry as CaseEntry
from gridmap.services.cases.desk import Asked as CaseAsked
from gridmap.services.cases.desk import CaseDesk
from gridmap.services.cases.opening import opener
from gridmap.services.clock import FixedClock
from gridmap.services.guarded import GuardedStore
from gridmap.services.incidents import record_incidents
from gridmap.services.intake import Batch, Key
from gridmap.services.intake.desk import Desk
from gridmap.services.intake.frames import items_of
from gridmap.services.points import INCIDENT, import_points
from gridmap.services.ports import NewCase
from gridmap.services.responsibility import Plans
from gridmap.store import open_store
from gridmap.store.unit_of_work import Work

#: Rows of a batch of reports, and of an import in its three batches.
INTAKE, IMPORT = 5, 120
#: Batches of reports that come together, each with a key of its own.
MEMBERS = 4


def frame(serial: int, first: int, count: int) -> gpd.GeoDataFrame:
    """Give reports that nobody sent before."""
    columns = {
        "incident_id": [f"k{serial}-{first + i}" for i in range(count)],
        "occurred_at": pd.Series([NOW] * count).astype("datetime64[us, UTC]"),
        "category": ["垃圾"] * count,
        "channel": ["app"] * count,
        "note": [""] * count,
    }
    points = shapely.points([120.0001 + 0.00005 * i for i in range(count)], [30.005] * count)
    return gpd.GeoDataFrame(columns, geometry=points, crs=4326)


def batch(store: Any, serial: int, member: int) -> Batch:
    """Give what one of those brings who come together."""
    points = items_of(INCIDENT, frame(serial, member * INTAKE, INTAKE))
    key = Key("operator", f"killed-{serial}-{member}", "POST /api/v1/incidents", "0" * 64)
    return Batch(store, Plans(store), INCIDENT.name, points, [None] * INTAKE, key=key, written=lambda results: "{}")


def case_batch(store: Any, serial: int) -> Batch:
    """Give reports of cases that nobody sent before."""
    points = [
        NewCase(f"k{serial}-{i}", NOW, "E1-01", 120.0001 + 0.00005 * i, 30.005, "app", "",
                CaseEntry(CaseAct.REPORT, "field", Role.FIELD, NOW), "field")
        for i in range(INTAKE)
    ]  # fmt: skip
    complete = opener(SETTINGS, FixedClock(NOW))
    return Batch(store, Plans(store), "cases", points, [None] * INTAKE, complete=complete)


def work(raw: Any, order: dict[str, Any]) -> None:
    """Do what is ordered, to its end."""
    serial = order["serial"]
    store = GuardedStore(raw, OPERATOR, clock=FixedClock(NOW), day=NOW.date(), request_id=str(serial))
    if order["what"] == "intake":
        said = record_incidents(store, Plans(store), frame(serial, 0, INTAKE), settings=SETTINGS, now=NOW)
        assert {result.status for result in said} == {"accepted"}
    elif order["what"] == "group":
        for done in Desk(raw, FixedClock(NOW), SETTINGS).keep([batch(store, serial, m) for m in range(MEMBERS)]):
            assert {result.status for result in done.results} == {"accepted"}
    elif order["what"] == "import":
        parts = [frame(serial, k, IMPORT // 3) for k in range(0, IMPORT, IMPORT // 3)]
        import_points(store, Plans(store), INCIDENT, parts, settings=SETTINGS, commit=lambda: True)
    elif order["what"] == "cases":
        for done in Desk(raw, FixedClock(NOW), SETTINGS).keep([case_batch(store, serial)]):
            assert {result.status for result in done.results} == {"accepted"}
    elif order["what"] == "merge":
        desk = CaseDesk(store, Plans(store), FixedClock(NOW), SETTINGS)
        asked = CaseAsked(CaseAct.MERGE, 1, names=f"k{serial}-0")
        assert desk.act(f"k{serial}-1", asked).file.line.status == "merged"
    else:
        assert through_the_gate(store, "city", order["number"], order["race"], lambda: None).won


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Fork, work, die."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        try:
            store = open_store(order["url"], wait_s=30)
            executioner = Executioner(order["before"])
            executioner.watch(store.engine)
            if order.get("careless"):

                def say_and_die(self: Work) -> None:
                    os.write(into, b"ACKNOWLEDGED\n")
                    os.kill(os.getpid(), signal.SIGKILL)

                Work.commit = say_and_die  # type: ignore[method-assign]
            os.write(into, b"STARTED\n")
            began = time.monotonic()
            work(store, order)
            took = time.monotonic() - began
            os.write(into, f"ACKNOWLEDGED\n{len(executioner.statements)} {took}".encode())
        finally:
            os._exit(0)
    os.close(into)
    if order.get("after_s") is not None:
        os.read(out, len(b"STARTED\n"))
        time.sleep(order["after_s"])
        os.kill(child, signal.SIGKILL)
    with os.fdopen(out, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    statements, _, took = said.rsplit("\n", 1)[-1].partition(" ")
    return {
        "acknowledged": "ACKNOWLEDGED" in said,
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        "statements": int(statements) if statements else None,
        "took_s": float(took) if took else None,
    }


def warm_all() -> None:
    """Do each kind of work once in memory, so that a fork finds everything ready."""
    warm_up()
    store = FakeStore()
    found(store, "city")
    for serial, what in enumerate(("intake", "group", "import", "cases")):
        work(store, {"what": what, "serial": serial})
    work(store, {"what": "merge", "serial": serial})


if __name__ == "__main__":
    warm_all()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
