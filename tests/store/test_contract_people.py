"""The contract of every store: who is on duty when, and what is known of the people of a grid when."""

import random
import threading
from collections import Counter
from datetime import date, timedelta

import pytest
from store_frames import published

from gridmap.domain.boundaries import ALWAYS
from gridmap.domain.incidents import StaffMember
from gridmap.domain.people import GridProfile
from gridmap.errors import Conflict, NotFound, TextError

MARCH, MAY, JULY = date(2026, 3, 1), date(2026, 5, 1), date(2026, 7, 1)
DAY = timedelta(days=1)

ZHAO = StaffMember("a", "head", "赵", "1")
QIAN = StaffMember("a", "worker", "钱", "2", "环卫")
SUN = StaffMember("a", "worker", "孙")
LI = StaffMember("b", "head", "李")


def put(store, *members, valid_from):
    with store.unit_of_work() as work:
        count = work.staff.replace("city", members, valid_from=valid_from)
        work.commit()
    return count


def names(store, code, day):
    with store.unit_of_work() as work:
        return [m.name for m in work.staff.of_grid("city", code, day)]


def test_staff_come_heads_first_then_by_name(store):
    published(store)
    members = [
        StaffMember("a", "worker", "王五", "1"),
        StaffMember("a", "worker", "乙"),
        StaffMember("b", "worker", "丙", "2", "环卫"),
        StaffMember("a", "head", "赵"),
    ]
    assert put(store, *members, valid_from=ALWAYS) == 4
    with store.unit_of_work() as work:
        assert [m.name for m in work.staff.of_grid("city", "a", MARCH)] == ["赵", "乙", "王五"]
        assert work.staff.of_grid("city", "b", MARCH) == [members[2]]
        each = [work.staff.of_grid("city", code, MARCH) for code in sorted({m.grid_code for m in members})]
        assert work.staff.of_day("city", MARCH) == [member for of_one in each for member in of_one]
        assert work.staff.of_day("nowhere", MARCH) == []
        counts = work.staff.counts("city", MARCH)
        assert counts.to_dict("list") == {"grid_code": ["a", "b"], "heads": [1, 0], "workers": [2, 1]}
        assert work.staff.headed("city", MARCH) == {"a"}
        with pytest.raises(NotFound) as error:
            work.staff.replace("nowhere", members, valid_from=ALWAYS)
    assert error.value.code == "set_not_found"


def test_a_day_is_answered_by_the_staff_of_that_day(store):
    published(store)
    put(store, ZHAO, QIAN, valid_from=MARCH)
    put(store, ZHAO, SUN, LI, valid_from=MAY)
    assert names(store, "a", MARCH - DAY) == []
    assert names(store, "a", MARCH) == names(store, "a", MAY - DAY) == ["赵", "钱"]
    assert names(store, "a", MAY) == names(store, "a", JULY) == ["赵", "孙"]
    with store.unit_of_work() as work:
        assert work.staff.headed("city", MAY - DAY) == {"a"}
        assert work.staff.headed("city", MAY) == {"a", "b"}
        assert work.staff.counts("city", MARCH - DAY).empty
        assert work.staff.counts("city", MARCH)["workers"].tolist() == [1]
        assert work.staff.counts("city", MAY)["grid_code"].tolist() == ["a", "b"]


def test_a_correction_of_the_past_lasts_until_the_next_change(store):
    published(store)
    put(store, ZHAO, valid_from=ALWAYS)
    put(store, ZHAO, QIAN, valid_from=JULY)
    put(store, SUN, valid_from=MARCH)
    assert names(store, "a", MARCH - DAY) == ["赵"]
    assert names(store, "a", MARCH) == names(store, "a", JULY - DAY) == ["孙"]
    assert names(store, "a", JULY) == ["赵", "钱"]
    with store.unit_of_work() as work:
        assert work.staff.next_change("city", ALWAYS) == MARCH
        assert work.staff.next_change("city", MARCH) == JULY
        assert work.staff.next_change("city", JULY) is None


def test_taking_a_change_back_leaves_no_trace(store):
    published(store)
    put(store, ZHAO, QIAN, valid_from=ALWAYS)
    put(store, SUN, valid_from=MAY)
    put(store, ZHAO, QIAN, valid_from=MAY)
    with store.unit_of_work() as work:
        assert work.staff.next_change("city", ALWAYS) is None
    assert names(store, "a", MAY) == ["赵", "钱"]


def test_the_same_staff_again_changes_nothing(store):
    published(store)
    put(store, ZHAO, QIAN, valid_from=ALWAYS)
    put(store, QIAN, ZHAO, valid_from=MAY)
    with store.unit_of_work() as work:
        assert work.staff.next_change("city", ALWAYS) is None


def test_two_people_of_one_name_are_two(store):
    published(store)
    put(store, SUN, SUN, valid_from=ALWAYS)
    put(store, SUN, valid_from=MAY)
    assert names(store, "a", MARCH) == ["孙", "孙"]
    assert names(store, "a", MAY) == ["孙"]


def test_nobody_is_a_staff_too(store):
    published(store)
    put(store, ZHAO, valid_from=ALWAYS)
    assert put(store, valid_from=MAY) == 0
    assert names(store, "a", MAY - DAY) == ["赵"]
    assert names(store, "a", MAY) == []


def test_whether_anybody_was_ever_noted(store):
    published(store)
    with store.unit_of_work() as work:
        assert not work.staff.any_of("city")
        assert not work.profiles.any_of("city")
        work.staff.replace("city", [ZHAO], valid_from=JULY)
        work.profiles.put("city", [GridProfile("a", 1)], valid_from=JULY)
        assert work.staff.any_of("city")
        assert work.profiles.any_of("city")
        assert not work.staff.any_of("health")
        assert not work.profiles.any_of("health")
        work.staff.replace("city", [], valid_from=JULY)
        assert not work.staff.any_of("city")


def test_staff_of_one_set_leave_the_others_alone(store):
    published(store)
    with store.unit_of_work() as work:
        other = work.boundaries.find_set("city")
        work.boundaries.put_set(type(other)("health", other.levels))
        work.staff.replace("city", [ZHAO], valid_from=ALWAYS)
        work.staff.replace("health", [SUN], valid_from=MAY)
        assert work.staff.of_grid("city", "a", JULY) == [ZHAO]
        assert work.staff.of_grid("health", "a", JULY) == [SUN]
        assert work.staff.next_change("city", ALWAYS) is None


def test_a_role_is_head_or_worker(store):
    published(store)
    with store.unit_of_work() as work, pytest.raises(Conflict) as error:
        work.staff.replace("city", [StaffMember("a", "boss", "x")], valid_from=ALWAYS)
    assert error.value.code == "store_refused"


def test_text_that_no_database_holds_is_refused(store):
    published(store)
    with store.unit_of_work() as work:
        with pytest.raises(TextError):
            work.staff.replace("city", [StaffMember("a", "head", "x\x00")], valid_from=ALWAYS)
        with pytest.raises(TextError):
            work.profiles.put("city", [GridProfile("a", department="\ud800")], valid_from=ALWAYS)


def test_any_order_of_imports_gives_each_day_the_list_that_was_laid_on_it_last(store):
    published(store)
    draw = random.Random(3)
    days = [MARCH + n * DAY for n in range(8)]
    expected = {day: Counter() for day in days}
    for _ in range(25):
        start = draw.choice(days)
        members = draw.choices([ZHAO, QIAN, SUN, LI], k=draw.randint(0, 4))
        with store.unit_of_work() as work:
            until = work.staff.next_change("city", start)
        put(store, *members, valid_from=start)
        for day in days:
            if day >= start and (until is None or day < until):
                expected[day] = Counter(members)
        with store.unit_of_work() as work:
            for day in days:
                found = [m for code in "ab" for m in work.staff.of_grid("city", code, day)]
                assert Counter(found) == expected[day]


def test_of_racing_lists_one_holds_whole(store):
    published(store)
    put(store, ZHAO, valid_from=ALWAYS)
    gate = threading.Barrier(4)
    lists = [[StaffMember("a", "worker", f"{n}-{k}") for k in range(20)] for n in range(4)]
    failures = []

    def race(members):
        gate.wait()
        try:
            put(store, *members, valid_from=MAY)
        except Exception as error:  # pragma: no cover - reported below
            failures.append(repr(error))

    threads = [threading.Thread(target=race, args=(members,)) for members in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with store.unit_of_work() as work:
        assert sorted(m.name for m in work.staff.of_grid("city", "a", MAY)) in [
            sorted(m.name for m in members) for members in lists
        ]
        assert work.staff.next_change("city", ALWAYS) == MAY
        assert work.staff.next_change("city", MAY) is None


def test_a_profile_holds_from_its_day_until_the_next_of_its_grid(store):
    published(store)
    old = GridProfile("a", 300, 2_000, "综治办", "0532-1")
    new = GridProfile("a", 320, 2_001, "网格中心")
    other = GridProfile("b", None, None, "环卫处", "0532-2")
    with store.unit_of_work() as work:
        assert work.profiles.put("city", [other, old], valid_from=MARCH) == 2
        assert work.profiles.put("city", [new], valid_from=JULY) == 1
        work.commit()
    with store.unit_of_work() as work:
        assert work.profiles.of_grid("city", "a", MARCH - DAY) is None
        assert work.profiles.of_grid("city", "a", MARCH) == old
        assert work.profiles.of_grid("city", "a", JULY) == new
        assert work.profiles.of_grid("city", "b", JULY) == other
        assert work.profiles.of_grid("city", "c", JULY) is None
        assert work.profiles.of_grid("nowhere", "a", JULY) is None
        assert work.profiles.of_day("city", MAY) == [old, other]
        corrected = GridProfile("a", 310)
        work.profiles.put("city", [corrected], valid_from=MAY)
        assert work.profiles.of_grid("city", "a", MAY - DAY) == old
        assert work.profiles.of_grid("city", "a", JULY - DAY) == corrected
        assert work.profiles.of_day("city", JULY) == [new, other]
        work.profiles.put("city", [GridProfile("a", 1)], valid_from=MARCH)
        assert work.profiles.of_grid("city", "a", MAY) == corrected


def test_a_grid_has_one_profile_and_no_negative_number(store):
    published(store)
    with store.unit_of_work() as work:
        with pytest.raises(Conflict) as error:
            work.profiles.put("city", [GridProfile("a", 1), GridProfile("a", 2)], valid_from=ALWAYS)
        assert error.value.code == "code_not_unique"
        with pytest.raises(NotFound):
            work.profiles.put("nowhere", [GridProfile("a", 1)], valid_from=ALWAYS)
    for profile in (GridProfile("a", -1), GridProfile("a", None, -1)):
        with store.unit_of_work() as work, pytest.raises(Conflict) as error:
            work.profiles.put("city", [profile], valid_from=ALWAYS)
        assert error.value.code == "store_refused"
