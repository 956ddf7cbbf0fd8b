"""Random edits keep a valid plan, lose no ground, and can all be taken back."""

import random
from dataclasses import replace
from typing import Any

import pytest
import shapely
from drawing import STEP, any_edit, bent, fits, ground, m2, made
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.analysis.redraw.review import Asked, review, review_again, totals
from gridmap.domain.clauses import Provenance
from gridmap.domain.redraw import Assign, Change, Draw, Ground, InsertVertex, Merge, MoveVertex, SetAttributes, Split
from gridmap.domain.rulebook import Measure, Rule
from gridmap.domain.rules import Report, Severity
from gridmap.errors import InvalidInput


def rule(name: str, measure: Measure, **more: Any) -> Rule:
    said = {"zh": "{measure}", "en": "{measure}"}
    return Rule(name, measure, Severity.WARNING, Provenance.CITY, "ours", said, said, said, **more)


#: Rules that a random plan breaks here and there.
ASKED = Asked(
    (
        rule("round", Measure.COMPACTNESS, low=0.7),
        rule("size", Measure.AREA, low=9_000, high=12_000),
        rule("many", Measure.HOUSEHOLDS, low=80, high=120),
        rule("wide", Measure.WIDTH, low=85),
        rule("family", Measure.CHILDREN, at="any", low=3, high=4),
        rule("under", Measure.PARENT, values=("street", "area")),
    )
)


def sizes(found: Report) -> list[tuple[Any, ...]]:
    return sorted((f.rule, f.codes, f.measure, f.message("en")) for f in found if f.by is not None)


def walk(seed: int, steps: int):
    """Make random edits; give the plan before, those made with their changes, and the plan after."""
    draw = random.Random(seed)
    tiling = first = bent(3, 3, seed)
    found = review(tiling, ASKED)
    changes = []
    for _ in range(steps):
        edit = any_edit(tiling, draw)
        try:
            change = made(tiling, edit)
        except InvalidInput:
            continue
        after = tiling.changed(change)
        fits(after)
        free = isinstance(edit, Draw) or (isinstance(edit, Assign) and edit.ground is not Ground.TAKEN)
        outer = isinstance(edit, MoveVertex | InsertVertex) or type(edit).__name__ == "RemoveVertex"
        gone = m2(shapely.difference(ground(tiling), ground(after)).area)
        come = m2(shapely.difference(ground(after), ground(tiling)).area)
        if not free and not outer:
            assert gone < 1e-6
            assert come < 1e-6
        elif free:
            assert gone < 1e-6
        if isinstance(edit, Split | Merge | Assign | SetAttributes):
            people = [sum(g.households or 0 for g in t.areas.values() if g.level == "grid") for t in (tiling, after)]
            assert people[0] == people[1]
        found = review_again(found, after, change, ASKED)
        assert totals(found) == totals(review(after, ASKED)), edit
        assert sizes(found) == sizes(review(after, ASKED)), edit
        changes.append(change)
        tiling = after
    return first, changes, tiling


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_random_edits_keep_the_plan_whole_and_can_be_taken_back(seed) -> None:
    first, changes, tiling = walk(seed, 14)
    for change in reversed(changes):
        tiling = tiling.changed(change.inverted())
    assert dict(tiling.areas) == dict(first.areas)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_long_walks_keep_the_plan_whole(seed) -> None:
    first, changes, tiling = walk(10_000 + seed, 60)
    for change in reversed(changes):
        tiling = tiling.changed(change.inverted())
    assert dict(tiling.areas) == dict(first.areas)


def test_most_random_edits_are_made() -> None:
    draw, tiling = random.Random(1), bent(3, 3, 1)
    kinds = set()
    for _ in range(120):
        edit = any_edit(tiling, draw)
        try:
            tiling = tiling.changed(made(tiling, edit))
        except InvalidInput:
            continue
        kinds.add(type(edit).__name__)
    assert len(kinds) == 8


def test_a_change_that_opens_a_hole_is_seen() -> None:
    """The negative control of the walks: an area that moves without its neighbours."""
    tiling = bent(3, 3, 5)
    grid = tiling["g11"]
    change = Change({"g11": grid}, {"g11": replace(grid, geometry=shapely.buffer(grid.geometry, -STEP / 20))})
    broken = tiling.changed(change)
    assert totals(review(broken)).holes == 1
    assert totals(review_again(review(tiling), broken, change)) == totals(review(broken))
    with pytest.raises(AssertionError):
        fits(broken)
