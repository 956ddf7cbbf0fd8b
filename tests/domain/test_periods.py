"""Periods of reports: what is read, what it is compared with, and what is refused."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.periods import MOST_DAYS, read_period
from gridmap.errors import InvalidInput

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-10", ("month", "2026-10-01", "2026-10-31", "2026-09-01", "2026-09-30")),
        ("2026-03", ("month", "2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28")),
        ("2026-01", ("month", "2026-01-01", "2026-01-31", "2025-12-01", "2025-12-31")),
        # not over: as many first days of the month before
        ("2026-11", ("month", "2026-11-01", "2026-11-23", "2026-10-01", "2026-10-23")),
        ("2026-11-22", ("day", "2026-11-22", "2026-11-22", "2026-11-15", "2026-11-15")),
        ("2026-11-22..2026-11-22", ("day", "2026-11-22", "2026-11-22", "2026-11-15", "2026-11-15")),
        ("2026-10-05..2026-11-01", ("span", "2026-10-05", "2026-11-01", "2026-09-07", "2026-10-04")),
        ("2026-11-20..2026-12-31", ("span", "2026-11-20", "2026-11-23", "2026-11-16", "2026-11-19")),
    ],
)
def test_what_is_written_is_read_and_compared(written: str, expected: tuple[str, ...]) -> None:
    found = read_period(written, TODAY)
    days = (found.first, found.last, found.before, found.until)
    assert (found.kind, *(day.isoformat() for day in days)) == expected


def test_thirty_first_days_of_march_meet_a_february_that_has_not_so_many() -> None:
    found = read_period("2026-03", date(2026, 3, 30))
    assert (found.days, found.days_before, found.until) == (30, 28, date(2026, 2, 28))
    assert found.planned == date(2026, 3, 31)


@pytest.mark.parametrize(
    ("written", "code"),
    [("", "report_period"), ("2026", "report_period"), ("2026-13", "report_period"), ("2026-1", "report_period"),
     ("2026-02-30", "report_period"), ("2026-10-01..", "report_period"), ("..", "report_period"),
     ("0001-01", "report_period"), ("1899-12", "report_period"),
     ("9999-12", "report_period"), ("2026-10-01..2026-10-02..2026-10-03", "report_period"),
     ("x" * 10_000, "report_period"),
     ("2026-11-02..2026-11-01", "window_reversed"), ("2026-12", "report_in_future"), ("2026-11-24", "report_in_future"),
     ("9999-12-31", "report_in_future"), ("2020-01-01..2026-01-01", "report_too_long")],
)  # fmt: skip
def test_what_cannot_be_reported_is_refused_with_the_reason(written: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_period(written, TODAY)
    assert refused.value.code == code


@given(st.dates(date(1990, 1, 1), TODAY), st.integers(0, MOST_DAYS - 1))
def test_both_spans_are_equally_long_and_touch(first: date, days: int) -> None:
    last = min(TODAY, first + timedelta(days=days))
    found = read_period(f"{first}..{last}", TODAY)
    assert found.days == found.days_before == (last - first).days + 1
    if found.kind == "span":
        assert found.until + timedelta(days=1) == found.first
