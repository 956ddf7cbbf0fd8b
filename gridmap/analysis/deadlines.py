"""Very many time limits at once, equal to ``domain.deadlines`` to the microsecond.

Working time is a function of time that grows while people work and stands still else. It is laid out once for a
calendar; a limit is up where the function has grown by its length, so that each one is a look-up of the function and of
its inverse. A pause takes away what the function grew in it.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.domain.calendars import WorkCalendar
from gridmap.domain.deadlines import Unit

Micros = npt.NDArray[np.int64]
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: In place of a time that does not come while a clock stands still.
NEVER = np.datetime64("NaT", "us")


class WorkingTime:
    """Working time of a calendar as a function, for the days ``[first, last]``.

    Parameters
    ----------
    calendar : WorkCalendar
    first, last : date
        In the calendar's zone; times outside are refused (ValueError).
    """

    def __init__(self, calendar: WorkCalendar, first: date, last: date) -> None:
        opening = datetime.combine(first, datetime.min.time(), calendar.tz).astimezone(UTC)
        pairs = [(_micros(start), _micros(end)) for start, end in calendar.stretches(opening, last)]
        edges = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        self._start, self._end = edges[:, 0].copy(), edges[:, 1].copy()
        self._until = np.cumsum(self._end - self._start)
        self._first = _micros(opening)
        closing = datetime.combine(last + timedelta(days=1), datetime.min.time(), calendar.tz)
        self._last = _micros(closing.astimezone(UTC))

    def worked(self, at: Micros) -> Micros:
        """Give the working time from the first day up to each time, in microseconds."""
        if at.size and (at.min() < self._first or at.max() > self._last):
            raise ValueError("a time outside of the days that are laid out")
        # in or after this stretch; before the first one nothing was worked
        k = np.searchsorted(self._start, at, side="right") - 1
        inside = np.maximum(k, 0)
        before = self._until[inside] - (self._end[inside] - self._start[inside])
        grown = before + np.minimum(at, self._end[inside]) - self._start[inside]
        return np.where(k < 0, np.int64(0), grown).astype(np.int64)

    def reached(self, worked: Micros) -> Micros:
        """Give the first time at which so much was worked; ValueError where that is after the last day."""
        k = np.searchsorted(self._until, worked, side="left")
        if k.size and k.max() >= len(self._until):
            raise ValueError("a time outside of the days that are laid out")
        return (self._end[k] - (self._until[k] - worked)).astype(np.int64)


@lru_cache(64)
def laid_out(calendar: WorkCalendar, first_year: int, last_year: int) -> WorkingTime:
    """Lay out the working time of some years."""
    return WorkingTime(calendar, date(first_year, 1, 1), date(last_year, 12, 31))


def deadlines(
    starts: npt.ArrayLike,
    amounts: npt.ArrayLike,
    units: Sequence[Unit],
    calendar: WorkCalendar,
    pauses: pd.DataFrame | None = None,
) -> npt.NDArray[np.datetime64]:
    """Tell when limits are up.

    Parameters
    ----------
    starts : (n,) datetime64[us]
        In UTC.
    amounts : (n,) float or Decimal
        Of the limits, to a thousandth; more than nothing.
    units : (n,) Unit
        A ``pandas.Categorical`` of them is read fastest.
    calendar : WorkCalendar
    pauses : DataFrame, optional
        ``row`` (place of the limit), ``start`` and ``end`` (UTC; NaT: it still lasts); those of one row do not overlap.

    Returns
    -------
    (n,) datetime64[us]
        In UTC; NaT where a clock stands still.

    Raises
    ------
    ValueError
        A limit of nothing, or a missing start.
    """
    begin = np.asarray(starts, dtype="datetime64[us]").astype(np.int64)
    codes = pd.Categorical(cast(Any, units), categories=list(Unit)).codes.astype(np.intp)
    thousandths = np.rint(np.asarray(amounts, dtype=np.float64) * 1_000).astype(np.int64)
    if (thousandths <= 0).any() or (codes < 0).any() or np.isnat(np.asarray(starts, "datetime64[us]")).any():
        raise ValueError("a limit of nothing, of no unit, or without a start")
    one = np.array([unit.length(calendar) // _MICROSECOND // 1_000 for unit in Unit], dtype=np.int64)
    length = thousandths * one[codes]
    runs_on = np.array([unit.runs_on for unit in Unit])[codes]
    time = _function(begin, length, runs_on, calendar, pauses)
    goal = begin + length
    if time is not None:
        goal[~runs_on] = time.worked(begin[~runs_on]) + length[~runs_on]
    up = _reached(goal, runs_on, time)
    for row, start, end in _in_turns(pauses):
        mine = runs_on[row]
        late = start < up[row]
        row, start, end, mine = row[late], start[late], end[late], mine[late]
        lasting = end == NEVER.astype(np.int64)
        until = np.where(lasting, start, end)
        # a pause that began before the clock takes away only what comes after
        since = np.maximum(start, begin[row])
        until = np.maximum(until, since)
        lost = np.where(mine, until - since, (time.worked(until) - time.worked(since)) if time else 0)
        goal[row] += lost
        up[row] = _reached(goal[row], mine, time)
        up[row[lasting]] = np.iinfo(np.int64).max
    result = up.astype("datetime64[us]")
    result[up == np.iinfo(np.int64).max] = NEVER
    return result


def _reached(goal: Micros, runs_on: npt.NDArray[np.bool_], time: WorkingTime | None) -> Micros:
    if time is None:
        return goal.copy()
    up = goal.copy()
    up[~runs_on] = time.reached(goal[~runs_on])
    return up


def _function(
    begin: Micros, length: Micros, runs_on: npt.NDArray[np.bool_], calendar: WorkCalendar, pauses: pd.DataFrame | None
) -> WorkingTime | None:
    """Lay out as many years as the limits can need; None where all of them run on."""
    if runs_on.all():
        return None
    times = [begin]
    if pauses is not None and len(pauses):
        ends = pd.concat([pauses["start"], pauses["end"]]).dropna()
        times.append(_utc(ends))
    every = np.concatenate(times)
    first, last = every.min(), every.max()
    # an eighth more than weekends alone make of it leaves room for holidays
    per_day = calendar.day_length // _MICROSECOND
    working_days = int(length[~runs_on].max()) // per_day + 1
    lasting = (int(last) - int(first)) // 86_400_000_000
    years = _year(int(first)) - 1, _year(int(last)) + (working_days * 8 // (7 - len(calendar.weekend))) // 365 + 2
    return laid_out(calendar, years[0], years[1] + lasting // 365)


def _in_turns(pauses: pd.DataFrame | None) -> list[tuple[npt.NDArray[np.int64], Micros, Micros]]:
    """Give the first pauses of all rows, then the second ones, and so on."""
    if pauses is None or not len(pauses):
        return []
    ordered = pauses.sort_values(["row", "start"], kind="stable")
    turn = ordered.groupby("row").cumcount().to_numpy()
    rows = ordered["row"].to_numpy(dtype=np.int64)
    starts, ends = _utc(ordered["start"]), _utc(ordered["end"])
    return [(rows[turn == k], starts[turn == k], ends[turn == k]) for k in range(int(turn.max()) + 1)]


def _utc(times: pd.Series) -> Micros:
    aware = pd.to_datetime(times, utc=True)
    return aware.dt.tz_localize(None).to_numpy(dtype="datetime64[us]").astype(np.int64)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _year(micros: int) -> int:
    return (_EPOCH + timedelta(microseconds=micros)).year
