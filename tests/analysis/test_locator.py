"""The rule of one owner, on maps small enough to check by eye."""

import threading
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from builders import CELL, tiling, translate

from gridmap.analysis.locator import Locator
from gridmap.analysis.responsibility import owner_codes
from gridmap.domain.incidents import Method
from gridmap.errors import ColumnError, CrsError, GeometryError, GridmapError, InvalidInput
from gridmap.files.locators import read_locator
from gridmap.settings import Settings

X, Y = 120.0, 36.0


def ask(frame: gpd.GeoDataFrame, column: float, row: float, **options: float) -> tuple[str | None, str, float]:
    """Owner, method and border_m of a place in cells from the south-west corner."""
    locator = Locator.from_frame(frame)
    answers = locator.locate_many([X + column * CELL], [Y + row * CELL], **options)
    return owner_codes(locator, answers)[0], answers.methods()[0], float(answers.border_m[0])


def overlapping() -> gpd.GeoDataFrame:
    """A and B, each three cells wide, overlap in the cell from 2 to 3."""
    boxes = [shapely.box(X, Y, X + 3 * CELL, Y + CELL), shapely.box(X + 2 * CELL, Y, X + 5 * CELL, Y + CELL)]
    return gpd.GeoDataFrame({"code": ["A", "B"]}, geometry=boxes, crs="EPSG:4326")


def test_a_point_inside_a_grid_is_owned_by_it():
    owner, method, border_m = ask(tiling("AB"), 0.5, 0.5)
    assert (owner, method) == ("A", "inside")
    assert 43 < border_m < 45  # half a cell of longitude at 36 degrees north


def test_a_point_on_a_shared_border_is_owned_by_the_lowest_code():
    assert ask(tiling("AB"), 1, 0.5) == ("A", "border", 0.0)
    assert ask(tiling("BA"), 1, 0.5) == ("A", "border", 0.0)


def test_a_point_on_a_corner_has_one_owner_and_lists_all_holders():
    frame = tiling("DC\nBA")
    assert ask(frame, 1, 1) == ("A", "border", 0.0)
    assert Locator.from_frame(frame).holders_of(X + CELL, Y + CELL) == ("A", "B", "C", "D")


def test_a_corner_against_a_long_side_is_held_by_three():
    locator = Locator.from_frame(tiling("AB\nCC"))
    assert locator.holders_of(X + CELL, Y + CELL) == ("A", "B", "C")


def test_a_point_on_the_outer_rim_is_on_a_border_with_one_holder():
    locator = Locator.from_frame(tiling("AB"))
    answers = locator.locate_many([X], [Y + CELL / 2])
    assert (answers.methods()[0], answers.holders[0], answers.border_m[0]) == ("border", 1, 0.0)


def test_the_hole_of_a_ring_belongs_to_the_enclave_and_not_to_the_ring():
    frame = tiling("AAA\nABA\nAAA")
    assert ask(frame, 1.5, 1.5)[:2] == ("B", "inside")
    assert ask(frame, 1, 1.5)[:2] == ("A", "border")
    assert ask(tiling("AAA\nA.A\nAAA"), 1.5, 1.5)[:2] == (None, "none")


def test_every_part_of_a_grid_is_its_ground():
    frame = tiling("A.A")
    assert [ask(frame, c, 0.5)[:2] for c in (0.5, 1.5, 2.5)] == [("A", "inside"), (None, "none"), ("A", "inside")]


def test_codes_compare_as_text_by_code_point():
    frame = tiling("AB")
    for first, second, lowest in (("10", "9", "10"), ("a", "Z", "Z"), ("网格乙", "网格丙", "网格丙"), ("A", "A0", "A")):
        frame["code"] = [first, second]
        assert ask(frame, 1, 0.5)[0] == lowest


def test_whole_number_codes_become_text():
    frame = tiling("AB")
    frame["code"] = [10, 9]
    assert Locator.from_frame(frame).codes == ("10", "9")


def test_in_an_overlap_the_lowest_code_owns_and_the_overlap_is_marked():
    locator = Locator.from_frame(overlapping())
    answers = locator.locate_many(X + np.array([1.5, 2.5, 3.5]) * CELL, np.full(3, Y + CELL / 2))
    assert owner_codes(locator, answers).tolist() == ["A", "A", "B"]
    assert answers.overlapped.tolist() == [False, True, False]
    assert answers.methods().tolist() == ["inside"] * 3


def test_on_the_border_of_another_grid_border_m_is_still_the_way_to_the_owners_own():
    # on the west side of B, one whole cell from the east side of A
    owner, method, border_m = ask(overlapping(), 2, 0.5)
    assert (owner, method) == ("A", "border")
    assert border_m > 50


def test_outside_the_nearest_grid_answers_within_the_distance_and_not_beyond():
    frame = tiling("AB")
    outside_m = ask(frame, -0.5, 0.5, nearest_within_m=100)[2]
    assert 43 < outside_m < 45
    assert ask(frame, -0.5, 0.5, nearest_within_m=outside_m + 0.001)[:2] == ("A", "nearest")
    assert ask(frame, -0.5, 0.5, nearest_within_m=outside_m - 0.001)[:2] == (None, "none")
    assert ask(frame, -0.5, 0.5)[:2] == (None, "none")


def test_of_equally_near_grids_the_lowest_code_answers():
    for text in ("AB", "BA"):
        # south of the corner that both share
        assert ask(tiling(text), 1, -0.1, nearest_within_m=100)[:2] == ("A", "nearest")


def test_far_away_points_have_no_owner_wherever_they_lie():
    locator = Locator.from_frame(tiling("AB"))
    rng = np.random.default_rng(0)
    x, y = np.r_[rng.uniform(-180, 180, 500), 180, -180, -60], np.r_[rng.uniform(-90, 90, 500), 90, -90, -36]
    answers = locator.locate_many(x, y, nearest_within_m=50)
    assert (answers.owner == -1).all()
    assert np.isnan(answers.border_m).all()


def test_no_points_give_no_answers():
    answers = Locator.from_frame(tiling("AB")).locate_many([], [], nearest_within_m=5)
    assert len(answers.owner) == len(answers.border_m) == len(answers.overlapped) == 0


def test_without_border_nothing_is_measured():
    assert Locator.from_frame(tiling("AB")).locate_many([X], [Y], border=False).border_m is None


def test_threads_sharing_a_fresh_locator_get_the_same_answers():
    rng = np.random.default_rng(1)
    frame = tiling("\n".join("".join(chr(65 + (r * 5 + c) % 26) for c in range(30)) for r in range(30)))
    x, y = X + rng.uniform(0, 30, 2000) * CELL, Y + rng.uniform(0, 30, 2000) * CELL
    wanted = Locator.from_frame(frame).locate_many(x, y)
    for _ in range(3):
        locator = Locator.from_frame(frame.copy(deep=True))
        start, found = threading.Barrier(8), []

        def work(locator=locator, start=start, found=found):
            start.wait()
            found.append(locator.locate_many(x, y))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        assert all((f.owner == wanted.owner).all() and (f.border_m == wanted.border_m).all() for f in found)


def _with(**columns: object) -> gpd.GeoDataFrame:
    return tiling("AB").assign(**columns)


bow_tie = shapely.Polygon([(X, Y), (X + CELL, Y + CELL), (X + CELL, Y), (X, Y + CELL)])


@pytest.mark.parametrize(
    ("frame", "kind", "code"),
    [
        (tiling("AB").drop(columns="code"), ColumnError, "column_missing"),
        (_with(code=["A", None]), ColumnError, "code_missing"),
        (_with(code=["A", ""]), ColumnError, "code_missing"),
        (_with(code=["A", "A"]), ColumnError, "code_duplicate"),
        (_with(code=[1, "1"]), ColumnError, "code_duplicate"),
        (tiling("AB").set_crs(None, allow_override=True), CrsError, "crs_missing"),
        (tiling("AB").to_crs("EPSG:4549"), CrsError, "crs_not_wgs84"),
        (tiling("AB").set_crs("EPSG:4214", allow_override=True), CrsError, "crs_not_wgs84"),
        (_with(geometry=[shapely.Point(X, Y), shapely.box(X, Y, X + 1, Y + 1)]), GeometryError, "geometry_not_polygon"),
        (_with(geometry=[None, shapely.box(X, Y, X + 1, Y + 1)]), GeometryError, "geometry_not_polygon"),
        (_with(geometry=[shapely.Polygon(), shapely.box(X, Y, X + 1, Y + 1)]), GeometryError, "geometry_not_polygon"),
        (_with(geometry=[bow_tie, shapely.box(X, Y, X + 1, Y + 1)]), GeometryError, "geometry_invalid"),
        (tiling("AB").iloc[:0], InvalidInput, "no_grids"),
    ],
)
def test_grids_that_break_a_rule_are_refused(frame: gpd.GeoDataFrame, kind: type[GridmapError], code: str):
    with pytest.raises(kind) as caught:
        Locator.from_frame(frame)
    assert caught.value.code == code
    assert caught.value.message("zh")
    assert caught.value.message("en")


@pytest.mark.parametrize(
    ("lon", "lat", "options", "code"),
    [
        ([120.0, 121.0], [36.0], {}, "points_not_parallel"),
        ([[120.0]], [[36.0]], {}, "points_not_parallel"),
        ([float("nan")], [36.0], {}, "coordinate_out_of_range"),
        ([float("inf")], [36.0], {}, "coordinate_out_of_range"),
        ([36.0], [120.0], {}, "coordinate_out_of_range"),
        ([np.nextafter(180.0, 181.0)], [0.0], {}, "coordinate_out_of_range"),
        ([120.0], [36.0], {"nearest_within_m": -1.0}, "setting_negative"),
        ([120.0], [36.0], {"nearest_within_m": float("nan")}, "setting_negative"),
        ([120.0], [36.0], {"nearest_within_m": float("inf")}, "setting_negative"),
    ],
)
def test_points_that_break_a_rule_are_refused(lon: list, lat: list, options: dict, code: str):
    with pytest.raises(InvalidInput) as caught:
        Locator.from_frame(tiling("AB")).locate_many(lon, lat, **options)
    assert caught.value.code == code


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490", "OGC:CRS84"])
def test_wgs84_and_cgcs2000_degrees_are_taken_as_they_are(crs: str):
    frame = tiling("AB").set_crs(crs, allow_override=True)
    assert ask(frame, 0.5, 0.5)[0] == "A"


def test_a_moved_map_gives_the_moved_answers():
    there = translate(tiling("AB"), 1.0, -2.0)
    locator = Locator.from_frame(there)
    answers = locator.locate_many([X + 1 + CELL], [Y - 2 + CELL / 2])
    assert owner_codes(locator, answers)[0] == "A"
    assert answers.methods()[0] == "border"


def test_one_point_gets_the_answer_of_many() -> None:
    locator = Locator.from_frame(tiling("AAB\nCCB"))
    inside = locator.locate(X + CELL / 2, Y + CELL / 2)
    assert (inside.code, inside.method, inside.holders, inside.overlapped) == ("C", Method.INSIDE, ("C",), False)
    assert inside.border_m == pytest.approx(locator.locate_many([X + CELL / 2], [Y + CELL / 2]).border_m[0])
    shared = locator.locate(X + CELL, Y + CELL)
    assert (shared.code, shared.method, shared.border_m, shared.holders) == ("A", Method.BORDER, 0.0, ("A", "C"))
    outside = locator.locate(X - CELL, Y)
    assert (outside.code, outside.method, outside.border_m, outside.holders) == (None, Method.NONE, None, ())
    near = locator.locate(X - CELL / 1000, Y + CELL / 2, nearest_within_m=10)
    assert (near.code, near.method, near.holders) == ("C", Method.NEAREST, ())


def test_strict_refuses_an_overlap() -> None:
    with pytest.raises(InvalidInput) as caught:
        Locator.from_frame(overlapping(), strict=True)
    assert caught.value.code == "boundaries_overlap"
    assert len(Locator.from_frame(tiling("AB"), strict=True)) == 2


def test_a_locator_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "grids.geojson"
    tiling("AB").to_file(file)
    assert read_locator(file, settings=Settings()).find_owner(X + 1.5 * CELL, Y + CELL / 2) == "B"
