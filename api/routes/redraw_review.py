"""The way of a draft to being published."""

from typing import Any

from fastapi import APIRouter, Request

from api.deps import Ctx
from api.once import OnceOnly
from api.redrawn import opened
from api.replies_redraw import StepOut, StepsAnswer
from api.requests import NoQuery
from api.requests_redraw import StepIn
from api.rights import needs, principal_of
from api.routes.common import DraftRef, Query, SetName
from api.routes.redraw import BASE, Seen, seen_revision
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.services.redraw.review_steps import Standing, standing, take_step

router = APIRouter(route_class=StrictRoute, tags=["redraw"])


def _out(found: Standing) -> StepsAnswer:
    return StepsAnswer(
        state=found.state,
        revision=found.revision,
        second_person=found.second_person,
        steps=[StepOut(to=s.to, by=s.author, at=s.at, revision=s.revision, reason=s.reason) for s in found.steps],
    )


@router.get(f"{BASE}/state")
@needs(Permission.DRAFTS_WRITE)
def get_state(ctx: Ctx, q: Query[NoQuery], set_name: SetName, draft: DraftRef) -> StepsAnswer:
    """Say where a draft stands on its way, and how it came there."""
    return _out(standing(ctx.store, opened(ctx, set_name, draft), ctx.settings))


@router.post(f"{BASE}/state", response_model=StepsAnswer)
@needs(Permission.DRAFTS_WRITE)
def take_a_step(
    once: OnceOnly,
    q: Query[NoQuery],
    set_name: SetName,
    draft: DraftRef,
    request: Request,
    body: StepIn,
    if_match: Seen = None,
) -> Any:
    """Submit a draft as it was seen, approve it, or send it back with a reason."""
    seen, by = seen_revision(if_match), principal_of(request.scope)

    def taken(ctx: Any) -> StepsAnswer:
        drawing = opened(ctx, set_name, draft)
        done = take_step(
            ctx.store,
            drawing,
            body.to,
            seen=seen,
            reason=body.reason,
            by=by,
            now=ctx.clock.now(),
            settings=ctx.settings,
        )
        return _out(done)

    return once.answer(taken)
