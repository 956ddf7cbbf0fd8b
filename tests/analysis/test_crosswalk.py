"""How the grids of two plans lie to each other."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from builders import CELL, flip_winding, rotate_rings, shuffle_rows, tiling
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Recipe, build, recipes

from gridmap import crs
from gridmap.analysis.crosswalk import Relation, crosswalk
from gridmap.i18n import has

MIRROR = {"contains": "within", "within": "contains", "only_a": "only_b", "only_b": "only_a"}


def read(table: pd.DataFrame) -> list[tuple[str | None, str | None, str]]:
    rows = zip(table["a_code"], table["b_code"], table["relation"], strict=True)
    return [(None if pd.isna(a) else a, None if pd.isna(b) else b, relation) for a, b, relation in rows]


@pytest.mark.parametrize(
    ("a", "b", "rows"),
    [
        ("AABB", "XXYY", [("A", "X", "agree"), ("B", "Y", "agree")]),
        ("AAAA", "XXYY", [("A", "X", "contains"), ("A", "Y", "contains")]),
        ("AABB", "XXXX", [("A", "X", "within"), ("B", "X", "within")]),
        ("AABB", "XYYY", [("A", "X", "contains"), ("A", "Y", "crosses"), ("B", "Y", "within")]),
        ("AA..", ".XX.", [("A", "X", "crosses"), ("A", None, "only_a"), (None, "X", "only_b")]),
        ("A...", "..XY", [("A", None, "only_a"), (None, "X", "only_b"), (None, "Y", "only_b")]),
    ],
)
def test_relations(a: str, b: str, rows: list[tuple[str | None, str | None, str]]):
    assert read(crosswalk(tiling(a), tiling(b))) == rows


def test_every_relation_has_its_words():
    assert [r for r in Relation if not has(f"crosswalk.{r.value}")] == []


def test_a_border_within_a_hand_is_the_same_border():
    east, north = 120.0 + 4 * CELL, 36.0 + CELL
    x = 120.0 + 2 * CELL + 0.06 / 90_000
    shapes = [shapely.box(120.0, 36.0, x, north), shapely.box(x, 36.0, east, north)]
    other = gpd.GeoDataFrame({"code": ["X", "Y"]}, geometry=shapes, crs="EPSG:4326")
    assert [r for *_, r in read(crosswalk(tiling("AABB"), other))] == ["agree", "agree"]
    assert "crosses" in {r for *_, r in read(crosswalk(tiling("AABB"), other, sliver_width_m=0.01))}


def test_the_summary_counts_grids_pairs_and_ground():
    summary = crosswalk(tiling("AABBC."), tiling("XXYZ.W")).attrs["summary"]
    assert summary["a"] == 3
    assert summary["b"] == 4
    assert summary["a_agreeing"] == 1
    assert summary["pairs"] == {"agree": 1, "contains": 2, "within": 0, "crosses": 0, "only_a": 1, "only_b": 1}
    assert summary["m2"]["only_a"] == pytest.approx(summary["m2"]["only_b"], rel=1e-6)


def test_a_grid_inside_two_overlapping_ones_is_within_both():
    a = pd.concat([tiling("AAA."), tiling(".BBB")], ignore_index=True)
    assert read(crosswalk(a, tiling(".X..")))[:3] == [
        ("A", "X", "contains"),
        ("A", None, "only_a"),
        ("B", "X", "contains"),
    ]


def test_the_common_ground_is_given_on_demand():
    frame = crosswalk(tiling("AAB."), tiling("XYYZ"), shapes=True)
    assert isinstance(frame, gpd.GeoDataFrame)
    assert frame.crs.to_epsg() == 4326
    assert crs.area_m2(frame.geometry.values) == pytest.approx(frame["area_m2"].to_numpy(), rel=1e-6)
    assert read(frame) == read(crosswalk(tiling("AAB."), tiling("XYYZ")))


@settings(max_examples=30, deadline=None)
@given(recipes(largest=4), recipes(largest=4), st.integers(0, 99))
def test_any_row_order_gives_the_same_list_and_the_other_way_round_its_mirror(one: Recipe, other: Recipe, seed: int):
    a = build(one)
    two = Recipe(
        other.kind, other.rows, other.columns, other.names, other.empty, one.step, other.seed, one.origin, one.cell
    )
    b = build(two)
    table = crosswalk(a, b)
    again = crosswalk(shuffle_rows(rotate_rings(a), seed), shuffle_rows(flip_winding(b), seed + 1))
    pd.testing.assert_frame_equal(table, again)
    back = crosswalk(b, a)
    assert sorted(read(table), key=str) == sorted(((y, x, MIRROR.get(r, r)) for x, y, r in read(back)), key=str)
    for side, frame in (("a", a), ("b", b)):
        assert set(table[f"{side}_code"].dropna()) == set(frame["code"])
