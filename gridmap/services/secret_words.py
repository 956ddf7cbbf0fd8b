"""Words that open a door: tokens, the set-up code, and codes of an authenticator (RFC 6238). Only hashes are kept."""

import hashlib
import hmac
import secrets
from datetime import datetime

import pyotp

from gridmap.domain.access import Kind

#: What a token of each kind of account begins with, so that it is known when it is found where it does not belong.
PREFIX = {Kind.PERSON: "gm_s_", Kind.KEY: "gm_k_", Kind.DEVICE: "gm_d_"}
#: 256 bits, in base64url without padding.
_BYTES, _LENGTH = 32, 43
#: Without the letters that look like others.
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
#: Seconds of one code, and how many codes before and after the present one are taken: clocks differ.
STEP_S = 30
DRIFT = 1


def new_token(kind: Kind) -> tuple[str, str]:
    """Make a token; give it and its hash."""
    token = PREFIX[kind] + secrets.token_urlsafe(_BYTES)
    return token, hash_of(token)


def kind_of(token: str) -> Kind | None:
    """Tell what kind of account a token would be of; None for what is no token."""
    if len(token) != len(PREFIX[Kind.KEY]) + _LENGTH or not token.isascii():
        return None
    return next((kind for kind, start in PREFIX.items() if token.startswith(start)), None)


def hash_of(word: str) -> str:
    """Give what is kept of a word that nobody can guess: SHA-256 in hex. For passwords see ``Passwords``."""
    return hashlib.sha256(word.encode("utf-8", "surrogatepass")).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two hashes in a time that does not tell how much of them is equal."""
    return hmac.compare_digest(one.encode(), other.encode())


def new_set_up_code() -> str:
    """Make a code to read off a screen: 100 bits in five groups."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(5))


def plain_set_up_code(typed: str) -> str:
    """Give a set-up code as it was made, however it was typed."""
    letters = "".join(c for c in typed[:64].upper() if c in _ALPHABET)
    return "-".join(letters[i : i + 4] for i in range(0, len(letters), 4))


def new_totp_secret() -> str:
    """Make a secret for an authenticator: 160 bits in base 32."""
    return pyotp.random_base32()


def totp_address(secret: str, name: str, issuer: str) -> str:
    """Give the ``otpauth://`` address that an authenticator reads from a picture."""
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=name, issuer_name=issuer)


def totp_step(secret: str, code: str, now: datetime, *, after: int) -> int | None:
    """Give the step of time whose code this is; None where it is no code of now, or of a step up to ``after``."""
    digits = "".join(code[:16].split())
    if not (len(digits) == 6 and digits.isascii() and digits.isdigit()):
        return None
    present = int(now.timestamp()) // STEP_S
    codes = pyotp.HOTP(secret)
    for step in range(present - DRIFT, present + DRIFT + 1):
        if step > after and same(codes.at(step), digits):
            return step
    return None
