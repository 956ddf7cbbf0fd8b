"""JSON is read as RFC 8259 means it, in linear time, and its depth is known before it is parsed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.errors import NotParsable, UnsupportedBody
from api.strict import check_query, json_depth, parse_json, require_json_type
from gridmap.errors import InvalidInput


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"a": NaN}', "not_json"),
        (b"Infinity", "not_json"),
        (b"[-Infinity]", "not_json"),
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"[1,]", "not_json"),
        (b"[1] 2", "not_json"),
        (b'"\x00"', "not_json"),
        (b'"' + b'\\"' * 400_000, "not_json"),
        (b'"' + b"a" * 900_000, "not_json"),
        (b'{"a": 1, "a": 1}', "duplicate_key"),
        (b'{"x": [{"a": 1, "b": 2, "a": 3}]}', "duplicate_key"),
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "too_deep"),
        ("名".encode("gbk"), "not_utf8"),
        ('{"a": 1}'.encode("utf-16"), "not_utf8"),
        (b'"\xed\xa0\x80"', "not_utf8"),
    ],
    ids=range(18),
)
def test_what_is_not_strict_json_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(NotParsable) as caught:
        parse_json(body, max_depth=32)
    assert caught.value.code == code


def test_the_deepest_allowed_body_is_read() -> None:
    assert parse_json(b"[" * 32 + b"]" * 32, max_depth=32) is not None


def test_a_byte_order_mark_is_accepted() -> None:
    assert parse_json(b"\xef\xbb\xbf[1]", max_depth=1) == [1]


def test_brackets_in_texts_are_not_depth() -> None:
    assert parse_json(b'["[[[[\\"[[[{{{\\\\"]', max_depth=1) == ['[[[["[[[{{{\\']


@pytest.mark.parametrize("number", ["1e400", "9" * 5_000, "-1" + "0" * 400], ids=range(3))
def test_numbers_too_large_become_infinite(number: str) -> None:
    assert abs(parse_json(number.encode(), max_depth=1)) == float("inf")


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def _depth(value: object) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


@settings(max_examples=30, deadline=None)
@given(_VALUES)
def test_depth_is_that_of_the_value(value: object) -> None:
    assert json_depth(json.dumps(value).encode()) == _depth(value)


@settings(max_examples=30, deadline=None)
@given(_VALUES)
def test_plain_json_is_read_like_the_standard_library_reads_it(value: object) -> None:
    assert parse_json(json.dumps(value).encode(), max_depth=100) == value


@pytest.mark.parametrize(
    "declared", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_json_in_utf8_is_taken(declared: str) -> None:
    require_json_type(declared)


@pytest.mark.parametrize(
    "declared",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/xml",
        "application/geo+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=gbk",
        "application/json; charset=utf-16",
        "application/json; profile=x",
    ],
)
def test_other_bodies_are_refused(declared: str | None) -> None:
    with pytest.raises(UnsupportedBody) as caught:
        require_json_type(declared)
    assert caught.value.code == "unsupported_body_type"


@pytest.mark.parametrize(
    ("query", "kind", "code"),
    [
        (b"a=1&a=2", InvalidInput, "repeated_parameter"),
        (b"a=1&%61=2", InvalidInput, "repeated_parameter"),
        (b"b=1", InvalidInput, "unknown_parameter"),
        (b"A=1", InvalidInput, "unknown_parameter"),
        (b"a[]=1", InvalidInput, "unknown_parameter"),
        (b"a=%ff", NotParsable, "not_utf8"),
        (b"a=%c0%af", NotParsable, "not_utf8"),
        (b"%ff=1", NotParsable, "not_utf8"),
    ],
)
def test_a_query_is_strict_too(query: bytes, kind: type[Exception], code: str) -> None:
    with pytest.raises(kind) as caught:
        check_query(query, frozenset({"a"}))
    assert caught.value.code == code


def test_a_plain_query_passes() -> None:
    check_query(b"a=%E7%BD%91&c=+", frozenset({"a", "c"}))
    check_query(b"", frozenset())
