"""Who handles a case: first match wins, and there is always an answer."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.assigning import (
    UNASSIGNED,
    AtPlace,
    Place,
    Rule,
    Rules,
    assign,
    packaged_rules,
    read_rules,
    within,
)
from gridmap.errors import InvalidInput
from gridmap.i18n import LANGUAGES

LAMP = AtPlace("lamps", "L7", {"owner": "路灯管理所"})
ROAD = AtPlace("roads", "R1", {"owner": " ", "权属单位": "交通局"})
IN_GRID = Place("C3-01", grid_code="G1", grid_kind="unit", desk_code="A1")


@pytest.mark.parametrize(
    ("place", "unit", "rule"),
    [
        (replace(IN_GRID, category="E5-01"), "dept:公安分局", "public_security"),
        (replace(IN_GRID, category="E5"), "dept:公安分局", "public_security"),
        (replace(IN_GRID, component="L7", features=[ROAD, LAMP]), "dept:路灯管理所", "asset_owner"),
        (replace(IN_GRID, features=[ROAD, LAMP]), "dept:交通局", "road_owner"),
        (replace(IN_GRID, features=[LAMP]), "grid:G1", "grid"),
        (replace(IN_GRID, component="L8", features=[LAMP]), "grid:G1", "grid"),
        (replace(IN_GRID, grid_kind="专属网格"), "grid:G1", "special_grid"),
        (IN_GRID, "grid:G1", "grid"),
        (replace(IN_GRID, grid_code=None), "desk:A1", "duty_desk"),
        (Place("C3-01"), None, UNASSIGNED),
    ],
)
def test_the_packaged_rules_go_from_category_to_desk(place: Place, unit: str | None, rule: str) -> None:
    found = assign(packaged_rules(), place)
    assert (found.unit, found.rule) == (unit, rule)
    for language in LANGUAGES:
        told = found.reason.message(language)
        assert "{" not in told
        assert unit is None or unit in told or unit.split(":")[1] in told


def test_a_class_is_no_prefix_of_letters() -> None:
    assert all(within(*pair) for pair in [("E1-02", "E1"), ("E1", "E1"), ("E1-02", "E1-02")])
    assert not any(within(*pair) for pair in [("E11-02", "E1"), ("E1", "E1-02"), ("E1-021", "E1-02")])


@pytest.mark.parametrize("value", [None, 5, "", "   ", "a\nb", "x" * 201, ["局"]])
def test_an_owner_that_names_nobody_is_passed_over(value: Any) -> None:
    place = replace(IN_GRID, features=[AtPlace("roads", "R1", {"owner": value})])
    assert assign(packaged_rules(), place).rule == "grid"


def test_what_an_attribute_says_is_never_filled_in_again() -> None:
    place = replace(IN_GRID, features=[AtPlace("roads", "R1", {"owner": "{grid}<b>{0.__class__}"})])
    found = assign(packaged_rules(), place)
    assert found.unit == "dept:{grid}<b>{0.__class__}"
    assert found.unit in found.reason.message("zh")


CODES = st.sampled_from(["E1", "E1-01", "E11-01", "E5-01", "C3-01"])
NAMES = st.sampled_from(["roads", "lamps", "owner", "G1"])
UNITS = st.sampled_from(["grid:{grid}", "desk:{desk}", "dept:甲", "grid:G9"])


@st.composite
def made_rules(draw: st.DrawFn) -> Rules:
    rows = []
    for i in range(draw(st.integers(0, 6))):
        layers = draw(st.lists(NAMES, max_size=2))
        owned = bool(layers) and draw(st.booleans())
        rows.append(
            Rule(
                f"r{i}",
                "dept:{owner}" if owned else draw(UNITS),
                tuple(draw(st.lists(CODES, max_size=2))),
                bool(layers) and draw(st.booleans()),
                tuple(layers),
                ("owner",) if owned else (),
                tuple(draw(st.lists(st.sampled_from(["unit", "special"]), max_size=1))),
            )
        )
    return Rules("made", tuple(rows))


PLACES = st.builds(
    Place,
    CODES,
    st.none() | NAMES,
    st.none() | NAMES,
    st.none() | st.sampled_from(["unit", "special"]),
    st.none() | NAMES,
    st.lists(
        st.builds(AtPlace, NAMES, NAMES, st.dictionaries(NAMES, st.sampled_from(["甲局", "", "乙局"]))), max_size=3
    ),
)


@given(made_rules(), PLACES)
def test_the_first_rule_that_fits_alone_wins_and_there_is_always_one(rules: Rules, place: Place) -> None:
    alone = [assign(Rules("one", (rule,)), place) for rule in rules.rules]
    winners = [a for a in alone if a.rule != UNASSIGNED]
    found = assign(rules, place)
    assert (found.unit, found.rule) == ((winners[0].unit, winners[0].rule) if winners else (None, UNASSIGNED))
    assert (found.unit is None) == (found.rule == UNASSIGNED)
    assert found.unit is None or ("{" not in found.unit and found.unit.split(":")[1])


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ("name = ", "/"),
        ('name = "x"\nwhat = 1', "/"),
        ("name = 5", "/name"),
        ('name = "x"\nsource = "city"', "/source"),
        ('name = "x"\nrule = 5', "/rule"),
        ('name = "x"\n[[rule]]\nunit = "grid:{grid}"', "/rule/0/id"),
        ('name = "x"\n[[rule]]\nid = "unassigned"\nunit = "grid:{grid}"', "/rule/0/id"),
        ('name = "x"\n' + '[[rule]]\nid = "a"\nunit = "grid:{grid}"\n' * 2, "/rule/1/id"),
        ('name = "x"\n[[rule]]\nid = "a"', "/rule/0/unit"),
        ('name = "x"\n[[rule]]\nid = "a"\nunit = "nobody"', "/rule/0/unit"),
        ('name = "x"\n[[rule]]\nid = "a"\nunit = "dept:{grid}x"', "/rule/0/unit"),
        ('name = "x"\n[[rule]]\nid = "a"\nunit = "dept:"', "/rule/0/unit"),
        ('name = "x"\n[[rule]]\nid = "a"\nunit = "dept:甲"\ncategories = []', "/rule/0/categories"),
        ('name = "x"\n[[rule]]\nid = "a"\nunit = "dept:甲"\nkinds = ["u", 5]', "/rule/0/kinds/1"),
        ('name = "x"\n[[rule]]\nid = "a"\nunit = "dept:甲"\ncomponent = true', "/rule/0/layers"),
        ('name = "x"\n[[rule]]\nid = "a"\nunit = "dept:{owner}"\nlayers = ["r"]', "/rule/0/attributes"),
        ('name = "x"\n[[rule]]\nid = "a"\nunit = "dept:甲"\ncolour = "red"', "/rule/0"),
        ('name = "x"\n[[rule]]\nid = "a"\nunit = "dept:甲"\ncomponent = 1', "/rule/0/component"),
    ],
)
def test_a_wrong_table_is_refused_with_the_place(content: str, pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_rules(content)
    assert caught.value.code == "responsibility_wrong"
    assert caught.value.fields["pointer"] == pointer
    assert all(pointer in caught.value.message(language) for language in LANGUAGES)


def test_a_table_without_rules_sends_all_to_the_queue() -> None:
    assert assign(read_rules('name = "empty"'), IN_GRID).rule == UNASSIGNED
