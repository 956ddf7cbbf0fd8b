"""Inspections over HTTP: how objects stand, checks of them, and samples that anybody can draw again."""

import csv
import io
import json
from datetime import date, timedelta

import geopandas as gpd
import pandas as pd
import pytest
import ready
import rights_world
import shapely
from api_world import NOW, at, check_problem
from asking import Whole
from probing import Probe
from probing import World as RightsWorld

from gridmap.analysis.inspections import inspections
from gridmap.domain.access import Area, Grant, Kind, Principal, Role
from gridmap.domain.boundaries import ALWAYS
from gridmap.domain.features import FeatureLayer
from gridmap.domain.inspections import Check, CheckOutcome, Cycle, CycleUnit, Draw, InspectionPlan, RecordedDraw
from gridmap.domain.inspections import draw as drawn
from gridmap.domain.inspections import verify as verify_draw
from gridmap.domain.patrols import read_patrol_rules
from gridmap.errors import InvalidInput, NotAllowed
from gridmap.services.case_books import put_book, text_at
from gridmap.services.clock import FixedClock
from gridmap.services.features import import_layer
from gridmap.services.guarded import GuardedStore
from gridmap.services.patrols import import_fixes
from gridmap.services.responsibility import Plans
from gridmap.services.trail import verify as verify_trail

BASE = "/api/v1/inspections"
PLACES = {"r1": at(0.5, 2.5), "r2": at(1.5, 2.5), "r3": at(2.5, 2.5), "r4": at(2.5, 0.5)}
RELICS = gpd.GeoDataFrame(
    {
        "code": [*PLACES, "shut"],
        "name": [f"={n}" for n in range(5)],
        "state": ["open"] * 4 + ["built"],
        "attributes": None,
    },
    geometry=[shapely.Point(place) for place in (*PLACES.values(), at(0.5, 0.5))],
    crs=4326,
)
ITEMS = ("structure", "fire", "surroundings")


@pytest.fixture
def inspected(fresh_world):
    """The district with four relics and one that is not open; the packaged book inspects them once a quarter."""
    plans = Plans(fresh_world.store)
    done = import_layer(
        fresh_world.store, plans, plans.resolve_set("urban"), FeatureLayer("relics", "文物"), RELICS,
        today=NOW.date(), settings=fresh_world.settings, valid_from=ALWAYS, commit=True,
    )  # fmt: skip
    assert done.committed
    return fresh_world


def check(code, at, outcome="complete", **more):
    return {"code": code, "at": at, "outcome": outcome, **more}


CHECKS = [
    check("r1", "2026-01-20T09:00:00+08:00"),
    # midnight of the district: the day before in UTC
    check("r2", "2026-02-21T00:00:00+08:00", "finding", note="damaged"),
    check("r3", "2026-05-01T09:00:00+08:00", "seen"),
]


def checked(world, checks=CHECKS, layer="relics"):
    return world.post(f"{BASE}/checks", {"layer": layer, "checks": checks})


def test_objects_stand_as_the_function_says(inspected):
    assert checked(inspected).json() == {"layer": "relics", "added": 3, "duplicates": 0}
    assert checked(inspected).json() == {"layer": "relics", "added": 0, "duplicates": 3}
    body = inspected.get(BASE).json()
    plan = InspectionPlan("relics", Cycle(CycleUnit.QUARTER), date(2026, 1, 1), ITEMS)
    told = [("r1", date(2026, 1, 20), ITEMS), ("r2", date(2026, 2, 21), ITEMS), ("r3", date(2026, 5, 1), ())]
    objects = RELICS[RELICS["state"] == "open"].rename(columns={"code": "object_id"})
    checks = pd.DataFrame(told, columns=["object_id", "checked_on", "items"])
    wanted = inspections(objects, checks, plan, date(2026, 5, 20))
    summary = wanted.attrs["summary"]
    assert (summary["overdue"], summary["due"], summary["visited"], summary["complete"]) == (3, 1, 2, 1)
    (plan_out,) = body["plans"]
    assert {name: plan_out[name] for name in summary} == summary
    assert (plan_out["unit"], plan_out["every"], plan_out["items"]) == ("quarter", 1, list(ITEMS))
    for name in ("status", "days_over", "visited", "complete"):
        assert [row[name] for row in body["objects"]] == wanted[name].tolist()
    for name in ("due_on", "last_visit_on", "last_complete_on"):
        assert [row[name] for row in body["objects"]] == [None if d is None else d.isoformat() for d in wanted[name]]
    assert [row["code"] for row in body["objects"]] == list(PLACES)
    cards = [inspected.get("/api/v1/locate?lon={}&lat={}".format(*place)).json()["grid"] for place in PLACES.values()]
    assert [row["grid_code"] for row in body["objects"]] == [None if grid is None else grid["code"] for grid in cards]
    assert [(row["outcome"], row["note"]) for row in body["objects"]] == [
        ("complete", None), ("finding", "damaged"), ("seen", None), (None, None)
    ]  # fmt: skip
    # as it was: what came later does not count
    before = inspected.get(f"{BASE}?layer=relics&at=2026-02-20").json()
    assert [row["complete"] for row in before["objects"]] == [True, False, False, False]
    rows = list(csv.reader(io.StringIO(inspected.get(f"{BASE}.csv?lang=en").text.removeprefix("\ufeff"))))
    assert [row[1] for row in rows[1:]] == list(PLACES)
    assert [row[4] for row in rows[1:]] == ["overdue", "due", "overdue", "overdue"]
    assert rows[2][-2:] == ["complete, with a finding", "damaged"]
    assert rows[1][2] == "'=0"


def test_what_cannot_be_is_refused_and_nothing_is_kept(inspected):
    good = check("r1", "2026-05-01T09:00:00+08:00")
    for one, status, code in (
        (check("r9", good["at"]), 404, "inspection_object_unknown"),
        (check("shut", good["at"]), 404, "inspection_object_unknown"),
        (check("r2", "2026-05-20T12:05:01+08:00"), 422, "inspection_in_future"),
        (check("r2", good["at"], "finding", note="whatever"), 422, "inspection_note_unknown"),
        (check("r2", good["at"], "complete", note="damaged"), 422, "inspection_note_unknown"),
        (check("r1", good["at"], "seen"), 409, "inspection_check_differs"),
    ):
        check_problem(checked(inspected, [good, one]), status, code)
    assert checked(inspected, [good] * 201).status_code == 422
    check_problem(checked(inspected, layer="nowhere"), 404, "feature_layer_unknown")
    check_problem(inspected.get(f"{BASE}?layer=nowhere"), 404, "feature_layer_unknown")
    assert inspected.get(BASE).json()["plans"][0]["never"] == 4
    # the clock of whoever reports may be five minutes ahead, as that of a device
    assert checked(inspected, [check("r2", "2026-05-20T12:05:00+08:00")]).status_code == 200


def test_the_book_of_the_day_says_what_is_inspected(inspected):
    with inspected.store.unit_of_work() as work:
        text = text_at(work, "patrols", NOW.date())
    assert read_patrol_rules(text).inspections[0].items == ITEMS
    second = '[[inspection]]\nlayer = "relics"\nunit = "day"\nstarts_on = 2026-01-01\n[[inspection]]'
    for old, new, pointer in (
        ('"quarter"', '"hour"', "/inspection/0/unit"),
        ("2026-01-01", '"2026-01-01"', "/inspection/0/starts_on"),
        ("2026-01-01", "2026-01-01T00:00:00", "/inspection/0/starts_on"),
        ("2026-01-01", "9999-01-01", "/inspection/0/starts_on"),
        ("starts_on =", "every = 0\nstarts_on =", "/inspection/0/every"),
        ("[[inspection]]", second, "/inspection"),
    ):
        assert old in text
        with pytest.raises(InvalidInput) as refused:
            read_patrol_rules(text.replace(old, new))
        assert refused.value.fields["pointer"] == pointer
    often = text.replace('unit = "quarter"', 'unit = "day"\nevery = 10\nlead_days = 3')
    often = often.replace('items = ["structure", "fire", "surroundings"]\n', "")
    put_book(inspected.store, "patrols", often, valid_from=date(2026, 5, 10), clock=FixedClock(NOW))
    assert checked(inspected).status_code == 200
    rows = {row["code"]: row for row in inspected.get(BASE).json()["objects"]}
    # nothing is to be told: to have been there is enough
    assert (rows["r3"]["last_complete_on"], rows["r3"]["due_on"]) == ("2026-05-01", "2026-05-11")
    before = {row["code"]: row for row in inspected.get(f"{BASE}?at=2026-05-09").json()["objects"]}
    assert before["r3"]["last_complete_on"] is None
    nothing = often.split("[[inspection]]")[0]
    put_book(inspected.store, "patrols", nothing, valid_from=NOW.date(), clock=FixedClock(NOW))
    assert inspected.get(BASE).json()["plans"] == []
    assert len(inspected.get(f"{BASE}.csv").text.strip().splitlines()) == 1
    check_problem(inspected.get(f"{BASE}?layer=relics"), 404, "inspection_plan_unknown")


def test_a_draw_is_on_record_and_anybody_can_draw_it_again(inspected):
    url = f"{BASE}/draws"
    check_problem(inspected.post(url, {"layer": "relics", "count": 1}), 409, "inspection_nothing_to_draw")
    assert checked(inspected).status_code == 200
    every = inspected.post(url, {"layer": "relics", "count": 2, "seed": "20 May, no. 7", "among_all": True}).json()
    assert every["objects"] == list(PLACES)
    assert (every["day"], every["population"], len(every["chosen"]), every["holds"]) == ("2026-05-20", 4, 2, True)
    held = Draw(every["seed"], every["list_sha256"], every["population"], tuple(every["chosen"]))
    assert verify_draw(held, PLACES)
    assert not verify_draw(held, ["r1", "r2", "r3"])
    # of those that were complete within the cycle
    own = inspected.post(url, {"layer": "relics", "share": 0.5}).json()
    assert (own["objects"], own["chosen"]) == (["r2"], ["r2"])
    assert len(own["seed"]) == 32
    again = {"layer": "relics", "count": 1, "seed": "20 May, no. 7"}
    check_problem(inspected.post(url, again), 409, "inspection_seed_used")
    for wrong in ({}, {"count": 1, "share": 0.5}):
        check_problem(inspected.post(url, {"layer": "relics", **wrong}), 422, "draw_wrong")
    assert inspected.get(f"{url}?layer=relics").json()["draws"] == [own, every]
    assert inspected.get(f"{url}?layer=relics&count=1").json()["draws"] == [own]
    check_problem(inspected.get(f"{url}?layer=nowhere"), 404, "feature_layer_unknown")


# -- rights -----------------------------------------------------------------------------------------------------------

HERE, BEYOND = f"{rights_world.HERE}-f01", "ZEBRA-f"
TODAY = rights_world.NOW.date()


@pytest.fixture(scope="module")
def rights():
    """Toilets of two streets, inspected once a quarter."""
    made = RightsWorld(ready.fake(rights_world.fill), rights_world.NOW)
    with made.store.unit_of_work() as work:
        text = text_at(work, "patrols", TODAY).replace('"relics"', '"toilets"')
    put_book(made.store, "patrols", text, valid_from=ALWAYS, clock=FixedClock(rights_world.NOW))
    yield made
    made.close()


def ask(world: RightsWorld, role: Role, path: str, body=None, *, query: bytes = b"", code=rights_world.STREET) -> Whole:
    area = Area() if code is None else Area("urban", code)
    who = Principal(f"{role}-{code}", f"{role}-{code}", Kind.PERSON, (Grant(role, area),))
    sent = b"" if body is None else json.dumps(body).encode()
    return world.ask(Probe("GET" if body is None else "POST", path, query, sent), who)


def test_who_has_one_street_sees_checks_and_draws_in_it_alone(rights):
    every = json.loads(ask(rights, Role.SUPERVISOR, BASE, code=None).body)
    codes = [row["code"] for row in every["objects"]]
    beyond = next(code for code in codes if code.startswith(BEYOND))
    assert HERE in codes

    def report(role, object_code, **more):
        checks = [check(object_code, "2026-05-20T11:00:00+08:00")]
        return ask(rights, role, f"{BASE}/checks", {"layer": "toilets", "checks": checks}, **more)

    assert report(Role.FIELD, HERE).status == 200
    refused = report(Role.FIELD, beyond)
    assert (refused.status, json.loads(refused.body)["code"]) == (404, "inspection_object_unknown")
    for role in (Role.DISPATCHER, Role.LEADER, Role.ANALYST, Role.PLANNER):
        assert report(role, HERE).status == 403
    assert report(Role.SUPERVISOR, beyond, code=None).status == 200
    mine = json.loads(ask(rights, Role.FIELD, BASE).body)
    assert {row["code"].split("-")[0] for row in mine["objects"]} == {rights_world.HERE}
    assert mine["plans"][0]["objects"] == len(mine["objects"]) < len(every["objects"])
    assert mine["plans"][0]["complete"] == 1
    # each street draws among its own, and whoever is checked again does not know before
    draw = {"layer": "toilets", "count": 1, "among_all": True}
    street = json.loads(ask(rights, Role.SUPERVISOR, f"{BASE}/draws", draw).body)
    assert street["objects"] == [row["code"] for row in mine["objects"]]
    whole = json.loads(ask(rights, Role.SUPERVISOR, f"{BASE}/draws", draw, code=None).body)
    assert whole["objects"] == sorted(codes)
    for code in (rights_world.STREET, None):
        refused = ask(rights, Role.FIELD, f"{BASE}/draws", draw, code=code)
        assert (refused.status, json.loads(refused.body)["code"]) == (403, "not_allowed")
    assert ask(rights, Role.FIELD, f"{BASE}/draws", query=b"layer=toilets").status == 403
    shown = json.loads(ask(rights, Role.ANALYST, f"{BASE}/draws", query=b"layer=toilets").body)["draws"]
    assert [one["number"] for one in shown] == [street["number"]]
    shown = json.loads(ask(rights, Role.ANALYST, f"{BASE}/draws", query=b"layer=toilets", code=None).body)["draws"]
    assert [one["number"] for one in shown] == [whole["number"], street["number"]]
    with rights.store.unit_of_work() as work:
        acts = [entry.act for entry in work.trail.entries() if entry.act.action.startswith("inspections.")]
    assert [(act.action, act.subject) for act in acts] == [
        ("inspections.check", "toilets"), ("inspections.check", "toilets"),
        ("inspections.draw", f"toilets/{street['number']}"), ("inspections.draw", f"toilets/{whole['number']}"),
    ]  # fmt: skip
    assert acts[0].detail == {"checks": 1}
    assert acts[2].detail["drawn"] == 1
    assert verify_trail(rights.store).clean


def test_the_store_itself_holds_checks_and_draws_to_the_reach(rights):
    who = Principal("s", "s", Kind.PERSON, (Grant(Role.SUPERVISOR, Area("urban", rights_world.STREET)),))
    store = GuardedStore(rights.store, who, clock=FixedClock(rights_world.NOW), day=TODAY)
    beyond = f"{BEYOND}03"
    with store.unit_of_work() as work:
        with pytest.raises(NotAllowed):
            work.inspections.add_checks("toilets", [Check(beyond, rights_world.NOW, TODAY, CheckOutcome.SEEN)])
        ids = (HERE, beyond)
        with pytest.raises(NotAllowed):
            work.inspections.add_draw("toilets", RecordedDraw(TODAY, rights_world.NOW, ids, drawn(ids, "s", count=1)))


def test_a_patrol_that_stayed_near_an_object_visited_it(inspected):
    (before,) = inspected.get(BASE).json()["plans"]
    assert before["visited"] == 0
    begin = NOW - timedelta(days=3)
    rows = [
        *(("W-secret", begin + timedelta(seconds=30 * n), PLACES["r1"]) for n in range(4)),
        # passed by, and stayed too long ago: the cycle is a quarter
        ("W-secret", begin + timedelta(hours=1), PLACES["r2"]),
        *(("W-secret", NOW - timedelta(days=120, seconds=30 * n), PLACES["r3"]) for n in range(4)),
    ]
    frame = gpd.GeoDataFrame(
        {"unit_id": [r[0] for r in rows], "fixed_at": pd.DatetimeIndex([r[1] for r in rows]), "accuracy_m": 5.0},
        geometry=[shapely.Point(r[2]) for r in rows], crs=4326,
    )  # fmt: skip
    import_fixes(inspected.store, Plans(inspected.store), [frame], settings=inspected.settings, commit=lambda: True)
    answer = inspected.get(BASE)
    (plan,) = answer.json()["plans"]
    assert (plan["visited"], plan["within_m"], plan["dwell_s"]) == (1, 30.0, 60.0)
    assert plan["fixes_from"] is not None
    objects = {row["code"]: row for row in answer.json()["objects"]}
    assert [code for code, row in objects.items() if row["visited"]] == ["r1"]
    assert objects["r1"]["last_visit_on"] == begin.date().isoformat()
    # the plan asks for items, so that to have been there completes nothing
    assert plan["complete"] == 0
    assert "secret" not in answer.text
