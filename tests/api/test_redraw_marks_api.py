"""Locks and comments over HTTP: what is locked stays, whoever draws; what is not, moves."""

from typing import Any

import pytest
from api_world import CANARY, at, check_problem
from redraw_planner import Planner
from version_desk import REDRAWN, SET, Desk, plan_of

from gridmap.services.redraw import marks


@pytest.fixture
def planner(fresh_world) -> Planner:
    desk = Desk(fresh_world.client)
    draft = desk.draft()
    desk.put(draft, plan_of(REDRAWN))
    return Planner(fresh_world.client, f"{SET}/drafts/{draft['number']}/redraw")


def lock(planner: Planner, kind: str, **what: Any) -> dict[str, Any]:
    answer = planner.post("/locks", {"kind": kind, **what})
    assert answer.status_code == 200, answer.text
    return answer.json()


def locked(planner: Planner, mark: dict[str, Any], verb: str, **body: Any) -> None:
    problem = check_problem(planner.edit(verb, **body), 409, "redraw_locked")
    assert problem["lock"] == mark["number"]


def test_a_locked_grid_stays_and_its_straight_border_takes_a_vertex(planner) -> None:
    made = lock(planner, "grid", code="E")
    assert (made["kind"], made["code"], made["mine"], made["places"]) == ("grid", "E", True, [])
    before = planner.areas()
    locked(planner, made, "move_vertex", at=at(1, 1), to=at(1.2, 1.1))
    locked(planner, made, "merge", codes=["E", "A"], into="A")
    locked(planner, made, "attributes", code="E", name="改名")
    locked(planner, made, "split", code="E", line=[at(-0.2, 1.5), at(1.2, 1.5)])
    assert planner.areas() == before
    # a border of A and C ends on that of E: a vertex on its straight line, and nothing moves
    planner.done("split", code="A", line=[at(0.5, 1.9), at(0.5, 3.1)])
    assert at(0.5, 2) in {tuple(c) for c in planner.areas()["E"].exterior.coords}
    assert planner.areas()["E"].equals(before["E"])
    planner.done("move_vertex", at=at(2, 1), to=at(1.9, 1.1))
    assert planner.delete(f"/locks/{made['number']}").status_code == 200
    planner.done("move_vertex", at=at(1, 1), to=at(1.2, 1.1))
    check_problem(planner.delete(f"/locks/{made['number']}"), 404, "redraw_mark_unknown")


def test_a_locked_border_stays_and_the_others_of_its_grids_move(planner) -> None:
    made = lock(planner, "edge", edge=[at(1, 2), at(1, 1)])
    assert made["code"] in ("C", "E")
    assert sorted(map(tuple, made["places"])) == [at(1, 1), at(1, 2)]
    locked(planner, made, "move_vertex", at=at(1, 1), to=at(1.2, 1.1))
    locked(planner, made, "insert_vertex", between=[at(1, 1), at(1, 2)], at=at(1.1, 1.5))
    locked(planner, made, "merge", codes=["C", "E"], into="C")
    locked(planner, made, "assign", ring=[at(0.8, 1.2), at(1, 1.2), at(1, 1.6), at(0.8, 1.6)], to="C")
    planner.done("move_vertex", at=at(0, 1), to=at(0, 0.9))
    # a vertex on the line moves nothing, and the border is still locked
    planner.done("insert_vertex", between=[at(1, 1), at(1, 2)], at=at(1, 1.5))
    locked(planner, made, "move_vertex", at=at(1, 1.5), to=at(1.1, 1.5))


def test_a_locked_street_holds_all_its_grids(planner) -> None:
    made = lock(planner, "area", code="S")
    locked(planner, made, "move_vertex", at=at(1, 1), to=at(1.2, 1.1))
    locked(planner, made, "move_vertex", at=at(2, 1), to=at(1.9, 1.1))
    locked(planner, made, "attributes", code="B", parent="S")
    locked(planner, made, "attributes", code="A", households=1)
    planner.done("attributes", code="B", name="改名")
    planner.done("move_vertex", at=at(3, 3), to=at(3.2, 3.1))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "grid", "code": CANARY}, "redraw_area_unknown"),
        ({"kind": "area", "code": CANARY}, "redraw_area_unknown"),
        ({"kind": "grid", "code": "S"}, "redraw_other_level"),
        ({"kind": "area", "code": "A"}, "redraw_lock_other_level"),
        ({"kind": "edge", "edge": [at(1, 1), at(1.5, 1)]}, "redraw_edge_unknown"),
        ({"kind": "edge", "edge": [at(0, 0), at(9, 9)]}, "redraw_edge_unknown"),
        ({"kind": "edge", "edge": [at(1, 1), at(1, 1)]}, "redraw_edge_unknown"),
        ({"kind": "edge", "code": "A"}, "redraw_code_or_edge"),
        ({"kind": "edge"}, "redraw_code_or_edge"),
        ({"kind": "grid"}, "redraw_code_or_edge"),
        ({"kind": "grid", "code": "A", "edge": [at(1, 1), at(1, 2)]}, "redraw_code_or_edge"),
    ],
)
def test_what_cannot_be_locked_says_why(planner, body, code) -> None:
    check_problem(planner.post("/locks", body), 422, code)
    assert planner.get("/locks").json() == {"marks": []}


def test_comments_are_pinned_listed_and_taken_away(planner) -> None:
    answer = planner.post("/comments", {"at": at(0.5, 1.5), "text": "学校门口\n是否划给 A？"})
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert (made["kind"], made["code"], made["places"]) == ("comment", "E", [list(at(0.5, 1.5))])
    outside = planner.post("/comments", {"at": at(9, 9), "text": "河对岸"}).json()
    assert outside["code"] is None
    named = planner.post("/comments", {"at": at(9, 9), "text": "街道", "code": "S"}).json()
    assert [m["text"] for m in planner.get("/comments").json()["marks"]] == ["学校门口\n是否划给 A？", "河对岸", "街道"]
    assert planner.get("/locks").json() == {"marks": []}
    check_problem(planner.delete(f"/locks/{made['number']}"), 404, "redraw_mark_unknown")
    assert planner.delete(f"/comments/{made['number']}").json() == made
    for number in (made["number"], "9" * 30, "-1", "x"):
        check_problem(planner.delete(f"/comments/{number}"), 404, "redraw_mark_unknown")
    assert [m["number"] for m in planner.get("/comments").json()["marks"]] == [outside["number"], named["number"]]
    # no edit
    assert planner.get().json()["revision"] == 0
    planner.done("move_vertex", at=at(1, 1), to=at(1.2, 1.1))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"at": at(0, 0), "text": " \n "}, "redraw_text_needed"),
        ({"at": at(0, 0), "text": "x" * 2_001}, "too_many_items"),
        ({"at": at(0, 0), "text": "x\u202e"}, "bad_text"),
        ({"at": [181, 0], "text": "x"}, "value_out_of_range"),
        ({"at": at(0, 0), "text": "x", "code": CANARY}, "redraw_area_unknown"),
    ],
)
def test_a_comment_that_is_none_says_why(planner, body, code) -> None:
    answer = planner.post("/comments", body)
    assert answer.status_code == 422
    problem = answer.json()
    assert code in {problem["code"], *(e["code"] for e in problem["errors"])}, problem
    assert planner.get("/comments").json() == {"marks": []}


def test_a_draft_has_so_many_marks_and_no_more(planner, monkeypatch) -> None:
    monkeypatch.setattr(marks, "MOST_MARKS", 2)
    for code in "AB":
        lock(planner, "grid", code=code)
    check_problem(planner.post("/locks", {"kind": "grid", "code": "C"}), 409, "redraw_marks_full")
    assert planner.post("/comments", {"at": at(0, 0), "text": "x"}).status_code == 200


def test_a_version_takes_no_marks(planner) -> None:
    base = planner.base.replace(planner.base.split("/")[-2], "1")
    other = Planner(planner.client, base)
    check_problem(other.post("/locks", {"kind": "grid", "code": "A"}), 409, "not_a_draft")
    check_problem(other.get("/comments"), 409, "not_a_draft")
