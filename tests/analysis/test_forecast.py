"""Forecasts: each method beside one written out, scores by hand, and no forecast without its score."""

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.analysis.forecast import FOLLOWED, forecast, most_hits, say_forecast
from gridmap.errors import InvalidInput

ROW, COLUMN = (a.ravel() for a in np.mgrid[:10, :10])
X, Y, AREA = 200.0 * COLUMN, 200.0 * ROW, np.full(100, 0.04)


def steady(steps: int = 20, seed: int = 1) -> np.ndarray:
    """The same few places are busy all the time."""
    draw = np.random.default_rng(seed)
    mean = np.where((ROW < 2) & (COLUMN < 3), 5.0, 0.2)
    return draw.poisson(np.repeat(mean[:, None], steps, axis=1)).astype(float)


def asked(counts: np.ndarray, **given_: Any) -> Any:
    return forecast(counts, X, Y, AREA, **{"bandwidth_m": 300.0, **given_})


def test_methods_are_what_their_names_say() -> None:
    counts = steady()
    found = asked(counts, season=6, last=4, half_life=3).places
    assert found["last"].to_numpy() == pytest.approx(counts[:, -1])
    assert found["mean"].to_numpy() == pytest.approx(counts[:, -4:].mean(axis=1))
    assert found["same"].to_numpy() == pytest.approx(counts[:, [2, 8, 14]].mean(axis=1))
    weight = np.array([0.5 ** ((20 - t) / 3) for t in range(20)])
    for name, before in (("kernel", counts[:, -4:].mean(axis=1)), ("recent", counts @ weight / weight.sum())):
        wanted = np.zeros(100)
        for i in range(100):
            near = [
                (1 - d2 / 9e4) ** 2 if (d2 := (X[i] - X[j]) ** 2 + (Y[i] - Y[j]) ** 2) < 9e4 else 0.0
                for j in range(100)
            ]
            wanted += before[i] * np.array(near) / sum(near)
        assert found[name].to_numpy() == pytest.approx(wanted)
        # nothing is lost at the border
        assert found[name].sum() == pytest.approx(before.sum())


def test_scores_are_those_worked_by_hand() -> None:
    """Five places of one km2, marked by the last period; two tests."""
    counts = np.array([[9, 9, 0, 4.0], [0, 1, 6, 2], [1, 0, 2, 0], [0, 0, 0, 0], [0, 0, 2, 4]])
    at = np.arange(5) * 1_000.0
    found = forecast(counts, at, at, np.ones(5), bandwidth_m=10, area_share=0.2, tests=2)
    row = found.scores.set_index("method").loc["last"]
    # period 3 marks the first (9 before): 0 of 10, 6 at best; period 4 the second (6 before): 2 of 10, 4 at best
    assert (row["hits"], row["incidents"], row["area_share"]) == (2, 20, pytest.approx(0.2))
    assert (row["pai"], row["best_pai"], row["pei"]) == pytest.approx((0.1 / 0.2, 0.5 / 0.2, 2 / 10))
    assert found.places["last_marked"].tolist() == [True, False, False, False, False]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), min_size=1, max_size=8), st.integers(1, 12))
def test_the_best_possible_is_never_beaten(places: list[tuple[int, int]], used: int) -> None:
    came, area = (np.array(v, dtype=float) for v in zip(*places, strict=True))
    best = max(
        (
            came[list(some)].sum()
            for k in range(len(came) + 1)
            for some in combinations(range(len(came)), k)
            if area[list(some)].sum() <= used
        ),
        default=0.0,
    )
    bound = most_hits(came, area, float(used))
    assert bound >= best - 1e-9
    if len(set(area)) == 1 and used % area[0] == 0:
        assert bound == pytest.approx(best)


def test_where_it_burns_all_the_time_it_is_foreseen_and_by_chance_it_is_not() -> None:
    found = asked(steady())
    scores = found.scores.set_index("method")
    assert scores["pai"].max() > 8
    assert (scores["pei"] <= 1 + 1e-9).all()
    assert scores.loc["mean", "pai"] > scores.loc["last", "pai"]
    assert scores.loc[FOLLOWED, "pai"] <= scores["pai"].max() + 1e-9
    said = [one.text("en") for one in say_forecast(found)]
    assert "PAI" in said[0]
    assert f"of {scores.loc[found.chosen, 'incidents']:,.0f}" in said[0]
    assert len(said) == 2
    chance = np.random.default_rng(2).poisson(1.0, (100, 20)).astype(float)
    blind = asked(chance)
    own = blind.scores.set_index("method")
    assert own.loc[FOLLOWED, "pai"] < 1.8
    assert say_forecast(blind)[-1].key == "forecast_no_better"


def test_a_season_is_learnt_only_where_it_was_seen() -> None:
    draw = np.random.default_rng(3)
    busy = np.where((np.arange(36)[None, :] % 12 == 5) == (COLUMN[:, None] > 4), 4.0, 0.1)
    counts = draw.poisson(busy).astype(float)
    found = asked(counts, season=12, tests=12)
    assert found.chosen == "same"
    assert found.summary["left_out"] == []
    assert asked(counts).summary["left_out"] == ["same"]
    assert asked(counts[:, :14], season=12).summary["left_out"] == ["same"]


def test_a_gap_is_neither_learnt_from_nor_tested_on() -> None:
    counts = steady()
    gap = counts.copy()
    gap[:, [15, 17]] = 0
    there = ~np.isin(np.arange(20), [15, 17])
    told = asked(gap, recorded=there)
    assert told.scores["incidents"].iloc[0] == counts[:, [12, 13, 14, 16, 18, 19]].sum()
    assert asked(gap).scores["incidents"].iloc[0] < told.scores["incidents"].iloc[0]
    assert told.places["mean"].to_numpy() == pytest.approx(counts[:, [10, 11, 12, 13, 14, 16, 18, 19]].mean(axis=1))


@pytest.mark.parametrize(
    ("counts", "given_", "reason"),
    [
        (np.zeros((100, 12)), {}, "no_incidents"), (np.ones((100, 3)), {}, "too_few_periods"),
        (np.ones((100, 0)), {}, "too_few_periods"),
        (np.ones((100, 12)), {"recorded": [True] * 11 + [False]}, "no_records_now"),
    ],
)  # fmt: skip
def test_without_a_score_there_is_no_forecast(counts: np.ndarray, given_: dict[str, Any], reason: str) -> None:
    found = asked(counts, **given_)
    assert found.summary["reason"] == reason
    assert found.chosen is None
    assert not len(found.places.columns)
    assert [one.key for one in say_forecast(found)] == [f"silent_{reason}"]


def test_one_incident_and_one_place_are_foreseen_as_far_as_they_can_be() -> None:
    counts = np.zeros((100, 12))
    counts[3, 10] = 1
    found = asked(counts)
    assert found.scores["hits"].max() == 0
    assert not math.isnan(found.scores["pai"].max())
    assert say_forecast(found)[-1].key == "forecast_no_better"
    only = forecast(np.ones((1, 12)), [0], [0], [1.0], bandwidth_m=1e9)
    assert only.scores["pai"].tolist() == pytest.approx([1.0] * len(only.scores))


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        ({"bandwidth_m": 0}, "not_positive"), ({"counts": np.ones(100)}, "lengths_differ"),
        ({"recorded": [True]}, "lengths_differ"),
        ({"counts": np.full((100, 12), -1.0)}, "rate_parts_wrong"),
        ({"counts": np.full((100, 12), np.nan)}, "not_finite"),
        ({"area_share": 1.0}, "not_a_share"), ({"area_km2": AREA * 0}, "not_positive"), ({"tests": 0}, "not_positive"),
    ],
)  # fmt: skip
def test_what_cannot_be_foreseen(given_: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        forecast(**{"counts": np.ones((100, 12)), "x": X, "y": Y, "area_km2": AREA, "bandwidth_m": 300.0, **given_})
    assert raised.value.code == code
