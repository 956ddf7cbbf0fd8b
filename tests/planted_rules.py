"""One fault for every rule of the rulebooks that come with the package, planted into a plan that breaks none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from builders import CELL, tiling

from gridmap.analysis.measuring import Around, rule_findings
from gridmap.domain.boundaries import Level
from gridmap.domain.people import GridProfile
from gridmap.domain.rulebook import profile
from gridmap.domain.rules import Finding

LEVELS = (Level("street", 0), Level("community", 1), Level("grid", 2), Level("door", 3, tiles_parent=False))
LAT, LON = 36.0, 120.0
DRAWN = {
    "street": "SSTT\nSSTT\nSSTT\nSSTT",
    "community": "AABB\nAABB\nCCDD\nCCDD",
    "grid": "abef\ncdgh\nijmn\nklop",
}
PARENTS = dict(zip("ACBD", "SSTT", strict=True)) | {
    x: "ABCD"["abcdefghijklmnop".index(x) // 4] for x in "abcdefghijklmnop"
}
WELL_KEPT = {"land_use": "07", "management_level": "2", "responsible_body": "街道办", "population": 2_500}


def box(x: float, y: float, w: float = 1, h: float = 1) -> shapely.Polygon:
    """A rectangle in cells from the south-west corner of the plan."""
    return shapely.box(LON + x * CELL, LAT + y * CELL, LON + (x + w) * CELL, LAT + (y + h) * CELL)


@dataclass(frozen=True)
class Town:
    """A plan and what lies around it."""

    frame: gpd.GeoDataFrame
    around: Around = field(default_factory=Around)

    def found(self, book: str, **more: Any) -> list[Finding]:
        return rule_findings(self.frame, LEVELS, profile(book).rules, around=self.around, **more)

    def put(self, code: str, **values: Any) -> "Town":
        """The town with other values in one row; ``held``: attributes, None: gone."""
        frame = self.frame.copy()
        (row,) = frame.index[frame["code"] == code]
        held = values.pop("held", {})
        attributes = {k: v for k, v in {**frame["attributes"][row], **held}.items() if v is not None}
        for name, value in {**values, "attributes": attributes}.items():
            column = frame[name].astype(object).tolist()
            column[row] = value
            frame[name] = column
        return replace(self, frame=gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326"))

    def with_people(self, **people: GridProfile) -> "Town":
        return replace(self, around=replace(self.around, people=people))

    def with_layer(self, name: str, *shapes: Any) -> "Town":
        layer = gpd.GeoDataFrame(geometry=list(shapes), crs="EPSG:4326")
        return replace(self, around=replace(self.around, layers={**self.around.layers, name: layer}))

    def with_children(self, parent: str, n: int) -> "Town":
        """The town with as many grids under a community; what is more is taken from, or given to, the others."""
        frame = self.frame.copy()
        mine = [c for c in frame["code"] if c in "abcdefghijklmnop"]
        owner = dict.fromkeys(mine[:n], parent) | dict.fromkeys(mine[n:], "B" if parent != "B" else "C")
        frame["parent_code"] = [owner.get(c, p) for c, p in zip(frame["code"], frame["parent_code"], strict=True)]
        return replace(self, frame=frame)


def town() -> Town:
    """Two streets, four communities, sixteen grids of about 9,600 m2; roads all along, a building in each grid."""
    parts = [tiling(text).assign(level=level) for level, text in DRAWN.items()]
    frame = pd.concat(parts, ignore_index=True)
    frame["parent_code"] = [PARENTS.get(c, "370001") for c in frame["code"]]
    frame["kind"] = None
    frame["households"] = 400
    frame["attributes"] = [dict(WELL_KEPT) for _ in range(len(frame))]
    plan = gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")
    roads = shapely.unary_union([g.boundary for g in plan.geometry[plan["level"] == "grid"]])
    houses = [box(x + 0.25, y + 0.25, 0.5, 0.5) for x in range(4) for y in range(4)]
    return Town(plan).with_layer("road", roads).with_layer("building", *houses)


def _metres(n: float) -> float:
    """So many metres to the north, in cells."""
    return n / 110_960 / CELL


def _thin(code: str, metres: float) -> Callable[[Town], Town]:
    return lambda t: t.put(code, geometry=box(0, 3, 2, _metres(metres)))


#: Profile and rule to the code that breaks it, the fault, and the rules that see it, too.
PLANTED: Mapping[tuple[str, str], tuple[str, Callable[[Town], Town], frozenset[str]]] = {
    ("unit-grid", "unit_area_positive"): (
        "a",
        lambda t: t.put("a", geometry=box(0, 3, 1e-4, 1e-4)),
        frozenset({"unit_width"}),
    ),
    ("unit-grid", "unit_parts"): (
        "a",
        lambda t: t.put("a", geometry=shapely.MultiPolygon([box(0, 3, 0.4, 1), box(0.6, 3, 0.4, 1)])),
        frozenset({"unit_buildings"}),
    ),
    ("unit-grid", "unit_parent"): ("a", lambda t: t.put("a", parent_code="S"), frozenset()),
    ("unit-grid", "unit_attributes"): ("a", lambda t: t.put("a", held={"land_use": " "}), frozenset()),
    ("unit-grid", "unit_responsible"): ("a", lambda t: t.put("a", held={"responsible_body": None}), frozenset()),
    ("unit-grid", "unit_buildings"): ("f", lambda t: t.with_layer("建筑", box(3.9, 3.4, 0.5, 0.2)), frozenset()),
    ("unit-grid", "unit_border"): (
        "a",
        lambda t: t.put("a", geometry=box(0.3, 3.3, 0.4, 0.4)),
        frozenset({"unit_buildings"}),
    ),
    ("unit-grid", "unit_compactness"): ("a", _thin("a", 8), frozenset()),
    ("unit-grid", "unit_width"): ("a", _thin("a", 4.9), frozenset({"unit_compactness"})),
    ("unit-grid", "duty_units"): (
        "A",
        lambda t: t.put("A", kind="责任网格").with_children("A", 6),
        frozenset(),
    ),
    ("unit-grid-centre", "unit_area_centre"): (
        "a",
        lambda t: t.put("a", geometry=box(0, 3, 1, 0.9)),
        frozenset(),
    ),
    ("social-urban", "social_households"): ("a", lambda t: t.put("a", households=501), frozenset()),
    ("social-urban", "social_people"): ("a", lambda t: t.put("a", held={"population": 2_501}), frozenset()),
    ("social-urban", "social_floating"): (
        "a",
        lambda t: t.with_people(a=GridProfile("a", floating_residents=2_501)),
        frozenset(),
    ),
    ("social-urban", "social_parent"): ("a", lambda t: t.put("a", parent_code="S"), frozenset()),
    ("social-urban", "social_compactness"): ("a", _thin("a", 8), frozenset()),
    ("social-rural", "social_households"): ("a", lambda t: t.put("a", households=501), frozenset()),
    ("social-rural", "social_people"): ("a", lambda t: t.put("a", held={"population": 2_501}), frozenset()),
}
