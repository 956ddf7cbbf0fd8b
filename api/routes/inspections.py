"""Objects that are inspected in a cycle: how they stand, checks of them, samples drawn to check again."""

from typing import Any

import pandas as pd
from fastapi import APIRouter, Request, Response

from api.deps import Context, Ctx, ReaderLanguage
from api.once import OnceOnly
from api.replies_inspections import (
    ChecksAnswer,
    InspectionOut,
    InspectionPlanOut,
    InspectionsAnswer,
    SampleOut,
    SamplesAnswer,
)
from api.requests import NoQuery
from api.requests_inspections import ChecksIn, InspectionsFileQuery, InspectionsQuery, SampleIn, SamplesQuery
from api.rights import needs, principal_of, require
from api.routes.common import Query
from api.routes.services import CSV_FILE, csv_file, known
from api.strict import StrictRoute
from gridmap.analysis.inspection_table import inspection_table
from gridmap.domain.access import Permission
from gridmap.domain.inspections import Check
from gridmap.services.inspections import (
    InspectedLayer,
    draws_of,
    grids_of_objects,
    inspected_on,
    record_checks,
    record_draw,
)
from gridmap.services.responsibility import Plan

router = APIRouter(route_class=StrictRoute, tags=["inspections"])

BASE = "/api/v1/inspections"
_ROW = tuple(name for name in InspectionOut.model_fields if name != "code")


def _asked(ctx: Context, q: InspectionsQuery) -> tuple[Plan, list[InspectedLayer], list[pd.DataFrame]]:
    plan = ctx.plan(q.set, q.at)
    found = inspected_on(ctx.store, ctx.day(q.at), ctx.settings, q.layer)
    frames = [
        one.objects.assign(
            layer=one.layer.name,
            grid_code=pd.Series(grids_of_objects(one, plan, ctx.settings), index=one.objects.index, dtype=object),
        )
        for one in found
    ]
    return plan, found, frames


@router.get(BASE)
@needs(Permission.LAYERS_READ)
def get_inspections(ctx: Ctx, q: Query[InspectionsQuery]) -> InspectionsAnswer:
    """Tell of every object when it is due, whether somebody was there, and whether the check was complete."""
    plan, found, frames = _asked(ctx, q)
    return InspectionsAnswer(
        set=plan.boundary_set.name,
        version=plan.version.number,
        at=ctx.day(q.at),
        plans=[
            InspectionPlanOut(
                layer=one.layer.name,
                title=one.layer.title,
                unit=one.plan.cycle.unit,
                every=one.plan.cycle.count,
                starts_on=one.plan.starts_on,
                lead_days=one.plan.lead_days,
                items=list(one.plan.items),
                notes=list(one.plan.notes),
                within_m=one.plan.within_m,
                dwell_s=one.plan.dwell_s,
                fixes_from=one.fixes_from,
                **one.objects.attrs["summary"],
            )
            for one in found
        ],
        objects=[
            InspectionOut.model_validate({"code": row.object_id} | {name: known(getattr(row, name)) for name in _ROW})
            for frame in frames
            for row in frame.itertuples(index=False)
        ],
    )


@router.get(f"{BASE}.csv", response_class=Response, responses=CSV_FILE)
@needs(Permission.LAYERS_READ)
def get_inspections_csv(ctx: Ctx, q: Query[InspectionsFileQuery], language: ReaderLanguage) -> Response:
    """Give the objects as CSV."""
    told = q.lang or language
    return csv_file(inspection_table(_asked(ctx, q)[2], told), "inspections.csv", told)


@router.post(f"{BASE}/checks", response_model=ChecksAnswer)
@needs(Permission.PATROLS_WRITE)
def add_checks(once: OnceOnly, q: Query[NoQuery], request: Request, body: ChecksIn) -> Any:
    """Put checks of objects on record, all or none; sending again is safe."""

    def made(ctx: Context) -> ChecksAnswer:
        by = principal_of(request.scope).account_id
        checks = [Check(one.code, one.at, ctx.day(one.at), one.outcome, one.note or "", by) for one in body.checks]
        added = record_checks(ctx.store, body.layer, checks, now=ctx.clock.now())
        return ChecksAnswer(layer=body.layer, added=added, duplicates=len(checks) - added)

    return once.answer(made)


@router.get(f"{BASE}/draws")
@needs(Permission.PATROLS_READ)
def list_draws(ctx: Ctx, q: Query[SamplesQuery]) -> SamplesAnswer:
    """List the newest draws of a layer; those whose whole list one may see."""
    return SamplesAnswer(draws=[SampleOut.of(q.layer, draw) for draw in draws_of(ctx.store, q.layer, q.count)])


@router.post(f"{BASE}/draws", response_model=SampleOut)
@needs(Permission.PATROLS_WRITE)
def add_draw(once: OnceOnly, q: Query[NoQuery], request: Request, body: SampleIn) -> Any:
    """Draw objects to check again, today, and put the draw on record: for who may also read draws."""

    def made(ctx: Context) -> SampleOut:
        # whoever is checked again does not draw
        require(request.scope, Permission.PATROLS_READ, ctx.day(None))
        draw = record_draw(
            ctx.store,
            body.layer,
            day=ctx.day(None),
            now=ctx.clock.now(),
            by=principal_of(request.scope),
            settings=ctx.settings,
            seed=body.seed,
            count=body.count,
            share=body.share,
            among_all=body.among_all,
        )
        return SampleOut.of(body.layer, draw)

    return once.answer(made)
