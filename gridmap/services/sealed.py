"""Secrets that have to be read again, sealed under a key that does not lie in the store: those of authenticators."""

import os
from base64 import b64decode, b64encode
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gridmap.errors import StoreUnavailable
from gridmap.settings import Settings

_MARK = "gcm:"
_NONCE = 12


class Sealer:
    """Seals secrets of accounts with the key of the settings; without one they are kept as they are."""

    def __init__(self, settings: Settings) -> None:
        key = settings.secret_key
        self._cipher = None if key is None else AESGCM(sha256(key.get_secret_value().encode("utf-8")).digest())

    def seal(self, secret: str, account_id: str) -> str:
        """Give what is stored of a secret; it opens for this account alone."""
        if self._cipher is None:
            return secret
        nonce = os.urandom(_NONCE)
        sealed = self._cipher.encrypt(nonce, secret.encode("ascii"), account_id.encode("utf-8"))
        return _MARK + b64encode(nonce + sealed).decode("ascii")

    def open(self, kept: str, account_id: str) -> str:
        """Give a secret; one that was stored before there was a key is as it is.

        Raises
        ------
        StoreUnavailable
            ``secret_unreadable``: sealed with another key, or for another account.
        """
        if not kept.startswith(_MARK):
            return kept
        try:
            raw = b64decode(kept.removeprefix(_MARK), validate=True)
            if self._cipher is None:
                raise ValueError
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], account_id.encode("utf-8")).decode("ascii")
        except (ValueError, InvalidTag):
            raise StoreUnavailable("secret_unreadable") from None
