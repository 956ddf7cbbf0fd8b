"""Staffing and provision: every threshold at n - 1, n and n + 1."""

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.analysis.provision import provision_matrix
from gridmap.analysis.staffing import staffing
from gridmap.domain.provision import packaged_provision, read_provision
from gridmap.domain.staffing import StaffRules, staffed, station_needed, workers_needed
from gridmap.errors import GridmapError


@pytest.mark.parametrize(
    ("households", "needed"), [(0, 0), (1, 1), (149, 1), (150, 1), (151, 2), (300, 2), (301, 3), (1_600, 11)]
)
def test_one_worker_for_each_begun_150_households(households: int, needed: int):
    assert workers_needed(households) == needed
    assert staffed(households, None, 1, needed).status == "enough"
    assert staffed(households, None, 1, needed + 1).status == "over"
    if needed:
        short = staffed(households, None, 1, needed - 1)
        assert (short.status, short.workers_short) == ("under", 1)


@pytest.mark.parametrize(("heads", "status", "short"), [(0, "under", 1), (1, "enough", 0), (2, "enough", 0)])
def test_every_grid_has_a_head(heads: int, status: str, short: int):
    found = staffed(150, None, heads, 1)
    assert (found.status, found.heads_short) == (status, short)
    assert staffed(0, None, heads, 0).status == status


def test_a_head_is_no_worker_unless_the_city_says_so():
    assert staffed(150, None, 1, 0).status == "under"
    lenient = StaffRules(head_counts=True)
    assert staffed(150, None, 1, 0, rules=lenient).status == "enough"
    assert staffed(151, None, 1, 0, rules=lenient).workers_short == 1


@pytest.mark.parametrize(("floating", "needed"), [(0, False), (1_999, False), (2_000, False), (2_001, True)])
def test_more_than_2000_floating_residents_need_a_station(floating: int, needed: bool):
    assert station_needed(floating) is needed
    assert staffed(0, floating, 1, 0).station_short is needed
    assert staffed(0, floating, 1, 0, stations=1).station_short is False


def test_what_is_not_known_is_not_zero():
    found = staffed(None, None, 1, 3)
    assert (found.status, found.workers_needed, found.load, found.station_needed) == ("unknown", None, None, None)
    assert staffed(None, None, 0, 3).status == "under"


def test_the_load_is_households_for_each_worker():
    assert staffed(300, None, 1, 2).load == 150
    assert staffed(300, None, 1, 0).load == float("inf")
    assert staffed(0, None, 1, 0).load == 0


GRIDS = pd.DataFrame(
    {
        "code": ["A", "B", "C", "D"],
        "households": [0, 151, 300, None],
        "floating_residents": [2_001, 2_000, None, 2_001],
    }
)
PRESENT = pd.DataFrame({"grid_code": ["A", "B", "C", "X"], "heads": [1, 0, 1, 1], "workers": [0, 1, 5, 2]})


def test_many_grids_at_once_say_what_each_says():
    found = staffing(GRIDS, PRESENT, stations=pd.DataFrame({"grid_code": ["D", None]}))
    assert found["status"].tolist() == ["enough", "under", "over", "under"]
    assert found["workers_needed"].tolist() == [0, 2, 2, pd.NA]
    assert found["workers_spare"].tolist()[:3] == [0, 0, 3]
    assert found["station_short"].tolist() == [True, False, False, False]
    assert found.attrs["summary"] == {
        "grids": 4, "under": 2, "enough": 1, "over": 1, "unknown": 0, "heads": 2, "workers": 6, "workers_needed": 4,
        "heads_short": 2, "workers_short": 1, "workers_spare": 3, "stations_short": 1, "elsewhere": 3,
    }  # fmt: skip


@given(households=st.integers(0, 10_000), heads=st.integers(0, 3), workers=st.integers(0, 80), per=st.integers(1, 500))
def test_short_and_spare_balance_what_is_needed(households: int, heads: int, workers: int, per: int):
    found = staffed(households, None, heads, workers, rules=StaffRules(per))
    assert found.workers_needed is not None
    assert workers + found.workers_short - found.workers_spare == found.workers_needed
    assert (found.workers_needed - 1) * per < households <= found.workers_needed * per
    assert (found.status == "under") == (heads == 0 or workers * per < households)


@pytest.mark.parametrize(
    ("grids", "present", "code"),
    [
        (GRIDS.drop(columns="code"), PRESENT, "column_missing"),
        (GRIDS, PRESENT.drop(columns="heads"), "column_missing"),
        (pd.concat([GRIDS, GRIDS]), PRESENT, "code_duplicate"),
        (GRIDS, pd.concat([PRESENT, PRESENT]), "code_duplicate"),
    ],
)
def test_tables_that_make_no_sense_are_refused(grids: pd.DataFrame, present: pd.DataFrame, code: str):
    with pytest.raises(GridmapError) as raised:
        staffing(grids, present)
    assert raised.value.code == code


# --- the provision matrix


def features(*rows: tuple[str, tuple[str, ...], dict | None], state: str = "open") -> pd.DataFrame:
    held = [(layer, state, codes, attributes) for layer, codes, attributes in rows]
    return pd.DataFrame(held, columns=["layer", "state", "area_codes", "attributes"])


def need(book: pd.DataFrame, name: str) -> pd.Series:
    return book[book["need"] == name].iloc[0]


AREA = pd.DataFrame({"code": ["a"], "level": ["area"], "households": [250]})
STREET = pd.DataFrame({"code": ["s"], "level": ["street"]})


def test_the_rooms_of_each_250_households_are_100_m2():
    for m2, status, lacking in (("99.99", "lacking", "0.01"), ("100", "met", "0"), ("100.01", "met", "0")):
        rooms = features(("premises", ("s", "a", "g"), {"area_m2": m2}))
        row = need(provision_matrix(AREA, rooms, packaged_provision()), "premises")
        assert (row.required, row.status, row.lacking) == (100, status, Decimal(lacking))


def test_rooms_add_up_and_numbers_that_cannot_be_read_bring_nothing():
    rooms = features(
        *[("premises", ("a",), {"area_m2": value}) for value in ("60", 39.5, "about 40", None, "-5", "NaN")]
    )
    assert need(provision_matrix(AREA, rooms, packaged_provision()), "premises").present == Decimal("99.5")


def test_without_households_nobody_knows_how_much_room_is_needed():
    row = need(provision_matrix(AREA.assign(households=None), features(), packaged_provision()), "premises")
    assert row.status == "unknown"
    assert row.required is None


def test_a_rescue_team_has_at_least_50_members():
    for members, status in ((49, "lacking"), (50, "met"), (51, "met")):
        team = features(("rescue-teams", ("s",), {"members": members}))
        assert need(provision_matrix(STREET, team, packaged_provision()), "rescue_team").status == status
    two_halves = features(*[("rescue-teams", ("s",), {"members": 25})] * 2)
    assert need(provision_matrix(STREET, two_halves, packaged_provision()), "rescue_team").status == "lacking"


def test_one_mediation_room_an_area_none_is_short_and_planned_ones_do_not_count():
    room = ("mediation-rooms", ("s", "a", "g"), None)
    for rows, status in (((), "lacking"), ((room,), "met"), ((room, room), "met")):
        assert need(provision_matrix(AREA, features(*rows), packaged_provision()), "mediation_room").status == status
    planned = features(room, state="planned")
    book = packaged_provision()
    assert need(provision_matrix(AREA, planned, book), "mediation_room").status == "lacking"
    assert need(provision_matrix(AREA, planned, book, states=("planned",)), "mediation_room").status == "met"


def test_only_the_levels_of_a_need_are_asked():
    both = pd.concat([AREA, STREET], ignore_index=True)
    found = provision_matrix(both, features(), packaged_provision())
    assert set(found[found["code"] == "s"]["need"]) == {
        "enforcement_team", "governance_centre", "service_centre", "party_centre", "rescue_team"
    }  # fmt: skip
    groups = [n.group["zh"] for n in packaged_provision().needs if n.group]
    assert groups.count("五个一") == 5
    assert groups.count("一队三中心") == 4
    assert found.attrs["summary"]["rescue_team"] == {"met": 0, "lacking": 1, "unknown": 0}


GOOD = """name = "x"
source = { zh = "甲", en = "a" }
[[service]]
id = "s"
title = { zh = "甲", en = "a" }
layers = ["l"]
radius_m = 300
provenance = "city"
document = "d"
[[need]]
id = "n"
title = { zh = "甲", en = "a" }
at = ["grid"]
layers = ["l"]
count = 1
provenance = "city"
document = "d"
"""


def test_a_city_may_bring_its_own_book():
    book = read_provision(GOOD)
    assert book.service_of("l").radius_m == 300
    assert book.service_of("other") is None


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("radius_m = 300", "radius_m = 0", "/service/0/radius_m"),
        ("radius_m = 300", "radius_m = 300\nminutes = 5", "/service/0"),
        ("radius_m = 300", "", "/service/0"),
        ("radius_m = 300", "minutes = 15", "/service/0/m_per_min"),
        ('layers = ["l"]\nradius', "layers = []\nradius", "/service/0/layers"),
        ("count = 1", "", "/need/0/count"),
        ("count = 1", "count = 1\nleast = 5", "/need/0/least"),
        ("count = 1", "count = 1\nwhy = 5", "/need/0"),
        ('at = ["grid"]', "", "/need/0/at"),
        ('id = "n"', 'id = "n"\nper_households = 0', "/need/0/per_households"),
    ],
)
def test_a_book_with_a_fault_says_where(old: str, new: str, at: str):
    assert old in GOOD
    with pytest.raises(GridmapError) as raised:
        read_provision(GOOD.replace(old, new))
    assert raised.value.code == "book_wrong"
    assert raised.value.fields["pointer"] == at
