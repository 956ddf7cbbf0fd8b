"""What takes a while to make: made once for everybody who asks the same, and kept while it is true."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Part(Generic[T]):
    """What is kept for readers who see the same part of the store; it lies in the same cache as everybody else's."""

    def __init__(self, kept: "Kept[T]", reader: Hashable) -> None:
        self._kept = kept
        self._reader = reader

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Give the value of a key for these readers, made by ``make`` if it is not there."""
        return self._kept.get((self._reader, key), make)

    def peek(self, key: Hashable) -> T | None:
        """Give the value of a key for these readers, if it is there."""
        return self._kept.peek((self._reader, key))

    def put(self, key: Hashable, value: T) -> None:
        """Keep the value of a key for these readers."""
        self._kept.put((self._reader, key), value)


class Kept(Generic[T]):
    """A small cache. Whoever comes while a value is being made waits for it instead of making it again.

    The key holds everything the value depends on; for stored data that is the store's ``revision``.

    Parameters
    ----------
    keep : int
        Values kept, the least recently used ones go first.
    """

    def __init__(self, keep: int = 16) -> None:
        self._keep = keep
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def part(self, reader: Hashable) -> Part[T]:
        """Give the part for readers who see the same; their values are never given to others."""
        return Part(self, reader)

    def peek(self, key: Hashable) -> T | None:
        """Give the value of a key, if it is there. Safe for threads."""
        with self._lock:
            return self._values.get(key)

    def put(self, key: Hashable, value: T) -> None:
        """Keep the value of a key. Safe for threads."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._keep:
                self._values.popitem(last=False)

    def __contains__(self, key: Hashable) -> bool:
        """Tell whether the value of a key is there."""
        with self._lock:
            return key in self._values

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Give the value of a key, made by ``make`` if it is not there. Safe for threads."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            flight = self._making.setdefault(key, threading.Lock())
        with flight:
            with self._lock:
                if key in self._values:
                    return self._values[key]
            try:
                made = make()
                self.put(key, made)
                return made
            finally:
                with self._lock:
                    self._making.pop(key, None)
