"""Layers of facilities and thematic zones, and their features as GeoJSON."""

from urllib.parse import quote

from fastapi import APIRouter, Response

from api.answers import features, page
from api.deps import Context, Ctx, Moment
from api.replies import FeatureCollection, LayerOut, LayersAnswer
from api.requests import AtQuery, FeaturesQuery
from api.rights import needs
from api.routes.common import LayerName, Query
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.errors import NotFound
from gridmap.services.features import page_features
from gridmap.services.ports import FeatureFilter
from gridmap.services.responsibility import Plan

router = APIRouter(route_class=StrictRoute, tags=["layers"])

#: Never attributes as imported: they may name people.
_PROPERTIES = (
    "code", "name", "state", "valid_from", "valid_to", "grid_code", "first_grid_code", "first_set", "first_version"
)  # fmt: skip


@router.get("/api/v1/layers")
@needs(Permission.LAYERS_READ)
def list_layers(ctx: Ctx, q: Query[AtQuery]) -> LayersAnswer:
    """List the layers of facilities and zones, and how much is in them on a day."""
    day = ctx.day(q.at)
    with ctx.store.unit_of_work() as work:
        layers = work.features.list_layers()
        counts = work.features.counts(day)
    numbers = {(row.layer, row.state): row.features for row in counts.itertuples()}
    return LayersAnswer(
        at=day,
        layers=[
            LayerOut(
                name=layer.name,
                title=layer.title,
                planned=numbers.get((layer.name, "planned"), 0),
                built=numbers.get((layer.name, "built"), 0),
                open=numbers.get((layer.name, "open"), 0),
            )
            for layer in layers
        ],
    )


@router.get("/api/v1/layers/{layer}/features", response_model=FeatureCollection)
@needs(Permission.LAYERS_READ)
def list_features(ctx: Ctx, q: Query[FeaturesQuery], layer: LayerName) -> Response:
    """Give a page of the features of a layer on a day, by code, as GeoJSON; each with its grid of that day."""
    plan = _plan(ctx, q.set, q.at)
    where = FeatureFilter(layer, ctx.day(q.at), q.state, q.bbox)
    limit = ctx.limit(q.limit)
    # bound to the day and the version found, so that a walk cannot pass from one into the next
    version = None if plan is None else (plan.boundary_set.name, plan.version.number)
    question = ("features", layer, where.day, where.states, where.bbox, q.grid, version)
    after = ctx.cursors.read(question, q.cursor)
    frame = page_features(
        ctx.store,
        plan,
        where,
        limit=limit + 1,
        settings=ctx.settings,
        after_code=after[0] if after else None,
        grid=q.grid,
    )
    more = len(frame) > limit
    frame = frame.head(limit)
    cursor = ctx.cursors.make(question, [frame["code"].iloc[-1]]) if more else None
    query = {
        "set": q.set,
        "at": where.day.isoformat(),
        "state": None if where.states is None else ",".join(where.states),
        "grid": q.grid,
        "bbox": None if where.bbox is None else ",".join(map(repr, where.bbox)),
        "limit": limit,
    }
    return page(f"/api/v1/layers/{quote(layer)}/features", query, features(frame, "code", _PROPERTIES), cursor)


def _plan(ctx: Context, set_name: str | None, at: Moment | None) -> Plan | None:
    """Give the plan of the day; None where the reader names no set and there is none."""
    try:
        return ctx.plan(set_name, at)
    except NotFound as error:
        if set_name is None and error.code in ("no_sets", "no_version_at"):
            return None
        raise
