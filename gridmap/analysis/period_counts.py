"""Periods of one length, and how many incidents each place has in each of them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

Period = tuple[datetime, datetime]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: Lengths of periods in days, the longest first; a day of the week weighs on shorter ones alike only in whole weeks.
_LENGTHS = (91, 28, 7, 1)
#: So many periods tell a pattern; no more than these are judged, the latest of them.
LEAST, MOST = 12, 60
#: Of a period, the share that may lie in a gap of the records before its count is no count.
_LOST = 0.2


def equal_periods(start: datetime, end: datetime) -> list[Period]:
    """Cut a window into periods of the same length, back from its end: quarters, four weeks, weeks or days.

    Parameters
    ----------
    start, end : datetime
        Half-open, aware.

    Returns
    -------
    list of (datetime, datetime)
        The oldest first: of the longest length that gives at least ``LEAST`` of them, at most the latest ``MOST``. A
        rest at the start that fills no period is left out: a short one would look like a quiet one. Fewer than
        ``LEAST`` days: as many days as there are.
    """
    for days in _LENGTHS:
        each = timedelta(days=days)
        count = int((end - start) / each)
        if count >= LEAST or days == 1:
            break
    count = min(count, MOST)
    return [(end - (count - k) * each, end - (count - k - 1) * each) for k in range(count)]


def few_periods(start: datetime, end: datetime, most: int) -> list[Period]:
    """Cut a window into at most ``most`` periods of the same length, back from its end, the shortest of those lengths.

    A rest at the start that fills no period is left out. Fewer than two: none.
    """
    for days in sorted(_LENGTHS):
        each = timedelta(days=days)
        count = int((end - start) / each)
        if count <= most:
            break
    count = min(count, most)
    return [(end - (count - k) * each, end - (count - k - 1) * each) for k in range(count)] if count > 1 else []


def period_counts(at: pd.Series, owner: pd.Series, codes: Sequence[str], periods: Sequence[Period]) -> Floats:
    """Count incidents by place and period.

    Parameters
    ----------
    at : Series of aware datetimes
        When each happened.
    owner : Series of str
        Code of the place of each; those of no place here are not counted.
    codes : sequence of str
        The places, in the order of the rows wanted.
    periods : sequence of (datetime, datetime)
        Of ``equal_periods``: each begins where the one before ends.

    Returns
    -------
    array of float, shape (len(codes), len(periods))
    """
    counts = np.zeros((len(codes), len(periods)))
    if not len(at) or not periods:
        return counts
    edges = pd.DatetimeIndex([pd.Timestamp(p[0]) for p in periods] + [pd.Timestamp(periods[-1][1])]).tz_convert("UTC")
    column = edges.searchsorted(pd.DatetimeIndex(at).tz_convert("UTC"), side="right") - 1
    row = pd.Index(codes).get_indexer(pd.Index(owner))
    held = (row >= 0) & (column >= 0) & (column < len(periods))
    np.add.at(counts, (row[held], column[held]), 1.0)
    return counts


def recorded_periods(periods: Sequence[Period], gaps: Sequence[tuple[date, date]], time_zone: str) -> Flags:
    """Tell which periods are recorded: those of which no more than a fifth lies in gaps of ``record_gaps``."""
    zone = ZoneInfo(time_zone)
    spans = [
        (datetime(a.year, a.month, a.day, tzinfo=zone), datetime(b.year, b.month, b.day, tzinfo=zone) + timedelta(1))
        for a, b in gaps
    ]
    lost = [
        sum((max(min(end, last) - max(start, first), timedelta()) for first, last in spans), timedelta())
        for start, end in periods
    ]
    return np.array([gone <= _LOST * (end - start) for gone, (start, end) in zip(lost, periods, strict=True)], bool)
