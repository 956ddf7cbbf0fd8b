"""Repeats and clusters, against looking at every pair."""

from datetime import timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from case_frames import START, case_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.analysis.nearness import clusters, repeated
from gridmap.crs import metric_epsg, point_to_metric, xy_to_metric
from gridmap.errors import GridmapError

HOUR = timedelta(hours=1)
LON, LAT = 120.0, 36.0
EPSG = metric_epsg(LON, LAT)


def refused(code: str) -> Any:
    return pytest.raises(GridmapError, check=lambda error: error.code == code)


rows = st.fixed_dictionaries(
    {
        "category": st.sampled_from(["E1-01", "E1-02"]),
        "reported_at": st.integers(0, 12).map(lambda h: START + h * HOUR),
        "lon": st.integers(0, 12).map(lambda n: LON + n * 1e-4),
        "lat": st.integers(0, 6).map(lambda n: LAT + n * 1e-4),
        "component": st.sampled_from(["", "", "M1", "M2"]),
    }
)


def pairs(cases: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray, list[tuple[Any, str]]]:
    """Distances and hours between all rows, and the order of time."""
    x, y = xy_to_metric(cases.geometry.x, cases.geometry.y, metric_epsg(*np.median(cases.get_coordinates(), axis=0)))
    hours = (cases["reported_at"] - cases["reported_at"].min()) / HOUR
    order = list(zip(cases["reported_at"], cases["case_id"], strict=True))
    return np.hypot(np.subtract.outer(x, x), np.subtract.outer(y, y)), np.asarray(hours), order


@settings(max_examples=100, deadline=None)
@given(st.lists(rows, min_size=1, max_size=30), st.sampled_from([9.0, 15.0, 40.0, 1000.0]), st.integers(1, 6))
def test_repeats_are_those_of_all_pairs(held: list[dict[str, Any]], within_m: float, hours: int) -> None:
    cases = case_frame(held)
    metres, at, order = pairs(cases)
    expected = []
    for i, one in enumerate(held):
        expected.append(
            any(
                order[j] < order[i]
                and at[i] - at[j] <= hours
                and one["category"] == other["category"]
                and (metres[i, j] <= within_m or (one["component"] == other["component"] != ""))
                for j, other in enumerate(held)
            )
        )
    assert repeated(cases, within_m=within_m, within=hours * HOUR).tolist() == expected


@settings(max_examples=100, deadline=None)
@given(
    st.lists(rows, min_size=1, max_size=40), st.sampled_from([15.0, 40.0, 100.0]), st.integers(1, 6), st.integers(2, 5)
)
def test_clusters_are_those_of_all_pairs(held: list[dict[str, Any]], within_m: float, hours: int, least: int) -> None:
    cases = case_frame(held)
    metres, at, order = pairs(cases)
    free, expected = set(range(len(held))), []
    for i in sorted(range(len(held)), key=lambda n: order[n], reverse=True):
        near = [
            j
            for j in free
            if i in free
            and order[j] <= order[i]
            and at[i] - at[j] <= hours
            and metres[i, j] <= within_m
            and held[i]["category"] == held[j]["category"]
        ]
        if len(near) >= least:
            expected.append(sorted(near, key=lambda n: order[n]))
            free -= set(near)
    found = clusters(cases, least=least, within_m=within_m, within=hours * HOUR)
    assert [c.tolist() for c in found] == expected


def test_distance_and_time_are_allowed_themselves() -> None:
    x, y = point_to_metric(LON, LAT, EPSG)
    near = case_frame([{"lon": LON, "lat": LAT}, {"lon": LON, "lat": LAT, "reported_at": START + HOUR}])
    assert repeated(near, within_m=1.0, within=HOUR).tolist() == [False, True]
    assert not repeated(near, within_m=1.0, within=HOUR - timedelta(microseconds=1)).any()
    assert np.isfinite([x, y]).all()


def test_rows_without_a_place_or_a_category_repeat_nothing() -> None:
    cases = case_frame([{"lon": LON, "lat": LAT}] * 3 + [{"lon": np.nan, "lat": np.nan}] * 2 + [{"category": None}] * 2)
    assert repeated(cases, within_m=5, within=HOUR).tolist() == [False, True, True, False, False, False, False]
    assert len(clusters(cases, least=2, within_m=5, within=HOUR)) == 1
    nowhere = case_frame([{"lon": np.nan, "lat": np.nan}] * 2)
    assert not repeated(nowhere, within_m=5, within=HOUR).any()
    assert clusters(case_frame([]), least=2, within_m=5, within=HOUR) == []


def test_cells_far_apart_and_very_small() -> None:
    # 10 um over thousands of km: more cells than 64 bits can number
    places = [(LON, LAT), (LON, LAT), (100.0, 20.0), (130.0, 50.0), (130.0, 50.0)]
    cases = case_frame([{"lon": lon, "lat": lat, "category": f"E{n % 2}"} for n, (lon, lat) in enumerate(places)])
    assert repeated(cases.assign(category="E1"), within_m=1e-5, within=HOUR).tolist() == [
        False,
        True,
        False,
        False,
        True,
    ]
    assert not repeated(cases, within_m=1e-5, within=HOUR).any()


def test_a_flood_at_one_spot_is_not_looked_at_pair_by_pair() -> None:
    # 200,000 at one place and time are 20,000,000,000 pairs
    cases = case_frame([{"lon": LON, "lat": LAT}] * 2)
    cases = cases.iloc[np.zeros(200_000, dtype=int)].assign(case_id=[f"C{n}" for n in range(200_000)])
    assert repeated(cases, within_m=50, within=HOUR).sum() == 199_999
    (found,) = clusters(cases, least=5, within_m=50, within=HOUR)
    assert len(found) == 200_000


def test_what_is_asked_wrongly() -> None:
    cases = case_frame([{}])
    for within_m, within in ((0.0, HOUR), (np.nan, HOUR), (1.0, timedelta())):
        with refused("not_positive"):
            repeated(cases, within_m=within_m, within=within)
    with refused("not_positive"):
        clusters(cases, least=1, within_m=1, within=HOUR)
    with refused("crs_missing"):
        repeated(cases.set_crs(None, allow_override=True), within_m=1, within=HOUR)
