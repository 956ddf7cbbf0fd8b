"""Scores by tables of weights: limits, ties, what cannot be scored, and the tables that come with the package."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from case_frames import START, case_frame, tianmen, went
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.analysis.evaluation import Evaluation, Score, evaluate
from gridmap.domain.evaluation import evaluation_tables, packaged_evaluation, read_evaluation
from gridmap.errors import GridmapError

LATER = START + timedelta(days=60)
JINHUA = packaged_evaluation("jinhua")
HEAD = 'name = "x"\nby = "unit"\ndocument = "d"\nprovenance = "city"\ntitle = { zh = "甲", en = "a" }\n'
ITEM = '[[item]]\nid = "a"\npoints = 10\ntitle = { zh = "甲", en = "a" }\n'
LOSS = '[[item.loss]]\nindicator = "closing"\ntarget = 95\neach = 1\n'


def of(unit: str, closed: int, late: int, waiting: int, **more: Any) -> list[dict[str, Any]]:
    rows = [went("closed")] * closed + [went("closed", hours=50)] * late + [went("handling")] * waiting
    return [row | {"unit": unit} | more for row in rows]


def scored(rows: list[dict[str, Any]], noted: Any = None, **options: Any) -> Mapping[str | None, Score]:
    found = evaluate(case_frame(rows), options.pop("table", JINHUA), at=LATER, noted=noted, **options)
    return {score.subject: score for score in found.scores}


def points(score: Score) -> dict[str, Decimal | None]:
    return {i.item.id: i.points for i in score.items}


def test_full_points_at_the_target_and_one_less_a_point_below() -> None:
    found = scored([*of("a", 70, 20, 10), *of("b", 69, 21, 10), *of("c", 70, 19, 11)])
    assert points(found["a"])["on_time_closing"] == 50
    assert points(found["b"])["on_time_closing"] == 49
    assert points(found["a"])["closing"] == 20
    assert points(found["c"])["closing"] == 19


def test_a_part_of_a_point_counts_in_proportion_and_nothing_falls_below_zero() -> None:
    found = scored([*of("a", 139, 0, 61), *of("b", 0, 0, 5)])
    assert points(found["a"])["on_time_closing"] == Decimal("49.50")
    assert points(found["b"]) == {"on_time_closing": 0, "closing": 0, "emergencies": None, "quality": 5}


def test_emergencies_are_scored_by_themselves() -> None:
    rows = [*of("a", 100, 0, 0), *of("a", 18, 1, 1, emergency=True)]
    # closing 95 % of 100 is 5 points short, on time 90 % of 95 is 5 points short
    assert points(scored(rows)["a"])["emergencies"] == 5


def test_rework_by_how_often() -> None:
    row = went("closed") | {"unit": "a"}
    rows = [row | {"reworks": n} for n in (0, 1, 2, 3, 7)]
    # what was merged or appealed costs nothing
    rows += [row | {"reworks": 3, "appealed": True}, row | {"reworks": 3, "status": "merged"}]
    assert points(scored(rows)["a"])["quality"] == Decimal("3.60")


def test_what_cannot_be_scored_is_said_and_is_not_part_of_the_whole() -> None:
    rows = [*of("a", 10, 0, 0), *[went("reported") | {"unit": "b"}]]
    found = scored(rows)
    assert [i.id for i in found["a"].unscored] == ["emergencies"]
    assert (found["a"].points, found["a"].of, found["a"].share) == (75, 75, 100)
    assert [i.id for i in found["b"].unscored] == ["on_time_closing", "closing", "emergencies"]
    assert found["b"].of == 5
    table = read_evaluation(HEAD + ITEM + LOSS)
    nothing = scored([went("reported") | {"unit": "b"}], table=table)["b"]
    assert (nothing.of, nothing.share, nothing.rank) == (0, None, None)


def test_notes_cost_points_and_their_lack_is_said() -> None:
    frame = case_frame(of("a", 10, 0, 0))
    silent = evaluate(frame, JINHUA, at=LATER)
    assert silent.not_noted == ("fraud", "shirking")
    noted = evaluate(frame, JINHUA, at=LATER, noted={"a": {"fraud": 2}})
    assert noted.not_noted == ()
    assert points(noted.scores[0])["quality"] == 3


def test_ranks_with_ties() -> None:
    rows = [*of("d", 10, 0, 0), *of("a", 1, 0, 9), *of("b", 10, 0, 0), *of("c", 5, 0, 5)]
    nobody = [row | {"unit": None} for row in of("x", 10, 0, 0)]
    found = evaluate(case_frame(rows + nobody), JINHUA, at=LATER)
    assert [(s.subject, s.rank) for s in found.scores if s.subject] == [("b", 1), ("d", 1), ("c", 3), ("a", 4)]
    assert [s.rank for s in found.scores if s.subject is None] == [None]


def test_only_the_rows_asked_for() -> None:
    frame = case_frame([*of("a", 10, 0, 0), *of("a", 0, 0, 10), *of("b", 0, 0, 1)])
    among = (frame["status"] == "closed").to_numpy()
    found = evaluate(frame, JINHUA, at=LATER, among=among)
    assert [(s.subject, s.share) for s in found.scores] == [("a", 100)]


def test_sixty_points_times_the_rate() -> None:
    frame = tianmen().assign(unit="city")
    (score,) = evaluate(frame, packaged_evaluation("on-time-60"), at=LATER).scores
    # 60 x 737 / 972
    assert score.points == Decimal("45.49")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)), max_size=6)
)
def test_scores_hold_together(parts: list[tuple[str, int, int, int]]) -> None:
    rows = [row for unit, closed, late, waiting in parts for row in of(unit, closed, late, waiting)]
    found: Evaluation = evaluate(case_frame(rows), JINHUA, at=LATER)
    assert {s.subject for s in found.scores} == {row["unit"] for row in rows}
    shares = [s.share for s in found.scores if s.share is not None]
    assert shares == sorted(shares, reverse=True)
    for score in found.scores:
        assert 0 <= score.points <= score.of <= 85
        assert score.points == sum(i.points for i in score.items if i.points is not None)
        assert score.rank == 1 + sum(x > score.share for x in shares)


def test_every_table_of_the_package_is_read_and_named() -> None:
    assert evaluation_tables() == ("jinhua", "on-time-60")
    for name in evaluation_tables():
        table = packaged_evaluation(name)
        assert table.name == name
        assert table.document


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ("name = [", "/"),
        (HEAD, "/item"),
        (HEAD + "weight = 3\n" + ITEM + LOSS, "/"),
        (HEAD.replace('"unit"', '"moon"') + ITEM + LOSS, "/by"),
        (HEAD + ITEM, "/item/0/loss"),
        (HEAD + ITEM + LOSS + ITEM + LOSS, "/item/1/id"),
        (HEAD + ITEM.replace("10", "-1") + LOSS, "/item/0/points"),
        (HEAD + ITEM.replace("10", "inf") + LOSS, "/"),
        (HEAD + ITEM.replace("10", "true") + LOSS, "/item/0/points"),
        (HEAD + ITEM + LOSS.replace("95", "101"), "/item/0/loss/0/target"),
        (HEAD + ITEM + LOSS.replace('"closing"', '"backlog"'), "/item/0/loss/0/indicator"),
        (HEAD + ITEM + LOSS + 'note = "x"\n', "/item/0/loss/0"),
        (HEAD + ITEM + '[[item.loss]]\ncolumn = "reworks"\nlow = 2\nhigh = 1\neach = 1\n', "/item/0/loss/0/high"),
    ],
)
def test_a_wrong_table_is_told_with_its_place(content: str, pointer: str) -> None:
    with pytest.raises(GridmapError) as caught:
        read_evaluation(content)
    assert (caught.value.code, caught.value.fields["pointer"]) == ("book_wrong", pointer)


def test_an_unknown_table() -> None:
    with pytest.raises(GridmapError, check=lambda error: error.code == "evaluation_unknown"):
        packaged_evaluation("atlantis")
