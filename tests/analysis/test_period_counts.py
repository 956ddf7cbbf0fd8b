"""Periods of one length, counts by place and period, and periods that fall into gaps."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap import equal_periods, period_counts, recorded_periods

END = datetime(2026, 10, 30, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "count", "length"),
    [(30, 30, 1), (90, 12, 7), (365, 13, 28), (1200, 13, 91), (84, 12, 7), (83, 60, 1), (5, 5, 1)],
)
def test_periods_are_of_one_length_and_end_where_the_window_does(days: int, count: int, length: int) -> None:
    found = equal_periods(END - timedelta(days=days), END)
    assert len(found) == count
    assert {b - a for a, b in found} == {timedelta(days=length)}
    assert found[-1][1] == END
    assert found[0][0] >= END - timedelta(days=days)


def test_a_window_of_hours_has_no_period() -> None:
    assert equal_periods(END - timedelta(hours=5), END) == []
    assert period_counts(pd.Series([END]), pd.Series(["a"]), ["a"], []).shape == (1, 0)


@given(st.lists(st.tuples(st.integers(-3, 40), st.sampled_from("abcx")), max_size=60))
def test_counts_are_those_of_counting_one_by_one(events: list[tuple[int, str]]) -> None:
    periods = equal_periods(END - timedelta(days=30), END)
    at = pd.Series([END - timedelta(days=days) for days, _ in events], dtype="datetime64[us, UTC]")
    found = period_counts(at, pd.Series([code for _, code in events], dtype=object), ["c", "a", "b"], periods)
    for i, code in enumerate("cab"):
        for k, (start, end) in enumerate(periods):
            wanted = sum(own == code and start <= moment < end for moment, (_, own) in zip(at, events, strict=True))
            assert found[i, k] == wanted


def test_a_period_of_which_a_fifth_is_lost_is_not_recorded() -> None:
    periods = equal_periods(END - timedelta(days=90), END)
    # one day of seven may be missing, two may not
    one, two = [(date(2026, 10, 28), date(2026, 10, 28))], [(date(2026, 10, 28), date(2026, 10, 29))]
    assert recorded_periods(periods, one, "Asia/Shanghai").all()
    assert np.flatnonzero(~recorded_periods(periods, two, "Asia/Shanghai")).tolist() == [11]
    assert recorded_periods(periods, [], "Asia/Shanghai").all()
