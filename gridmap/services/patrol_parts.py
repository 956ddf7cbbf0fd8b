"""The parts of a window of patrols: days that are there as fixes, and sums of those whose fixes are gone.

Cleaning and splitting the fixes of a day takes a second or two, so it is done once for all who ask, whatever the
window, and kept in memory. What came in since is asked of the store each time, and only its day is made anew.
"""

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.analysis.patrol_days import no_days, padding
from gridmap.analysis.patrol_parts import PatrolPart, patrol_part, segments_of_parts
from gridmap.analysis.segments import Borders, Floats
from gridmap.analysis.swath import swath_coverage
from gridmap.analysis.swath_again import swath_again
from gridmap.domain.boundaries import BoundaryVersion
from gridmap.domain.patrols import PatrolRules
from gridmap.errors import TooLarge
from gridmap.services.case_books import patrol_rules_at
from gridmap.services.clock import day_in, start_of
from gridmap.services.kept import Kept
from gridmap.services.ports import PointFilter, Store, UnitOfWork
from gridmap.services.responsibility import Plan, Plans, owning_set
from gridmap.settings import Settings

_DAY = timedelta(days=1)
#: A window is read anew so often, where days of it are thinned meanwhile.
_TRIES = 5
#: Days and indexes of borders that are kept. A day of 400 units takes about 3 MB.
_KEEP_PARTS, _KEEP_BORDERS, _KEEP_SWEPT = 100, 4, 8


class Span(NamedTuple):
    """A day, or what of it lies in a window."""

    day: date
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class FromSums:
    """What of a window is known by sums of days alone.

    Attributes
    ----------
    until : datetime
        Before it no single fixes are kept.
    days : int
        Days of the window whose sums count.
    other_borders : int
        Those of them that were summed up by other borders than those that are shown: grids that were not there then
        have nothing of these days.
    left_out : timedelta
        Of the window, on days that it cuts or that another set was summed up for: nothing of it counts.
    """

    until: datetime
    days: int
    other_borders: int
    left_out: timedelta


@dataclass(frozen=True)
class PatrolWindow:
    """The patrols of a window by day. ``key``: equal ones have equal parts."""

    parts: list[PatrolPart]
    thinned: pd.DataFrame
    from_sums: FromSums | None
    key: Hashable


class Swept(NamedTuple):
    """Ways, and what of the ground lies within reach of them."""

    ways: list[Floats]
    table: pd.DataFrame


class PatrolParts:
    """Makes the parts of windows; keep one for all questions.

    Parameters
    ----------
    store : Store
        Itself, and not as one reader sees it: a way does not end where somebody's reach does.
    plans : Plans
        Of the same store.
    """

    def __init__(self, store: Store, settings: Settings, plans: Plans) -> None:
        self._store = store
        self._settings = settings
        self._plans = plans
        self._kept: Kept[PatrolPart] = Kept(_KEEP_PARTS)
        self._borders: Kept[Borders] = Kept(_KEEP_BORDERS)
        self._swept: Kept[Swept] = Kept(_KEEP_SWEPT)

    def full(self, plan: Plan) -> Plan:
        """Give the whole of a plan that somebody sees a part of."""
        return self._plans.of(plan.boundary_set, plan.version) if plan.part else plan

    def window(
        self, plan: Plan, where: PointFilter, *, most: int, stopped: Callable[[], bool] = lambda: False
    ) -> PatrolWindow:
        """Give the parts of a closed window by the borders of a plan, each by the book of its day.

        Parameters
        ----------
        most : int
            So many single fixes at most.
        stopped : callable
            Asked before each part; where it says yes, what is made so far is kept, and the rest is left out.

        Raises
        ------
        TooLarge
            ``too_many_fixes``.
        """
        plan = self.full(plan)
        with self._store.unit_of_work() as work:
            roads = roads_of(work)
            for _ in range(_TRIES):
                until = work.patrol_days.thinned_until()
                thinned, told = sums_of(work, plan, where, self._settings.time_zone)
                keys = self._keys(work, plan, where, roads)
                count = sum(key[3] for _, key in keys)
                if count > most:
                    raise TooLarge("too_many_fixes", count=count, limit=most)
                parts = [self._made(work, plan, span, key, roads) for span, key in keys if not stopped()]
                # on a server a day may have been thinned between two questions
                if work.patrol_days.thinned_until() == until:
                    break
        gone = None if told is None else (told.until, told.days, told.left_out)
        return PatrolWindow(parts, thinned, told, (tuple(key for _, key in keys), gone))

    def swath(
        self,
        plan: Plan,
        grids: gpd.GeoDataFrame,
        window: PatrolWindow,
        length: timedelta,
        *,
        streets: gpd.GeoDataFrame | None,
        rules: PatrolRules,
    ) -> pd.DataFrame:
        """Give ``swath_coverage`` of a window of some length over the grids of a plan.

        Where one as long was measured before, only the grids near ways that came or went since are measured anew.
        """
        key = (plan.key, length, rules, None if streets is None else _stamp(streets))
        ways = [part.ways_m for part in window.parts]
        last = self._swept.peek(key)
        if last is None:
            table = swath_coverage(grids, segments_of_parts(window.parts), streets=streets, rules=rules)
        else:
            table = swath_again(grids, last.table, last.ways, ways, streets=streets, rules=rules)
        self._swept.put(key, Swept(ways, table))
        return table

    def ready(self, plan: Plan, where: PointFilter) -> tuple[int, int]:
        """Tell how many of the parts of a window are made already, and how many there are."""
        with self._store.unit_of_work() as work:
            keys = self._keys(work, self.full(plan), where, roads_of(work))
        return sum(key in self._kept for _, key in keys), len(keys)

    def of_day(self, work: UnitOfWork, plan: Plan, day: date, *, keep: bool = True) -> PatrolPart | None:
        """Give a whole day by the borders of a plan; None: there are no fixes. ``keep``: or what was kept of it."""
        zone = self._settings.time_zone
        span = Span(day, start_of(day, zone), start_of(day + _DAY, zone))
        roads = roads_of(work)
        key = self._key(work, plan, span, roads)
        if not key[3]:
            return None
        return self._made(work, plan, span, key, roads) if keep else self._make(work, plan, span, key[-1], roads)

    def _keys(
        self, work: UnitOfWork, plan: Plan, where: PointFilter, roads: gpd.GeoDataFrame
    ) -> list[tuple[Span, "_Key"]]:
        assert where.start is not None
        assert where.end is not None
        held, until = work.patrols.time_span(), work.patrol_days.thinned_until()
        if held is None:
            return []
        # what is left before the last thinned midnight is for ways over it
        start = max(where.start, until) if until is not None else where.start
        first, end = max(start, held[0]), min(where.end, held[1] + timedelta(microseconds=1))
        found = []
        for day in _days(first, end, self._settings.time_zone):
            begins, ends = (start_of(d, self._settings.time_zone) for d in (day, day + _DAY))
            # where no fix is cut off, the whole day is the same, and other windows may have it too
            span = Span(day, begins if start <= held[0] else max(begins, start), min(ends, where.end))
            span = span._replace(end=ends if where.end > held[1] else span.end)
            key = self._key(work, plan, span, roads)
            if key[3]:
                found.append((span, key))
        return found

    def _key(self, work: UnitOfWork, plan: Plan, span: Span, roads: gpd.GeoDataFrame) -> "_Key":
        rules = patrol_rules_at(work, span.day)
        pad = padding(rules)
        # fixes are only ever added, or taken out with their day, so their number tells what was stored
        count = work.patrols.count(PointFilter(span.start - pad, span.end + pad))
        return plan.key, span.start, span.end, count, _stamp(roads), rules

    def _made(self, work: UnitOfWork, plan: Plan, span: Span, key: "_Key", roads: gpd.GeoDataFrame) -> PatrolPart:
        return self._kept.get(key, lambda: self._make(work, plan, span, key[-1], roads))

    def _make(
        self, work: UnitOfWork, plan: Plan, span: Span, rules: PatrolRules, roads: gpd.GeoDataFrame
    ) -> PatrolPart:
        pad = padding(rules)
        fixes = work.patrols.frame(PointFilter(span.start - pad, span.end + pad))
        borders = self._borders.get(plan.key, lambda: Borders(plan.locator))
        return patrol_part(
            fixes, borders, *span, zone=self._settings.time_zone, epsg=plan.locator.epsg,
            version=(plan.boundary_set.name, plan.version.number), streets=roads, rules=rules,
        )  # fmt: skip


#: Plan, start, end, number of fixes, stamp of the roads, rules.
_Key = tuple[tuple[str, int, str], datetime, datetime, int, str, PatrolRules]


def sums_of(work: UnitOfWork, plan: Plan, where: PointFilter, zone: str) -> tuple[pd.DataFrame, FromSums | None]:
    """Give the sums of days of a closed window whose fixes are gone, and what is to be told of them (None: none are).

    Sums of another set than the plan's do not count: nobody was asked by its borders.
    """
    assert where.start is not None
    assert where.end is not None
    until = work.patrol_days.thinned_until()
    if until is None or where.start >= until:
        return no_days(), None
    end = min(where.end, until)
    days = _days(where.start, end, zone)
    rows = work.patrol_days.frame(days[0], days[-1] + _DAY) if days else no_days()
    whole = {d for d in days if start_of(d, zone) >= where.start and start_of(d + _DAY, zone) <= end}
    mine = (rows["set_name"] == plan.boundary_set.name).to_numpy(dtype=bool, na_value=False)
    held = mine & rows["day"].isin(whole).to_numpy()
    lost = sorted(set(rows["day"][~held]))
    left_out = sum(
        (min(end, start_of(d + _DAY, zone)) - max(where.start, start_of(d, zone)) for d in lost), timedelta()
    )
    kept = rows[held].reset_index(drop=True)
    if not len(rows):
        return no_days(), None
    others = _other_borders(work, plan, kept)
    return kept, FromSums(until, kept["day"].nunique(), others, left_out)


def _other_borders(work: UnitOfWork, plan: Plan, kept: pd.DataFrame) -> int:
    """Count the days that were summed up by other borders than a plan has."""
    numbers = set(kept["version_number"].dropna().astype(int)) - {plan.version.number}
    if not numbers:
        return 0
    versions: list[BoundaryVersion] = work.boundaries.list_versions(plan.boundary_set.name)
    same = {v.number for v in versions if v.content_hash == plan.version.content_hash}
    return int(kept.loc[kept["version_number"].isin(numbers - same), "day"].nunique())


def version_of(work: UnitOfWork, plans: Plans, settings: Settings, day: date) -> Plan | None:
    """Give the plan of the set that owns points as it was on a day; None: no borders held."""
    home = owning_set(work, settings.default_set)
    version = None if home is None else work.boundaries.version_at(home.name, day)
    return None if home is None or version is None else plans.of(home, version, work)


def roads_of(work: UnitOfWork) -> gpd.GeoDataFrame:
    """Give the roads of the context."""
    context = work.context.frame()
    return context[context["kind"] == "road"]


def _days(start: datetime, end: datetime, zone: str) -> list[date]:
    """Give the days that ``[start, end)`` has a part of."""
    if start >= end:
        return []
    first, last = day_in(start, zone), day_in(end - timedelta(microseconds=1), zone)
    return [first + k * _DAY for k in range((last - first).days + 1)]


def _stamp(roads: gpd.GeoDataFrame) -> str:
    shapes: list[bytes] = shapely.to_wkb(np.asarray(roads.geometry.array)).tolist()
    return hashlib.blake2b(b"".join(shapes), digest_size=16).hexdigest()
