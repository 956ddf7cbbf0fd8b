"""The order of codes is total and stable, and an edit changes only the codes that it must."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from builders import CELL, flip_winding, rotate_rings, shuffle_rows, tiling
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import tilings

from gridmap.analysis.numbering import BAND_DEG, assign_codes, numbering_order
from gridmap.domain.codes import scheme
from gridmap.errors import ColumnError, CrsError, InvalidInput

GB15 = scheme("gb15")
AREA, OTHER = "371002001001", "371002001002"


def uncoded(frame: gpd.GeoDataFrame, parent: str = AREA) -> gpd.GeoDataFrame:
    """The same grids, named by what was their code, without codes."""
    return frame.assign(name=frame["code"], code=None, parent_code=parent)


def by_name(frame: gpd.GeoDataFrame) -> dict[str, str]:
    return dict(zip(frame["name"], frame["code"], strict=True))


def order_of(frame: gpd.GeoDataFrame) -> list[str]:
    return frame["code"].iloc[numbering_order(frame)].tolist()


def serials(frame: gpd.GeoDataFrame) -> dict[str, int]:
    return {name: int(code[-3:]) for name, code in by_name(assign_codes(frame, scheme=GB15)).items()}


def test_a_lattice_is_numbered_like_a_page_is_read() -> None:
    # cells of 2^-10 degrees are lower than a band, so one row may share its band with the next: take higher ones
    grids = tiling("ABC\nDEF\nGHI", cell=2.0**-9)
    assert order_of(shuffle_rows(grids, 5)) == list("ABCDEFGHI")
    assert serials(uncoded(grids)) == {c: i for i, c in enumerate("ABCDEFGHI", 1)}


def test_grids_that_differ_little_in_latitude_stand_in_one_row() -> None:
    """The eastern one lies a little farther north; read as a page, the western one still comes first."""
    low = np.floor(36.0005 / BAND_DEG) * BAND_DEG
    west, east = (
        shapely.box(120, low + 1e-4, 120.001, low + 5e-4),
        shapely.box(120.002, low + 3e-4, 120.003, low + 7e-4),
    )
    frame = gpd.GeoDataFrame({"code": ["east", "west"]}, geometry=[east, west], crs="EPSG:4326")
    assert order_of(frame) == ["west", "east"]
    # one band farther north it comes first
    north = frame.set_geometry(
        gpd.GeoSeries([shapely.transform(east, lambda xy: xy + np.array([0, BAND_DEG])), west], crs=frame.crs)
    )
    assert order_of(north) == ["east", "west"]


def test_one_longitude_goes_from_north_to_south_in_a_band() -> None:
    low = np.floor(36.0005 / BAND_DEG) * BAND_DEG
    south, north = (shapely.box(120, low + y, 120.001, low + y + 1e-4) for y in (1e-4, 5e-4))
    frame = gpd.GeoDataFrame({"code": ["south", "north"]}, geometry=[south, north], crs="EPSG:4326")
    assert order_of(frame) == ["north", "south"]


def test_bands_run_from_north_to_south_in_the_southern_hemisphere_too() -> None:
    grids = tiling("AB\nCD", cell=2.0**-9, origin=(18.5, -33.9))
    assert order_of(grids) == list("ABCD")
    grids = tiling("AB\nCD", cell=2.0**-9, origin=(0 - 2.0**-9, 0 - 2.0**-9))
    assert order_of(grids) == list("ABCD")


def test_shapes_of_one_centre_are_told_apart_by_their_form_and_then_by_name() -> None:
    outer, inner = shapely.box(120, 36, 120.004, 36.004), shapely.box(120.001, 36.001, 120.003, 36.003)
    frame = gpd.GeoDataFrame({"code": ["o", "i"]}, geometry=[outer, inner], crs="EPSG:4326")
    assert order_of(frame) == order_of(frame.iloc[::-1])
    twins = gpd.GeoDataFrame({"code": None, "name": list("bca")}, geometry=[inner] * 3, crs="EPSG:4326")
    for seed in range(6):
        mixed = shuffle_rows(twins, seed)
        assert mixed["name"].iloc[numbering_order(mixed)].tolist() == ["a", "b", "c"]


@settings(max_examples=40, deadline=None)
@given(tilings(), st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_the_way_a_map_is_written_changes_no_code(grids: gpd.GeoDataFrame, seed: int, by: int) -> None:
    frame = uncoded(grids)
    told = by_name(assign_codes(frame, scheme=GB15))
    assert sorted(told.values()) == [f"{AREA}{i:03}" for i in range(1, len(grids) + 1)]
    for other in (shuffle_rows(frame, seed), rotate_rings(frame, by), flip_winding(frame)):
        assert by_name(assign_codes(other, scheme=GB15)) == told
    assert by_name(assign_codes(rotate_rings(flip_winding(shuffle_rows(frame, seed)), by), scheme=GB15)) == told


@settings(max_examples=40, deadline=None)
@given(tilings(), st.data())
def test_the_order_of_two_grids_does_not_depend_on_the_others(grids: gpd.GeoDataFrame, data: st.DataObject) -> None:
    whole = order_of(grids)
    kept = data.draw(st.lists(st.sampled_from(whole), unique=True))
    some = grids[grids["code"].isin(kept)]
    assert order_of(some) == [code for code in whole if code in set(kept)]


@settings(max_examples=40, deadline=None)
@given(tilings(), st.data())
def test_an_edit_changes_only_the_codes_that_it_must(grids: gpd.GeoDataFrame, data: st.DataObject) -> None:
    """Some grids are redrawn and lose their codes: all others keep theirs, and no number comes back."""
    first = assign_codes(uncoded(grids), scheme=GB15)
    edited = data.draw(st.lists(st.sampled_from(first["name"].tolist()), unique=True, min_size=1))
    mine = first["name"].isin(edited)
    drawn = shapely.transform(first.geometry.to_numpy(), lambda xy: xy + np.array([CELL / 8, 0]))
    geometry = np.where(mine, drawn, first.geometry.to_numpy())
    again = first.assign(code=first["code"].where(~mine, None)).set_geometry(gpd.GeoSeries(geometry, crs=first.crs))
    again = shuffle_rows(again, data.draw(st.integers(0, 99)))
    after = by_name(assign_codes(again, scheme=GB15, used=set(first["code"])))
    before = by_name(first)
    assert {n: c for n, c in after.items() if n not in edited} == {n: c for n, c in before.items() if n not in edited}
    fresh = {after[name] for name in edited}
    assert not fresh & set(before.values())
    assert sorted(fresh) == [f"{AREA}{len(grids) + i:03}" for i in range(1, len(edited) + 1)]


def test_a_frame_with_all_its_codes_comes_back_as_it_was() -> None:
    grids = tiling("AB\nCD").assign(parent_code=AREA)
    pd.testing.assert_frame_equal(pd.DataFrame(assign_codes(grids, scheme=GB15)), pd.DataFrame(grids))


def test_each_area_is_numbered_by_itself_and_codes_there_are_kept() -> None:
    frame = uncoded(tiling("ABC\nDEF", cell=2.0**-9)).assign(parent_code=[AREA, OTHER, AREA, OTHER, AREA, OTHER])
    frame["code"] = [None, None, AREA + "001", " ", None, OTHER + "500"]
    before = frame.copy(deep=True)
    told = by_name(assign_codes(frame, scheme=GB15, used={AREA + "003"}))
    assert told == {
        "A": AREA + "002",
        "B": OTHER + "001",
        "C": AREA + "001",
        "D": OTHER + "002",
        "E": AREA + "004",
        "F": OTHER + "500",
    }
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before))
    again = assign_codes(frame.drop(columns="parent_code"), scheme=GB15, parents=frame["parent_code"].tolist())
    assert by_name(again)["A"] == AREA + "002"


def error(frame: gpd.GeoDataFrame, **options: object) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        assign_codes(frame, scheme=GB15, **options)  # type: ignore[arg-type]
    assert caught.value.message("zh") != caught.value.message("en")
    return caught.value


def test_a_community_of_a_thousand_grids_is_a_clear_error_and_of_999_is_not() -> None:
    cells = np.array([shapely.box(120 + i / 1e4, 36, 120 + (i + 1) / 1e4, 36.001) for i in range(1000)])
    frame = gpd.GeoDataFrame({"code": [None] * 1000, "parent_code": AREA}, geometry=cells, crs="EPSG:4326")
    last = assign_codes(frame.iloc[:999], scheme=GB15)
    assert last["code"].tolist() == [f"{AREA}{i:03}" for i in range(1, 1000)]
    found = error(frame)
    assert (found.code, found.fields["limit"]) == ("codes_exhausted", 999)
    # 999 that were ever in use leave none for a new one
    assert error(frame.iloc[:1], used=set(last["code"])).code == "codes_exhausted"


def test_what_cannot_be_numbered_is_named_by_its_row() -> None:
    frame = uncoded(tiling("ABC"))
    lost = frame.assign(parent_code=[AREA, None, " "])
    found = error(lost)
    assert (found.code, found.fields) == ("code_parent_missing", {"count": 2, "row": 2})
    for shape in (None, shapely.Polygon(), shapely.LineString([(np.nan, 36), (120, 37)])):
        bare = frame.set_geometry(gpd.GeoSeries([*frame.geometry[:2], shape], crs=frame.crs))
        found = error(bare)
        assert (found.code, found.fields) == ("code_geometry_missing", {"count": 1, "row": 3})
        coded = bare.assign(code=[None, None, AREA + "007"])
        assert assign_codes(coded, scheme=GB15)["code"].tolist() == [AREA + "001", AREA + "002", AREA + "007"]
    assert error(frame.assign(parent_code="371002")).code == "code_malformed"


def test_what_is_no_frame_of_grids_is_refused() -> None:
    frame = uncoded(tiling("AB"))
    with pytest.raises(ColumnError):
        assign_codes(frame.drop(columns="code"), scheme=GB15)
    with pytest.raises(CrsError):
        numbering_order(gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=frame.geometry.to_numpy()))


def test_points_and_metres_are_numbered_as_well() -> None:
    frame = uncoded(tiling("AB\nCD", cell=2.0**-9))
    told = by_name(assign_codes(frame, scheme=GB15))
    inside = frame.set_geometry(frame.geometry.map(lambda g: shapely.Point(g.bounds[0], g.bounds[1])))
    assert by_name(assign_codes(inside, scheme=GB15)) == told
    assert by_name(assign_codes(frame.to_crs(4549), scheme=GB15)) == told


def test_an_empty_frame_is_numbered_at_once() -> None:
    frame = uncoded(tiling("AB")).iloc[:0]
    assert len(assign_codes(frame, scheme=GB15)) == 0
    assert len(numbering_order(frame)) == 0
