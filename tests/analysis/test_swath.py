"""Swaths: the shares are those of GEOS, streets are exact, and blind spots are what neither patrol nor camera sees."""

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from builders import CELL, tiling

from gridmap import crs
from gridmap.analysis.street_lengths import street_metres
from gridmap.analysis.swath import blind_spots, segments_of_fixes, swath_coverage
from gridmap.analysis.swath_again import changed_segments, swath_again, touched_grids
from gridmap.analysis.tracks import Fixes
from gridmap.domain.patrols import packaged_patrol_rules
from gridmap.errors import ColumnError, InvalidInput

START = datetime(2026, 5, 1, 8, tzinfo=UTC)
X0, Y0 = 120.0, 36.0
PLAN = "AAB\nCDB\nCEE"


def walk(units: int, n: int, seed: int, side: float = 3.0) -> Fixes:
    rng = np.random.default_rng(seed)
    xy = rng.uniform(-0.3, side + 0.3, (units, 1, 2)) + np.cumsum(rng.normal(0, 0.12, (units, n, 2)), axis=1)
    xy = np.array([X0, Y0]) + xy.reshape(-1, 2) * CELL
    at = pd.DatetimeIndex([START + timedelta(seconds=60 * (i % n)) for i in range(units * n)])
    return Fixes.of(np.repeat([f"u{k}" for k in range(units)], n), at, xy[:, 0], xy[:, 1])


def by_geos(grids: gpd.GeoDataFrame, segments: np.ndarray, reach_m: float) -> np.ndarray:
    shapes = crs.to_metric(grids.geometry.array, crs.metric_epsg_of(grids.geometry.array))
    wide = shapely.union_all(shapely.buffer(shapely.linestrings(segments.reshape(-1, 2, 2)), reach_m, quad_segs=64))
    return shapely.area(shapely.intersection(shapes, wide)) / shapely.area(shapes)


@pytest.mark.parametrize(("seed", "reach_m"), [(1, 5.0), (2, 20.0), (3, 60.0)])
def test_shares_are_those_of_geos(seed: int, reach_m: float) -> None:
    grids = tiling(PLAN)
    fixes = walk(3, 40, seed)
    segments = segments_of_fixes(fixes, crs.metric_epsg_of(grids.geometry.array))
    assert len(segments) > 80
    table = swath_coverage(grids, fixes, reach_m=reach_m)
    expected = by_geos(grids, segments, reach_m)
    assert 0.02 < expected.mean() < 0.98
    assert table["share"].to_numpy() == pytest.approx(expected, abs=0.01)
    assert table["seen_m2"].to_numpy() == pytest.approx(table["share"] * table["area_m2"])
    again = swath_coverage(grids, fixes, reach_m=reach_m, threads=1)
    pd.testing.assert_frame_equal(table, again)


def test_holes_and_parts_are_measured_as_they_are() -> None:
    # A goes all round B and lies in the south too, which it does not touch
    grids = tiling("AAA\nABA\nAAA\n...\nA..")
    ways = shapely.linestrings([[[X0 + 1.5 * CELL, Y0 + 2.0 * CELL], [X0 + 1.5 * CELL, Y0 + 5.0 * CELL]]])
    epsg = crs.metric_epsg_of(grids.geometry.array)
    segments = shapely.get_coordinates(crs.to_metric(ways, epsg)).reshape(1, 4)
    found = swath_coverage(grids, ways, reach_m=25.0)["share"].to_numpy()
    assert found == pytest.approx(by_geos(grids, segments, 25.0), abs=0.002)
    assert found[0] < found[1]


def test_all_and_nothing_are_exact() -> None:
    grids = tiling("AB")
    place = shapely.points([[X0 + CELL / 2, Y0 + CELL / 2]])
    assert swath_coverage(grids, place, reach_m=0.01)["share"].iloc[1] == 0.0
    assert swath_coverage(grids, place, reach_m=10_000.0)["share"].tolist() == [1.0, 1.0]
    assert swath_coverage(grids, np.zeros(0, dtype=object))["share"].tolist() == [0.0, 0.0]


def test_a_point_sees_a_circle_and_reach_is_to_the_metre() -> None:
    grids = tiling("AAA\nAAA\nAAA")
    place = shapely.points([[X0 + 1.5 * CELL, Y0 + 1.5 * CELL]])
    for reach in (10.0, 30.0):
        seen = swath_coverage(grids, place, reach_m=reach).attrs["summary"]["seen_m2"]
        assert seen == pytest.approx(np.pi * reach**2, rel=0.002)


def test_silences_are_no_way() -> None:
    grids = tiling("ABC")
    at = pd.DatetimeIndex([START, START + timedelta(seconds=301)])
    x = np.array([X0 + 0.5 * CELL, X0 + 2.5 * CELL])
    fixes = Fixes.of(["u", "u"], at, x, np.full(2, Y0 + CELL / 2))
    share = swath_coverage(grids, fixes, reach_m=5.0)["share"]
    assert share[1] == 0.0
    assert share[0] == pytest.approx(share[2], rel=0.01)
    assert share[0] > 0.0


def streets() -> gpd.GeoDataFrame:
    east = shapely.LineString([(X0 - CELL, Y0 + 0.5 * CELL), (X0 + 3 * CELL, Y0 + 0.5 * CELL)])
    border = shapely.LineString([(X0 + CELL, Y0), (X0 + CELL, Y0 + CELL)])
    return gpd.GeoDataFrame(geometry=[east, border], crs=4326)


def test_streets_are_cut_at_borders_and_seen_exactly() -> None:
    grids = tiling("AB.C")
    way = shapely.linestrings([[[X0 + 0.5 * CELL, Y0 + 0.5 * CELL], [X0 + 1.25 * CELL, Y0 + 0.5 * CELL]]])
    table = swath_coverage(grids, way, reach_m=20.0, streets=streets()).set_index("code")
    epsg = crs.metric_epsg_of(grids.geometry.array)
    east, border = shapely.length(crs.to_metric(np.asarray(streets().geometry.array), epsg))
    # the street along the border is that of A
    assert table["street_m"].to_dict() == pytest.approx({"A": east / 4 + border, "B": east / 4, "C": 0.0})
    assert street_metres(grids, streets()).tolist() == pytest.approx(table["street_m"].tolist())
    assert street_metres(grids, None).tolist() == street_metres(grids, streets().iloc[:0]).tolist() == [0.0] * 3
    # on the level street: half of A and 20 m more, a quarter of B and 20 m more; on the border 20 m up and down
    assert table.loc["A", "street_seen_m"] == pytest.approx(east / 8 + 20.0 + 40.0, abs=0.05)
    assert table.loc["B", "street_seen_m"] == pytest.approx(east / 16 + 20.0, abs=0.05)
    assert np.isnan(table.loc["C", "street_share"])
    assert table["street_share"].dropna().between(0, 1).all()


def test_blind_is_what_neither_a_patrol_nor_a_camera_sees() -> None:
    grids = tiling("ABCD")
    cameras = gpd.GeoDataFrame(geometry=[shapely.Point(X0 + 1.5 * CELL, Y0 + 0.5 * CELL)], crs=4326)
    table = blind_spots(grids, ["A"], cameras, camera_reach_m=60.0).set_index("code")
    assert table["blind"].to_dict() == {"A": False, "B": False, "C": True, "D": True}
    assert table["watched"].to_dict() == {"A": "patrol", "B": "camera", "C": "blind", "D": "blind"}
    assert table.loc["B", "camera_share"] > 0.9
    none = blind_spots(grids, ["A"], cameras.iloc[:0], camera_reach_m=60.0)
    assert none["blind"].tolist() == [False, True, True, True]
    assert none.attrs["summary"] == {"patrol": 1, "camera": 0, "blind": 3}


def test_what_cannot_be_measured_is_refused() -> None:
    grids, nothing = tiling("AB"), np.zeros(0, dtype=object)
    for reach in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidInput):
            swath_coverage(grids, nothing, reach_m=reach)
    with pytest.raises(ColumnError):
        swath_coverage(grids.assign(code="A"), nothing)
    assert len(swath_coverage(grids.iloc[:0], nothing)) == 0


def test_after_ways_came_and_went_only_the_grids_near_them_are_measured_again() -> None:
    grids = tiling("ABCDE\nFGHIJ\nKLMNO\nPQRST\nUVWXY")
    epsg = crs.metric_epsg_of(grids.geometry.array)
    rules = packaged_patrol_rules()
    streets = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(X0 + k * CELL, Y0), (X0 + (k + 0.4) * CELL, Y0 + 5 * CELL)]) for k in range(5)],
        crs=crs.WGS84,
    )
    kept, old, new = (segments_of_fixes(walk(units, 30, seed, side), epsg) for units, seed, side in ((3, 4, 5.0), (1, 5, 1.0), (1, 6, 1.0)))  # fmt: skip  # noqa: E501
    before, after = [kept, old], [kept, np.concatenate([new, old[: len(old) // 2]])]
    first = swath_coverage(grids, np.concatenate(before), streets=streets, rules=rules)
    wanted = swath_coverage(grids, np.concatenate(after), streets=streets, rules=rules)
    changed = changed_segments(before, after)
    assert len(changed) == len(old) - len(old) // 2 + len(new)
    shapes = crs.to_metric(grids.geometry.array, epsg)
    touched = touched_grids(shapes, changed, rules.reach_m)
    assert 0 < touched.sum() < 10
    found = swath_again(grids, first, before, after, streets=streets, rules=rules)
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-9)
    assert found.attrs["summary"] == pytest.approx(wanted.attrs["summary"], rel=1e-9)
    assert not np.allclose(first["share"], wanted["share"])
    # what is not near is not looked at: a mark that was put there stays, and one near is gone
    marked = first.assign(share=-1.0)
    again = swath_again(grids, marked, before, after, streets=streets, rules=rules)["share"].to_numpy()
    assert ((again == -1.0) == ~touched).all()
    pd.testing.assert_frame_equal(swath_again(grids, first, before, list(before), streets=streets, rules=rules), first)
    # ways that change nearly everything are measured as a whole
    everywhere = segments_of_fixes(walk(9, 60, 7, 5.0), epsg)
    pd.testing.assert_frame_equal(
        swath_again(grids, marked, before, [everywhere], rules=rules), swath_coverage(grids, everywhere, rules=rules)
    )
