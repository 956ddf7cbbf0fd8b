"""Who comes in: finds out who asks, refuses what another site sent, and counts how often somebody asks."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import NamedTuple

from starlette.types import Scope

from api.credentials import LONGEST_TOKEN, Shown, check_host, check_sender, shown_by
from api.errors import NotSignedIn
from api.limits import BURST_S, Buckets, Slots, Streams, address_of, is_heavy, read_networks
from api.rights import PRINCIPAL, principal_of
from gridmap.domain.access import NOBODY, OPERATOR, Principal
from gridmap.services.fresh import Freshness
from gridmap.services.ports import Store
from gridmap.settings import Settings

#: Gives whose a token is, or None when it is not (or no longer) good.
Find = Callable[[str], Principal | None]

#: Seconds for which it is believed whose a token is while no account, grant or token changes: so late may one be seen
#: to run out. A change is seen at once, or in a store on a server as soon as ``Freshness`` sees it.
BELIEVED_S = 5.0
#: Tokens kept.
_TOKENS = 10_000
#: Heavy requests at once, in multiples of what one account has, where nobody signs in.
_OPEN_SHARE = 4

#: In the state of a request: the network it comes from.
NETWORK = "network"


class _Known(NamedTuple):
    principal: Principal | None
    revision: Hashable
    at: float


def _digest(token: str) -> bytes:
    return sha256(token.encode("ascii")).digest()


class Doors:
    """The doors of one app. They stay shut for every token until ``open`` said how to look one up."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.monotonic) -> None:
        self._open = settings.access == "open"
        self._now = now
        self._proxies = read_networks(settings.trusted_proxies)
        self._hosts = frozenset(filter(None, (part.strip().lower() for part in settings.hosts.split(","))))
        network_rate = settings.open_requests_per_s if self._open else settings.network_requests_per_s
        self._networks = Buckets(network_rate, network_rate * BURST_S, now)
        self._accounts = Buckets(settings.requests_per_s, settings.requests_per_s * BURST_S, now)
        #: Attempts to come in, by network.
        self.attempts = Buckets(settings.sign_ins_per_minute / 60, settings.sign_ins_per_minute, now)
        self._heavy = Slots(settings.heavy_at_once * (_OPEN_SHARE if self._open else 1))
        self._streams = Streams(settings.streams_at_once * (_OPEN_SHARE if self._open else 1))
        self._find: Find | None = None
        self._fresh: Freshness | None = None
        self._known: dict[bytes, _Known] = {}
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="doors")

    def open(self, store: Store, find: Find) -> None:
        """Begin to look up tokens."""
        self._fresh, self._find = Freshness(store, "access", lambda: self._now()), find

    def close(self) -> None:
        """Stop looking up tokens."""
        self._readers.shutdown(wait=False)
        if self._fresh is not None:
            self._fresh.close()

    async def admit(self, scope: Scope) -> None:
        """Let a request in, with who asks in its state.

        Raises
        ------
        TooManyRequests
            ``too_many_requests``.
        NotSignedIn
            ``not_signed_in``: it shows a bearer token that is not good.
        NotAllowed
            ``cross_site``, ``host_unknown``.
        """
        state = scope.setdefault("state", {})
        network = state[NETWORK] = address_of(scope, self._proxies)
        shown = None if self._open else shown_by(scope)
        # of one account first: one that asks far too much must not use up what all behind its network share
        counted = self._count_known(shown)
        self._networks.take(network)
        if self._hosts:
            check_host(scope, self._hosts)
        check_sender(scope, shown)
        if self._open:
            state[PRINCIPAL] = OPERATOR
            return
        principal = await self._principal(shown.token) if shown is not None and shown.token else None
        if principal is None:
            if shown is not None and not shown.ambient:
                raise NotSignedIn("not_signed_in")
            state[PRINCIPAL] = NOBODY
            return
        if principal.account_id != counted:
            self._accounts.take(principal.account_id)
        state[PRINCIPAL] = principal

    async def admit_by(self, scope: Scope, token: str) -> None:
        """Let a request in by a token that did not come in a header.

        Raises
        ------
        TooManyRequests
            ``too_many_requests``.
        NotSignedIn
            ``not_signed_in``: it is not good.
        """
        if self._open:
            return
        principal = await self._principal(token) if len(token) <= LONGEST_TOKEN and token.isascii() else None
        if principal is None:
            raise NotSignedIn("not_signed_in")
        self._accounts.take(principal.account_id)
        scope["state"][PRINCIPAL] = principal

    def _count_known(self, shown: Shown | None) -> str | None:
        """Count a request of whoever was last seen with a token; give the account, or None when nobody was."""
        known = None if shown is None else self._known.get(_digest(shown.token))
        if known is None or known.principal is None:
            return None
        self._accounts.take(known.principal.account_id)
        return known.principal.account_id

    async def _principal(self, token: str) -> Principal | None:
        if self._find is None or self._fresh is None:
            return None
        key = _digest(token)
        # the revision first: what is kept under it must have been read after it
        revision = self._fresh.token()
        known, now = self._known.get(key), self._now()
        if known is not None and known.revision == revision is not None and now - known.at < BELIEVED_S:
            return known.principal
        found = await asyncio.get_running_loop().run_in_executor(self._readers, self._find, token)
        if len(self._known) >= _TOKENS:
            self._known.clear()
        self._known[key] = _Known(found, revision, now)
        return found

    async def again(self, scope: Scope) -> Principal | None:
        """Give who sent a request that is still under way, as it is now; None: what they showed is no longer good."""
        if self._open:
            return OPERATOR
        shown = shown_by(scope)
        return await self._principal(shown.token) if shown is not None and shown.token else None

    def listen(self, scope: Scope) -> Callable[[], None]:
        """Count a stream of a caller; give what ends it.

        Raises
        ------
        TooManyRequests
            ``too_many_streams``.
        """
        caller = principal_of(scope).account_id
        return self._streams.take(("network", scope["state"][NETWORK]) if caller is None else caller)

    @asynccontextmanager
    async def room(self, scope: Scope) -> AsyncIterator[None]:
        """Hold a slot for a heavy request; others need none.

        Raises
        ------
        TooManyRequests
            ``too_many_at_once``.
        """
        if not is_heavy(scope):
            yield
            return
        caller = principal_of(scope).account_id
        async with self._heavy.hold(("network", scope["state"][NETWORK]) if caller is None else caller):
            yield
