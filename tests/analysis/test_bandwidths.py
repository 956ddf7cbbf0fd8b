"""Bandwidths beside slow ones, borders, denominators, and what half and double the scale change."""

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
from analysis.test_density import EAST, EPSG, NORTH, ground, incidents
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.analysis.bandwidths import choose_bandwidth, cross_validated, other_scales, rule_of_thumb, say_scales
from gridmap.analysis.density import density, density_by
from gridmap.crs import from_metric
from gridmap.errors import InvalidInput

SIDE = 2_000.0


def heaps(n: int = 400, seed: int = 1, wide: float = 60.0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    middle = np.array([[400, 500], [1_500, 400], [900, 1_500]])[draw.integers(0, 3, n)]
    return middle + draw.normal(0, wide, (n, 2))


def written_out(xy: np.ndarray, metres: float, method: str, ground_m2: float) -> float:
    """Cross-validation by every pair, no lattice."""
    n = len(xy)
    apart = np.hypot(xy[:, None, 0] - xy[None, :, 0], xy[:, None, 1] - xy[None, :, 1]) / metres
    kernel = np.where(apart < 1, 3 / math.pi * (1 - apart**2) ** 2, 0.0) / metres**2
    others = (kernel.sum(axis=1) - np.diag(kernel)) / (n - 1)
    if method == "likelihood":
        return float(np.log(0.99 * others + 0.01 / ground_m2).mean())
    at = np.stack(
        np.meshgrid(*(np.arange(xy[:, k].min() - metres, xy[:, k].max() + metres, metres / 12) for k in (0, 1)))
    )
    squared = 0.0
    for gx, gy in zip(*(a.ravel() for a in at), strict=True):
        u = np.hypot(xy[:, 0] - gx, xy[:, 1] - gy) / metres
        squared += (np.where(u < 1, 3 / math.pi * (1 - u**2) ** 2, 0.0).sum() / metres**2 / n) ** 2
    return float(2 * others.mean() - squared * (metres / 12) ** 2)


@pytest.mark.parametrize("method", ["likelihood", "least_squares"])
def test_cross_validation_is_that_of_every_pair(method: str) -> None:
    xy = heaps(60)
    candidates = np.array([80.0, 200.0, 500.0])
    found = cross_validated(xy[:, 0], xy[:, 1], candidates, method)
    box = float(np.ptp(xy[:, 0]) * np.ptp(xy[:, 1]))
    wanted = [written_out(xy, h, method, box) for h in candidates]
    # on a lattice of a sixth of the narrowest
    assert found == pytest.approx(wanted, rel=0.06)
    assert np.argmax(found) == np.argmax(wanted)


def test_several_heaps_want_a_narrower_kernel_than_the_rule_of_thumb() -> None:
    frame = incidents(heaps())
    rule = choose_bandwidth(frame, ground(), method="rule")
    likely = choose_bandwidth(frame, ground())
    squares = choose_bandwidth(frame, ground(), method="least_squares")
    assert likely.bandwidth_m < rule.bandwidth_m / 2
    # for one heap of 133 with standard deviation 60 the rule gives 74 m
    assert 50 < likely.bandwidth_m < 160
    assert 50 < squares.bandwidth_m < 160
    assert likely.bandwidth_m == max(likely.tried, key=lambda t: t[1])[0]
    assert likely.said[0].text("en").startswith(f"Bandwidth {likely.bandwidth_m:.0f} m: of 12 tried")
    assert all(one.text("zh") for found in (rule, likely, squares) for one in found.said)


def test_the_rule_is_silvermans() -> None:
    draw = np.random.default_rng(2)
    x, y = draw.normal(0, 100, (2, 4_000))
    # normal kernel: n^(-1/6) standard deviations; the quartic one of equal smoothness is 2.78 times as wide
    assert rule_of_thumb(x, y) == pytest.approx(2.779 * 100 * 4_000 ** (-1 / 6), rel=0.03)
    assert rule_of_thumb(x[:1], y[:1]) is None


@pytest.mark.parametrize(
    ("xy", "given_", "method", "key"),
    [
        (np.empty((0, 2)), {}, "usual", "bandwidth_no_incidents"),
        (np.full((1, 2), 9.0), {}, "usual", "bandwidth_no_incidents"),
        (np.full((50, 2), 9.0), {}, "usual", "bandwidth_one_point"), (heaps(9), {}, "rule", "bandwidth_few"),
        (np.repeat(heaps(9), 30, axis=0), {"method": "least_squares"}, "least_squares", "bandwidth_heaped"),
        (heaps(), {"method": "chosen", "chosen_m": 5_000}, "chosen", "bandwidth_too_wide"),
    ],
    ids=["none", "one", "one point", "few", "addresses", "whole city"],
)  # fmt: skip
def test_what_a_bandwidth_cannot_claim_is_said(xy: np.ndarray, given_: dict, method: str, key: str) -> None:
    found = choose_bandwidth(incidents(xy), ground(), **given_)
    assert found.method == method
    assert key in [one.key for one in found.said]
    assert density(incidents(xy), ground(), cell_m=200, bandwidth_m=found.bandwidth_m)["density_per_km2"].notna().all()


def test_what_cannot_be_chosen() -> None:
    for given_, code in (
        ({"method": "best"}, "bandwidth_method_unknown"), ({"method": "chosen", "chosen_m": 0.0}, "not_positive"),
        ({"method": "chosen"}, "not_positive"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as raised:
            choose_bandwidth(incidents(heaps(20)), ground(), **given_)
        assert raised.value.code == code


def test_what_half_and_double_the_scale_change_is_said() -> None:
    found = other_scales(incidents(heaps()), ground(), bandwidth_m=150)
    assert found is not None
    assert 0.3 < found.half < 1
    assert 0.3 < found.double < 1
    assert "300 m" in say_scales(found, 150)[0].text("en")
    assert other_scales(incidents(np.empty((0, 2))), ground(), bandwidth_m=150) is None


def test_at_the_border_an_even_city_is_as_dense_as_inside() -> None:
    at = np.arange(10, SIDE, 20)
    even = np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2)
    plain, corrected = (
        density(incidents(even), ground(), cell_m=100, bandwidth_m=400, edges=e)["density_per_km2"]
        for e in (False, True)
    )
    assert plain.min() < 0.4 * 2_500
    assert corrected.to_numpy() == pytest.approx(2_500, rel=0.02)
    # what lies beyond the ground is not counted in it
    beyond = density(incidents(np.array([[-50.0, 500.0]])), ground(), cell_m=100, bandwidth_m=400, edges=True)
    assert beyond["density_per_km2"].max() == 0


@settings(max_examples=10)
@given(st.integers(0, 99), st.floats(0.5, 400))
def test_weights_and_windows_scale_the_density(seed: int, days: float) -> None:
    frame = incidents(heaps(30, seed))
    plain = density(frame, ground(), cell_m=200, bandwidth_m=300)["density_per_km2"].to_numpy()
    frame["weight"] = 2.5
    found = density(frame, ground(), cell_m=200, bandwidth_m=300, weight="weight", days=days, per_days=7)
    assert found["density_per_km2"].to_numpy() == pytest.approx(plain * 2.5 * 7 / days)
    twice = gpd.GeoDataFrame(frame.loc[frame.index.repeat(2)], crs=frame.crs)
    assert density(twice, ground(), cell_m=200, bandwidth_m=300)["density_per_km2"].to_numpy() == pytest.approx(
        2 * plain
    )


def test_cells_are_clipped_to_the_ground() -> None:
    frame = density(incidents(heaps(5)), ground(1_950), cell_m=100, bandwidth_m=300, clip=True)
    # projecting there and back bends the border by less than a millimetre
    assert frame.geometry.area.sum() == pytest.approx(1_950**2, rel=1e-6)
    assert frame.geometry.area.min() < 5_001


def two_grids() -> gpd.GeoDataFrame:
    boxes = [
        shapely.box(EAST, NORTH, EAST + 1_000, NORTH + 2_000),
        shapely.box(EAST + 1_000, NORTH, EAST + 2_000, NORTH + 2_000),
    ]
    tiny = shapely.box(EAST + 3_000, NORTH, EAST + 3_001, NORTH + 1)
    return gpd.GeoDataFrame({"code": ["A", "B", "T"]}, geometry=from_metric([*boxes, tiny], EPSG), crs="EPSG:4326")


def test_against_households_the_crowded_half_is_no_worse() -> None:
    draw = np.random.default_rng(4)
    xy = np.r_[draw.uniform([0, 0], [1_000, 2_000], (900, 2)), draw.uniform([1_000, 0], [2_000, 2_000], (100, 2))]
    found = density_by(incidents(xy), two_grids(), [9_000, 1_000, 7], "households", cell_m=100, bandwidth_m=400)
    assert found["base"].sum() == pytest.approx(10_007)
    inside = found[found["base_around"] > 50]
    assert inside["ratio"].median() == pytest.approx(0.1, rel=0.1)
    assert found.attrs["summary"]["denominator"] == "households"
    assert found.attrs["summary"]["overall"] == pytest.approx(1_000 / 10_007)
    # where hardly anybody lives there is no ratio, however much happened
    least = density_by(
        incidents(xy), two_grids(), [9_000, 0, 7], "households", cell_m=100, bandwidth_m=200, least_base=20
    )
    assert least["ratio"].isna().mean() > 0.3
    assert least.loc[least["base_around"] <= 20, "ratio"].isna().all()
    for base, denominator, code in (
        ([1, 2], "households", "lengths_differ"), ([1, 2, -1], "street_km", "setting_negative"),
        ([1, 2, 3], "people", "denominator_unknown"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as raised:
            density_by(incidents(xy), two_grids(), base, denominator)
        assert raised.value.code == code
