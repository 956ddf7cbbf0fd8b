"""How many incidents and fixes each grid of a plan has, whatever the day of the points.

Points keep the owner of their day. Where the window lies in the validity of the plan that is the answer; else they are
located again in this plan ("owner now" instead of "owner then").
"""

from dataclasses import replace
from datetime import date, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.analysis.patrol_days import fixes_of_days, no_days
from gridmap.domain.boundaries import ALWAYS
from gridmap.errors import InvalidInput
from gridmap.services.clock import start_of
from gridmap.services.patrol_parts import FromSums, sums_of
from gridmap.services.points import FIX, INCIDENT, PointKind, primary_of
from gridmap.services.ports import Passing, PointFilter, UnitOfWork
from gridmap.services.responsibility import Plan, locate_many
from gridmap.settings import Settings


def incident_counts(work: UnitOfWork, plan: Plan, where: PointFilter, *, settings: Settings) -> pd.DataFrame:
    """Count the incidents of a window by the grids of a plan.

    Returns
    -------
    DataFrame
        ``grid_code, incidents``, by code; without those that no grid of the plan owns.
    """
    if _own_days(work, plan, where, settings):
        return work.incidents.counts_by_grid(where)
    found = _owned(work, plan, where, INCIDENT, settings)
    counts = found.groupby("grid_code").size()
    return pd.DataFrame({"grid_code": counts.index, "incidents": counts.to_numpy(dtype=np.int64)})


def fix_counts(work: UnitOfWork, plan: Plan, where: PointFilter, *, settings: Settings) -> pd.DataFrame:
    """Count the fixes of a window by the grids of a plan.

    Returns
    -------
    DataFrame
        ``grid_code, fixes, units, last_fix_at``, by code; without those that no grid of the plan owns. Days whose fixes
        are gone count by their sums; ``units`` is then the most of any one of them, or of the rest.
    """
    sums, _ = thinned_in(work, plan, where, settings=settings)
    held = after_thinning(work, where)
    if held is None:
        table = work.patrols.counts_by_grid(PointFilter(within=()))
    elif _own_days(work, plan, held, settings):
        table = work.patrols.counts_by_grid(held)
    else:
        by_grid = _owned(work, plan, held, FIX, settings).groupby("grid_code")
        counts = by_grid.agg(fixes=("unit_id", "size"), units=("unit_id", "nunique"), last_fix_at=("fixed_at", "max"))
        table = counts.astype({"fixes": "int64", "units": "int64"}).reset_index()
    if not len(sums):
        return table
    both = pd.concat([some for some in (table, fixes_of_days(sums)) if len(some)], ignore_index=True)
    # who came on several days is not known of sums
    return (
        both.groupby("grid_code", sort=True).agg({"fixes": "sum", "units": "max", "last_fix_at": "max"}).reset_index()
    )


def thinned_in(
    work: UnitOfWork, plan: Plan, where: PointFilter, *, settings: Settings
) -> tuple[pd.DataFrame, FromSums | None]:
    """Give DAY_SUMS of the days of a window whose fixes are gone, and what is to be told of them; none for a box."""
    if where.bbox is not None:
        return no_days(), None
    if where.start is None or where.end is None:
        # by what the reader may see: a list of all days is for who may see all grids
        until = work.patrol_days.thinned_until()
        rows = no_days() if until is None else work.patrol_days.frame(date.min, until.date() + timedelta(days=1))
        if until is None or not len(rows):
            return no_days(), None
        start, end = where.start or start_of(min(rows["day"]), settings.time_zone), where.end or until
        if start >= end:
            return no_days(), None
        where = replace(where, start=start, end=end)
    sums, told = sums_of(work, plan, where, settings.time_zone)
    return (sums if where.grid_code is None else sums[sums["grid_code"] == where.grid_code]), told


def after_thinning(work: UnitOfWork, where: PointFilter) -> PointFilter | None:
    """Give the part of a window whose fixes are there; what is left before is for ways over midnight. None: no part."""
    until = work.patrol_days.thinned_until()
    if until is None or (where.start is not None and where.start >= until):
        return where
    return None if where.end is not None and where.end <= until else replace(where, start=until)


def activity(
    work: UnitOfWork, plan: Plan, where: PointFilter, *, settings: Settings
) -> tuple[int, Passing, FromSums | None]:
    """Count the incidents of one grid of a plan (``where.grid_code``) in a window, and give its fixes in numbers.

    Where days of the window are known by their sums alone, that is told; ``units`` is then the most of any one of them.
    """
    passed = replace(where, categories=None, bbox=None)
    incidents = _incidents_of(work, plan, where, settings)
    sums, told = thinned_in(work, plan, passed, settings=settings)
    if len(sums) == 0 and _own_days(work, plan, where, settings):
        held = after_thinning(work, passed)
        return incidents, Passing(0, 0, None) if held is None else work.patrols.passing(held), told
    fixes = fix_counts(work, plan, passed, settings=settings)
    last = None if fixes.empty else fixes["last_fix_at"].iloc[0].to_pydatetime()
    return incidents, Passing(int(fixes["fixes"].sum()), int(fixes["units"].sum()), last), told


def _incidents_of(work: UnitOfWork, plan: Plan, where: PointFilter, settings: Settings) -> int:
    if _own_days(work, plan, where, settings):
        return work.incidents.count(where)
    return int(incident_counts(work, plan, where, settings=settings)["incidents"].sum())


def owners_then(work: UnitOfWork, where: PointFilter) -> pd.DataFrame:
    """Count the incidents of a window by the owner of their day.

    Returns
    -------
    DataFrame
        ``set_name, version_number, grid_code, incidents``; by these; nobody's last.
    """
    found = work.incidents.frame(where)
    keys = ["set_name", "version_number", "grid_code"]
    counts = found.groupby(keys, dropna=False).size().rename("incidents").reset_index()
    table: pd.DataFrame = counts.sort_values(keys, na_position="last", ignore_index=True)
    return table


def incidents_by_plan(work: UnitOfWork, plan: Plan, where: PointFilter, *, settings: Settings) -> gpd.GeoDataFrame:
    """Give the incidents of a window; ``grid_code``: their owner by the plan, missing where no grid of it owns one."""
    found = work.incidents.frame(where)
    return found if _own_days(work, plan, where, settings) else _located(found, plan, settings)


def _own_days(work: UnitOfWork, plan: Plan, where: PointFilter, settings: Settings) -> bool:
    """Tell whether every point of a window has been given its owner by this very plan."""
    try:
        home = primary_of(work, settings)
    except InvalidInput:  # several sets, and nobody said whose the points are
        return False
    if home is None or home.name != plan.boundary_set.name:
        return False
    version = work.boundaries.find_version(plan.version.set_name, plan.version.number)
    if version is None or not version.ever_in_force:
        return False

    first, last, zone = version.valid_from, version.valid_to, settings.time_zone
    begun = first == ALWAYS or (where.start is not None and where.start >= start_of(first, zone))
    ended = last is None or (where.end is not None and where.end <= start_of(last, zone))
    return begun and ended


def _owned(work: UnitOfWork, plan: Plan, where: PointFilter, kind: PointKind, settings: Settings) -> gpd.GeoDataFrame:
    """Give the points of a window with ``grid_code`` by the plan; only those that a grid owns."""
    found = _located(kind.repository(work).frame(replace(where, grid_code=None)), plan, settings)
    found = found[found["grid_code"].notna()]
    return found if where.grid_code is None else found[found["grid_code"] == where.grid_code]


def _located(found: gpd.GeoDataFrame, plan: Plan, settings: Settings) -> gpd.GeoDataFrame:
    points = found.geometry
    code, _ = locate_many(plan, points.x.to_numpy(), points.y.to_numpy(), nearest_within_m=settings.nearest_within_m)
    return found.assign(grid_code=code)
