"""The definition of OGC API as OpenAPI 3.0, and of properties as JSON Schema."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request

from api.answers import GEOJSON
from api.errors import MEDIA_TYPE
from api.ogc.answering import BASE, FORMS, HTML, JSON, root_of
from api.ogc.asking import GEOMETRY, MOST, PAGE
from api.ogc.collections import TEMPORAL, Collection
from gridmap import __version__
from gridmap.analysis.cql2 import Kind
from gridmap.i18n import LANGUAGES, Language, text

OPENAPI = "application/vnd.oai.openapi+json;version=3.0"

_TYPES: Mapping[Kind, dict[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.FLAG: {"type": "boolean"},
    Kind.DAY: {"type": "string", "format": "date"},
    Kind.TIME: {"type": "string", "format": "date-time"},
}


def schema_of(request: Request, collection: Collection, path: str) -> dict[str, Any]:
    """Describe the properties of a collection's features as JSON Schema."""
    shape = {"format": f"geometry-{collection.shapes}", "x-ogc-role": "primary-geometry"}
    properties: dict[str, Any] = {GEOMETRY: shape}
    roles = dict(zip(TEMPORAL.get(collection.sort, ()), _roles(collection), strict=False))
    for name, kind in collection.properties.items():
        properties[name] = {"title": name, **_TYPES[kind], **({"x-ogc-role": roles[name]} if name in roles else {})}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": root_of(request) + path,
        "type": "object",
        "title": collection.title,
        "properties": properties,
        "additionalProperties": False,
    }


def _roles(collection: Collection) -> tuple[str, ...]:
    lasting = len(TEMPORAL.get(collection.sort, ())) == 2
    return ("primary-interval-start", "primary-interval-end") if lasting else ("primary-instant",)


def _parameter(name: str, about: str, schema: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": about, "required": False, "schema": dict(schema), **more}


_TEXT = {"type": "string"}
_LIST = {"style": "form", "explode": False}
_PARAMETERS: Mapping[str, dict[str, Any]] = {
    "collectionId": {"name": "collectionId", "in": "path", "required": True, "schema": _TEXT, "description": "name"},
    "featureId": {"name": "featureId", "in": "path", "required": True, "schema": _TEXT, "description": "id"},
    "f": _parameter("f", "form of the answer", {"type": "string", "enum": ["json", "html"]}),
    "form": _parameter("f", "form of the answer", {"type": "string", "enum": list(FORMS)}),
    "lang": _parameter("lang", "language of the answer", {"type": "string", "enum": list(LANGUAGES)}),
    "limit": _parameter(
        "limit", "features in a page", {"type": "integer", "minimum": 1, "maximum": MOST, "default": PAGE}, **_LIST
    ),
    "bbox": _parameter(
        "bbox",
        "box in which features lie, in part or as a whole",
        {
            "type": "array",
            "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
            "items": {"type": "number"},
        },
        **_LIST,
    ),
    "bbox-crs": _parameter("bbox-crs", "reference system of bbox", {"type": "string", "format": "uri"}, **_LIST),
    "crs": _parameter("crs", "reference system of the answer", {"type": "string", "format": "uri"}, **_LIST),
    "datetime": _parameter("datetime", "day, time, or interval with / in which features are valid", _TEXT, **_LIST),
    "filter": _parameter("filter", "CQL2", _TEXT),
    "filter-lang": _parameter("filter-lang", "form of filter", {"type": "string", "enum": ["cql2-text", "cql2-json"]}),
    "filter-crs": _parameter("filter-crs", "reference system of shapes in filter", {"type": "string", "format": "uri"}),
    "sortby": _parameter("sortby", "properties to sort by, with + or -", {"type": "array", "items": _TEXT}, **_LIST),
    "properties": _parameter("properties", "properties that are told", {"type": "array", "items": _TEXT}, **_LIST),
    "cursor": _parameter("cursor", "where to go on, from the last page", _TEXT),
}
_ITEMS = (
    "form", "lang", "limit", "bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs", "sortby",
    "properties", "cursor",
)  # fmt: skip


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _answers(about: str, *kinds: str) -> dict[str, Any]:
    content = {kind: {"schema": _schema(kind)} for kind in kinds}
    problem = {"description": "A problem", "content": {MEDIA_TYPE: {"schema": _ref("schemas", "Problem")}}}
    known = dict.fromkeys(("400", "401", "403", "404", "406", "429", "500", "503"), problem)
    return {"200": {"description": about, "content": content}, "304": {"description": "Nothing changed"}, **known}


def _schema(kind: str) -> dict[str, Any]:
    if kind == GEOJSON:
        return _ref("schemas", "GeoJSON")
    return {"type": "object"} if "json" in kind and "x-" not in kind else {"type": "string"}


def _got(about: str, operation: str, parameters: Sequence[str], *kinds: str) -> dict[str, Any]:
    told = [_ref("parameters", name) for name in parameters]
    return {"summary": about, "operationId": operation, "parameters": told, "responses": _answers(about, *kinds)}


def definition(request: Request, collections: Sequence[Collection], language: Language) -> dict[str, Any]:
    """Give the definition; it names the collections that the reader has."""
    page = ("f", "lang")
    of_one = ("collectionId", *page)
    paths = {
        "/": {"get": _got("Landing page", "getLandingPage", page, JSON, HTML)},
        "/conformance": {"get": _got("Conformance classes", "getConformance", page, JSON, HTML)},
        "/api": {"get": _got("This definition", "getDefinition", page, OPENAPI, HTML)},
        "/collections": {"get": _got("Collections", "getCollections", page, JSON, HTML)},
        "/collections/{collectionId}": {"get": _got("A collection", "describeCollection", of_one, JSON, HTML)},
        "/collections/{collectionId}/queryables": {
            "get": _got("What filters may ask for", "getQueryables", of_one, "application/schema+json", HTML)
        },
        "/collections/{collectionId}/items": {
            "get": _got(
                "Features",
                "getFeatures",
                ("collectionId", *_ITEMS),
                *(kind.partition(";")[0] for kind in FORMS.values()),
            )
        },
        "/collections/{collectionId}/items/{featureId}": {
            "get": _got(
                "A feature", "getFeature", ("collectionId", "featureId", "f", "lang", "crs", "datetime"), GEOJSON, HTML
            )
        },
    }
    parameters = {name: dict(about) for name, about in _PARAMETERS.items()}
    parameters["collectionId"]["schema"] = {**_TEXT, "enum": [c.id for c in collections]} if collections else _TEXT
    return {
        "openapi": "3.0.3",
        "info": {
            "title": text("ogc.title", language),
            "description": text("ogc.about", language),
            "version": __version__,
        },
        "servers": [{"url": root_of(request) + BASE}],
        "security": [{"bearer": []}, {}] if request.app.state.settings.access == "open" else [{"bearer": []}],
        "paths": paths,
        "components": {
            "parameters": parameters,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "GeoJSON": {"type": "object", "required": ["type"], "properties": {"type": _TEXT}},
                "Problem": {
                    "type": "object",
                    "required": ["type", "title", "status", "code"],
                    "properties": {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "code": _TEXT},
                },
            },
        },
    }
