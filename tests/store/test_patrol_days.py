"""Sums of days: the same numbers before and after fixes are thinned, whatever was thinned, and whoever is killed."""

import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from redrawing import EDGES, NOW, edition, found

from gridmap.analysis.content import content_hash
from gridmap.analysis.patrol_days import COUNTS, MEASURES, effort_of_days, hours_of_days
from gridmap.services import patrol_parts
from gridmap.services.grids import grid_card
from gridmap.services.kept import Kept
from gridmap.services.patrol_days import PatrolDays
from gridmap.services.patrol_parts import PatrolParts
from gridmap.services.patrolling import measure_patrols
from gridmap.services.patrols import import_fixes
from gridmap.services.ports import PointFilter
from gridmap.services.reports import coverage
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

BERLIN = Settings(time_zone="Europe/Berlin", default_set="city")
FIRST, END = date(2026, 3, 27), date(2026, 4, 1)  # clocks are put on in the night to the 29th
CHANGE = date(2026, 3, 30)


def walked(seed: int, units: int = 4) -> gpd.GeoDataFrame:
    """Give workers who walk to and fro over the border, stand, ride on, and go on over midnight; with silences."""
    random = np.random.default_rng(seed)
    frames = []
    for unit in range(units):
        start = pd.Timestamp("2026-03-27T18:00Z") + pd.Timedelta(minutes=int(random.integers(0, 600)))
        steps = random.choice([10, 20, 30, 280, 301, 4000], size=2400, p=[0.3, 0.3, 0.28, 0.05, 0.04, 0.03])
        at = start + pd.to_timedelta(np.cumsum(steps), unit="s")
        speed = np.repeat(random.choice([0.0, 1.2, -1.2, 8.0, -8.0], size=120), 20) * steps
        x = 120.005 + 0.004 * np.sin(np.cumsum(speed) / 400 + unit)
        y = 30.005 + 0.003 * np.cos(np.cumsum(speed) / 900) + random.normal(0, 1e-5, 2400)
        frames.append(pd.DataFrame({"unit_id": f"u{unit}", "fixed_at": at, "x": x, "y": y}))
    table = pd.concat(frames, ignore_index=True)
    table = table[table["fixed_at"] < pd.Timestamp("2026-03-31T22:00Z")]
    points = shapely.points(table.pop("x"), table.pop("y"))
    return gpd.GeoDataFrame(table, geometry=points, crs=4326)


def filled(store, seed: int) -> None:
    found(store, "city")
    with store.unit_of_work() as work:
        frame = edition(500)
        number = work.boundaries.add_draft(
            "city", frame, valid_from=CHANGE, content_hash=content_hash(frame), based_on=1
        ).number
        work.boundaries.add_lineage("city", number, EDGES)
        work.boundaries.publish("city", number, valid_from=CHANGE, published_at=NOW)
        work.commit()
    import_fixes(store, Plans(store), [walked(seed)], settings=BERLIN, commit=lambda: True)


def days_of(store) -> pd.DataFrame:
    return PatrolDays(store, BERLIN).frame(FIRST, END)


def check_same(found_days: pd.DataFrame, wanted: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found_days, wanted, check_exact=True)
    pd.testing.assert_frame_equal(effort_of_days(found_days), effort_of_days(wanted))
    pd.testing.assert_frame_equal(hours_of_days(found_days), hours_of_days(wanted))


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_sums_are_the_same_wherever_the_cut_lies(store, seed):
    filled(store, seed)
    whole = days_of(store)
    assert set(whole["version_number"].dropna()) == {1, 2}
    assert whole["day"].tolist() == sorted(whole["day"])
    for keep in (4, 3, 3, 1):
        now = pd.Timestamp("2026-04-01T10:00Z").to_pydatetime()
        PatrolDays(store, BERLIN).thin(now=now, keep_days=keep)
        check_same(days_of(store), whole)
    with store.unit_of_work() as work:
        # all that is left is of the days that stay, and what a way over the midnight before them needs
        first = work.patrols.time_span()[0]
        assert first >= work.patrol_days.thinned_until() - timedelta(seconds=300)
        assert sum(day.fixes for day in work.patrol_days.days()) + work.patrols.count(
            PointFilter(start=work.patrol_days.thinned_until())
        ) == len(walked(seed))


def test_days_sum_to_the_whole_and_know_no_person(store):
    """Against the whole ways, cut by nobody: all minutes are those of all segments that are no gap."""
    filled(store, 3)
    days = days_of(store)
    fixes = walked(3).sort_values(["unit_id", "fixed_at"])
    same = fixes["unit_id"] == fixes["unit_id"].shift(1)
    gone = fixes["fixed_at"].diff().dt.total_seconds()[same]
    assert days["minutes"].sum() == pytest.approx(gone[gone <= 300].sum() / 60, rel=1e-9)
    hours = hours_of_days(days)
    for name in ("minutes", "km", "visits"):
        assert hours[name].sum() == pytest.approx(days[name].sum(), rel=1e-9)
    # on the night in which the clocks are put on nobody walked between two and three
    night = days[days["day"] == date(2026, 3, 29)]
    assert 2 not in {hour[0] for row in night["hours"] for hour in row}
    texts = " ".join(str(v) for name in days.columns for v in days[name])
    assert not any(f"u{k}" in texts for k in range(4))
    assert set(days.columns).isdisjoint({"unit_id", "geometry"})
    assert (days[list(COUNTS)] >= 0).all().all()
    assert (days[list(MEASURES)] >= 0).all().all()


def test_a_negative_control_a_thinning_that_forgot_midnight_would_be_seen(store, monkeypatch):
    filled(store, 1)
    whole = days_of(store)
    monkeypatch.setattr("gridmap.services.patrol_days.padding", lambda rules: timedelta(0))
    PatrolDays(store, BERLIN).thin(now=pd.Timestamp("2026-04-01T10:00Z").to_pydatetime(), keep_days=2)
    monkeypatch.undo()
    with pytest.raises(AssertionError):
        check_same(days_of(store), whole)


_CHILD = """
import sys
from datetime import datetime, UTC
from gridmap.services.patrol_days import PatrolDays
from gridmap.settings import Settings
from gridmap.store import open_store
store = open_store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
PatrolDays(store, Settings(time_zone="Europe/Berlin", default_set="city")).thin(
    now=datetime(2026, 4, 1, 10, tzinfo=UTC), keep_days=1
)
print("done", flush=True)
"""


def test_killed_at_any_moment_no_fix_is_lost_and_none_counts_twice(place):
    store = place.open()
    filled(store, 4)
    whole = days_of(store)
    fixes = len(walked(4))
    random = np.random.default_rng(0)
    for _ in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, place.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == "ready\n"
        child.stdin.write("\n")
        child.stdin.flush()
        try:
            child.wait(timeout=float(random.uniform(0.05, 1.5)))
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
        check_same(days_of(store), whole)
        with store.unit_of_work() as work:
            until = work.patrol_days.thinned_until()
            left = work.patrols.count(PointFilter(start=until))
            assert sum(day.fixes for day in work.patrol_days.days()) + left == fixes


def asked(store, window: tuple[str, str], number: int = 1, parts=None):
    """Give the report of effort and that of gaps for a window, by the borders of a version."""
    where = PointFilter(*(pd.Timestamp(end, tz=BERLIN.time_zone).to_pydatetime() for end in window))
    plans = Plans(store)
    with store.unit_of_work() as work:
        boundary_set = work.boundaries.find_set("city")
        plan = plans.of(boundary_set, work.boundaries.find_version("city", number), work)
    parts = parts or PatrolParts(store, BERLIN, plans)
    effort = measure_patrols(
        store,
        plan,
        where,
        day=where.end.date(),
        now=where.end,
        settings=BERLIN,
        parts=parts,
        ways=Kept(),
        swaths=Kept(),
    )
    return effort, coverage(store, plan, where, settings=BERLIN)


#: Days, and windows that begin and end at any time; all before the borders changed.
WINDOWS = [("2026-03-27", "2026-03-30"), ("2026-03-28", "2026-03-30"), ("2026-03-28", "2026-03-29 17:20")]
SAME = ["visits", "dwells", "passes", "hours", "dwell_hours", "km", "days", "status", "sight", "incidents"]


@pytest.mark.parametrize("seed", [5, pytest.param(6, marks=pytest.mark.slow)])
def test_effort_recency_and_gaps_go_on_when_fixes_are_gone(store, seed):
    filled(store, seed)
    before = [asked(store, window) for window in WINDOWS]
    for effort, gaps in before:
        assert effort.from_sums is gaps.from_sums is None
        assert effort.figures["workers"].max() > 0
        assert effort.figures["area_share"].max() > 0
        assert sum(effort.ways.cleaning.verdicts.values()) == effort.ways.cleaning.fixes > 0
    for keep, first_left in ((4, date(2026, 3, 28)), (3, date(2026, 3, 29)), (1, date(2026, 3, 31))):
        PatrolDays(store, BERLIN).thin(now=pd.Timestamp("2026-04-01T10:00Z").to_pydatetime(), keep_days=keep)
        for window, (effort, gaps) in zip(WINDOWS, before, strict=True):
            after, gaps_after = asked(store, window)
            gone = (first_left - date.fromisoformat(window[0])).days
            lost = window[1].endswith("17:20") and first_left > date(2026, 3, 29)
            if lost:  # what is left of the day that the window cuts is not known, and the answer says how much that is
                assert after.from_sums.left_out == timedelta(
                    hours=16, minutes=20
                )  # the clocks are put on in that night
                assert gaps_after.from_sums == after.from_sums
                continue
            pd.testing.assert_frame_equal(after.figures[SAME], effort.figures[SAME], rtol=1e-9, check_dtype=False)
            for name in ("minutes", "km"):
                elsewhere = [found.ways.effort.attrs["elsewhere"][name] for found in (after, effort)]
                assert elsewhere[0] == pytest.approx(elsewhere[1], rel=1e-9)
            for hours, hours_before in (
                (after.ways.by_hour, effort.ways.by_hour),
                (after.ways.of_day, effort.ways.of_day),
            ):
                pd.testing.assert_frame_equal(hours.drop(columns="workers"), hours_before.drop(columns="workers"))
            columns = ["code", "incidents", "fixes", "last_fix_at", "status", "sight"]
            pd.testing.assert_frame_equal(gaps_after.coverage[columns], gaps.coverage[columns])
            if gone > 0:
                days = min(gone, (date(2026, 3, 30) - date.fromisoformat(window[0])).days)
                assert (after.from_sums.days, after.from_sums.left_out) == (days, timedelta(0))
                assert after.from_sums.other_borders == 0
                # who came again, and what ground they saw together, is not known any more, and nobody is made up
                assert after.ways.workers is None
                assert after.figures["workers"].isna().tolist() == (after.figures["visits"] > 0).tolist()
                assert after.figures["area_share"].isna().all()
            else:
                pd.testing.assert_frame_equal(after.figures, effort.figures)


def test_shares_of_ground_are_those_of_a_fresh_look_after_fixes_came(store, monkeypatch):
    filled(store, 5)
    parts, window = PatrolParts(store, BERLIN, Plans(store)), ("2026-03-28", "2026-03-30")
    before = asked(store, window, parts=parts)[0].figures
    monkeypatch.setattr(patrol_parts, "swath_coverage", None)  # nothing is measured from the beginning
    at = pd.Timestamp("2026-03-28T12:00Z") + pd.to_timedelta(np.arange(20) * 30, unit="s")
    more = pd.DataFrame({"unit_id": "u9", "fixed_at": at})
    places = shapely.points(np.column_stack([120.0004 + np.arange(20) * 1e-5, np.full(20, 30.0004)]))
    import_fixes(
        store, Plans(store), [gpd.GeoDataFrame(more, geometry=places, crs=4326)], settings=BERLIN, commit=lambda: True
    )
    after = asked(store, window, parts=parts)[0].figures
    monkeypatch.undo()
    fresh = asked(store, window)[0].figures
    pd.testing.assert_frame_equal(after, fresh, rtol=1e-9)
    assert (after["area_share"] - before["area_share"]).max() > 1e-4
    assert asked(store, ("2026-03-28", "2026-03-29 17:20"), parts=parts)[0].figures["area_share"].notna().all()


def test_the_card_of_a_grid_says_what_comes_of_sums_of_days(store):
    filled(store, 5)

    def card(window: PointFilter):
        with store.unit_of_work() as work:
            plan = Plans(store).in_force(work, "city", None, date(2026, 3, 28))
            (code,) = plan.frame.loc[plan.frame["level"] == "grid", "code"][:1]
            return grid_card(work, plan, code, day=date(2026, 3, 28), window=window, settings=BERLIN).activity

    start, end = (pd.Timestamp(day, tz=BERLIN.time_zone).to_pydatetime() for day in ("2026-03-27", "2026-03-30"))
    windows = [PointFilter(start, end), PointFilter(), PointFilter(None, end)]
    before = [card(window) for window in windows]
    assert all(seen.from_sums is None and seen.fixes > 0 and seen.units > 1 for seen in before)
    PatrolDays(store, BERLIN).thin(now=pd.Timestamp("2026-04-01T10:00Z").to_pydatetime(), keep_days=3)
    for window, had in zip(windows, before, strict=True):
        seen = card(window)
        # as many fixes, the last one at the same moment; who came on several days is not known any more
        assert (seen.fixes, seen.last_fix_at, seen.units) == (had.fixes, had.last_fix_at, None)
        assert (seen.from_sums.days, seen.from_sums.until.isoformat()) == (2, "2026-03-28T23:00:00+00:00")
    after = card(PointFilter(end, None))
    assert (after.from_sums, after.units) == (None, card(PointFilter(end, end + timedelta(days=9))).units)


def test_days_of_other_borders_are_told_and_nothing_of_them_is_lost(store):
    filled(store, 7)
    window = ("2026-03-29", "2026-03-31")
    before = asked(store, window, 2)[0]
    PatrolDays(store, BERLIN).thin(now=pd.Timestamp("2026-04-01T10:00Z").to_pydatetime(), keep_days=2)
    after = asked(store, window, 2)[0]
    assert (after.from_sums.days, after.from_sums.other_borders) == (1, 1)

    def whole(report):
        return report.figures["hours"].sum() + report.ways.effort.attrs["elsewhere"]["minutes"] / 60

    assert whole(after) == pytest.approx(whole(before), rel=1e-9)
    # the border between the two grids is another one, so the shares of both are: that is what is told
    assert after.figures["hours"].tolist() != pytest.approx(before.figures["hours"].tolist(), rel=1e-3)
