"""Mutated files of every format end in an error of ours or in success: never in a crash, never in a hang.

``GRIDMAP_MUTATIONS`` sets how many per format the long form tries.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from files import samples

ROOT = Path(__file__).resolve().parents[2]


def mutate(tmp_path, suffix, first, count):
    seed = samples.write_any(tmp_path, suffix)
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    done = subprocess.run(
        [
            sys.executable,
            Path(__file__).with_name("mutate_child.py"),
            samples.FORMATS[suffix],
            seed,
            rooms,
            str(first),
            str(count),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60 + count,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    refused, read = map(int, done.stdout.split()[-2:])
    assert refused + read == count
    assert refused > 0


@pytest.mark.parametrize("suffix", samples.FORMATS)
def test_mutated_files_end_in_an_error_or_in_success(tmp_path, suffix):
    mutate(tmp_path, suffix, first=0, count=200)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", samples.FORMATS)
def test_many_mutated_files(tmp_path, suffix):
    mutate(tmp_path, suffix, first=1_000, count=int(os.environ.get("GRIDMAP_MUTATIONS", "10000")))
