"""GeoParquet by pyarrow alone; the footer is weighed before a single page is unpacked."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gridmap.errors import CrsError, FileError, TooLarge
from gridmap.files.parser.columns import plain
from gridmap.files.parser.rows import FAULT, GEOMETRY, HAS_Z, MAX_COLUMNS
from gridmap.files.parser.wkb import to_shape

_NATIVE = {
    "point": "Point",
    "linestring": "LineString",
    "polygon": "Polygon",
    "multipoint": "MultiPoint",
    "multilinestring": "MultiLineString",
    "multipolygon": "MultiPolygon",
}


def open_checked(path: Path, *, rows: int | None, unpacked: int) -> pq.ParquetFile:
    """Open a Parquet file after weighing its footer.

    Parameters
    ----------
    path : Path
    rows : int or None
        The most rows; None: any number, for reading group by group.
    unpacked : int
        The most bytes: of the whole file where ``rows`` is given, else of one row group.

    Raises
    ------
    FileError
        ``encrypted``, ``corrupt``.
    TooLarge
        ``too_many_features``, ``too_many_columns``, ``unpacked_too_large``.
    """
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(-4, 2)
        if b"PARE" in (head, file.read(4)):
            raise FileError("encrypted")
    try:
        file_ = pq.ParquetFile(
            path,
            memory_map=False,
            thrift_string_size_limit=64_000_000,
            thrift_container_size_limit=1_000_000,
            arrow_extensions_enabled=False,
        )
    except (pa.ArrowException, OSError):
        raise FileError("corrupt") from None
    meta = file_.metadata
    if rows is not None and meta.num_rows > rows:
        raise TooLarge("too_many_features", limit=rows)
    if meta.num_columns > MAX_COLUMNS:
        raise TooLarge("too_many_columns", limit=MAX_COLUMNS)
    sizes = [meta.row_group(i).total_byte_size for i in range(meta.num_row_groups)]
    if min(sizes, default=0) < 0 or (sum(sizes) if rows is not None else max(sizes, default=0)) > unpacked:
        raise TooLarge("unpacked_too_large", limit=unpacked)
    return file_


def geo_metadata(schema: pa.Schema) -> dict[str, Any] | None:
    """Give the ``geo`` metadata of a GeoParquet schema; None where it is no GeoParquet.

    Raises
    ------
    FileError
        ``corrupt``: the entry is there, but is not what the GeoParquet standard says.
    """
    raw = (schema.metadata or {}).get(b"geo")
    if raw is None:
        return None
    try:
        geo = json.loads(raw)
        column = geo["columns"][geo["primary_column"]]
        if not isinstance(column["encoding"], str) or geo["primary_column"] not in schema.names:
            raise KeyError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FileError("corrupt") from None
    return {"name": geo["primary_column"], **column}


def crs_of(column: dict[str, Any]) -> str | None:
    """Give the CRS of a geometry column: absent means CRS84 by the standard, null means not known."""
    if "crs" not in column:
        return "OGC:CRS84"
    crs = column["crs"]
    if crs is None:
        return None
    if not isinstance(crs, dict):
        raise CrsError("crs_unsupported")
    identity = crs.get("id")
    if isinstance(identity, dict) and identity.get("authority") in ("EPSG", "OGC"):
        return f"{identity['authority']}:{identity.get('code')}"
    return json.dumps(crs)


def read(path: Path, request: dict[str, Any]) -> tuple[pa.Table, dict[str, Any]]:
    """Read a GeoParquet file.

    Returns
    -------
    tuple
        Table of attributes, geometry, fault and height flag, and facts: ``crs``, ``encoding``.

    Raises
    ------
    FileError
        ``parquet_no_geometry``; ``geometry_encoding``; and those of ``open_checked`` and ``geo_metadata``.
    """
    limits = request["limits"]
    file = open_checked(path, rows=limits["features"], unpacked=limits["unpacked_bytes"])
    geo = geo_metadata(file.schema_arrow)
    if geo is None:
        raise FileError("parquet_no_geometry")
    wanted = [n for n in file.schema_arrow.names if plain_type(file.schema_arrow.field(n).type) or n == geo["name"]]
    batches, seen = [], 0
    try:
        for batch in file.iter_batches(batch_size=10_000, columns=wanted, use_threads=False):
            seen += batch.num_rows
            if seen > limits["features"]:
                raise TooLarge("too_many_features", limit=limits["features"])
            batches.append(batch)
        schema = batches[0].schema if batches else file.schema_arrow
        table = pa.Table.from_batches(batches, schema)
    except (pa.ArrowException, OSError):
        raise FileError("corrupt") from None
    arrays: dict[str, pa.Array] = {}
    for name in table.column_names:
        column = None if name == geo["name"] else plain(table[name])
        if column is not None:
            arrays[name] = column
    wkb, faults, heights = _geometry(table[geo["name"]], geo["encoding"])
    arrays |= {
        GEOMETRY: wkb,
        FAULT: pa.array(faults, pa.string()),
        HAS_Z: pa.array(heights, pa.bool_()),
    }
    return pa.table(arrays), {"crs": crs_of(geo), "encoding": "utf-8", "layer": None}


def plain_type(kind: pa.DataType) -> bool:
    """Tell whether a column is worth reading: nested and binary ones are left out anyway."""
    return not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _geometry(column: pa.ChunkedArray, encoding: str) -> tuple[pa.Array, list[str | None], list[bool]]:
    if encoding.upper() == "WKB":
        if not (pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
            raise FileError("geometry_encoding")
        values = column.to_pylist()
        faults = [None if v else "empty_geometry" for v in values]
        return pa.array([v or None for v in values], pa.large_binary()), faults, [False] * len(values)
    if encoding not in _NATIVE:
        raise FileError("geometry_encoding")
    shapes = [None if v is None else to_shape(_NATIVE[encoding], _lists(v)) for v in column.to_pylist()]
    return (
        pa.array([s and s.wkb for s in shapes], pa.large_binary()),
        ["empty_geometry" if s is None else s.fault for s in shapes],
        [bool(s and s.has_z) for s in shapes],
    )


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return [value[k] for k in ("x", "y", "z") if value.get(k) is not None]
    return [_lists(v) for v in value] if isinstance(value, list) else value
