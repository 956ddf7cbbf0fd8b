"""Take away from this process what a parser does not need: memory, time, disk, network, and its parent's survival."""

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
from typing import Any

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EACCES, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06

#: Machine to its number for the kernel (AUDIT_ARCH) and to the calls that make a socket: socket, io_uring_setup.
_MACHINES = {"x86_64": (0xC000003E, (41, 425)), "aarch64": (0xC00000B7, (198, 425))}
#: Calls from here on are of the x32 interface of x86-64, which has a socket of its own.
_X32 = 0x40000000


def confine(limits: dict[str, Any]) -> str:
    """Set the limits of this process for good.

    Parameters
    ----------
    limits : dict
        ``memory_bytes``, ``cpu_s``, ``file_bytes``.

    Returns
    -------
    str
        ``namespace`` where the process now has a network of its own with nothing in it; else ``filter`` where it can
        make no socket any more, which the kernel grants to everybody; else ``open``: then only the short list of
        drivers stands between the file and the network.
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
    filtered = forbid_sockets(prctl)
    # Root may leave the network alone; anybody else needs a user namespace of its own, where the kernel grants one.
    for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET):
        if unshare(flags) == 0:
            return "namespace"
    return "filter" if filtered else "open"


def forbid_sockets(prctl: Any) -> bool:
    """Let the kernel refuse every socket to this process from now on; tell whether it does.

    Notes
    -----
    A filter of classic BPF over the number of each system call (seccomp(2)). It needs no right but ``no_new_privs``, so
    it holds where containers keep namespaces back. Calls of another machine's interface end the process.
    """
    known = _MACHINES.get(platform.machine())
    if known is None or sys.byteorder != "little":
        return False
    machine, calls = known
    last = len(calls) + 1  # places from the first comparison of a call to the refusal
    steps = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
        (_AT_LEAST, last, 0, _X32),
        *((_EQUAL, last - 1 - i, 0, call) for i, call in enumerate(calls)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    program = b"".join(struct.pack("=HBBI", *step) for step in steps)
    held = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(held)))
    return bool(prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0) == 0)
