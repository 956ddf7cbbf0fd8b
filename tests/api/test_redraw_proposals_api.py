"""Proposals over HTTP: started, watched, given up, taken over as one edit and taken back."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from api_world import CANARY, check_problem
from redraw_planner import Planner
from version_desk import REDRAWN, SET, Desk, plan_of

from gridmap.analysis.proposals.fishnet import fishnet
from gridmap.domain.boundaries import Grid
from gridmap.errors import NotFound, StoreUnavailable
from gridmap.services.proposals import Place, Proposals
from gridmap.services.redraw.proposed import Asked, Found, Material, found_of, found_text

#: Small cells and wide bounds: a few hundred units, divided in no time.
ASKED = {"cell_m": 40, "tolerance": 0.4, "weight": "ground"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search for a moment only."""
    for name, steps in (("_LEAST_STEPS", 2_000), ("_STEPS_A_GRID", 100), ("_STEPS_A_UNIT", 2)):
        monkeypatch.setattr(f"gridmap.analysis.proposals.search.{name}", steps)


@pytest.fixture
def planner(fresh_world) -> Planner:
    desk = Desk(fresh_world.client)
    draft = desk.draft()
    desk.put(draft, plan_of(REDRAWN))
    made = Planner(fresh_world.client, f"{SET}/drafts/{draft['number']}/redraw")
    made.seen = made.state()["revision"]
    return made


def start(planner: Planner, **body: Any) -> dict[str, Any]:
    answer = planner.post("/proposals", {**ASKED, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(planner: Planner, started: dict[str, Any], within_s: float = 60) -> dict[str, Any]:
    until = time.monotonic() + within_s
    shares = [0.0]
    while time.monotonic() < until:
        found = planner.get(f"/proposals/{started['proposal']}").json()
        assert found["progress"] >= shares[-1]
        shares.append(found["progress"])
        if found["state"] != "running":
            return found
        time.sleep(0.05)
    raise AssertionError("it does not end")


def whole(planner: Planner) -> float:
    shapes = shapely.normalize(np.array(list(planner.areas().values()), dtype=object))
    assert shapely.coverage_is_valid(shapes)
    return float(shapely.area(shapes).sum())


def test_a_candidate_is_taken_over_as_one_edit_and_taken_back(planner) -> None:
    before, ground, revision = planner.areas(), whole(planner), planner.state()["revision"]
    found = ended(planner, start(planner))
    assert found["state"] == "done"
    assert found["progress"] == 1.0
    assert found["revision"] == revision
    assert found["candidates"], found["reasons"]
    key = found["proposal"]
    for candidate in found["candidates"]:
        assert candidate["figures"]["worst_deviation"] <= 0.4 + 1e-6
        number = candidate["number"]
        shown = planner.get(f"/proposals/{key}/candidates/{number}").json()["features"]
        assert len(shown) == candidate["changed"] + candidate["founded"]
        if not shown:
            continue
        # looked at, taken over, taken back, and the next one
        answer = planner.post(f"/proposals/{key}/candidates/{number}", None)
        assert answer.status_code == 200, answer.text
        done = answer.json()
        revision += 1
        assert done["revision"] == revision
        assert (done["gained_m2"], done["lost_m2"]) == (0, 0)
        assert done["edit"]["verb"] == "replace"
        assert whole(planner) == pytest.approx(ground, rel=1e-10)
        after = planner.areas()
        assert after != before
        assert not set(after) & {f["id"] for f in shown if f["properties"]["new"]}
        assert planner.back().status_code == 200
        revision += 1
        assert planner.areas() == before


def test_new_grids_get_codes_and_a_locked_one_stays(planner) -> None:
    before = planner.areas()
    mark = planner.post("/locks", {"kind": "grid", "code": "E"})
    assert mark.status_code == 200, mark.text
    found = ended(planner, start(planner, grids=len(before) + 1, tolerance=0.6))
    assert found["candidates"], found["reasons"]
    answer = planner.post(f"/proposals/{found['proposal']}/candidates/1", None)
    assert answer.status_code == 200, answer.text
    after = planner.areas()
    assert len(after) == len(before) + 2
    assert not [code for code in after if code.startswith("new")]
    assert after["E"].normalize().equals(before["E"].normalize())


def test_a_grid_that_somebody_drew_meanwhile_is_a_conflict(planner) -> None:
    found = ended(planner, start(planner))
    code = next(
        f["id"]
        for f in planner.get(f"/proposals/{found['proposal']}/candidates/1").json()["features"]
        if not f["properties"]["new"]
    )
    planner.done("attributes", code=code, name="改了名")
    after = planner.areas()
    problem = check_problem(planner.post(f"/proposals/{found['proposal']}/candidates/1", None), 409, "redraw_conflict")
    assert code in problem["codes"]
    assert planner.areas() == after
    planner.back()
    assert planner.post(f"/proposals/{found['proposal']}/candidates/1", None).status_code == 200


def test_a_search_is_one_at_a_time_and_can_be_given_up(planner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridmap.analysis.proposals.search._STEPS_A_UNIT", 10_000_000)
    monkeypatch.setattr("gridmap.analysis.proposals.search._MOST_STEPS", 10**12)
    started = start(planner, cell_m=20)
    assert started["state"] == "running"
    check_problem(planner.post("/proposals", ASKED), 409, "propose_under_way")
    given_up = planner.delete(f"/proposals/{started['proposal']}").json()
    assert given_up["state"] == "cancelled"
    assert ended(planner, started)["state"] == "cancelled"
    check_problem(
        planner.post(f"/proposals/{started['proposal']}/candidates/1", None), 404, "propose_candidate_unknown"
    )
    # an ended one is forgotten when it is taken away
    assert planner.delete(f"/proposals/{started['proposal']}").status_code == 200
    check_problem(planner.get(f"/proposals/{started['proposal']}"), 404, "propose_unknown")


def test_what_cannot_be_had_is_said(planner) -> None:
    found = ended(planner, start(planner, floor=1e9))
    assert found["state"] == "done"
    assert found["candidates"] == []
    assert {r["code"] for r in found["reasons"]} == {"below_floor"}
    assert "Lower the floor" in found["reasons"][0]["message"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"areas": ["NOSUCH"]}, 422, "redraw_area_unknown"),
        ({"layer": "nosuch"}, None, None),
        ({"weight": CANARY}, 422, None),
        ({"grids": 0}, 422, None),
        ({"tolerance": 1.5}, 422, None),
    ],
)
def test_bad_requests_are_refused_at_once(planner, body: dict[str, Any], status: int | None, code: str | None) -> None:
    answer = planner.post("/proposals", {**ASKED, **body})
    assert 400 <= answer.status_code < 500
    if status is not None:
        assert answer.status_code == status
    if code is not None:
        check_problem(answer, status, code)
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"cell_m": 1e9}, "propose_cell_size"),
        ({"cell_m": 5}, "propose_too_many_units"),
        ({"floor": 5, "ceiling": 4}, "propose_floor_over_ceiling"),
    ],
)
def test_a_search_that_cannot_begin_says_why(planner, body, code, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridmap.services.redraw.proposed.ground_of.__kwdefaults__", {
        **_ground_defaults(), "limit": 2_000
    })  # fmt: skip
    found = ended(planner, start(planner, **body))
    assert (found["state"], found["error"]) == ("failed", code)
    assert found["message"]


def _ground_defaults() -> dict[str, Any]:
    from gridmap.analysis.proposals.ground import ground_of

    return dict(ground_of.__kwdefaults__)


def test_another_process_finds_a_search_and_sees_when_its_own_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "proposals"
    one, other = Proposals(folder), Proposals(folder)
    place = Place("me", "urban", 3)
    ring = shapely.box(120, 36, 120.004, 36.004)
    material = Material(Asked(weight="ground", cell_m=50), (Grid("A", "", "grid", ring, "X"),), None, None)
    key = one.start(place, 7, material).key
    until = time.monotonic() + 30
    while other.find(place, key).state == "running" and time.monotonic() < until:
        time.sleep(0.02)
    assert other.find(place, key).state == "done"
    assert other.find(place, key).revision == 7
    for somebody in (Place("you", "urban", 3), Place("me", "urban", 4), Place("me", "health", 3)):
        with pytest.raises(Exception, match="no such search"):
            other.find(somebody, key)
    for nonsense in ("", "..", "0" * 15, "../../etc/passwd"):
        with pytest.raises(Exception, match="no such search"):
            other.find(place, nonsense)
    state = folder / key / "state.json"
    state.write_text(state.read_text().replace('"state": "done"', '"state": "running"').replace(
        '"pid": ', '"pid": 999999999, "was": '
    ))  # fmt: skip
    assert other.find(place, key).state == "failed"
    assert len(fishnet(np.array([ring]), cell_m=50)) > 10


def test_candidates_are_kept_as_they_are(tmp_path: Path) -> None:
    ring = shapely.Polygon([(120.1, 36.1), (120.1000000001, 36.2), (120.3, 36.15)])
    grids = (Grid("A", "甲", "grid", ring, "X", "town", 7, {"note": "一"}), Grid("new-1", "", "grid", ring))
    found = [Found(grids, ("new-1",), ("B",), "0" * 64), Found((), (), (), "")]
    again = found_of(found_text(found))
    assert again == found
    assert shapely.to_wkb(again[0].grids[0].geometry) == shapely.to_wkb(ring)


def test_a_folder_that_somebody_else_may_write_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "proposals"
    folder.mkdir()
    folder.chmod(0o777)
    ring = shapely.box(120, 36, 120.004, 36.004)
    material = Material(Asked(weight="ground", cell_m=50), (Grid("A", "", "grid", ring, "X"),), None, None)
    searches = Proposals(folder)
    with pytest.raises(StoreUnavailable) as refused:
        searches.start(Place("me", "urban", 3), 7, material)
    assert refused.value.code == "propose_folder_taken"
    assert not list(folder.iterdir())
    (folder / ("0" * 16)).mkdir()
    with pytest.raises(NotFound):
        searches.find(Place("me", "urban", 3), "0" * 16)
