"""The server as it is run: what comes over a socket before, beside and instead of a request."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from api_world import at

from api.wire import MOST_UNFINISHED
from gridmap.cli.serve import SERVER_OPTIONS

LON, LAT = at(0.5, 2.5)
GOOD = f"GET /api/v1/locate?lon={LON}&lat={LAT} HTTP/1.1\r\nHost: x\r\n".encode()


@pytest.fixture(scope="module")
def port(world) -> Iterator[int]:
    """Serve the district over a socket, as ``gridmap serve`` does."""
    config = uvicorn.Config(world.app, host="127.0.0.1", port=0, lifespan="off", **SERVER_OPTIONS)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


class Line:
    """A connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        self.kept = b""

    def send(self, data: bytes) -> bool:
        """Send; False once the other side has closed."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def answer(self) -> tuple[int, bytes, bytes] | None:
        """Read one answer: status, head, body. None where the connection was closed instead."""
        while b"\r\n\r\n" not in self.kept:
            if not self._more():
                return None
        head, _, self.kept = self.kept.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(self.kept) < length:
            if not self._more():
                return None
        body, self.kept = self.kept[:length], self.kept[length:]
        return int(head.split(b" ")[1]), head, body

    def _more(self) -> bool:
        try:
            part = self.socket.recv(65_536)
        except ConnectionResetError:
            return False
        self.kept += part
        return bool(part)


def test_the_fast_parts_are_in_use() -> None:
    config = uvicorn.Config("api.app:app_from_env", **SERVER_OPTIONS)
    config.load_app = lambda: None  # type: ignore[method-assign]
    assert config.get_loop_factory() is not asyncio.SelectorEventLoop
    assert "uvloop" in config.get_loop_factory().__module__


def test_requests_follow_each_other_on_one_connection(port) -> None:
    line = Line(port)
    for _ in range(3):
        line.send(GOOD + b"\r\n")
        status, head, body = line.answer()
        assert status == 200
        assert json.loads(body)["grid"]["code"] == "A"
        assert b"x-request-id: " in head
        assert b"server:" not in head
    line.send((GOOD + b"\r\n") * 5)  # without waiting
    assert [line.answer()[0] for _ in range(5)] == [200] * 5


def test_a_request_in_crumbs_is_one_request(port) -> None:
    line = Line(port)
    for byte in GOOD + b"\r\n":
        line.send(bytes([byte]))
    assert line.answer()[0] == 200


def test_a_head_over_the_limits_of_the_app_is_a_problem(port) -> None:
    line = Line(port)
    line.send(GOOD + b"X: " + b"y" * 20_000 + b"\r\n\r\n")
    status, _, body = line.answer()
    assert (status, json.loads(body)["code"]) == (431, "headers_too_large")


_ENDLESS = 1_000 * MOST_UNFINISHED
ENDLESS = {
    "a value": (GOOD + b"X: ", b"y"),
    "a name": (GOOD, b"y"),
    "headers": (GOOD, b"X-Y: z\r\n"),
    "an address": (b"GET /", b"a"),
    "a method": (b"G", b"E"),
    "empty lines": (b"", b"\r\n"),
    "trailers": (GOOD.replace(b"GET", b"POST") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Y: z\r\n"),
    "a chunk's extension": (GOOD.replace(b"GET", b"POST") + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_what_never_ends_is_cut_off(port, what: str) -> None:
    start, more = ENDLESS[what]
    line = Line(port)
    line.send(start)
    sent, part = 0, more * (32_768 // len(more))
    while sent < _ENDLESS and line.send(part):
        sent += len(part)
    assert sent < _ENDLESS  # up to then the kernels of both sides take what nobody reads
    line = Line(port)
    line.send(GOOD + b"\r\n")
    assert line.answer()[0] == 200


@pytest.mark.parametrize(
    "bad",
    [
        b"KANARIENVOGEL\r\n\r\n",
        b"GET /api/v1/locate HTTP/9.9\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/v1/locate HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /api/v1/locate HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /api/v1/locate HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/locate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_what_is_no_http_is_refused_and_echoes_nothing(port, bad: bytes) -> None:
    line = Line(port)
    line.send(bad)
    answer = line.answer()
    assert answer is None or answer[0] in (400, 404, 408, 415, 505), answer
    assert answer is None or b"KANARIENVOGEL" not in answer[1] + answer[2]
    line = Line(port)
    line.send(GOOD + b"\r\n")
    assert line.answer()[0] == 200
