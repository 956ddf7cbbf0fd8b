"""Address text to places over HTTP."""

import geopandas as gpd
import pytest
import shapely
from api_world import NOW

from gridmap.services.clock import FixedClock
from gridmap.services.places import import_places

URL = "/api/v1/places"


def places(*names: str) -> gpd.GeoDataFrame:
    held = {
        "code": [f"P{i}" for i in range(len(names))],
        "name": list(names),
        "kind": "door",
        "aliases": [["火炬大厦"] if i == 0 else [] for i in range(len(names))],
    }
    return gpd.GeoDataFrame(held, geometry=shapely.points([120.13] * len(names), 30.2), crs=4326)


def keep(world, *names: str) -> None:
    import_places(world.store, places(*names), note="survey", clock=FixedClock(NOW), commit=True)


def test_an_address_finds_its_place_first(fresh_world) -> None:
    assert fresh_world.get(f"{URL}?q=文三路259号").json() == {"places": []}
    keep(fresh_world, "文三路259号", "文三路258号", "人民公园")
    found = fresh_world.get(f"{URL}?q=西湖区文三路２５９號门口").json()["places"]
    assert [(one["code"], one["matched"]) for one in found[:2]] == [("P0", "文三路259号"), ("P1", "文三路258号")]
    assert (found[0]["lon"], found[0]["lat"]) == pytest.approx((120.13, 30.2))
    assert found[0]["score"] > 0.7 > found[1]["score"]
    assert fresh_world.get(f"{URL}?q=火炬大廈").json()["places"][0]["matched"] == "火炬大厦"
    assert len(fresh_world.get(f"{URL}?q=文三路&limit=1").json()["places"]) == 1


def test_places_that_were_replaced_are_not_found_any_more(fresh_world) -> None:
    keep(fresh_world, "文三路259号")
    assert fresh_world.get(f"{URL}?q=文三路259号").json()["places"]
    keep(fresh_world, "人民公园")
    assert not fresh_world.get(f"{URL}?q=文三路259号").json()["places"]
    assert fresh_world.get(f"{URL}?q=人民公园").json()["places"][0]["score"] == 1.0


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "missing"),
        ("?q=", "text_empty"),
        ("?q=a&limit=0", "limit_out_of_range"),
        ("?q=a&limit=51", "limit_out_of_range"),
        ("?q=a&limit=x", "wrong_type"),
        ("?q=" + "路" * 201, "text_too_long"),
        ("?q=a%00b", "bad_text"),
        ("?q=a&r=b", "unknown_parameter"),
    ],
)
def test_bad_questions(world, query: str, code: str) -> None:
    answer = world.get(URL + query)
    assert answer.status_code == 422
    assert code in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_any_text_is_only_text(world) -> None:
    for text in ("<script>alert(1)</script>", "{{ 7*7 }}", "' OR 1=1 --", "%_", "😀😀"):
        answer = world.client.get(URL, params={"q": text})
        assert answer.status_code == 200
        assert answer.json() == {"places": []}
