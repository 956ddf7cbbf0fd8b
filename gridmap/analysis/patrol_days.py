"""Patrols by day and grid: the form in which they are kept once single fixes are gone.

The sums of a day hang on the fixes of that day alone, and on those that a way over midnight needs (``gap_s`` before and
after it). So a day gives the same numbers while its fixes are there and after they were thrown away, and no sum of days
counts anything twice. A stay over midnight is a visit of both days, as a calendar would have it.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.analysis.cleaning import clean_fixes
from gridmap.analysis.effort import effort_by_hour, patrol_effort
from gridmap.analysis.segments import Borders
from gridmap.analysis.tracks import Edition, split_fixes
from gridmap.domain.patrols import PatrolRules, packaged_patrol_rules

#: Columns of DAY_SUMS: what the patrols of a day amount to in a grid. Beside them ``set_name`` and ``version_number``
#: (the borders of the day) and ``hours``: lists of hour on the wall, visits, workers, minutes, km.
COUNTS = ("visits", "dwells", "passes", "workers")
MEASURES = ("minutes", "dwell_minutes", "km")
MOMENTS = ("first_at", "last_at", "last_dwell_at")
DAY_SUMS = ("day", "grid_code", "set_name", "version_number", *COUNTS, *MEASURES, *MOMENTS, "hours")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))


def padding(rules: PatrolRules | None = None) -> timedelta:
    """Give how long before and after a day fixes are needed for ways over midnight; a longer silence is a gap."""
    return timedelta(seconds=(rules or packaged_patrol_rules()).cleaning.gap_s)


def sum_day(
    fixes: gpd.GeoDataFrame,
    borders: Borders,
    day: date,
    start: datetime,
    end: datetime,
    *,
    zone: str,
    version: tuple[str, int] | None = None,
    rules: PatrolRules | None = None,
) -> pd.DataFrame:
    """Sum the patrols of a day by grid.

    Parameters
    ----------
    fixes : GeoDataFrame
        frames.FIXES from ``start - padding`` to ``end + padding``; what lies beyond is left out, so that the sums do
        not hang on how much was given.
    borders : Borders
        Of the grids of that day, in WGS 84.
    day : date
    start, end : datetime
        Its first moment, and that of the next day.
    zone : str
        Whose walls the hours hang on.
    version : (str, int), optional
        Set and number of the version whose borders they are.

    Returns
    -------
    DataFrame
        DAY_SUMS: one row a grid that was entered, by code, the ground outside last.
    """
    rules = rules or packaged_patrol_rules()
    pad = padding(rules)
    fixes = fixes[(fixes["fixed_at"] >= start - pad) & (fixes["fixed_at"] < end + pad)]
    judged = clean_fixes(fixes, rules.cleaning, ground=borders.locator)
    # the same borders anew: ways are cut at both ends of the day
    editions = [Edition(moment, borders) for moment in (_LONG_AGO, start, end)]
    pieces = split_fixes(
        judged.attrs["cleaned"].used,
        editions,
        max_gap_s=rules.cleaning.gap_s,
        max_speed_m_s=rules.cleaning.speed_m_s,
    )
    pieces = pieces[(pieces["entered_at"] >= start) & (pieces["left_at"] <= end)].reset_index(drop=True)
    effort = patrol_effort(pieces, rules=rules)
    hours = effort_by_hour(pieces, zone)
    # where clocks are put back an hour holds both; a piece that is all midnight would belong to the next weekday
    sums = ["visits", "workers", "minutes", "km"]
    by_hour = hours.groupby(["grid_code", "hour"], dropna=False, sort=True)[sums].sum()
    told: dict[str | None, list[list[float]]] = {}
    columns = (by_hour[name].tolist() for name in sums)
    for (code, hour), *values in zip(by_hour.index.tolist(), *columns, strict=True):
        told.setdefault(code if isinstance(code, str) else None, []).append([int(hour), *values])
    codes = [code if isinstance(code, str) else None for code in effort["grid_code"]]
    found = effort.assign(
        day=pd.Series([day] * len(effort), dtype=object, index=effort.index),
        set_name=pd.array([None if version is None else version[0]] * len(effort), dtype="str"),
        version_number=pd.array([None if version is None else version[1]] * len(effort), dtype="Int64"),
        hours=pd.Series([told.get(code, []) for code in codes], dtype=object, index=effort.index),
    )
    return found[list(DAY_SUMS)]


def effort_of_days(days: pd.DataFrame) -> pd.DataFrame:
    """Add up DAY_SUMS by grid, to what ``effort_of_grids``, ``recency`` and the maps read.

    Returns
    -------
    DataFrame
        As ``patrol_effort``, but ``workers`` is the most of one day (who came on another day as well is not known once
        fixes are gone), and beside it ``worker_days`` and ``days`` (with any visit).
    """
    columns = ["grid_code", *COUNTS, *MEASURES, *MOMENTS, "worker_days", "days"]
    groups = days.assign(worker_days=days["workers"], days=1).groupby("grid_code", sort=True, dropna=False)
    how = dict.fromkeys((*COUNTS, *MEASURES, "worker_days", "days"), "sum")
    how |= {"workers": "max", "first_at": "min", "last_at": "max", "last_dwell_at": "max"}
    return groups.agg(how).reset_index()[columns]


def hours_of_days(days: pd.DataFrame) -> pd.DataFrame:
    """Add up the hours of DAY_SUMS by grid, day of the week and hour, as ``effort_by_hour`` gives them.

    Returns
    -------
    DataFrame
        ``grid_code``, ``weekday``, ``hour``, ``visits``, ``worker_days``, ``minutes``, ``km``.
    """
    rows = [
        (code if isinstance(code, str) else None, day.weekday(), *hour)
        for code, day, hours in zip(days["grid_code"], days["day"], days["hours"], strict=True)
        for hour in hours
    ]
    names = ["grid_code", "weekday", "hour", "visits", "worker_days", "minutes", "km"]
    table = pd.DataFrame(rows, columns=names).astype({"grid_code": "str"})
    return table.groupby(names[:3], sort=True, dropna=False).sum().reset_index()


def no_days() -> pd.DataFrame:
    """Give DAY_SUMS of no day."""
    return days_frame([])


def days_frame(rows: Iterable[tuple[object, ...]]) -> pd.DataFrame:
    """Make DAY_SUMS of rows with the values of its columns, in their order."""
    table = pd.DataFrame(list(rows), columns=list(DAY_SUMS))
    types: dict[str, object] = {"grid_code": "str", "set_name": "str", "version_number": "Int64"}
    types |= dict.fromkeys(COUNTS, "int64") | dict.fromkeys(MEASURES, np.float64)
    for name in MOMENTS:
        table[name] = pd.to_datetime(table[name], utc=True).astype("datetime64[us, UTC]")
    return table.astype(types)  # type: ignore[arg-type]
