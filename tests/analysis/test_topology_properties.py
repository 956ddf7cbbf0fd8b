"""Properties of the check on random tilings, valid and damaged."""

import itertools

import geopandas as gpd
import numpy as np
import pytest
import shapely
from builders import flip_winding, rotate_rings, shuffle_rows
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.ops import split
from strategies import Recipe, build, recipes

from gridmap import crs
from gridmap.analysis.repair import propose_repair
from gridmap.analysis.topology import check_tiling

#: Fields of 100 m and less. Edges of many kilometres bend by metres in a projection; see docs/check.md.
FIELDS = recipes().filter(lambda r: r.cell < 0.01 and r.kind != "triangles")


def bent_net(rows: int, columns: int, seed: int) -> gpd.GeoDataFrame:
    """A net without holes."""
    return build(Recipe("bent", rows, columns, rows * columns, 0.0, 0.0, seed))


def t_tiling(count: int, seed: int) -> gpd.GeoDataFrame:
    """A square cut again and again by straight lines in any direction: T-junctions wherever a cut ends."""
    rng = np.random.default_rng(seed)
    shapes = [shapely.box(120.3, 36.0, 120.35, 36.05)]
    while len(shapes) < count:
        shapes.sort(key=lambda s: s.area)
        largest = shapes.pop()
        middle = shapely.get_coordinates(largest.point_on_surface())[0]
        turn = rng.uniform(0, np.pi)
        way = np.array([np.cos(turn), np.sin(turn)])
        shapes += list(split(largest, shapely.LineString([middle - way, middle + way])).geoms)
    codes = [f"{i:03}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"code": codes}, geometry=shapes, crs="EPSG:4326")


def damaged(grids: gpd.GeoDataFrame, row: int, vertex: int, by_m: tuple[float, float]) -> gpd.GeoDataFrame:
    """Move one vertex of one polygon, and of no neighbour, by metres (roughly)."""
    ring = shapely.get_coordinates(grids.geometry.iloc[row])[:-1].copy()
    ring[vertex % len(ring)] += np.array(by_m) / 111_000
    shapes = grids.geometry.to_numpy().copy()
    shapes[row] = shapely.Polygon(ring)
    return grids.set_geometry(gpd.GeoSeries(shapes, index=grids.index, crs=grids.crs))


@settings(max_examples=25, deadline=None)
@given(FIELDS)
def test_a_valid_tiling_has_no_overlap_and_only_the_holes_left_in_it(recipe: Recipe) -> None:
    grids = build(recipe)
    found = check_tiling(grids)
    assert {f.rule for f in found} <= {"hole", "sliver", "multipart", "enclave"}
    assert found.facts["overlap_m2"] == 0.0
    degrees = shapely.coverage_union_all(grids.geometry.to_numpy())
    rings = sum(len(part.interiors) for part in shapely.get_parts([degrees]))
    # ground enclosed by corners alone is a hole too, and no ring of the union
    assert found.facts["holes"] >= rings
    if recipe.empty == 0.0 and recipe.kind != "voronoi":
        assert found.facts["holes"] == 0


@settings(max_examples=12, deadline=None)
@given(st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_a_corner_on_a_straight_border_is_no_fault(count: int, seed: int) -> None:
    grids = t_tiling(count, seed)
    assert len(check_tiling(grids)) == 0
    repair = propose_repair(grids)
    assert (shapely.to_wkb(repair.frame.geometry.values) == shapely.to_wkb(grids.geometry.values)).all()


offsets = st.floats(-25.0, 25.0).filter(lambda m: abs(m) > 0.5)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 4), st.integers(2, 4), st.integers(0, 2**32 - 1), st.data())
def test_one_moved_vertex_is_found_with_the_right_area(rows: int, columns: int, seed: int, data: st.DataObject) -> None:
    grids = bent_net(rows, columns, seed)
    row = data.draw(st.integers(0, len(grids) - 1))
    broken = damaged(grids, row, data.draw(st.integers(0, 3)), (data.draw(offsets), data.draw(offsets)))
    if not broken.geometry.is_valid.all():
        return
    found = check_tiling(broken, sliver_width_m=0.0, sliver_area_m2=0.0)
    metric = crs.to_metric(broken.geometry.to_numpy(), found.facts["epsg"])
    # every pair, one by one, and the union, one by one: no index, no edge matching
    pairs = {
        tuple(sorted((broken.code[i], broken.code[j]))): metric[i].intersection(metric[j]).area
        for i, j in itertools.combinations(range(len(metric)), 2)
    }
    reported = {f.codes: f.measure for f in found.of("overlap")}
    assert reported == pytest.approx({k: v for k, v in pairs.items() if v > 1e-6}, rel=1e-6, abs=1e-9)
    union = metric[0]
    for shape in metric[1:]:
        union = union.union(shape)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts([shapely.node(union.boundary)])))
    holes = [face.area for face in faces if face.difference(union).area > 1e-6]
    assert sorted(f.measure for f in found.of("hole")) == pytest.approx(sorted(holes), rel=1e-6)
    assert found.facts["area_m2"] == pytest.approx(union.area, abs=0.01)


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 4), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_the_report_does_not_depend_on_the_way_the_data_are_written(size: int, seed: int, order: int) -> None:
    grids = damaged(bent_net(size, size, seed), 1, 2, (11.0, -7.0))
    expected = check_tiling(grids).to_json()
    for same in (shuffle_rows(grids, order), rotate_rings(grids, 1 + order % 3), flip_winding(grids)):
        assert check_tiling(same).to_json() == expected


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 4), st.integers(2, 4), st.integers(0, 2**32 - 1), st.data())
def test_a_repair_gives_a_clean_tiling_of_the_same_ground(
    rows: int, columns: int, seed: int, data: st.DataObject
) -> None:
    grids = bent_net(rows, columns, seed)
    row = data.draw(st.integers(0, len(grids) - 1))
    broken = damaged(grids, row, data.draw(st.integers(0, 3)), (data.draw(offsets), data.draw(offsets)))
    if not broken.geometry.is_valid.all():
        return
    before = check_tiling(broken)
    repair = propose_repair(broken, gap_width_m=100.0)
    assert not repair.report.of("overlap", "hole", "sliver", "vanished", "invalid_ring")
    ground = before.facts["area_m2"] + before.facts["hole_m2"]
    assert repair.report.facts["area_m2"] == pytest.approx(ground, abs=0.05)
    assert repair.moved["change_m2"].sum() == pytest.approx(
        repair.moved["gained_m2"].sum() - repair.moved["lost_m2"].sum(), abs=1e-3
    )
    again = propose_repair(repair.frame, gap_width_m=100.0)
    assert again.largest == ("", 0.0)
    assert (shapely.to_wkb(again.frame.geometry.values) == shapely.to_wkb(repair.frame.geometry.values)).all()


def test_more_than_two_grids_on_one_ground_are_counted_once() -> None:
    square = shapely.box(120.0, 36.0, 120.001, 36.001)
    shapes = [square, shapely.box(120.0, 36.0, 120.001, 36.002), shapely.box(120.0, 36.0, 120.002, 36.001)]
    found = check_tiling(gpd.GeoDataFrame({"code": list("ABC")}, geometry=shapes, crs="EPSG:4326"))
    assert [f.codes for f in found.of("overlap")] == [("A", "B"), ("A", "C"), ("B", "C")]
    one = float(crs.area_m2(np.array([square]))[0])
    assert found.facts["overlap_m2"] == pytest.approx(one, rel=1e-3)
    assert sum(f.measure or 0 for f in found.of("overlap")) == pytest.approx(3 * one, rel=1e-3)
