"""Shifts over HTTP, what they do to fixes of devices, and clocks that are told."""

FIXES, SHIFTS = "/api/v1/patrols/fixes", "/api/v1/sets/urban/shifts"
DAY = {"start": "2026-05-20", "end": "2026-05-21"}


def shift(unit="u-1", start="2026-05-20T08:00:00+08:00", end="2026-05-20T12:00:00+08:00", **more):
    return {"unit_id": unit, "start": start, "end": end, **more}


def test_shifts_are_put_read_and_replaced_by_the_days_on_which_they_begin(fresh_world):
    night = shift(start="2026-05-20T22:00:00+08:00", end="2026-05-21T06:00:00+08:00", areas=["B", "A", "B"])
    put = fresh_world.client.put(SHIFTS, json={**DAY, "shifts": [night, shift()]})
    assert put.status_code == 200, put.text
    assert put.json() | {"start": 0, "end": 0} == {
        "set": "urban", "start": 0, "end": 0, "shifts": 2, "units": 1, "before": 0,
    }  # fmt: skip
    # it holds on the next day as well, and begins on this one
    after = fresh_world.get(f"{SHIFTS}?start=2026-05-21&end=2026-05-22").json()["shifts"]
    assert after == [
        {"unit_id": "u-1", "start": "2026-05-20T14:00:00Z", "end": "2026-05-20T22:00:00Z", "areas": ["A", "B"]}
    ]
    again = fresh_world.client.put(SHIFTS, json={**DAY, "shifts": [shift("u-2")]})
    assert again.json()["before"] == 2
    found = fresh_world.get(f"{SHIFTS}?start=2026-05-20&end=2026-05-22").json()["shifts"]
    assert [one["unit_id"] for one in found] == ["u-2"]
    assert fresh_world.get(f"{SHIFTS}?start=2026-05-20&end=2026-05-22&unit=u-1").json()["shifts"] == []


def test_shifts_that_cannot_be_are_refused_and_nothing_changes(fresh_world):
    assert fresh_world.client.put(SHIFTS, json={**DAY, "shifts": [shift()]}).status_code == 200
    wrong = {
        "shift_length": shift(end="2026-05-20T08:00:00+08:00"),
        "shift_outside_window": shift(start="2026-05-19T23:59:59+08:00"),
        "shift_area_unknown": shift(areas=["NOSUCH"]),
    }
    for code, one in wrong.items():
        answer = fresh_world.client.put(SHIFTS, json={**DAY, "shifts": [shift("u-9"), one]})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    twice = fresh_world.client.put(SHIFTS, json={**DAY, "shifts": [shift(), shift()]})
    assert twice.json()["code"] == "shift_twice"
    reversed_window = fresh_world.client.put(SHIFTS, json={"start": DAY["end"], "end": DAY["start"], "shifts": []})
    assert reversed_window.json()["code"] == "window_reversed"
    too_long = fresh_world.get(f"{SHIFTS}?start=2026-01-01&end=2026-05-01")
    assert too_long.json()["code"] == "window_too_long"
    left = fresh_world.get(f"{SHIFTS}?start=2026-05-20&end=2026-05-21").json()["shifts"]
    assert [one["unit_id"] for one in left] == ["u-1"]


def test_a_batch_tells_what_shifts_and_clocks_made_of_each_fix(fresh_world):
    areas = {"areas": ["A"]}
    fresh_world.client.put(SHIFTS, json={**DAY, "shifts": [shift("u-4", **areas)]})
    place = {"lon": 120.015, "lat": 30.005}  # in B

    def fix(time, **more):
        return {"unit_id": "u-4", "fixed_at": f"2026-05-20T{time}+08:00", **place, **more}

    items = [fix("09:00:00"), fix("07:44:59"), fix("07:45:00")]
    answer = fresh_world.post(FIXES, {"datum": "wgs84", "items": items})
    told = answer.json()
    assert [(r["status"], r["code"], r["flag"]) for r in told["results"]] == [
        ("accepted", None, "outside_duty_area"),
        ("rejected", "off_shift", None),
        ("accepted", None, "outside_duty_area"),
    ]
    assert told["counts"] == {"accepted": 2, "duplicate": 0, "quarantined": 0, "rejected": 1}
    refused = told["results"][1]
    assert (refused["grid_code"], refused["method"], refused["clock_s"]) == (None, None, None)
    # a clock that is ahead is set aside, and the service says whose it is
    ahead = fresh_world.post(FIXES, {"datum": "wgs84", "items": [fix("18:00:00", unit_id="u-5")]})
    assert ahead.json()["results"][0]["code"] == "clock_skew"
    clocks = fresh_world.get("/api/v1/patrols/clocks").json()["clocks"]
    # what came hours late is no error until it comes late again and again
    assert clocks == [{"unit_id": "u-5", "clock_s": None, "fixes": 1}]
