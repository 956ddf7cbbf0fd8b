"""The outermost layer: request ids, limits before anything is read, security headers, and the last net under it all."""

import asyncio
import logging
import os
import random
import re
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import denials
from api.doors import Doors
from api.errors import BodyTimeout, HeadersTooLarge, UriTooLong, answer
from api.lean import LOCATE, Lean
from api.rights import principal_of
from api.telemetry import Telemetry, method_of
from gridmap.errors import GridmapError, TooLarge
from gridmap.logs import requests
from gridmap.settings import Settings

log = logging.getLogger("gridmap.api")

#: Where whole plans come in: larger bodies, and more time for them.
_PLANS = re.compile(r"/api/v1/sets/[^/]+/drafts/[^/]+/grids")

#: Where streams of points come in.
_ARROW = LOCATE + "/arrow"

#: For everything that is not a page of ours; pages set their own.
API_CSP = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": API_CSP,
    "Cache-Control": "no-store",
}
#: The same, as the server takes them.
_PLAIN_HEADERS = [
    (b"content-type", b"application/json"),
    *((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in _HEADERS.items()),
]


#: The bits of a UUID that say version and variant, and version 4 in them.
_UUID_MASK = (0xF000 << 64) | (0xC000 << 48)
_UUID_4 = (0x4000 << 64) | (0x8000 << 48)


#: A number is no secret. To ask the system for each lets other threads in, and the loop waits until they let it go on.
_RANDOM = random.Random()  # noqa: S311
os.register_at_fork(after_in_child=_RANDOM.seed)


def _new_id() -> str:
    """Give a random UUID (version 4) as text, at a fraction of what the standard library takes for it."""
    number = (_RANDOM.getrandbits(128) & ~_UUID_MASK) | _UUID_4
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


#: In the state of a request: it was let in by the lean road, which then left it to the validated one.
_ADMITTED = "admitted"


class Front:
    """Before the framework: answers by the lean road what that knows for sure."""

    def __init__(self, settings: Settings, doors: Doors, telemetry: Telemetry) -> None:
        self._settings = settings
        self._doors = doors
        self._telemetry = telemetry
        self._logged = settings.access_log == "all"

    async def serve(self, scope: Scope, send: Send, lean: Lean) -> bool:
        """Answer a request; False: nothing was sent, and the framework must answer."""
        limits = self._settings
        headers = scope["headers"]
        began = time.perf_counter()
        size = 0
        for name, value in headers:
            if name == b"content-length" or name == b"transfer-encoding":
                return False  # a body, however empty, is the validated road's to read
            size += len(name) + len(value)
        if size > limits.max_header_bytes or len(headers) > limits.max_headers:
            return False
        if len(LOCATE) + len(scope["query_string"]) > limits.max_url_bytes or scope.get("root_path"):
            return False
        try:
            await self._doors.admit(scope)
        except GridmapError:
            return False  # asked again by the validated road, which tells why
        if not lean.serves(principal_of(scope)):
            scope["state"][_ADMITTED] = True
            return False
        body = await lean.answer(scope["query_string"])
        if body is None:
            scope["state"][_ADMITTED] = True
            return False
        request_id = _new_id()
        await _send_json(send, body, request_id)
        self._telemetry.lean()
        if self._logged:
            _log_request(scope, request_id, LOCATE, 200, time.perf_counter() - began)
        return True


async def _send_json(send: Send, body: bytes, request_id: str) -> None:
    """Send an answer of the lean road, with the headers that one of the validated road has."""
    headers = [
        (b"content-length", b"%d" % len(body)),
        *_PLAIN_HEADERS,
        (b"x-request-id", request_id.encode("ascii")),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


#: In figures and logs: nobody was there any more to answer.
CLIENT_GONE = 499


def route_of(scope: Scope) -> str:
    """Give the template of the address, such as ``/api/v1/grids/{code}``: never what was asked for; ``-``: none."""
    found = getattr(scope.get("route"), "path", None)
    return found if isinstance(found, str) else "-"


def _log_request(scope: Scope, request_id: str, route: str, status: int, seconds: float) -> None:
    """Write one line: who asked for what kind of thing, and how it ended."""
    line = {
        "request_id": request_id,
        "method": method_of(scope),
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 2),
        "account": principal_of(scope).account_id,
        "code": scope.get("state", {}).get("code"),
    }
    requests.info("request", extra=line)


class Edge:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, settings: Settings, doors: Doors, telemetry: Telemetry) -> None:
        self._app = app
        self._settings = settings
        self._doors = doors
        self._telemetry = telemetry
        self._logged = settings.access_log != "off"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _new_id()
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        status = 0
        self._telemetry.begin()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                # what a 304 states replaces what the reader keeps: the policy of the page must stay
                kept = message["status"] == 304
                for name, value in _HEADERS.items():
                    if not (kept and name == "Content-Security-Policy"):
                        headers.setdefault(name, value)
                headers["X-Request-ID"] = request_id
            await send(message)

        try:
            most, seconds = self._body_limits(scope)
            self._check_head(scope, most)
            if not scope["state"].get(_ADMITTED):
                await self._doors.admit(scope)
            async with self._doors.room(scope):
                await self._app(scope, self._bounded(receive, most, seconds), send_with_headers)
        except GridmapError as error:
            await answer(scope, error)(scope, receive, send_with_headers)
        except Exception:
            # a defect; the reader learns nothing but the number under which it stands in the log
            log.exception("request failed", extra={"request_id": request_id})
            if status:
                raise
            await answer(scope, GridmapError("internal_error"))(scope, receive, send_with_headers)
        finally:
            route, took = route_of(scope), time.perf_counter() - began
            # no status: the connection was lost before there was an answer
            self._telemetry.end(method_of(scope), route, status or CLIENT_GONE, took, scope["state"].get("code"))
            if self._logged:
                _log_request(scope, request_id, route, status or CLIENT_GONE, took)
        await denials.tell(scope, method_of(scope), route_of(scope))

    def _body_limits(self, scope: Scope) -> tuple[int, float]:
        """Give the bytes that a body may have, and the seconds in which it must arrive."""
        limits = self._settings
        if scope["method"] == "PUT" and _PLANS.fullmatch(scope["path"]):
            return limits.max_plan_bytes, limits.plan_deadline_s
        if scope["method"] == "POST" and scope["path"] == _ARROW:
            return limits.max_arrow_bytes, limits.plan_deadline_s
        return limits.max_json_bytes, limits.body_deadline_s

    def _check_head(self, scope: Scope, most: int) -> None:
        limits = self._settings
        size = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
        if size > limits.max_url_bytes:
            raise UriTooLong("url_too_long", limit=limits.max_url_bytes)
        headers = scope["headers"]
        total = sum(len(name) + len(value) for name, value in headers)
        if len(headers) > limits.max_headers or total > limits.max_header_bytes:
            raise HeadersTooLarge("headers_too_large", headers=limits.max_headers, bytes=limits.max_header_bytes)
        for name, value in headers:
            if name == b"content-length" and value.isdigit() and int(value[:20]) > most:
                raise TooLarge("body_too_large", limit=most)

    def _bounded(self, receive: Receive, most: int, seconds: float) -> Receive:
        """Count the body while it comes, and give it a deadline: the server itself has none."""
        deadline = asyncio.get_running_loop().time() + seconds
        size = 0
        complete = False

        async def bounded() -> Message:
            nonlocal size, complete
            if complete:
                # what comes now is only the end of the connection, whenever that is
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise BodyTimeout("body_timeout", seconds=f"{seconds:g}") from None
            if message["type"] == "http.request":
                size += len(message.get("body", b""))
                complete = not message.get("more_body", False)
                if size > most:
                    raise TooLarge("body_too_large", limit=most)
            else:
                complete = True
            return message

        return bounded
