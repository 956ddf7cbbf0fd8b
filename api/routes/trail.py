"""The trail of who did what, for auditors."""

from fastapi import APIRouter

from api.access import TheDesk
from api.deps import Ctx, ReaderLanguage
from api.replies_access import EntryOut, TrailAnswer, TrailCheckAnswer, TrailFaultOut
from api.requests import NoQuery
from api.requests_access import TrailQuery
from api.rights import needs
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.services.trail import verify

router = APIRouter(route_class=StrictRoute, tags=["trail"])

#: Faults in one answer.
_FAULTS = 100


@router.get("/api/v1/trail")
@needs(Permission.AUDIT_READ)
def list_trail(ctx: Ctx, desk: TheDesk, q: Query[TrailQuery]) -> TrailAnswer:
    """Give a page of the trail, newest first."""
    limit = ctx.limit(q.limit)
    with desk.store.unit_of_work() as work:
        entries = work.trail.page(before=q.before, limit=limit + 1, actor_id=q.actor, action=q.action)
    more = len(entries) > limit
    entries = entries[:limit]
    return TrailAnswer(
        entries=[EntryOut.of(entry) for entry in entries], next_before=entries[-1].number if more else None
    )


@router.get("/api/v1/trail/check")
@needs(Permission.AUDIT_READ)
def check_trail(desk: TheDesk, language: ReaderLanguage, q: Query[NoQuery]) -> TrailCheckAnswer:
    """Prove the trail from its first entry to its last."""
    found = verify(desk.store)
    return TrailCheckAnswer(
        entries=found.facts["entries"],
        whole=not found.findings,
        faults=[TrailFaultOut(rule=f.rule, message=f.message(language)) for f in found.findings[:_FAULTS]],
        hash=found.facts["hash"],
    )
