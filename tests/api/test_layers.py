"""Layers over HTTP: as they are on a day, with the grids of that day."""

import json
import re
from datetime import date
from urllib.parse import quote

import geopandas as gpd
import pytest
import shapely
from api_world import CELL, REDRAW, at, check_headers, check_problem

from gridmap.domain.boundaries import ALWAYS
from gridmap.domain.features import FeatureLayer
from gridmap.services.features import import_layer
from gridmap.services.responsibility import Plans

MAY = date(2026, 5, 10)
URL = "/api/v1/layers/stations/features"
BAD_NAME = "<img src=x onerror=alert(1)>{{ 7*7 }}"


def layer(**states):
    """Stations in grid A, in the cell that grid D takes over from A, and a lake across B and the outside."""
    shapes = {
        "a1": shapely.Point(at(0.5, 2.5)),
        "d1": shapely.Point(at(0.5, 1.5)),
        "lake": shapely.box(*at(2.2, 1.2), *at(2.8, 2.8)),
        "road": shapely.LineString([at(0.5, 0.5), at(1.5, 0.5)]),
        "far": shapely.Point(1.0, 50.0),
    }
    return gpd.GeoDataFrame(
        {
            "code": list(states),
            "name": BAD_NAME,
            "state": list(states.values()),
            "attributes": [{"电话": "139"}] * len(states),
        },
        geometry=[shapes[code] for code in states],
        crs=4326,
    )


@pytest.fixture
def stations(fresh_world):
    """The layer from the beginning, and as it is from 10 May on."""
    plans = Plans(fresh_world.store)
    for frame, day in (
        (layer(a1="planned", d1="open", far="open", lake="built", road="open"), ALWAYS),
        (layer(a1="open", d1="open", lake="built", road="open"), MAY),
    ):
        done = import_layer(
            fresh_world.store,
            plans,
            plans.resolve_set("urban"),
            FeatureLayer("stations", "服务站"),
            frame,
            today=MAY,
            settings=fresh_world.settings,
            valid_from=day,
            commit=True,
        )
        assert done.committed
    return fresh_world


def ask(world, query=""):
    answer = world.get(f"{URL}{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    check_headers(answer)
    return {f["id"]: f["properties"] for f in answer.json()["features"]}


def test_the_layers_are_listed_with_what_is_in_them_on_the_day(stations) -> None:
    assert stations.get("/api/v1/layers").json() == {
        "at": "2026-05-20",
        "layers": [{"name": "stations", "title": "服务站", "planned": 0, "built": 1, "open": 3}],
    }
    earlier = stations.get("/api/v1/layers?at=2026-05-09").json()
    assert earlier["layers"][0]["planned"] == 1
    assert earlier["layers"][0]["open"] == 3


def test_no_layer_is_an_empty_list(world) -> None:
    assert world.get("/api/v1/layers").json()["layers"] == []


def test_features_are_those_of_the_day_with_the_grids_of_the_day(stations) -> None:
    before, after = ask(stations, "?at=2026-04-30"), ask(stations)
    assert list(before) == ["a1", "d1", "far", "lake", "road"]
    assert list(after) == ["a1", "d1", "lake", "road"]
    assert (before["a1"]["state"], after["a1"]["state"]) == ("planned", "open")
    assert (before["a1"]["valid_to"], after["a1"]["valid_from"]) == ("2026-05-10", "2026-05-10")
    assert before["far"]["grid_code"] is None
    # the redraw gave the ground of d1 from A to D; whose it was first stays on record
    assert (before["d1"]["grid_code"], after["d1"]["grid_code"]) == ("A", "D")
    assert after["d1"]["first_grid_code"] == "A"
    assert (after["d1"]["first_set"], after["d1"]["first_version"]) == ("urban", 1)
    assert after["a1"]["first_version"] == 2, "it opened after the redraw"
    assert ask(stations, f"?at={REDRAW}")["d1"]["grid_code"] == "D"
    assert set(after["d1"]) == {
        "code", "name", "state", "valid_from", "valid_to", "grid_code", "first_grid_code", "first_set", "first_version"
    }  # fmt: skip


def test_names_are_text_and_attributes_stay_inside(stations) -> None:
    body = stations.get(URL)
    assert body.json()["features"][0]["properties"]["name"] == BAD_NAME
    assert "139" not in body.text
    assert {f["geometry"]["type"] for f in body.json()["features"]} == {"Point", "Polygon", "LineString"}


def test_states_boxes_grids_and_areas_narrow_the_page(stations) -> None:
    assert list(ask(stations, "?state=built")) == ["lake"]
    assert list(ask(stations, "?state=planned,built&at=2026-05-09")) == ["a1", "lake"]
    x, y = at(0.5, 2.5)
    assert list(ask(stations, f"?bbox={x},{y},{x + CELL},{y + CELL}")) == ["a1"]
    assert list(ask(stations, "?grid=D")) == ["d1"]
    assert list(ask(stations, "?grid=A&at=2026-04-30")) == ["a1", "d1"]
    assert list(ask(stations, "?grid=S")) == ["a1", "d1", "road"], "a street holds what its grids hold"
    assert list(ask(stations, "?grid=T")) == ["lake"]
    assert list(ask(stations, "?grid=S&state=open&limit=1")) == ["a1"]


@pytest.mark.parametrize("query", ["?limit=1", "?limit=1&grid=S", "?limit=2&state=open,built"])
def test_a_walk_over_pages_sees_every_feature_once(stations, query) -> None:
    whole = list(ask(stations, query.replace("limit=1", "limit=10").replace("limit=2", "limit=9")))
    seen, url = [], URL + query
    while url:
        body = stations.get(url).json()
        seen += [f["id"] for f in body["features"]]
        url = next((link["href"] for link in body["links"] if link["rel"] == "next"), None)
    assert seen == whole
    assert len(seen) >= 3


def test_a_cursor_belongs_to_its_question(stations) -> None:
    links = stations.get(URL + "?limit=1").json()["links"]
    cursor = next(link["href"] for link in links if link["rel"] == "next").split("cursor=")[1]
    for other in ("?at=2026-05-09&", "?state=open&", "?grid=S&"):
        check_problem(stations.get(f"{URL}{other}limit=1&cursor={cursor}"), 422, "bad_cursor")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?state=closed", 422, "value_not_allowed"),
        ("?state=", 422, "text_empty"),
        ("?state=open,,built", 422, "text_empty"),
        ("?grid=nothing", 404, "grid_unknown"),
        ("?grid=D&at=2026-04-30", 404, "grid_unknown"),
        ("?set=nowhere", 404, "set_unknown"),
        ("?bbox=1,2,3", 422, "bad_bbox"),
        ("?limit=0", 422, "value_out_of_range"),
        ("?limit=1001", 422, "limit_out_of_range"),
        ("?colour=red", 422, "unknown_parameter"),
        ("?at=yesterday", 422, "bad_time"),
    ],
)
def test_what_cannot_be_answered_is_said(stations, query, status, code) -> None:
    check_problem(stations.get(URL + query), status, code)


@pytest.mark.parametrize("name", ["nothing", "' OR 1=1 --", "<b>", "a/b"])
def test_a_layer_that_is_not_there(stations, name) -> None:
    answer = stations.get(f"/api/v1/layers/{quote(name, safe='')}/features")
    assert answer.status_code == 404
    assert answer.json()["code"] in ("feature_layer_unknown", "not_found")


def test_a_day_long_past_is_answered_too(stations) -> None:
    assert ask(stations, "?at=1900-01-01")["a1"]["grid_code"] == "A"


def test_layers_need_no_grids(empty_world) -> None:
    done = import_layer(
        empty_world.store,
        Plans(empty_world.store),
        None,
        FeatureLayer("stations"),
        layer(a1="open"),
        today=MAY,
        settings=empty_world.settings,
        commit=True,
    )
    assert done.committed
    assert ask(empty_world)["a1"]["grid_code"] is None
    check_problem(empty_world.get(f"{URL}?grid=A"), 404, "grid_unknown")


def test_the_map_of_grids_draws_the_layers_of_its_day(stations) -> None:
    def drawn(query=""):
        page = stations.get(f"/maps/grids?lang=en{query}").text
        data = json.loads(re.search(r'id="gridmap-data"[^>]*>(.*?)</script>', page, re.DOTALL)[1])
        assert BAD_NAME not in page
        return data

    data = drawn()
    (found,) = data["features"]
    assert found["name"] == [BAD_NAME] * 4
    assert "服务站 (open)" in [row["text"] for row in data["legend"]["rows"]]
    assert "attributes" not in data["features"][0]
    earlier = drawn("&at=2026-05-09")
    # the far one lies off the map
    assert sorted(earlier["features"][0]["state"]) == [0, 1, 2, 2]
    assert sorted(found["state"]) == [1, 2, 2, 2]
