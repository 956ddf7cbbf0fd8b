"""Rules of size and shape: each planted fault is found by its rule, and what is just inside a limit is not."""

import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from planted_rules import LEVELS, PLANTED, box, town
from strategies import Recipe, build, recipes

from gridmap import crs
from gridmap.analysis.measuring import Around, rule_findings
from gridmap.domain.boundaries import Level
from gridmap.domain.clauses import BINDING
from gridmap.domain.people import GridProfile
from gridmap.domain.rulebook import Measure, Rule, profile, profiles
from gridmap.domain.rules import Severity
from gridmap.i18n import LANGUAGES

DATA = Path(__file__).resolve().parents[2] / "data" / "boundaries"
WAYS = pytest.mark.parametrize("book", profiles())


def rule(book: str, name: str, **other: Any) -> Rule:
    (found,) = [r for r in profile(book).rules if r.id == name]
    return replace(found, **other)


@WAYS
def test_a_good_plan_breaks_no_rule(book: str) -> None:
    assert town().found(book) == []


@pytest.mark.parametrize(("book", "name"), PLANTED, ids=["/".join(key) for key in PLANTED])
def test_each_planted_fault_is_found_by_its_rule_and_no_other(book: str, name: str) -> None:
    code, plant, echoes = PLANTED[book, name]
    found = plant(town()).found(book)
    assert {f.rule for f in found} - echoes == {name}, [(f.rule, f.codes, f.measure) for f in found]
    (finding,) = [f for f in found if f.rule == name]
    assert finding.codes == (code,)
    assert {f.rule for f in found if f.severity is Severity.ERROR} <= {name}
    assert finding.by == rule(book, name)
    assert finding.clause is not None
    assert finding.clause.document
    assert finding.geometry is not None
    assert not finding.geometry.is_empty
    for language in LANGUAGES:
        assert code in finding.message(language)
        assert not set("{}") & set(finding.message(language))


def test_every_rule_of_every_profile_has_a_planted_fault() -> None:
    rules = {(book, r.id): r for book in profiles() for r in profile(book).rules}
    inherited = {
        key for key in rules if any(o != key[0] and rules[o, n] == rules[key] for o, n in PLANTED if n == key[1])
    }
    assert set(rules) - inherited <= set(PLANTED)
    assert set(PLANTED) <= set(rules)


@pytest.mark.parametrize(
    ("book", "name", "inside", "outside"),
    [
        ("social-urban", "social_households", {"households": 300}, {"households": 299}),
        ("social-urban", "social_households", {"households": 500}, {"households": 501}),
        ("social-urban", "social_people", {"held": {"population": 2_500}}, {"held": {"population": 2_500.01}}),
        ("social-urban", "social_people", {"held": {"population": "2500"}}, {"held": {"population": "2501"}}),
        ("social-rural", "social_households", {"households": 0}, {"households": 501}),
    ],
)
def test_limits_belong_to_what_is_allowed(book: str, name: str, inside: Any, outside: Any) -> None:
    assert town().put("a", **inside).found(book) == []
    assert [f.rule for f in town().put("a", **outside).found(book)] == [name]


def test_floating_residents_are_allowed_up_to_the_limit_and_unknown_ones_are_not_asked() -> None:
    for people, n in ((2_500, 0), (2_501, 1), (None, 0)):
        t = town().with_people(a=GridProfile("a", floating_residents=people))
        assert len(t.found("social-urban")) == n


@pytest.mark.parametrize(("n", "wrong"), [(0, True), (1, False), (5, False), (6, True)])
def test_a_duty_grid_has_one_to_five_unit_grids(n: int, wrong: bool) -> None:
    found = town().put("A", kind="duty").with_children("A", n).found("unit-grid")
    assert [(f.codes, f.measure) for f in found] == ([(("A",), float(n))] if wrong else [])


def metric_box(width: float, height: float) -> tuple[shapely.Polygon, int]:
    """A rectangle of exact metres near the middle of a zone, in degrees."""
    epsg = 4549
    x, y = crs.to_metric(np.array([shapely.Point(120.0, 36.0)], dtype=object), epsg)[0].coords[0]
    flat = shapely.box(x, y, x + width, y + height)
    return crs.from_metric(np.array([flat], dtype=object), epsg)[0], epsg


@pytest.mark.parametrize(
    ("name", "book", "limit", "inside", "outside"),
    [
        ("unit_area_centre", "unit-grid-centre", "low", (100, 90), (100, 89.999)),
        ("unit_area_centre", "unit-grid-centre", "high", (100, 110), (100, 110.001)),
        ("unit_area_positive", "unit-grid", "low", (0.1, 0.1), (0.1, 0.04)),
        ("unit_width", "unit-grid", "low", (200, 5), (200, 4.98)),
    ],
)
def test_sizes_are_exact_at_their_limits(name: str, book: str, limit: str, inside: Any, outside: Any) -> None:
    asked = (rule(book, name),)
    for size, n in ((inside, 0), (outside, 1)):
        shape, epsg = metric_box(*size)
        found = rule_findings(town().put("a", geometry=shape).frame, LEVELS, asked, epsg=epsg, only={"a"})
        assert len(found) == n, [f.measure for f in found]


def test_compactness_is_that_of_polsby_and_popper() -> None:
    shape, epsg = metric_box(100, 100)
    frame = town().put("a", geometry=shape).frame
    square = math.pi / 4
    for low, n in ((round(square, 3), 0), (round(square, 3) + 0.001, 1)):
        asked = (rule("unit-grid", "unit_compactness", low=low),)
        found = rule_findings(frame, LEVELS, asked, epsg=epsg, only={"a"})
        assert len(found) == n


def test_a_building_may_reach_over_a_border_by_as_much_as_the_rule_says() -> None:
    metre = 1 / 110_960 * 1024
    for over, n in ((0.4, 0), (0.6, 2)):
        house = box(1.2, 3 - over * metre, 0.6, 0.3)  # mostly in b, a little in d
        found = town().with_layer("建筑物", house).found("unit-grid")
        assert [(f.rule, f.codes) for f in found] == [("unit_buildings", ("b",)), ("unit_buildings", ("d",))][:n]
        for f in found:
            assert f.geometry is not None
            assert f.geometry.equals_exact(shapely.normalize(house), 1e-9)


def test_a_rule_rests_where_its_layer_or_its_value_is_not_known() -> None:
    bare = replace(town(), around=Around())
    for book in profiles():
        assert {f.by.measure for f in bare.put("a", households=None).found(book) if f.by} <= {Measure.MISSING}
    unknown = bare.put("a", households=None, held={"population": "many"})
    assert unknown.found("social-urban") == []


def test_special_grids_have_no_size_of_their_own() -> None:
    t = town().put("a", households=3, kind="专属网格", held={"population": 9_000})
    assert t.found("social-urban") == []
    assert len(t.put("a", kind="基础网格").found("social-urban")) == 2


def test_broken_shapes_are_other_rules_matter() -> None:
    bow = shapely.Polygon([(120, 36), (120.01, 36.01), (120.01, 36), (120, 36.01)])
    for shape in (None, shapely.Polygon(), bow, shapely.Point(120, 36)):
        t = town().put("a", geometry=shape, households=1)
        assert t.found("unit-grid") == []
        assert [f.rule for f in t.found("social-urban")] == ["social_households"]


def test_rules_hold_from_their_first_day_to_the_day_before_their_end() -> None:
    from datetime import date

    book = profile("social-urban")
    timed = replace(book, rules=(replace(book.rules[0], valid_from=date(2024, 1, 1), valid_to=date(2025, 1, 1)),))
    held = [len(timed.at(date(*day))) for day in ((2023, 12, 31), (2024, 1, 1), (2024, 12, 31), (2025, 1, 1))]
    assert held == [0, 1, 1, 0]


@WAYS
def test_what_no_document_asks_for_only_warns(book: str) -> None:
    for r in profile(book).rules:
        if r.provenance not in BINDING:
            assert r.severity is not Severity.ERROR
            assert not r.needs_waiver


def whole() -> gpd.GeoDataFrame:
    parts = [gpd.read_file(DATA / f"{name}.geojson") for name in ("streets", "areas", "grids")]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs="EPSG:4326")


def test_the_demonstration_district_breaks_only_rules_that_plain_sums_say_it_breaks() -> None:
    frame, levels = whole(), (Level("street", 0), Level("area", 1), Level("grid", 2))
    context = gpd.read_file(DATA / "context.geojson")
    layers = {str(kind): part for kind, part in context.groupby("kind")}
    found = rule_findings(frame, levels, profile("social-urban").rules, around=Around(layers=layers))
    grids = frame[frame["level"] == "grid"]
    few = set(grids["code"][(grids["households"] < 300) | (grids["households"] > 500)])
    assert {f.codes[0] for f in found if f.rule == "social_households"} == few
    flat = grids.to_crs(4549)
    round_ = 4 * math.pi * flat.area / flat.length**2
    assert {f.codes[0] for f in found if f.rule == "social_compactness"} == set(grids["code"][round_.round(3) < 0.15])
    assert {f.rule for f in found} <= {"social_households", "social_compactness"}
    unit = rule_findings(frame, levels, profile("unit-grid").rules, around=Around(layers=layers))
    assert not [f for f in unit if f.severity is not Severity.NOTE]
    assert Counter(f.rule for f in unit)["unit_responsible"] == len(grids)


@given(recipes())
@settings(max_examples=25, deadline=None)
def test_asked_again_of_some_the_findings_are_those_of_all(recipe: Recipe) -> None:
    frame = build(recipe).assign(households=range(len(build(recipe))))
    levels = (Level("grid", 0),)
    asked = (
        rule("unit-grid", "unit_compactness", low=0.7),
        rule("unit-grid", "unit_width", low=60),
        rule("social-urban", "social_households", low=2, high=5),
    )
    epsg = crs.metric_epsg_of(np.asarray(frame.geometry.array, dtype=object))
    everything = rule_findings(frame, levels, asked, epsg=epsg)
    some = set(frame["code"][::2])
    again = rule_findings(frame, levels, asked, epsg=epsg, only=some)
    assert [f for f in everything if f.codes[0] in some] == again
    assert json.dumps([f.to_json() for f in again])
