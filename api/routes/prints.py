"""Sheets and plans on paper, as PDF: of a draft as it is drawn now, and of the version in force on a day."""

import threading
from collections.abc import Callable
from typing import TypeVar

from fastapi import APIRouter, Request, Response

from api.deps import Context, Ctx, Moment, ReaderLanguage
from api.redrawn import opened
from api.requests import PrintQuery
from api.requests_redraw import PrintDraftPlanQuery, PrintDraftQuery
from api.rights import needs, principal_of
from api.routes.common import DraftRef, GridCode, Query, SetName
from api.routes.redraw import BASE
from api.routes.sets import version_of
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.domain.boundaries import BoundarySet, BoundaryVersion
from gridmap.domain.sheets import AreaPlan, DutySheet
from gridmap.files.exports import safe_name
from gridmap.i18n import Language
from gridmap.print.duty import duty_sheet as draw_duty_sheet
from gridmap.print.plan import area_plan as draw_area_plan
from gridmap.services import sheets
from gridmap.services.redraw.drawings import Drawing

Made = TypeVar("Made", DutySheet, AreaPlan)

router = APIRouter(route_class=StrictRoute, tags=["print"])

PDF = "application/pdf"
_DESCRIBED = {200: {"content": {PDF: {}}, "description": "the sheet"}}
#: One document at a time bounds the memory that they take.
_DRAWING = threading.Lock()


@router.get(f"{BASE}/sheet/{{code}}.pdf", response_class=Response, responses=_DESCRIBED)  # type: ignore[arg-type]
@needs(Permission.DRAFTS_WRITE)
def print_draft_sheet(
    ctx: Ctx,
    request: Request,
    q: Query[PrintDraftQuery],
    set_name: SetName,
    draft: DraftRef,
    code: GridCode,
    language: ReaderLanguage,
) -> Response:
    """Give the duty sheet of a grid of a draft, as it is drawn now, as PDF."""
    drawing = opened(ctx, set_name, draft)
    sheet = _gathered(ctx, request, sheets.duty_sheet, drawing, code)
    return _answer(draw_duty_sheet, sheet, q.lang or language, code, f"draft{sheet.source.number}")


@router.get(f"{BASE}/plan.pdf", response_class=Response, responses=_DESCRIBED)  # type: ignore[arg-type]
@needs(Permission.DRAFTS_WRITE)
def print_draft_plan(
    ctx: Ctx,
    request: Request,
    q: Query[PrintDraftPlanQuery],
    set_name: SetName,
    draft: DraftRef,
    language: ReaderLanguage,
) -> Response:
    """Give the plan of a street or community of a draft, as it is drawn now, as PDF (A3)."""
    drawing = opened(ctx, set_name, draft)
    plan = _gathered(ctx, request, sheets.area_plan, drawing, q.code)
    return _answer(draw_area_plan, plan, q.lang or language, q.code, f"draft{plan.source.number}", "plan")


@router.get("/api/v1/sets/{set}/grids/{code}/sheet.pdf", response_class=Response, responses=_DESCRIBED)  # type: ignore[arg-type]
@needs(Permission.GRIDS_READ)
def print_sheet(
    ctx: Ctx, request: Request, q: Query[PrintQuery], set_name: SetName, code: GridCode, language: ReaderLanguage
) -> Response:
    """Give the duty sheet of a grid in force on a day as PDF."""
    sheet = _gathered(ctx, request, sheets.duty_sheet, _in_force(ctx, set_name, q.at), code)
    return _answer(draw_duty_sheet, sheet, q.lang or language, code)


@router.get("/api/v1/sets/{set}/grids/{code}/plan.pdf", response_class=Response, responses=_DESCRIBED)  # type: ignore[arg-type]
@needs(Permission.GRIDS_READ)
def print_plan(
    ctx: Ctx, request: Request, q: Query[PrintQuery], set_name: SetName, code: GridCode, language: ReaderLanguage
) -> Response:
    """Give the plan of a street or community in force on a day as PDF (A3)."""
    plan = _gathered(ctx, request, sheets.area_plan, _in_force(ctx, set_name, q.at), code)
    return _answer(draw_area_plan, plan, q.lang or language, code, "plan")


def _in_force(ctx: Context, set_name: str, at: Moment | None) -> tuple[BoundarySet, BoundaryVersion]:
    boundary_set = ctx.plans.resolve_set(set_name)
    return boundary_set, version_of(ctx, boundary_set, "current", at)


def _gathered(
    ctx: Context,
    request: Request,
    gather: Callable[..., Made],
    of: Drawing | tuple[BoundarySet, BoundaryVersion],
    code: str,
) -> Made:
    boundary_set, version = (of.boundary_set, of.draft) if isinstance(of, Drawing) else of
    with ctx.store.unit_of_work() as work:
        return gather(
            work,
            boundary_set,
            version,
            code,
            by=principal_of(request.scope).name,
            now=ctx.clock.now(),
            settings=ctx.settings,
            revision=of.revision if isinstance(of, Drawing) else None,
        )


def _answer(draw: Callable[[Made, Language], bytes], made: Made, language: Language, *named: str) -> Response:
    with _DRAWING:
        body = draw(made, language)
    stem = safe_name(made.source.set_name, *named)
    return Response(
        body,
        media_type=PDF,
        headers={
            "Content-Disposition": f'attachment; filename="{stem}.pdf"',
            "Cache-Control": "no-store",
            "Content-Language": language,
            "Vary": "Accept-Language",
        },
    )
