"""Read what is known of the people of grids from a CSV file."""

import csv
import io
from pathlib import Path

from gridmap.domain.people import GridProfile
from gridmap.errors import ColumnError, FileError
from gridmap.files.columns import HOUSEHOLDS_NAMES, choose, to_count
from gridmap.files.rows import read_table
from gridmap.files.text import is_bad
from gridmap.settings import Settings

#: Usual names of the columns, by what they hold.
_NAMES = {
    "grid_code": ("grid_code", "code", "网格编码", "网格编号", "编码"),
    "households": HOUSEHOLDS_NAMES,
    "floating_residents": ("floating_residents", "流动人口", "流动人口数"),
    "department": ("department", "责任部门", "主管部门", "部门"),
    "phone": ("phone", "电话", "联系电话"),
}
_COUNTS = ("households", "floating_residents")


def read_profiles(path: Path, *, settings: Settings, encoding: str | None = None) -> list[GridProfile]:
    """Read ``grid_code`` and, where there, ``households, floating_residents, department, phone``; one row a grid.

    Empty cells are what is not known. The Chinese names of these columns are understood, too.

    Raises
    ------
    FileError
        ``file_missing``; ``bad_row``, with the line.
    TooLarge
        ``file_too_large``.
    ColumnError
        ``column_unknown``, ``column_ambiguous``; ``column_missing``: there is no column but the code.
    EncodingAmbiguous
        ``encoding_ambiguous``.
    """
    content = read_table(path, most=settings.max_file_bytes, encoding=encoding)
    rows = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    header = list(rows.fieldnames or [])
    columns = {
        field: choose(header, None, names, what=field, required=field == "grid_code") for field, names in _NAMES.items()
    }
    known = [field for field in _NAMES if field != "grid_code"]
    if not any(columns[field] for field in known):
        raise ColumnError("column_missing", contract="profiles", columns=", ".join(known))
    profiles = []
    try:
        for row in rows:
            cells = {f: (row.get(c) or "").strip() if c else "" for f, c in columns.items()}
            if not cells["grid_code"] or any(is_bad(v) or len(v) > settings.max_text for v in cells.values()):
                raise FileError("bad_row", line=rows.line_num)
            try:
                households, floating = (to_count(cells[field]) for field in _COUNTS)
            except ValueError:
                raise FileError("bad_row", line=rows.line_num) from None
            if any(n is not None and n >= 2**31 for n in (households, floating)):
                raise FileError("bad_row", line=rows.line_num)
            profiles.append(GridProfile(cells["grid_code"], households, floating, cells["department"], cells["phone"]))
    except csv.Error:
        raise FileError("bad_row", line=rows.line_num) from None
    return profiles
