"""The repair of real boundaries."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gridmap.analysis.repair import Repair, propose_repair

pytestmark = pytest.mark.real_data

US_SURVEY_FOOT_M = 1200 / 3937


def _same_rows(repair: Repair, grids: gpd.GeoDataFrame) -> None:
    assert list(repair.frame.columns) == list(grids.columns)
    assert repair.frame.drop(columns="geometry").equals(grids.drop(columns="geometry"))


def test_vancouver_is_repaired_and_the_largest_change_is_named(shared_data: Path) -> None:
    grids = gpd.read_file(shared_data / "vancouver_neighbourhoods.geojson").rename(columns={"mapid": "code"})
    came = shapely.to_wkb(grids.geometry.values).copy()
    repair = propose_repair(grids)
    assert repair.gap_width_m == 5.0
    assert repair.largest == ("MP", pytest.approx(5382, rel=0.001))
    assert len(repair.report) == 0
    assert repair.moved["gained_m2"].sum() == pytest.approx(4455, rel=0.01)
    assert repair.moved["lost_m2"].sum() == pytest.approx(14291, rel=0.01)
    assert (shapely.to_wkb(grids.geometry.values) == came).all()
    _same_rows(repair, grids)


def test_new_york_is_repaired_by_two_square_feet_at_most(shared_data: Path) -> None:
    grids = gpd.read_file(shared_data / "nyc_precincts.gpkg").rename(columns={"Precinct": "code"})
    repair = propose_repair(grids)
    assert repair.largest[1] / US_SURVEY_FOOT_M**2 == pytest.approx(1.6, rel=0.01)
    assert not [f for f in repair.report if f.rule != "multipart"]
    _same_rows(repair, grids)


def test_hole_stays_open_where_the_width_is_zero(shared_data: Path) -> None:
    grids = gpd.read_file(shared_data / "vancouver_neighbourhoods.geojson").rename(columns={"mapid": "code"})
    repair = propose_repair(grids, gap_width_m=0.0)
    assert repair.report.facts["overlap_m2"] == 0.0
    assert repair.report.facts["hole_m2"] == pytest.approx(4455, rel=0.01)
