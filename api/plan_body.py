"""The grids of a draft as a body: a GeoJSON FeatureCollection, read strictly and as a whole or not at all.

Shapes that cannot be kept are refused here, each with its place in the body. Whether the areas fit together is for the
gate to say: a draft may be wrong.
"""

import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from fastapi import Depends, Request
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from api.errors import MAX_ERRORS, Fault, InvalidRequest, as_fault
from api.fields import Name, Short, clean_text
from api.requests import Strict
from api.strict import GEOJSON_TYPES, parse_json, require_json_type
from gridmap.crs import WGS84
from gridmap.domain.boundaries import Level
from gridmap.errors import TooLarge
from gridmap.files.parser.wkb import to_shape
from gridmap.files.wkb import scan
from gridmap.settings import Settings

#: Attributes of one area, and characters of a text in them.
_MAX_ATTRIBUTES = 200
_MAX_ATTRIBUTE_TEXT = 4_000

#: What a scan of a shape may find, and the code of the fault; all else means that the positions are wrong.
_SHAPE_FAULTS = {
    "empty_geometry": "geometry_missing",
    "ring_not_closed": "ring_not_closed",
    "too_few_points": "ring_too_short",
}

_COLUMNS = ("code", "name", "kind", "parent_code", "households", "attributes")


def _plain(value: Any) -> dict[str, Any] | None:
    """Check attributes: an object of texts that can be shown and finite numbers."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise PydanticCustomError("wrong_type", "object")
    if len(value) > _MAX_ATTRIBUTES:
        raise PydanticCustomError("too_many_items", "attributes", {"max_length": _MAX_ATTRIBUTES})
    for found in _leaves(value):
        if isinstance(found, str):
            clean_text(found, max_length=_MAX_ATTRIBUTE_TEXT, lines=True)
        elif isinstance(found, float) and not math.isfinite(found):
            raise PydanticCustomError("number_not_finite", "number")
    return value


def _leaves(value: Any) -> Iterable[Any]:
    """Give the keys and plain values of nested JSON."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


class AreaProperties(Strict):
    """What is said of one area."""

    code: Name
    name: Short | None = Field(None, description="the code if left out")
    kind: Name | None = Field(None, description="tells siblings of one level apart: zone, town, street")
    parent_code: Name | None = Field(None, description="code of the area above")
    households: Annotated[int, Field(strict=True, ge=0, lt=2**31)] | None = None
    attributes: Annotated[dict[str, Any] | None, BeforeValidator(_plain)] = None


class AreaGeometry(Strict):
    """A shape in WGS 84; points only where the level lets them stand in for areas."""

    type: Literal["Polygon", "MultiPolygon", "Point"]
    coordinates: list[Any] = Field(description="[lon, lat] positions as RFC 7946 nests them; rings are closed")


class Area(Strict):
    """One area of the level."""

    type: Literal["Feature"]
    id: Name | None = Field(None, description="the code, if given")
    geometry: AreaGeometry
    properties: AreaProperties


class PlanIn(Strict):
    """All areas of one level of a draft."""

    type: Literal["FeatureCollection"]
    features: list[Area]


class _Collection(Strict):
    type: Literal["FeatureCollection"]
    features: list[Any]


_AREA = TypeAdapter(Area)


async def _raw(request: Request) -> bytes:
    require_json_type(request.headers.get("content-type"), GEOJSON_TYPES)
    return await request.body()


#: The bytes of a plan; they are parsed outside the event loop, which a large body would hold up.
PlanBody = Annotated[bytes, Depends(_raw)]

#: Describes the body for readers of the interface description.
DESCRIBED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/geo+json": {"schema": {"$ref": "#/components/schemas/PlanIn"}},
            "application/json": {"schema": {"$ref": "#/components/schemas/PlanIn"}},
        },
    }
}


def read_plan(body: bytes, level: Level, *, settings: Settings) -> gpd.GeoDataFrame:
    """Read the areas of a level.

    Returns
    -------
    GeoDataFrame
        GRIDS of the level in WGS 84, in the order of the body.

    Raises
    ------
    NotParsable
        It is no strict JSON in UTF-8.
    InvalidRequest
        With up to a hundred faults and one more, each with its place.
    TooLarge
        ``too_many_features``, ``geometry_too_large``, ``too_many_vertices``.
    """
    value = parse_json(body, max_depth=settings.max_json_depth)
    try:
        features = _Collection.model_validate(value).features
    except ValidationError as error:
        raise InvalidRequest([as_fault(e, ("body",)) for e in error.errors(include_url=False)]) from None
    if len(features) > settings.max_features:
        raise TooLarge("too_many_features", limit=settings.max_features)
    areas: list[AreaProperties] = []
    blobs: list[bytes] = []
    faults: list[Fault] = []
    vertices = 0
    for i, feature in enumerate(features):
        features[i] = None  # its lists are many times the size of the shape made of them
        try:
            area = _AREA.validate_python(feature)
        except ValidationError as error:
            faults += [as_fault(e, ("body", "features", i)) for e in error.errors(include_url=False)]
        else:
            blob, size = _shape(area, i, level, faults, settings)
            vertices += size
            if vertices > settings.max_vertices:
                raise TooLarge("too_many_vertices", limit=settings.max_vertices)
            areas.append(area.properties)
            blobs.append(blob)
        if len(faults) > MAX_ERRORS:
            break
    if faults:
        raise InvalidRequest(faults)
    return _frame(areas, _built(blobs), level)


def _shape(area: Area, i: int, level: Level, faults: list[Fault], settings: Settings) -> tuple[bytes, int]:
    """Give the WKB of an area and its vertices; what is wrong with it is added to the faults."""
    place = f"#/features/{i}"
    if area.id is not None and area.id != area.properties.code:
        faults.append(Fault("id_not_code", pointer=f"{place}/id"))
    if area.geometry.type == "Point" and level.shapes != "any":
        faults.append(Fault("not_polygons", pointer=f"{place}/geometry/type"))
        return b"", 0
    shape = to_shape(area.geometry.type, area.geometry.coordinates)
    if shape.wkb is None or shape.has_z:
        faults.append(Fault("bad_position", pointer=f"{place}/geometry/coordinates"))
        return b"", 0
    seen = scan(shape.wkb)
    if seen.vertices > settings.max_geometry_vertices:
        raise TooLarge("geometry_too_large", feature=i, limit=settings.max_geometry_vertices)
    if seen.fault is not None:
        code = _SHAPE_FAULTS.get(seen.fault, "bad_position")
        faults.append(Fault(code, pointer=f"{place}/geometry/coordinates"))
    return shape.wkb, seen.vertices


def _built(blobs: list[bytes]) -> npt.NDArray[np.object_]:
    """Build the shapes, with their outer rings all in one direction, so that equal plans are equal bytes."""
    try:
        with np.errstate(invalid="ignore"):  # infinite numbers are refused right after
            shapes = np.asarray(shapely.from_wkb(np.array(blobs, dtype=object)), dtype=object)
    except shapely.GEOSException:
        # the scan should make this impossible; if GEOS knows better, the plan is refused as a whole
        raise InvalidRequest([Fault("bad_position", pointer="#/features")]) from None
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    finite = np.isfinite(xy).all(axis=1)
    degrees = (np.abs(xy) <= (180.0, 90.0)).all(axis=1)
    empty = np.flatnonzero(shapely.is_empty(shapes))
    faults = [_misplaced("geometry_missing", i) for i in empty]
    faults += [_misplaced("number_not_finite", i) for i in np.unique(row[~finite])]
    faults += [_misplaced("coordinate_out_of_range", i) for i in np.unique(row[finite & ~degrees])]
    if faults:
        raise InvalidRequest(faults)
    areas = shapely.get_type_id(shapes) != 0
    shapes[areas] = shapely.orient_polygons(shapes[areas], exterior_cw=False)
    return shapes


def _misplaced(code: str, i: Any) -> Fault:
    return Fault(code, pointer=f"#/features/{int(i)}/geometry/coordinates")


def _frame(areas: list[AreaProperties], shapes: npt.NDArray[np.object_], level: Level) -> gpd.GeoDataFrame:
    columns = {name: pd.Series([getattr(area, name) for area in areas], dtype=object) for name in _COLUMNS}
    columns["name"] = pd.Series([area.name or area.code for area in areas], dtype=object)
    return gpd.GeoDataFrame(columns | {"level": level.name}, geometry=gpd.GeoSeries(shapes, crs=WGS84), crs=WGS84)
