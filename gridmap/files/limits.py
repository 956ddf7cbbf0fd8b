"""Read a city's table of time limits from CSV, however it names its columns."""

import csv
import io
from pathlib import Path

from gridmap.domain.limits import LimitTable, RowFault, RowProblem, plain, read_rows
from gridmap.errors import ColumnError, FileError
from gridmap.files.columns import choose
from gridmap.files.rows import read_table
from gridmap.settings import Settings

_USUAL = {
    "stage": ("stage", "环节", "阶段"),
    "category": ("category", "code", "类别编码", "小类编码", "编码", "类别", "小类", "小类名称"),
    "condition": ("condition", "立案条件", "条件", "情形"),
    "emergency": ("emergency", "是否紧急", "紧急"),
    "limit": ("limit", "处置时限", "处理时限", "结案时限", "时限"),
    "source": ("source", "依据", "来源"),
    "risk": ("risk", "预警比例"),
    "risk_minutes": ("risk_minutes", "预警分钟"),
}
_NEEDED = ("category", "limit")


def read_limit_file(
    path: Path, *, settings: Settings, encoding: str | None = None
) -> tuple[LimitTable, tuple[RowProblem, ...]]:
    """Read what can be read of a table, and tell what cannot; see ``domain.limits.read_rows``.

    Rows are counted as a spreadsheet does: a cell of several lines is one row.

    Raises
    ------
    FileError
        ``file_missing``; ``bad_row``: the quotes of a cell do not close.
    TooLarge
        ``file_too_large``.
    ColumnError
        ``column_unknown``, ``column_ambiguous``, ``bad_header``.
    EncodingAmbiguous
        ``encoding_ambiguous``: it could be UTF-8 or GBK.
    """
    content = read_table(path, most=settings.max_file_bytes, encoding=encoding)
    delimiter = max(",;\t", key=content[: content.find("\n") + 1].count)
    rows = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [plain(cell) for cell in next(rows, [])]
        if not any(header):
            raise ColumnError("bad_header")
        chosen = {n: choose(header, None, _USUAL[n], what=n, required=n in _NEEDED) for n in _USUAL}
        where = {name: header.index(column) for name, column in chosen.items() if column is not None}
        ragged, read = [], []
        for number, cells in enumerate(rows, 2):
            if 0 < len(cells) < len(header) or any(cell.strip() for cell in cells[len(header) :]):
                ragged.append(RowProblem(number, header[0], RowFault.WIDTH))
            elif any(cells):
                read.append((number, {name: cells[at] for name, at in where.items()}))
    except csv.Error:
        raise FileError("bad_row", line=rows.line_num) from None
    table, problems = read_rows(read)
    return table, tuple(sorted((*ragged, *problems), key=lambda p: p.row))
