"""What became of each code: the redraws that happen in practice, and properties of all."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from builders import CELL, flip_winding, rotate_rings, shuffle_rows, tiling
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Recipe, build, recipes

from gridmap.analysis import frames
from gridmap.analysis.lineage import as_edges, from_edges, infer_lineage, successors
from gridmap.domain.lineage import LineageEdge, LineageKind
from gridmap.errors import NotFound
from gridmap.i18n import has

Rows = list[tuple[str | None, str | None, str]]


def read(edges: pd.DataFrame) -> Rows:
    rows = zip(edges["old_code"], edges["new_code"], edges["kind"], strict=True)
    return [(None if pd.isna(a) else a, None if pd.isna(b) else b, kind) for a, b, kind in rows]


def became(old: str, new: str) -> Rows:
    return read(infer_lineage(tiling(old), tiling(new)))


def hierarchy(parents: dict[str, str], **levels: str) -> gpd.GeoDataFrame:
    """Draw several levels of one ground; ``parents``: child to parent."""
    drawn = [tiling(text).assign(level=name) for name, text in levels.items()]
    frame = pd.concat(drawn, ignore_index=True)
    return frame.assign(parent_code=frame["code"].map(parents))


@pytest.mark.parametrize(
    ("old", "new", "rows"),
    [
        ("AAB\nCCB", "AAB\nCCB", [("A", "A", "unchanged"), ("B", "B", "unchanged"), ("C", "C", "unchanged")]),
        ("AABB", "XXBB", [("A", "X", "recoded"), ("B", "B", "unchanged")]),
        ("AABB", "XYBB", [("A", "X", "split"), ("A", "Y", "split"), ("B", "B", "unchanged")]),
        ("AABB", "AXBB", [("A", "A", "split"), ("A", "X", "split"), ("B", "B", "unchanged")]),
        ("AABBC", "XXXXC", [("A", "X", "merged"), ("B", "X", "merged"), ("C", "C", "unchanged")]),
        ("AABBC", "BBBBC", [("A", "B", "merged"), ("B", "B", "merged"), ("C", "C", "unchanged")]),
        ("AABB", "AAAB", [("A", "A", "reshaped"), ("B", "A", "transferred"), ("B", "B", "reshaped")]),
        ("AABB", "BBAA", [("A", "B", "recoded"), ("B", "A", "recoded")]),
        (
            "AABB",
            "AXXB",
            [("A", "A", "reshaped"), ("A", "X", "split"), ("B", "B", "reshaped"), ("B", "X", "split")],
        ),
        (
            "AXXB",
            "AABB",
            [("A", "A", "reshaped"), ("B", "B", "reshaped"), ("X", "A", "merged"), ("X", "B", "merged")],
        ),
        ("AAABBB", "XXYYZZ", [("A", "X", "split"), ("A", "Y", "redrawn"), ("B", "Y", "redrawn"), ("B", "Z", "split")]),
        ("AA..", "AABB", [("A", "A", "unchanged"), (None, "B", "founded")]),
        ("AABB", "AA..", [("A", "A", "unchanged"), ("B", None, "dissolved")]),
        ("AA.", "AAA", [("A", "A", "reshaped"), (None, "A", "extended")]),
        ("AAA", "AA.", [("A", "A", "reshaped"), ("A", None, "reduced")]),
        ("AAA", "XX.", [("A", "X", "redrawn"), ("A", None, "reduced")]),
        (
            "AB..",
            "..CD",
            [("A", None, "dissolved"), ("B", None, "dissolved"), (None, "C", "founded"), (None, "D", "founded")],
        ),
    ],
)
def test_what_happened_is_named(old: str, new: str, rows: Rows):
    assert became(old, new) == rows


def test_every_kind_has_its_words():
    assert [kind for kind in LineageKind if not has(f"lineage.{kind.value}")] == []


def test_four_grids_are_redrawn_to_seven_inside_the_same_border():
    old = tiling(
        """
        AAABBB
        AAABBB
        CCCDDD
        CCCDDD
        """
    ).assign(households=[400, 300, 250, 350])
    new = tiling(
        """
        EEFFGG
        EEFFGG
        HHIIJJ
        HKKKJJ
        """
    )
    edges = infer_lineage(old, new)
    assert edges["kind"].isin(["split", "merged", "redrawn", "recoded"]).all()
    assert set(edges["old_code"]) == set("ABCD")
    assert set(edges["new_code"]) == set("EFGHIJK")
    by_old = edges.groupby("old_code")[["old_share", "households"]].sum()
    assert by_old["old_share"].tolist() == pytest.approx([1.0] * 4, abs=1e-6)
    assert by_old["households"].tolist() == pytest.approx([400, 300, 250, 350])
    assert edges.groupby("new_code")["new_share"].sum().tolist() == pytest.approx([1.0] * 7, abs=1e-6)
    assert read(edges)[:3] == [("A", "E", "split"), ("A", "F", "redrawn"), ("B", "F", "redrawn")]


def test_an_area_is_extended_to_the_north_in_two_phases():
    area_1, grids_1 = "....\n....\nMMMM\nMMMM", "....\n....\nAABB\nAABB"
    area_2, grids_2 = "....\nMMMM\nMMMM\nMMMM", "....\nCCCC\nAABB\nAABB"
    area_3, grids_3 = "MMMM\nMMMM\nMMMM\nMMMM", "CCDD\nCCDD\nAABB\nAABB"
    inside = dict.fromkeys("ABCD", "M")
    one, two, three = (
        hierarchy(inside, area=area, grid=grids)
        for area, grids in ((area_1, grids_1), (area_2, grids_2), (area_3, grids_3))
    )
    first = infer_lineage(one, two)
    assert first["level"].tolist() == ["area", "area", "grid", "grid", "grid"]
    assert read(first) == [
        ("M", "M", "reshaped"),
        (None, "M", "extended"),
        ("A", "A", "unchanged"),
        ("B", "B", "unchanged"),
        (None, "C", "founded"),
    ]
    assert first["new_share"].tolist()[:2] == pytest.approx([2 / 3, 1 / 3], abs=1e-4)
    second = infer_lineage(two, three)
    assert read(second) == [
        ("M", "M", "reshaped"),
        (None, "M", "extended"),
        ("A", "A", "unchanged"),
        ("B", "B", "unchanged"),
        ("C", "C", "split"),
        ("C", "D", "split"),
        (None, "C", "extended"),
        (None, "D", "extended"),
    ]
    whole = infer_lineage(one, three)
    assert read(whole)[-4:] == [
        ("A", "A", "unchanged"),
        ("B", "B", "unchanged"),
        (None, "C", "founded"),
        (None, "D", "founded"),
    ]


def test_a_split_and_its_merge_come_back_to_the_same():
    before, split, after = tiling("AABB\nAABB"), tiling("CDBB\nCDBB"), tiling("AABB\nAABB")
    assert read(infer_lineage(before, split)) == [("A", "C", "split"), ("A", "D", "split"), ("B", "B", "unchanged")]
    assert read(infer_lineage(split, after)) == [("B", "B", "unchanged"), ("C", "A", "merged"), ("D", "A", "merged")]
    assert set(infer_lineage(before, after)["kind"]) == {"unchanged"}


def test_one_level_is_recoded_and_the_grids_below_stay_as_they_are():
    grids = "AABB\nCCDD"
    old = hierarchy({"A": "S", "B": "T", "C": "S", "D": "T"}, community="SSTT\nSSTT", grid=grids)
    new = hierarchy({"A": "U", "B": "V", "C": "U", "D": "V"}, community="UUVV\nUUVV", grid=grids)
    edges = infer_lineage(old, new)
    assert edges.loc[edges["level"] == "community", "kind"].tolist() == ["recoded", "recoded"]
    assert edges.loc[edges["level"] == "grid", "kind"].tolist() == ["unchanged"] * 4
    assert (edges["old_share"] == 1.0).all()


def test_a_grid_that_passes_to_another_community_is_transferred():
    old = hierarchy({"A": "S", "B": "S", "C": "T"}, community="SST", grid="ABC")
    new = hierarchy({"A": "S", "B": "T", "C": "T"}, community="STT", grid="ABC")
    assert read(infer_lineage(old, new)) == [
        ("S", "S", "reshaped"),
        ("S", "T", "transferred"),
        ("T", "T", "reshaped"),
        ("A", "A", "unchanged"),
        ("B", "B", "transferred"),
        ("C", "C", "unchanged"),
    ]


def test_grids_of_a_split_community_are_not_transferred():
    old = hierarchy({"A": "S", "B": "S"}, community="SS", grid="AB")
    new = hierarchy({"A": "S", "B": "T"}, community="ST", grid="AB")
    assert read(infer_lineage(old, new))[2:] == [("A", "A", "unchanged"), ("B", "B", "unchanged")]


def test_a_level_that_comes_or_goes_is_founded_or_dissolved():
    one, two = hierarchy({}, grid="AB"), hierarchy({}, street="SS", grid="AB")
    assert read(infer_lineage(one, two))[-1:] == [(None, "S", "founded")]
    assert read(infer_lineage(two, one))[-1:] == [("S", None, "dissolved")]
    assert infer_lineage(one, two, levels=["street", "grid"])["level"].tolist() == ["street", "grid", "grid"]


def test_a_border_drawn_anew_within_a_hand_is_no_change_and_within_a_metre_no_split():
    def moved(metres: float) -> gpd.GeoDataFrame:
        x = 120.0 + 2 * CELL + metres / 90_000
        north, east = 36.0 + CELL, 120.0 + 4 * CELL
        shapes = [shapely.box(120.0, 36.0, x, north), shapely.box(x, 36.0, east, north)]
        return gpd.GeoDataFrame({"code": ["A", "B"]}, geometry=shapes, crs="EPSG:4326")

    old = moved(0.0)
    assert read(infer_lineage(old, moved(0.05))) == [("A", "A", "unchanged"), ("B", "B", "unchanged")]
    assert read(infer_lineage(old, moved(0.5))) == [
        ("A", "A", "reshaped"),
        ("B", "A", "transferred"),
        ("B", "B", "reshaped"),
    ]
    recoded = moved(0.5).assign(code=["A", "C"])
    assert ("B", "A", "transferred") in read(infer_lineage(old, recoded))


def test_households_go_with_the_successors_that_counted_theirs():
    old = tiling("AABB").assign(households=[300, 80])
    new = tiling("XYBB").assign(households=[80, 100, 300])
    edges = infer_lineage(old, new).set_index("new_code")["households"]
    assert edges.to_dict() == pytest.approx({"X": 75.0, "Y": 225.0, "B": 80.0})
    by_area = infer_lineage(old, tiling("XYBB")).set_index("new_code")["households"]
    assert by_area.to_dict() == pytest.approx({"X": 150.0, "Y": 150.0, "B": 80.0}, rel=1e-4)
    assert infer_lineage(tiling("A"), tiling("A"))["households"].isna().all()
    founded = infer_lineage(tiling("A."), tiling("AB").assign(households=[1, 2])).iloc[-1]
    assert (founded["kind"], founded["households"]) == ("founded", 2.0)


def points(**places: tuple[float, float] | None) -> gpd.GeoDataFrame:
    shapes = [shapely.Point() if p is None else shapely.Point(p) for p in places.values()]
    return gpd.GeoDataFrame({"code": list(places), "level": "grid", "households": 10}, geometry=shapes, crs="EPSG:4326")


def test_leaves_that_are_points_are_known_by_code_and_place():
    old = points(A=(120, 36), B=(120.1, 36), C=(120.2, 36), D=(120.3, 36), E=None)
    new = points(A=(120, 36), B=(120.15, 36), X=(120.2, 36), Y=(120.4, 36), E=None)
    assert read(infer_lineage(old, new)) == [
        ("A", "A", "unchanged"),
        ("B", "B", "reshaped"),
        ("C", "X", "recoded"),
        ("D", None, "dissolved"),
        ("E", "E", "reshaped"),
        (None, "Y", "founded"),
    ]
    assert infer_lineage(old, new)["households"].tolist() == [10.0] * 6


def test_two_units_at_one_place_are_not_taken_for_each_other():
    old, new = points(A=(120, 36), B=(120, 36)), points(X=(120, 36), Y=(120, 36))
    assert {kind for *_, kind in read(infer_lineage(old, new))} == {"dissolved", "founded"}


def test_a_point_that_becomes_a_building_keeps_its_code():
    point, building = points(A=(120, 36)), tiling("A")
    assert read(infer_lineage(point, building)) == [("A", "A", "reshaped")]
    assert read(infer_lineage(building, point)) == [("A", "A", "reshaped")]


def test_an_old_code_answers_with_its_successors_and_shares():
    old, new = tiling("AAAABB"), tiling("XYYYBB")
    answer = successors(["A"], old, new)
    assert answer["new_code"].tolist() == ["X", "Y"]
    assert answer["old_share"].tolist() == pytest.approx([0.25, 0.75], abs=1e-4)
    with pytest.raises(NotFound) as caught:
        successors(["A", "Z"], old, new)
    assert caught.value.code == "grid_unknown"


def test_edges_go_to_values_and_back():
    table = infer_lineage(tiling("AAB.").assign(households=[7, 8]), tiling("XY.C"))
    edges = as_edges(table)
    assert edges[-1] == LineageEdge("grid", None, "C", LineageKind.FOUNDED, table["area_m2"].iloc[-1], 0.0, 1.0, None)
    assert {e.new_code for e in edges} == {"X", "Y", None, "C"}
    pd.testing.assert_frame_equal(from_edges(edges), table)
    pd.testing.assert_frame_equal(from_edges([]), table.iloc[:0], check_index_type=False)
    assert tuple(from_edges([]).columns) == frames.LINEAGE.required


@st.composite
def two_plans(draw: st.DrawFn) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Two tilings with some codes in common, over the same cells or over others."""
    one = draw(recipes(largest=4))
    other = draw(recipes(largest=4))
    same = draw(st.booleans())
    two = Recipe(
        one.kind if same else other.kind,
        one.rows if same else other.rows,
        one.columns if same else other.columns,
        other.names,
        other.empty,
        one.step,
        one.seed if same else other.seed,
        one.origin,
        one.cell,
        other.lump,
    )
    return build(one), build(two)


@settings(max_examples=30, deadline=None)
@given(two_plans())
def test_every_code_stands_in_the_lineage_and_shares_are_whole(plans: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]):
    old, new = plans
    edges = infer_lineage(old, new, sliver_width_m=0.0)
    assert set(edges["old_code"].dropna()) == set(old["code"])
    assert set(edges["new_code"].dropna()) == set(new["code"])
    assert not edges.duplicated(["old_code", "new_code"]).any()
    for side in ("old", "new"):
        shares = edges.dropna(subset=f"{side}_code").groupby(f"{side}_code")[f"{side}_share"].sum()
        assert shares.to_numpy() == pytest.approx(1.0, abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(two_plans(), st.integers(0, 99))
def test_row_order_ring_start_and_winding_change_nothing(plans: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], seed: int):
    old, new = plans
    other = infer_lineage(shuffle_rows(rotate_rings(old), seed), shuffle_rows(flip_winding(new), seed + 1))
    pd.testing.assert_frame_equal(infer_lineage(old, new), other)


@settings(max_examples=20, deadline=None)
@given(recipes(largest=4), st.integers(0, 2**16))
def test_splitting_and_merging_again_is_unchanged(recipe: Recipe, seed: int):
    whole = build(recipe)
    rng = np.random.default_rng(seed)
    codes = whole["code"].to_numpy(dtype=object)
    # merge some grids into a new one, then take it apart: the plan of before
    joined = rng.random(len(codes)) < 0.5
    if joined.sum() < 2:
        joined[:2] = True
    merged = whole.assign(code=np.where(joined, "zz", codes)).dissolve("code", method="coverage").reset_index()
    there, back = infer_lineage(whole, merged, sliver_width_m=0.0), infer_lineage(merged, whole, sliver_width_m=0.0)
    kinds = {1: ("recoded", "recoded")}.get(int(joined.sum()), ("merged", "split"))
    for edges, side, kind in ((there, "old_code", kinds[0]), (back, "new_code", kinds[1])):
        rows = edges.set_index(side)["kind"]
        assert (rows[codes[joined]] == kind).all()
        assert (rows[codes[~joined]] == "unchanged").all()
    assert set(infer_lineage(whole, build(recipe))["kind"]) == {"unchanged"}
