"""Bad bodies for sets, drafts and publications: refused at their place, never echoed, nothing half-written."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import ready
from api_world import CANARY, NOW, at, check_problem, fill
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings

SET = "/api/v1/sets/urban"
GRIDS = f"{SET}/drafts/3/grids"
RING = [list(at(*place)) for place in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))]
GEOJSON = {"content-type": "application/geo+json"}


def feature(**changes: Any) -> dict[str, Any]:
    """Give a good feature with some members changed; ``...`` takes one away."""
    made = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [RING]},
        "properties": {"code": "A", "parent_code": "S"},
    }
    return {k: v for k, v in {**made, **changes}.items() if v is not ...}


def shape(kind: str, coordinates: Any, **more: Any) -> dict[str, Any]:
    return feature(geometry={"type": kind, "coordinates": coordinates, **more})


def said(**properties: Any) -> dict[str, Any]:
    return feature(properties={"code": "A", **properties})


def collection(*features: Any, **more: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features), **more}


@pytest.fixture(scope="module")
def draft(world_to_write) -> Any:
    """A draft of version 2, with number 3; whatever is sent to it here changes nothing."""
    world = world_to_write
    if not any(v["number"] == 3 for v in world.get(f"{SET}/versions").json()["versions"]):
        assert world.post(f"{SET}/drafts", {}).status_code == 200
    return world


@pytest.fixture
def unharmed(draft) -> Iterator[Any]:
    """Whatever a test does: nothing at all was committed."""
    before = draft.store.revision(), draft.rows()
    yield draft
    assert (draft.store.revision(), draft.rows()) == before


def put(world, body: Any, query: str = "", **headers: str):
    content_hash = world.get(f"{SET}/versions").json()["versions"][2]["content_hash"]
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = f"{GRIDS}?{query or f'level=grid&expected_hash={content_hash}'}"
    return world.client.put(url, content=sent, headers={**GEOJSON, **headers})


P = "#/features/0/properties"
G = "#/features/0/geometry"
PLANS = [
    (b"", 400, "not_json", None),
    (b"[", 400, "not_json", None),
    (b'{"type": "FeatureCollection", "features": [NaN]}', 400, "not_json", None),
    (b'{"type": "FeatureCollection", "type": "FeatureCollection", "features": []}', 400, "duplicate_key", None),
    (b"[" * 100_000, 400, "too_deep", None),
    ('{"type": "网格"}'.encode("gbk"), 400, "not_utf8", None),
    ([], 422, "wrong_type", "#"),
    ({"type": "FeatureCollection"}, 422, "missing_field", "#/features"),
    ({"type": "Feature", "features": []}, 422, "value_not_allowed", "#/type"),
    (collection(**{CANARY: 1}), 422, "unknown_field", "#"),
    (collection(crs={"type": "name", "properties": {"name": "EPSG:4326"}}), 422, "unknown_field", "#"),
    ({"type": "FeatureCollection", "features": {}}, 422, "wrong_type", "#/features"),
    (collection(None), 422, "wrong_type", "#/features/0"),
    (collection(feature(), CANARY), 422, "wrong_type", "#/features/1"),
    (collection(feature(type="Polygon")), 422, "value_not_allowed", "#/features/0/type"),
    (collection(feature(**{CANARY: 1})), 422, "unknown_field", "#/features/0"),
    (collection(feature(id=CANARY)), 422, "id_not_code", "#/features/0/id"),
    (collection(feature(id=7)), 422, "wrong_type", "#/features/0/id"),
    (collection(feature(properties=None)), 422, "wrong_type", P),
    (collection(feature(properties={})), 422, "missing_field", f"{P}/code"),
    (collection(said(code="")), 422, "text_empty", f"{P}/code"),
    (collection(said(code=7)), 422, "wrong_type", f"{P}/code"),
    (collection(said(code="a\x00b")), 422, "bad_text", f"{P}/code"),
    (collection(said(code="a\ud800")), 422, "bad_text", f"{P}/code"),
    (collection(said(code=CANARY * 20)), 422, "text_too_long", f"{P}/code"),
    (collection(said(name="a\u202eb")), 422, "bad_text", f"{P}/name"),
    (collection(said(level="street")), 422, "unknown_field", P),
    (collection(said(households=-1)), 422, "value_out_of_range", f"{P}/households"),
    (collection(said(households=2**31)), 422, "value_out_of_range", f"{P}/households"),
    (collection(said(households=1.5)), 422, "wrong_type", f"{P}/households"),
    (collection(said(households="300")), 422, "wrong_type", f"{P}/households"),
    (collection(said(households=True)), 422, "wrong_type", f"{P}/households"),
    (collection(said(attributes=[CANARY])), 422, "wrong_type", f"{P}/attributes"),
    (collection(said(attributes={"a\x00": 1})), 422, "bad_text", f"{P}/attributes"),
    (collection(said(attributes={"a": [{"b": "\x1b[2J"}]})), 422, "bad_text", f"{P}/attributes"),
    (collection(said(attributes={str(n): n for n in range(201)})), 422, "too_many_items", f"{P}/attributes"),
    (json.dumps(collection(said(attributes={"a": 777}))).replace("777", "1e999").encode(),
     422, "number_not_finite", f"{P}/attributes"),
    (collection(feature(geometry=None)), 422, "wrong_type", G),
    (collection(shape("Polygon", None)), 422, "wrong_type", f"{G}/coordinates"),
    (collection(shape("Polygon", [RING], bbox=[0, 0, 1, 1])), 422, "unknown_field", G),
    (collection(shape("GeometryCollection", [])), 422, "value_not_allowed", f"{G}/type"),
    (collection(shape("LineString", RING)), 422, "value_not_allowed", f"{G}/type"),
    (collection(shape("Point", RING[0])), 422, "not_polygons", f"{G}/type"),
    (collection(shape("Polygon", [])), 422, "geometry_missing", f"{G}/coordinates"),
    (collection(shape("Polygon", [[]])), 422, "geometry_missing", f"{G}/coordinates"),
    (collection(shape("MultiPolygon", [[RING[:4]]])), 422, "ring_not_closed", f"{G}/coordinates"),
    (collection(shape("Polygon", [RING[:2]])), 422, "ring_too_short", f"{G}/coordinates"),
    (collection(shape("Polygon", [[RING[0]] * 3])), 422, "ring_too_short", f"{G}/coordinates"),
    (collection(shape("Polygon", RING)), 422, "bad_position", f"{G}/coordinates"),
    (collection(shape("Polygon", [[[*p, 5.0] for p in RING]])), 422, "bad_position", f"{G}/coordinates"),
    (collection(shape("Polygon", [[[str(x) for x in p] for p in RING]])), 422, "bad_position", f"{G}/coordinates"),
    (collection(shape("Polygon", [[[True, False]] * 4])), 422, "bad_position", f"{G}/coordinates"),
    (collection(shape("Polygon", [[[10**19, 1]] * 4])), 422, "coordinate_out_of_range", f"{G}/coordinates"),
    (collection(shape("Polygon", [[[13_358_338.9, 4_300_621.4], *RING[1:4], [13_358_338.9, 4_300_621.4]]])),
     422, "coordinate_out_of_range", f"{G}/coordinates"),
    (json.dumps(collection(shape("Polygon", [[[777, 1], *RING[1:4], [777, 1]]]))).replace("777", "1e999").encode(),
     422, "number_not_finite", f"{G}/coordinates"),
    (collection(feature(), feature()), 409, "code_not_unique", None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status", "code", "pointer"), PLANS, ids=range(len(PLANS)))
def test_a_bad_plan_is_refused_at_its_place(unharmed, body, status, code, pointer) -> None:
    problem = check_problem(put(unharmed, body), status, code)
    assert [e["pointer"] for e in problem["errors"]] == ([] if pointer is None else [pointer])


def test_the_faults_of_a_plan_are_cut_off_at_a_hundred(unharmed) -> None:
    problem = check_problem(put(unharmed, collection(*[said(code=7)] * 101)), 422, "wrong_type")
    assert len(problem["errors"]) == 100
    assert problem["truncated"] is True


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("level=grid", 422, "hash_needed"),
        (f"level=grid&expected_hash={CANARY}", 412, "draft_stale"),
        (f"level={CANARY}&expected_hash=x", 422, "level_not_in_set"),
        ("expected_hash=x", 422, "missing_parameter"),
        (f"level=grid&expected_hash=x&{CANARY}=1", 422, "unknown_parameter"),
        ("level=grid&level=grid&expected_hash=x", 422, "repeated_parameter"),
    ],
)
def test_a_bad_address_of_a_plan_is_refused(unharmed, query, status, code) -> None:
    check_problem(put(unharmed, collection(feature()), query), status, code)


@pytest.mark.parametrize("declared", ["text/plain", "application/geo+json; charset=gbk", "multipart/form-data", ""])
def test_a_plan_of_another_type_is_refused(unharmed, declared) -> None:
    check_problem(put(unharmed, collection(feature()), **{"content-type": declared}), 415, "unsupported_body_type")


@pytest.mark.parametrize("tag", ["*", "W/" + CANARY, '"' + CANARY + '"', "a, b", ""])
def test_another_tag_is_another_draft(unharmed, tag) -> None:
    check_problem(put(unharmed, collection(feature()), "level=grid", **{"if-match": tag}), 412, "draft_stale")


LEVEL = {"name": "grid", "order": 1}
SETS = [
    ({}, "missing_field", None),
    ({"title": "x", "levels": [LEVEL]}, "missing_field", "#/code_scheme"),
    ({"title": "x", "code_scheme": None, "levels": []}, "too_few_items", "#/levels"),
    ({"title": "x", "code_scheme": None, "levels": [LEVEL] * 21}, "too_many_items", "#/levels"),
    ({"title": "x", "code_scheme": None, "levels": [LEVEL, LEVEL]}, "levels_not_distinct", "#/levels"),
    ({"title": "x", "code_scheme": None, "levels": [{**LEVEL, "order": 1.0}]}, "wrong_type", "#/levels/0/order"),
    ({"title": "x", "code_scheme": None, "levels": [{**LEVEL, "order": -1}]}, "value_out_of_range", "#/levels/0/order"),
    ({"title": "x", "code_scheme": None, "levels": [{**LEVEL, "tiles_parent": "no"}]}, "wrong_type",
     "#/levels/0/tiles_parent"),
    ({"title": "x", "code_scheme": None, "levels": [{**LEVEL, "shapes": CANARY}]}, "value_not_allowed",
     "#/levels/0/shapes"),
    ({"title": "x", "code_scheme": None, "levels": [{**LEVEL, "shapes": "any"}]}, "points_not_in_leaf", "#/levels"),
    ({"title": "x", "code_scheme": None, "levels": [{**LEVEL, "required": "name"}]}, "wrong_type",
     "#/levels/0/required"),
    ({"title": "x", "code_scheme": None, "levels": [{**LEVEL, CANARY: 1}]}, "unknown_field", "#/levels/0"),
    ({"title": "x", "code_scheme": None, "levels": [{**LEVEL, "name": "../a"}]}, "bad_name", None),
    ({"title": "x", "code_scheme": CANARY, "levels": [LEVEL]}, "code_scheme_unknown", None),
    ({"title": "x\n", "code_scheme": None, "levels": [LEVEL]}, "bad_text", "#/title"),
    ({"title": "x", "code_scheme": None, "levels": [LEVEL], "revision": 9}, "unknown_field", "#"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code", "pointer"), SETS, ids=range(len(SETS)))
def test_a_bad_set_is_refused(unharmed, body, code, pointer) -> None:
    problem = check_problem(unharmed.client.put("/api/v1/sets/new", json=body), 422, code)
    if pointer is not None:
        assert [e["pointer"] for e in problem["errors"]] == [pointer]


@pytest.mark.parametrize("name", ["a b", "%00", "a%0Ab", "%E2%80%AE", "x" * 201, "'; DROP TABLE grids; --"])
def test_a_bad_name_of_a_set_is_refused(unharmed, name) -> None:
    body = {"title": "", "code_scheme": None, "levels": [LEVEL]}
    check_problem(unharmed.client.put(f"/api/v1/sets/{name}", json=body), 422, "bad_name")


GOOD = {"valid_from": "2026-05-20", "expected_revision": 2}
TERMS = [
    ({}, "missing_field"),
    ({"valid_from": "2026-05-20"}, "missing_field"),
    ({**GOOD, "valid_from": "2026-5-20"}, "bad_date"),
    ({**GOOD, "valid_from": "2026-02-30"}, "bad_date"),
    ({**GOOD, "valid_from": "0001-01-01"}, "bad_date"),
    ({**GOOD, "valid_from": "9999-12-31"}, "bad_date"),
    ({**GOOD, "valid_from": "2026-05-20T00:00:00Z"}, "bad_date"),
    ({**GOOD, "valid_from": 20260520}, "wrong_type"),
    ({**GOOD, "expected_revision": "2"}, "wrong_type"),
    ({**GOOD, "expected_revision": -1}, "value_out_of_range"),
    ({**GOOD, "expected_revision": 2**31}, "value_out_of_range"),
    ({**GOOD, "expected_revision": None}, "wrong_type"),
    ({**GOOD, "accepted": ""}, "text_empty"),
    ({**GOOD, "accepted": True}, "wrong_type"),
    ({**GOOD, "rewrite": " "}, "text_empty"),
    ({**GOOD, "note": "a\x00"}, "bad_text"),
    ({**GOOD, "note": "长" * 4_001}, "text_too_long"),
    ({**GOOD, "dry_run": "yes"}, "wrong_type"),
    ({**GOOD, "force": True}, "unknown_field"),
    ([], "wrong_type"),
]


@pytest.mark.parametrize(("body", "code"), TERMS, ids=range(len(TERMS)))
def test_bad_terms_are_refused(unharmed, body, code) -> None:
    for path in ("drafts/3/publish", "versions/1/return"):
        answer = unharmed.post(f"{SET}/{path}", body)
        assert answer.status_code == 422, answer.text
        faults = answer.json()["errors"]
        assert code in {fault["code"] for fault in faults}
    if "expected_revision" in str(body) and code != "unknown_field":
        assert unharmed.post(f"{SET}/versions/2/withdraw", body).status_code == 422


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"based_on": 0}, 422, "value_out_of_range"),
        ({"based_on": 9}, 404, "version_unknown"),
        ({"based_on": "1"}, 422, "wrong_type"),
        ({"based_on": 1.5}, 422, "wrong_type"),
        ({"valid_from": CANARY}, 422, "bad_date"),
        ({"note": 1}, 422, "wrong_type"),
        ({CANARY: 1}, 422, "unknown_field"),
        (b"", 400, "not_json"),
    ],
)
def test_a_bad_draft_is_refused(unharmed, body, status, code) -> None:
    check_problem(unharmed.post(f"{SET}/drafts", body), status, code)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "drafts"),
        ("PUT", "drafts/3/grids?level=grid&expected_hash=x"),
        ("DELETE", "drafts/3"),
        ("GET", "versions/3/report"),
        ("POST", "drafts/3/publish"),
        ("POST", "versions/1/return"),
        ("POST", "versions/1/withdraw"),
        ("GET", ""),
    ],
)
def test_a_set_that_is_not_there_is_said(unharmed, method, path) -> None:
    body = {"valid_from": "2026-05-20", "expected_revision": 1} if path.endswith(("publish", "return")) else {}
    body = {"expected_revision": 1} if path.endswith("withdraw") else body
    content = None if method in ("GET", "DELETE") else json.dumps(body)
    url = f"/api/v1/sets/nowhere/{path}".rstrip("/")
    answer = unharmed.client.request(method, url, content=content, headers={"content-type": "application/json"})
    check_problem(answer, 404, "set_unknown")


@pytest.mark.parametrize(
    ("limits", "features", "code"),
    [
        ({"max_features": 2}, 3, "too_many_features"),
        ({"max_vertices": 9}, 2, "too_many_vertices"),
        ({"max_geometry_vertices": 4}, 1, "geometry_too_large"),
        ({"max_plan_bytes": 500}, 4, "body_too_large"),
    ],
)
def test_a_plan_over_a_limit_is_refused(tmp_path, limits, features, code) -> None:
    store = ready.embedded(tmp_path / "limits.gpkg", fill)
    with TestClient(create_app(Settings(**limits), store, FixedClock(NOW))) as client:
        made = client.post(f"{SET}/drafts", json={}).json()["draft"]
        url = f"{GRIDS}?level=grid&expected_hash={made['content_hash']}"
        body = collection(*[feature(properties={"code": str(n)}) for n in range(features)])
        check_problem(client.put(url, json=body), 413, code)
        assert client.get(f"{SET}/versions").json()["versions"][2]["content_hash"] == made["content_hash"]
    store.close()


def test_a_plan_may_be_larger_than_other_bodies(draft) -> None:
    size = draft.settings.max_json_bytes
    long = b" " * size
    check_problem(put(draft, long), 400, "not_json")
    check_problem(draft.client.put(f"{SET}/drafts/3", content=long + b" ", headers=GEOJSON), 413, "body_too_large")
    check_problem(draft.post(f"{SET}/drafts", long + b" "), 413, "body_too_large")
    check_problem(put(draft, long + b" "), 400, "not_json")


_TEXT = st.text(max_size=10)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)
_COORDINATES = st.recursive(st.floats() | st.integers() | st.none(), lambda inner: st.lists(inner, max_size=5))
_FEATURES = st.fixed_dictionaries(
    {
        "type": st.just("Feature") | _JSON,
        "geometry": _JSON
        | st.fixed_dictionaries(
            {"type": st.sampled_from(["Polygon", "MultiPolygon", "Point", "LineString"]), "coordinates": _COORDINATES}
        ),
        "properties": _JSON | st.fixed_dictionaries({"code": _TEXT, "attributes": _JSON, "households": _JSON}),
    }
)
_TERMS = st.dictionaries(
    st.sampled_from(["valid_from", "expected_revision", "accepted", "rewrite", "note", "dry_run", "based_on"]), _JSON
)


def quiet(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quiet(40)
@given(features=st.lists(_FEATURES, min_size=1, max_size=3))
def test_no_plan_breaks_the_service(unharmed, features) -> None:
    # the hash is another one, so that what happens to be a plan changes nothing
    answer = put(unharmed, collection(*features), "level=grid&expected_hash=x")
    assert 400 <= answer.status_code < 500, answer.text
    check_problem(answer, answer.status_code, answer.json()["code"])


@quiet(40)
@given(path=st.sampled_from(["drafts/9/publish", "versions/9/return", "versions/9/withdraw"]), body=_TERMS | _JSON)
def test_no_terms_break_the_service(unharmed, path, body) -> None:
    answer = unharmed.post(f"{SET}/{path}", json.dumps(body).encode())
    assert 400 <= answer.status_code < 500, answer.text
    check_problem(answer, answer.status_code, answer.json()["code"])
