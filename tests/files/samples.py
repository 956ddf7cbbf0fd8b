"""Files for the tests, good and hostile, built in a folder of the test."""

import json
import sqlite3
import struct
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely

NAMES = ("东城网格", "西城网格")
#: How files of boundaries end, and what readers call their format.
FORMATS = {
    ".geojson": "geojson",
    ".gpkg": "geopackage",
    ".zip": "shapefile",
    ".fgb": "flatgeobuf",
    ".parquet": "parquet",
    ".kml": "kml",
}


def frame(**columns: Any) -> gpd.GeoDataFrame:
    """Two neighbouring squares near Hangzhou with codes that a careless reader would turn into numbers."""
    made = {"code": ["00123", "00124"], "name": list(NAMES), "households": [310, 295], **columns}
    shapes = [shapely.box(120.10, 30.20, 120.11, 30.21), shapely.box(120.11, 30.20, 120.12, 30.21)]
    return gpd.GeoDataFrame(made, geometry=shapes, crs="EPSG:4326")


def feature(coordinates: Any, kind: str = "Polygon", **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": "1", **properties},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


SQUARE = [[[120.0, 30.0], [120.1, 30.0], [120.1, 30.1], [120.0, 30.1], [120.0, 30.0]]]


def collection(*features: dict[str, Any], **members: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features), **members}).encode()


def put(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def write_any(folder: Path, suffix: str, data: gpd.GeoDataFrame | None = None, encoding: str = "UTF-8") -> Path:
    """Write a good file of any format with the tools that people use."""
    data = frame() if data is None else data
    path = folder / f"good{suffix}"
    if suffix == ".zip":
        return shapefile(folder, data, encoding=encoding)
    if suffix == ".parquet":
        data.to_parquet(path)
        return path
    drivers = {".geojson": "GeoJSON", ".gpkg": "GPKG", ".fgb": "FlatGeobuf", ".kml": "LIBKML"}
    pyogrio.write_dataframe(data, path, driver=drivers[suffix])
    return path


def shapefile(
    folder: Path,
    data: gpd.GeoDataFrame | None = None,
    *,
    encoding: str = "UTF-8",
    without: tuple[str, ...] = (),
    name: str = "shape.zip",
) -> Path:
    """A zipped shapefile, with members left out on request."""
    inner = folder / f"{name}.d"
    inner.mkdir()
    pyogrio.write_dataframe(frame() if data is None else data, inner / "grids.shp", encoding=encoding)
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in sorted(inner.iterdir()):
            if member.suffix not in without:
                archive.write(member, member.name)
    return path


def archive(folder: Path, entries: dict[str, bytes], name: str = "made.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for entry, data in entries.items():
            made.writestr(zipfile.ZipInfo(entry), data, zipfile.ZIP_DEFLATED)
    return path


def bomb(folder: Path, size: int, claimed: int | None = None) -> Path:
    """A zip of spaces; ``claimed`` lies about the unpacked size in every header."""
    path = archive(folder, {"grids.shp": b" " * size, "grids.shx": b"x", "grids.dbf": b"x"}, "bomb.zip")
    if claimed is not None:
        raw = path.read_bytes().replace(struct.pack("<I", size), struct.pack("<I", claimed))
        path.write_bytes(raw)
    return path


def overlapping(folder: Path) -> Path:
    """Two directory entries that share one run of compressed bytes."""
    path = archive(folder, {"a.shp": b"x" * 5000, "b.shp": b"x" * 5000}, "overlap.zip")
    raw = bytearray(path.read_bytes())
    second = raw.rindex(b"PK\x01\x02")
    struct.pack_into("<I", raw, second + 42, 0)
    path.write_bytes(raw)
    return path


def geopackage(folder: Path, *statements: str, name: str = "made.gpkg") -> Path:
    """A good GeoPackage on which SQL was run afterwards."""
    path = folder / name
    pyogrio.write_dataframe(frame(), path, driver="GPKG", layer="grids")
    with sqlite3.connect(path) as db:
        db.execute("BEGIN")
        for statement in statements:
            db.execute(statement)
    db.close()
    return path


def parquet(folder: Path, table: pa.Table, name: str = "made.parquet") -> Path:
    path = folder / name
    pq.write_table(table, path)
    return path


def geo_table(wkb: list[bytes | None], **geo: Any) -> pa.Table:
    column = {"encoding": "WKB", "geometry_types": [], **geo}
    meta = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.table({"code": [str(n) for n in range(len(wkb))], "geometry": pa.array(wkb, pa.binary())})
    return table.replace_schema_metadata({"geo": json.dumps(meta)})


def nested_collection(depth: int) -> bytes:
    return struct.pack("<BII", 1, 7, 1) * depth + struct.pack("<BI2d", 1, 1, 0.0, 0.0)


def kml(body: str, head: str = "") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2">{body}</kml>'


def placemark(geometry: str, name: str = "1") -> str:
    return f"<Placemark><name>{name}</name>{geometry}</Placemark>"


KML_SQUARE = (
    "<Polygon><outerBoundaryIs><LinearRing><coordinates>120,30,0 120.1,30,0 120.1,30.1,0 120,30.1,0 120,30,0"
    "</coordinates></LinearRing></outerBoundaryIs></Polygon>"
)
