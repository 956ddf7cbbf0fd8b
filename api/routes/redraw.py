"""Redrawing a draft: its areas, one edit at a time, undo and redo, and what others did meanwhile."""

import json
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Body, Header, Request, Response

from api.deps import Context, Ctx, ReaderLanguage
from api.errors import Fault, InvalidRequest
from api.once import OnceOnly
from api.redrawn import (
    edit_of,
    edit_out,
    findings_out,
    opened,
    properties,
    seen_codes,
    shapes_out,
    stack_out,
    totals_out,
    withheld,
)
from api.replies_redraw import (
    EditedAnswer,
    EditsAnswer,
    PlannerOut,
    RedrawAnswer,
    RedrawFindingsAnswer,
    RedrawLevelOut,
    ShapesOut,
)
from api.requests import NoQuery
from api.requests_redraw import AreasQuery, EditIn, EditsQuery
from api.rights import needs, principal_of
from api.routes.common import DraftRef, Query, SetName, draft_number
from api.strict import StrictRoute
from gridmap.domain.access import Permission, Principal
from gridmap.errors import GridmapError, InvalidInput
from gridmap.i18n import Language
from gridmap.services.redraw.desk import Desk, Done
from gridmap.services.redraw.drawings import Drawing
from gridmap.services.redraw.marks import stamp
from gridmap.services.redraw.presence import Planner
from gridmap.services.redraw.review_steps import state_of

router = APIRouter(route_class=StrictRoute, tags=["redraw"])

BASE = "/api/v1/sets/{set}/drafts/{draft}/redraw"

Seen = Annotated[str | None, Header(alias="If-Match", description="revision of the draft that was seen, in quotes")]


def seen_revision(if_match: str | None) -> int:
    """Read the revision that a planner looked at (InvalidRequest ``redraw_revision_needed``)."""
    said = (if_match or "").strip().strip('"')
    if not (said.isascii() and said.isdigit() and len(said) <= 9):
        raise InvalidRequest([Fault("redraw_revision_needed", parameter="If-Match")])
    return int(said)


def _others(ctx: Context, drawing: Drawing, request: Request) -> list[PlannerOut]:
    by = principal_of(request.scope)
    # where nobody signs in, one browser is told from the other by its connection
    client = request.client
    key = by.account_id or (f"{client.host}" if client else "")
    me = Planner(key, by.name, ctx.clock.now())
    others = ctx.presence.note(drawing.boundary_set.name, drawing.draft.number, me)
    return [PlannerOut(name=p.name, seen_at=p.seen_at) for p in others]


@router.get(BASE)
@needs(Permission.DRAFTS_WRITE)
def open_redraw(ctx: Ctx, q: Query[NoQuery], set_name: SetName, draft: DraftRef, request: Request) -> RedrawAnswer:
    """Say where a draft stands: its level, its extent, what can be taken back, and who else draws in it."""
    drawing = opened(ctx, set_name, draft)
    stacks = Desk(ctx.drawings).stacks(
        ctx.store, drawing.boundary_set.name, drawing.draft.number, principal_of(request.scope)
    )
    seen = seen_codes(ctx, drawing)
    tiling = drawing.tiling
    mine = [c for c, g in tiling.areas.items() if g.level == tiling.level.name and (seen is None or c in seen)]
    with ctx.store.unit_of_work() as work:
        steps = work.redraw.steps(drawing.boundary_set.name, drawing.draft.number)
    box = shapely.total_bounds([tiling[c].geometry for c in mine]) if mine else (0.0, 0.0, 0.0, 0.0)
    return RedrawAnswer(
        set=drawing.boundary_set.name,
        draft=drawing.draft.number,
        revision=drawing.revision,
        based_on=drawing.draft.based_on,
        level=tiling.level.name,
        levels=[
            RedrawLevelOut(name=x.name, order=x.order, tiles_parent=x.tiles_parent)
            for x in sorted(drawing.boundary_set.levels, key=lambda x: x.order)
        ],
        box=[float(v) for v in box],
        areas=len(mine),
        state=state_of(steps, drawing.revision),
        undo=stack_out(stacks.undo),
        redo=stack_out(stacks.redo),
        others=_others(ctx, drawing, request),
        totals=totals_out(drawing),
    )


@router.get(f"{BASE}/areas", response_model=ShapesOut)
@needs(Permission.DRAFTS_WRITE)
def list_areas(ctx: Ctx, q: Query[AreasQuery], set_name: SetName, draft: DraftRef) -> Response:
    """Give the areas of a level, or of it those in a box, to the last digit of their coordinates."""
    drawing = opened(ctx, set_name, draft)
    tiling = drawing.tiling
    level = q.level or tiling.level.name
    if level not in {x.name for x in drawing.boundary_set.levels}:
        raise InvalidInput("level_not_in_set", known=", ".join(x.name for x in drawing.boundary_set.levels))
    seen = seen_codes(ctx, drawing)
    if level == tiling.level.name and q.bbox is not None:
        grids = [tiling[c] for c in tiling.near(q.bbox)]
    else:
        grids = [g for g in tiling.areas.values() if g.level == level]
        if q.bbox is not None:
            box = shapely.box(*q.bbox)
            grids = [g for g in grids if shapely.intersects(shapely.box(*g.geometry.bounds), box)]
    shown = [g for g in grids if seen is None or g.code in seen]
    shapes = shapely.to_geojson([g.geometry for g in shown])
    features = ",".join(
        f'{{"type":"Feature","id":{json.dumps(g.code)},"geometry":{shape},'
        f'"properties":{json.dumps(properties(drawing, g), ensure_ascii=False)}}}'
        for g, shape in zip(shown, shapes, strict=True)
    )
    return Response(
        f'{{"type":"FeatureCollection","features":[{features}]}}',
        media_type="application/geo+json",
        headers={"ETag": f'"{drawing.revision}"', "Cache-Control": "no-store"},
    )


@router.post(f"{BASE}/edits", response_model=EditedAnswer)
@needs(Permission.DRAFTS_WRITE)
def make_edit(
    once: OnceOnly,
    q: Query[NoQuery],
    set_name: SetName,
    draft: DraftRef,
    request: Request,
    language: ReaderLanguage,
    body: Annotated[EditIn, Body()],
    if_match: Seen = None,
) -> Any:
    """Make one edit; neighbours follow, areas above follow, and the findings of what it touched come back."""
    revision = seen_revision(if_match)

    def made(ctx: Context) -> EditedAnswer:
        boundary_set = ctx.plans.resolve_set(set_name)
        desk, by = Desk(ctx.drawings), principal_of(request.scope)
        drawing = desk.open(ctx.store, boundary_set.name, draft_number(draft))
        try:
            done = desk.edit(
                ctx.store,
                boundary_set.name,
                draft_number(draft),
                edit_of(body, ctx, drawing),
                seen=revision,
                by=by,
                now=ctx.clock.now(),
            )
        except GridmapError as error:
            raise withheld(error, seen_codes(ctx, drawing)) from None
        return edited(ctx, done, by, language)

    return once.answer(made, headers=etag)


def etag(answer: Any) -> dict[str, str]:
    """Give the header that names the revision of an answer."""
    return {"ETag": f'"{answer["revision"]}"'}


@router.post(f"{BASE}/undo", response_model=EditedAnswer)
@needs(Permission.DRAFTS_WRITE)
def undo(
    once: OnceOnly, q: Query[NoQuery], set_name: SetName, draft: DraftRef, request: Request, language: ReaderLanguage
) -> Any:
    """Take the reader's own last edit back."""
    return once.answer(lambda ctx: _taken_back(ctx, set_name, draft, request, language, again=False), headers=etag)


@router.post(f"{BASE}/redo", response_model=EditedAnswer)
@needs(Permission.DRAFTS_WRITE)
def redo(
    once: OnceOnly, q: Query[NoQuery], set_name: SetName, draft: DraftRef, request: Request, language: ReaderLanguage
) -> Any:
    """Make the edit again that the reader took back last."""
    return once.answer(lambda ctx: _taken_back(ctx, set_name, draft, request, language, again=True), headers=etag)


def _taken_back(
    ctx: Context, set_name: str, draft: str, request: Request, language: Language, *, again: bool
) -> EditedAnswer:
    boundary_set = ctx.plans.resolve_set(set_name)
    desk, by = Desk(ctx.drawings), principal_of(request.scope)
    number = draft_number(draft)
    try:
        done = desk.take_back(ctx.store, boundary_set.name, number, again=again, by=by, now=ctx.clock.now())
    except GridmapError as error:
        drawing = desk.open(ctx.store, boundary_set.name, number)
        raise withheld(error, seen_codes(ctx, drawing)) from None
    return edited(ctx, done, by, language)


def edited(ctx: Context, done: Done, by: Principal, language: Language) -> EditedAnswer:
    """Answer for an edit that was made."""
    drawing, change = done.drawing, done.entry.change
    seen = _seen_with(seen_codes(ctx, drawing), done)
    touched = set(change.codes)
    return EditedAnswer(
        revision=done.entry.number,
        edit=edit_out(done.entry, True, language, seen),
        changed=shapes_out(drawing, change.after.values(), seen),
        gone=[c for c in change.gone if seen is None or c in seen],
        gained_m2=round(done.effect.gained_m2, 6),
        lost_m2=round(done.effect.lost_m2, 6),
        findings=findings_out(
            ctx, drawing, (f for f in drawing.findings if touched & set(f.codes)), by, language, seen
        ),
        totals=totals_out(drawing),
        undo=stack_out(done.stacks.undo),
        redo=stack_out(done.stacks.redo),
    )


def _seen_with(seen: Any, done: Done) -> Any:
    """Add the codes that ended with this edit: a tree of the draft does not have them any more."""
    if seen is None:
        return None
    ended = {c for c, g in done.entry.change.before.items() if g.parent_code in seen}
    return seen | ended


@router.get(f"{BASE}/edits")
@needs(Permission.DRAFTS_WRITE)
def list_edits(
    ctx: Ctx,
    q: Query[EditsQuery],
    set_name: SetName,
    draft: DraftRef,
    request: Request,
    language: ReaderLanguage,
) -> EditsAnswer:
    """Give what happened since a revision, and the areas that it touched as they are now."""
    drawing = opened(ctx, set_name, draft)
    name, number, by = drawing.boundary_set.name, drawing.draft.number, principal_of(request.scope)
    with ctx.store.unit_of_work() as work:
        lines = [x for x in work.redraw.lines(name, number, after=q.after) if x.number <= drawing.revision]
        marks = stamp(work.redraw.marks(name, number))
    seen = seen_codes(ctx, drawing)
    touched = sorted({c for line in lines for c in line.codes})
    stacks = Desk(ctx.drawings).stacks(ctx.store, name, number, by)
    return EditsAnswer(
        revision=drawing.revision,
        edits=[edit_out(x, x.author_id == by.account_id, language, seen) for x in lines],
        changed=shapes_out(drawing, (drawing.tiling[c] for c in touched if c in drawing.tiling), seen),
        gone=[c for c in touched if c not in drawing.tiling],
        others=_others(ctx, drawing, request),
        undo=stack_out(stacks.undo),
        redo=stack_out(stacks.redo),
        marks=marks,
    )


@router.get(f"{BASE}/findings")
@needs(Permission.DRAFTS_WRITE)
def list_findings(
    ctx: Ctx, q: Query[NoQuery], set_name: SetName, draft: DraftRef, request: Request, language: ReaderLanguage
) -> RedrawFindingsAnswer:
    """Give what is wrong with a draft as it is drawn now."""
    drawing = opened(ctx, set_name, draft)
    seen = seen_codes(ctx, drawing)
    return RedrawFindingsAnswer(
        revision=drawing.revision,
        findings=findings_out(
            ctx,
            drawing,
            drawing.findings.findings[: ctx.settings.max_page],
            principal_of(request.scope),
            language,
            seen,
        ),
        totals=totals_out(drawing),
    )
