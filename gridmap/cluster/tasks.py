"""What runs in the Python processes of the executors. Nothing here needs pyspark to be imported."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa

from gridmap.analysis.responsibility import JoinSummary
from gridmap.cluster.index import SharedIndex
from gridmap.cluster.pieces import Columns, Piece
from gridmap.crs import Datum
from gridmap.domain.rules import Finding
from gridmap.errors import GridmapError
from gridmap.files import degrees
from gridmap.files.join import join_source
from gridmap.files.labels import ADDED, Labeller
from gridmap.settings import Settings

#: Stands before the JSON of our own errors in what a task dies of; the driver looks for it.
MARK = "gridmap-error:"
#: What a task of pieces tells the driver.
DONE = "piece long, part string, told string"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How points are labelled: the parameters of ``Labeller``, with the index as a handle."""

    index: SharedIndex
    columns: tuple[str, ...]
    datum: Datum
    nearest_within_m: float

    def labeller(self) -> Labeller:
        """Make the labeller in this process."""
        return Labeller(
            self.index.open(), columns=self.columns, datum=self.datum, nearest_within_m=self.nearest_within_m
        )


@dataclass(frozen=True, slots=True)
class JoinPieces:
    """Join pieces of files into parts of a folder that every machine sees; rows never pass through the JVM.

    Called with batches of numbers of pieces; gives one row a piece: its number, the name of the part, and as JSON the
    summary and the first bad row of each kind. A part has a name of its own at every attempt, so that a task that runs
    twice does no harm: the parts that the driver was told of are the result.
    """

    recipe: Recipe
    pieces: tuple[Piece, ...]
    folder: str
    settings: Settings
    places: Columns

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Run in a task."""
        with _telling():
            labeller = self.recipe.labeller()
            for batch in batches:
                for number in batch.column(0).to_pylist():
                    part, told = self._join(number, labeller)
                    yield pa.RecordBatch.from_arrays(
                        [pa.array([number], pa.int64()), pa.array([part]), pa.array([json.dumps(told)])],
                        names=["piece", "part", "told"],
                    )

    def _join(self, number: int, labeller: Labeller) -> tuple[str, dict[str, Any]]:
        piece = self.pieces[number]
        part = f"part-{number:06}-{uuid4().hex}.parquet"
        bad: dict[str, int] = {}

        def on_bad(finding: Finding) -> None:
            bad.setdefault(finding.rule, finding.fields["line"] + piece.first_row - 1)

        source = piece.open(self.settings, self.places)
        # Spark gives a task one processor; the reader and the writer have their threads beside it.
        summary = join_source(source, labeller, Path(self.folder) / part, threads=1, on_bad=on_bad)
        return part, {"summary": asdict(summary), "bad": bad}


@dataclass(frozen=True, slots=True)
class LabelRows:
    """Label rows that Spark hands over: any source that Spark reads, at the price of passing every row through it."""

    recipe: Recipe
    lon: str
    lat: str

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Run in a task."""
        with _telling():
            labeller = self.recipe.labeller()
            for batch in batches:
                lon, lat = (pa.chunked_array([batch.column(name)]) for name in (self.lon, self.lat))
                x, y, _ = degrees.of_columns(lon, lat)
                made, _ = labeller.label(np.ascontiguousarray(x), np.ascontiguousarray(y))
                # the JVM side reads no dictionaries
                added = [made[name].cast(ADDED[name]) for name in labeller.columns]
                yield pa.RecordBatch.from_arrays(
                    [*batch.columns, *added], names=[*batch.schema.names, *labeller.columns]
                )


class _telling:  # noqa: N801 - used as a statement
    """Put our own errors into words that survive the way through the JVM."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, GridmapError):
            told = {"class": type(error).__name__, "code": error.code, "fields": error.fields}
            raise RuntimeError(f"{MARK}{json.dumps(told, default=str)}{MARK}") from None


def added_up(told: list[str]) -> tuple[JoinSummary, dict[str, int]]:
    """Add up what the pieces told, in their order: the summary, and the first bad row of each kind."""
    summary, bad = JoinSummary(), dict[str, int]()
    for text in told:
        read = json.loads(text)
        summary += JoinSummary(**read["summary"])
        for rule, line in read["bad"].items():
            bad.setdefault(rule, line)
    return summary, bad
