"""Shifts and clocks: what holds when, and what is learnt of a clock from what it says and when that is received."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.duty import ClockReading, Shift, UnitClock, read_clock, require_shifts
from gridmap.domain.patrols import packaged_patrol_rules
from gridmap.errors import InvalidInput

RULES = packaged_patrol_rules().cleaning
NOW = datetime(2026, 5, 20, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def run(wrong: timedelta, batches: int, *, known: UnitClock | None = None, start: datetime = NOW) -> ClockReading:
    """Send a batch of six fixes each minute from a device whose clock is wrong by so much."""
    reading = ClockReading(timedelta(0), known)
    for k in range(batches):
        received = start + k * MINUTE
        said = [received - timedelta(seconds=10 * n) + wrong for n in range(6)]
        reading = read_clock(reading.clock, "u", said, received, RULES)
    return reading


@pytest.mark.parametrize("wrong_s", [28_800, -28_800, 600, -600, 1024 * 7 * 86_400, -1024 * 7 * 86_400])
def test_a_clock_wrong_by_a_constant_is_learnt_after_enough_fixes(wrong_s):
    wrong = timedelta(seconds=wrong_s)
    assert run(wrong, 3).offset == timedelta(0)
    found = run(wrong, 12)
    assert abs(found.offset + wrong) <= timedelta(seconds=RULES.clock_spread_s)
    # what was learnt stays, to the microsecond: a replay must be a duplicate
    assert run(wrong, 5, known=found.clock, start=NOW + timedelta(hours=1)).offset == found.offset


@given(st.lists(st.floats(-250, 250), min_size=1, max_size=30))
def test_a_clock_that_is_about_right_is_never_set_right(lags):
    known = None
    for k, lag in enumerate(lags):
        received = NOW + k * MINUTE
        reading = read_clock(known, "u", [received - timedelta(seconds=lag)], received, RULES)
        assert (reading.offset, reading.clock) == (timedelta(0), None)
        known = reading.clock


def test_a_clock_that_was_put_right_is_forgotten():
    learnt = run(timedelta(hours=8), 12).clock
    assert learnt is not None
    assert learnt.offset_s is not None
    assert run(timedelta(0), 1, known=learnt, start=NOW + timedelta(hours=1)) == ClockReading(timedelta(0), None)


def test_what_waited_for_a_network_is_late_and_no_error():
    said = [NOW - timedelta(hours=1) + 10 * k * timedelta(seconds=1) for k in range(300)]
    known = None
    for k in range(50):  # all sent at once when it came back
        reading = read_clock(known, "u", said[6 * k : 6 * k + 6], NOW + timedelta(seconds=k), RULES)
        assert reading.offset == timedelta(0)
        known = reading.clock


def test_a_clock_that_wanders_is_not_set_right():
    known = None
    for k in range(40):
        received = NOW + k * MINUTE
        reading = read_clock(known, "u", [received + timedelta(seconds=1000 + 97 * k)], received, RULES)
        assert reading.offset == timedelta(0)
        known = reading.clock


def test_a_late_batch_of_a_clock_known_to_be_ahead_is_set_right_too():
    wrong = timedelta(hours=8)
    learnt = run(wrong, 12)
    received = NOW + timedelta(hours=9)
    replayed = [NOW + 5 * MINUTE + wrong]  # what it says lies an hour back: but it said so while it was wrong
    assert read_clock(learnt.clock, "u", replayed, received, RULES).offset == learnt.offset
    fresh = [NOW + timedelta(hours=8, minutes=40)]
    assert read_clock(learnt.clock, "u", fresh, received, RULES).offset == timedelta(0)


def test_sending_one_batch_again_and_again_teaches_nothing():
    known, said = None, [NOW + timedelta(hours=8, seconds=k) for k in range(6)]
    for k in range(30):
        reading = read_clock(known, "u", said, NOW + k * MINUTE, RULES)
        assert reading.offset == timedelta(0)
        known = reading.clock


@pytest.mark.parametrize(("zone", "day"), [("Europe/Berlin", "2026-03-29"), ("Europe/Berlin", "2026-10-25")])
def test_a_shift_over_midnight_and_a_change_of_the_clock(zone, day):
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    start = (midnight - timedelta(hours=2)).astimezone(UTC)  # 22:00 on the wall
    end = midnight.replace(hour=6).astimezone(UTC)
    shift = Shift("u", start, end)
    hours = (end - start) / timedelta(hours=1)
    assert hours == (7 if day.startswith("2026-03") else 9)
    tolerance = 15 * MINUTE
    for at, holds in [
        (start - tolerance, True),
        (start - tolerance - timedelta(microseconds=1), False),
        (end + tolerance - timedelta(microseconds=1), True),
        (end + tolerance, False),
        (datetime.fromisoformat(day).replace(hour=2, minute=30, tzinfo=ZoneInfo(zone)), True),
        (datetime.fromisoformat(day).replace(hour=2, minute=30, fold=1, tzinfo=ZoneInfo(zone)), True),
    ]:
        assert shift.holds(at, tolerance) is holds


@pytest.mark.parametrize(
    ("shifts", "code"),
    [
        ([Shift("u", NOW, NOW)], "shift_length"),
        ([Shift("u", NOW, NOW + timedelta(hours=36, microseconds=1))], "shift_length"),
        ([Shift("u", NOW - MINUTE, NOW + MINUTE)], "shift_outside_window"),
        ([Shift("u", NOW + timedelta(days=1), NOW + timedelta(days=1, hours=1))], "shift_outside_window"),
        ([Shift("u", NOW, NOW + MINUTE), Shift("u", NOW, NOW + 2 * MINUTE)], "shift_twice"),
    ],
)
def test_shifts_that_cannot_be(shifts, code):
    with pytest.raises(InvalidInput) as raised:
        require_shifts(shifts, NOW, NOW + timedelta(days=1))
    assert raised.value.code == code
