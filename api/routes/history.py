"""The history of boundaries: versions in time, lineage, lives of codes, differences and crosswalks."""

from dataclasses import asdict
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from api.answers import GEOJSON, features, to_json
from api.comparisons import collection, crosswalk_body, difference_body, drawn, records
from api.deps import Ctx
from api.replies import FeatureCollection, LevelOut
from api.replies_history import (
    ChangeOut,
    CodeAnswer,
    CrosswalkAnswer,
    DifferenceAnswer,
    EditionOut,
    HistoryAnswer,
    LifeOut,
    LineageAnswer,
    SuccessorOut,
)
from api.requests import CodeQuery, ContextQuery, CrosswalkQuery, DifferenceQuery, LineageQuery, NoQuery
from api.rights import needs
from api.routes.common import GridCode, Query, SetName
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.domain.boundaries import BoundarySet
from gridmap.errors import InvalidInput
from gridmap.services.history import Edition, compare, crosswalk_of, history, require_version, successors_of

router = APIRouter(route_class=StrictRoute, tags=["history"])

JSON = "application/json"

_EDGE = ("level", "old_code", "new_code", "kind", "area_m2", "old_share", "new_share", "households")


@router.get("/api/v1/sets/{set}/history")
@needs(Permission.GRIDS_READ)
def get_history(ctx: Ctx, q: Query[NoQuery], set_name: SetName) -> HistoryAnswer:
    """Give the versions of a set in time, what each changed, and its drafts."""
    boundary_set = ctx.plans.resolve_set(set_name)
    found = history(ctx.store, boundary_set, ctx.day(None))
    return HistoryAnswer(
        set=boundary_set.name,
        title=boundary_set.title,
        today=found.day,
        levels=[LevelOut.of(level) for level in boundary_set.levels],
        versions=[_edition(e) for e in found.versions],
        drafts=[_edition(e) for e in found.drafts],
        retired=[_edition(e) for e in found.retired],
    )


def _edition(found: Edition) -> EditionOut:
    version = found.version
    changes = None
    if found.changes is not None:
        changes = [ChangeOut.model_validate(asdict(change)) for change in found.changes]
    return EditionOut(
        number=version.number,
        phase=found.phase,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        note=version.note,
        based_on=version.based_on,
        published_at=version.published_at,
        grids=found.grids,
        changes=changes,
    )


@router.get("/api/v1/sets/{set}/lineage")
@needs(Permission.GRIDS_READ)
def list_lineage(ctx: Ctx, q: Query[LineageQuery], set_name: SetName) -> LineageAnswer:
    """Give a page of the edges into a version: which area came from which, as it was recorded when it was published."""
    boundary_set = ctx.plans.resolve_set(set_name)
    version = require_version(ctx.store, boundary_set.name, q.version)
    if q.level is not None:
        _require_level(boundary_set, q.level)
    limit = ctx.limit(q.limit)
    # bound to the content: the edges of a draft change with it
    question = ("lineage", boundary_set.name, version.number, version.content_hash, q.level)
    after = ctx.cursors.read(question, q.cursor)
    start = 0 if after is None else int(after[0])
    with ctx.store.unit_of_work() as work:
        edges = work.boundaries.lineage(boundary_set.name, version.number)
    if q.level is not None:
        edges = edges[edges["level"] == q.level]
    part = edges.iloc[start : start + limit]
    path = f"/api/v1/sets/{boundary_set.name}/lineage"
    query = {"version": version.number, "level": q.level, "limit": limit}
    asked = {k: v for k, v in query.items() if v is not None}
    links = [{"rel": "self", "href": f"{path}?{urlencode(asked)}", "type": JSON}]
    if start + limit < len(edges):
        cursor = ctx.cursors.make(question, [str(start + limit)])
        links.append({"rel": "next", "href": f"{path}?{urlencode({**asked, 'cursor': cursor})}", "type": JSON})
    return LineageAnswer.model_validate(
        {
            "set": boundary_set.name,
            "version": version.number,
            "edges": records(part, _EDGE),
            "links": links,
            "numberReturned": len(part),
        }
    )


def _require_level(boundary_set: BoundarySet, level: str) -> None:
    known = [each.name for each in boundary_set.levels]
    if level not in known:
        raise InvalidInput("level_not_in_set", known=", ".join(known))


@router.get("/api/v1/sets/{set}/codes/{code}")
@needs(Permission.GRIDS_READ)
def get_code(ctx: Ctx, q: Query[CodeQuery], set_name: SetName, code: GridCode) -> CodeAnswer:
    """Say in which versions a code stands and, once it is retired, who has its ground on a day."""
    boundary_set = ctx.plans.resolve_set(set_name)
    day = ctx.day(q.at)
    found = successors_of(ctx.store, ctx.plans, boundary_set, code, day)
    return CodeAnswer(
        set=boundary_set.name,
        code=found.code,
        name=found.name,
        at=day,
        state=found.state,
        version=None if found.version is None else found.version.number,
        lives=[
            LifeOut(level=life.level, version=life.number, valid_from=life.valid_from, valid_to=life.valid_to)
            for life in found.lives
        ],
        successors=[SuccessorOut.model_validate(asdict(s)) for s in found.successors],
        lost_share=found.lost_share,
    )


@router.get("/api/v1/sets/{set}/difference", response_model=DifferenceAnswer)
@needs(Permission.GRIDS_READ)
def get_difference(ctx: Ctx, q: Query[DifferenceQuery], set_name: SetName) -> Response:
    """Compare two versions: ground, households and incidents that change hands, as rows and as GeoJSON."""
    boundary_set = ctx.plans.resolve_set(set_name)
    versions = [require_version(ctx.store, boundary_set.name, n) for n in (q.from_, q.to)]
    window = ctx.closed_window(ctx.window(q.start, q.end))
    key = ("difference", boundary_set, *(v.content_hash for v in versions), q.from_, q.to, window, ctx.store.revision())

    def make() -> bytes:
        return difference_body(compare(ctx.store, ctx.plans, boundary_set, q.from_, q.to, window)).encode("utf-8")

    return Response(ctx.comparisons.get(key, make), media_type=JSON)


@router.get("/api/v1/crosswalk", response_model=CrosswalkAnswer)
@needs(Permission.GRIDS_READ)
def get_crosswalk(ctx: Ctx, q: Query[CrosswalkQuery]) -> Response:
    """Say which grids of one set agree with, contain or cross which of another on a day, with areas."""
    set_a, set_b = (ctx.plans.resolve_set(name) for name in (q.a, q.b))
    day, day_b = ctx.day(q.at), ctx.day(q.b_at or q.at)
    plans = [ctx.plans.at(s, d) for s, d in ((set_a, day), (set_b, day_b))]
    hashes = [p.key for p in plans]

    def make() -> bytes:
        found = crosswalk_of(ctx.plans, set_a, set_b, day, day_b)
        return to_json(crosswalk_body(found, (day.isoformat(), day_b.isoformat()))).encode("utf-8")

    return Response(ctx.comparisons.get(("crosswalk", *hashes, day, day_b), make), media_type=JSON)


@router.get("/api/v1/context", response_model=FeatureCollection)
@needs(Permission.GRIDS_READ)
def get_context(ctx: Ctx, q: Query[ContextQuery]) -> Response:
    """Give water, green and roads as GeoJSON: what a map draws beneath its subject."""
    with ctx.store.unit_of_work() as work:
        frame = work.context.frame()
    if q.bbox is not None:
        x0, y0, x1, y1 = q.bbox
        box = frame.bounds
        frame = frame[(box["minx"] <= x1) & (box["maxx"] >= x0) & (box["miny"] <= y1) & (box["maxy"] >= y0)]
    frame = frame.assign(id=[str(i + 1) for i in range(len(frame))])
    return Response(collection(features(drawn(frame), "id", ("kind", "name"))), media_type=GEOJSON)
