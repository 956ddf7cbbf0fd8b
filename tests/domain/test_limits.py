"""Limits as data: which row holds, and what a dirty table is told."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.deadlines import Limit, Unit
from gridmap.domain.limits import (
    ALL,
    LimitRow,
    LimitTable,
    RowFault,
    Stage,
    packaged_limits,
    plain,
    read_limits,
    read_rows,
)
from gridmap.domain.taxonomy import categories
from gridmap.errors import InvalidInput
from gridmap.i18n import LANGUAGES


def limit(words: str) -> Limit:
    return Limit.read(words)


@pytest.mark.parametrize(
    ("category", "condition", "emergency", "stage", "words"),
    [
        ("C3-01", "单灯不亮", False, Stage.HANDLE, "2工作日"),
        ("C3-01", "井盖缺失、移位、破裂", False, Stage.HANDLE, "2紧急工作时"),
        ("C3-02", "井盖缺失、移位、破裂", True, Stage.HANDLE, "2紧急工作时"),
        ("E4-02", "燃气泄漏、\n着火、爆炸", True, Stage.HANDLE, "1紧急工作时"),
        ("E1-01", "", False, Stage.HANDLE, "2工作时"),
        ("E1-01-09", "", False, Stage.HANDLE, "2工作时"),
        ("E1-01", "", True, Stage.HANDLE, "2紧急工作时"),
        ("E1-01", "nobody wrote this", False, Stage.HANDLE, "2工作时"),
        ("E11-01", "", False, Stage.HANDLE, "5工作日"),
        ("E99", "", False, Stage.HANDLE, "1工作日"),
        ("E1-01", "", False, Stage.ACCEPT, "0.25工作时"),
        ("E1-01", "", True, Stage.DISPATCH, "0.25紧急工作时"),
        ("E1-01", "", False, Stage.VERIFY, "0.5工作时"),
    ],
)
def test_the_packaged_table(category: str, condition: str, emergency: bool, stage: Stage, words: str) -> None:
    assert packaged_limits().of(category, condition, emergency, stage) == limit(words)


def test_the_packaged_table_has_sources_and_known_categories() -> None:
    assert all(row.source and (row.category == ALL or row.category in categories()) for row in packaged_limits().rows)


def test_a_city_s_table_is_asked_first_and_the_packaged_one_for_what_it_does_not_say() -> None:
    table, problems = read_rows(
        [(2, {"category": "E1", "limit": "3工作日"}), (3, {"category": "*", "limit": "9工作日"})]
    )
    assert not problems
    assert table.of("E1-01") == limit("3工作日")  # though the packaged table has a row for E1-01
    assert table.of("E2-01") == limit("9工作日")
    assert table.of("E2-01", stage=Stage.VERIFY) == limit("0.5工作时")


DIRTY = [
    ({"category": "E1-01", "limit": "1\n个工\n作日"}, None),
    ({"category": "乱停车", "limit": "２工作时"}, None),
    ({"category": "", "limit": ""}, None),
    ({"category": "E1-03", "limit": "1天"}, RowFault.AMBIGUOUS),
    ({"category": "E1-03", "condition": "24 小 时 内", "limit": "4小时"}, RowFault.AMBIGUOUS),
    ({"category": "E1-04", "condition": "破损面积>25c㎡", "limit": "1工作日"}, None),
    ({"category": "E1-06", "limit": "1紧急工作时制止"}, RowFault.WORDS),
    ({"category": "E1-06", "limit": "4工作时\n7工作日"}, RowFault.WORDS),
    ({"category": "E2-01", "limit": "种植季节"}, RowFault.SEASON),
    ({"category": "E2-01", "limit": "planting season"}, RowFault.SEASON),
    ({"category": "E2-02", "limit": "尽快"}, RowFault.UNREADABLE),
    ({"category": "E2-02", "limit": "0工作日"}, RowFault.WORDS),
    ({"category": "E2-03", "limit": " "}, RowFault.MISSING),
    ({"category": "", "limit": "1工作日"}, RowFault.MISSING),
    ({"category": "从未听说", "limit": "1工作日"}, RowFault.CATEGORY),
    ({"category": "E3-01", "emergency": "maybe", "limit": "1工作日"}, RowFault.EMERGENCY),
    ({"category": "E3-01", "stage": "督办", "limit": "1工作日"}, RowFault.STAGE),
    ({"category": "E3-01", "condition": "x\u202ey", "limit": "1工作日"}, RowFault.BAD_TEXT),
    ({"category": "E3-01", "condition": "x" * 1001, "limit": "1工作日"}, RowFault.TOO_LONG),
    ({"category": "E3-02", "emergency": "紧急", "stage": "派遣", "limit": "1紧急小时"}, None),
]


def test_each_row_that_cannot_be_read_is_told_with_its_number_and_why() -> None:
    table, problems = read_rows((i, cells) for i, (cells, _) in enumerate(DIRTY, 2))
    assert [(p.row, p.fault) for p in problems] == [(i, f) for i, (_, f) in enumerate(DIRTY, 2) if f is not None]
    assert [(r.category, r.condition, r.limit) for r in table.rows] == [
        ("E1-01", "", limit("1工作日")),
        ("E1-02", "", limit("2工作时")),
        ("E1-04", "破损面积>25cm2", limit("1工作日")),
        ("E3-02", "", limit("1紧急工作时")),
    ]
    assert table.rows[-1].emergency
    for problem in problems:
        for language in LANGUAGES:
            assert str(problem.row) in problem.message(language)


def test_rows_that_contradict_each_other_are_both_told_and_neither_holds() -> None:
    rows = [
        ("E1-01", "1工作日"),
        ("E1-02", "2工作时"),
        ("E1-01", "4工作时"),
        ("E1-02", "2工作时"),
        ("E1-01", "1工作日"),
    ]
    table, problems = read_rows((i, {"category": c, "limit": w}) for i, (c, w) in enumerate(rows, 2))
    assert [(p.row, p.fault, p.other) for p in problems] == [(2, RowFault.TWICE, 4), (4, RowFault.TWICE, 2)]
    assert [r.category for r in table.rows] == ["E1-02"]


@pytest.mark.parametrize(
    ("content", "row"),
    [
        ("", 1),
        ("category,limit\nE1,1工作日\n", 1),
        ("stage,category,condition,emergency,limit,source\nhandle,E1,,,1天,\n", 2),
        ("stage,category,condition,emergency,limit,source\nhandle,E1,,,1工作日,\nhandle,E1\n", 3),
        ('stage,category,condition,emergency,limit,source\nhandle,E1,"x"y,,1工作日,\n', 2),
    ],
)
def test_a_book_of_limits_is_read_whole_or_not_at_all(content: str, row: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_limits(content)
    assert (caught.value.code, caught.value.fields["row"]) == ("limits_wrong", row)


WORDS = st.text(st.sampled_from('井盖abc ,"c㎡\n，＞'), max_size=8).map(plain)
ROWS = st.builds(
    LimitRow,
    st.sampled_from(Stage),
    st.sampled_from(["*", "E1", "E1-01", "C3-01"]),
    WORDS,
    st.booleans(),
    st.builds(Limit, st.integers(1, 10_000_000).map(lambda n: Decimal(n) / 1000), st.sampled_from(Unit)),
    WORDS,
)


@given(st.lists(ROWS, max_size=6, unique_by=lambda r: r.key))
def test_what_is_written_is_read_again(rows: list[LimitRow]) -> None:
    table = LimitTable(tuple(rows))
    assert read_limits(table.to_csv()) == table


@given(st.text(max_size=12))
def test_any_words_are_a_limit_or_a_fault(words: str) -> None:
    table, problems = read_rows([(2, {"category": "E1", "limit": words})])
    assert len(table.rows) + len(problems) == 1
