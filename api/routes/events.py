"""What happens, for those who follow it: pages after a place, and a stream."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from api.deps import Context, Ctx
from api.events.feed import Feed
from api.events.places import Places
from api.events.reading import page, reader_of, shown, sight, start
from api.events.stream import EventStream
from api.replies import EventsAnswer
from api.requests import EventsQuery, EventStreamQuery
from api.rights import needs, principal_of
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.domain.access import Permission

router = APIRouter(route_class=StrictRoute, tags=["events"])


def _whole(request: Request) -> Context:
    """Give the context of everybody: events are cut to a sight by themselves."""
    found: Context = request.app.state.context
    return found


@router.get("/api/v1/events")
@needs(Permission.GRIDS_READ)
def list_events(ctx: Ctx, request: Request, q: Query[EventsQuery]) -> EventsAnswer:
    """Give what happened after a place, oldest first; without a place nothing but the present one."""
    whole, principal = _whole(request), principal_of(request.scope)
    limit = ctx.limit(q.limit)
    found = page(whole, sight(whole, principal), start(whole, principal, q.after)[0], limit)
    places = Places(found.mark.key, reader_of(principal))
    events = [shown(happened, places) for happened in found.events]
    return EventsAnswer(events=events, next=places.seal(found.last))


@router.get("/api/v1/events/stream")
@needs(Permission.GRIDS_READ)
def stream_events(
    request: Request,
    q: Query[EventStreamQuery],
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=200)] = None,
) -> Response:
    """Send what happens as server-sent events, from now on or after a place."""
    whole, principal = _whole(request), principal_of(request.scope)
    feed: Feed = request.app.state.feed
    doors = request.app.state.doors
    scope = request.scope
    leave = doors.listen(scope)
    try:
        after, mark = start(whole, principal, last_event_id or q.after)
    except BaseException:
        leave()
        raise
    return EventStream(
        whole, feed, principal, after, mark, again=lambda: doors.again(scope), leave=leave, positions=q.positions
    )
