"""Questions to ``/ogc`` made of its own definition, right and wrong: no 500, nothing that says back what was sent."""

import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import ready
from fastapi.testclient import TestClient
from rights_world import NOW, fill

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings

#: In every value that is made up: an answer of 400 that has it says back what was sent.
MARK = "zq7mark"
WILD = (
    "", " ", "0", "-1", "1e999", "NaN", "null", "'", '"', "\x00", "%", "../..", "[]", "{}", "<script>", "🦊", "É" * 300,
    "9" * 400, "1,2,3,4", "a,b,,c", "2026-05-01/2026-05-02/x", "../../..", "((((", "NOT " * 40, "true", "*",
)  # fmt: skip
GOOD = {
    "bbox": ("119,35,121,37", "120.1,36,120.0,36.1", "1,2,3,4,5,6"),
    "datetime": ("2026-05-01", "../..", "2026-05-01T00:00:00Z/..", "0000-01-01T00:00:00Z/9999-12-31"),
    "filter": (
        "households > 166", "S_INTERSECTS(geometry, POINT(120 36))", "CASEI(code) LIKE casei('q%')", "code IN ('a')",
        "T_AFTER(occurred_at, TIMESTAMP('2026-05-01T00:00:00Z'))", '{"op":"=","args":[{"property":"code"},"x"]}',
        "1/0 = households", "households ^ 1000 > 0", "S_WITHIN(geometry, POLYGON((0 0,1 1,1 0,0 0)))",
    ),
    "sortby": ("code", "-occurred_at", "households,-code"),
    "properties": ("code", "code,name", ""),
    "crs": ("http://www.opengis.net/def/crs/EPSG/0/4490", "http://www.opengis.net/def/crs/EPSG/0/4549"),
    "limit": ("1", "7", "10000", "99999999999"),
}  # fmt: skip


@pytest.fixture(scope="module")
def app() -> Iterator[TestClient]:
    store = ready.fake(fill)
    fast = {"requests_per_s": 1e9, "network_requests_per_s": 1e9, "open_requests_per_s": 1e9}
    settings = Settings(default_set="urban", cursor_key="for tests", language="en", access="open", **fast)
    with TestClient(create_app(settings, store, FixedClock(NOW)), base_url="http://localhost") as client:
        yield client


def _value(draw: random.Random, name: str, schema: dict[str, Any]) -> str:
    known = (*GOOD.get(name, ()), *schema.get("enum", ()))
    if known and draw.random() < 0.6:
        return draw.choice(known)
    return draw.choice((*WILD, MARK)) + draw.choice(("", MARK))


def _questions(app: TestClient, draw: random.Random, count: int) -> list[tuple[str, str]]:
    document = app.get("/ogc/api?f=json").json()
    parameters = document["components"]["parameters"]
    names = parameters["collectionId"]["schema"]["enum"]
    made = []
    for _ in range(count):
        template = draw.choice([*document["paths"], *["/collections/{collectionId}/items"] * 8])
        told = [parameters[x["$ref"].rsplit("/", 1)[1]] for x in document["paths"][template]["get"]["parameters"]]
        path = template.replace("{collectionId}", quote(draw.choice([*names, *names, MARK, "urban.grid/.."]), safe=""))
        path = path.replace(
            "{featureId}", quote(draw.choice(["QUAIL-A", "QUAIL-i01", MARK, "\x00", "é" * 90]), safe="")
        )
        query = [(p["name"], _value(draw, p["name"], p["schema"])) for p in told if p["in"] == "query"]
        draw.shuffle(query)
        query = query[: draw.choice([0, 1, 1, 2, 3, 5])]
        if draw.random() < 0.1:
            query.append((draw.choice((MARK, "f", "limit")), MARK))
        made.append(("/ogc" + ("" if path == "/" else path), urlencode(query, errors="replace")))
    return made


def _asked(app: TestClient, path: str, query: str) -> int:
    answer = app.get(f"{path}?{query}")
    assert answer.status_code in (200, 304, 400, 404, 406), (path, query, answer.status_code, answer.text[:300])
    if answer.status_code >= 400:
        assert answer.json()["status"] == answer.status_code
        assert MARK not in answer.text, (path, query)
    return int(answer.status_code)


def test_made_questions_are_answered_or_refused(app: TestClient) -> None:
    statuses = [_asked(app, *question) for question in _questions(app, random.Random(10), 400)]
    # as a control: both happen, and often
    assert statuses.count(200) > 60
    assert statuses.count(400) > 60
    assert statuses.count(404) > 10


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_many_made_questions_are_answered_or_refused(app: TestClient, seed: int) -> None:
    assert len({_asked(app, *question) for question in _questions(app, random.Random(seed), 4_000)}) > 2
