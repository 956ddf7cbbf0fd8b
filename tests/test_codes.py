"""Codes as data: parts, faults, numbers that are never given twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.codes import SCHEMES, CodeScheme, LevelCodes, scheme
from gridmap.errors import InvalidInput

GB15 = scheme("gb15")
COMMUNITY = "371002001003"


def level(of: CodeScheme, depth: int) -> LevelCodes:
    found = of.at(depth)
    assert found is not None
    return found


def code_of(error: pytest.ExceptionInfo[InvalidInput]) -> str:
    assert error.value.message("zh") != error.value.message("en")
    return error.value.code


def test_the_schemes_have_the_digits_of_their_standards() -> None:
    parts = {name: tuple(p.digits for p in s.parts) for name, s in SCHEMES.items()}
    assert parts == {
        "gb15": (6, 3, 3, 3),
        "cjt14": (6, 2, 3, 3),
        "long16": (6, 3, 3, 4),
        "cjt20": (6, 6, 3, 3, 2),
    }
    assert [s.digits for s in SCHEMES.values()] == [15, 14, 16, 20]


def test_a_code_is_taken_apart_by_level() -> None:
    leaf, community, street, county = (level(GB15, depth) for depth in range(4))
    assert [x.digits for x in (leaf, community, street, county)] == [15, 12, 9, 6]
    assert GB15.at(4) is None
    assert leaf.parse("371002001003042") == {
        "county": "371002",
        "street": "001",
        "community": "003",
        "serial": "042",
    }
    assert leaf.area_of("371002001003042") == COMMUNITY
    assert community.area_of(COMMUNITY) == "371002001"
    assert street.area_of("371002001") == "371002"
    assert county.parse("371002") == {"county": "371002"}


def test_an_area_code_may_be_filled_up_with_zeros() -> None:
    street, county = level(GB15, 2), level(GB15, 3)
    assert street.fault("371002001000") is None
    assert street.area_of("371002001000") == "371002"
    assert county.significant("371002000000") == "371002"
    assert street.fault("371002001010") == "length"
    assert street.fault("37100200100") == "length"
    community = level(GB15, 1)
    # a community is of full length, so 000 is no filling but its number
    assert community.fault("371002001000") == "serial"


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("371002001003042", None),
        ("371002001003001", None),
        ("371002001003999", None),
        ("371002001003000", "serial"),
        ("37100200100304", "length"),
        ("3710020010030421", "length"),
        ("", "digits"),
        ("37100200100304A", "digits"),
        ("３７1002001003042", "digits"),
        ("371002001003٠42", "digits"),
        (" 71002001003042", "digits"),
        ("-71002001003042", "digits"),
    ],
)
def test_what_is_wrong_with_a_code(code: str, fault: str | None) -> None:
    leaf = level(GB15, 0)
    assert leaf.fault(code) == fault
    if fault:
        with pytest.raises(InvalidInput) as caught:
            leaf.parse(code)
        assert code_of(caught) == "code_malformed"
        with pytest.raises(InvalidInput):
            leaf.area_of(code)


def test_the_twenty_digits_carry_an_object_code_that_is_no_part_of_the_area() -> None:
    long = scheme("cjt20")
    leaf, community = level(long, 0), level(long, 1)
    assert leaf.area_of("01020037100200160107") == "371002001601"
    assert community.fault("371002001601") is None
    # 00: an area that is not divided
    assert leaf.fault("01020037100200160100") is None
    assert long.next_free("371002001601", set(), front="010200") == "01020037100200160101"
    with pytest.raises(InvalidInput) as caught:
        long.next_free("371002001601", set())
    assert code_of(caught) == "code_malformed"
    with pytest.raises(InvalidInput):
        long.next_free("371002001601", set(), front="0102000")


def test_the_lowest_number_never_used_is_given() -> None:
    assert GB15.next_free(COMMUNITY, set()) == COMMUNITY + "001"
    assert GB15.next_free(COMMUNITY, {COMMUNITY + "001", COMMUNITY + "003"}) == COMMUNITY + "002"
    # the numbers of another community do not count
    assert GB15.next_free(COMMUNITY, {"371002001004001"}) == COMMUNITY + "001"


def test_the_thousandth_grid_of_a_community_is_a_clear_error() -> None:
    used = {f"{COMMUNITY}{n:03}" for n in range(1, 999)}
    assert GB15.next_free(COMMUNITY, used) == COMMUNITY + "999"
    with pytest.raises(InvalidInput) as caught:
        GB15.next_free(COMMUNITY, used | {COMMUNITY + "999"})
    assert code_of(caught) == "codes_exhausted"
    assert "999" in caught.value.message("zh")
    # the longer serial goes on
    longer = {f"{COMMUNITY}{n:04}" for n in range(1, 1000)}
    assert scheme("long16").next_free(COMMUNITY, longer) == COMMUNITY + "1000"


@pytest.mark.parametrize("area", ["", "371002001", "371002001000", "3710020010030", "37100200100x"])
def test_an_area_code_that_breaks_the_scheme_numbers_nothing(area: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        GB15.next_free(area, set())
    assert code_of(caught) == "code_malformed"


def test_a_city_writes_a_scheme_of_its_own_as_digits() -> None:
    own = scheme("6+3+3+4")
    assert [p.digits for p in own.parts] == [6, 3, 3, 4]
    assert own.next_free(COMMUNITY, set()) == COMMUNITY + "0001"
    assert level(own, 2).digits == 9


@pytest.mark.parametrize(
    "name", ["", "15", "gb", "6+0+3", "6+", "+", "6+-3", "6+3.0", "6+10", "6+３", "+".join("111111111")]
)
def test_an_unknown_scheme_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        scheme(name)
    assert code_of(caught) == "code_scheme_unknown"
    assert "gb15" in caught.value.message("en")


schemes = st.sampled_from(list(SCHEMES.values()))


@given(schemes, st.data())
def test_what_is_given_follows_the_scheme_and_was_never_used(s: CodeScheme, data: st.DataObject) -> None:
    leaf, around = level(s, 0), level(s, 1)
    area = "".join(f"{data.draw(st.integers(1, 10**p.digits - 1)):0{p.digits}}" for p in around.parts)
    front = "010203"[: sum(p.digits for p in s.parts if p.of_leaf)]
    used: set[str] = set()
    for _ in range(data.draw(st.integers(1, 30))):
        code = s.next_free(area, used, front=front)
        assert code not in used
        assert leaf.fault(code) is None
        assert leaf.area_of(code) == area
        assert "".join(leaf.parse(code).values()) == code
        used.add(code)
    # a code once used stays used: taking any away frees no number for those that know the whole past
    assert s.next_free(area, used, front=front) not in used
