"""Very many made requests, sent to an app by ASGI alone: no 500, every refusal a problem, nothing echoed."""

import asyncio
import json
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import sqlalchemy as sa
from api_world import CANARY, NOW, fill
from faults.making import Made, Maker
from faults.outcome import Outcome
from faults.places import empty

from api.app import create_app
from api.openapi import openapi_of
from gridmap.domain.access import OPERATOR, Area, Grant, Kind, Principal, Role
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings
from gridmap.store import open_store

#: Requests to one copy of the district: what they leave there makes lists longer and answers slower.
IN_ONE = 2_500
#: Pages take a second to draw for each choice of parameters, reports and comparisons a quarter.
DEAR = 0.02
SETTINGS = Settings(
    access="accounts",
    cursor_key="for tests",
    requests_per_s=1e9,
    network_requests_per_s=1e9,
    sign_ins_per_minute=1e9,
    password_memory_kib=64,
    password_passes=1,
)
_STREET = Area("urban", "S")
CALLERS: tuple[Principal, ...] = (
    OPERATOR,
    *(
        Principal(f"r-{role}", role, Kind.PERSON, (Grant(role, _STREET),))
        for role in (Role.PLANNER, Role.LEADER, Role.FIELD)
    ),
    Principal("r-admin", "admin", Kind.PERSON, (Grant(Role.ADMINISTRATOR),)),
)


def weight(path: str) -> float:
    """Tell how often a path comes."""
    return DEAR if path.startswith("/maps/") or path.endswith(("/report", "/difference", "/crosswalk")) else 1.0


@contextmanager
def prepared(kind: str) -> Iterator[Any]:
    """Prepare a district once; what is given opens the store of a fresh copy of it."""
    with empty(kind) as url:
        store = open_store(url, wait_s=30)
        fill(store)
        store.close()

        @contextmanager
        def copy() -> Iterator[Any]:
            with copied(kind, url) as other:
                store = open_store(other, wait_s=30)
                try:
                    yield store
                finally:
                    store.close()

        yield copy


@contextmanager
def copied(kind: str, url: str) -> Iterator[str]:
    """Copy a database that nobody is connected to: a file, or a database by its template."""
    if kind == "geopackage":
        with empty(kind) as other:
            shutil.copyfile(url.removeprefix("sqlite:///"), other.removeprefix("sqlite:///"))
            yield other
        return
    with empty(kind, template=sa.make_url(url).database) as other:
        yield other


async def send(app: Any, made: Made, token: bytes | None) -> tuple[int, dict[bytes, bytes], bytes]:
    """Send a request as a server would hand it over, and give the whole answer."""
    headers = list(made.headers)
    if not any(name == b"host" for name, _ in headers):
        headers.append((b"host", b"test"))
    if token is not None:
        headers.append((b"authorization", b"Bearer " + token))
    if made.body is not None and not any(name in (b"content-length", b"transfer-encoding") for name, _ in headers):
        headers.append((b"content-length", b"%d" % len(made.body)))
    body = made.body or b""
    parts = [body[:7], body[7:]] if len(body) % 3 == 1 else [body]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": made.method,
        "scheme": "http",
        "path": unquote(made.path),
        "raw_path": made.path.encode(),
        "root_path": "",
        "query_string": made.query,
        "headers": headers,
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
        "state": {},
    }
    sent: list[Any] = []
    over = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not parts:
            if "stream" not in unquote(made.path):
                await over.wait()  # nobody goes away before the whole answer is there
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def take(message: Any) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            over.set()

    await app(scope, receive, take)
    start, *bodies = sent
    return start["status"], dict(start["headers"]), b"".join(message.get("body", b"") for message in bodies)


def fault_of(status: int, headers: dict[bytes, bytes], body: bytes, method: str, path: str = "") -> str | None:
    """Say what is wrong with an answer; nothing is the matter with the store, so 503 is wrong as well."""
    kind = headers.get(b"content-type", b"")
    if status >= 500:
        return f"{status} {json.loads(body)['code'] if b'json' in kind else kind.decode('latin-1')}"
    if CANARY.encode() in body and status >= 400:
        return f"{status} echoes"
    if method == "HEAD":
        return None
    if status >= 400:
        if path.startswith("/open311/") and kind.startswith(b"application/json"):
            return _fault_of_list(status, body)  # the list of errors that GeoReport asks for
        if kind != b"application/problem+json":
            return f"{status} as {kind.decode('latin-1')}"
        said = json.loads(body)
        if said["status"] != status or not said["code"]:
            return f"{status} says {said['status']}"
        if status == 429 and not headers.get(b"retry-after", b"").isdigit():
            return f"{status} without Retry-After"
    elif b"json" in kind and b"content-encoding" not in headers:
        for text in body.splitlines() if b"ndjson" in kind else [body]:
            json.loads(text, parse_constant=_refuse)
    return None


def _fault_of_list(status: int, body: bytes) -> str | None:
    said = json.loads(body)
    fine = isinstance(said, list) and said and all(one["code"] == status and one["description"] for one in said)
    return None if fine else f"{status} says otherwise"


def _refuse(name: str) -> Any:
    raise ValueError(name)


async def siege(app: Any, maker: Maker, count: int, seen: Counter[str], wrong: Counter[str]) -> None:
    """Send so many to an app by all callers; count the kinds of answers, and what was wrong."""
    tokens = [b"gm_s_caller%d" % k for k in range(len(CALLERS))]
    app.state.doors.open(app.state.context.store, dict(zip((t.decode() for t in tokens), CALLERS, strict=True)).get)
    # the operator may do everything, so most is asked by him
    shown = [tokens[0]] * 12 + tokens[1:] + [None, b"gm_s_nobody"]
    for _ in range(count):
        made, token = maker.make(), maker.chance.choice(shown)
        try:
            status, headers, body = await send(app, made, token)
            fault = fault_of(status, headers, body, made.method, made.path)
        except Exception as error:
            status, fault = 500, type(error).__name__
        seen[f"{status // 100}xx"] += 1
        if fault is not None:
            wrong[f"{made.how}: {made.method} {made.path[:80]}: {fault}"] += 1


def run(kind: str, count: int, seed: int) -> Outcome:
    """Send so many; each answer that is a 500, an echo or no problem where it should be one breaks the promise."""
    chance = random.Random(seed)
    seen: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    with prepared(kind) as copy:
        document = openapi_of(create_app(SETTINGS))
        maker = Maker(document, chance, weights=weight)
        left = count
        while left:
            with copy() as store:
                app = create_app(SETTINGS, store, FixedClock(NOW))
                asyncio.run(siege(app, maker, min(left, IN_ONE), seen, wrong))
                app.state.lean.close()
                app.state.doors.close()
                left -= min(left, IN_ONE)
    said = "; ".join(sorted(wrong)[:3]) or "no 500, each refusal a problem, no echo"
    counts = {f"answers {status}": number for status, number in sorted(seen.items())}
    return Outcome("made requests", kind, count, sum(wrong.values()), said, counts)
