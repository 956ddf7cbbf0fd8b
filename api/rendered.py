"""Pages that take a second to make: made once for everybody who asks the same, and kept a while."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable


class Rendered:
    """A small cache of texts. Whoever comes while a text is being made waits for it instead of making it again.

    Parameters
    ----------
    keep : int
        Texts kept, the least recently used ones go first.
    ttl_s : float
        Seconds after which a text is made anew, for what its key does not see.
    """

    def __init__(self, keep: int = 16, ttl_s: float = 300.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._keep = keep
        self._ttl_s = ttl_s
        self._clock = clock
        self._texts: OrderedDict[Hashable, tuple[float, str]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], str]) -> str:
        """Give the text of a key, made by ``make`` if it is not there. Safe for threads."""
        with self._lock:
            found = self._find(key)
            if found is not None:
                return found
            flight = self._making.setdefault(key, threading.Lock())
        with flight:
            with self._lock:
                found = self._find(key)
            if found is not None:
                return found
            try:
                made = make()
                with self._lock:
                    self._texts[key] = (self._clock(), made)
                    self._texts.move_to_end(key)
                    while len(self._texts) > self._keep:
                        self._texts.popitem(last=False)
                return made
            finally:
                with self._lock:
                    self._making.pop(key, None)

    def _find(self, key: Hashable) -> str | None:
        made_at, text = self._texts.get(key, (0.0, None))
        if text is None or self._clock() - made_at > self._ttl_s:
            return None
        self._texts.move_to_end(key)
        return text
