"""Time limits of four kinds, one at a time, each minute accounted for. ``analysis.deadlines`` does very many at once.

Limits are data (``Limit.read`` reads the words of a city's table); what runs on which clock is the rule here:
urgent hours and natural days run on through nights and holidays, working hours and days only while people work.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from gridmap.domain.calendars import WorkCalendar
from gridmap.errors import InvalidInput

_FOREVER = datetime.max.replace(tzinfo=UTC)


class Unit(StrEnum):
    """What a limit is counted in.

    ``working_day``: as many working hours as the calendar has in a day (eight in China). ``natural_day``: 24 hours.
    """

    URGENT_HOUR = "urgent_hour"
    WORKING_HOUR = "working_hour"
    WORKING_DAY = "working_day"
    NATURAL_DAY = "natural_day"

    @property
    def runs_on(self) -> bool:
        """It runs on while nobody works."""
        return self in (Unit.URGENT_HOUR, Unit.NATURAL_DAY)

    def length(self, calendar: WorkCalendar) -> timedelta:
        """Give how long one of it is on a clock that runs."""
        days = {Unit.NATURAL_DAY: timedelta(days=1), Unit.WORKING_DAY: calendar.day_length}
        return days.get(self, timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Pause:
    """A time ``[start, end)`` in which a clock stands still, such as a suspension; ``end`` None: it still does."""

    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """So many units."""

    amount: Decimal
    unit: Unit

    def length(self, calendar: WorkCalendar) -> timedelta:
        """Give how long the clock has to run."""
        one = self.unit.length(calendar) // timedelta(microseconds=1)
        return timedelta(microseconds=int(self.amount * one))

    def times(self, factor: int) -> "Limit":
        """Give a multiple: each extension adds the limit once more."""
        return Limit(self.amount * factor, self.unit)

    @classmethod
    def read(cls, words: str) -> "Limit":
        """Read the words of a city's table, such as ``2紧急工作时``, ``4工作时``, ``5个工作日`` or ``3自然日``.

        Raises
        ------
        InvalidInput
            ``limit_ambiguous`` for a bare day (天, 日) or hour (小时), which one city means as working time and the
            next as natural time; ``limit_unreadable`` for everything else that is none.
        """
        plain = re.sub(r"\s+", "", words)
        found = _LIMIT.fullmatch(plain)
        if found is None:
            raise InvalidInput("limit_ambiguous" if _BARE.fullmatch(plain) else "limit_unreadable")
        amount = Decimal(found["amount"])
        unit = _WORDS[found["unit"]]
        if amount <= 0 or amount > 10_000:
            raise InvalidInput("limit_unreadable")
        return cls(amount, unit)


_WORDS = {
    "紧急工作时": Unit.URGENT_HOUR,
    "紧急小时": Unit.URGENT_HOUR,
    "工作时": Unit.WORKING_HOUR,
    "工作小时": Unit.WORKING_HOUR,
    "工作日": Unit.WORKING_DAY,
    "自然日": Unit.NATURAL_DAY,
    **{unit.value: unit for unit in Unit},
}
_NUMBER = r"(?P<amount>[0-9]{1,5}(?:\.[0-9]{1,3})?)个?"
_LIMIT = re.compile(_NUMBER + f"(?P<unit>{'|'.join(sorted(_WORDS, key=len, reverse=True))})")
_BARE = re.compile(_NUMBER + "(?:天|日|小时|时|h|d)")


@dataclass(frozen=True, slots=True)
class Due:
    """When a limit is up, and why.

    Attributes
    ----------
    at : datetime or None
        In UTC: the first moment at which the clock has run for the whole limit; None while it stands still.
    counted : tuple of (start, end)
        The stretches for which the clock ran, in UTC; together as long as the limit, if ``at`` is known.
    provisional : bool
        A year whose days off are not yet known was counted: weekends alone were taken as off.
    """

    at: datetime | None
    counted: tuple[tuple[datetime, datetime], ...]
    provisional: bool

    def before(self, share: Decimal) -> datetime | None:
        """Give the moment at which this share of the limit is left, as the clock counts; None while it stands still."""
        if self.at is None:
            return None
        left = sum((end - start for start, end in self.counted), timedelta()) * float(1 - share)
        for start, end in self.counted:
            if left <= end - start:
                return start + left
            left -= end - start
        return self.at


def due(start: datetime, limit: Limit, calendar: WorkCalendar, pauses: Sequence[Pause] = ()) -> Due:
    """Tell when a limit is up.

    Parameters
    ----------
    start : datetime
        With its offset.
    pauses : sequence of Pause
        By time, without overlap.

    Raises
    ------
    ValueError
        A time without offset.
    """
    if start.tzinfo is None:
        raise ValueError("a time needs its offset")
    utc = start.astimezone(UTC)
    left = limit.length(calendar)
    counted: list[tuple[datetime, datetime]] = []
    stands_from = pauses[-1].start if pauses and pauses[-1].end is None else None
    at = None
    for begins, ends in [(utc, _FOREVER)] if limit.unit.runs_on else calendar.stretches(utc):
        for start_, end in _outside(begins, ends, pauses):
            took = min(left, end - start_)
            counted.append((start_, start_ + took))
            left -= took
            if not left:
                at = counted[-1][1]
                break
        if at is not None or (stands_from is not None and ends > stands_from):
            break
    provisional = not limit.unit.runs_on and any(
        edge.astimezone(calendar.tz).year not in calendar.years for pair in counted for edge in pair
    )
    return Due(at, tuple(counted), provisional)


def _outside(begins: datetime, ends: datetime, pauses: Sequence[Pause]) -> Iterator[tuple[datetime, datetime]]:
    """Give what a stretch has outside of pauses."""
    for pause in pauses:
        if pause.start >= ends:
            break
        if pause.start > begins:
            yield begins, pause.start
        if pause.end is None:
            return
        begins = max(begins, pause.end)
    if begins < ends:
        yield begins, ends
