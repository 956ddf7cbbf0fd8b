"""What takes seconds to read and may be some seconds old: given at once, and read again behind the reader's back."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

log = logging.getLogger("gridmap.services")

T = TypeVar("T")


class _Held(NamedTuple, Generic[T]):
    value: T
    token: Hashable
    at: float


class OfReader(Generic[T]):
    """What is kept for readers who see the same part of the store."""

    def __init__(self, lately: "Lately[T]", reader: Hashable) -> None:
        self._lately, self._reader = lately, reader

    def get(self, key: Hashable, token: Callable[[], Hashable], read: Callable[[], T]) -> T:
        """As ``Lately.get``, for these readers."""
        return self._lately.get((self._reader, key), token, read)

    def find(self, key: Hashable) -> T | None:
        """As ``Lately.find``, for these readers."""
        return self._lately.find((self._reader, key))


class Lately(Generic[T]):
    """Keeps values that were read lately. Safe for threads; whoever comes first waits, the others wait for him.

    A value is given as it is until it is ``fresh_s`` old; then, where its token says that something changed, it is read
    again in the background and given meanwhile, until it is ``most_s`` old: nobody gets anything older.

    Parameters
    ----------
    fresh_s, most_s : float
        Seconds.
    keep : int
        Values kept, the least recently used ones go first.
    """

    def __init__(self, fresh_s: float, most_s: float, keep: int = 4, now: Callable[[], float] = time.monotonic) -> None:
        self._fresh_s, self._most_s, self._keep, self._now = fresh_s, most_s, keep, now
        self._held: OrderedDict[Hashable, _Held[T]] = OrderedDict()
        self._reading: dict[Hashable, threading.Lock] = {}
        self._again: set[Hashable] = set()
        self._lock = threading.Lock()
        self._background: Executor | None = None

    def get(self, key: Hashable, token: Callable[[], Hashable], read: Callable[[], T]) -> T:
        """Give the value of a key; ``token`` says which state of the store it stands for, ``read`` reads it."""
        held = self._kept(key)
        if held is None or self._now() - held.at >= self._most_s:
            return self._read(key, token, read).value
        if self._now() - held.at >= self._fresh_s:
            if held.token == token():
                self._keep_it(key, held._replace(at=self._now()))
            else:
                self._read_later(key, token, read)
        return held.value

    def part(self, reader: Hashable) -> OfReader[T]:
        """Give the part for readers who see the same; their values are never given to others."""
        return OfReader(self, reader)

    def close(self) -> None:
        """Stop reading in the background."""
        with self._lock:
            background, self._background = self._background, None
        if background is not None:
            background.shutdown(wait=True, cancel_futures=True)

    def find(self, key: Hashable) -> T | None:
        """Give what is kept of a key, however old; None: nothing."""
        held = self._kept(key)
        return None if held is None else held.value

    def _kept(self, key: Hashable) -> _Held[T] | None:
        with self._lock:
            held = self._held.get(key)
            if held is not None:
                self._held.move_to_end(key)
            return held

    def _keep_it(self, key: Hashable, held: _Held[T]) -> None:
        with self._lock:
            self._held[key] = held
            self._held.move_to_end(key)
            while len(self._held) > self._keep:
                self._held.popitem(last=False)

    def _read(self, key: Hashable, token: Callable[[], Hashable], read: Callable[[], T]) -> _Held[T]:
        asked = self._now()
        with self._lock:
            turn = self._reading.setdefault(key, threading.Lock())
        with turn:
            held = self._kept(key)
            # somebody read it while we waited
            if held is not None and (held.at >= asked or self._now() - held.at < self._fresh_s):
                return held
            # the token before the value: what is committed in between is read again
            stamp, at = token(), self._now()
            held = _Held(read(), stamp, at)
            self._keep_it(key, held)
        with self._lock:
            self._reading.pop(key, None)
        return held

    def _read_later(self, key: Hashable, token: Callable[[], Hashable], read: Callable[[], T]) -> None:
        def again() -> None:
            try:
                self._read(key, token, read)
            except Exception:
                log.exception("not read again")  # whoever comes when it is too old hears why
            finally:
                with self._lock:
                    self._again.discard(key)

        with self._lock:
            if key in self._again:
                return
            self._again.add(key)
            if self._background is None:
                self._background = ThreadPoolExecutor(1, thread_name_prefix="lately")
            self._background.submit(again)
