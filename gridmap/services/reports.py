"""What the maps and the front page show: counts, density and coverage in a window."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import geopandas as gpd
import shapely

from gridmap.analysis.coverage import coverage_gaps
from gridmap.analysis.windows import window_parts
from gridmap.crs import from_metric, to_metric
from gridmap.domain.boundaries import BoundarySet, BoundaryVersion
from gridmap.errors import NotFound
from gridmap.services.counts import fix_counts, incident_counts, thinned_in
from gridmap.services.patrol_parts import FromSums
from gridmap.services.ports import PointFilter, Store, UnitOfWork
from gridmap.services.responsibility import Plan, Plans
from gridmap.settings import Settings

#: Cells of a density map; more cannot be told apart on a screen.
MAX_CELLS = 40_000
#: Radius of the round that stands for a grid that is a point.
FOOTPRINT_M = 12.0


@dataclass(frozen=True, slots=True)
class Span:
    """How many records there are, and when the first and the last one was."""

    count: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class SetOverview:
    """A set, its version in force, how many grids it has, and its box (west, south, east, north)."""

    boundary_set: BoundarySet
    version: BoundaryVersion | None
    grids: int
    bounds: tuple[float, float, float, float] | None


@dataclass(frozen=True, slots=True)
class Overview:
    """What is in the store, in one look."""

    sets: tuple[SetOverview, ...]
    incidents: Span
    fixes: Span
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanReport:
    """The grids of a version with the coarser levels (coarsest first) and the context around them."""

    plan: Plan
    grids: gpd.GeoDataFrame
    upper: tuple[gpd.GeoDataFrame, ...]
    context: gpd.GeoDataFrame


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """Coverage by grid. ``from_sums``: what of the window is known by sums of days alone."""

    base: PlanReport
    coverage: gpd.GeoDataFrame
    from_sums: FromSums | None = None


def overview(store: Store, plans: Plans, day: date) -> Overview:
    """Say what is in the store."""
    with store.unit_of_work() as work:
        incidents = _span(work.incidents.count(PointFilter()), work.incidents.time_span())
        fixes = _span(work.patrols.count(PointFilter()), work.patrols.time_span())
        categories = tuple(work.incidents.categories())
    return Overview(set_overviews(store, plans, day), incidents, fixes, categories)


def set_overviews(store: Store, plans: Plans, day: date, name: str | None = None) -> tuple[SetOverview, ...]:
    """Give all sets, or the one of a name, each with its version in force on a day."""
    with store.unit_of_work() as work:
        sets = [s for s in work.boundaries.list_sets() if name is None or s.name == name]
        in_force = [work.boundaries.version_at(s.name, day) for s in sets]
    found = []
    for boundary_set, version in zip(sets, in_force, strict=True):
        if version is None:
            found.append(SetOverview(boundary_set, None, 0, None))
            continue
        try:
            plan = plans.of(boundary_set, version)
        except NotFound:  # nothing of it is within reach
            found.append(SetOverview(boundary_set, version, 0, None))
            continue
        x0, y0, x1, y1 = (float(v) for v in plan.box)
        found.append(SetOverview(boundary_set, version, len(plan.locator), (x0, y0, x1, y1)))
    return tuple(found)


def _span(count: int, ends: tuple[datetime, datetime] | None) -> Span:
    return Span(count, *(ends or (None, None)))


def plan_report(store: Store, plan: Plan) -> PlanReport:
    """Give what every map draws beneath its subject."""
    order = sorted(plan.boundary_set.levels, key=lambda level: level.order)
    frames = [plan.frame[plan.frame["level"] == level.name] for level in order]
    held = [_with_footprints(f.reset_index(drop=True), plan.locator.epsg) for f in frames if len(f)]
    with store.unit_of_work() as work:
        context = work.context.frame()
    return PlanReport(plan, held[-1], tuple(held[:-1]), context)


def _with_footprints(grids: gpd.GeoDataFrame, epsg: int) -> gpd.GeoDataFrame:
    """Give grids that are points a small round to be seen and hit by."""
    points = (grids.geom_type == "Point").to_numpy()
    if not points.any():
        return grids
    shapes = grids.geometry.to_numpy().copy()
    shapes[points] = from_metric(shapely.buffer(to_metric(shapes[points], epsg), FOOTPRINT_M, quad_segs=4), epsg)
    return grids.set_geometry(gpd.array.from_shapely(shapes, crs=grids.crs))


def coverage(store: Store, plan: Plan, where: PointFilter, *, settings: Settings) -> CoverageReport:
    """Say of each grid whether somebody looked in the window of the filter, against what happened there."""
    base = plan_report(store, plan)
    with store.unit_of_work() as work:
        told = thinned_in(work, plan, where, settings=settings)[1]
        return CoverageReport(base, _covered(work, base, where, settings), told)


def coverage_by_part(
    store: Store, base: PlanReport, where: PointFilter, *, settings: Settings
) -> list[tuple[PointFilter, gpd.GeoDataFrame]]:
    """Say the same of the days of the closed window, or of its weeks where there are many, and of the hours of one day.

    Of days whose fixes are gone there are no hours.
    """
    assert where.start is not None
    assert where.end is not None
    parts = window_parts(where.start, where.end, settings.time_zone)
    if len(parts) < 2:
        return []
    asked = [replace(where, start=start, end=end) for start, end in parts]
    with store.unit_of_work() as work:
        told = [thinned_in(work, base.plan, part, settings=settings)[1] for part in asked]
        whole = [part for part, sums in zip(asked, told, strict=True) if sums is None or not sums.left_out]
        return [(part, _covered(work, base, part, settings)) for part in whole]


def _covered(work: UnitOfWork, base: PlanReport, where: PointFilter, settings: Settings) -> gpd.GeoDataFrame:
    incidents = incident_counts(work, base.plan, where, settings=settings)
    # a category narrows the incidents; whoever passed by, passed by for all of them
    passed = PointFilter(where.start, where.end, None, where.bbox)
    fixes = fix_counts(work, base.plan, passed, settings=settings)
    return coverage_gaps(base.grids, incidents, fixes)


def last_days(newest: datetime, days: int) -> PointFilter:
    """Give the window of so many days up to and with the newest record."""
    end = newest + timedelta(microseconds=1)
    return PointFilter(end - timedelta(days=days), end)
