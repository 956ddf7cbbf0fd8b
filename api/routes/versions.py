"""The making of versions: drafts, what the gate says of them, publishing, withdrawing, returning."""

import json
from collections import Counter
from typing import Annotated, Any

import numpy as np
import shapely
from fastapi import APIRouter, Header, Request, Response

from api.deps import Context, Ctx, ReaderLanguage
from api.errors import Fault, InvalidRequest
from api.extensions import finding_json
from api.once import OnceOnly
from api.plan_body import DESCRIBED, PlanBody, read_plan
from api.replies import VersionOut
from api.replies_history import ChangeOut
from api.replies_versions import (
    DiscardAnswer,
    DraftAnswer,
    PublicationAnswer,
    ReportAnswer,
    ReportFindingOut,
    ReportSummary,
    WithdrawalAnswer,
)
from api.requests import DraftIn, NoQuery, PublishIn, PutGridsQuery, ReportQuery, WithdrawIn
from api.rights import needs, principal_of
from api.routes.common import DraftRef, Query, SetName, VersionRef, draft_number
from api.routes.sets import version_of
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.domain.boundaries import BoundarySet
from gridmap.domain.lineage import LineageKind
from gridmap.errors import InvalidInput, NotPublishable
from gridmap.services.drafts import make_draft, put_draft
from gridmap.services.gate import ACCEPTABLE
from gridmap.services.guarded.reports import check_within
from gridmap.services.publishing import Publication, Terms
from gridmap.services.versions import publish_draft, return_to, withdraw_version

router = APIRouter(route_class=StrictRoute, tags=["versions"])

IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="content_hash of the draft as it was read, in quotes")
]


@router.post("/api/v1/sets/{set}/drafts", response_model=DraftAnswer)
@needs(Permission.DRAFTS_WRITE)
def add_draft(once: OnceOnly, q: Query[NoQuery], set_name: SetName, body: DraftIn) -> Any:
    """Make a draft with the grids of a version; in a set without versions an empty one."""

    def made(ctx: Context) -> DraftAnswer:
        boundary_set = ctx.plans.resolve_set(set_name)
        draft = make_draft(
            ctx.store,
            boundary_set.name,
            based_on=body.based_on,
            valid_from=body.valid_from,
            now=ctx.clock.now(),
            settings=ctx.settings,
            note=body.note,
        )
        return DraftAnswer(set=boundary_set.name, draft=VersionOut.of(draft))

    return once.answer(made, headers=lambda answer: {"ETag": f'"{answer["draft"]["content_hash"]}"'})


@router.put("/api/v1/sets/{set}/drafts/{draft}/grids", openapi_extra=DESCRIBED)
@needs(Permission.DRAFTS_WRITE)
def put_grids(
    ctx: Ctx,
    q: Query[PutGridsQuery],
    set_name: SetName,
    draft: DraftRef,
    body: PlanBody,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> DraftAnswer:
    """Replace the areas of one level of a draft that still is as it was read; the other levels stay."""
    boundary_set = ctx.plans.resolve_set(set_name)
    number = draft_number(draft)
    expected = _expected_hash(q.expected_hash, if_match)
    level = next((x for x in boundary_set.levels if x.name == q.level), None)
    if level is None:
        raise InvalidInput("level_not_in_set", known=", ".join(x.name for x in boundary_set.levels))
    with ctx.reading:
        frame = read_plan(body, level, settings=ctx.settings)
    changed = put_draft(
        ctx.store,
        boundary_set.name,
        number,
        frame,
        level=level.name,
        expected_hash=expected,
        by=principal_of(request.scope),
        now=ctx.clock.now(),
    )
    response.headers["ETag"] = f'"{changed.content_hash}"'
    return DraftAnswer(set=boundary_set.name, draft=VersionOut.of(changed))


def _expected_hash(asked: str | None, if_match: str | None) -> str:
    """Take the hash from the address or the header, whichever there is."""
    if (asked is None) == (if_match is None):
        raise InvalidRequest([Fault("hash_needed", parameter="expected_hash")])
    return if_match.strip().strip('"') if if_match is not None else str(asked)


@router.delete("/api/v1/sets/{set}/drafts/{draft}")
@needs(Permission.DRAFTS_WRITE)
def discard_draft(ctx: Ctx, q: Query[NoQuery], set_name: SetName, draft: DraftRef) -> DiscardAnswer:
    """Take a draft away; its number is never given again."""
    boundary_set = ctx.plans.resolve_set(set_name)
    number = draft_number(draft)
    with ctx.store.unit_of_work() as work:
        work.boundaries.discard_draft(boundary_set.name, number)
        work.commit()
    return DiscardAnswer(set=boundary_set.name, discarded=number)


@router.get("/api/v1/sets/{set}/versions/{version}/report")
@needs(Permission.GRIDS_READ)
def get_report(
    ctx: Ctx, q: Query[ReportQuery], set_name: SetName, version: VersionRef, language: ReaderLanguage
) -> ReportAnswer:
    """Ask every rule of a draft for its planned day, or again of a version for its first day."""
    boundary_set = ctx.plans.resolve_set(set_name)
    limit = ctx.settings.max_page if q.limit is None else ctx.limit(q.limit)
    edition = version_of(ctx, boundary_set, version)
    judgement = check_within(ctx.store, boundary_set.name, edition.number, settings=ctx.settings)
    standing = {id(f) for f in judgement.blocking}
    shown = judgement.report.findings[:limit]
    shapes = shapely.to_geojson(np.array([f.geometry for f in shown], dtype=object))
    summary = judgement.report.to_json()["summary"]
    return ReportAnswer(
        set=boundary_set.name,
        version=edition.number,
        against=None if judgement.former is None else judgement.former.number,
        blocking=len(judgement.blocking),
        acceptable=sum(f.rule in ACCEPTABLE for f in judgement.blocking),
        findings=[
            ReportFindingOut.model_validate(
                {
                    **finding_json(f, language),
                    "blocking": id(f) in standing,
                    "geometry": None if shape is None else json.loads(shape),
                }
            )
            for f, shape in zip(shown, shapes, strict=True)
        ],
        truncated=len(shown) < len(judgement.report),
        summary=ReportSummary.model_validate({k: summary[k] for k in ("findings", "by_rule", "by_severity", "grids")}),
    )


@router.post("/api/v1/sets/{set}/drafts/{draft}/publish", response_model=PublicationAnswer)
@needs(Permission.PUBLISH)
def publish(once: OnceOnly, q: Query[NoQuery], set_name: SetName, draft: DraftRef, body: PublishIn) -> Any:
    """Publish a draft if the gate lets it pass and nobody else was first; the answer comes when it is done."""

    def published(ctx: Context) -> PublicationAnswer:
        boundary_set = ctx.plans.resolve_set(set_name)
        done = publish_draft(
            ctx.store,
            ctx.plans,
            boundary_set.name,
            draft_number(draft),
            _terms(body),
            now=ctx.clock.now(),
            settings=ctx.settings,
            commit=not body.dry_run,
        )
        return _published(ctx, boundary_set, done, dry_run=body.dry_run)

    return once.answer(published)


@router.post("/api/v1/sets/{set}/versions/{version}/return", response_model=PublicationAnswer)
@needs(Permission.PUBLISH)
def return_to_version(
    once: OnceOnly, q: Query[NoQuery], set_name: SetName, version: VersionRef, body: PublishIn
) -> Any:
    """Publish what a former version says as a new version."""

    def returned(ctx: Context) -> PublicationAnswer:
        boundary_set = ctx.plans.resolve_set(set_name)
        source = version_of(ctx, boundary_set, version)
        done = return_to(
            ctx.store,
            ctx.plans,
            boundary_set.name,
            source.number,
            _terms(body),
            now=ctx.clock.now(),
            settings=ctx.settings,
            commit=not body.dry_run,
        )
        return _published(ctx, boundary_set, done, dry_run=body.dry_run)

    return once.answer(returned)


@router.post("/api/v1/sets/{set}/versions/{version}/withdraw", response_model=WithdrawalAnswer)
@needs(Permission.PUBLISH)
def withdraw(once: OnceOnly, q: Query[NoQuery], set_name: SetName, version: VersionRef, body: WithdrawIn) -> Any:
    """Take back the last version in time while it is scheduled, or later with a reason; the one before it goes on."""

    def withdrawn(ctx: Context) -> WithdrawalAnswer:
        boundary_set = ctx.plans.resolve_set(set_name)
        done = withdraw_version(
            ctx.store,
            ctx.plans,
            boundary_set.name,
            version_of(ctx, boundary_set, version).number,
            expected=body.expected_revision,
            now=ctx.clock.now(),
            settings=ctx.settings,
            rewrite=body.rewrite or "",
        )
        return WithdrawalAnswer(
            set=boundary_set.name,
            revision=_revision(ctx, boundary_set),
            version=VersionOut.of(done.version),
            incidents=done.incidents,
            fixes=done.fixes,
        )

    return once.answer(withdrawn)


def _terms(body: PublishIn) -> Terms:
    return Terms(
        body.valid_from,
        expected=body.expected_revision,
        accepted=body.accepted or "",
        rewrite=body.rewrite or "",
        note=body.note,
    )


def _published(ctx: Context, boundary_set: BoundarySet, done: Publication, *, dry_run: bool) -> PublicationAnswer:
    blocking = done.judgement.blocking
    if blocking:
        raise NotPublishable("not_publishable", count=len(blocking), findings=blocking)
    edges = Counter(zip(done.edges["level"], done.edges["kind"], strict=True))
    order = {level.name: level.order for level in boundary_set.levels}
    kinds = list(LineageKind)
    return PublicationAnswer(
        set=boundary_set.name,
        revision=_revision(ctx, boundary_set),
        version=None if done.version is None else VersionOut.of(done.version),
        dry_run=dry_run,
        lineage=[
            ChangeOut(level=level, kind=LineageKind(kind), count=count)
            for (level, kind), count in sorted(edges.items(), key=lambda e: (order[e[0][0]], kinds.index(e[0][1])))
        ],
        findings=dict(sorted(Counter(f.rule for f in done.judgement.report).items())),
        incidents=None if dry_run else done.incidents,
        fixes=None if dry_run else done.fixes,
    )


def _revision(ctx: Context, boundary_set: BoundarySet) -> int:
    # in the transaction of what was done, where that is still open
    with ctx.store.unit_of_work() as work:
        found = work.boundaries.find_set(boundary_set.name)
    assert found is not None
    return found.revision
