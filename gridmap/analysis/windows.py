"""Parts of a window of time: its hours, days or weeks, as clocks on the wall show them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

#: Lengths of parts, in days; hours below a day. The first of them that makes no more than the most is taken.
_HOUR = timedelta(hours=1)
_DAYS = (1, 7, 28, 91, 364)


def window_parts(
    start: datetime, end: datetime, zone: str | ZoneInfo, *, most: int = 48
) -> list[tuple[datetime, datetime]]:
    """Cut the window ``[start, end)`` into hours, days, weeks or more, whatever makes no more than ``most`` parts.

    Returns
    -------
    list of (datetime, datetime)
        Half-open, in UTC, each beginning where the one before it ends; together they are the window. Days begin at
        midnight of the zone, so the first and the last one may be cut short. None where even the longest are too many.
    """
    clock = ZoneInfo(str(zone))
    if end - start <= (most - 1) * _HOUR:
        full = start.astimezone(clock).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        return _cut(start, end, [full + n * _HOUR for n in range(most + 1)])
    first = start.astimezone(clock).date()
    for days in _DAYS:
        count = (end - start) // timedelta(days=days) + 2
        if count <= most + 1:
            starts = [first + timedelta(days=days * n) for n in range(count + 1)]
            parts = _cut(start, end, [datetime(d.year, d.month, d.day, tzinfo=clock).astimezone(UTC) for d in starts])
            if len(parts) <= most:
                return parts
    return []


def _cut(start: datetime, end: datetime, edges: list[datetime]) -> list[tuple[datetime, datetime]]:
    inner = [edge for edge in edges if start < edge < end]
    ends = [start.astimezone(UTC), *inner, end.astimezone(UTC)]
    return list(pairwise(ends))
