"""Take away from this process what a parser does not need: memory, time, disk, network, and its parent's survival."""

import ctypes
import os
import resource
import signal
from typing import Any

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38


def confine(limits: dict[str, Any]) -> str:
    """Set the limits of this process for good.

    Parameters
    ----------
    limits : dict
        ``memory_bytes``, ``cpu_s``, ``file_bytes``.

    Returns
    -------
    str
        ``namespace`` where the process now has a network of its own with nothing in it, else ``open``: then only the
        short list of drivers stands between the file and the network.
    """
    memory, cpu, size = int(limits["memory_bytes"]), int(limits["cpu_s"]), int(limits["file_bytes"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # A write over the limit must be an OSError, not a silent death.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    os.umask(0o077)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        prctl, unshare = libc.prctl, libc.unshare
    except (OSError, AttributeError):  # not Linux
        return "open"
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Root may leave the network alone; anybody else needs a user namespace of its own, where the kernel grants one.
    for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET):
        if unshare(flags) == 0:
            return "namespace"
    return "open"
