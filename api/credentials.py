"""What a request shows to say who asks: a cookie or a bearer token; and whether a page of ours sent it."""

from base64 import b64decode
from typing import NamedTuple

from starlette.types import Scope

from gridmap.errors import NotAllowed

#: The prefix makes browsers hold it to this very host, over TLS or on loopback, and to no path or sibling host.
COOKIE = "__Host-gridmap"
#: Keeps an attempt to sign in at the identity service, until the browser comes back from there.
ATTEMPT = "__Host-gridmap-attempt"
#: Only sessions come in a cookie; a key or a device shows its token itself.
SESSION = "gm_s_"
#: Programs that know no bearer tokens, such as QGIS to 3.22, show a key as a password.
KEY = "gm_k_"
#: More than any token has; what is longer is none.
LONGEST_TOKEN = 128
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_COOKIE_NAME = COOKIE.encode("ascii")


class Shown(NamedTuple):
    """A token, and whether the browser sent it by itself."""

    token: str
    ambient: bool


def shown_by(scope: Scope) -> Shown | None:
    """Give the token that a request shows; a bearer token goes before a cookie. Empty: it shows what is none.

    A key may come as the password of whatever name (RFC 7617). Any other password is for somebody else: a proxy.
    """
    cookie = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = value.partition(b" ")
            if kind.lower() == b"bearer":
                return Shown(_plain(token.strip()), ambient=False)
            if kind.lower() == b"basic" and (password := _password(token)).startswith(KEY):
                # a browser that was once given a password sends it by itself, and says where a request comes from
                return Shown(
                    password, ambient=any(name in (b"sec-fetch-site", b"origin") for name, _ in scope["headers"])
                )
        elif name == b"cookie" and cookie is None:
            cookie = _in_cookie(value, _COOKIE_NAME)
    if cookie is None or not cookie.startswith(SESSION):
        return None
    return Shown(cookie, ambient=True)


def _password(said: bytes) -> str:
    if len(said) > 4 * LONGEST_TOKEN:
        return ""
    try:
        return _plain(b64decode(said.strip(), validate=True).partition(b":")[2])
    except ValueError:
        return ""


def attempt_of(scope: Scope) -> str:
    """Give what the browser keeps of an attempt to sign in at the identity service; empty: nothing."""
    found = (_in_cookie(value, ATTEMPT.encode("ascii")) for name, value in scope["headers"] if name == b"cookie")
    return next(filter(None, found), "")


def _in_cookie(header: bytes, wanted: bytes) -> str | None:
    for part in header.split(b";"):
        name, _, value = part.strip().partition(b"=")
        if name == wanted:
            return _plain(value)
    return None


def _plain(token: bytes) -> str:
    return token.decode("ascii") if len(token) <= LONGEST_TOKEN and token.isascii() else ""


def check_sender(scope: Scope, shown: Shown | None) -> None:
    """Check that what may change something was sent by a page of ours, or by a program.

    A browser says where a request comes from, and no script can say otherwise: by ``Sec-Fetch-Site``, an older one by
    ``Origin``, which must then be the host that was asked. With the cookie, which it sends by itself, one of them must
    be there. Behind a proxy the host may be another one than the browser's, so it counts only without the former.

    Raises
    ------
    NotAllowed
        ``cross_site``.
    """
    if scope["method"] in _SAFE or (shown is not None and not shown.ambient):
        return
    site = origin = host = None
    for name, value in scope["headers"]:
        if name == b"sec-fetch-site":
            site = value
        elif name == b"origin":
            origin = value
        elif name == b"host":
            host = value
    if site is not None:
        good = site in (b"same-origin", b"none")
    elif origin is not None:
        good = host is not None and origin.partition(b"://")[2].lower() == host.lower()
    else:
        good = shown is None
    if not good:
        raise NotAllowed("cross_site")


def check_host(scope: Scope, known: frozenset[str]) -> None:
    """Check that the service was asked for by a name of its own.

    Where nobody signs in, the name is all that tells a page of ours from one of a stranger whose name was made to lead
    to this machine (DNS rebinding).

    Raises
    ------
    NotAllowed
        ``host_unknown``.
    """
    asked = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1").lower()
    name, _, port = asked.rpartition(":")
    if (name if name and port.isdigit() else asked) not in known:
        raise NotAllowed("host_unknown")
