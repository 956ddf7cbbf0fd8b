"""Shifts, clocks and sums of days: the same on the store in memory, the embedded one and the server."""

from datetime import date, timedelta

import pandas as pd
import pytest
from store_frames import CITY, at, fixes, grids, publish, with_version

from gridmap.analysis.patrol_days import days_frame
from gridmap.domain.duty import Shift, UnitClock
from gridmap.errors import Conflict, NotFound
from gridmap.services.ports import NewFix, PointFilter, PointOwner, ThinnedDay, Verdict

DAY = date(2026, 3, 1)
NOBODY = PointOwner(None, "none", None, None, None)


def founded(store):
    with store.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        version = publish(work, grids())
        work.commit()
    return version


def test_shifts_of_a_window_are_replaced_and_all_others_stay(store):
    founded(store)
    early, late, other = Shift("u", at(1), at(9), ("a",)), Shift("u", at(12), at(20)), Shift("v", at(1), at(2))
    with store.unit_of_work() as work:
        assert work.duty.put_shifts("city", [late, early, other], start=at(0), end=at(24 - 1)) == 0
        work.commit()
    with store.unit_of_work() as work:
        assert work.duty.shifts("city", at(0), at(23)) == [early, other, late]
        # half open at both ends
        assert work.duty.shifts("city", at(9), at(12)) == []
        assert work.duty.shifts("city", at(8.5), at(12)) == [early]
        assert work.duty.shifts("city", at(0), at(23), ["v", "nobody"]) == [other]
        assert work.duty.bound("city", ["u", "w"]) == {"u"}
        assert work.duty.bound("elsewhere", ["u"]) == set()
        assert work.duty.put_shifts("city", [Shift("w", at(1), at(3))], start=at(1), end=at(12)) == 2
        assert [s.unit_id for s in work.duty.shifts("city", at(0), at(23))] == ["w", "u"]
    with store.unit_of_work() as work:
        assert len(work.duty.shifts("city", at(0), at(23))) == 3
        with pytest.raises(NotFound):
            work.duty.put_shifts("nowhere", [], start=at(0), end=at(1))
    with store.unit_of_work() as work, pytest.raises(Conflict):
        work.duty.put_shifts("city", [early, early], start=at(0), end=at(23))


def test_clocks_are_remembered_replaced_and_forgotten(store):
    wrong = UnitClock("u", None, ((1 / 3, 2.5), (7.0, 1e9)))
    learnt = UnitClock("v", -28_800.125, (), at(3))
    with store.unit_of_work() as work:
        assert work.duty.put_clocks([learnt, wrong]) == 2
        work.commit()
    with store.unit_of_work() as work:
        assert work.duty.clocks() == [wrong, learnt]
        assert work.duty.clocks(["v"]) == [learnt]
        work.duty.put_clocks([UnitClock("u", 5.5, (), at(1))], ["v", "w"])
        assert work.duty.clocks() == [UnitClock("u", 5.5, (), at(1))]


def sums(version) -> pd.DataFrame:
    rows = [
        (
            DAY,
            "a",
            "city",
            version.number,
            2,
            1,
            1,
            1,
            1 / 3,
            0.1,
            1.25,
            at(1),
            at(2),
            at(2),
            [[9, 2, 1, 1 / 3, 1.25]],
            7,
            at(2),
        ),
        (DAY, None, None, None, 1, 0, 1, 1, 4.0, 0.0, 0.5, at(1), at(2), None, [], None, None),
    ]
    return days_frame(rows)


def test_a_day_is_thinned_once_and_as_a_whole(store):
    version = founded(store)
    with store.unit_of_work() as work:
        work.patrols.add(with_version(fixes(8), version.number))
        work.commit()
    end = at(0) + timedelta(days=1)
    thinned = ThinnedDay(DAY, end, 8, at(5))
    with store.unit_of_work() as work:
        count = work.patrols.count(PointFilter(end=end))
        assert count == 8
        # fixes came since it was summed up
        assert not work.patrol_days.thin(sums(version), thinned, expected=count - 1, before=end)
        assert work.patrols.count(PointFilter()) == 8
        assert work.patrol_days.thin(sums(version), thinned, expected=count, before=end)
        assert not work.patrol_days.thin(sums(version), thinned, expected=0, before=end)
    with store.unit_of_work() as work:  # nothing was committed
        assert (work.patrols.count(PointFilter()), work.patrol_days.thinned_until()) == (8, None)
        assert work.patrol_days.thin(sums(version), thinned, expected=8, before=end)
        work.commit()
    with store.unit_of_work() as work:
        assert work.patrols.count(PointFilter()) == 0
        assert (work.patrol_days.thinned_until(), work.patrol_days.days()) == (end, [thinned])
        pd.testing.assert_frame_equal(work.patrol_days.frame(DAY, DAY + timedelta(days=1)), sums(version))
        assert len(work.patrol_days.frame(DAY, DAY)) == 0
        mine = work.patrol_days.frame(DAY, date(2027, 1, 1), (("city", frozenset({"a"})),))
        assert mine["grid_code"].tolist() == ["a"]
        late = NewFix("u", end - timedelta(microseconds=1), 120.0, 30.0)
        said = work.patrols.take([(late, NOBODY), (late._replace(fixed_at=end), NOBODY)])
        assert said == [Verdict.THINNED, Verdict.ACCEPTED]
        with pytest.raises(Conflict) as refused:
            work.patrols.add(with_version(fixes(1), version.number))
        assert refused.value.code == "day_thinned"
