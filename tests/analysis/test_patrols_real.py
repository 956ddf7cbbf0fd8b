"""Real tracks of vehicles: the buses of Liverpool, read as a file of fixes, cleaned, split over squares and drawn."""

from datetime import timedelta
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from gridmap.analysis.cleaning import clean_fixes
from gridmap.analysis.lattice import square_lattice
from gridmap.analysis.patrol_figures import PatrolWays, hours_of, patrol_figures, patrol_swath, patrol_ways
from gridmap.crs import WGS84, frame_to_wgs84
from gridmap.maps import patrol_pages

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def buses(shared_data: Path) -> gpd.GeoDataFrame:
    """The vehicles, as the import reads them: column of units, times in the zone of the place."""
    rows = pd.read_csv(shared_data / "liverpool_bus_gps.csv", dtype={"vehicle_id": str})
    times = pd.to_datetime(rows["timestamp"]).dt.tz_localize("Europe/London").dt.tz_convert("UTC")
    return gpd.GeoDataFrame(
        {"unit_id": rows["vehicle_id"], "fixed_at": times},
        geometry=gpd.points_from_xy(rows["longitude"], rows["latitude"]),
        crs=WGS84,
    )


@pytest.fixture(scope="module")
def squares(buses: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Squares of 300 m around the line."""
    x0, y0, x1, y1 = (float(v) for v in buses.total_bounds)
    cells = square_lattice((x0 - 0.002, y0 - 0.002, x1 + 0.002, y1 + 0.002), 300.0)
    return frame_to_wgs84(gpd.GeoDataFrame({"code": cells["cell"], "name": ""}, geometry=cells.geometry, crs=cells.crs))


@pytest.fixture(scope="module")
def ways(buses: gpd.GeoDataFrame, squares: gpd.GeoDataFrame) -> PatrolWays:
    return patrol_ways(squares, buses, zone="Europe/London")


def test_what_is_known_of_each_fix(buses: gpd.GeoDataFrame) -> None:
    judged = clean_fixes(buses)
    summary, gaps = judged.attrs["summary"], judged.attrs["cleaned"].gaps
    assert (summary.fixes, summary.units) == (1533, 8)
    # receivers of a public fleet: nothing is impossible, but every stop trembles
    assert {word: n for word, n in summary.verdicts.items() if n} == {"jitter": 111, "kept": 1422}
    assert (summary.stops, summary.stop_seconds) == (19, 3466.0)
    # the way back is not in the file: each vehicle is silent once, and comes back at the other end of its line
    assert gaps["unit_id"].nunique() == len(gaps) == 8
    assert gaps["seconds"].between(1800, 3200).all()
    assert gaps["length_m"].between(4900, 8600).all()


def test_the_whole_way_is_in_the_squares(squares: gpd.GeoDataFrame, ways: PatrolWays, buses: gpd.GeoDataFrame) -> None:
    judged = clean_fixes(buses).attrs["summary"]
    effort = ways.effort
    assert effort.attrs["elsewhere"] == {"minutes": 0.0, "km": 0.0}
    first, last = buses.groupby("unit_id")["fixed_at"].min(), buses.groupby("unit_id")["fixed_at"].max()
    on_the_way = (last - first).dt.total_seconds().sum() - judged.gap_seconds
    assert effort["minutes"].sum() * 60 == pytest.approx(on_the_way, abs=1e-3)
    # 108.3 km as sent (tests/files/test_tracks_file.py), less what receivers trembled at stops
    assert effort["km"].sum() == pytest.approx(108.087, abs=0.001)
    assert hours_of(ways)["hours"].sum() == pytest.approx(effort["minutes"].sum() / 60)
    assert set(hours_of(ways)["weekday"]) == {0}
    assert ways.workers == 8


def test_the_map_shows_the_line_and_where_it_waits(
    squares: gpd.GeoDataFrame, ways: PatrolWays, buses: gpd.GeoDataFrame
) -> None:
    nothing = pd.DataFrame({"grid_code": [], "channel": []})
    end = buses["fixed_at"].max().to_pydatetime() + timedelta(seconds=1)
    found = patrol_figures(squares, ways, nothing, at=end, swath=patrol_swath(squares, buses))
    seen, passed = found["dwells"] > 0, (found["dwells"] == 0) & (found["visits"] > 0)
    # a bus is no patrol: it waits at six places, and drives through the rest of its line
    assert (int(seen.sum()), found.attrs["summary"]["not_seen"]) == (6, len(found) - 6)
    assert passed.sum() > 40
    drawn = patrol_pages.effort_map(
        squares, found, window=(buses["fixed_at"].min().to_pydatetime(), end), time_zone="Europe/London"
    )
    html = drawn.get_root().render()
    assert "只有路过" in html
    # ground is seen where somebody drove, and only there
    assert (found.loc[found["visits"] > 0, "area_share"] > 0).all()
    assert found["area_share"].max() < 0.5
