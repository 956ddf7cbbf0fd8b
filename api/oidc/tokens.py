"""What an ID token must be before its word is taken (OpenID Connect Core 3.1.3.7, RFC 8725). Nothing here asks anybody.

PyJWT proves the signature, issuer and audience. What it would let pass is refused before: headers that name keys or
lead elsewhere, encryption, sizes; and times are held against the clock of the service.
"""

import binascii
import hmac
import json
import math
from base64 import b64decode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

#: Algorithms that can be allowed, and what keys they take. None of them is symmetric: our secret signs nothing.
ALGORITHMS: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
}
MAX_TOKEN = 16_384
MAX_KEYS = 50
#: Seconds by which two clocks may differ.
LEEWAY_S = 60
#: Seconds after it was issued in which a token must have come here.
FRESH_S = 600
_MIN_RSA_BITS = 2_048
#: What a header may hold. Names of keys only: nothing that brings a key along, or says where one lies.
_HEADER = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
_LONGEST = 255


class Untrusted(Exception):
    """A token, or an answer, whose word is not taken; ``reason`` is for the trail, never for who showed it."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class UnknownKey(Untrusted):
    """Signed with a key that is not in the set, which may be a newer one."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key of the identity service."""

    kid: str | None
    algorithm: str
    key: Any


@dataclass(frozen=True, slots=True)
class Claims:
    """What is taken from a token: who it is for life, and how they are called there."""

    subject: str
    name: str = ""
    title: str = ""


def read_keys(document: Any) -> tuple[Key, ...]:
    """Read a key set (RFC 7517); keys that sign nothing we would take are left out.

    Raises
    ------
    Untrusted
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise Untrusted("keys")
    return tuple(key for entry in entries if isinstance(entry, dict) for key in _keys_of(entry))


def _keys_of(entry: Mapping[str, Any]) -> list[Key]:
    if entry.get("use", "sig") != "sig":
        return []
    kid = entry.get("kid")
    if kid is not None and not isinstance(kid, str):
        return []
    found = []
    for algorithm, (kind, curve) in ALGORITHMS.items():
        if entry.get("kty") != kind or entry.get("crv") != curve or entry.get("alg", algorithm) != algorithm:
            continue
        try:
            # only what makes the public key: no chains, no addresses, no private half
            parts = {name: entry[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in entry}
            key = jwt.PyJWK(parts, algorithm=algorithm).key
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            continue
        if not isinstance(key, RSAPublicKey) or key.key_size >= _MIN_RSA_BITS:
            found.append(Key(kid, algorithm, key))
    return found


def verify(
    token: object,
    keys: Sequence[Key],
    *,
    issuer: str,
    client_id: str,
    algorithms: Collection[str],
    nonce: str,
    now: datetime,
) -> Claims:
    """Give who a token is about.

    Raises
    ------
    UnknownKey
        It may be good, but is signed with a key that is not among these.
    Untrusted
    """
    if not isinstance(token, str) or len(token) > MAX_TOKEN or not token.isascii():
        raise Untrusted("size")
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):
        raise Untrusted("form")  # five parts: it is encrypted
    header = _object(parts[0])
    if not header.keys() <= _HEADER:
        raise Untrusted("header")
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in algorithms or algorithm not in ALGORITHMS:
        raise Untrusted("algorithm")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise Untrusted("type")
    key = _key(keys, algorithm, kid)
    _object(parts[1])  # refused before any work is done with it
    try:
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[algorithm],
            issuer=issuer,
            audience=client_id,
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": ["iss", "aud", "sub"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Untrusted(_REASONS.get(type(error), "claims")) from None
    _check_times(claims, now)
    _check_parties(claims, client_id)
    if not isinstance(claims.get("nonce"), str) or not hmac.compare_digest(claims["nonce"].encode(), nonce.encode()):
        raise Untrusted("nonce")
    subject = claims["sub"]
    if not isinstance(subject, str) or not 1 <= len(subject) <= _LONGEST or not subject.isprintable():
        raise Untrusted("subject")
    return Claims(subject, _short(claims.get("preferred_username")), _short(claims.get("name")))


_REASONS: Mapping[type[Exception], str] = {
    jwt.InvalidIssuerError: "issuer",
    jwt.InvalidAudienceError: "audience",
    jwt.InvalidSignatureError: "signature",
}


def _object(part: str) -> Mapping[str, Any]:
    """Read a part of a token: one JSON object in base64url, no name twice."""
    try:
        raw = b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        found = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, binascii.Error, RecursionError):
        raise Untrusted("form") from None
    if not isinstance(found, dict):
        raise Untrusted("form")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _key(keys: Sequence[Key], algorithm: str, kid: object) -> Key:
    """Find the key by its name, which is compared and never used for anything else."""
    if kid is not None and not isinstance(kid, str):
        raise Untrusted("header")
    fitting = [key for key in keys if key.algorithm == algorithm and (kid is None or key.kid == kid)]
    if not fitting:
        raise UnknownKey("key")
    if len(fitting) > 1:
        raise Untrusted("key")
    return fitting[0]


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    present = now.timestamp()
    ends, issued, begins = (_time(claims, name) for name in ("exp", "iat", "nbf"))
    if ends is None or issued is None:
        raise Untrusted("claims")
    if ends + LEEWAY_S <= present:
        raise Untrusted("expired")
    if issued > present + LEEWAY_S or issued < present - FRESH_S or (begins or 0) > present + LEEWAY_S:
        raise Untrusted("time")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Untrusted("claims")
    return value


def _check_parties(claims: Mapping[str, Any], client_id: str) -> None:
    """Who was meant: with several audiences, or where it is said, the party it was issued to must be us."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client_id) != client_id:
        raise Untrusted("party")


def _short(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST and value.isprintable() else ""
