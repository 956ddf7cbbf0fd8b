"""Ask an app by ASGI alone, so that no client tidies up what is sent, and compare whole answers."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

#: A header as it is sent.
Header = tuple[bytes, bytes]


@dataclass(frozen=True)
class Whole:
    """Everything of an answer, but for what differs from request to request."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


_KEPT = threading.local()


def _runner() -> asyncio.Runner:
    """Give the loop of this thread: a new one for each request would cost more than the request."""
    if not hasattr(_KEPT, "runner"):
        _KEPT.runner = asyncio.Runner()
    return _KEPT.runner


def ask(
    app: FastAPI,
    query: bytes = b"",
    *,
    path: str = "/api/v1/locate",
    method: str = "GET",
    headers: Sequence[Header] = ((b"host", b"test"),),
    body: Sequence[bytes] = (),
) -> Whole:
    """Send a request and give the answer, with the number of the request replaced by stars."""
    return _runner().run(ask_in_loop(app, query, path=path, method=method, headers=headers, body=body))


async def ask_in_loop(
    app: FastAPI,
    query: bytes = b"",
    *,
    path: str = "/api/v1/locate",
    method: str = "GET",
    headers: Sequence[Header] = ((b"host", b"test"),),
    body: Sequence[bytes] = (),
) -> Whole:
    """Do as ``ask``, from within a loop."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": list(headers),
        "server": ("test", 80),
        "client": ("test", 1),
        "state": {},
    }
    parts = list(body) or [b""]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if not parts:
            return {"type": "http.disconnect"}
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *bodies = sent
    found = [value for name, value in start["headers"] if name == b"x-request-id"]
    assert len(found) == 1
    return Whole(
        start["status"],
        tuple((name, value.replace(found[0], b"***")) for name, value in start["headers"]),
        b"".join(m.get("body", b"") for m in bodies).replace(found[0], b"***"),
    )
