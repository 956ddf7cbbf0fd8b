"""Many features as one file that is sent while it is written: CSV, GeoParquet, FlatGeobuf. Memory holds one part."""

import io
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely

from gridmap.analysis.collected import Table, absent
from gridmap.analysis.cql2.judging import Column, Kind
from gridmap.files.write import table_writer

Form = Literal["csv", "parquet", "fgb"]

_TYPES: Mapping[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.FLAG: pa.bool_(),
    Kind.DAY: pa.date32(),
    Kind.TIME: pa.timestamp("us", tz="UTC"),
}
#: Bytes of a file that are sent at a time.
_PIECE = 1 << 20
#: WGS 84, longitude before latitude, is what GeoParquet takes where no system is named.
_GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}},
}


def arrow_column(column: Column) -> pa.Array:
    """Give a column as Arrow has it."""
    if column.kind is Kind.INTEGER:
        missing = absent(column)
        whole = np.where(missing, 0.0, column.values).astype(np.int64)
        return pa.array(whole, mask=missing)
    missing = absent(column)
    return pa.array(column.values, type=_TYPES[column.kind], mask=missing, from_pandas=True)


def arrow_table(table: Table, names: tuple[str, ...], schema: pa.Schema) -> pa.Table:
    """Give rows as Arrow, their shapes as WKB."""
    columns = [pa.array(table.ids.tolist(), pa.string())]
    columns += [arrow_column(table.columns[name]) for name in names]
    columns.append(pa.array(shapely.to_wkb(table.shapes).tolist(), pa.binary()))
    return pa.Table.from_arrays(columns, schema=schema)


def _schema(names: tuple[str, ...], kinds: Mapping[str, Kind], shape: pa.Field) -> pa.Schema:
    return pa.schema([("id", pa.string()), *((name, _TYPES[kinds[name]]) for name in names), shape])


class _Sink(io.RawIOBase):
    """A file of which what was written is taken away piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, part: Any) -> int:
        piece = bytes(part)
        self._parts.append(piece)
        self._at += len(piece)
        return len(piece)

    def taken(self) -> bytes:
        """Take what was written since."""
        piece = b"".join(self._parts)
        self._parts.clear()
        return piece


def stream(
    form: Form, tables: Iterator[Table], names: tuple[str, ...], kinds: Mapping[str, Kind], geometry: str = "Unknown"
) -> Iterator[bytes]:
    """Write features.

    Parameters
    ----------
    form : {"csv", "parquet", "fgb"}
        CSV has the shapes as WKT, and an apostrophe before what a spreadsheet would run.
    tables : iterator of Table
    names : tuple of str
        Columns that are written, after ``id`` and before the shapes.
    kinds : mapping of str to Kind
    geometry : str
        Type of all shapes as GDAL calls it; FlatGeobuf names it.
    """
    if form == "csv":
        return _csv(tables, names, kinds)
    return _parquet(tables, names, kinds) if form == "parquet" else _flatgeobuf(tables, names, kinds, geometry)


def _csv(tables: Iterator[Table], names: tuple[str, ...], kinds: Mapping[str, Kind]) -> Iterator[bytes]:
    schema = _schema(names, kinds, pa.field("wkt", pa.string()))
    sink = _Sink()
    writer = table_writer(sink, schema)
    for table in tables:
        columns = [pa.array(table.ids.tolist(), pa.string()), *(arrow_column(table.columns[name]) for name in names)]
        columns.append(pa.array(shapely.to_wkt(table.shapes, rounding_precision=-1).tolist(), pa.string()))
        writer.write(pa.Table.from_arrays(columns, schema=schema))
        yield sink.taken()
    yield sink.taken()


def _parquet(tables: Iterator[Table], names: tuple[str, ...], kinds: Mapping[str, Kind]) -> Iterator[bytes]:
    schema = _schema(names, kinds, pa.field("geometry", pa.binary()))
    schema = schema.with_metadata({"geo": json.dumps(_GEO)})
    sink = _Sink()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(arrow_table(table, names, schema))
            yield sink.taken()
    yield sink.taken()


def _flatgeobuf(
    tables: Iterator[Table], names: tuple[str, ...], kinds: Mapping[str, Kind], geometry: str
) -> Iterator[bytes]:
    """Write through GDAL, which goes back to the head of the file at its end: so it is a file for a while."""
    schema = _schema(names, kinds, pa.field("geometry", pa.binary()))
    batches = (batch for table in tables for batch in arrow_table(table, names, schema).to_batches())
    with tempfile.TemporaryDirectory(prefix="gridmap-") as folder:
        path = Path(folder) / "features.fgb"
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(schema, batches),
            path,
            driver="FlatGeobuf",
            geometry_name="geometry",
            geometry_type=geometry,
            crs="EPSG:4326",
            SPATIAL_INDEX="NO",
        )
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
