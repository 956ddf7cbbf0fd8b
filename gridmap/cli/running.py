"""What a process that serves asks of the machine: a folder of its own, many connections, and an orderly end."""

import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gridmap.processes import alive

_PREFIX = "gridmap-serve-"
#: Files that a process may hold open, where the machine allows it: a connection is one of them.
_OPEN_FILES = 65_536
#: Seconds after the end of the service in which its threads must be gone.
_LAST_S = 5.0


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder for temporary files that is gone afterwards; those of services that were killed go now."""
    base = Path(tempfile.gettempdir())
    for left in base.glob(f"{_PREFIX}*"):
        pid = left.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not alive(int(pid)):
            with suppress(OSError):  # it may be somebody else's
                shutil.rmtree(left)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def allow_many_connections() -> None:
    """Raise the soft limit of open files: with the usual 1,024, a thousand slow clients would lock out all others."""
    try:
        import resource
    except ModuleNotFoundError:  # not Unix
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def end_on_sigterm() -> None:
    """Let SIGTERM end this process as an exception does, so that what must be tidied up is."""

    def leave(*_: object) -> None:
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)


def end_soon() -> None:
    """End the process for sure: a thread that computes on for a request that was given up does not hold it."""

    def cut() -> None:
        os._exit(0)

    timer = threading.Timer(_LAST_S, cut)
    timer.daemon = True
    timer.start()
