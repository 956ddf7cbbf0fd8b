"""The processors of this machine, and how to share work among them."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def cores() -> int:
    """Count the processors that the system lets this process run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def share(work: Callable[[slice], None], total: int, step: int, threads: int | None = None) -> None:
    """Do work on slices of ``total`` rows, ``step`` at a time, on as many threads as there are processors.

    For work that lets go of the interpreter's lock: loops of Numba and functions of Shapely and NumPy. Numba's own
    parallel loops may neither be entered by two threads at once nor be carried over a fork; these may.
    """
    parts = [slice(i, min(i + step, total)) for i in range(0, total, step)]
    wanted = min(len(parts), cores() if threads is None else threads)
    if wanted <= 1:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(wanted) as pool:
        for _ in pool.map(work, parts):
            pass
