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
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(*words: str) -> Outcome:
    """Fill a disk of a few megabytes, or take away the right to write; then put it right again."""
    with tempfile.TemporaryDirectory() as folder:
        found = seen_by_child(Path(folder), *words)
    wanted = {"full": "store_full", "read_only": "store_read_only"}[words[0]]
    broken = found["stored"] != found.get("acknowledged", 0)
    broken += found["refused"]["code"] != wanted
    broken += set(found["reads"].values()) != {200}
    broken += found["afterwards"]["status"] != 200 or found["mode_afterwards"] != "writable"
    means = "tmpfs of 12 MB in a mount namespace" if words[0] == "full" else "read-only bind mount in a namespace"
    if "careless" in words:
        return Outcome("control: disk full, and failures taken for success", "geopackage", 1, broken, "must break")
    seen = f"{means}; {len(found['reads'])} kinds of reads answered; {found['refused']['code']}; recovered by itself"
    return Outcome(f"disk {words[0].replace('_', '-')}", "geopackage", 1, broken, seen)
