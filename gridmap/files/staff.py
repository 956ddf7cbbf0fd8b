"""Read who is on duty from a CSV file."""

import csv
import io
from pathlib import Path

from gridmap.domain.incidents import StaffMember
from gridmap.errors import ColumnError, FileError, TooLarge
from gridmap.files.text import decode, is_bad
from gridmap.settings import Settings

_NEEDED = ("grid_code", "role", "name")
_OPTIONAL = ("phone", "department")


def read_staff(path: Path, *, settings: Settings, encoding: str | None = None) -> list[StaffMember]:
    """Read ``grid_code, role, name`` and, where there, ``phone, department``; one row a person.

    Raises
    ------
    FileError
        ``file_missing``; ``bad_row``, with the line.
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
    rows = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    missing = [c for c in _NEEDED if c not in (rows.fieldnames or [])]
    if missing:
        raise ColumnError("column_missing", contract="staff", columns=", ".join(missing))
    members = []
    try:
        for row in rows:
            values = {c: (row.get(c) or "").strip() for c in (*_NEEDED, *_OPTIONAL)}
            if any(not values[c] for c in _NEEDED) or any(
                is_bad(v) or len(v) > settings.max_text for v in values.values()
            ):
                raise FileError("bad_row", line=rows.line_num)
            members.append(StaffMember(**values))
    except csv.Error:
        raise FileError("bad_row", line=rows.line_num) from None
    return members
