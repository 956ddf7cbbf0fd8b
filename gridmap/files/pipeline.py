"""Read, work and write at the same time, in order, with few items in memory."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def pipelined(
    items: Iterable[Item], work: Callable[[Item], Made], *, threads: int = 2, ahead: int = 2
) -> Generator[Made, None, None]:
    """Give ``work(item)`` of every item, in the order of the items.

    One thread takes the items, ``threads`` threads work, the caller consumes: the three overlap where they leave the
    interpreter, as Arrow, NumPy and compiled kernels do. Where one of them is slow the others wait.

    Parameters
    ----------
    items : iterable
        Taken by one thread alone, strictly in order.
    work : callable
        Called by several threads at once.
    threads : int
        How many work.
    ahead : int
        Items that may be taken beyond those being worked on; ``threads + ahead`` items are in memory at most.

    Notes
    -----
    The first failure, in the order of the items, is raised where its result would have been given. When the caller
    stops, by an exception or ``close()``, no further item is taken and the threads are gone before control returns.
    """
    source = iter(items)
    stop = threading.Event()

    def take() -> tuple[bool, Item | None]:
        if stop.is_set():
            return False, None
        try:
            return True, next(source)
        except StopIteration:
            return False, None

    def make(taken: "Future[tuple[bool, Item | None]]") -> tuple[bool, Made | None]:
        there, item = taken.result()
        return (True, work(item)) if there and not stop.is_set() else (False, None)  # type: ignore[arg-type]

    with (
        ThreadPoolExecutor(1, thread_name_prefix="gridmap-read") as reader,
        ThreadPoolExecutor(threads, thread_name_prefix="gridmap-work") as workers,
    ):
        waiting: deque[Future[tuple[bool, Made | None]]] = deque()
        try:
            for _ in range(threads + ahead):
                waiting.append(workers.submit(make, reader.submit(take)))
            while True:
                there, made = waiting.popleft().result()
                if not there:
                    return
                # asked for before this one is consumed, so that the reader has work while the caller writes
                waiting.append(workers.submit(make, reader.submit(take)))
                yield made  # type: ignore[misc]
                del made
        finally:
            stop.set()
            for pool in (workers, reader):
                pool.shutdown(wait=False, cancel_futures=True)
