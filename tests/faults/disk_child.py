"""A service on a disk of a few megabytes, or on one that takes no writes. Run in a mount namespace of its own.

disk_child.py full FOLDER [careless]    the disk fills up while reports come in, then there is room again
disk_child.py read_only FOLDER          the store lies on a mount that is read-only

Prints a JSON line of what was seen. FOLDER becomes the mount point. ``careless``: commits tell of no failure.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from api_world import NOW, at, fill
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.errors import StoreUnavailable
from gridmap.services.clock import FixedClock
from gridmap.services.intake.desk import Desk, Outcome
from gridmap.services.intake.items import Batch, Done, ItemResult
from gridmap.services.ports import PointFilter
from gridmap.settings import Settings
from gridmap.store import open_store

DISK_BYTES = 12_000_000
#: More than the room takes.
MOST_BATCHES = 80
LON, LAT = at(0.5, 2.5)
READS = (
    f"/api/v1/locate?lon={LON}&lat={LAT}",
    "/api/v1/incidents?limit=5",
    "/api/v1/overview",
    "/api/v1/grids/A",
    "/maps/grids",
    "/readyz",
)


def batch(number: int) -> dict[str, Any]:
    """Make reports that nobody sent before."""
    item = {"occurred_at": "2026-05-20T08:00:00+08:00", "category": "litter", "lon": LON, "lat": LAT}
    items = [{**item, "incident_id": f"d{number}-{k}", "note": "x" * 500} for k in range(20)]
    return {"datum": "wgs84", "items": items}


def send(client: TestClient, number: int) -> dict[str, Any]:
    """Report, and give what the sender hears."""
    answer = client.post("/api/v1/incidents", json=batch(number))
    body = answer.json()
    return {
        "status": answer.status_code,
        "code": body.get("code"),
        "retry_after": answer.headers.get("retry-after"),
        "accepted": body.get("counts", {}).get("accepted", 0),
    }


def read(client: TestClient) -> dict[str, int]:
    """Ask what needs no writing."""
    return {url: client.get(url).status_code for url in READS}


def rows(store: Any) -> int:
    with store.unit_of_work() as work:
        return int(work.incidents.count(PointFilter()))


def full(folder: Path) -> dict[str, Any]:
    """Fill the disk, look, make room, look."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)], check=True)
    store = open_store(f"sqlite:///{folder}/city.gpkg")
    fill(store)
    before = rows(store)
    space = os.statvfs(folder)
    filler = folder / "filler"
    filler.write_bytes(b"\0" * max(0, space.f_bavail * space.f_frsize - 400_000))
    found: dict[str, Any] = {"acknowledged": 0}
    app = create_app(Settings(access="open"), store, FixedClock(NOW))
    with TestClient(app) as client:
        for number in range(MOST_BATCHES):
            said = send(client, number)
            if said["status"] != 200:
                break
            found["acknowledged"] += said["accepted"]
        found["refused"], found["refused_again"] = said, send(client, number)
        found["reads"] = read(client)
        found["mode"] = client.get("/readyz").json()["store"]
        found["stored"] = rows(store) - before
        filler.unlink()
        found["afterwards"] = send(client, number)
        found["mode_afterwards"] = client.get("/readyz").json()["store"]
        found["stored_afterwards"] = rows(store) - before
    with store.engine.connect() as connection:
        found["integrity"] = connection.exec_driver_sql("pragma integrity_check").scalar()
    store.close()
    return found


def read_only(folder: Path) -> dict[str, Any]:
    """Serve a store that nobody can write, then one that can be written again."""
    store = open_store(f"sqlite:///{folder}/city.gpkg")
    fill(store)
    store.close()
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
    os.chdir(folder)  # by a path of before the mount, the folder would still be the one below it
    store = open_store(f"sqlite:///{folder}/city.gpkg")
    before = rows(store)
    app = create_app(Settings(access="open"), store, FixedClock(NOW))
    found: dict[str, Any] = {}
    with TestClient(app) as client:
        found["reads"] = read(client)
        found["mode"] = client.get("/readyz").json()["store"]
        found["refused"] = send(client, 0)
        found["stored"] = rows(store) - before
        subprocess.run(["mount", "-o", "remount,bind,rw", str(folder)], check=True)
        found["afterwards"] = send(client, 0)
        found["mode_afterwards"] = client.get("/readyz").json()["store"]
        found["stored_afterwards"] = rows(store) - before
    store.close()
    return found


def be_careless() -> None:
    """Let reports that could not be kept pass for kept ones."""
    keep = Desk.keep

    def careless(self: Desk, batches: Sequence[Batch]) -> list[Outcome]:
        return [
            Done([ItemResult("accepted", None, None, "none")] * len(batch.points), None)
            if isinstance(outcome, StoreUnavailable)
            else outcome
            for batch, outcome in zip(batches, keep(self, batches), strict=True)
        ]

    Desk.keep = careless  # type: ignore[method-assign]


if __name__ == "__main__":
    if "careless" in sys.argv:
        be_careless()
    print(json.dumps({"full": full, "read_only": read_only}[sys.argv[1]](Path(sys.argv[2]))))
