"""Batches of points: the quick reading gives what the validated route gives, byte for byte, or nothing."""

import json

import pytest
from api_world import at
from asking import ask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.batch import _pairs, read_points
from api.routes import locate as route_module
from api.strict import parse_json

JSON = ((b"host", b"test"), (b"content-type", b"application/json"))
LOCATE = "/api/v1/locate"
GOOD = [at(c / 4, r / 4) for c in (-1, 0, 2, 5, 8, 10, 12) for r in (-1, 2, 6, 12)]


@pytest.fixture
def compare(world, monkeypatch):
    """Ask with the quick reading and without it, and compare whole answers."""

    def both(body: bytes, headers=JSON):
        quick = ask(world.app, path=LOCATE, method="POST", headers=headers, body=[body])
        with monkeypatch.context() as patch:
            patch.setattr(route_module, "read_points", lambda *args, **kwargs: None)
            judged = ask(world.app, path=LOCATE, method="POST", headers=headers, body=[body])
        assert quick == judged
        return quick

    return both


@pytest.mark.parametrize(
    "more", [{}, {"set": "urban"}, {"at": "2026-04-30"}, {"datum": "gcj02"}, {"set": None}, {"border": False}]
)
def test_a_batch_has_the_same_answer_by_both_readings(compare, more) -> None:
    assert compare(json.dumps({"points": GOOD, **more}).encode()).status == 200


def test_metres_are_left_out_where_nobody_wants_them(compare) -> None:
    full, short = (
        json.loads(compare(json.dumps({"points": GOOD, "border": wanted}).encode()).body) for wanted in (True, False)
    )
    assert any(m is not None for m in full["border_m"])
    assert short == {**full, "border_m": None}


NUMBERS = st.one_of(
    st.sampled_from(
        ["1", "-1", "0", "-0", "-0.0", "1e2", "1E+2", "1.5e-3", "12345678901234567890123", "1e400", "-1e999"]
    ),
    st.sampled_from(
        ["", "01", "1.", ".5", "+1", "1 2", "nan", "1e", "--1", "0x1", "1_0", "null", '"1"', "[1]", "true", "1,"]
    ),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers().map(str),
)
SPACE = st.sampled_from(["", "", "", " ", "\n\t", "\r", "\x0b", "\x00"])


@st.composite
def lists(draw) -> str:
    """Write a list of pairs, mostly right, sometimes with a number or a bracket where none belongs."""
    count = draw(st.integers(0, 4))
    pairs = [
        f"{draw(SPACE)}[{draw(NUMBERS)}{draw(SPACE)},{draw(SPACE)}{draw(NUMBERS)}]{draw(SPACE)}" for _ in range(count)
    ]
    text = "[" + ",".join(pairs) + "]"
    for _ in range(draw(st.integers(0, 2))):
        where = draw(st.integers(0, len(text)))
        text = text[:where] + draw(st.sampled_from(["", "", "1", "[", "]", ",", "{", " ", "-", "e"])) + text[where:]
    return text


@settings(max_examples=1_500, deadline=None, derandomize=True)
@given(lists())
def test_what_the_quick_reading_takes_is_what_a_parser_reads(written: str) -> None:
    found = _pairs(written.encode())
    if found is None:
        return
    parsed = parse_json(written.encode(), max_depth=32)  # raises where it is no JSON
    assert all(isinstance(pair, list) and len(pair) == 2 for pair in parsed)
    assert all(type(v) in (int, float) for pair in parsed for v in pair)
    assert found.tolist() == [[float(v) for v in pair] for pair in parsed]


def test_the_quick_reading_takes_what_is_plain() -> None:
    for body in (b'{"points":[[1,2],[3.5,-4e1]]}', b'{ "at": "2026-05-01", "points": [ [1, 2] ] , "set":"a" }\n'):
        assert read_points(body, max_depth=32) is not None
    assert read_points(b'{"points":[[1,2],[3.5,-4e1]]}', max_depth=2) is None


BODIES = [
    b"",
    b"{}",
    b"[[1,2]]",
    b'{"points": null, "set": [[120,36]]}',
    b'{"points": null, "at": [[120,36]]}',
    b'{"points": [[120,36]], "set": null}',
    b'{"points": [[120,36]], "points": [[120,36]]}',
    b'{"points": [[120,36]], "x": 1}',
    b'{"points": [[120,36]], "set": "a]b"}',
    b'{"points": [[120,36]]]}',
    b'{"points": [[120,36]]} [',
    b'{"points": [[120,36],[120,36,1]]}',
    b'{"points": [[120,36],[120]]}',
    b'{"points": [120[,36]]}',
    b'{"points": [[120,36]1,[120,36]]}',
    b'{"points": [[120,36] [120,36]]}',
    b'{"points": [[120 1,36]]}',
    b'{"points": [[1e400,36]]}',
    b'{"points": [[999,36]]}',
    b'{"points": [[0,0]]}',
    b'{"points": [[36.01,120.01]]}',
    b'{"points": [[120,36]], "set": "nowhere"}',
    b'{"points": [[120,36]], "at": "1900-01-01"}',
    b'{"points": [[120,36]], "datum": "mars"}',
    b'{"points": [[120.001,36.001]], "border": 0}',
    b'{"points": [[120.001,36.001]], "border": "false"}',
    b'{"points": [[120.001,36.001]], "border": null}',
    b'\xef\xbb\xbf{"points": [[120.001,36.001]]}',
    b'{"points": [[120.001,36.001]], "set": "\xff"}',
    json.dumps({"points": GOOD * 10}).encode(),
    b'{"points": ' + b"[" * 100 + b"1,2" + b"]" * 100 + b"}",
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_every_body_has_the_same_answer_by_both_readings(compare, body) -> None:
    compare(body)
    compare(body, ((b"host", b"test"), (b"content-type", b"text/plain")))


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lists(), st.sampled_from(["", ', "set": "urban"', ', "at": "2026-04-30"', ', "x": 0', ', "set": []']))
def test_any_body_has_the_same_answer_by_both_readings(compare, written: str, more: str) -> None:
    compare(f'{{"points": {written}{more}}}'.encode())
