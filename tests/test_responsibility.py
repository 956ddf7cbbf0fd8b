"""Joins of many points: the rows stay, and every one of them is accounted for."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from builders import CELL, shuffle_rows, tiling
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Recipe, build, hard_points, recipes

import gridmap
from gridmap.analysis.locator import Locator
from gridmap.analysis.responsibility import JoinSummary
from gridmap.errors import GridmapError

X, Y = 120.0, 36.0


def points(*cells: tuple[float, float], crs: str | None = "EPSG:4326", **columns: list) -> gpd.GeoDataFrame:
    """Points at cells from the south-west corner of ``tiling``."""
    xy = np.array(cells, dtype=float).reshape(-1, 2) * CELL + np.array([X, Y])
    return gpd.GeoDataFrame(columns, geometry=shapely.points(xy), crs=crs)


def test_rows_columns_order_and_index_stay_and_three_columns_come():
    given_rows = points((1.5, 0.5), (9, 9), (0.5, 0.5), (1, 0.5), n=[1, 2, 3, 4]).set_axis([40, 30, 20, 10])
    joined = gridmap.join_points(given_rows, tiling("AB"))
    assert joined.index.tolist() == [40, 30, 20, 10]
    assert joined["n"].tolist() == [1, 2, 3, 4]
    assert joined.grid_code.fillna("-").tolist() == ["B", "-", "A", "A"]
    assert joined.method.tolist() == ["inside", "none", "inside", "border"]
    assert np.isnan(joined.border_m.iloc[1])
    assert joined.border_m.iloc[3] == 0
    assert list(given_rows.columns) == ["n", "geometry"]  # the caller's frame is not changed


def test_the_summary_counts_every_row_once():
    overlap = tiling("AAB.")
    overlap.loc[1, "geometry"] = shapely.box(X + CELL, Y, X + 3 * CELL, Y + CELL)
    rows = points((0.5, 0.5), (1.5, 0.5), (2.5, 0.5), (3, 0.5), (3.1, 0.5), (9, 9))
    joined = gridmap.join_points(rows, overlap, nearest_within_m=20)
    summary = joined.attrs["summary"]
    assert summary == JoinSummary(points=6, inside=3, border=1, nearest=1, none=1, overlapped=1)
    assert summary + JoinSummary(points=2, unreadable=2) == JoinSummary(8, 3, 1, 1, 1, 1, 2)


def test_an_index_may_be_used_again_for_many_joins():
    locator = Locator.from_frame(tiling("AB"))
    rows = points((0.5, 0.5), (1.5, 0.5))
    assert gridmap.join_points(rows, locator).grid_code.tolist() == ["A", "B"]
    assert gridmap.join_points(rows.iloc[::-1], locator).grid_code.tolist() == ["B", "A"]


def test_points_of_another_system_are_answered_and_returned_in_it():
    rows = points((0.5, 0.5), (1.5, 0.5))
    joined = gridmap.join_points(rows.to_crs("EPSG:4549"), tiling("AB"))
    assert joined.grid_code.tolist() == ["A", "B"]
    assert joined.crs.to_epsg() == 4549


def test_another_column_may_hold_the_codes():
    grids = tiling("AB").rename(columns={"code": "Precinct"})
    assert gridmap.join_points(points((1.5, 0.5)), grids, code_column="Precinct").grid_code.tolist() == ["B"]


def test_no_points_give_no_rows_and_a_summary_of_zeros():
    joined = gridmap.join_points(points(), tiling("AB"))
    assert len(joined) == 0
    assert joined.attrs["summary"] == JoinSummary()
    assert {"grid_code", "method", "border_m"} <= set(joined.columns)


@settings(max_examples=25, deadline=None)
@given(recipe=recipes(), seed=st.integers(0, 2**32 - 1))
def test_a_join_gives_the_same_in_any_order_of_points_and_grids(recipe: Recipe, seed: int):
    rng = np.random.default_rng(seed)
    grids = build(recipe)
    x, y = hard_points(grids, rng, extra=10)
    rows = gpd.GeoDataFrame({"n": np.arange(len(x))}, geometry=shapely.points(x, y), crs="EPSG:4326")
    one = gridmap.join_points(rows, grids)
    two = gridmap.join_points(rows.iloc[rng.permutation(len(x))], shuffle_rows(grids, seed)).sort_index()
    assert one.grid_code.fillna("").tolist() == two.grid_code.fillna("").tolist()
    assert one.method.tolist() == two.method.tolist()
    summary = one.attrs["summary"]
    assert summary == two.attrs["summary"]
    assert summary.inside + summary.border + summary.nearest + summary.none == summary.points == len(x)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (points((1, 1), crs=None), "crs_missing"),
        (points((1, 1)).set_geometry([None], crs="EPSG:4326"), "geometry_not_point"),
        (points((1, 1)).set_geometry([shapely.Point()], crs="EPSG:4326"), "geometry_not_point"),
        (points((1, 1)).set_geometry([shapely.box(X, Y, X + 1, Y + 1)], crs="EPSG:4326"), "geometry_not_point"),
        (points((1, 1)).set_geometry([shapely.Point(36, 120)], crs="EPSG:4326"), "coordinate_out_of_range"),
        (points((1, 1)).set_geometry([shapely.Point(np.nan, 36)], crs="EPSG:4326"), None),
    ],
)
def test_rows_that_are_no_points_on_the_ground_are_refused(rows: gpd.GeoDataFrame, code: str | None):
    with pytest.raises(GridmapError) as caught:
        gridmap.join_points(rows, tiling("AB"))
    # Shapely calls a point with a missing coordinate empty in some versions and not in others: refused either way
    assert caught.value.code == code or (code is None and caught.value.code in OF_A_MISSING_COORDINATE)


OF_A_MISSING_COORDINATE = ("geometry_not_point", "coordinate_out_of_range")
