"""Write files so that the final name never shows half a file, and a spreadsheet never runs a cell."""

import errno
import io
import json
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely

from gridmap.crs import WGS84
from gridmap.errors import FileError
from gridmap.files.parquetout import open_parquet

# What makes a spreadsheet take a cell for a formula, after any apostrophes that say "text"; full-width forms too.
_STARTS = "=+\\-@\t\r\n＝＋－＠"
_PLAIN_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_GUARDED = f"^'*[{_STARTS}]"
_RESTORED = re.compile(f"'+[{_STARTS}]")
_BOUNDARY_SUFFIXES = (".geojson", ".json", ".gpkg", ".fgb", ".parquet", ".geoparquet")


class TableWriter(Protocol):
    """Takes tables of one schema, in order."""

    def write(self, table: pa.Table) -> None:
        """Append the rows of a table."""
        ...


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name in the same folder; on success it takes the final name in one step, else it is removed.

    Raises
    ------
    FileError
        ``output_not_written``, ``disk_full``.
    """
    # The suffix stays, for GDAL goes by it.
    temporary = path.with_name(f".{path.stem[:80]}.{secrets.token_hex(8)}.part{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise FileError("disk_full") from None
        raise FileError("output_not_written") from None
    finally:
        for leftover in (temporary, *(temporary.with_name(temporary.name + s) for s in ("-journal", "-wal", "-shm"))):
            with suppress(OSError):
                leftover.unlink()


@contextmanager
def open_writer(
    path: str | os.PathLike[str],
    schema: pa.Schema,
    *,
    words: Sequence[str] = (),
    like: pq.FileMetaData | None = None,
) -> Iterator[TableWriter]:
    """Open a streaming writer for ``.csv`` or ``.parquet`` / ``.geoparquet``.

    Parameters
    ----------
    path : path
        The final name. Nothing stands there before the ``with`` block ends without an exception; what was there before
        stays until then.
    schema : pyarrow.Schema
        Of all tables to come. Its ``geo`` metadata make the Parquet file a GeoParquet.
    words : sequence of str
        Columns of few different texts, which may come as dictionaries; a reader sees plain texts.
    like : FileMetaData, optional
        The Parquet file that the columns came from: they are compressed and encoded as there.

    Raises
    ------
    FileError
        ``output_format``, ``output_not_written``, ``disk_full``.
    """
    target = Path(path)
    kind = target.suffix.lower()
    if kind not in (".csv", ".parquet", ".geoparquet"):
        raise FileError("output_format", known=".csv, .geoparquet, .parquet")
    with replacing(target) as temporary:
        if kind == ".csv":
            with temporary.open("wb") as file:
                yield _CsvWriter(file, schema)
        else:
            with open_parquet(temporary, schema, words=words, like=like) as writer:
                yield writer


def csv_bytes(heads: Sequence[str], columns: Sequence[pa.Array]) -> bytes:
    """Write a small table as CSV, as ``open_writer`` does; heads may be the same."""
    file = io.BytesIO()
    table = pa.table(list(columns), names=[f"{n}" for n in range(len(columns))])
    _CsvWriter(file, table.schema, heads).write(table)
    return file.getvalue()


def table_writer(file: Any, schema: pa.Schema) -> TableWriter:
    """Give what writes tables as CSV into an open binary file, as ``open_writer`` does."""
    return _CsvWriter(file, schema)


class _CsvWriter:
    """UTF-8, comma, line feed; only cells that need quotes have them. The same bytes for any size of batch."""

    def __init__(self, file: BinaryIO, schema: pa.Schema, heads: Sequence[str] | None = None) -> None:
        self._file, self._schema = file, schema
        named = schema.names if heads is None else heads
        self._line([_quoted(guard(pa.chunked_array([[name]], pa.string()))) for name in named])

    def write(self, table: pa.Table) -> None:
        if table.num_rows:
            self._line([_quoted(guard(_texts(table[name]))) for name in self._schema.names])

    def _line(self, columns: list[pa.ChunkedArray]) -> None:
        if len(columns) == 1:
            # One column: an empty cell must not become an empty line, which readers skip.
            columns = [pc.if_else(pc.equal(columns[0], ""), '""', columns[0])]
        rows = pc.binary_join_element_wise(*columns, ",") if len(columns) > 1 else columns[0]
        for row in rows.chunks if isinstance(rows, pa.ChunkedArray) else [rows]:
            self._file.write(("\n".join(row.to_pylist()) + "\n").encode() if len(row) else b"")


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        values = [None if v is None else v.hex() if isinstance(v, bytes) else json.dumps(v) for v in column.to_pylist()]
        column = pa.chunked_array([values], pa.string())
    return pc.fill_null(column.cast(pa.string()), "")


def _quoted(column: pa.ChunkedArray) -> pa.ChunkedArray:
    inner = pc.replace_substring(column, '"', '""')
    wrapped = pc.binary_join_element_wise('"', inner, '"', "")
    return pc.if_else(pc.match_substring_regex(column, '[",\r\n]'), wrapped, column)


def guard(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Put an apostrophe before texts that a spreadsheet would run: ``= + - @``, tab, CR, LF and their full-width forms.

    Plain numbers (``-1``, ``+1.5e3``) stay. ``restore`` undoes it exactly.

    Examples
    --------
    >>> import pyarrow as pa
    >>> guard(pa.chunked_array([["=1+1", "-1", "-1+1", "'=x", "ok"]])).to_pylist()
    ["'=1+1", '-1', "'-1+1", "''=x", 'ok']
    """
    risky = pc.and_not(pc.match_substring_regex(column, _GUARDED), pc.match_substring_regex(column, _PLAIN_NUMBER))
    return pc.if_else(risky, pc.binary_join_element_wise("'", column, ""), column)


def restore(cell: str) -> str:
    """Undo ``guard`` on one cell of a CSV that gridmap wrote.

    Examples
    --------
    >>> [restore(c) for c in ["'=1+1", "-1", "''=x", "ok"]]
    ['=1+1', '-1', "'=x", 'ok']
    """
    return cell[1:] if _RESTORED.match(cell) else cell


def write_boundaries(frame: gpd.GeoDataFrame, path: str | os.PathLike[str], *, decimals: int | None = None) -> None:
    """Write grids as GeoJSON (RFC 7946), GeoPackage, FlatGeobuf or GeoParquet.

    Parameters
    ----------
    frame : GeoDataFrame
        frames.GRIDS in WGS 84. The values of ``attributes`` become columns of their own.
    path : path
        ``.geojson``, ``.gpkg``, ``.fgb``, ``.parquet``. It appears complete or not at all.
    decimals : int, optional
        Round all coordinates to so many decimals of a degree. By default nothing is rounded: even the 7 decimals of
        RFC 7946 (1 cm) move a vertex off the neighbour's edge it lies on, and make slivers of a clean tiling.

    Raises
    ------
    FileError
        ``output_format``, ``output_not_written``.
    CrsError
        ``coordinate_out_of_range``, ``crs_missing``.
    """
    target = Path(path)
    kind = target.suffix.lower()
    if kind not in _BOUNDARY_SUFFIXES:
        raise FileError("output_format", known=", ".join(_BOUNDARY_SUFFIXES))
    flat = _flat(frame if frame.crs is None or frame.crs.to_epsg() == 4326 else frame.to_crs(WGS84))
    if decimals is not None:
        flat = flat.set_geometry(shapely.transform(flat.geometry.array, lambda xy: np.round(xy, decimals)))
    with replacing(target) as temporary:
        if kind in (".geojson", ".json"):
            _write_geojson(flat, temporary)
        elif kind in (".parquet", ".geoparquet"):
            flat.to_parquet(temporary, index=False)
        else:
            driver = {".gpkg": "GPKG", ".fgb": "FlatGeobuf"}[kind]
            # One geometry type a layer: plain polygons go as multi-polygons of one part.
            multi = [shapely.MultiPolygon([g]) if g.geom_type == "Polygon" else g for g in flat.geometry]
            flat = flat.set_geometry(gpd.GeoSeries(multi, index=flat.index, crs=WGS84))
            options: dict[str, Any] = {"layer": "grids"} if kind == ".gpkg" else {"SPATIAL_INDEX": "NO"}
            flat.to_file(temporary, driver=driver, engine="pyogrio", **options)


def _flat(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Spread ``attributes`` over columns, behind the standard ones; a standard name wins."""
    columns: dict[str, Any] = {c: frame[c] for c in frame.columns if c not in ("attributes", frame.geometry.name)}
    if "attributes" in frame.columns:
        values = [a if isinstance(a, dict) else {} for a in frame["attributes"]]
        names = dict.fromkeys(n for row in values for n in row)
        known = {c.casefold() for c in columns} | {"geometry", "fid"}
        for name in names:
            if name.casefold() not in known:
                known.add(name.casefold())
                columns[name] = _column([row.get(name) for row in values], frame.index)
    for name, column in columns.items():
        if column.dtype == object:
            columns[name] = _column(column.tolist(), frame.index)
    return gpd.GeoDataFrame(columns, index=frame.index, geometry=frame.geometry.array, crs=frame.crs)


def _column(values: list[Any], index: pd.Index) -> pd.Series:
    """Give a column one type: int (nullable), float, bool or text."""
    kinds = {type(v) for v in values if v is not None and v == v}
    plain = [None if v is None or v != v else v for v in values]
    if kinds and kinds <= {int, np.int64}:
        return pd.Series(pd.array(plain, dtype="Int64"), index=index)
    if len(kinds) == 1 and kinds <= {float, bool}:
        return pd.Series(plain, index=index, dtype="Float64" if kinds == {float} else "boolean")
    texts = [v if v is None or isinstance(v, str) else json.dumps(v, ensure_ascii=False, default=str) for v in plain]
    return pd.Series(texts, index=index, dtype=object)


def _write_geojson(frame: gpd.GeoDataFrame, path: Path) -> None:
    names = [c for c in frame.columns if c != frame.geometry.name]
    # Outer rings counter-clockwise, as the standard asks.
    shapes = shapely.orient_polygons(np.asarray(frame.geometry.array), exterior_cw=False)
    bodies = shapely.to_geojson(shapes)
    columns = {n: [None if v is pd.NA or v != v else v for v in frame[n].tolist()] for n in names}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"type":"FeatureCollection","features":[\n')
        for row, body in enumerate(bodies):
            properties = {n: columns[n][row] for n in names}
            head = json.dumps(properties, ensure_ascii=False, allow_nan=False, default=str, separators=(",", ":"))
            comma = "" if row == len(bodies) - 1 else ","
            file.write(f'{{"type":"Feature","properties":{head},"geometry":{body or "null"}}}{comma}\n')
        file.write("]}\n")
