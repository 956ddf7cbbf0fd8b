"""Tiles of tilings: near their source, edge to edge with each other, and without a hole at any scale."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from builders import rotate_rings, shuffle_rows, tiling
from hypothesis import given, settings
from strategies import tilings
from tile_judge import (
    HALF_PIXEL,
    edges_of,
    features_of,
    holes_between,
    inner,
    lone_edges,
    require_near_source,
    shapes_of,
    source_in,
    tiles_over,
)

from gridmap.tiles.columns import Columns, columns_of
from gridmap.tiles.kernels import POLYGON
from gridmap.tiles.matrix import CGCS2000, WEB_MERCATOR
from gridmap.tiles.mvt import EXTENT, write_layer
from gridmap.tiles.pyramid import Pyramid

ZOOMS = (4, 9, 11, 13, 14, 16, 18)


def _columns(grids: gpd.GeoDataFrame) -> Columns:
    return columns_of(grids["code"].tolist(), {"code": grids["code"]})


def _shapes(grids: gpd.GeoDataFrame) -> np.ndarray:
    return np.asarray(grids.geometry.array)


def _check(grids: gpd.GeoDataFrame, zooms: tuple[int, ...], *, most: int = 3) -> int:
    pyramid, columns, compared = Pyramid([_shapes(grids)], WEB_MERCATOR), _columns(grids), 0
    for z in zooms:
        for tile in tiles_over(grids, z, most=most):
            shapes = shapes_of(pyramid.layer("grids", 0, columns, *tile))
            source = source_in(grids, tile)
            compared += require_near_source(shapes, source)
            assert holes_between(shapes.values(), source.values()).area == 0
            assert lone_edges(shapes.values(), source.values()) == []
    return compared


@given(tilings())
@settings(max_examples=25)
def test_tiles_lie_within_half_a_pixel_of_their_source_and_leave_no_hole(grids: gpd.GeoDataFrame) -> None:
    _check(grids, ZOOMS)


@pytest.mark.slow
@given(tilings(largest=12))
@settings(max_examples=400)
def test_tiles_of_many_tilings_leave_no_hole(grids: gpd.GeoDataFrame) -> None:
    _check(grids, tuple(range(3, 19)), most=6)


def _bent(rows: int = 12) -> gpd.GeoDataFrame:
    """Give squares whose borders are waves of many vertices, the same for both neighbours."""
    grids = tiling("\n".join("".join(chr(97 + (r * rows + c) % 26) for c in range(rows)) for r in range(rows)))
    grids = grids.explode(ignore_index=True)
    grids["code"] = [f"{n:03d}" for n in range(len(grids))]
    fine = shapely.segmentize(_shapes(grids), 2.0**-15)

    def wave(xy: np.ndarray) -> np.ndarray:
        return xy + 2.0**-14 * np.column_stack([np.sin(xy[:, 1] * 9_000), np.cos(xy[:, 0] * 11_000)])

    return grids.set_geometry(shapely.transform(fine, wave))


def test_borders_of_many_vertices_are_simplified_together() -> None:
    grids = _bent()
    before = shapely.get_num_coordinates(_shapes(grids)).sum()
    pyramid = Pyramid([_shapes(grids)], WEB_MERCATOR)
    assert len(pyramid.scale(12).x) < before / 4
    assert _check(grids, ZOOMS) > 100


def test_the_judge_finds_the_holes_of_shapes_simplified_one_by_one() -> None:
    """The negative control: what everybody does without a net."""
    grids = _bent()
    tile = tiles_over(grids, 13, most=1)[0]
    source = source_in(grids, tile)
    alone = [shapely.simplify(shape, 30.0) for shape in source.values()]
    assert holes_between(alone, source.values()).area > 0
    with pytest.raises(AssertionError):
        require_near_source(dict(zip(source, alone, strict=True)), source)


def test_the_judge_finds_a_border_that_is_not_shared() -> None:
    grids = tiling("AB")
    tile = tiles_over(grids, 15, most=1)[0]
    a, b = (shapely.set_precision(s, 1.0) for s in source_in(grids, tile).values())
    assert lone_edges([a, b], [a, b]) == []
    moved = shapely.transform(b, lambda xy: np.where(xy == xy[:, :1].min(), xy + 1, xy))
    assert lone_edges([a, moved], [a, b]) != []


def test_neither_the_order_of_rows_nor_the_start_of_rings_changes_a_shape() -> None:
    grids = _bent(5)
    others = [grids, shuffle_rows(grids, 3), rotate_rings(grids, 4)]
    tile = tiles_over(grids, 12, most=1)[0]
    found = [shapes_of(Pyramid([_shapes(g)], WEB_MERCATOR).layer("grids", 0, _columns(g), *tile)) for g in others]
    for code, shape in found[0].items():
        assert all(shapely.equals_exact(shape.normalize(), other[code].normalize()) for other in found)


def test_levels_share_the_borders_that_they_have_in_common() -> None:
    grids = _bent(6)
    halves = [shapely.union_all(_shapes(grids)[:18]), shapely.union_all(_shapes(grids)[18:])]
    streets = gpd.GeoDataFrame({"code": ["S", "T"]}, geometry=halves, crs=grids.crs)
    pyramid = Pyramid([_shapes(grids), _shapes(streets)], WEB_MERCATOR)
    for z in (11, 12, 13):
        tile = tiles_over(grids, z, most=1)[0]
        fine = shapes_of(pyramid.layer("grids", 0, _columns(grids), *tile))
        coarse = shapes_of(pyramid.layer("streets", 1, _columns(streets), *tile), "streets")
        assert set(coarse) == {"S", "T"}
        whole = {
            frozenset(edge) for edge in edges_of(coarse["S"]) if all(0 < v < EXTENT for place in edge for v in place)
        }
        assert whole
        assert whole <= {frozenset(edge) for shape in fine.values() for edge in edges_of(shape)}


def test_a_corner_on_a_neighbours_straight_edge_becomes_a_vertex_of_both() -> None:
    lower = shapely.box(120.0, 36.0, 120.02, 36.01)
    left, right = shapely.box(120.0, 36.01, 120.0071, 36.02), shapely.box(120.0071, 36.01, 120.02, 36.02)
    grids = gpd.GeoDataFrame({"code": ["A", "B", "C"]}, geometry=[lower, left, right], crs=4326)
    # the edge is straight in degrees of latitude, so a neighbour's corner on it would stay on it: turn it
    whole = shapely.affinity.rotate(shapely.GeometryCollection(list(grids.geometry)), 17, (120, 36))
    turned = grids.set_geometry(list(whole.geoms))
    for z in ZOOMS:
        for tile in tiles_over(turned, z, most=4):
            shapes = shapes_of(Pyramid([_shapes(turned)], WEB_MERCATOR).layer("grids", 0, _columns(turned), *tile))
            assert lone_edges(shapes.values(), source_in(turned, tile).values()) == []


def test_an_enclave_and_its_surroundings_vanish_and_stay_together() -> None:
    grids = tiling("AAAAA\nAAAAA\nAABAA\nAAAAA\nAAAAA", cell=2.0**-12)
    seen = {}
    for z in range(4, 19):
        tile = tiles_over(grids, z, most=1)[0]
        shapes = shapes_of(Pyramid([_shapes(grids)], WEB_MERCATOR).layer("grids", 0, _columns(grids), *tile))
        if "A" in shapes and shapes["A"].interiors:
            assert "B" in shapes
        seen[z] = set(shapes)
    assert seen[4] == set()
    assert seen[13] == {"A", "B"}


def test_a_grid_that_holds_the_whole_tile_is_its_square() -> None:
    grids = gpd.GeoDataFrame({"code": ["A"]}, geometry=[shapely.box(119, 35, 121, 37)], crs=4326)
    tile = tiles_over(gpd.GeoDataFrame(geometry=[shapely.Point(120, 36)], crs=4326), 14, most=1)[0]
    shape = shapes_of(Pyramid([_shapes(grids)], WEB_MERCATOR).layer("grids", 0, _columns(grids), *tile))["A"]
    assert shape.equals(shapely.box(-64, -64, EXTENT + 64, EXTENT + 64))


def test_nothing_is_written_of_what_lies_beyond_a_tile() -> None:
    grids = tiling("AB")
    z, row, column = tiles_over(grids, 14, most=1)[0]
    pyramid = Pyramid([_shapes(grids)], WEB_MERCATOR)
    assert pyramid.layer("grids", 0, _columns(grids), z, row + 3, column) == b""
    empty = Pyramid([np.empty(0, dtype=object)], WEB_MERCATOR)
    assert empty.layer("grids", 0, columns_of([], {"code": []}), 3, 2, 1) == b""


def test_neighbouring_tiles_agree_along_the_line_between_them() -> None:
    grids = _bent()
    pyramid, columns = Pyramid([_shapes(grids)], WEB_MERCATOR), _columns(grids)
    tiles = tiles_over(grids, 15, most=999)
    known = {t: shapes_of(pyramid.layer("grids", 0, columns, *t)) for t in tiles}
    compared = 0
    for z, row, column in tiles:
        east = known.get((z, row, column + 1))
        if east is None:
            continue
        for code, shape in known[z, row, column].items():
            seam = shapely.intersection(shape, shapely.LineString([(EXTENT, 0), (EXTENT, EXTENT)]))
            if code in east and seam.length > 0:
                other = shapely.intersection(east[code], shapely.LineString([(0, 0), (0, EXTENT)]))
                assert abs(seam.bounds[1] - other.bounds[1]) <= 1
                assert abs(seam.bounds[3] - other.bounds[3]) <= 1
                compared += 1
    assert compared


def test_tiles_in_cgcs2000_lie_where_their_definition_says() -> None:
    grids = tiling("AB\nCB", cell=2.0**-8)
    z = 12
    matrix = CGCS2000.definition()["tileMatrices"][z - 1]
    assert (matrix["id"], matrix["pointOfOrigin"]) == ("12", [90.0, -180.0])
    size = matrix["cellSize"] * matrix["tileWidth"]
    west, south, east, north = grids.total_bounds
    row, column = int((90 - north) // size), int((west + 180) // size)
    pyramid = Pyramid([_shapes(grids)], CGCS2000)
    parts: dict[str, list[shapely.Geometry]] = {code: [] for code in "ABC"}
    for r in range(row, int((90 - south) // size) + 1):
        for c in range(column, int((east + 180) // size) + 1):
            for code, shape in shapes_of(pyramid.layer("grids", 0, _columns(grids), z, r, c)).items():
                to = (size / EXTENT, 0, 0, -size / EXTENT, c * size - 180, 90 - r * size)
                parts[code].append(shapely.affinity.affine_transform(shapely.intersection(shape, inner()), to))
    for code, true in zip(grids["code"], grids.geometry, strict=True):
        drawn = shapely.union_all(parts[code])
        assert shapely.hausdorff_distance(drawn, true) <= HALF_PIXEL / EXTENT * size


def test_the_standard_set_is_numbered_as_its_registry_says() -> None:
    last = WEB_MERCATOR.definition()["tileMatrices"][18]
    assert last["scaleDenominator"] == pytest.approx(2132.72958385)
    assert last["pointOfOrigin"] == [pytest.approx(-20037508.3427892), pytest.approx(20037508.3427892)]
    assert (last["matrixWidth"], last["matrixHeight"]) == (262144, 262144)
    first = CGCS2000.definition()["tileMatrices"][0]
    assert (first["matrixWidth"], first["matrixHeight"]) == (2, 1)
    assert first["scaleDenominator"] == pytest.approx(2.79541132014359e8)


def test_values_keep_their_types() -> None:
    said = {
        "text": ["网格", None],
        "whole": [7, -8],
        "far": [2**40, -(2**40)],
        "part": [0.25, float("nan")],
        "yes": [True, False],
    }
    columns = columns_of(["370203001001001", "A"], said)
    each = np.arange(3) * 4
    square = np.array([0, 10, 10, 0] * 2), np.array([0, 0, 10, 10] * 2)
    body = write_layer("t", POLYGON, columns, np.arange(2), *square, each, np.arange(3))
    one, two = (f["properties"] for f in features_of(body, "t"))
    assert one == {"text": "网格", "whole": 7, "far": 2**40, "part": 0.25, "yes": True}
    assert two == {"whole": -8, "far": -(2**40), "yes": False}
    assert next(f["id"] for f in features_of(body, "t")) == 370203001001001
