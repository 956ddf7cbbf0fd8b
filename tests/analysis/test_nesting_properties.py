"""The proof by edges gives the report that comparing every grid with its parent gives."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from builders import tiling
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Recipe, build, recipes, tilings

from gridmap.analysis import nesting
from gridmap.analysis.edges import edges_of, filled_exactly, matched_edges
from gridmap.analysis.topology import check_tiling
from gridmap.domain.rules import Report

FIELDS = recipes(largest=4).filter(lambda r: r.cell < 0.01 and r.kind != "triangles")


def dissolved(grids: gpd.GeoDataFrame, seed: int, areas: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Deal the grids over some areas; give both, each grid with its parent."""
    parent = np.array([f"P{n}" for n in np.random.default_rng(seed).integers(0, areas, len(grids))], dtype=object)
    shapes = grids.geometry.to_numpy()
    codes = sorted(set(parent))
    whole = [shapely.coverage_union_all(shapes[parent == code]) for code in codes]
    return grids.assign(parent_code=parent), gpd.GeoDataFrame({"code": codes}, geometry=whole, crs=grids.crs)


def normal(frame: gpd.GeoDataFrame) -> np.ndarray:
    return shapely.normalize(frame.geometry.to_numpy())


def proven(children: gpd.GeoDataFrame, parents: gpd.GeoDataFrame) -> list[bool]:
    place = {code: i for i, code in enumerate(parents["code"])}
    owner = np.array([place.get(code, -1) for code in children["parent_code"]], dtype=np.intp)
    valid = [shapely.is_valid(x.geometry.to_numpy()) for x in (children, parents)]
    return filled_exactly(normal(children), owner, normal(parents), *valid).tolist()


@settings(max_examples=40, deadline=None)
@given(tilings(largest=5), st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_areas_made_of_their_grids_are_proven_filled(grids: gpd.GeoDataFrame, seed: int, areas: int) -> None:
    children, parents = dissolved(grids, seed, areas)
    assert all(proven(children, parents))


@settings(max_examples=40, deadline=None)
@given(tilings(largest=5), st.integers(0, 2**32 - 1), st.data())
def test_an_area_that_lost_or_gained_a_grid_is_not_proven(
    grids: gpd.GeoDataFrame, seed: int, data: st.DataObject
) -> None:
    children, parents = dissolved(grids, seed, 3)
    row = data.draw(st.integers(0, len(children) - 1))
    was = children["parent_code"].iloc[row]
    other = data.draw(st.sampled_from(["nobody", *(c for c in parents["code"] if c != was)]))
    moved = children.copy()
    moved.loc[moved.index[row], "parent_code"] = other
    told = dict(zip(parents["code"], proven(moved, parents), strict=True))
    assert told == {code: code not in (was, other) for code in parents["code"]}


@settings(max_examples=40, deadline=None)
@given(tilings(largest=5), st.integers(0, 2**32 - 1), st.data())
def test_a_vertex_that_moved_unproves_the_areas_around_it(
    grids: gpd.GeoDataFrame, seed: int, data: st.DataObject
) -> None:
    children, parents = dissolved(grids, seed, 3)
    shapes = children.geometry.to_numpy().copy()
    row = data.draw(st.integers(0, len(shapes) - 1))
    shapes[row] = shapely.transform(shapes[row], lambda xy: xy + np.array([2.0**-40, 0.0]))
    told = dict(zip(parents["code"], proven(children.set_geometry(shapes, crs=children.crs), parents), strict=True))
    assert told == {code: code != children["parent_code"].iloc[row] for code in parents["code"]}


def test_a_grid_twice_and_one_missing_do_not_make_up_for_each_other() -> None:
    grids = tiling("AB\nCD")
    children, parents = dissolved(grids, 0, 1)
    twice = children.assign(geometry=[children.geometry[0], children.geometry[0], *children.geometry[2:]])
    assert proven(children, parents) == [True]
    assert proven(gpd.GeoDataFrame(twice, crs=grids.crs), parents) == [False]


def test_an_area_without_grids_or_with_an_invalid_one_is_not_proven() -> None:
    children, parents = dissolved(tiling("AB\nCD"), 0, 1)
    assert proven(children.iloc[:0], parents) == [False]
    owner = np.zeros(4, dtype=np.intp)
    yes, one = np.ones(4, dtype=bool), np.ones(1, dtype=bool)
    assert filled_exactly(normal(children), owner, normal(parents), yes, one).tolist() == [True]
    assert filled_exactly(normal(children), owner, normal(parents), yes & [1, 1, 0, 1], one).tolist() == [False]
    assert filled_exactly(normal(children), owner, normal(parents), yes, ~one).tolist() == [False]


def without_proof(children: gpd.GeoDataFrame, parents: gpd.GeoDataFrame) -> Report:
    """Compare every grid and every area by overlay."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nesting, "filled_exactly", lambda c, o, p, *_: np.zeros(len(p), dtype=bool))
        return check_tiling(children, parent=parents)


@settings(max_examples=40, deadline=None)
@given(FIELDS, st.integers(0, 2**32 - 1), st.data())
def test_the_report_is_that_of_comparing_every_grid(recipe: Recipe, seed: int, data: st.DataObject) -> None:
    children, parents = dissolved(build(recipe), seed, 3)
    shapes = children.geometry.to_numpy().copy()
    for row in data.draw(st.lists(st.integers(0, len(shapes) - 1), max_size=2)):
        by = data.draw(st.tuples(st.floats(-30, 30), st.floats(-30, 30)))
        shapes[row] = shapely.transform(shapes[row], lambda xy, by=by: xy + np.array(by) / 111_000)
    parent = children["parent_code"].to_numpy().copy()
    for row in data.draw(st.lists(st.integers(0, len(shapes) - 1), max_size=1)):
        parent[row] = data.draw(st.sampled_from(["P0", "P1", "P2", "P9"]))
    children = children.assign(parent_code=parent).set_geometry(shapes, crs=children.crs)
    assert check_tiling(children, parent=parents).to_json() == without_proof(children, parents).to_json()


def test_edges_match_where_two_and_only_two_run_against_each_other() -> None:
    grids = tiling("AB\nCD")
    edges = edges_of(normal(grids))
    matched = matched_edges(edges.key, edges.forward)
    assert matched.sum() == 8
    assert (~matched).sum() == 8
    # the same ring twice: four edges run the same way as their likes
    twice = edges_of(normal(grids.iloc[[0, 0]]))
    assert not matched_edges(twice.key, twice.forward).any()
    # of three at one edge none is matched
    three = edges_of(normal(grids.iloc[[0, 1, 1]]))
    assert not matched_edges(three.key, three.forward).any()
    none = edges_of(normal(grids.iloc[:0]))
    assert len(matched_edges(none.key, none.forward)) == 0
