"""Where the present comes from."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Give the present as an aware UTC time."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still, for tests and for looking back."""

    present: datetime

    def now(self) -> datetime:
        """Give the one time it knows."""
        return self.present


def day_in(moment: datetime, zone: str) -> date:
    """Give the calendar day of a moment in a time zone: versions change at midnight there."""
    return moment.astimezone(ZoneInfo(zone)).date()


def start_of(day: date, zone: str) -> datetime:
    """Give the first moment of a calendar day in a time zone, in UTC."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
