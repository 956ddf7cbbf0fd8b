"""A table of figures as a person reads it: heads in a language, cells, and what has to be said below."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

#: None: no data, which is shown as nothing and never as 0.
Cell = str | int | Decimal | None


@dataclass(frozen=True, slots=True)
class TableColumn:
    """``digits``: how many follow the point of its numbers; ``share``: of the width, beside the others."""

    head: str
    kind: Literal["text", "number"] = "number"
    digits: int = 0
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class FigureTable:
    """Rows of cells under columns, a title, and notes."""

    title: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


def shown(cell: Cell, column: TableColumn) -> str:
    """Write a cell as a person reads it; a dash for no data."""
    if cell is None:
        return "—"
    return cell if isinstance(cell, str) else f"{cell:,.{column.digits}f}"
