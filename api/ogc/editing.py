"""OGC API - Features Part 4: features of drafts and layers made, changed and taken away by our pages' services."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.deps import Context
from api.errors import InvalidRequest, PreconditionNeeded, as_fault
from api.fields import Name
from api.ogc.asking import Asked
from api.ogc.collections import Collection, Sort
from api.ogc.rows import find
from api.redrawn import seen_codes, withheld
from api.strict import GEOJSON_TYPES, parse_json, require_json_type
from gridmap.analysis.collected import Table
from gridmap.analysis.cql2 import read_shape
from gridmap.analysis.redraw.outlines import Outline, edit_of_outline, merged_away
from gridmap.crs import CRS84_URI, from_reference, require_reference
from gridmap.domain.access import Permission, Principal
from gridmap.domain.features import FeatureState
from gridmap.domain.redraw import Draw, Edit
from gridmap.errors import Conflict, GridmapError, InvalidInput, NotAllowed, NotFound, StaleVersion
from gridmap.files.geojson import feature_texts
from gridmap.services.features import change_layer
from gridmap.services.guarded import GuardedStore
from gridmap.services.redraw.desk import Desk
from gridmap.services.redraw.drawings import Drawing

MERGE_PATCH = "application/merge-patch+json"


class _Sent(BaseModel):
    """Properties that are looked at; others that an answer has are told back by programs, and passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: Name | None = None
    name: Name | None = None
    households: Annotated[int, Field(strict=True, ge=0, le=10**9)] | None = None
    parent_code: Name | None = None
    state: FeatureState | None = None


async def _raw(request: Request) -> bytes:
    kinds = GEOJSON_TYPES | {MERGE_PATCH} if request.method == "PATCH" else GEOJSON_TYPES
    require_json_type(request.headers.get("content-type"), frozenset(kinds))
    return await request.body()


#: The bytes of a feature.
FeatureBody = Annotated[bytes, Depends(_raw)]


def state_of(row: Table) -> str:
    """Give what tells a feature, as it is, from any other."""
    (said,) = feature_texts(row, tuple(row.columns))
    return hashlib.blake2b(said, digest_size=12).hexdigest()


def may_edit(ctx: Context, collection: Collection) -> bool:
    """Tell whether the reader may change features of a collection at all."""
    assert isinstance(ctx.store, GuardedStore)
    if collection.sort is Sort.DRAFT:
        return _drawn_level(ctx, collection)
    # layers lie over all sets
    return collection.sort is Sort.LAYER and ctx.store.rights[Permission.DATA_IMPORT].everywhere


def _drawn_level(ctx: Context, collection: Collection) -> bool:
    levels = ctx.plans.resolve_set(collection.set_name).levels
    tiling = [level for level in levels if level.tiles_parent]
    return bool(tiling) and max(tiling, key=lambda x: x.order).name == collection.level


def require_editable(ctx: Context, collection: Collection) -> None:
    """Check that features of a collection may be changed.

    Raises
    ------
    NotAllowed
        ``outside_reach``: layers are for who has everything.
    Conflict
        ``collection_not_editable``.
    """
    if collection.sort is Sort.LAYER and not may_edit(ctx, collection):
        raise NotAllowed("outside_reach")
    if not may_edit(ctx, collection):
        raise Conflict("collection_not_editable")


def require_seen(ctx: Context, collection: Collection, item: str, if_match: str | None) -> Table:
    """Check that a feature is as it was seen, and give it.

    Raises
    ------
    PreconditionNeeded
        ``if_match_needed``.
    NotFound
        ``item_unknown``.
    StaleVersion
        ``item_changed``.
    """
    if if_match is None:
        raise PreconditionNeeded("if_match_needed")
    row = find(ctx, collection, item, Asked(names=()))
    _require_state(state_of(row), if_match)
    return row


def _require_state(state: str, if_match: str) -> None:
    seen = [part.strip().strip('"').partition(".")[0] for part in if_match.split(",")[:20]]
    # a weak tag never matches (RFC 9110, 13.1.1); a star is met by whatever there is: QGIS can send nothing else
    if seen != ["*"] and state not in seen:
        raise StaleVersion("item_changed")


class Sent:
    """A feature that was sent: its shape (None: none was) and its properties."""

    def __init__(self, value: Any, crs: str) -> None:
        if not isinstance(value, dict) or value.get("type") != "Feature":
            raise InvalidInput("feature_malformed")
        properties, geometry = value.get("properties"), value.get("geometry")
        if not isinstance(properties, dict | None) or not isinstance(geometry, dict | None):
            raise InvalidInput("feature_malformed")
        try:
            self.properties = _Sent.model_validate(properties or {})
        except ValidationError as error:
            place = ("body", "properties")
            raise InvalidRequest([as_fault(e, place) for e in error.errors(include_url=False)]) from None
        self.shape = None if geometry is None else _shape(geometry, crs)


def _shape(geometry: Mapping[str, Any], crs: str) -> Any:
    try:
        shape = read_shape(dict(geometry))
    except InvalidInput:
        raise InvalidInput("feature_shape") from None
    (made,) = from_reference(np.array([shape], dtype=object), crs)
    if made.is_empty or not shapely.is_valid(made):
        raise InvalidInput("feature_shape")
    return made


def crs_of(request: Request) -> str:
    """Give the reference system of a feature that is sent (``Content-Crs``)."""
    return require_reference(
        request.headers.get("content-crs", f"<{CRS84_URI}>").strip().removeprefix("<").removesuffix(">")
    )


def patched(patch: Any) -> dict[str, Any]:
    """Give a feature with a patch (RFC 7396) made to its properties and its shape, as if it were sent whole."""
    if not isinstance(patch, dict) or not isinstance(patch.get("properties", {}), dict):
        raise InvalidInput("feature_malformed")
    told = {k: v for k, v in patch.get("properties", {}).items() if v is not None}
    return {"type": "Feature", "properties": told, "geometry": patch.get("geometry")}


def parsed(ctx: Context, body: bytes) -> Any:
    """Parse a body strictly."""
    return parse_json(body, max_depth=ctx.settings.max_json_depth)


# --- drafts


def edit_draft(ctx: Context, collection: Collection, by: Principal, make: Any) -> Any:
    """Make an edit at the desk of our page: the same rules, log and trail.

    ``make`` gets the drawing and gives the edit.
    """
    assert collection.set_name is not None
    assert collection.draft is not None
    desk, name, number = Desk(ctx.drawings), collection.set_name, collection.draft
    drawing = desk.open(ctx.store, name, number)
    try:
        edit: Edit = make(drawing)
        return desk.edit(ctx.store, name, number, edit, seen=drawing.revision, by=by, now=ctx.clock.now())
    except GridmapError as error:
        raise withheld(error, seen_codes(ctx, drawing)) from None


def _no_number(parent: str | None, shape: Any) -> str:
    raise InvalidInput("redraw_nothing_changes")


def draft_edit(drawing: Drawing, item: str, sent: Sent) -> Edit:
    """Give the edit that lets an area be as it was sent."""
    said = sent.properties
    if said.code is not None and said.code != item:
        raise InvalidInput("id_not_code")
    _require_area(sent.shape)
    return edit_of_outline(
        drawing.tiling, item, Outline(sent.shape, said.name, said.households, said.parent_code), _no_number
    )


def _require_area(shape: Any) -> None:
    if shape is not None and not isinstance(shape, shapely.Polygon | shapely.MultiPolygon):
        raise InvalidInput("feature_shape")


def draft_draw(sent: Sent) -> Edit:
    """Give the edit that draws a new area; ground of others in it is taken from them. Its code is given by the set."""
    _require_area(sent.shape)
    if sent.shape is None:
        raise InvalidInput("feature_shape")
    return Draw(sent.shape, sent.properties.name or "", sent.properties.parent_code, take=True)


def draft_remove(drawing: Drawing, item: str) -> Edit:
    """Give the edit that takes an area away."""
    return merged_away(drawing.tiling, item)


# --- layers


def put_feature(ctx: Context, collection: Collection, code: str | None, sent: Sent, if_match: str | None) -> str:
    """Add a feature to a layer from today on, or change one; give its code."""
    said = sent.properties
    named = code or said.code
    if named is None or (code is not None and said.code not in (None, code)):
        raise InvalidInput("id_not_code")

    def change(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        here = frame["code"] == named
        if code is None:
            if here.any():
                raise Conflict("code_taken")
            if sent.shape is None:
                raise InvalidInput("feature_shape")
            row = {
                "code": named,
                "name": said.name,
                "state": (said.state or FeatureState.OPEN).value,
                "attributes": None,
            }
            fresh = gpd.GeoDataFrame([row], geometry=[sent.shape], crs=frame.crs)
            return gpd.GeoDataFrame(pd.concat([frame, fresh], ignore_index=True), geometry="geometry", crs=frame.crs)
        # again, while nobody else can change the layer
        require_seen(ctx, collection, str(named), if_match)
        changed = frame.copy()
        if said.name is not None:
            changed.loc[here, "name"] = said.name
        if said.state is not None:
            changed.loc[here, "state"] = said.state.value
        if sent.shape is not None:
            shapes = np.asarray(changed.geometry.array, dtype=object).copy()
            shapes[np.flatnonzero(here)] = sent.shape
            changed = changed.set_geometry(gpd.GeoSeries(shapes, index=changed.index, crs=frame.crs))
        return changed

    _changed(ctx, collection, change)
    return str(named)


def remove_feature(ctx: Context, collection: Collection, code: str, if_match: str | None) -> None:
    """Let a feature of a layer end today."""

    def change(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        require_seen(ctx, collection, code, if_match)
        return frame[frame["code"] != code].reset_index(drop=True)

    _changed(ctx, collection, change)


def _changed(ctx: Context, collection: Collection, change: Any) -> None:
    try:
        home = ctx.plans.owner_of_points(ctx.settings.default_set)
    except NotFound:
        home = None
    change_layer(ctx.store, ctx.plans, home, str(collection.layer), change, today=ctx.day(None), settings=ctx.settings)
