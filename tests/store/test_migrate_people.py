"""A store from before people and layers had days: what is in it has always been, and goes back as it was."""

from datetime import date

import sqlalchemy as sa

from gridmap.domain.boundaries import ALWAYS, BoundarySet, Level
from gridmap.domain.incidents import StaffMember
from gridmap.store import check, downgrade, upgrade

MAY = date(2026, 5, 1)
ZHAO, LI = StaffMember("a", "head", "赵", "1", "综治办"), StaffMember("a", "head", "李")


def rows(url, statement):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        done = connection.exec_driver_sql(statement)
        found = done.all() if done.returns_rows else []
    engine.dispose()
    return [tuple(row) for row in found]


def filled(place):
    store = place.open()
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("city", (Level("grid", 0),)))
        work.commit()
    store.close()


def test_staff_without_days_were_always_on_duty(place):
    filled(place)
    downgrade(place.url, "0003")
    rows(
        place.url,
        "insert into staff(set_id, grid_code, role, name, phone, department) "
        "select id, 'a', 'head', '赵', '1', '综治办' from boundary_set",
    )
    upgrade(place.url)
    assert check(place.url) == []
    with place.open().unit_of_work() as work:
        assert work.staff.of_grid("city", "a", ALWAYS) == work.staff.of_grid("city", "a", MAY) == [ZHAO]
        work.staff.replace("city", [LI], valid_from=MAY)
        assert work.staff.of_grid("city", "a", MAY) == [LI]


def test_going_back_keeps_who_is_on_duty_without_end(place):
    filled(place)
    store = place.open()
    with store.unit_of_work() as work:
        work.staff.replace("city", [ZHAO], valid_from=ALWAYS)
        work.staff.replace("city", [LI], valid_from=MAY)
        work.commit()
    store.close()
    downgrade(place.url, "0003")
    assert rows(place.url, "select name from staff") == [("李",)]
    names = {name for (name,) in rows(place.url, _TABLES[place.kind])}
    assert not names & {"feature", "feature_layer", "grid_profile", "rtree_feature_geom"}
    if place.kind == "geopackage":
        assert rows(place.url, "select 1 from gpkg_contents where table_name in ('feature', 'grid_profile')") == []
    upgrade(place.url)
    with place.open().unit_of_work() as work:
        assert work.staff.of_grid("city", "a", ALWAYS) == [LI]


_TABLES = {
    "geopackage": "select name from sqlite_master",
    "postgis": "select tablename from pg_tables where schemaname = 'public'",
}
