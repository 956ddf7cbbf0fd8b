"""From when on a case is at risk: a share of its limit as the clock counts, by the table of limits."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from gridmap.domain.calendars import packaged_calendar
from gridmap.domain.case_clock import at_risk_from
from gridmap.domain.deadlines import Limit, Pause, due
from gridmap.domain.limits import USUAL_RISK, Risk, RowFault, Stage, packaged_limits, read_limits, read_rows
from gridmap.errors import InvalidInput
from gridmap.i18n import LANGUAGES

CN = packaged_calendar("cn")
#: A Monday, 09:00 in Shanghai.
MONDAY = datetime(2025, 3, 3, 1, tzinfo=UTC)
HEAD = "stage,category,condition,emergency,limit,source,risk,risk_minutes\n"
FIVE = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("words", "risk", "before"),
    [
        ("100紧急工作时", Risk(Decimal("0.2"), FIVE), timedelta(hours=20)),
        ("1紧急工作时", Risk(Decimal("0.5"), FIVE), timedelta(minutes=30)),
        ("0.25紧急工作时", USUAL_RISK, FIVE),  # a fifth would be three minutes
        ("1自然日", Risk(Decimal(0), timedelta()), timedelta()),
    ],
)
def test_the_last_share_of_a_limit_and_some_minutes_at_least(words: str, risk: Risk, before: timedelta) -> None:
    found = due(MONDAY, Limit.read(words), CN)
    assert found.at is not None
    assert at_risk_from(found, risk) == found.at - before


def test_a_share_is_counted_as_the_clock_counts() -> None:
    """Two working days from Monday morning are up on Tuesday; a half of them is left when work ends on Monday."""
    found = due(MONDAY, Limit.read("2工作日"), CN)
    half = found.before(Decimal("0.5"))
    ran = sum((min(end, half) - start for start, end in found.counted if start < half), timedelta())
    left = sum((end - max(start, half) for start, end in found.counted if end > half), timedelta())
    assert ran == left == timedelta(hours=8)
    assert half < found.at - timedelta(hours=8)  # the night lies between


def test_a_clock_that_stands_is_not_at_risk() -> None:
    stands = due(MONDAY, Limit.read("1工作日"), CN, [Pause(MONDAY + timedelta(hours=1))])
    assert stands.at is None
    assert at_risk_from(stands, USUAL_RISK) is None


def test_tables_say_the_share_for_a_row_for_all_of_a_stage_or_not_at_all() -> None:
    rows = (
        "handle,E1,,,1工作日,,,\nhandle,E1-01,,,1工作日,,50%,10\nhandle,*,,,1工作日,,10%,\nhandle,*,,yes,1工作时,,,9\n"
    )
    table = read_limits(HEAD + rows)
    assert table.risk_of("E1-01") == Risk(Decimal("0.5"), timedelta(minutes=10))
    assert table.risk_of("E1-02") == Risk(Decimal("0.1"), FIVE)
    assert table.risk_of("E1-02", emergency=True) == Risk(Decimal("0.2"), timedelta(minutes=9))
    assert table.risk_of("E1-01", stage=Stage.ACCEPT) == USUAL_RISK  # the packaged table
    assert read_limits(table.to_csv()) == table
    assert {row.risk for row in packaged_limits().rows if row.category == "*"} == {USUAL_RISK}
    old = read_limits("stage,category,condition,emergency,limit,source\nhandle,E1,,,3工作日,\n")
    assert old.risk_of("E1") == USUAL_RISK


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"risk": "20"}, "risk"),
        ({"risk": "100%"}, "risk"),
        ({"risk": "-5%"}, "risk"),
        ({"risk": "much"}, "risk"),
        ({"risk_minutes": "5分钟"}, "risk_minutes"),
        ({"risk_minutes": "99999"}, "risk_minutes"),
    ],
)
def test_what_is_no_share_is_told(cells: dict[str, str], column: str) -> None:
    table, (problem,) = read_rows([(2, {"category": "E1", "limit": "1工作日", **cells})])
    assert (problem.column, problem.fault, table.rows) == (column, RowFault.RISK, ())
    assert all(column in problem.message(language) for language in LANGUAGES)
    with pytest.raises(InvalidInput) as raised:
        read_limits(f"{HEAD}handle,E1,,,1工作日,,{cells.get('risk', '')},{cells.get('risk_minutes', '')}\n")
    assert (raised.value.code, raised.value.fields) == ("limits_wrong", {"row": 2, "column": column})


def test_two_rows_with_one_limit_and_other_shares_contradict_each_other() -> None:
    rows = [(n, {"category": "E1", "limit": "1工作日", "risk": share}) for n, share in ((2, "20%"), (3, "30%"))]
    table, problems = read_rows(rows)
    assert ([p.fault for p in problems], table.rows) == ([RowFault.TWICE] * 2, ())
