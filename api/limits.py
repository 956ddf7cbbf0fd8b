"""How often, and how much at once: token buckets by whom a request comes from, and slots for what is heavy."""

import asyncio
import math
import re
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import Scope

from api.errors import TooManyRequests

#: Seconds of its rate that a bucket lets through at once.
BURST_S = 5.0
#: Callers kept in one table of buckets.
_CALLERS = 50_000
#: Seconds that a heavy request waits for a slot before it is sent away.
_PATIENCE_S = 2.0
#: Streams of events that one process serves.
_STREAMS = 1_000
#: Everything that takes seconds of a processor: drawn maps, comparisons of whole plans, prints, streams,
#: making versions.
_HEAVY = re.compile(
    r"/maps/[^/]+|/api/v1/services/(?:coverage|gaps|staffing|provision|places)(?:\.csv)?|"
    r"/api/v1/patrols/(?:effort(?:\.csv|\.geojson)?|overdue(?:\.csv)?|list(?:\.csv)?|hours(?:\.csv)?|blind(?:\.csv)?)|"
    r"/api/v1/cases/(?:indicators|evaluation)(?:\.\w+|/cases)?|/api/v1/cases/(?:alerts|feed)|"
    r"/api/v1/(?:lead(?:/effort|/redraw)?|reports/[^/]+|hotspots(?:/emerging|/sudden|/forecast)?)|"
    r"/ogc/collections/gaps\.[^/]+/items(?:/[^/]+)?|/api/v1/crosswalk|/api/v1/locate/arrow|/api/v1/sets/[^/]+/(?:"
    r"difference|drafts|drafts/[^/]+/(?:grids|publish)|versions/[^/]+/(?:report|return|withdraw)|"
    r"drafts/[^/]+/redraw/(?:compare|export|repair|plan\.pdf|sheet/[^/]+\.pdf)|grids/[^/]+/(?:plan|sheet)\.pdf)"
)
#: Of incidents, a filter or an order of one's own lets up to 200,000 of them be looked at for a page.
_LOOKED_AT = "/ogc/collections/incidents/items"
_LOOKING = re.compile(rb"(?:^|&)(?:filter|sortby)=")
#: Bits of an IPv6 address that name a household or an office; whoever has one has all the others behind it.
_IPV6_NETWORK = 64

Network = IPv4Network | IPv6Network


class Buckets:
    """One bucket a caller: so many requests a second over a while, some seconds' worth of them at once.

    A bucket is one number, the time at which it would be full again; an empty entry and a full bucket are the same.

    Parameters
    ----------
    rate : float
        Requests a second.
    burst : float
        Requests at once after a pause.
    """

    def __init__(self, rate: float, burst: float, now: Callable[[], float] = time.monotonic) -> None:
        self._each = 1.0 / rate
        self._depth = (burst - 1) / rate
        self._now = now
        self._full_at: dict[Hashable, float] = {}

    def take(self, caller: Hashable) -> None:
        """Count one request of a caller.

        Raises
        ------
        TooManyRequests
            ``too_many_requests``.
        """
        now = self._now()
        full_at = max(self._full_at.get(caller, now), now)
        ahead = full_at - now - self._depth
        if ahead > 1e-9:
            raise TooManyRequests("too_many_requests", retry_after_s=max(1, math.ceil(ahead)))
        if len(self._full_at) >= _CALLERS:
            self._forget(now)
        self._full_at[caller] = full_at + self._each

    def _forget(self, now: float) -> None:
        self._full_at = {caller: at for caller, at in self._full_at.items() if at > now}
        while len(self._full_at) >= _CALLERS:  # all of them are busy: the first one starts anew
            self._full_at.pop(next(iter(self._full_at)))


class Slots:
    """At most so many heavy requests of one caller at once; the next ones wait a moment, then are sent away."""

    def __init__(self, at_once: int, patience_s: float = _PATIENCE_S) -> None:
        self._at_once = at_once
        self._patience = patience_s
        self._held: dict[Hashable, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def hold(self, caller: Hashable) -> AsyncIterator[None]:
        """Hold a slot.

        Raises
        ------
        TooManyRequests
            ``too_many_at_once``.
        """
        gate, users = self._held.get(caller) or (asyncio.Semaphore(self._at_once), 0)
        self._held[caller] = (gate, users + 1)
        try:
            try:
                async with asyncio.timeout(self._patience):
                    await gate.acquire()
            except TimeoutError:
                raise TooManyRequests("too_many_at_once", limit=self._at_once, retry_after_s=2) from None
            try:
                yield
            finally:
                gate.release()
        finally:
            gate, users = self._held[caller]
            if users == 1:
                del self._held[caller]
            else:
                self._held[caller] = (gate, users - 1)


class Streams:
    """At most so many streams of one caller, and of all callers, at once. May be asked from several threads."""

    def __init__(self, each: int, altogether: int = _STREAMS) -> None:
        self._each = each
        self._altogether = altogether
        self._lock = threading.Lock()
        self._held: Counter[Hashable] = Counter()

    def take(self, caller: Hashable) -> Callable[[], None]:
        """Count a stream; give what ends it.

        Raises
        ------
        TooManyRequests
            ``too_many_streams``.
        """
        with self._lock:
            if self._held[caller] >= self._each or self._held.total() >= self._altogether:
                raise TooManyRequests("too_many_streams", limit=self._each, retry_after_s=10)
            self._held[caller] += 1
        return lambda: self._end(caller)

    def _end(self, caller: Hashable) -> None:
        with self._lock:
            self._held[caller] -= 1
            self._held += Counter()  # who has none is forgotten


def is_heavy(scope: Scope) -> bool:
    """Tell whether a request is one of those that may only be few at once."""
    if scope["method"] in ("HEAD", "OPTIONS"):
        return False
    if scope["path"] == _LOOKED_AT:
        return _LOOKING.search(scope.get("query_string", b"")) is not None
    return _HEAVY.fullmatch(scope["path"]) is not None


def read_networks(setting: str) -> tuple[Network, ...]:
    """Read addresses and networks joined by commas."""
    return tuple(ip_network(part.strip(), strict=False) for part in setting.split(",") if part.strip())


def address_of(scope: Scope, proxies: tuple[Network, ...]) -> str:
    """Give the network that a request comes from.

    What a header says of it counts only where a configured proxy says it: then it is the last address in
    ``X-Forwarded-For`` that is no such proxy.
    """
    client = scope.get("client")
    peer = client[0] if client else ""
    if proxies and _within(peer, proxies):
        said = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        for part in reversed(said.decode("latin-1").split(",")[-32:]):
            hop = part.strip()
            if not _is_address(hop):
                break
            peer = hop
            if not _within(hop, proxies):
                break
    return _network_of(peer)


@lru_cache(4_096)
def _network_of(peer: str) -> str:
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    if not isinstance(address, IPv6Address):
        return peer
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), _IPV6_NETWORK), strict=False))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(4_096)
def _within(peer: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return any(address.ipv4_mapped in network for network in networks)
    return any(address in network for network in networks)
