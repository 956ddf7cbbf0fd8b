"""Service coverage: 299.9 m is covered and 300.1 m is not, anywhere; what is covered and what is not is the whole."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from builders import CELL, shuffle_rows, tiling
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.service_coverage import ServiceCoverage, service_coverage, straight_catchments
from gridmap.errors import GridmapError

GEOD = pyproj.Geod(ellps="WGS84")


def posts(*places: tuple[float, float], state: str | list[str] = "open") -> gpd.GeoDataFrame:
    lon, lat = zip(*places, strict=True) if places else ((), ())
    states = [state] * len(places) if isinstance(state, str) else state
    return gpd.GeoDataFrame({"state": states}, geometry=gpd.points_from_xy(lon, lat), crs=crs.WGS84)


def square(lon: float, lat: float, half: float = 0.02) -> gpd.GeoDataFrame:
    box = shapely.box(lon - half, lat - half, lon + half, lat + half)
    return gpd.GeoDataFrame({"code": ["A"], "households": [1_000]}, geometry=[box], crs=crs.WGS84)


def measured(grids: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, **how: object) -> ServiceCoverage:
    dwellings = how.pop("dwellings", None)
    return service_coverage(grids, straight_catchments(facilities, **how), dwellings=dwellings)


@pytest.mark.parametrize("lat", [0.0, 31.0, 40.0, 60.0, -33.0])
@pytest.mark.parametrize("lon", [118.51, 120.0, 121.49, 2.99, -179.2])
def test_299_9_m_is_covered_and_300_1_m_is_not_in_every_direction(lon: float, lat: float):
    turn = np.arange(0.0, 360.0, 7.0)
    n = len(turn)
    catchments = straight_catchments(posts((lon, lat)))
    ground = catchments.ground()
    for metres, covered in ((299.9, True), (299.99, True), (300.01, False), (300.1, False)):
        x, y, _ = GEOD.fwd([lon] * n, [lat] * n, turn, [metres] * n)
        places = crs.to_metric(shapely.points(x, y), catchments.epsg)
        assert (catchments.reached(places) == covered).all(), metres
        if metres in (299.9, 300.1):
            assert (shapely.contains(ground, places) == covered).all(), metres


@pytest.mark.parametrize("lat", [0.0, 31.0, 40.0, 60.0])
def test_the_ground_within_reach_of_one_post_is_the_circle(lat: float):
    # the circle in the metres of the projection; a projected metre is the scale times one on the ground
    found = measured(square(119.0, lat), posts((119.0, lat)))
    scale = crs.point_scales([119.0], [lat], crs.metric_epsg(119.0, lat))[0]
    assert found.summary["covered_m2"] == pytest.approx(np.pi * 300.0**2 * scale**2, rel=1e-9)
    assert found.summary["gaps"] == 1


@pytest.mark.parametrize("radius_m", [5.0, 300.0, 1_000.0, 5_000.0])
def test_the_drawn_line_stays_within_a_tenth_of_a_metre_of_the_circle(radius_m: float):
    catchments = straight_catchments(posts((120.0, 36.0)), radius_m=radius_m)
    line = catchments.shapes[0].exterior
    along = line.interpolate(np.linspace(0, 1, 4_001), normalized=True)
    scale = crs.point_scales([120.0], [36.0], catchments.epsg)[0]
    off = shapely.distance(along, catchments.facilities[0]) / scale - radius_m
    assert np.abs(off).max() < 0.1


def test_a_place_is_measured_from_the_edge_of_an_area_or_line():
    area = shapely.box(120.0, 36.0, 120.01, 36.01)
    facilities = gpd.GeoDataFrame({"state": ["open"]}, geometry=[area], crs=crs.WGS84)
    catchments = straight_catchments(facilities)
    x, y, _ = GEOD.fwd([120.005] * 4, [36.01] * 4, [0.0] * 4, [1e-3, 299.9, 300.1, 1_000.0])
    assert catchments.reached(crs.to_metric(shapely.points(x, y), catchments.epsg)).tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert catchments.reached(crs.to_metric(shapely.points([120.005], [36.005]), catchments.epsg)).all()


def test_only_facilities_in_the_chosen_states_count():
    grids = square(120.0, 36.0)
    facilities = posts((120.0, 36.0), (120.01, 36.0), (119.99, 36.0), state=["planned", "built", "open"])
    one = measured(grids, facilities).summary
    two = measured(grids, facilities, states=("built", "open")).summary
    all_three = measured(grids, facilities, states=("planned", "built", "open")).summary
    assert [s["facilities"] for s in (one, two, all_three)] == [1, 2, 3]
    assert two["covered_m2"] == pytest.approx(2 * one["covered_m2"], rel=1e-6)
    assert all_three["covered_m2"] == pytest.approx(3 * one["covered_m2"], rel=1e-6)


def test_without_a_facility_everything_is_one_gap_for_each_connected_ground():
    grids = tiling("AAB\n...\nCC.").assign(households=[10, 20, 30])
    found = measured(grids, posts())
    assert found.grids.status.tolist() == ["gap"] * 3
    assert found.grids.nearest_m.isna().all()
    assert found.gaps.grids.tolist() == [("A", "B"), ("C",)]
    assert found.gaps.households.tolist() == pytest.approx([30, 30])
    assert found.summary["area_share"] == 0


def test_households_follow_the_covered_ground_where_nobody_knows_where_they_live():
    grids = tiling("AB", cell=2.0**-7).assign(households=[100, None])
    west = shapely.get_coordinates(shapely.centroid(grids.geometry.array))[0]
    found = measured(grids, posts(tuple(west)), radius_m=200.0)
    row = found.grids.iloc[0]
    assert row.covered_households == pytest.approx(100 * row.area_share)
    assert np.isnan(found.grids.household_share[1])
    assert found.summary["households_unknown"] == 1


def test_each_dwelling_is_covered_by_its_own_distance():
    grids = square(120.0, 36.0)
    x, y, _ = GEOD.fwd([120.0] * 3, [36.0] * 3, [10.0, 100.0, 200.0], [10.0, 299.9, 300.1])
    homes = gpd.GeoDataFrame({"households": [5, 7, 11]}, geometry=gpd.points_from_xy(x, y), crs=crs.WGS84)
    found = measured(grids, posts((120.0, 36.0)), dwellings=homes)
    assert found.grids.households.tolist() == [23]
    assert found.grids.covered_households.tolist() == [12]
    assert found.gaps.households.tolist() == [11]
    assert found.summary["households_by"] == "place"


def test_dwellings_outside_of_every_grid_count_nowhere():
    grids = tiling("A")
    homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy([121.0], [37.0]), crs=crs.WGS84)
    assert measured(grids, posts((120.0, 36.0)), dwellings=homes).summary["households"] == 0


def test_a_facility_on_a_common_border_is_counted_once():
    found = measured(tiling("AB"), posts((120.0 + CELL, 36.0 + CELL / 2)))
    assert found.grids.facilities.sum() == 1


def test_a_gap_tells_the_grids_it_lies_in_and_the_largest_comes_first():
    grids = tiling("AAAA\nBBBB", cell=2.0**-6).assign(households=[400, 800])
    # a row of posts down the middle parts the ground in two
    x = 120.0 + 2.0**-6 * 1.5
    found = measured(grids, posts(*[(x, 36.0 + n * 1e-3) for n in range(33)]))
    assert found.gaps.gap.tolist() == [1, 2]
    assert found.gaps.area_m2.is_monotonic_decreasing
    assert found.gaps.grids.tolist() == [("A", "B"), ("A", "B")]
    assert found.gaps.households.sum() + found.grids.covered_households.sum() == pytest.approx(1_200)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: straight_catchments(posts((120, 36)), radius_m=0), "not_positive"),
        (lambda: straight_catchments(posts((120, 36)), radius_m=float("nan")), "not_positive"),
        (lambda: straight_catchments(posts((120, 36)).set_crs(3857, allow_override=True)), "crs_not_wgs84"),
        (lambda: measured(pd.concat([tiling("A")] * 2), posts((120, 36))), "code_duplicate"),
        (lambda: measured(tiling("A").assign(households=[-1]), posts((120, 36))), "setting_negative"),
        (lambda: measured(tiling("A").drop(columns="code"), posts((120, 36))), "column_missing"),
    ],
)
def test_what_makes_no_sense_is_refused(call, code):
    with pytest.raises(GridmapError) as raised:
        call()
    assert raised.value.code == code


places = st.lists(st.tuples(st.floats(-0.2, 1.2), st.floats(-0.2, 1.2)), max_size=12)
MAP = "AAB\nACB\nDD."
SIDE = 3 * 2.0**-7


def spread(drawn: list[tuple[float, float]]) -> gpd.GeoDataFrame:
    return posts(*[(120.0 + SIDE * x, 36.0 + SIDE * y) for x, y in drawn])


@settings(max_examples=40)
@given(drawn=places, radius_m=st.floats(20.0, 2_000.0))
def test_covered_and_uncovered_are_the_whole(drawn: list, radius_m: float):
    grids = tiling(MAP, cell=2.0**-7).assign(households=[100, 50, 30, 7])
    facilities = spread(drawn)
    catchments = straight_catchments(facilities, radius_m=radius_m, epsg=crs.metric_epsg_of(grids.geometry.array))
    found = service_coverage(grids, catchments)
    frames.require(found.grids, frames.SERVICE_COVERAGE)
    frames.require(found.gaps, frames.SERVICE_GAPS)
    whole = shapely.area(crs.to_metric(grids.geometry.array, catchments.epsg))
    # judged by one overlay of each grid with everything that is reached
    reached = catchments.ground() if drawn else shapely.Polygon()
    direct = shapely.area(shapely.intersection(crs.to_metric(grids.geometry.array, catchments.epsg), reached))
    np.testing.assert_allclose(found.grids.covered_m2, direct, atol=1e-3)
    np.testing.assert_allclose(found.grids.area_m2, whole)
    assert found.grids.covered_m2.sum() + found.gaps.area_m2.sum() == pytest.approx(whole.sum(), rel=1e-9)
    assert found.grids.covered_households.sum() + found.gaps.households.sum() == pytest.approx(187, rel=1e-9)
    assert ((found.grids.area_share >= 0) & (found.grids.area_share <= 1)).all()


@settings(max_examples=25)
@given(drawn=places, radius_m=st.floats(20.0, 1_000.0), more=st.floats(1.0, 2.0), extra=places)
def test_more_radius_and_more_facilities_never_cover_less(drawn: list, radius_m: float, more: float, extra: list):
    grids = tiling(MAP, cell=2.0**-7)
    epsg = crs.metric_epsg_of(grids.geometry.array)
    less = service_coverage(grids, straight_catchments(spread(drawn), radius_m=radius_m, epsg=epsg))
    wider = service_coverage(grids, straight_catchments(spread(drawn), radius_m=radius_m * more, epsg=epsg))
    fuller = service_coverage(grids, straight_catchments(spread(drawn + extra), radius_m=radius_m, epsg=epsg))
    # a circle of more corners may lie inside one of fewer by a tenth of a metre
    slack = 0.1 * 2 * np.pi * radius_m * len(drawn) * (more < 1.001) + 1e-3
    assert (wider.grids.covered_m2 >= less.grids.covered_m2 - slack).all()
    assert (fuller.grids.covered_m2 >= less.grids.covered_m2 - 1e-3).all()


def test_the_order_of_grids_and_facilities_changes_nothing():
    grids = tiling(MAP, cell=2.0**-7).assign(households=[100, 50, 30, 7])
    facilities = spread([(0.1, 0.2), (0.7, 0.7), (0.4, 0.9)])
    one = measured(grids, facilities)
    two = measured(shuffle_rows(grids, 3), shuffle_rows(facilities, 5))
    back = two.grids.set_index("code").loc[one.grids.code]
    np.testing.assert_allclose(back.covered_m2, one.grids.covered_m2, rtol=1e-9)
    assert two.gaps.grids.tolist() == one.gaps.grids.tolist()
