"""Effort and recency: sums make up the whole, hours are those of the wall, and days are counted against their norm."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from builders import CELL, tiling
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import build, recipes

from gridmap.analysis.effort import (
    add_effort,
    effort_by_hour,
    effort_of_grids,
    overdue_list,
    patrol_effort,
    recency,
)
from gridmap.analysis.incident_rates import incident_rates, poisson_rate
from gridmap.analysis.locator import Locator
from gridmap.analysis.segments import Borders
from gridmap.analysis.sight import sight_counts, sights
from gridmap.analysis.tracks import Edition, split_tracks, track_visits
from gridmap.errors import ColumnError, InvalidInput

START = datetime(2026, 5, 1, 8, tzinfo=UTC)
X0, Y0 = 120.0, 36.0


def fixes(rows: list[tuple[str, float, float, float]], start: datetime = START) -> gpd.GeoDataFrame:
    """Fixes of (unit, seconds after the start, columns from the west, rows from the south)."""
    unit, second, x, y = zip(*rows, strict=True)
    return gpd.GeoDataFrame(
        {"unit_id": unit, "fixed_at": pd.to_datetime([start + timedelta(seconds=s) for s in second], utc=True)},
        geometry=shapely.points(X0 + np.array(x) * CELL, Y0 + np.array(y) * CELL),
        crs="EPSG:4326",
    )


def pieces(rows: list[tuple[str, float, float, float]], drawing: str = "ABC", start: datetime = START) -> pd.DataFrame:
    return split_tracks(fixes(rows, start), Locator.from_frame(tiling(drawing)), max_speed_m_s=1e6)


WALK = st.lists(
    st.tuples(
        st.sampled_from("uv"),
        st.integers(0, 3000),
        st.floats(-0.5, 4.5, allow_nan=False, width=32),
        st.floats(-0.5, 4.5, allow_nan=False, width=32),
    ),
    min_size=2,
    max_size=25,
)


@settings(max_examples=8, deadline=None)
@given(recipes(), WALK, st.lists(st.integers(-100, 3100), max_size=2))
def test_every_table_makes_up_the_whole(recipe, walk, changes) -> None:  # type: ignore[no-untyped-def]
    grids = build(recipe)
    x0, y0, x1, y1 = grids.total_bounds
    sent = fixes(walk)
    x, y = np.array([w[2] for w in walk]) / 4, np.array([w[3] for w in walk]) / 4
    sent = sent.set_geometry(shapely.points(x0 + x * (x1 - x0), y0 + y * (y1 - y0)), crs=4326)
    options = {"max_speed_m_s": 1e9, "max_gap_s": 1e9}
    one = Borders(Locator.from_frame(grids))
    other = Borders(Locator.from_frame(grids.assign(code=grids["code"].to_numpy()[::-1])))
    plain = split_tracks(sent, one, **options)
    since = [START - timedelta(days=1), *(START + timedelta(seconds=s, microseconds=7) for s in changes)]
    changing = [Edition(when, (one, other)[n % 2]) for n, when in enumerate(sorted(since))]
    for split in (plain, split_tracks(sent, changing, **options)):
        whole = split.attrs["summary"]
        assert whole == plain.attrs["summary"] or split is not plain
        assert (whole.seconds, whole.length_m) == (plain.attrs["summary"].seconds, plain.attrs["summary"].length_m)
        table, hours = patrol_effort(split), effort_by_hour(split, "Asia/Shanghai")
        for name, total in (("minutes", whole.seconds / 60), ("km", whole.length_m / 1000)):
            for sums in (table, hours):
                assert sums[name].sum() == pytest.approx(total, rel=1e-9, abs=1e-6)
        assert table["visits"].sum() == hours["visits"].sum() == len(track_visits(split))
        assert (table["dwells"] + table["passes"] == table["visits"]).all()
        on_grids = effort_of_grids(table, grids["code"])
        away = on_grids.attrs["elsewhere"]["minutes"]
        assert on_grids["minutes"].sum() + away == pytest.approx(whole.seconds / 60, abs=1e-6)


def test_each_moment_goes_by_the_borders_of_its_time() -> None:
    # 40 seconds along four cells; the border between A and B moves at the 15th second
    old, new = (Borders(Locator.from_frame(tiling(d))) for d in ("AABB", "ABBB"))
    sent = fixes([("u", 0, 0.0, 0.5), ("u", 40, 4.0, 0.5)])
    editions = [Edition(START + timedelta(seconds=15), new), Edition(START - timedelta(days=1), old)]
    split = split_tracks(sent, editions, max_speed_m_s=1e6)
    assert split["grid_code"].tolist() == ["A", "B"]
    assert split["seconds"].tolist() == [15.0, 25.0]
    # the code that goes on is one visit, though the ground changed: A to the 15th second, and to the 30th
    later = [Edition(START - timedelta(days=1), old), Edition(START + timedelta(seconds=5), Borders(_grids("AAAB")))]
    stays = track_visits(split_tracks(sent, later, max_speed_m_s=1e6))
    assert (stays["grid_code"].tolist(), stays["seconds"].tolist()) == (["A", "B"], [30.0, 10.0])
    # before the first edition the ground was nobody's
    split = split_tracks(sent, editions[:1], max_speed_m_s=1e6)
    assert [None if pd.isna(c) else c for c in split["grid_code"]] == [None, "B"]
    # a silence across the change stays a silence
    assert split_tracks(fixes([("u", 0, 0, 0.5), ("u", 400, 1, 0.5)]), editions).attrs["summary"].gaps == 1
    with pytest.raises(InvalidInput):
        split_tracks(sent, [Edition(datetime(2026, 1, 1), old)])


def _grids(drawing: str) -> Locator:
    return Locator.from_frame(tiling(drawing))


def test_a_change_of_borders_is_that_of_sampling_every_tenth_of_a_second() -> None:
    old, new = _grids("AB\nCD"), _grids("BA\nDC")
    rng = np.random.default_rng(4)
    walk = [("u", 20.0 * i, *rng.uniform(0, 2, 2)) for i in range(30)]
    when = 20.0 * 11 + 7.3
    editions = [Edition(START, Borders(old)), Edition(START + timedelta(seconds=when), Borders(new))]
    split = split_tracks(fixes(walk), editions, max_speed_m_s=1e6)
    second = np.arange(0.05, 20.0 * 29, 0.1)
    x, y = (np.interp(second, [w[1] for w in walk], [w[i] for w in walk]) for i in (2, 3))
    seconds: dict[str, float] = defaultdict(float)
    for t, a, b in zip(second, X0 + x * CELL, Y0 + y * CELL, strict=True):
        seconds[str((old if t < when else new).find_owner(a, b))] += 0.1
    found = split.groupby("grid_code")["seconds"].sum()
    for code in "ABCD":
        assert found[code] == pytest.approx(seconds[code], abs=0.1 * 31)
    assert found.sum() == 580.0


def test_a_dwell_and_a_pass_are_told_apart() -> None:
    rows = [("u", 0, 0.5, 0.5), ("u", 100, 1.5, 0.5), ("u", 279, 1.5, 0.5), ("u", 330, 2.5, 0.5), ("v", 0, 2.5, 0.5)]
    table = patrol_effort(pieces([*rows, ("v", 180, 2.5, 0.5)])).set_index("grid_code")
    assert table["visits"].to_dict() == {"A": 1, "B": 1, "C": 2}
    assert table["dwells"].to_dict() == {"A": 0, "B": 1, "C": 1}  # exactly 180 s is a dwell
    assert table["workers"].to_dict() == {"A": 1, "B": 1, "C": 2}
    assert table.loc["C", "dwell_minutes"] == 3.0
    assert table["last_dwell_at"].isna().to_dict() == {"A": True, "B": False, "C": False}
    assert recency(tiling("ABC"), table.reset_index(), at=START + timedelta(hours=1))["status"].tolist() == [
        "never",
        "fresh",
        "fresh",
    ]
    # parts without a worker in common add up
    split = pieces([*rows, ("v", 180, 2.5, 0.5)])
    parts = [patrol_effort(split[split["unit_id"] == u]) for u in "uv"]
    pd.testing.assert_frame_equal(add_effort(parts), table.reset_index())


def test_grids_where_nobody_was_are_in_the_table() -> None:
    table = effort_of_grids(patrol_effort(pieces([("u", 0, 0.5, 0.5), ("u", 60, 3.5, 0.5)])), ["C", "B", "Z"])
    assert table["grid_code"].tolist() == ["C", "B", "Z"]
    assert table["visits"].tolist() == [1, 1, 0]
    assert table["minutes"].tolist() == pytest.approx([1 / 3, 1 / 3, 0.0])
    assert table.attrs["elsewhere"]["minutes"] == pytest.approx(1 / 3)  # A, and the ground outside
    with pytest.raises(ColumnError):
        effort_of_grids(table, ["C", "C"])


def by_minute(table: pd.DataFrame, zone: str) -> dict[tuple[int, int], float]:
    """Add up minutes one by one, by the clock on the wall."""
    result: dict[tuple[int, int], float] = defaultdict(float)
    for row in table.itertuples():
        at = row.entered_at.to_pydatetime()
        while at < row.left_at:
            wall = at.astimezone(ZoneInfo(zone))
            result[wall.weekday(), wall.hour] += 1.0
            at += timedelta(minutes=1)
    return dict(result)


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Asia/Shanghai", datetime(2026, 5, 3, 14, 30, tzinfo=UTC)),  # across midnight of Sunday, 16:00 UTC
        ("Europe/Berlin", datetime(2026, 3, 28, 22, tzinfo=UTC)),  # clocks put on
        ("Europe/Berlin", datetime(2026, 10, 24, 22, tzinfo=UTC)),  # and back
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 12, tzinfo=UTC)),  # back by half an hour
        ("Asia/Kathmandu", datetime(2026, 5, 3, 14, tzinfo=UTC)),  # hours begin at a quarter
    ],
)
def test_hours_are_those_of_the_clock_on_the_wall(zone: str, start: datetime) -> None:
    walk = [("u", 240.0 * i, 0.5 + 2.0 * i / 100, 0.5) for i in range(101)]
    split = pieces(walk, start=start)
    # whole minutes at the borders, so that the sum minute by minute is exact
    assert split["seconds"].mod(60).eq(0).all()
    table = effort_by_hour(split, zone)
    found = table.groupby(["weekday", "hour"])["minutes"].sum()
    assert {k: v for k, v in found.items() if v} == pytest.approx(by_minute(split, zone))
    assert table["km"].sum() == pytest.approx(split["length_m"].sum() / 1000)


def grids(**columns: object) -> gpd.GeoDataFrame:
    return tiling("ABCD").assign(**columns)


def test_days_are_counted_against_the_norm_of_the_class() -> None:
    at = START + timedelta(days=10)
    effort = pd.DataFrame(
        {
            "grid_code": ["A", "B", "C", "C"],
            "last_dwell_at": [
                at - timedelta(days=1),
                at - timedelta(days=1, seconds=1),
                at - timedelta(days=9),
                at + timedelta(1),
            ],
        }
    )
    table = recency(grids(households=[400, 300, 299, 5]), effort, at=at).set_index("code")
    assert table["norm"].to_dict() == {"A": "dense", "B": "dense", "C": "usual", "D": "usual"}
    assert table["status"].to_dict() == {"A": "fresh", "B": "overdue", "C": "overdue", "D": "never"}
    assert table.loc["C", "times"] == 3.0
    assert np.isnan(table.loc["D", "days"])
    table = table.reset_index()
    assert overdue_list(table)["code"].tolist() == ["D", "C", "B"]
    # without classes all go by the last norm
    assert recency(tiling("AB"), effort, at=at)["norm"].tolist() == ["usual", "usual"]
    with pytest.raises(InvalidInput):
        recency(tiling("AB"), effort, at=datetime(2026, 5, 1))
    with pytest.raises(ColumnError):
        recency(tiling("AB"), effort.drop(columns="last_dwell_at"), at=at)


def test_nothing_in_gives_empty_tables() -> None:
    nothing = pieces([("u", 0, 0.5, 0.5)])
    assert len(patrol_effort(nothing)) == len(effort_by_hour(nothing, "Asia/Shanghai")) == 0
    assert effort_of_grids(patrol_effort(nothing), ["A"])["visits"].tolist() == [0]
    assert recency(tiling("A"), patrol_effort(nothing), at=START)["status"].tolist() == ["never"]


def test_there_are_three_colours() -> None:
    words = sights([True, True, False, False], [2, 0, 0, 5])
    assert list(words) == ["seen_found", "seen_clear", "not_seen", "not_seen"]
    assert sight_counts(words) == {"seen_found": 1, "seen_clear": 1, "not_seen": 2}
    assert sight_counts([]) == {"seen_found": 0, "seen_clear": 0, "not_seen": 0}


def test_rates_have_the_intervals_of_the_tables() -> None:
    # Garwood's limits as printed in Ulm (1990, Am. J. Epidemiol. 131:373), to three decimals
    printed = {0: (0.0, 3.689), 1: (0.025, 5.572), 2: (0.242, 7.225), 5: (1.623, 11.668), 10: (4.795, 18.390)}
    rate, low, high = poisson_rate(list(printed), [1.0] * len(printed))
    assert rate.tolist() == list(printed)
    assert np.c_[low, high] == pytest.approx(np.array(list(printed.values())), abs=6e-4)
    assert np.isnan(poisson_rate([3], [0.0])).all()
    assert poisson_rate([4], [2.0])[0].tolist() == [2.0]
    for bad in ({"count": [-1], "exposure": [1.0]}, {"count": [1], "exposure": [-1.0]}):
        with pytest.raises(InvalidInput):
            poisson_rate(**bad)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="confidence"):
        poisson_rate([1], [1.0], confidence=1.0)


@pytest.mark.parametrize("truth", [0.3, 4.0])
def test_the_interval_holds_the_truth_as_often_as_it_says(truth: float) -> None:
    drawn = np.random.default_rng(8).poisson(truth * 2.0, 20_000)
    _, low, high = poisson_rate(drawn, np.full(len(drawn), 2.0))
    assert ((low <= truth) & (truth <= high)).mean() >= 0.95 - 0.005


def test_who_found_it_is_told_apart() -> None:
    walk = [("u", 0, 0.5, 0.5), ("u", 200, 0.5, 0.5), ("u", 400, 1.5, 0.5), ("u", 600, 1.5, 0.5)]
    table = effort_of_grids(patrol_effort(pieces(walk)), "ABC")
    found = pd.DataFrame({"grid_code": ["A", "A", "C", None], "channel": ["patrol", "hotline", "app", "patrol"]})
    rates = incident_rates(table, found)
    assert rates["patrol_found"].tolist() == [1, 0, 0]
    assert rates["citizen_found"].tolist() == [1, 0, 1]
    # C is not seen, though somebody called from there
    assert rates["sight"].tolist() == ["seen_found", "seen_clear", "not_seen"]
    assert rates["per_visit"].tolist()[:2] == [1.0, 0.0]
    assert np.isnan(rates.loc[2, ["per_hour", "per_hour_low", "per_hour_high", "per_visit"]].astype(float)).all()
    whole = rates.attrs["summary"]
    assert (whole["incidents"], whole["elsewhere"], whole["seen_clear"], whole["not_seen"]) == (3, 1, 1, 1)
    assert whole["patrol_share"] == pytest.approx(1 / 3)
    assert whole["per_hour"] == pytest.approx(1 / (600 / 3600))
    assert whole["per_hour_low"] < whole["per_hour"] < whole["per_hour_high"]
    with pytest.raises(ColumnError):
        incident_rates(table, found.drop(columns="channel"))
