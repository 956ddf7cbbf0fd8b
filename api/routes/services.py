"""What facilities cover and where they are missing; the staff of grids; the provision of areas."""

import math
from datetime import date
from typing import Any

import pandas as pd
from fastapi import APIRouter, Response

from api.answers import features, page
from api.deps import Context, Ctx, ReaderLanguage
from api.replies import FeatureCollection
from api.replies_services import (
    CoverageFiguresOut,
    GridServiceOut,
    GridStaffOut,
    NeedOut,
    ProvisionAnswer,
    ProvisionRowOut,
    ReachOut,
    ServiceCoverageAnswer,
    ServiceKindOut,
    ServicesAnswer,
    StaffingAnswer,
)
from api.requests_services import (
    BookQuery,
    ProvisionFileQuery,
    ProvisionQuery,
    ServiceFileQuery,
    ServiceQuery,
    StaffingFileQuery,
    StaffingQuery,
)
from api.rights import needs
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.analysis.service_tables import coverage_table, gap_table, provision_table, staff_table
from gridmap.analysis.walking import WIDTH_M
from gridmap.domain.access import Permission
from gridmap.domain.provision import ProvisionBook
from gridmap.domain.tabular import FigureTable
from gridmap.files.figuretables import CSV, table_csv
from gridmap.i18n import Language
from gridmap.services.case_books import provision_at
from gridmap.services.provisioning import (
    OPEN,
    ServiceAsked,
    ServiceReport,
    measure_service,
    provision_on,
    staffing_on,
    walkable,
)
from gridmap.services.responsibility import Plan

router = APIRouter(route_class=StrictRoute, tags=["services"])

BASE = "/api/v1/services"
CSV_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {CSV: {}}}}
_FIGURES = ("area_m2", "covered_m2", "area_share", "households", "covered_households", "household_share", "facilities")
_STAFF = tuple(name for name in GridStaffOut.model_fields)
_GAP = ("gap", "area_m2", "households", "grids")
_STATUSES = ("covered", "partly", "gap")


@router.get(BASE)
@needs(Permission.LAYERS_READ)
def get_services(ctx: Ctx, q: Query[BookQuery], language: ReaderLanguage) -> ServicesAnswer:
    """Give the book of a day: what people shall have near by, and what every area shall have."""
    told = q.lang or language
    with ctx.store.unit_of_work() as work:
        book = provision_at(work, ctx.day(q.at))
        on_foot = walkable(work, ctx.day(q.at))
    return ServicesAnswer(
        name=book.name,
        source=book.source[told],
        on_foot=on_foot,
        ways=list(book.ways),
        services=[
            ServiceKindOut(
                id=kind.id,
                title=kind.title[told],
                layers=list(kind.layers),
                reach=_reach(kind.radius_m, kind.minutes, kind.m_per_min),
                document=kind.document,
                provenance=kind.provenance,
            )
            for kind in book.services
        ],
        needs=[
            NeedOut(
                id=need.id,
                group=None if need.group is None else need.group[told],
                title=need.title[told],
                at=list(need.at),
                layers=list(need.layers),
                count=float(need.count),
                per_households=need.per_households,
                attribute=need.attribute or None,
                least=None if need.least is None else float(need.least),
                document=need.document,
                provenance=need.provenance,
            )
            for need in book.needs
        ],
    )


def _reach(radius_m: float | None, minutes: float | None, m_per_min: float | None) -> ReachOut:
    width = None if minutes is None else WIDTH_M
    return ReachOut(radius_m=radius_m, minutes=minutes, m_per_min=m_per_min, width_m=width)


def asked_of(q: ServiceQuery) -> ServiceAsked:
    """Give the question of a query."""
    states = OPEN if q.state is None else tuple(q.state)
    return ServiceAsked(q.layer, q.radius_m, q.minutes, q.m_per_min, q.roads, q.dwellings, states)


def _measured(ctx: Context, q: ServiceQuery) -> tuple[Plan, date, ServiceReport]:
    plan, day = ctx.plan(q.set, q.at), ctx.day(q.at)
    return plan, day, measure_service(ctx.store, plan, asked_of(q), day=day)


@router.get(f"{BASE}/coverage")
@needs(Permission.LAYERS_READ)
def get_service_coverage(ctx: Ctx, q: Query[ServiceQuery]) -> ServiceCoverageAnswer:
    """Measure what facilities cover of the ground and of the households of each grid."""
    plan, day, report = _measured(ctx, q)
    summary: dict[str, Any] = report.found.summary
    rows = report.found.grids[["code", *_FIGURES, "nearest_m", "status"]].to_dict("records")
    return ServiceCoverageAnswer(
        set=plan.boundary_set.name,
        version=plan.version.number,
        at=day,
        layer=report.asked.layer,
        states=list(report.asked.states),
        reach=_reach(report.asked.radius_m, report.asked.minutes, report.asked.m_per_min),
        households_by=summary["households_by"],
        households_unknown=summary["households_unknown"],
        unattached=report.unattached,
        gaps=summary["gaps"],
        status={name: summary[name] for name in _STATUSES},
        total=CoverageFiguresOut(**{name: summary[name] for name in _FIGURES}),
        grids=[GridServiceOut.model_validate({name: known(value) for name, value in row.items()}) for row in rows],
    )


def known(value: Any) -> Any:
    """Give None for what is missing or has no end."""
    return None if pd.isna(value) or (isinstance(value, float) and math.isinf(value)) else value


@router.get(f"{BASE}/coverage.csv", response_class=Response, responses=CSV_FILE)
@needs(Permission.LAYERS_READ)
def get_service_coverage_csv(ctx: Ctx, q: Query[ServiceFileQuery], language: ReaderLanguage) -> Response:
    """Give the coverage of each grid as CSV."""
    told = q.lang or language
    report = _measured(ctx, q)[2]
    return csv_file(coverage_table(report.found.grids, report.title, told), "coverage.csv", told)


@router.get(f"{BASE}/gaps", response_model=FeatureCollection)
@needs(Permission.LAYERS_READ)
def get_service_gaps(ctx: Ctx, q: Query[ServiceQuery]) -> Response:
    """Give the ground that no facility reaches as GeoJSON, the largest piece first."""
    _, day, report = _measured(ctx, q)
    gaps = report.found.gaps
    frame = gaps.assign(grids=[",".join(codes) for codes in gaps["grids"]])
    query = {**q.model_dump(exclude={"at", "state"}, exclude_none=True), "at": day.isoformat()}
    query |= {"state": ",".join(report.asked.states)}
    return page(f"{BASE}/gaps", query, features(frame, "gap", _GAP), None)


@router.get(f"{BASE}/gaps.csv", response_class=Response, responses=CSV_FILE)
@needs(Permission.LAYERS_READ)
def get_service_gaps_csv(ctx: Ctx, q: Query[ServiceFileQuery], language: ReaderLanguage) -> Response:
    """Give the gaps as CSV."""
    told = q.lang or language
    report = _measured(ctx, q)[2]
    return csv_file(gap_table(report.found.gaps, report.title, told), "gaps.csv", told)


@router.get(f"{BASE}/staffing")
@needs(Permission.LAYERS_READ)
def get_staffing(ctx: Ctx, q: Query[StaffingQuery]) -> StaffingAnswer:
    """Tell of every grid how many people it needs and has."""
    plan, day = ctx.plan(q.set, q.at), ctx.day(q.at)
    found = staffing_on(ctx.store, plan, day=day, settings=ctx.settings)[1]
    rows = found[list(_STAFF)].to_dict("records")
    return StaffingAnswer(
        set=plan.boundary_set.name,
        version=plan.version.number,
        at=day,
        households_per_worker=ctx.settings.households_per_worker,
        floating_residents_per_station=ctx.settings.floating_residents_per_station,
        summary=found.attrs["summary"],
        grids=[GridStaffOut.model_validate({name: known(value) for name, value in row.items()}) for row in rows],
    )


@router.get(f"{BASE}/staffing.csv", response_class=Response, responses=CSV_FILE)
@needs(Permission.LAYERS_READ)
def get_staffing_csv(ctx: Ctx, q: Query[StaffingFileQuery], language: ReaderLanguage) -> Response:
    """Give the staffing of grids as CSV."""
    told = q.lang or language
    found = staffing_on(ctx.store, ctx.plan(q.set, q.at), day=ctx.day(q.at), settings=ctx.settings)[1]
    return csv_file(staff_table(found, told), "staffing.csv", told)


def _provided(ctx: Context, q: ProvisionQuery) -> tuple[Plan, tuple[str, ...], ProvisionBook, pd.DataFrame]:
    plan, day = ctx.plan(q.set, q.at), ctx.day(q.at)
    states = OPEN if q.state is None else tuple(q.state)
    book, found = provision_on(ctx.store, plan, day=day, settings=ctx.settings, states=states)
    return plan, states, book, found


@router.get(f"{BASE}/provision")
@needs(Permission.LAYERS_READ)
def get_provision(ctx: Ctx, q: Query[ProvisionQuery]) -> ProvisionAnswer:
    """Say what each area must have, has and lacks."""
    plan, states, _, found = _provided(ctx, q)
    rows = found[list(ProvisionRowOut.model_fields)].to_dict("records")
    return ProvisionAnswer(
        set=plan.boundary_set.name,
        version=plan.version.number,
        at=ctx.day(q.at),
        states=list(states),
        summary=found.attrs["summary"],
        rows=[ProvisionRowOut.model_validate({name: known(value) for name, value in row.items()}) for row in rows],
    )


@router.get(f"{BASE}/provision.csv", response_class=Response, responses=CSV_FILE)
@needs(Permission.LAYERS_READ)
def get_provision_csv(ctx: Ctx, q: Query[ProvisionFileQuery], language: ReaderLanguage) -> Response:
    """Give the provision of areas as CSV."""
    told = q.lang or language
    _, _, book, found = _provided(ctx, q)
    return csv_file(provision_table(found, book, told), "provision.csv", told)


def csv_file(table: FigureTable, name: str, language: Language) -> Response:
    """Give a table as a file to keep."""
    return Response(
        table_csv(table),
        media_type=CSV,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "Content-Language": language,
            "Vary": "Accept-Language",
        },
    )
