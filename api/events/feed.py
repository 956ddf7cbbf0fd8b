"""One look at the store for all who follow it: a task of the process asks what is new, while anybody listens."""

import asyncio
import logging
from collections import deque
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from api.events.positions import Position, Positions, asked_by, read
from gridmap.domain.events import PASSING, Happened
from gridmap.errors import GridmapError
from gridmap.services.ports import Clock, EventMark, Store

log = logging.getLogger("gridmap.api")

#: Seconds between two looks.
EVERY_S = 0.2
#: Events kept in memory for those who are a little behind; who is further behind reads from the store.
_KEPT = 5_000
#: Events read at once.
_PART = 1_000


class Feed:
    """The newest events of a store, and where units are. All of it but the reading happens in one event loop."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._listeners = 0
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._ring: deque[Happened] = deque(maxlen=_KEPT)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="events")
        #: Up to where events are known here, and from where on they are in memory; None: not looked yet.
        self.newest: int | None = None
        self._floor = 0
        self.mark = EventMark()
        self.looks = 0
        self.positions = Positions()

    def join(self) -> None:
        """Begin to listen; end with ``leave``."""
        self._listeners += 1
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def leave(self) -> None:
        """Stop to listen; with the last one, nothing is asked any more."""
        self._listeners -= 1
        if self._listeners == 0 and self._task is not None:
            self._task.cancel()
            self._task, self.newest = None, None
            self._ring.clear()
            self.positions.forget()

    def close(self) -> None:
        """Stop asking for good."""
        self._reader.shutdown(wait=False)

    async def wait(self, seconds: float) -> None:
        """Wait for something new, so long and no longer."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass

    def since(self, number: int) -> list[Happened] | None:
        """Give the events after a number; None: that was too long ago to be in memory."""
        if self.newest is None or number < self._floor:
            return None
        if number >= self.newest:
            return []
        return [happened for happened in self._ring if happened.number > number]

    async def _run(self) -> None:
        seen: Hashable = None
        while True:
            try:
                # a store in this machine says in microseconds whether anything was written
                revision = self._store.revision() if self._store.local else None
                anew = self.newest is None or (self.positions.wanted and not self.positions.whole)
                if anew or revision is None or revision != seen:
                    await self._look()
                    seen = revision
            except GridmapError as error:
                log.info("not looked for events: %s", error.code)
            if self.positions.tell(asyncio.get_running_loop().time()):
                self._tell()
            await asyncio.sleep(EVERY_S)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        if self.newest is None:
            self.mark, self._floor = await loop.run_in_executor(self._reader, self._first)
            self.newest = self._floor
            self._tell()
            return
        while True:
            self.looks += 1
            now, whole = self._clock.now(), self.positions.wanted and not self.positions.whole
            mark, found, seen = await loop.run_in_executor(self._reader, self._read, self.newest, now, whole)
            self.mark = mark
            self.positions.take(seen, now, whole=whole)
            lasting = [happened for happened in found if happened.event.kind not in PASSING]
            for happened in lasting:
                if len(self._ring) == _KEPT:
                    self._floor = self._ring[0].number
                self._ring.append(happened)
            if found:
                self.newest = found[-1].number
            if lasting:
                self._tell()
            if len(found) < _PART:
                return

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _first(self) -> tuple[EventMark, int]:
        with self._store.unit_of_work() as work:
            return work.events.mark(), work.events.newest()

    def _read(self, after: int, now: datetime, whole: bool) -> tuple[EventMark, list[Happened], list[Position]]:
        with self._store.unit_of_work() as work:
            found = work.events.page(None, after=after, limit=_PART)
            # after the events: a position is at least as new as what tells of it
            seen = read(work, now, None if whole else asked_by(found)) if self.positions.wanted else []
            return (work.events.mark() if found or self.mark.key is None else self.mark), found, seen
