"""The catalogue of categories as data: days on which a type holds, names, and tables that are wrong."""

from datetime import date

import pytest

from gridmap.domain import taxonomy
from gridmap.domain.taxonomy import categories, code_of, leaves, read_categories
from gridmap.errors import InvalidInput

HEAD = "code,parent,zh,en,weight,months,valid_from,valid_to\n"


def test_a_type_holds_from_its_first_day_to_before_its_last() -> None:
    found = read_categories(HEAD + "E1,,市容,City,,,,\nE1-01,E1,垃圾,Litter,1,,2026-01-01,2026-05-20\n")
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 5, 19), date(2026, 5, 20)]
    assert [found["E1-01"].holds_on(day) for day in days] == [False, True, True, False]
    assert found["E1"].holds_on(date.min)


def test_the_days_may_be_left_out_and_the_packaged_types_hold_always() -> None:
    found = read_categories("code,parent,zh,en,weight,months\nE1,,市容,City,,\n")
    assert (found["E1"].valid_from, found["E1"].valid_to) == (None, None)
    assert leaves(date(2026, 5, 20)) == leaves() != []


def test_a_type_whose_class_was_retired_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read_categories(HEAD + "E1,,市容,City,,,,2026-05-20\nE1-01,E1,垃圾,Litter,1,,,\n")
    monkeypatch.setattr(taxonomy, "categories", lambda: found)
    assert [c.code for c in leaves(date(2026, 5, 19))] == ["E1-01"]
    assert leaves(date(2026, 5, 20)) == []


@pytest.mark.parametrize(
    ("row", "number"),
    [
        ("E2,,a,b,,,2026-02-30,", 3),
        ("E2,,a,b,,,01/02/2026,", 3),
        ("E2,,a,b,,,2026-05-20,2026-05-20", 3),
        ("E1,,a,b,,,,", 3),
        ("E2-01,E2,a,b,1,,,", 3),
        ("E2,,a,b,much,,,", 3),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_its_row(row: str, number: int) -> None:
    with pytest.raises(InvalidInput) as raised:
        read_categories(HEAD + "E1,,市容,City,,,,\n" + row + "\n")
    assert (raised.value.code, raised.value.fields["row"]) == ("taxonomy_wrong", number)


def test_types_are_known_by_code_and_by_name_and_by_nothing_else() -> None:
    one = next(c for c in categories().values() if c.code == "E1-01")
    assert [code_of(words) for words in (one.code, one.zh, one.en.upper(), f" {one.zh} ")] == ["E1-01"] * 4
    assert [code_of(words) for words in ("E1", "", "DMV66", "乱扔")] == [None] * 4
