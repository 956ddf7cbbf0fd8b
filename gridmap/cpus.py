"""How many processors this process may use."""

import os


def cores() -> int:
    """Count the processors that the system lets this process run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
