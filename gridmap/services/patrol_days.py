"""Patrols by day and grid: from fixes while they are there, from what was kept of them afterwards; and the thinning.

``frame`` gives a window of days: the rows are the same before and after fixes were thinned, for both are made by the
same function. ``services.patrolling`` asks for windows of any length.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from gridmap.analysis.patrol_days import no_days, padding
from gridmap.domain.access import Permission
from gridmap.errors import Conflict
from gridmap.services.case_books import patrol_rules_at
from gridmap.services.clock import day_in, start_of
from gridmap.services.guarded import GuardedStore
from gridmap.services.patrol_parts import PatrolParts, version_of
from gridmap.services.ports import PointFilter, Store, ThinnedDay, UnitOfWork, Within
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

_DAY = timedelta(days=1)
#: A day is summed up anew so often, where fixes of it come meanwhile.
_TRIES = 5


class PatrolDays:
    """Sums patrols of a store by day; keep one for many questions: days that did not change are not summed again.

    Parameters
    ----------
    store : Store
        Of the service, or of one principal: then rows of grids beyond his reach are left out, and those within it are
        summed over all fixes all the same, for a way does not end where his reach does.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._raw = store.raw if isinstance(store, GuardedStore) else store
        self._plans = Plans(self._raw, index_dir=settings.index_dir)
        self._settings = settings
        self._parts = PatrolParts(self._raw, settings, self._plans)

    def frame(self, first: date, end: date, within: Within | None = None) -> pd.DataFrame:
        """Give DAY_SUMS of the days in ``[first, end)``, by day and grid (outside of all grids last).

        Days on which no borders held have no rows.

        Parameters
        ----------
        within : optional
            Whose grids; None: all. ``within_reach`` gives it for a principal.
        """
        with self._raw.unit_of_work() as work:
            for _ in range(_TRIES):
                until = work.patrol_days.thinned_until()
                parts = [work.patrol_days.frame(first, end), *self._of_fixes(work, first, end, until)]
                # on a server a day may have been thinned between two questions
                if work.patrol_days.thinned_until() == until:
                    break
        found = [part for part in parts if len(part)]
        whole = pd.concat(found, ignore_index=True) if found else no_days()
        return whole if within is None else _cut(whole, within)

    def _of_fixes(self, work: UnitOfWork, first: date, end: date, until: datetime | None) -> list[pd.DataFrame]:
        span, zone = work.patrols.time_span(), self._settings.time_zone
        if span is None:
            return []
        day, last = max(first, day_in(max(span[0], until or span[0]), zone)), min(end, day_in(span[1], zone) + _DAY)
        return [self._summed(work, day + k * _DAY) for k in range((last - day).days)]

    def _summed(self, work: UnitOfWork, day: date, *, keep: bool = True) -> pd.DataFrame:
        """Sum the fixes of a day, or give what they came to before, where neither they nor the borders changed."""
        plan = version_of(work, self._plans, self._settings, day)
        part = None if plan is None else self._parts.of_day(work, plan, day, keep=keep)
        return no_days() if part is None else part.sums

    def _ends(self, day: date) -> tuple[datetime, datetime]:
        zone = self._settings.time_zone
        return start_of(day, zone), start_of(day + _DAY, zone)

    def thin(self, *, now: datetime, keep_days: int, commit: bool = True) -> "Thinning":
        """Put sums in the place of the fixes of all days older than ``keep_days``, day by day.

        Each day is one transaction: its sums, the mark that it is over, and the end of its fixes last together or not
        at all. So it may be stopped at any moment and called again. Fixes of a day that is over are not taken in any
        more (``day_thinned``), else they would count twice or never. What a way over the midnight after it needs stays
        until the next day is thinned.

        Parameters
        ----------
        commit : bool
            False: the oldest day alone is tried, and nothing is kept of it.

        Raises
        ------
        Conflict
            ``store_refused``: fixes of a day kept coming while it was summed up.
        """
        done = Thinning(day_in(now, self._settings.time_zone) - keep_days * _DAY)
        while (day := self._oldest(done.keeps_from)) is not None:
            self._thin_day(day, now, done, commit=commit)
            if not commit:
                break
        return done

    def _oldest(self, keeps_from: date) -> date | None:
        """Give the oldest day before another one that is to be thinned."""
        zone = self._settings.time_zone
        limit = start_of(keeps_from, zone)
        with self._raw.unit_of_work() as work:
            until, span = work.patrol_days.thinned_until(), work.patrols.time_span()
            if span is None or span[0] >= limit or (until is not None and until >= limit):
                return None
            if until is not None and not work.patrols.count(PointFilter(until, limit)):
                return keeps_from - _DAY  # only what a way over the last midnight would have needed
            day = day_in(max(span[0], until or span[0]), zone)
            while not work.patrols.count(PointFilter(*self._ends(day))):
                day += _DAY
            return day

    def _thin_day(self, day: date, now: datetime, done: "Thinning", *, commit: bool) -> None:
        start, end = self._ends(day)
        for _ in range(_TRIES):
            with self._raw.unit_of_work() as work:
                expected = work.patrols.count(PointFilter(end=end))
                mine = work.patrols.count(PointFilter(start, end))
                sums = self._summed(work, day, keep=False)
                pad = padding(patrol_rules_at(work, day + _DAY))  # as the next day will ask for them
            with self._store.unit_of_work() as work:  # told in the trail as his who does it
                thinned = ThinnedDay(day, end, mine, now)
                if not work.patrol_days.thin(sums, thinned, expected=expected, before=end - pad):
                    continue
                if commit:
                    work.commit()
                done.days += 1
                done.fixes += mine
                done.rows += len(sums)
                return
        raise Conflict("store_refused")


@dataclass(slots=True)
class Thinning:
    """What was thinned: days before ``keeps_from``, their fixes, and the rows that took their place."""

    keeps_from: date
    days: int = 0
    fixes: int = 0
    rows: int = 0


def within_reach(store: Store) -> Within | None:
    """Give whose patrols whoever a store is for may see; None: all."""
    if not isinstance(store, GuardedStore):
        return None
    with store.unit_of_work() as work:
        return work.guard.within(Permission.PATROLS_READ)


def _cut(days: pd.DataFrame, within: Within) -> pd.DataFrame:
    kept = np.zeros(len(days), dtype=bool)
    for name, codes in within:
        asked = (days["set_name"] == name).to_numpy(dtype=bool, na_value=False)
        kept |= asked if codes is None else asked & days["grid_code"].isin(codes).to_numpy()
    return days[kept].reset_index(drop=True)
