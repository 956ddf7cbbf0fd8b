"""Hard input through every route of hotspots: an answer that says what it can and cannot claim, never an error."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import city
import geopandas as gpd
import numpy as np
import page_service
import pandas as pd
import pytest
import ready
import shapely
from api_world import check_problem
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap import crs
from gridmap.domain.boundaries import BoundarySet
from gridmap.services.clock import FixedClock
from gridmap.services.incidents import import_incidents
from gridmap.services.public_heat import release_month
from gridmap.services.publishing import publish_frame
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

END = datetime(2026, 10, 31, 16, tzinfo=UTC)
START = END - timedelta(days=105)
WINDOW = f"set=demo&start={START:%Y-%m-%dT%H:%M:%SZ}&end={END:%Y-%m-%dT%H:%M:%SZ}&lang=en"
MAPS = ("hotspots", "significant", "moran", "emerging", "forecast", "compare")
ANSWERS = ("hotspots", "hotspots/emerging", "hotspots/forecast", "hotspots/sudden")
SETTINGS = Settings(default_set="demo", requests_per_s=1e9, network_requests_per_s=1e9)
TOWN = city.build(6, 6)
#: A grid of its own, kilometres from all others.
ISLAND = "370211009099900"


def ground(store) -> None:
    """The grids of the town and an island, and nothing that happened."""
    away = TOWN.grids.iloc[[0]].assign(code=ISLAND, name="海岛网格", parent_code=TOWN.grids["parent_code"][0])
    moved = shapely.transform(away.geometry.to_numpy(), lambda xy: xy + np.array([0.2, 0.1]))
    grids = pd.concat([TOWN.grids, away.set_geometry(gpd.GeoSeries(moved, index=away.index, crs=4326))])
    whole = pd.concat([TOWN.streets, TOWN.areas, grids], ignore_index=True)
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("demo", page_service.LEVELS, "青屿区网格"))
        publish_frame(work, "demo", whole, valid_from=date(2025, 1, 1), published_at=page_service.NOW)
        work.context.replace(TOWN.context)
        work.commit()


def happened(xy: np.ndarray, days: np.ndarray, kinds: list[str]) -> gpd.GeoDataFrame:
    """Incidents so many metres from the south-west corner, so many days after the start."""
    x0, y0 = TOWN.grids.to_crs(city.EPSG).total_bounds[:2]
    at = pd.Series([START + timedelta(days=float(d)) for d in days], dtype="datetime64[us, UTC]").dt.floor("s")
    frame = {
        "incident_id": [f"h{i}" for i in range(len(xy))], "occurred_at": at, "category": kinds, "channel": "report",
        "note": "",
    }  # fmt: skip
    places = np.asarray(xy, dtype=float).reshape(-1, 2) + np.array([x0, y0])
    points = crs.from_metric(shapely.points(places), city.EPSG)
    return gpd.GeoDataFrame(frame, geometry=points, crs="EPSG:4326")


DRAW = np.random.default_rng(5)
SPREAD = DRAW.uniform(50, 2_350, (420, 2))
DAYS = np.sort(DRAW.uniform(0, 105, 420))
LITTER = ["E1-01"] * 420


@dataclass(frozen=True)
class Case:
    """What happened, and the words of an answer in which it says what it cannot claim."""

    incidents: gpd.GeoDataFrame
    words: dict[str, str]


def _gap() -> gpd.GeoDataFrame:
    kept = (DAYS < 40) | (DAYS > 61)
    return happened(SPREAD[kept], DAYS[kept], LITTER[: kept.sum()])


def _renamed() -> gpd.GeoDataFrame:
    return happened(SPREAD, DAYS, ["E1-01" if day < 55 else "rubbish" for day in DAYS])


NO_FORECAST = {"hotspots/forecast": "none is given"}
GAP = "that is not quiet, it is unknown"
RENAMED = "perhaps one kind under two names"
CASES: dict[str, Callable[[], Case]] = {
    "none": lambda: Case(
        happened(np.zeros((0, 2)), np.zeros(0), []),
        {
            "hotspots": "none stands out", "hotspots/emerging": "none stands out",
            "hotspots/forecast": "nothing to judge", "hotspots/sudden": "Of 0 kinds",
        },
    ),
    "one": lambda: Case(
        happened([[900, 900]], np.array([99.0]), ["E1-01"]),
        {"hotspots": "None was found", "hotspots/emerging": "No grid shows a pattern", **NO_FORECAST},
    ),
    "one point": lambda: Case(
        happened(np.full((210, 2), 900.0), DAYS[::2], LITTER[:210]),
        {"hotspots": "None was found", "hotspots/sudden": "Kinds with too few incidents to be judged: 1"},
    ),
    "one grid": lambda: Case(
        happened(850 + 40 * DRAW.random((210, 2)), DAYS[::2], LITTER[:210]), {"hotspots": "None was found"}
    ),
    "gap": lambda: Case(_gap(), dict.fromkeys(ANSWERS, GAP)),
    "renamed": lambda: Case(_renamed(), dict.fromkeys(ANSWERS, RENAMED)),
    "island": lambda: Case(
        happened(SPREAD, DAYS, LITTER), dict.fromkeys(ANSWERS[:2], "1 more could not be judged")
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=list(CASES))
def asked(request):
    case = CASES[request.param]()
    store = ready.fake(ground)
    import_incidents(store, Plans(store), [case.incidents], settings=SETTINGS, commit=lambda: True)
    clock = FixedClock(datetime(2026, 11, 20, tzinfo=UTC))
    release_month(store, Plans(store), date(2026, 10, 1), settings=SETTINGS, clock=clock)
    with TestClient(create_app(SETTINGS, store, clock)) as client:
        yield request.param, case, client
    store.close()


def data_of(page: str) -> dict:
    return json.loads(page.split('id="gridmap-data">')[1].split("</script>")[0])


def test_every_answer_says_what_it_cannot_claim(asked) -> None:
    _, case, client = asked
    for kind in ANSWERS:
        query = WINDOW if kind in ANSWERS[:2] else f"set=demo&end={END:%Y-%m-%dT%H:%M:%SZ}&lang=en"
        answer = client.get(f"/api/v1/{kind}?{query}")
        assert answer.status_code == 200, (kind, answer.text)
        said = " ".join(answer.json()["said"])
        assert case.words.get(kind, "") in said, kind
        assert said, kind
        if kind == "hotspots":
            judged = {grid["code"]: grid["judged"] for grid in answer.json()["grids"]}
            # nothing was planted, and of an island nothing is said
            assert "hot" not in judged.values()
            assert judged[ISLAND] == "not_judged"


def test_every_map_is_drawn_and_has_its_card(asked) -> None:
    name, _, client = asked
    for kind in MAPS:
        page = client.get(f"/maps/{kind}?{WINDOW}")
        assert page.status_code == 200, (kind, page.text[:300])
        data = data_of(page.text)
        assert len(data["grids"]["code"]) == 37
        assert data["about"]["rows"]
        if name == "none" and kind != "compare":
            assert data.get("notice"), kind
    public = data_of(client.get("/maps/public?lang=en").text)
    shown = [n for n in public["grids"]["value"] if n is not None]
    assert all(n >= 10 for n in shown)
    # where all lie in one cell its figure would tell that the others are empty
    assert bool(shown) == (name in ("gap", "renamed", "island")), name


@pytest.mark.parametrize("asked", ["one grid"], indirect=True)
def test_a_map_of_all_in_one_grid_beside_a_far_island_is_still_drawn(asked) -> None:
    """A narrow bandwidth makes small cells, and the box around an island holds many of them."""
    _, _, client = asked
    page = client.get(f"/maps/hotspots?{WINDOW}&bandwidth_m=1")
    told = {row["head"]: row["said"] for row in data_of(page.text)["about"]["rows"]}
    assert any("widened to" in text for said in told.values() for text in said)


def test_a_bandwidth_of_the_whole_city_is_drawn_with_its_caution(asked) -> None:
    _, case, client = asked
    page = client.get(f"/maps/hotspots?{WINDOW}&bandwidth_m=100000")
    assert page.status_code == 200
    told = " ".join(text for row in data_of(page.text)["about"]["rows"] for text in row["said"])
    assert "100,000 m" in told
    if len(case.incidents) > 250:
        assert "can point to no hotspot" in told


def test_a_bandwidth_of_nothing_is_refused(asked) -> None:
    check_problem(asked[2].get(f"/maps/hotspots?{WINDOW}&bandwidth_m=0"), 422, "value_out_of_range")
