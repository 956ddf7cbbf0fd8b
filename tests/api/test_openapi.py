"""The interface is described, and the description is true."""

import json
import os
import re
from pathlib import Path

import pytest
from api_world import check_headers

from api.app import create_app
from api.openapi import openapi_of
from gridmap.settings import Settings

HERE = Path(__file__).resolve().parent
DOCS = HERE.parents[1] / "docs"
STORED = HERE / "openapi.json"
DOCUMENT = openapi_of(create_app(Settings()))
_PAGES = (
    "/",
    "/history",
    "/plan",
    "/sign-in",
    "/sign-in/return",
    "/set-up",
    "/account",
    "/accounts",
    "/trail",
    "/docs",
    "/openapi.json",
    "/metrics",
)
PAGES = [("GET", path) for path in _PAGES]
#: OGC API has a definition of its own, as its standard asks.
OPEN_DOORS = [
    (method, route.path)
    for route in create_app(Settings()).state.api_routes
    for method in sorted(route.methods - {"OPTIONS"})
    if route.path.startswith("/ogc")
]
OPERATIONS = [(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods]


def test_the_description_is_the_stored_one() -> None:
    """Set GRIDMAP_STORE_OPENAPI=1 to store it anew; then look at what changed."""
    comparable = {**DOCUMENT, "info": {**DOCUMENT["info"], "version": "-"}}
    if os.environ.get("GRIDMAP_STORE_OPENAPI"):
        STORED.write_text(json.dumps(comparable, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert comparable == json.loads(STORED.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("method", "path"), [*OPERATIONS, *PAGES, *OPEN_DOORS])
def test_every_route_is_in_the_documentation(method: str, path: str) -> None:
    assert f"`{method} {path}`" in (DOCS / "api.md").read_text(encoding="utf-8")


def test_the_documentation_names_no_route_that_is_gone() -> None:
    named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`?]*)`", (DOCS / "api.md").read_text(encoding="utf-8"))
    known = {*OPERATIONS, *PAGES, *OPEN_DOORS}
    assert set(named) <= known


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_tells_of_problems_in_the_one_shape(method: str, path: str) -> None:
    responses = DOCUMENT["paths"][path][method.lower()]["responses"]
    assert set(responses) == {"200", "default"}
    problem = responses["default"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/Problem"}


def test_no_reference_leads_nowhere() -> None:
    names = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT))
    assert set(names) <= set(DOCUMENT["components"]["schemas"])


@pytest.mark.parametrize(
    ("url", "schema"),
    [
        ("/api/v1/locate?lon=120.001&lat=36.001", "LocateAnswer"),
        ("/api/v1/locate?lon=1&lat=1", "LocateAnswer"),
        ("/api/v1/sets", "SetsAnswer"),
        ("/api/v1/sets/urban/versions", "VersionsAnswer"),
        ("/api/v1/sets/urban/versions/current/grids?limit=1", "FeatureCollection"),
        ("/api/v1/incidents?limit=1", "FeatureCollection"),
        ("/api/v1/grids/A", "GridCardAnswer"),
        ("/api/v1/overview", "OverviewAnswer"),
        ("/healthz", "HealthAnswer"),
        ("/readyz", "ReadyAnswer"),
        ("/api/v1/sets/urban/history", "HistoryAnswer"),
        ("/api/v1/sets/urban/lineage?version=2", "LineageAnswer"),
        ("/api/v1/sets/urban/codes/D", "CodeAnswer"),
        ("/api/v1/sets/urban/difference?from=1&to=2", "DifferenceAnswer"),
        ("/api/v1/crosswalk?a=urban&b=urban&b_at=2026-04-30", "CrosswalkAnswer"),
        ("/api/v1/context", "FeatureCollection"),
        ("/api/v1/sets/urban", "SetOut"),
        ("/api/v1/sets/urban/versions/2/report", "ReportAnswer"),
        ("/api/v1/counts", "CountsAnswer"),
        ("/api/v1/counts?owner=then", "CountsAnswer"),
        ("/nowhere", "Problem"),
        ("/api/v1/locate?lon=1&lat=x&at=y", "Problem"),
    ],
)
def test_answers_keep_to_their_schema(world, url: str, schema: str) -> None:
    from api import replies, replies_history, replies_versions

    answer = world.get(url)
    model = next(getattr(m, schema) for m in (replies, replies_history, replies_versions) if hasattr(m, schema))
    # an answer may not hold more than its schema says either
    read = model.model_validate(answer.json())
    assert set(answer.json()) <= {field.alias or name for name, field in model.model_fields.items()}
    assert read
    check_headers(answer)


def test_the_reading_page_loads_from_here_alone(world) -> None:
    answer = world.get("/docs")
    check_headers(answer)
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", answer.headers["content-security-policy"])
    assert nonce is not None
    scripts = re.findall(r"<script[^>]*>", answer.text)
    assert scripts
    assert all(f'nonce="{nonce[1]}"' in tag for tag in scripts)
    for address in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
        assert address.startswith(("/assets/", "data:"))
        if address.startswith("/assets/"):
            assert world.get(address).status_code == 200
    assert world.get("/docs").text != answer.text
    assert world.get("/openapi.json").json()["paths"].keys() == DOCUMENT["paths"].keys()
