"""Services over HTTP: the same numbers as the functions, and nothing of what lies outside."""

import csv
import io
from datetime import date

import geopandas as gpd
import numpy as np
import pytest
import shapely
from api_world import CELL, at, check_problem

from gridmap import crs
from gridmap.analysis.roads import road_network
from gridmap.analysis.service_coverage import service_coverage, straight_catchments
from gridmap.analysis.siting import cover_most, shortest_ways
from gridmap.analysis.walking import walking_catchments, ways_on_foot
from gridmap.domain.boundaries import ALWAYS
from gridmap.domain.features import FeatureLayer
from gridmap.services.features import import_layer
from gridmap.services.responsibility import Plans

MAY = date(2026, 5, 10)
BASE = "/api/v1/services"


def layer(places: dict, kind=shapely.Point, state="open", **attributes) -> gpd.GeoDataFrame:
    held = {"code": list(places), "name": "", "state": state, "attributes": [dict(attributes)] * len(places)}
    return gpd.GeoDataFrame(held, geometry=[kind(place) for place in places.values()], crs=4326)


POSTS = layer({"p1": at(0.5, 2.5), "p2": at(1.5, 0.5)})
STREET = layer({"s": [at(0.1, 2.5), at(2.9, 2.5)]}, shapely.LineString)

STATION = layer({"b": at(2.5, 2.5)})


@pytest.fixture
def services(fresh_world):
    """The district with health posts, a street, dwellings and what areas need."""
    for name, frame in (
        ("health-posts", POSTS),
        ("streets", STREET),
        ("homes", layer({"h1": at(0.5, 2.5), "h2": at(2.5, 2.5)}, households="7")),
        ("planned-posts", layer({"q": at(0.5, 2.5)}, state="planned")),
        ("rescue-teams", layer({"r": at(0.5, 2.5)}, members="50")),
        ("stations", STATION),
    ):
        put_layer(fresh_world, name, frame)
    return fresh_world


def put_layer(world, name: str, frame: gpd.GeoDataFrame) -> None:
    plans = Plans(world.store)
    done = import_layer(
        world.store, plans, plans.resolve_set("urban"), FeatureLayer(name, f"{name}!"), frame,
        today=MAY, settings=world.settings, valid_from=ALWAYS, commit=True,
    )  # fmt: skip
    assert done.committed


def grids(world) -> gpd.GeoDataFrame:
    frame = Plans(world.store).of_day("urban", MAY).frame if hasattr(Plans, "of_day") else None
    if frame is None:
        plans = Plans(world.store)
        with world.store.unit_of_work() as work:
            frame = plans.in_force(work, "urban", None, MAY).frame
    return frame[frame["level"] == "grid"].reset_index(drop=True)


def test_coverage_is_that_of_the_function(services):
    body = services.get(f"{BASE}/coverage?layer=health-posts&at=2026-05-10").json()
    mine = grids(services)
    epsg = crs.metric_epsg_of(mine.geometry.array)
    wanted = service_coverage(mine, straight_catchments(POSTS, epsg=epsg))
    assert [row["code"] for row in body["grids"]] == wanted.grids["code"].tolist()
    for name in ("area_m2", "covered_m2", "area_share", "nearest_m"):
        assert [row[name] for row in body["grids"]] == pytest.approx(wanted.grids[name].tolist(), rel=1e-9)
    assert body["reach"] == {"radius_m": 300.0, "minutes": None, "m_per_min": None, "width_m": None}
    assert body["total"]["facilities"] == 2
    assert body["households_unknown"] == 1
    assert sum(body["status"].values()) == len(body["grids"])
    whole, covered = body["total"]["area_m2"], body["total"]["covered_m2"]
    gaps = services.get(f"{BASE}/gaps?layer=health-posts&at=2026-05-10")
    assert gaps.headers["content-type"].startswith("application/geo+json")
    found = gaps.json()["features"]
    assert len(found) == body["gaps"]
    assert sum(f["properties"]["area_m2"] for f in found) + covered == pytest.approx(whole, rel=1e-9)
    assert found[0]["properties"]["grids"].split(",") == sorted(found[0]["properties"]["grids"].split(","))


def test_on_foot_it_is_that_of_the_function(services):
    query = "layer=health-posts&minutes=5&m_per_min=60&roads=streets&at=2026-05-10"
    body = services.get(f"{BASE}/coverage?{query}").json()
    mine = grids(services)
    net = road_network(STREET, epsg=crs.metric_epsg_of(mine.geometry.array))
    wanted = service_coverage(mine, walking_catchments(POSTS, net, minutes=5, m_per_min=60))
    assert body["total"]["covered_m2"] == pytest.approx(wanted.summary["covered_m2"], rel=1e-9)
    assert body["unattached"] == 1
    assert body["reach"]["width_m"] == 50


def test_dwellings_and_states_are_as_chosen(services):
    body = services.get(f"{BASE}/coverage?layer=health-posts&dwellings=homes&at=2026-05-10").json()
    assert body["households_by"] == "place"
    assert (body["total"]["households"], body["total"]["covered_households"]) == (14, 7)
    none = services.get(f"{BASE}/coverage?layer=planned-posts").json()
    assert (none["total"]["facilities"], none["total"]["covered_m2"]) == (0, 0)
    some = services.get(f"{BASE}/coverage?layer=planned-posts&state=planned,open").json()
    assert some["total"]["facilities"] == 1


def test_staffing_is_that_of_the_card(services):
    body = services.get(f"{BASE}/staffing?at=2026-05-10").json()
    for row in body["grids"]:
        card = services.get(f"/api/v1/grids/{row['code']}?at=2026-05-10").json()
        held = {name: row[name] for name in ("workers_needed", "heads", "workers", "station_needed")}
        assert held == {name: card["staffing"][name] for name in held}
        assert row["households"] == card["households"]
    assert body["households_per_worker"] == 150
    assert body["summary"]["grids"] == len(body["grids"])
    by_code = {row["code"]: row for row in body["grids"]}
    assert (by_code["A"]["status"], by_code["B"]["status"], by_code["C"]["status"]) == ("over", "under", "under")
    assert by_code["D"]["workers_needed"] is None


def test_provision_tells_what_each_area_lacks(services):
    body = services.get(f"{BASE}/provision?at=2026-05-10").json()
    teams = {row["code"]: row for row in body["rows"] if row["need"] == "rescue_team"}
    assert teams["S"]["status"] == "met"
    assert (teams["T"]["status"], teams["T"]["lacking"]) == ("lacking", 1)
    assert body["summary"]["rescue_team"] == {"met": 1, "lacking": 1, "unknown": 0}
    book = services.get(f"{BASE}?lang=zh").json()
    assert {need["id"] for need in book["needs"]} >= {row["need"] for row in body["rows"]}
    assert next(kind for kind in book["services"] if kind["id"] == "health_post")["reach"]["radius_m"] == 300


def test_best_places_are_those_of_the_function(services):
    query = "layer=stations&radius_m=400&count=1&lang=en&at=2026-05-10"
    body = services.get(f"{BASE}/places?{query}").json()
    mine = grids(services)
    epsg = crs.metric_epsg_of(mine.geometry.array)
    middles = shapely.point_on_surface(crs.to_metric(mine.geometry.array, epsg))
    posts = crs.to_metric(STATION.geometry.array, epsg)
    homes = mine["households"].to_numpy(dtype=float, na_value=0.0)
    ways, there = (shapely.distance(middles[:, None], some[None, :]) for some in (middles, posts))
    wanted = cover_most(homes, ways, 1, within_m=400, existing_m=there)
    assert [p["code"] for p in body["places"]] == mine["code"].iloc[wanted.chosen["place"]].tolist()
    assert (body["served"], body["households"]) == (wanted.served, wanted.demand)
    assert body["served_before"] == homes[(there <= 400).any(axis=1)].sum() < body["served"]
    assert (body["existing"], body["candidates"], body["count"], body["proven"]) == (1, len(mine), 1, True)
    place = body["places"][0]
    assert place["newly"] == wanted.chosen["newly"].iloc[0] > 0
    assert f"{place['newly']:,.0f} households get a facility within 400 m" in place["reason"]
    every = services.get(f"{BASE}/places?layer=stations&model=cover_all&radius_m=400").json()
    assert every["served"] == every["households"]
    assert (every["count"], every["radius_m"]) == (None, 400)
    near = services.get(f"{BASE}/places?layer=stations&model=shortest_ways&count=1").json()
    assert near["mean_m"] < near["mean_before_m"]
    rows = list(csv.reader(io.StringIO(services.get(f"{BASE}/places.csv?{query}").text.removeprefix("\ufeff"))))
    assert rows[1][1] == place["code"]
    assert rows[1][-1] == place["reason"]


def test_best_places_on_foot_go_along_the_street(services):
    query = "layer=health-posts&minutes=4&m_per_min=60&roads=streets&count=1&lang=en&at=2026-05-10"
    body = services.get(f"{BASE}/places?{query}").json()
    mine = grids(services)
    net = road_network(STREET, epsg=crs.metric_epsg_of(mine.geometry.array))
    middles = crs.to_metric(shapely.point_on_surface(np.asarray(mine.geometry.array)), net.epsg)
    homes = mine["households"].to_numpy(dtype=float, na_value=0.0)
    on = net.attach(middles)[0] >= 0
    posts = crs.to_metric(POSTS.geometry.array, net.epsg)
    ways, there = (ways_on_foot(net, middles, to) for to in (middles, posts))
    wanted = cover_most(np.where(on, homes, 0), ways, 1, within_m=240, existing_m=there)
    assert [p["code"] for p in body["places"]] == mine["code"].iloc[wanted.chosen["place"]].tolist()
    assert (body["served"], body["households"], body["households_off_road"]) == (
        wanted.served, wanted.demand, homes[~on].sum()
    )  # fmt: skip
    assert body["households_off_road"] > 0 < body["households"]
    assert (body["radius_m"], body["minutes"], body["m_per_min"]) == (None, 4, 60)
    place = body["places"][0]
    assert place["mean_minutes"] == pytest.approx(wanted.chosen["mean_m"].iloc[0] / 60)
    assert "within 4 minutes on foot for the first time" in place["reason"]
    rows = list(csv.reader(io.StringIO(services.get(f"{BASE}/places.csv?{query}").text.removeprefix("\ufeff"))))
    assert rows[1][-2:] == [f"{place['mean_minutes']:.1f}", place["reason"]]
    near = services.get(f"{BASE}/places?model=shortest_ways&{query}").json()
    best = shortest_ways(np.where(on, homes, 0), ways, 1, existing_m=there)
    assert (near["minutes"], near["mean_m"]) == (None, pytest.approx(best.mean_m))
    assert near["mean_minutes"] < near["mean_before_minutes"]
    assert "minutes on foot on average" in near["places"][0]["reason"]
    check_problem(services.get(f"{BASE}/places?layer=health-posts&minutes=5"), 422, "places_no_roads")
    check_problem(services.get(f"{BASE}/places?layer=health-posts&minutes=5&radius_m=300"), 422, "reach_twice")
    page = services.get("/maps/services?layer=health-posts&minutes=4&model=cover_most&count=1&lang=en&at=2026-05-10")
    check_problem(page, 422, "places_no_roads")


def test_ways_that_the_book_names_are_walked_on(services):
    assert services.get(BASE).json()["on_foot"] is False
    put_layer(services, "walking-ways", STREET)
    assert services.get(BASE).json()["on_foot"] is True
    for about in ("places?layer=health-posts&minutes=4&count=1", "coverage?layer=health-posts&minutes=5"):
        named = services.get(f"{BASE}/{about}&roads=streets&at=2026-05-10").json()
        assert named == services.get(f"{BASE}/{about}&at=2026-05-10").json()
        assert named.get("places") or named["total"]["covered_m2"]
    page = services.get("/maps/services?layer=health-posts&minutes=4&model=cover_most&count=1&lang=en&at=2026-05-10")
    assert "minutes on foot for the first time" in page.text


def test_best_places_keep_to_an_area_a_capacity_and_what_is_planned(services):
    here = services.get(f"{BASE}/places?layer=health-posts&area=A&count=1").json()
    homes = grids(services).set_index("code")["households"]
    assert here["candidates"] == 1
    assert here["households"] == homes["A"]
    meant = services.get(f"{BASE}/places?layer=planned-posts&planned=true&count=1&radius_m=5000").json()
    assert [p["code"] for p in meant["places"]] == ["q"]
    assert meant["served"] == meant["households"] > 5
    full = services.get(f"{BASE}/places?layer=planned-posts&planned=true&count=1&radius_m=5000&capacity=5").json()
    assert full["served"] == pytest.approx(5)
    for query, status, code in (
        ("layer=planned-posts&planned=true&count=2", 422, "places_count"),
        ("layer=health-posts&planned=true", 422, "places_nowhere"),
        ("layer=health-posts&area=nowhere", 404, "grid_unknown"),
        ("layer=planned-posts&model=cover_all&capacity=0.1", 422, "places_no_room"),
    ):
        check_problem(services.get(f"{BASE}/places?{query}"), status, code)


@pytest.mark.parametrize("name", ["coverage", "gaps"])
def test_files_hold_the_same(services, name):
    answer = services.get(f"{BASE}/{name}.csv?layer=health-posts&lang=zh")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    body = services.get(f"{BASE}/coverage?layer=health-posts").json()
    assert len(rows) == 1 + (len(body["grids"]) if name == "coverage" else body["gaps"])
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'


@pytest.mark.parametrize("name", ["staffing", "provision"])
def test_staff_and_provision_come_as_files(services, name):
    rows = list(csv.reader(io.StringIO(services.get(f"{BASE}/{name}.csv?lang=en").text.removeprefix("\ufeff"))))
    body = services.get(f"{BASE}/{name}").json()
    assert len(rows) == 1 + len(body["grids" if name == "staffing" else "rows"])
    assert rows[0][:2] == ["Code", "Name"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("layer=nowhere", 404, "feature_layer_unknown"),
        ("layer=health-posts&roads=nowhere&minutes=5", 404, "feature_layer_unknown"),
        ("layer=health-posts&dwellings=nowhere", 404, "feature_layer_unknown"),
        ("layer=health-posts&radius_m=300&minutes=5", 422, "reach_twice"),
        ("layer=health-posts&m_per_min=80", 422, "reach_twice"),
        ("layer=health-posts&radius_m=0", 422, "value_out_of_range"),
        ("layer=health-posts&radius_m=1e9", 422, "value_out_of_range"),
        ("layer=health-posts&minutes=241", 422, "value_out_of_range"),
        ("layer=health-posts&state=closed", 422, None),
        ("", 422, None),
    ],
)
def test_what_makes_no_sense_is_refused(services, query, status, code):
    answer = services.get(f"{BASE}/coverage?{query}")
    if code is None:
        assert answer.status_code == status
    else:
        problem = answer.json()
        check_problem(answer, status, problem["code"])
        assert code in (problem["code"], *(e["code"] for e in problem["errors"]))


@pytest.mark.parametrize("kind", ["services?layer=health-posts", "services", "staffing"])
def test_maps_are_pages(services, kind):
    join = "&" if "?" in kind else "?"
    answer = services.get(f"/maps/{kind}{join}lang=en&at=2026-05-10")
    assert answer.status_code == 200
    assert 'id="gridmap-data"' in answer.text
    assert CELL  # the district of the sketches
