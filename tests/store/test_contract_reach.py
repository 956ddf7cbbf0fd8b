"""The contract of every store: what is asked of it for readers who do not see everything, and that they see no more."""

import random
from datetime import date
from typing import Any

import pytest
from probing import World, comparable, probes
from rights_world import NOW, OTHER_GROUND, OTHER_POINTS, READERS, WORLD, Beyond, fill
from store_frames import add_fixes, add_incidents, at, fixes, grids, incidents, publish, published, with_version

from gridmap.domain.boundaries import ALWAYS, BoundarySet, Level
from gridmap.domain.features import FeatureLayer
from gridmap.domain.incidents import StaffMember
from gridmap.services.ports import FeatureFilter, PointFilter, Within
from gridmap.store import open_store

DAY = date(2026, 3, 1)

A: Within = (("city", frozenset({"a"})),)
A_OR_B: Within = (("city", frozenset({"a", "b"})),)
CITY: Within = (("city", None),)
OTHER: Within = (("clinics", None), ("nowhere", frozenset({"a"})))
REACHES = [
    pytest.param((), set(), id="nothing"),
    pytest.param(A, {0, 3}, id="one code"),
    pytest.param((*OTHER, *A), {0, 3}, id="one code and other sets"),
    pytest.param(A_OR_B, {0, 2, 3, 5}, id="two codes"),
    pytest.param(CITY, {0, 1, 2, 3, 4, 5}, id="a set"),
    pytest.param(OTHER, set(), id="other sets"),
    pytest.param(None, set(range(8)), id="everything"),
]


@pytest.fixture
def filled(store: Any) -> Any:
    """Incidents of a, of nobody and of b in turn, and two of a and b for which no version was asked."""
    number = published(store).number
    add_incidents(store, with_version(incidents(6), number))
    loose = incidents(8).iloc[6:]
    add_incidents(store, loose)
    add_fixes(store, with_version(fixes(6), number))
    return store


@pytest.mark.parametrize(("within", "kept"), REACHES)
def test_incidents_of_a_reach_are_read_counted_and_paged_alone(
    filled: Any, within: Within | None, kept: set[int]
) -> None:
    ids = [f"i{k:05d}" for k in sorted(kept)]
    where = PointFilter(within=within)
    owners = [("a", None, "b")[k % 3] for k in sorted(kept)]
    with filled.unit_of_work() as work:
        assert work.incidents.frame(where)["incident_id"].tolist() == ids
        assert work.incidents.count(where) == len(ids)
        page = work.incidents.page(where, limit=2)
        walked = page["incident_id"].tolist()
        while len(page):
            last = page.iloc[-1]
            page = work.incidents.page(where, limit=2, after=(last["occurred_at"], last["incident_id"]))
            walked += page["incident_id"].tolist()
        assert walked == ids
        counts = work.incidents.counts_by_grid(where)
        assert dict(zip(counts["grid_code"], counts["incidents"], strict=True)) == {
            code: owners.count(code) for code in ("a", "b") if code in owners
        }
        assert work.incidents.categories(within) == sorted({("垃圾", "noise")[k % 2] for k in kept})
        span = (at(min(kept)), at(max(kept))) if kept else None
        assert work.incidents.time_span(within) == span


def test_a_reach_and_other_conditions_hold_together(filled: Any) -> None:
    where = PointFilter(start=at(1), end=at(5), categories=("noise",), within=A_OR_B)
    box = PointFilter(bbox=(120.0015, 30, 120.0035, 31), within=A_OR_B)
    with filled.unit_of_work() as work:
        assert work.incidents.frame(where)["incident_id"].tolist() == ["i00003"]
        assert work.incidents.count(where) == 1
        assert work.incidents.page(box, limit=9)["incident_id"].tolist() == ["i00002", "i00003"]
        assert work.incidents.count(PointFilter(grid_code="b", within=A)) == 0


@pytest.mark.parametrize(("within", "kept"), [(A, 2), (A_OR_B, 4), (CITY, 6), ((), 0), (OTHER, 0), (None, 6)])
def test_fixes_of_a_reach_are_read_and_counted_alone(filled: Any, within: Within | None, kept: int) -> None:
    where = PointFilter(within=within)
    with filled.unit_of_work() as work:
        frame = work.patrols.frame(where)
        assert len(frame) == work.patrols.count(where) == kept
        assert work.patrols.counts_by_grid(where)["fixes"].sum() == frame["grid_code"].notna().sum()
        span = work.patrols.time_span(within)
        assert span == (None if not kept else (frame["fixed_at"].min(), frame["fixed_at"].max()))


def test_grids_of_some_codes_fill_their_pages(store: Any) -> None:
    version = published(store, "a", "b", "c", "d", "e")
    with store.unit_of_work() as work:
        ask = work.boundaries.page_grids
        assert ask(version, level="grid", limit=2, codes={"b", "d", "e", "S"})["code"].tolist() == ["b", "d"]
        assert ask(version, level="grid", limit=2, after_code="b", codes=["b", "d", "e"])["code"].tolist() == ["d", "e"]
        assert len(ask(version, level="grid", limit=2, codes=())) == 0
        assert len(ask(version, level="grid", limit=9)) == 5


def test_the_tree_of_a_version_is_its_grids_without_shapes(store: Any) -> None:
    version = published(store)
    with store.unit_of_work() as work:
        tree, frame = work.boundaries.tree(version), work.boundaries.grids(version)
    names = ["level", "code", "parent_code"]
    assert list(tree.columns) == names
    whole = frame[names].astype(object)
    assert tree.astype(object).where(tree.notna(), None).equals(whole.where(whole.notna(), None))


def test_names_of_sets_are_sorted(store: Any) -> None:
    with store.unit_of_work() as work:
        assert work.boundaries.set_names() == []
        for name in ("urban", "city", "Zoo"):
            work.boundaries.put_set(BoundarySet(name, (Level("grid", 0),)))
        assert work.boundaries.set_names() == ["Zoo", "city", "urban"]


def test_staff_of_one_grid_are_counted_as_those_of_all(store: Any) -> None:
    published(store)
    members = [StaffMember("a", "head", "赵"), StaffMember("a", "worker", "钱"), StaffMember("b", "worker", "孙")]
    with store.unit_of_work() as work:
        work.staff.replace("city", members, valid_from=ALWAYS)
        work.commit()
        whole = work.staff.counts("city", DAY)
        for code in ("a", "b", "x"):
            one = work.staff.counts("city", DAY, code=code)
            assert one.equals(whole[whole["grid_code"] == code].reset_index(drop=True))


def test_features_of_a_reach_are_read_and_counted_alone(store: Any) -> None:
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("city", (Level("street", 0), Level("grid", 1))))
        number = publish(work, grids()).number
        work.features.put_layer(FeatureLayer("sites"))
        frame = incidents(6)[["geometry"]].assign(code=list("uvwxyz"), name=None, state="open", attributes=None)

        def owners(asked: Any) -> Any:
            rows = [round((x - 120) * 1000) for x in asked.geometry.x]
            found = with_version(incidents(6), number)[["set_name", "version_number", "grid_code"]]
            return found.iloc[rows].reset_index(drop=True)

        work.features.replace("sites", frame, valid_from=ALWAYS, owners=owners)
        work.commit()
        for within, codes in ((None, "uvwxyz"), (A, "ux"), (A_OR_B, "uwxz"), (CITY, "uvwxyz"), (OTHER, ""), ((), "")):
            where = FeatureFilter("sites", DAY, within=within)
            assert work.features.frame(where)["code"].tolist() == list(codes)
            assert work.features.page(where, limit=3)["code"].tolist() == list(codes)[:3]
            assert work.features.counts(DAY, within)["features"].sum() == len(codes)


@pytest.mark.postgis
def test_on_postgis_too_worlds_that_differ_beyond_reach_look_the_same(server: Any) -> None:
    """The same probes as tests/api/test_rights_leaks.py, fewer, over the server."""
    worlds: dict[Beyond, World] = {}
    urls = []
    for beyond in (WORLD, OTHER_GROUND, OTHER_POINTS):
        urls.append(server.fresh())
        store = open_store(urls[-1])
        fill(store, beyond)
        worlds[beyond] = World(store, NOW)
    draw, statuses = random.Random(11), []
    for turn, beyond in enumerate((OTHER_GROUND, OTHER_POINTS)):
        for probe in probes(worlds[WORLD].app, draw, 60, turn=turn, turns=2, spread=True):
            who = draw.choice(READERS[beyond])
            left, right = (worlds[each].walk(probe, who) for each in (WORLD, beyond))
            assert [comparable(a) for a in left] == [comparable(a) for a in right], (who, probe)
            statuses += [answer.status for answer in left]
    assert statuses.count(200) > 40
    assert max(statuses) < 500
    for world in worlds.values():
        world.close()
    for url in urls:
        server.drop(url)
