"""The disk experiments as rows of the report; what they check is in ``test_disk``."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from faults.outcome import Outcome

CHILD = Path(__file__).with_name("disk_child.py")
#: Mounts of its own, that go with it.
NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")


def seen_by_child(folder: Path, *words: str) -> dict[str, Any]:
    """Run the child in a namespace of its own, with a disk at ``folder / "disk"``; give what it saw."""
    disk = folder / "disk"
    disk.mkdir()
    command = [*NAMESPACE, sys.executable, str(CHILD), words[0], str(disk), *words[1:]]
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
