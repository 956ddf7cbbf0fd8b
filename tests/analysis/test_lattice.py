"""Squares over the ground of the grids."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from builders import shuffle_rows, tiling
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Recipe, build, recipes

import gridmap
from gridmap.crs import from_metric, metric_epsg_of, to_metric
from gridmap.errors import GridmapError


def metric_frame(*boxes: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    """Grids given as boxes in metres of EPSG:4549 around (500000, 4000000), that is 120 degrees east."""
    shapes = [shapely.box(500_000 + a, 4_000_000 + b, 500_000 + c, 4_000_000 + d) for a, b, c, d in boxes]
    codes = [f"G{i}" for i in range(len(boxes))]
    return gpd.GeoDataFrame({"code": codes}, geometry=from_metric(shapes, 4549), crs="EPSG:4326")


def test_cells_cover_the_ground_and_no_cell_lies_off_it():
    lattice = gridmap.square_lattice(metric_frame((10, 10, 290, 190)), 100)
    assert lattice.crs.to_epsg() == 4549
    assert lattice.cell.tolist() == ["r000c000", "r000c001", "r000c002", "r001c000", "r001c001", "r001c002"]
    assert lattice.geometry.area.to_numpy() == pytest.approx([10_000] * 6)
    # the first cell is the north-western one
    assert lattice.geometry.iloc[0].bounds == (500_000, 4_000_100, 500_100, 4_000_200)


def test_a_cell_between_two_grids_apart_is_left_out():
    lattice = gridmap.square_lattice(metric_frame((10, 10, 90, 90), (210, 10, 290, 90)), 100)
    assert lattice.cell.tolist() == ["r000c000", "r000c002"]


def test_a_cell_counts_from_more_than_a_millimetre_of_ground_in_it():
    assert len(gridmap.square_lattice(metric_frame((0.01, 10, 100.0005, 90)), 100)) == 1
    assert len(gridmap.square_lattice(metric_frame((0.01, 10, 100.01, 90)), 100)) == 2


def test_a_grid_smaller_than_a_cell_and_off_its_centre_still_has_a_cell():
    assert len(gridmap.square_lattice(metric_frame((1, 1, 2, 2)), 250)) == 1


def test_cells_stay_where_they_are_when_the_ground_grows():
    small = gridmap.square_lattice(metric_frame((510, 510, 790, 790)), 100)
    large = gridmap.square_lattice(metric_frame((10, 10, 990, 990)), 100)
    wanted = {g.wkb for g in large.geometry}
    assert all(g.wkb in wanted for g in small.geometry)


def test_a_box_in_degrees_works_like_a_grid():
    west, south, east, north = 120.0, 36.0, 120.01, 36.01
    by_box = gridmap.square_lattice((west, south, east, north), 100)
    frame = gpd.GeoDataFrame({"code": ["A"]}, geometry=[shapely.box(west, south, east, north)], crs="EPSG:4326")
    assert by_box.geom_equals_exact(gridmap.square_lattice(frame, 100), 0).all()


@settings(max_examples=25, deadline=None)
@given(recipe=recipes().filter(lambda r: r.cell == 2.0**-10), cell_m=st.sampled_from((40.0, 90.0, 333.0)))
def test_the_cells_are_those_that_a_plain_overlay_finds(recipe: Recipe, cell_m: float):
    frame = build(recipe)
    lattice = gridmap.square_lattice(frame, cell_m)
    ground = shapely.union_all(to_metric(frame.geometry.array, metric_epsg_of(frame.geometry.array)))
    x0, y0, x1, y1 = np.array(ground.bounds) // cell_m
    wanted = 0
    found = shapely.STRtree(lattice.geometry.array)
    for i in np.arange(x0, x1 + 1):
        for j in np.arange(y0, y1 + 1):
            box = shapely.box(i * cell_m, j * cell_m, (i + 1) * cell_m, (j + 1) * cell_m)
            if shapely.intersects(shapely.buffer(box, -0.001, join_style="mitre"), ground):
                wanted += 1
                assert len(found.query(box.centroid, predicate="intersects")) == 1
    assert len(lattice) == wanted
    assert lattice.cell.is_unique
    assert lattice.cell.tolist() == sorted(lattice.cell)


def test_the_order_of_the_grids_does_not_matter():
    frame = tiling("AABB\nCCDD")
    one, two = gridmap.square_lattice(frame, 30), gridmap.square_lattice(shuffle_rows(frame, 3), 30)
    assert one.equals(two)


@pytest.mark.parametrize(
    ("frame", "cell_m", "code"),
    [
        (tiling("A"), 0, "not_positive"),
        (tiling("A"), -1, "not_positive"),
        (tiling("A"), float("nan"), "not_positive"),
        (tiling("A"), float("inf"), "not_positive"),
        (tiling("A"), 0.01, "lattice_too_large"),
        (tiling("A").iloc[:0], 100, "no_grids"),
        (tiling("A").to_crs("EPSG:4549"), 100, "crs_not_wgs84"),
        ((0.0, 0.0, 181.0, 1.0), 100, "coordinate_out_of_range"),
    ],
)
def test_a_lattice_that_cannot_be_is_refused(frame: object, cell_m: float, code: str):
    with pytest.raises(GridmapError) as caught:
        gridmap.square_lattice(frame, cell_m)
    assert caught.value.code == code
    assert caught.value.message("zh")
