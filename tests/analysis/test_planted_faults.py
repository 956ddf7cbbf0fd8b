"""Every rule of the catalogue has a planted fault, and finds that one alone."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from builders import tiling
from planted_plan import (
    CODES,
    ECHOES,
    FAULTS,
    GRIDS,
    METRE,
    SET,
    Change,
    both,
    box,
    bulging,
    corners,
    plan,
    put,
    without,
)

from gridmap.analysis.gate import check_plan
from gridmap.analysis.measuring import rule_findings
from gridmap.analysis.repair import propose_repair
from gridmap.analysis.topology import check_tiling
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.domain.clauses import clause_of
from gridmap.domain.rulebook import profile, profiles
from gridmap.domain.rules import Severity
from gridmap.i18n import catalogue

DATA = Path(__file__).resolve().parents[2] / "data" / "boundaries"
LOOSE = replace(SET, code_scheme=None)
SCATTERED = replace(SET, levels=tuple(replace(x, contiguous=False) for x in SET.levels))


@dataclass(frozen=True)
class Case:
    """A fault: what is changed, what is asked with it, and rules that see it, too."""

    change: Change
    codes: tuple[str, ...] | None = None
    boundary_set: BoundarySet = SET
    asked: Mapping[str, Any] = field(default_factory=dict)
    echoes: frozenset[str] = frozenset()


def same(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame


def ringed(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Grid d lies wholly inside grid c, which takes what d had around it."""
    room = box(0.25, 2.25, 0.25, 0.25)
    ground = shapely.union(box(0, 2), box(1, 2))
    return both(put("c", "geometry", shapely.difference(ground, room)), put("d", "geometry", room))(frame)


def apart(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Grid b lies on both sides of a."""
    return both(
        put("a", "geometry", box(0.5, 3, 0.5, 1)),
        put("b", "geometry", shapely.MultiPolygon([box(0, 3, 0.5, 1), box(1, 3)])),
    )(frame)


def swapped(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    other = {GRIDS["a"]: GRIDS["b"], GRIDS["b"]: GRIDS["a"]}
    return frame.assign(code=[other.get(c, c) for c in frame["code"]])


def without_level(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Nothing between streets and grids; each grid names its street."""
    streets = {CODES["A"]: "S", CODES["C"]: "S", CODES["B"]: "T", CODES["D"]: "T"}
    left = frame[frame["level"] != "community"].reset_index(drop=True)
    return left.assign(parent_code=[CODES[streets[p]] if p in streets else p for p in left["parent_code"]])


#: What the table of ``planted_plan`` cannot say: other sets, former versions, heads.
MORE: dict[str, Case] = {
    "hole": Case(without("d"), None, echoes=frozenset({"parent_not_covered"})),
    "sliver": Case(
        put("a", "geometry", corners((0, 3), (1, 3), (1 - METRE / 50, 3.5), (1, 4), (0, 4))),
        None,
        echoes=frozenset({"parent_not_covered"}),
    ),
    "multipart": Case(apart, (GRIDS["b"],), SCATTERED),
    "enclave": Case(ringed, (GRIDS["d"], GRIDS["c"])),
    "larger_than_parent": Case(
        put("a", "geometry", shapely.union(box(0, 3), box(-3, 3, 3, 3))),
        (GRIDS["a"], CODES["A"]),
        echoes=frozenset({"outside_parent"}),
    ),
    "level_missing": Case(without_level, (), LOOSE),
    "code_in_other_level": Case(put("a", "code", CODES["A"]), (CODES["A"],), LOOSE),
    "code_moved": Case(swapped, None, asked={"former": plan()}),
    "code_reused": Case(same, (GRIDS["a"],), asked={"former": without("a")(plan()), "retired": {GRIDS["a"]}}),
    "grid_without_head": Case(same, (GRIDS["c"],), asked={"headed": set(GRIDS.values()) - {GRIDS["c"]}}),
}

#: A repair alone can find it.
IN_A_REPAIR = {"vanished"}


@pytest.mark.parametrize("rule", MORE)
def test_each_planted_fault_is_found_by_its_rule_and_no_other(rule: str) -> None:
    case = MORE[rule]
    found = check_plan(case.change(plan()), case.boundary_set, **case.asked)
    assert {f.rule for f in found} - case.echoes == {rule}, [(f.rule, f.codes, f.measure) for f in found]
    if case.codes is not None:
        assert [f.codes for f in found.of(rule)] == [case.codes]


def test_what_a_repair_swallows_is_told() -> None:
    frame = tiling("AABB\nAABB")
    thin = shapely.box(*frame.geometry[0].bounds)
    frame = pd.concat([frame, frame.iloc[:1].assign(code="C", geometry=[thin])], ignore_index=True)
    repaired = propose_repair(gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326"))
    assert [f.rule for f in repaired.report.errors] == ["vanished"]


def test_every_rule_of_the_catalogue_has_a_planted_fault() -> None:
    named = {key.removeprefix("rule.") for key in catalogue() if key.startswith("rule.")}
    assert named == {rule for rule, *_ in FAULTS} | set(MORE) | IN_A_REPAIR
    texts = {key.split(".")[1] for key in catalogue() if key.startswith("finding.")}
    assert named <= texts
    assert not named & {rule.id for book in profiles() for rule in profile(book).rules}


def test_every_rule_that_a_standard_asks_for_says_so() -> None:
    asked = {rule for rule, *_ in FAULTS} | set(MORE)
    assert {rule for rule in asked if clause_of(rule) is None} == {"level_unknown"}
    assert ECHOES.keys() <= asked


@pytest.mark.parametrize(
    ("width_m", "rule"), [(0.0995, "sliver"), (0.1005, "overlap"), (2e-9, None)], ids=["thin", "wide", "rounding"]
)
def test_a_strip_is_a_sliver_up_to_a_tenth_of_a_metre(width_m: float, rule: str | None) -> None:
    """Grid a reaches over b by a strip of one width all along."""
    east = width_m / (METRE_WIDE * math.cos(math.radians(36.0034)))
    shape = box(0, 3, 1 + east, 1)
    found = check_plan(put("a", "geometry", shape)(plan()), SET)
    # its new corner lies in the border of d, which bends by half a micrometre in the projection
    between = [f for f in found if f.codes == (GRIDS["a"], GRIDS["b"])]
    assert {f.rule for f in between} == ({rule} if rule else set()), [(f.rule, f.measure) for f in found]
    assert {f.rule for f in found.errors} <= {"overlap"}
    assert all(f.measure < 1e-6 for f in found if f not in between)


#: Metres to one cell of the plan at the equator.
METRE_WIDE = 6378137.0 * math.pi / 180 * 2.0**-10


@pytest.mark.parametrize(("side_m", "rule"), [(0.0995, "sliver"), (0.25, "hole")])
def test_a_small_hole_is_a_sliver(side_m: float, rule: str) -> None:
    lon = side_m / (METRE_WIDE * math.cos(math.radians(36.0034)))
    room = box(0.5, 3.5, lon, side_m / 110_960 / 2.0**-10)
    found = check_plan(put("a", "geometry", shapely.difference(box(0, 3), room))(plan()), SET)
    assert {f.rule for f in found} == {rule, "parent_not_covered"}, [(f.rule, f.measure) for f in found]


@pytest.mark.parametrize(("bulge", "n"), [(0.0, 0), (0.25, 1)])
def test_a_border_that_fits_is_no_overlap(bulge: float, n: int) -> None:
    found = check_plan(put("a", "geometry", bulging(bulge))(plan()), SET)
    assert len(found) == n


def test_the_demonstration_district_raises_no_alarm() -> None:
    parts = [gpd.read_file(DATA / f"{name}.geojson") for name in ("streets", "areas", "grids")]
    frame = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs="EPSG:4326")
    levels = (Level("street", 0), Level("area", 1), Level("grid", 2))
    found = check_plan(frame, BoundarySet("demo", levels))
    assert {f.rule for f in found} <= {"multipart", "enclave"}
    sizes = rule_findings(frame, levels, profile("unit-grid").rules)
    assert {f.severity for f in sizes} <= {Severity.NOTE}
    assert list(check_tiling(frame[frame["level"] == "grid"].reset_index(drop=True)).errors) == []
    assert np.isfinite([f.measure for f in sizes if f.measure is not None]).all()
