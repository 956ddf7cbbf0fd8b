"""Hotspots of a plan: what was recorded in a window, and what Gi*, Moran's I and the classes of change say of it.

Judging tens of thousands of grids takes seconds, so what was found is kept by what it was found from: the plan and the
figures themselves. Whatever else is stored meanwhile, the same figures are not judged twice.
"""

import hashlib
import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol, get_args
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.analysis import lattice
from gridmap.analysis.bandwidths import Bandwidth, Scales, choose_bandwidth, other_scales
from gridmap.analysis.density import density, density_by
from gridmap.analysis.density_steps import DensitySteps, density_steps
from gridmap.analysis.emerging import Emerging, emerging_hotspots
from gridmap.analysis.hotspots import getis_ord
from gridmap.analysis.incident_rates import PATROL_CHANNELS
from gridmap.analysis.moran import Gathering, local_moran, moran
from gridmap.analysis.neighbours import Neighbours, neighbours_of
from gridmap.analysis.peaks import lone_peaks, with_peaks
from gridmap.analysis.period_counts import Period, equal_periods, few_periods, period_counts, recorded_periods
from gridmap.analysis.rates import rate_hotspots
from gridmap.analysis.rhythm import record_gaps, renamed_kinds, say_records
from gridmap.analysis.saying import Statement, rounded, say
from gridmap.analysis.street_lengths import street_metres
from gridmap.analysis.wider_reach import WiderReach, wider_reach
from gridmap.crs import area_m2, metric_epsg_of, to_metric
from gridmap.services.counts import incidents_by_plan
from gridmap.services.ports import PointFilter, Store
from gridmap.services.provisioning import with_people
from gridmap.services.reports import MAX_CELLS, PlanReport, plan_report
from gridmap.services.responsibility import Plan
from gridmap.settings import Settings

By = Literal["count", "households", "street_km", "patrol_hours"]
Side = Literal["high", "low", "both"]
BASES: tuple[By, ...] = get_args(By)
Floats = npt.NDArray[np.float64]
#: Steps of the slider of a map of density, and cells of each.
STEPS, STEP_CELLS = 13, 12_000


class Keep(Protocol):
    """Gives the value of a key, made where it is not there."""

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any: ...


class Found(NamedTuple):
    """What Gi* found and what stands out by itself, by what, and what of it stays at double the reach."""

    table: pd.DataFrame
    by: By
    wider: WiderReach | None


class Dense(NamedTuple):
    """Density, or a ratio, on a lattice: the bandwidth and why, what other scales change, how many were counted, and of
    density the same by periods of the window.
    """

    cells: gpd.GeoDataFrame
    width: Bandwidth
    scales: Scales | None
    incidents: int
    steps: DensitySteps | None = None


class Changed(NamedTuple):
    """What became of grids over periods, and from what: ``counts`` has a row a grid and a column a period."""

    found: Emerging
    counts: Floats
    periods: tuple[Period, ...]
    recorded: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Observed:
    """The incidents of a closed window, each with its owner by a plan.

    ``incidents``: ``occurred_at``, ``category``, ``channel``, ``grid_code``, geometry. ``gaps``: first and last days of
    spans without records, of all kinds together; ``said`` says them, and kinds that seem to have changed their name.
    """

    base: PlanReport
    incidents: gpd.GeoDataFrame
    gaps: tuple[tuple[date, date], ...]
    said: tuple[Statement, ...]

    @property
    def codes(self) -> list[str]:
        """Codes of the grids, in their order."""
        return [str(code) for code in self.base.grids["code"]]

    def counts(self) -> Floats:
        """Count the incidents of each grid."""
        return counts_of(self.incidents["grid_code"], self.codes)


def observe(store: Store, plan: Plan, where: PointFilter, *, settings: Settings) -> Observed:
    """Read the incidents of a closed window, and look for gaps in their records."""
    assert where.start is not None
    assert where.end is not None
    base = plan_report(store, plan)
    with store.unit_of_work() as work:
        found = incidents_by_plan(work, plan, where, settings=settings)
        # a quiet kind is no gap: what counts is whether anything at all came in
        every = found if where.categories is None else work.incidents.frame(replace(where, categories=None))
    if plan.part:
        # of a part of a plan nothing is told of what lies beyond
        found = found[found["grid_code"].isin(set(base.grids["code"]))]
    gaps, renamed = record_faults(every, where.start, where.end, settings.time_zone)
    return Observed(base, found, gaps, tuple(say_records(gaps, renamed)))


def record_faults(
    incidents: gpd.GeoDataFrame, start: datetime, end: datetime, time_zone: str
) -> tuple[tuple[tuple[date, date], ...], list[tuple[str, str, date]]]:
    """Find gaps in the records of a window, and kinds that seem to have changed their name."""
    if incidents.empty:
        return (), []
    zone, at = ZoneInfo(time_zone), incidents["occurred_at"]
    # whole days alone: one of which the window holds an hour is no gap
    first, last = (start + timedelta(days=1, microseconds=-1)).astimezone(zone).date(), end.astimezone(zone).date()
    gaps = record_gaps(at, start=first, end=last, time_zone=time_zone) if first < last else []
    return tuple(gaps), renamed_kinds(at, incidents["category"])


def counts_of(owner: pd.Series, codes: Sequence[str]) -> Floats:
    """Count what each of some codes owns."""
    row = pd.Index(codes).get_indexer(pd.Index(owner))
    return np.bincount(row[row >= 0], minlength=len(codes)).astype(np.float64)


def beside_of(plan: Plan, base: PlanReport, keep: Keep) -> Neighbours:
    """Give who is beside whom in a plan; a version never changes."""
    found: Neighbours = keep.get(("beside", plan.key), lambda: neighbours_of(np.asarray(base.grids.geometry.array)))
    return found


def judge_hotspots(
    store: Store,
    seen: Observed,
    keep: Keep,
    *,
    by: By = "count",
    side: Side = "both",
    day: date,
    patrolled: pd.DataFrame | None = None,
) -> Found:
    """Judge the grids by Gi*: their counts, or rates by households, kilometres of street or hours of patrols.

    Parameters
    ----------
    day : date
        Whose households count.
    patrolled : DataFrame, optional
        frames.PATROLLED of the window; by ``patrol_hours`` only what patrols found is counted. Without it no grid has
        any hour, and none is judged.
    """
    plan, counts = seen.base.plan, seen.counts()
    base = None if by == "count" else _base_of(store, seen, keep, by, day, patrolled)
    if by == "patrol_hours":
        counts = _of_patrols(patrolled, seen.codes, "patrol_found")
    if base is not None:
        # what happened where there is nothing to count it against has no rate
        counts = np.where(base > 0, counts, 0.0)

    def judge() -> Found:
        beside = beside_of(plan, seen.base, keep)
        table = getis_ord(counts, beside, side=side) if base is None else rate_hotspots(counts, base, beside, side=side)
        wider = wider_reach(table, beside)
        # who looks for quiet places alone is not told of peaks
        return Found(table if side == "low" else with_peaks(table, lone_peaks(counts, base)), by, wider)

    found: Found = keep.get(("judged", plan.key, by, side, digest(counts, base)), judge)
    return found


def judge_gathering(seen: Observed, keep: Keep) -> tuple[pd.DataFrame, Gathering | None]:
    """Judge the grids by local Moran, and all of them together by Moran's I."""
    plan, counts = seen.base.plan, seen.counts()

    def judge() -> tuple[pd.DataFrame, Gathering | None]:
        beside = beside_of(plan, seen.base, keep)
        return local_moran(counts, beside), moran(counts, beside)

    found: tuple[pd.DataFrame, Gathering | None] = keep.get(("moran", plan.key, digest(counts)), judge)
    return found


def judge_changes(seen: Observed, start: datetime, end: datetime, keep: Keep, *, time_zone: str) -> Changed:
    """Say what became of each grid over the periods of the window."""
    plan, periods = seen.base.plan, equal_periods(start, end)
    counts = period_counts(seen.incidents["occurred_at"], seen.incidents["grid_code"], seen.codes, periods)
    recorded = recorded_periods(periods, seen.gaps, time_zone)

    def judge() -> Emerging:
        return emerging_hotspots(counts, beside_of(plan, seen.base, keep), recorded=recorded)

    found: Emerging = keep.get(("emerging", plan.key, digest(counts, recorded.astype(np.float64))), judge)
    return Changed(found, counts, tuple(periods), recorded)


def estimate_density(
    store: Store,
    seen: Observed,
    where: PointFilter,
    keep: Keep,
    *,
    by: By = "count",
    bandwidth_m: float | None = None,
    day: date,
    patrolled: pd.DataFrame | None = None,
) -> Dense:
    """Estimate where incidents are dense: by km2 and 30 days, by households, kilometres of street or patrol hours.

    Parameters
    ----------
    by, day, patrolled
        As ``judge_hotspots``; ``count`` is by ground.
    bandwidth_m : float, optional
        Else the one that best foresees each incident from all others.
    """
    assert where.start is not None
    assert where.end is not None
    base, incidents, start, end = seen.base, seen.incidents, where.start, where.end
    grids, days = base.grids, (end - start) / timedelta(days=1)
    if by == "patrol_hours" and len(incidents):
        incidents = incidents[incidents["channel"].isin(PATROL_CHANNELS)]
    ground_m2 = float(area_m2(grids.geometry.array).sum())
    floor = narrowest_m(grids, ground_m2)
    amounts = None if by == "count" else _base_of(store, seen, keep, by, day, patrolled)

    def estimate() -> Dense:
        method = "likelihood" if bandwidth_m is None else "chosen"
        width = _bounded(choose_bandwidth(incidents, grids, method=method, chosen_m=bandwidth_m), floor)
        metres = width.bandwidth_m
        # a third of the bandwidth keeps the surface smooth; wide ground takes larger cells
        cell_m = min(metres, max(metres / 3, floor))
        if amounts is not None:
            cells = density_by(incidents, grids, amounts, by, cell_m=cell_m, bandwidth_m=metres, clip=True)
            return Dense(cells, width, None, len(incidents))
        cells = density(incidents, grids, cell_m=cell_m, bandwidth_m=metres, days=days, edges=True, clip=True)
        periods = few_periods(start, end, STEPS)
        side = step_cell_m(metres, ground_m2)
        steps = density_steps(incidents, grids, periods, cell_m=side, bandwidth_m=metres) if periods else None
        return Dense(cells, width, other_scales(incidents, grids, bandwidth_m=metres), len(incidents), steps)

    places = shapely.get_coordinates(np.asarray(incidents.geometry.array)).ravel()
    at = pd.DatetimeIndex(incidents["occurred_at"]).asi8.astype(np.float64)
    key = ("density", base.plan.key, by, bandwidth_m, start, end, digest(places, at, amounts))
    found: Dense = keep.get(key, estimate)
    return found


def narrowest_m(grids: gpd.GeoDataFrame, ground_m2: float) -> float:
    """Give the narrowest bandwidth that a map can have: by its ground, and by the box around it with its islands."""
    lonlat = np.asarray(grids.geometry.array)
    x0, y0, x1, y1 = shapely.total_bounds(to_metric(lonlat, metric_epsg_of(lonlat)))
    # cells are a third of it, and a lattice begins and ends at whole ones
    box = 3 * math.sqrt((x1 - x0) * (y1 - y0) / (0.9 * lattice.MAX_CELLS))
    return max(math.sqrt(ground_m2 / MAX_CELLS), box)


def step_cell_m(bandwidth_m: float, ground_m2: float) -> float:
    """Give the side of the cells of a slider: half a bandwidth, or wider so that all of its steps fit into a file."""
    return min(bandwidth_m, max(bandwidth_m / 2, math.sqrt(ground_m2 / STEP_CELLS)))


def _bounded(width: Bandwidth, floor: float) -> Bandwidth:
    """Widen a bandwidth below which a screen could not tell cells apart."""
    if width.bandwidth_m >= floor:
        return width
    return width._replace(bandwidth_m=floor, said=(*width.said, say("bandwidth_floor", metres=rounded(floor))))


def _base_of(store: Store, seen: Observed, keep: Keep, by: By, day: date, patrolled: pd.DataFrame | None) -> Floats:
    """Give what incidents of each grid are counted against: households of a day, streets, or hours of patrols."""
    if by == "street_km":
        context = seen.base.context
        roads = context[context["kind"] == "road"]
        places = shapely.get_coordinates(np.asarray(roads.geometry.array)).ravel()
        key = ("street_km", seen.base.plan.key, digest(places))
        found: Floats = keep.get(key, lambda: street_metres(seen.base.grids, roads) / 1_000)
        return found
    if by == "households":
        with store.unit_of_work() as work:
            held = with_people(work, seen.base.plan, seen.base.grids, day)["households"]
        return np.asarray(held.fillna(0).to_numpy(dtype=np.float64))
    return _of_patrols(patrolled, seen.codes, "hours")


def _of_patrols(patrolled: pd.DataFrame | None, codes: Sequence[str], name: str) -> Floats:
    if patrolled is None:
        return np.zeros(len(codes))
    return np.asarray(patrolled.set_index("code").reindex(pd.Index(codes))[name].fillna(0).to_numpy(dtype=np.float64))


def digest(*columns: Floats | None) -> str:
    """Give what tells figures from all others."""
    made = hashlib.blake2b(digest_size=16)
    for column in columns:
        made.update(b"-" if column is None else str(column.shape).encode() + np.ascontiguousarray(column).tobytes())
    return made.hexdigest()
