"""Shifts, clocks and sums of days, cut down to a reach."""

from collections.abc import Sequence
from datetime import date, datetime

import pandas as pd

from gridmap.domain.access import Permission
from gridmap.domain.duty import Shift, UnitClock
from gridmap.services.guarded.guard import Guard
from gridmap.services.guarded.points import both_within
from gridmap.services.ports import ThinnedDay, Within


class CutDuty:
    """``DutyRepository``: who is on duty in an area is seen by who may see its people."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._raw = guard.raw.duty

    def put_shifts(self, set_name: str, shifts: Sequence[Shift], *, start: datetime, end: datetime) -> int:
        """Put the shifts of a set that is within reach as a whole."""
        self._guard.require_whole(Permission.DATA_IMPORT, set_name)
        return self._raw.put_shifts(set_name, shifts, start=start, end=end)

    def shifts(self, set_name: str, start: datetime, end: datetime, units: Sequence[str] | None = None) -> list[Shift]:
        """Give the shifts whose duty area lies within reach, all of it."""
        found = self._raw.shifts(set_name, start, end, units)
        codes = self._guard.codes(Permission.PEOPLE_READ, set_name)
        return found if codes is None else [s for s in found if s.codes and codes.issuperset(s.codes)]

    def bound(self, set_name: str, units: Sequence[str]) -> set[str]:
        """Tell of units which have shifts, of a set that is within reach as a whole."""
        self._guard.require_whole(Permission.PEOPLE_READ, set_name)
        return self._raw.bound(set_name, units)

    def clocks(self, units: Sequence[str] | None = None) -> list[UnitClock]:
        """Clocks belong to no area."""
        self._guard.require_everywhere(Permission.PATROLS_LIVE)
        return self._raw.clocks(units)

    def put_clocks(self, clocks: Sequence[UnitClock], right: Sequence[str] = ()) -> int:
        """Clocks belong to no area."""
        self._guard.require_everywhere(Permission.DATA_IMPORT)
        return self._raw.put_clocks(clocks, right)


class CutPatrolDays:
    """``DaySumRepository``: sums of the grids within reach."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._raw = guard.raw.patrol_days

    def thinned_until(self) -> datetime | None:
        """Give the moment before which no fixes are taken in; it gives nothing away."""
        return self._raw.thinned_until()

    def days(self) -> list[ThinnedDay]:
        """Fixes are counted over all grids."""
        self._guard.require_everywhere(Permission.PATROLS_READ)
        return self._raw.days()

    def frame(self, first: date, end: date, within: Within | None = None) -> pd.DataFrame:
        """Give the sums of the grids within reach."""
        mine = both_within(self._guard.within(Permission.PATROLS_READ), within)
        return self._raw.frame(first, end, mine)

    def thin(self, sums: pd.DataFrame, thinned: ThinnedDay, *, expected: int, before: datetime) -> bool:
        """Fixes are thrown away in all grids."""
        self._guard.require_everywhere(Permission.DATA_IMPORT)
        return self._raw.thin(sums, thinned, expected=expected, before=before)
