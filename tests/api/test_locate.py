"""Who is responsible for this point, over HTTP."""

from importlib import resources

import pytest
from api_world import NAMES, NOW, PEOPLE, REDRAW, at, check_problem

from gridmap.services.case_books import put_book
from gridmap.services.clock import FixedClock

LOCATE = "/api/v1/locate"


def address(column, row, **more):
    lon, lat = at(column, row)
    return f"{LOCATE}?lon={lon}&lat={lat}" + "".join(f"&{k}={v}" for k, v in more.items())


def test_a_point_inside_a_grid_names_its_people_and_its_chain(world) -> None:
    answer = world.get(address(0.5, 2.5))
    assert answer.status_code == 200
    body = answer.json()
    assert body["grid"]["code"] == "A"
    assert body["grid"]["name"] == NAMES["A"]
    assert body["grid"]["households"] == 0
    assert 300_000 < body["grid"]["area_m2"] < 600_000
    assert [link["code"] for link in body["chain"]] == ["S", "A"]
    assert body["method"] == "inside"
    assert body["border_m"] == pytest.approx(176, rel=0.05)
    assert body["candidates"] == []
    assert body["desk"] is None
    assert [(s["role"], s["name"], s["phone"]) for s in body["staff"]] == [
        ("head", PEOPLE[0], "0532-1000"),
        ("worker", PEOPLE[1], "0532-2000"),
    ]
    assert (body["set"], body["version"]) == ("urban", 2)


def test_a_point_on_a_border_lists_all_that_hold_it(world) -> None:
    body = world.get(address(2, 2.5)).json()
    assert body["method"] == "border"
    assert body["border_m"] == 0
    assert [c["code"] for c in body["candidates"]] == ["A", "B"]
    assert body["grid"]["code"] == "A"


def test_a_point_beside_all_grids_goes_to_the_nearest(world) -> None:
    body = world.get(address(-0.1, 2.5)).json()
    assert body["method"] == "nearest"
    assert body["grid"]["code"] == "A"
    assert 30 < body["border_m"] < 40


def test_a_point_in_a_hole_goes_to_the_desk_of_its_street(world) -> None:
    body = world.get(address(2.5, 0.5)).json()
    assert body["method"] == "none"
    assert body["grid"] is None
    assert body["desk"]["code"] == "T"
    assert body["staff"] == []


def test_a_point_far_away_has_nobody(world) -> None:
    body = world.get(f"{LOCATE}?lon=121.5&lat=31.2").json()
    assert body["method"] == "none"
    assert body["grid"] is None
    assert body["desk"] is None


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("2026-04-30", "A"),
        ("2026-05-01", "D"),
        ("2026-04-30T16:00:00Z", "D"),
        ("2026-04-30T15:59:59Z", "A"),
        ("2026-05-01T00:00:00%2B08:00", "D"),
        ("2026-04-30T23:59:59%2B08:00", "A"),
    ],
)
def test_a_version_begins_at_midnight_in_the_district(world, when: str, code: str) -> None:
    assert REDRAW.isoformat() == "2026-05-01"
    assert world.get(address(0.5, 1.5, at=when)).json()["grid"]["code"] == code


def test_shifted_datums_are_brought_back(world) -> None:
    lon, lat = at(1, 2.9)
    from gridmap.crs import wgs84_to_gcj02

    x, y = wgs84_to_gcj02([lon], [lat])
    shifted = f"{LOCATE}?lon={x[0]}&lat={y[0]}"
    assert world.get(shifted + "&datum=gcj02").json()["grid"]["code"] == "A"
    assert (world.get(shifted).json()["grid"] or {}).get("code") != "A"


def test_many_points_answer_like_one(world) -> None:
    points = [at(c / 4, r / 4) for c in (-1, 0, 2, 5, 8, 10) for r in (2, 6)]
    batch = world.post(LOCATE, {"points": points}).json()
    assert batch["version"] == 2
    for i, (lon, lat) in enumerate(points):
        one = world.get(f"{LOCATE}?lon={lon!r}&lat={lat!r}").json()
        assert batch["grid_code"][i] == (one["grid"] or {"code": None})["code"]
        assert batch["method"][i] == one["method"]
        if one["border_m"] is None:
            assert batch["border_m"][i] is None
        else:
            assert batch["border_m"][i] == pytest.approx(one["border_m"], abs=0.006)


def test_many_points_can_ask_for_a_day(world) -> None:
    body = world.post(LOCATE, {"points": [at(0.5, 1.5)], "set": "urban", "at": "2026-04-30"}).json()
    assert (body["grid_code"], body["version"]) == (["A"], 1)


def test_the_largest_batch_is_taken_and_one_more_is_not(world) -> None:
    most = world.settings.max_batch_points
    assert len(world.post(LOCATE, {"points": [at(1, 1)] * most}).json()["grid_code"]) == most
    check_problem(world.post(LOCATE, {"points": [at(1, 1)] * (most + 1)}), 413, "too_many_points")


def test_a_store_without_sets_says_so(empty_world) -> None:
    check_problem(empty_world.get(f"{LOCATE}?lon=120&lat=30"), 404, "no_sets")


def test_how_near_to_zero_a_place_is_none_says_the_citys_own_book(fresh_world) -> None:
    question = f"{LOCATE}?lon=0.005&lat=0.005"
    check_problem(fresh_world.get(question), 422, "null_island")
    book = (resources.files("gridmap") / "data" / "patrols" / "cn.toml").read_text(encoding="utf-8")
    assert "island_deg = 0.01" in book
    own = book.replace("island_deg = 0.01", "island_deg = 0.001")
    put_book(fresh_world.store, "patrols", own, valid_from=NOW.date(), clock=FixedClock(NOW))
    assert fresh_world.get(question).json()["method"] == "none"
    assert fresh_world.post(LOCATE, {"points": [[0.005, 0.005]]}).json()["method"] == ["none"]
