"""A PostgreSQL whose disk of data is full. Run in a mount namespace of its own, as root: the server gets a small tmpfs.

full_server.py FOLDER [careless]    the log lies on another disk, where there is room

Prints a JSON line of what was seen, as ``disk_child`` does.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from api_world import NOW, fill
from fastapi.testclient import TestClient
from faults.disk_child import MOST_BATCHES, be_careless, read, rows, send
from faults.restarting import server

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings
from gridmap.store import open_store

DISK_BYTES = 140_000_000
#: What is left of the room for reports.
LEFT_BYTES = 600_000


def full(disk: Path) -> dict[str, Any]:
    """Fill the disk, look, make room, look."""
    disk.chmod(0o755)
    data = disk / "data"
    url = server("start", str(disk))
    place = Path((disk / "location").read_text().strip())
    assert place == data, "the data lie on the small disk"
    server("halt", str(disk))
    log = Path(f"{disk}-log")
    shutil.move(place / "pg_wal", log)
    subprocess.run(["chown", "-R", "postgres:", str(log)], check=True)
    (place / "pg_wal").symlink_to(log)
    port = url.rpartition(":")[2].partition("/")[0]
    url = server("start", str(disk), port)
    store = open_store(url)
    fill(store)
    before = rows(store)
    space = os.statvfs(disk)
    filler = disk / "filler"
    filler.write_bytes(b"\0" * max(0, space.f_bavail * space.f_frsize - LEFT_BYTES))
    found: dict[str, Any] = {"acknowledged": 0}
    with TestClient(create_app(Settings(access="open"), store, FixedClock(NOW))) as client:
        for number in range(MOST_BATCHES * 4):
            said = send(client, number)
            if said["status"] != 200:
                break
            found["acknowledged"] += said["accepted"]
        found["refused"], found["refused_again"] = said, send(client, number)
        found["reads"] = read(client)
        found["stored"] = rows(store) - before
        filler.unlink()
        found["afterwards"] = send(client, number)
        found["mode_afterwards"] = client.get("/readyz").json()["store"]
        found["stored_afterwards"] = rows(store) - before
    store.close()
    server("halt", str(disk))
    return found


def main() -> None:
    """Mount the disk and run."""
    disk = Path(sys.argv[1])
    if "careless" in sys.argv:
        be_careless()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=755", "tmpfs", str(disk)], check=True)
    print(json.dumps(full(disk)))


if __name__ == "__main__":
    main()
