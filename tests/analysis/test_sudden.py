"""Sudden clusters and near repeats: against slow ones and pointpats, planted, and where there is nothing."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.analysis.repeats import near_repeats, say_repeats
from gridmap.analysis.sudden import Scan, say_scan, sudden_clusters
from gridmap.errors import InvalidInput, TooLarge

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "knox_pointpats.json").read_text())
ROW, COLUMN = (a.ravel() for a in np.mgrid[:8, :8])
X, Y = 100.0 * COLUMN, 100.0 * ROW


def slowest_score(counts: np.ndarray, x: np.ndarray, y: np.ndarray, most_steps: int, most_places: int) -> float:
    """The highest score of all cylinders, each written out."""
    total, best = counts.sum(), 0.0
    for i in range(len(x)):
        order = sorted(range(len(x)), key=lambda j: (round(math.hypot(x[j] - x[i], y[j] - y[i]), 6), j))
        for k in range(1, most_places + 1):
            zone = order[:k]
            for d in range(1, most_steps + 1):
                c = counts[zone, -d:].sum()
                if 2 * counts[zone].sum() > total or c < 2:
                    continue
                mean = counts[zone].sum() * counts[:, -d:].sum() / total
                if c > mean:
                    out = (total - c) * math.log((total - c) / (total - mean)) if c < total else 0.0
                    best = max(best, c * math.log(c / mean) + out)
    return best


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.sampled_from([0.1, 0.6, 3.0]))
def test_the_strongest_cluster_is_that_of_all_written_out(seed: int, mean: float) -> None:
    draw = np.random.default_rng(seed)
    x, y = draw.permutation(40)[:12] * 50.0, draw.permutation(40)[:12] * 50.0
    counts = draw.poisson(mean, (12, 8))
    found = sudden_clusters(counts, x, y, most_steps=3, most_places=6, draws=9)
    if found.summary["reason"]:
        return
    wanted = slowest_score(counts, x, y, 3, 6)
    assert (found.strongest.score if found.strongest else 0.0) == pytest.approx(wanted, abs=1e-9)
    if found.strongest:
        one = found.strongest
        assert one.observed == counts[one.places, -one.steps :].sum()
        total = counts[one.places].sum() * counts[:, -one.steps :].sum() / counts.sum()
        assert one.expected == pytest.approx(total)


def test_p_is_that_of_all_ways_to_deal_the_times() -> None:
    """Few incidents: every way in which they could have fallen is written down."""
    from itertools import combinations

    x = np.arange(5) * 100.0
    counts = np.zeros((5, 4), dtype=int)
    counts[[0, 1, 3, 4], 0] = [2, 2, 1, 2]
    counts[2, 3] = 2
    counts[3, 3] = 1
    found = sudden_clusters(counts, x, x, most_steps=1, most_places=2, draws=20_000)
    cases = np.repeat(np.arange(5), counts.sum(axis=1))
    scores = []
    for now in combinations(range(len(cases)), 3):
        dealt = np.zeros((5, 4), dtype=int)
        np.add.at(dealt, (cases, 0), 1)
        for m in now:
            dealt[cases[m], 0] -= 1
            dealt[cases[m], 3] += 1
        scores.append(slowest_score(dealt, x, x, 1, 2))
    assert found.strongest is not None
    wanted = np.mean(np.array(scores) >= found.strongest.score - 1e-9)
    assert found.strongest.p == pytest.approx(wanted, abs=0.012)


def quiet(draw: np.random.Generator) -> np.ndarray:
    """Busy and quiet places, busy and quiet weeks; nothing sudden."""
    return draw.poisson(np.outer(draw.lognormal(0, 1, 64), draw.lognormal(0, 0.5, 16)))


def alarm_share(runs: int, seed: int) -> float:
    draw = np.random.default_rng(seed)
    return float(
        np.mean([sudden_clusters(quiet(draw), X, Y, most_places=12, draws=199, seed=s).alarm for s in range(runs)])
    )


def test_false_alarms_are_as_rare_as_promised() -> None:
    assert alarm_share(120, 3) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 120)


@pytest.mark.slow
def test_false_alarms_long() -> None:
    assert 0.03 <= alarm_share(2_000, 5) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 2_000)


def test_a_planted_cluster_raises_the_alarm_where_it_is() -> None:
    draw, hits = np.random.default_rng(1), 0
    planted = (np.abs(ROW - 2) <= 1) & (np.abs(COLUMN - 5) <= 1)
    for seed in range(10):
        counts = quiet(draw)
        counts[np.ix_(planted, [14, 15])] += draw.poisson(4, (9, 2))
        found = sudden_clusters(counts, X, Y, seed=seed)
        hits += found.alarm and planted[found.clusters[0].places].mean() > 0.6
    assert hits >= 9
    said = [one.text("en") for one in say_scan(found)]
    assert said[0].startswith("Sudden cluster: ")
    assert "one run in 20 raises" in said[-1]
    # a place that is always as busy is nothing sudden
    counts = quiet(draw)
    counts[planted] += draw.poisson(6, (9, 16))
    assert not sudden_clusters(counts, X, Y).alarm


def test_the_same_seed_finds_the_same_with_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = quiet(np.random.default_rng(4))
    found: list[Scan] = []
    for cores in (1, 5):
        monkeypatch.setattr("gridmap.cpus.cores", lambda cores=cores: cores)
        found.append(sudden_clusters(counts, X, Y, draws=99))
    assert found[0].strongest is not None
    assert found[0].strongest.p == found[1].strongest.p  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("counts", "recorded", "reason"),
    [
        (np.zeros((64, 16)), None, "no_incidents"), (np.eye(64, 16) * (ROW[:, None] < 1), None, "too_few_incidents"),
        (np.ones((64, 7)), None, "too_few_steps"), (np.ones((64, 0)), None, "too_few_steps"),
        (np.ones((64, 16)) * (X[:, None] + Y[:, None] == 0), None, "one_place"),
        (np.ones((64, 16)), [True] * 15 + [False], "no_records_now"),
    ],
)  # fmt: skip
def test_where_nothing_can_be_said_there_is_no_alarm(counts: np.ndarray, recorded: Any, reason: str) -> None:
    found = sudden_clusters(counts, X, Y, recorded=recorded)
    assert not found.alarm
    assert found.summary["reason"] == reason
    assert [one.key for one in say_scan(found)] == [f"silent_{reason}"]


def test_a_gap_is_left_out_and_places_at_one_spot_are_no_trouble() -> None:
    counts = quiet(np.random.default_rng(6))
    gap = counts.copy()
    gap[:, 9] = 0
    there = np.arange(16) != 9
    left = sudden_clusters(gap, X, Y, recorded=there, draws=99)
    without = sudden_clusters(np.delete(counts, 9, axis=1), X, Y, draws=99)
    assert left.strongest is not None
    assert without.strongest is not None
    assert left.strongest.score == without.strongest.score
    assert sudden_clusters(counts, X * 0, Y * 0, draws=99).summary["reason"] is None


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        ({"counts": np.full((64, 16), 0.5)}, "counts_not_whole"),
        ({"counts": np.full((64, 16), -1)}, "counts_not_whole"),
        ({"counts": np.ones(64)}, "lengths_differ"), ({"recorded": [True]}, "lengths_differ"),
        ({"most_steps": 0}, "not_positive"), ({"rate": 1.0}, "not_a_share"), ({"x": X * np.nan}, "not_finite"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_of_a_scan(given_: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        sudden_clusters(**{"counts": np.ones((64, 16)), "x": X, "y": Y, **given_})
    assert raised.value.code == code


@pytest.mark.parametrize("wanted", GOLDEN["knox"], ids=lambda w: f"{w['delta']}m{w['tau']}d")
def test_near_repeats_are_those_of_pointpats(wanted: dict[str, Any]) -> None:
    found = near_repeats(
        GOLDEN["x"], GOLDEN["y"], GOLDEN["days"], distances_m=[wanted["delta"]], spans_days=[wanted["tau"]], draws=9_999
    )
    assert found["pairs"][0] == wanted["pairs"]
    assert found["p"][0] == pytest.approx(wanted["p"], abs=0.02)


def test_bands_hold_each_pair_once() -> None:
    draw = np.random.default_rng(2)
    x, y, t = draw.integers(0, 300, (3, 60)).astype(float)
    x[:4], y[:4] = 50.0, 50.0
    found = near_repeats(x, y, t, distances_m=(1, 100, 200), spans_days=(7, 50), draws=9)
    for row in found.itertuples():
        pairs = 0
        for i in range(60):
            for j in range(i):
                apart, late = math.hypot(x[i] - x[j], y[i] - y[j]), abs(t[i] - t[j])
                first = row.from_m == 0
                pairs += (apart >= 0 if first else apart > row.from_m) and apart <= row.to_m and (
                    late > row.from_days or (row.from_days == 0 and late == 0)
                ) and late <= row.to_days  # fmt: skip
        assert row.pairs == pairs


def test_repeats_are_found_and_chance_is_not() -> None:
    draw = np.random.default_rng(3)
    false = 0
    for seed in range(40):
        x, y, t = draw.normal(500, 200, 150), draw.normal(500, 200, 150), draw.beta(2, 3, 150) * 365
        false += near_repeats(x, y, t, draws=199, seed=seed)["closer"].any()
    assert false / 40 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 40)
    followed = draw.integers(0, 150, 60)
    x, y = np.r_[x, x[followed] + draw.normal(0, 30, 60)], np.r_[y, y[followed] + draw.normal(0, 30, 60)]
    t = np.r_[t, t[followed] + draw.uniform(1, 6, 60)]
    found = near_repeats(x, y, t)
    near = found[(found["to_m"] == 100) & (found["to_days"] == 7)].iloc[0]
    assert near["closer"]
    assert near["ratio"] > 1.4
    assert say_repeats(found)[0].text("en").startswith(f"{near['pairs']} pairs of incidents lie up to 100 m and 7 days")


@pytest.mark.parametrize(("n", "reason"), [(0, "too_few_incidents"), (1, "too_few_incidents"), (30, "one_time")])
def test_where_nothing_can_be_said_of_repeats(n: int, reason: str) -> None:
    found = near_repeats(np.zeros(n), np.zeros(n), np.zeros(n))
    assert found.attrs["summary"]["reason"] == reason
    assert not found["closer"].any()
    assert [one.key for one in say_repeats(found)] == [f"silent_{reason}"]


def test_what_cannot_be_asked_of_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    for given_, code in (
        ({"days": [1.0]}, "lengths_differ"), ({"x": [np.nan] * 3}, "not_finite"), ({"rate": 0}, "not_a_share"),
        ({"distances_m": [2, 1]}, "not_ascending"), ({"spans_days": []}, "not_ascending"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as raised:
            near_repeats(**{"x": [0.0] * 3, "y": [0.0] * 3, "days": [0.0] * 3, **given_})  # type: ignore[arg-type]
        assert raised.value.code == code
    monkeypatch.setattr("gridmap.analysis.repeats.MAX_PAIRS", 2)
    with pytest.raises(TooLarge):
        near_repeats([0.0] * 3, [0.0] * 3, [0.0] * 3)
