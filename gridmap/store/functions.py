"""The SQL functions that GeoAlchemy2 and a GeoPackage's triggers call on SQLite, backed by shapely.

Registered on every connection, so that no extension has to be loaded. What a function cannot do raises, and SQLite
turns that into an error of the statement.
"""

import re
import sqlite3
from collections.abc import Callable
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.store import rtree
from gridmap.store.blobs import box_of, decode_one, encode_one, srid_of

_EWKT = re.compile(r"SRID=(\d+);(.*)", re.DOTALL)


def install(connection: sqlite3.Connection) -> None:
    """Register everything on a connection."""
    for name, n, function in _PURE:
        connection.create_function(name, n, function, deterministic=True)
    connection.create_aggregate("ST_Union", 1, _Union)  # type: ignore[arg-type]
    management: dict[str, Callable[..., Any]] = {
        "RecoverGeometryColumn": rtree.register_column,
        "CreateSpatialIndex": rtree.create,
        "DisableSpatialIndex": rtree.drop,
        "DiscardGeometryColumn": rtree.unregister_column,
        "CheckSpatialIndex": rtree.exists,
        "AddGeometryColumn": rtree.add_column,
        "DropTable": rtree.drop_table,
    }
    for name, function in management.items():
        connection.create_function(name, -1, _bound(function, connection))


def _bound(function: Callable[..., Any], connection: sqlite3.Connection) -> Callable[..., Any]:
    return lambda *arguments: function(connection, *arguments)


def _from_ewkt(text: str | None) -> bytes | None:
    if text is None:
        return None
    match = _EWKT.match(text)
    return encode_one(shapely.from_wkt(match[2] if match else text), int(match[1]) if match else 0)


def _from_wkb(value: bytes | str | None, srid: int | None = None) -> bytes | None:
    if value is None:
        return None
    geometry = shapely.from_wkb(value)
    return encode_one(shapely.set_srid(geometry, 0), srid if srid is not None else int(shapely.get_srid(geometry)))


def _as_ewkb(blob: bytes | None) -> str | None:
    if blob is None:
        return None
    return shapely.to_wkb(shapely.set_srid(decode_one(blob), srid_of(blob)), include_srid=True, hex=True)


def _of_one(function: Callable[[BaseGeometry], Any]) -> Callable[[bytes | None], Any]:
    def call(blob: bytes | None) -> Any:
        return None if blob is None else function(decode_one(blob))

    return call


def _of_two(function: Callable[[BaseGeometry, BaseGeometry], Any]) -> Callable[[bytes | None, bytes | None], Any]:
    def call(a: bytes | None, b: bytes | None) -> Any:
        return None if a is None or b is None else function(decode_one(a), decode_one(b))

    return call


def _side(index: int) -> Callable[[bytes | None], float | None]:
    def call(blob: bytes | None) -> float | None:
        return None if blob is None else box_of(blob)[index]

    return call


def _centroid(blob: bytes | None) -> bytes | None:
    return None if blob is None else encode_one(shapely.centroid(decode_one(blob)), srid_of(blob))


class _Union:
    def __init__(self) -> None:
        self.blobs: list[bytes] = []

    def step(self, blob: bytes | None) -> None:
        if blob is not None:
            self.blobs.append(blob)

    def finalize(self) -> bytes | None:
        if not self.blobs:
            return None
        return encode_one(shapely.union_all([decode_one(b) for b in self.blobs]), srid_of(self.blobs[0]))


def _predicate(function: Callable[..., Any]) -> Callable[[bytes | None, bytes | None], Any]:
    return _of_two(lambda a, b: int(function(a, b)))


_PURE: list[tuple[str, int, Callable[..., Any]]] = [
    ("GeomFromEWKT", 1, _from_ewkt),
    ("GeomFromEWKB", 1, _from_wkb),
    ("GeomFromEWKB", 2, _from_wkb),
    ("GeomFromWKB", 1, _from_wkb),
    ("GeomFromWKB", 2, _from_wkb),
    ("AsEWKB", 1, _as_ewkb),
    ("AsBinary", 1, _of_one(lambda g: shapely.to_wkb(g, flavor="iso", byte_order=1))),
    ("AsGeoJSON", 1, _of_one(shapely.to_geojson)),
    ("ST_AsText", 1, _of_one(lambda g: g.wkt)),
    ("ST_SRID", 1, lambda blob: None if blob is None else srid_of(blob)),
    ("ST_IsEmpty", 1, _of_one(lambda g: int(g.is_empty))),
    ("ST_GeometryType", 1, _of_one(lambda g: f"ST_{g.geom_type}")),
    ("ST_X", 1, _of_one(lambda g: float(shapely.get_x(g)))),
    ("ST_Y", 1, _of_one(lambda g: float(shapely.get_y(g)))),
    ("ST_MinX", 1, _side(0)),
    ("ST_MinY", 1, _side(1)),
    ("ST_MaxX", 1, _side(2)),
    ("ST_MaxY", 1, _side(3)),
    ("ST_Area", 1, _of_one(lambda g: g.area)),
    ("ST_Length", 1, _of_one(lambda g: g.length)),
    ("ST_NPoints", 1, _of_one(lambda g: int(shapely.get_num_coordinates(g)))),
    ("ST_Centroid", 1, _centroid),
    ("ST_Distance", 2, _of_two(lambda a, b: float(shapely.distance(a, b)))),
    ("ST_Intersects", 2, _predicate(shapely.intersects)),
    ("ST_Contains", 2, _predicate(shapely.contains)),
    ("ST_Covers", 2, _predicate(shapely.covers)),
    ("ST_Within", 2, _predicate(shapely.within)),
    ("ST_Touches", 2, _predicate(shapely.touches)),
    ("ST_Overlaps", 2, _predicate(shapely.overlaps)),
    ("ST_Equals", 2, _predicate(shapely.equals)),
]
