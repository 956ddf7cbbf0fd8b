"""Read shifts from a CSV file."""

import csv
import io
import re
from pathlib import Path

import pyarrow as pa

from gridmap.domain.duty import Shift
from gridmap.errors import ColumnError, FileError, TooLarge
from gridmap.files.text import decode, is_bad
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
    if not path.is_file():
        raise FileError("file_missing")
    if path.stat().st_size > settings.max_file_bytes:
        raise TooLarge("file_too_large", limit=settings.max_file_bytes)
    content, _ = decode(path.read_bytes(), encoding)
    reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    missing = [c for c in _NEEDED if c not in (reader.fieldnames or [])]
    if missing:
        raise ColumnError("column_missing", contract="shifts", columns=", ".join(missing))
    rows, lines = [], []
    try:
        for row in reader:
            values = {c: (row.get(c) or "").strip() for c in (*_NEEDED, _AREA)}
            if any(not values[c] for c in _NEEDED) or any(is_bad(v) for v in values.values()):
                raise FileError("bad_row", line=reader.line_num)
            if len(values["unit_id"]) > settings.max_text or len(values[_AREA]) > settings.max_free_text:
                raise FileError("bad_row", line=reader.line_num)
            rows.append(values)
            lines.append(reader.line_num)
    except csv.Error:
        raise FileError("bad_row", line=reader.line_num) from None
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
