"""Cleaning: one verdict a fix, whatever the order; planted faults are found and nothing else is."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from builders import CELL, tiling
from cleaning_judge import Sent, judge_fixes, score
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap import crs
from gridmap.analysis.cleaning import Cleaned, clean_fixes
from gridmap.analysis.locator import Locator
from gridmap.analysis.segments import Borders
from gridmap.analysis.tracks import split_fixes
from gridmap.domain.patrols import CleaningRules, FixVerdict, packaged_patrol_rules, read_patrol_rules
from gridmap.errors import GeometryError, InvalidInput

RULES = packaged_patrol_rules().cleaning
X0, Y0 = 120.0, 36.0
METRE = np.array([1 / 90_163, 1 / 110_974])  # degrees, near (120, 36)
T0 = 1_777_600_000.0
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def frame(sent: list[Sent]) -> gpd.GeoDataFrame:
    data = {
        "unit_id": [s.unit for s in sent],
        "fixed_at": pd.to_datetime(np.rint([s.at * 1e6 for s in sent]).astype("int64"), unit="us", utc=True),
        "accuracy_m": pd.array([s.accuracy for s in sent], dtype="float64"),
    }
    if any(s.received is not None for s in sent):
        received = [None if s.received is None else pd.Timestamp(s.received, unit="s", tz="UTC") for s in sent]
        data["received_at"] = pd.to_datetime(pd.Series(received), utc=True)
    return gpd.GeoDataFrame(data, geometry=shapely.points([(s.lon, s.lat) for s in sent]), crs=4326)


def verdicts(sent: list[Sent], rules: CleaningRules = RULES, **options: object) -> list[str]:
    return clean_fixes(frame(sent), rules, **{"now": NOW, **options})["verdict"].tolist()  # type: ignore[arg-type]


def walk(n: int, *, unit: str = "u", step_s: float = 10.0, speed: float = 2.0, start: float = T0) -> list[Sent]:
    """Straight to the east."""
    return [Sent(unit, start + i * step_s, X0 + i * step_s * speed * METRE[0], Y0) for i in range(n)]


def cleaned(sent: list[Sent], **options: object) -> Cleaned:
    return clean_fixes(frame(sent), **{"now": NOW, **options}).attrs["cleaned"]  # type: ignore[arg-type]


SENT = st.builds(
    lambda unit, second, x, y, accuracy, odd: Sent(
        unit,
        {0: T0 + second, 1: second * 1.0, 2: NOW.timestamp() + 30.0 * second}.get(odd, T0 + second),
        0.0 if odd == 3 else X0 + x * 8.0 * METRE[0],
        0.0 if odd == 3 else Y0 + y * 8.0 * METRE[1],
        accuracy,
    ),
    st.sampled_from("ab"),
    st.integers(0, 60).map(lambda n: n * 10),
    st.integers(-1, 3) | st.sampled_from([900, 901, 2500]),
    st.integers(-1, 2),
    st.sampled_from([None, 5.0, 200.0, 200.5]),
    st.sampled_from([0] * 12 + [1, 2, 3]),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(SENT, min_size=1, max_size=50), st.integers(1, 7))
def test_the_verdicts_are_those_of_the_rules_told_fix_by_fix(sent: list[Sent], jump: int) -> None:
    rules = replace(RULES, jump_fixes=jump)
    assert verdicts(sent, rules) == judge_fixes(sent, rules, NOW.timestamp())


@settings(max_examples=20, deadline=None)
@given(st.lists(SENT, min_size=1, max_size=40), st.integers(0, 2**32), st.data())
def test_a_shuffle_and_a_replay_change_only_the_doubled(sent: list[Sent], seed: int, data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(sent), max_size=10))
    rng = np.random.default_rng(seed)
    mixed = [(sent + again)[i] for i in rng.permutation(len(sent) + len(again))]
    once, twice = Counter(verdicts(sent)), Counter(verdicts(mixed))
    once["doubled"] += len(again)
    assert +once == +twice
    # and the fixes that are used are the same, to the bit
    first, second = cleaned(sent).used, cleaned(mixed).used
    names = [list(first.units[first.unit]), list(second.units[second.unit])]
    assert names[0] == names[1]
    for column in ("at", "x", "y"):
        np.testing.assert_array_equal(getattr(first, column), getattr(second, column))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 5.0, 900.0, 2000.0]), st.integers(1, 30)), min_size=1, max_size=9),
    st.integers(1, 4),
)
def test_no_other_choice_of_fixes_makes_a_better_way(steps: list[tuple[float, int]], jump: int) -> None:
    rules = replace(RULES, jump_fixes=jump, stop_s=86_400.0)
    at = np.cumsum([s for _, s in steps])
    way = [(T0 + float(t), X0 + x * METRE[0], Y0) for t, (x, _) in zip(at, steps, strict=True)]
    kept = [w for w, v in zip(way, verdicts([Sent("u", *w) for w in way], rules), strict=True) if v == "kept"]
    every = (list(c) for n in range(len(way) + 1) for c in combinations(way, n))
    assert score(kept, rules) == max(score(c, rules) for c in every)


def test_one_bad_fix_in_five_hundred_is_named_and_no_other() -> None:
    sent = walk(500)
    sent[217] = replace(sent[217], lat=Y0 + 5.0)
    found = verdicts(sent)
    assert found[217] == "impossible_speed"
    assert Counter(found) == {"kept": 499, "impossible_speed": 1}
    # the first and the last as well
    for i in (0, 499):
        sent = walk(500)
        sent[i] = replace(sent[i], lat=Y0 + 5.0)
        assert [n for n, v in enumerate(verdicts(sent)) if v != "kept"] == [i]


def test_a_unit_that_comes_back_elsewhere_for_long_has_jumped() -> None:
    sent = walk(40)
    for i in range(20, 27):
        sent[i] = replace(sent[i], lat=Y0 + 1.0)
    assert [i for i, v in enumerate(verdicts(sent)) if v != "kept"] == list(range(20, 27))
    # so many, and the other half is as likely: believed, and the jump is no way for split_fixes
    moved = [s if i < 20 else replace(s, lat=Y0 + 1.0) for i, s in enumerate(walk(40))]
    assert set(verdicts(moved)) == {"kept"}
    pieces = split_fixes(cleaned(moved).used, Borders(Locator.from_frame(tiling("A"))))
    assert pieces.attrs["summary"].gaps == 1


def test_a_car_at_300_km_h_is_not_believed() -> None:
    assert Counter(verdicts(walk(200, speed=300 / 3.6))) == {"impossible_speed": 199, "kept": 1}
    assert set(verdicts(walk(200, speed=150 / 3.6))) == {"kept"}


def test_a_tunnel_is_a_gap_and_costs_no_fix() -> None:
    sent = walk(20) + [replace(s, lon=s.lon + 8_000 * METRE[0]) for s in walk(20, start=T0 + 200 + 600)]
    result = cleaned(sent)
    assert result.summary.verdicts["kept"] == 40
    assert result.summary.gaps == 1
    assert result.gaps["seconds"].tolist() == [610.0]
    assert result.gaps["length_m"].iloc[0] == pytest.approx(8_000 - 380, rel=1e-3)


def test_a_stop_makes_no_metres_and_keeps_its_time() -> None:
    rng = np.random.default_rng(5)
    still = [Sent("u", T0 + 10.0 * i, *(np.array([X0, Y0]) + rng.normal(0, 4, 2) * METRE)) for i in range(60)]
    sent = still + walk(10, start=T0 + 600)
    result = cleaned(sent)
    assert result.summary.stops == 1
    assert result.summary.stop_seconds >= 590.0
    assert result.summary.gaps == 0
    pieces = split_fixes(result.used, Borders(Locator.from_frame(tiling("A"))))
    assert pieces["seconds"].sum() == 690.0
    raw = split_fixes(cleaned(sent, rules=replace(RULES, stop_m=0.0)).used, Borders(Locator.from_frame(tiling("A"))))
    assert raw["length_m"].sum() > 400.0  # what trembling would have made
    assert pieces["length_m"].sum() < 200.0


@pytest.mark.parametrize("wrong_s", [8 * 3600.0, -8 * 3600.0, -1024 * 7 * 86_400.0, -(T0 - 1_000.0)])
def test_a_clock_that_is_wrong_by_the_same_always_is_learnt(wrong_s: float) -> None:
    rng = np.random.default_rng(3)
    right = walk(120) + walk(120, unit="v")
    sent = [
        replace(s, at=s.at + (wrong_s if s.unit == "u" else 0.0), received=s.at + float(rng.integers(1, 5)))
        for s in right
    ]
    result = cleaned(sent, now=None)
    assert set(result.summary.clocks) == {"u"}
    assert result.summary.clocks["u"] == pytest.approx(-wrong_s, abs=5.0)
    assert result.summary.verdicts["kept"] == 240


def test_a_clock_that_wanders_is_quarantined_and_told() -> None:
    ahead = [replace(s, at=s.at + 3600.0 + 60.0 * i, received=s.at) for i, s in enumerate(walk(100))]
    result = cleaned(ahead)
    assert result.summary.clocks == {}
    assert result.summary.verdicts["clock_skew"] == 100


def test_what_comes_late_at_once_is_late_and_no_wrong_clock() -> None:
    sent = [replace(s, received=T0 + 7_200.0) for s in walk(100, step_s=1.0)]
    result = cleaned(sent)
    assert result.summary.clocks == {}
    assert result.summary.verdicts["kept"] == 100


def test_late_fixes_are_counted_and_used() -> None:
    sent = walk(10)
    sent = [*sent[:4], *sent[5:], sent[4]]
    result = cleaned(sent)
    assert result.summary.late == 1
    assert result.summary.verdicts["kept"] == 10


def test_impossible_times_and_places_have_their_names() -> None:
    base = walk(5)
    odd = {
        "before_epoch": replace(base[0], at=1_000.0),
        "clock_skew": replace(base[0], at=NOW.timestamp() + 301.0),
        "too_old": replace(base[0], at=NOW.timestamp() - 1825 * 86_400 - 1.0),
        "null_island": replace(base[0], at=T0 + 1.0, lon=0.0, lat=0.0),
        "low_accuracy": replace(base[0], at=T0 + 2.0, accuracy=200.1),
    }
    assert verdicts(base + list(odd.values())) == ["kept"] * 5 + list(odd)
    edge = [replace(base[0], at=NOW.timestamp() + 300.0), replace(base[0], at=NOW.timestamp() - 1825 * 86_400)]
    assert verdicts(edge) == ["kept", "kept"]


def test_of_two_places_at_one_time_the_more_certain_counts() -> None:
    sent = walk(5)
    other = replace(sent[2], lon=sent[2].lon + 5 * METRE[0], accuracy=50.0)
    assert verdicts([*sent, other]) == ["kept", "kept", "contradictory", "kept", "kept", "kept"]
    sent[2] = replace(sent[2], accuracy=10.0)
    assert verdicts([*sent, other]) == ["kept"] * 5 + ["contradictory"]


def test_fixes_off_the_ground_are_named() -> None:
    ground = Locator.from_frame(tiling("AB"))
    right = X0 + 2 * CELL
    sent = [
        Sent("u", T0 + 100.0 * i, right + m * METRE[0], Y0 + CELL / 2) for i, m in enumerate([-50, 490, 515, 9_000])
    ]
    assert verdicts(sent, ground=ground) == ["kept", "kept", "off_ground", "off_ground"]


def streets() -> gpd.GeoDataFrame:
    lines = [shapely.LineString([(X0 + i * 0.004, Y0), (X0 + i * 0.004, Y0 + 0.1)]) for i in range(12)]
    return gpd.GeoDataFrame(geometry=lines, crs=4326)


def test_a_unit_that_sends_gcj02_is_suspected() -> None:
    rng = np.random.default_rng(2)
    sent = []
    # here the shift is 473 m to the east and 12 m to the north
    for name, column in (("good", 3), ("shifted", 5)):
        x = X0 + column * 0.004 + rng.normal(0, 4, 60) * METRE[0]
        y = Y0 + 0.01 + np.arange(60) * 20 * METRE[1]
        if name == "shifted":
            x, y = crs.wgs84_to_gcj02(x, y)
        sent += [Sent(name, T0 + 10.0 * i, a, b) for i, (a, b) in enumerate(zip(x, y, strict=True))]
    assert verdicts(sent, reference=streets()) == ["kept"] * 60 + ["suspected_gcj02"] * 60
    # against duty areas of their own; a unit without one is not judged
    box = shapely.box(X0 + 0.0195, Y0 + 0.009, X0 + 0.0205, Y0 + 0.03)
    duty = gpd.GeoDataFrame({"unit_id": ["shifted"]}, geometry=[box], crs=4326)
    assert verdicts(sent, reference=duty) == ["kept"] * 60 + ["suspected_gcj02"] * 60
    other = duty.assign(unit_id="somebody")
    assert verdicts(sent, reference=other) == ["kept"] * 120


def test_missing_units_times_and_places_are_told() -> None:
    fixes = frame(walk(6))
    fixes["unit_id"] = fixes["unit_id"].astype(object)
    fixes.loc[1, "unit_id"] = None
    fixes.loc[2, "fixed_at"] = pd.NaT
    fixes.loc[3, "geometry"] = None
    result = clean_fixes(fixes, now=NOW)
    assert result["verdict"].tolist() == ["kept"] + ["unreadable"] * 3 + ["kept"] * 2
    assert sum(result.attrs["summary"].verdicts.values()) == 6
    with pytest.raises(GeometryError):
        clean_fixes(fixes.set_geometry([shapely.box(0, 0, 1, 1)] * 6, crs=4326))
    with pytest.raises(InvalidInput):
        clean_fixes(frame(walk(2)), now=datetime(2026, 1, 1))
    assert len(clean_fixes(fixes.iloc[:0], now=NOW)) == 0


def test_metres_and_degrees_give_the_same_verdicts() -> None:
    sent = walk(30)
    sent[7] = replace(sent[7], lat=Y0 + 1.0)
    there = clean_fixes(frame(sent).to_crs(4549), now=NOW)
    assert there["verdict"].tolist() == verdicts(sent)


@pytest.mark.real_data
def test_buses_of_liverpool_keep_every_fix(shared_data: Path) -> None:
    rows = pd.read_csv(shared_data / "liverpool_bus_gps.csv")
    fixes = gpd.GeoDataFrame(
        {"unit_id": rows["vehicle_id"].astype(str), "fixed_at": pd.to_datetime(rows["timestamp"], utc=True)},
        geometry=gpd.points_from_xy(rows["longitude"], rows["latitude"]),
        crs=4326,
    )
    summary = clean_fixes(fixes, now=NOW).attrs["summary"]
    assert summary.verdicts["kept"] + summary.verdicts["jitter"] == len(rows) == 1533
    assert summary.stops > 10  # at their stops
    assert summary.gaps == 8  # between their trips


def test_a_table_says_where_it_is_wrong() -> None:
    from importlib import resources

    text = (resources.files("gridmap") / "data" / "patrols" / "cn.toml").read_text("utf-8")
    assert read_patrol_rules(text) == packaged_patrol_rules()
    assert packaged_patrol_rules().cleaning == CleaningRules()
    for old, new, at in (
        ("gap_s = 300", "gap_s = 0", "/gap_s"),
        ("jump_fixes = 6", "jump_fixes = 6.5", "/jump_fixes"),
        ("datum_share = 0.7", "datum_share = 1.1", "/datum_share"),
        ("ahead_s = 300", "", "/ahead_s"),
        ("days = 1\n", "days = 0\n", "/norm/0/days"),
        ('id = "usual"', 'id = "usual"\nhouseholds = 3', "/norm/1"),
        ("dwell_s", "dwel_s", "/"),
    ):
        assert old in text
        with pytest.raises(InvalidInput) as error:
            read_patrol_rules(text.replace(old, new))
        assert error.value.fields["pointer"] == at


def test_every_verdict_has_a_word_in_every_language() -> None:
    from gridmap.i18n import LANGUAGES, text

    for language in LANGUAGES:
        assert len({text(f"verdict.{v.value}", language) for v in FixVerdict}) == len(FixVerdict)
