"""The embedded store as a file: a valid GeoPackage, whole after a crash, and patient with other programs."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
import sqlalchemy as sa
from geoalchemy2.shape import from_shape, to_shape
from sqlalchemy.orm import Session
from store_frames import CITY, fixes, grids, incidents, publish

from gridmap.errors import StoreUnavailable
from gridmap.services.ports import PointFilter
from gridmap.store import blobs, functions, open_store
from gridmap.store.bbox import bbox_hits
from gridmap.store.tables import FEATURE_TABLES, ContextRow, IncidentRow

ALL = PointFilter()


def fill(place, n=6):
    """Put something into every table and close the file."""
    store = place.open()
    with store.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        publish(work, grids())
        work.incidents.add(incidents(n))
        work.patrols.add(fixes(n))
        work.context.replace(grids().assign(kind="water"))
        work.commit()
    store.close()


def index_of(path, table):
    """Give the index of a table as {id: box}, and check it with SQLite's own check."""
    connection = sqlite3.connect(path)
    assert connection.execute(f"select rtreecheck('main', 'rtree_{table}_geom')").fetchone() == ("ok",)
    assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    rows = connection.execute(f'select id, minx, miny, maxx, maxy from "rtree_{table}_geom"').fetchall()
    connection.close()
    return {row[0]: row[1:] for row in rows}


# --- a valid GeoPackage


def test_the_file_is_a_geopackage_with_its_tables(gpkg):
    fill(gpkg)
    assert sorted(p.name for p in gpkg.path.parent.iterdir()) == ["store.gpkg"], "nothing is left beside a closed file"
    connection = sqlite3.connect(gpkg.path)
    assert connection.execute("pragma application_id").fetchone() == (0x47504B47,)
    assert connection.execute("pragma user_version").fetchone() == (10300,)
    assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    assert connection.execute("pragma foreign_key_check").fetchall() == []
    listed = dict(connection.execute("select table_name, data_type from gpkg_contents"))
    assert {t for t, kind in listed.items() if kind == "features"} == set(FEATURE_TABLES)
    kinds = dict(connection.execute("select table_name, geometry_type_name from gpkg_geometry_columns"))
    assert kinds == {
        "grid": "GEOMETRY",
        "incident": "POINT",
        "patrol_fix": "POINT",
        "context": "GEOMETRY",
        "feature": "GEOMETRY",
    }
    for table, kind in kinds.items():
        (declared,) = connection.execute(
            "select type from pragma_table_info(?) where name = 'geom'", (table,)
        ).fetchone()
        assert declared == kind
    assert {-1, 0, 4326} <= {row[0] for row in connection.execute("select srs_id from gpkg_spatial_ref_sys")}
    connection.close()


@pytest.mark.parametrize("n", [6, 2000])
def test_another_program_reads_every_layer_and_its_box_filter_works(gpkg, n):
    fill(gpkg, n)
    assert {name for name, kind in pyogrio.list_layers(gpkg.path) if kind} == set(FEATURE_TABLES)
    frame = pyogrio.read_dataframe(gpkg.path, layer="incident")
    assert len(frame) == n
    assert frame.crs.to_epsg() == 4326
    assert frame.sort_values("incident_id")["occurred_at"].iloc[1] == incidents(2)["occurred_at"].iloc[1]
    box = pyogrio.read_dataframe(gpkg.path, layer="incident", bbox=(120.0015, 30, 120.0035, 31))
    assert sorted(box["incident_id"]) == ["i00002", "i00003"]
    areas = pyogrio.read_dataframe(gpkg.path, layer="grid")
    assert set(areas["code"]) == {"S", "a", "b", "C", "中"}
    info = pyogrio.read_info(gpkg.path, layer="incident", force_total_bounds=True)
    assert info["total_bounds"] == pytest.approx((120, 30.005, 120 + (n - 1) / 1000, 30.005))


@pytest.mark.parametrize("sizes", [(3,), (700,), (3, 700), (700, 3), (3000, 600), (600, 3000)])
def test_index_and_extent_are_true_whichever_road_the_rows_took(gpkg, sizes):
    store = gpkg.open()
    total = 0
    for size in sizes:
        total += size
        with store.unit_of_work() as work:
            work.incidents.add(incidents(total))
            work.commit()
    store.close()
    index = index_of(gpkg.path, "incident")
    frame = pyogrio.read_dataframe(gpkg.path, layer="incident", fid_as_index=True)
    assert set(index) == set(frame.index)
    for key, point in frame.geometry.items():
        x0, y0, x1, y1 = index[key]
        assert x0 <= point.x <= x1
        assert y0 <= point.y <= y1
        assert x1 - x0 < 2e-5
    connection = sqlite3.connect(gpkg.path)
    extent = connection.execute("select min_x, min_y, max_x, max_y from gpkg_contents where table_name = 'incident'")
    assert extent.fetchone() == tuple(frame.total_bounds)
    connection.close()


def test_the_extent_shrinks_when_the_context_is_replaced(gpkg):
    store = gpkg.open()
    wide = gpd.GeoDataFrame({"kind": ["x", "y"]}, geometry=[shapely.Point(1, 1), shapely.Point(50, 50)], crs=4326)
    with store.unit_of_work() as work:
        work.context.replace(wide)
        work.context.replace(wide.iloc[:1])
        work.commit()
    with store.engine.connect() as connection:
        query = "select min_x, max_x from gpkg_contents where table_name = 'context'"
        assert connection.exec_driver_sql(query).one() == (1.0, 1.0)


def test_published_values_survive_the_orm_and_spatial_functions(gpkg):
    """The models work as GeoAlchemy2 models too: insert, index triggers, functions and reading back."""
    store = gpkg.open()
    box = shapely.box(120, 30, 120.01, 30.01)
    with Session(store.engine) as session:
        session.add(ContextRow(kind="park", name="公园", geom=from_shape(box, srid=4326)))
        session.add(ContextRow(kind="lake", name=None, geom="SRID=4326;POINT(121 31)"))
        session.commit()
        near = sa.select(ContextRow).where(bbox_hits(ContextRow.geom, 119, 29, 120.5, 30.5))
        (row,) = session.scalars(near).all()
        assert to_shape(row.geom).equals_exact(box, 0.0)
        inside = from_shape(shapely.Point(120.005, 30.005), srid=4326)
        hit = sa.select(ContextRow.kind, sa.func.ST_Area(ContextRow.geom)).where(
            sa.func.ST_Intersects(ContextRow.geom, inside)
        )
        ((kind, area),) = session.execute(hit).all()
        assert (kind, area) == ("park", pytest.approx(1e-4))
        assert session.scalar(sa.select(sa.func.ST_AsText(ContextRow.geom)).where(ContextRow.kind == "lake")) == (
            "POINT (121 31)"
        )
        row.geom = from_shape(shapely.box(0, 0, 1, 1), srid=4326)
        session.commit()
        assert session.scalars(near).all() == []
        session.delete(row)
        session.commit()
    store.close()
    assert len(index_of(gpkg.path, "context")) == 1


# --- blobs of other writers


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("envelope", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("heights", [False, True])
def test_blobs_of_either_byte_order_any_envelope_and_with_heights_are_read(big, envelope, heights):
    shape = shapely.Polygon([(0, 0, 7), (2, 0, 7), (2, 3, 7)] if heights else [(0, 0), (2, 0), (2, 3)])
    order = ">" if big else "<"
    sides = {0: [], 1: [0, 2, 0, 3], 2: [0, 2, 0, 3, 7, 7], 3: [0, 2, 0, 3, 1, 1], 4: [0, 2, 0, 3, 7, 7, 1, 1]}[
        envelope
    ]
    head = b"GP\0" + bytes([(0 if big else 1) | envelope << 1])
    head += np.array([4326], order + "i4").tobytes() + np.array(sides, order + "f8").tobytes()
    blob = head + shapely.to_wkb(shape, flavor="iso", byte_order=0 if big else 1)
    (found,) = blobs.decode([blob])
    assert found.equals_exact(shapely.force_2d(shape), 0.0)
    assert not found.has_z
    assert blobs.box_of(blob) == (0, 0, 2, 3)
    assert blobs.srid_of(blob) == 4326


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"GP",
        b"XX\0\1",
        b"GP\0\x0f" + bytes(80),
        b"GP\0\x21" + bytes(40),
        b"GP\0\1" + bytes(4) + b"\1\1\0\0\0",
        "text",
        b"GP\0\1" + bytes(4) + shapely.to_wkb(shapely.GeometryCollection([shapely.Point(0, 0)])),
        # 100,000 nested collections overflow the stack of a WKB reader
        b"GP\0\1" + bytes(4) + b"\1\7\0\0\0\1\0\0\0" * 100_000,
    ],
)
def test_what_is_no_blob_is_damage_not_a_crash(blob):
    with pytest.raises(StoreUnavailable) as error:
        blobs.decode([blob])
    assert error.value.code == "store_damaged"


def test_our_blobs_come_back_bit_by_bit():
    shapes = np.array([shapely.Point(120.1, 30.2), shapely.box(0, 0, 1, 1), shapely.LineString([(0, 0), (1, 1e-300)])])
    assert shapely.equals_exact(blobs.decode(blobs.encode(shapes)), shapes, 0.0).all()
    empty = np.array([shapely.Point(), shapely.Polygon(), shapely.Point(1, 1)])
    assert shapely.is_empty(blobs.decode(blobs.encode(empty))).tolist() == [True, True, False]


# --- other programs write


def test_rows_that_gdal_appends_are_read_and_found_by_box(gpkg):
    fill(gpkg, 3)
    more = incidents(5).iloc[3:].copy()
    more["occurred_at"] += pd.Timedelta("0.25s")
    more["version_number"] = 1
    pyogrio.write_dataframe(more, gpkg.path, layer="incident", append=True)
    store = gpkg.open()
    with store.unit_of_work() as work:
        found = work.incidents.frame(ALL)
        assert found["incident_id"].tolist() == [f"i{k:05d}" for k in range(5)]
        assert found["occurred_at"].tolist()[3:] == more["occurred_at"].tolist()
        assert shapely.equals_exact(found.geometry, incidents(5).geometry, 0.0).all()
        box = PointFilter(bbox=(120.0025, 30, 120.0045, 31), start=more["occurred_at"].iloc[0].to_pydatetime())
        assert work.incidents.frame(box)["incident_id"].tolist() == ["i00003", "i00004"]
        assert work.incidents.add(more).duplicates == 2
    store.close()
    assert len(index_of(gpkg.path, "incident")) == 5


def test_times_that_another_program_wrote_are_brought_to_one_form(gpkg):
    fill(gpkg, 4)
    connection = sqlite3.connect(gpkg.path)
    functions.install(connection)
    texts = ["2026-03-01T00:00:00Z", "2026-03-01T08:00:00.5+08:00", "2026-03-01 00:00:01", "2026-03-01T00:00:00.250Z"]
    for k, text in enumerate(texts):
        connection.execute("update incident set occurred_at = ? where incident_id = ?", (text, f"i{k:05d}"))
    connection.execute(
        "update gpkg_contents set last_change = '2030-01-01T00:00:00.000Z' where table_name = 'incident'"
    )
    connection.commit()
    connection.close()
    store = gpkg.open()
    with store.unit_of_work() as work:
        assert work.incidents.frame(ALL)["incident_id"].tolist() == ["i00000", "i00003", "i00001", "i00002"]


def break_triggers(connection):
    connection.execute("drop trigger rtree_incident_geom_insert")
    connection.execute("insert into incident(incident_id, occurred_at, category, geom) values('x', ?, 'c', ?)", (
        "2026-03-01T00:00:00.000000Z", blobs.encode_one(shapely.Point(10, 10))))  # fmt: skip


def lose_boxes(connection):
    connection.execute("delete from rtree_incident_geom where id = 1")


def drop_index(connection):
    for kind in ("insert", "update1", "update2", "update3", "update4", "delete"):
        connection.execute(f"drop trigger rtree_incident_geom_{kind}")
    connection.execute("drop table rtree_incident_geom")


@pytest.mark.parametrize("harm", [break_triggers, lose_boxes, drop_index])
def test_a_stale_index_is_noticed_on_opening_and_made_anew(gpkg, harm, caplog):
    fill(gpkg)
    connection = sqlite3.connect(gpkg.path)
    functions.install(connection)
    harm(connection)
    connection.commit()
    connection.close()
    store = gpkg.open()
    assert "incident" in caplog.text
    with store.unit_of_work() as work:
        everything = work.incidents.frame(ALL)
        boxed = work.incidents.frame(PointFilter(bbox=(-180, -90, 180, 90)))
    assert boxed["incident_id"].tolist() == everything["incident_id"].tolist()
    store.close()
    caplog.clear()
    assert len(index_of(gpkg.path, "incident")) == len(everything)
    gpkg.open().close()
    assert caplog.text == "", "the second opening finds nothing to repair"


def test_a_program_without_our_functions_cannot_spoil_the_file(gpkg):
    fill(gpkg)
    connection = sqlite3.connect(gpkg.path)
    with pytest.raises(sqlite3.OperationalError, match="no such function"):
        connection.execute(
            "insert into incident(incident_id, occurred_at, category, geom) values('x', 'y', 'c', x'00')"
        )
    connection.close()


# --- what is refused, and left as it was


def text_file(path):
    path.write_text("not a database at all" * 100)


def other_sqlite(path):
    connection = sqlite3.connect(path)
    connection.execute("create table mine(x)")
    connection.commit()
    connection.close()


def other_geopackage(path):
    pyogrio.write_dataframe(grids(), path, layer="grid")


def newer(path):
    open_store(f"sqlite:///{path}").close()
    connection = sqlite3.connect(path)
    connection.execute("update alembic_version set version_num = '9999'")
    connection.commit()
    connection.close()


def scrambled(path):
    store = open_store(f"sqlite:///{path}")
    with store.unit_of_work() as work:
        work.incidents.add(incidents(3000))
        work.commit()
    store.close()
    data = bytearray(path.read_bytes())
    for start in range(40 * 4096, len(data), 4096):
        data[start : start + 64] = os.urandom(64)
    path.write_bytes(data)


def cut_short(path):
    scrambled_size = 60 * 4096
    store = open_store(f"sqlite:///{path}")
    with store.unit_of_work() as work:
        work.incidents.add(incidents(3000))
        work.commit()
    store.close()
    path.write_bytes(path.read_bytes()[:scrambled_size])


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (text_file, "store_not_geopackage"),
        (other_sqlite, "store_not_geopackage"),
        (other_geopackage, "store_foreign"),
        (newer, "store_newer"),
        (scrambled, "store_damaged"),
        (cut_short, "store_damaged"),
    ],
)
def test_a_file_that_is_not_ours_is_refused_and_left_as_it_was(tmp_path, make, code):
    path = tmp_path / "some.gpkg"
    make(path)
    before = path.read_bytes()
    with pytest.raises(StoreUnavailable) as error:
        open_store(f"sqlite:///{path}")
    assert error.value.code == code
    assert str(path) not in error.value.message("en") + error.value.message("zh")
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["some.gpkg"]


def test_urls_and_places_that_cannot_be(tmp_path):
    for url, code in (
        ("sqlite://", "store_url"),
        ("sqlite:///:memory:", "store_url"),
        ("nonsense", "store_url"),
        ("mysql://x/y", "store_url"),
        (f"sqlite:///{tmp_path}/no/such/folder.gpkg", "store_unreachable"),
        (f"sqlite:///{tmp_path}", "store_not_geopackage"),
    ):
        with pytest.raises(StoreUnavailable) as error:
            open_store(url)
        assert error.value.code == code


def test_an_empty_file_becomes_a_store(tmp_path):
    path = tmp_path / "百分 %20#.gpkg"
    path.touch()
    open_store(f"sqlite:///{path}").close()
    open_store(f"sqlite:///{path}").ping()


# --- locks and crashes


def test_a_second_writer_is_told_that_the_store_is_locked(gpkg):
    store = gpkg.open(wait_s=0.1)
    with store.unit_of_work() as one, store.unit_of_work() as two:
        one.incidents.add(incidents(1))
        with pytest.raises(StoreUnavailable) as error:
            two.incidents.add(incidents(2))
        assert error.value.code == "store_locked"
        one.commit()
    with store.unit_of_work() as work:
        assert work.incidents.add(incidents(2)).added == 1


def test_the_log_does_not_grow_for_ever(gpkg):
    store = gpkg.open()
    log = Path(f"{gpkg.path}-wal")
    frame = incidents(24_000)
    sizes = []
    for k in range(0, 24_000, 4_000):
        with store.unit_of_work() as work:
            work.incidents.add(frame.iloc[k : k + 4_000])
            work.commit()
        sizes.append(log.stat().st_size)
    assert 0 in sizes, "the log was folded into the file"
    assert max(sizes) < 5_000_000


WRITER = """
import sys
from store_frames import incidents, publish
from gridmap.store import open_store
store = open_store(sys.argv[1])
frame = incidents(9_000)
for k in range(0, 9_000, 600):
    with store.unit_of_work() as work:
        work.incidents.add(frame.iloc[k : k + 600])
        print("going", flush=True)
        work.commit()
    print("done", flush=True)
"""


@pytest.mark.parametrize("after", [1, 4])
def test_a_killed_writer_leaves_whole_commits(gpkg, after):
    tests = Path(__file__).parent.parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tests.parent), str(tests)])}
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, gpkg.url], stdout=subprocess.PIPE, env=environment, text=True
    )
    going = done = 0
    for line in child.stdout:
        done += line == "done\n"
        going += line == "going\n"
        if going == after:
            break
    child.send_signal(signal.SIGKILL)
    rest = child.communicate()[0]
    done += rest.count("done")
    going += rest.count("going")
    store = gpkg.open()
    with store.unit_of_work() as work:
        found = work.incidents.count(ALL)
        assert work.incidents.count(PointFilter(bbox=(100, 0, 181, 90))) == found
    store.close()
    assert found in (done * 600, going * 600), "whole commits, and none that was reported is lost"
    assert len(index_of(gpkg.path, "incident")) == found


def test_a_copy_of_a_closed_file_is_a_backup(gpkg, tmp_path):
    fill(gpkg)
    copy = shutil.copy(gpkg.path, tmp_path / "backup.gpkg")
    store = open_store(f"sqlite:///{copy}")
    with store.unit_of_work() as work:
        assert work.incidents.count(ALL) == 6
    store.close()


def test_the_index_of_many_random_boxes_answers_as_a_scan_does(gpkg):
    rng = np.random.default_rng(7)
    n = 4000
    xy = np.column_stack([rng.uniform(100, 120, n), rng.uniform(-40, 40, n)])
    frame = incidents(n).set_geometry(shapely.points(xy), crs=4326)
    store = gpkg.open()
    with store.unit_of_work() as work:
        work.incidents.add(frame)
        for _ in range(30):
            x0, x1 = np.sort(rng.uniform(100, 120, 2))
            y0, y1 = np.sort(rng.uniform(-40, 40, 2))
            inside = (xy[:, 0] >= x0) & (xy[:, 0] <= x1) & (xy[:, 1] >= y0) & (xy[:, 1] <= y1)
            found = work.incidents.frame(PointFilter(bbox=(x0, y0, x1, y1)))
            assert found["incident_id"].tolist() == frame["incident_id"][inside].tolist()
        plan = work.incidents._work.rows(
            sa.text("explain query plan " + str(
                sa.select(IncidentRow.id).where(bbox_hits(IncidentRow.geom, 1, 1, 2, 2)).compile(
                    store.engine, compile_kwargs={"literal_binds": True})))
        )  # fmt: skip
    assert any("SEARCH incident USING INTEGER PRIMARY KEY" in row[3] for row in plan), "the box drives the query"
