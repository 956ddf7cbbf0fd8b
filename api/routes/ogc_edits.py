"""OGC API - Features Part 4: features made, replaced, updated and taken away, where the reader may."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from api.deps import Context, Ctx
from api.ogc.answering import path_of, root_of
from api.ogc.collections import Collection, Sort, find_collection
from api.ogc.editing import (
    FeatureBody,
    Sent,
    crs_of,
    draft_draw,
    draft_edit,
    draft_remove,
    edit_draft,
    may_edit,
    parsed,
    patched,
    put_feature,
    remove_feature,
    require_editable,
    require_seen,
)
from api.ogc.registry import declare
from api.ogc.route import OgcRoute
from api.requests import NoQuery
from api.rights import needs, principal_of
from api.routes.common import Query
from api.routes.ogc import CollectionId
from api.routes.ogc_items import ItemId
from gridmap.domain.access import Permission
from gridmap.domain.redraw import Edit
from gridmap.services.redraw.drawings import Drawing

router = APIRouter(route_class=OgcRoute, include_in_schema=False)

_PART4 = "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/"
declare(*(_PART4 + name for name in ("create-replace-delete", "update", "optimistic-locking-etags", "features")))

_ITEMS = "/ogc/collections/{collection}/items"
_ITEM = _ITEMS + "/{item}"
#: Of how a feature was seen that is to be changed.
Seen = Annotated[str | None, Header(alias="If-Match", description="ETag under which the feature was read")]


def _editable(ctx: Context, name: str) -> Collection:
    collection = find_collection(ctx, name, ctx.settings.language)
    require_editable(ctx, collection)
    return collection


@router.options(_ITEMS)
@needs(Permission.GRIDS_READ)
def items_methods(ctx: Ctx, q: Query[NoQuery], collection: CollectionId) -> Response:
    """Say what the reader may do with a collection."""
    found = find_collection(ctx, collection, ctx.settings.language)
    more = ", POST" if may_edit(ctx, found) else ""
    return Response(status_code=204, headers={"Allow": f"GET, HEAD, OPTIONS{more}"})


@router.options(_ITEM)
@needs(Permission.GRIDS_READ)
def item_methods(ctx: Ctx, q: Query[NoQuery], collection: CollectionId, item: ItemId) -> Response:
    """Say what the reader may do with a feature."""
    found = find_collection(ctx, collection, ctx.settings.language)
    more = ", PUT, PATCH, DELETE" if may_edit(ctx, found) else ""
    accepted = {"Accept-Patch": "application/merge-patch+json"} if more else {}
    return Response(status_code=204, headers={"Allow": f"GET, HEAD, OPTIONS{more}", **accepted})


@router.post(_ITEMS)
@needs(Permission.DRAFTS_WRITE)
def create_item(ctx: Ctx, q: Query[NoQuery], request: Request, collection: CollectionId, body: FeatureBody) -> Response:
    """Make a feature; the answer says where it is."""
    found = _editable(ctx, collection)
    sent = Sent(parsed(ctx, body), crs_of(request))
    if found.sort is Sort.DRAFT:
        done = edit_draft(ctx, found, principal_of(request.scope), lambda _: draft_draw(sent))
        change = done.entry.change
        (item,) = [c for c, g in change.after.items() if c not in change.before and g.level == found.level][:1]
    else:
        item = put_feature(ctx, found, None, sent, None)
    return Response(status_code=201, headers={"Location": root_of(request) + path_of(found, "items", item)})


@router.put(_ITEM)
@needs(Permission.DRAFTS_WRITE)
def replace_item(
    ctx: Ctx,
    q: Query[NoQuery],
    request: Request,
    collection: CollectionId,
    item: ItemId,
    body: FeatureBody,
    if_match: Seen = None,
) -> Response:
    """Let a feature be as it is sent."""
    found = _editable(ctx, collection)
    require_seen(ctx, found, item, if_match)
    _put(ctx, request, found, item, Sent(parsed(ctx, body), crs_of(request)), if_match)
    return Response(status_code=204)


@router.patch(_ITEM)
@needs(Permission.DRAFTS_WRITE)
def update_item(
    ctx: Ctx,
    q: Query[NoQuery],
    request: Request,
    collection: CollectionId,
    item: ItemId,
    body: FeatureBody,
    if_match: Seen = None,
) -> Response:
    """Change some properties of a feature, or its shape (RFC 7396)."""
    found = _editable(ctx, collection)
    require_seen(ctx, found, item, if_match)
    _put(ctx, request, found, item, Sent(patched(parsed(ctx, body)), crs_of(request)), if_match)
    return Response(status_code=204)


def _put(ctx: Context, request: Request, found: Collection, item: str, sent: Sent, if_match: str | None) -> None:
    if found.sort is Sort.DRAFT:

        def made(drawing: Drawing) -> Edit:
            # again: what came since the draft was opened is for the desk to judge
            require_seen(ctx, found, item, if_match)
            return draft_edit(drawing, item, sent)

        edit_draft(ctx, found, principal_of(request.scope), made)
    else:
        put_feature(ctx, found, item, sent, if_match)


@router.delete(_ITEM)
@needs(Permission.DRAFTS_WRITE)
def delete_item(
    ctx: Ctx, q: Query[NoQuery], request: Request, collection: CollectionId, item: ItemId, if_match: Seen = None
) -> Response:
    """Take a feature away; the ground of an area of a draft goes to a neighbour."""
    found = _editable(ctx, collection)
    require_seen(ctx, found, item, if_match)
    if found.sort is Sort.DRAFT:

        def made(drawing: Drawing) -> Edit:
            require_seen(ctx, found, item, if_match)
            return draft_remove(drawing, item)

        edit_draft(ctx, found, principal_of(request.scope), made)
    else:
        remove_feature(ctx, found, item, if_match)
    return Response(status_code=204)
