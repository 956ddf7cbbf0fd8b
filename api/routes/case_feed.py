"""The cases of a day for the city's platform."""

from fastapi import APIRouter, Response
from pydantic import Field

from api.deps import Ctx
from api.fields import Day
from api.requests import Strict
from api.rights import needs
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.services.cases.feed import daily_feed

router = APIRouter(route_class=StrictRoute, tags=["cases"])


class FeedQuery(Strict):
    """Which day."""

    day: Day = Field(description="calendar day of the district")


@router.get(
    "/api/v1/cases/feed",
    response_class=Response,
    responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
)
@needs(Permission.CASES_READ)
def get_feed(ctx: Ctx, q: Query[FeedQuery]) -> Response:
    """Give the cases with which anything happened on a day, as lines of JSON; the first line is the manifest."""
    with ctx.store.unit_of_work() as work:
        content = daily_feed(work, q.day, settings=ctx.settings, clock=ctx.clock)
    return Response(content, media_type="application/x-ndjson")
