"""Asking the one identity service that is configured, and nobody else: so long, so much, and where its name leads.

No redirect is followed and no proxy of the environment is used. The address that was checked is the one that is
connected to, so a name that leads elsewhere the next moment leads nowhere.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

#: Bytes of an answer that are read at most.
MAX_BYTES = 262_144
#: Seconds for a whole exchange, once the name is resolved.
DEADLINE_S = 8.0

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Unreachable(Exception):
    """The identity service did not answer, or not in a way that can be read."""


class Origin(NamedTuple):
    """Scheme, host and port of an address."""

    scheme: str
    host: str
    port: int


class Reply(NamedTuple):
    """An answer: its status and its body."""

    status: int
    body: bytes


def origin_of(address: str) -> Origin:
    """Give the origin of an address of an identity service.

    Raises
    ------
    ValueError
        It is not https (or http on loopback), or names a user.
    """
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK_NAMES)
    if not secure or not host or parts.username is not None or parts.fragment or "\\" in address:
        raise ValueError("an identity service is asked over https, or on loopback")
    return Origin(parts.scheme, host, parts.port or (443 if parts.scheme == "https" else 80))


def ask(
    address: str,
    allowed: Origin,
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    deadline_s: float = DEADLINE_S,
) -> Reply:
    """Ask the identity service for JSON.

    Parameters
    ----------
    address : str
    allowed : Origin
        Where alone may be asked.
    form : mapping, optional
        Posted; without it the address is got.

    Raises
    ------
    Unreachable
    """
    try:
        origin = origin_of(address)
    except ValueError:
        raise Unreachable("address") from None
    if origin != allowed:
        raise Unreachable("origin")
    parts = urlsplit(address)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close", **(headers or {})}
    body = None
    if form is not None:
        body = urlencode(form)
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    connection = _Connection(origin, deadline_s)
    cut = threading.Timer(deadline_s, connection.cut)
    cut.daemon = True
    cut.start()
    try:
        connection.request("GET" if body is None else "POST", target, body, sent)
        answer = connection.getresponse()
        if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise Unreachable("encoding")
        if "json" not in answer.headers.get_content_type():
            raise Unreachable("type")
        read = answer.read(MAX_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError):
        raise Unreachable("connection") from None
    finally:
        cut.cancel()
        connection.close()
    if len(read) > MAX_BYTES:
        raise Unreachable("size")
    return Reply(answer.status, read)


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was looked at before, which can be cut from another thread."""

    def __init__(self, origin: Origin, seconds: float) -> None:
        super().__init__(origin.host, origin.port, timeout=seconds)
        self._origin = origin

    def connect(self) -> None:
        """Resolve the name, check where it leads, and connect there."""
        origin = self._origin
        found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        for address in addresses:
            require_allowed(address, loopback=origin.host in _LOOPBACK_NAMES)
        self.sock = socket.create_connection((addresses[0], origin.port), self.timeout)
        if origin.scheme == "https":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=origin.host)

    def cut(self) -> None:
        """End what is under way."""
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


def require_allowed(address: str, *, loopback: bool) -> None:
    """Check an address that a name leads to.

    Addresses inside the city's network are usual. What no identity service has are those of this machine (unless it
    was named so), of the local link (where clouds keep their secrets), of many, and of nobody.

    Raises
    ------
    OSError
    """
    found = ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    if found.is_loopback != loopback or found.is_link_local or found.is_multicast or found.is_unspecified:
        raise OSError("the name of the identity service leads to an address that it cannot have")
