"""Versions over HTTP: drafted, checked, published, returned to, withdrawn; races, and what is in the way."""

import json
from typing import Any

import pytest
import shapely
from api_world import X0, at, check_problem
from version_desk import NEXT, OPEN, PLACE, REDRAWN, SET, TODAY, Desk, plan_of

from api.errors import problem
from gridmap.domain.rules import Finding, Severity
from gridmap.errors import NotPublishable, StaleVersion


@pytest.fixture
def desk(fresh_world) -> Desk:
    desk = Desk(fresh_world.client)
    desk.world = fresh_world
    return desk


def test_a_plan_is_drafted_checked_published_returned_to_and_withdrawn(desk) -> None:
    world = desk.world
    before = desk.revision()
    draft = desk.draft(note="七月重划", valid_from=NEXT)
    assert (draft["state"], draft["based_on"], draft["valid_from"]) == ("draft", 2, NEXT)
    changed = desk.put(draft, plan_of(REDRAWN))
    assert changed.status_code == 200, changed.text
    assert changed.json()["draft"]["content_hash"] != draft["content_hash"]
    report = world.get(f"{SET}/versions/{draft['number']}/report", accept_language="en").json()
    assert report["blocking"] == 0
    assert report["against"] == 2
    assert not report["truncated"]
    assert report["summary"]["findings"] == len(report["findings"])
    headless = [f for f in report["findings"] if f["rule"] == "grid_without_head"]
    assert {f["codes"][0] for f in headless} == {"B", "C", "E"}
    assert "has no head" in headless[0]["message"]

    tried = desk.publish(draft, NEXT, dry_run=True).json()
    assert (tried["version"], tried["dry_run"], tried["incidents"]) == (None, True, None)
    assert {(c["level"], c["kind"]): c["count"] for c in tried["lineage"]}["grid", "recoded"] == 1
    assert desk.revision() == before
    done = desk.publish(draft, NEXT)
    assert done.status_code == 200, done.text
    assert done.json()["version"]["state"] == "published"
    assert done.json()["version"]["note"] == "七月重划"
    assert done.json()["revision"] == before + 1 == desk.revision()
    assert done.json()["lineage"] == tried["lineage"]
    assert (desk.owner("2026-06-30"), desk.owner(NEXT)) == ("D", "E")
    assert desk.owner("2190-01-01") == "E"

    terms = {"valid_from": "2026-08-01", "expected_revision": before + 1, "note": "退回"}
    back = world.post(f"{SET}/versions/2/return", {**terms, "accepted": "东街道的缺口照旧"})
    assert back.status_code == 200, back.text
    assert back.json()["version"]["number"] == draft["number"] + 1
    assert back.json()["version"]["note"] == "退回; 东街道的缺口照旧"
    assert (desk.owner("2026-07-31"), desk.owner("2026-08-01")) == ("E", "D")

    number = back.json()["version"]["number"]
    gone = world.post(f"{SET}/versions/{number}/withdraw", {"expected_revision": before + 2})
    assert gone.status_code == 200, gone.text
    assert gone.json()["version"]["state"] == "retired"
    assert gone.json()["revision"] == before + 3
    assert desk.owner("2026-08-01") == "E"
    assert desk.versions() == [(1, "published"), (2, "published"), (3, "published"), (4, "retired")]


def test_what_is_in_force_is_told_for_every_day(desk) -> None:
    desk.publish(desk.drawn(), NEXT)
    for day, number in (("1950-01-01", 1), ("2026-05-01", 2), ("2026-06-30", 2), (NEXT, 3), ("2199-12-31", 3)):
        assert desk.world.get(f"{SET}?at={day}").json()["version"] == number
        assert desk.world.get(f"/api/v1/sets?at={day}").json()["sets"][0]["version"] == number
        page = desk.world.get(f"{SET}/versions/current/grids?at={day}&limit=1").json()
        assert f"/versions/{number}/grids" in page["links"][0]["href"]
    check_problem(desk.world.get(f"{SET}/versions/2/grids?at={NEXT}"), 422, "at_needs_current")


def test_a_new_set_is_defined_and_drawn_from_nothing(desk) -> None:
    health = Desk(desk.client, "/api/v1/sets/health")
    levels = [
        {"name": "door", "order": 9, "tiles_parent": False, "shapes": "any"},
        {"name": "zone", "order": 0, "contiguous": True, "required": ["households"]},
    ]
    made = desk.world.client.put(health.address, json={"title": "卫生", "code_scheme": None, "levels": levels})
    assert made.status_code == 200, made.text
    assert [x["name"] for x in made.json()["levels"]] == ["zone", "door"]
    assert (made.json()["version"], made.json()["levels"][0]["required"]) == (None, ["households"])
    draft = health.draft(note="第一版")
    assert draft["based_on"] is None
    check_problem(health.publish(draft), 422, "no_grids")
    draft = health.put(draft, plan_of("AAB", parents=""), "zone").json()["draft"]
    lon, lat = at(0.5, 0.5)
    door = {"type": "Point", "coordinates": [lon, lat]}
    about = {"code": "h1", "parent_code": "A", "kind": "building", "attributes": {"floors": 6, "lifts": [1, 2]}}
    doors = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": door, "properties": about}]}
    draft = health.put(draft, doors, "door").json()["draft"]
    done = health.publish(draft)
    assert done.status_code == 200, done.text
    found = desk.world.get(f"/api/v1/locate?lon={lon}&lat={lat}&set=health").json()
    assert [ref["code"] for ref in found["chain"]] == ["A", "h1"]
    (feature,) = desk.world.get("/api/v1/sets/health/versions/current/grids").json()["features"]
    assert (feature["properties"]["kind"], feature["properties"]["name"]) == ("building", "h1")
    assert "floors" not in str(feature)
    with desk.world.store.unit_of_work() as work:
        kept = work.boundaries.grids(work.boundaries.find_version("health", 1), "door")
    assert kept["attributes"].tolist() == [{"floors": 6, "lifts": [1, 2]}]
    answer = desk.world.client.put(health.address, json={"title": "", "code_scheme": None, "levels": levels[:1]})
    check_problem(answer, 409, "level_in_use")


def test_whoever_was_not_first_hears_what_changed(desk) -> None:
    mine, yours = desk.drawn(), desk.drawn("AAB\nFCB\nCCB")
    built_upon = desk.revision()
    assert desk.publish(yours).status_code == 200
    for dry in (True, False):
        refused = desk.publish(mine, expected_revision=built_upon, dry_run=dry)
        stale = check_problem(refused, 412, "version_stale")
        told = {name: stale[name] for name in ("expected", "revision", "meanwhile")}
        assert told == {"expected": built_upon, "revision": built_upon + 1, "meanwhile": [yours["number"]]}
        assert {"D", "F"} <= set(stale["changed"])
        assert stale["changes"] == len(stale["changed"])
    answer = desk.world.post(f"{SET}/versions/{yours['number']}/withdraw", {"expected_revision": built_upon})
    check_problem(answer, 412, "version_stale")
    assert desk.owner(TODAY) == "F"
    assert (mine["number"], "draft") in desk.versions()


def test_two_who_draw_in_one_draft_do_not_overwrite_each_other(desk) -> None:
    read = desk.draft()
    tag = f'"{read["content_hash"]}"'
    assert desk.put(read, plan_of(REDRAWN), **{"if-match": tag}).status_code == 200
    check_problem(desk.put(read, plan_of("AAB\nFCB\nCCB")), 412, "draft_stale")
    check_problem(desk.put(read, plan_of("AAB\nFCB\nCCB"), **{"if-match": tag}), 412, "draft_stale")
    url = f"{SET}/drafts/{read['number']}/grids?level=grid"
    body = {"content": json.dumps(plan_of(REDRAWN)), "headers": {"content-type": "application/json"}}
    check_problem(desk.world.client.put(url, **body), 422, "hash_needed")
    body["headers"]["if-match"] = tag
    check_problem(desk.world.client.put(f"{url}&expected_hash=x", **body), 422, "hash_needed")


def test_findings_stand_in_the_way_until_they_are_accepted_with_a_reason(desk) -> None:
    draft = desk.drawn(OPEN)
    report = desk.world.get(f"{SET}/versions/{draft['number']}/report").json()
    assert (report["blocking"], report["acceptable"]) == (1, 1)
    (open_ground,) = [f for f in report["findings"] if f["blocking"]]
    shape = shapely.from_geojson(json.dumps(open_ground["geometry"]))
    corner = shapely.box(*at(2, 0), *at(3, 1))
    assert shape.symmetric_difference(corner).area < 1e-6 * corner.area
    for dry in (True, False):
        refused = check_problem(desk.publish(draft, dry_run=dry), 422, "not_publishable")
        (finding,) = refused["findings"]
        assert finding["rule"] == "parent_not_covered"
        assert finding["codes"] == ["T"]
        assert finding["measure"] == pytest.approx(open_ground["measure"])
        assert shape.contains(shapely.Point(finding["place"]))
        assert finding["message"] == open_ground["message"]
        assert "truncated" not in refused
    assert desk.versions()[-1] == (draft["number"], "draft")
    terms = {"valid_from": TODAY, "expected_revision": desk.revision()}
    english = desk.world.client.post(
        f"{SET}/drafts/{draft['number']}/publish", json=terms, headers={"accept-language": "en"}
    )
    assert english.json()["findings"][0]["message"].isascii()
    assert not finding["message"].isascii()
    done = desk.publish(draft, accepted="水面，无人负责")
    assert done.json()["version"]["note"] == "水面，无人负责"
    assert done.json()["findings"]["parent_not_covered"] == 1


def test_shapes_that_cross_themselves_may_be_drawn_but_not_published(desk) -> None:
    plan = plan_of(REDRAWN)
    corners = [at(*place) for place in ((2, 0), (3, 3), (3, 0), (2, 3), (2, 0))]
    (crossed,) = [f for f in plan["features"] if f["properties"]["code"] == "B"]
    crossed["geometry"] = {"type": "Polygon", "coordinates": [corners]}
    changed = desk.put(desk.draft(), plan)
    assert changed.status_code == 200, changed.text
    draft = changed.json()["draft"]
    assert desk.world.get(f"{SET}/versions/{draft['number']}/grids").status_code == 200
    refused = check_problem(desk.publish(draft, accepted="anything"), 422, "not_publishable")
    assert "invalid_ring" in {f["rule"] for f in refused["findings"]}


def test_days_that_passed_and_scheduled_versions_change_for_a_reason_only(desk) -> None:
    past = desk.drawn()
    check_problem(desk.publish(past, "2026-05-10"), 409, "history_rewritten")
    scheduled = desk.publish(desk.drawn("AAB\nFCB\nCCB"), NEXT).json()["version"]["number"]
    check_problem(desk.publish(past), 409, "scheduled_ahead")
    done = desk.publish(past, "2026-05-10", rewrite="五月的批复补录")
    assert done.status_code == 200, done.text
    assert (desk.owner("2026-05-09"), desk.owner("2026-05-10"), desk.owner(NEXT)) == ("D", "E", "E")
    assert (scheduled, "retired") in desk.versions()
    number = done.json()["version"]["number"]
    gone = {"expected_revision": desk.revision()}
    check_problem(desk.world.post(f"{SET}/versions/{number}/withdraw", gone), 409, "history_rewritten")
    answer = desk.world.post(f"{SET}/versions/{number}/withdraw", {**gone, "rewrite": "判决撤销"})
    assert answer.status_code == 200, answer.text
    assert desk.owner(NEXT) == "D"
    last = {"expected_revision": desk.revision(), "rewrite": "判决撤销"}
    check_problem(desk.world.post(f"{SET}/versions/1/withdraw", last), 409, "not_last_in_time")


def test_what_is_published_never_changes_and_drafts_go_away(desk) -> None:
    draft = desk.drawn()
    gone = desk.world.client.delete(f"{SET}/drafts/{draft['number']}")
    assert gone.json() == {"set": "urban", "discarded": draft["number"]}
    check_problem(desk.world.client.delete(f"{SET}/drafts/{draft['number']}"), 404, "version_unknown")
    check_problem(desk.put(draft, plan_of(REDRAWN)), 404, "version_unknown")
    assert desk.draft()["number"] == draft["number"] + 1
    (_, second, _) = desk.world.get(f"{SET}/versions").json()["versions"]
    check_problem(desk.put(second, plan_of(REDRAWN)), 409, "not_a_draft")
    check_problem(desk.world.client.delete(f"{SET}/drafts/2"), 409, "not_a_draft")
    check_problem(desk.publish(second), 409, "not_a_draft")
    terms = {"valid_from": TODAY, "expected_revision": desk.revision()}
    check_problem(desk.world.post(f"{SET}/versions/{draft['number'] + 1}/return", terms), 409, "not_published")
    same = desk.draft(based_on=2)
    check_problem(desk.publish(same), 409, "content_known")
    for path in ("drafts/9/publish", "versions/9/return"):
        check_problem(desk.world.post(f"{SET}/{path}", terms), 404, "version_unknown")
    for path in ("drafts/current", "drafts/-1", "drafts/%EF%BC%91"):
        check_problem(desk.world.client.delete(f"{SET}/{path}"), 404, "version_unknown")


def test_incidents_are_counted_by_the_grids_of_any_day_and_by_their_owner_then(desk) -> None:
    lon, lat = PLACE
    items = [
        {"incident_id": f"p{n}", "occurred_at": f"{day}T04:00:00Z", "category": "noise", "lon": lon, "lat": lat}
        for n, day in enumerate(("2026-04-20", "2026-05-10", "2026-05-20"))
    ]
    items[2]["lon"] = X0 - 1
    desk.world.post("/api/v1/incidents", {"datum": "wgs84", "items": items})
    done = desk.publish(desk.drawn(), "2026-05-05", rewrite="补录").json()
    assert done["incidents"] == 1, "the one of 10 May"

    def counts(query: str) -> tuple[Any, ...]:
        answer = desk.world.get(f"/api/v1/counts?category=noise&{query}").json()
        assert sum(c["incidents"] for c in answer["counts"]) + answer["without_owner"] == answer["incidents"]
        return answer["version"], answer["without_owner"], {
            (c["version"], c["grid_code"]): c["incidents"] for c in answer["counts"]
        }  # fmt: skip

    assert counts("owner=then") == (None, 1, {(1, "A"): 1, (3, "E"): 1})
    assert counts("owner=then&start=2026-05-01") == (None, 1, {(3, "E"): 1})
    assert counts("") == (3, 1, {(3, "E"): 2})
    assert counts("at=2026-05-02") == (2, 1, {(2, "D"): 2})
    assert counts("at=2020-01-01&set=urban&end=2026-05-01") == (1, 0, {(1, "A"): 1})
    check_problem(desk.world.get("/api/v1/counts?owner=then&at=2026-05-02"), 422, "at_not_with_then")
    check_problem(desk.world.get("/api/v1/counts?owner=yesterday"), 422, "value_not_allowed")


def test_a_problem_shows_the_declared_fields_and_nothing_else() -> None:
    fields = {"expected": 1, "revision": 2, "meanwhile": "3, 4", "changed": ["A"], "changes": 1, "secret": "/etc"}
    shown = json.loads(problem(StaleVersion("version_stale", **fields), request_id="x", language="en").body)
    assert (shown["meanwhile"], shown["changed"]) == ([3, 4], ["A"])
    assert "secret" not in shown
    other = json.loads(problem(StaleVersion("draft_stale", **fields), request_id="x", language="en").body)
    assert not {"expected", "revision", "meanwhile", "changed", "changes", "secret"} & set(other)


def test_a_problem_carries_a_hundred_findings_at_most() -> None:
    shape = shapely.box(0, 0, 1, 1)
    found = [Finding("hole", Severity.ERROR, (f"g{n}",), 1.0, "m2", shape) for n in range(101)]
    for count, cut in ((100, None), (101, True)):
        error = NotPublishable("not_publishable", count=count, findings=tuple(found[:count]))
        body = json.loads(problem(error, request_id="x", language="zh").body)
        assert (len(body["findings"]), body.get("truncated")) == (100, cut)
        assert body["findings"][7]["place"] == [0.5, 0.5]


def test_the_plan_in_force_can_be_drawn_again_from_its_own_page(desk) -> None:
    page = desk.world.get(f"{SET}/versions/2/grids").json()
    features = [
        {**f, "properties": {k: v for k, v in f["properties"].items() if k not in ("level", "area_m2")}}
        for f in page["features"]
    ]
    draft = desk.draft(based_on=2)
    changed = desk.put(draft, {"type": "FeatureCollection", "features": features})
    assert changed.json()["draft"]["content_hash"] == draft["content_hash"]
