"""Migrations, immutability and secrecy on both true stores."""

import logging
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from store_frames import CITY, fixes, grids, incidents, publish

from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.errors import StoreUnavailable
from gridmap.services.ports import PointFilter
from gridmap.store import check, downgrade, open_store, schema, upgrade
from gridmap.store.tables import Base


@pytest.fixture(params=["geopackage", "postgis"])
def empty_url(request, tmp_path):
    """An empty database of each kind."""
    if request.param == "geopackage":
        yield f"sqlite:///{tmp_path / 'new.gpkg'}"
        return
    server = request.getfixturevalue("server")
    url = server.empty()
    yield url
    server.drop(url)


def names(url):
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = set(sa.inspect(connection).get_table_names())
    engine.dispose()
    return found


def test_upgrade_check_downgrade_and_again(empty_url):
    for _ in range(2):
        upgrade(empty_url)
        assert check(empty_url) == []
        assert set(Base.metadata.tables) <= names(empty_url)
        upgrade(empty_url)
        downgrade(empty_url)
        assert not set(Base.metadata.tables) & names(empty_url)
        assert not any(name.startswith("rtree_") for name in names(empty_url))


def test_check_sees_a_difference(place):
    engine = sa.create_engine(place.url)
    with engine.begin() as connection:
        connection.exec_driver_sql("alter table staff add column shoe_size integer")
    engine.dispose()
    assert any("shoe_size" in difference for difference in check(place.url))


def test_opening_twice_at_once_makes_one_schema(empty_url):
    gate = threading.Barrier(3)
    failures = []

    def run():
        gate.wait()
        try:
            open_store(empty_url).close()
        except Exception as error:  # pragma: no cover - reported below
            failures.append(repr(error))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert check(empty_url) == []


def test_downgrading_a_full_store_leaves_nothing(place):
    store = place.open()
    with store.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        publish(work, grids())
        work.incidents.add(incidents(700))
        work.patrols.add(fixes())
        work.commit()
    store.close()
    downgrade(place.url)
    upgrade(place.url)
    with place.open().unit_of_work() as work:
        assert work.boundaries.list_sets() == []
        assert work.incidents.count(PointFilter()) == 0


def test_grids_that_are_points_are_not_lost_by_a_downgrade(place):
    store = place.open()
    frame = grids("a")
    frame = frame.set_geometry([frame.geometry[0], frame.geometry[1].centroid], crs=4326)
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("city", (Level("street", 0), Level("grid", 1, False, "any"))))
        publish(work, frame)
        work.commit()
    store.close()
    with pytest.raises(StoreUnavailable) as error:
        downgrade(place.url)
    assert error.value.code == "store_holds_points"
    assert check(place.url) == []
    with place.open().unit_of_work() as work:
        assert work.boundaries.grids(work.boundaries.find_version("city", 1)).geom_type.tolist() == ["Polygon", "Point"]


def test_a_newer_schema_is_refused_and_an_older_one_is_not_current(place):
    store = place.open()
    with store.engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(StoreUnavailable) as error:
        store.ping()
    assert error.value.code == "store_outdated"
    with pytest.raises(StoreUnavailable) as error:
        open_store(place.url)
    assert error.value.code == "store_newer"


@pytest.mark.parametrize(
    "statement",
    [
        "update grid set name = 'x'",
        "update grid set code = 'x' where code = 'a'",
        "delete from grid where code = 'a'",
        "insert into grid(version_id, level, level_position, code, attributes, area_m2, geom) "
        "select version_id, level, 7, 'new', attributes, area_m2, geom from grid limit 1",
        "delete from boundary_version",
        "update boundary_version set state = 'draft'",
        "update boundary_version set content_hash = 'x'",
        "update boundary_version set number = 9",
        "update boundary_version set valid_from = '2030-01-01'",
    ],
)
def test_the_database_itself_refuses_to_change_what_is_published(place, statement):
    store = place.open()
    with store.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        version = publish(work, grids())
        before = work.boundaries.grids(version)
        work.commit()
    with pytest.raises(sa.exc.IntegrityError, match="published versions never change"), store.engine.begin() as direct:
        direct.exec_driver_sql(statement)
    with store.unit_of_work() as work:
        assert work.boundaries.grids(version).equals(before)
        assert work.boundaries.list_versions("city") == [version]


@pytest.mark.postgis
def test_truncating_grids_is_refused_on_the_server(server):
    url = server.fresh()
    engine = sa.create_engine(url)
    with pytest.raises(sa.exc.IntegrityError, match="never change"), engine.begin() as connection:
        connection.exec_driver_sql("truncate grid")
    engine.dispose()
    server.drop(url)


def test_errors_carry_no_statement_no_value_and_no_password(place, caplog):
    caplog.set_level(logging.DEBUG, logger="gridmap")
    store = place.open()
    with store.engine.begin() as connection:
        connection.exec_driver_sql("drop table staff")
    with store.unit_of_work() as work, pytest.raises(StoreUnavailable) as error:
        work.staff.of_grid("city", "secret-code", date(2026, 1, 1))
    shown = f"{error.value} {error.value.message('zh')} {error.value.fields} {error.value.__cause__} {caplog.text}"
    assert error.value.code == "store_failed"
    assert error.value.__suppress_context__
    for secret in ("select", "SELECT", "staff", "secret-code", place.url):
        assert secret not in shown


def test_a_server_that_is_away_is_said_without_its_password(caplog):
    url = "postgresql+psycopg://grid:hunter2@127.0.0.1:1/none"
    with pytest.raises(StoreUnavailable) as error:
        open_store(url, wait_s=1)
    assert error.value.code == "store_unreachable"
    assert "hunter2" not in f"{error.value} {caplog.text} {error.value.fields}"


def test_the_revisions_are_those_of_the_scripts():
    scripts = list(ScriptDirectory(str(Path(schema.__file__).parent / "migrations")).walk_revisions())
    assert [s.revision for s in reversed(scripts)] == list(schema.revisions())


def test_another_process_is_seen_to_commit(gpkg):
    store = gpkg.open()
    before = store.revision()
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
        "c.execute(\"update alembic_version set version_num = '0002'\"); c.commit()"
    )
    subprocess.run([sys.executable, "-c", code, str(gpkg.path)], check=True)
    assert store.revision() != before
