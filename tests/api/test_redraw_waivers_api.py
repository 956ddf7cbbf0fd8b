"""Waivers over HTTP: signed, shown, demanded by the gate, gone with what they were signed for, and taken back."""

from typing import Any

import pytest
from api_world import at, check_problem
from redraw_planner import EN, Planner
from version_desk import NEXT, REDRAWN, SET, Desk, plan_of

REASON = "老旧小区，暂不调整"


def with_rules(client: Any, rules: Any = "social-urban") -> Desk:
    """Let the set follow rules: its grids lie in streets directly, which these do not want."""
    known = client.get(SET).json()
    body = {"title": known["title"], "code_scheme": known["code_scheme"], "levels": known["levels"], "rules": rules}
    answer = client.put(SET, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["rules"] == rules
    return Desk(client)


@pytest.fixture
def desk(fresh_world) -> Desk:
    return with_rules(fresh_world.client)


def drawn(desk: Desk) -> Planner:
    draft = desk.draft()
    changed = desk.put(draft, plan_of(REDRAWN))
    assert changed.status_code == 200, changed.text
    return Planner(desk.client, f"{SET}/drafts/{draft['number']}/redraw")


@pytest.fixture
def planner(desk: Desk) -> Planner:
    return drawn(desk)


def found(planner: Planner, rule: str = "social_parent") -> dict[str, dict[str, Any]]:
    """The findings of a rule by the code they name."""
    answer = planner.get("/findings")
    assert answer.status_code == 200, answer.text
    return {f["codes"][0]: f for f in answer.json()["findings"] if f["rule"] == rule}


def sign(planner: Planner, code: str, rule: str = "social_parent", reason: str = REASON) -> Any:
    return planner.post("/waivers", {"rule": rule, "codes": [code], "reason": reason})


def signed(planner: Planner, *codes: str) -> list[dict[str, Any]]:
    answers = [sign(planner, code) for code in codes]
    assert [a.status_code for a in answers] == [200] * len(codes), [a.text for a in answers]
    return [a.json() for a in answers]


def publish(desk: Desk, planner: Planner, **terms: Any) -> Any:
    number = int(planner.base.split("/")[-2])
    return desk.publish({"number": number}, NEXT, **terms)


def test_findings_say_who_asks_and_what_they_want(planner) -> None:
    one = found(planner)["A"]
    assert one["message"] == (
        "Grid A belongs to a street directly; it should belong to one community or village. Name that one."
    )
    assert one["document"].startswith("DB6101/T 3185-2024")
    assert "never directly to a street" in one["clause"]
    assert (one["severity"], one["provenance"]) == ("warning", "local")
    assert (one["needs_waiver"], one["waived"], one["waiver"], one["blocking"]) == (True, False, None, True)
    told = planner.client.get(f"{planner.base}/findings", headers={"accept-language": "zh"}).json()["findings"]
    assert "网格 A 直接归属“street”，应归属一个社区（村）。请更正上级。" in {f["message"] for f in told}


def test_the_gate_wants_each_warning_mended_or_signed(desk, planner) -> None:
    codes = sorted(found(planner))
    assert codes == ["A", "B", "C", "E"]
    refused = publish(desk, planner).json()
    assert refused["code"] == "not_publishable"
    assert [(f["rule"], f["codes"]) for f in refused["findings"]] == [("social_parent", [c]) for c in codes]
    # a reason that stands for all is no signature under each
    assert publish(desk, planner, accepted="allgemein").json()["code"] == "not_publishable"
    signed(planner, "A", "B", "C")
    assert [f["codes"] for f in publish(desk, planner).json()["findings"]] == [["E"]]
    signed(planner, "E")
    done = publish(desk, planner)
    assert done.status_code == 200, done.text
    assert done.json()["findings"]["social_parent"] == 4
    number = done.json()["version"]["number"]
    report = desk.client.get(f"{SET}/versions/{number}/report", headers=EN).json()
    assert report["blocking"] == 0
    assert {f["waived"] for f in report["findings"] if f["rule"] == "social_parent"} == {True}
    assert REASON not in str(report)


def test_a_waived_finding_is_shown_with_who_signed_and_why(planner) -> None:
    (made,) = signed(planner, "A")
    assert (made["rule"], made["codes"], made["reason"], made["mine"], made["holds"]) == (
        "social_parent", ["A"], REASON, True, True
    )  # fmt: skip
    shown = found(planner)
    assert (shown["A"]["waived"], shown["A"]["blocking"], shown["A"]["waiver"]) == (True, False, made)
    assert [c for c, f in shown.items() if f["waived"]] == ["A"]
    assert planner.get("/waivers").json() == {"waivers": [made]}


def test_a_waiver_ends_with_the_shape_it_was_signed_for_and_comes_back_with_it(planner) -> None:
    (made,) = signed(planner, "A")
    planner.done("attributes", code="E", name="改名")
    assert found(planner)["A"]["waived"]
    answer = planner.done("move_vertex", at=at(1, 1), to=at(1.2, 1.1))
    assert found(planner)["A"]["waived"], "its border did not move"
    planner.done("move_vertex", at=at(1, 2), to=at(1.1, 2.1))
    assert not found(planner)["A"]["waived"]
    assert planner.get("/waivers").json()["waivers"] == [{**made, "holds": False}]
    assert planner.back().status_code == 200
    assert found(planner)["A"]["waiver"] == made
    assert all(not f["waived"] for f in answer["findings"])


def test_a_waiver_ends_with_the_value_it_was_signed_for(planner) -> None:
    planner.done("attributes", code="A", households=501)
    assert found(planner, "social_households")["A"]["measure"] == 501
    made = sign(planner, "A", "social_households")
    assert made.status_code == 200, made.text
    planner.done("attributes", code="A", households=502)
    assert not found(planner, "social_households")["A"]["waived"]
    planner.done("attributes", code="A", households=501)
    assert found(planner, "social_households")["A"]["waived"]
    planner.done("attributes", code="A", households=500)
    assert found(planner, "social_households") == {}


def test_a_waiver_ends_with_the_numbers_of_the_rule(desk, planner) -> None:
    signed(planner, "A")
    with_rules(desk.client, None)
    assert found(planner) == {}
    assert [w["holds"] for w in planner.get("/waivers").json()["waivers"]] == [False]
    with_rules(desk.client)
    assert found(planner)["A"]["waived"]
    assert [w["holds"] for w in planner.get("/waivers").json()["waivers"]] == [True]


def test_a_waiver_is_taken_back_and_may_be_signed_again(planner) -> None:
    (made,) = signed(planner, "A")
    gone = planner.delete(f"/waivers/{made['number']}")
    assert gone.status_code == 200, gone.text
    assert not gone.json()["holds"]
    assert not found(planner)["A"]["waived"]
    assert planner.get("/waivers").json() == {"waivers": []}
    check_problem(planner.delete(f"/waivers/{made['number']}"), 404, "redraw_waiver_unknown")
    check_problem(planner.delete("/waivers/x"), 404, "redraw_waiver_unknown")
    signed(planner, "A")
    assert found(planner)["A"]["waived"]


def test_what_cannot_be_signed_for_is_refused(planner) -> None:
    check_problem(sign(planner, "A", reason=" "), 422, "redraw_waiver_reason_needed")
    check_problem(sign(planner, "D"), 422, "redraw_nothing_to_waive")
    check_problem(sign(planner, "A", "social_households"), 422, "redraw_nothing_to_waive")
    planner.done("assign", ring=[at(0, 2), at(0.02, 2), at(0.02, 3), at(0, 3)], to="E", multipart=True)
    planner.done("split", code="A", line=[at(-0.1, 2.99), at(2.1, 2.99)])
    notes = [f for f in planner.get("/findings").json()["findings"] if f["severity"] == "note"]
    assert notes
    check_problem(
        planner.post("/waivers", {"rule": notes[0]["rule"], "codes": notes[0]["codes"], "reason": REASON}),
        422,
        "redraw_not_waivable",
    )
    assert planner.get("/waivers").json() == {"waivers": []}


def test_an_error_is_never_waived(desk, fresh_world) -> None:
    draft = desk.draft()
    changed = desk.put(draft, plan_of("AAB\nE.B\nCCB"))
    assert changed.status_code == 200, changed.text
    planner = Planner(fresh_world.client, f"{SET}/drafts/{draft['number']}/redraw")
    (hole,) = [f for f in planner.get("/findings").json()["findings"] if f["rule"] == "hole"]
    answer = planner.post("/waivers", {"rule": "hole", "codes": hole["codes"], "reason": REASON})
    check_problem(answer, 422, "redraw_not_waivable")


def test_after_the_approval_nothing_is_signed_any_more(planner) -> None:
    for to in ("submitted", "approved"):
        answer = planner.post("/state", {"to": to}, **{"if-match": f'"{planner.seen}"'})
        assert answer.status_code == 200, answer.text
    check_problem(sign(planner, "A"), 409, "redraw_waiver_approved")
    assert planner.get("/waivers").json() == {"waivers": []}


def test_the_next_draft_knows_what_was_signed_for_in_the_version_it_is_made_of(desk, planner) -> None:
    made = signed(planner, *sorted(found(planner)))
    done = publish(desk, planner)
    assert done.status_code == 200, done.text
    number = done.json()["version"]["number"]
    again = Planner(desk.client, f"{SET}/drafts/{desk.draft(based_on=number)['number']}/redraw")
    assert {c for c, f in found(again).items() if f["waived"]} == {"A", "B", "C", "E"}
    again.done("move_vertex", at=at(1, 2), to=at(1.1, 2.1))
    assert {c for c, f in found(again).items() if f["waived"]} == {"B"}
    assert again.delete(f"/waivers/{made[1]['number']}").status_code == 200
    assert not found(again)["B"]["waived"]
    # the version itself stays as it was signed
    report = desk.client.get(f"{SET}/versions/{number}/report", headers=EN).json()
    assert {f["waived"] for f in report["findings"] if f["rule"] == "social_parent"} == {True}


def test_a_set_without_rules_is_not_asked_and_keeps_its_rules_where_none_are_said(fresh_world) -> None:
    desk = with_rules(fresh_world.client)
    known = desk.client.get(SET).json()
    body = {k: known[k] for k in ("title", "code_scheme", "levels")}
    assert desk.client.put(SET, json=body).json()["rules"] == "social-urban"
    check_problem(desk.client.put(SET, json={**body, "rules": "none such"}), 422, "rules_unknown")
    with_rules(desk.client, None)
    planner = drawn(desk)
    assert found(planner) == {}
    assert publish(desk, planner).status_code == 200
