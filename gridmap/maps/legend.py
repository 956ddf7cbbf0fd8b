"""The rows of a legend, in plain words with units and counts."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from gridmap import i18n
from gridmap.i18n import Language
from gridmap.maps import drawing

Window = tuple[datetime, datetime]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:,.2g}"


def class_rows(
    breaks: tuple[float, ...], colours: tuple[str, ...], language: Language, filled: bool
) -> list[dict[str, Any]]:
    """Give one row a class, the highest first."""
    if not filled:
        return [{"look": {"fill": "#ffffff"}, "text": i18n.text("legend.no_incidents", language)}]
    rows = []
    for i, colour in enumerate(colours):
        low = breaks[i - 1] if i else None
        high = breaks[i] if i < len(breaks) else None
        if low is None and high is None:
            text = i18n.text("legend.class_all", language)
        elif low is None:
            text = i18n.text("legend.class_below", language, high=_number(high or 0))
        elif high is None:
            text = i18n.text("legend.class_above", language, low=_number(low))
        else:
            text = i18n.text("legend.class_between", language, low=_number(low), high=_number(high))
        rows.append({"look": {"fill": colour}, "text": text})
    return rows[::-1]


def line_rows(place: drawing.Ground, language: Language) -> list[dict[str, Any]]:
    """Give one row a kind of border, the coarsest first."""
    looks = ({"line": "#27323d", "width": 2.5}, {"line": "#4d5b69", "width": 1.5}, {"line": "#71808e", "width": 1.2})
    rows = [
        {
            "look": looks[min(number, 2)],
            "text": i18n.text("legend.border_of", language, level=drawing.level_title(level, number, language)),
            "count": f"{len(level):,}",
        }
        for number, level in enumerate(place.upper)
    ]
    grid = i18n.text("legend.border_of", language, level=i18n.text("map.level_grid", language))
    rows.append({"look": {"line": "#8a959f", "width": 1}, "text": grid, "count": f"{len(place.grids):,}"})
    return rows


def context_rows(data: dict[str, Any], language: Language) -> list[dict[str, Any]]:
    """Give one row a kind of context that the map shows."""
    looks = {
        "water": {"fill": "#c4d9e6"},
        "green": {"fill": "#d3e2cb"},
        "road": {"line": "#b5b2aa", "width": 2},
    }
    kinds = {thing["kind"] for thing in data["context"]}
    return [
        {"look": look, "text": i18n.text(f"legend.context_{kind}", language)}
        for kind, look in looks.items()
        if kind in kinds
    ]


def no_data_row(count: int, language: Language) -> list[dict[str, Any]]:
    """Give the row of grids without data, where there are any."""
    if not count:
        return []
    look = {"line": "#6b7680", "width": 1.5, "dash": "dotted"}
    return [{"look": look, "text": i18n.text("legend.status_unknown", language), "count": f"{count:,}"}]


def window_note(
    window: Window, bandwidth_m: float | None, language: Language, time_zone: str, category: str | None
) -> str:
    """Say which window, categories and bandwidth the map shows."""
    zone = ZoneInfo(time_zone)
    start, end = (pd.Timestamp(t).tz_convert(zone) for t in window)
    days = (end - start).total_seconds() / 86_400
    length = (
        i18n.text("legend.days", language, n=f"{days:.0f}")
        if days >= 2
        else i18n.text("legend.hours", language, n=f"{days * 24:.0f}")
    )
    note = i18n.text(
        "legend.window", language, start=f"{start:%Y-%m-%d %H:%M}", end=f"{end:%Y-%m-%d %H:%M}", length=length
    )
    parts = [note, category or i18n.text("legend.all_categories", language)]
    if bandwidth_m is not None:
        parts.append(i18n.text("legend.bandwidth", language, metres=f"{bandwidth_m:,.0f}"))
    return i18n.text("legend.joint", language).join(parts)


def sums_note(
    until: datetime, days: int, other_borders: int, cut_hours: float, language: Language, time_zone: str
) -> str:
    """Say what of a window is known by sums of days alone; the numbers are those of ``FromSums``."""
    clock = until.astimezone(ZoneInfo(time_zone))
    parts = [i18n.text("map.from_sums", language, until=f"{clock:%Y-%m-%d %H:%M}", days=f"{days:,}")]
    if other_borders:
        parts.append(i18n.text("map.from_sums_borders", language, days=f"{other_borders:,}"))
    if cut_hours:
        parts.append(i18n.text("map.from_sums_cut", language, hours=f"{cut_hours:,.1f}"))
    return "".join(parts).strip()
