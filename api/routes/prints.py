"""Sheets and plans on paper, as PDF: of a draft as it is drawn now, and of the version in force on a day."""

import threading
from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from api.deps import Ctx, ReaderLanguage
from api.redrawn import opened
from api.requests import PrintQuery
from api.requests_redraw import PrintDraftQuery
from api.rights import needs, principal_of
from api.routes.common import DraftRef, GridCode, Query, SetName
from api.routes.redraw import BASE
from api.routes.sets import version_of
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.files.exports import safe_name
from gridmap.i18n import Language
from gridmap.print.duty import duty_sheet as draw_duty_sheet
from gridmap.services import sheets

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
    language = q.lang or language
    with ctx.store.unit_of_work() as work:
        sheet = sheets.duty_sheet(
            work,
            drawing.boundary_set,
            drawing.draft,
            code,
            by=principal_of(request.scope).name,
            now=ctx.clock.now(),
            settings=ctx.settings,
            revision=drawing.revision,
        )
    stem = safe_name(sheet.source.set_name, code, f"draft{sheet.source.number}")
    return _answer(lambda: draw_duty_sheet(sheet, language), stem, language)


@router.get("/api/v1/sets/{set}/grids/{code}/sheet.pdf", response_class=Response, responses=_DESCRIBED)  # type: ignore[arg-type]
@needs(Permission.GRIDS_READ)
def print_sheet(
    ctx: Ctx, request: Request, q: Query[PrintQuery], set_name: SetName, code: GridCode, language: ReaderLanguage
) -> Response:
    """Give the duty sheet of a grid in force on a day as PDF."""
    boundary_set = ctx.plans.resolve_set(set_name)
    version = version_of(ctx, boundary_set, "current", q.at)
    language = q.lang or language
    with ctx.store.unit_of_work() as work:
        sheet = sheets.duty_sheet(
            work,
            boundary_set,
            version,
            code,
            by=principal_of(request.scope).name,
            now=ctx.clock.now(),
            settings=ctx.settings,
        )
    return _answer(lambda: draw_duty_sheet(sheet, language), safe_name(boundary_set.name, code), language)


def _answer(draw: Callable[[], bytes], stem: str, language: Language) -> Response:
    with _DRAWING:
        body = draw()
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
