"""The repair on small maps."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from builders import CELL, tiling

from gridmap import crs
from gridmap.analysis.repair import propose_repair


def cells(x: float, y: float, w: float, h: float) -> shapely.Polygon:
    """A rectangle in cells from the origin of ``tiling``."""
    return shapely.box(120 + x * CELL, 36 + y * CELL, 120 + (x + w) * CELL, 36 + (y + h) * CELL)


def reshaped(grids: gpd.GeoDataFrame, code: str, shape: shapely.Polygon | None) -> gpd.GeoDataFrame:
    geometry = grids.geometry.to_numpy().copy()
    geometry[grids.code == code] = shape
    return grids.set_geometry(gpd.GeoSeries(geometry, index=grids.index, crs=grids.crs))


def wkb(grids: gpd.GeoDataFrame) -> list[bytes | None]:
    return list(shapely.to_wkb(grids.geometry.to_numpy()))


def test_a_clean_tiling_comes_back_bit_for_bit() -> None:
    grids = tiling("AAB\nCDB\nCDE")
    repair = propose_repair(grids)
    assert wkb(repair.frame) == wkb(grids)
    assert repair.largest == ("", 0.0)
    assert (repair.moved[["change_m2", "gained_m2", "lost_m2"]] == 0).all(axis=None)


def test_rows_order_index_and_columns_stay_and_the_input_is_not_changed() -> None:
    grids = reshaped(tiling("AB\nAB"), "A", cells(0, 0, 1.25, 2)).iloc[::-1]
    grids.index = [7, 7]
    came = wkb(grids)
    repair = propose_repair(grids)
    assert wkb(grids) == came
    assert repair.frame.index.tolist() == [7, 7]
    assert repair.frame.columns.tolist() == grids.columns.tolist()
    assert repair.frame.code.tolist() == repair.moved.code.tolist() == ["B", "A"]


def test_overlap_is_given_to_one_and_the_account_balances() -> None:
    grids = reshaped(tiling("AB\nAB"), "A", cells(0, 0, 1.25, 2))
    repair = propose_repair(grids)
    ground = float(crs.area_m2(np.array([cells(1, 0, 0.25, 2)]))[0])
    assert len(repair.report) == 0
    assert repair.largest[1] == pytest.approx(ground, rel=1e-4)
    assert repair.moved.lost_m2.sum() == pytest.approx(ground, rel=1e-4)
    assert repair.moved.gained_m2.sum() == pytest.approx(0.0, abs=1e-3)


def test_untouched_vertices_keep_their_digits() -> None:
    grids = reshaped(tiling("ABCD\nABCD"), "A", cells(0, 0, 1.25, 2))
    repair = propose_repair(grids)
    assert wkb(repair.frame)[2:] == wkb(grids)[2:]
    known = {tuple(c) for c in shapely.get_coordinates(grids.geometry.to_numpy()).tolist()}
    mended = {tuple(c) for c in shapely.get_coordinates(repair.frame.geometry.to_numpy()).tolist()}
    assert mended <= known


@pytest.mark.parametrize(("width", "closed"), [(2.0, True), (0.5, False)])
def test_hole_is_closed_only_up_to_the_width(width: float, closed: bool) -> None:
    grids = reshaped(tiling("AAA\nBCD\nEEE"), "C", cells(1.01, 1, 0.99, 1))  # 0.9 m
    repair = propose_repair(grids, gap_width_m=width)
    assert (len(repair.report.of("hole")) == 0) is closed


def test_wide_hole_stays_open_by_default_and_is_reported() -> None:
    grids = tiling("AAB\nC.B\nCDD")
    repair = propose_repair(grids)
    assert wkb(repair.frame) == wkb(grids)
    assert len(repair.report.of("hole")) == 1


def test_grid_that_vanishes_is_an_error() -> None:
    double = reshaped(tiling("AB"), "B", tiling("AB").geometry.iloc[0])
    repair = propose_repair(double)
    (gone,) = repair.report.of("vanished")
    assert gone.codes == tuple(repair.frame.code[repair.frame.geometry.is_empty])
    assert not repair.report.of("empty_geometry", "overlap", "duplicate_geometry")


def test_rows_without_a_polygon_are_left_alone() -> None:
    grids = reshaped(tiling("ABC"), "A", None)
    repair = propose_repair(grids)
    assert repair.frame.geometry.iloc[0] is None
    assert repair.report.of("empty_geometry")
    assert repair.moved.code.tolist() == ["B", "C"]


def test_bow_tie_is_made_valid() -> None:
    bow = shapely.Polygon([(120, 36), (120 + CELL, 36 + CELL), (120 + CELL, 36), (120, 36 + CELL)])
    repair = propose_repair(reshaped(tiling("AB"), "A", bow))
    assert repair.frame.geometry.is_valid.all()
    assert not repair.report.of("invalid_ring")


def test_a_frame_without_grids_is_returned() -> None:
    repair = propose_repair(tiling("A").iloc[:0])
    assert len(repair.frame) == 0
    assert repair.largest == ("", 0.0)
