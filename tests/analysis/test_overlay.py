"""Laying two plans over each other: examples, properties, and the plain overlay of geopandas as a second opinion."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import shapely.affinity
from builders import CELL, flip_winding, rotate_rings, shuffle_rows, tiling, translate
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import Recipe, build, recipes

from gridmap import crs
from gridmap.analysis import overlay as module
from gridmap.analysis.overlay import common_ground, left_over, overlay
from gridmap.errors import ColumnError, CrsError, InvalidInput


def pairs(table: pd.DataFrame) -> dict[tuple[str, str], tuple[float, float]]:
    rows = zip(table["old"], table["new"], table["old_share"], table["new_share"], strict=True)
    return {(old, new): (round(a, 3), round(b, 3)) for old, new, a, b in rows}


def frame_of(**shapes: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"code": list(shapes)}, geometry=list(shapes.values()), crs="EPSG:4326")


def test_a_moved_border_gives_ground_to_the_neighbour():
    table = overlay(tiling("AABB"), tiling("AAAB"))
    assert pairs(table) == {("A", "A"): (1.0, 0.667), ("B", "A"): (0.5, 0.333), ("B", "B"): (0.5, 1.0)}
    assert table["area_m2"].tolist() == pytest.approx(crs.area_m2(tiling("AABC").geometry.values)[[0, 1, 2]], rel=1e-6)
    assert table.attrs["epsg"] == 4549


def test_touching_is_no_common_ground():
    assert overlay(tiling("A."), tiling(".B")).empty


def test_a_sliver_is_left_out_and_kept_on_demand():
    old = tiling("AABB")
    new = old.copy()
    edge = 120.0 + 2 * CELL + 0.05 / 90_000
    new.geometry = [
        shapely.box(120.0, 36.0, edge, 36.0 + CELL),
        shapely.box(edge, 36.0, 120.0 + 4 * CELL, 36.0 + CELL),
    ]
    assert set(pairs(overlay(old, new))) == {("A", "A"), ("B", "B")}
    assert set(pairs(overlay(old, new, sliver_width_m=0.0))) == {("A", "A"), ("B", "A"), ("B", "B")}


def test_a_grid_as_thin_as_a_sliver_keeps_its_ground():
    strip = shapely.box(120.0, 36.0, 120.0 + 0.05 / 90_000, 36.0 + CELL)
    whole = shapely.box(120.0, 36.0, 120.0 + CELL, 36.0 + CELL)
    table = overlay(frame_of(thin=strip), frame_of(all=whole))
    assert table["old_share"].tolist() == pytest.approx([1.0])


def test_a_grid_cut_into_slivers_does_not_vanish():
    west, step = 120.0, 0.09 / 90_000
    strips = {f"s{i}": shapely.box(west + i * step, 36.0, west + (i + 1) * step, 36.0 + CELL) for i in range(4)}
    table = overlay(frame_of(whole=shapely.box(west, 36.0, west + 4 * step, 36.0 + CELL)), frame_of(**strips))
    assert table["old_share"].sum() == pytest.approx(1.0)


def test_same_coordinates_share_all_whatever_the_ring():
    old = tiling("AABB\nCCCB")
    table = overlay(old, shuffle_rows(flip_winding(rotate_rings(old)), 3))
    assert table["old"].tolist() == table["new"].tolist() == ["A", "B", "C"]
    assert (table["old_share"] == 1.0).all()
    assert (table["new_share"] == 1.0).all()


def test_ground_under_two_overlapping_grids_is_found_under_both():
    old = tiling("AABB")
    new = pd.concat([tiling("AABB"), tiling(".CC.")], ignore_index=True)
    assert set(pairs(overlay(old, new))) == {("A", "A"), ("A", "C"), ("B", "B"), ("B", "C")}


def test_a_broken_ring_counts_as_the_ground_it_covers():
    bow = shapely.Polygon([(120.0, 36.0), (120.002, 36.002), (120.002, 36.0), (120.0, 36.002)])
    left = shapely.Polygon([(120.0, 36.0), (120.001, 36.001), (120.0, 36.002)])
    table = overlay(frame_of(bow=bow), frame_of(left=left))
    assert table["old_share"].tolist() == pytest.approx([0.5], abs=1e-4)
    assert table["new_share"].tolist() == pytest.approx([1.0])
    assert overlay(frame_of(bow=bow), frame_of(same=bow))["old_share"].tolist() == [1.0]


def test_only_changed_ground_is_cut(monkeypatch: pytest.MonkeyPatch):
    rows = ["".join(chr(0x4E00 + 20 * i + j) for j in range(20)) for i in range(20)]
    old = tiling("\n".join(rows))
    middle = rows[10][10]
    new = tiling("\n".join(rows).replace(middle, rows[10][11]))
    cut: list[int] = []
    real = shapely.intersection
    monkeypatch.setattr(module.shapely, "intersection", lambda a, b: cut.append(len(a)) or real(a, b))
    assert len(overlay(old, new)) == 400
    # border grids of a plan are not proven to lie apart, so a few of their neighbours may be looked at
    assert sum(cut) < 10


def test_long_straight_borders_bend_alike_in_both_plans():
    # 25 km: a vertex of one plan in the straight edge of the other lies nine metres beside it once projected
    old = tiling("AABB", cell=0.25)
    new = tiling("ABCD", cell=0.25)
    common = common_ground(old, new, sliver_width_m=0.0)
    assert len(common.first) == 4
    for of_new in (False, True):
        assert len(left_over(common, of_new=of_new)[0]) == 0


@pytest.mark.parametrize(
    "shape",
    [
        None,
        shapely.Polygon(),
        shapely.Point(120.0, 36.0),
        shapely.LineString([(120.0, 36.0), (120.1, 36.0)]),
        shapely.GeometryCollection([shapely.box(120.0, 36.0, 120.1, 36.1)]),
        shapely.Polygon([(120.0, 36.0), (120.1, np.nan), (120.1, 36.1)]),
        shapely.Polygon([(120.0, 36.0), (np.inf, 36.0), (120.1, 36.1)]),
    ],
)
def test_rows_without_ground_are_left_out(shape: object):
    good = tiling("AB")
    bad = frame_of(X=shape)
    assert overlay(bad, good).empty
    assert overlay(bad, bad).empty
    both = pd.concat([good, bad], ignore_index=True)
    pd.testing.assert_frame_equal(overlay(both, good), overlay(good, good))


def test_heights_do_not_matter():
    flat = tiling("AB")
    high = flat.set_geometry(gpd.GeoSeries(shapely.force_3d(flat.geometry.to_numpy(), 50.0), crs=flat.crs))
    pd.testing.assert_frame_equal(overlay(high, flat), overlay(flat, flat))


def test_faulty_calls_are_refused():
    good = tiling("AB")
    for bad, kind, code in (
        (good.assign(code=["A", "A"]), ColumnError, "code_duplicate"),
        (good.assign(code=["A", " "]), ColumnError, "code_missing"),
        (good.drop(columns="code"), ColumnError, "column_missing"),
        (good.to_crs(4549), CrsError, "crs_not_wgs84"),
    ):
        with pytest.raises(kind) as caught:
            overlay(good, bad)
        assert caught.value.code == code
    with pytest.raises(InvalidInput) as caught:
        overlay(good, good, sliver_width_m=-1.0)
    assert caught.value.code == "setting_negative"


@pytest.mark.parametrize(("old", "new"), [("AB", ".."), ("..", "AB"), ("..", "..")])
def test_a_plan_without_ground_shares_none(old: str, new: str):
    frames = [tiling("AB")[[letter in text for letter in "AB"]] for text in (old, new)]
    assert overlay(*frames).empty


@st.composite
def two_tilings(draw: st.DrawFn, *, largest: int = 5) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Two tilings over about the same ground, related or not."""
    one = draw(recipes(largest=largest))
    other = draw(recipes(largest=largest))
    if draw(st.booleans()):  # the same cells dealt anew: every border of one may be one of the other
        two = Recipe(one.kind, one.rows, one.columns, other.names, 0.0, one.step, one.seed, one.origin, one.cell)
    else:
        cell = one.cell * draw(st.sampled_from((0.5, 1.0, 1.25)))
        two = Recipe(
            other.kind, other.rows, other.columns, other.names, other.empty, one.step, other.seed, one.origin, cell
        )
    return build(one), build(two)


@settings(max_examples=30, deadline=None)
@given(two_tilings())
def test_shares_and_the_rest_add_up_to_every_grid(plans: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]):
    common = common_ground(*plans, sliver_width_m=0.0)
    for of_new in (False, True):
        plane, at = (common.new, common.second) if of_new else (common.old, common.first)
        whole = shapely.area(plane.shapes)
        alone, _, rest = left_over(common, of_new=of_new)
        total = np.bincount(at, weights=common.area_m2, minlength=len(plane))
        total = total + np.bincount(alone, weights=rest, minlength=len(plane))
        noise = 1e-6 * whole + 1e-7 * shapely.length(plane.shapes)
        assert (np.abs(total - whole) <= noise).all()


@settings(max_examples=25, deadline=None)
@given(recipes(largest=5), st.integers(0, 2**32 - 1), st.sampled_from((1.0, 0.75)))
def test_shares_of_an_old_code_sum_to_one_where_the_new_plan_covers_it(recipe: Recipe, seed: int, size: float):
    old = build(recipe)
    west, south, east, north = old.total_bounds
    cell = max(east - west, north - south) / 6 * size
    cover = Recipe("letters", 12, 12, 9, 0.0, recipe.step, seed, (west - cell, south - cell), cell)
    new = build(cover)
    assume(new.union_all().covers(shapely.box(west, south, east, north)))
    shares = overlay(old, new, sliver_width_m=0.0).groupby("old")["old_share"].sum()
    assert set(shares.index) == set(old["code"])
    assert shares.to_numpy() == pytest.approx(1.0, abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(two_tilings(), st.integers(0, 99))
def test_row_order_ring_start_and_winding_change_nothing(plans: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], seed: int):
    old, new = plans
    other = overlay(shuffle_rows(rotate_rings(old), seed), shuffle_rows(flip_winding(new), seed + 1))
    pd.testing.assert_frame_equal(overlay(old, new), other)


@settings(max_examples=25, deadline=None)
@given(two_tilings())
def test_the_other_way_round_is_the_same_ground(plans: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]):
    there = overlay(*plans).set_index(["old", "new"]).sort_index()
    back = overlay(*reversed(plans)).rename(columns={"old": "new", "new": "old"})
    back = back.rename(columns={"old_share": "new_share", "new_share": "old_share"})
    back = back.set_index(["old", "new"]).sort_index()[there.columns.tolist()]
    pd.testing.assert_frame_equal(there, back, rtol=1e-6, atol=1e-6)


def by_geopandas(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, epsg: int) -> dict[tuple[str, str], float]:
    one, two = (p[["code", "geometry"]].to_crs(epsg) for p in (old, new))
    theirs = gpd.overlay(one, two, how="intersection", keep_geom_type=True)
    return theirs.area.groupby([theirs["code_1"], theirs["code_2"]]).sum().to_dict()


def assert_same_ground(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> None:
    table = overlay(old, new, sliver_width_m=0.0)
    theirs = by_geopandas(old, new, table.attrs["epsg"])
    ours = {(a, b): m2 for a, b, m2 in zip(table["old"], table["new"], table["area_m2"], strict=True)}
    # straight edges of a few hundred metres bend by less than a millimetre; theirs do not bend alike in both plans
    for pair in theirs.keys() | ours.keys():
        assert ours.get(pair, 0.0) == pytest.approx(theirs.get(pair, 0.0), rel=1e-6, abs=0.5)


@settings(max_examples=25, deadline=None)
@given(two_tilings(largest=4).filter(lambda plans: plans[0].total_bounds[2] - plans[0].total_bounds[0] < 0.05))
def test_geopandas_finds_the_same_ground(plans: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]):
    assert_same_ground(*plans)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3), st.integers(0, 3), st.integers(0, 6))
def test_geopandas_finds_the_same_ground_under_overlaps(seed: int, over_old: int, over_new: int, changed: int):
    # most grids are the same in both and proven to lie apart, some lie over others: nothing may be skipped for it
    rng = np.random.default_rng(seed)
    net = build(Recipe("bent", 7, 7, 49, 0.0, 1e-7, seed))
    west, south, east, north = net.total_bounds

    def with_overlaps(frame: gpd.GeoDataFrame, count: int, name: str) -> gpd.GeoDataFrame:
        corner = rng.uniform((west, south), (east, north), (count, 2))
        boxes = [shapely.box(x, y, x + 1.5 * CELL, y + 1.5 * CELL) for x, y in np.round(corner, 7)]
        more = gpd.GeoDataFrame({"code": [f"{name}{i}" for i in range(count)]}, geometry=boxes, crs=frame.crs)
        return pd.concat([frame[["code", "geometry"]], more], ignore_index=True)

    other = net.copy()
    for row in rng.choice(len(net), changed, replace=False):
        other.loc[row, "geometry"] = shapely.affinity.translate(other.geometry[row], CELL / 4, CELL / 8)
    assert_same_ground(with_overlaps(net, over_old, "p"), with_overlaps(other, over_new, "q"))


def test_a_plan_moved_by_a_cell_is_the_plan_of_the_neighbour():
    old = tiling("ABC")
    table = overlay(old, translate(old, CELL, 0.0))
    assert table[["old", "new"]].to_numpy().tolist() == [["B", "A"], ["C", "B"]]
    assert (table["old_share"] == 1.0).all()
