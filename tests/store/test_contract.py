"""What services may expect of any store: the fake, the embedded one and PostGIS answer alike."""

import threading
from datetime import UTC, date, datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal
from store_frames import CITY, at, fixes, grids, incidents

from gridmap.domain.boundaries import ALWAYS, BoundarySet, Level, VersionState
from gridmap.domain.incidents import StaffMember
from gridmap.errors import (
    ColumnError,
    Conflict,
    CrsError,
    GeometryError,
    NotFound,
    StaleVersion,
    StoreUnavailable,
    TextError,
)
from gridmap.services.ports import Added, PointFilter

ALL = PointFilter()


def published(store, *codes, valid_from=ALWAYS, **options):
    with store.unit_of_work() as work:
        if work.boundaries.find_set("city") is None:
            work.boundaries.put_set(CITY)
        version = work.boundaries.publish("city", grids(*codes), valid_from=valid_from, content_hash="h", **options)
        work.commit()
    return version


def add_incidents(store, frame):
    with store.unit_of_work() as work:
        added = work.incidents.add(frame)
        work.commit()
    return added


def add_fixes(store, frame):
    with store.unit_of_work() as work:
        added = work.patrols.add(frame)
        work.commit()
    return added


# --- sets and versions


def test_an_empty_store_answers_with_nothing(store):
    store.ping()
    with store.unit_of_work() as work:
        assert work.boundaries.list_sets() == []
        assert work.boundaries.find_set("city") is None
        assert work.boundaries.list_versions("city") == []
        assert work.boundaries.version_at("city", date(2026, 1, 1)) is None
        assert work.staff.of_grid("city", "a") == []
        assert len(work.staff.counts("city")) == 0
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
    changed = BoundarySet("city", (Level("street", 0), Level("area", 1), Level("grid", 2)), "新")
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
        work.boundaries.publish("city", grids(), valid_from=ALWAYS, content_hash="h")
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
        version = work.boundaries.publish("city", frame, valid_from=ALWAYS, content_hash="")
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
        version = work.boundaries.publish("city", frame, valid_from=ALWAYS, content_hash="")
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
        work.boundaries.publish("nowhere", grids(), valid_from=ALWAYS, content_hash="")
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
            work.boundaries.publish("city", frame, valid_from=ALWAYS, content_hash="")
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
            slow.boundaries.publish("city", grids(), valid_from=date(2025, 2, 1), content_hash="")
    assert error.value.code == "version_stale"


def test_a_publisher_names_the_version_it_built_upon(store):
    published(store, expected=0)
    published(store, valid_from=date(2025, 1, 1), expected=1)
    with pytest.raises(StaleVersion):
        published(store, valid_from=date(2025, 2, 1), expected=1)
    with store.unit_of_work() as work:
        work.boundaries.publish("city", grids(), valid_from=date(2025, 2, 1), content_hash="")
        again = work.boundaries.publish("city", grids(), valid_from=date(2025, 3, 1), content_hash="")
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
                    work.boundaries.publish("city", grids(), valid_from=day, content_hash="")
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


# --- staff


def test_staff_come_heads_first_then_by_name(store):
    published(store)
    members = [
        StaffMember("a", "worker", "王五", "1"),
        StaffMember("a", "worker", "乙"),
        StaffMember("b", "worker", "丙", "2", "环卫"),
        StaffMember("a", "head", "赵"),
    ]
    with store.unit_of_work() as work:
        assert work.staff.replace("city", members) == 4
        work.commit()
    with store.unit_of_work() as work:
        assert [m.name for m in work.staff.of_grid("city", "a")] == ["赵", "乙", "王五"]
        assert work.staff.of_grid("city", "b") == [members[2]]
        counts = work.staff.counts("city")
        assert counts.to_dict("list") == {"grid_code": ["a", "b"], "heads": [1, 0], "workers": [2, 1]}
        assert work.staff.replace("city", members[:1]) == 1
        assert work.staff.counts("city")["workers"].tolist() == [1]
        with pytest.raises(NotFound):
            work.staff.replace("nowhere", members)


def test_a_role_is_head_or_worker(store):
    published(store)
    with store.unit_of_work() as work, pytest.raises(Conflict) as error:
        work.staff.replace("city", [StaffMember("a", "boss", "x")])
    assert error.value.code == "store_refused"


# --- incidents


def test_incidents_come_back_whole_and_in_order_of_time_then_id(store):
    frame = incidents(7)
    frame.loc[6, "occurred_at"] = pd.Timestamp(at(1))
    shuffled = frame.sample(frac=1, random_state=3)
    assert add_incidents(store, shuffled) == Added(7, 0)
    with store.unit_of_work() as work:
        found = work.incidents.frame(ALL)
        assert work.incidents.count(ALL) == 7
    expected = frame.sort_values(["occurred_at", "incident_id"]).reset_index(drop=True)
    assert list(found.columns) == list(expected.columns)
    for name in ("incident_id", "category", "occurred_at"):
        assert found[name].tolist() == expected[name].tolist()
    for name in ("channel", "note", "grid_code"):
        assert found[name].isna().tolist() == expected[name].isna().tolist()
    assert found["border_m"].fillna(-1).tolist() == expected["border_m"].fillna(-1).tolist()
    assert str(found["occurred_at"].dt.tz) == "UTC"
    assert found["version_number"].tolist() == [1] * 7
    assert shapely.equals_exact(found.geometry, expected.geometry, 0.0).all()


def test_microseconds_old_dates_and_other_zones_keep_their_order(store):
    moments = [
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 3, 1, 0, 0, 0, 0, tzinfo=UTC),
        datetime(2026, 3, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 3, 1, 0, 0, 0, 100000, tzinfo=UTC),
        datetime(2026, 3, 1, 0, 0, 1, 0, tzinfo=UTC),
    ]
    frame = incidents(5, occurred_at=pd.Series(moments).dt.tz_convert("Asia/Shanghai"))
    add_incidents(store, frame.iloc[::-1])
    with store.unit_of_work() as work:
        assert [t.to_pydatetime() for t in work.incidents.frame(ALL)["occurred_at"]] == moments
        assert work.incidents.time_span() == (moments[0], moments[-1])
        window = PointFilter(start=moments[1], end=moments[3])
        assert work.incidents.frame(window)["incident_id"].tolist() == ["i00001", "i00002"]
        page = work.incidents.page(ALL, limit=9, after=(moments[2], "i00002"))
        assert page["incident_id"].tolist() == ["i00003", "i00004"]


def test_pages_follow_each_other_without_gap_or_repeat(store):
    frame = incidents(50)
    frame["occurred_at"] = pd.Timestamp(at(0)) + pd.to_timedelta(np.arange(50) // 7, unit="h")
    add_incidents(store, frame.sample(frac=1, random_state=1))
    seen, after = [], None
    with store.unit_of_work() as work:
        while len(page := work.incidents.page(ALL, limit=8, after=after)):
            assert len(page) <= 8
            seen += page["incident_id"].tolist()
            after = (page["occurred_at"].iloc[-1].to_pydatetime(), page["incident_id"].iloc[-1])
    assert seen == sorted(frame["incident_id"])


def test_filters_by_time_category_and_box(store):
    add_incidents(store, incidents(10))

    def ids(**where):
        with store.unit_of_work() as work:
            found = work.incidents.frame(PointFilter(**where))
            assert work.incidents.count(PointFilter(**where)) == len(found)
            assert work.incidents.page(PointFilter(**where), limit=99)["incident_id"].tolist() == (
                found["incident_id"].tolist()
            )
            return [int(key[1:]) for key in found["incident_id"]]

    assert ids(start=at(3)) == [3, 4, 5, 6, 7, 8, 9]
    assert ids(end=at(3)) == [0, 1, 2]
    assert ids(start=at(3), end=at(3)) == []
    assert ids(categories=("noise",)) == [1, 3, 5, 7, 9]
    assert ids(categories=()) == []
    assert ids(categories=("noise", "垃圾", "x'; --")) == list(range(10))
    assert ids(bbox=(120.002, 30, 120.004, 31)) == [2, 3, 4]
    assert ids(bbox=(120.002, 30, 120.004, 31), categories=("垃圾",), start=at(3)) == [4]


def test_counts_by_grid_leave_out_rows_without_owner(store):
    add_incidents(store, incidents(7))
    with store.unit_of_work() as work:
        assert work.incidents.counts_by_grid(ALL).to_dict("list") == {"grid_code": ["a", "b"], "incidents": [3, 2]}
        assert work.incidents.counts_by_grid(PointFilter(start=at(4))).to_dict("list") == {
            "grid_code": ["a", "b"],
            "incidents": [1, 1],
        }
        assert work.incidents.categories() == ["noise", "垃圾"]


def test_the_same_incident_again_is_a_duplicate(store):
    assert add_incidents(store, incidents(4)) == Added(4, 0)
    assert add_incidents(store, incidents(6)) == Added(2, 4)
    twice = pd.concat([incidents(8), incidents(8)], ignore_index=True)
    assert add_incidents(store, twice) == Added(2, 14)
    with store.unit_of_work() as work:
        assert work.incidents.count(ALL) == 8


@pytest.mark.parametrize("change", ["place", "time", "category", "within"])
def test_a_known_id_with_other_content_adds_nothing(store, change):
    add_incidents(store, incidents(4))
    other = incidents(8)
    if change == "place":
        other.geometry = [shapely.Point(np.nextafter(g.x, 999), g.y) for g in incidents(8).geometry]
    if change == "time":
        other["occurred_at"] += pd.Timedelta(1, "us")
    if change == "category":
        other.loc[3, "category"] = "else"
    if change == "within":
        other = pd.concat([incidents(8).iloc[4:], incidents(8).iloc[7:].assign(category="else")], ignore_index=True)
    with store.unit_of_work() as work, pytest.raises(Conflict) as error:
        work.incidents.add(other)
    assert error.value.code == "content_differs"
    with store.unit_of_work() as work:
        assert work.incidents.count(ALL) == 4


def test_another_owner_is_no_other_content(store):
    add_incidents(store, incidents(4))
    assert add_incidents(store, incidents(4).assign(grid_code="z", note="later")) == Added(0, 4)
    with store.unit_of_work() as work:
        assert "z" not in work.incidents.frame(ALL)["grid_code"].tolist()


def test_bad_incidents_are_refused_by_name(store):
    for frame, kind, code in (
        (incidents().assign(occurred_at=pd.Timestamp("2026-01-01")), ColumnError, "time_not_aware"),
        (
            incidents().assign(occurred_at=pd.Series([pd.NaT] * 6, dtype="datetime64[us, UTC]")),
            ColumnError,
            "column_has_gaps",
        ),
        (incidents().assign(category=None), ColumnError, "column_has_gaps"),
        (incidents().set_geometry([shapely.box(0, 0, 1, 1)] * 6, crs=4326), GeometryError, "not_points"),
        (incidents().set_geometry([None] * 6, crs=4326), GeometryError, "geometry_missing"),
        (incidents().set_geometry([shapely.Point()] * 6, crs=4326), GeometryError, "geometry_missing"),
        (incidents().set_crs(None, allow_override=True), CrsError, "crs_missing"),
        (incidents().set_geometry([shapely.Point(181, 0)] * 6, crs=4326), CrsError, "coordinate_out_of_range"),
        (incidents().set_geometry([shapely.Point(0, float("inf"))] * 6, crs=4326), CrsError, "coordinate_out_of_range"),
        (incidents().assign(note="\x00"), TextError, "text_unstorable"),
    ):
        with store.unit_of_work() as work, pytest.raises(kind) as error:
            work.incidents.add(frame)
        assert error.value.code == code


def test_hostile_text_is_only_text(store):
    nasty = ["'; drop table incident; --", "a\tb\nc\\N\\", "\\.", "{{ 7*7 }}", "%s %(x)s ?1 :name", "𠮷\u202e\r"]
    add_incidents(store, incidents(6, note=nasty, channel=nasty, category=nasty))
    with store.unit_of_work() as work:
        found = work.incidents.frame(ALL)
        assert found["note"].tolist() == found["channel"].tolist() == found["category"].tolist() == nasty
        assert work.incidents.frame(PointFilter(categories=(nasty[1],)))["note"].tolist() == [nasty[1]]


def test_many_rows_go_the_fast_road_with_the_same_result(store):
    frame = incidents(3000)
    assert add_incidents(store, frame) == Added(3000, 0)
    assert add_incidents(store, frame) == Added(0, 3000)
    with store.unit_of_work() as work:
        found = work.incidents.frame(PointFilter(bbox=(120.5, 30, 121.0, 31)))
    assert found["incident_id"].tolist() == [f"i{k:05d}" for k in range(500, 1001)]


# --- patrol fixes


def test_fixes_come_back_by_unit_and_time(store):
    assert add_fixes(store, fixes(6)) == Added(6, 0)
    with store.unit_of_work() as work:
        found = work.patrols.frame(ALL)
        assert found["unit_id"].tolist() == ["u1"] * 3 + ["u2"] * 3
        assert found["fixed_at"].tolist() == sorted(found["fixed_at"][:3]) + sorted(found["fixed_at"][3:])
        assert found["accuracy_m"].isna().tolist() == [False] * 3 + [True] * 3
        assert list(found.columns) == ["unit_id", "fixed_at", "accuracy_m", "grid_code", "geometry"]
        assert work.patrols.time_span() == (at(8), at(8) + timedelta(minutes=5))
        where = PointFilter(
            start=at(8) + timedelta(minutes=1), end=at(8) + timedelta(minutes=4), bbox=(120, 30, 120.002, 31)
        )
        assert work.patrols.frame(where)["unit_id"].tolist() == ["u1", "u2"]
        assert work.patrols.count(where) == 2


def test_a_fix_is_known_by_unit_time_and_place(store):
    add_fixes(store, fixes(6))
    moved = fixes(6)
    moved.geometry = [shapely.Point(g.x, np.nextafter(g.y, 0)) for g in moved.geometry]
    both = pd.concat([moved, moved, fixes(6)], ignore_index=True)
    assert add_fixes(store, both) == Added(6, 12)
    assert add_fixes(store, fixes(6).assign(accuracy_m=9.0, grid_code="z")) == Added(0, 6)
    with store.unit_of_work() as work:
        found = work.patrols.frame(ALL)
        assert len(found) == 12
        assert "z" not in found["grid_code"].tolist()


def test_negative_zero_is_the_same_place(store):
    assert add_fixes(store, fixes(1).set_geometry([shapely.Point(0.0, 0.0)], crs=4326)) == Added(1, 0)
    assert add_fixes(store, fixes(1).set_geometry([shapely.Point(-0.0, -0.0)], crs=4326)) == Added(0, 1)


def test_fix_counts_by_grid(store):
    add_fixes(store, fixes(7))
    with store.unit_of_work() as work:
        counts = work.patrols.counts_by_grid(ALL)
    assert counts.drop(columns="last_fix_at").to_dict("list") == {
        "grid_code": ["a", "b"],
        "fixes": [3, 2],
        "units": [2, 2],
    }
    assert [t.to_pydatetime() for t in counts["last_fix_at"]] == [at(8) + timedelta(minutes=m) for m in (6, 4)]


# --- context


def test_the_context_is_replaced_as_a_whole(store):
    shapes = [
        shapely.LineString([(0, 0), (1, 1)]),
        shapely.box(0, 0, 1, 1),
        shapely.MultiPoint([(0, 0), (1, 1)]),
        shapely.Point(5, 5),
    ]
    frame = gpd.GeoDataFrame({"kind": list("wxyz"), "name": ["河", None, "", "n"]}, geometry=shapes, crs=4326)
    with store.unit_of_work() as work:
        assert work.context.replace(frame) == 4
        found = work.context.frame()
        assert found["kind"].tolist() == list("wxyz")
        assert found["name"].isna().tolist() == [False, True, False, False]
        assert all(a.equals_exact(b, 0.0) for a, b in zip(found.geometry, shapes, strict=True))
        assert work.context.replace(frame.iloc[:1]) == 1
        assert len(work.context.frame()) == 1
        collection = frame.set_geometry([shapely.GeometryCollection(shapes)] * 4, crs=4326)
        with pytest.raises(GeometryError) as error:
            work.context.replace(collection)
    assert error.value.code == "not_simple_shapes"


# --- together


def test_a_reader_is_not_held_up_by_a_writer_and_sees_whole_states(store):
    add_incidents(store, incidents(2))
    with store.unit_of_work() as writer:
        writer.incidents.add(incidents(5))
        with store.unit_of_work() as reader:
            assert reader.incidents.count(ALL) == 2
        writer.commit()
    with store.unit_of_work() as reader:
        assert reader.incidents.count(ALL) == 5


def test_writers_in_many_threads_lose_and_double_nothing(store):
    errors = []

    def post(start):
        try:
            for k in range(start, start + 40, 10):
                add_incidents(store, incidents(60).iloc[k : k + 20])
        except StoreUnavailable as error:  # pragma: no cover - reported below
            errors.append(error.code)

    threads = [threading.Thread(target=post, args=(s,)) for s in (0, 0, 5, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with store.unit_of_work() as work:
        assert work.incidents.frame(ALL)["incident_id"].tolist() == [f"i{k:05d}" for k in range(60)]


def test_frames_of_all_stores_have_the_types_of_the_fake(store):
    from fake_store import FakeStore

    fake = FakeStore()
    frames = []
    for each in (store, fake):
        version = published(each)
        add_incidents(each, incidents(9))
        add_fixes(each, fixes(9))
        with each.unit_of_work() as work:
            frames.append(
                (
                    work.boundaries.grids(version),
                    work.incidents.frame(ALL),
                    work.incidents.counts_by_grid(ALL),
                    work.patrols.frame(ALL),
                    work.patrols.counts_by_grid(ALL),
                    work.incidents.frame(PointFilter(categories=())),
                    work.context.frame(),
                )
            )
    for a, b in zip(*frames, strict=True):
        assert_frame_equal(pd.DataFrame(a), pd.DataFrame(b))


def test_every_commit_makes_another_revision_and_reading_does_not(store):
    seen = [store.revision()]
    assert store.revision() == seen[0]
    with store.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        assert store.revision() == seen[0]  # not before it lasts
        work.commit()
    seen.append(store.revision())
    for n in (2, 3):
        with store.unit_of_work() as work:
            work.incidents.add(incidents(n))
            work.commit()
        seen.append(store.revision())
    with store.unit_of_work() as work:
        assert work.incidents.count(ALL) == 3
    assert store.revision() == seen[-1]
    assert len(set(seen)) == len(seen)


def test_counts_of_one_grid_are_its_row_of_all(store):
    with store.unit_of_work() as work:
        work.incidents.add(incidents(5, grid_code=["a", "b", "a", None, "b"]))
        work.patrols.add(fixes(grid_code="a"))
        work.commit()
    with store.unit_of_work() as work:
        for repository in (work.incidents, work.patrols):
            every = repository.counts_by_grid(ALL)
            for code in ("a", "b", "nowhere"):
                one = repository.counts_by_grid(PointFilter(grid_code=code))
                assert one.to_dict("list") == every[every["grid_code"] == code].to_dict("list")
        assert work.incidents.count(PointFilter(grid_code="b")) == 2


def test_texts_with_marks_of_copy_stay_as_they_are(store):
    texts = ["plain", "tab\tline\nreturn\r", "back\\slash \\N \\.", None, ""]
    add_incidents(store, incidents(5, note=texts))
    with store.unit_of_work() as work:
        held = work.incidents.frame(ALL)["note"]
    assert [None if gone else text for text, gone in zip(held, held.isna(), strict=True)] == texts
