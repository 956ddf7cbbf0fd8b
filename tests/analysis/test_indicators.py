"""Indicators: the published examples, every number against a count row by row, and the cases behind each."""

import math
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from case_frames import START, TIMES, case_frame, olympics, tianmen, went
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.analysis.indicators import INDICATORS, Terms, indicators, month_on_month, year_on_year
from gridmap.analysis.indicators.groups import PERIODS, before, period_of, start_of, year_before
from gridmap.errors import GridmapError

LATER = START + timedelta(days=60)
ZONE = ZoneInfo("Asia/Shanghai")
GRIDS = {"G1": "A", "G2": "A", "G3": "B"}
RATES = tuple(name for name in INDICATORS if name != "repeat")


def refused(code: str) -> Any:
    return pytest.raises(GridmapError, check=lambda error: error.code == code)


def test_the_published_example_of_2008() -> None:
    figures = indicators(olympics(), at=LATER, names=("filing", "closing", "backlog"))
    assert [int(figures.counts("closing")[k][0]) for k in (0, 1)] == [3350, 3447]
    assert round(float(figures.values("closing")[0]), 2) == 97.19
    assert figures.counts("backlog")[0][0] == 97


def test_the_published_example_of_tianmen() -> None:
    figures = indicators(tianmen(), at=LATER, names=("filing", "closing", "on_time_closing"))
    assert [round(float(figures.values(name)[0]), 2) for name in figures.names] == [94.50, 93.72, 75.82]
    assert [tuple(int(c[0]) for c in figures.counts(name)) for name in figures.names] == [
        (996, 1054),
        (911, 972),
        (737, 972),
    ]


# -- against a count row by row ---------------------------------------------------------------------------------------


def said(row: Any, name: str, at: datetime) -> tuple[float, bool]:
    """What one case adds to the numerator of an indicator, and whether it is in the denominator."""

    def known(column: str) -> bool:
        return row[column] is not None

    counted = row["status"] != "merged" and not row["appealed"]
    filed = counted and known("filed_at") and row["status"] not in ("reported", "rejected")
    sent = filed and known("dispatched_at")
    handled = sent and known("handled_at")
    closed = filed and row["status"] == "closed"
    due = filed and known("due_at") and row["due_at"] <= at and not row["deferred"]
    done = row["handled_at"] if known("handled_at") else row["closed_at"]
    in_time = due and done is not None and done <= row["due_at"]
    match name:
        case "filing":
            return filed, counted
        case "dispatch_accuracy":
            return sent and row["returns"] == 0, sent
        case "closing":
            return due and closed, due
        case "on_time_closing":
            return due and closed and in_time, due
        case "handling_hours":
            timed = closed and handled
            return (row["handled_at"] - row["dispatched_at"]) // timedelta(microseconds=1) if timed else 0, timed
        case "rework":
            return handled and row["reworks"] > 0, handled
        case "return":
            return sent and row["returns"] > 0, sent
        case "backlog":
            return filed and not closed, filed
        case "proactive":
            return counted and row["channel"] in ("patrol", "video", "sensor", "survey"), counted
    raise KeyError(name)


def keyed(row: Any, by: str) -> str | None:
    match by:
        case "grid":
            return row["grid_code"]
        case "area":
            return GRIDS.get(row["grid_code"])
        case "class":
            return row["category"].split("-")[0]
        case "unit" | "category" | "channel" | "kind":
            return row[by]
    return period_of(row["reported_at"].astimezone(ZONE).date(), by)


moments = st.integers(0, 300 * 24 * 60).map(lambda m: START + timedelta(minutes=m))
rows = st.fixed_dictionaries(
    {
        "reported_at": moments,
        "category": st.sampled_from(["E1-01", "E1-02", "E2-01"]),
        "channel": st.sampled_from(["patrol", "video", "hotline", "app"]),
        "kind": st.sampled_from(["report", "complaint"]),
        "status": st.sampled_from(
            [
                "reported",
                "filed",
                "dispatched",
                "handling",
                "handled",
                "verified",
                "suspended",
                "closed",
                "rejected",
                "merged",
            ]
        ),
        "grid_code": st.sampled_from(["G1", "G2", "G3", "G9", None]),
        "unit": st.sampled_from(["dept:a", "grid:G1", None]),
        **{name: st.none() | moments for name in TIMES[1:]},
        "returns": st.integers(0, 2),
        "reworks": st.integers(0, 3),
        "deferred": st.booleans(),
        "appealed": st.booleans(),
    }
)
groupings = st.lists(
    st.sampled_from(["grid", "area", "unit", "category", "class", "channel", "kind", *PERIODS]), unique=True, max_size=3
)


@settings(max_examples=100, deadline=None)
@given(st.lists(rows, max_size=15), groupings, moments)
def test_every_number_is_that_of_a_count_row_by_row(held: list[dict[str, Any]], by: list[str], at: datetime) -> None:
    figures = indicators(case_frame(held), by, at=at, areas=GRIDS, names=RATES)
    naive: dict[Any, dict[str, list[float]]] = defaultdict(lambda: {name: [0, 0] for name in RATES})
    for row in held:
        cell = naive[tuple(keyed(row, name) for name in by)]
        for name in RATES:
            above, below = said(row, name, at)
            cell[name][0] += above
            cell[name][1] += below
    if not by:
        assert len(figures.keys) == 1
    else:
        assert len(figures.keys) == len(naive)
    for key, cell in naive.items():
        n = figures.row(*key)
        for name in RATES:
            assert [figures.counts(name)[0][n], figures.counts(name)[1][n]] == cell[name]
            value = figures.values(name)[n]
            if cell[name][1] == 0:
                assert math.isnan(value)
            else:
                factor = 100 if INDICATORS[name].unit == "%" else 1 / 3.6e9
                assert value == pytest.approx(cell[name][0] * factor / cell[name][1], rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, max_size=15), groupings, moments)
def test_the_cases_behind_a_number_are_as_many_as_it_says(
    held: list[dict[str, Any]], by: list[str], at: datetime
) -> None:
    figures = indicators(case_frame(held), by, at=at, areas=GRIDS)
    for name in INDICATORS:
        seen: list[int] = []
        for n in range(len(figures.keys)):
            below = figures.cases(name, n, "denominator")
            above = figures.cases(name, n)
            assert len(below) == figures.counts(name)[1][n]
            assert set(above) <= set(below)
            if INDICATORS[name].unit == "%":
                assert len(above) == figures.counts(name)[0][n]
            else:
                assert set(above) == set(below)
            seen += list(below)
        assert len(seen) == len(set(seen))


# -- sense ------------------------------------------------------------------------------------------------------------


def test_nothing_of_nothing_is_no_data() -> None:
    empty = indicators(case_frame([]), at=LATER)
    assert all(math.isnan(empty.values(name)[0]) for name in INDICATORS)
    fresh = indicators(case_frame([went("reported")]), at=LATER)
    assert math.isnan(fresh.values("closing")[0])
    assert fresh.values("filing")[0] == 0.0


def test_a_limit_is_up_at_its_moment_and_handling_then_is_on_time() -> None:
    row = went("closed", hours=8 - 1 / 6)  # handled 8 hours after it was filed, the very moment
    case = case_frame([row])
    assert row["handled_at"] == row["due_at"]
    figures = indicators(case, at=row["due_at"], names=("on_time_closing",))
    assert [int(c[0]) for c in figures.counts("on_time_closing")] == [1, 1]
    assert indicators(case, at=row["due_at"] - timedelta(microseconds=1)).counts("closing")[1][0] == 0
    late = case_frame([row | {"handled_at": row["due_at"] + timedelta(microseconds=1)}])
    assert indicators(late, at=LATER).values("on_time_closing")[0] == 0.0


def test_suspended_cases_are_not_due_and_appealed_ones_in_no_rate() -> None:
    case = case_frame(
        [went("closed"), went("suspended") | {"deferred": True}, went("closed", hours=90) | {"appealed": True}]
    )
    figures = indicators(case, at=LATER)
    assert [int(c[0]) for c in figures.counts("on_time_closing")] == [1, 1]
    assert [int(c[0]) for c in figures.counts("filing")] == [2, 2]


def test_a_day_is_that_of_the_district() -> None:
    night = [went("reported", start=datetime(2026, 2, 28, 15, 59, 59, tzinfo=UTC)),
             went("reported", start=datetime(2026, 2, 28, 16, 0, tzinfo=UTC))]  # fmt: skip
    keys = indicators(case_frame(night), ("day", "month"), at=LATER).keys
    assert keys.to_numpy().tolist() == [["2026-02-28", "2026-02"], ["2026-03-01", "2026-03"]]
    assert indicators(case_frame(night), ("month",), at=LATER, zone="UTC").keys["month"].tolist() == ["2026-02"]


def test_the_order_of_rows_changes_nothing() -> None:
    case = tianmen().assign(category=lambda f: np.where(np.arange(len(f)) % 3, "E1-01", "E2-01"))
    mixed = case.sample(frac=1, random_state=3)
    one, two = (indicators(f, ("category", "week"), at=LATER).frame for f in (case, mixed))
    assert one.equals(two)


def test_against_the_month_before_and_the_year_before() -> None:
    def month(year: int, number: int, closed: int, handling: int) -> list[dict[str, Any]]:
        start = datetime(year, number, 10, tzinfo=UTC)
        return [went("closed", start=start)] * closed + [went("handling", start=start)] * handling

    case = case_frame([*month(2025, 3, 4, 1), *month(2026, 2, 3, 1), *month(2026, 3, 9, 1)])
    figures = indicators(case, ("month",), at=LATER + timedelta(days=200), names=("closing",))
    now = month_on_month(figures)
    assert now["against"].tolist() == ["2025-02", "2026-01", "2026-02"]
    assert now["closing_change"].tolist()[2] == pytest.approx(15.0)
    assert now["closing_before"].isna().tolist() == [True, True, False]
    past = year_on_year(figures)
    assert past["closing_before"].tolist()[2] == pytest.approx(80.0)
    assert past["closing_change"].tolist()[2] == pytest.approx(10.0)


def test_comparisons_stay_in_their_group() -> None:
    start = datetime(2026, 2, 10, tzinfo=UTC)
    case = case_frame(
        [
            went("closed", start=start) | {"grid_code": "G1"},
            went("handling") | {"grid_code": "G2"},
            went("closed") | {"grid_code": None},
        ]
    )
    found = month_on_month(indicators(case, ("grid", "month"), at=LATER, names=("closing",)))
    assert found["closing_change"].isna().all()


@pytest.mark.parametrize("period", PERIODS)
def test_periods_follow_each_other(period: str) -> None:
    day, labels = date(2019, 12, 25), []
    while day < date(2028, 3, 3):
        label = period_of(day, period)
        if not labels or labels[-1] != label:
            if labels:
                assert before(label, period) == labels[-1]
                assert start_of(label) == day
            labels.append(label)
        day += timedelta(days=1)
    assert labels == sorted(labels)


def test_a_year_without_such_a_day_or_week() -> None:
    assert [year_before(x) for x in ("2024-02-29", "2026-W53", "2021-W53")] == [None, None, "2020-W53"]
    assert [year_before(x) for x in ("2026-03-01", "2026-Q1", "2026-03", "2026")] == [
        "2025-03-01",
        "2025-Q1",
        "2025-03",
        "2025",
    ]


def test_what_is_asked_wrongly() -> None:
    case = tianmen()
    for by in (("nobody",), ("grid", "grid"), ("area",)):
        with refused("indicator_by"):
            indicators(case, by, at=LATER)
    with refused("indicator_unknown"):
        indicators(case, at=LATER, names=("luck",))
    with refused("indicator_time"):
        indicators(case, at=LATER.replace(tzinfo=None))
    with refused("column_missing"):
        indicators(case.drop(columns=["due_at"]), at=LATER)
    with refused("not_positive"):
        indicators(case, at=LATER, terms=Terms(repeat_m=0))
    with refused("indicator_group"):
        indicators(case, ("grid",), at=LATER).row("G7")
    with refused("indicator_period"):
        month_on_month(indicators(case, ("grid",), at=LATER))
