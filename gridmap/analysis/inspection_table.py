"""Objects that are inspected as a table for people."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from gridmap.domain.tabular import Cell, FigureTable, TableColumn
from gridmap.i18n import Language, text

_DAYS = ("due_on", "last_visit_on", "last_complete_on")
_YES_NO = ("visited", "complete")


def inspection_table(layers: Sequence[pd.DataFrame], language: Language) -> FigureTable:
    """Give frames.INSPECTIONS of layers, one row an object.

    Parameters
    ----------
    layers : sequence of DataFrame
        frames.INSPECTIONS with ``layer``, ``name``, ``grid_code``, ``outcome`` and ``note``.
    """
    columns = (
        TableColumn(text("inspections.layer", language), "text"),
        TableColumn(text("services.code", language), "text"),
        TableColumn(text("services.name", language), "text", share=2.0),
        TableColumn(text("inspections.grid_code", language), "text"),
        TableColumn(text("inspections.status", language), "text"),
        *(TableColumn(text(f"inspections.{name}", language), "text") for name in _DAYS),
        TableColumn(text("inspections.days_over", language)),
        *(TableColumn(text(f"inspections.{name}", language), "text") for name in _YES_NO),
        TableColumn(text("inspections.outcome", language), "text"),
        TableColumn(text("inspections.note", language), "text"),
    )
    rows = tuple(_row(row, language) for found in layers for row in found.itertuples(index=False))
    return FigureTable(text("inspections.title", language), columns, rows)


def _row(row: Any, language: Language) -> tuple[Cell, ...]:
    return (
        row.layer,
        row.object_id,
        row.name,
        row.grid_code,
        text(f"inspections.status_{row.status}", language),
        *(_day(getattr(row, name)) for name in _DAYS),
        int(row.days_over),
        *(text(f"inspections.{'yes' if getattr(row, name) else 'no'}", language) for name in _YES_NO),
        None if row.outcome is None else text(f"inspections.outcome_{row.outcome}", language),
        row.note,
    )


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()
