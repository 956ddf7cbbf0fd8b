"""All that patrols tell of grids in a window, in one table: effort, recency, what is seen, and what was found.

``patrol_ways`` and ``patrol_swath`` clean, split and measure the fixes, which takes long and hangs on no incident;
``patrol_figures`` sets norms and incidents against that. So who asks for another category, or for one more table of the
same window, needs the last alone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.cleaning import Cleaned, CleaningSummary, clean_fixes
from gridmap.analysis.effort import effort_by_hour, effort_of_grids, patrol_effort, recency
from gridmap.analysis.incident_rates import incident_rates
from gridmap.analysis.locator import Locator
from gridmap.analysis.segments import Borders
from gridmap.analysis.swath import swath_coverage
from gridmap.analysis.tracks import split_fixes
from gridmap.domain.patrols import PatrolRules, packaged_patrol_rules

#: Of ``effort_by_hour``, without the grid.
HOURS = ("weekday", "hour", "visits", "workers", "minutes", "km")
_RATES = tuple(f"{name}{end}" for name in ("per_hour", "per_visit") for end in ("", "_low", "_high"))


@dataclass(frozen=True, slots=True)
class PatrolWays:
    """What the fixes of a window come to; no row of it is about one worker.

    Attributes
    ----------
    effort : DataFrame
        Of ``effort_of_grids``: one row a grid, in the order of the grids; ``attrs["elsewhere"]``.
    by_hour : DataFrame
        Of ``effort_by_hour``, of these grids.
    of_day : DataFrame
        ``HOURS`` of all these grids together: minutes, kilometres and visits are their sums, workers distinct.
    workers : int or None
        Distinct ones in these grids; None: not known, for fixes of some days are gone.
    cleaning : CleaningSummary or None
        None: of whoever may not know of all fixes.
    """

    effort: pd.DataFrame
    by_hour: pd.DataFrame
    of_day: pd.DataFrame
    workers: int | None
    cleaning: CleaningSummary | None


def patrol_ways(
    grids: gpd.GeoDataFrame,
    fixes: gpd.GeoDataFrame,
    *,
    now: datetime | None = None,
    streets: gpd.GeoDataFrame | None = None,
    zone: str | ZoneInfo = "Asia/Shanghai",
    rules: PatrolRules | None = None,
) -> PatrolWays:
    """Clean fixes, split their ways at the borders, and sum them by grid.

    Parameters
    ----------
    grids : GeoDataFrame
        frames.GRIDS in WGS 84, those that answer for points.
    fixes : GeoDataFrame
        frames.FIXES in any order; ``received_at`` where it is known.
    now : datetime, optional
        The present, aware: what is later comes from a wrong clock.
    streets : GeoDataFrame, optional
        Lines; a unit that sends GCJ-02 for WGS 84 is told by them.
    zone : str or ZoneInfo
        Whose clocks tell the day of the week and the hour.
    rules : PatrolRules, optional
        Those of the package without it.

    Raises
    ------
    ColumnError, CrsError, GeometryError, InvalidInput
        As ``clean_fixes``.
    """
    rules = rules or packaged_patrol_rules()
    locator = Locator.from_frame(grids)
    cleaned = _cleaned(locator, fixes, now, streets, rules)
    pieces = split_fixes(
        cleaned.used, Borders(locator), max_gap_s=rules.cleaning.gap_s, max_speed_m_s=rules.cleaning.speed_m_s
    )
    inside = pieces[pieces["grid_code"].notna()]
    by_hour = effort_by_hour(inside, zone)
    return PatrolWays(
        effort=effort_of_grids(patrol_effort(pieces, rules=rules), grids["code"]),
        by_hour=by_hour,
        of_day=_of_day(inside, by_hour, zone),
        workers=int(inside["unit_id"].nunique()),
        cleaning=cleaned.summary,
    )


def patrol_swath(
    grids: gpd.GeoDataFrame,
    fixes: gpd.GeoDataFrame,
    *,
    now: datetime | None = None,
    streets: gpd.GeoDataFrame | None = None,
    rules: PatrolRules | None = None,
) -> pd.DataFrame:
    """Measure what share of each grid, and of its streets, lies within reach of the ways; as ``swath_coverage``.

    Parameters are those of ``patrol_ways``. It takes several times as long, so whoever needs no share leaves it.
    """
    rules = rules or packaged_patrol_rules()
    cleaned = _cleaned(Locator.from_frame(grids), fixes, now, streets, rules)
    return swath_coverage(grids, cleaned.used, streets=_lines(streets), rules=rules)


def _cleaned(
    ground: Locator,
    fixes: gpd.GeoDataFrame,
    now: datetime | None,
    streets: gpd.GeoDataFrame | None,
    rules: PatrolRules,
) -> Cleaned:
    judged = clean_fixes(fixes, rules.cleaning, now=now, ground=ground, reference=_lines(streets))
    found: Cleaned = judged.attrs["cleaned"]
    return found


def _lines(streets: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    return streets if streets is not None and len(streets) else None


def _of_day(inside: pd.DataFrame, by_hour: pd.DataFrame, zone: str | ZoneInfo) -> pd.DataFrame:
    """Sum hours over all grids; who was in two of them is one worker."""
    keys = ["weekday", "hour"]
    sums = by_hour.groupby(keys, sort=True)[["visits", "minutes", "km"]].sum().reset_index()
    together = effort_by_hour(inside.assign(grid_code=pd.array([""] * len(inside), dtype="str")), zone)
    return sums.merge(together[[*keys, "workers"]], how="left", on=keys)[list(HOURS)]


def hours_of(ways: PatrolWays, code: str | None = None) -> pd.DataFrame:
    """Give ``weekday``, ``hour``, ``visits``, ``workers``, ``hours``, ``km`` of one grid, or of all together."""
    found = ways.of_day if code is None else ways.by_hour[ways.by_hour["grid_code"] == code]
    return pd.DataFrame(found[list(HOURS)]).rename(columns={"minutes": "hours"}).assign(hours=found["minutes"] / 60.0)


def patrol_figures(
    grids: gpd.GeoDataFrame,
    ways: PatrolWays,
    incidents: pd.DataFrame,
    *,
    at: datetime,
    swath: pd.DataFrame | None = None,
    rules: PatrolRules | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Set what patrols did against the norms of grids and against what happened there.

    Parameters
    ----------
    grids : GeoDataFrame
        Those of ``ways``; ``kind`` and ``households`` choose the norm.
    ways : PatrolWays
    incidents : DataFrame
        One row an incident of the same window: ``grid_code`` (missing: nobody's), ``channel``.
    at : datetime
        End of the window, aware: from it days are counted back.
    swath : DataFrame, optional
        Of ``patrol_swath``; without it shares are NaN.
    rules : PatrolRules, optional
        Those of the package without it.
    confidence : float
        Of the intervals of rates.

    Returns
    -------
    DataFrame
        frames.PATROLLED, one row a grid. A grid where nobody stayed in the window is ``never``: how long before the
        window somebody was there is not known here. ``attrs["summary"]``: ``grids``, sums, shares of all ground and all
        streets, rates of all together, a count of each word of ``Sight`` and of ``RecencyStatus``, and ``outside``:
        minutes and kilometres outside of every grid.

    Raises
    ------
    ColumnError, InvalidInput
        As ``recency`` and ``incident_rates``.
    """
    effort = ways.effort
    rates = incident_rates(effort, incidents, confidence=confidence)
    since = recency(grids, effort, at=at, rules=rules)
    table = pd.DataFrame(
        {
            "code": since["code"].array,
            "name": (grids["name"].fillna("") if "name" in grids else pd.Series("", index=grids.index)).array,
            **{name: effort[name].array for name in ("visits", "dwells", "passes", "workers")},
            "hours": effort["minutes"].to_numpy() / 60.0,
            "dwell_hours": effort["dwell_minutes"].to_numpy() / 60.0,
            "km": effort["km"].array,
            "area_share": _share(swath, "share", len(grids)),
            "street_share": _share(swath, "street_share", len(grids)),
            **{name: since[name].array for name in ("last_at", "days", "norm", "norm_days", "times", "status")},
            **{name: rates[name].array for name in ("sight", "incidents", "patrol_found", "citizen_found", *_RATES)},
        }
    )
    told: dict[str, Any] = dict(rates.attrs["summary"])
    swept: dict[str, float] = {} if swath is None else swath.attrs["summary"]
    table.attrs["summary"] = {
        "grids": len(table),
        **told,
        "dwells": int(table["dwells"].sum()),
        "workers": ways.workers,
        "km": float(table["km"].sum()),
        "area_share": swept.get("share", float("nan")),
        "street_share": swept.get("street_share", float("nan")),
        **since.attrs["summary"],
        "outside": effort.attrs["elsewhere"],
    }
    return table


def _share(swath: pd.DataFrame | None, name: str, count: int) -> npt.NDArray[np.float64]:
    found = None if swath is None else swath.get(name)
    return np.full(count, np.nan) if found is None else found.to_numpy(dtype=np.float64)
