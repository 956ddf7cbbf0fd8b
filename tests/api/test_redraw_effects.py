"""What a draft does, over HTTP: grids before and after, cases and staff that change hands."""

from typing import Any

import geopandas as gpd
import pytest
import shapely
from api_world import NOW, at
from redraw_planner import Planner
from version_desk import SET, Desk

from gridmap.domain.features import FeatureLayer
from gridmap.services.features import import_layer
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

INCIDENTS = "/api/v1/incidents"


@pytest.fixture
def planner(fresh_world) -> Planner:
    draft = Desk(fresh_world.client).draft()
    return Planner(fresh_world.client, f"{SET}/drafts/{draft['number']}/redraw")


def effects(planner: Planner, codes: str = "") -> dict[str, Any]:
    answer = planner.client.get(f"{planner.base}/effects" + (f"?codes={codes}" if codes else ""))
    assert answer.status_code == 200, answer.text
    return answer.json()


def replayed(planner: Planner, shapes: dict[str, Any]) -> dict[str, int]:
    """Count all incidents by area with plain geometry."""
    points, address = [], INCIDENTS
    while address:
        page = planner.client.get(address).json()
        points += [shapely.geometry.shape(f["geometry"]) for f in page["features"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    assert len(points) == 25
    return {code: sum(shape.covers(p) for p in points) for code, shape in shapes.items()}


def test_an_untouched_draft_does_nothing(planner) -> None:
    found = effects(planner)
    assert (found["areas"], found["handed"], found["staff"], found["balance"]) == ([], [], [], [])


def test_a_split_hands_over_what_lies_in_the_new_grid(planner) -> None:
    before = planner.areas()
    counts = replayed(planner, before)
    # the incidents lie at 0.5, 2.5: north of the line
    done = planner.done("split", code="A", line=[at(-0.3, 2.4), at(2.3, 2.4)])
    (new,) = [f["id"] for f in done["changed"]["features"] if f["id"] not in {*before, "S", "T"}]
    found = effects(planner)
    by_code = {a["code"]: a for a in found["areas"]}
    now = replayed(planner, planner.areas())
    assert by_code["A"]["before"]["incidents"] == counts["A"] > 0
    assert by_code["A"]["after"]["incidents"] == now["A"]
    assert by_code[new]["before"] is None
    assert by_code[new]["after"]["incidents"] == now[new]
    assert {h["from_code"] for h in found["handed"]} <= {"A"}
    assert found["handed_total"] == now[new]
    assert len(found["handed"]) == min(now[new], 10)
    areas = [by_code["A"]["after"]["area_m2"], by_code[new]["after"]["area_m2"]]
    assert sum(areas) == pytest.approx(by_code["A"]["before"]["area_m2"])
    hours = [by_code[c]["after"]["patrol_hours"] for c in ("A", new)]
    assert sum(hours) == pytest.approx(by_code["A"]["before"]["patrol_hours"], abs=2e-3)
    assert by_code["A"]["before"]["workers"] == 2
    assert planner.back().status_code == 200
    again = effects(planner)
    assert all(a["before"] == a["after"] for a in again["areas"])
    assert again["handed"] == []


def test_facilities_that_change_hands_are_named(fresh_world, planner) -> None:
    # north and south of the line of the split, a zone without a name south of it, and something far away
    shapes = {
        "north": shapely.Point(at(0.6, 2.6)),
        "south": shapely.Point(at(0.6, 2.2)),
        "zone": shapely.box(*at(1.2, 2.1), *at(1.4, 2.3)),
        "away": shapely.Point(at(0.5, 0.5)),
    }
    frame = gpd.GeoDataFrame(
        {
            "code": list(shapes),
            "name": [None if code == "zone" else f"{code} <b>" for code in shapes],
            "state": ["open", "open", "planned", "open"],
        },
        geometry=list(shapes.values()),
        crs=4326,
    ).assign(valid_from=None, valid_to=None, attributes=None)
    store, settings = fresh_world.store, Settings()
    plans = Plans(store)
    layer = FeatureLayer("toilets", "公厕")
    boundary_set = plans.resolve_set("urban")
    done = import_layer(store, plans, boundary_set, layer, frame, today=NOW.date(), settings=settings, commit=True)
    assert done.committed
    assert effects(planner)["facilities"] is None or effects(planner)["facilities"] == []
    done = planner.done("split", code="A", line=[at(-0.3, 2.4), at(2.3, 2.4)])
    (new,) = [f["id"] for f in done["changed"]["features"] if f["id"] not in {*"ABCDST"}]
    now = planner.areas()
    owner = {
        code: next(c for c in ("A", new) if now[c].covers(shape)) for code, shape in shapes.items() if code != "away"
    }
    found = effects(planner)["facilities"]
    moved = sorted(code for code, to in owner.items() if to == new)
    assert "zone" in moved
    assert [(f["layer"], f["code"], f["name"], f["from_code"], f["to_code"]) for f in found] == [
        ("toilets", code, "" if code == "zone" else f"{code} <b>", "A", new) for code in moved
    ]
    assert planner.back().status_code == 200
    assert effects(planner)["facilities"] == []


def test_a_merge_frees_the_staff_of_what_ends(planner) -> None:
    planner.done("merge", codes=["A", "B"], into="B")
    found = effects(planner)
    by_code = {a["code"]: a for a in found["areas"]}
    assert by_code["A"]["after"] is None
    assert {(m["grid_code"], m["role"]) for m in found["staff"]} == {("A", "head"), ("A", "worker")}
    assert all(h["to_code"] == "B" for h in found["handed"])
    assert found["handed_total"] == by_code["A"]["before"]["incidents"]
    assert by_code["B"]["after"]["households"] == 151
    assert effects(planner, "C")["areas"] == []


def test_balance_tells_how_even_the_households_lie(planner) -> None:
    planner.done("attributes", code="D", households=100)
    planner.done("attributes", code="A", households=200)
    (balance,) = [b for b in effects(planner)["balance"] if b["parent"] == "S"]
    # A 200, C 300, D 100
    assert balance["mean_after"] == pytest.approx(200)
    assert balance["deviation_after"] == pytest.approx(0.5)
