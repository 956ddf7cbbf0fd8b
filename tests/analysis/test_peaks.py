"""Places that stand out by themselves: silent on maps of chance, also uneven ones, and loud about what was planted."""

from collections.abc import Callable
from math import exp, lgamma, log

import numpy as np
import pytest

from gridmap import join_points
from gridmap.analysis.hotspot_words import alone, say_hotspots, say_peak, say_peaks, say_places
from gridmap.analysis.hotspots import getis_ord
from gridmap.analysis.locator import Locator
from gridmap.analysis.neighbours import neighbours_of_cells
from gridmap.analysis.peaks import lone_peaks, with_peaks
from gridmap.demo.incidents import make_incidents
from gridmap.demo.load import demo_district
from gridmap.errors import InvalidInput

Draw = Callable[[np.random.Generator], np.ndarray]
CHANCE: dict[str, Draw] = {
    "even": lambda rng: rng.poisson(2, 300),
    "rare": lambda rng: rng.poisson(0.1, 300),
    "uneven": lambda rng: rng.poisson(rng.gamma(3, 2 / 3, 300)),
    "very uneven": lambda rng: rng.poisson(rng.gamma(0.7, 2 / 0.7, 300)),
    "uneven and rare": lambda rng: rng.poisson(rng.gamma(1, 0.3, 300)),
}


@pytest.mark.parametrize("name", CHANCE)
def test_of_maps_of_chance_about_as_many_as_promised_show_a_peak(name: str) -> None:
    rng = np.random.default_rng(20)
    shown = sum(lone_peaks(CHANCE[name](rng)).attrs["summary"]["peaks"] > 0 for _ in range(300))
    # 15 are promised; more than 25 are seen once in a hundred times where that holds
    assert shown <= 25


def test_without_the_adjustment_most_maps_of_chance_would_show_one() -> None:
    rng = np.random.default_rng(20)
    assert np.mean([(lone_peaks(CHANCE["uneven"](rng))["p"] < 0.05).any() for _ in range(100)]) > 0.9


def test_clusters_that_were_planted_in_the_district_are_its_peaks_and_nothing_else_is() -> None:
    district = demo_district()
    owned = join_points(make_incidents(district), Locator.from_frame(district.grids))
    codes = district.grids["code"]
    year = owned["grid_code"].value_counts().reindex(codes, fill_value=0).to_numpy()
    found = lone_peaks(year)
    planted = {one["grid_code"] for one in district.truth["clusters"]}
    assert set(codes[found["peak"].to_numpy()]) == planted
    # by household two of them, where many live, are no longer beyond what chance explains; nothing else comes up
    by_home = lone_peaks(year, district.grids["households"].to_numpy(float))
    assert len(set(codes[by_home["peak"].to_numpy()]) & planted) == by_home["peak"].sum() == 3


def test_a_second_outlier_is_found_although_the_first_hides_it() -> None:
    rng = np.random.default_rng(4)
    counts = rng.poisson(3, 200)
    counts[[7, 90]] = 900, 25
    found = lone_peaks(counts)
    assert np.flatnonzero(found["peak"]).tolist() == [7, 90]
    # all at once, nothing is left out and the spread of 900 explains 25
    assert found["expected"].iloc[0] == pytest.approx(np.delete(counts, [7, 90]).mean())


def test_p_is_that_of_sums_by_hand() -> None:
    counts = np.array([0, 1, 1, 2, 2, 3, 4, 6, 0, 2] * 12)
    found = lone_peaks(counts)
    assert not found["peak"].any()
    mean, spread = counts.mean(), found.attrs["summary"]["spread"]
    assert spread == pytest.approx((((counts - mean) ** 2).sum() - counts.sum()) / (120 * mean**2))
    k = 1 / spread

    def of(value: int) -> float:
        chance = k / (k + mean)
        return exp(lgamma(value + k) - lgamma(k) - lgamma(value + 1) + k * log(chance) + value * log(1 - chance))

    assert found["p"].to_numpy() == pytest.approx([1 - sum(map(of, range(c))) for c in counts])
    assert 120 / 12 * found["p"].min() == pytest.approx(found["q"].min())


def test_a_large_base_explains_a_high_count() -> None:
    rng = np.random.default_rng(2)
    homes = rng.integers(50, 100, 200).astype(float)
    homes[3] = 4_000
    counts = rng.poisson(homes / 20)
    assert lone_peaks(counts)["peak"][3]
    assert not lone_peaks(counts, homes)["peak"].any()


def test_what_is_not_known_is_not_judged() -> None:
    counts = np.array([1.0, 2, 0, 1, 3, 60, 1, 2, 1, np.nan, 5] + [1, 2, 0] * 40)
    base = np.array([1.0] * 10 + [0.0] + [1.0] * 120)
    found = lone_peaks(counts, base)
    assert found["peak"].to_numpy().nonzero()[0].tolist() == [5]
    assert found["p"].isna().to_numpy().nonzero()[0].tolist() == [9, 10]
    assert found.attrs["summary"]["judged"] == 129
    for few in (counts[:50], np.zeros(200), np.eye(1, 200)[0] * 20):
        nothing = lone_peaks(few)
        assert nothing.attrs["summary"]["reason"] == "too_few"
        assert not nothing["peak"].any()
        assert nothing["p"].isna().all()


@pytest.mark.parametrize(
    ("counts", "base", "rate", "code"),
    [
        ([1.5] * 9, None, 0.05, "counts_not_whole"),
        ([-1] * 9, None, 0.05, "counts_not_whole"),
        ([np.inf] * 9, None, 0.05, "counts_not_whole"),
        ([1] * 9, [1] * 8, 0.05, "lengths_differ"),
        ([1] * 9, [-1] * 9, 0.05, "rate_parts_wrong"),
        ([1] * 9, None, 1.0, "not_a_share"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    counts: list[float], base: list[float] | None, rate: float, code: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        lone_peaks(counts, base, rate=rate)
    assert caught.value.code == code


def test_it_is_said_in_both_languages() -> None:
    counts = np.full(150, 2)
    counts[4] = 95
    found = lone_peaks(counts)
    said = say_peaks(found.attrs["summary"])
    assert said is not None
    assert "explain: 1." in said.text("en")
    assert "1" in said.text("zh")
    here = say_peak(95, 2, float(found["p"][4]))
    assert "95" in here.text("en")
    assert "95" in here.text("zh")
    assert say_peaks(lone_peaks(np.full(150, 2)).attrs["summary"]) is not None
    assert say_peaks(lone_peaks([1, 2]).attrs["summary"]) is None


def test_beside_what_gi_star_found_a_peak_is_told_unless_it_is_hot_anyway() -> None:
    row, column = (a.ravel() for a in np.mgrid[:14, :14])
    counts = np.random.default_rng(7).poisson(3, 196)
    counts[20] = 60
    heap = (np.abs(row - 9) <= 1) & (np.abs(column - 9) <= 1)
    counts[heap] += 30
    found = with_peaks(getis_ord(counts, neighbours_of_cells(row, column)), lone_peaks(counts))
    assert found["judged"][20] != "hot"
    assert found["peak"][20]
    hot = (found["judged"] == "hot").to_numpy() & heap
    assert hot.sum() >= 5
    assert set(alone(found).nonzero()[0]) == {20, *np.flatnonzero(heap & ~hot & found["peak"].to_numpy())}
    said = [one.text("en") for one in say_places(found)]
    assert said[20].startswith("60 here where about 3")
    assert all("more than expected" in said[k] for k in np.flatnonzero(hot))
    assert any("stand out by themselves" in one.text("en") for one in say_hotspots(found))
