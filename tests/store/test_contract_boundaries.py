"""The contract of every store: sets, versions and their grids."""

import threading
from datetime import date, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from store_frames import CITY, fixes, grids, incidents, publish, published

from gridmap.domain.boundaries import ALWAYS, BoundarySet, Level, VersionState
from gridmap.domain.rulebook import profile
from gridmap.errors import (
    ColumnError,
    Conflict,
    CrsError,
    GeometryError,
    NotFound,
    StaleVersion,
    TextError,
)
from gridmap.services.ports import PointFilter

ALL = PointFilter()


def test_an_empty_store_answers_with_nothing(store):
    store.ping()
    with store.unit_of_work() as work:
        assert work.boundaries.list_sets() == []
        assert work.boundaries.find_set("city") is None
        assert work.boundaries.list_versions("city") == []
        assert work.boundaries.version_at("city", date(2026, 1, 1)) is None
        assert work.staff.of_grid("city", "a", date(2026, 1, 1)) == []
        assert len(work.staff.counts("city", date(2026, 1, 1))) == 0
        assert len(work.incidents.frame(ALL)) == work.incidents.count(ALL) == 0
        assert work.incidents.categories() == []
        assert work.incidents.time_span() is work.patrols.time_span() is None
        assert len(work.patrols.frame(ALL)) == work.patrols.count(ALL) == 0
        assert len(work.patrols.counts_by_grid(ALL)) == len(work.incidents.counts_by_grid(ALL)) == 0
        assert len(work.context.frame()) == 0


def test_a_set_comes_back_with_its_levels_in_order(store):
    shuffled = BoundarySet("health", (Level("c", 2, False), Level("a", 0), Level("b", 1)), "健康")
    with store.unit_of_work() as work:
        work.boundaries.put_set(shuffled)
        work.boundaries.put_set(CITY)
        work.commit()
    with store.unit_of_work() as work:
        assert work.boundaries.list_sets() == [
            CITY,
            BoundarySet("health", (Level("a", 0), Level("b", 1), Level("c", 2, False)), "健康"),
        ]
        assert work.boundaries.find_set("health").leaf.name == "c"


def test_putting_a_set_again_replaces_title_and_levels(store):
    book = profile("social-urban")
    changed = BoundarySet("city", (Level("street", 0), Level("area", 1), Level("grid", 2)), "新", rules=book)
    published(store)
    with store.unit_of_work() as work:
        work.boundaries.put_set(changed)
        work.commit()
    with store.unit_of_work() as work:
        assert work.boundaries.list_sets() == [changed]
        assert len(work.boundaries.grids(work.boundaries.find_version("city", 1))) == 5


def test_a_level_that_a_version_uses_cannot_go(store):
    published(store)
    with store.unit_of_work() as work, pytest.raises(Conflict) as error:
        work.boundaries.put_set(BoundarySet("city", (Level("grid", 0),)))
    assert error.value.code == "level_in_use"


def test_nothing_lasts_without_commit(store):
    with store.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        publish(work, grids())
        work.incidents.add(incidents())
        work.patrols.add(fixes())
        work.context.replace(grids().assign(kind="water"))
        assert work.incidents.count(ALL) == 6, "a unit of work sees its own writing"
    with store.unit_of_work() as work:
        assert work.boundaries.list_sets() == []
        assert work.incidents.count(ALL) == work.patrols.count(ALL) == len(work.context.frame()) == 0


def test_an_exception_inside_rolls_back(store):
    def fail():
        with store.unit_of_work() as work:
            work.incidents.add(incidents())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.unit_of_work() as work:
        assert work.incidents.count(ALL) == 0


def test_a_unit_of_work_goes_on_after_commit(store):
    with store.unit_of_work() as work:
        work.incidents.add(incidents(2))
        work.commit()
        work.incidents.add(incidents(4))
        assert work.incidents.count(ALL) == 4
    with store.unit_of_work() as work:
        assert work.incidents.count(ALL) == 2


def test_published_grids_come_back_by_level_then_code_point(store):
    version = published(store)
    with store.unit_of_work() as work:
        frame = work.boundaries.grids(version)
    assert frame["code"].tolist() == ["S", "C", "a", "b", "中"]
    assert frame["level"].tolist() == ["street"] + ["grid"] * 4
    assert frame["name"].tolist() == ["街道", "网格C", "网格a", "网格b", "网格中"]
    assert frame["parent_code"].isna().tolist() == [True, False, False, False, False]
    assert frame["households"].tolist()[1:] == [2, 1, 0, 3]
    assert frame["households"].dtype == "Int64"
    assert frame["attributes"].tolist()[1] == {"n": 2, "名": ["x", None, 1.5]}
    assert list(frame["attributes"].iloc[1]) == ["n", "名"], "the order of attributes stays"
    assert frame.crs.to_epsg() == 4326
    source = grids().set_index("code")
    for row in frame.itertuples():
        assert row.geometry.geom_type == "Polygon"
        assert row.geometry.equals_exact(source.geometry[row.code], 0.0)


def test_grids_of_one_level_and_of_a_value_from_elsewhere(store):
    version = published(store)
    with store.unit_of_work() as work:
        assert work.boundaries.grids(version, "street")["code"].tolist() == ["S"]
        assert work.boundaries.find_version("city", 1) == version
        assert work.boundaries.find_version("city", 2) is None


def test_many_parts_and_holes_come_back_as_they_are(store):
    ring = shapely.Polygon(shapely.box(0, 0, 9, 9).exterior.coords, [shapely.box(1, 1, 2, 2).exterior.coords])
    two = shapely.MultiPolygon([shapely.box(20, 0, 21, 1), shapely.box(30, 0, 31, 1)])
    frame = gpd.GeoDataFrame({"code": ["ring", "two"], "level": "grid"}, geometry=[ring, two], crs=4326)
    with store.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        version = publish(work, frame)
        found = work.boundaries.grids(version)
    assert found.geometry[0].equals_exact(ring, 0.0)
    assert found.geometry[1].equals_exact(two, 0.0)
    assert found["name"].isna().all()
    assert found["households"].isna().all()
    assert found["attributes"].tolist() == [{}, {}]


def test_pages_follow_the_code_and_the_box(store):
    version = published(store, *(f"{k:03d}" for k in range(10)))

    def page(**options):
        with store.unit_of_work() as work:
            return work.boundaries.page_grids(version, level="grid", **options)["code"].tolist()

    assert page(limit=3) == ["000", "001", "002"]
    assert page(limit=3, after_code="002") == ["003", "004", "005"]
    assert page(limit=30, after_code="009") == []
    assert page(limit=30, bbox=(120.031, 30.001, 120.049, 30.002)) == ["003", "004"]
    assert page(limit=1, after_code="003", bbox=(120.031, 30.001, 120.049, 30.002)) == ["004"]
    assert page(limit=30, bbox=(121, 30, 122, 31)) == []


def test_a_box_is_closed_and_exact_to_the_last_bit(store):
    x = 120.1234567891234
    frame = gpd.GeoDataFrame({"code": ["g"], "level": "grid"}, geometry=[shapely.box(x, 30, x + 0.01, 30.01)], crs=4326)
    with store.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        version = publish(work, frame)
        work.incidents.add(incidents(1).set_geometry([shapely.Point(x, 30.0)], crs=4326))

        def hits(box):
            found = work.boundaries.page_grids(version, level="grid", limit=9, bbox=box)
            assert work.incidents.count(PointFilter(bbox=box)) == len(found)
            return len(found)

        assert hits((120.0, 29.0, x, 30.0)) == 1
        assert hits((120.0, 29.0, np.nextafter(x, 0), 31.0)) == 0
        assert hits((120.0, 29.0, 120.2, np.nextafter(30.0, 0))) == 0


def test_publishing_ends_the_predecessor_at_the_start(store):
    published(store)
    published(store, valid_from=date(2025, 7, 1), note="重划")
    with store.unit_of_work() as work:
        first, second = work.boundaries.list_versions("city")
        assert (first.valid_from, first.valid_to, first.state) == (ALWAYS, date(2025, 7, 1), VersionState.PUBLISHED)
        assert (second.number, second.valid_to, second.note) == (2, None, "重划")
        assert work.boundaries.version_at("city", date(2025, 6, 30)) == first
        assert work.boundaries.version_at("city", date(2025, 7, 1)) == second


def test_a_version_of_the_same_day_retires_its_predecessor(store):
    day = date(2025, 7, 1)
    published(store)
    published(store, valid_from=day)
    published(store, valid_from=day)
    with store.unit_of_work() as work:
        first, second, third = work.boundaries.list_versions("city")
        assert first.state is VersionState.PUBLISHED
        assert second.state is VersionState.RETIRED
        assert second.valid_from == second.valid_to == day
        assert work.boundaries.version_at("city", day) == third
        assert work.boundaries.version_at("city", day - timedelta(days=1)) == first
        assert len(work.boundaries.grids(second)) == 5, "a retired version can still be read"


def test_history_is_not_rewritten(store):
    published(store, valid_from=date(2025, 7, 1))
    with pytest.raises(Conflict) as error:
        published(store, valid_from=date(2025, 6, 30))
    assert error.value.code == "history_rewritten"
    with store.unit_of_work() as work:
        assert len(work.boundaries.list_versions("city")) == 1


def test_publishing_needs_a_set_known_levels_and_unique_codes(store):
    with store.unit_of_work() as work, pytest.raises(NotFound):
        work.boundaries.add_draft("nowhere", grids(), valid_from=ALWAYS, content_hash="")
    published(store)
    for frame, kind, code in (
        (grids("a", "a"), Conflict, "code_not_unique"),
        (grids().assign(level="ward"), ColumnError, "row_level_unknown"),
        (grids().assign(code=None), ColumnError, "column_has_gaps"),
        (grids().drop(columns="code"), ColumnError, "column_missing"),
        (grids().assign(households=1.5), ColumnError, "column_not_whole"),
        (grids().assign(attributes=[{"x": float("nan")}] * 5), ColumnError, "attributes_not_json"),
        (grids().assign(name="a\x00b"), TextError, "text_unstorable"),
        (grids().assign(name=pd.Series(["\ud800"] * 5, dtype=object)), TextError, "text_unstorable"),
        (grids().set_geometry(shapely.centroid(grids().geometry.array), crs=4326), GeometryError, "not_polygons"),
        (grids().to_crs(4549), CrsError, "crs_not_wgs84"),
    ):
        with store.unit_of_work() as work, pytest.raises(kind) as error:
            publish(work, frame)
        assert error.value.code == code
        assert error.value.message("zh") != error.value.message("en")
    with store.unit_of_work() as work:
        assert len(work.boundaries.list_versions("city")) == 1


def test_a_code_may_stand_in_two_levels(store):
    published(store, "S", "b")
    with store.unit_of_work() as work:
        frame = work.boundaries.grids(work.boundaries.find_version("city", 1))
    assert frame[["level", "code"]].to_numpy().tolist() == [["street", "S"], ["grid", "S"], ["grid", "b"]]


def test_a_publisher_who_looked_before_another_published_is_stale(store):
    published(store)
    with store.unit_of_work() as slow:
        assert len(slow.boundaries.list_versions("city")) == 1
        published(store, valid_from=date(2025, 1, 1))
        with pytest.raises(StaleVersion) as error:
            publish(slow, grids(), valid_from=date(2025, 2, 1))
    assert error.value.code == "version_stale"


def test_a_publisher_names_the_version_it_built_upon(store):
    published(store, expected=0)
    published(store, valid_from=date(2025, 1, 1), expected=1)
    with pytest.raises(StaleVersion):
        published(store, valid_from=date(2025, 2, 1), expected=1)
    with store.unit_of_work() as work:
        publish(work, grids(), valid_from=date(2025, 2, 1))
        again = publish(work, grids(), valid_from=date(2025, 3, 1))
        assert again.number == 4, "one's own versions make nobody stale"


def test_of_racing_publishers_one_wins(store):
    published(store)
    for turn in range(5):
        gate = threading.Barrier(4)
        outcomes = []

        def race(day, gate=gate, outcomes=outcomes):
            with store.unit_of_work() as work:
                work.boundaries.list_versions("city")
                gate.wait()
                try:
                    publish(work, grids(), valid_from=day)
                    work.commit()
                    outcomes.append("published")
                except StaleVersion:
                    outcomes.append("stale")

        threads = [threading.Thread(target=race, args=(date(2025, 1 + turn, 1),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["published", "stale", "stale", "stale"]
    with store.unit_of_work() as work:
        assert [v.number for v in work.boundaries.list_versions("city")] == [1, 2, 3, 4, 5, 6]
