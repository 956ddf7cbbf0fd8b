"""Live tracking: what a unit does becomes events, and what its receiver does becomes none."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from builders import tiling
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.analysis.locator import Locator
from gridmap.analysis.tracking import EVENTS, Tracker
from gridmap.analysis.tracks import Fixes
from gridmap.crs import from_metric, xy_to_metric
from gridmap.errors import FileError, InvalidInput, TooLarge

EPSG = 4549  # China, central meridian 120: east 500,000 is the border between the two columns of grids
START = 1_777_600_000_000_000
Row = tuple[str, float, float, float]


def plan() -> gpd.GeoDataFrame:
    """A | B over C | D, squares of about 1 km around one corner on the central meridian; straight in metres too."""
    return tiling("AB\nCD", cell=0.01, origin=(119.99, 35.99))


GRIDS = Locator.from_frame(plan())


def metres(lon: float, lat: float) -> np.ndarray:
    return np.array([float(v[0]) for v in xy_to_metric([lon], [lat], EPSG)])


CORNER = metres(120.0, 36.0)
#: Metres from the corner to the western rim, where the walks of the tests meet it.
WEST = float(metres(119.99, 36.003)[0] - CORNER[0])


def fixes(rows: Sequence[Row]) -> Fixes:
    """Fixes of (unit, second, metres east of the corner, metres north of it), in the order of arrival."""
    places = np.array([[r[2], r[3]] for r in rows], dtype=float).reshape(-1, 2) + CORNER
    xy = shapely.get_coordinates(from_metric(np.asarray(shapely.points(places), dtype=object), EPSG))
    units = list(dict.fromkeys(r[0] for r in rows))
    return Fixes(
        np.array([units.index(r[0]) for r in rows], dtype=np.int64),
        np.array(units, dtype=object),
        np.array([START + round(r[1] * 1e6) for r in rows], dtype=np.int64),
        xy[:, 0].copy(),
        xy[:, 1].copy(),
    )


def short(events: pd.DataFrame) -> list[tuple[str, str, str, float, float]]:
    """Events as (what, unit, grid, second it happened, second it was confirmed)."""
    at, known = (((events[c].astype("int64")) - START) / 1e6 for c in ("at", "confirmed_at"))
    return list(zip(events["event"], events["unit_id"], events["grid_code"], at, known, strict=True))


def walk(east: Sequence[float], *, unit: str = "u", first: float = 0, step: float = 1, north: float = 300) -> list[Row]:
    return [(unit, first + i * step, e, north) for i, e in enumerate(east)]


def run(rows: Sequence[Row], **rules: float) -> list[tuple[str, str, str, float, float]]:
    return short(Tracker(GRIDS, **{"dwell_s": 0, "lost_s": 0, **rules}).update(fixes(rows)))


# Rules, one by one. A lies west and B east of the border at 0.


def test_the_plan_lies_as_the_tests_take_it() -> None:
    assert GRIDS.epsg == EPSG
    assert CORNER[0] == pytest.approx(500_000.0, abs=1e-6)
    assert place_of(-1, 1)[0] == "A"
    assert place_of(1, -1)[0] == "D"


def test_a_fix_deep_inside_counts_at_once() -> None:
    assert run(walk([-300, -100, 100]), confirm_m=50) == [
        ("enter", "u", "A", 0, 0),
        ("exit", "u", "A", 2, 2),
        ("enter", "u", "B", 2, 2),
    ]


def test_a_shallow_change_counts_when_it_lasts_and_is_dated_back() -> None:
    rows = walk([-300, *[5] * 30])
    assert run(rows, confirm_m=15, confirm_s=20)[1:] == [("exit", "u", "A", 1, 21), ("enter", "u", "B", 1, 21)]
    assert run(rows[:21], confirm_m=15, confirm_s=20) == [("enter", "u", "A", 0, 0)]


def test_a_shallow_then_deep_change_is_dated_from_its_first_fix() -> None:
    assert run(walk([-300, 3, 6, 9, 30]), confirm_m=15)[1:] == [("exit", "u", "A", 1, 4), ("enter", "u", "B", 1, 4)]


def test_the_depth_that_confirms_is_exact() -> None:
    assert len(run(walk([-300, 14.9]), confirm_m=15)) == 1
    assert len(run(walk([-300, 15.1]), confirm_m=15)) == 3


def test_a_short_trip_over_the_border_is_none() -> None:
    assert run(walk([-300, 5, 5, 5, -5, 5, 5, -5]), confirm_m=15, confirm_s=4) == [("enter", "u", "A", 0, 0)]


def test_going_out_of_all_grids_is_an_exit_alone() -> None:
    rows = walk([-300, -300, -2000], north=300)
    assert run(rows) == [("enter", "u", "A", 0, 0), ("exit", "u", "A", 2, 2)]
    # 5 m outside is believed only when it lasts
    assert run(walk([-300, WEST - 5, WEST - 5]), confirm_m=15, confirm_s=5) == [("enter", "u", "A", 0, 0)]
    assert run(walk([-300, *[WEST - 5] * 7]), confirm_m=15, confirm_s=5)[1:] == [("exit", "u", "A", 1, 6)]


def test_trembling_between_two_others_leaves_the_grid_and_enters_none_of_them() -> None:
    # on the border of C and D, south of A, where it surely no longer is
    rows = walk([-300]) + [("u", 1 + i, 5 if i % 2 else -5, -300) for i in range(30)]
    assert run(rows, confirm_m=15, confirm_s=10) == [("enter", "u", "A", 0, 0), ("exit", "u", "A", 1, 11)]


def test_staying_is_told_at_every_full_span() -> None:
    rows = walk([-300] * 13, step=10)
    assert run(rows, dwell_s=50) == [
        ("enter", "u", "A", 0, 0),
        ("dwell", "u", "A", 50, 50),
        ("dwell", "u", "A", 100, 100),
    ]
    # a trip that does not count does not interrupt the stay, and two spans at once are told once
    assert run([*walk([-300, 5, 5]), ("u", 170, -300, 300)], dwell_s=50)[1:] == [("dwell", "u", "A", 170, 170)]
    events = Tracker(GRIDS, dwell_s=50).update(fixes(rows))
    assert events["seconds"].tolist() == [0.0, 50.0, 100.0]


def test_a_silent_unit_left_when_it_was_last_heard() -> None:
    rows = [*walk([-300, -300]), ("u", 1000, -300, 300), ("u", 1001, -300, 300)]
    assert run(rows, lost_s=900) == [
        ("enter", "u", "A", 0, 0),
        ("exit", "u", "A", 1, 1000),
        ("enter", "u", "A", 1000, 1000),
    ]
    # also where the silence lies between two batches, and the grid is the same on both sides of it
    tracker = Tracker(GRIDS, dwell_s=0, lost_s=900)
    tracker.update(fixes(rows[:2]))
    assert [e[:1] + e[3:] for e in short(tracker.update(fixes(rows[2:3])))] == [
        ("exit", 1, 1000),
        ("enter", 1000, 1000),
    ]
    assert run(rows, lost_s=999) == [("enter", "u", "A", 0, 0)]


def test_the_time_in_a_grid_runs_from_the_first_fix_in_it() -> None:
    events = Tracker(GRIDS, confirm_m=15, confirm_s=20, dwell_s=0).update(fixes(walk([-300, *[5] * 40, -300])))
    assert events["seconds"].tolist() == [0.0, 1.0, 0.0, 40.0, 0.0]
    assert events["event"].tolist() == ["enter", "exit", "enter", "exit", "enter"]


# Fixes that come late, twice, from the future or not at all.


def test_late_fixes_are_taken_while_they_may_and_counted_when_not() -> None:
    rows = [("u", 0, -300, 300), ("u", 2, 300, 300), ("u", 1, -300, 300)]
    strict = Tracker(GRIDS)
    assert len(strict.update(fixes(rows))) == 3
    assert strict.counts.late == 1
    patient = Tracker(GRIDS, wait_s=5)
    assert len(patient.update(fixes(rows))) == 0
    found = patient.update(fixes([("u", 7, 300, 300)]))
    assert short(found) == [("enter", "u", "A", 0, 0), ("exit", "u", "A", 2, 2), ("enter", "u", "B", 2, 2)]
    assert patient.counts.late == 0
    assert patient.positions()["grid_code"].tolist() == ["B"]
    # 2 is the last one that was used: the same time again repeats it, an older one is late
    patient.update(fixes([("u", 2, 0, 0), ("u", 1.5, 0, 0), ("u", 7, 0, 0)]))
    assert (patient.counts.late, patient.counts.duplicates) == (1, 2)


def test_the_first_of_two_fixes_of_one_time_counts() -> None:
    tracker = Tracker(GRIDS, wait_s=3)
    tracker.update(fixes([("u", 0, -300, 300), ("u", 0, 300, 300), ("u", 9, -300, 300)]))
    assert short(tracker.flush()) == []
    assert tracker.positions()["grid_code"].tolist() == ["A"]
    assert tracker.counts.duplicates == 1


def test_flush_uses_what_waits() -> None:
    tracker = Tracker(GRIDS, wait_s=60)
    assert len(tracker.update(fixes(walk([300, -300])))) == 0
    assert [e[0] for e in short(tracker.flush())] == ["enter", "exit", "enter"]
    assert len(tracker.flush()) == 0
    tracker.update(fixes([("u", 0.5, 0, 0)]))
    tracker.flush()
    assert (tracker.counts.used, tracker.counts.late) == (2, 1)


def test_a_clock_in_the_future_does_not_silence_its_unit() -> None:
    now = datetime.fromtimestamp(START / 1e6, UTC)
    tracker = Tracker(GRIDS, ahead_s=60)
    tracker.update(fixes([("u", 86_400, 300, 300)]), now=now)
    assert tracker.counts.ahead == 1
    assert short(tracker.update(fixes(walk([-300])), now=now)) == [("enter", "u", "A", 0, 0)]


def test_what_cannot_be_read_is_counted_and_harms_nobody() -> None:
    bad = Fixes(
        np.array([0, 0, 0, 0, -1, 0, 0]),
        np.array(["u"], dtype=object),
        np.array([START, START + 1, START + 2, np.iinfo(np.int64).min, START, np.iinfo(np.int64).max, -(1 << 62)]),
        np.array([np.nan, np.inf, 500.0, 119.995, 119.995, 119.995, 119.995]),
        np.full(7, 35.995),
    )
    tracker = Tracker(GRIDS)
    assert len(tracker.update(bad)) == 0
    assert tracker.counts.unreadable == 7
    assert [e[0] for e in short(tracker.update(fixes(walk([-300]))))] == ["enter"]


def test_one_unit_cannot_hoard() -> None:
    tracker = Tracker(GRIDS, wait_s=1e9)
    tracker.update(fixes([("u", 1_500.0 - i, -300, 300) for i in range(1_500)]))
    # all were older than the one before: those that went beyond the most that may wait counted at once
    assert tracker.counts.used + tracker.counts.late >= 500
    assert len(tracker.flush()) <= 1
    assert tracker.counts.used + tracker.counts.late == 1_500


def test_too_many_units_are_refused_and_nothing_is_taken() -> None:
    tracker = Tracker(GRIDS, max_units=2)
    tracker.update(fixes([("u", 0, -300, 300)]))
    with pytest.raises(TooLarge) as refused:
        tracker.update(fixes([("v", 0, -300, 300), ("w", 0, -300, 300)]))
    assert refused.value.code == "too_many_units"
    assert tracker.counts.used == 1
    assert len(tracker.positions()) == 1


def test_rules_must_be_numbers() -> None:
    for rules in ({"confirm_m": -1}, {"confirm_s": float("nan")}, {"wait_s": float("inf")}):
        with pytest.raises(InvalidInput) as refused:
            Tracker(GRIDS, **rules)
        assert refused.value.code == "setting_negative"


def test_a_frame_of_fixes_is_taken_too() -> None:
    frame = gpd.GeoDataFrame(
        {"unit_id": ["u", "v"], "fixed_at": pd.to_datetime(["2026-05-01T00:00:00Z"] * 2)},
        geometry=gpd.points_from_xy([119.995, 120.005], [36.005, 36.005]),
        crs="EPSG:4326",
    )
    events = Tracker(GRIDS).update(frame)
    assert events["grid_code"].tolist() == ["A", "B"]
    assert (events["at"] == frame["fixed_at"]).all()


def test_grids_in_metres_do_as_well() -> None:
    metric = Locator.from_frame(plan().to_crs(EPSG), metric=True)
    rows = fixes(walk([-300, -100, 5, 5, 100, 5, -5, -1500]))
    x, y = xy_to_metric(rows.x, rows.y, EPSG)
    found = Tracker(metric).update(Fixes(rows.unit, rows.units, rows.at, x, y))
    assert short(found) == short(Tracker(GRIDS).update(rows))
    assert len(found) == 4


def test_other_grids_from_some_day_on() -> None:
    tracker = Tracker(GRIDS)
    tracker.update(fixes(walk([-300, -300])))
    redrawn = plan().assign(code=["A2", "B", "C", "D"])
    tracker.use(Locator.from_frame(redrawn))
    found = short(tracker.update(fixes(walk([-300], first=2))))
    assert found == [("exit", "u", "A", 2, 2), ("enter", "u", "A2", 2, 2)]


# Properties over random streams.

EAST = st.one_of(st.floats(-20, 20), st.floats(-400, 400), st.sampled_from([-1500.0, 1500.0]))


@st.composite
def streams(draw: st.DrawFn) -> list[Row]:
    """Units that walk about, near borders and far from them; fixes late, repeated, or after a long silence."""
    rows: list[Row] = []
    for unit in draw(st.lists(st.sampled_from("uvwx"), min_size=1, max_size=4, unique=True)):
        second = draw(st.integers(0, 30))
        for _ in range(draw(st.integers(1, 25))):
            second += draw(st.sampled_from([1, 1, 1, 2, 5, 30, 200]))
            late = draw(st.sampled_from([0, 0, 0, 0, 1, 3, 40]))
            rows.append((unit, second - late, draw(EAST), draw(EAST)))
    order = draw(st.lists(st.floats(0, 1), min_size=len(rows), max_size=len(rows)))
    # units mixed; within a unit the order of arrival stays
    ranks = {u: iter(sorted(k for k, r in zip(order, rows, strict=True) if r[0] == u)) for u in {r[0] for r in rows}}
    return [r for _, r in sorted(((next(ranks[r[0]]), r) for r in rows), key=lambda pair: pair[0])]


RULES = st.fixed_dictionaries(
    {
        "confirm_m": st.sampled_from([0.0, 10.0, 15.0]),
        "confirm_s": st.sampled_from([0.0, 3.0, 20.0]),
        "dwell_s": st.sampled_from([0.0, 10.0, 60.0]),
        "lost_s": st.sampled_from([0.0, 100.0]),
        "wait_s": st.sampled_from([0.0, 2.0, 50.0]),
    }
)
LONG = settings(max_examples=60)


@given(rows=streams(), rules=RULES, cuts=st.lists(st.integers(0, 100), max_size=8), saved=st.booleans())
@LONG
def test_batches_and_saving_change_nothing(rows: list[Row], rules: dict, cuts: list[int], saved: bool) -> None:
    whole = Tracker(GRIDS, **rules)
    expected = short(whole.update(fixes(rows))) + short(whole.flush())
    pieces = Tracker(GRIDS, **rules)
    found = []
    bounds = [0, *sorted(min(c, len(rows)) for c in cuts), len(rows)]
    for first, last in pairwise(bounds):
        found += short(pieces.update(fixes(rows[first:last])))
        if saved:
            pieces = Tracker.from_bytes(pieces.to_bytes(), GRIDS)
    found += short(pieces.flush())
    assert found == expected
    assert pieces.counts == whole.counts
    pd.testing.assert_frame_equal(pieces.positions(), whole.positions())


@given(rows=streams(), rules=RULES)
@LONG
def test_events_are_those_of_the_rules_told_plainly(rows: list[Row], rules: dict) -> None:
    tracker = Tracker(GRIDS, **rules)
    events = short(tracker.update(fixes(rows))) + short(tracker.flush())
    for unit in {r[0] for r in rows}:
        own = [r for r in rows if r[0] == unit]
        assert [e for e in events if e[1] == unit] == plainly(own, rules)


def plainly(rows: list[Row], rules: dict) -> list[tuple[str, str, str, float, float]]:
    """The rules of the module for one unit, slowly and in the words of its documentation."""
    newest, kept = -np.inf, {}
    for _, second, east, north in rows:
        if second > newest - rules["wait_s"] and second not in kept:
            kept[second] = (east, north)
            newest = max(newest, second)
    told: list[tuple[str, str, str, float, float]] = []
    unit, grid, entered, dwelt, run = rows[0][0], None, 0.0, 0, []
    before = None
    for second in sorted(kept):
        owner, depth = place_of(*kept[second])
        if before is not None and 0 < rules["lost_s"] < second - before:
            if grid:
                told.append(("exit", unit, grid, before, second))
            grid, run = None, []
        before = second
        if grid is not None and owner == grid:
            run = []
            spans = int((second - entered) // rules["dwell_s"]) if rules["dwell_s"] else 0
            if spans > dwelt:
                dwelt = spans
                told.append(("dwell", unit, grid, second, second))
            continue
        run.append((second, owner))
        same = [s for i, (s, _) in enumerate(run) if all(o == owner for _, o in run[i:])]
        deep = depth >= rules["confirm_m"]
        came = owner is not None and (deep or second - same[0] >= rules["confirm_s"])
        if grid and (deep or came or second - run[0][0] >= rules["confirm_s"]):
            told.append(("exit", unit, grid, run[0][0], second))
            grid = None
        if came:
            told.append(("enter", unit, owner, same[0], second))
            grid, entered, dwelt, run = owner, same[0], 0, []
    return told


def place_of(east: float, north: float) -> tuple[str | None, float]:
    """The owner of a place in metres from the corner, and how far its border (outside: the nearest grid) is."""
    spot = fixes([("u", 0, east, north)])
    found = GRIDS.locate(spot.x[0], spot.y[0], nearest_within_m=1e7)
    return (found.code if found.method.value != "nearest" else None), float(found.border_m or 0.0)


@given(rows=streams(), rules=RULES)
@LONG
def test_every_stay_has_one_beginning_and_one_end(rows: list[Row], rules: dict) -> None:
    tracker = Tracker(GRIDS, **rules)
    first, rest = tracker.update(fixes(rows)), tracker.flush()
    events = pd.concat([first, rest])
    assert set(events["event"]) <= set(EVENTS)
    for _, own in events.groupby("unit_id"):
        inside, entered, left = None, None, None
        for e in own.itertuples():
            assert e.at <= e.confirmed_at
            if e.event == "enter":
                assert inside is None
                assert left is None or e.at >= left
                inside, entered = e.grid_code, e.at
            else:
                assert e.grid_code == inside
                assert e.seconds == (e.at - entered).total_seconds() >= 0
                if e.event == "exit":
                    inside, left = None, e.at


@given(
    depth=st.lists(st.floats(-14.5, 14.5), min_size=5, max_size=120),
    along=st.lists(st.floats(50, 800), min_size=5, max_size=120),
    first=st.sampled_from([-300.0, 300.0]),
)
@LONG
def test_trembling_at_a_border_gives_no_flutter(depth: list[float], along: list[float], first: float) -> None:
    """Less than 15 m over the border, never 20 s without a fix on the own side."""
    rows: list[Row] = [("u", 0, first, 300)]
    for i, (east, north) in enumerate(zip(depth, along, strict=False)):
        home = i % 15 == 14
        rows.append(("u", i + 1, np.copysign(max(abs(east), 0.01), first) if home else east, north))
    calm = run(rows, confirm_m=15, confirm_s=20)
    assert len(calm) == 1
    # the same without hysteresis: the test would see flutter
    sides = np.sign([r[2] for r in rows])
    changes = int((sides[1:] != sides[:-1]).sum())
    if (np.abs(depth) > 1e-3).all():
        assert len(run(rows, confirm_m=0, confirm_s=0)) == 1 + 2 * changes


# Saved state.


def test_damaged_state_is_refused() -> None:
    tracker = Tracker(GRIDS, wait_s=5)
    tracker.update(fixes(walk([-300, 5, 5])))
    data = tracker.to_bytes()
    for broken in (b"", b"x" * 100, data[:-1], data[:60], data[:200] + bytes([data[200] ^ 1]) + data[201:]):
        with pytest.raises(FileError) as refused:
            Tracker.from_bytes(broken, GRIDS)
        assert refused.value.code == "corrupt"
    assert Tracker.from_bytes(data, GRIDS).to_bytes() == data


@pytest.mark.real_data
def test_buses_of_liverpool(shared_data: Path) -> None:
    rows = pd.read_csv(shared_data / "liverpool_bus_gps.csv")
    x, y = rows["longitude"].to_numpy(), rows["latitude"].to_numpy()
    side = 0.004
    corners = [(x.min() + i * side, y.min() + j * side) for i in range(30) for j in range(30)]
    squares = [shapely.box(a, b, a + side, b + side) for a, b in corners]
    grids = gpd.GeoDataFrame({"code": [f"{i:03}" for i in range(len(squares))]}, geometry=squares, crs="EPSG:4326")
    locator = Locator.from_frame(grids)
    times = pd.to_datetime(rows["timestamp"]).dt.tz_localize("UTC")
    buses = Fixes.of(rows["trip_id"].astype(str), times, x, y)

    # without hysteresis every change of the owner between two fixes is an event, and nothing else is
    plain = Tracker(locator, confirm_m=0, confirm_s=0, dwell_s=0, lost_s=0, wait_s=1e6)
    events = pd.concat([plain.update(buses), plain.flush()])
    once = rows.drop_duplicates(["trip_id", "timestamp"]).sort_values(["trip_id", "timestamp"])
    owner = locator.owners(once["longitude"].to_numpy(), once["latitude"].to_numpy())
    trip = once["trip_id"].to_numpy()
    new = np.r_[True, (owner[1:] != owner[:-1]) | (trip[1:] != trip[:-1])] & (owner >= 0)
    entered = events[events["event"] == "enter"]
    assert sorted(zip(entered["unit_id"], entered["grid_code"], strict=True)) == sorted(
        (str(t), locator.codes[o]) for t, o in zip(trip[new], owner[new], strict=True)
    )
    assert len(entered) > 150

    # with it, fewer; and each trip begins and ends in the same grids
    calm = Tracker(locator, dwell_s=0, lost_s=0, wait_s=1e6)
    fewer = pd.concat([calm.update(buses), calm.flush()])
    assert 100 < int((fewer["event"] == "enter").sum()) < len(entered)
    assert calm.counts.used == len(once)
