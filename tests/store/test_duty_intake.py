"""Fixes at the door: shifts, duty areas, wrong clocks, GCJ-02, and batches in which one fix is bad."""

from datetime import timedelta
from importlib import resources
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from redrawing import NOW, SETTINGS, found

from gridmap.crs import wgs84_to_gcj02
from gridmap.domain.duty import Shift
from gridmap.services.case_books import put_book
from gridmap.services.clock import FixedClock
from gridmap.services.intake import Batch, Desk, Done, ItemResult, kept_fix
from gridmap.services.ports import NewFix, PointFilter, ThinnedDay
from gridmap.services.responsibility import Plans

WEST, EAST = (120.001, 30.005), (120.0095, 30.005)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def door(store):
    """Take in a batch that is received at a moment."""
    found(store, "city")
    plans = Plans(store)

    def take(fixes: list[NewFix], received=NOW, settings=SETTINGS) -> list[ItemResult]:
        desk = Desk(store, FixedClock(received), settings)
        (outcome,) = desk.keep([Batch(store, plans, "patrols", fixes, [None] * len(fixes), judge=kept_fix)])
        assert isinstance(outcome, Done), outcome
        return outcome.results

    def shifts(*some: Shift) -> None:
        with store.unit_of_work() as work:
            work.duty.put_shifts("city", some, start=NOW - 30 * 24 * HOUR, end=NOW + 30 * 24 * HOUR)
            work.commit()

    def stored() -> list[tuple[str, Any]]:
        with store.unit_of_work() as work:
            frame = work.patrols.frame(PointFilter())
        return list(zip(frame["unit_id"], frame["fixed_at"], strict=True))

    return SimpleNamespace(take=take, shifts=shifts, stored=stored, store=store)


def fix(at=NOW, place=WEST, unit="u", accuracy=None) -> NewFix:
    return NewFix(unit, at, *place, accuracy)


def said(results: list[ItemResult]) -> list[str]:
    return [r.code or r.flag or r.status for r in results]


def test_off_shift_fixes_are_refused_and_nothing_of_them_is_kept(door):
    door.shifts(Shift("u", NOW - 3 * HOUR, NOW - HOUR, ("W",)), Shift("other", NOW, NOW + HOUR))
    tolerance = SETTINGS.shift_tolerance_minutes * MINUTE
    moments = [
        NOW - 3 * HOUR - tolerance - timedelta(microseconds=1),
        NOW - 3 * HOUR - tolerance,
        NOW - 2 * HOUR,
        NOW - HOUR + tolerance - timedelta(microseconds=1),
        NOW - HOUR + tolerance,
        NOW,
    ]
    results = door.take([fix(at) for at in moments])
    assert said(results) == ["off_shift", "accepted", "accepted", "accepted", "off_shift", "off_shift"]
    refused = [r for r in results if r.code == "off_shift"]
    assert refused == [ItemResult("rejected", "off_shift")] * 3  # neither grid nor place
    assert [at for _, at in door.stored()] == moments[1:4]
    # the same batch again: what was taken is a duplicate
    again = door.take([fix(at) for at in moments])
    assert said(again) == ["off_shift", "duplicate", "duplicate", "duplicate", "off_shift", "off_shift"]


def test_a_unit_without_shifts_is_bound_by_none_unless_a_setting_says_so(door):
    door.shifts(Shift("other", NOW, NOW + HOUR))
    assert said(door.take([fix()])) == ["accepted"]
    strict = SETTINGS.model_copy(update={"fixes_without_shift": "refuse"})
    assert said(door.take([fix(NOW - MINUTE), fix(unit="other")], settings=strict)) == ["off_shift", "accepted"]


def test_fixes_outside_the_duty_area_are_kept_and_flagged(door):
    door.shifts(Shift("u", NOW - HOUR, NOW + HOUR, ("W",)), Shift("street", NOW - HOUR, NOW + HOUR, ("S",)))
    results = door.take(
        [fix(), fix(place=EAST), fix(place=(121.0, 31.0)), fix(place=EAST, unit="street"), fix(place=EAST, unit="v")]
    )
    assert [(r.status, r.flag) for r in results] == [
        ("accepted", None),
        ("accepted", "outside_duty_area"),
        ("accepted", "outside_duty_area"),
        ("accepted", None),
        ("accepted", None),
    ]


def test_gcj02_sent_as_wgs84_is_flagged_once_enough_fixes_say_so(door):
    """The duty area is the grid W, 300 m wide: a shift by half a kilometre carries all of it away."""
    door.shifts(Shift("u", NOW - HOUR, NOW + HOUR, ("W",)), Shift("honest", NOW - HOUR, NOW + HOUR, ("W",)))
    random = np.random.default_rng(7)
    lon, lat = 120.0005 + 0.002 * random.random(30), 30.004 + 0.002 * random.random(30)
    shifted = list(zip(*(v.tolist() for v in wgs84_to_gcj02(lon, lat)), strict=True))
    flags = []
    for k in range(5):
        rows = range(6 * k, 6 * k + 6)
        results = door.take([fix(NOW - HOUR + i * MINUTE, shifted[i]) for i in rows])
        flags.append({r.flag for r in results})
    assert flags[:3] == [{"outside_duty_area"}] * 3
    assert flags[3:] == [{"suspected_gcj02"}] * 2
    # who really left his area fits it no better once he is shifted back
    results = door.take([fix(NOW - HOUR + i * MINUTE, EAST, "honest") for i in range(30)])
    assert {r.flag for r in results} == {"outside_duty_area"}


@pytest.mark.parametrize("wrong", [8 * HOUR, timedelta(days=-1024 * 7)])
def test_a_wrong_clock_is_quarantined_until_it_is_learnt_and_then_set_right(door, wrong):
    codes, offsets = [], set()
    for k in range(15):
        received = NOW + k * MINUTE
        batch = [fix(received - 10 * j * SECOND + wrong) for j in range(6)]
        results = door.take(batch, received)
        codes.append(set(said(results)))
        if results[0].status == "accepted":
            offsets.add(results[0].clock_s)
            assert set(said(door.take(batch, received))) == {"duplicate"}
    reason = "clock_skew" if wrong > timedelta(0) else "too_old"
    first = codes.index({"accepted"})
    assert 3 <= first <= 8
    assert codes == [{reason}] * first + [{"accepted"}] * (15 - first)
    (offset,) = offsets
    assert abs(offset + wrong.total_seconds()) <= 120
    # told to who keeps the devices, and forgotten when the clock is put right
    with door.store.unit_of_work() as work:
        assert [(c.unit_id, c.offset_s) for c in work.duty.clocks()] == [("u", offset)]
    (right,) = door.take([fix(NOW + 20 * MINUTE)], NOW + 20 * MINUTE)
    assert (right.status, right.clock_s) == ("accepted", None)
    with door.store.unit_of_work() as work:
        assert work.duty.clocks() == []


def test_shifts_hold_for_the_time_that_a_wrong_clock_means(door):
    door.shifts(Shift("u", NOW - HOUR, NOW + HOUR))
    results = [
        door.take([fix(NOW + k * MINUTE - j * SECOND + 8 * HOUR) for j in range(6)], NOW + k * MINUTE)
        for k in range(12)
    ]
    assert set(said(results[-1])) == {"accepted"}
    # eight hours later the raw time would lie in no shift, and neither does the true one
    later = NOW + 8 * HOUR
    assert set(said(door.take([fix(later + 8 * HOUR)], later))) == {"off_shift"}


def test_one_bad_fix_in_500_harms_no_other_and_order_does_not_matter(door):
    """Also doubled, out of order, with a silence as of a tunnel, and one jump as of a car at 300 km/h."""
    at = [NOW - HOUR + k * SECOND * (6 if k < 250 else 7) for k in range(500)]
    fixes = [fix(moment, (120.0 + 1e-5 * k, 30.005)) for k, moment in enumerate(at)]
    bad = {17: fix(NOW + HOUR), 99: fix(place=(0.0, 0.0)), 250: fix(accuracy=201.0), 300: fixes[299]}
    for row, one in bad.items():
        fixes[row] = one
    fixes[400] = fix(at[400], (120.009, 30.005))  # half a kilometre in seven seconds: kept, and left out by cleaning
    order = np.random.default_rng(1).permutation(500).tolist()
    results = door.take([fixes[k] for k in order])
    outcome = dict(zip(order, said(results), strict=True))
    assert {outcome.pop(17), outcome.pop(99), outcome.pop(250)} == {"clock_skew", "null_island", "low_accuracy"}
    assert sorted([outcome.pop(299), outcome.pop(300)]) == ["accepted", "duplicate"]
    assert set(outcome.values()) == {"accepted"}
    assert len(door.stored()) == 496


@pytest.mark.parametrize(
    ("place", "at", "code"),
    [
        ((0.0, 0.0), NOW, "null_island"),
        (WEST, NOW.replace(year=1970), "before_epoch"),
        (WEST, NOW.replace(year=2020), "too_old"),
        (WEST, NOW + 6 * MINUTE, "clock_skew"),
    ],
)
def test_what_cannot_be_right_is_told_and_not_stored(door, place, at, code):
    (result,) = door.take([fix(at, place)])
    assert (result.status, result.code, result.grid_code) == ("quarantined", code, None)
    assert door.stored() == []


def test_fixes_of_a_day_that_was_thinned_are_told_so(door):
    from gridmap.analysis.patrol_days import no_days

    day = (NOW - 100 * 24 * HOUR).date()
    with door.store.unit_of_work() as work:
        thinned = ThinnedDay(day, NOW - 90 * 24 * HOUR, 0, NOW)
        assert work.patrol_days.thin(no_days(), thinned, expected=0, before=thinned.ends_at)
        work.commit()
    results = door.take([fix(NOW - 90 * 24 * HOUR - SECOND), fix(NOW - 90 * 24 * HOUR)])
    assert [(r.status, r.code) for r in results] == [("rejected", "day_thinned"), ("accepted", None)]


def test_the_door_goes_by_the_citys_own_book_from_its_day_on(door):
    """Each number of the book decides: by the packaged ones the first two are kept, the last two are not."""
    book = (resources.files("gridmap") / "data" / "patrols" / "cn.toml").read_text(encoding="utf-8")
    for usual, own in (
        ("accuracy_m = 200", "accuracy_m = 60"),
        ("island_deg = 0.01", "island_deg = 0.001"),
        ("oldest_days = 1825", "oldest_days = 30"),
        ("ahead_s = 300", "ahead_s = 900"),
    ):
        assert book.count(usual) == 1
        book = book.replace(usual, own)
    fixes = [fix(accuracy=61.0), fix(NOW - 31 * 24 * HOUR), fix(NOW + 14 * MINUTE), fix(NOW, (0.005, 0.005))]
    usual = [r.code for r in door.take(fixes)]
    assert usual == [None, None, "clock_skew", "null_island"]
    clock = FixedClock(NOW)
    put_book(door.store, "patrols", book, valid_from=NOW.date() + timedelta(days=1), clock=clock)
    assert [r.code for r in door.take(fixes)] == usual  # not before its day
    put_book(door.store, "patrols", book, valid_from=NOW.date(), clock=clock)
    assert [r.code for r in door.take(fixes)] == ["low_accuracy", "too_old", None, None]
