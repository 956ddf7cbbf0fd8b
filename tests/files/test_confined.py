"""A confined process can make no socket, with or without a namespace of its own."""

import subprocess
import sys

import pytest

_CHILD = """
import ctypes, os, socket, sys
from gridmap.files.parser import confine

prctl = ctypes.CDLL(None, use_errno=True).prctl
def tried():
    found = []
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        try:
            socket.socket(family).close()
            found.append("made")
        except PermissionError:
            found.append("refused")
    return found
if "without" in sys.argv:
    print(*tried())
    sys.exit()
prctl(38, 1, 0, 0, 0)
assert confine.forbid_sockets(prctl)
print(*tried())
with open(__file__) as file:  # everything else goes on
    assert file.read()
print(len(os.listdir("/")) > 0)
"""


@pytest.fixture
def child(tmp_path):
    script = tmp_path / "child.py"
    script.write_text(_CHILD)

    def run(*args: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, str(script), *args], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return run


def test_no_socket_can_be_made_and_all_else_goes_on(child) -> None:
    assert child() == ["refused", "refused", "refused", "True"]


def test_without_the_filter_sockets_are_made(child) -> None:
    assert "made" in child("without")
