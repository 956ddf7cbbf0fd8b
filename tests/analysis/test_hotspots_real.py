"""Shootings of New York in 2019 by precinct: what Gi*, a forecast and the profile say of real records."""

from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from gridmap import forecast, getis_ord, month_profile, neighbours_of, say_forecast, say_hotspots, say_places
from gridmap.analysis.neighbours import Neighbours

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def city(shared_data: Path) -> tuple[gpd.GeoDataFrame, pd.DataFrame, Neighbours]:
    precincts = gpd.read_file(shared_data / "nyc_precincts.gpkg")
    rows = pd.read_csv(shared_data / "nyc_shootings.csv")
    points = gpd.GeoDataFrame(rows, geometry=gpd.points_from_xy(rows["longitude"], rows["latitude"]), crs=4326)
    joined = points.sjoin(precincts[["Precinct", "geometry"]], predicate="within")
    # precincts were digitised apart: borders that are one lie up to some metres from each other
    return precincts, joined, neighbours_of(precincts.geometry.array, gap_m=50)


def test_shootings_gather_in_brownsville_and_miss_midtown(city: tuple) -> None:
    precincts, shootings, beside = city
    counts = precincts["Precinct"].map(shootings["Precinct"].value_counts()).fillna(0).to_numpy()
    assert counts.sum() == 967
    found = getis_ord(counts, beside, side="both").set_index(precincts["Precinct"])
    assert found.index[found["judged"] == "hot"].tolist() == [73]
    assert found.index[found["judged"] == "cold"].tolist() == [18]
    assert found["more"][73] > 150
    said = say_places(getis_ord(counts, beside, side="both"))[precincts["Precinct"].tolist().index(73)]
    assert said.text("en") == "161 more than expected here and next to it, very unlikely by chance."
    assert say_hotspots(getis_ord(counts, beside, side="both"))[0].key == "found_both"


def test_months_of_shootings_are_foreseen_better_than_chance(city: tuple) -> None:
    precincts, shootings, _ = city
    month = pd.to_datetime(shootings["occur_date"]).dt.month.to_numpy() - 1
    row = shootings["Precinct"].map({p: i for i, p in enumerate(precincts["Precinct"])}).to_numpy()
    counts = np.zeros((77, 12))
    np.add.at(counts, (row, month), 1)
    metric = precincts.to_crs(32618).geometry
    found = forecast(counts, metric.centroid.x, metric.centroid.y, metric.area / 1e6, bandwidth_m=4_000, area_share=0.1)
    scores = found.scores.set_index("method")
    assert 1.5 < scores.loc["followed", "pai"] < scores.loc["followed", "best_pai"]
    assert "forecast_no_better" not in [one.key for one in say_forecast(found)]


def test_one_year_is_no_season(city: tuple) -> None:
    at = pd.to_datetime(city[1]["occur_date"]).dt.tz_localize("America/New_York")
    kind = pd.Series("shooting", index=at.index)
    found = month_profile(at, kind, start=date(2019, 1, 1), end=date(2020, 1, 1), time_zone="America/New_York")
    assert found["count"].sum() == 967
    assert found["years"].max() == 1
