"""What changes hands between two versions."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from builders import CELL, shuffle_rows, tiling
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import build, recipes

from gridmap import crs
from gridmap.analysis.difference import difference
from gridmap.errors import CrsError, GeometryError


def at(*columns: float) -> gpd.GeoDataFrame:
    """Incidents in the middle of cells of the first row, by column."""
    places = shapely.points([(120.0 + (c + 0.5) * CELL, 36.0 + CELL / 2) for c in columns])
    return gpd.GeoDataFrame(geometry=places, crs="EPSG:4326")


def test_a_moved_border_hands_over_ground_households_and_incidents():
    old = tiling("AABBB").assign(households=[200, 300])
    new = tiling("AAABB").assign(households=[290, 210])
    diff = difference(old, new, at(0, 2, 2, 4))
    assert len(diff.pieces) == 1
    piece = diff.pieces.iloc[0]
    assert (piece["old_code"], piece["new_code"], piece["kind"]) == ("B", "A", "transferred")
    assert piece["households"] == pytest.approx(100, rel=1e-3)
    assert piece["incidents"] == 2
    assert crs.area_m2([piece.geometry])[0] == pytest.approx(piece["area_m2"], rel=1e-6)
    assert piece.geometry.contains(at(2).geometry.iloc[0])
    rows = diff.rows.set_index("code")
    assert rows[["households_before", "households_after"]].to_numpy().tolist() == [[200, 290], [300, 210]]
    assert rows[["incidents_before", "incidents_after"]].to_numpy().tolist() == [[1, 3], [3, 1]]
    change = rows["area_after_m2"] - rows["area_before_m2"]
    assert change["A"] == pytest.approx(-change["B"], rel=1e-3)
    assert change["A"] == pytest.approx(piece["area_m2"], rel=1e-3)
    assert diff.summary == {
        "grid": {
            "codes": 2,
            "changed": 2,
            "area_m2": round(piece["area_m2"], 3),
            "households": round(piece["households"], 3),
            "incidents": 2,
            "incidents_elsewhere": 0,
        }
    }


def test_what_stays_is_listed_as_unchanged_and_has_no_piece():
    diff = difference(tiling("AABB"), tiling("AABB"), at(0, 3))
    assert diff.pieces.empty
    assert diff.rows["changed"].tolist() == [False, False]
    assert diff.summary["grid"]["incidents"] == 0


def test_new_ground_and_lost_ground_are_pieces_with_one_code():
    diff = difference(tiling("AAB."), tiling(".ACC"), at(0, 1, 3))
    found = diff.pieces[["old_code", "new_code", "kind", "incidents"]].astype(object)
    rows = found.where(found.notna(), None).to_numpy().tolist()
    assert rows == [["A", None, "reduced", 1], ["B", "C", "redrawn", 0], [None, "C", "extended", 1]]
    codes = diff.rows.set_index("code")
    assert codes.loc["C", "area_before_m2"] == 0.0
    assert codes.loc["B", "area_after_m2"] == 0.0
    assert codes.loc["A", "incidents_after"] == 1


def test_without_incidents_their_columns_are_missing_not_zero():
    diff = difference(tiling("AB"), tiling("AA"))
    assert diff.rows[["incidents_before", "incidents_after"]].isna().all(axis=None)
    assert diff.pieces["incidents"].isna().all()
    assert diff.summary["grid"]["incidents"] is None
    assert diff.summary["grid"]["households"] is None


def test_an_incident_on_a_border_that_moves_by_a_sliver_is_counted_apart():
    old = tiling("AABB")
    x = 120.0 + 2 * CELL + 0.05 / 90_000
    north, east = 36.0 + CELL, 120.0 + 4 * CELL
    shapes = [shapely.box(120.0, 36.0, x, north), shapely.box(x, 36.0, east, north)]
    new = old.set_geometry(gpd.GeoSeries(shapes, crs="EPSG:4326"))
    on_it = gpd.GeoDataFrame(geometry=[shapely.Point(x - 0.02 / 90_000, 36.0 + CELL / 2)], crs="EPSG:4326")
    diff = difference(old, new, on_it)
    assert diff.pieces.empty
    assert diff.summary["grid"]["incidents_elsewhere"] == 1
    assert diff.rows["incidents_after"].tolist() == [1, 0]


def test_levels_are_compared_each_for_itself():
    old = pd.concat([tiling("SSTT").assign(level="street"), tiling("ABCD")], ignore_index=True)
    new = pd.concat([tiling("SSST").assign(level="street"), tiling("ABCD")], ignore_index=True)
    diff = difference(old, new, at(2))
    assert diff.pieces["level"].tolist() == ["street"]
    assert diff.rows["level"].tolist() == ["grid"] * 4 + ["street"] * 2
    assert diff.summary["street"]["incidents"] == 1
    assert diff.summary["grid"]["changed"] == 0


def test_points_as_leaves_have_rows_and_no_pieces():
    spots = gpd.GeoDataFrame({"code": ["P", "Q"]}, geometry=at(0, 1).geometry, crs="EPSG:4326")
    diff = difference(spots, spots.iloc[:1], at(0))
    assert diff.pieces.empty
    assert diff.rows["changed"].tolist() == [False, True]


def test_nothing_against_nothing_is_nothing():
    none = tiling("A").iloc[:0]
    diff = difference(none, none, at(0))
    assert diff.rows.empty
    assert diff.pieces.empty


def test_faulty_incidents_are_refused():
    with pytest.raises(GeometryError) as caught:
        difference(tiling("A"), tiling("A"), tiling("A"))
    assert caught.value.code == "geometry_not_point"
    with pytest.raises(CrsError):
        difference(tiling("A"), tiling("A"), at(0).to_crs(3857))


@settings(max_examples=25, deadline=None)
@given(recipes(largest=4), recipes(largest=4), st.integers(0, 2**16))
def test_the_books_balance(one, other, seed):
    old = build(one)
    new = build(other)
    new = new.set_geometry(new.translate(*(np.array(one.origin) - other.origin)))
    rng = np.random.default_rng(seed)
    west, south, east, north = old.total_bounds
    places = shapely.points(rng.uniform(west, east, 200), rng.uniform(south, north, 200))
    incidents = gpd.GeoDataFrame(geometry=places, crs="EPSG:4326")
    diff = difference(old, new, incidents, sliver_width_m=0.0)
    rows, pieces = diff.rows.set_index("code"), diff.pieces
    # what a code has now is what it had, less what went, plus what came
    for what, before, after, slack in (
        ("area_m2", "area_before_m2", "area_after_m2", 1e-4),
        ("incidents", "incidents_before", "incidents_after", 0),
    ):
        came = pieces.groupby("new_code")[what].sum().reindex(rows.index, fill_value=0)
        went = pieces.groupby("old_code")[what].sum().reindex(rows.index, fill_value=0)
        balance = (rows[before] + came - went - rows[after]).astype(float)
        allowed = slack * rows[["area_before_m2", "area_after_m2"]].max(axis=1) + (1e-6 if slack else 0)
        if what == "incidents":
            allowed = allowed + diff.summary["grid"]["incidents_elsewhere"]
        assert (balance.abs() <= allowed).all()
    again = difference(
        shuffle_rows(old, seed), shuffle_rows(new, seed), shuffle_rows(incidents, seed), sliver_width_m=0.0
    )
    pd.testing.assert_frame_equal(diff.rows, again.rows)
    pd.testing.assert_frame_equal(pd.DataFrame(pieces), pd.DataFrame(again.pieces))
