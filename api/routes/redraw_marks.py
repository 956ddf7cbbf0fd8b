"""Locks and comments of a draft."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from api.deps import Context, Ctx
from api.once import OnceOnly
from api.redrawn import opened, seen_codes
from api.replies_redraw import MarkOut, MarksAnswer
from api.requests import NoQuery
from api.requests_redraw import CommentIn, LockIn
from api.rights import needs, principal_of
from api.routes.common import DraftRef, Query, SetName
from api.routes.redraw import BASE
from api.strict import StrictRoute
from gridmap.domain.access import Permission, Principal
from gridmap.errors import NotFound
from gridmap.services.ports import Mark
from gridmap.services.redraw.marks import Kind, comment, list_marks, lock, remove_mark

router = APIRouter(route_class=StrictRoute, tags=["redraw"])

MarkRef = Annotated[str, Path(alias="mark", description="number of a lock or comment")]


def _out(mark: Mark, by: Principal) -> MarkOut:
    return MarkOut(
        number=mark.number,
        kind=mark.kind,
        by=mark.author,
        mine=mark.author_id == by.account_id,
        at=mark.at,
        code=mark.code,
        places=[list(place) for place in mark.places],
        text=mark.text,
    )


def _listed(ctx: Context, set_name: str, draft: str, kind: Kind, request: Request) -> MarksAnswer:
    by = principal_of(request.scope)
    found = list_marks(ctx.store, opened(ctx, set_name, draft), kind)
    return MarksAnswer(marks=[_out(mark, by) for mark in found])


def _removed(ctx: Context, set_name: str, draft: str, mark: str, kind: Kind, request: Request) -> MarkOut:
    if not (mark.isascii() and mark.isdigit() and len(mark) <= 15):
        raise NotFound("redraw_mark_unknown")
    by = principal_of(request.scope)
    return _out(remove_mark(ctx.store, opened(ctx, set_name, draft), int(mark), kind, by=by), by)


@router.get(f"{BASE}/locks")
@needs(Permission.DRAFTS_WRITE)
def list_locks(ctx: Ctx, q: Query[NoQuery], set_name: SetName, draft: DraftRef, request: Request) -> MarksAnswer:
    """Give what is locked in a draft: grids, pieces of borders, areas with all below them."""
    return _listed(ctx, set_name, draft, "locks", request)


@router.post(f"{BASE}/locks", response_model=MarkOut)
@needs(Permission.DRAFTS_WRITE)
def add_lock(
    once: OnceOnly, q: Query[NoQuery], set_name: SetName, draft: DraftRef, request: Request, body: LockIn
) -> Any:
    """Lock a grid or an area by its code, or a piece of a border by its two vertices."""

    def made(ctx: Context) -> MarkOut:
        drawing, by = opened(ctx, set_name, draft), principal_of(request.scope)
        seen = seen_codes(ctx, drawing)
        now = ctx.clock.now()
        done = lock(ctx.store, drawing, body.kind, code=body.code, edge=body.edge, by=by, now=now, seen=seen)
        return _out(done, by)

    return once.answer(made)


@router.delete(f"{BASE}/locks/{{mark}}")
@needs(Permission.DRAFTS_WRITE)
def remove_lock(
    ctx: Ctx, q: Query[NoQuery], set_name: SetName, draft: DraftRef, mark: MarkRef, request: Request
) -> MarkOut:
    """Take a lock off, whoever set it."""
    return _removed(ctx, set_name, draft, mark, "locks", request)


@router.get(f"{BASE}/comments")
@needs(Permission.DRAFTS_WRITE)
def list_comments(ctx: Ctx, q: Query[NoQuery], set_name: SetName, draft: DraftRef, request: Request) -> MarksAnswer:
    """Give what was said of places of a draft."""
    return _listed(ctx, set_name, draft, "comments", request)


@router.post(f"{BASE}/comments", response_model=MarkOut)
@needs(Permission.DRAFTS_WRITE)
def add_comment(
    once: OnceOnly, q: Query[NoQuery], set_name: SetName, draft: DraftRef, request: Request, body: CommentIn
) -> Any:
    """Pin a comment to a place."""

    def made(ctx: Context) -> MarkOut:
        drawing, by = opened(ctx, set_name, draft), principal_of(request.scope)
        seen = seen_codes(ctx, drawing)
        now = ctx.clock.now()
        return _out(comment(ctx.store, drawing, body.at, body.text, code=body.code, by=by, now=now, seen=seen), by)

    return once.answer(made)


@router.delete(f"{BASE}/comments/{{mark}}")
@needs(Permission.DRAFTS_WRITE)
def remove_comment(
    ctx: Ctx, q: Query[NoQuery], set_name: SetName, draft: DraftRef, mark: MarkRef, request: Request
) -> MarkOut:
    """Take a comment of one's own away."""
    return _removed(ctx, set_name, draft, mark, "comments", request)
