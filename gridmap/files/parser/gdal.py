"""Shapefile and FlatGeobuf by GDAL, with every other driver taken away before it loads."""

import json
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridmap.errors import FileError, TextError, TooLarge
from gridmap.files.parser.archive import unpack_shapefile
from gridmap.files.parser.dbase import encoding_of
from gridmap.files.parser.rows import FACTS, FAULT, GEOMETRY, HAS_Z, MAX_COLUMNS
from gridmap.files.text import public_name

if TYPE_CHECKING:
    import pyarrow as pa

_ALLOWED = {"ESRI Shapefile", "FlatGeobuf"}
# Every other vector driver of the GDAL builds we know; a driver that is not in this list stops the child.
_SKIPPED = (
    "MEM,PCIDSK,PDS4,VICAR,PDF,MBTiles,EEDA,OGCAPI,GDALG,MapInfo File,LVBAG,S57,DGN,OGR_VRT,CSV,GML,GPX,LIBKML,KML,"
    "GeoJSON,GeoJSONSeq,ESRIJSON,TopoJSON,OGR_GMT,GPKG,SQLite,WAsP,OpenFileGDB,DXF,GeoRSS,VFK,PGDUMP,OSM,GPSBabel,"
    "OGR_PDS,WFS,OAPIF,EDIGEO,Idrisi,ODS,XLSX,XLS,Elasticsearch,Carto,AmigoCloud,SXF,Selafin,JML,PLSCENES,CSW,VDV,MVT,"
    "NGW,MapML,GTFS,PMTiles,JSONFG,MiraMonVector,ADBC,AVCBin,AVCE00,AIVector,HTTP,Memory,VRT,GMLAS,NAS,netCDF,HDF5,"
    "PostgreSQL,PostGISRaster,MySQL,MSSQLSpatial,OCI,ODBC,PGeo,Parquet,Arrow,CAD,DODS,FileGDB,GNMFile,GNMDatabase,HANA,"
    "ILI,Interlis 1,Interlis 2,LIBKML,MongoDBv3,OpenFileGDB,PDS,SDTS,SOSI,TIGER,UK .NTF,Walk,XODR,COG,GTiff"
)
_BATCH = 10_000
# GDAL's own reader of FlatGeobuf as Arrow is four times as fast, and loses points behind an empty one.
_SLOW = "OGR_FLATGEOBUF_STREAM_BASE_IMPL"


def _load() -> Any:
    os.environ.update(
        GDAL_SKIP=_SKIPPED,
        CPL_VSIL_CURL_ALLOWED_EXTENSIONS="{none}",
        GDAL_HTTP_MAX_RETRY="0",
        GDAL_NUM_THREADS="1",
        SHAPE_RESTORE_SHX="NO",
        GDAL_DRIVER_PATH="disable",
        PROJ_NETWORK="OFF",
        **{_SLOW: "YES"},
    )
    import pyogrio

    # Somebody else's build may know drivers that ours does not: better no file than an unknown reader.
    if not set(pyogrio.list_drivers()) <= _ALLOWED:
        raise FileError("parser_build")
    return pyogrio


def read(path: Path, request: dict[str, Any]) -> "tuple[pa.Table, dict[str, Any]]":
    """Read a zipped Shapefile or a FlatGeobuf.

    Returns
    -------
    tuple
        Table of attributes, geometry, fault and height flag, and facts: ``crs``, ``encoding``, ``layer``.

    Raises
    ------
    FileError
        ``file_unreadable``, ``parser_build``; and those of ``archive.unpack_shapefile`` and ``dbase.encoding_of``.
    TooLarge
        ``too_many_features``, ``too_many_columns``.
    """
    limits = request["limits"]
    layer, encoding, codec = None, "utf-8", None
    if request["format"] == "shapefile":
        shp, layer = unpack_shapefile(path, path.parent, limits, request.get("layer"))
        path.unlink()
        codec = encoding_of(shp, request.get("encoding"))
        encoding, path = public_name(codec), shp
    import pyarrow as pa

    from gridmap.files.parser.columns import plain

    pyogrio = _load()
    options: dict[str, Any] = {"encoding": _gdal_name(codec)} if codec else {}
    batches, seen = [], 0
    try:
        with pyogrio.raw.open_arrow(path, use_pyarrow=True, batch_size=_BATCH, **options) as (meta, reader):
            if len(meta["fields"]) > MAX_COLUMNS:
                raise TooLarge("too_many_columns", limit=MAX_COLUMNS)
            for batch in reader:
                seen += batch.num_rows
                if seen > limits["features"]:
                    raise TooLarge("too_many_features", limit=limits["features"])
                batches.append(batch)
            table = pa.Table.from_batches(batches, reader.schema)
    except UnicodeDecodeError:
        raise TextError("file_not_utf8") from None
    geometry = meta["geometry_name"] or "wkb_geometry"
    arrays: dict[str, pa.Array] = {}
    for name in table.column_names:
        column = None if name == geometry else plain(table[name])
        if column is not None and name not in (GEOMETRY, FAULT, HAS_Z):
            arrays[name] = column
    if geometry not in table.column_names:
        raise FileError("no_layer")
    wkb = table[geometry].to_pylist()
    arrays |= {
        GEOMETRY: pa.array([w or None for w in wkb], pa.large_binary()),
        FAULT: pa.array([None if w else "empty_geometry" for w in wkb], pa.string()),
        HAS_Z: pa.array([False] * len(wkb), pa.bool_()),
    }
    crs = meta["crs"]
    return pa.table(arrays), {"crs": str(crs) if crs else None, "encoding": encoding, "layer": layer}


def stream(path: Path, request: dict[str, Any]) -> "Iterator[pa.RecordBatch]":
    """Stream a FlatGeobuf of any length, batch by batch, as WKB and plain columns.

    Yields
    ------
    RecordBatch
        The first is empty; its schema's metadata hold the facts: ``crs``, ``rows``.

    Raises
    ------
    FileError
        ``no_layer``, ``file_unreadable``, ``parser_build``.
    TooLarge
        ``too_many_columns``.
    TextError
        ``file_not_utf8``.
    """
    import pyarrow as pa

    from gridmap.files.parser.columns import plain

    pyogrio = _load()
    try:
        rows = pyogrio.read_info(path)["features"]
        with pyogrio.raw.open_arrow(path, use_pyarrow=True) as (meta, reader):
            shape = reader.schema
        if len(meta["fields"]) > MAX_COLUMNS:
            raise TooLarge("too_many_columns", limit=MAX_COLUMNS)
        geometry = meta["geometry_name"] or "wkb_geometry"
        if geometry not in shape.names:
            raise FileError("no_layer")
        facts = {"crs": str(meta["crs"]) if meta["crs"] else None, "rows": int(rows)}
        empty = pa.RecordBatch.from_pylist([], schema=shape)
        schema = None
        for batch in chain([empty], _in_order(pyogrio, path, request["batch_rows"], geometry)):
            columns = {}
            for name in batch.schema.names:
                column = None if name == geometry else plain(pa.chunked_array([batch.column(name)]))
                if column is not None and name != GEOMETRY:
                    columns[name] = column
            columns[GEOMETRY] = batch.column(geometry).cast(pa.large_binary())
            made = pa.RecordBatch.from_pydict(columns)
            schema = schema or made.schema.with_metadata({FACTS: json.dumps(facts)})
            yield pa.RecordBatch.from_arrays(made.columns, schema=schema)
    except UnicodeDecodeError:
        raise TextError("file_not_utf8") from None


def _in_order(pyogrio: Any, path: Path, rows: int, geometry: str) -> "Iterator[pa.RecordBatch]":
    """Stream by the quick reader of GDAL, until it meets an empty geometry: there it writes over the ones before."""
    seen = 0
    pyogrio.set_gdal_config_options({_SLOW: "NO"})
    with pyogrio.raw.open_arrow(path, use_pyarrow=True, batch_size=rows) as (_, reader):
        for batch in reader:
            if _overwritten(batch.column(geometry)):
                break
            seen += batch.num_rows
            yield batch
        else:
            return
    pyogrio.set_gdal_config_options({_SLOW: "YES"})
    with pyogrio.raw.open_arrow(path, use_pyarrow=True, batch_size=rows, skip_features=seen) as (_, reader):
        yield from reader


def _overwritten(column: "pa.Array") -> bool:
    import numpy as np
    import pyarrow as pa

    if not len(column):
        return False
    wide = np.int64 if pa.types.is_large_binary(column.type) else np.int32
    ends = np.frombuffer(column.buffers()[1], wide, len(column) + 1, column.offset * np.dtype(wide).itemsize)
    return bool((np.diff(ends) < 0).any())


def _gdal_name(codec: str) -> str:
    return {"utf-8-sig": "UTF-8", "gb18030": "GB18030", "big5": "BIG5", "latin-1": "ISO-8859-1", "cp1252": "CP1252"}[
        codec
    ]
