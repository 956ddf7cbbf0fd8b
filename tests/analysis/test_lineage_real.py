"""Lineage on real borders: seventy-seven precincts that are not edge-matched, one of them split in two."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridmap.analysis.crosswalk import crosswalk
from gridmap.analysis.difference import difference
from gridmap.analysis.lineage import infer_lineage
from gridmap.analysis.repair import propose_repair

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def precincts(shared_data: Path) -> gpd.GeoDataFrame:
    frame = gpd.read_file(shared_data / "nyc_precincts.gpkg")
    return frame.assign(code=frame["Precinct"].astype(str))[["code", "geometry"]]


def with_one_split(precincts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give the southern half of precinct 105 to a new precinct 116."""
    whole = precincts.set_index("code").geometry["105"]
    west, south, east, north = whole.bounds
    middle = (south + north) / 2
    halves = [whole.intersection(shapely.box(west, a, east, b)) for a, b in ((middle, north), (south, middle))]
    new = gpd.GeoDataFrame({"code": ["105", "116"]}, geometry=halves, crs=precincts.crs)
    return pd.concat([precincts[precincts["code"] != "105"], new], ignore_index=True)


def test_one_precinct_is_split_and_no_other_is_touched(precincts: gpd.GeoDataFrame, shared_data: Path) -> None:
    new = with_one_split(precincts)
    table = pd.read_csv(shared_data / "nyc_shootings.csv")
    shots = gpd.GeoDataFrame(geometry=gpd.points_from_xy(table["longitude"], table["latitude"]), crs="EPSG:4326")
    diff = difference(precincts, new, shots)
    assert diff.rows.loc[diff.rows["changed"], "code"].tolist() == ["105", "116"]
    assert diff.pieces[["old_code", "new_code", "kind"]].to_numpy().tolist() == [["105", "116", "split"]]
    rows = diff.rows.set_index("code")
    assert rows.loc["105", "incidents_before"] == rows.loc[["105", "116"], "incidents_after"].sum()
    assert rows.loc["116", "incidents_after"] == diff.pieces["incidents"].iloc[0] > 0
    assert rows["incidents_before"].sum() == rows["incidents_after"].sum() == len(shots) == 967


def test_mending_hairlines_is_no_change(precincts: gpd.GeoDataFrame) -> None:
    mended = propose_repair(precincts).frame
    assert not shapely.equals_exact(precincts.geometry.to_numpy(), mended.geometry.to_numpy(), 0.0).all()
    assert set(infer_lineage(precincts, mended)["kind"]) == {"unchanged"}
    assert set(crosswalk(precincts, mended)["relation"]) == {"agree"}
