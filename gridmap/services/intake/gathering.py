"""What comes while a unit of work is being made lasting waits, and goes into the next one together.

Nobody waits for others to come: a batch that finds the desk free is kept at once, and the more there is to do, the more
is done with one commit.
"""

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from gridmap.errors import StoreUnavailable
from gridmap.services.intake.desk import Desk
from gridmap.services.intake.items import Batch, Done

#: Batches, and points in them, that go into one unit of work. One batch may be larger.
MOST = 200
MOST_POINTS = 2_000
#: Batches that wait; more are sent away until the store keeps up.
MOST_WAITING = 2_000

Waiting = tuple[Batch, "Future[Done]"]


class Intake:
    """Lets batches come together before a desk. Safe for threads; one thread of its own works at the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._waiting: deque[Waiting] = deque()
        self._working = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="intake")

    def hand_in(self, batch: Batch) -> "Future[Done]":
        """Hand in a batch; those of one caller are kept in the order in which they came.

        Returns
        -------
        Future of Done
            Over when what it says lasts, or with the error of this batch.

        Raises
        ------
        StoreUnavailable
            ``store_busy``.
        """
        future: Future[Done] = Future()
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                raise StoreUnavailable("store_busy")
            self._waiting.append((batch, future))
            if not self._working:
                self._thread.submit(self._work)
                self._working = True
        return future

    def close(self) -> None:
        """Keep what waits, then stop."""
        self._thread.shutdown(wait=True)

    def _next(self) -> list[Waiting]:
        """Take what goes into one unit of work; nothing where nobody waits any more."""
        taken: list[Waiting] = []
        points = 0
        with self._lock:
            while self._waiting and len(taken) < MOST:
                batch, future = self._waiting[0]
                if taken and points + len(batch.points) > MOST_POINTS:
                    break
                self._waiting.popleft()
                if future.set_running_or_notify_cancel():
                    taken.append((batch, future))
                    points += len(batch.points)
            self._working = bool(taken)
        return taken

    def _work(self) -> None:
        while taken := self._next():
            self._keep(taken)

    def _keep(self, taken: Sequence[Waiting]) -> None:
        try:
            outcomes = self._desk.keep([batch for batch, _ in taken])
        except BaseException as error:
            for _, future in taken:
                future.set_exception(error)
            return
        for (_, future), outcome in zip(taken, outcomes, strict=True):
            if isinstance(outcome, Done):
                future.set_result(outcome)
            else:
                future.set_exception(outcome)
