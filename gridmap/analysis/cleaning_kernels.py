"""The two loops of cleaning, compiled: which fixes of a unit can be one way, and where it stood still."""

import numba
import numpy as np

from gridmap.analysis.tracking_kernels import Floats, Ints

#: So many fixes before one are asked whether the way from them is possible; a longer run of wrong ones is a jump.
LOOK_BACK = 256


def _apart2(xyz: Floats, i: int, j: int) -> float:
    dx, dy, dz = xyz[i, 0] - xyz[j, 0], xyz[i, 1] - xyz[j, 1], xyz[i, 2] - xyz[j, 2]
    return dx * dx + dy * dy + dz * dz


apart2 = numba.njit(cache=True, inline="always")(_apart2)


def _believe(
    bounds: Ints, at: Ints, xyz: Floats, speed_m_s: float, slack_m: float, jump: int, kept: np.ndarray
) -> None:
    """Mark the fixes that make the best way of each unit: most fixes kept, less ``jump`` for each impossible step.

    ``bounds``: where the fixes of each unit start, and the end; fixes are in order of time, in microseconds, and
    ``xyz`` in metres. Dynamic programming: ``best[i]`` is the best of all ways that end with fix i.
    """
    n = bounds[-1]
    best = np.zeros(n, dtype=np.int64)
    before = np.full(n, -1, dtype=np.int64)
    top = np.zeros(n, dtype=np.int64)
    for u in range(len(bounds) - 1):
        begin, end = bounds[u], bounds[u + 1]
        for i in range(begin, end):
            most, came = 0, -1
            if i > begin:
                if best[top[i - 1]] - jump > 0:
                    most, came = best[top[i - 1]] - jump, top[i - 1]
                for j in range(i - 1, max(begin, i - LOOK_BACK) - 1, -1):
                    if best[top[j]] <= most:
                        break  # nothing before is better
                    if best[j] > most:
                        reach = slack_m + speed_m_s * (at[i] - at[j]) * 1e-6
                        if apart2(xyz, i, j) <= reach * reach:
                            most, came = best[j], j
            best[i] = most + 1
            before[i] = came
            top[i] = i if i == begin or best[i] >= best[top[i - 1]] else top[i - 1]
        if end > begin:
            i = top[end - 1]
            while i >= 0:
                kept[i] = True
                i = before[i]


def _stand(bounds: Ints, at: Ints, xyz: Floats, stop_m: float, stop: int, gap: int, number: Ints) -> int:
    """Number the stops: fixes within ``stop_m`` of the first of them for ``stop`` microseconds and longer, no gap.

    Gives how many there are; ``number`` is -1 on the way.
    """
    found = 0
    for u in range(len(bounds) - 1):
        i, end = bounds[u], bounds[u + 1]
        while i < end:
            j = i
            while j + 1 < end and at[j + 1] - at[j] <= gap and apart2(xyz, i, j + 1) <= stop_m * stop_m:
                j += 1
            if at[j] - at[i] >= stop:
                number[i : j + 1] = found
                found += 1
                i = j + 1
            else:
                i += 1
    return found


believe = numba.njit(cache=True, nogil=True)(_believe)
stand = numba.njit(cache=True, nogil=True)(_stand)
