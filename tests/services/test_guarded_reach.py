"""What a reach is made of: codes over all versions, plans as parts of whole ones, and one owner of points for all."""

from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from builders import tiling
from fake_store import FakeStore
from hypothesis import given
from hypothesis import strategies as st
from rights_world import NOW, STREET, code, fill

from gridmap.analysis.locator import Locator, LocatorPart
from gridmap.crs import WGS84
from gridmap.domain.access import OPERATOR, Area, Grant, Kind, Permission, Principal, Role
from gridmap.domain.boundaries import ALWAYS, BoundarySet, Level
from gridmap.errors import InvalidInput, NotAllowed, NotFound
from gridmap.services.clock import FixedClock
from gridmap.services.guarded import CutPlans, GuardedStore, Kin, Parts, may
from gridmap.services.ports import PointFilter
from gridmap.services.publishing import publish_frame
from gridmap.services.responsibility import Plans, owning_set

TODAY = date(2026, 5, 20)
CELL = 2.0**-8


def reader(*grants: Grant) -> Principal:
    return Principal("reader", "reader", Kind.PERSON, grants)


def seen_by(store: Any, *grants: Grant, day: date = TODAY) -> GuardedStore:
    return GuardedStore(store, reader(*grants), clock=FixedClock(NOW), day=day)


def plan_of(parents: dict[str, str]) -> gpd.GeoDataFrame:
    """Give two streets S and T side by side over grids that are theirs by name alone."""
    grids = tiling("".join(sorted(parents)), cell=CELL).assign(parent_code=lambda f: [parents[c] for c in f["code"]])
    streets = tiling("ST", cell=CELL * len(parents) / 2).assign(level="street")
    frame = pd.concat([streets, grids], ignore_index=True).assign(kind=None, households=None, attributes=None)
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=WGS84)


@pytest.fixture
def moving() -> FakeStore:
    """A set in which x moves from S to T on 1 May, y is founded under x there, and a draft moves z as well."""
    store = FakeStore()
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("urban", (Level("street", 0), Level("grid", 1))))
        first = plan_of({"w": "S", "x": "S", "z": "T"})
        publish_frame(work, "urban", first, valid_from=ALWAYS, published_at=NOW)
        second = plan_of({"w": "S", "x": "T", "y": "T", "z": "T"})
        publish_frame(work, "urban", second, valid_from=date(2026, 5, 1), published_at=NOW)
        draft = plan_of({"v": "S", "w": "S", "x": "T", "z": "S"})
        work.boundaries.add_draft("urban", draft, valid_from=date(2026, 9, 1), content_hash="draft")
        work.commit()
    return store


def codes_in(store: GuardedStore, number: int) -> list[str]:
    with store.unit_of_work() as work:
        version = work.boundaries.find_version("urban", number)
        assert version is not None
        return work.boundaries.grids(version)["code"].tolist()


def test_what_ever_lay_in_an_area_is_in_it(moving: FakeStore) -> None:
    one = seen_by(moving, Grant(Role.ANALYST, Area("urban", "S")))
    other = seen_by(moving, Grant(Role.ANALYST, Area("urban", "T")))
    assert codes_in(one, 1) == ["S", "w", "x"]
    assert codes_in(one, 2) == ["S", "w", "x"]
    assert codes_in(other, 1) == ["T", "x", "z"]
    assert codes_in(other, 2) == ["T", "x", "y", "z"]


def test_a_draft_shows_what_is_new_in_an_area_and_gives_nothing_away_that_is_anothers(moving: FakeStore) -> None:
    one = seen_by(moving, Grant(Role.ANALYST, Area("urban", "S")))
    assert codes_in(one, 3) == ["S", "v", "w", "x"]
    other = seen_by(moving, Grant(Role.ANALYST, Area("urban", "T")))
    assert codes_in(other, 3) == ["T", "x", "z"]


def test_codes_follow_what_is_published_and_drawn(moving: FakeStore) -> None:
    kin, one = Kin(), reader(Grant(Role.ANALYST, Area("urban", "T")))

    def store() -> GuardedStore:
        return GuardedStore(moving, one, clock=FixedClock(NOW), day=TODAY, kin=kin)

    assert codes_in(store(), 3) == ["T", "x", "z"]
    with moving.unit_of_work() as work:
        changed = plan_of({"u": "T", "v": "S", "w": "S", "x": "T", "z": "S"})
        work.boundaries.replace_draft("urban", 3, changed, content_hash="drawn", expected_hash="draft")
        work.commit()
    assert codes_in(store(), 3) == ["T", "u", "x", "z"]
    with moving.unit_of_work() as work:
        work.boundaries.publish("urban", 3, valid_from=date(2026, 9, 1), published_at=NOW)
        work.commit()
    assert codes_in(store(), 3) == ["T", "u", "x", "z"]
    assert codes_in(seen_by(moving, Grant(Role.ANALYST, Area("urban", "S"))), 1) == ["S", "w", "x", "z"]


def test_a_grid_that_moved_is_seen_below_its_new_street_by_name(moving: FakeStore) -> None:
    store = seen_by(moving, Grant(Role.ANALYST, Area("urban", "S")))
    whole = Plans(moving)
    plans = CutPlans(whole, store, Parts())
    boundary_set = plans.resolve_set("urban")
    plan = plans.at(boundary_set, TODAY)
    assert [ref.code for ref in plan.chain("x")] == ["T", "x"]
    assert set(plan.refs) == {"S", "w", "x"}
    assert plan.key != whole.at(boundary_set, TODAY).key
    assert plans.at(boundary_set, TODAY) is plan


def test_a_grant_holds_in_its_days_alone(moving: FakeStore) -> None:
    grant = Grant(Role.ANALYST, Area("urban"), date(2026, 5, 1), date(2026, 5, 20))
    for day, seen in ((date(2026, 4, 30), 0), (date(2026, 5, 1), 1), (date(2026, 5, 19), 1), (date(2026, 5, 20), 0)):
        with seen_by(moving, grant, day=day).unit_of_work() as work:
            assert len(work.boundaries.list_sets()) == seen


def test_the_set_that_owns_points_is_the_same_for_everybody() -> None:
    store = FakeStore()
    fill(store)
    for grants in ((Grant(Role.PLANNER, Area("urban")),), (Grant(Role.PLANNER),)):
        with seen_by(store, *grants).unit_of_work() as work, pytest.raises(InvalidInput) as caught:
            owning_set(work, None)
        assert caught.value.code == "set_needed"
        assert ("health" in str(caught.value.fields["known"])) == (grants[0].area == Area())
    blind = seen_by(store, Grant(Role.PLANNER, Area("health")))
    with blind.unit_of_work() as work:
        assert owning_set(work, "urban") is None
        with pytest.raises(NotFound):
            owning_set(work, "nowhere")


def test_may_asks_for_the_place() -> None:
    store = FakeStore()
    fill(store)
    part = seen_by(store, Grant(Role.DISPATCHER, Area("urban", STREET)))
    asked = [(code("A"), True), (STREET, True), (code("T", "ZEBRA"), False), ("D0", False)]
    assert [(c, may(part, Permission.PEOPLE_READ, "urban", c)) for c, _ in asked] == asked
    assert not may(part, Permission.PATROLS_WRITE, "urban", code("A"))
    assert may(store, Permission.PATROLS_WRITE, "urban", "anything")


def test_whoever_has_everything_gets_the_repositories_themselves() -> None:
    raw = FakeStore()
    store = GuardedStore(raw, OPERATOR, clock=FixedClock(NOW), day=TODAY)
    assert store.reading is None
    with store.unit_of_work() as work:
        assert work.incidents.page.__self__ is work.guard.raw.incidents  # type: ignore[attr-defined]


def test_a_whole_set_does_not_reach_what_is_of_no_set() -> None:
    store = FakeStore()
    fill(store)
    with store.unit_of_work() as work:
        everything = work.incidents.count(PointFilter())
        of_the_set = work.incidents.count(PointFilter(within=(("urban", None),)))
    with seen_by(store, Grant(Role.PLANNER, Area("urban"))).unit_of_work() as work:
        assert work.incidents.count(PointFilter()) == of_the_set <= everything
        with pytest.raises(NotAllowed):
            work.features.put_layer(None)  # type: ignore[arg-type]
        with pytest.raises(NotAllowed):
            work.accounts.list_accounts()
        with pytest.raises(NotAllowed):
            work.trail.head()


def told(raw: FakeStore) -> list[Any]:
    """Give what the trail says."""
    with raw.unit_of_work() as work:
        return list(work.trail.entries())


def test_what_is_handed_out_in_bulk_is_told_even_without_a_commit() -> None:
    raw = FakeStore()
    fill(raw)
    before = told(raw)
    store = seen_by(raw, Grant(Role.DISPATCHER, Area("urban", STREET)))
    with store.unit_of_work() as work:
        members = work.staff.of_day("urban", TODAY)
    assert {m.grid_code for m in members} == {code("A"), code("B")}
    (entry,) = told(raw)[len(before) :]
    assert (entry.act.action, entry.act.subject, entry.act.detail) == ("staff.export", "urban", {"people": 3})


def test_what_is_not_committed_is_not_told() -> None:
    raw = FakeStore()
    fill(raw)
    before = told(raw)
    store = GuardedStore(raw, OPERATOR, clock=FixedClock(NOW), day=TODAY)
    with store.unit_of_work() as work:
        work.boundaries.discard_draft("urban", 4)
    assert told(raw) == before


# -- the locator of a part --------------------------------------------------------------------------------------------

_MAP = "AABB\nACCB\nDDEE"
_FRAME = tiling(_MAP, cell=CELL)
_WHOLE = Locator.from_frame(_FRAME)
_X0, _Y0, _X1, _Y1 = _FRAME.total_bounds
#: Places on corners and edges of cells as well as inside, and a little outside of all.
_PLACES = st.tuples(st.integers(-1, 17), st.integers(-1, 13)).map(
    lambda p: (_X0 + CELL / 4 * p[0], _Y0 + CELL / 4 * p[1])
)


@given(st.sets(st.sampled_from("ABCDE")), st.lists(_PLACES, min_size=1, max_size=30))
def test_a_part_of_a_locator_names_its_grids_alone_and_answers_as_the_whole(
    kept: set[str], places: list[tuple[float, float]]
) -> None:
    part = LocatorPart(_WHOLE, kept)
    x, y = (np.array(side) for side in zip(*places, strict=True))
    assert part.codes == tuple(sorted(kept))
    whole, found = (each.locate_many(x, y, nearest_within_m=60.0) for each in (_WHOLE, part))
    assert whole.border_m is not None
    assert found.border_m is not None
    point, grid = part.holders(x, y)
    for i, (lon, lat) in enumerate(places):
        owner = _WHOLE.codes[whole.owner[i]] if whole.owner[i] >= 0 else None
        mine = owner if owner in kept else None
        one, all_of_it = part.locate(lon, lat, nearest_within_m=60.0), _WHOLE.locate(lon, lat, nearest_within_m=60.0)
        assert (part.codes[found.owner[i]] if found.owner[i] >= 0 else None) == mine == one.code
        held = tuple(c for c in all_of_it.holders if c in kept) if mine is not None else ()
        assert one.holders == held
        assert found.holders[i] == len(held)
        if mine is None:
            assert one.method.value == "none"
            assert np.isnan(found.border_m[i])
        else:
            assert one == type(one)(mine, all_of_it.method, all_of_it.border_m, held, one.overlapped)
            assert found.method[i] == whole.method[i]
            assert found.border_m[i] == whole.border_m[i]
        strictly = {part.codes[g] for p, g in zip(point, grid, strict=True) if p == i}
        assert strictly == ({c for c in _WHOLE.holders_of(lon, lat) if c in kept} if one.holders else set())
        inside = _WHOLE.find_owner(lon, lat)
        assert part.find_owner(lon, lat) == (inside if inside in kept else None)
    assert part.owners(x, y).tolist() == [
        part.codes.index(_WHOLE.codes[o]) if o >= 0 and _WHOLE.codes[o] in kept else -1 for o in _WHOLE.owners(x, y)
    ]
    borders = part.border_m(x, y, found.owner)
    assert np.array_equal(np.isnan(borders), found.owner < 0)


def test_a_plan_without_a_grid_within_reach_is_none(moving: FakeStore) -> None:
    plans = Plans(moving)
    plan = plans.at(plans.resolve_set("urban"), TODAY)
    assert plan.part_of(frozenset({"S"}), "s") is None
    assert plan.part_of(frozenset({"w"}), "w") is not None
