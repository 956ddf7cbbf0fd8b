"""The leader's numbers against a count case by case in plain Python."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from case_frames import START, case_frame, went
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.analysis.indicators.groups import period_of
from gridmap.analysis.leading import NUMBERS, leading
from gridmap.errors import InvalidInput

ZONE = ZoneInfo("Asia/Shanghai")
AT = START + timedelta(days=400)
AREAS = {"G1": "A", "G2": "A", "G3": "B"}


@st.composite
def cases(draw: Any) -> list[dict[str, Any]]:
    return [
        went(draw(st.sampled_from(["reported", "filed", "handled", "closed"])), hours=draw(st.floats(0.5, 20)),
             start=START + timedelta(hours=draw(st.integers(0, 24 * 60))))
        | {"grid_code": draw(st.sampled_from(["G1", "G2", "G3", "G9", None])),
           "category": draw(st.sampled_from(["E1-01", "E1-02", "E2-01"]))}
        for _ in range(draw(st.integers(0, 25)))
    ]  # fmt: skip


def is_due(row: dict[str, Any]) -> bool:
    return row.get("filed_at") is not None and row["due_at"] <= AT


def in_time(row: dict[str, Any]) -> bool:
    return row["status"] == "closed" and row["handled_at"] <= row["due_at"]


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(1, 60), st.integers(10, 59), st.sampled_from([None, frozenset({"G1", "G2"})]))
def test_every_number_is_that_of_a_count_case_by_case(
    rows: list[dict[str, Any]], days: int, end_day: int, grids: frozenset[str] | None
) -> None:
    end = START + timedelta(days=end_day, hours=7)
    start = end - timedelta(days=days)
    board = leading(case_frame(rows), start, end, at=AT, zone="Asia/Shanghai", areas=AREAS, grids=grids)
    mine = [row for row in rows if grids is None or row["grid_code"] in grids]
    now = [row for row in mine if start <= row["reported_at"] < end]
    was = [row for row in mine if start - (end - start) <= row["reported_at"] < start]
    assert board.before == start - (end - start)
    for figures, held in ((board.now, now), (board.was, was)):
        assert figures.names == NUMBERS
        assert figures.counts("filing")[1].tolist() == [len(held)]
        assert figures.counts("on_time_closing")[1].tolist() == [sum(map(is_due, held))]
        assert figures.counts("on_time_closing")[0].tolist() == [sum(is_due(r) and in_time(r) for r in held)]
    for figures, key in ((board.types, "category"), (board.types_was, "category")):
        held = now if figures is board.types else was
        found = dict(zip(figures.keys[key], figures.counts("filing")[1].tolist(), strict=True))
        assert {k: n for k, n in found.items() if n} == Counter(row["category"] for row in held)
    places = dict(zip(board.places.keys["area"], board.places.counts("filing")[1].tolist(), strict=True))
    assert {k: n for k, n in places.items() if n} == Counter(AREAS.get(str(row["grid_code"])) for row in now)
    local = [row["reported_at"].astimezone(ZONE) for row in now]
    course = dict(zip(board.course.keys[board.period], board.course.counts("filing")[1].tolist(), strict=True))
    assert {k: n for k, n in course.items() if n} == Counter(period_of(t.date(), board.period) for t in local)
    assert set(course) - set(board.labels) <= {k for k, n in course.items() if not n}
    assert list(board.labels) == sorted(board.labels)
    assert Counter({(d, h): int(n) for d, row in enumerate(board.hours) for h, n in enumerate(row) if n}) == Counter(
        (t.weekday(), t.hour) for t in local
    )


def board_of(days: int) -> Any:
    return leading(case_frame([went("closed")]), START, START + timedelta(days=days), at=AT)


def test_a_course_goes_by_day_then_week_then_month_and_names_those_without_a_case() -> None:
    assert [(board.period, len(board.labels)) for board in map(board_of, (1, 45, 46, 200, 201))] == [
        ("day", 2), ("day", 46), ("week", 7), ("week", 29), ("month", 7)
    ]  # fmt: skip
    assert board_of(2).labels == ("2026-03-02", "2026-03-03", "2026-03-04")


def test_without_areas_places_are_grids() -> None:
    assert board_of(3).places.by == ("grid",)


@pytest.mark.parametrize("end", [START, START - timedelta(days=1)])
def test_a_period_that_ends_before_it_begins_is_refused(end: datetime) -> None:
    with pytest.raises(InvalidInput) as error:
        leading(case_frame([]), START, end, at=AT)
    assert error.value.code == "window_reversed"


def test_no_cases_at_all_are_no_numbers_and_no_error() -> None:
    board = leading(case_frame([]), START, START + timedelta(days=30), at=AT)
    assert board.now.counts("filing")[1].tolist() == [0]
    assert len(board.types.keys) == 0
    assert int(board.hours.sum()) == 0
