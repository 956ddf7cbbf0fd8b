"""Effort, recency and hours of patrols as tables for people, in their language."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd

from gridmap.analysis.service_tables import cells_of, name_columns
from gridmap.domain.patrols import PatrolRules
from gridmap.domain.tabular import Cell, FigureTable, TableColumn
from gridmap.i18n import Language, text

#: Column of the frame to how many digits are told, and what it is multiplied with.
_EFFORT = (
    ("visits", 0, 1), ("dwells", 0, 1), ("passes", 0, 1), ("workers", 0, 1), ("hours", 2, 1), ("dwell_hours", 2, 1),
    ("km", 2, 1), ("area_share", 2, 100), ("street_share", 2, 100), ("days", 1, 1), ("norm_days", 1, 1),
    ("incidents", 0, 1), ("patrol_found", 0, 1), ("citizen_found", 0, 1), ("per_hour", 3, 1), ("per_hour_low", 3, 1),
    ("per_hour_high", 3, 1), ("per_visit", 3, 1), ("per_visit_low", 3, 1), ("per_visit_high", 3, 1),
)  # fmt: skip
_DUE = (("days", 1, 1), ("norm_days", 1, 1), ("times", 1, 1), ("incidents", 0, 1))
_WATCHED = (("camera_share", 1, 100), ("incidents", 0, 1))
_HOURS = (("hour", 0, 1), ("visits", 0, 1), ("workers", 0, 1), ("hours", 2, 1), ("km", 2, 1))


def effort_table(found: pd.DataFrame, rules: PatrolRules, zone: str, language: Language) -> FigureTable:
    """Give frames.PATROLLED, one row a grid; times by the clock of a zone."""
    columns = (
        *name_columns(language),
        *_heads(_EFFORT, language),
        *(TableColumn(text(f"patrols.{name}", language), "text") for name in ("last_at", "norm", "status", "sight")),
    )
    return FigureTable(
        text("patrols.effort_title", language), columns, _rows(found, rules, _EFFORT, zone, language, ("sight",))
    )


def overdue_table(found: pd.DataFrame, rules: PatrolRules, zone: str, language: Language) -> FigureTable:
    """Give the rows of frames.PATROLLED that are due, as they come."""
    columns = (
        *name_columns(language),
        *_heads(_DUE, language),
        *(TableColumn(text(f"patrols.{name}", language), "text") for name in ("last_at", "norm", "status")),
    )
    return FigureTable(text("patrols.overdue_title", language), columns, _rows(found, rules, _DUE, zone, language, ()))


def hours_table(found: pd.DataFrame, language: Language) -> FigureTable:
    """Give hours of days of the week: ``weekday``, ``hour``, ``visits``, ``workers``, ``hours``, ``km``."""
    columns = (TableColumn(text("patrols.weekday", language), "text"), *_heads(_HOURS, language))
    days = [text(f"patrols.weekday_{day}", language) for day in found["weekday"]]
    rows = zip(days, *(cells_of(found[name], digits, times) for name, digits, times in _HOURS), strict=True)
    return FigureTable(text("patrols.hours_title", language), columns, tuple(rows))


def blind_table(found: pd.DataFrame, language: Language) -> FigureTable:
    """Give who looks at each grid: ``code``, ``name``, ``watched``, ``camera_share``, ``incidents``."""
    columns = (
        *name_columns(language),
        TableColumn(text("patrols.watched", language), "text"),
        *_heads(_WATCHED, language),
    )
    words = [text(f"patrols.watched_{word}", language) for word in found["watched"]]
    told = (cells_of(found[name], digits, times) for name, digits, times in _WATCHED)
    rows = zip(found["code"], found["name"], words, *told, strict=True)
    return FigureTable(text("patrols.blind_title", language), columns, tuple(rows))


def norm_title(rules: PatrolRules, norm: str, language: Language) -> str:
    """Give the name of a norm; its id where the table has it no more."""
    return next((n.title[language] for n in rules.norms if n.id == norm), norm)


def _rows(
    found: pd.DataFrame,
    rules: PatrolRules,
    figures: Sequence[tuple[str, int, int]],
    zone: str,
    language: Language,
    more: tuple[str, ...],
) -> tuple[tuple[Cell, ...], ...]:
    told = [cells_of(found[name], digits, times) for name, digits, times in figures]
    clock = ZoneInfo(zone)
    last: list[Cell] = [None if pd.isna(at) else _time(at.astimezone(clock)) for at in found["last_at"]]
    words = [[text(f"patrols.{name}_{word}", language) for word in found[name]] for name in ("status", *more)]
    norms = [norm_title(rules, norm, language) for norm in found["norm"]]
    return tuple(zip(found["code"], found["name"], *told, last, norms, *words, strict=True))


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _heads(figures: Sequence[tuple[str, int, int]], language: Language) -> list[TableColumn]:
    return [TableColumn(text(f"patrols.{name}", language), digits=digits) for name, digits, _ in figures]
