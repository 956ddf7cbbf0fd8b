"""The driver's part: hand out the pieces, take the parts that were done, and give the folder its name."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import gridmap.errors
from gridmap.analysis.locator import Locator
from gridmap.analysis.responsibility import JoinSummary
from gridmap.cluster.index import SharedIndex, shared_index
from gridmap.cluster.pieces import PIECE_BYTES, Columns, cut, open_file
from gridmap.cluster.session import session
from gridmap.cluster.tasks import DONE, MARK, JoinPieces, LabelRows, Recipe, added_up
from gridmap.crs import Datum
from gridmap.domain.rules import Finding
from gridmap.errors import ColumnError, CrsError, FileError, GridmapError, StoreUnavailable
from gridmap.files.labels import ADDED, added_columns
from gridmap.files.points import point_finding
from gridmap.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def join_on_spark(
    locator: Locator,
    points: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    settings: Settings,
    master: str = "local[*]",
    options: Mapping[str, str] | None = None,
    lon_column: str | None = None,
    lat_column: str | None = None,
    datum: Datum | None = None,
    nearest_within_m: float = 0.0,
    columns: Sequence[str] | None = None,
    piece_bytes: int = PIECE_BYTES,
    on_bad: Callable[[Finding], object] = lambda finding: None,
) -> JoinSummary:
    """Join a Parquet file, or a folder of them, into a folder of Parquet parts.

    Tasks read and write the files themselves, through Arrow, with the code of ``join_file``: points, output and the
    temporary folder beside it must be seen by every machine under the same path. The rows keep their order when the
    parts are read by name.

    Parameters
    ----------
    locator : Locator
        The grids.
    points : path
        ``.parquet``, ``.geoparquet``, or a folder of such files with the same columns.
    out : path
        A folder; it appears when everything is joined, and must not be there yet.
    master, options
        As in ``session.session``.
    piece_bytes : int
        Unpacked bytes of a task.
    on_bad : callable
        Told of the first row of each kind whose place cannot be read.
    lon_column, lat_column, datum, nearest_within_m, columns
        As in ``files.join.join_file``.

    Raises
    ------
    InvalidInput
        ``spark_missing``, ``java_missing``, ``java_too_old``, ``join_columns``.
    FileError
        ``output_exists``, ``output_not_written``, ``spark_needs_parquet``, ``schemas_differ``; and those of
        ``join_file``.
    StoreUnavailable
        ``spark_unavailable``, ``spark_failed``.
    """
    chosen = added_columns(columns)
    places = Columns(lon_column, lat_column)
    pieces = cut(Path(points), settings, places, piece_bytes=piece_bytes)
    first = open_file(Path(pieces[0].path), settings, places)
    taken = [name for name in chosen if name in first.columns]
    if taken:
        raise ColumnError("column_taken", columns=", ".join(taken))
    if datum in (Datum.GCJ02, Datum.BD09) and first.states_wgs84:
        raise CrsError("crs_conflict")
    with (
        appearing(Path(out)) as folder,
        session(master, options) as spark,
        tempfile.TemporaryDirectory(prefix="gridmap-index-") as scratch,
        shared_index(spark.sparkContext, locator, Path(scratch)) as index,
    ):
        recipe = Recipe(index, chosen, datum or Datum.WGS84, nearest_within_m)
        task = JoinPieces(recipe, tuple(pieces), str(folder.resolve()), settings, places)
        numbers = spark.range(0, len(pieces), 1, len(pieces))
        with _understood():
            done = numbers.mapInArrow(lambda batches: task(batches), DONE).collect()
        done.sort(key=lambda row: row["piece"])
        assert [row["piece"] for row in done] == list(range(len(pieces)))
        _keep(folder, [row["part"] for row in done])
    summary, bad = added_up([row["told"] for row in done])
    for rule, line in bad.items():
        on_bad(point_finding(line, rule))
    return summary


def with_grids(
    frame: "DataFrame",
    index: SharedIndex,
    *,
    lon: str = "lon",
    lat: str = "lat",
    datum: Datum | None = None,
    nearest_within_m: float = 0.0,
    columns: Sequence[str] | None = None,
) -> "DataFrame":
    """Add the grid of each row to any DataFrame of Spark, whatever it was read from; lazily, by ``mapInArrow``.

    Parameters
    ----------
    frame : DataFrame
        With degrees in ``lon`` and ``lat``.
    index : SharedIndex
        From ``shared_index``; it must live until the result was used.
    datum, nearest_within_m, columns
        As in ``files.join.join_file``.

    Raises
    ------
    ColumnError
        ``column_not_found``, ``column_taken``.
    InvalidInput
        ``join_columns``.
    """
    from pyspark.sql.types import DoubleType, StringType, StructField, StructType

    chosen = added_columns(columns)
    for what, name in (("lon", lon), ("lat", lat)):
        if name not in frame.columns:
            raise ColumnError("column_not_found", what=what, columns=", ".join(frame.columns))
    taken = [name for name in chosen if name in frame.columns]
    if taken:
        raise ColumnError("column_taken", columns=", ".join(taken))
    kinds = {name: DoubleType() if name == "border_m" else StringType() for name in ADDED}
    schema = StructType([*frame.schema.fields, *(StructField(name, kinds[name]) for name in chosen)])
    recipe = Recipe(index, chosen, datum or Datum.WGS84, nearest_within_m)
    task = LabelRows(recipe, lon, lat)
    return frame.mapInArrow(lambda batches: task(batches), schema)


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """Give a temporary folder beside a final one; on success it takes the name in one step, else it is removed.

    Raises
    ------
    FileError
        ``output_exists``, ``output_not_written``.
    """
    if folder.exists():
        raise FileError("output_exists")
    temporary = folder.with_name(f".{folder.name[:80]}.{uuid4().hex}.part")
    try:
        temporary.mkdir()
        yield temporary
        temporary.rename(folder)
    except OSError:
        raise FileError("output_not_written") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _keep(folder: Path, parts: list[str]) -> None:
    """Remove what tasks left that ran twice or were lost, and give the parts their plain names."""
    kept = set(parts)
    for path in folder.iterdir():
        if path.name not in kept:
            path.unlink()
    for number, part in enumerate(parts):
        (folder / part).rename(folder / f"part-{number:06}.parquet")
    (folder / "_SUCCESS").touch()


@contextmanager
def _understood() -> Iterator[None]:
    """Turn what Spark raises into our own error, the one a task died of where it was ours."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise _ours(str(error)) or StoreUnavailable("spark_failed") from None


def _ours(text: str) -> GridmapError | None:
    _, _, rest = text.partition(MARK)
    try:
        told: dict[str, Any] = json.loads(rest.partition(MARK)[0])
        kind = getattr(gridmap.errors, told["class"])
        return kind(told["code"], **told["fields"])  # type: ignore[no-any-return]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
