"""Mutated files through every reader, as a row of the report."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from faults.outcome import Outcome
from files import samples

FILES = Path(__file__).resolve().parents[1] / "files"
ROOT = FILES.parents[1]


def run(count: int) -> Outcome:
    """Let every reader try its share of the files; one that crashes or hangs breaks the promise."""
    each = max(1, count // len(samples.FORMATS))
    refused = read = broken = 0
    for suffix, name in samples.FORMATS.items():
        with tempfile.TemporaryDirectory() as folder:
            seed = samples.write_any(Path(folder), suffix)
            rooms = Path(folder) / "rooms"
            rooms.mkdir()
            words = [name, str(seed), str(rooms), "50000", str(each)]
            done = subprocess.run(
                [sys.executable, str(FILES / "mutate_child.py"), *words],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                timeout=120 + each,
                check=False,
            )
        if done.returncode != 0:
            broken += 1
            continue
        one, other = map(int, done.stdout.split()[-2:])
        refused, read = refused + one, read + other
    return Outcome(
        "mutated files, six formats", "none", each * len(samples.FORMATS), broken, f"{refused:,} refused, {read:,} read"
    )
