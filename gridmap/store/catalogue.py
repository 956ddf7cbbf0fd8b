"""Sets and versions as they were last read, for all units of work of a store that ask while nobody changed them."""

import threading
from collections.abc import Hashable
from typing import Any


class Catalogue:
    """Keeps what was read under one stamp. Safe for threads.

    A stamp is random and new with each change (``migrations.stamps``), also with one that is never committed, so equal
    stamps mean the same sets and versions. Nothing that is kept may be changed by whoever gets it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stamp: str | None = None
        self._kept: dict[Hashable, Any] = {}

    def find(self, stamp: str, key: Hashable) -> Any | None:
        """Give what is kept under a stamp; None where nothing is."""
        with self._lock:
            return self._kept.get(key) if self._stamp == stamp else None

    def keep(self, stamp: str, key: Hashable, found: Any) -> None:
        """Keep what was read while a stamp stood; what is kept under another one is forgotten."""
        with self._lock:
            if self._stamp != stamp:
                self._stamp, self._kept = stamp, {}
            self._kept[key] = found
