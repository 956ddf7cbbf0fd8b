"""The named bad inputs of the tests of the API, as one list that can be sent to any store.

The tests beside the app send them to the embedded store and to the one in memory, and look at each answer closely; here
every one is sent to both true stores: status and code are right, and no row is changed.
"""

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from api_world import at
from fastapi.testclient import TestClient

from gridmap.store.engine import SqlStore

API = Path(__file__).resolve().parents[1] / "api"
LOCATE, INCIDENTS, FIXES = "/api/v1/locate", "/api/v1/incidents", "/api/v1/patrols/fixes"
JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Named:
    """A bad input. ``status``, ``code``: of the answer; of the item where it goes in a batch."""

    name: str
    method: str
    url: str
    status: Any
    code: str
    body: bytes | None = None
    in_batch: bool = False


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"named_{name}", API / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _examples(function: Any, first: str) -> list[Any]:
    """Give the values that a test is parametrized with, by the name of its first argument."""
    for mark in function.pytestmark:
        if mark.name == "parametrize" and (mark.args[0] == first or mark.args[0][0] == first):
            return [getattr(value, "values", value) for value in mark.args[1]]
    raise LookupError(first)


def all_named() -> list[Named]:
    """Collect them."""
    queries, items, versions = _load("test_hostile"), _load("test_hostile_items"), _load("test_hostile_versions")
    lon, lat = at(0.5, 2.5)
    found = [Named(f"query {n}", "GET", f"{LOCATE}?{q}", s, c) for n, (q, s, c) in enumerate(queries.QUERIES)]
    places = _examples(queries.test_an_impossible_place_is_refused_with_a_hint, "lon")
    for n, (x, y, code, _) in enumerate(places):
        found.append(Named(f"place {n}", "GET", f"{LOCATE}?lon={x}&lat={y}", 422, code))
        body = json.dumps({"points": [[lon, lat], [x, y]]}).encode()
        found.append(Named(f"place {n} in a list", "POST", LOCATE, 422, code, body))
    found += [Named(f"body {n}", "POST", LOCATE, s, c, b) for n, (b, s, c, _) in enumerate(queries.BODIES)]
    for n, (body, status, code) in enumerate(items.LOCATE_BODIES):
        found.append(Named(f"question {n}", "POST", LOCATE, status, code, json.dumps(body).encode()))
    pages = _examples(queries.test_a_bad_page_box_or_window_is_refused, "url")
    # the limit of the tests' app is 10; that of a real one 1,000
    pages = [(u.replace("limit=11", "limit=1001"), c) for u, c in pages]
    found += [Named(f"page {n}", "GET", url, 422, code) for n, (url, code) in enumerate(pages)]
    paths = _examples(queries.test_an_unknown_address_is_one_404, "path")
    found += [Named(f"address {n}", "GET", path, 404, "not_found") for n, path in enumerate(paths)]
    methods = _examples(queries.test_another_method_is_refused_with_those_allowed, "method")
    found += [Named(f"method {m} {u}", m, u, 405, "method_not_allowed") for m, u, _ in methods]
    for url, make, when, key in ((INCIDENTS, items.incident, "occurred_at", "incident_id"),
                                 (FIXES, items.fix, "fixed_at", "unit_id")):  # fmt: skip
        kind = url.rsplit("/", 1)[1]
        for field in ("lon", "lat"):
            for n, (raw, status, code) in enumerate(items.NUMBERS):
                body = items.batch([make(**{field: items.HERE})], raw)
                found.append(Named(f"{kind} {field} {n}", "POST", url, status, code, body, in_batch=True))
        for field, values in ((when, items.TIMES), (key, items.TEXTS)):
            for n, (value, status, code) in enumerate(values):
                body = items.batch([make(**{field: value})])
                found.append(Named(f"{kind} {field} {n}", "POST", url, status, code, body, in_batch=True))
    for n, (body, code, _) in enumerate(versions.SETS):
        found.append(Named(f"set {n}", "PUT", "/api/v1/sets/new", 422, code, json.dumps(body).encode()))
    for n, (body, code) in enumerate(versions.TERMS):
        url = "/api/v1/sets/urban/versions/1/return"
        found.append(Named(f"terms {n}", "POST", url, 422, code, json.dumps(body).encode()))
    return found


def rows(store: SqlStore) -> dict[str, int]:
    """Count the rows of every table but the trail, which tells of refusals, and clocks, which are learnt of them."""
    with store.engine.connect() as connection:
        tables = [t for t in sa.inspect(connection).get_table_names() if not t.startswith(("rtree", "gpkg", "trail"))]
        tables = [t for t in tables if t not in ("spatial_ref_sys", "sqlite_sequence", "unit_clock")]
        return {t: int(connection.exec_driver_sql(f'select count(*) from "{t}"').scalar_one()) for t in tables}


def faults_of(client: TestClient, named: Named) -> list[str]:
    """Send one and say what is wrong with the answer; an empty list: nothing."""
    request = client.build_request("GET", named.url, content=named.body, headers=JSON if named.body is not None else {})
    request.method = named.method
    answer = client.send(request)
    if named.in_batch:
        if answer.status_code != 200:
            return [f"{named.name}: {answer.status_code} {answer.text[:200]}"]
        (result,) = answer.json()["results"]
        got: tuple[Any, Any] = result["status"], result["code"]
    else:
        if answer.headers["content-type"] != "application/problem+json":
            return [f"{named.name}: {answer.status_code} {answer.headers['content-type']}"]
        got = answer.status_code, answer.json()["code"]
    wanted = (named.status, named.code)
    return [] if got == wanted else [f"{named.name}: {got} instead of {wanted}"]
