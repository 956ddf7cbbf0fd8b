"""The leader's page: one answer with its numbers."""

from datetime import timedelta

from fastapi import APIRouter

from api.deps import Context, Ctx, ReaderLanguage
from api.led import lead_answer
from api.replies_lead import LeadAnswer
from api.requests_lead import LeadQuery
from api.rights import needs
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.errors import NotFound
from gridmap.services.cases.holding import HELD, CasesHeld, held_cases
from gridmap.services.cases.leading import USUAL, lead, newest

router = APIRouter(route_class=StrictRoute, tags=["lead"])


@router.get("/api/v1/lead")
@needs(Permission.CASES_READ)
def get_lead(ctx: Ctx, q: Query[LeadQuery], language: ReaderLanguage) -> LeadAnswer:
    """Give the numbers of a period beside those of the one before; cases may be some seconds old (``at``)."""
    held = _held(ctx, HELD)
    end = ctx.moment(q.end) or newest(held)
    start = ctx.moment(q.start) or end - USUAL
    if (wanted := start - (end - start)) < held.since:
        held = _held(ctx, held.at - wanted)
    try:
        plan = ctx.plan(None, None)
    except NotFound:
        plan = None
    with ctx.store.unit_of_work() as work:
        found = lead(work, held, start, end, plan, ctx.settings, area=q.area, level=q.level)
    return lead_answer(found, plan, ctx.settings.time_zone, language)


def _held(ctx: Context, back: timedelta) -> CasesHeld:
    """Give the cases of so many days, read lately."""
    days = max(HELD.days, -(-back // timedelta(days=1)))

    def read() -> CasesHeld:
        now = ctx.clock.now()
        with ctx.store.unit_of_work() as work:
            return held_cases(work, now, now - timedelta(days=days))

    return ctx.cases_held.get(days, ctx.store.revision, read)
