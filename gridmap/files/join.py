"""A file of points in, the same rows in the same order with their grid out; streamed, in flat memory."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from gridmap.analysis.locator import Locator
from gridmap.analysis.responsibility import JoinSummary
from gridmap.crs import Datum
from gridmap.domain.rules import Finding
from gridmap.errors import CrsError, FileError
from gridmap.files.labels import ADDED, Labeller
from gridmap.files.pipeline import pipelined
from gridmap.files.points import PointSource, open_points, point_finding
from gridmap.files.write import open_writer
from gridmap.settings import Settings

_Made = tuple[pa.Table, JoinSummary, list[Finding]]


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
    columns: Sequence[str] | None = None,
    batch_rows: int | None = None,
    threads: int | None = None,
    on_total: Callable[[int], object] = lambda rows: None,
    on_rows: Callable[[int], object] = lambda rows: None,
    on_bad: Callable[[Finding], object] = lambda finding: None,
) -> JoinSummary:
    """Join every point of a file to its one responsible grid.

    One thread reads, others find the owners, the caller's writes; memory depends on the size of a batch alone.

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
    columns : sequence of str, optional
        Which of ``grid_code``, ``method``, ``border_m`` to add; all without it. ``grid_code`` alone is by far the
        fastest, and then the summary does not tell points inside from points on a border (``located``).
    batch_rows : int, optional
        Rows in a batch, else as many as suit the file; the rows written do not depend on it.
    threads : int, optional
        Threads that find owners; one for each processor without it.
    on_total : callable
        Told the number of rows to come, where the file states it.
    on_rows : callable
        Told the number of rows after each batch.
    on_bad : callable
        Told of every row whose place cannot be read, with its line and why.

    Returns
    -------
    JoinSummary
        Rows whose place cannot be read are ``unreadable``; they are written with the new columns empty.

    Raises
    ------
    ColumnError
        ``column_taken``: the file has a column of the name of a new one; and those of ``open_points``.
    InvalidInput
        ``join_columns``.
    FileError, TextError, CrsError, TooLarge
        See ``docs/formats.md``.
    """
    labeller = Labeller(locator, columns=columns, datum=datum, nearest_within_m=nearest_within_m)
    source = open_points(
        points,
        settings=settings,
        lon_column=lon_column,
        lat_column=lat_column,
        encoding=encoding,
        batch_rows=batch_rows,
    )
    return join_source(
        source, labeller, out, threads=threads or os.cpu_count() or 1, on_total=on_total, on_rows=on_rows, on_bad=on_bad
    )


def join_source(
    source: PointSource,
    labeller: Labeller,
    out: str | os.PathLike[str],
    *,
    threads: int,
    on_total: Callable[[int], object] = lambda rows: None,
    on_rows: Callable[[int], object] = lambda rows: None,
    on_bad: Callable[[Finding], object] = lambda finding: None,
) -> JoinSummary:
    """Join what was opened; parameters, result and errors as in ``join_file``."""
    labeller.require_free(source.columns)
    if labeller.datum in (Datum.GCJ02, Datum.BD09) and source.states_wgs84:
        raise CrsError("crs_conflict")
    if source.rows is not None:
        on_total(source.rows)
    schema = source.schema
    for name in labeller.columns:
        schema = schema.append(pa.field(name, ADDED[name]))
    # pandas' own notes on the columns would no longer be true.
    metadata = {k: v for k, v in (schema.metadata or {}).items() if k != b"pandas"}
    texts = [name for name in labeller.columns if pa.types.is_string(ADDED[name])]

    def work(item: tuple[int, pa.Table]) -> _Made:
        return _labelled(source, labeller, *item)

    summary = JoinSummary()
    with (
        open_writer(Path(out), schema.with_metadata(metadata), words=texts, like=source.layout) as writer,
        closing(pipelined(_reading(source), work, threads=threads)) as results,
    ):
        for joined, counted, bad in results:
            for finding in bad:
                on_bad(finding)
            writer.write(joined)
            summary += counted
            on_rows(joined.num_rows)
    return summary


def _reading(source: PointSource) -> Iterator[tuple[int, pa.Table]]:
    try:
        yield from source.numbered()
    except OSError:
        # here it cannot be the output that fails
        raise FileError("corrupt") from None


def _labelled(source: PointSource, labeller: Labeller, line: int, batch: pa.Table) -> _Made:
    lon, lat, bad = source.parse_degrees(batch)
    columns, summary = labeller.label(lon, lat)
    for name, values in columns.items():
        batch = batch.append_column(name, values)
    return batch, summary, [point_finding(line + row, code) for row, code in sorted(bad.items())]
