"""What became of cases: indicators, the cases behind each number, evaluations and alerts."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from api.alerted import alerts_answer
from api.cased import case_out
from api.deps import Context, Ctx, ReaderLanguage
from api.figured import evaluation_answer, indicators_answer
from api.replies_indicators import AlertsAnswer, BehindAnswer, EvaluationAnswer, IndicatorsAnswer
from api.requests_indicators import (
    AlertsQuery,
    BehindQuery,
    CasesAskedQuery,
    EvaluationFileQuery,
    EvaluationQuery,
    FiguresQuery,
    IndicatorFileQuery,
    IndicatorsQuery,
)
from api.rights import needs, principal_of
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.analysis.case_tables import evaluation_table, indicator_table
from gridmap.analysis.evaluation import Evaluation
from gridmap.analysis.indicators import INDICATORS, month_on_month, year_on_year
from gridmap.domain.access import Permission
from gridmap.domain.tabular import FigureTable
from gridmap.errors import InvalidInput, NotFound, TooLarge
from gridmap.files.figuretables import CSV, XLSX, table_csv, table_xlsx
from gridmap.i18n import Language
from gridmap.print.figuretable import figure_table
from gridmap.services.cases.holding import HELD
from gridmap.services.cases.indicators import Counted, Question, behind, count, group_name, score
from gridmap.services.ports import CaseFilter
from gridmap.services.responsibility import Plan

router = APIRouter(route_class=StrictRoute, tags=["indicators"])

BASE = "/api/v1/cases"
PDF = "application/pdf"
#: Numbers of one answer; a file may have more.
_MOST_FIGURES = 200_000


def _question(ctx: Context, q: CasesAskedQuery) -> Question:
    return Question(
        at=q.at or ctx.clock.now(), start=ctx.moment(q.start), end=ctx.moment(q.end), level=q.level,
        categories=q.category or (), grid=q.grid, unit=q.unit, channel=q.channel, kind=q.kind,
        emergency=None if q.emergency is None else q.emergency == "true",
    )  # fmt: skip


def _figures(ctx: Context, q: FiguresQuery) -> tuple[Question, Counted]:
    by, names = tuple(q.by or ()), tuple(q.indicator or INDICATORS)
    asked = replace(_question(ctx, q), by=by, names=names)
    with ctx.store.unit_of_work() as work:
        return asked, count(work, asked, _plan(ctx), ctx.settings)


def _plan(ctx: Context) -> Plan | None:
    try:
        return ctx.plan(None, None)
    except NotFound:
        return None


@router.get(f"{BASE}/indicators")
@needs(Permission.CASES_READ)
def get_indicators(ctx: Ctx, q: Query[IndicatorsQuery], language: ReaderLanguage) -> IndicatorsAnswer:
    """Give indicators by group, each with numerator, denominator and formula."""
    asked, counted = _figures(ctx, q)
    figures = counted.figures
    if len(figures.keys) * len(figures.names) > _MOST_FIGURES:
        raise TooLarge("too_many_rows", count=len(figures.keys), limit=_MOST_FIGURES // len(figures.names))
    moved = None
    if q.compare is not None:
        moved = month_on_month(figures) if q.compare == "before" else year_on_year(figures)
    return indicators_answer(counted, asked, moved, ctx.settings.time_zone, language)


@router.get(f"{BASE}/indicators.csv", response_class=Response, responses={200: {"content": {CSV: {}}}})
@needs(Permission.CASES_READ)
def get_indicators_csv(ctx: Ctx, q: Query[IndicatorFileQuery], language: ReaderLanguage) -> Response:
    """Give indicators by group as CSV."""
    table = indicator_table(_figures(ctx, q)[1].figures, q.lang or language)
    return _file(table_csv(table), CSV, "indicators.csv", q.lang or language)


@router.get(f"{BASE}/indicators.xlsx", response_class=Response, responses={200: {"content": {XLSX: {}}}})
@needs(Permission.CASES_READ)
def get_indicators_xlsx(ctx: Ctx, q: Query[IndicatorFileQuery], language: ReaderLanguage) -> Response:
    """Give indicators by group as a workbook."""
    asked, counted = _figures(ctx, q)
    table = indicator_table(counted.figures, q.lang or language)
    return _file(table_xlsx(table, asked.at), XLSX, "indicators.xlsx", q.lang or language)


@router.get(f"{BASE}/indicators/cases")
@needs(Permission.CASES_READ)
def get_cases_behind(ctx: Ctx, q: Query[BehindQuery]) -> BehindAnswer:
    """Give a page of the cases behind a number."""
    if q.indicator not in INDICATORS:
        raise InvalidInput("indicator_unknown", count=1, known=", ".join(INDICATORS))
    asked = replace(_question(ctx, q), by=tuple(q.by or ()), names=(q.indicator,))
    now, limit = ctx.clock.now(), ctx.limit(q.limit)
    question = ("behind", *q.model_dump(exclude={"limit", "cursor"}).values())
    key = ctx.cursors.read(question, q.cursor)
    with ctx.store.unit_of_work() as work:
        counted = count(work, asked, _plan(ctx), ctx.settings, ctx.cases_held.find(HELD.days))
        rows = behind(counted, q.indicator, q.group or group_name(()), q.part)
        names = counted.cases["case_id"].iloc[rows].tolist()
        first = 0 if key is None else int(key[0])
        page = names[first : first + limit]
        lines = work.cases.page(CaseFilter(ids=tuple(page)), limit=limit, by_report=True) if page else []
    known = {line.case_id: case_out(ctx, line, now) for line in lines}
    more = first + limit < len(names)
    return BehindAnswer(
        count=len(names),
        cases=[known[name] for name in page if name in known],
        next=ctx.cursors.make(question, [str(first + limit)]) if more else None,
    )


def _evaluated(ctx: Context, q: EvaluationQuery) -> tuple[Question, Evaluation]:
    asked = _question(ctx, q)
    with ctx.store.unit_of_work() as work:
        return asked, score(work, asked, _plan(ctx), ctx.settings, q.table)


@router.get(f"{BASE}/evaluation")
@needs(Permission.CASES_READ)
def get_evaluation(ctx: Ctx, q: Query[EvaluationQuery], language: ReaderLanguage) -> EvaluationAnswer:
    """Give scores and ranks by a table of weights."""
    asked, found = _evaluated(ctx, q)
    return evaluation_answer(found, asked, language)


def _evaluation(ctx: Context, q: EvaluationFileQuery, language: Language) -> tuple[Question, FigureTable]:
    asked, found = _evaluated(ctx, q)
    return asked, evaluation_table(found, language)


@router.get(f"{BASE}/evaluation.csv", response_class=Response, responses={200: {"content": {CSV: {}}}})
@needs(Permission.CASES_READ)
def get_evaluation_csv(ctx: Ctx, q: Query[EvaluationFileQuery], language: ReaderLanguage) -> Response:
    """Give scores and ranks as CSV."""
    told = q.lang or language
    return _file(table_csv(_evaluation(ctx, q, told)[1]), CSV, "evaluation.csv", told)


@router.get(f"{BASE}/evaluation.xlsx", response_class=Response, responses={200: {"content": {XLSX: {}}}})
@needs(Permission.CASES_READ)
def get_evaluation_xlsx(ctx: Ctx, q: Query[EvaluationFileQuery], language: ReaderLanguage) -> Response:
    """Give scores and ranks as a workbook."""
    told = q.lang or language
    asked, table = _evaluation(ctx, q, told)
    return _file(table_xlsx(table, asked.at), XLSX, "evaluation.xlsx", told)


@router.get(f"{BASE}/evaluation.pdf", response_class=Response, responses={200: {"content": {PDF: {}}}})
@needs(Permission.CASES_READ)
def get_evaluation_pdf(ctx: Ctx, request: Request, q: Query[EvaluationFileQuery], language: ReaderLanguage) -> Response:
    """Give scores and ranks on paper."""
    told = q.lang or language
    _, table = _evaluation(ctx, q, told)
    at = ctx.clock.now().astimezone(ZoneInfo(ctx.settings.time_zone))
    body = figure_table(table, by=principal_of(request.scope).name, at=at, language=told)
    return _file(body, PDF, "evaluation.pdf", told)


@router.get(f"{BASE}/alerts")
@needs(Permission.CASES_READ)
def get_alerts(ctx: Ctx, q: Query[AlertsQuery], language: ReaderLanguage) -> AlertsAnswer:
    """Give what the rules of the day ask somebody to look at, the most pressing first."""
    found = ctx.pressing_lately() if q.held == "true" else ctx.pressing()
    kept = [a for a in found.alerts if q.grade in (None, a.rule.grade.value) and q.kind in (None, a.rule.kind.value)]
    return alerts_answer(found, kept, q.limit, _plan(ctx), language)


def _file(body: bytes, kind: str, name: str, language: Language) -> Response:
    return Response(
        body,
        media_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "Content-Language": language,
            "Vary": "Accept-Language",
        },
    )
