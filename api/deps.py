"""What a route needs beside its parameters: the store, the plans, the clock, and reading days and windows with them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from api.cursor import Cursors
from api.errors import language_of
from api.rendered import Rendered
from gridmap.errors import InvalidInput
from gridmap.i18n import Language
from gridmap.services.clock import day_in
from gridmap.services.ports import Box, Clock, PointFilter, Store
from gridmap.services.responsibility import Plan, Plans
from gridmap.settings import Settings

Moment = date | datetime

#: Records in a page when the reader names no number.
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Context:
    """Everything one running app shares between requests."""

    settings: Settings
    store: Store
    plans: Plans
    clock: Clock
    cursors: Cursors
    rendered: Rendered
    version: str

    def day(self, at: Moment | None) -> date:
        """Give the calendar day of a moment in the district's time zone; without one, today."""
        if at is None or isinstance(at, datetime):
            return day_in(at or self.clock.now(), self.settings.time_zone)
        return at

    def moment(self, at: Moment | None) -> datetime | None:
        """Give the start of a day in the district's time zone, or the time itself, in UTC."""
        if at is None or isinstance(at, datetime):
            return at
        return datetime.combine(at, time.min, ZoneInfo(self.settings.time_zone)).astimezone(UTC)

    def plan(self, set_name: str | None, at: Moment | None) -> Plan:
        """Give the plan of a set (or of the default one) in force at a moment."""
        return self.plans.at(self.plans.resolve_set(set_name, self.settings.default_set), self.day(at))

    def window(
        self,
        start: Moment | None,
        end: Moment | None,
        categories: tuple[str, ...] | None = None,
        bbox: Box | None = None,
    ) -> PointFilter:
        """Give the filter for the half-open window ``[start, end)``.

        Raises
        ------
        InvalidInput
            ``window_reversed``.
        """
        first, last = self.moment(start), self.moment(end)
        if first is not None and last is not None and first >= last:
            raise InvalidInput("window_reversed")
        return PointFilter(first, last, categories, bbox)

    def limit(self, asked: int | None) -> int:
        """Check the size of a page; without one, give the usual size.

        Raises
        ------
        InvalidInput
            ``limit_out_of_range``.
        """
        if asked is None:
            return min(_PAGE, self.settings.max_page)
        if not 1 <= asked <= self.settings.max_page:
            raise InvalidInput("limit_out_of_range", limit=self.settings.max_page)
        return asked


def context(request: Request) -> Context:
    """Give the context of the running app."""
    found: Context = request.app.state.context
    return found


def reader_language(request: Request) -> Language:
    """Give the language the reader asked for."""
    return language_of(request.scope, request.app.state.settings.language)


Ctx = Annotated[Context, Depends(context)]
ReaderLanguage = Annotated[Language, Depends(reader_language)]
