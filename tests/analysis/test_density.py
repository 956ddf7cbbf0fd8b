"""Kernel density: held against a plain sum over all pairs, and against what any density must keep."""

import math
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import gridmap
from gridmap.analysis import frames
from gridmap.analysis.density_steps import density_steps
from gridmap.analysis.period_counts import few_periods
from gridmap.crs import from_metric
from gridmap.errors import GridmapError

EAST, NORTH, EPSG = 500_000.0, 4_000_000.0, 4549


def ground(side_m: float = 2_000.0) -> gpd.GeoDataFrame:
    """One square grid whose south-west corner is the origin of these tests; 120 degrees east."""
    box = shapely.box(EAST, NORTH, EAST + side_m, NORTH + side_m)
    return gpd.GeoDataFrame({"code": ["A"]}, geometry=from_metric([box], EPSG), crs="EPSG:4326")


def incidents(xy: np.ndarray) -> gpd.GeoDataFrame:
    """Incidents at metres from the origin."""
    points = shapely.points(np.asarray(xy, dtype=float).reshape(-1, 2) + np.array([EAST, NORTH]))
    return gpd.GeoDataFrame(
        {"incident_id": [f"i{i}" for i in range(len(points))]}, geometry=from_metric(points, EPSG), crs="EPSG:4326"
    )


def plain_sum(xy: np.ndarray, centres: np.ndarray, bandwidth_m: float) -> np.ndarray:
    """Incidents per km2 at every centre: every pair, one formula, no shortcut."""
    result = []
    for cx, cy in centres:
        total = 0.0
        for px, py in xy:
            u = math.hypot(cx - px, cy - py) / bandwidth_m
            if u < 1:
                total += 3 / math.pi * (1 - u * u) ** 2 / bandwidth_m**2
        result.append(total * 1e6)
    return np.array(result)


def centres_of(frame: gpd.GeoDataFrame) -> np.ndarray:
    return shapely.get_coordinates(shapely.centroid(frame.geometry.array)) - (EAST, NORTH)


cells = st.sampled_from((60.0, 100.0, 250.0, 700.0))
bandwidths = st.sampled_from((90.0, 250.0, 600.0))
places = st.lists(
    st.tuples(*[st.floats(-400, 2_400, allow_nan=False).map(lambda v: round(v, 3))] * 2), min_size=0, max_size=30
)


@settings(max_examples=30, deadline=None)
@given(
    xy=places, cell_m=st.sampled_from((60.0, 100.0, 250.0, 700.0)), bandwidth_m=st.sampled_from((90.0, 250.0, 600.0))
)
def test_the_density_is_the_plain_sum_over_all_pairs(xy: list, cell_m: float, bandwidth_m: float):
    xy = np.array(xy, dtype=float).reshape(-1, 2)
    found = gridmap.density(incidents(xy), ground(), cell_m=cell_m, bandwidth_m=bandwidth_m)
    wanted = plain_sum(xy, centres_of(found), bandwidth_m)
    # projecting there and back moves a point by less than 1e-5 m
    assert found.density_per_km2.to_numpy() == pytest.approx(wanted, rel=1e-5, abs=1e-4)


def test_at_the_place_of_one_incident_the_density_is_the_peak_of_the_kernel():
    found = gridmap.density(incidents([[1050, 1050]]), ground(), cell_m=100, bandwidth_m=250)
    peak = 3 / (math.pi * 0.25**2)
    assert found.density_per_km2.max() == pytest.approx(peak, rel=1e-6)
    assert found.incidents.sum() == 1
    assert found.loc[found.incidents == 1, "density_per_km2"].item() == found.density_per_km2.max()


def test_an_incident_counts_up_to_the_bandwidth_and_no_further():
    def at_centre(distance_m: float) -> float:
        found = gridmap.density(incidents([[1050 + distance_m, 1050]]), ground(), cell_m=100, bandwidth_m=250)
        centre = np.flatnonzero((np.abs(centres_of(found) - 1050) < 1).all(axis=1))
        return found.density_per_km2.iloc[centre].item()

    assert at_centre(249.9) > 0
    assert at_centre(250.1) == 0


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 300))
def test_over_the_plane_the_density_adds_up_to_the_number_of_incidents(seed: int, n: int):
    xy = np.random.default_rng(seed).uniform(300, 1_700, (n, 2))  # a bandwidth away from the rim
    found = gridmap.density(incidents(xy), ground(), cell_m=25, bandwidth_m=250)
    assert (found.density_per_km2 * 0.025**2).sum() == pytest.approx(n, rel=2e-4)
    assert found.incidents.sum() == n


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 2_000))
def test_the_order_of_rows_changes_not_a_single_bit(seed: int, n: int):
    rng = np.random.default_rng(seed)
    points = incidents(rng.normal(1_000, 300, (n, 2)))
    one = gridmap.density(points, ground())
    two = gridmap.density(points.iloc[rng.permutation(n)], ground())
    assert (one.density_per_km2.to_numpy().view(np.int64) == two.density_per_km2.to_numpy().view(np.int64)).all()
    assert one.equals(two)


def test_twice_the_incidents_are_twice_the_density():
    xy = np.random.default_rng(2).normal(1_000, 300, (200, 2))
    once, twice = (gridmap.density(incidents(p), ground()) for p in (xy, np.vstack([xy, xy])))
    np.testing.assert_allclose(twice.density_per_km2, 2 * once.density_per_km2, rtol=1e-12)
    assert (twice.incidents == 2 * once.incidents).all()


def test_incidents_moved_by_one_cell_move_the_density_by_one_cell():
    xy = np.random.default_rng(3).normal(1_000, 200, (200, 2))
    here, there = (gridmap.density(incidents(p), ground(), cell_m=100) for p in (xy, xy + np.array([100, 0])))
    a, b = (f.density_per_km2.to_numpy().reshape(20, 20) for f in (here, there))
    np.testing.assert_allclose(b[:, 1:], a[:, :-1], rtol=1e-5, atol=1e-6)


def test_incidents_outside_the_ground_count_as_far_as_their_kernel_reaches():
    found = gridmap.density(incidents([[-50, 1_000], [-251, 1_000], [90_000, 90_000]]), ground(), cell_m=100)
    assert found.incidents.sum() == 0
    assert found.density_per_km2.sum() > 0
    np.testing.assert_allclose(
        found.density_per_km2, plain_sum(np.array([[-50.0, 1_000.0]]), centres_of(found), 250), rtol=1e-4, atol=1e-4
    )
    assert found.attrs["summary"]["incidents"] == 3
    assert found.attrs["summary"]["incidents_in_cells"] == 0


def test_no_incidents_give_zeros_everywhere():
    found = gridmap.density(incidents(np.zeros((0, 2))), ground())
    assert len(found) == 24**2
    assert (found.density_per_km2 == 0).all()
    assert (found.incidents == 0).all()


def test_the_frame_keeps_its_contract_and_follows_the_lattice():
    found = gridmap.density(incidents([[100, 100]]), ground(), bandwidth_m=300)
    frames.require(found, frames.DENSITY)
    assert tuple(found.columns) == frames.DENSITY.required
    lattice = gridmap.square_lattice(ground(), 100)
    assert found.cell.equals(lattice.cell)
    assert found.geometry.geom_equals_exact(lattice.geometry, 0).all()
    assert found.attrs["summary"]["cell_m"] == pytest.approx(100)


def test_points_in_another_system_are_brought_to_the_place():
    points = incidents(np.random.default_rng(4).normal(1_000, 200, (50, 2)))
    one, two = gridmap.density(points, ground()), gridmap.density(points.to_crs("EPSG:32651"), ground())
    np.testing.assert_allclose(one.density_per_km2, two.density_per_km2, rtol=1e-4, atol=1e-4)


lines = incidents([[1, 1]]).set_geometry([shapely.LineString([(120, 36), (121, 37)])], crs="EPSG:4326")


@pytest.mark.parametrize(
    ("points", "options", "code"),
    [
        (incidents([[1, 1]]), {"bandwidth_m": 0}, "not_positive"),
        (incidents([[1, 1]]), {"cell_m": -5}, "not_positive"),
        (incidents([[1, 1]]), {"cell_m": 0.05}, "lattice_too_large"),
        (incidents([[1, 1]]).set_crs(None, allow_override=True), {}, "crs_missing"),
        (incidents([[1, 1]]).set_geometry([None], crs="EPSG:4326"), {}, "geometry_not_point"),
        (lines, {}, "geometry_not_point"),
    ],
)
def test_a_density_that_cannot_be_is_refused(points: gpd.GeoDataFrame, options: dict, code: str):
    with pytest.raises(GridmapError) as caught:
        gridmap.density(points, ground(), **options)
    assert caught.value.code == code


def test_periods_are_those_of_density_each_by_itself() -> None:
    draw = np.random.default_rng(4)
    found = incidents(draw.uniform(-150, 1_150, (300, 2)))
    start = datetime(2026, 3, 1, tzinfo=UTC)
    found["occurred_at"] = [start + timedelta(days=float(d)) for d in draw.uniform(0, 21, 300)]
    periods = few_periods(start, start + timedelta(days=23), 4)
    assert periods == [(start + timedelta(days=2 + 7 * k), start + timedelta(days=9 + 7 * k)) for k in range(3)]
    # the last one is empty
    periods.append((start + timedelta(days=30), start + timedelta(days=37)))
    steps = density_steps(found, ground(), periods, bandwidth_m=300, cell_m=100)
    for (begun, ended), one in zip(periods, steps.periods, strict=True):
        at = found["occurred_at"]
        here = found[(at >= begun) & (at < ended)]
        wanted = gridmap.density(here, ground(), bandwidth_m=300, cell_m=100, edges=True, days=7)
        assert steps.cells["cell"].tolist() == wanted["cell"].tolist()
        assert one.per_km2 == pytest.approx(wanted["density_per_km2"].to_numpy(), abs=1e-12)
        assert one.incidents == len(here)
    assert not steps.periods[-1].per_km2.any()
    assert (steps.cells["ground"] > 0).all()
    assert few_periods(start, start + timedelta(days=1), 13) == []
    assert len(few_periods(start, start + timedelta(days=366), 13)) == 13
