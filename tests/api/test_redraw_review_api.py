"""The way of a draft over HTTP: submitted, approved by a second person, sent back, opened by an edit, published."""

from typing import Any

import pytest
from api_world import NOW, at, check_problem
from fastapi.testclient import TestClient
from redraw_planner import Planner
from version_desk import NEXT, REDRAWN, SET, Desk, plan_of

from api.app import create_app
from gridmap.domain.access import Area, Grant, Kind, Principal, Role
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings


def step(planner: Planner, to: str, reason: str = "", *, seen: int | None = None) -> Any:
    revision = planner.seen if seen is None else seen
    return planner.post("/state", {"to": to, "reason": reason}, **{"if-match": f'"{revision}"'})


def stepped(planner: Planner, to: str, reason: str = "") -> dict[str, Any]:
    answer = step(planner, to, reason)
    assert answer.status_code == 200, answer.text
    return answer.json()


def number_of(planner: Planner) -> int:
    return int(planner.base.split("/")[-2])


@pytest.fixture
def planner(fresh_world) -> Planner:
    desk = Desk(fresh_world.client)
    draft = desk.draft()
    desk.put(draft, plan_of(REDRAWN))
    return Planner(fresh_world.client, f"{SET}/drafts/{draft['number']}/redraw")


@pytest.fixture
def two(planner, fresh_world) -> dict[str, Planner]:
    """The same draft for people with accounts."""
    options = {**fresh_world.settings.model_dump(), "access": "accounts"}
    app = create_app(Settings(**options), fresh_world.store, FixedClock(NOW))
    kinds = {"jia": Kind.PERSON, "yi": Kind.PERSON, "key": Kind.KEY, "street": Kind.PERSON}
    who = {
        f"gm_s_{n}": Principal(n, n, k, (Grant(Role.PLANNER, *([Area("urban", "S")] if n == "street" else [])),))
        for n, k in kinds.items()
    }
    app.state.doors.open(fresh_world.store, who.get)
    client = TestClient(app)
    return {n: Planner(client, planner.base, headers={"authorization": f"Bearer gm_s_{n}"}) for n in kinds}


def test_in_open_access_all_are_one_and_the_answer_says_so(planner) -> None:
    found = planner.get("/state").json()
    assert (found["state"], found["steps"], found["second_person"], found["revision"]) == ("open", [], False, 0)
    assert stepped(planner, "submitted", "请审核")["state"] == "submitted"
    done = stepped(planner, "approved")
    assert (done["state"], done["second_person"]) == ("approved", False)
    assert [(s["to"], s["revision"], s["reason"]) for s in done["steps"]] == [
        ("submitted", 0, "请审核"),
        ("approved", 0, ""),
    ]
    assert planner.get().json()["state"] == "approved"


def test_an_edit_opens_a_draft_again_whatever_it_was(planner) -> None:
    for way in (("submitted",), ("submitted", "approved")):
        for to in way:
            stepped(planner, to)
        planner.done("move_vertex", at=at(1 + 0.1 * (len(way) - 1), 1), to=at(1 + 0.1 * len(way), 1))
        assert planner.get("/state").json()["state"] == planner.get().json()["state"] == "open"
        check_problem(step(planner, "approved"), 409, "redraw_no_such_step")
    # taking the edits back is an edit, too: nobody looked at what came of it
    assert planner.post("/undo", {}).status_code in (200, 422)
    assert planner.get("/state").json()["state"] == "open"


def test_ways_that_there_are_none_of(planner) -> None:
    check_problem(step(planner, "approved"), 409, "redraw_no_such_step")
    check_problem(step(planner, "open", "x"), 409, "redraw_no_such_step")
    stepped(planner, "submitted")
    check_problem(step(planner, "submitted"), 409, "redraw_no_such_step")
    check_problem(step(planner, "open", " \n"), 422, "redraw_reason_needed")
    assert stepped(planner, "open", "界线未沿河")["state"] == "open"
    stepped(planner, "submitted")
    stepped(planner, "approved")
    assert stepped(planner, "open", "仍需调整")["state"] == "open"
    check_problem(step(planner, "submitted", seen=1), 412, "redraw_stale")
    check_problem(planner.post("/state", {"to": "submitted"}), 422, "redraw_revision_needed")
    assert planner.post("/state", {"to": "gone"}, **{"if-match": '"0"'}).status_code == 422


def test_who_submitted_does_not_approve_where_there_are_accounts(two) -> None:
    jia, yi = two["jia"], two["yi"]
    assert stepped(jia, "submitted")["second_person"] is True
    check_problem(step(jia, "approved"), 403, "redraw_own_submission")
    check_problem(step(two["key"], "approved"), 403, "redraw_person_needed")
    check_problem(step(two["street"], "approved"), 403, "outside_reach")
    assert jia.get("/state").json()["state"] == "submitted"
    done = stepped(yi, "approved")
    assert [(s["to"], s["by"]) for s in done["steps"]] == [("submitted", "jia"), ("approved", "yi")]


def publish(planner: Planner, **terms: Any) -> Any:
    revision = planner.client.get(SET, headers=planner.headers).json()["revision"]
    body = {"valid_from": NEXT, "expected_revision": revision, **terms}
    return planner.client.post(f"{SET}/drafts/{number_of(planner)}/publish", json=body, headers=planner.headers)


def test_what_was_redrawn_is_published_when_a_second_person_approved_exactly_that(two) -> None:
    jia, yi = two["jia"], two["yi"]
    jia.done("move_vertex", at=at(1, 1), to=at(1.2, 1.1))
    yi.seen = jia.seen
    check_problem(publish(jia), 409, "redraw_not_approved")
    assert publish(jia, dry_run=True).status_code == 200
    stepped(jia, "submitted")
    check_problem(publish(yi), 409, "redraw_not_approved")
    stepped(yi, "approved")
    # edited after the approval: nobody approved that
    yi.done("move_vertex", at=at(1.2, 1.1), to=at(1.3, 1.1))
    jia.seen = yi.seen
    check_problem(publish(jia), 409, "redraw_not_approved")
    check_problem(step(jia, "approved"), 409, "redraw_no_such_step")
    stepped(yi, "submitted")
    check_problem(step(jia, "approved", seen=1), 412, "redraw_stale")
    stepped(jia, "approved")
    stepped(jia, "open", "再看一眼")
    check_problem(publish(jia), 409, "redraw_not_approved")
    stepped(yi, "submitted")
    stepped(jia, "approved")
    done = publish(yi)
    assert done.status_code == 200, done.text
    check_problem(step(jia, "open", "x"), 409, "not_a_draft")


def test_the_gate_still_decides_and_a_draft_from_a_file_needs_no_approval(two) -> None:
    jia = two["jia"]
    assert publish(jia).status_code == 200


def test_in_open_access_the_gate_alone_decides(planner) -> None:
    planner.done("move_vertex", at=at(1, 1), to=at(1.2, 1.1))
    assert publish(planner).status_code == 200
