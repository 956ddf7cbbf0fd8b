"""Shifts, clocks of devices and sums of days, as the use cases ask for them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

import pandas as pd

from gridmap.domain.duty import Shift, UnitClock
from gridmap.services.ports.points import Within


class ThinnedDay(NamedTuple):
    """A day whose fixes were summed up: it ended at ``ends_at``, and so many lasted until then."""

    day: date
    ends_at: datetime
    fixes: int
    thinned_at: datetime


class DutyRepository(Protocol):
    """Who is on duty when and where, and the clocks that are wrong."""

    def put_shifts(self, set_name: str, shifts: Sequence[Shift], *, start: datetime, end: datetime) -> int:
        """Let these be the shifts of a set that begin in ``[start, end)``; give how many were there before.

        Raises
        ------
        NotFound
            ``set_not_found``.
        Conflict
            ``store_refused``: a unit begins two at one moment.
        """
        ...

    def shifts(self, set_name: str, start: datetime, end: datetime, units: Sequence[str] | None = None) -> list[Shift]:
        """Give the shifts of a set (of some units) that hold at any moment of ``[start, end)``, by start and unit."""
        ...

    def bound(self, set_name: str, units: Sequence[str]) -> set[str]:
        """Give those of these units that have a shift at any time."""
        ...

    def clocks(self, units: Sequence[str] | None = None) -> list[UnitClock]:
        """Give what is known of the clocks (of some units) that are wrong, by unit."""
        ...

    def put_clocks(self, clocks: Sequence[UnitClock], right: Sequence[str] = ()) -> int:
        """Remember clocks that are wrong, and forget those of units that are ``right``; give how many changed."""
        ...


class DaySumRepository(Protocol):
    """What patrols amount to by day and grid, once their fixes are gone."""

    def thinned_until(self) -> datetime | None:
        """Give the moment before which no fixes are taken in any more; None: all are."""
        ...

    def days(self) -> list[ThinnedDay]:
        """Give the days that were summed up, by day."""
        ...

    def frame(self, first: date, end: date, within: Within | None = None) -> pd.DataFrame:
        """Give DAY_SUMS of ``[first, end)``, by day and grid."""
        ...

    def thin(self, sums: pd.DataFrame, thinned: ThinnedDay, *, expected: int, before: datetime) -> bool:
        """Put the sums of a day in the place of the fixes before a moment; nobody adds fixes meanwhile.

        Parameters
        ----------
        sums : DataFrame
            DAY_SUMS of the day.
        expected : int
            So many fixes before ``thinned.ends_at`` were there when they were summed up.
        before : datetime
            Fixes before it are thrown away; not after ``thinned.ends_at``.

        Returns
        -------
        bool
            False, and nothing is done: fixes came since, or the day, or a later one, was thinned already.
        """
        ...
