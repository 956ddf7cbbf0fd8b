"""Geometry columns, R*Tree indexes and extents of a GeoPackage: what OGC 12-128r18 asks beside the rows themselves.

The functions work on a plain ``sqlite3`` connection, inside whatever transaction is open. Names of tables and columns
are ours, never a user's.
"""

import sqlite3
from collections.abc import Iterable

import numpy as np
import pyproj
import shapely

from gridmap.store.blobs import decode
from gridmap.store.packing import Boxes, Floats, Ids, pack

APPLICATION_ID = 0x47504B47  # "GPKG"
USER_VERSION = 10300  # GeoPackage 1.3

_METADATA = """
create table if not exists gpkg_spatial_ref_sys(srs_name text not null, srs_id integer not null primary key,
  organization text not null, organization_coordsys_id integer not null, definition text not null, description text);
create table if not exists gpkg_contents(table_name text not null primary key, data_type text not null,
  identifier text unique, description text default '',
  last_change datetime not null default (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x double, min_y double, max_x double, max_y double, srs_id integer,
  constraint fk_gc_r_srs_id foreign key (srs_id) references gpkg_spatial_ref_sys(srs_id));
create table if not exists gpkg_geometry_columns(table_name text not null, column_name text not null,
  geometry_type_name text not null, srs_id integer not null, z tinyint not null, m tinyint not null,
  constraint pk_geom_cols primary key (table_name, column_name),
  constraint uk_gc_table_name unique (table_name),
  constraint fk_gc_tn foreign key (table_name) references gpkg_contents(table_name),
  constraint fk_gc_srs foreign key (srs_id) references gpkg_spatial_ref_sys(srs_id));
create table if not exists gpkg_extensions(table_name text, column_name text, extension_name text not null,
  definition text not null, scope text not null,
  constraint ge_tce unique (table_name, column_name, extension_name));
create table if not exists gpkg_gridmap_marks(table_name text not null primary key, last_change text);
create view if not exists geometry_columns as select table_name f_table_name, column_name f_geometry_column,
  geometry_type_name geometry_type, 'XY' coord_dimension, srs_id srid, 1 spatial_index_enabled
  from gpkg_geometry_columns
"""


def create_metadata(connection: sqlite3.Connection) -> None:
    """Write the tables that make an SQLite file a GeoPackage, and its application id."""
    connection.execute(f"pragma application_id={APPLICATION_ID}")
    connection.execute(f"pragma user_version={USER_VERSION}")
    for statement in _METADATA.split(";"):
        connection.execute(statement)
    for name, srid in (("Undefined cartesian SRS", -1), ("Undefined geographic SRS", 0)):
        connection.execute(
            "insert or ignore into gpkg_spatial_ref_sys values(?, ?, 'NONE', ?, 'undefined', null)", (name, srid, srid)
        )
    _ensure_srs(connection, 4326)


def _ensure_srs(connection: sqlite3.Connection, srid: int) -> None:
    if not connection.execute("select 1 from gpkg_spatial_ref_sys where srs_id = ?", (srid,)).fetchone():
        crs = pyproj.CRS.from_epsg(srid)
        connection.execute(
            "insert into gpkg_spatial_ref_sys values(?, ?, 'EPSG', ?, ?, null)",
            (crs.name, srid, srid, crs.to_wkt("WKT1_GDAL")),
        )


def register_attributes(connection: sqlite3.Connection, tables: Iterable[str]) -> None:
    """List tables without geometry in the contents, so that other programs show them and leave the rest alone."""
    for table in tables:
        connection.execute(
            "insert or replace into gpkg_contents(table_name, data_type, identifier) values(?, 'attributes', ?)",
            (table, table),
        )


def unregister_attributes(connection: sqlite3.Connection, tables: Iterable[str]) -> None:
    """Take tables without geometry off the contents."""
    for table in tables:
        connection.execute("delete from gpkg_contents where table_name = ?", (table,))


def register_column(
    connection: sqlite3.Connection, table: str, column: str, srid: int, kind: str, _dimension: object
) -> int:
    """List a table and its geometry column in the contents."""
    _ensure_srs(connection, srid)
    connection.execute(
        "insert or replace into gpkg_contents(table_name, data_type, identifier, srs_id) values(?, 'features', ?, ?)",
        (table, table, srid),
    )
    connection.execute(
        "insert or replace into gpkg_geometry_columns values(?, ?, ?, ?, 0, 0)", (table, column, kind, srid)
    )
    mark(connection, table)
    return 1


def add_column(
    connection: sqlite3.Connection, table: str, column: str, srid: int, kind: str, dimension: object, *_: object
) -> int:
    """Add a nullable geometry column to a table and list it."""
    connection.execute(f'alter table "{table}" add column "{column}" {kind}')
    return register_column(connection, table, column, srid, kind, dimension)


def unregister_column(connection: sqlite3.Connection, table: str, column: str) -> int:
    """Take a geometry column and its table off the contents."""
    for listing in ("gpkg_geometry_columns", "gpkg_extensions"):
        connection.execute(f"delete from {listing} where table_name = ? and column_name = ?", (table, column))
    for listing in ("gpkg_gridmap_marks", "gpkg_contents"):
        connection.execute(f"delete from {listing} where table_name = ?", (table,))
    return 1


def drop_table(connection: sqlite3.Connection, _schema: object, table: str) -> int:
    """Drop a table with all that the lists and indexes hold of it."""
    for (column,) in connection.execute(
        "select column_name from gpkg_geometry_columns where table_name = ?", (table,)
    ).fetchall():
        drop(connection, table, column)
        unregister_column(connection, table, column)
    connection.execute(f'drop table if exists "{table}"')
    return 1


def _triggers(table: str, column: str) -> dict[str, str]:
    """Give name to SQL of the triggers that keep the index, as in annex F.3 of the standard."""
    index = f'"rtree_{table}_{column}"'
    has = f'(NEW."{column}" NOTNULL AND NOT ST_IsEmpty(NEW."{column}"))'
    lacks = f'(NEW."{column}" ISNULL OR ST_IsEmpty(NEW."{column}"))'
    box = ", ".join(f'ST_{side}(NEW."{column}")' for side in ("MinX", "MaxX", "MinY", "MaxY"))
    put = f"INSERT OR REPLACE INTO {index} VALUES (NEW.id, {box});"
    bodies = {
        "insert": (f'AFTER INSERT ON "{table}" WHEN {has}', put),
        "update1": (f'AFTER UPDATE OF "{column}" ON "{table}" WHEN OLD.id = NEW.id AND {has}', put),
        "update2": (
            f'AFTER UPDATE OF "{column}" ON "{table}" WHEN OLD.id = NEW.id AND {lacks}',
            f"DELETE FROM {index} WHERE id = OLD.id;",
        ),
        "update3": (
            f'AFTER UPDATE ON "{table}" WHEN OLD.id != NEW.id AND {has}',
            f"DELETE FROM {index} WHERE id = OLD.id; {put}",
        ),
        "update4": (
            f'AFTER UPDATE ON "{table}" WHEN OLD.id != NEW.id AND {lacks}',
            f"DELETE FROM {index} WHERE id IN (OLD.id, NEW.id);",
        ),
        "delete": (
            f'AFTER DELETE ON "{table}" WHEN OLD."{column}" NOT NULL',
            f"DELETE FROM {index} WHERE id = OLD.id;",
        ),
    }
    return {
        f"rtree_{table}_{column}_{name}": f'CREATE TRIGGER "rtree_{table}_{column}_{name}" {head} BEGIN {body} END'
        for name, (head, body) in bodies.items()
    }


def create(connection: sqlite3.Connection, table: str, column: str) -> int:
    """Make the index of a geometry column, its triggers and its listing."""
    connection.execute(
        f'create virtual table if not exists "rtree_{table}_{column}" using rtree(id, minx, maxx, miny, maxy)'
    )
    for name, sql in _triggers(table, column).items():
        connection.execute(f'drop trigger if exists "{name}"')
        connection.execute(sql)
    connection.execute(
        "insert or replace into gpkg_extensions values(?, ?, 'gpkg_rtree_index', "
        "'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
        (table, column),
    )
    return 1


def exists(connection: sqlite3.Connection, table: str, column: str) -> int | None:
    """Give 1 where the index is there, else None (as SpatiaLite's CheckSpatialIndex does)."""
    found = connection.execute("select 1 from sqlite_master where name = ?", (f"rtree_{table}_{column}",)).fetchone()
    return 1 if found else None


def drop(connection: sqlite3.Connection, table: str, column: str) -> int:
    """Remove the index of a geometry column and its triggers."""
    for name in _triggers(table, column):
        connection.execute(f'drop trigger if exists "{name}"')
    connection.execute(f'drop table if exists "rtree_{table}_{column}"')
    return 1


def fill(connection: sqlite3.Connection, table: str, column: str, ids: range, boxes: Boxes) -> None:
    """Put the boxes of new rows (min_x, max_x, min_y, max_y) into the index without its insert trigger.

    Few beside what is there go in one by one; otherwise the index is packed anew with both.
    """
    index = f"rtree_{table}_{column}"
    (there,) = connection.execute(f'select count(*) from "{index}_rowid"').fetchone()
    if there > 4 * len(ids):
        connection.executemany(f'insert into "{index}" values(?, ?, ?, ?, ?)', zip(ids, *boxes.T.tolist(), strict=True))
        return
    old = np.array(connection.execute(f'select id, minx, maxx, miny, maxy from "{index}"').fetchall()).reshape(-1, 5)
    all_ids = np.concatenate([old[:, 0].astype(np.int64), np.asarray(ids, dtype=np.int64)])
    _repack(connection, table, column, all_ids, np.concatenate([old[:, 1:], boxes]) if len(old) else boxes)


def _repack(connection: sqlite3.Connection, table: str, column: str, ids: Ids, boxes: Boxes) -> None:
    drop(connection, table, column)
    create(connection, table, column)
    pack(connection, f"rtree_{table}_{column}", ids, boxes)


def is_stale(connection: sqlite3.Connection, table: str, column: str) -> bool:
    """Tell whether another program has written the table, or the index cannot be whole.

    A program that follows the standard notes its changes in ``gpkg_contents.last_change``; we remember our own
    last one.
    One that does not is found by a missing trigger or by the numbers of rows and boxes.
    """
    if not exists(connection, table, column):
        return True
    there = {name for (name,) in connection.execute("select name from sqlite_master where type = 'trigger'")}
    if not there.issuperset(_triggers(table, column)):
        return True
    (foreign,) = connection.execute(
        "select not exists(select 1 from gpkg_contents c join gpkg_gridmap_marks m using (table_name) "
        "where table_name = ? and c.last_change = m.last_change)",
        (table,),
    ).fetchone()
    if foreign:
        return True
    rows, boxes = connection.execute(
        f'select (select count(*) from "{table}"), (select count(*) from "rtree_{table}_{column}_rowid")'
    ).fetchone()
    return bool(rows != boxes)


def rebuild(connection: sqlite3.Connection, table: str, column: str) -> None:
    """Make the index anew from the rows, and note the extent."""
    ids: list[Ids] = [np.empty(0, dtype=np.int64)]
    boxes: list[Floats] = [np.empty((0, 4))]
    rows = connection.execute(f'select id, "{column}" from "{table}" order by id')
    while batch := rows.fetchmany(20_000):
        keys, blobs = zip(*batch, strict=True)
        bounds = shapely.bounds(decode(blobs))
        some = ~np.isnan(bounds[:, 0])
        ids.append(np.array(keys, dtype=np.int64)[some])
        boxes.append(bounds[some][:, [0, 2, 1, 3]])
    _repack(connection, table, column, np.concatenate(ids), np.concatenate(boxes))
    measure(connection, table, column)


def measure(connection: sqlite3.Connection, table: str, column: str) -> None:
    """Set the extent of a table in the contents from its index."""
    connection.execute(
        f"update gpkg_contents set (min_x, min_y, max_x, max_y) = (select min(minx), min(miny), max(maxx), max(maxy) "
        f'from "rtree_{table}_{column}") where table_name = ?',
        (table,),
    )
    mark(connection, table)


def widen(connection: sqlite3.Connection, table: str, extent: tuple[float, float, float, float]) -> None:
    """Widen the extent of a table in the contents by that of new geometries (min_x, min_y, max_x, max_y)."""
    x0, y0, x1, y1 = extent
    connection.execute(
        "update gpkg_contents set min_x = min(ifnull(min_x, ?1), ?1), min_y = min(ifnull(min_y, ?2), ?2), "
        "max_x = max(ifnull(max_x, ?3), ?3), max_y = max(ifnull(max_y, ?4), ?4) where table_name = ?5",
        (x0, y0, x1, y1, table),
    )
    mark(connection, table)


def mark(connection: sqlite3.Connection, table: str) -> None:
    """Note that a table changed, and that it was us."""
    connection.execute(
        "update gpkg_contents set last_change = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') where table_name = ?", (table,)
    )
    connection.execute(
        "insert or replace into gpkg_gridmap_marks select table_name, last_change from gpkg_contents "
        "where table_name = ?",
        (table,),
    )
