"""The contract of every store: incidents and patrol fixes."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
import shapely
from store_frames import add_fixes, add_incidents, at, fixes, incidents, published, with_version

from gridmap.errors import (
    ColumnError,
    Conflict,
    CrsError,
    GeometryError,
    TextError,
)
from gridmap.services.ports import Added, PointFilter

ALL = PointFilter()


def test_incidents_come_back_whole_and_in_order_of_time_then_id(store):
    published(store)
    frame = with_version(incidents(7), 1)
    frame = frame[[*frame.columns.drop("geometry"), "geometry"]]
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
    assert found["set_name"].tolist() == ["city"] * 7
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


def test_fixes_come_back_by_unit_and_time(store):
    assert add_fixes(store, fixes(6)) == Added(6, 0)
    with store.unit_of_work() as work:
        found = work.patrols.frame(ALL)
        assert found["unit_id"].tolist() == ["u1"] * 3 + ["u2"] * 3
        assert found["fixed_at"].tolist() == sorted(found["fixed_at"][:3]) + sorted(found["fixed_at"][3:])
        assert found["accuracy_m"].isna().tolist() == [False] * 3 + [True] * 3
        names = ["unit_id", "fixed_at", "accuracy_m", "grid_code"]
        assert list(found.columns) == [*names[:4], "set_name", "version_number", "geometry"]
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


def test_the_latest_fix_of_each_unit(store):
    number = published(store).number
    add_fixes(store, with_version(fixes(7), number))  # u2 at 0, 2, 4, 6 min, u1 at 1, 3, 5; a, b, none in turn
    tie = fixes(1, unit_id=["u1"], fixed_at=[pd.Timestamp(at(8)) + pd.Timedelta("5min")], grid_code=["a"])
    add_fixes(store, with_version(tie, number))  # at another place in the same moment
    with store.unit_of_work() as work:
        found = work.patrols.latest(PointFilter())
        assert list(zip(found["unit_id"], found["fixed_at"].dt.minute, strict=True)) == [("u1", 5), ("u2", 6)]
        assert list(work.patrols.latest(PointFilter(), ["u2", "u9"])["unit_id"]) == ["u2"]
        assert work.patrols.latest(PointFilter(), []).empty
        before = work.patrols.latest(PointFilter(end=at(8) + timedelta(minutes=4)))
        assert list(before["fixed_at"].dt.minute) == [3, 2]
        west = work.patrols.latest(PointFilter(bbox=(119.9, 29.0, 120.0025, 31.0)))
        assert list(west["fixed_at"].dt.minute) == [5, 2], "the fix of the same moment beyond the box is not given"
        assert west.geometry.x.max() < 120.0025
        mine = work.patrols.latest(PointFilter(within=(("city", frozenset({"b"})),)))
        assert list(zip(mine["unit_id"], mine["fixed_at"].dt.minute, strict=True)) == [("u1", 1), ("u2", 4)]
