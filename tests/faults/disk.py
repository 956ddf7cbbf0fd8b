"""The disk experiments as rows of the report; what they check is in ``test_disk``."""

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from faults.outcome import Outcome

CHILD = Path(__file__).with_name("disk_child.py")
SERVER = Path(__file__).with_name("full_server.py")
#: Ways to a process with mounts of its own, that go with it: as any user, or as root where the kernel keeps that back.
_WAYS = (("unshare", "--user", "--map-root-user", "--mount"), ("unshare", "--mount"))


@cache
def namespace() -> tuple[str, ...] | None:
    """Give the command that runs another with mounts of its own; None where this machine grants no way to it."""
    trial = "mount -t tmpfs -o size=1m tmpfs /mnt"
    for way in _WAYS:
        if subprocess.run([*way, "sh", "-c", trial], capture_output=True, check=False).returncode == 0:
            return way
    return None


def seen_by_child(folder: Path, *words: str) -> dict[str, Any]:
    """Run the child in a namespace of its own, with a disk at ``folder / "disk"``; give what it saw."""
    disk = folder / "disk"
    disk.mkdir()
    command = [*(namespace() or ()), sys.executable, str(CHILD), words[0], str(disk), *words[1:]]
    if words[0] == "server":  # which does not run as the root of a user namespace
        command = [*_WAYS[1], sys.executable, str(SERVER), str(disk), *words[1:]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


_WANTED = {"full": "store_full", "read_only": "store_read_only", "server": "store_full"}
_MEANS = {
    "full": "tmpfs of 12 MB in a mount namespace",
    "read_only": "read-only bind mount in a namespace",
    "server": "data of PostgreSQL on a tmpfs of 140 MB in a mount namespace, its log on another disk",
}


def run(what: str, *, careless: bool = False) -> Outcome:
    """Fill a disk, or take away the right to write, and put it right again; ``careless``: failures pass for success."""
    store = "postgis" if what == "server" else "geopackage"
    name = f"disk {'read-only' if what == 'read_only' else 'full'}"
    if what == "server" and os.geteuid() != 0:
        return Outcome(name, store, 0, 0, "not tried: a server in a mount namespace needs root")
    # the user of the server must be able to come in
    with tempfile.TemporaryDirectory(dir="/tmp" if what == "server" else None) as folder:
        Path(folder).chmod(0o755)
        found = seen_by_child(Path(folder), what, *(["careless"] if careless else []))
    refused, afterwards = found["refused"], found["afterwards"]
    wrong = [
        *(["stored is not what was acknowledged"] if found["stored"] != found.get("acknowledged", 0) else []),
        *([f"refused as {refused['code']}"] if refused["code"] != _WANTED[what] else []),
        *(["no Retry-After"] if not refused["retry_after"] else []),
        *(f"{path}: {status}" for path, status in found["reads"].items() if status != 200),
        *([f"afterwards {afterwards['status']}"] if afterwards["status"] != 200 else []),
        *(["afterwards not writable"] if found["mode_afterwards"] != "writable" else []),
    ]
    if careless:
        return Outcome(f"control: {name}, failures taken for success", store, 1, len(wrong), "must break")
    seen = "; ".join(wrong) or f"{len(found['reads'])} kinds of reads answered; {refused['code']}; recovered by itself"
    return Outcome(name, store, 1, len(wrong), f"{_MEANS[what]}; {seen}")
