"""Half-open days: laying a list on some days changes these days and no other."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.spans import Span, lay, next_change

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(9)]


@st.composite
def spans(draw):
    start = draw(st.integers(0, 7))
    end = draw(st.one_of(st.none(), st.integers(start + 1, 8)))
    return Span(DAYS[start], None if end is None else DAYS[end])


def holding(held, day):
    return sum(span.holds_at(day) for span in held)


@given(st.lists(spans(), max_size=5), spans(), st.integers(0, 3))
def test_laying_sets_the_days_given_and_keeps_the_others(held, where, count):
    laid = lay(held, count, where.start, where.end)
    for day in [FIRST - timedelta(days=1), *DAYS, DAYS[-1] + timedelta(days=400)]:
        assert holding(laid, day) == (count if where.holds_at(day) else holding(held, day))
    assert all(span.end is None or span.start < span.end for span in laid)
    starts = {span.start for span in laid}
    assert not starts & {span.end for span in laid}, "spans that meet are one"
    assert lay(laid, count, where.start, where.end) == laid


@given(st.lists(spans(), max_size=5), st.sampled_from(DAYS))
def test_nothing_changes_before_the_next_change(held, day):
    found = next_change(held, day)
    later = [d for d in [*DAYS, DAYS[-1] + timedelta(days=1)] if d > day]
    if found is None:
        assert {holding(held, d) for d in later} <= {holding(held, day)}
    else:
        assert found > day
        assert {holding(held, d) for d in later if d < found} <= {holding(held, day)}
        assert any(found in (span.start, span.end) for span in held)
