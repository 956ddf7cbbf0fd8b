"""The slider of a map: the whole window first, then its parts one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd

from gridmap import i18n
from gridmap.i18n import Language
from gridmap.maps import legend


@dataclass(frozen=True, slots=True)
class CoverageStep:
    """A part of a window ``[start, end)``, aware, and what ``coverage_gaps`` says of it."""

    start: datetime
    end: datetime
    coverage: gpd.GeoDataFrame


@dataclass(frozen=True, slots=True)
class StepLook:
    """What of a map is another in a part of its window: columns of the grids, the foot of the legend, the surface."""

    window: legend.Window
    columns: dict[str, list[Any]]
    foot: str
    surface: list[dict[str, Any]] | None = None


def step_data(looks: Sequence[StepLook], time_zone: str, category: str | None, language: Language) -> dict[str, Any]:
    """Give what the slider of a page shows."""
    hours = max(look.window[1] - look.window[0] for look in looks) <= timedelta(hours=1)
    return {
        "label": i18n.text("map.steps_label", language),
        "whole": i18n.text("map.steps_whole", language),
        "steps": [
            {
                "label": step_label(look.window, time_zone, language, hours=hours),
                "note": legend.window_note(look.window, None, language, time_zone, category),
                "foot": look.foot,
                "grids": look.columns,
                **({} if look.surface is None else {"surface": look.surface}),
            }
            for look in looks
        ],
    }


def step_label(window: legend.Window, time_zone: str, language: Language, *, hours: bool = False) -> str:
    """Name a part of a window: a day (also one cut short) with its day of the week, or the first and the last day.

    ``hours``: parts are hours, and are named by when they begin.
    """
    zone = ZoneInfo(time_zone)
    start, end = (pd.Timestamp(t).tz_convert(zone) for t in window)
    last = end - timedelta(microseconds=1)
    if hours:
        return f"{start:%m-%d %H:%M}"
    if start.date() != last.date():
        return f"{start:%m-%d} – {last:%m-%d}"
    return f"{start:%m-%d} {i18n.text(f'patrols.weekday_{start.day_of_week}', language)}"
