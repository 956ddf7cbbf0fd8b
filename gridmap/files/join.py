"""A file of points in, the same rows in the same order with their grid out; streamed, in flat memory."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from gridmap.analysis.locator import Locator
from gridmap.analysis.responsibility import JoinSummary, owner_codes
from gridmap.crs import Datum, to_wgs84
from gridmap.domain.rules import Finding
from gridmap.errors import ColumnError, CrsError
from gridmap.files.points import PointSource, open_points, point_finding
from gridmap.files.write import open_writer
from gridmap.settings import Settings

_ADDED = (("grid_code", pa.string()), ("method", pa.string()), ("border_m", pa.float64()))


def join_file(
    locator: Locator,
    points: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    settings: Settings,
    lon_column: str | None = None,
    lat_column: str | None = None,
    datum: Datum | None = None,
    encoding: str | None = None,
    nearest_within_m: float = 0.0,
    batch_rows: int = 100_000,
    on_rows: Callable[[int], object] = lambda rows: None,
    on_bad: Callable[[Finding], object] = lambda finding: None,
) -> JoinSummary:
    """Join every point of a file to its one responsible grid.

    Parameters
    ----------
    locator : Locator
        The grids.
    points : path
        CSV, Parquet, GeoParquet, or any format with point geometry.
    out : path
        ``.csv``, ``.parquet`` or ``.geoparquet``; it appears when everything is joined.
    lon_column, lat_column, encoding
        As in ``open_points``.
    datum : Datum, optional
        What the degrees mean, where it is not WGS 84.
    nearest_within_m : float
        As in ``Locator.locate_many``.
    batch_rows : int
        Rows held at once; the result does not depend on it.
    on_rows : callable
        Told the number of rows after each batch.
    on_bad : callable
        Told of every row whose place cannot be read, with its line and why.

    Returns
    -------
    JoinSummary
        Rows whose place cannot be read are ``unreadable``; they are written with the three new columns empty.

    Raises
    ------
    ColumnError
        ``column_taken``: the file has a column of the name of a new one; and those of ``open_points``.
    FileError, TextError, CrsError, TooLarge
        See ``docs/formats.md``.
    """
    source = open_points(
        points,
        settings=settings,
        lon_column=lon_column,
        lat_column=lat_column,
        encoding=encoding,
        batch_rows=batch_rows,
    )
    taken = [name for name, _ in _ADDED if name in source.columns]
    if taken:
        raise ColumnError("column_taken", columns=", ".join(taken))
    if datum in (Datum.GCJ02, Datum.BD09) and source.states_wgs84:
        raise CrsError("crs_conflict")
    schema = source.schema
    for name, kind in _ADDED:
        schema = schema.append(pa.field(name, kind))
    # pandas' own notes on the columns would no longer be true.
    metadata = {k: v for k, v in (schema.metadata or {}).items() if k != b"pandas"}
    summary = JoinSummary()
    with open_writer(Path(out), schema.with_metadata(metadata)) as writer:
        for line, batch in source.numbered():
            joined, counted, bad = _join(source, batch, locator, datum, nearest_within_m)
            for row, code in sorted(bad.items()):
                on_bad(point_finding(line + row, code))
            writer.write(joined)
            summary += counted
            on_rows(batch.num_rows)
    return summary


def _join(
    source: PointSource, batch: pa.Table, locator: Locator, datum: Datum | None, nearest_within_m: float
) -> tuple[pa.Table, JoinSummary, dict[int, str]]:
    lon, lat, bad = source.parse_degrees(batch)
    good = np.flatnonzero(np.isfinite(lon))
    x, y = to_wgs84(lon[good], lat[good], datum or Datum.WGS84)
    answers = locator.locate_many(x, y, nearest_within_m=nearest_within_m)
    codes = np.full(len(lon), None, dtype=object)
    methods = np.full(len(lon), None, dtype=object)
    metres = np.full(len(lon), np.nan)
    codes[good] = owner_codes(locator, answers)
    methods[good] = answers.methods()
    # A millimetre is more than any boundary is worth, and keeps the text short.
    metres[good] = np.round(np.asarray(answers.border_m), 3)
    joined = batch
    added: tuple[np.ndarray, ...] = (codes, methods, metres)
    for (name, kind), values in zip(_ADDED, added, strict=True):
        # NaN is "no owner" here, so it becomes an empty cell.
        joined = joined.append_column(name, pa.array(values, kind, from_pandas=True))
    return joined, JoinSummary.of(answers, unreadable=len(bad)), bad
