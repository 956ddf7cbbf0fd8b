"""Thousands of made requests, most of them wrong, on both stores: no 500, each refusal a problem, nothing echoed.

Every operation has its turn in the short form; the long one sends twenty thousand, make torture as many as it is told
to.
"""

import asyncio
import random
from collections import Counter
from typing import Any

import pytest
import ready
from api_world import NOW, fill
from faults import swarm
from faults.making import Made, Maker
from faults.places import KINDS

from api.app import create_app
from api.openapi import openapi_of
from gridmap.services.clock import FixedClock


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What the service says of itself."""
    return openapi_of(create_app(swarm.SETTINGS))


def form(kind: str, count: int, seed: int, *marks: pytest.MarkDecorator) -> Any:
    """Give the arguments of one run, marked as its store asks for."""
    return pytest.param(kind, count, seed, marks=[*marks, *([pytest.mark.postgis] if kind == KINDS[1] else [])])


@pytest.mark.parametrize(
    ("kind", "count", "seed"),
    [
        form(KINDS[0], 2_000, 1),
        form(KINDS[1], 600, 2),
        *(
            form(kind, n, seed, pytest.mark.slow)
            for kind, n in zip(KINDS, (7_000, 3_000), strict=True)
            for seed in (1, 2)
        ),
    ],
)
def test_no_made_request_breaks_the_service(kind: str, count: int, seed: int) -> None:
    outcome = swarm.run(kind, count, seed)
    assert outcome.tried == count
    assert outcome.broken == 0, outcome
    assert outcome.counts["answers 2xx"] > count / 8, "requests that are right do come through"
    assert outcome.counts["answers 4xx"] > count / 3


def test_the_same_seed_makes_the_same_requests_to_every_operation(document) -> None:
    one, other = (Maker(document, random.Random(3)) for _ in range(2))
    made = [one.make() for _ in range(2_000)]
    assert made == [other.make() for _ in range(2_000)]
    operations = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    assert len(operations) == one.operations()
    plain = {made.path for made in made if "{" not in made.path}
    assert {path for path, _ in operations if "{" not in path} <= plain
    assert len({m.how for m in made}) >= 10


def test_a_planted_500_an_echo_and_a_bare_refusal_are_found_out(tmp_path, document) -> None:
    """The check can fail."""
    store = ready.embedded(tmp_path / "s.gpkg", fill)
    app = create_app(swarm.SETTINGS, store, FixedClock(NOW))

    def broken() -> Any:
        raise RuntimeError

    def often(path: str) -> float:
        return 20.0 if path == "/readyz" else 1.0

    store.mode = broken  # type: ignore[method-assign]
    seen: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    asyncio.run(swarm.siege(app, Maker(document, random.Random(1), weights=often), 300, seen, wrong))
    app.state.lean.close()
    store.close()
    assert any("/readyz: 500" in fault for fault in wrong), wrong
    problem = {b"content-type": b"application/problem+json"}
    assert swarm.fault_of(404, {b"content-type": b"text/plain"}, b"Not Found", "GET")
    assert swarm.fault_of(422, problem, b'{"status": 422, "code": "x", "detail": "KANARIENVOGEL"}', "GET")
    assert swarm.fault_of(429, problem, b'{"status": 429, "code": "x"}', "GET"), "without Retry-After"
    assert swarm.fault_of(422, problem, b'{"status": 422, "code": "x"}', "GET") is None


def test_what_a_request_is_made_of_is_sent_as_it_is() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope, body=b"")
        while not seen.get("whole"):
            message = await receive()
            seen["body"] += message["body"]
            seen["whole"] = not message["more_body"]
        await send({"type": "http.response.start", "status": 204, "headers": []})

    made = Made("put", "/a%00/b", b"%zz", b"0123456789", ((b"x", b"\xff"),))
    assert asyncio.run(swarm.send(app, made, b"t"))[0] == 204
    assert (seen["method"], seen["path"], seen["query_string"], seen["body"]) == ("put", "/a\x00/b", b"%zz", made.body)
    assert (b"x", b"\xff") in seen["headers"]
