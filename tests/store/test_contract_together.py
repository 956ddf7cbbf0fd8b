"""The contract of every store: context, and what concerns all records at once."""

import threading
from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal
from store_frames import CITY, add_fixes, add_incidents, at, fixes, grids, incidents, publish, published

from gridmap.domain.access import Kind
from gridmap.domain.boundaries import ALWAYS
from gridmap.domain.incidents import StaffMember
from gridmap.domain.people import GridProfile
from gridmap.errors import (
    GeometryError,
    StoreUnavailable,
)
from gridmap.services.ports import Account, PointFilter, Token

ALL = PointFilter()


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


def _changed(store, write) -> set[str]:
    """Give the subjects whose revision a committed change moves; one that was given up must move none."""
    subjects = ("all", "answers", "access")
    before = {of: store.revision(of) for of in subjects}
    with store.unit_of_work() as work:
        write(work)
    assert all(store.revision(of) == before[of] for of in subjects[1:])
    with store.unit_of_work() as work:
        write(work)
        work.commit()
    return {of for of in subjects if store.revision(of) != before[of]}


def test_a_revision_of_a_subject_moves_with_what_is_about_it_alone(store):
    said = lambda write: _changed(store, write)  # noqa: E731
    who = Account("a1", Kind.PERSON, "zhang")
    token = Token("h", "a1", at(0))
    answers, access, other = {"all", "answers"}, {"all", "access"}, {"all"}
    assert said(lambda w: w.boundaries.put_set(CITY)) == answers
    assert said(lambda w: w.staff.replace("city", [StaffMember("a", "head", "张")], valid_from=ALWAYS)) == answers
    assert said(lambda w: w.profiles.put("city", [GridProfile("a", 4)], valid_from=ALWAYS)) == answers
    assert said(lambda w: publish(w, grids("a", "b"))) == answers
    assert said(lambda w: w.incidents.add(incidents(2))) == other
    assert said(lambda w: w.accounts.add(who)) == access
    assert said(lambda w: w.accounts.put(replace(who, title="张工"))) == access
    assert "answers" not in said(lambda w: w.accounts.add_token(token))
    assert said(lambda w: w.accounts.touch_token("h", seen_at=at(1), expires_at=None)) == other
    assert said(lambda w: w.accounts.revoke_token("h", at=at(2))) == access


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
