"""Tables of figures as CSV and as a workbook (XLSX). No cell is ever a formula."""

import io
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import xlsxwriter

from gridmap.domain.tabular import Cell, FigureTable, TableColumn
from gridmap.errors import TooLarge
from gridmap.files.write import csv_bytes

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
#: Rows of a sheet of a workbook, less those of heads and notes.
MOST_ROWS = 1_000_000
#: Characters of a cell.
_LONGEST = 32_767
#: A workbook that is a file of its own: nothing that looks like a formula, an address or a number is made one.
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def table_csv(table: FigureTable) -> bytes:
    """Write heads and rows as CSV in UTF-8; an apostrophe stands before what a spreadsheet would run. Without notes.

    No data is an empty cell.
    """
    values = [
        pa.array([_plain(row[n], column) for row in table.rows], pa.string()) for n, column in enumerate(table.columns)
    ]
    return csv_bytes([column.head for column in table.columns], values)


def _plain(cell: Cell, column: TableColumn) -> str | None:
    return cell if cell is None or isinstance(cell, str) else f"{cell:.{column.digits}f}"


def table_xlsx(table: FigureTable, at: datetime) -> bytes:
    """Write a table as a workbook of one sheet: heads that stay in sight, rows, and the notes below.

    Texts are cells of text, whatever they begin with. The same table and time are the same file.

    Raises
    ------
    TooLarge
        ``too_many_rows``.
    """
    if len(table.rows) > MOST_ROWS:
        raise TooLarge("too_many_rows", count=len(table.rows), limit=MOST_ROWS)
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, _OPTIONS) as book:
        book.set_properties({"title": _clean(table.title), "author": "gridmap", "created": at.replace(tzinfo=None)})
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "num_format": "@"})
        forms = [book.add_format({"num_format": _form(column)}) for column in table.columns]
        note = book.add_format({"num_format": "@", "italic": True})
        for n, column in enumerate(table.columns):
            sheet.set_column(n, n, 22 if column.kind == "text" else 12)
            sheet.write_string(0, n, _clean(column.head), bold)
        for r, row in enumerate(table.rows, 1):
            for n, (cell, form) in enumerate(zip(row, forms, strict=True)):
                _write(sheet, r, n, cell, form)
        for k, line in enumerate(table.notes):
            sheet.write_string(len(table.rows) + 2 + k, 0, _clean(line), note)
        sheet.freeze_panes(1, 0)
    return file.getvalue()


def _form(column: TableColumn) -> str:
    if column.kind == "text":
        return "@"
    return "#,##0" + ("." + "0" * column.digits if column.digits else "")


def _write(sheet: Any, row: int, column: int, cell: Cell, form: Any) -> None:
    if isinstance(cell, str):
        sheet.write_string(row, column, _clean(cell), form)
    elif isinstance(cell, int | Decimal):
        sheet.write_number(row, column, float(cell), form)


def _clean(value: str) -> str:
    """Give what of a text a cell can hold."""
    return value.encode("utf-8", "replace").decode("utf-8")[:_LONGEST]
