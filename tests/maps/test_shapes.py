"""What is drawn: simplified together, packed without loss, labelled inside."""

import city
import geopandas as gpd
import numpy as np
import pytest
import shapely

from gridmap import crs
from gridmap.maps.colours import SEQUENCE, quantile_classes, tint_neighbours
from gridmap.maps.geometry import Drawing, dissolve, origin_of, pack, simplify


@pytest.fixture(scope="module")
def town() -> city.City:
    return city.build(8, 8)


def wavy(town: city.City) -> gpd.GeoDataFrame:
    """The grids with many vertices on every shared border: still one coverage."""
    metric = shapely.segmentize(crs.to_metric(np.asarray(town.grids.geometry.array), city.EPSG), 5.0)
    bent = shapely.transform(metric, lambda xy: xy.round(3) + 6 * np.sin(xy[:, ::-1].round(3) / 37.0))
    return town.grids.set_geometry(gpd.GeoSeries(crs.from_metric(bent, city.EPSG), crs=4326))


def unpack(packed: list, origin: tuple[int, int]) -> shapely.Geometry:
    def ring(steps: list[int]) -> np.ndarray:
        return (np.cumsum(np.reshape(steps, (-1, 2)), axis=0) + np.array(origin)) / 1e6

    return shapely.MultiPolygon([(ring(rings[0]), [ring(r) for r in rings[1:]]) for rings in packed])


def test_simplified_neighbours_still_share_their_borders(town: city.City) -> None:
    grids = wavy(town)
    drawing = simplify(grids, vertex_budget=3_000)
    assert shapely.get_num_coordinates(drawing.shapes).sum() < shapely.get_num_coordinates(grids.geometry).sum() / 3
    metric = crs.to_metric(drawing.shapes, city.EPSG)
    assert shapely.coverage_is_valid(shapely.set_precision(metric, 0.001, mode="pointwise"))


def test_what_is_drawn_has_no_holes_that_the_ground_has_not(town: city.City) -> None:
    """Rounding moves shared corners alike: the drawn shapes, as integers, still cover their ground once and wholly."""
    grids = wavy(town)
    drawing = simplify(grids, vertex_budget=1)
    assert shapely.get_num_coordinates(drawing.shapes).sum() > 4 * len(grids)
    origin = origin_of(drawing.shapes)
    drawn = shapely.transform(
        np.array([unpack(p, origin) for p in pack(drawing.shapes, origin)]), lambda xy: (xy * 1e6).round()
    )
    assert shapely.coverage_is_valid(drawn)
    assert shapely.is_valid(drawn).all()
    ground = shapely.coverage_union_all(drawn)
    assert ground.geom_type in ("Polygon", "MultiPolygon")
    assert sum(len(part.interiors) for part in shapely.get_parts(ground)) == 0
    assert shapely.area(drawn).sum() == pytest.approx(ground.area)


def test_packed_shapes_read_back_within_a_tenth_of_a_metre(town: city.City) -> None:
    shapes = np.asarray(town.grids.geometry.array)
    origin = origin_of(shapes)
    back = np.array([unpack(p, origin) for p in pack(shapes, origin)])
    apart = shapely.hausdorff_distance(crs.to_metric(shapes, city.EPSG), crs.to_metric(back, city.EPSG))
    assert apart.max() < 0.1


def test_packing_keeps_holes_and_parts() -> None:
    hole = shapely.box(0, 0, 1, 1).difference(shapely.box(0.4, 0.4, 0.6, 0.6))
    shape = shapely.MultiPolygon([hole, shapely.box(2, 0, 3, 1)])
    origin = origin_of(np.array([shape]))
    assert unpack(pack(np.array([shape]), origin)[0], origin).equals(shape)


def test_a_part_too_small_to_draw_is_left_out() -> None:
    dust = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 2 + 1e-8, 2 + 1e-8)])
    assert len(pack(np.array([dust]), (0, 0))[0]) == 1


def test_every_label_lies_inside_its_own_grid(town: city.City) -> None:
    drawing = simplify(town.grids)
    assert shapely.contains_xy(drawing.shapes, drawing.poles).all()
    border = shapely.distance(
        shapely.boundary(crs.to_metric(drawing.shapes, city.EPSG)),
        crs.to_metric(shapely.points(drawing.poles), city.EPSG),
    )
    assert np.allclose(border, drawing.radius_m, rtol=0.01, atol=0.5)


def test_streets_are_drawn_from_the_grids_they_are_made_of(town: city.City) -> None:
    drawing = simplify(town.grids)
    parents = town.grids["parent_code"].map(town.areas.set_index("code")["parent_code"])
    streets = dissolve(drawing, parents, town.streets)
    assert streets is not None
    overlap = shapely.area(shapely.symmetric_difference(streets.shapes, np.asarray(town.streets.geometry.array)))
    assert (overlap < 1e-9).all()


def test_streets_that_their_grids_do_not_fill_keep_their_own_shape(town: city.City) -> None:
    drawing = simplify(town.grids)
    parents = town.grids["parent_code"].map(town.areas.set_index("code")["parent_code"])
    wider = town.streets.copy()
    wider.loc[0, "geometry"] = wider.geometry[0].buffer(0.004)
    assert dissolve(drawing, parents, wider) is None
    assert dissolve(drawing, [None] * len(town.grids), town.streets) is None


def test_a_plan_whose_neighbours_miss_a_corner_is_drawn_from_its_own_shapes() -> None:
    cornered = shapely.Polygon([(1, 0), (2, 0), (2, 1), (1, 1), (1, 0.5)])
    halves = gpd.GeoDataFrame({"code": ["a", "b"]}, geometry=[shapely.box(0, 0, 1, 1), cornered], crs=4326)
    drawing = Drawing(halves.geometry.to_numpy(), np.zeros((2, 2)), np.ones(2), np.ones(2))
    street = gpd.GeoDataFrame({"code": ["s"]}, geometry=[shapely.box(0, 0, 2, 1)], crs=4326)
    assert dissolve(drawing, ["s", "s"], street) is None


def test_neighbouring_streets_differ_in_tint(town: city.City) -> None:
    shapes = np.asarray(town.areas.geometry.array)
    tints = tint_neighbours(shapes)
    touching = shapely.STRtree(shapes).query(shapes, predicate="intersects").T
    assert len(touching) > len(shapes)
    assert all(tints[a] != tints[b] for a, b in touching.tolist() if a != b)


def test_classes_hold_every_value_and_a_break_belongs_above() -> None:
    values = np.random.default_rng(1).lognormal(3, 1.2, 5_000)
    classes = quantile_classes(values)
    assert len(classes.colours) == len(classes.breaks) + 1 == 6
    assert list(classes.breaks) == sorted(set(classes.breaks))
    number = classes.of(values)
    assert number.min() == 0
    assert number.max() == len(classes.breaks)
    assert classes.of([classes.breaks[0]])[0] == 1


@pytest.mark.parametrize(("values", "count"), [([], 1), ([0.0, 0.0], 1), ([3.0] * 9, 1), ([1.0, 2.0], 2)])
def test_few_values_get_few_classes(values: list[float], count: int) -> None:
    classes = quantile_classes(values)
    assert len(classes.colours) == len(classes.breaks) + 1
    assert len(classes.colours) <= count + 1
    assert set(classes.colours) <= set(SEQUENCE)
    assert (classes.of(values) < len(classes.colours)).all()
