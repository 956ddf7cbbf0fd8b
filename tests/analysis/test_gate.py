"""One plan with exactly one fault for every rule of the gate, and the same plan without it."""

import re
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from builders import CELL, flip_winding, rotate_rings, shuffle_rows, tiling
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_plan import (
    CODES,
    ECHOES,
    FAULTS,
    GRIDS,
    METRE,
    SET,
    STREETS,
    Change,
    both,
    box,
    grid_in_two,
    plan,
    put,
    without,
    without_level,
)
from shapely.geometry.base import BaseGeometry
from strategies import Recipe, build, recipes

from gridmap.analysis.gate import check_plan
from gridmap.analysis.topology import check_tiling
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.domain.rules import Finding, Report, Severity
from gridmap.errors import ColumnError, CrsError, InvalidInput
from gridmap.i18n import LANGUAGES, has


def expected_codes(rule: str, letters: str) -> tuple[str, ...]:
    return tuple(CODES[x] for x in letters)


def said(finding: Finding) -> list[str]:
    return [finding.message(language) for language in LANGUAGES]


def test_a_clean_plan_has_no_finding_at_all() -> None:
    found = check_plan(plan(), SET, former=plan(), retired=["371002001001099"], headed=set(GRIDS.values()))
    assert list(found) == []
    assert found.facts["grids"] == 22
    assert {name: facts["grids"] for name, facts in found.facts["levels"].items()} == {
        "street": 2,
        "community": 4,
        "grid": 16,
    }
    areas = [facts["area_m2"] for facts in found.facts["levels"].values()]
    assert areas == pytest.approx([areas[0]] * 3, rel=1e-9)


@pytest.mark.parametrize(
    ("rule", "kind", "letters", "change"), FAULTS, ids=[f"{i}-{f[0]}-{f[1] or ''}" for i, f in enumerate(FAULTS)]
)
def test_each_fault_gives_its_finding_and_no_other(rule: str, kind: str | None, letters: str, change: Change) -> None:
    found = check_plan(change(plan()), SET)
    assert {f.rule for f in found} - ECHOES.get(rule, set()) == {rule}, [(f.rule, f.codes) for f in found]
    (finding,) = found.of(rule)
    assert finding.fields.get("kind") == kind
    if letters:
        assert finding.codes == expected_codes(rule, letters)
    assert not found.clean
    for message in said(finding):
        assert message
        assert "{" not in message


def test_a_child_is_a_metre_outside_and_half_a_metre_is_measured_too() -> None:
    for metres in (1.0, 0.5):
        shape = shapely.union(box(0, 3), box(0, 4, 1, metres * METRE))
        (finding,) = check_plan(put("a", "geometry", shape)(plan()), SET).of("outside_parent")
        width = 111_320 * np.cos(np.radians(36)) * CELL
        assert finding.measure == pytest.approx(width * metres, rel=0.02)


def test_a_level_without_rows_between_two_others_is_missing() -> None:
    found = check_plan(without_level("community")(plan()), SET)
    (finding,) = found.of("level_missing")
    assert (finding.fields["kind"], finding.fields["level"]) == ("empty", "community")
    # the grids name communities that are not there
    assert {f.rule for f in found} == {"level_missing", "parent_missing"}


def test_a_level_missing_at_the_top_or_the_bottom_is_not_asked_for() -> None:
    assert list(check_plan(without_level("street")(plan()), SET)) == []
    assert list(check_plan(without_level("grid")(plan()), SET)) == []


def test_a_code_of_two_levels_is_a_finding() -> None:
    loose = replace(SET, code_scheme=None)
    found = check_plan(put("a", "code", CODES["A"])(plan()), loose)
    assert [(f.rule, f.codes) for f in found] == [("code_in_other_level", (CODES["A"],))]
    assert list(check_plan(plan(), loose)) == []


def test_an_area_larger_than_its_parent_is_a_finding() -> None:
    shape = shapely.union(box(0, 3), box(-2, 3, 2, 3))
    found = check_plan(put("a", "geometry", shape)(plan()), SET)
    assert {f.rule for f in found} == {"outside_parent", "larger_than_parent"}


def test_a_hole_is_found_in_its_level_and_in_the_parent() -> None:
    found = check_plan(without("d")(plan()), SET)
    assert {f.rule for f in found} == {"hole", "parent_not_covered"}
    assert found.of("hole")[0].fields["level"] == "grid"


def test_a_grid_without_head_is_a_warning_and_asked_only_where_heads_are_known() -> None:
    found = check_plan(plan(), SET, headed=set(GRIDS.values()) - {GRIDS["c"]})
    assert [(f.rule, f.codes, f.severity) for f in found] == [("grid_without_head", (GRIDS["c"],), Severity.WARNING)]
    assert len(check_plan(plan(), SET, headed=set())) == 16
    assert list(check_plan(plan(), SET)) == []


def swapped(one: str, two: str) -> Change:
    """Two grids of one community change their codes."""
    other = {CODES[one]: CODES[two], CODES[two]: CODES[one]}
    return lambda frame: frame.assign(code=[other.get(c, c) for c in frame["code"]])


def test_a_living_code_that_leaves_its_ground_has_moved() -> None:
    found = check_plan(swapped("a", "b")(plan()), SET, former=plan())
    assert [(f.rule, f.codes) for f in found] == [("code_moved", (GRIDS[x],)) for x in "ab"]
    assert found.findings[0].measure == pytest.approx(100 * 0.89, rel=0.05)
    assert found.findings[0].unit == "m"
    assert list(check_plan(swapped("a", "b")(plan()), SET)) == []


def test_a_code_may_grow_shrink_and_keep_a_part_of_its_ground() -> None:
    moved = both(put("a", "geometry", box(0, 3, 0.1, 1)), put("b", "geometry", box(0.1, 3, 1.9, 1)))
    assert list(check_plan(moved(plan()), SET, former=plan())) == []


def test_a_border_digitised_anew_does_not_make_common_ground() -> None:
    """Swapped codes stay a fault where the new border lies two metres beside the old one."""
    anew = both(put("a", "geometry", box(0, 3, 1.002, 1)), put("b", "geometry", box(1.002, 3, 0.998, 1)))
    found = check_plan(swapped("a", "b")(anew(plan())), SET, former=plan())
    assert {f.rule for f in found} == {"code_moved"}


def test_the_same_shape_written_another_way_has_not_moved() -> None:
    for other in (rotate_rings(plan()), flip_winding(plan()), shuffle_rows(plan())):
        assert list(check_plan(other, SET, former=plan(), retired=plan())) == []


def test_a_retired_code_comes_back_with_its_ground_or_not_at_all() -> None:
    gone = plan()[lambda f: f["code"] == GRIDS["a"]]
    former = put("a", "code", "371002001001005")(plan())
    assert list(check_plan(plan(), SET, former=former, retired=gone)) == []
    found = check_plan(swapped("a", "b")(plan()), SET, former=without("a")(plan()), retired=gone)
    assert {(f.rule, f.codes) for f in found} == {("code_moved", (GRIDS["b"],)), ("code_reused", (GRIDS["a"],))}
    # a quarter of the old ground is not the old area
    part = both(put("a", "geometry", box(0, 3, 0.25, 1)), put("b", "geometry", box(0.25, 3, 1.75, 1)))
    found = check_plan(part(plan()), SET, former=without("a")(plan()), retired=gone)
    assert [(f.rule, f.codes) for f in found] == [("code_reused", (GRIDS["a"],))]


def test_of_codes_alone_any_return_is_a_new_use() -> None:
    found = check_plan(plan(), SET, former=without("a")(plan()), retired={GRIDS["a"], "371002001001099"})
    assert [(f.rule, f.codes) for f in found] == [("code_reused", (GRIDS["a"],))]
    # a code that lives is not retired, whatever the list says
    assert list(check_plan(plan(), SET, former=plan(), retired={GRIDS["a"]})) == []


BUILDINGS = BoundarySet("doors", (Level("street", 0), Level("unit", 1, tiles_parent=False, shapes="any")))


def doors(*shapes: BaseGeometry, parents: list[str | None] | None = None) -> gpd.GeoDataFrame:
    streets = tiling("ST").assign(level="street")
    units = gpd.GeoDataFrame(
        {
            "code": [f"u{i}" for i in range(len(shapes))],
            "level": "unit",
            "parent_code": parents or ["S"] * len(shapes),
        },
        geometry=list(shapes),
        crs="EPSG:4326",
    )
    return gpd.GeoDataFrame(pd.concat([streets, units], ignore_index=True), crs="EPSG:4326")


def test_leaves_may_be_points_lines_and_buildings_that_tile_nothing() -> None:
    frame = doors(
        box(0.5, 0.5, 0, 0).centroid, box(0.1, 0.1, 0.2, 0.2), shapely.LineString([(120, 36), (120, 36.0001)])
    )
    found = check_plan(frame, BUILDINGS)
    assert list(found) == []
    # the same leaves in a level of areas that must tile
    strict = BoundarySet("doors", (Level("street", 0), Level("unit", 1)))
    assert {f.rule for f in check_plan(frame, strict)} == {"not_polygon", "parent_not_covered"}


def test_a_point_on_the_border_is_inside_and_one_a_metre_out_is_not() -> None:
    west = shapely.Point(120, 36 + CELL / 3)
    assert list(check_plan(doors(west), BUILDINGS)) == []
    (finding,) = check_plan(doors(shapely.Point(120 - METRE * CELL, 36 + CELL / 3)), BUILDINGS)
    assert (finding.rule, finding.fields["kind"], finding.unit) == ("outside_parent", "reach", "m")
    assert finding.measure == pytest.approx(np.cos(np.radians(36)), rel=0.02)
    assert finding.codes == ("u0", "S")
    assert all("1" in m or "0.81" in m for m in said(finding))


def test_a_building_outside_its_parent_is_a_finding_and_bare_ground_is_none() -> None:
    (finding,) = check_plan(doors(box(0.9, 0, 0.2, 0.5)), BUILDINGS)
    assert (finding.rule, finding.codes, finding.unit) == ("outside_parent", ("u0", "S"), "m2")


def test_points_without_parent_codes_belong_to_the_area_around_them() -> None:
    frame = doors(shapely.Point(120 + CELL / 2, 36 + CELL / 2), parents=[None])
    assert list(check_plan(frame, BUILDINGS)) == []
    frame = doors(shapely.Point(120 - CELL, 36 + CELL / 2), parents=[None])
    assert [f.rule for f in check_plan(frame, BUILDINGS)] == ["outside_parent"]


def test_a_door_surveyed_anew_keeps_its_code_and_one_across_the_street_does_not() -> None:
    here, near, far = (shapely.Point(120 + CELL / 4 + m * METRE * CELL, 36 + CELL / 2) for m in (0, 5, 40))
    assert list(check_plan(doors(near), BUILDINGS, former=doors(here))) == []
    assert [f.rule for f in check_plan(doors(far), BUILDINGS, former=doors(here))] == ["code_moved"]


def test_one_level_alone_gives_what_the_check_of_a_tiling_gives() -> None:
    grids = put("d", "geometry", box(0.9, 2, 1.2, 1))(plan())
    grids = grids[grids["level"] == "grid"].reset_index(drop=True)
    one = BoundarySet("one", (Level("grid", 0),))
    plain, gate = check_tiling(grids), check_plan(grids, one)
    stripped = [replace(f, fields={k: v for k, v in f.fields.items() if k != "level"}) for f in gate]
    assert stripped == list(plain)
    assert len(plain) > 1


def test_parents_are_found_by_place_where_a_level_names_none() -> None:
    frame = plan().assign(parent_code=None)
    assert list(check_plan(frame, SET)) == []
    frame = put("a", "geometry", box(0, 4.5))(frame)
    assert {f.rule for f in check_plan(frame, SET)} == {"outside_parent", "parent_not_covered"}


def all_shaped(frame: gpd.GeoDataFrame, shape: BaseGeometry | None) -> gpd.GeoDataFrame:
    return frame.set_geometry(gpd.GeoSeries([shape] * len(frame), crs=frame.crs))


ODD = ([1], {}, 3.5, pd.NA, np.nan, pd.Timestamp(0), b"x", "{", None)


@settings(max_examples=25, deadline=None)
@given(recipes(largest=5).filter(lambda r: r.cell < 0.01 and r.kind != "triangles"), st.integers(0, 2**32 - 1))
def test_a_random_plan_whose_areas_are_made_of_their_grids_is_clean(recipe: Recipe, seed: int) -> None:
    """Holes, enclaves and several parts are what the random map has itself; nothing else is found."""
    grids = build(recipe).assign(level="grid")
    rng = np.random.default_rng(seed)
    communities = dissolve(grids, [f"c{n}" for n in rng.integers(0, 4, len(grids))], "community")
    streets = dissolve(communities, [f"s{n}" for n in rng.integers(0, 2, len(communities))], "street")
    frame = gpd.GeoDataFrame(pd.concat([grids, communities, streets], ignore_index=True), crs=grids.crs)
    levels = tuple(Level(name, order) for order, name in enumerate(("street", "community", "grid")))
    found = check_plan(frame, BoundarySet("random", levels), former=frame)
    assert {f.rule for f in found} <= {"hole", "sliver", "multipart", "enclave"}
    assert {f.fields.get("kind") for f in found.of("sliver")} <= {"hole"}


def dissolve(parts: gpd.GeoDataFrame, owners: list[str], level: str) -> gpd.GeoDataFrame:
    """Make areas of parts, and write into each part whose it is."""
    parts["parent_code"] = owners
    shapes = parts.geometry.to_numpy()
    codes = sorted(set(owners))
    whole = [shapely.coverage_union_all(shapes[np.array(owners) == code]) for code in codes]
    return gpd.GeoDataFrame({"code": codes, "level": level, "parent_code": None}, geometry=whole, crs=parts.crs)


WORST: dict[str, Change] = {
    "no rows": lambda f: f.iloc[:0],
    "one row": lambda f: f.iloc[:1],
    "all empty": lambda f: all_shaped(f, None),
    "no levels": lambda f: f.assign(level=None),
    "levels of other types": lambda f: f.assign(level=range(len(f))),
    "codes of other types": lambda f: f.assign(
        code=[[1], {}, 3.5, pd.NA, np.nan, pd.Timestamp(0)] + ["x"] * (len(f) - 6)
    ),
    "parents of other types": lambda f: f.assign(parent_code=[*ODD, *[0] * (len(f) - len(ODD))]),
    "attributes of other types": lambda f: f.assign(attributes=[*ODD, *[{1: 2}] * (len(f) - len(ODD))]),
    "every row twice": lambda f: gpd.GeoDataFrame(pd.concat([f, f]), crs=f.crs),
    "one parent for all": lambda f: f.assign(parent_code=STREETS["S"]),
    "a ring of all": lambda f: f.assign(parent_code=np.roll(f["code"].to_numpy(), 1)),
    "not a number": lambda f: all_shaped(f, shapely.Polygon([(120, 36), (np.nan, 36), (121, 37)])),
    "collections": lambda f: f.set_geometry(
        gpd.GeoSeries([shapely.GeometryCollection([box(0, 0)])] * len(f), crs=f.crs)
    ),
    "everything everywhere": lambda f: all_shaped(f, box(0, 0)),
    "no optional columns": lambda f: f[["code", "level", "geometry"]],
    "index doubled": lambda f: f.set_index(pd.Index([0] * len(f))),
    "upside down": lambda f: f.assign(
        level=f["level"].map({"street": "grid", "grid": "street", "community": "community"})
    ),
}


@pytest.mark.parametrize("name", WORST)
@pytest.mark.parametrize("boundary_set", [SET, BUILDINGS], ids=["areas", "any"])
def test_bad_data_is_reported_and_never_raised(name: str, boundary_set: BoundarySet) -> None:
    with np.errstate(invalid="ignore"):
        frame = WORST[name](plan())
        found = check_plan(frame, boundary_set, former=frame, retired=frame, headed=[])
    assert isinstance(found, Report)
    assert found.to_json()["summary"]["grids"] == len(frame)
    assert not found.of("overlap") or name in ("everything everywhere", "upside down", "every row twice")
    if name not in ("no rows", "one row"):
        assert len(found) > 0


def test_what_is_no_plan_is_refused() -> None:
    with pytest.raises(ColumnError, match="level"):
        check_plan(plan().drop(columns="level"), SET)
    with pytest.raises(ColumnError):
        check_plan(plan().drop(columns="code"), SET)
    with pytest.raises(CrsError):
        check_plan(plan().to_crs(4549), SET)
    with pytest.raises(InvalidInput) as caught:
        check_plan(plan(), replace(SET, code_scheme="nobody"))
    assert caught.value.code == "code_scheme_unknown"


def test_the_report_does_not_depend_on_how_the_plan_is_written() -> None:
    broken = both(grid_in_two, without("d"), put("i", "parent_code", "x"), put("o", "name", ""))(plan())
    told = check_plan(broken, SET).to_json()
    assert told["summary"]["findings"] > 4
    for other in (shuffle_rows(broken, 3), rotate_rings(broken), flip_winding(broken)):
        assert check_plan(other, SET).to_json() == told


def test_the_plan_that_came_is_not_changed() -> None:
    frame = grid_in_two(plan())
    before = frame.copy(deep=True)
    check_plan(frame, SET, former=frame, headed=[])
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before))


def test_every_rule_of_the_gate_has_a_title_and_a_line_in_the_documentation() -> None:
    from pathlib import Path

    page = (Path(__file__).resolve().parents[2] / "docs/check.md").read_text(encoding="utf-8")
    rules = {f[0] for f in FAULTS} | {"code_moved", "code_reused", "code_in_other_level", "grid_without_head", "hole"}
    for rule in sorted(rules):
        assert has(f"rule.{rule}"), rule
        assert re.search(rf"^\| `{rule}` \|", page, re.MULTILINE), rule
