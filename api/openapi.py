"""The OpenAPI document: FastAPI's, with our one shape of an error instead of its own."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.answers import GEOJSON
from api.errors import MEDIA_TYPE
from api.plan_body import PlanIn
from api.replies import FeatureCollection, Problem

_REF = "#/components/schemas/"


#: The document by the routes it tells of: all apps of a process have the same.
_DOCUMENTS: dict[tuple[int, ...], dict[str, Any]] = {}


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """Give the document, made once a process; nobody changes it."""
    routes = tuple(map(id, app.state.api_routes))
    if routes not in _DOCUMENTS:
        _DOCUMENTS[routes] = _made(app)
    return _DOCUMENTS[routes]


def _made(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    # what FastAPI does not see: the one shape of an error, and a body that is read apart
    for model in (Problem, PlanIn):
        described = model.model_json_schema(ref_template=_REF + "{model}")
        schemas.update(described.pop("$defs"))
        schemas[model.__name__] = described
    failure = {
        "description": "A problem; docs/errors.md lists the codes",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF + "Problem"}}},
    }
    for methods in document["paths"].values():
        for operation in methods.values():
            # the docstring's first line says what the function's name only hints at
            operation["summary"] = operation.get("description", operation["summary"]).split("\n")[0].rstrip(".")
            responses = operation["responses"]
            responses.pop("422", None)
            responses["default"] = failure
            _name_geojson(responses.get("200", {}).get("content", {}))
    return document


def _name_geojson(content: dict[str, Any]) -> None:
    if content.get("application/json", {}).get("schema") == {"$ref": _REF + FeatureCollection.__name__}:
        content[GEOJSON] = content.pop("application/json")
