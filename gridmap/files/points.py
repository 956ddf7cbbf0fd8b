"""Points from files of any length, in batches: every original column as it stands, and degrees and times beside it.

CSV, Parquet and FlatGeobuf are streamed and never held whole. Other formats go through the sandbox and its limits.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gridmap.domain.rules import Finding, Severity
from gridmap.errors import ColumnError, FileError
from gridmap.files import degrees
from gridmap.files import flow as flatgeobuf
from gridmap.files.batches import READ_BYTES, USUAL_ROWS, is_bytes, parquet_batches, rechunked, suitable_rows
from gridmap.files.columns import listed
from gridmap.files.csvtext import CsvText, look_at
from gridmap.files.features import to_features
from gridmap.files.flow import Flow
from gridmap.files.parser.parquet import crs_of, geo_metadata, open_checked
from gridmap.files.sandbox import parse
from gridmap.files.sniff import Format, format_of
from gridmap.files.times import to_utc
from gridmap.settings import Settings

#: Usual names by purpose, in tiers: the first tier with a hit decides, and two hits in one tier are ambiguous.
USUAL: dict[str, tuple[tuple[str, ...], ...]] = {
    "lon": (("lon", "lng", "long", "longitude", "经度"), ("x", "point_x", "lon_wgs84", "wgs84_lon")),
    "lat": (("lat", "latitude", "纬度"), ("y", "point_y", "lat_wgs84", "wgs84_lat")),
    "time": (
        ("occurred_at", "fixed_at", "occur_date", "occurred_on", "occurred", "发生时间", "定位时间", "上报时间"),
        ("timestamp", "datetime", "date_time", "time", "时间"),
        ("date", "日期", "发生日期"),
    ),
    "category": (("category", "类别", "案件类型", "事件类型"), ("type", "kind", "类型")),
    "id": (("incident_id", "incident_key", "case_id", "event_id", "案件编号", "事件编号"), ("id", "编号", "key")),
    "channel": (("channel", "渠道", "来源", "上报渠道", "案件来源", "问题来源"),),
    "case_kind": (("case_kind", "案件性质", "诉求类型", "诉求性质"),),
    "emergency": (("emergency", "urgent", "紧急", "是否紧急", "紧急程度"),),
    "note": (("note", "description", "备注", "描述", "问题描述", "案件描述"),),
    "address": (("address", "地址", "位置描述", "事发地址", "案发地址"),),
    "component": (("component", "component_code", "部件编号", "部件编码", "部件标识码"),),
    "accuracy": (("accuracy_m", "accuracy", "精度", "定位精度"),),
    "photos": (("photos", "photo", "照片", "附件"),),
    "reporter": (("reporter", "上报人编号", "举报人编号"),),
    "unit": (
        ("unit", "unit_id", "worker", "worker_id", "网格员", "人员", "人员编号", "网格员编号"),
        ("vehicle", "vehicle_id", "device_id", "车辆", "车牌", "设备编号"),
    ),
}
_ODD_BLANKS = "[\\x{1c}-\\x{1f}\\x{85}]"
_SANDBOXED = (Format.GEOJSON, Format.GEOPACKAGE, Format.SHAPEFILE, Format.KML, Format.GPX)


@dataclass(frozen=True, slots=True)
class PointSource:
    """An opened file of points.

    Attributes
    ----------
    path, format, encoding
        Where and what it is.
    schema : pyarrow.Schema
        The original columns; of CSV all are text. Formats with geometry other than Parquet get ``longitude`` and
        ``latitude`` (WGS 84) in its place.
    rows : int or None
        How many, where that is known without reading.
    layout : pyarrow.parquet.FileMetaData or None
        How a Parquet file is written: compression and encodings.
    groups : tuple of int or None
        The groups of rows of a Parquet file to read; None: all.
    """

    path: Path
    format: Format
    schema: pa.Schema
    time_zone: str
    batch_rows: int
    encoding: str | None = None
    rows: int | None = None
    _columns: dict[str, str | ColumnError] = field(default_factory=dict)
    _geometry: tuple[str, str, str | None] | None = None  # column, encoding, CRS
    _csv: CsvText | None = None
    _table: pa.Table | None = None
    _flow: Flow | None = None
    layout: pq.FileMetaData | None = None
    groups: tuple[int, ...] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the original columns."""
        return tuple(self.schema.names)

    @property
    def states_wgs84(self) -> bool:
        """The file has geometry, which was brought to WGS 84; a shifted datum cannot be claimed for it any more."""
        return self._geometry is not None or self._table is not None or self._flow is not None

    def column(self, purpose: str) -> str | None:
        """Give the column of a purpose (lon, lat, time, category, id, unit), or None where there is no certain one."""
        found = self._columns.get(purpose)
        return found if isinstance(found, str) else None

    def require(self, purpose: str) -> str:
        """Give the column of a purpose.

        Raises
        ------
        ColumnError
            ``column_unknown`` or ``column_ambiguous``, naming the columns.
        """
        found = self._columns[purpose]
        if isinstance(found, ColumnError):
            raise found
        return found

    def optional(self, purpose: str) -> str | None:
        """Give the column of a purpose, or None where there is none.

        Raises
        ------
        ColumnError
            ``column_ambiguous``, naming the columns: which one it is, is not guessed.
        """
        found = self._columns.get(purpose)
        if isinstance(found, ColumnError) and found.code == "column_ambiguous":
            raise found
        return self.column(purpose)

    def batches(self) -> Iterator[pa.Table]:
        """Stream the original columns in order, ``batch_rows`` rows at a time.

        Raises
        ------
        FileError, TextError
            The file turns out to be broken on the way.
        """
        if self._csv is not None:
            yield from rechunked(self._csv.batches(), self.batch_rows, self.schema)
        elif self._flow is not None:
            yield from rechunked(self._flow.batches(), self.batch_rows, self.schema)
        elif self._table is not None:
            for start in range(0, self._table.num_rows, self.batch_rows):
                yield self._table.slice(start, self.batch_rows)
        else:
            # As dictionaries first: one long text that a page repeats a million times takes its memory only when it is
            # written out, and by then its size is known.
            texts = [f.name for f in self.schema if is_bytes(f.type)]
            with pq.ParquetFile(
                self.path,
                arrow_extensions_enabled=False,
                memory_map=False,
                read_dictionary=texts,
                buffer_size=READ_BYTES,
                pre_buffer=False,
            ) as file:
                yield from rechunked(parquet_batches(file, self.batch_rows, self.groups), self.batch_rows, self.schema)

    def numbered(self) -> Iterator[tuple[int, pa.Table]]:
        """Stream the batches, each with the 1-based line of its first row (a CSV's header is line 1)."""
        line = 2 if self._csv is not None else 1
        for batch in self.batches():
            yield line, batch
            line += batch.num_rows

    def parse_degrees(self, batch: pa.Table) -> tuple[degrees.Floats, degrees.Floats, dict[int, str]]:
        """Give longitude and latitude of a batch.

        Returns
        -------
        lon, lat : ndarray of float64
            As written (WGS 84 where the file has geometry); NaN in rows that are bad.
        bad : dict of int to str
            Row in the batch to why: ``point_missing``, ``point_not_a_number``, ``point_out_of_range``,
            ``point_looks_swapped``, ``point_looks_projected``, ``null_island``.
        """
        if self._geometry is not None:
            column, encoding, crs = self._geometry
            return degrees.of_geometry(batch[column], encoding, crs)
        return degrees.of_columns(batch[self.require("lon")], batch[self.require("lat")])

    def parse_times(self, batch: pa.Table) -> tuple[pd.Series, dict[int, str]]:
        """Give the times of a batch as aware UTC; NaT in rows that are bad.

        Returns
        -------
        Series of datetime64[us, UTC], and row in the batch to why: ``time_missing``, ``time_unreadable``,
        ``time_ambiguous``.

        Raises
        ------
        ColumnError
            ``column_unknown``, ``column_ambiguous``.
        """
        return to_utc(batch[self.require("time")], self.time_zone)

    def cells(self, batch: pa.Table, purpose: str) -> pa.ChunkedArray:
        """Give a column as texts, whole numbers as digits; null where a cell is empty or blank."""
        values = batch[self.require(purpose)]
        if not pa.types.is_string(values.type):
            values = values.cast(pa.string())
        # Arrow's notion of blank knows a few characters less than Python's: those decide row by row.
        unsure = pc.fill_null(pc.match_substring_regex(values, _ODD_BLANKS), False)
        blank = pc.or_(pc.equal(values, ""), pc.utf8_is_space(values))
        if pc.any(unsure).as_py():
            blank = pa.chunked_array([[None if v is None else not v.strip() for v in values.to_pylist()]], pa.bool_())
        return pc.if_else(blank, pa.scalar(None, pa.string()), values)

    def texts(self, batch: pa.Table, purpose: str) -> list[str | None]:
        """Give ``cells`` as a list."""
        found: list[str | None] = self.cells(batch, purpose).to_pylist()
        return found


def point_finding(line: int, code: str) -> Finding:
    """Make the finding of one bad row; ``line`` is 1-based."""
    return Finding(code, Severity.ERROR, fields={"line": line})


def open_points(
    path: str | os.PathLike[str],
    *,
    settings: Settings,
    lon_column: str | None = None,
    lat_column: str | None = None,
    time_column: str | None = None,
    category_column: str | None = None,
    id_column: str | None = None,
    unit_column: str | None = None,
    more: Mapping[str, str | None] | None = None,
    encoding: str | None = None,
    crs: str | None = None,
    layer: str | None = None,
    time_zone: str | None = None,
    batch_rows: int | None = USUAL_ROWS,
    name: str | None = None,
) -> PointSource:
    """Open a file of points: CSV, Parquet, GeoParquet, or any format with point geometry.

    Parameters
    ----------
    lon_column, lat_column, time_column, category_column, id_column, unit_column : str, optional
        Names of the columns; else the usual ones, whatever their case. Only the place must be there: the others are
        asked for by ``PointSource.require``.
    more : mapping, optional
        Column by purpose for the rest of ``USUAL``, None where it is to be found by its usual names.
    encoding : str, optional
        Of a CSV that is not plainly UTF-8, or of a shapefile that states none.
    crs : str, optional
        ``EPSG:n`` of a geometry that states none.
    time_zone : str, optional
        Zone of times without offset; else the settings'.
    batch_rows : int or None
        Rows in a batch; None: as many as suit a Parquet file, for whoever needs speed.

    Raises
    ------
    ColumnError
        ``column_not_found``, ``column_unknown``, ``column_ambiguous``, ``bad_header``.
    FileError, TextError, EncodingAmbiguous, TooLarge, CrsError
        See ``docs/formats.md``.
    """
    file = Path(path)
    kind = format_of(file, name)
    given = {
        "lon": lon_column,
        "lat": lat_column,
        "time": time_column,
        "category": category_column,
        "id": id_column,
        "unit": unit_column,
        **(more or {}),
    }
    zone = time_zone or settings.time_zone
    size = batch_rows or USUAL_ROWS
    if kind is Format.CSV:
        text = look_at(file, encoding)
        source = PointSource(
            file,
            kind,
            text.schema,
            zone,
            batch_rows or USUAL_ROWS,
            text.encoding,
            None,
            _choose(text.columns, given),
            None,
            text,
        )
    elif kind is Format.FLATGEOBUF:
        flow = flatgeobuf.look_at(file, settings, crs)
        chosen = _choose(flow.schema.names, {**given, "lon": "longitude", "lat": "latitude"})
        return PointSource(file, kind, flow.schema, zone, size, "utf-8", flow.rows, chosen, _flow=flow)
    elif kind in _SANDBOXED:
        table, used = _sandboxed(file, settings, encoding, layer, crs, name)
        chosen = _choose(table.column_names, {**given, "lon": "longitude", "lat": "latitude"})
        return PointSource(file, kind, table.schema, zone, size, used, table.num_rows, chosen, None, None, table)
    else:
        # Streamed group by group: the limit is on one row group, not on the file.
        opened = open_checked(file, rows=None, unpacked=settings.max_unpacked_bytes)
        layout = opened.metadata
        schema, rows = opened.schema_arrow, layout.num_rows
        opened.close()
        geo = geo_metadata(schema)
        chosen = _choose(schema.names, given)
        geometry = None
        if geo is not None and lon_column is None:
            geometry = (geo["name"], geo["encoding"], crs or crs_of(geo))
        size = batch_rows or suitable_rows(layout)
        source = PointSource(file, kind, schema, zone, size, "utf-8", rows, chosen, geometry, layout=layout)
        if geometry is not None:
            return source
    source.require("lon")
    source.require("lat")
    return source


def _choose(columns: list[str] | tuple[str, ...], given: dict[str, str | None]) -> dict[str, str | ColumnError]:
    """Choose a column for each purpose; what cannot be chosen is remembered as the error to raise when it is needed."""
    chosen: dict[str, str | ColumnError] = {}
    for purpose, wanted in given.items():
        if wanted is not None:
            if wanted not in columns:
                raise ColumnError("column_not_found", what=purpose, columns=listed(columns))
            chosen[purpose] = wanted
            continue
        chosen[purpose] = ColumnError("column_unknown", what=purpose, columns=listed(columns))
        for tier in USUAL[purpose]:
            hits = [c for c in columns if c.strip().casefold() in tier]
            if len(hits) > 1:
                chosen[purpose] = ColumnError("column_ambiguous", what=purpose, columns=listed(hits))
            elif hits:
                chosen[purpose] = hits[0]
            if hits:
                break
    return chosen


def _sandboxed(
    path: Path, settings: Settings, encoding: str | None, layer: str | None, crs: str | None, name: str | None
) -> tuple[pa.Table, str | None]:
    parsed = parse(path, settings=settings, layer=layer, encoding=encoding, name=name)
    features = to_features(parsed, settings=settings, kinds=("Point",), crs=crs, datum=None)
    if any(f.rule == "type_not_allowed" for f in features.findings):
        raise FileError("not_points")
    table = parsed.attributes.drop_columns(
        [c for c in ("longitude", "latitude") if c in parsed.attributes.column_names]
    )
    lon, lat = degrees.xy(features.geometry)
    missing = np.isnan(lon)
    table = table.append_column("longitude", pa.array(lon, mask=missing))
    return table.append_column("latitude", pa.array(lat, mask=missing)), parsed.encoding
