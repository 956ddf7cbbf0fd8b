"""CQL2: the same tree as another parser makes, the same rows as loops in Python find, and no text that takes long."""

import math
import operator
import time
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any

import cql2
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.analysis.collected import Table, column_of, objects
from gridmap.analysis.cql2 import Column, Kind, judge, read_json, read_text
from gridmap.analysis.cql2.judging import wildcard
from gridmap.analysis.cql2.reading import MAX_DEPTH, MAX_TEXT, _parser
from gridmap.errors import InvalidInput

#: Filters in all that the grammar has; the other parser reads each of them.
TEXTS = (
    "code = 'A' AND (households > 3 OR name LIKE '%街%')", "code IN ('A','B')", "households BETWEEN 1 AND 3",
    "s_intersects(geometry, POLYGON((0 0,1 0,1 1,0 0)))", "t_after(at, TIMESTAMP('2026-01-01T00:00:00Z'))",
    "t_during(at, INTERVAL('2026-01-01','..'))", "name IS NULL", "NOT (a=1)", "casei(name) = casei('AbC')",
    "households + 1 > 3", "s_intersects(geometry, BBOX(0,0,1,1))", "\"od d\" = 'it''s'", "a <> 3", "name NOT LIKE 'x%'",
    "name NOT IN ('a')", "a NOT BETWEEN 1 AND 2", "name IS NOT NULL", "DATE('2020-01-01') = d", "a = TRUE", "1=1",
    "a = -3.5e10", "名称 = '一'", "a = 1 and b=2 or not c=3 and d = 4", "a * 2 - 3 / b >= 4",
    "s_within(geometry, MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5))))", "s_equals(geometry, POINT(1 2))",
    "s_crosses(geometry, LINESTRING(0 0,1 1))", "accenti(name) = accenti('é')",
)  # fmt: skip


def refusal(make: Callable[[], Any]) -> str | None:
    """Give the code of the error that a call ends with; None: it does not."""
    try:
        make()
    except InvalidInput as error:
        return error.code
    return None


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_read_as_another_parser_reads_them(text: str) -> None:
    other = cql2.parse_text(text).to_json()
    assert _parser().parse(text) == other
    assert read_text(text) == read_json(other)


@pytest.mark.parametrize(
    "text",
    [
        "", "a =", "a = 1;drop table x", "a = 'x", "(a = 1", "a = 1)", "a == 1", "s_intersects(a)", "a IN ()",
        "nothing(a, 1)", "a = DATE('2026-13-01')", "t_after(a, TIMESTAMP('2026-01-01'))", "a BETWEEN 1", "'a'", "1",
        "s_intersects(g, POINT(1))", "s_intersects(g, POLYGON((0 0,1 1)))", "\x00", "a = 1 AND", "a LIKE",
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused(text: str) -> None:
    assert str(refusal(lambda: read_text(text))).startswith("filter_")


def test_no_text_takes_long() -> None:
    for n in (20, 500, 2_000):
        for text in ("(" * n + "a=1", "(" * n + "a=1" + ")" * n, "NOT " * n + "a=1", "a=" + "+".join("1" * n),
                     "casei(" * n + "a", "a IN (" + ",".join("1" * n) + ")", "a LIKE '" + "%a" * n + "'"):  # fmt: skip
            began = time.process_time()
            assert refusal(partial(read_text, text)) in (
                None,
                "filter_malformed",
                "filter_too_deep",
                "filter_too_large",
            )
            assert time.process_time() - began < 2
    assert refusal(lambda: read_text("a = '" + "x" * MAX_TEXT + "'")) == "filter_too_large"
    deep: Any = {"op": "=", "args": [1, 1]}
    for _ in range(MAX_DEPTH + 1):
        deep = {"op": "not", "args": [deep]}
    assert refusal(lambda: read_json(deep)) == "filter_too_deep"


def test_patterns_take_linear_time_and_mean_what_they_say() -> None:
    began = time.process_time()
    assert not wildcard("%a" * 100 + "b")("a" * 10_000)
    assert time.process_time() - began < 1
    for pattern, fits, fails in (
        ("a%", ("a", "ab"), ("b", "ba")), ("%a", ("a", "ba"), ("ab",)), ("_", ("x", "街"), ("", "xx")),
        ("%a_c%", ("abc", "xabcx"), ("ac",)), (r"\%", ("%",), ("x",)), ("a.c", ("a.c",), ("abc",)),
        ("%aa", ("aaa", "aa"), ("a",)), ("", ("",), ("a",)), ("%", ("", "a"), ()), ("a%a", ("aa", "aba"), ("a",)),
    ):  # fmt: skip
        assert all(wildcard(pattern)(text) for text in fits), pattern
        assert not any(wildcard(pattern)(text) for text in fails), pattern


# --- the same rows as loops find

ROWS = 40
_RANDOM = np.random.default_rng(5)
VALUES: dict[str, list[Any]] = {
    "t": [None if n % 7 == 0 else "aAbBéx街"[n % 7] * (n % 3 + 1) for n in range(ROWS)],
    "n": [None if n % 5 == 0 else float(n % 9 - 3) for n in range(ROWS)],
    "m": [None if n % 11 == 0 else float(n % 4) for n in range(ROWS)],
    "d": [None if n % 6 == 0 else date(2026, 1, 1 + n % 28) for n in range(ROWS)],
}
COLUMNS = {
    "t": column_of(Kind.TEXT, VALUES["t"]),
    "n": column_of(Kind.NUMBER, VALUES["n"]),
    "m": column_of(Kind.INTEGER, VALUES["m"]),
    "d": column_of(Kind.DAY, VALUES["d"]),
    "geometry": Column(Kind.SHAPE, shapely.points(_RANDOM.uniform(0, 10, (ROWS, 2)))),
}

_OPS = {"=": operator.eq, "<>": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
_PLAIN = st.one_of(
    st.tuples(st.just("n"), st.integers(-4, 6).map(float)),
    st.tuples(st.just("m"), st.integers(-1, 4).map(float)),
    st.tuples(st.just("t"), st.sampled_from(["a", "AA", "bb", "街", "zz"])),
    st.tuples(st.just("d"), st.dates(date(2026, 1, 1), date(2026, 1, 31))),
)


def _literal(value: Any) -> Any:
    return {"date": value.isoformat()} if isinstance(value, date) else value


@st.composite
def _tests(draw: st.DrawFn) -> Any:
    name, value = draw(_PLAIN)
    kind = draw(st.sampled_from(["compare", "null", "in", "between"]))
    held = {"property": name}
    if kind == "null":
        return {"op": "isNull", "args": [held]}
    if kind == "in":
        others = [v for n, v in draw(st.lists(_PLAIN, max_size=3)) if n == name]
        return {"op": "in", "args": [held, [_literal(v) for v in (value, *others)]]}
    if kind == "between" and name != "t":
        low, high = sorted((value, draw(_PLAIN.filter(lambda p: p[0] == name))[1]))
        return {"op": "between", "args": [held, _literal(low), _literal(high)]}
    return {"op": draw(st.sampled_from(sorted(_OPS))), "args": [held, _literal(value)]}


_FILTERS = st.recursive(
    _tests(),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)).map(
            lambda p: {"op": p[0], "args": p[1]}
        ),
        inner.map(lambda x: {"op": "not", "args": [x]}),
    ),
    max_leaves=6,
)


def _truth(node: Any, row: int) -> bool | None:
    """Judge one row as SQL does, by a loop."""
    name, args = node["op"], node["args"]
    if name == "not":
        inner = _truth(args[0], row)
        return None if inner is None else not inner
    if name in ("and", "or"):
        found = [_truth(arg, row) for arg in args]
        if (name == "and" and False in found) or (name == "or" and True in found):
            return name == "or"
        return None if None in found else name == "and"
    value = VALUES[args[0]["property"]][row]
    if name == "isNull":
        return value is None
    if value is None:
        return None
    plain = [
        date.fromisoformat(a["date"]) if isinstance(a, dict) else a for a in (args[1] if name == "in" else args[1:])
    ]
    if name == "in":
        return value in plain
    if name == "between":
        return bool(plain[0] <= value <= plain[1])
    return bool(_OPS[name](value, plain[0]))


@settings(max_examples=150)
@given(_FILTERS)
def test_filters_hold_for_the_rows_that_a_loop_finds(node: Any) -> None:
    found = judge(read_json(node), COLUMNS, ROWS, "Asia/Shanghai")
    assert found.tolist() == [_truth(node, row) is True for row in range(ROWS)]


def test_shapes_numbers_and_times() -> None:
    box = shapely.box(2, 2, 7, 7)
    points = COLUMNS["geometry"].values
    within = judge(read_text("s_within(geometry, BBOX(2,2,7,7))"), COLUMNS, ROWS, "UTC")
    assert within.tolist() == [bool(box.contains(p)) for p in points]
    apart = judge(read_text("NOT s_intersects(geometry, POLYGON((2 2,7 2,7 7,2 7,2 2)))"), COLUMNS, ROWS, "UTC")
    assert (apart == ~within).all()
    sums = judge(read_text("n * 2 + m % 2 > 3 ^ 1 AND n / m > 0.5"), COLUMNS, ROWS, "UTC")
    expected = [
        n is not None and m not in (None, 0.0) and n * 2 + math.fmod(m, 2) > 3 and n / m > 0.5
        for n, m in zip(VALUES["n"], VALUES["m"], strict=True)
    ]
    assert sums.tolist() == expected
    times = column_of(Kind.TIME, [datetime.fromisoformat(f"2026-01-0{n}T16:30:00+00:00") for n in range(1, 6)])
    told = {"at": times, "d": column_of(Kind.DAY, [date(2026, 1, n) for n in range(1, 6)])}
    for text, hits in (
        # a day begins eight hours earlier there
        ("t_intersects(at, DATE('2026-01-03'))", [False, True, False, False, False]),
        ("at >= DATE('2026-01-03')", [False, True, True, True, True]),
        ("t_before(d, DATE('2026-01-03'))", [True, True, False, False, False]),
        ("t_during(at, INTERVAL('2026-01-03', '..'))", [False, True, True, True, True]),
        ("t_equals(at, TIMESTAMP('2026-01-04T16:30:00Z'))", [False, False, False, True, False]),
        ("t_intersects(INTERVAL(d, '..'), INTERVAL('..', '2026-01-02'))", [True, True, False, False, False]),
    ):
        assert judge(read_text(text), told, 5, "Asia/Shanghai").tolist() == hits, text


@pytest.mark.parametrize(
    "text", ["t > 1", "n = 'x'", "s_within(t, POINT(1 1))", "n LIKE 'x'", "t + 1 = 2", "n", "t_after(n, m)"]
)
def test_operands_must_fit(text: str) -> None:
    nothing = {name: Column(c.kind, c.values[:0]) for name, c in COLUMNS.items()}
    # also where there is nothing to compare
    for columns, rows in ((COLUMNS, ROWS), (nothing, 0)):
        assert refusal(partial(judge, read_text(text), columns, rows, "UTC")) == "filter_types"


def test_a_place_in_an_order_outlives_its_row() -> None:
    """Going on behind a row finds the same rows, whether or not that row is still there."""
    table = Table.of([f"i{n:02d}" for n in range(ROWS)], {k: COLUMNS[k] for k in "tnmd"}, COLUMNS["geometry"].values)
    for by in ((), (("n", True),), (("t", False), ("n", True)), (("d", False), ("m", False))):
        order = table.order(by)
        for place in (0, 7, 20, ROWS - 1):
            key = table.key(int(order[place]), by)
            assert [r for r in order if table.later(key, by)[r]] == order[place + 1 :].tolist()
            without = table.take(np.delete(np.arange(ROWS), order[place]))
            later = without.ids[without.order(by)][without.later(key, by)[without.order(by)]]
            assert later.tolist() == table.ids[order[place + 1 :]].tolist()
    assert objects([[1], None])[0] == [1]
