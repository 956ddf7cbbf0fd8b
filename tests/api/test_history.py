"""The history of boundaries over HTTP, on a city whose borders moved twice."""

import json
from collections.abc import Iterator

import history_city
import pytest
import shapely
from api_world import CANARY, check_problem
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.services.incidents import import_incidents
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings
from gridmap.store import open_store

SET = "/api/v1/sets/demo"
DIFFERENCE = f"{SET}/difference?from=1&to=2"


@pytest.fixture(scope="module")
def moving() -> history_city.Moving:
    return history_city.build()


@pytest.fixture(scope="module")
def client(moving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The city with its versions, draft and incidents; and its first version once more as a set without lineage."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('history')}/city.gpkg")
    settings = Settings(default_set="demo", max_page=40, cursor_key="for tests")
    history_city.fill(store, moving)
    history_city.fill(store, moving, name="other", lineage=False)
    with store.unit_of_work() as work:
        work.context.replace(moving.town.context)
        work.commit()
    import_incidents(store, Plans(store), [moving.town.incidents], settings=settings, commit=lambda: True)
    with TestClient(create_app(settings, store, FixedClock(history_city.NOW))) as found:
        yield found
    store.close()


def test_a_set_tells_its_versions_in_time_with_counts_and_changes(client, moving) -> None:
    body = client.get(f"{SET}/history").json()
    assert body["today"] == "2026-11-02"
    seen = [(v["number"], v["phase"], v["valid_from"], v["valid_to"], v["grids"]["grid"]) for v in body["versions"]]
    assert seen == [
        (1, "past", "2025-01-01", "2026-03-01", 64),
        (2, "current", "2026-03-01", "2027-01-01", 67),
        (3, "scheduled", "2027-01-01", None, 70),
    ]
    ((draft,), none) = body["drafts"], body["retired"]
    assert (draft["number"], draft["phase"], draft["based_on"], draft["grids"]["grid"]) == (4, "draft", 3, 69)
    assert none == []
    assert body["versions"][0]["changes"] is None
    changes = {(c["level"], c["kind"]): c["count"] for c in body["versions"][2]["changes"]}
    assert changes["grid", "founded"] == 3
    assert changes["area", "extended"] == changes["street", "extended"] == 1
    assert client.get("/api/v1/sets/other/history").json()["versions"][1]["changes"] is None


def test_the_edges_into_a_version_come_in_pages(client, moving) -> None:
    url, edges = f"{SET}/lineage?version=2&level=grid&limit=33", []
    pages = 0
    while url:
        body = client.get(url).json()
        edges += body["edges"]
        pages += 1
        url = next((link["href"] for link in body["links"] if link["rel"] == "next"), None)
    assert pages == 3
    keys = [(e["old_code"] or "", e["new_code"] or "") for e in edges]
    assert keys == sorted(set(keys))
    ends = [e for e in edges if e["old_code"] in moving.ended]
    assert {e["new_code"] for e in ends} == set(moving.begun)
    for code in moving.ended:
        assert sum(e["old_share"] for e in ends if e["old_code"] == code) == pytest.approx(1, abs=1e-5)
    assert client.get(f"{SET}/lineage?version=1").json()["edges"] == []
    cursor = client.get(f"{SET}/lineage?version=2&limit=1").json()["links"][1]["href"].split("cursor=")[1]
    check_problem(client.get(f"{SET}/lineage?version=3&limit=1&cursor={cursor}"), 422, "bad_cursor")


def test_an_old_code_answers_with_its_successors_and_shares(client, moving) -> None:
    code = moving.ended[0]
    old = moving.frames[0].set_index("code").loc[code]
    now = client.get(f"{SET}/codes/{code}").json()
    assert (now["state"], now["version"], now["lost_share"], now["name"]) == ("retired", 2, 0, old["name"])
    assert now["lives"] == [{"level": "grid", "version": 1, "valid_from": "2025-01-01", "valid_to": "2026-03-01"}]
    shares = [s["share"] for s in now["successors"]]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    new = moving.frames[1].set_index("code")
    for found in now["successors"]:
        common = shapely.intersection(old["geometry"], new.loc[found["code"], "geometry"]).area
        assert found["share"] == pytest.approx(common / old["geometry"].area, abs=1e-3)
        assert found["name"] == new.loc[found["code"], "name"]
    assert sum(s["households"] for s in now["successors"]) == pytest.approx(old["households"])
    assert sum(s["household_share"] for s in now["successors"]) == pytest.approx(1, abs=1e-5)
    then = client.get(f"{SET}/codes/{code}?at=2026-02-28").json()
    assert (then["state"], then["version"], then["successors"]) == ("in_force", 1, [])


def test_a_code_that_is_only_to_come_says_so_and_one_never_used_is_unknown(client) -> None:
    coming = client.get(f"{SET}/codes/370211006018901").json()
    assert (coming["state"], coming["version"], coming["successors"]) == ("scheduled", 2, [])
    assert client.get(f"{SET}/codes/370211006018901?at=2027-01-01").json()["state"] == "in_force"
    before = client.get(f"{SET}/codes/370211006018901?at=2020-01-01").json()
    assert (before["state"], before["version"]) == ("scheduled", None)
    check_problem(client.get(f"{SET}/codes/{CANARY}"), 404, "grid_unknown")
    check_problem(client.get(f"/api/v1/sets/{CANARY}/codes/A01"), 404, "set_unknown")


def test_the_card_of_a_retired_code_is_a_404_that_names_its_successors(client, moving) -> None:
    code = moving.ended[0]
    answer = client.get(f"/api/v1/grids/{code}", headers={"Accept-Language": "en"})
    body = check_problem(answer, 404, "grid_retired")
    known = client.get(f"{SET}/codes/{code}").json()["successors"]
    assert body["successors"] == [{"code": s["code"], "share": s["share"]} for s in known]
    assert all(s["code"] in body["detail"] for s in known)
    assert client.get(f"/api/v1/grids/{code}?at=2026-02-28").status_code == 200
    problem = check_problem(client.get("/api/v1/grids/370211006018901"), 404, "grid_unknown")
    assert "successors" not in problem


def test_a_difference_adds_up(client, moving) -> None:
    body = client.get(DIFFERENCE + "&start=2026-07-01&end=2026-11-01").json()
    assert (body["from"], body["to"]) == (1, 2)
    assert body["window"] == {"start": "2026-06-30T16:00:00Z", "end": "2026-10-31T16:00:00Z"}
    summary = {s["level"]: s for s in body["summary"]}
    assert list(summary) == ["street", "area", "grid"]
    rows = [r for r in body["rows"] if r["level"] == "grid"]
    assert {r["code"] for r in rows} == {*moving.ended, *moving.begun}
    assert summary["grid"]["changed"] == 11
    for column in ("area", "households", "incidents"):
        unit = "_m2" if column == "area" else ""
        before, after = (sum(r[f"{column}_{when}{unit}"] or 0 for r in rows) for when in ("before", "after"))
        assert before == pytest.approx(after, rel=1e-3, abs=7)
    pieces = [f for f in body["pieces"]["features"] if f["properties"]["level"] == "grid"]
    assert sum(p["properties"]["incidents"] for p in pieces) == summary["grid"]["incidents"] > 0
    assert sum(p["properties"]["area_m2"] for p in pieces) == pytest.approx(summary["grid"]["area_m2"], abs=1)
    ids = [f["id"] for f in body["pieces"]["features"]]
    assert ids == [str(i + 1) for i in range(len(ids))]
    west, south, east, north = body["bounds"]
    for feature in body["pieces"]["features"]:
        x0, y0, x1, y1 = shapely.from_geojson(json.dumps(feature["geometry"])).bounds
        assert west <= x0 <= x1 <= east
        assert south <= y0 <= y1 <= north


def test_borders_that_went_and_came_lie_apart(client, moving) -> None:
    found = client.get(DIFFERENCE).json()["borders"]["features"]
    lines = {
        f["properties"]["side"]: shapely.from_geojson(json.dumps(f["geometry"]))
        for f in found
        if f["properties"]["level"] == "grid"
    }
    block = moving.frames[0].set_index("code").loc[list(moving.ended)]
    ground = shapely.coverage_union_all(block.geometry.to_numpy())
    for line in lines.values():
        # the rim of the four grids stayed a border
        assert ground.buffer(1e-5).contains(line)
        assert shapely.intersection(line, ground.boundary.buffer(2e-6)).length < 0.02 * line.length
    assert shapely.intersection(lines["old"], lines["new"].buffer(1e-6)).length < 0.02 * lines["old"].length
    inner = shapely.intersection(shapely.union_all(shapely.boundary(block.geometry.to_numpy())), ground.buffer(-1e-5))
    assert lines["old"].length == pytest.approx(inner.length, rel=0.05)


def test_a_draft_can_be_compared_before_it_is_published(client) -> None:
    body = client.get(f"{SET}/difference?from=3&to=4").json()
    (piece,) = body["pieces"]["features"]
    assert piece["properties"]["kind"] == "merged"
    assert client.get(f"{SET}/difference?from=2&to=2").json()["pieces"]["features"] == []


def test_the_extension_is_new_ground_with_names(client) -> None:
    pieces = client.get(f"{SET}/difference?from=2&to=3").json()["pieces"]["features"]
    kinds = {p["properties"]["kind"] for p in pieces if p["properties"]["level"] == "grid"}
    assert kinds == {"founded"}
    first = next(p["properties"] for p in pieces if p["properties"]["level"] == "grid")
    assert (first["old_code"], first["old_name"], first["new_name"]) == (None, None, "北扩第1网格")
    assert first["households"] == 120


def test_two_sets_are_laid_over_each_other(client, moving) -> None:
    same = client.get("/api/v1/crosswalk?a=demo&b=other").json()
    assert same["summary"]["a_agreeing"] == same["a"]["grids"] == 67
    assert {r["relation"] for r in same["rows"]} == {"agree"}
    then = client.get("/api/v1/crosswalk?a=demo&b=demo&at=2026-01-01&b_at=2026-06-01").json()
    assert (then["a"]["version"], then["b"]["version"], then["b"]["at"]) == (1, 2, "2026-06-01")
    changed = [r for r in then["rows"] if r["relation"] != "agree"]
    assert {r["a_code"] for r in changed} == set(moving.ended)
    assert {r["b_code"] for r in changed} == set(moving.begun)
    assert {r["relation"] for r in changed} == {"contains", "crosses"}


def test_context_is_given_within_a_box(client, moving) -> None:
    everything = client.get("/api/v1/context").json()["features"]
    assert [f["properties"]["kind"] for f in everything] == moving.town.context["kind"].tolist()
    assert client.get("/api/v1/context?bbox=0,0,1,1").json()["features"] == []


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        (f"{SET}/difference", 422, "missing_parameter"),
        (f"{SET}/difference?from=1", 422, "missing_parameter"),
        (f"{SET}/difference?from=1&to=9", 404, "version_unknown"),
        (f"{SET}/difference?from=0&to=1", 422, "value_out_of_range"),
        (f"{SET}/difference?from_=1&to=2", 422, "unknown_parameter"),
        (f"{SET}/difference?from=x&to=2", 422, "wrong_type"),
        (f"{DIFFERENCE}&start=2026-05-02&end=2026-05-01", 422, "window_reversed"),
        (f"{SET}/lineage", 422, "missing_parameter"),
        (f"{SET}/lineage?version=9", 404, "version_unknown"),
        (f"{SET}/lineage?version=2&level={CANARY}", 422, "level_not_in_set"),
        (f"{SET}/lineage?version=2&limit=41", 422, "limit_out_of_range"),
        (f"{SET}/codes/A01?at=yesterday", 422, "bad_time"),
        (f"{SET}/history?at=2026-01-01", 422, "unknown_parameter"),
        ("/api/v1/crosswalk?a=demo", 422, "missing_parameter"),
        (f"/api/v1/crosswalk?a=demo&b={CANARY}", 404, "set_unknown"),
        ("/api/v1/crosswalk?a=demo&b=other&at=2020-01-01", 404, "no_version_at"),
        ("/api/v1/context?bbox=1,2,3", 422, "bad_bbox"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(client, url: str, status: int, code: str) -> None:
    check_problem(client.get(url), status, code)
