"""Sets, grids, incidents, patrols, overview: what each address answers."""

import json
from datetime import date, timedelta

import pytest
from api_world import NAMES, NOTE, NOW, PEOPLE, at, check_problem

from gridmap.domain.incidents import StaffMember
from gridmap.domain.people import GridProfile

GRIDS = "/api/v1/sets/urban/versions/current/grids"
INCIDENTS = "/api/v1/incidents"
FIXES = "/api/v1/patrols/fixes"


def walk(world, url):
    """Follow the next links; give the features of every page."""
    pages = []
    while url:
        answer = world.get(url)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/geo+json"
        body = answer.json()
        assert body["type"] == "FeatureCollection"
        assert body["numberReturned"] == len(body["features"])
        pages.append(body["features"])
        url = next((link["href"] for link in body["links"] if link["rel"] == "next"), None)
        assert ('rel="next"' in answer.headers.get("link", "")) == (url is not None)
        if url:
            assert f"<{url}>" in answer.headers["link"]
    return pages


def test_sets_and_versions_are_listed(world) -> None:
    (found,) = world.get("/api/v1/sets").json()["sets"]
    assert found == {
        "name": "urban",
        "title": "城市管理",
        "code_scheme": None,
        "rules": None,
        "revision": 2,
        "levels": [
            {
                "name": name,
                "order": order,
                "tiles_parent": True,
                "shapes": "area",
                "contiguous": False,
                "required": [],
            }
            for order, name in enumerate(("street", "grid"))
        ],
        "version": 2,
        "valid_from": "2026-05-01",
        "grids": 4,
    }
    versions = world.get("/api/v1/sets/urban/versions").json()["versions"]
    assert [(v["number"], v["valid_from"], v["valid_to"]) for v in versions] == [
        (1, "0001-01-01", "2026-05-01"),
        (2, "2026-05-01", None),
    ]


def test_grids_are_geojson_without_people(world) -> None:
    ((*features,),) = walk(world, GRIDS)
    assert [f["id"] for f in features] == ["A", "B", "C", "D"]
    first = features[0]
    assert first["geometry"]["type"] in ("Polygon", "MultiPolygon")
    assert set(first["properties"]) == {"code", "name", "level", "kind", "parent_code", "households", "area_m2"}
    assert first["properties"]["name"] == NAMES["A"]
    assert [f["properties"]["households"] for f in features] == [0, 151, 300, None]
    assert isinstance(features[1]["properties"]["households"], int)


def test_a_walk_over_pages_sees_every_grid_once(world) -> None:
    pages = walk(world, GRIDS + "?limit=1")
    assert [[f["id"] for f in page] for page in pages] == [["A"], ["B"], ["C"], ["D"]]


def test_grids_of_a_level_a_version_and_a_box(world) -> None:
    ((*streets,),) = walk(world, GRIDS + "?level=street")
    assert [f["id"] for f in streets] == ["S", "T"]
    ((*old,),) = walk(world, "/api/v1/sets/urban/versions/1/grids")
    assert [f["id"] for f in old] == ["A", "B", "C"]
    x0, y0 = at(2.2, 2.2)
    x1, y1 = at(2.8, 2.8)
    ((*east,),) = walk(world, f"{GRIDS}?bbox={x0},{y0},{x1},{y1}")
    assert [f["id"] for f in east] == ["B"]


def test_a_cursor_belongs_to_its_question(world) -> None:
    answer = world.get(GRIDS + "?limit=1").json()
    following = next(link["href"] for link in answer["links"] if link["rel"] == "next")
    assert world.get(following).status_code == 200
    cursor = following.split("cursor=")[1]
    for other in (GRIDS + "?level=street&", INCIDENTS + "?", "/api/v1/sets/urban/versions/1/grids?"):
        check_problem(world.get(f"{other}limit=1&cursor={cursor}"), 422, "bad_cursor")
    flipped = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    check_problem(world.get(f"{GRIDS}?limit=1&cursor={flipped}"), 422, "bad_cursor")


def test_the_page_limit_holds_at_its_edge(world) -> None:
    most = world.settings.max_page
    assert world.get(f"{GRIDS}?limit={most}").status_code == 200
    check_problem(world.get(f"{GRIDS}?limit={most + 1}"), 422, "limit_out_of_range")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/api/v1/sets/nowhere/versions", "set_unknown"),
        ("/api/v1/sets/nowhere/versions/1/grids", "set_unknown"),
        ("/api/v1/sets/urban/versions/3/grids", "version_unknown"),
        ("/api/v1/sets/urban/versions/0/grids", "version_unknown"),
        ("/api/v1/sets/urban/versions/-1/grids", "version_unknown"),
        ("/api/v1/sets/urban/versions/latest/grids", "version_unknown"),
        ("/api/v1/sets/urban/versions/99999999999999999999/grids", "version_unknown"),
        ("/api/v1/sets/urban/versions/%EF%BC%91/grids", "version_unknown"),
        ("/api/v1/grids/nothing", "grid_unknown"),
        ("/api/v1/grids/D?at=2026-04-30", "grid_unknown"),
        ("/api/v1/grids/A?set=nowhere", "set_unknown"),
        ("/api/v1/locate?lon=120&lat=36&set=nowhere", "set_unknown"),
    ],
)
def test_what_is_not_there_is_a_404(world, url: str, code: str) -> None:
    check_problem(world.get(url), 404, code)


def test_incidents_come_by_time_in_pages_without_notes(world) -> None:
    pages = walk(world, INCIDENTS + "?limit=7")
    features = [f for page in pages for f in page]
    assert [len(page) for page in pages] == [7, 7, 7, 4]
    assert len({f["id"] for f in features}) == 25
    keys = [(f["properties"]["occurred_at"], f["id"]) for f in features]
    assert keys == sorted(keys)
    assert {f["properties"]["grid_code"] for f in features} == {"A"}
    assert all(f["properties"]["occurred_at"].endswith("Z") for f in features)
    assert NOTE not in json.dumps(features, ensure_ascii=False)


def test_incidents_can_be_narrowed(world) -> None:
    def count(query):
        return sum(len(page) for page in walk(world, INCIDENTS + query))

    assert count("?category=parking") == 5
    assert count("?category=parking,litter") == 25
    assert count("?category=other") == 0
    day = (NOW - timedelta(days=1)).date().isoformat()
    assert count(f"?start={day}") == 6
    assert count(f"?end={day}") == 19
    assert count(f"?start={day}&end={NOW.date().isoformat()}") == 3
    x, y = at(0.5, 2.5)
    assert count(f"?bbox={x - 1e-6},{y - 1e-6},{x + 1e-6},{y + 1e-6}") == 1
    assert count("?bbox=0,0,1,1") == 0


def test_categories_are_named_in_both_languages(world) -> None:
    found = world.get(INCIDENTS + "/categories").json()["categories"]
    assert [c["code"] for c in found] == ["litter", "parking"]
    assert all(c["zh"] and c["en"] for c in found)


def incident(**changed):
    lon, lat = at(2.5, 2.5)
    return {
        "incident_id": "n1",
        "occurred_at": "2026-05-20T08:00:00+08:00",
        "category": "litter",
        "lon": lon,
        "lat": lat,
        **changed,
    }


def fix(**changed):
    lon, lat = at(2.5, 2.5)
    return {"unit_id": "u9", "fixed_at": "2026-05-20T08:00:00+08:00", "lon": lon, "lat": lat, **changed}


def outcomes(answer):
    assert answer.status_code == 200, answer.text
    return [(r["status"], r["code"]) for r in answer.json()["results"]]


def test_each_incident_of_a_batch_is_judged_by_itself(fresh_world) -> None:
    lon, lat = at(2.5, 2.5)
    items = [
        incident(),
        incident(incident_id="n2", lon=lat, lat=lon),
        incident(incident_id="n3", lon=0, lat=0.0001),
        incident(incident_id="n4", role="admin"),
        incident(incident_id="n5", lon="120"),
        incident(incident_id="n6", lon=500_000.0, lat=3_980_000.0),
        incident(incident_id="n7", occurred_at="2026-05-20T12:06:00+08:00"),
        incident(incident_id="n8", occurred_at="2026-05-20 08:00"),
        incident(incident_id="n9", category="a\u202eb"),
        incident(incident_id="n10", note="x" * 4_001),
        17,
        incident(incident_id="n11"),
    ]
    before = fresh_world.rows()
    answer = fresh_world.post(INCIDENTS, {"datum": "wgs84", "items": items})
    assert outcomes(answer) == [
        ("accepted", None),
        ("rejected", "outside_service_area"),
        ("quarantined", "null_island"),
        ("rejected", "unknown_field"),
        ("rejected", "wrong_type"),
        ("rejected", "coordinate_out_of_range"),
        ("quarantined", "clock_skew"),
        ("rejected", "bad_time"),
        ("rejected", "bad_text"),
        ("rejected", "text_too_long"),
        ("rejected", "wrong_type"),
        ("accepted", None),
    ]
    results = answer.json()["results"]
    assert (results[0]["grid_code"], results[0]["method"]) == ("B", "inside")
    assert results[4]["pointer"] == "#/lon"
    assert answer.json()["counts"] == {"accepted": 2, "duplicate": 0, "quarantined": 2, "rejected": 8}
    assert fresh_world.rows() == (before[0], before[1] + 2, before[2])


def test_an_incident_sent_again_is_a_duplicate_and_with_other_content_refused(fresh_world) -> None:
    send = lambda *items: fresh_world.post(INCIDENTS, {"datum": "wgs84", "items": list(items)})  # noqa: E731
    assert outcomes(send(incident())) == [("accepted", None)]
    assert outcomes(send(incident())) == [("duplicate", None)]
    assert outcomes(send(incident(category="parking"))) == [("rejected", "content_differs")]
    rows = fresh_world.rows()
    assert outcomes(send(incident(incident_id="m1"), incident(incident_id="m1"))) == [
        ("accepted", None),
        ("duplicate", None),
    ]
    assert fresh_world.rows()[1] == rows[1] + 1


def test_each_fix_of_a_batch_is_judged_by_itself(fresh_world) -> None:
    items = [
        fix(fixed_at="2026-05-20T09:00:00+08:00"),
        fix(accuracy_m=0),
        fix(fixed_at="2026-05-20T08:00:01+08:00", accuracy_m=200),
        fix(fixed_at="2026-05-20T08:00:02+08:00", accuracy_m=200.1),
        fix(fixed_at="2026-05-20T08:00:03+08:00", accuracy_m=1e9),
        fix(accuracy_m=-5),
        fix(lon=0, lat=0),
        fix(fixed_at="2026-05-20T12:05:01+08:00"),
        fix(fixed_at="2036-05-20T12:00:00+08:00"),
        fix(fixed_at="1980-01-06T00:00:00Z"),
        fix(fixed_at="2026-05-20T09:00:00+08:00"),
        fix(fixed_at="2026-04-20T09:00:00+08:00"),
    ]
    answer = fresh_world.post(FIXES, {"datum": "wgs84", "items": items})
    assert outcomes(answer) == [
        ("accepted", None),
        ("accepted", None),
        ("accepted", None),
        ("quarantined", "low_accuracy"),
        ("quarantined", "low_accuracy"),
        ("rejected", "value_out_of_range"),
        ("quarantined", "null_island"),
        ("quarantined", "clock_skew"),
        ("quarantined", "clock_skew"),
        ("quarantined", "before_epoch"),
        ("duplicate", None),
        ("accepted", None),
    ]
    again = fresh_world.post(FIXES, {"datum": "wgs84", "items": items[:3]})
    assert outcomes(again) == [("duplicate", None)] * 3


def test_a_shifted_datum_of_a_batch_is_brought_back(fresh_world) -> None:
    lon, lat = at(2.5, 2.5)
    answer = fresh_world.post(FIXES, {"datum": "gcj02", "items": [fix(lon=lon, lat=lat)]})
    ((status, _),) = outcomes(answer)
    assert status == "accepted"
    # half a cell is 176 m; the shift in this place is several hundred
    assert answer.json()["results"][0]["grid_code"] != "B"


@pytest.mark.parametrize(("url", "item"), [(INCIDENTS, incident), (FIXES, fix)])
def test_a_batch_holds_its_limits_and_needs_its_datum(world, url, item) -> None:
    most = world.settings.max_batch_fixes
    before = world.rows()
    check_problem(world.post(url, {"datum": "wgs84", "items": [item()] * (most + 1)}), 413, "batch_too_large")
    check_problem(world.post(url, {"items": [item()]}), 422, "missing_field")
    check_problem(world.post(url, {"datum": "wgs84", "items": []}), 422, "too_few_items")
    check_problem(world.post(url, {"datum": "nad27", "items": [item()]}), 422, "value_not_allowed")
    assert world.rows() == before


def test_the_largest_batch_is_taken(fresh_world) -> None:
    most = fresh_world.settings.max_batch_fixes
    items = [incident(incident_id=f"b{n}") for n in range(most)]
    assert outcomes(fresh_world.post(INCIDENTS, {"datum": "wgs84", "items": items})) == [("accepted", None)] * most


def test_the_card_of_a_grid_counts_what_happened_and_who_is_needed(world) -> None:
    card = world.get("/api/v1/grids/A").json()
    assert [link["code"] for link in card["chain"]] == ["S", "A"]
    staffing = {"heads_needed": 1, "workers_needed": 0, "heads": 1, "workers": 1, "station_needed": None}
    assert card["staffing"] == staffing
    activity = card["activity"]
    assert (activity["incidents"], activity["fixes"], activity["units"]) == (25, 3, 2)
    assert activity["last_fix_at"] == "2026-05-20T03:00:00Z"
    other = world.get("/api/v1/grids/B").json()
    assert other["staffing"] == {**staffing, "workers_needed": 2, "heads": 0}
    assert other["activity"]["incidents"] == 0
    assert other["activity"]["last_fix_at"] is None
    assert world.get("/api/v1/grids/D").json()["staffing"]["workers_needed"] is None
    day = (NOW - timedelta(days=1)).date().isoformat()
    narrowed = world.get(f"/api/v1/grids/A?end={day}").json()["activity"]
    assert (narrowed["incidents"], narrowed["fixes"]) == (19, 0)


def test_the_card_and_the_answer_are_those_of_the_day_asked_for(fresh_world) -> None:
    with fresh_world.store.unit_of_work() as work:
        work.staff.replace("urban", [StaffMember("A", "head", "周敏")], valid_from=date(2026, 5, 10))
        work.profiles.put("urban", [GridProfile("A", 151, 2_001, "网格中心", "0532-9")], valid_from=date(2026, 5, 10))
        work.commit()

    def card(day):
        return fresh_world.get(f"/api/v1/grids/A?at={day}").json()

    def answer(day):
        lon, lat = at(0.5, 2.5)
        return fresh_world.get(f"/api/v1/locate?lon={lon}&lat={lat}&at={day}").json()

    before, after = card("2026-05-09"), card("2026-05-10")
    assert (before["households"], before["floating_residents"], before["department"]) == (0, None, "")
    assert (after["households"], after["floating_residents"]) == (151, 2_001)
    assert (after["department"], after["phone"]) == ("网格中心", "0532-9")
    assert before["staffing"]["workers"] == 1
    assert after["staffing"] == {
        "heads_needed": 1,
        "workers_needed": 2,
        "heads": 1,
        "workers": 0,
        "station_needed": True,
    }
    assert [s["name"] for s in answer("2026-05-09")["staff"]] == list(PEOPLE[:2])
    assert [s["name"] for s in answer("2026-05-10")["staff"]] == ["周敏"]
    assert answer("2026-05-09")["grid"]["households"] == 0
    assert answer("2026-05-10")["grid"]["households"] == 151
    assert answer("2026-05-09T16:00:00Z")["grid"]["department"] == "网格中心"
    assert answer("2026-05-09T15:59:59Z")["grid"]["department"] == ""


def test_a_map_asks_for_the_people_of_the_day_it_shows(world) -> None:
    page = world.get("/maps/grids?at=2026-05-10").text
    assert "at=2026-05-10" in page
    assert "at=1900" not in page


def test_the_overview_says_what_is_there(world) -> None:
    body = world.get("/api/v1/overview").json()
    assert body["sets"][0]["grids"] == 4
    assert body["incidents"]["count"] == 25
    assert body["incidents"]["last"] == "2026-05-20T04:00:00Z"
    assert [c["code"] for c in body["incidents"]["categories"]] == ["litter", "parking"]
    assert (body["fixes"]["count"], body["fixes"]["last"]) == (3, "2026-05-20T03:00:00Z")
    assert body["time_zone"] == "Asia/Shanghai"
    west, south, east, north = body["bounds"]
    assert (west, south) == at(0, 0)
    assert (east, north) == at(3, 3)
    assert body["center"] == [(west + east) / 2, (south + north) / 2]


def test_an_empty_store_has_an_overview_and_no_map(empty_world) -> None:
    body = empty_world.get("/api/v1/overview").json()
    assert body["sets"] == []
    assert body["bounds"] is None
    assert body["incidents"] == {"first": None, "last": None, "count": 0, "categories": []}
    assert empty_world.get(INCIDENTS).json()["features"] == []
    check_problem(empty_world.get("/maps/grids"), 404, "no_sets")


def test_an_incident_without_boundaries_is_kept_without_an_owner(empty_world) -> None:
    answer = empty_world.post(INCIDENTS, {"datum": "wgs84", "items": [incident(occurred_at="2025-12-31T00:00:00Z")]})
    assert outcomes(answer) == [("accepted", None)]
    assert answer.json()["results"][0]["grid_code"] is None


def test_texts_come_in_both_languages(world) -> None:
    chinese, english = (world.get(f"/api/v1/texts?lang={lang}").json() for lang in ("zh", "en"))
    assert set(chinese) == set(english)
    assert {key.split(".")[0] for key in chinese} == {"page", "legend", "map", "lineage", "action", "category"}
    assert chinese != english
    assert world.get("/api/v1/texts", accept_language="en-GB,en;q=0.9").json() == english
    assert world.get("/api/v1/texts").json() == chinese


@pytest.mark.parametrize(
    "url", ["/api/v1/sets", "/api/v1/overview", GRIDS, INCIDENTS, "/api/v1/grids/A", "/maps/grids"]
)
def test_people_are_named_by_locate_alone(world, url: str) -> None:
    text = world.get(url).text
    assert not any(person in text for person in (*PEOPLE, NOTE))
