"""Working time as data: hours of a working day, weekends, days off and days shifted to work.

A calendar is a TOML file. Those of ``gridmap/data/calendars`` come with the package; a city writes its own.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from importlib import resources
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gridmap.errors import InvalidInput

_DAY = timedelta(days=1)
_KEYS = frozenset({"name", "zone", "weekend", "hours", "source", "years"})


@dataclass(frozen=True)
class WorkCalendar:
    """When people work.

    Attributes
    ----------
    name : str
    zone : str
        IANA name of the time zone in which hours and days are meant.
    weekend : frozenset of int
        ISO days of the week (1: Monday) that are off.
    hours : tuple of (time, time)
        ``[start, end)`` of each stretch of work in a day, in order, without overlap.
    off, on : frozenset of date
        Days off beside the weekend, and days of the weekend on which people work.
    years : frozenset of int
        Those whose days off are known. In others only weekends are off, and what comes of it is provisional.
    source : mapping
        Who says so, by language.
    """

    name: str
    zone: str
    weekend: frozenset[int]
    hours: tuple[tuple[time, time], ...]
    off: frozenset[date]
    on: frozenset[date]
    years: frozenset[int]
    source: Mapping[str, str]

    def __hash__(self) -> int:
        return hash((self.name, self.zone, self.weekend, self.hours, self.off, self.on, self.years))

    @cached_property
    def tz(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.zone)

    @cached_property
    def day_length(self) -> timedelta:
        """How long people work in a day."""
        return sum((_between(start, end) for start, end in self.hours), timedelta())

    def is_working(self, day: date) -> bool:
        """Tell whether people work on a day."""
        return day in self.on or (day not in self.off and day.isoweekday() not in self.weekend)

    def stretches(self, start: datetime, until: date | None = None) -> Iterator[tuple[datetime, datetime]]:
        """Give the stretches of work from a moment on, in UTC; the first one may be what is left of one.

        ``until``: the last day.
        """
        day = start.astimezone(self.tz).date()
        while until is None or day <= until:
            if self.is_working(day):
                for opening, closing in self.hours:
                    begins, ends = self._at(day, opening), self._at(day, closing)
                    if ends > max(begins, start):
                        yield max(begins, start), ends
            day += _DAY

    def _at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.tz).astimezone(UTC)


def _between(start: time, end: time) -> timedelta:
    return datetime.combine(date.min, end) - datetime.combine(date.min, start)


def read_calendar(text: str) -> WorkCalendar:
    """Read a calendar.

    Raises
    ------
    InvalidInput
        ``calendar_unreadable`` with what is wrong where.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise InvalidInput("calendar_unreadable", key="-", wanted="TOML") from None
    if unknown := set(data) - _KEYS:
        raise _wrong(sorted(unknown)[0][:40], ", ".join(sorted(_KEYS)))
    zone = _zone(data.get("zone"))
    weekend = data.get("weekend")
    if not isinstance(weekend, list) or not all(type(d) is int and 1 <= d <= 7 for d in weekend) or len(weekend) > 6:
        raise _wrong("weekend", "[6, 7]")
    years, off, on = _years(data.get("years"))
    if any(day.isoweekday() not in weekend and day not in off for day in on):
        raise _wrong("years", "on: days of a weekend")
    source = data.get("source", {})
    if not isinstance(source, dict) or not all(isinstance(v, str) for v in source.values()):
        raise _wrong("source", '{ zh = "…", en = "…" }')
    name = data.get("name")
    if not isinstance(name, str) or not name:
        raise _wrong("name", "a name")
    return WorkCalendar(name, zone, frozenset(weekend), _hours(data.get("hours")), off - on, on, years, source)


def _zone(found: Any) -> str:
    try:
        return ZoneInfo(found).key
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise _wrong("zone", "Asia/Shanghai") from None


def _hours(found: Any) -> tuple[tuple[time, time], ...]:
    try:
        hours = tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in found)
    except (TypeError, ValueError):
        raise _wrong("hours", '[["08:00", "12:00"], ["14:00", "18:00"]]') from None
    edges = [edge for pair in hours for edge in pair]
    if not hours or any(edge.tzinfo for edge in edges) or any(a >= b for a, b in pairwise(edges)):
        raise _wrong("hours", '[["08:00", "12:00"], ["14:00", "18:00"]]')
    return hours


def _years(found: Any) -> tuple[frozenset[int], frozenset[date], frozenset[date]]:
    if not isinstance(found, dict):
        raise _wrong("years", "[years.2026]")
    years: set[int] = set()
    days: dict[str, set[date]] = {"off": set(), "on": set()}
    for year, lists in found.items():
        if not year.isdecimal() or not isinstance(lists, dict) or set(lists) - set(days):
            raise _wrong(f"years.{year[:8]}", "off, on")
        years.add(int(year))
        for kind, listed in lists.items():
            if not isinstance(listed, list) or not all(type(d) is date and d.year == int(year) for d in listed):
                raise _wrong(f"years.{year}.{kind}", f"{year}-01-01")
            days[kind].update(listed)
    return frozenset(years), frozenset(days["off"]), frozenset(days["on"])


def _wrong(key: str, wanted: str) -> InvalidInput:
    return InvalidInput("calendar_unreadable", key=key, wanted=wanted)


@cache
def packaged_calendar(name: str = "cn") -> WorkCalendar:
    """Read a calendar that comes with the package."""
    return read_calendar((resources.files("gridmap") / "data" / "calendars" / f"{name}.toml").read_text("utf-8"))
