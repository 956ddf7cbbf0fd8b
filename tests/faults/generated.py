"""Requests that schemathesis makes from our description, right and wrong ones, and pieces of them turned about."""

import random
from typing import Any
from urllib.parse import urlencode

import schemathesis
from fastapi.testclient import TestClient
from faults.outcome import Outcome
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode

from api.openapi import openapi_of

#: Each request is sent as it is made, and so often with something turned about.
TURNED = 9
_NASTY = (
    b"\x00",
    b"\xff",
    b'"',
    b"{",
    b"]",
    b"NaN",
    b"1e400",
    b"-0",
    b"\\ud800",
    b"%00",
    b"'",
    b"\r\n",
    b"9" * 30,
    b"null",
)
#: Pages take a second to draw, each, and have the parameters of other routes; Arrow bodies have tests of their own, and
#: so has the stream of events, which never ends.
_LEFT_OUT = ("/maps/", "/api/v1/locate/arrow", "/api/v1/events/stream")


def turn_about(data: bytes, chance: random.Random) -> bytes:
    """Turn something about: a piece is lost, doubled, flipped or replaced."""
    at = chance.randrange(len(data) + 1)
    piece = data[at : at + chance.randrange(1, 12)]
    how = chance.randrange(4)
    middle = (b"", piece * 2, bytes(b ^ 1 << chance.randrange(8) for b in piece), chance.choice(_NASTY))[how]
    return data[:at] + middle + data[at + len(piece) :]


def judge(client: TestClient, method: str, path: str, query: bytes, body: bytes | None, kind: str | None) -> str | None:
    """Send a request; give what is wrong with the answer."""
    headers = {} if kind is None else {"content-type": kind}
    url = path + ("?" + query.decode("latin-1") if query else "")
    try:
        answer = client.request(method, url, content=body, headers=headers)
    except (ValueError, UnicodeError, TypeError) as error:
        # the client itself refuses to send such an address
        return None if "InvalidURL" in type(error).__name__ else f"{method} {path}: {type(error).__name__}"
    except Exception as error:
        return None if type(error).__name__ == "InvalidURL" else f"{method} {path}: {type(error).__name__}"
    if answer.status_code >= 500 and answer.status_code != 503:
        return f"{method} {path}: {answer.status_code}"
    if answer.status_code >= 400 and "json" not in answer.headers.get("content-type", ""):
        return f"{method} {path}: {answer.status_code} in another shape"
    return None


def run(
    client: TestClient, app: Any, requests: int, first_seed: int, store: str, *, both: bool = True, turned: int = TURNED
) -> Outcome:
    """Send so many; each that is answered by a 500, or in another shape, breaks the promise.

    Every operation is asked rightly and wrongly; not ``both``: each in one of these ways, in turn.
    """
    schema = schemathesis.openapi.from_dict(openapi_of(app))
    document = openapi_of(app)
    routes = [
        (path, method.upper())
        for path, methods in document["paths"].items()
        for method in methods
        if not path.startswith(_LEFT_OUT)
    ]
    each = max(1, requests // (len(routes) * (turned + 1)))
    ways = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    chance = random.Random(first_seed)
    wrong: list[str] = []
    statuses = 0
    for number, (path, method) in enumerate(routes):
        operation = schema[path][method]
        for mode in ways if both else ways[number % 2 :][:1]:

            @seed(first_seed * 1000 + number)
            @settings(
                max_examples=max(1, each // 2),
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(operation.as_strategy(generation_mode=mode))
            def send(case: Any) -> None:
                nonlocal statuses
                made = case.as_transport_kwargs(base_url="http://testserver")
                address = made["url"].removeprefix("http://testserver")
                query = urlencode(made.get("params") or {}, doseq=True).encode("latin-1", "replace")
                body = made.get("data")
                if body is None and made.get("json") is not None:
                    import json

                    body = json.dumps(made["json"]).encode()
                body = body if isinstance(body, bytes | type(None)) else str(body).encode("utf-8", "replace")
                kind = (made.get("headers") or {}).get("Content-Type")
                for turn in range(turned + 1):
                    q = turn_about(query, chance) if turn and (turn % 2 or body is None) else query
                    b = turn_about(body, chance) if turn and body is not None and not turn % 2 else body
                    fault = judge(client, case.method, address, q, b, kind)
                    statuses += 1
                    if fault is not None:
                        wrong.append(fault)

            try:
                send()
            except Exception as error:
                if type(error).__name__ not in ("Unsatisfiable", "InvalidSchema"):
                    raise
    return Outcome("generated requests", store, statuses, len(wrong), "; ".join(sorted(set(wrong))[:3]) or "no 500")
