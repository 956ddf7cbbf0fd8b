"""The leader's page: numbers beside those of another period, the effort behind them, two versions of the borders."""

from datetime import datetime, timedelta

from fastapi import APIRouter

from api.deps import Context, Ctx, ReaderLanguage
from api.led import effort_answer, lead_answer, redraw_answer
from api.replies_lead import LeadAnswer, LeadEffortAnswer, LeadRedrawAnswer
from api.requests_lead import LeadAreaQuery, LeadQuery, LeadRedrawQuery
from api.rights import needs
from api.routes.common import Query
from api.routes.patrolled import patrols_of
from api.strict import StrictRoute
from gridmap.analysis.briefing import Effort
from gridmap.analysis.coverage import CoverageStatus
from gridmap.analysis.saying import texts
from gridmap.domain.access import Permission
from gridmap.errors import InvalidInput, NotFound
from gridmap.services.cases.holding import HELD, CasesHeld
from gridmap.services.cases.indicators import areas_of
from gridmap.services.cases.leading import USUAL, codes_below, lead, newest, placed, year_before
from gridmap.services.cases.redrawn import recount
from gridmap.services.patrolling import effort_by_place
from gridmap.services.reports import coverage
from gridmap.services.silence import say_tracks

router = APIRouter(route_class=StrictRoute, tags=["lead"])


@router.get("/api/v1/lead")
@needs(Permission.CASES_READ)
def get_lead(ctx: Ctx, q: Query[LeadQuery], language: ReaderLanguage) -> LeadAnswer:
    """Give the numbers of a period beside those of the one before; cases may be some seconds old (``at``)."""
    held = _held(ctx, HELD)
    end = ctx.moment(q.end) or newest(held)
    start = ctx.moment(q.start) or end - USUAL
    against = _against(ctx, q, start, end)
    if (wanted := min(start, against[0])) < held.since:
        held = _held(ctx, held.at - wanted)
    try:
        plan = ctx.plan(None, None)
    except NotFound:
        plan = None
    with ctx.store.unit_of_work() as work:
        found = lead(
            work, held, start, end, plan, ctx.settings, area=q.area, level=q.level, against=against, boards=ctx.boards
        )
    return lead_answer(found, plan, ctx.settings.time_zone, language)


def _against(ctx: Context, q: LeadQuery, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Give the period to compare with."""
    first, last = ctx.moment(q.compare_start), ctx.moment(q.compare_end)
    if first is not None and last is not None:
        return first, last
    if first is not None or last is not None:
        raise InvalidInput("compare_half")
    if q.against == "year":
        zone = ctx.settings.time_zone
        return year_before(start, zone), year_before(end, zone)
    return start - (end - start), start


@router.get("/api/v1/lead/effort")
@needs(Permission.PATROLS_READ)
def get_lead_effort(ctx: Ctx, q: Query[LeadAreaQuery], language: ReaderLanguage) -> LeadEffortAnswer:
    """Give for each place how many hours patrols spent there, what they found, and which grids nobody looked at."""
    plan = ctx.plan(None, None)
    about, level = placed(plan, q.area, q.level)
    where = ctx.closed_window(ctx.window(q.start, q.end))
    seen = coverage(ctx.store, plan, where, settings=ctx.settings).coverage
    codes = None if about is None else codes_below(plan, about)
    sight = {
        str(code): str(word)
        for code, word in zip(seen["code"], seen["sight"], strict=True)
        if codes is None or code in codes
    }
    recorded = not (seen["status"] == CoverageStatus.NO_DATA).any()
    found: dict[str, Effort] = {}
    if recorded:
        report = patrols_of(ctx, plan, ctx.day(None), where, shares=False)
        found, _ = effort_by_place(report, sight, areas_of(plan, level))
    said = texts(say_tracks(ctx.store, plan, where, ctx.settings), language)
    return effort_answer(plan, level, where, recorded, found, said)


@router.get("/api/v1/lead/redraw")
@needs(Permission.CASES_READ)
def get_lead_redraw(ctx: Ctx, q: Query[LeadRedrawQuery]) -> LeadRedrawAnswer:
    """Count the cases of a period again by two versions of the borders, for the grids that changed."""
    held = _held(ctx, HELD)
    end = ctx.moment(q.end) or newest(held)
    start = ctx.moment(q.start) or end - USUAL
    if start >= end:
        raise InvalidInput("window_reversed")
    if start < held.since:
        held = _held(ctx, held.at - start)
    set_name = ctx.plans.resolve_set(q.set, ctx.settings.default_set).name
    found = recount(ctx.store, ctx.plans, held, (start, end), set_name, (q.from_, q.to), ctx.settings)
    return redraw_answer(found, start, end)


def _held(ctx: Context, back: timedelta) -> CasesHeld:
    """Give the cases of so many days, or of the usual ones where these are more."""
    return ctx.held(max(HELD.days, -(-back // timedelta(days=1))))
