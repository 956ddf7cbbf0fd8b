"""Boundary sets, their versions, and the grids of a version as GeoJSON; what a set is."""

import geopandas as gpd
from fastapi import APIRouter, Response

from api.answers import features, page
from api.deps import Context, Ctx, Moment
from api.replies import FeatureCollection, LevelOut, SetOut, SetsAnswer, VersionOut, VersionsAnswer
from api.requests import AtQuery, GridsQuery, NoQuery, SetIn
from api.rights import needs
from api.routes.common import Query, SetName, VersionRef, version_number
from api.strict import StrictRoute
from gridmap.crs import Floats, area_m2
from gridmap.domain.access import Permission
from gridmap.domain.boundaries import BoundarySet, BoundaryVersion, Level, VersionState
from gridmap.domain.rulebook import profile
from gridmap.errors import InvalidInput, NotFound
from gridmap.services.boundaries import put_set
from gridmap.services.grids import areas_m2
from gridmap.services.reports import SetOverview, set_overviews

router = APIRouter(route_class=StrictRoute, tags=["sets"])

#: Never attributes as imported: they may name people.
_PROPERTIES = ("code", "name", "level", "kind", "parent_code", "households", "area_m2")


def set_out(found: SetOverview) -> SetOut:
    """Give a set and its version in force."""
    boundary_set, version = found.boundary_set, found.version
    return SetOut(
        name=boundary_set.name,
        title=boundary_set.title,
        code_scheme=boundary_set.code_scheme,
        rules=None if boundary_set.rules is None else boundary_set.rules.name,
        revision=boundary_set.revision,
        levels=[LevelOut.of(level) for level in boundary_set.levels],
        version=None if version is None else version.number,
        valid_from=None if version is None else version.valid_from,
        grids=found.grids,
    )


@router.get("/api/v1/sets")
@needs(Permission.GRIDS_READ)
def list_sets(ctx: Ctx, q: Query[AtQuery]) -> SetsAnswer:
    """List the boundary sets and their versions in force on a day."""
    if q.at is None:
        return SetsAnswer(sets=[set_out(s) for s in ctx.overview().sets])
    return SetsAnswer(sets=[set_out(s) for s in set_overviews(ctx.store, ctx.plans, ctx.day(q.at))])


@router.get("/api/v1/sets/{set}")
@needs(Permission.GRIDS_READ)
def get_set(ctx: Ctx, q: Query[AtQuery], set_name: SetName) -> SetOut:
    """Give one boundary set: its levels, code scheme, revision, and its version in force on a day."""
    boundary_set = ctx.plans.resolve_set(set_name)
    (found,) = set_overviews(ctx.store, ctx.plans, ctx.day(q.at), boundary_set.name)
    return set_out(found)


@router.put("/api/v1/sets/{set}")
@needs(Permission.SETS_DEFINE)
def define_set(ctx: Ctx, q: Query[NoQuery], set_name: SetName, body: SetIn) -> SetOut:
    """Add a boundary set, or change title, levels and code scheme of the one with this name."""
    levels = [
        Level(x.name, x.order, x.tiles_parent, x.shapes, x.contiguous, tuple(x.required))
        for x in sorted(body.levels, key=lambda x: x.order)
    ]
    rules = None if body.rules is None else profile(body.rules)
    if "rules" not in body.model_fields_set:
        with ctx.store.unit_of_work() as work:
            former = work.boundaries.find_set(set_name)
        rules = None if former is None else former.rules
    asked = BoundarySet(set_name, tuple(levels), body.title, body.code_scheme, rules=rules)
    put_set(ctx.store, asked, settings=ctx.settings)
    (found,) = set_overviews(ctx.store, ctx.plans, ctx.day(None), set_name)
    return set_out(found)


@router.get("/api/v1/sets/{set}/versions")
@needs(Permission.GRIDS_READ)
def list_versions(ctx: Ctx, q: Query[NoQuery], set_name: SetName) -> VersionsAnswer:
    """List the versions and drafts of a set, by number."""
    boundary_set = ctx.plans.resolve_set(set_name)
    with ctx.store.unit_of_work() as work:
        versions = work.boundaries.list_versions(boundary_set.name)
    return VersionsAnswer(
        set=boundary_set.name, revision=boundary_set.revision, versions=[VersionOut.of(v) for v in versions]
    )


@router.get("/api/v1/sets/{set}/versions/{version}/grids", response_model=FeatureCollection)
@needs(Permission.GRIDS_READ)
def list_grids(ctx: Ctx, q: Query[GridsQuery], set_name: SetName, version: VersionRef) -> Response:
    """Give a page of the grids of a version, by code, as GeoJSON. Names of people are never in it."""
    boundary_set = ctx.plans.resolve_set(set_name)
    edition = version_of(ctx, boundary_set, version, q.at)
    level = q.level or boundary_set.leaf.name
    if level not in {known.name for known in boundary_set.levels}:
        raise InvalidInput("level_not_in_set", known=", ".join(known.name for known in boundary_set.levels))
    limit = ctx.limit(q.limit)
    # bound to the version found, so that a walk over "current" cannot pass from one version into the next;
    # and to its content: that of a draft changes
    question = ("grids", boundary_set.name, edition.number, edition.content_hash, level, q.bbox)
    after = ctx.cursors.read(question, q.cursor)
    with ctx.store.unit_of_work() as work:
        frame = work.boundaries.page_grids(
            edition, level=level, limit=limit + 1, after_code=after[0] if after else None, bbox=q.bbox
        )
    more = len(frame) > limit
    frame = frame.head(limit).copy()
    if len(frame):
        frame["area_m2"] = _areas_m2(ctx, boundary_set, edition, frame).round(2)
        frame["households"] = frame["households"].astype("Int64").astype(object)
    cursor = ctx.cursors.make(question, [frame["code"].iloc[-1]]) if more else None
    query = {"level": level, "bbox": None if q.bbox is None else ",".join(map(repr, q.bbox)), "limit": limit}
    path = f"/api/v1/sets/{boundary_set.name}/versions/{edition.number}/grids"
    return page(path, query, features(frame, "code", _PROPERTIES), cursor)


def _areas_m2(ctx: Context, boundary_set: BoundarySet, edition: BoundaryVersion, frame: gpd.GeoDataFrame) -> Floats:
    if edition.state is VersionState.DRAFT:  # it may hold shapes of which no plan can be made
        return area_m2(frame.geometry.array)
    return areas_m2(ctx.plans.of(boundary_set, edition), frame.geometry.array)


def version_of(ctx: Context, boundary_set: BoundarySet, reference: str, at: Moment | None = None) -> BoundaryVersion:
    """Find the version that a path names: by number, or ``current``, the one in force on a day.

    Raises
    ------
    NotFound
        ``version_unknown``.
    InvalidInput
        ``at_needs_current``: a number and a day.
    """
    number = version_number(reference)
    if number is not None and at is not None:
        raise InvalidInput("at_needs_current")
    with ctx.store.unit_of_work() as work:
        if number is None:
            found = work.boundaries.version_at(boundary_set.name, ctx.day(at))
        else:
            found = work.boundaries.find_version(boundary_set.name, number)
    if found is None:
        raise NotFound("version_unknown")
    return found
