"""Whole stores from one database into another: same rows, same ids, or nothing."""

from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from store_frames import CITY, add_incidents, incidents, published
from store_world import killed, row_counts

from gridmap.errors import Conflict, InvalidInput, StoreUnavailable
from gridmap.services.ports import PointFilter
from gridmap.store import check, downgrade, open_store, schema, upgrade
from gridmap.store.audit import audit
from gridmap.store.digest import digests
from gridmap.store.exchange import forms_of
from gridmap.store.opening import engine_at, snapshot
from gridmap.store.tables import Base
from gridmap.store.transfer import copy

TESTS = Path(__file__).resolve().parent.parent
NOTHING = dict.fromkeys(Base.metadata.tables, 0)


@pytest.fixture(params=["geopackage", "postgis"])
def target(request, tmp_path):
    """A place without a store, of each kind."""
    if request.param == "geopackage":
        yield f"sqlite:///{tmp_path / 'target 百分 #.gpkg'}"
        return
    server = request.getfixturevalue("server")
    url = server.empty()
    yield url
    server.drop(url)


@pytest.fixture
def full(full_gpkg):
    """An embedded store with rows in every table."""
    return full_gpkg


def digest_of(url):
    with engine_at(url) as engine, snapshot(engine) as connection:
        return digests(connection, forms_of(connection))


def is_whole(url):
    return check(url) == [] and audit(url).clean


def test_the_sample_has_rows_in_every_table(full):
    assert [name for name, rows in row_counts(full.url).items() if not rows] == []


@pytest.mark.postgis
def test_round_trip_from_file_to_server_and_back_has_equal_digests_in_every_table(full, server, tmp_path):
    there, back = server.empty(), f"sqlite:///{tmp_path}/back.gpkg"
    before = full.path.read_bytes()
    first = copy(full.url, there)
    second = copy(there, back)
    assert {t.name for t in first.source} == set(Base.metadata.tables) - {"revision_stamp"}
    assert first.source == first.target == second.source == second.target
    assert row_counts(full.url) == row_counts(there) == row_counts(back)
    assert is_whole(there)
    assert is_whole(back)
    assert full.path.read_bytes() == before, "the source is only read"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["back.gpkg", "store.gpkg"]
    server.drop(there)


def test_a_copy_answers_like_its_source_and_goes_on_from_there(full, target):
    copy(full.url, target)
    one, two = full.open(), open_store(target)
    with one.unit_of_work() as old, two.unit_of_work() as new:
        everything = PointFilter()
        assert old.incidents.frame(everything).equals(new.incidents.frame(everything))
        assert old.patrols.frame(everything).equals(new.patrols.frame(everything))
        assert old.boundaries.list_sets() == new.boundaries.list_sets()
        for name in ("city", "clinics"):
            versions = old.boundaries.list_versions(name)
            assert versions == new.boundaries.list_versions(name)
            for version in versions:
                assert old.boundaries.grids(version).equals(new.boundaries.grids(version))
                assert old.boundaries.lineage(name, version.number).equals(new.boundaries.lineage(name, version.number))
        box = PointFilter(bbox=(120.0045, 30, 120.0095, 31))
        assert len(new.incidents.frame(box)) == len(old.incidents.frame(box)) == 5
        day = date(2026, 2, 15)
        assert old.staff.of_grid("city", "a", day) == new.staff.of_grid("city", "a", day)
        assert old.profiles.of_day("city", day) == new.profiles.of_day("city", day)
    # new rows take ids after those that came
    more = incidents(5)
    more["incident_id"] += "x"
    assert add_incidents(two, more).added == 5
    assert published(two, "a", "b", valid_from=date(2026, 6, 1)).number == 5
    two.close()
    assert audit(target).of("index_differs", "reference_broken") == ()


def test_what_is_published_stays_protected_in_the_copy(full, target):
    copy(full.url, target)
    engine = open_store(target).engine
    for statement in (
        "update grid set name = 'x' where version_id = 1",
        "delete from boundary_version where number = 2",
    ):
        with pytest.raises(sa.exc.IntegrityError, match="never change"), engine.begin() as connection:
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_an_empty_store_with_tables_is_filled_too(full, target):
    upgrade(target)
    other = open_store(target)
    assert copy(full.url, target).target == tuple(digest_of(full.url))
    assert is_whole(target)
    with other.unit_of_work() as work:
        assert work.incidents.count(PointFilter()) == 40, "who had it open sees the rows"
    other.close()


def test_a_target_that_holds_a_row_is_refused_and_left(full, target):
    store = open_store(target)
    with store.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        work.commit()
    store.close()
    before = digest_of(target)
    with pytest.raises(Conflict) as error:
        copy(full.url, target)
    assert error.value.code == "store_not_empty"
    assert digest_of(target) == before


def test_onto_itself_and_from_nowhere(full, tmp_path):
    with pytest.raises(InvalidInput) as error:
        copy(full.url, f"sqlite:///{tmp_path}/../{tmp_path.name}/store.gpkg")
    assert error.value.code == "output_is_input"
    (tmp_path / "blank.gpkg").touch()
    with pytest.raises(StoreUnavailable) as away:
        copy(f"sqlite:///{tmp_path}/blank.gpkg", f"sqlite:///{tmp_path}/new.gpkg")
    assert away.value.code == "store_empty"
    assert not (tmp_path / "new.gpkg").exists()


def test_an_older_source_is_not_upgraded_behind_its_back(place, tmp_path):
    downgrade(place.url, "0003")
    with pytest.raises(StoreUnavailable) as error:
        copy(place.url, f"sqlite:///{tmp_path}/new.gpkg")
    assert error.value.code == "store_not_upgraded"
    with engine_at(place.url) as engine:
        assert schema.revision_of(engine) == "0003"
    assert not (tmp_path / "new.gpkg").exists()


def test_rows_that_break_a_rule_of_the_target_leave_it_empty(full, target):
    """A source whose triggers were taken off, with two versions in force on one day."""
    with engine_at(full.url) as engine, engine.begin() as connection:
        for name in ("version_apart_update", "version_published_update"):
            connection.exec_driver_sql(f"drop trigger {name}")
        connection.exec_driver_sql("update boundary_version set valid_to = null where state = 'published'")
    with pytest.raises(Conflict) as error:
        copy(full.url, target)
    assert error.value.code == "store_refused"
    assert_empty_or_missing(target)


def assert_empty_or_missing(url):
    path = Path(str(sa.make_url(url).database))
    if url.startswith("sqlite"):
        assert not path.exists()
        assert [p.name for p in path.parent.iterdir() if "target" in p.name] == []
    else:
        assert row_counts(url) in ({}, NOTHING)


@pytest.mark.parametrize("step", ["write", "verify"])
def test_ctrl_c_leaves_nothing(full, target, step):
    @contextmanager
    def show(name, _total):
        def move(_rows):
            if name == step:
                raise KeyboardInterrupt

        yield move

    with pytest.raises(KeyboardInterrupt):
        copy(full.url, target, show=show)
    assert_empty_or_missing(target)
    copy(full.url, target)


@pytest.mark.parametrize(
    ("step", "after"), [("write", 100), ("verify", 100), pytest.param("write", 0, marks=pytest.mark.slow)]
)
def test_killed_at_any_step_the_target_is_empty_and_can_be_filled(full, target, step, after):
    killed(lambda show: copy(full.url, target, show=show), step, after)
    if target.startswith("sqlite"):
        assert not Path(str(sa.make_url(target).database)).exists()
    else:
        assert row_counts(target) in ({}, NOTHING)
    copy(full.url, target)
    assert is_whole(target)


def test_what_is_read_is_one_snapshot_while_others_write(place, target):
    store = place.open()
    published(store, "a", "b")
    add_incidents(store, incidents(30))

    @contextmanager
    def show(step, _total):
        if step == "write":
            add_incidents(store, incidents(60))
        yield lambda rows: None

    copied = copy(place.url, target, show=show)
    assert {t.name: t.rows for t in copied.target}["incident"] == 30
    assert row_counts(place.url)["incident"] == 60
    assert is_whole(target)
