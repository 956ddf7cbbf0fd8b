"""Before there is a case: who would be responsible at a place, which open cases are like it, and who is near."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import geopandas as gpd

from gridmap.analysis.duplicates import Alike, Sighting
from gridmap.crs import distances_m, widened
from gridmap.domain.assigning import Assigned
from gridmap.domain.incidents import GridRef, Responsibility
from gridmap.services.case_books import patrol_rules_at
from gridmap.services.cases.guide import guide
from gridmap.services.cases.opening import near_alike
from gridmap.services.cases.placing import Places
from gridmap.services.clock import day_in
from gridmap.services.ports import CaseFilter, CaseLine, PointFilter, Store, UnitOfWork
from gridmap.services.responsibility import Plan, locate, sides_of
from gridmap.settings import Settings

#: Whoever was seen within this time is taken to be on duty, and within this distance to be near.
SEEN_WITHIN = timedelta(minutes=30)
NEAR_M = 2_000.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Who would be responsible. ``sides``: all grids that the circle of an uncertain place touches, the owner first."""

    owner: Responsibility
    proposed: Assigned
    sides: tuple[GridRef, ...]

    @property
    def confirm(self) -> bool:
        """Somebody has to say which side of a border it is."""
        return len(self.sides) > 1


def responsible(
    store: Store, plan: Plan, settings: Settings, lon: float, lat: float, at: datetime, category: str, accuracy_m: float
) -> Asked:
    """Say who would be responsible for a case at a place (WGS 84)."""
    day = day_in(at, settings.time_zone)
    owner = locate(store, plan, lon, lat, day=day, nearest_within_m=settings.nearest_within_m)
    with store.unit_of_work() as work:
        places = Places(work, guide(work, day).rules, day)
        code = None if owner.grid is None else owner.grid.code
        proposed = places.assign(plan, lon, lat, category, code, None)
    sides = sides_of(plan, lon, lat, accuracy_m, nearest_within_m=settings.nearest_within_m)
    return Asked(owner, proposed, tuple(plan.refs[side] for side in sides))


def similar(store: Store, asked: Sighting) -> list[tuple[CaseLine, Alike]]:
    """Give the open cases that could be the same as a report, the likeliest first."""
    with store.unit_of_work() as work:
        return near_alike(work, asked)


@dataclass(frozen=True, slots=True)
class Patrol:
    """A patrol that is near: where it was last, how far that is, and how many cases are open in the grid it is in."""

    unit_id: str
    fixed_at: datetime
    lon: float
    lat: float
    distance_m: float
    grid_code: str | None
    same_grid: bool
    load: int


def last_seen(work: UnitOfWork, now: datetime, *, units: Sequence[str] | None = None) -> gpd.GeoDataFrame:
    """Give where units (None: all) were seen last, if that was lately: FIXES with owners, one row a unit."""
    return work.patrols.latest(_lately(work, now), units)


def _lately(work: UnitOfWork, now: datetime) -> PointFilter:
    # the clock of a device may be ahead: what was taken in counts as now
    ahead = timedelta(seconds=patrol_rules_at(work, now.date()).cleaning.ahead_s)
    return PointFilter(now - SEEN_WITHIN, now + ahead)


def patrols_near(
    store: Store, lon: float, lat: float, now: datetime, *, grid_code: str | None, most: int = 10
) -> Sequence[Patrol]:
    """Give the patrols seen lately near a place: those of its own grid first, then the nearest, the less busy first."""
    west, south, east, north = widened((lon, lat, lon, lat), NEAR_M).tolist()
    with store.unit_of_work() as work:
        window = replace(_lately(work, now), bbox=(west, south, east, north))
        # who passed by may be elsewhere by now
        last = last_seen(work, now, units=list(work.patrols.latest(window)["unit_id"]))
        grids = sorted({str(code) for code in last["grid_code"].dropna()})
        loads = {code: work.cases.count(CaseFilter(open=True, grid_code=code)) for code in grids}
    metres = distances_m(lon, lat, last.geometry.x, last.geometry.y)
    found = []
    for row, distance in zip(last.itertuples(), metres.tolist(), strict=True):
        code = str(row.grid_code) if isinstance(row.grid_code, str) else None
        at, x, y = row.fixed_at.to_pydatetime(), float(row.geometry.x), float(row.geometry.y)
        mine = code is not None and code == grid_code
        found.append(Patrol(str(row.unit_id), at, x, y, distance, code, mine, loads.get(code or "", 0)))
    near = [one for one in found if one.distance_m <= NEAR_M]
    # a hundred metres more or less are a minute on foot: within it, who has less to do goes first
    return sorted(near, key=lambda one: (not one.same_grid, one.distance_m // 100, one.load, one.unit_id))[:most]
