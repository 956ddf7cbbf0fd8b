"""Places among events, sealed: what a reader remembers to go on from.

The number of an event tells how much happens elsewhere. So a place is encrypted for its reader, and anew each time:
that two of them differ says nothing either.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gridmap.errors import InvalidInput

#: Before the first event of all.
BEGINNING = "0"
_NONCE = 12
_LENGTH = 48  # 12 + 8 + 16 bytes in base64url


class Places:
    """Seals and reads the places of one reader."""

    def __init__(self, key: str | None, reader: str) -> None:
        self._cipher = None if key is None else AESGCM(bytes.fromhex(key))
        self._reader = reader.encode("utf-8")

    def seal(self, number: int) -> str:
        """Give the place after an event."""
        if self._cipher is None or number == 0:
            return BEGINNING
        nonce = os.urandom(_NONCE)
        return urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, number.to_bytes(8, "big"), self._reader)).decode()

    def read(self, place: str) -> int:
        """Give the number of the event after which a place is.

        Raises
        ------
        InvalidInput
            ``bad_cursor``: not made by this store, or for somebody else.
        """
        if place == BEGINNING:
            return 0
        try:
            raw = urlsafe_b64decode(place.encode("ascii"))
            if self._cipher is None or len(place) != _LENGTH:
                raise ValueError
            return int.from_bytes(self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], self._reader), "big")
        except (ValueError, InvalidTag):
            raise InvalidInput("bad_cursor") from None
