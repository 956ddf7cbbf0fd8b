"""Hotspots against esda, against a slow one, and on maps where there is nothing to find."""

import json
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.analysis.hotspots import Judged, getis_ord
from gridmap.analysis.moran import Kind, local_moran, moran
from gridmap.analysis.neighbours import Neighbours, neighbours_of_cells
from gridmap.analysis.permuting import permute
from gridmap.analysis.rates import rate_hotspots, smoothed_rates, smoothed_rates_around
from gridmap.errors import InvalidInput

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "hotspots_esda.json").read_text())
SIDE = 12


def paired(pairs: Any, n: int) -> Neighbours:
    """Neighbours of pairs, made as slowly as can be."""
    near: list[set[int]] = [set() for _ in range(n)]
    for a, b in pairs:
        near[a].add(b)
        near[b].add(a)
    lists = [sorted(some) for some in near]
    start = np.cumsum([0, *map(len, lists)])
    return Neighbours(start, np.array([j for some in lists for j in some], dtype=np.int64))


def board(side: int = SIDE) -> Neighbours:
    row, column = (a.ravel() for a in np.mgrid[:side, :side])
    return neighbours_of_cells(row, column)


def test_z_is_that_of_esda() -> None:
    beside = paired(GOLDEN["pairs"], len(GOLDEN["values"]))
    found = getis_ord(GOLDEN["values"], beside, draws=0, side="both")
    lonely = beside.counts == 0
    assert lonely.sum() == 2
    assert found["z"][~lonely].to_numpy() == pytest.approx(np.array(GOLDEN["gi_star_z"])[~lonely], abs=1e-10)
    # esda gives an island a z of its own value; nothing around it says anything
    assert found["z"][lonely].isna().all()
    assert set(found["judged"][lonely]) == {Judged.NOT_JUDGED.value}


def test_moran_and_rates_are_those_of_esda() -> None:
    values = np.array(GOLDEN["values"])
    beside = paired(GOLDEN["pairs"], len(values))
    chosen = np.zeros(len(values), dtype=bool)
    chosen[GOLDEN["with_neighbours"]] = True
    local = local_moran(values[chosen], beside.among(chosen), draws=9)
    assert local["i"].to_numpy() == pytest.approx(GOLDEN["moran_local_i"], abs=1e-10)
    whole = moran(values[chosen], beside.among(chosen))
    assert whole is not None
    assert (whole.i, whole.expected, whole.z) == pytest.approx(
        [GOLDEN["moran"][name] for name in ("i", "expected", "z")], abs=1e-10
    )
    assert smoothed_rates(values, GOLDEN["base"]) == pytest.approx(np.array(GOLDEN["empirical_bayes"]), abs=1e-12)
    around = smoothed_rates_around(values, GOLDEN["base"], beside)
    wanted = np.array(GOLDEN["empirical_bayes_local"], dtype=float)
    # esda divides 0 by 0 where no place around has an event
    open_ = np.isfinite(wanted)
    assert open_.sum() > 40
    assert around[open_] == pytest.approx(wanted[open_], abs=1e-12)
    assert np.isfinite(around).all()


@given(st.lists(st.integers(0, 9), min_size=9, max_size=30), st.randoms(use_true_random=False))
def test_z_is_that_of_exact_arithmetic(values: list[int], random: Any) -> None:
    n = len(values)
    pairs = {tuple(sorted(random.sample(range(n), 2))) for _ in range(2 * n)}
    beside = paired(pairs, n)
    found = getis_ord(values, beside, draws=0)
    mean = Fraction(sum(values), n)
    spread2 = Fraction(sum(v * v for v in values), n) - mean**2
    for i in range(n):
        around = [values[i], *(values[j] for j in beside.of(i).tolist())]
        w = len(around)
        if spread2 == 0 or w == 1 or w == n:
            assert np.isnan(found["z"][i])
            continue
        above = sum(around) - mean * w
        squared = above**2 / (spread2 * Fraction(n * w - w * w, n - 1))
        assert found["z"][i] ** 2 == pytest.approx(float(squared), rel=1e-9, abs=1e-12)
        assert found["more"][i] == pytest.approx(float(above), abs=1e-9)


@given(st.integers(0, 2**31), st.permutations(range(40)))
def test_the_order_of_rows_changes_nothing(seed: int, order: list[int]) -> None:
    draw = np.random.default_rng(seed)
    values = draw.poisson(3, 40).astype(float)
    values[draw.integers(0, 40, 3)] = np.nan
    pairs = draw.integers(0, 40, (90, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    place = np.argsort(order)
    one = getis_ord(values, paired(pairs.tolist(), 40), draws=0)
    other = getis_ord(values[order], paired(place[pairs].tolist(), 40), draws=0)
    assert one["q"].to_numpy()[order] == pytest.approx(other["q"].to_numpy(), nan_ok=True)
    assert one["judged"].to_numpy()[order].tolist() == other["judged"].tolist()


def test_draws_are_those_of_all_possible_neighbours() -> None:
    """With few places every choice of neighbours can be written down."""
    values = np.array([5.0, 1, 1, 2, 3, 8, 0, 2, 4, 1])
    beside = paired([(0, 5), (0, 8), (1, 2), (1, 6), (1, 7), (3, 4), (5, 8)], len(values))
    found = permute(values, beside, draws=40_000, most=40_000, seed=3, side="high", rate=0.05)
    for i in range(len(values)):
        k = int(beside.counts[i])
        if not k:
            assert found.draws[i] == 0
            continue
        others = np.delete(values, i)
        sums = [sum(some) for some in combinations(others, k)]
        real = values[beside.of(i)].sum()
        assert found.high[i] / found.draws[i] == pytest.approx(np.mean([s >= real for s in sums]), abs=0.012)
        assert found.low[i] / found.draws[i] == pytest.approx(np.mean([s <= real for s in sums]), abs=0.012)


def test_a_hub_with_nearly_all_as_neighbours_is_drawn_for_alike() -> None:
    values = np.arange(12.0)
    hub = paired([(0, j) for j in range(1, 11)], 12)
    found = permute(values, hub, draws=30_000, most=30_000, seed=5, side="high", rate=0.05)
    # of eleven others one is left out; the real one is the highest of them, so no choice sums to less
    assert found.high[0] == found.draws[0]
    assert found.low[0] / found.draws[0] == pytest.approx(1 / 11, abs=0.012)


def test_threads_and_order_of_work_change_no_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    values, beside = np.random.default_rng(1).poisson(2, SIDE * SIDE).astype(float), board()
    found = []
    for cores in (1, 5):
        monkeypatch.setattr("gridmap.cpus.cores", lambda cores=cores: cores)
        found.append(permute(values, beside, draws=99, most=999, seed=7, side="both", rate=0.05))
    assert (found[0].high == found[1].high).all()
    assert (found[0].low == found[1].low).all()
    other = permute(values, beside, draws=99, most=999, seed=8, side="both", rate=0.05)
    assert (found[0].high != other.high).any()


@pytest.mark.parametrize("side", ["high", "both"])
@pytest.mark.parametrize(
    "world",
    [
        lambda draw, n: draw.poisson(4, n),
        lambda draw, n: draw.negative_binomial(1, 0.4, n),
        lambda draw, n: draw.random(n) < 0.1,
    ],
    ids=["even", "skewed", "rare"],
)  # fmt: skip
def test_where_there_is_nothing_no_more_is_found_than_promised(world: Any, side: str) -> None:
    """1,000 maps of chance: with nothing to find each find is false, so one map in twenty may show any."""
    beside = board()
    draw = np.random.default_rng(42)
    maps, false = 170, 0
    for seed in range(maps):
        found = getis_ord(world(draw, SIDE * SIDE).astype(float), beside, side=side, seed=seed, most_draws=9_999)
        false += found["judged"].isin([Judged.HOT.value, Judged.COLD.value]).any()
    # three standard deviations of a share of 5 % over 170 maps
    assert false / maps <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / maps)


def test_without_control_of_false_discoveries_chance_would_be_called_hot() -> None:
    """The negative control of the test above."""
    beside, draw = board(), np.random.default_rng(42)
    maps = [getis_ord(draw.poisson(4, SIDE * SIDE), beside, seed=s, most_draws=999) for s in range(30)]
    assert np.mean([(found["p"] <= 0.05).any() for found in maps]) > 0.9


def test_a_planted_cluster_is_found_where_it_is() -> None:
    beside, draw = board(20), np.random.default_rng(2)
    row, column = (a.ravel() for a in np.mgrid[:20, :20])
    planted = (np.abs(row - 6) <= 1) & (np.abs(column - 13) <= 1)
    seen = []
    for seed in range(20):
        found = getis_ord(draw.poisson(np.where(planted, 12, 4)), beside, seed=seed)
        hot = found["judged"].to_numpy() == Judged.HOT.value
        seen.append(hot[planted].mean())
        # what is called hot beside it touches it
        near = (np.abs(row - 6) <= 2) & (np.abs(column - 13) <= 2)
        assert (hot & ~near).sum() <= 2
    # the corners of the cluster have three of eight neighbours in it
    assert np.mean(seen) > 0.65


def test_cold_places_are_told_from_hot_ones() -> None:
    beside = board(20)
    row, column = (a.ravel() for a in np.mgrid[:20, :20])
    values = np.random.default_rng(3).poisson(10, 400).astype(float)
    values[(row < 4) & (column < 4)] = 0
    values[(row > 15) & (column > 15)] = 30
    found = getis_ord(values, beside, side="both").set_index(np.arange(400))
    assert set(found["judged"][(row < 3) & (column < 3)]) == {"cold"}
    assert set(found["judged"][(row > 16) & (column > 16)]) == {"hot"}
    kinds = local_moran(values, beside)
    assert set(kinds["kind"][(row < 3) & (column < 3)]) == {Kind.LOW_LOW.value}
    assert set(kinds["kind"][(row > 16) & (column > 16)]) == {Kind.HIGH_HIGH.value}
    assert moran(values, beside).p < 1e-6  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("values", "reason"),
    [(np.zeros(144), "all_equal"), (np.full(144, 3.3), "all_equal"), (np.full(144, np.nan), "too_few")],
)
def test_where_nothing_can_be_said_it_is_said(values: Any, reason: str) -> None:
    found = getis_ord(values, board())
    assert found.attrs["summary"]["reason"] == reason
    assert set(found["judged"]) == {Judged.NOT_JUDGED.value}
    assert moran(values, board()) is None
    assert set(local_moran(values, board())["kind"]) == {Kind.NOT_JUDGED.value}


def test_all_in_one_grid_is_a_peak_and_no_hotspot() -> None:
    values = np.zeros(144)
    values[50] = 1_000
    found = getis_ord(values, board())
    assert found["z"][50] == found["z"].max() > 3
    # drawn neighbours of the place itself are as empty as the real ones
    assert found["judged"][50] == Judged.USUAL.value


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        ({"values": np.zeros(3)}, "lengths_differ"), ({"values": np.full(144, np.inf)}, "not_finite"),
        ({"side": "up"}, "hotspot_side_unknown"), ({"rate": 0.0}, "not_a_share"),
        ({"rate": float("nan")}, "not_a_share"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(given_: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        getis_ord(**{"values": np.zeros(144), "beside": board(), **given_})
    assert raised.value.code == code


def test_rates_of_small_places_are_drawn_to_that_of_all() -> None:
    rates = smoothed_rates([1, 90, 110, 0], [3, 1_000, 1_000, 0])
    assert 0.05 < rates[0] < 0.2  # one incident among three households is no rate of a third
    assert rates[1:3] == pytest.approx([0.09, 0.11], abs=0.02)
    assert np.isnan(rates[3])
    assert smoothed_rates([2, 2], [10, 10]) == pytest.approx([0.2, 0.2])
    for events, base in (([-1], [1]), ([1], [0]), ([np.nan], [1]), ([1], [np.inf])):
        with pytest.raises(InvalidInput) as raised:
            smoothed_rates(events, base)
        assert raised.value.code == "rate_parts_wrong"


def test_rates_smoothed_around_keep_to_those_around() -> None:
    beside = board(6)
    base = np.full(36, 100.0)
    base[7] = 3.0
    left = np.tile(np.arange(6) < 3, 6)
    events = np.where(left, 10.0, 40.0)
    events[7] = 3.0
    found = smoothed_rates_around(events, base, beside)
    # three of three households: drawn most of the way to the tenth of its neighbours, not to the quarter of all
    assert found[7] < smoothed_rates(events, base)[7]
    assert found[0] == pytest.approx(0.1, abs=0.02)
    alone = smoothed_rates_around([3, 0, 1], [10, 0, 10], paired([], 3))
    assert alone[[0, 2]] == pytest.approx([0.3, 0.1])
    assert np.isnan(alone[1])
    with pytest.raises(InvalidInput):
        smoothed_rates_around([1, 1], [2, 2], beside)


def test_hotspots_of_rates_are_not_those_of_counts() -> None:
    """Where more people live more happens; the rate is high elsewhere, and tiny bases stay out of it."""
    beside, draw = board(20), np.random.default_rng(5)
    row, column = (a.ravel() for a in np.mgrid[:20, :20])
    crowded = (row < 5) & (column < 5)
    troubled = (row > 14) & (column > 14)
    base = np.where(crowded, 4_000.0, 400.0)
    events = draw.poisson(base * np.where(troubled, 0.05, 0.01)).astype(float)
    base[200], events[200] = 1.0, 1.0
    base[210], events[210] = 0.0, 0.0
    by_count = getis_ord(events, beside)["judged"].to_numpy() == "hot"
    found = rate_hotspots(events, base, beside)
    by_rate = found["judged"].to_numpy() == "hot"
    assert by_count[crowded].mean() > 0.9
    assert by_rate[crowded].sum() == 0
    assert by_rate[troubled].mean() > 0.8
    assert found["judged"][210] == Judged.NOT_JUDGED.value
    assert found["raw"][200] == 1.0
    assert found["value"][200] < 0.2
    assert found.attrs["summary"]["overall"] == pytest.approx(events.sum() / base.sum())


def test_rates_where_there_is_nothing_show_no_more_than_promised() -> None:
    """With bases of very different size; short, as each map costs."""
    beside, draw = board(), np.random.default_rng(9)
    base = draw.lognormal(5, 1.5, SIDE * SIDE)
    false = sum(
        rate_hotspots(draw.poisson(base * 0.02), base, beside, seed=s, most_draws=9_999)["judged"].eq("hot").any()
        for s in range(60)
    )
    assert false / 60 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)
