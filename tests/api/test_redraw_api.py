"""Redrawing over HTTP: every verb, undo and redo, two planners, and what cannot be done."""

import json
from typing import Any

import pytest
import shapely
import shapely.affinity
from api_world import CELL, at, check_problem
from redraw_planner import EN, Planner
from version_desk import OPEN, REDRAWN, SET, Desk, plan_of


@pytest.fixture
def world(fresh_world):
    return fresh_world


@pytest.fixture
def planner(world) -> Planner:
    desk = Desk(world.client)
    draft = desk.draft()
    desk.put(draft, plan_of(REDRAWN))
    return Planner(world.client, f"{SET}/drafts/{draft['number']}/redraw")


def fits(shapes: dict[str, Any], whole: Any = None) -> None:
    """Check by areas alone that shapes neither overlap nor leave anything of the whole."""
    ground = shapely.union_all(list(shapes.values()))
    assert sum(s.area for s in shapes.values()) == pytest.approx(ground.area, rel=1e-12)
    assert not [r for p in getattr(ground, "geoms", [ground]) for r in p.interiors]
    if whole is not None:
        assert shapely.symmetric_difference(ground, whole).area == pytest.approx(0, abs=1e-12)


def test_a_draft_opens_at_its_finest_tiling_level(planner) -> None:
    found = planner.state()
    assert (found["revision"], found["level"], found["areas"]) == (0, "grid", 4)
    assert found["state"] == "open"
    assert found["undo"] == found["redo"] == {"count": 0, "number": None}
    assert found["totals"]["holes"] == found["totals"]["overlaps"] == 0
    assert set(planner.areas()) == {"A", "B", "C", "E"}
    assert set(planner.areas("street")) == {"S", "T"}
    west = at(0, 0)
    inside = planner.client.get(f"{planner.base}/areas?bbox={west[0]},{west[1]},{west[0]},{west[1]}").json()
    assert {f["id"] for f in inside["features"]} == {"C"}


def test_a_shared_vertex_moves_in_every_area_and_comes_back(planner) -> None:
    before, streets = planner.areas(), planner.areas("street")
    corner, to = at(1, 1), at(1.25, 1.1)
    done = planner.done("move_vertex", at=corner, to=to)
    moved = {f["id"] for f in done["changed"]["features"]}
    assert moved == {"C", "E"}
    assert done["edit"]["verb"] == "move_vertex"
    assert (done["gained_m2"], done["lost_m2"]) == (0, 0)
    assert done["undo"] == {"count": 1, "number": 1}
    now = planner.areas()
    fits(now, shapely.union_all(list(before.values())))
    assert to in {tuple(c) for c in shapely.get_coordinates(now["E"])}
    assert to in {tuple(c) for c in shapely.get_coordinates(now["C"])}
    again = planner.back()
    assert again.json()["redo"]["count"] == 1
    assert planner.areas() == before
    assert planner.areas("street") == streets
    assert planner.back("redo").status_code == 200
    assert planner.areas() == now
    check_problem(planner.back("redo"), 422, "redraw_nothing_to_redo")


def test_areas_above_follow(planner) -> None:
    # the border between the streets runs between B and the others
    done = planner.done("move_vertex", at=at(2, 1), to=at(1.8, 1.1))
    assert {f["id"] for f in done["changed"]["features"]} >= {"B", "C", "S", "T"}
    streets = planner.areas("street")
    fits(streets, shapely.union_all(list(planner.areas().values())))
    grids = planner.areas()
    assert shapely.equals(streets["T"], grids["B"])


def test_a_vertex_is_put_in_and_taken_out(planner) -> None:
    before = planner.areas()
    done = planner.done("insert_vertex", between=[at(1, 2), at(2, 2)], at=at(1.5, 1.7))
    assert {f["id"] for f in done["changed"]["features"]} == {"A", "C"}
    fits(planner.areas(), shapely.union_all(list(before.values())))
    planner.done("remove_vertex", at=at(1.5, 1.7))
    assert all(shapely.equals(before[c], s) for c, s in planner.areas().items())
    check_problem(planner.edit("remove_vertex", at=at(1, 2)), 422, "redraw_vertex_is_corner")
    check_problem(planner.edit("remove_vertex", at=at(1.4, 1.7)), 422, "redraw_vertex_unknown")


def test_an_area_is_split_and_merged_again(planner) -> None:
    before = planner.areas()
    done = planner.done("split", code="A", line=[at(-0.3, 2.4), at(2.3, 2.5)], name="新格")
    (new,) = [f for f in done["changed"]["features"] if f["id"] not in {*before, "S", "T"}]
    assert new["properties"]["name"] == "新格"
    assert new["properties"]["parent_code"] == "S"
    fits(planner.areas(), shapely.union_all(list(before.values())))
    assert planner.areas()["A"].area > planner.areas()[new["id"]].area
    sums = {f["id"]: f["properties"]["households"] for f in done["changed"]["features"] if f["id"] in ("A", new["id"])}
    assert sum(sums.values()) == 300
    done = planner.done("merge", codes=["A", new["id"]], into="A")
    assert done["gone"] == [new["id"]]
    assert shapely.equals(planner.areas()["A"], before["A"])
    check_problem(planner.edit("merge", codes=["E", "B"], into="E"), 422, "redraw_not_neighbours")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ([at(-1, -1), at(-0.5, -1)], "redraw_line_misses"),
        ([at(-0.3, 2.4), at(1.3, 2.5)], "redraw_line_ends_inside"),
        ([at(-0.3, 2.4), at(0.5, 2.5), at(-0.3, 2.6), at(-0.3, 2.8), at(0.5, 2.7)], "redraw_line_ends_inside"),
        ([at(x, y) for x, y in ((0.2, 3.1), (0.2, 2.5), (0.4, 2.5), (0.4, 3.1), (0.6, 3.1), (0.6, 2.5), (0.8, 3.2))],
         "redraw_line_crosses_again"),
        ([at(-0.3, 2.4), at(1.5, 2.4), at(1.5, 2.7), at(1, 2.2), at(1, 3.2)], "redraw_line_crosses_itself"),
    ],
)  # fmt: skip
def test_a_line_that_does_not_split_says_why(planner, line, code) -> None:
    before = planner.areas()
    answer = check_problem(planner.edit("split", code="A", line=line), 422, code)
    assert answer["detail"]
    assert planner.areas() == before
    assert planner.state()["revision"] == 0


def test_a_piece_is_handed_over_and_free_ground_taken(planner) -> None:
    before = planner.areas()
    whole = shapely.union_all(list(before.values()))
    ring = [at(0.5, 1), at(1, 1), at(1, 2), at(0.5, 2)]
    done = planner.done("assign", ring=ring, to="C", givers=["E"])
    assert {f["id"] for f in done["changed"]["features"]} >= {"C", "E"}
    now = planner.areas()
    fits(now, whole)
    assert now["E"].area == pytest.approx(before["E"].area / 2)
    done = planner.done("assign", ring=[at(2.5, 0.5), at(3.5, 0.5), at(3.5, 1.5), at(2.5, 1.5)], to="B", ground="free")
    assert done["gained_m2"] > 0
    now = planner.areas()
    fits(now)
    assert now["B"].area == pytest.approx(before["B"].area + 0.5 * CELL**2, rel=1e-9)
    check_problem(planner.edit("assign", ring=[at(0, 1), at(1, 1), at(1, 2), at(0, 2)], to="C"), 422,
                  "redraw_area_would_vanish")  # fmt: skip
    piece = [at(0.1, 2.1), at(0.3, 2.1), at(0.3, 2.3), at(0.1, 2.3)]
    check_problem(planner.edit("assign", ring=piece, to="B"), 422, "redraw_piece_is_apart")


def test_a_new_area_is_drawn_in_a_hole_outside_and_as_an_enclave(planner) -> None:
    before = planner.areas()
    whole = shapely.union_all(list(before.values()))
    ring = [at(0.3, 2.3), at(0.7, 2.3), at(0.7, 2.7), at(0.3, 2.7)]
    done = planner.done("draw", ring=ring, name="飞地", take=True)
    fits(planner.areas(), whole)
    assert len(set(planner.areas()) - set(before)) == 1
    assert shapely.get_num_interior_rings(planner.areas()["A"]) == 1
    assert done["findings"]
    outside = [at(3, 3), at(3, 2), at(4, 2), at(4, 3)]
    planner.done("draw", ring=outside, name="新区")
    fits(planner.areas())
    assert len(planner.areas()) == 6
    check_problem(planner.edit("draw", ring=ring, name="再来"), 422, "redraw_no_free_ground")


def test_a_hole_is_found_and_filled(world) -> None:
    desk = Desk(world.client)
    draft = desk.draft()
    desk.put(draft, plan_of("AAB\nA.B\nCCB"))
    planner = Planner(world.client, f"{SET}/drafts/{draft['number']}/redraw")
    assert planner.state()["totals"]["holes"] == 1
    check_problem(planner.edit("fill", at=at(0.5, 0.5), to="A"), 422, "redraw_no_hole_here")
    done = planner.done("fill", at=at(1.5, 1.5), to="C")
    assert done["totals"]["holes"] == 0
    fits(planner.areas())
    back = planner.back().json()
    assert back["totals"]["holes"] == 1
    done = planner.done("fill", at=at(1.5, 1.5), name="补格")
    assert done["totals"]["holes"] == 0
    assert len(planner.areas()) == 4
    planner.back()
    told = planner.get("/repair?gap_width_m=1000").json()
    assert told["left"]["holes"] == 0
    assert told["free_m2"] < told["largest_m2"] == pytest.approx(sum(r["gained_m2"] for r in told["rows"]), abs=0.01)
    check_problem(planner.edit("repair", gap_width_m=1000), 409, "redraw_repair_unaccepted")
    done = planner.done("repair", gap_width_m=1000, accept_m2=told["largest_m2"])
    shown = {f["id"]: f["geometry"] for f in done["changed"]["features"]}
    assert all(shown[f["id"]] == f["geometry"] for f in told["shapes"]["features"])
    assert done["totals"]["holes"] == 0


def test_an_area_above_that_covers_others_ground_keeps_it(world) -> None:
    desk = Desk(world.client)
    draft = desk.draft()
    # street S covers the hole that T is given
    desk.put(draft, plan_of("AAB\nA.B\nCCB"))
    planner = Planner(world.client, f"{SET}/drafts/{draft['number']}/redraw")
    before = planner.areas("street")
    done = planner.done("fill", at=at(1.5, 1.5), name="补格", parent="T")
    assert done["totals"]["holes"] == 0
    after = planner.areas("street")
    assert after["T"].area > before["T"].area
    assert shapely.equals(after["S"], before["S"])


def test_what_is_written_of_an_area_changes(planner) -> None:
    done = planner.done("attributes", code="E", name="改名", households=7, parent="T")
    shown = {f["id"]: f for f in done["changed"]["features"]}
    assert shown["E"]["properties"]["name"] == "改名"
    streets = planner.areas("street")
    fits(streets, shapely.union_all(list(planner.areas().values())))
    assert shapely.covers(streets["T"], planner.areas()["E"])
    check_problem(planner.edit("attributes", code="E", name="改名"), 422, "redraw_nothing_changes")
    check_problem(planner.edit("attributes", code="E", parent="A"), 422, "redraw_parent_is_below")


def test_a_border_drawn_across_itself_or_a_neighbour_is_refused(planner) -> None:
    before = planner.areas()
    check_problem(planner.edit("move_vertex", at=at(1, 1), to=at(1.5, 3.5)), 422, "redraw_crosses_itself")
    check_problem(planner.edit("move_vertex", at=at(0, 1), to=at(2.5, 1.5)), 422, "redraw_crosses_itself")
    assert planner.areas() == before
    assert planner.state()["revision"] == 0


def test_others_edits_merge_or_are_shown_as_a_conflict(planner) -> None:
    one, two = planner, Planner(planner.client, planner.base)
    one.done("move_vertex", at=at(1, 1), to=at(1.2, 1.1))
    # elsewhere: both stand
    two.done("insert_vertex", between=[at(2, 2), at(2, 3)], at=at(2.1, 2.5))
    since = two.client.get(f"{two.base}/edits?after=0", headers=EN).json()
    assert [e["number"] for e in since["edits"]] == [1, 2]
    assert {f["id"] for f in since["changed"]["features"]} >= {"A", "B", "C", "E"}
    # the same border, as it was before the first edit
    problem = check_problem(two.edit("move_vertex", seen=0, at=at(1, 1), to=at(0.9, 0.9)), 409, "redraw_conflict")
    assert problem["numbers"]
    assert 1 in problem["numbers"]
    assert "E" in problem["codes"]
    problem = check_problem(two.edit("move_vertex", seen=0, at=at(0, 1), to=at(0.1, 0.9)), 409, "redraw_conflict")
    assert two.done("move_vertex", at=at(1.2, 1.1), to=at(1.3, 1.1))["revision"] == 3
    fits(planner.areas())
    check_problem(two.edit("move_vertex", seen=9, at=at(0, 1), to=at(0.1, 0.9)), 412, "redraw_stale")
    check_problem(two.client.post(f"{two.base}/edits", json={"verb": "fill", "at": at(0, 0)}), 422,
                  "redraw_revision_needed")  # fmt: skip


def test_a_plan_is_put_back_in_as_one_edit(planner) -> None:
    planner.done("move_vertex", at=at(1, 1), to=at(1.2, 1.1))
    drawn = planner.areas()
    desk = Desk(planner.client)
    number = int(planner.base.split("/")[-2])
    found = [v for v in planner.client.get(f"{SET}/versions").json()["versions"] if v["number"] == number]
    assert desk.put(found[0], plan_of(REDRAWN)).status_code == 200
    assert planner.state()["revision"] == 2
    assert planner.back().status_code == 200
    assert planner.areas() == drawn


def test_what_was_drawn_is_published_with_its_true_hash(planner) -> None:
    planner.done("move_vertex", at=at(1, 1), to=at(1.2, 1.1))
    drawn = planner.areas()
    number = int(planner.base.split("/")[-2])
    desk = Desk(planner.client)
    done = desk.publish({"number": number}, "2026-07-01")
    assert done.status_code == 200, done.text
    check_problem(planner.edit("move_vertex", at=at(0, 1), to=at(0.1, 0.9)), 409, "not_a_draft")
    found = planner.client.get(f"{SET}/versions/{number}/grids").json()
    assert {f["id"]: shapely.geometry.shape(f["geometry"]) for f in found["features"]} == drawn


def test_an_open_corner_is_no_hole(world) -> None:
    desk = Desk(world.client)
    draft = desk.draft()
    desk.put(draft, plan_of(OPEN))
    planner = Planner(world.client, f"{SET}/drafts/{draft['number']}/redraw")
    assert planner.state()["totals"]["holes"] == 0
    check_problem(planner.edit("fill", at=at(2.5, 0.5), to="B"), 422, "redraw_no_hole_here")


def test_a_repair_of_overlaps_is_taken_back_and_made_again(world) -> None:
    desk = Desk(world.client)
    draft = desk.draft()
    plan = plan_of("AAB\nAAB\nCCB")
    for feature in plan["features"]:
        if feature["properties"]["code"] == "B":
            aside = shapely.affinity.translate(shapely.geometry.shape(feature["geometry"]), -1e-6)
            feature["geometry"] = json.loads(shapely.to_geojson(aside))
    desk.put(draft, plan)
    planner = Planner(world.client, f"{SET}/drafts/{draft['number']}/redraw")
    before = planner.areas()
    assert planner.state()["totals"]["overlaps"] + planner.state()["totals"]["holes"] > 0
    planner.done("repair", accept_m2=1000)
    after = planner.areas()
    assert planner.state()["totals"]["overlaps"] == 0
    assert planner.back().status_code == 200
    assert planner.areas() == before
    assert planner.back("redo").status_code == 200
    assert planner.areas() == after
