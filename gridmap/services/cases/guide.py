"""What the work on cases goes by on a day: limits, rules of responsibility and the calendar, as the city has them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TypeVar

from gridmap.domain.assigning import Rules, packaged_rules, read_rules
from gridmap.domain.calendars import WorkCalendar, packaged_calendar, read_calendar
from gridmap.domain.deadlines import Limit
from gridmap.domain.limits import LimitTable, Stage, packaged_limits, read_limits
from gridmap.services.ports import UnitOfWork

T = TypeVar("T")


@dataclass(frozen=True)
class Guide:
    """Limits, rules and calendar of a day; what a city has not brought comes with the package."""

    limits: LimitTable
    rules: Rules
    calendar: WorkCalendar

    def stages(self, category: str, emergency: bool) -> dict[Stage, Limit]:
        """Give the limits of the stages beside handling."""
        return {
            stage: self.limits.of(category, "", emergency, stage)
            for stage in (Stage.ACCEPT, Stage.DISPATCH, Stage.VERIFY)
        }


def guide(work: UnitOfWork, day: date) -> Guide:
    """Read what holds on a day."""
    return Guide(
        _read(work, "limits", day, _limits, packaged_limits),
        _read(work, "rules", day, _rules, packaged_rules),
        _read(work, "calendar", day, _calendar, packaged_calendar),
    )


def _read(work: UnitOfWork, kind: str, day: date, read: Callable[[str], T], packaged: Callable[[], T]) -> T:
    book = work.books.at(kind, day)
    return packaged() if book is None else read(book.content)


# a book is asked for with each case and changes once a year
_limits = lru_cache(maxsize=8)(read_limits)
_rules = lru_cache(maxsize=8)(read_rules)
_calendar = lru_cache(maxsize=8)(read_calendar)
