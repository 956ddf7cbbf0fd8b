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

from gridmap.analysis.cleaning import Cleaned, clean_fixes
from gridmap.analysis.effort import effort_by_hour, patrol_effort
from gridmap.analysis.segments import Borders
from gridmap.analysis.tracks import Edition, split_fixes
from gridmap.domain.patrols import PatrolRules, packaged_patrol_rules

#: Columns of DAY_SUMS: what the patrols of a day amount to in a grid. Beside them ``set_name`` and ``version_number``
#: (the borders of the day), ``hours``: lists of hour on the wall, visits, workers, minutes, km; ``fixes`` and
#: ``last_fix_at``: how many fixes the grid owned, used or not, and the last of them (missing: not counted then).
COUNTS = ("visits", "dwells", "passes", "workers")
MEASURES = ("minutes", "dwell_minutes", "km")
MOMENTS = ("first_at", "last_at", "last_dwell_at")
DAY_SUMS = (
    "day", "grid_code", "set_name", "version_number", *COUNTS, *MEASURES, *MOMENTS, "hours", "fixes", "last_fix_at",
)  # fmt: skip
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
    streets: gpd.GeoDataFrame | None = None,
    rules: PatrolRules | None = None,
) -> pd.DataFrame:
    """Sum the patrols of a day by grid.

    Parameters
    ----------
    fixes : GeoDataFrame
        frames.FIXES from ``start - padding`` to ``end + padding``; what lies beyond is left out, so that the sums do
        not hang on how much was given. ``grid_code`` says who owned each; without it the borders do.
    borders : Borders
        Of the grids of that day, in WGS 84.
    day : date
    start, end : datetime
        Its first moment, and that of the next day.
    zone : str
        Whose walls the hours hang on.
    version : (str, int), optional
        Set and number of the version whose borders they are.
    streets : GeoDataFrame, optional
        Lines; a unit that sends GCJ-02 for WGS 84 is told by them.

    Returns
    -------
    DataFrame
        DAY_SUMS: one row a grid that was entered or owned a fix, by code, the ground outside last.
    """
    rules = rules or packaged_patrol_rules()
    near = near_day(fixes, start, end, rules)
    cleaned, _ = cleaned_day(near, borders, streets, rules)
    pieces = pieces_of_day(cleaned, borders, start, end, rules)
    return sum_pieces(near, pieces, borders, (day, start, end), zone=zone, version=version, rules=rules)


def near_day(fixes: gpd.GeoDataFrame, start: datetime, end: datetime, rules: PatrolRules) -> gpd.GeoDataFrame:
    """Give the fixes of a day and those that ways over its midnights need."""
    pad = padding(rules)
    return fixes[(fixes["fixed_at"] >= start - pad) & (fixes["fixed_at"] < end + pad)]


def cleaned_day(
    near: gpd.GeoDataFrame, borders: Borders, streets: gpd.GeoDataFrame | None, rules: PatrolRules
) -> tuple[Cleaned, gpd.GeoDataFrame]:
    """Clean the fixes of a day; give the rows with their verdicts, too."""
    reference = streets if streets is not None and len(streets) else None
    judged = clean_fixes(near, rules.cleaning, ground=borders.locator, reference=reference)
    found: Cleaned = judged.attrs["cleaned"]
    return found, judged


def pieces_of_day(
    cleaned: Cleaned, borders: Borders, start: datetime, end: datetime, rules: PatrolRules
) -> pd.DataFrame:
    """Split the ways of a day at the borders, and at both of its ends."""
    # the same borders anew: ways are cut at both ends of the day
    editions = [Edition(moment, borders) for moment in (_LONG_AGO, start, end)]
    pieces = split_fixes(cleaned.used, editions, max_gap_s=rules.cleaning.gap_s, max_speed_m_s=rules.cleaning.speed_m_s)
    return pieces[(pieces["entered_at"] >= start) & (pieces["left_at"] <= end)].reset_index(drop=True)


def sum_pieces(
    near: gpd.GeoDataFrame,
    pieces: pd.DataFrame,
    borders: Borders,
    when: tuple[date, datetime, datetime],
    *,
    zone: str,
    version: tuple[str, int] | None,
    rules: PatrolRules,
) -> pd.DataFrame:
    """Give DAY_SUMS of the pieces of a day and of the fixes that grids owned."""
    day, start, end = when
    hours = effort_by_hour(pieces, zone)
    # where clocks are put back an hour holds both; a piece that is all midnight would belong to the next weekday
    sums = ["visits", "workers", "minutes", "km"]
    by_hour = hours.groupby(["grid_code", "hour"], dropna=False, sort=True)[sums].sum()
    told: dict[str | None, list[list[float]]] = {}
    columns = (by_hour[name].tolist() for name in sums)
    for (code, hour), *values in zip(by_hour.index.tolist(), *columns, strict=True):
        told.setdefault(code if isinstance(code, str) else None, []).append([int(hour), *values])
    owned = _owned(near[(near["fixed_at"] >= start) & (near["fixed_at"] < end)], borders)
    found = patrol_effort(pieces, rules=rules).merge(owned, how="outer", on="grid_code")
    # where a lone fix is all there is, nobody is known to have gone anywhere
    found = found.sort_values("grid_code", na_position="last", ignore_index=True)
    for name in (*COUNTS, *MEASURES):
        found[name] = found[name].fillna(0)
    for name, other in (("first_at", "first_fix_at"), ("last_at", "last_fix_at")):
        found[name] = found[name].fillna(found[other])
    found["fixes"] = found["fixes"].fillna(0)
    codes = [code if isinstance(code, str) else None for code in found["grid_code"]]
    found = found.assign(
        day=pd.Series([day] * len(found), dtype=object, index=found.index),
        set_name=None if version is None else version[0],
        version_number=None if version is None else version[1],
        hours=pd.Series([told.get(code, []) for code in codes], dtype=object, index=found.index),
    )
    return _typed(found[list(DAY_SUMS)])


def _owned(fixes: gpd.GeoDataFrame, borders: Borders) -> pd.DataFrame:
    """Count the fixes of each grid."""
    if "grid_code" in fixes:
        codes = fixes["grid_code"].astype("str")
    else:
        owner = borders.locator.owners(fixes.geometry.x.to_numpy(), fixes.geometry.y.to_numpy())
        codes = pd.Series(np.array([*borders.locator.codes, None], dtype=object)[owner], dtype="str")
    table = pd.DataFrame({"grid_code": codes.array, "at": fixes["fixed_at"].array}).dropna(subset="grid_code")
    groups = table.groupby("grid_code")["at"]
    return groups.agg(fixes="size", first_fix_at="min", last_fix_at="max").reset_index()


def effort_of_days(days: pd.DataFrame) -> pd.DataFrame:
    """Add up DAY_SUMS by grid, to what ``effort_of_grids``, ``recency`` and the maps read.

    Returns
    -------
    DataFrame
        As ``patrol_effort``, but ``workers`` is the most of one day (who came on another day as well is not known once
        fixes are gone), and beside it ``worker_days`` and ``days`` (with any visit).
    """
    columns = ["grid_code", *COUNTS, *MEASURES, *MOMENTS, "worker_days", "days"]
    entered = days["visits"].gt(0).astype("int64")
    groups = days.assign(worker_days=days["workers"], days=entered).groupby("grid_code", sort=True, dropna=False)
    how = dict.fromkeys((*COUNTS, *MEASURES, "worker_days", "days"), "sum")
    how |= {"workers": "max", "first_at": "min", "last_at": "max", "last_dwell_at": "max"}
    return groups.agg(how).reset_index()[columns]


def fixes_of_days(days: pd.DataFrame) -> pd.DataFrame:
    """Add up the fixes of DAY_SUMS by grid, as ``counts_by_grid`` of single fixes has them.

    Returns
    -------
    DataFrame
        ``grid_code``, ``fixes``, ``units`` (the most of one day), ``last_fix_at``, by code; without the ground outside.
        A day whose fixes were not counted when it was thinned brings one fix a visit.
    """
    mine = days[days["grid_code"].notna()]
    table = pd.DataFrame(
        {
            "grid_code": mine["grid_code"],
            "fixes": mine["fixes"].fillna(mine["visits"]).astype("int64"),
            "units": mine["workers"],
            "last_fix_at": mine["last_fix_at"].fillna(mine["last_at"]),
        }
    )
    table.loc[table["fixes"] > 0, "units"] = table["units"].clip(lower=1)
    counts = table.groupby("grid_code", sort=True).agg({"fixes": "sum", "units": "max", "last_fix_at": "max"})
    return counts[counts["fixes"] > 0].reset_index()


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
    return _typed(pd.DataFrame(list(rows), columns=list(DAY_SUMS)))


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    types: dict[str, object] = {"grid_code": "str", "set_name": "str", "version_number": "Int64", "fixes": "Int64"}
    types |= dict.fromkeys(COUNTS, "int64") | dict.fromkeys(MEASURES, np.float64)
    moments = {
        name: pd.to_datetime(table[name], utc=True).astype("datetime64[us, UTC]") for name in (*MOMENTS, "last_fix_at")
    }
    return table.assign(**moments).astype(types)  # type: ignore[arg-type]
