"""Whether what was read a moment ago is still what is stored, without asking for it again."""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Executor, ThreadPoolExecutor

from gridmap.errors import GridmapError
from gridmap.services.ports import Store, Subject

#: A change in a store on a server is seen after this time at the latest. It is mostly seen after ``_ASK_AFTER_S``; the
#: rest is room for a busy machine, which would be busier yet if every answer were read from the store.
SEEN_WITHIN_S = 0.5
#: A store on a server is asked again when what it last said is older than this.
_ASK_AFTER_S = 0.03


class Freshness:
    """Gives a token that stands for what is stored of a subject: equal ones mean the same data.

    A store in this machine (``Store.local``) is asked each time, so a commit is seen at once. One on a server is asked
    in the background while somebody wants to know, so a commit is seen within ``SEEN_WITHIN_S``.

    What is kept under a token must have been read after the token was: then it is as new as the token or newer.
    """

    def __init__(self, store: Store, of: Subject, now: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._of = of
        self._now = now
        self._lock = threading.Lock()
        self._asking = False
        self._seen: tuple[Hashable, float] | None = None
        self._background: Executor | None = None

    def token(self) -> Hashable | None:
        """Give the token; None: not known at the moment, so nothing kept may be used.

        Raises
        ------
        StoreUnavailable
            For a store in this machine.
        """
        if self._store.local:
            return self._store.revision(self._of)
        seen, now = self._seen, self._now()
        age = float("inf") if seen is None else now - seen[1]
        if age > _ASK_AFTER_S:
            self._ask()
        return seen[0] if seen is not None and age <= SEEN_WITHIN_S else None

    def close(self) -> None:
        """Stop asking."""
        with self._lock:
            background, self._background = self._background, None
            self._asking = True
        if background is not None:
            background.shutdown(wait=True)

    def _ask(self) -> None:
        if self._asking:
            return
        with self._lock:
            if self._asking:
                return
            self._asking = True
            if self._background is None:
                self._background = ThreadPoolExecutor(1, thread_name_prefix="freshness")
            self._background.submit(self._read)

    def _read(self) -> None:
        # the time before the question: what is committed during it may or may not be in the answer
        asked = self._now()
        try:
            self._seen = (self._store.revision(self._of), asked)
        except GridmapError:
            self._seen = None  # whoever wants an answer asks the store itself, and hears why it has none
        finally:
            self._asking = False
