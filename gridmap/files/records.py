"""Incidents, cases and fixes from a file of points, in batches, with a finding for every row that cannot be read."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gridmap.crs import WGS84, Datum, to_wgs84
from gridmap.domain.rules import Finding, Report, report
from gridmap.errors import CrsError, InvalidInput
from gridmap.files.case_columns import OPTIONAL, case_columns, categories_of
from gridmap.files.points import PointSource, open_points, point_finding
from gridmap.settings import Settings

#: Findings kept with their line; the rest are only counted.
KEPT_FINDINGS = 1_000


class Records:
    """Rows of a file as frames.INCIDENTS or frames.FIXES; as INCIDENTS with what is told of cases, and their ``line``.

    Attributes
    ----------
    rows : int
        Rows read so far.
    bad : int
        Rows left out so far, each with a finding; the first ``KEPT_FINDINGS`` are in ``report``.
    total : int or None
        Rows of the file, where that is known before reading.
    """

    def __init__(
        self,
        source: PointSource,
        *,
        kind: str,
        datum: Datum = Datum.WGS84,
        category: str | None = None,
        id_column: str | None = None,
        make_ids: Callable[[gpd.GeoDataFrame], list[str]] | None = None,
        max_text: int = 200,
        unit: str | None = None,
    ) -> None:
        if datum in (Datum.GCJ02, Datum.BD09) and source.states_wgs84:
            raise CrsError("crs_conflict")
        self._source = source
        self._kind = kind
        self._datum = datum
        self._category = category
        self._id_column = id_column
        self._make_ids = make_ids
        self._max_text = max_text
        self._unit = unit
        self._findings: list[Finding] = []
        self.rows = 0
        self.bad = 0
        self.total = source.rows
        source.require("time")
        if kind == "fixes":
            if unit is None:
                source.require("unit")
        elif category is None:
            source.require("category")
        if kind == "cases":
            for purpose in OPTIONAL:
                source.optional(purpose)

    @property
    def unused_id_column(self) -> str | None:
        """A column that looks like stable numbers but was not named: a number may stand in several rows."""
        return self._source.column("id") if self._make_ids and self._id_column is None else None

    @property
    def report(self) -> Report:
        """The findings so far."""
        return report(self._findings, rows=self.rows, bad=self.bad)

    def batches(self, on_rows: Callable[[int], object] = lambda rows: None) -> Iterator[gpd.GeoDataFrame]:
        """Give the good rows, batch by batch, in the order of the file."""
        for line, table in self._source.numbered():
            frame, bad = self._read(table, line)
            for row, code in sorted(bad.items()):
                if len(self._findings) < KEPT_FINDINGS:
                    self._findings.append(point_finding(line + row, code))
            self.rows += table.num_rows
            self.bad += len(bad)
            if len(frame) and self._make_ids and self._id_column is None:
                frame["incident_id"] = self._make_ids(frame)
            yield frame
            on_rows(table.num_rows)

    def _read(self, table: pa.Table, line: int) -> tuple[gpd.GeoDataFrame, dict[int, str]]:
        source = self._source
        lon, lat, bad = source.parse_degrees(table)
        times, bad_times = source.parse_times(table)
        bad = {**bad_times, **bad}
        data: dict[str, Any] = {"fixed_at" if self._kind == "fixes" else "occurred_at": times}
        if self._kind == "fixes":
            one = self._unit
            data["unit_id"] = [one] * table.num_rows if one else self._texts(table, "unit", bad)
        else:
            one = self._category
            data["category"] = [one] * table.num_rows if one else self._texts(table, "category", bad)
            if self._kind == "cases":
                data["category"] = categories_of(data["category"])
            if self._id_column is not None:
                data["incident_id"] = self._texts(table, "id", bad)
        if self._kind == "cases":
            data |= case_columns(source, table, bad) | {"line": np.arange(line, line + table.num_rows)}
        good = np.ones(table.num_rows, dtype=bool)
        good[list(bad)] = False
        x, y = to_wgs84(lon[good], lat[good], self._datum)
        frame = pd.DataFrame(data)
        if bad:
            frame = frame.loc[good].reset_index(drop=True)
        return gpd.GeoDataFrame(frame, geometry=shapely.points(x, y), crs=WGS84), bad

    def _texts(self, table: pa.Table, purpose: str, bad: dict[int, str]) -> pd.Series:
        values = self._source.cells(table, purpose)
        missing = pc.is_null(values)
        if pc.any(missing).as_py():
            for row in np.flatnonzero(missing.to_numpy()).tolist():
                bad.setdefault(row, f"{purpose}_missing")
        long = pc.fill_null(pc.greater(pc.utf8_length(values), self._max_text), False)
        if pc.any(long).as_py():
            for row in np.flatnonzero(long.to_numpy()).tolist():
                bad.setdefault(row, "cell_too_long")
        return pd.Series(values.to_pandas())


def read_records(
    path: str | os.PathLike[str],
    *,
    kind: str,
    settings: Settings,
    columns: dict[str, str | None] | None = None,
    datum: Datum = Datum.WGS84,
    encoding: str | None = None,
    category: str | None = None,
    make_ids: Callable[[gpd.GeoDataFrame], list[str]] | None = None,
    unit: str | None = None,
) -> Records:
    """Open a file of incidents, cases or fixes.

    Parameters
    ----------
    kind : {"incidents", "cases", "fixes"}
    columns : dict, optional
        Column by purpose (lon, lat, time, category, id, unit; of cases those of ``case_columns.OPTIONAL``, too), where
        the names are not the usual ones.
    category : str, optional
        One category for all rows of a file without such a column.
    unit : str, optional
        One unit for all fixes of a file.
    make_ids : callable, optional
        Gives ids to incidents where ``columns`` names no column of numbers: one with a usual name is not taken by
        itself, because rows with one number (the victims of one incident) would count once.

    Raises
    ------
    ColumnError
        ``column_unknown`` or ``column_ambiguous``, naming the columns.
    FileError, TextError, CrsError, TooLarge, EncodingAmbiguous
        See ``docs/formats.md``.
    """
    if kind not in ("incidents", "cases", "fixes"):
        raise InvalidInput("kind_unknown")
    given = columns or {}
    named = {f"{purpose}_column": column for purpose, column in given.items() if purpose not in OPTIONAL}
    more = {purpose: given.get(purpose) for purpose in OPTIONAL} if kind == "cases" else None
    source = open_points(path, settings=settings, encoding=encoding, more=more, **named)  # type: ignore[arg-type]
    return Records(
        source,
        kind=kind,
        datum=datum,
        category=category,
        id_column=(columns or {}).get("id"),
        make_ids=make_ids,
        max_text=settings.max_text,
        unit=unit,
    )
