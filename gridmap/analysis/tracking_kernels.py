"""The two loops of live tracking, compiled: bring fixes into order, and decide what each one means.

Both go fix by fix, in the order of arrival, and all they know of a unit is one row of state. So a stream cut into
batches in another way gives the same events.
"""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

#: A time that is none; and the latest one, so far off that no sum or difference of two times leaves 64 bits.
NEVER = np.iinfo(np.int64).min
LATEST = 1 << 61
#: Kinds of events, in the order of ``EVENTS``.
ENTER, EXIT, DWELL = 0, 1, 2
#: Grid of a unit that is in none; and of a row that is not about one.
OUTSIDE, UNKNOWN = -1, -2
#: Why a fix was left out, beside those that were used: positions in the counters.
USED, LATE, DUPLICATE, AHEAD, UNREADABLE = range(5)

#: What is known of a unit. Times in microseconds since 1970, UTC. ``grid`` is the confirmed one, ``entered`` when it
#: began, ``dwelt`` how many dwells were told of it. ``last`` is the newest fix that was used, ``frontier`` the time up
#: to which all fixes were used, ``newest`` the newest that came. ``away`` is the first fix of the present run outside
#: ``grid``; ``candidate`` and ``since`` the grid of the present run and its first fix. ``head`` and ``waiting``: the
#: oldest fix that waits for its turn, and how many do.
UNIT = np.dtype(
    [
        ("last", "i8"),
        ("frontier", "i8"),
        ("newest", "i8"),
        ("entered", "i8"),
        ("dwelt", "i8"),
        ("away", "i8"),
        ("since", "i8"),
        ("grid", "i4"),
        ("candidate", "i4"),
        ("head", "i8"),
        ("waiting", "i8"),
    ]
)
#: A fix that waits for its turn, and the next newer one of its unit.
WAITING = np.dtype([("at", "i8"), ("x", "f8"), ("y", "f8"), ("next", "i8")])
#: One event; ``span`` is the microseconds since the grid was entered.
EVENT = np.dtype([("kind", "i1"), ("unit", "i8"), ("grid", "i4"), ("at", "i8"), ("known", "i8"), ("span", "i8")])

Records = npt.NDArray[np.void]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def _tell_event(event: Any, kind: int, unit: int, grid: int, at: int, known: int, span: int) -> None:
    event.kind = kind
    event.unit = unit
    event.grid = grid
    event.at = at
    event.known = known
    event.span = span


_tell = numba.njit(cache=True, inline="always")(_tell_event)


def _order_fixes(
    unit: Ints,
    at: Ints,
    x: Floats,
    y: Floats,
    limit: int,
    wait: int,
    most: int,
    state: Any,
    pool: Any,
    free: Ints,
    out_unit: Ints,
    out: Any,
    counts: Ints,
) -> int:
    """Let fixes wait until no older one of their unit may come, then give them out in order of time.

    ``limit`` is the latest believable time, ``wait`` how far the newest fix must be ahead, ``most`` how many may wait
    for a unit. ``free[0]`` heads the unused places of ``pool``. Gives the number of fixes in ``out``.
    """
    done = 0
    for i in range(len(unit)):
        if at[i] > limit:
            counts[AHEAD] += 1
            continue
        s = state[unit[i]]
        if at[i] <= s.frontier:
            counts[DUPLICATE if at[i] == s.last else LATE] += 1
            continue
        before, here = -1, s.head
        while here >= 0 and pool[here].at < at[i]:
            before, here = here, pool[here].next
        if here >= 0 and pool[here].at == at[i]:
            counts[DUPLICATE] += 1
            continue
        place = free[0]
        free[0] = pool[place].next
        pool[place].at = at[i]
        pool[place].x = x[i]
        pool[place].y = y[i]
        pool[place].next = here
        if before < 0:
            s.head = place
        else:
            pool[before].next = place
        s.waiting += 1
        s.newest = max(s.newest, at[i])
        s.frontier = max(s.frontier, s.newest - wait)
        while s.head >= 0 and (pool[s.head].at <= s.frontier or s.waiting > most):
            place = s.head
            out_unit[done] = unit[i]
            out[done] = pool[place]
            done += 1
            s.frontier = max(s.frontier, pool[place].at)
            s.last = pool[place].at
            s.head = pool[place].next
            s.waiting -= 1
            pool[place].next = free[0]
            free[0] = place
    counts[USED] += done
    return done


def _restless(
    unit: Ints, at: Ints, owner: npt.NDArray[np.int32], lost: int, state: Any, used: Ints
) -> npt.NDArray[np.bool_]:
    """Tell of which units a fix may change something; parameters as ``advance``."""
    result = np.zeros(len(state), dtype=np.bool_)
    for i in range(len(unit)):
        u = unit[i]
        silent = lost > 0 and used[u] != NEVER and at[i] - used[u] > lost
        result[u] |= silent or owner[i] != state[u].grid
        used[u] = at[i]
    return result


def _advance(
    unit: Ints,
    at: Ints,
    owner: npt.NDArray[np.int32],
    deep: npt.NDArray[np.bool_],
    confirm: int,
    dwell: int,
    lost: int,
    state: Any,
    used: Ints,
    events: Any,
) -> int:
    """Move each unit on by its fixes, in order of time; give the number of events.

    ``deep``: the fix lies far enough inside its owner (outside: from every grid) to be believed at once. ``used`` is
    the time of the fix before, by unit. ``dwell`` and ``lost`` of 0 turn these off.
    """
    n = 0
    for i in range(len(unit)):
        u, t, o = unit[i], at[i], owner[i]
        s = state[u]
        before = used[u]
        used[u] = t
        if lost > 0 and before != NEVER and t - before > lost:
            if s.grid >= 0:
                _tell(events[n], EXIT, u, s.grid, before, t, before - s.entered)
                n += 1
            s.grid = OUTSIDE
            s.candidate = UNKNOWN
        if s.grid >= 0 and o == s.grid:
            s.away = NEVER
            s.candidate = UNKNOWN
            if dwell > 0 and (t - s.entered) // dwell > s.dwelt:
                s.dwelt = (t - s.entered) // dwell
                _tell(events[n], DWELL, u, s.grid, t, t, t - s.entered)
                n += 1
            continue
        if s.grid >= 0 and s.away == NEVER:
            s.away = t
        if o != s.candidate:
            s.candidate = o
            s.since = t
        left = s.grid >= 0 and (deep[i] or t - s.away >= confirm)
        came = o >= 0 and (deep[i] or t - s.since >= confirm)
        if left or (came and s.grid >= 0):
            _tell(events[n], EXIT, u, s.grid, s.away, t, s.away - s.entered)
            n += 1
            s.grid = OUTSIDE
            s.away = NEVER
        if came:
            _tell(events[n], ENTER, u, o, s.since, t, 0)
            n += 1
            s.grid = o
            s.entered = s.since
            s.dwelt = 0
            s.away = NEVER
            s.candidate = UNKNOWN
    return n


order_fixes = numba.njit(cache=True, nogil=True)(_order_fixes)
restless = numba.njit(cache=True, nogil=True)(_restless)
advance = numba.njit(cache=True, nogil=True)(_advance)
