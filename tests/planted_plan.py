"""A small plan of three levels without a fault, and one fault for every rule of topology, nesting, codes and levels."""

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from builders import CELL, tiling
from shapely.geometry.base import BaseGeometry

from gridmap.domain.boundaries import BoundarySet, Level

SET = BoundarySet(
    "net",
    (
        Level("street", 0),
        Level("community", 1, contiguous=True),
        Level("grid", 2, contiguous=True, required=("name", "households", "department")),
    ),
    code_scheme="gb15",
)
STREETS = {"S": "371002001", "T": "371002002"}
COMMUNITIES = {"A": "371002001001", "C": "371002001002", "B": "371002002001", "D": "371002002002"}
GRIDS = {
    letter: f"{COMMUNITIES[community]}{number:03}"
    for community, letters in zip("ABCD", ("abcd", "efgh", "ijkl", "mnop"), strict=True)
    for number, letter in enumerate(letters, 1)
}
CODES = {**STREETS, **COMMUNITIES, **GRIDS}
#: Where a code was before letters became codes.
PARENTS = dict(zip("ACBD", "SSTT", strict=True)) | {x: "ABCD"["abcdefghijklmnop".index(x) // 4] for x in GRIDS}

Change = Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]


def plan() -> gpd.GeoDataFrame:
    """Two streets of two communities of four grids; every cell about 100 m."""
    drawn = {
        "street": "SSTT\nSSTT\nSSTT\nSSTT",
        "community": "AABB\nAABB\nCCDD\nCCDD",
        "grid": "abef\ncdgh\nijmn\nklop",
    }
    parts = [tiling(text).assign(level=level) for level, text in drawn.items()]
    frame = pd.concat(parts, ignore_index=True)
    frame["parent_code"] = [CODES[PARENTS[x]] if x in PARENTS else "371002" for x in frame["code"]]
    frame["code"] = [CODES[x] for x in frame["code"]]
    frame["kind"] = None
    frame["households"] = 120
    frame["attributes"] = [{"department": "urban"} for _ in range(len(frame))]
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")


def box(x: float, y: float, w: float = 1, h: float = 1) -> BaseGeometry:
    """A rectangle in cells from the south-west corner of the plan."""
    return shapely.box(120 + x * CELL, 36 + y * CELL, 120 + (x + w) * CELL, 36 + (y + h) * CELL)


#: About one metre, in cells.
METRE = 1 / 111_000 / CELL


def put(letter: str, column: str, value: Any) -> Change:
    """Write another value into a column of one row."""

    def change(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        frame = frame.astype({column: object}) if column != "geometry" else frame
        frame[column] = [
            value if code == CODES[letter] else old for code, old in zip(frame["code"], frame[column], strict=True)
        ]
        return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")

    return change


def both(*changes: Change) -> Change:
    def change(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        for one in changes:
            frame = one(frame)
        return frame

    return change


def without(*letters: str) -> Change:
    return lambda frame: frame[~frame["code"].isin([CODES[x] for x in letters])].reset_index(drop=True)


def without_level(level: str) -> Change:
    return lambda frame: frame[frame["level"] != level].reset_index(drop=True)


def grid_in_two(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give grid b half of a, at the far side from it."""
    left = shapely.box(120, 36 + 3 * CELL, 120 + CELL / 2, 36 + 4 * CELL)
    frame = put("b", "geometry", shapely.MultiPolygon([left, box(1, 3)]))(frame)
    return put("a", "geometry", shapely.box(120 + CELL / 2, 36 + 3 * CELL, 120 + CELL, 36 + 4 * CELL))(frame)


def corners(*places: tuple[float, float]) -> BaseGeometry:
    """A polygon through corners in cells."""
    return shapely.Polygon([(120 + x * CELL, 36 + y * CELL) for x, y in places])


def bulging(by: float) -> BaseGeometry:
    """Grid a with its eastern border pushed into b."""
    return corners((0, 3), (1, 3), (1 + by, 3.5), (1, 4), (0, 4))


#: Grid k with a line out and back in its ring: no ground is lost by it.
SPIKED = corners((0, 0), (1, 0), (1, 1), (0, 1), (0, 0.5), (0.5, 0.5), (0, 0.5))

#: rule, kind, letters of the codes (in the order of the finding), the fault
FAULTS: list[tuple[str, str | None, str, Change]] = [
    ("overlap", None, "ab", put("a", "geometry", bulging(0.25))),
    ("sliver", "overlap", "ab", put("a", "geometry", bulging(METRE / 50))),
    ("duplicate_geometry", None, "ab", both(put("b", "geometry", box(0, 3)), put("a", "geometry", box(0, 3)))),
    ("parent_not_covered", None, "A", without("a")),
    ("outside_parent", None, "aA", put("a", "geometry", shapely.union(box(0, 3), box(0.2, 4, 0.5, METRE)))),
    ("not_contiguous", None, "b", grid_in_two),
    ("invalid_ring", None, "k", put("k", "geometry", SPIKED)),
    ("empty_geometry", None, "a", put("a", "geometry", None)),
    ("not_polygon", None, "a", put("a", "geometry", shapely.Point(120, 36.003))),
    ("missing_code", None, "", put("a", "code", None)),
    ("duplicate_code", None, "a", put("b", "code", CODES["a"])),
    ("code_scheme", "digits", "", put("a", "code", "37100200100100A")),
    ("code_scheme", "length", "", put("a", "code", "37100200100101")),
    ("code_scheme", "serial", "", put("a", "code", "371002001001000")),
    ("code_scheme", "prefix", "", put("a", "code", "371002001009001")),
    ("level_unknown", None, "S", put("S", "level", "sub-district")),
    ("level_missing", "skipped", "aS", put("a", "parent_code", STREETS["S"])),
    ("parent_missing", None, "a", put("a", "parent_code", "371002001999")),
    ("parent_missing", None, "a", put("a", "parent_code", None)),
    ("parent_wrong_level", None, "ab", put("a", "parent_code", GRIDS["b"])),
    ("parent_cycle", None, "a", put("a", "parent_code", GRIDS["a"])),
    ("parent_cycle", None, "ab", both(put("a", "parent_code", GRIDS["b"]), put("b", "parent_code", GRIDS["a"]))),
    ("parent_cycle", None, "SbA", put("S", "parent_code", GRIDS["b"])),
    ("attribute_missing", None, "a", put("a", "households", None)),
    ("attribute_missing", None, "a", put("a", "households", float("nan"))),
    ("attribute_missing", None, "a", put("a", "name", "  ")),
    ("attribute_missing", None, "a", put("a", "attributes", {"department": ""})),
    ("attribute_missing", None, "a", put("a", "attributes", {"phone": "1"})),
    ("attribute_missing", None, "a", put("a", "attributes", None)),
    ("beyond_degrees", None, "a", put("a", "geometry", shapely.box(200, 95, 201, 96))),
]

#: A hole, a missing area or a doubled shape is seen from both sides; these may stand beside the rule under test.
ECHOES = {
    "duplicate_geometry": {"parent_not_covered"},
    "empty_geometry": {"parent_not_covered"},
    "not_polygon": {"parent_not_covered"},
    "beyond_degrees": {"parent_not_covered"},
    # a street without a level leaves its communities without a parent
    "level_unknown": {"parent_missing"},
}
