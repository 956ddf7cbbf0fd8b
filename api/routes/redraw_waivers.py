"""Waivers of a draft: signed, listed, taken back."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from api.deps import Context, Ctx
from api.once import OnceOnly
from api.redrawn import opened, seen_codes, waiver_out
from api.replies_redraw import WaiverOut, WaiversAnswer
from api.requests import NoQuery
from api.requests_redraw import WaiverIn
from api.rights import needs, principal_of
from api.routes.common import DraftRef, Query, SetName
from api.routes.redraw import BASE
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.errors import NotFound
from gridmap.services.redraw.waivers import list_waivers, revoke, sign

router = APIRouter(route_class=StrictRoute, tags=["redraw"])

WaiverRef = Annotated[str, Path(alias="waiver", description="number of a waiver")]


@router.get(f"{BASE}/waivers")
@needs(Permission.DRAFTS_WRITE)
def list_waived(ctx: Ctx, q: Query[NoQuery], set_name: SetName, draft: DraftRef, request: Request) -> WaiversAnswer:
    """Give what was signed for in a draft, and in the versions that it was made of, and not taken back."""
    by, drawing = principal_of(request.scope), opened(ctx, set_name, draft)
    seen = seen_codes(ctx, drawing)
    shown = [h for h in list_waivers(ctx.store, drawing) if seen is None or set(h.waiver.codes) <= set(seen)]
    return WaiversAnswer(waivers=[waiver_out(held.waiver, by, holds=held.holds) for held in shown])


@router.post(f"{BASE}/waivers", response_model=WaiverOut)
@needs(Permission.DRAFTS_WRITE)
def sign_waiver(
    once: OnceOnly, q: Query[NoQuery], set_name: SetName, draft: DraftRef, request: Request, body: WaiverIn
) -> Any:
    """Sign for a warning: it holds until the shape of its areas, its measure or its rule changes."""

    def made(ctx: Context) -> WaiverOut:
        drawing, by = opened(ctx, set_name, draft), principal_of(request.scope)
        done = sign(
            ctx.store,
            drawing,
            body.rule,
            body.codes,
            body.reason,
            by=by,
            now=ctx.clock.now(),
            settings=ctx.settings,
            seen=seen_codes(ctx, drawing),
        )
        return waiver_out(done, by)

    return once.answer(made)


@router.delete(f"{BASE}/waivers/{{waiver}}")
@needs(Permission.DRAFTS_WRITE)
def revoke_waiver(
    ctx: Ctx, q: Query[NoQuery], set_name: SetName, draft: DraftRef, waiver: WaiverRef, request: Request
) -> WaiverOut:
    """Take a waiver back, whoever signed it; both stay in the record."""
    if not (waiver.isascii() and waiver.isdigit() and len(waiver) <= 15):
        raise NotFound("redraw_waiver_unknown")
    drawing, by = opened(ctx, set_name, draft), principal_of(request.scope)
    seen = seen_codes(ctx, drawing)
    gone = revoke(ctx.store, drawing, int(waiver), by=by, now=ctx.clock.now(), seen=seen)
    return waiver_out(gone, by, holds=False)
