"""Read who is on duty from a CSV file."""

from pathlib import Path

from gridmap.domain.incidents import StaffMember
from gridmap.errors import FileError
from gridmap.files.rows import read_rows
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
    members = []
    rows = read_rows(path, _NEEDED, _OPTIONAL, contract="staff", settings=settings, encoding=encoding)
    for line, values in rows:
        if any(len(value) > settings.max_text for value in values.values()):
            raise FileError("bad_row", line=line)
        members.append(StaffMember(**values))
    return members
