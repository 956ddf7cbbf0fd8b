"""Whatever comes by the described parameters and bodies: never a 500, always one of two shapes."""

import csv
import io
import json
from urllib.parse import quote

from api_world import X0, Y0, check_problem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.openapi import openapi_of
from gridmap.settings import Settings

DOCUMENT = openapi_of(create_app(Settings()))
# pages that take a second to draw are fuzzed by their parameters on the other routes
#: Pages take seconds to draw, and the stream of events never ends: both have tests of their own.
LEFT_OUT = ("/maps/", "/api/v1/events/stream")
GETS = sorted(p for p in DOCUMENT["paths"] if "get" in DOCUMENT["paths"][p] and not p.startswith(LEFT_OUT))
POSTS = sorted(p for p in DOCUMENT["paths"] if "post" in DOCUMENT["paths"][p])

_TEXT = st.text(max_size=30)
_NEAR_LON = st.floats(X0 - 0.01, X0 + 0.02).map(repr)
_NEAR_LAT = st.floats(Y0 - 0.01, Y0 + 0.02).map(repr)
_NUMBERS = st.one_of(st.floats().map(str), st.integers().map(str), _TEXT)
_WHEN = st.one_of(st.dates().map(str), st.datetimes().map(lambda d: d.isoformat() + "Z"), _TEXT)
_PARAMETERS = {
    "lon": st.one_of(_NEAR_LON, _NUMBERS),
    "lat": st.one_of(_NEAR_LAT, _NUMBERS),
    "set": st.one_of(st.just("urban"), _TEXT),
    "version": st.one_of(st.sampled_from(["1", "2", "current"]), _NUMBERS),
    "code": st.one_of(st.sampled_from("ABCDST"), _TEXT),
    "at": _WHEN,
    "start": _WHEN,
    "end": _WHEN,
    "limit": st.one_of(st.integers(-2, 12).map(str), _NUMBERS),
    "bbox": st.one_of(st.lists(st.floats().map(str), min_size=3, max_size=5).map(",".join), _TEXT),
    "level": st.one_of(st.sampled_from(["street", "grid"]), _TEXT),
}
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)
_FIELDS = st.sampled_from(
    ["points", "set", "at", "datum", "items", "incident_id", "occurred_at", "unit_id", "fixed_at", "lon", "lat", "note"]
)
_BODIES = st.one_of(
    _JSON,
    st.dictionaries(_FIELDS, _JSON, max_size=4),
    st.fixed_dictionaries({"datum": st.just("wgs84"), "items": st.lists(st.dictionaries(_FIELDS, _JSON), max_size=3)}),
    st.fixed_dictionaries({"points": st.lists(st.lists(st.floats() | st.integers(), max_size=3), max_size=4)}),
)


def judge(answer) -> None:
    if answer.headers.get("content-type") == "application/pdf":
        assert answer.status_code == 200
        assert answer.content.startswith(b"%PDF-")
        assert answer.content.rstrip().endswith(b"%%EOF")
    elif answer.status_code == 200 and answer.headers.get("content-type") == "application/x-ndjson":
        assert all(json.loads(line) for line in answer.text.splitlines())
    elif answer.status_code == 200 and answer.headers["content-type"].startswith("text/csv"):
        assert len(set(map(len, csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))))) <= 1
    elif answer.status_code == 200:
        answer.json()
    elif answer.status_code < 500 and isinstance(answer.json(), list):  # as Open311 has it
        assert all(one["code"] == answer.status_code and one["error"] for one in answer.json())
    else:
        assert answer.status_code < 500, answer.text
        check_problem(answer, answer.status_code, answer.json()["code"])


def quiet(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quiet(30)
@given(data=st.data())
def test_no_address_breaks_the_service(world, data) -> None:
    path = data.draw(st.sampled_from(GETS))
    described = DOCUMENT["paths"][path]["get"].get("parameters", [])
    query = []
    for parameter in described:
        value = _PARAMETERS.get(parameter["name"], _TEXT)
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", quote(data.draw(value), safe=""))
        elif parameter["required"] or data.draw(st.booleans()):
            query.append(f"{parameter['name']}={quote(data.draw(value), safe='')}")
    judge(world.get(path + "?" + "&".join(query)))


@quiet(30)
@given(path=st.sampled_from(POSTS), body=_BODIES)
def test_no_body_breaks_the_service(world, path: str, body) -> None:
    judge(world.post(path, json.dumps(body).encode()))


@quiet(20)
@given(path=st.sampled_from(POSTS), body=st.binary(max_size=200))
def test_no_bytes_break_the_service(world, path: str, body: bytes) -> None:
    judge(world.post(path, body))
