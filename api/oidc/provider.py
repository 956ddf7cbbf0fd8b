"""The identity service of the city: where a reader is sent to sign in, and who came back.

Authorization code with PKCE (RFC 7636), state and nonce. Nothing is asked of it before somebody wants to sign in.
"""

import hmac
import logging
import secrets
import threading
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus, urlencode

from api.errors import NotParsable, NotSignedIn, TooManyRequests
from api.oidc.fetch import Origin, Reply, Unreachable, ask, origin_of
from api.oidc.tokens import Claims, Key, UnknownKey, Untrusted, read_keys, verify
from api.strict import parse_json
from gridmap.errors import IdentityUnavailable
from gridmap.services.ports import Clock
from gridmap.settings import Settings

log = logging.getLogger("gridmap.access")

#: Where the identity service sends readers back to.
RETURN_PATH = "/sign-in/return"
_DISCOVERY = "/.well-known/openid-configuration"
#: Seconds for which its addresses and its keys are believed.
_BELIEVED_S = 3_600.0
#: Seconds between two looks for keys that were not there: a flood of strange tokens must not become one of questions.
_KEYS_EVERY_S = 60.0
#: Exchanges with it at once; each holds a thread.
_AT_ONCE = 4
_MAX_DEPTH = 16

Ask = Callable[..., Reply]


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt: where the reader goes, and the secret that the browser keeps for the way back."""

    address: str
    secret: str


@dataclass(frozen=True, slots=True)
class _Endpoints:
    authorization: str
    token: str
    keys: str
    #: The client's secret goes into a header, unless only the form is known.
    basic: bool
    #: It says in its answer who it is (RFC 9207).
    names_itself: bool


class Provider:
    """One identity service, as the settings name it."""

    def __init__(
        self, settings: Settings, clock: Clock, *, ask: Ask = ask, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.issuer = settings.oidc_issuer
        self.title = settings.oidc_title
        self._origin: Origin = origin_of(self.issuer)
        self._client_id = settings.oidc_client_id
        self._client_secret = settings.oidc_client_secret
        self._algorithms = frozenset(part.strip() for part in settings.oidc_algorithms.split(","))
        self._return = settings.public_url.rstrip("/") + RETURN_PATH
        self._clock = clock
        self._ask = ask
        self._now = now
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        self._endpoints: tuple[_Endpoints, float] | None = None
        self._keys: tuple[tuple[Key, ...], float] | None = None

    def begin(self) -> Begun:
        """Begin an attempt.

        Raises
        ------
        IdentityUnavailable
            ``oidc_unreachable``, ``oidc_misconfigured``.
        TooManyRequests
            ``sign_in_busy``.
        """
        secret = secrets.token_urlsafe(32)
        with self._exchange():
            endpoints = self._discover()
        challenge = _b64(sha256(_derived(secret, "verifier").encode("ascii")).digest())
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._return,
            "scope": "openid profile",
            "state": _derived(secret, "state"),
            "nonce": _derived(secret, "nonce"),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in endpoints.authorization else "?"
        return Begun(endpoints.authorization + joint + urlencode(query), secret)

    def finish(self, secret: str, code: str, state: str, issuer: str | None) -> Claims:
        """Give who came back from an attempt.

        Raises
        ------
        Untrusted
            Who came back did not go out from here, or what the identity service says cannot be taken.
        IdentityUnavailable, TooManyRequests
            As ``begin``.
        """
        if not secret or not hmac.compare_digest(_derived(secret, "state").encode(), state.encode()):
            raise Untrusted("state")
        with self._exchange():
            endpoints = self._discover()
            if issuer != self.issuer and (issuer is not None or endpoints.names_itself):
                raise Untrusted("issuer")
            token = self._exchange_code(endpoints, code, _derived(secret, "verifier"))
            try:
                return self._verify(token, self._known_keys(endpoints), secret)
            except UnknownKey:
                return self._verify(token, self._known_keys(endpoints, older_than_s=_KEYS_EVERY_S), secret)

    def _verify(self, token: object, keys: tuple[Key, ...], secret: str) -> Claims:
        return verify(
            token,
            keys,
            issuer=self.issuer,
            client_id=self._client_id,
            algorithms=self._algorithms,
            nonce=_derived(secret, "nonce"),
            now=self._clock.now(),
        )

    @contextmanager
    def _exchange(self) -> Any:
        """Hold one of the exchanges at once; say as one of ours what went wrong in it."""
        if not self._room.acquire(timeout=2.0):
            raise TooManyRequests("sign_in_busy", retry_after_s=5)
        try:
            yield
        except Unreachable as error:
            log.warning("the identity service cannot be asked: %s", error)
            raise IdentityUnavailable("oidc_unreachable") from None
        finally:
            self._room.release()

    def _json(self, reply: Reply) -> Mapping[str, Any]:
        if reply.status != 200:
            raise Unreachable("status")
        try:
            found = parse_json(reply.body, max_depth=_MAX_DEPTH)
        except NotParsable:
            raise Unreachable("body") from None
        if not isinstance(found, dict):
            raise Unreachable("body")
        return found

    def _discover(self) -> _Endpoints:
        known, now = self._endpoints, self._now()
        if known is not None and now - known[1] < _BELIEVED_S:
            return known[0]
        found = self._json(self._ask(self.issuer.rstrip("/") + _DISCOVERY, self._origin))
        endpoints = self._read(found)
        self._endpoints = (endpoints, now)
        return endpoints

    def _read(self, found: Mapping[str, Any]) -> _Endpoints:
        """Read what the service says of itself: who it is, and addresses at its own origin."""
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        addresses = [found.get(name) for name in names]
        methods = found.get("code_challenge_methods_supported", ["S256"])
        good = found.get("issuer") == self.issuer and isinstance(methods, list) and "S256" in methods
        for address in addresses:
            try:
                good = good and isinstance(address, str) and origin_of(address) == self._origin
            except ValueError:
                good = False
        if not good:
            log.warning("the identity service is not the one that is configured, or its addresses are elsewhere")
            raise IdentityUnavailable("oidc_misconfigured")
        ways = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = isinstance(ways, list) and ("client_secret_basic" in ways or "client_secret_post" not in ways)
        names_itself = found.get("authorization_response_iss_parameter_supported") is True
        authorization, token, keys = map(str, addresses)
        return _Endpoints(authorization, token, keys, basic, names_itself)

    def _known_keys(self, endpoints: _Endpoints, older_than_s: float = _BELIEVED_S) -> tuple[Key, ...]:
        with self._lock:
            known, now = self._keys, self._now()
            if known is not None and now - known[1] < older_than_s:
                return known[0]
            found = read_keys(self._json(self._ask(endpoints.keys, self._origin)))
            self._keys = (found, now)
            return found

    def _exchange_code(self, endpoints: _Endpoints, code: str, verifier: str) -> object:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._return,
            "code_verifier": verifier,
        }
        headers = {}
        secret = None if self._client_secret is None else self._client_secret.get_secret_value()
        if secret is not None and endpoints.basic:
            pair = f"{quote_plus(self._client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = "Basic " + b64encode(pair.encode("ascii")).decode("ascii")
        else:
            form["client_id"] = self._client_id
            if secret is not None:
                form["client_secret"] = secret
        reply = self._ask(endpoints.token, self._origin, form=form, headers=headers)
        if reply.status in (400, 401, 403):
            raise Untrusted("code")
        return self._json(reply).get("id_token")


def refused() -> NotSignedIn:
    """Give what is said to whom the identity service does not vouch for."""
    return NotSignedIn("oidc_refused")


def _derived(secret: str, use: str) -> str:
    """Give one of the three words of an attempt; none of them tells another, or the secret."""
    return _b64(hmac.digest(secret.encode("ascii"), use.encode("ascii"), "sha256"))


def _b64(value: bytes) -> str:
    return urlsafe_b64encode(value).decode("ascii").rstrip("=")
