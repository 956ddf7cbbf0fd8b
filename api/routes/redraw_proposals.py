"""Proposals for a draft: a search is started, looked at and given up; a candidate is looked at and taken over."""

import json
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Path, Request

from api.deps import Context, Ctx, ReaderLanguage
from api.once import OnceOnly
from api.redrawn import opened, seen_codes, withheld
from api.replies import Feature
from api.replies_proposals import CandidateOut, FiguresOut, ProposalAnswer, ReasonOut
from api.replies_redraw import EditedAnswer, ShapesOut
from api.requests import NoQuery
from api.requests_redraw import ProposalIn
from api.rights import needs, principal_of
from api.routes.common import DraftRef, Query, SetName, draft_number
from api.routes.redraw import BASE, edited, etag
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.domain.proposals import Aim
from gridmap.errors import GridmapError, NotFound
from gridmap.i18n import Language, text
from gridmap.services.proposals import Place, Search
from gridmap.services.redraw.desk import Desk
from gridmap.services.redraw.proposed import Asked, Found, edit_of, gathered

router = APIRouter(route_class=StrictRoute, tags=["redraw"])

ProposalRef = Annotated[str, Path(alias="proposal", description="key of a search")]
CandidateRef = Annotated[str, Path(alias="candidate", description="number of a candidate, from 1")]


def _place(ctx: Context, set_name: str, draft: str, request: Request) -> Place:
    boundary_set = ctx.plans.resolve_set(set_name)
    return Place.of(principal_of(request.scope), boundary_set.name, draft_number(draft))


def _found(ctx: Context, place: Place, proposal: str, candidate: str) -> Found:
    if not (candidate.isascii() and candidate.isdigit() and len(candidate) <= 3):
        raise NotFound("propose_candidate_unknown")
    return ctx.proposals.candidate(place, proposal, int(candidate))


def _out(search: Search, language: Language) -> ProposalAnswer:
    outcome = search.outcome or {"today": None, "candidates": [], "reasons": []}
    error = search.error
    return ProposalAnswer(
        proposal=search.key,
        state=search.state,
        progress=search.progress,
        revision=search.revision,
        today=None if outcome["today"] is None else FiguresOut(**outcome["today"]),
        candidates=[
            CandidateOut(number=i, **{**c, "figures": FiguresOut(**c["figures"])})
            for i, c in enumerate(outcome["candidates"], start=1)
        ],
        reasons=[
            ReasonOut(
                code=r["code"],
                area=r["area"],
                message=text(f"propose.reason.{r['code']}", language, area=r["area"], **r["fields"]),
            )
            for r in outcome["reasons"]
        ],
        error=None if error is None else error["code"],
        message=None if error is None else text(f"error.{error['code']}", language, **error["fields"]),
    )


@router.post(f"{BASE}/proposals", response_model=ProposalAnswer)
@needs(Permission.DRAFTS_WRITE)
def start_proposal(
    once: OnceOnly,
    q: Query[NoQuery],
    set_name: SetName,
    draft: DraftRef,
    request: Request,
    language: ReaderLanguage,
    body: ProposalIn,
) -> Any:
    """Start a search for grids of even weight; one at a time for each account."""

    def made(ctx: Context) -> ProposalAnswer:
        drawing = opened(ctx, set_name, draft)
        asked = Asked(
            tuple(body.areas or ()),
            Aim(body.grids, body.floor, body.ceiling, body.tolerance),
            body.weight,
            body.layer,
            body.cell_m,
            body.sliver_share,
            body.seed,
        )
        seen = seen_codes(ctx, drawing)
        with ctx.store.unit_of_work() as work:
            material = gathered(work, drawing, asked, seen, now=ctx.clock.now(), settings=ctx.settings)
        place = _place(ctx, set_name, draft, request)
        return _out(ctx.proposals.start(place, drawing.revision, material), language)

    return once.answer(made)


@router.get(f"{BASE}/proposals/{{proposal}}")
@needs(Permission.DRAFTS_WRITE)
def get_proposal(
    ctx: Ctx,
    q: Query[NoQuery],
    set_name: SetName,
    draft: DraftRef,
    proposal: ProposalRef,
    request: Request,
    language: ReaderLanguage,
) -> ProposalAnswer:
    """Say how far a search is, and when it is done, what it found."""
    opened(ctx, set_name, draft)
    return _out(ctx.proposals.find(_place(ctx, set_name, draft, request), proposal), language)


@router.delete(f"{BASE}/proposals/{{proposal}}")
@needs(Permission.DRAFTS_WRITE)
def remove_proposal(
    ctx: Ctx,
    q: Query[NoQuery],
    set_name: SetName,
    draft: DraftRef,
    proposal: ProposalRef,
    request: Request,
    language: ReaderLanguage,
) -> ProposalAnswer:
    """Give a search up, or forget one that has ended."""
    opened(ctx, set_name, draft)
    return _out(ctx.proposals.cancel(_place(ctx, set_name, draft, request), proposal), language)


@router.get(f"{BASE}/proposals/{{proposal}}/candidates/{{candidate}}")
@needs(Permission.DRAFTS_WRITE)
def get_candidate(
    ctx: Ctx,
    q: Query[NoQuery],
    set_name: SetName,
    draft: DraftRef,
    proposal: ProposalRef,
    candidate: CandidateRef,
    request: Request,
) -> ShapesOut:
    """Give the grids of a candidate that are changed or new, to be looked at."""
    drawing = opened(ctx, set_name, draft)
    found = _found(ctx, _place(ctx, set_name, draft, request), proposal, candidate)
    seen = seen_codes(ctx, drawing)
    return ShapesOut(
        features=[
            Feature.model_validate(
                {
                    "type": "Feature",
                    "id": g.code,
                    "geometry": json.loads(shapely.to_geojson(g.geometry)),
                    "properties": {
                        "code": g.code,
                        "name": g.name,
                        "level": g.level,
                        "parent_code": g.parent_code,
                        "households": g.households,
                        "new": g.code in found.new,
                    },
                }
            )
            for g in found.grids
            if seen is None or g.code in seen or g.parent_code in seen
        ]
    )


@router.post(f"{BASE}/proposals/{{proposal}}/candidates/{{candidate}}", response_model=EditedAnswer)
@needs(Permission.DRAFTS_WRITE)
def take_candidate(
    once: OnceOnly,
    q: Query[NoQuery],
    set_name: SetName,
    draft: DraftRef,
    proposal: ProposalRef,
    candidate: CandidateRef,
    request: Request,
    language: ReaderLanguage,
) -> Any:
    """Take a candidate over as one edit; the grids that it changes must be as they were when it was searched for."""

    def made(ctx: Context) -> EditedAnswer:
        place, by = _place(ctx, set_name, draft, request), principal_of(request.scope)
        found = _found(ctx, place, proposal, candidate)
        desk = Desk(ctx.drawings)
        drawing = desk.open(ctx.store, place.set_name, place.draft)
        try:
            with ctx.store.unit_of_work() as work:
                edit = edit_of(work, drawing, found)
            done = desk.edit(
                ctx.store,
                place.set_name,
                place.draft,
                edit,
                seen=drawing.revision,
                by=by,
                now=ctx.clock.now(),
            )
        except GridmapError as error:
            raise withheld(error, seen_codes(ctx, drawing)) from None
        return edited(ctx, done, by, language)

    return once.answer(made, headers=etag)
