"""Passwords: what is taken for one, and Argon2id (RFC 9106) to keep and to check them."""

import base64
import secrets
import threading
import unicodedata

import argon2

from gridmap.errors import InvalidInput, TextError, TooManyRequests
from gridmap.settings import Settings

MIN_LENGTH = 10
MAX_LENGTH = 256
#: Different characters that a password needs at least.
MIN_DISTINCT = 5

#: What people type who were asked for ten characters, without the digits around it.
_COMMON = frozenset(
    "password passw0rd p@ssw0rd p@ssword administrator administration qwertyuiop asdfghjkl zxcvbnm qwerty letmein "  # noqa: SIM905
    "welcome iloveyou changeme woaini woaiwojia wangge wanggehua wanggeyuan gridmap chengguan".split()
)
_ROWS = ("0123456789012345678901234567890", "abcdefghijklmnopqrstuvwxyz", "1qaz2wsx3edc4rfv5tgb6yhn7ujm")
#: Seconds that a check waits for its turn; each holds the stated memory.
_PATIENCE_S = 5.0


def require_good(password: str, name: str = "") -> str:
    """Check a new password; give the form in which it is kept and checked.

    Raises
    ------
    InvalidInput
        ``password_length``, ``password_guessable``.
    TextError
        ``password_unstorable``: NUL, or half a surrogate pair.
    """
    known = normal(password)
    if not MIN_LENGTH <= len(known) <= MAX_LENGTH:
        raise InvalidInput("password_length", least=MIN_LENGTH, most=MAX_LENGTH)
    bare = known.casefold()
    core = bare.strip("0123456789!@#$%^&*._-+= ")
    if (
        len(set(bare)) < MIN_DISTINCT
        or core in _COMMON
        or (name and core == name.casefold())
        or any(bare in row or bare[::-1] in row for row in _ROWS)
    ):
        raise InvalidInput("password_guessable", distinct=MIN_DISTINCT)
    return known


def normal(password: str) -> str:
    """Give a password in one form whatever keyboard it was typed on: Unicode NFC (RFC 8265).

    Raises
    ------
    InvalidInput
        ``password_length``.
    TextError
        ``password_unstorable``.
    """
    if len(password) > MAX_LENGTH * 4:  # before any work is done with it
        raise InvalidInput("password_length", least=MIN_LENGTH, most=MAX_LENGTH)
    if "\0" in password or any("\ud800" <= c <= "\udfff" for c in password):
        raise TextError("password_unstorable")
    return unicodedata.normalize("NFC", password)


class Passwords:
    """Hashes and checks passwords, so many at once and no more. Never call it inside a transaction: it takes its time.

    argon2-cffi lets other threads run meanwhile.
    """

    def __init__(self, settings: Settings) -> None:
        passes, memory, lanes = settings.password_passes, settings.password_memory_kib, settings.password_lanes
        self._hasher = argon2.PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=lanes)
        self._turns = threading.BoundedSemaphore(settings.passwords_at_once)
        # of no password: to check against it is as much work as against that of an account
        salt, end = (_b64(secrets.token_bytes(n)) for n in (16, 32))
        self._decoy = f"$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${end}"

    def hash(self, password: str) -> str:
        """Give what is kept of a password that ``require_good`` gave."""
        with self._turn():
            return self._hasher.hash(password)

    def check(self, password: str, kept: str | None) -> bool:
        """Tell whether a password is the one of which this was kept; None: of nobody's, with the same work.

        Raises
        ------
        InvalidInput, TextError
            As ``normal``.
        TooManyRequests
            ``sign_in_busy``.
        """
        known = normal(password)
        with self._turn():
            try:
                return self._hasher.verify(kept or self._decoy, known) and kept is not None
            except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                return False

    def outdated(self, kept: str) -> bool:
        """Tell whether what was kept was made with other settings."""
        return self._hasher.check_needs_rehash(kept)

    def _turn(self) -> "_Turn":
        return _Turn(self._turns)


class _Turn:
    """Holds one of the turns."""

    def __init__(self, turns: threading.BoundedSemaphore) -> None:
        self._turns = turns

    def __enter__(self) -> None:
        if not self._turns.acquire(timeout=_PATIENCE_S):
            raise TooManyRequests("sign_in_busy", retry_after_s=round(_PATIENCE_S))

    def __exit__(self, *exc: object) -> None:
        self._turns.release()


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii").rstrip("=")
