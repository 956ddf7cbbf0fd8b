"""Points of a FlatGeobuf of any length: the child of the sandbox parses and sends batches, and nothing is held whole.

The file is not copied, as ``sandbox.parse`` does, for it may be larger than the room on the disk: the child sees a link
under a name of ours. It may take as long as its length allows, and must send a batch within ``parser_wall_s``.
"""

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc

from gridmap.crs import parse_crs
from gridmap.errors import CrsError, FileError, TooLarge
from gridmap.files import degrees
from gridmap.files.parser.rows import FACTS, GEOMETRY, MAX_COLUMNS
from gridmap.files.sandbox import PLAIN, child, facts_of, import_paths, judge, limits_of
from gridmap.settings import Settings

_BATCH_ROWS = 1 << 16
_PLACES = ("longitude", "latitude")


@dataclass(frozen=True, slots=True)
class Flow:
    """A FlatGeobuf that was looked at.

    Attributes
    ----------
    path : Path
    settings : Settings
    crs : str
        Of its points.
    schema : pyarrow.Schema
        Its plain columns, then ``longitude`` and ``latitude`` in WGS 84.
    rows : int or None
        As its header states; None where it does not.
    """

    path: Path
    settings: Settings
    crs: str
    schema: pa.Schema
    rows: int | None

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Stream the points in the order of the file.

        Raises
        ------
        FileError
            ``not_points``, ``file_unreadable``; ``corrupt``: there are fewer points than the header says.
        TooLarge
            ``parser_time``, ``parser_memory``.
        CrsError
            ``coordinate_out_of_range``.
        """
        seen = 0
        with _opened(self.path, self.settings) as reader:
            while (batch := reader.next()) is not None:
                seen += batch.num_rows
                yield self._placed(batch)
        if self.rows is not None and seen != self.rows:
            raise FileError("corrupt")

    def _placed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        points = pa.chunked_array([batch.column(GEOMETRY)])
        lon, lat, _ = degrees.of_geometry(points, "WKB", self.crs, judged=False)
        columns = [batch.column(name) for name in self.schema.names if name not in _PLACES]
        places = [pa.array(v, pa.float64(), from_pandas=True) for v in (lon, lat)]
        return pa.RecordBatch.from_arrays([*columns, *places], schema=self.schema)


def look_at(path: Path, settings: Settings, crs: str | None = None) -> Flow:
    """Find out the columns, the CRS and the number of points.

    Parameters
    ----------
    path : Path
    settings : Settings
        Limits of the child.
    crs : str, optional
        ``EPSG:n`` where the file states none.

    Raises
    ------
    CrsError
        ``crs_missing``, ``crs_conflict``, ``crs_unsupported``.
    FileError, TooLarge, TextError
        As ``Flow.batches``; ``no_features``.
    """
    with _opened(path, settings) as reader:
        schema, facts = reader.schema, reader.facts
    stated = facts.get("crs")
    if stated is not None and crs is not None and not parse_crs(crs).equals(parse_crs(stated), ignore_axis_order=True):
        raise CrsError("crs_conflict")
    used = crs or stated
    if used is None:
        raise CrsError("crs_missing")
    parse_crs(used)
    rows = facts.get("rows", -1)
    if rows == 0:
        raise FileError("no_features")
    fields = [f for f in schema if f.name != GEOMETRY and f.name not in _PLACES]
    out = pa.schema([*fields, *((name, pa.float64()) for name in _PLACES)])
    return Flow(path, settings, used, out, rows if isinstance(rows, int) and rows > 0 else None)


class _Reader:
    """Reads the child's stream, as suspicious as of the file itself; a silent child is ended."""

    def __init__(self, process: subprocess.Popen[bytes], room: Path, settings: Settings) -> None:
        self._process, self._room, self._settings = process, room, settings
        self._late = False
        assert process.stdout is not None
        self._pipe = process.stdout
        self._stream = self._guarded(lambda: pa.ipc.open_stream(self._pipe))
        if self._stream is None:
            self._explain()
        self.schema: pa.Schema = self._stream.schema
        names = self.schema.names
        plain = all(any(test(f.type) for test in PLAIN) for f in self.schema if f.name != GEOMETRY)
        if len(set(names)) < len(names) or len(names) > MAX_COLUMNS + 1 or GEOMETRY not in names or not plain:
            raise FileError("file_unreadable")
        if self.schema.field(GEOMETRY).type != pa.large_binary():
            raise FileError("file_unreadable")

    @property
    def facts(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self.schema.metadata or {})[FACTS]))
        except (KeyError, ValueError, TypeError):
            raise FileError("file_unreadable") from None

    def next(self) -> pa.RecordBatch | None:
        """Give the next batch; None at the end of a stream that the child ended itself."""
        batch = self._guarded(self._stream.read_next_batch)
        if batch is None:
            self._explain()
            return None
        try:
            batch.validate(full=True)
        except pa.ArrowException:
            raise FileError("file_unreadable") from None
        return batch

    def _guarded(self, read: Any) -> Any:
        timer = threading.Timer(self._settings.parser_wall_s, self._stop)
        timer.daemon = True
        timer.start()
        try:
            return read()
        except (StopIteration, pa.ArrowException, OSError):
            return None
        finally:
            timer.cancel()

    def _stop(self) -> None:
        self._late = True
        with suppress(ProcessLookupError):
            self._process.kill()

    def _explain(self) -> None:
        """Say why there is no more: a reply without an error is the good end."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(self._settings.parser_wall_s)
        if self._late or self._process.returncode is None:
            raise TooLarge("parser_time", limit=self._settings.parser_wall_s)
        judge(self._process.returncode, self._room, self._settings)
        facts_of(self._room)
        if getattr(self, "schema", None) is None:
            raise FileError("file_unreadable")


@contextmanager
def _opened(path: Path, settings: Settings) -> Iterator[_Reader]:
    with tempfile.TemporaryDirectory(prefix="gridmap-parse-") as folder:
        room = Path(folder)
        link = room / "input.flatgeobuf"
        link.symlink_to(path.resolve())
        (room / "tmp").mkdir()
        limits = limits_of(settings)
        # so much time for every so many bytes: a long file may take long, a short one may not
        limits["cpu_s"] *= 1 + os.path.getsize(path) // settings.max_file_bytes  # noqa: PTH202
        request = {
            "path": str(link),
            "out": str(room),
            "format": "flatgeobuf",
            "stream": True,
            "batch_rows": _BATCH_ROWS,
            "limits": limits,
            "sys_path": import_paths(),
        }
        with child(room, subprocess.PIPE) as process:
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.write(json.dumps(request).encode())
                process.stdin.close()
            yield _Reader(process, room, settings)
