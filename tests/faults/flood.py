"""One account that asks far too much: it is told when to come again, and others do not feel it."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from api_world import NOW, at, fill
from faults.outcome import Outcome
from faults.places import empty
from faults.slow import in_thread

import api.routes.versions as versions_module
from api.app import create_app
from api.limits import BURST_S
from gridmap.cli.running import allow_many_connections
from gridmap.domain.access import OPERATOR, Kind, Principal
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings
from gridmap.store import open_store

RATE = 50.0
#: The same where each request is work for the store.
SLOWER = 5.0
HEAVY = 2
GREEDY, OTHER = "gm_s_greedy", "gm_s_other"
CALLERS = {token: Principal(token, token, Kind.PERSON, OPERATOR.grants) for token in (GREEDY, OTHER)}
LON, LAT = at(0.5, 2.5)
LOOK_UP = f"/api/v1/locate?lon={LON}&lat={LAT}"
PAGE = "/api/v1/incidents?limit=5"
SLOW = "/api/v1/sets/urban/versions/2/report"
#: How long the slow answer takes: fifty of them, two at a time, are far longer than anybody waits.
SLOW_S = 1.5


@dataclass
class Seen:
    """What one caller was answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    without_hint: int = 0
    seconds: float = 0.0

    def add(self, status: int, head: bytes) -> None:
        """Count an answer; whoever is sent away has to hear when to come again."""
        self.statuses[status] += 1
        if status == 429 and b"\r\nretry-after: " not in head.lower():
            self.without_hint += 1


@dataclass
class AtOnce:
    """Counts how many are at work."""

    now: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wrap(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Make something slow, and count those in it."""

        def slow(*given: Any, **named: Any) -> Any:
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            try:
                time.sleep(SLOW_S)
                return work(*given, **named)
            finally:
                with self.lock:
                    self.now -= 1

        return slow


def request(token: str, path: str, body: bytes | None = None) -> bytes:
    """Give the bytes of a request."""
    method = "GET" if body is None else "POST"
    more = "" if body is None else f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{more}\r\n"
    return head.encode() + (body or b"")


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1]), head


async def _ask(port: int, what: bytes, count: int, seen: Seen, in_one: int = 50) -> None:
    """Ask so often over one connection, many requests before the first answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    left = count
    while left:
        now = min(left, in_one)
        writer.write(what * now)
        for _ in range(now):
            seen.add(*await _answer(reader))
        left -= now
    writer.close()


async def _at_ease(port: int, over: asyncio.Event, seen: Seen, rate: float, paths: tuple[str, ...]) -> None:
    """Ask as somebody at a desk does, half as often as one may, until it is over."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while not over.is_set():
        for path in paths:
            writer.write(request(OTHER, path))
            seen.add(*await _answer(reader))
        await asyncio.sleep(5 / rate)
    writer.close()


async def _beside(
    port: int, what: bytes, connections: int, count: int, *paths: str, rate: float = RATE
) -> tuple[Seen, Seen]:
    greedy, other, over = Seen(), Seen(), asyncio.Event()
    # who the two are is known before it begins, as it is of whoever has a page open
    await _ask(port, request(OTHER, LOOK_UP), 1, Seen())
    await _ask(port, request(GREEDY, LOOK_UP), 1, greedy)
    ease = asyncio.ensure_future(_at_ease(port, over, other, rate, (LOOK_UP, PAGE, *paths)))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    await asyncio.gather(*(_ask(port, what, count // connections, greedy) for _ in range(connections)))
    greedy.seconds = time.monotonic() - began
    over.set()
    await ease
    return greedy, other


@contextmanager
def service(kind: str, limited: bool, rate: float = RATE) -> Iterator[tuple[Any, int]]:
    """Serve the small district to two accounts behind one address, which together may ask twice as often as each; give
    its store and port. Not ``limited``: nobody is ever sent away."""
    settings = Settings(
        access="accounts",
        cursor_key="for tests",
        requests_per_s=rate if limited else 1e9,
        network_requests_per_s=2 * rate if limited else 1e9,
        heavy_at_once=HEAVY if limited else 1_000,
    )
    allow_many_connections()
    with empty(kind) as url:
        store = open_store(url, wait_s=30)
        fill(store)
        app = create_app(settings, store, FixedClock(NOW))
        app.state.doors.open(store, CALLERS.get)
        try:
            with in_thread(app) as port:
                yield store, port
        finally:
            app.state.lean.close()
            app.state.doors.close()
            store.close()


def faults_of(greedy: Seen, other: Seen, at_most: float) -> list[str]:
    """Say what is wrong with what the two were answered."""
    wrong = []
    if strange := set(greedy.statuses) - {200, 429}:
        wrong.append(f"answered {sorted(strange)}")
    if not greedy.statuses[429]:
        wrong.append("nobody was sent away")
    if greedy.without_hint:
        wrong.append(f"{greedy.without_hint} were not told when to come again")
    if greedy.statuses[200] > at_most:
        wrong.append(f"{greedy.statuses[200]} let through, {at_most:.0f} at most")
    if set(other.statuses) != {200}:
        wrong.append(f"others were answered {dict(other.statuses)}")
    return wrong


def look_ups(kind: str, count: int, limited: bool = True) -> Outcome:
    """Send very many look-ups of one account, as fast as they go."""
    with service(kind, limited) as (_, port):
        greedy, other = asyncio.run(_beside(port, request(GREEDY, LOOK_UP), 8, count))
    wrong = faults_of(greedy, other, RATE * (BURST_S + greedy.seconds) + 2)
    return _outcome("one account floods", kind, count, wrong, greedy, other)


def tabs(kind: str, count: int, limited: bool = True) -> Outcome:
    """Open a slow page in many tabs at once."""
    at_once = AtOnce()
    real = versions_module.check_within
    versions_module.check_within = at_once.wrap(real)
    try:
        with service(kind, limited) as (_, port):
            greedy, other = asyncio.run(_beside(port, request(GREEDY, SLOW), count, count, SLOW))
    finally:
        versions_module.check_within = real
    wrong = faults_of(greedy, other, count)
    if at_once.most > HEAVY + 1:  # the one beside has one at work as well
        wrong.append(f"{at_once.most} at work at once")
    return _outcome("a slow page in many tabs", kind, count, wrong, greedy, other)


def submissions(kind: str, count: int, limited: bool = True) -> Outcome:
    """Ask for very many new drafts at once; those acknowledged are there, and no more."""
    with service(kind, limited, SLOWER) as (store, port):
        before = _drafts(store)
        what = request(GREEDY, "/api/v1/sets/urban/drafts", b'{"based_on": 2}')
        greedy, other = asyncio.run(_beside(port, what, 20, count, rate=SLOWER))
        made = _drafts(store) - before
    wrong = faults_of(greedy, other, SLOWER * (BURST_S + greedy.seconds) + 2)
    if made != greedy.statuses[200] - 1:  # one of the good answers was the look-up before
        wrong.append(f"{made} made, {greedy.statuses[200] - 1} acknowledged")
    return _outcome("very many new drafts", kind, count, wrong, greedy, other)


def _drafts(store: Any) -> int:
    with store.unit_of_work() as work:
        return sum(version.number > 2 for version in work.boundaries.list_versions("urban"))


def _outcome(name: str, kind: str, count: int, wrong: list[str], greedy: Seen, other: Seen) -> Outcome:
    rate = greedy.statuses.total() / greedy.seconds
    seen = "; ".join(wrong) or (
        f"{rate:,.0f} asked a second, {greedy.statuses[429]:,} sent away, others: {other.statuses.total():,} of "
        f"{other.statuses.total():,} answered"
    )
    return Outcome(name, kind, count, len(wrong), seen)
