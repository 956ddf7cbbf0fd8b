"""A file of fixes in, and out: the pieces of the ways, the visits, the sums by grid, or the events of live tracking."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmap.analysis.locator import Locator
from gridmap.analysis.segments import Borders
from gridmap.analysis.tracking import Tracker
from gridmap.analysis.tracks import (
    GAP_S,
    SPEED_M_S,
    Fixes,
    TrackSummary,
    split_fixes,
    track_totals,
    track_visits,
)
from gridmap.crs import Datum, to_wgs84
from gridmap.domain.rules import Finding
from gridmap.errors import CrsError, FileError
from gridmap.files.points import open_points, point_finding
from gridmap.files.write import open_writer, replacing
from gridmap.settings import Settings

#: Fixes split at once; whole units, so one that has more is split whole.
_AT_ONCE = 500_000


#: What one row of the output is.
TrackRows = Literal["piece", "visit", "grid"]
_TEXT, _TIME, _REAL, _WHOLE = pa.string(), pa.timestamp("us", "UTC"), pa.float64(), pa.int64()
_STAY = [("entered_at", _TIME), ("left_at", _TIME), ("seconds", _REAL), ("length_m", _REAL)]
_SUMS = [("units", _WHOLE), ("visits", _WHOLE), ("hours", _REAL), ("km", _REAL)]
_COLUMNS: dict[str, list[tuple[str, pa.DataType]]] = {
    "piece": [("unit_id", _TEXT), ("segment", _WHOLE), ("grid_code", _TEXT), *_STAY],
    "visit": [("unit_id", _TEXT), ("grid_code", _TEXT), *_STAY],
    "grid": [("grid_code", _TEXT), *_SUMS, ("first_at", _TIME), ("last_at", _TIME)],
    "event": [
        *[(name, _TEXT) for name in ("event", "unit_id", "grid_code")],
        *[("at", _TIME), ("confirmed_at", _TIME), ("seconds", _REAL)],
    ],
}


def read_fixes(
    path: str | os.PathLike[str],
    *,
    settings: Settings,
    lon_column: str | None = None,
    lat_column: str | None = None,
    time_column: str | None = None,
    unit_column: str | None = None,
    datum: Datum | None = None,
    encoding: str | None = None,
    on_rows: Callable[[int], object] = lambda rows: None,
    on_bad: Callable[[Finding], object] = lambda finding: None,
) -> Fixes:
    """Read a file of fixes: CSV, (Geo)Parquet, or any format with point geometry.

    Parameters
    ----------
    lon_column, lat_column, time_column, unit_column, encoding
        As in ``open_points``.
    datum : Datum, optional
        What the degrees mean, where it is not WGS 84.
    on_rows, on_bad : callable
        Told the number of rows after each batch, and of every row that cannot be used, with its line and why.

    Returns
    -------
    Fixes
        WGS 84, in the order of the file, without the rows that cannot be used. 32 bytes of memory a fix.

    Raises
    ------
    ColumnError, FileError, TextError, CrsError, TooLarge
        See ``docs/formats.md``.
    """
    source = open_points(
        path,
        settings=settings,
        lon_column=lon_column,
        lat_column=lat_column,
        time_column=time_column,
        unit_column=unit_column,
        encoding=encoding,
    )
    source.require("time")
    source.require("unit")
    if datum in (Datum.GCJ02, Datum.BD09) and source.states_wgs84:
        raise CrsError("crs_conflict")
    numbers: dict[str, int] = {}
    columns: list[tuple[np.ndarray, ...]] = []
    for line, batch in source.numbered():
        lon, lat, bad = source.parse_degrees(batch)
        times, bad_times = source.parse_times(batch)
        units = source.cells(batch, "unit").combine_chunks().dictionary_encode()
        missing = np.flatnonzero(units.indices.is_null().to_numpy(zero_copy_only=False)).tolist()
        bad = {**dict.fromkeys(missing, "unit_missing"), **bad_times, **bad}
        for row, code in sorted(bad.items()):
            on_bad(point_finding(line + row, code))
        good = np.ones(len(lon), dtype=bool)
        good[list(bad)] = False
        # a text may stand twice among the values of a dictionary that was put together from several
        number = np.array([numbers.setdefault(u, len(numbers)) for u in units.dictionary.to_pylist()], dtype=np.int64)
        unit = number[units.indices.fill_null(0).to_numpy()[good]] if good.any() else np.zeros(0, dtype=np.int64)
        x, y = to_wgs84(lon[good], lat[good], datum or Datum.WGS84)
        columns.append((unit, times.astype("int64").to_numpy()[good], x, y))
        on_rows(batch.num_rows)
    names = np.array(list(numbers), dtype=object)
    if not columns:
        nothing = np.zeros(0)
        return Fixes(nothing.astype(np.int64), names, nothing.astype(np.int64), nothing, nothing)
    unit, at, x, y = (np.concatenate(c) for c in zip(*columns, strict=True))
    return Fixes(unit, names, at, x, y)


def write_tracks(
    fixes: Fixes,
    locator: Locator,
    out: str | os.PathLike[str],
    *,
    rows: TrackRows = "piece",
    max_gap_s: float = GAP_S,
    max_speed_m_s: float = SPEED_M_S,
) -> TrackSummary:
    """Split the ways of units at the borders and write pieces, visits or sums by grid.

    Parameters
    ----------
    fixes : Fixes
        In any order; in the coordinates of the locator.
    out : path
        ``.csv`` or ``.parquet``; it appears when it is complete. Columns as in ``split_tracks``, ``track_visits`` or
        ``track_totals``.
    rows : TrackRows
        ``piece``, ``visit`` or ``grid``.
    max_gap_s, max_speed_m_s
        As in ``split_tracks``.

    Raises
    ------
    FileError
        ``output_format``, ``output_not_written``, ``disk_full``.
    InvalidInput
        ``not_positive``.
    """
    kept = fixes.sorted()
    borders = Borders(locator)
    limits = {"max_gap_s": max_gap_s, "max_speed_m_s": max_speed_m_s}
    summary = TrackSummary()
    sums: list[pd.DataFrame] = []

    def tables() -> Iterator[pd.DataFrame]:
        nonlocal summary
        for part in _parts(kept):
            pieces = split_fixes(part, borders, **limits)
            summary += pieces.attrs["summary"]
            if rows == "grid":
                sums.append(track_totals(pieces))
            else:
                yield pieces if rows == "piece" else track_visits(pieces)
        if rows == "grid":
            yield _added(sums)

    _write(tables(), rows, Path(out))
    return replace(summary, fixes=len(fixes), duplicates=len(fixes) - len(kept))


def write_events(fixes: Fixes, locator: Locator, out: str | os.PathLike[str], **rules: float) -> Tracker:
    """Follow the units of a file as if they were live, in order of time, and write the events.

    Parameters
    ----------
    fixes : Fixes
        In any order: they are taken in order of time, those of one time in the order given.
    out : path
        ``.csv`` or ``.parquet``; columns as in ``Tracker.update``.
    **rules
        Those of TrackerRules.

    Returns
    -------
    Tracker
        As it is after the last fix; its ``counts`` tell what became of them.
    """
    tracker = Tracker(locator, **rules)
    order = np.argsort(fixes.at, kind="stable")

    def tables() -> Iterator[pd.DataFrame]:
        for first in range(0, max(len(order), 1), _AT_ONCE):
            part = order[first : first + _AT_ONCE]
            yield tracker.update(Fixes(fixes.unit[part], fixes.units, fixes.at[part], fixes.x[part], fixes.y[part]))
        yield tracker.flush()

    _write(tables(), "event", Path(out))
    return tracker


def save_tracker(tracker: Tracker, path: str | os.PathLike[str]) -> None:
    """Write the state of a tracker; the file appears complete or not at all.

    Raises
    ------
    FileError
        ``output_not_written``, ``disk_full``.
    """
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(tracker.to_bytes())


def open_tracker(path: str | os.PathLike[str], locator: Locator) -> Tracker:
    """Go on with a tracker that was saved, with the same grids or with others.

    Raises
    ------
    FileError
        ``file_missing``, ``corrupt``.
    """
    try:
        data = Path(path).read_bytes()
    except OSError:
        raise FileError("file_missing") from None
    return Tracker.from_bytes(data, locator)


def _parts(kept: Fixes) -> Iterator[Fixes]:
    """Cut sorted fixes between units."""
    starts = np.flatnonzero(np.r_[True, kept.unit[1:] != kept.unit[:-1]][: len(kept)])
    first = 0
    while True:
        later = starts[starts > first + _AT_ONCE] if len(kept) - first > _AT_ONCE else starts[:0]
        last = int(later[0]) if len(later) else len(kept)
        part = slice(first, last)
        yield Fixes(kept.unit[part], kept.units, kept.at[part], kept.x[part], kept.y[part])
        if last == len(kept):
            return
        first = last


def _added(sums: list[pd.DataFrame]) -> pd.DataFrame:
    """Add up sums by grid over parts that have no unit in common."""
    how: dict[str, Any] = dict.fromkeys(("units", "visits", "hours", "km"), "sum")
    groups = pd.concat(sums, ignore_index=True).groupby("grid_code", sort=True, dropna=False)
    return groups.agg({**how, "first_at": "min", "last_at": "max"}).reset_index()


def _write(tables: Iterator[pd.DataFrame], rows: str, out: Path) -> None:
    schema = pa.schema(_COLUMNS[rows])
    with open_writer(out, schema) as writer:
        for frame in tables:
            bare = frame.copy(deep=False)
            bare.attrs = {}  # a summary that Arrow could not keep
            writer.write(pa.Table.from_pandas(bare, schema=schema, preserve_index=False).replace_schema_metadata(None))
