"""The briefing of a day, a month or another span, as whoever asks may see it: PDF for paper, HTML for a tablet."""

import threading

from fastapi import APIRouter, Request, Response

from api.deps import Context, Ctx, ReaderLanguage
from api.requests_lead import ReportQuery
from api.rights import needs, principal_of
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.analysis.briefing import Briefing
from gridmap.domain.access import Permission
from gridmap.domain.periods import Period, read_period
from gridmap.files.exports import safe_name
from gridmap.i18n import LANGUAGES, Language
from gridmap.print.briefing import briefing_pdf
from gridmap.print.briefing_page import POLICY, briefing_html
from gridmap.services.briefing import BriefingAsked, gather_briefing

router = APIRouter(route_class=StrictRoute, tags=["lead"])

PDF, HTML = "application/pdf", "text/html"
_DESCRIBED_PDF = {200: {"content": {PDF: {}}, "description": "the report"}}
_DESCRIBED_HTML = {200: {"content": {HTML: {}}, "description": "the report, in one file"}}
#: One document at a time bounds the memory that they take.
_DRAWING = threading.Lock()


@router.get("/api/v1/reports/briefing.pdf", response_class=Response, responses=_DESCRIBED_PDF)  # type: ignore[arg-type]
@needs(Permission.CASES_READ)
def get_briefing_pdf(ctx: Ctx, request: Request, q: Query[ReportQuery], language: ReaderLanguage) -> Response:
    """Give the briefing of a period as PDF: of a day on one page in each language."""
    told = _languages(q, language)
    period = _period(ctx, q)
    with _DRAWING:
        body = briefing_pdf(_briefing(ctx, request, q, period), told)
    return _answer(body, PDF, f"{_stem(q, period)}.pdf", "attachment", told)


@router.get("/api/v1/reports/briefing.html", response_class=Response, responses=_DESCRIBED_HTML)  # type: ignore[arg-type]
@needs(Permission.CASES_READ)
def get_briefing_html(ctx: Ctx, request: Request, q: Query[ReportQuery], language: ReaderLanguage) -> Response:
    """Give the briefing of a period as one HTML file that needs no network."""
    told = _languages(q, language)
    period = _period(ctx, q)
    with _DRAWING:
        body = briefing_html(_briefing(ctx, request, q, period), told).encode()
    found = _answer(body, f"{HTML}; charset=utf-8", f"{_stem(q, period)}.html", "inline", told)
    found.headers["Content-Security-Policy"] = f"{POLICY}; frame-ancestors 'none'; sandbox allow-modals"
    return found


def _languages(q: ReportQuery, reader: Language) -> tuple[Language, ...]:
    return LANGUAGES if q.lang == "both" else (q.lang or reader,)


def _period(ctx: Context, q: ReportQuery) -> Period:
    return read_period(q.period, ctx.day(q.at))


def _briefing(ctx: Context, request: Request, q: ReportQuery, period: Period) -> Briefing:
    plan = ctx.plan(q.set, period.last)
    by = principal_of(request.scope).name
    asked = BriefingAsked(period, q.at or ctx.clock.now(), ctx.patrol_parts, q.area, by, ctx.patrol_ways)
    return gather_briefing(ctx.store, plan, asked, ctx.settings)


def _stem(q: ReportQuery, period: Period) -> str:
    return safe_name("briefing", q.area or "", period.first.isoformat(), period.last.isoformat())


def _answer(body: bytes, kind: str, name: str, disposition: str, told: tuple[Language, ...]) -> Response:
    return Response(
        body,
        media_type=kind,
        headers={
            "Content-Disposition": f'{disposition}; filename="{name}"',
            "Cache-Control": "no-store",
            "Content-Language": ", ".join(told),
            "Vary": "Accept-Language",
        },
    )
