"""Other processes of this machine."""

import ctypes
import multiprocessing
import os
import signal

_PR_SET_PDEATHSIG = 1


def alive(pid: int) -> bool:
    """Tell whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_with_parent() -> None:
    """Let a worker end when the process that started it is gone, however that ended; elsewhere than on Linux it stays.

    A worker that outlived a killed server would go on answering from the old address, and the next start would find
    it taken.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent.pid:  # it ended in between
        os.kill(os.getpid(), signal.SIGTERM)
