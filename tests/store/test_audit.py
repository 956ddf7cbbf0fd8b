"""``gridmap db check``: a whole store is clean, and each kind of harm has its finding."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import sqlalchemy as sa
from store_frames import CITY, add_incidents, fixes, grids, incidents, publish

from gridmap.errors import StoreUnavailable
from gridmap.store import downgrade, rtree
from gridmap.store.audit import audit
from gridmap.store.exchange import raw_sqlite
from gridmap.store.migrations.history import APART
from gridmap.store.opening import engine_at


def harm(url, *statements):
    """Run statements with the store's own guards off."""
    with engine_at(url) as engine, engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            raw = raw_sqlite(connection)
            connection.rollback()
            raw.execute("pragma foreign_keys=off")
            guards = raw.execute(
                "select name, sql from sqlite_master where type = 'trigger' and name not like 'rtree%'"
            ).fetchall()
            for name, _ in guards:
                raw.execute(f"drop trigger {name}")
            for statement in statements:
                raw.execute(statement)
            for _, made in guards:
                raw.execute(made)
            return
        connection.exec_driver_sql("set session_replication_role = replica")
        connection.exec_driver_sql(f"alter table boundary_version drop constraint if exists {APART}")
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()


def rules(url):
    return [f.rule for f in audit(url).findings]


def test_a_whole_store_has_no_finding_and_says_what_was_checked(full):
    report = audit(full.url)
    assert report.findings == ()
    assert report.facts == {"tables": 36, "rows": 169, "versions": 5}


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("update grid set name = 'other' where id = 2", "content_hash_differs"),
        ("update grid set households = 77 where code = 'x'", "content_hash_differs"),
        ("update boundary_version set content_hash = 'x' where id = 1", "content_hash_differs"),
        ("update boundary_version set valid_to = '2026-01-31' where number = 1 and set_id = 1", "validity_hole"),
        ("update boundary_version set valid_to = '2026-02-02' where number = 1 and set_id = 1", "validity_overlap"),
        ("update boundary_version set valid_to = '2033-01-01' where state = 'published' and valid_to is null",
         "validity_hole"),
        ("update boundary_version set valid_to = '2033-01-01' where state = 'retired'", "retired_in_force"),
        ("update boundary_set set next_number = 2 where name = 'city'", "numbers_behind"),
        ("update incident set version_id = 99 where id = 1", "owner_unknown"),
        ("update incident set grid_code = 'no' where id = 4", "owner_unknown"),
        ("update patrol_fix set version_id = 99 where id = 1", "owner_unknown"),
        ("update feature set version_number = 99 where id = 1", "owner_unknown"),
        ("update feature set grid_code = 'no' where id = 1", "owner_unknown"),
        ("update staff set set_id = 99 where role = 'worker'", "reference_broken"),
        ("update feature set layer_id = 99 where id = 1", "reference_broken"),
        ("update case_file set status = 'handling' where incident_id = 'i00000'", "case_differs"),
        ("update case_file set unit = 'grid:b' where incident_id = 'i00000'", "case_differs"),
        ("update case_file set filed_at = null where incident_id = 'i00000'", "case_differs"),
        ("update case_file set closed_at = reported_at where incident_id = 'i00001'", "case_differs"),
        ("update case_file set reworks = 1 where incident_id = 'i00000'", "case_differs"),
        ("update case_file set queue_at = null where incident_id = 'i00001'", "case_differs"),
        ("update case_file set version = 3 where incident_id = 'i00000'", "case_differs"),
        ("update case_file set merged_into = 'i00001' where incident_id = 'i00000'", "case_differs"),
        ("update case_entry set act = 'close' where number = 2", "case_differs"),
        ("update case_entry set number = 3 where number = 2", "case_differs"),
        ("delete from case_entry where number = 2", "case_differs"),
        ("alter table staff add column shoe_size integer", "schema_differs"),
    ],
)  # fmt: skip
def test_each_harm_is_found(full, statement, rule):
    harm(full.url, statement)
    report = audit(full.url)
    assert [f.rule for f in report.findings] == [rule]
    for language in ("zh", "en"):
        assert report.findings[0].message(language)


def test_a_row_of_a_lost_version_is_a_broken_reference(full):
    harm(full.url, "delete from boundary_version where number = 2 and set_id = 1")
    assert "reference_broken" in rules(full.url)


def test_a_missing_trigger_is_found(full):
    on = "" if full.kind == "geopackage" else " on boundary_version"
    name = "version_apart_insert" if full.kind == "geopackage" else "version_apart"
    with engine_at(full.url) as engine, engine.begin() as connection:
        connection.exec_driver_sql(f"drop trigger {name}{on}")
    (finding,) = audit(full.url).findings
    assert (finding.rule, finding.fields) == ("trigger_missing", {"name": name})


@pytest.mark.postgis
def test_what_is_switched_off_on_the_server_is_found(server):
    url = server.fresh()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("alter table grid disable trigger grid_published")
        connection.exec_driver_sql("alter table staff drop constraint ck_staff_role")
        connection.exec_driver_sql(
            "alter table staff add constraint ck_staff_role check (role in ('head', 'worker')) not valid"
        )
    engine.dispose()
    assert {(f.rule, f.fields["name"]) for f in audit(url).findings} == {
        ("trigger_missing", "grid_published"),
        ("constraint_off", "ck_staff_role"),
    }
    server.drop(url)


@pytest.mark.parametrize(
    "statement",
    [
        "delete from rtree_incident_geom where id = 3",
        "update rtree_incident_geom set maxx = 130 where id = 3",
        "update rtree_incident_geom set minx = maxx + 1, maxx = maxx + 2 where id = 3",
        "insert into rtree_incident_geom values(999, 1, 1, 1, 1)",
    ],
)
def test_an_index_that_does_not_fit_its_rows_is_found(full_gpkg, statement):
    store = full_gpkg.open()
    with store.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    (finding,) = audit(full_gpkg.url).findings
    assert (finding.rule, finding.fields) == ("index_differs", {"table": "incident", "count": 1})


def test_an_index_that_is_gone_is_found(full_gpkg):
    store = full_gpkg.open()
    with store.engine.begin() as connection:
        rtree.drop(raw_sqlite(connection), "incident", "geom")
    assert "index_differs" in rules(full_gpkg.url)


def test_a_value_that_its_column_cannot_hold_is_found(full_gpkg):
    harm(full_gpkg.url, "update incident set occurred_at = 'yesterday' where id = 5")
    (finding,) = audit(full_gpkg.url).findings
    assert (finding.rule, finding.fields) == ("value_unreadable", {"table": "incident"})


def test_an_older_store_is_not_judged_by_newer_rules(place):
    downgrade(place.url, "0003")
    with pytest.raises(StoreUnavailable) as error:
        audit(place.url)
    assert error.value.code == "store_not_upgraded"


def test_points_that_nobody_was_asked_for_are_fine(place):
    store = place.open()
    add_incidents(store, incidents(5))
    with store.unit_of_work() as work:
        work.patrols.add(fixes(3))
        work.commit()
    assert audit(place.url).clean


def test_the_noted_hash_is_that_of_what_the_store_gives_back(place):
    """Whatever form the areas came in: of one part, with heights, with text that says nothing."""
    frame = grids("a", "b")
    frame["geometry"] = [shapely.force_3d(shapely.MultiPolygon([g]), 7.0) for g in frame.geometry]
    frame["name"] = [None, "", "x"]
    frame["kind"] = pd.array([None, "zone", ""], dtype=object)
    store = place.open()
    with store.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        publish(work, gpd.GeoDataFrame(frame, crs=4326))
        work.commit()
    assert audit(place.url).clean
