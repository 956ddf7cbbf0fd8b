"""The list of patrols as a table for people, each grid with its reason in words."""

from typing import Any

import pandas as pd

from gridmap.analysis.service_tables import cells_of
from gridmap.domain.tabular import FigureTable, TableColumn
from gridmap.i18n import Language, text

_FIGURES = (("days_since", 1, 1), ("norm_days", 1, 1), ("incidents", 0, 1), ("share", 2, 100), ("share_so_far", 2, 100))


def patrol_reason(row: Any, language: Language) -> str:
    """Say why a grid is on the list: a row of ``analysis.patrol_list`` with ``norm_days``."""
    parts = []
    if row.never:
        parts.append(text("patrol_list.why_never", language))
    if row.overdue:
        parts.append(text("patrol_list.why_overdue", language, days=f"{row.days_since:.1f}", norm=f"{row.norm_days:g}"))
    if row.hot:
        parts.append(text("patrol_list.why_hot", language))
    told = {"n": f"{row.incidents:,}", "share": f"{100 * row.share:.1f}"}
    return text("places.mark", language).join([*parts, text("patrol_list.why_share", language, **told)])


def patrol_list_table(found: pd.DataFrame, language: Language) -> FigureTable:
    """Give the list, one row a grid."""
    columns = (
        TableColumn(text("places.rank", language)),
        TableColumn(text("services.code", language), "text"),
        TableColumn(text("services.name", language), "text", share=2.0),
        *(TableColumn(text(f"patrol_list.{name}", language), digits=digits) for name, digits, _ in _FIGURES),
        TableColumn(text("places.reason", language), "text", share=4.0),
    )
    figures = (cells_of(found[name], digits, times) for name, digits, times in _FIGURES)
    reasons = [patrol_reason(row, language) for row in found.itertuples()]
    rows = zip(found["rank"].tolist(), found["code"], found["name"], *figures, reasons, strict=True)
    return FigureTable(text("patrol_list.title", language), columns, tuple(rows))
