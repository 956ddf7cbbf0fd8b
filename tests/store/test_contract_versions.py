"""The contract of every store: drafts, publishing, withdrawing, lineage, lives of codes, owners asked again."""

from datetime import date, timedelta

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from store_frames import CITY, add_fixes, add_incidents, at, fixes, grids, incidents, publish, published, with_version

from gridmap.domain.boundaries import ALWAYS, BoundarySet, Level, VersionState, in_time_order
from gridmap.errors import ColumnError, Conflict, GeometryError, NotFound, StaleVersion
from gridmap.services.ports import PointFilter

ALL = PointFilter()
SPRING, SUMMER, AUTUMN = date(2025, 4, 1), date(2025, 7, 1), date(2025, 10, 1)


def drafted(store, *codes, valid_from=SUMMER, **options):
    with store.unit_of_work() as work:
        draft = work.boundaries.add_draft("city", grids(*codes), valid_from=valid_from, content_hash="d", **options)
        work.commit()
    return draft


def test_a_set_keeps_what_it_says_of_its_levels(store):
    city = BoundarySet(
        "city",
        (Level("street", 0, contiguous=True, required=("name", "kind")), Level("house", 1, False, "any")),
        "城市",
        "gb15",
    )
    with store.unit_of_work() as work:
        work.boundaries.put_set(city)
        work.commit()
    with store.unit_of_work() as work:
        assert work.boundaries.find_set("city") == city
        assert work.boundaries.find_set("city").revision == 0


def test_points_stand_in_a_level_that_takes_them_and_in_no_other(store):
    houses = BoundarySet("city", (Level("street", 0), Level("house", 1, False, "any")))
    frame = grids("a", "b").assign(level=["street", "house", "house"], kind=["镇", None, "楼"])
    shapes = list(frame.geometry)
    shapes[1] = shapely.Point(120.003, 30.004)
    frame = frame.set_geometry(shapes, crs=4326)
    with store.unit_of_work() as work:
        work.boundaries.put_set(houses)
        version = publish(work, frame)
        work.commit()
    with store.unit_of_work() as work:
        found = work.boundaries.grids(version)
        assert found.geometry.geom_type.tolist() == ["Polygon", "Point", "Polygon"]
        assert found.geometry[1].equals(shapes[1])
        assert found["kind"].tolist()[0] == "镇"
        assert found["kind"].isna().tolist() == [False, True, False]
        page = work.boundaries.page_grids(version, level="house", limit=9, bbox=(120.0029, 30, 120.0031, 31))
        assert page["code"].tolist() == ["a"]
        with pytest.raises(GeometryError) as error:
            publish(work, frame.assign(level=["house", "street", "house"]))
        assert error.value.code == "not_polygons"


def test_a_draft_is_seen_and_asked_by_nobody(store):
    first = published(store)
    draft = drafted(store, "x", "y", based_on=1, note="草案")
    assert (draft.number, draft.state, draft.based_on, draft.note) == (2, VersionState.DRAFT, 1, "草案")
    with store.unit_of_work() as work:
        assert work.boundaries.list_versions("city") == [first, draft]
        assert work.boundaries.version_at("city", SUMMER) == first
        assert work.boundaries.grids(draft)["code"].tolist() == ["S", "x", "y"]
        assert work.boundaries.find_set("city").revision == 1
        assert work.boundaries.lives("city", "x").empty
        assert work.boundaries.lives("city", "a\x00b").empty


def test_publishing_a_draft_puts_it_in_time(store):
    first = published(store)
    draft = drafted(store, "x", "y")
    with store.unit_of_work() as work:
        now = at(9)
        version = work.boundaries.publish("city", 2, valid_from=AUTUMN, published_at=now, note="定稿")
        work.commit()
    assert (version.number, version.valid_from, version.valid_to, version.note) == (2, AUTUMN, None, "定稿")
    assert version.published_at == now
    assert version.content_hash == draft.content_hash
    with store.unit_of_work() as work:
        before, after = work.boundaries.list_versions("city")
        assert (before.valid_from, before.valid_to) == (ALWAYS, AUTUMN)
        assert work.boundaries.version_at("city", AUTUMN - timedelta(days=1)) == before
        assert work.boundaries.version_at("city", AUTUMN) == after == version
        assert work.boundaries.find_set("city").revision == 2
        assert before.number == first.number
        for call in (
            lambda: work.boundaries.publish("city", 2, valid_from=AUTUMN, published_at=now),
            lambda: work.boundaries.discard_draft("city", 2),
            lambda: work.boundaries.replace_draft("city", 1, grids(), content_hash="n", expected_hash="h"),
            lambda: work.boundaries.add_lineage("city", 2, edges()),
        ):
            with pytest.raises(Conflict) as error:
                call()
            assert error.value.code == "not_a_draft"


def test_a_number_is_never_given_twice(store):
    published(store)
    drafted(store)
    with store.unit_of_work() as work:
        work.boundaries.discard_draft("city", 2)
        work.commit()
    assert drafted(store).number == 3
    with store.unit_of_work() as work:
        assert [v.number for v in work.boundaries.list_versions("city")] == [1, 3]
        assert len(work.boundaries.grids(work.boundaries.find_version("city", 3))) == 5
        for call in (
            lambda: work.boundaries.discard_draft("city", 2),
            lambda: work.boundaries.publish("city", 9, valid_from=SUMMER, published_at=at(0)),
            lambda: work.boundaries.withdraw("city", 9),
        ):
            with pytest.raises(NotFound):
                call()


def test_a_draft_changes_only_for_who_read_it_last(store):
    published(store)
    drafted(store, "x", "y")
    with store.unit_of_work() as work:
        work.boundaries.add_lineage("city", 2, edges())
        changed = work.boundaries.replace_draft("city", 2, grids("z"), content_hash="e", expected_hash="d")
        work.commit()
    assert changed.content_hash == "e"
    with store.unit_of_work() as work:
        assert work.boundaries.grids(changed)["code"].tolist() == ["S", "z"]
        assert work.boundaries.lineage("city", 2).empty, "edges of former shapes mean nothing"
        with pytest.raises(StaleVersion) as error:
            work.boundaries.replace_draft("city", 2, grids("q"), content_hash="f", expected_hash="d")
        assert error.value.code == "draft_stale"


def test_the_loser_hears_what_was_published_meanwhile(store):
    published(store)
    drafted(store, "x")
    published(store, valid_from=SPRING)
    with store.unit_of_work() as work, pytest.raises(StaleVersion) as error:
        work.boundaries.publish("city", 2, valid_from=SUMMER, published_at=at(0), expected=1)
    assert error.value.fields == {"expected": 1, "revision": 2, "meanwhile": "3"}
    with store.unit_of_work() as work:
        assert work.boundaries.find_version("city", 2).state is VersionState.DRAFT
        work.boundaries.publish("city", 2, valid_from=SUMMER, published_at=at(0), expected=2)


def test_who_comes_late_hears_so_before_any_work(store):
    published(store)
    published(store, valid_from=SPRING)
    with store.unit_of_work() as work:
        work.boundaries.require_revision("city", 2)
        with pytest.raises(StaleVersion) as error:
            work.boundaries.require_revision("city", 1)
        assert error.value.fields == {"expected": 1, "revision": 2, "meanwhile": "2"}
        with pytest.raises(NotFound):
            work.boundaries.require_revision("nowhere", 0)


def test_changing_the_levels_makes_a_publisher_stale(store):
    published(store)
    with store.unit_of_work() as slow:
        slow.boundaries.find_set("city")
        with store.unit_of_work() as work:
            work.boundaries.put_set(BoundarySet("city", (*CITY.levels, Level("house", 2)), "城市管理"))
            work.commit()
        with pytest.raises(StaleVersion):
            publish(slow, grids(), valid_from=SUMMER)


def test_history_is_rewritten_only_on_purpose(store):
    published(store)
    published(store, valid_from=SUMMER)
    published(store, valid_from=AUTUMN)
    draft = drafted(store, "x")
    with store.unit_of_work() as work:
        with pytest.raises(Conflict) as error:
            work.boundaries.publish("city", draft.number, valid_from=SPRING, published_at=at(0))
        assert (error.value.code, error.value.fields) == ("history_rewritten", {"start": AUTUMN.isoformat()})
        work.boundaries.publish("city", draft.number, valid_from=SPRING, published_at=at(0), rewrite=True)
        work.commit()
    with store.unit_of_work() as work:
        versions = work.boundaries.list_versions("city")
        assert [(v.number, v.valid_to) for v in in_time_order(versions)] == [(1, SPRING), (4, None)]
        assert [v.state for v in versions[1:3]] == [VersionState.RETIRED] * 2
        assert [v.valid_from == v.valid_to for v in versions[1:3]] == [True, True]


def test_withdrawing_lets_the_one_before_go_on(store):
    published(store)
    published(store, valid_from=SUMMER)
    published(store, valid_from=AUTUMN)
    with store.unit_of_work() as work:
        with pytest.raises(Conflict) as error:
            work.boundaries.withdraw("city", 2)
        assert error.value.code == "not_last_in_time"
        with pytest.raises(StaleVersion):
            work.boundaries.withdraw("city", 3, expected=2)
        gone = work.boundaries.withdraw("city", 3, expected=3)
        assert gone.state is VersionState.RETIRED
        assert gone.valid_from == gone.valid_to == AUTUMN
        assert work.boundaries.version_at("city", AUTUMN).number == 2
        work.boundaries.withdraw("city", 2)
        with pytest.raises(Conflict):
            work.boundaries.withdraw("city", 1)
        assert [v.number for v in in_time_order(work.boundaries.list_versions("city"))] == [1]
        assert work.boundaries.find_set("city").revision == 5


def edges(**changes):
    data = {
        "level": ["grid", "grid", "street", "grid"],
        "old_code": ["b", "a", "S", None],
        "new_code": ["y", "x", "S", "z"],
        "kind": ["split", "split", "unchanged", "founded"],
        "area_m2": [2.5, 1.5, 10.0, 3.0],
        "old_share": [0.25, 1.0, 1.0, None],
        "new_share": [1.0, 1.0, 1.0, 1.0],
        "households": [None, 3.0, 9.0, 0.5],
    }
    return pd.DataFrame({**data, **changes})


def test_lineage_comes_back_in_order_and_stays(store):
    published(store)
    drafted(store, "x", "y", "z")
    with store.unit_of_work() as work:
        assert work.boundaries.add_lineage("city", 2, edges()) == 4
        assert work.boundaries.add_lineage("city", 2, edges()) == 4, "set, not added"
        work.boundaries.publish("city", 2, valid_from=SUMMER, published_at=at(0))
        work.commit()
    with store.unit_of_work() as work:
        found = work.boundaries.lineage("city", 2)
        assert work.boundaries.lineage("city", 1).empty
        assert list(work.boundaries.lineage("city", 1).columns) == list(found.columns) == list(edges().columns)
        assert found["new_code"].tolist() == ["S", "z", "x", "y"]
        assert found["old_code"].isna().tolist() == [False, True, False, False]
        assert found["area_m2"].tolist() == [10.0, 3.0, 1.5, 2.5]
        assert found["households"].isna().tolist() == [False, False, False, True]
        counted = work.boundaries.lineage_counts("city")
        assert counted.to_dict("list") == {
            "number": [2, 2, 2],
            "level": ["street", "grid", "grid"],
            "kind": ["unchanged", "founded", "split"],
            "edges": [1, 1, 2],
        }
        drafted(store)
    for bad in (edges(level="ward"), edges(kind=None), edges(area_m2=None)):
        with store.unit_of_work() as work, pytest.raises(ColumnError):
            work.boundaries.add_lineage("city", 3, bad)


def test_the_lives_of_a_code_and_the_last_shapes_of_those_gone(store):
    published(store, "a", "b")
    published(store, "b", "c", "d", valid_from=SPRING)
    published(store, "c", "a", valid_from=AUTUMN)
    drafted(store, "e", "b")
    with store.unit_of_work() as work:
        lives = work.boundaries.lives("city", "b")
        assert lives["number"].tolist() == [1, 2]
        assert lives["valid_from"].tolist() == [ALWAYS, SPRING]
        assert lives["valid_to"].tolist() == [SPRING, AUTUMN]
        assert work.boundaries.lives("city", "a")["number"].tolist() == [1, 3]
        assert work.boundaries.lives("city", "a")["valid_to"].tolist() == [SPRING, None]
        assert work.boundaries.lives("city", "e").empty
        latest = work.boundaries.find_version("city", 3)
        gone = work.boundaries.former_grids("city", latest)
        assert gone["code"].tolist() == ["b", "d"]
        assert gone["number"].tolist() == [2, 2]
        assert gone.geometry[0].equals(grids("b", "c", "d").geometry[1])
        second = work.boundaries.find_version("city", 2)
        assert work.boundaries.former_grids("city", second)["number"].tolist() == [3]
        assert work.boundaries.former_grids("city", second).crs.to_epsg() == 4326


def test_grids_are_counted_by_version_and_level(store):
    published(store, "a", "b")
    drafted(store, "x", "y", "z")
    with store.unit_of_work() as work:
        assert work.boundaries.grid_counts("city").to_dict("list") == {
            "number": [1, 1, 2, 2],
            "level": ["street", "grid"] * 2,
            "grids": [1, 2, 1, 3],
        }
        for none in (work.boundaries.grid_counts("nowhere"), work.boundaries.lineage_counts("city")):
            assert none.empty
        assert list(work.boundaries.lineage_counts("city").columns) == ["number", "level", "kind", "edges"]


def test_some_grids_of_a_version_are_given_by_code(store):
    version = published(store, "a", "b", "中")
    with store.unit_of_work() as work:
        assert work.boundaries.grids(version, codes=["中", "a", "z"])["code"].tolist() == ["a", "中"]
        assert work.boundaries.grids(version, "street", codes=["a", "S"])["code"].tolist() == ["S"]
        assert work.boundaries.grids(version, codes=[]).empty


def test_points_name_the_version_that_was_asked(store):
    published(store)
    published(store, "x", valid_from=SUMMER)
    add_incidents(store, with_version(incidents(4), 1))
    more = incidents(8).iloc[4:]
    add_incidents(store, with_version(more, 2))
    add_fixes(store, with_version(fixes(3), 2))
    add_fixes(store, fixes(6))
    with store.unit_of_work() as work:
        one, two = ("city", 1), ("city", 2)
        assert work.incidents.count(PointFilter(version=one)) == work.incidents.count(PointFilter(not_version=two)) == 4
        assert work.incidents.frame(PointFilter(version=two))["version_number"].tolist() == [2] * 4
        assert work.incidents.count(PointFilter(version=("city", 9))) == 0
        assert work.incidents.count(PointFilter(not_version=("city", 9))) == 8
        assert work.incidents.counts_by_grid(PointFilter(version=one))["incidents"].tolist() == [2, 1]
        assert work.patrols.count(PointFilter(version=two)) == 3
        assert work.patrols.count(PointFilter(not_version=two)) == 3, "one that asked nobody is not of that version"
        named = work.patrols.frame(ALL)
        assert sorted(named["version_number"].dropna()) == [2, 2, 2]
        assert sorted(named["set_name"].dropna()) == ["city"] * 3
        with pytest.raises(NotFound) as error:
            work.incidents.add(with_version(incidents(9).iloc[8:], 7))
        assert error.value.code == "version_unknown"


@pytest.mark.parametrize("kind", ["incidents", "patrols"])
def test_owners_are_asked_again_and_only_the_changed_are_counted(store, kind):
    published(store)
    published(store, "x", valid_from=SUMMER)
    add_incidents(store, with_version(incidents(6), 1))
    add_fixes(store, with_version(fixes(6), 1))
    time = {"incidents": "occurred_at", "patrols": "fixed_at"}[kind]
    seen = []

    def owners(points):
        seen.append((list(points.columns), len(points)))
        assert points.crs.to_epsg() == 4326
        west = points.geometry.x < 120.0025
        found = points.assign(grid_code=["b" if w else None for w in west], method="inside", border_m=1.5)
        return with_version(gpd.GeoDataFrame(found), 2)

    with store.unit_of_work() as work:
        repository = getattr(work, kind)
        stored = repository.frame(ALL)
        start = stored[time].sort_values().iloc[1]
        before = stored.loc[stored[time] >= start, "grid_code"]
        west = stored.loc[stored[time] >= start].geometry.x < 120.0025
        new = pd.Series(["b" if w else None for w in west], index=before.index, dtype=object)
        differs = before.astype(object).where(before.notna(), None) != new
        expected = int((differs & ~(before.isna() & new.isna())).sum())
        assert repository.reown(PointFilter(start=start), owners) == expected
        assert repository.reown(PointFilter(start=start), owners) == 0
        work.commit()
    assert seen[0] == ([time, "geometry"], 5)
    with store.unit_of_work() as work:
        found = getattr(work, kind).frame(ALL)
        assert sorted(found["version_number"]) == [1, 2, 2, 2, 2, 2]
        moved = found[found["version_number"] == 2]
        assert moved["grid_code"].notna().tolist() == (moved.geometry.x < 120.0025).tolist()
        if kind == "incidents":
            assert (moved["border_m"] == 1.5).all()
        assert getattr(work, kind).reown(PointFilter(start=at(23)), owners) == 0
