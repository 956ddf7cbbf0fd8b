"""One item of a batch goes wrong in every way, in an envelope that is right: it alone is refused, in its place."""

import json
from typing import Any

import pytest
from api_world import CANARY, X0, Y0, at, check_problem

INCIDENTS = "/api/v1/incidents"
FIXES = "/api/v1/patrols/fixes"
LOCATE = "/api/v1/locate"
LON, LAT = at(2.5, 2.5)
#: Stands in a good item where a raw piece of JSON is to come.
HERE = "@here@"


def incident(**changed: Any) -> dict[str, Any]:
    when = "2026-05-20T08:00:00+08:00"
    return {"incident_id": "x1", "occurred_at": when, "category": "litter", "lon": LON, "lat": LAT, **changed}


def fix(**changed: Any) -> dict[str, Any]:
    return {"unit_id": "x1", "fixed_at": "2026-05-20T08:00:00+08:00", "lon": LON, "lat": LAT, **changed}


#: Address, its good item, and the names of its fields of a time and of an id.
KINDS = [
    pytest.param(INCIDENTS, incident, "occurred_at", "incident_id", id="incidents"),
    pytest.param(FIXES, fix, "fixed_at", "unit_id", id="fixes"),
]


def batch(items: list[Any], raw: str | None = None) -> bytes:
    text = json.dumps({"datum": "wgs84", "items": items})
    return (text if raw is None else text.replace(f'"{HERE}"', raw)).encode()


def results(answer) -> list[tuple[str, str | None]]:
    assert answer.status_code == 200, answer.text
    assert CANARY not in answer.text
    body = answer.json()
    made = [(r["status"], r["code"]) for r in body["results"]]
    assert body["counts"] == {
        name: sum(status == name for status, _ in made) for name in ("accepted", "duplicate", "quarantined", "rejected")
    }
    return made


def others(make, key: str, count: int) -> list[dict[str, Any]]:
    return [make(**{key: f"y{n}"}) for n in range(count)]


@pytest.fixture(scope="module")
def sent(world_to_write):
    """A district that knows the good items already: sent again, they are duplicates and add nothing."""
    for url, make, key in ((INCIDENTS, incident, "incident_id"), (FIXES, fix, "unit_id")):
        assert results(world_to_write.post(url, batch(others(make, key, 2)))) == [("accepted", None)] * 2
    return world_to_write


#: Raw JSON in place of a number of degrees, and what becomes of the item.
NUMBERS = [
    ("1e400", "rejected", "number_not_finite"),
    ("-1e400", "rejected", "number_not_finite"),
    ("9" * 400, "rejected", "number_not_finite"),
    ("1" + "0" * 30, "rejected", "coordinate_out_of_range"),
    (str(2**63), "rejected", "coordinate_out_of_range"),
    ("1e308", "rejected", "coordinate_out_of_range"),
    ('"nan"', "rejected", "wrong_type"),
    ('"12"', "rejected", "wrong_type"),
    (f'"{CANARY}"', "rejected", "wrong_type"),
    ("true", "rejected", "wrong_type"),
    ("null", "rejected", "wrong_type"),
    ("[120]", "rejected", "wrong_type"),
    ("[120, 30, 5]", "rejected", "wrong_type"),
    ('{"x": 1}', "rejected", "wrong_type"),
    ("181", "rejected", "coordinate_out_of_range"),
    ("-180.0000001", "rejected", "coordinate_out_of_range"),
    ("500000", "rejected", "coordinate_out_of_range"),
]

TIMES = [
    (CANARY, "rejected", "bad_time"),
    ("2026-05-20T08:00:00", "rejected", "bad_time"),
    ("2026-05-20 08:00:00+08:00", "rejected", "bad_time"),
    ("2026-05-20", "rejected", "bad_time"),
    ("2026-02-30T08:00:00Z", "rejected", "bad_time"),
    ("2026-05-20T25:00:00Z", "rejected", "bad_time"),
    ("2026-05-20T08:00:60Z", "rejected", "bad_time"),
    ("2026-05-20T08:00:00+99:99", "rejected", "bad_time"),
    ("10000-01-01T00:00:00Z", "rejected", "bad_time"),
    ("9999-12-31T23:59:59-14:00", "rejected", "bad_time"),
    ("0001-01-01T00:00:00+14:00", "rejected", "bad_time"),
    ("1899-12-31T23:59:59Z", "rejected", "bad_time"),
    ("", "rejected", "bad_time"),
    (1_779_235_200, "rejected", "wrong_type"),
    (True, "rejected", "wrong_type"),
    (None, "rejected", "wrong_type"),
    (["2026-05-20T08:00:00Z"], "rejected", "wrong_type"),
    # the clock of the district stands at 12:00
    ("2026-05-20T12:06:00+08:00", "quarantined", "clock_skew"),
    ("2026-05-20T04:05:00.000001Z", "quarantined", "clock_skew"),
    ("2199-12-31T23:59:59-14:00", "quarantined", "clock_skew"),
]

TEXTS = [
    ("\ud800", "rejected", "bad_text"),
    ("a\x00b", "rejected", "bad_text"),
    ("a\x1bb", "rejected", "bad_text"),
    ("a\u202eb", "rejected", "bad_text"),
    ("a\u2066b", "rejected", "bad_text"),
    ("a\u200bb", "rejected", "bad_text"),
    ("a\ufeffb", "rejected", "bad_text"),
    ("a\uffffb", "rejected", "bad_text"),
    ("网" * 201, "rejected", "text_too_long"),
    ("", "rejected", "text_empty"),
    (" \u3000", "rejected", "text_empty"),
    (7, "rejected", "wrong_type"),
    (None, "rejected", "wrong_type"),
    (True, "rejected", "wrong_type"),
    ([CANARY], "rejected", "wrong_type"),
    ({CANARY: 1}, "rejected", "wrong_type"),
]


@pytest.fixture
def refused(sent):
    """Send an item between two that are known; give what became of it, and check that nothing else happened."""

    def send(url: str, item: Any, key: str, make, raw: str | None = None) -> dict[str, Any]:
        before = sent.rows()
        first, last = others(make, key, 2)
        answer = sent.post(url, batch([first, item, last], raw))
        made = results(answer)
        assert (made[0], made[2]) == (("duplicate", None), ("duplicate", None))
        assert sent.rows() == before
        return answer.json()["results"][1]

    return send


@pytest.mark.parametrize(("url", "make", "when", "key"), KINDS)
@pytest.mark.parametrize("field", ["lon", "lat"])
@pytest.mark.parametrize(("raw", "status", "code"), NUMBERS, ids=range(len(NUMBERS)))
def test_a_bad_number_refuses_its_item(refused, url, make, when, key, field, raw, status, code) -> None:
    result = refused(url, make(**{field: HERE}), key, make, raw)
    assert (result["status"], result["code"]) == (status, code)
    assert result["pointer"] == ("#" if code == "coordinate_out_of_range" else f"#/{field}")


@pytest.mark.parametrize(("url", "make", "when", "key"), KINDS)
@pytest.mark.parametrize(("value", "status", "code"), TIMES, ids=range(len(TIMES)))
def test_a_bad_time_refuses_its_item(refused, url, make, when, key, value, status, code) -> None:
    result = refused(url, make(**{when: value}), key, make)
    assert (result["status"], result["code"]) == (status, code)


@pytest.mark.parametrize(("url", "make", "when", "key"), KINDS)
@pytest.mark.parametrize(("value", "status", "code"), TEXTS, ids=range(len(TEXTS)))
def test_a_bad_text_refuses_its_item(refused, url, make, when, key, value, status, code) -> None:
    result = refused(url, make(**{key: value}), key, make)
    assert (result["status"], result["code"], result["pointer"]) == (status, code, f"#/{key}")


@pytest.mark.parametrize(("field", "most"), [("category", 200), ("channel", 200), ("note", 4_000)])
def test_the_other_texts_of_an_incident_are_looked_at_too(refused, field: str, most: int) -> None:
    for value, code in (("a\u202eb", "bad_text"), ("a\x00b", "bad_text"), ("\udfff", "bad_text"), (7, "wrong_type")):
        assert refused(INCIDENTS, incident(**{field: value}), "incident_id", incident)["code"] == code
    result = refused(INCIDENTS, incident(**{field: "网" * (most + 1)}), "incident_id", incident)
    assert (result["code"], result["pointer"]) == ("text_too_long", f"#/{field}")


@pytest.mark.parametrize(("url", "make", "when", "key"), KINDS)
def test_an_item_of_another_shape_is_refused(refused, url, make, when, key) -> None:
    for item in (None, 17, "KANARIENVOGEL", [], [LON, LAT], [LON, LAT, 5], True):
        result = refused(url, item, key, make)
        assert (result["status"], result["code"], result["pointer"]) == ("rejected", "wrong_type", "#")
    for field in make():
        lacking = {k: v for k, v in make().items() if k != field}
        result = refused(url, lacking, key, make)
        assert (result["status"], result["code"], result["pointer"]) == ("rejected", "missing_field", f"#/{field}")
    for field in ("role", "grid_code", "version_number", CANARY, "geometry", "Lon"):
        result = refused(url, make(**{field: 1}), key, make)
        assert (result["status"], result["code"]) == ("rejected", "unknown_field")


@pytest.mark.parametrize(("url", "make", "when", "key"), KINDS)
def test_an_item_in_an_impossible_place_is_refused_or_set_aside(refused, url, make, when, key) -> None:
    for lon, lat, status, code in (
        (LAT, LON, "rejected", "outside_service_area"),
        (0, 0, "quarantined", "null_island"),
        (0.0001, -0.0001, "quarantined", "null_island"),
        (LON, 90.0000001, "rejected", "coordinate_out_of_range"),
        (13_358_338.9, 4_300_621.4, "rejected", "coordinate_out_of_range"),
    ):
        result = refused(url, make(lon=lon, lat=lat), key, make)
        assert (result["status"], result["code"]) == (status, code)


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        ("-0.1", "rejected", "value_out_of_range"),
        ("-5", "rejected", "value_out_of_range"),
        ("1e400", "rejected", "number_not_finite"),
        ("9" * 400, "rejected", "number_not_finite"),
        ('"5"', "rejected", "wrong_type"),
        ("true", "rejected", "wrong_type"),
        ("200.1", "quarantined", "low_accuracy"),
        ("1e9", "quarantined", "low_accuracy"),
        ("1" + "0" * 40, "quarantined", "low_accuracy"),
    ],
)
def test_a_bad_accuracy_refuses_its_fix(refused, raw: str, status: str, code: str) -> None:
    result = refused(FIXES, fix(accuracy_m=HERE), "unit_id", fix, raw)
    assert (result["status"], result["code"]) == (status, code)


@pytest.mark.parametrize("when", ["1970-01-01T00:00:00Z", "1980-01-06T00:00:00Z", "1900-01-01T00:00:00+14:00"])
def test_a_fix_of_a_clock_that_was_never_set_is_set_aside(refused, when: str) -> None:
    result = refused(FIXES, fix(fixed_at=when), "unit_id", fix)
    assert (result["status"], result["code"]) == ("quarantined", "before_epoch")


@pytest.mark.parametrize(("url", "make", "when", "key"), KINDS)
@pytest.mark.parametrize(
    ("old", "new", "status", "code"),
    [
        (str(LON), "NaN", 400, "not_json"),
        (str(LON), "-Infinity", 400, "not_json"),
        (str(LON), "0x10", 400, "not_json"),
        ('"lat":', '"lon": 1, "lat":', 400, "duplicate_key"),
        ('"items":', '"items": [], "items":', 400, "duplicate_key"),
        ('"datum":', f'"{CANARY}": 1, "datum":', 422, "unknown_field"),
        ('"wgs84"', f'"{CANARY}"', 422, "value_not_allowed"),
        ('"wgs84"', "null", 422, "value_not_allowed"),
        ('"items": [', '"items": "KANARIENVOGEL", "x": [', 422, "wrong_type"),
    ],
)
def test_a_body_that_is_wrong_as_a_whole_stores_none_of_its_items(sent, url, make, when, key, old, new, status, code):
    before = sent.rows()
    good = batch([make(**{key: "z1"}), make(**{key: "z2"})]).decode()
    assert old in good
    answer = sent.post(url, good.replace(old, new, 1).encode())
    if code == "wrong_type":
        assert answer.json()["errors"][0]["code"] in ("wrong_type", "unknown_field")
        check_problem(answer, status, answer.json()["code"])
    else:
        check_problem(answer, status, code)
    assert sent.rows() == before


@pytest.mark.parametrize(("url", "make", "when", "key"), KINDS)
def test_ids_that_come_again_in_one_batch_and_in_the_next(fresh_world, url, make, when, key) -> None:
    before = sum(fresh_world.rows())
    both = batch([make(), make(), make(**{key: "x2"})])
    assert results(fresh_world.post(url, both)) == [("accepted", None), ("duplicate", None), ("accepted", None)]
    assert results(fresh_world.post(url, both)) == [("duplicate", None)] * 3
    assert sum(fresh_world.rows()) == before + 2


def test_an_id_with_other_content_is_refused_and_the_others_are_taken(fresh_world) -> None:
    items = [
        incident(),
        incident(category="parking"),
        incident(lon=LON + 0.0001),
        incident(occurred_at="2026-05-20T08:00:01+08:00"),
        incident(incident_id="x2"),
    ]
    before = fresh_world.rows()
    wanted = [("accepted", None), *[("rejected", "content_differs")] * 3, ("accepted", None)]
    assert results(fresh_world.post(INCIDENTS, batch(items))) == wanted
    assert fresh_world.rows()[1] == before[1] + 2


@pytest.mark.parametrize(("url", "make", "when", "key"), KINDS)
def test_one_bad_item_does_not_stop_five_hundred(large_world, url, make, when, key) -> None:
    before = sum(large_world.rows())
    items = others(make, key, 500)
    check_problem(large_world.post(url, batch([*items, make()])), 413, "batch_too_large")
    check_problem(large_world.post(url, batch([])), 422, "too_few_items")
    assert sum(large_world.rows()) == before
    items[137] = make(lon=181)
    made = results(large_world.post(url, batch(items)))
    assert made[137] == ("rejected", "coordinate_out_of_range")
    assert made[:137] + made[138:] == [("accepted", None)] * 499
    assert sum(large_world.rows()) == before + 499
    items[137] = make(lon=0, lat=0)
    made = results(large_world.post(url, batch(items)))
    assert made[137] == ("quarantined", "null_island")
    assert made[:137] + made[138:] == [("duplicate", None)] * 499
    # some new among the known ones, and one of them twice: each is told apart
    for n, name in {0: "first", 137: "middle", 138: "middle", 499: "last"}.items():
        items[n] = make(**{key: name})
    made = results(large_world.post(url, batch(items)))
    assert [n for n, result in enumerate(made) if result == ("accepted", None)] == [0, 137, 499]
    assert {result for n, result in enumerate(made) if n not in (0, 137, 499)} == {("duplicate", None)}
    assert sum(large_world.rows()) == before + 502


LOCATE_BODIES = [
    ({"points": [[LON, LAT], [181, LAT]]}, 422, "coordinate_out_of_range"),
    ({"points": [[LON, LAT], [10**30, LAT]]}, 422, "coordinate_out_of_range"),
    ({"points": [[LON, LAT], [LAT, LON]]}, 422, "outside_service_area"),
    ({"points": [[LON, LAT], [0, 0]]}, 422, "null_island"),
    ({"points": [[LON, LAT], [LON, LAT, 5]]}, 422, "bad_position"),
    ({"points": [[LON, LAT], None]}, 422, "wrong_type"),
    ({"points": [[LON, LAT], [True, LAT]]}, 422, "wrong_type"),
    ({"points": [[LON, LAT], ["12", LAT]]}, 422, "wrong_type"),
    ({"points": None}, 422, "wrong_type"),
    ({"points": [[LON, LAT]], "at": "2026-05-20T08:00:00"}, 422, "bad_time"),
    ({"points": [[LON, LAT]], "at": "10000-01-01"}, 422, "bad_time"),
    ({"points": [[LON, LAT]], "at": 10**30}, 422, "wrong_type"),
    ({"points": [[LON, LAT]], "set": "网" * 201}, 422, "text_too_long"),
    ({"points": [[LON, LAT]], "set": "\ud800"}, 422, "bad_text"),
    ({"points": [[LON, LAT]], "set": "a\u202eb"}, 422, "bad_text"),
    ({"points": [[LON, LAT]], "set": "a\u200bb"}, 422, "bad_text"),
    ({"points": [[LON, LAT]], "datum": None}, 422, "value_not_allowed"),
    ({"points": [[LON, LAT]], "datum": CANARY}, 422, "value_not_allowed"),
    ({"points": [[LON, LAT]], CANARY: None}, 422, "unknown_field"),
]


@pytest.mark.parametrize(("body", "status", "code"), LOCATE_BODIES, ids=range(len(LOCATE_BODIES)))
def test_one_bad_point_refuses_the_question(world, body, status: int, code: str) -> None:
    good = {"points": [[LON, LAT], [X0 + 0.001, Y0 + 0.001]]}
    assert len(world.post(LOCATE, good).json()["grid_code"]) == 2
    check_problem(world.post(LOCATE, json.dumps(body).encode()), status, code)
