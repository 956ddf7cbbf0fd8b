"""Told to stop, the service lets what is under way end, takes nothing new, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import ready
from api_world import at, fill
from faults.served import Served, serving

LON, LAT = at(0.5, 2.5)
BODY = json.dumps({"points": [[LON, LAT]]}).encode()
HEAD = (
    b"POST /api/v1/locate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    % len(BODY)
)


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """The district in a file."""
    return ready.put(tmp_path / "city.gpkg", fill)


def begin(served: Served) -> socket.socket:
    """Send half a request, so that it is under way."""
    line = served.connect()
    line.sendall(HEAD + BODY[:5])
    time.sleep(0.3)
    return line


def answer_of(line: socket.socket) -> bytes:
    """Read until the other side closes."""
    found = b""
    while part := line.recv(65_536):
        found += part
    return found


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_request_under_way_is_answered_and_a_new_one_is_not_taken(store_url: str, tmp_path: Path, workers: int):
    with serving(store_url, tmp_path, workers=workers) as served:
        line = begin(served)
        served.process.send_signal(signal.SIGTERM)
        time.sleep(1.0)
        if workers == 1:
            with pytest.raises(OSError, match="refused"):
                served.connect()
        line.sendall(BODY[5:])
        answer = answer_of(line)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        assert b'"A"' in answer
        assert served.process.wait(20) == 0
    assert served.left() == []


def test_one_who_never_ends_is_cut_off_at_the_limit(store_url: str, tmp_path: Path) -> None:
    with serving(store_url, tmp_path, GRIDMAP_SHUTDOWN_S="1", GRIDMAP_BODY_DEADLINE_S="60") as served:
        line = begin(served)
        started = time.monotonic()
        assert served.end() == 0
        assert 0.9 < time.monotonic() - started < 10
        assert not answer_of(line).startswith(b"HTTP/1.1 200")
    assert served.left() == []
    assert not list(tmp_path.glob("*.gpkg-*")), "the store was closed: it is one file again"


def test_what_a_killed_service_left_goes_when_the_next_one_starts(store_url: str, tmp_path: Path) -> None:
    with serving(store_url, tmp_path) as served:
        os.kill(served.process.pid, signal.SIGKILL)
        served.process.wait()
    assert len(served.left()) == 1
    with serving(store_url, tmp_path) as again:
        assert len(again.left()) == 1, "that of the dead one is gone"
        assert again.left() != served.left() or again.process.pid != served.process.pid
        assert again.end() == 0
    assert again.left() == []


def test_a_folder_of_a_service_that_runs_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / f"gridmap-serve-{os.getpid()}-x"
    mine.mkdir()
    code = "from gridmap.cli.running import scratch\nwith scratch() as f: print(f.name)"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    assert mine.is_dir()
    assert list(tmp_path.iterdir()) == [mine]
