"""What patrols saw of the grids in a window: effort, recency and rates by grid, what is due, and hours of the week."""

from datetime import date, datetime
from typing import Any

import pandas as pd
from fastapi import APIRouter, Response

from api.answers import features, page
from api.deps import Context, Ctx, ReaderLanguage
from api.replies import FeatureCollection, FromSumsOut
from api.replies_patrols import (
    CleaningOut,
    GridPatrolledOut,
    HourOut,
    HoursAnswer,
    OverdueAnswer,
    OverdueOut,
    PatrolsAnswer,
    PatrolsTotalOut,
    SummedAnswer,
)
from api.requests_patrols import (
    EffortFileQuery,
    EffortQuery,
    HoursFileQuery,
    HoursQuery,
    OverdueFileQuery,
    PatrolsQuery,
    ReadyQuery,
)
from api.rights import needs
from api.routes.common import Query
from api.routes.services import CSV_FILE, csv_file, known
from api.strict import StrictRoute
from gridmap.analysis.cleaning import CleaningSummary
from gridmap.analysis.effort import overdue_list
from gridmap.analysis.patrol_figures import hours_of
from gridmap.analysis.patrol_tables import effort_table, hours_table, overdue_table
from gridmap.domain.access import Permission
from gridmap.domain.patrols import RecencyStatus, Sight
from gridmap.errors import NotFound
from gridmap.services.patrol_parts import FromSums
from gridmap.services.patrolling import LACKING, PatrolReport, measure_patrols
from gridmap.services.ports import PointFilter
from gridmap.services.responsibility import Plan

router = APIRouter(route_class=StrictRoute, tags=["patrols"])

BASE = "/api/v1/patrols"
_GRID = tuple(GridPatrolledOut.model_fields)
_DUE = tuple(OverdueOut.model_fields)


def patrols_of(ctx: Context, plan: Plan, day: date, where: PointFilter, *, shares: bool) -> PatrolReport:
    """Measure a closed window, or give what is kept of it."""
    return measure_patrols(
        ctx.store,
        plan,
        where,
        day=day,
        now=ctx.clock.now(),
        settings=ctx.settings,
        parts=ctx.patrol_parts,
        ways=ctx.patrol_ways,
        swaths=ctx.patrol_swaths if shares else None,
    )


def _asked(ctx: Context, q: PatrolsQuery, *, shares: bool) -> tuple[PointFilter, PatrolReport]:
    where = ctx.closed_window(ctx.window(q.start, q.end, q.category))
    return where, patrols_of(ctx, ctx.plan(q.set, q.at), ctx.day(q.at), where, shares=shares)


def _head(where: PointFilter, report: PatrolReport) -> dict[str, Any]:
    plan = report.base.plan
    ends = {"start": where.start, "end": where.end, "from_sums": from_sums_out(report.from_sums)}
    return {"set": plan.boundary_set.name, "version": plan.version.number, "at": report.at, **ends}


def from_sums_out(sums: FromSums | None) -> FromSumsOut | None:
    """Say what of a window is known by sums of days alone."""
    return FromSumsOut.of(sums, LACKING)


def _counts(summary: dict[str, Any], words: type[Sight] | type[RecencyStatus]) -> dict[str, int]:
    return {word.value: int(summary[word.value]) for word in words}


def _cleaning(summary: CleaningSummary) -> CleaningOut:
    return CleaningOut(
        fixes=summary.fixes,
        units=summary.units,
        verdicts=summary.verdicts,
        late=summary.late,
        clocks=len(summary.clocks),
        stops=summary.stops,
        stop_hours=summary.stop_seconds / 3600,
        gaps=summary.gaps,
        gap_hours=summary.gap_seconds / 3600,
    )


@router.get(f"{BASE}/effort")
@needs(Permission.PATROLS_READ)
def get_effort(ctx: Ctx, q: Query[EffortQuery]) -> PatrolsAnswer:
    """Tell of every grid how many visits, hours and kilometres it got, when the last one was, and what was found."""
    where, report = _asked(ctx, q, shares=q.shares)
    summary: dict[str, Any] = report.figures.attrs["summary"]
    outside = summary["outside"]
    held = {name: known(summary[name]) for name in PatrolsTotalOut.model_fields if name in summary}
    rows = report.figures[list(_GRID)].to_dict("records")
    return PatrolsAnswer(
        **_head(where, report),
        rules=report.rules.name,
        reach_m=report.rules.reach_m,
        dwell_s=report.rules.dwell_s,
        sight=_counts(summary, Sight),
        status=_counts(summary, RecencyStatus),
        total=PatrolsTotalOut(**held, outside_hours=outside["minutes"] / 60, outside_km=outside["km"]),
        cleaning=None if report.ways.cleaning is None else _cleaning(report.ways.cleaning),
        grids=[GridPatrolledOut.model_validate({name: known(value) for name, value in row.items()}) for row in rows],
    )


@router.get(f"{BASE}/effort.geojson", response_model=FeatureCollection)
@needs(Permission.PATROLS_READ)
def get_effort_geojson(ctx: Ctx, q: Query[EffortQuery]) -> Response:
    """Give the same with the shapes of the grids as GeoJSON."""
    where, report = _asked(ctx, q, shares=q.shares)
    frame = report.base.grids[["geometry"]].assign(**{name: report.figures[name].array for name in _GRID})
    asked = q.model_dump(mode="json", exclude={"category"}, exclude_none=True)
    asked |= {"start": _written(where.start), "end": _written(where.end)}
    if q.category:
        asked["category"] = ",".join(q.category)
    asked["shares"] = str(q.shares).lower()
    return page(f"{BASE}/effort.geojson", asked, features(frame, "code", _GRID), None)


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


@router.get(f"{BASE}/effort.csv", response_class=Response, responses=CSV_FILE)
@needs(Permission.PATROLS_READ)
def get_effort_csv(ctx: Ctx, q: Query[EffortFileQuery], language: ReaderLanguage) -> Response:
    """Give the same as CSV."""
    told = q.lang or language
    report = _asked(ctx, q, shares=q.shares)[1]
    table = effort_table(report.figures, report.rules, ctx.settings.time_zone, told)
    return csv_file(table, "effort.csv", told)


@router.get(f"{BASE}/overdue")
@needs(Permission.PATROLS_READ)
def get_overdue(ctx: Ctx, q: Query[PatrolsQuery]) -> OverdueAnswer:
    """Give the grids that are due: those not visited in the window first, then the longest by their norm."""
    where, report = _asked(ctx, q, shares=False)
    rows = overdue_list(report.figures)[list(_DUE)].to_dict("records")
    return OverdueAnswer(
        **_head(where, report),
        status=_counts(report.figures.attrs["summary"], RecencyStatus),
        grids=[OverdueOut.model_validate({name: known(value) for name, value in row.items()}) for row in rows],
    )


@router.get(f"{BASE}/overdue.csv", response_class=Response, responses=CSV_FILE)
@needs(Permission.PATROLS_READ)
def get_overdue_csv(ctx: Ctx, q: Query[OverdueFileQuery], language: ReaderLanguage) -> Response:
    """Give the same as CSV."""
    told = q.lang or language
    report = _asked(ctx, q, shares=False)[1]
    table = overdue_table(overdue_list(report.figures), report.rules, ctx.settings.time_zone, told)
    return csv_file(table, "overdue.csv", told)


@router.get(f"{BASE}/ready")
@needs(Permission.PATROLS_READ)
def get_ready(ctx: Ctx, q: Query[ReadyQuery]) -> SummedAnswer:
    """Tell how many days of a window are summed up already, without summing any: for who waits for a map."""
    where = ctx.closed_window(ctx.window(q.start, q.end))
    ready, days = ctx.patrol_parts.ready(ctx.plan(q.set, q.at), where)
    return SummedAnswer(days=days, ready=ready)


def _hours(ctx: Context, q: HoursQuery) -> tuple[PointFilter, PatrolReport, pd.DataFrame]:
    plan = ctx.plan(q.set, q.at)
    where = ctx.closed_window(ctx.window(q.start, q.end))
    report = patrols_of(ctx, plan, ctx.day(q.at), where, shares=False)
    if q.grid is not None and q.grid not in set(report.base.grids["code"]):
        raise NotFound("grid_unknown")
    return where, report, hours_of(report.ways, q.grid)


@router.get(f"{BASE}/hours")
@needs(Permission.PATROLS_READ)
def get_hours(ctx: Ctx, q: Query[HoursQuery]) -> HoursAnswer:
    """Give effort by day of the week and hour of the day, of one grid or of all together."""
    where, report, found = _hours(ctx, q)
    rows = found.to_dict("records")
    hours = [HourOut.model_validate({name: known(value) for name, value in row.items()}) for row in rows]
    return HoursAnswer(**_head(where, report), grid=q.grid, hours=hours)


@router.get(f"{BASE}/hours.csv", response_class=Response, responses=CSV_FILE)
@needs(Permission.PATROLS_READ)
def get_hours_csv(ctx: Ctx, q: Query[HoursFileQuery], language: ReaderLanguage) -> Response:
    """Give the same as CSV."""
    told = q.lang or language
    return csv_file(hours_table(_hours(ctx, q)[2], told), "hours.csv", told)
