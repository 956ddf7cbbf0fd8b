"""The period of a report as people write it, and what it is compared with."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from gridmap.errors import InvalidInput

#: Days of the longest report.
MOST_DAYS = 366
_DAY = timedelta(days=1)
#: Nothing older is on record anywhere; the API takes no older time either.
_FIRST_YEAR = 1900
_MONTH = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days from ``first`` to ``last``, compared with those from ``before`` to ``until``, all included.

    ``planned``: the last day of what was asked for; later than ``last`` where that has not come yet.
    """

    kind: Literal["day", "month", "span"]
    first: date
    last: date
    before: date
    until: date
    planned: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def days_before(self) -> int:
        """How many days the one compared with has."""
        return (self.until - self.before).days + 1


def read_period(value: str, today: date) -> Period:
    """Read ``2026-10``, ``2026-11-22`` or ``2026-10-05..2026-11-01``.

    A month is compared with the month before, a day with the same day of the week before (a Sunday is no Monday), other
    spans with the equally long one before. What has not come yet is left out: a month that is not over is compared with
    as many first days of the one before.

    Raises
    ------
    InvalidInput
        ``report_period``: it is written in another way; ``window_reversed``; ``report_in_future``; ``report_too_long``.

    Examples
    --------
    >>> found = read_period("2026-10", date(2026, 11, 23))
    >>> found.first, found.last, found.before, found.until
    (datetime.date(2026, 10, 1), datetime.date(2026, 10, 31), datetime.date(2026, 9, 1), datetime.date(2026, 9, 30))
    """
    month = _MONTH.fullmatch(value)
    try:
        if month is not None:
            first = date(int(month[1]), int(month[2]), 1)
            planned = _next_month(first) - _DAY
        else:
            parts = [date.fromisoformat(part) for part in value.split("..")] if len(value) <= 24 else []
            first, planned = parts if len(parts) == 2 else (parts[0], parts[0])
        if first.year < _FIRST_YEAR:
            raise ValueError
    except (ValueError, IndexError, OverflowError):
        raise InvalidInput("report_period") from None
    if planned < first:
        raise InvalidInput("window_reversed")
    if first > today:
        raise InvalidInput("report_in_future", day=first.isoformat())
    last = min(planned, today)
    if (last - first).days >= MOST_DAYS:
        raise InvalidInput("report_too_long", limit=MOST_DAYS)
    if month is not None:
        before = (first - _DAY).replace(day=1)
        until = first - _DAY if last == planned else min(before + (last - first), first - _DAY)
        return Period("month", first, last, before, until, planned)
    if first == planned:
        week = first - 7 * _DAY
        return Period("day", first, last, week, week, planned)
    return Period("span", first, last, first - (last - first) - _DAY, first - _DAY, planned)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
