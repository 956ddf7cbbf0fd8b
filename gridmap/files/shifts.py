"""Read shifts from a CSV file."""

import re
from pathlib import Path

import pyarrow as pa

from gridmap.domain.duty import Shift
from gridmap.errors import FileError
from gridmap.files.rows import read_rows
from gridmap.files.times import to_utc
from gridmap.settings import Settings

_NEEDED = ("unit_id", "from", "until")
_AREA = "area"
_BETWEEN = re.compile(r"[;；、\s]+")


def read_shifts(path: Path, *, settings: Settings, encoding: str | None = None) -> list[Shift]:
    """Read ``unit_id, from, until`` and, where there, ``area`` (codes of grids or areas, with ``;`` between them).

    Times with an offset are moments; those without are read on the clocks of the district, and one that comes twice or
    never when clocks are changed is refused: it needs its offset.

    Raises
    ------
    FileError
        ``file_missing``; ``bad_row``, ``bad_shift_time`` with the line.
    TooLarge
        ``file_too_large``.
    ColumnError
        ``column_missing``.
    EncodingAmbiguous
        ``encoding_ambiguous``.
    """
    rows, lines = [], []
    for line, values in read_rows(
        path, _NEEDED, (_AREA,), contract="shifts", settings=settings, encoding=encoding
    ):  # fmt: skip
        if len(values["unit_id"]) > settings.max_text or len(values[_AREA]) > settings.max_free_text:
            raise FileError("bad_row", line=line)
        rows.append(values)
        lines.append(line)
    times = []
    for name in ("from", "until"):
        column = pa.chunked_array([[row[name] for row in rows]], type=pa.string())
        moments, bad = to_utc(column, settings.time_zone)
        if bad:
            raise FileError("bad_shift_time", line=lines[min(bad)], text=rows[min(bad)][name])
        times.append([moment.to_pydatetime() for moment in moments])
    return [
        Shift(row["unit_id"], start, end, tuple(sorted(set(filter(None, _BETWEEN.split(row[_AREA]))))))
        for row, start, end in zip(rows, *times, strict=True)
    ]
