"""Clients that trickle: each sends a byte of a head, or of a body, now and then, and never ends."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from api_world import at
from faults.outcome import Outcome

from api import wire
from gridmap.cli.running import allow_many_connections
from gridmap.cli.serve import SERVER_OPTIONS

LON, LAT = at(0.5, 2.5)
GOOD = f"GET /api/v1/locate?lon={LON}&lat={LAT} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
BODY = (
    b"POST /api/v1/locate HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
)


@contextmanager
def in_thread(app: Any) -> Iterator[int]:
    """Serve an app over a socket, as ``gridmap serve`` does; give the port."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", **SERVER_OPTIONS))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


async def _trickle(port: int, until: float, opening: bytes) -> bool:
    """Hold a connection by a byte now and then; tell whether it is still held at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(opening)
        while time.monotonic() < until:
            writer.write(b"a")
            await writer.drain()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    while await reader.read(4096):
                        pass
                    return False  # the other side has closed
        return True
    except OSError:
        return False
    finally:
        writer.close()


async def _good(port: int, until: float) -> list[float]:
    """Ask the way others do, one connection each; give how long each answer took."""
    took = []
    while time.monotonic() < until:
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GOOD)
        status = await reader.readline()
        assert b" 200 " in status, status
        took.append(time.monotonic() - began)
        writer.close()
        await asyncio.sleep(0.05)
    return sorted(took)


async def _siege(port: int, clients: int, seconds: float) -> tuple[int, list[float]]:
    until = time.monotonic() + seconds
    openings = [b"GET / HTTP/1.1\r\nX-A: " if n % 2 else BODY for n in range(clients)]
    slow = [asyncio.ensure_future(_trickle(port, until, opening)) for opening in openings]
    good = asyncio.ensure_future(_good(port, until))
    held = sum(await asyncio.gather(*slow))
    return held, await good


def siege(app: Any, clients: int, seconds: float, deadline_s: float) -> tuple[int, list[float]]:
    """Let slow clients hold connections; give how many are held at the end, and how long good requests took.

    ``deadline_s`` is that of heads; that of bodies is a setting of the app.
    """
    allow_many_connections()
    before, wire.HEAD_DEADLINE_S = wire.HEAD_DEADLINE_S, deadline_s
    try:
        with in_thread(app) as port:
            return asyncio.run(_siege(port, clients, seconds))
    finally:
        wire.HEAD_DEADLINE_S = before


def run(app: Any, clients: int, seconds: float, deadline_s: float, store: str) -> Outcome:
    """Besiege a service; whoever is still held after the deadline breaks the promise."""
    held, took = siege(app, clients, seconds, deadline_s)
    p99 = took[int(len(took) * 0.99)] * 1000
    seen = f"{len(took):,} good requests beside them, all answered, p99 {p99:.0f} ms"
    return Outcome("slow clients", store, clients, held, seen)
