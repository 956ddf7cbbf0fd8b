"""Rows of small CSV files: the same checks for all of them, and the line that is wrong."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from gridmap.errors import ColumnError, FileError, TooLarge
from gridmap.files.text import decode, is_bad
from gridmap.settings import Settings


def read_table(path: Path, *, most: int, encoding: str | None = None) -> str:
    """Read a small table of at most so many bytes as text.

    Raises
    ------
    FileError
        ``file_missing``.
    TooLarge
        ``file_too_large``.
    EncodingAmbiguous
        ``encoding_ambiguous``.
    """
    if not path.is_file():
        raise FileError("file_missing")
    if path.stat().st_size > most:
        raise TooLarge("file_too_large", limit=most)
    return decode(path.read_bytes(), encoding)[0]


def read_rows(
    path: Path, needed: Sequence[str], optional: Sequence[str], *, contract: str, settings: Settings,
    encoding: str | None = None,
) -> Iterator[tuple[int, dict[str, str]]]:  # fmt: skip
    """Read the line and the values of each row: all of ``needed``, and ``optional`` ones where they are there, else "".

    Raises
    ------
    FileError
        ``file_missing``; ``bad_row``, with the line.
    TooLarge
        ``file_too_large``.
    ColumnError
        ``column_missing``, of the table that ``contract`` names.
    EncodingAmbiguous
        ``encoding_ambiguous``.
    """
    content = read_table(path, most=settings.max_file_bytes, encoding=encoding)
    reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    missing = [c for c in needed if c not in (reader.fieldnames or [])]
    if missing:
        raise ColumnError("column_missing", contract=contract, columns=", ".join(missing))
    try:
        for row in reader:
            values = {c: (row.get(c) or "").strip() for c in (*needed, *optional)}
            if any(not values[c] for c in needed) or any(is_bad(v) for v in values.values()):
                raise FileError("bad_row", line=reader.line_num)
            yield reader.line_num, values
    except csv.Error:
        raise FileError("bad_row", line=reader.line_num) from None
