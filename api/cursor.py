"""Cursors: where the next page starts, opaque to the reader, signed, and bound to one question."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from gridmap.errors import InvalidInput

_TAG = 16
#: Longest cursor looked at; ours stay far below.
MAX_CURSOR = 1_024


class Cursors:
    """Makes and reads cursors with a key; the same key must serve all workers."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, reader: str) -> "Cursors":
        """Give the cursors of one reader, which are no good to others."""
        return Cursors(hmac.new(self._key, reader.encode("utf-8"), hashlib.sha256).digest())

    def make(self, question: Sequence[Any], after: Sequence[str]) -> str:
        """Give the cursor that continues a question (route and filters) after a key."""
        payload = json.dumps(list(after), ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        return base64.urlsafe_b64encode(self._tag(question, payload) + payload).decode("ascii").rstrip("=")

    def read(self, question: Sequence[Any], cursor: str | None) -> list[str] | None:
        """Give the key after which a cursor continues; None without a cursor.

        Raises
        ------
        InvalidInput
            ``bad_cursor``: not made by us, or for another question.
        """
        if cursor is None:
            return None
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise InvalidInput("bad_cursor") from None
        tag, payload = raw[:_TAG], raw[_TAG:]
        if len(cursor) > MAX_CURSOR or not hmac.compare_digest(tag, self._tag(question, payload)):
            raise InvalidInput("bad_cursor")
        return [str(part) for part in json.loads(payload)]

    def _tag(self, question: Sequence[Any], payload: bytes) -> bytes:
        asked = json.dumps([str(part) for part in question], ensure_ascii=False).encode("utf-8", "replace")
        return hmac.new(self._key, asked + b"\0" + payload, hashlib.sha256).digest()[:_TAG]
