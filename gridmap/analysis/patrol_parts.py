"""Patrols of a window, put together of its days: what is dear to make is made once a day.

Each part is a day, or what of a day lies in the window. Its sums are those that are kept of a day once its fixes are
gone (``patrol_days``), so that a window has the same sums whether its fixes are there or not. What hangs on more than
one day is only known while they are: who came on several days (``present``), and the ground within reach of all ways
together (``ways_m``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.analysis.cleaning import VERDICTS, Cleaned, CleaningSummary
from gridmap.analysis.effort import effort_by_hour, effort_of_grids
from gridmap.analysis.patrol_days import (
    cleaned_day,
    effort_of_days,
    hours_of_days,
    near_day,
    no_days,
    pieces_of_day,
    sum_pieces,
)
from gridmap.analysis.patrol_figures import HOURS, PatrolWays
from gridmap.analysis.segments import Borders, Floats
from gridmap.analysis.swath import segments_of_fixes, simplified_m
from gridmap.analysis.tracks import Fixes
from gridmap.domain.patrols import PatrolRules, packaged_patrol_rules

_KEYS = ["grid_code", "weekday", "hour"]


@dataclass(frozen=True, slots=True)
class PatrolPart:
    """What the patrols of a day come to, or of a part of it.

    Attributes
    ----------
    sums : DataFrame
        DAY_SUMS.
    present : DataFrame
        ``grid_code``, ``weekday``, ``hour``, ``unit``: once each; units are numbers made of their names.
    cleaning : CleaningSummary
        Of the fixes of this time alone. Gaps over midnight are none.
    ways_m : float64 array of shape (n, 4)
        The ways as segments in the metric CRS that was asked for, simplified for ``reach_m``.
    """

    sums: pd.DataFrame
    present: pd.DataFrame
    cleaning: CleaningSummary
    ways_m: Floats


def patrol_part(
    fixes: gpd.GeoDataFrame,
    borders: Borders,
    day: date,
    start: datetime,
    end: datetime,
    *,
    zone: str,
    epsg: int,
    version: tuple[str, int] | None = None,
    streets: gpd.GeoDataFrame | None = None,
    rules: PatrolRules | None = None,
) -> PatrolPart:
    """Clean, split and sum the fixes of a day, or of a part of it; the parameters are those of ``sum_day``.

    Parameters
    ----------
    epsg : int
        Metric CRS of ``ways_m``.
    """
    rules = rules or packaged_patrol_rules()
    near = near_day(fixes, start, end, rules)
    cleaned, judged = cleaned_day(near, borders, streets, rules)
    pieces = pieces_of_day(cleaned, borders, start, end, rules)
    sums = sum_pieces(near, pieces, borders, (day, start, end), zone=zone, version=version, rules=rules)
    within = _within(cleaned.used, start, end, rules)
    simplify_m = simplified_m(rules.reach_m)
    return PatrolPart(
        sums=sums,
        present=_present(pieces, day, zone),
        cleaning=_told(judged, cleaned, start, end),
        ways_m=segments_of_fixes(within, epsg, simplify_m=simplify_m),
    )


def ways_of_parts(
    parts: Sequence[PatrolPart],
    codes: Sequence[str],
    *,
    thinned: pd.DataFrame | None = None,
    alone: bool = False,
) -> PatrolWays:
    """Put the parts of a window together, as ``patrol_ways`` gives them.

    Parameters
    ----------
    parts : sequence of PatrolPart
        All of one window, none of which overlap.
    codes : sequence of str
        Of the grids, in the order that is wanted.
    thinned : DataFrame, optional
        DAY_SUMS of days whose fixes are gone. With any, workers are missing wherever somebody was: who came on several
        days is not known.
    alone : bool
        Nothing is told of any other ground: the ways outside of these grids are 0, and nothing is said of cleaning.
    """
    wanted = pd.Index([str(code) for code in codes], dtype="str")
    sums = [part.sums for part in parts] + ([] if thinned is None else [thinned])
    days = pd.concat([some for some in sums if len(some)], ignore_index=True) if any(map(len, sums)) else no_days()
    if alone:
        days = days[days["grid_code"].isin(wanted)].reset_index(drop=True)
    effort = effort_of_grids(effort_of_days(days), wanted)
    present = pd.concat([part.present for part in parts], ignore_index=True) if parts else _present_none()
    present = present[present["grid_code"].isin(wanted)]
    inside = days[days["grid_code"].isin(wanted)]
    lost = thinned is not None and bool(len(thinned))
    by_hour = hours_of_days(inside).drop(columns="worker_days")
    of_day = by_hour.groupby(_KEYS[1:], sort=True)[["visits", "minutes", "km"]].sum().reset_index()
    effort["workers"] = _workers(effort, present, ["grid_code"], lost)
    by_hour["workers"] = _workers(by_hour, present, _KEYS, lost)
    of_day["workers"] = _workers(of_day, present, _KEYS[1:], lost)
    return PatrolWays(
        effort=effort,
        by_hour=by_hour[["grid_code", *HOURS]],
        of_day=of_day[list(HOURS)],
        workers=None if lost else int(present["unit"].nunique()),
        cleaning=None if alone else add_summaries([part.cleaning for part in parts]),
    )


def segments_of_parts(parts: Sequence[PatrolPart]) -> Floats:
    """Give the ways of parts as segments in their metric CRS."""
    return np.concatenate([part.ways_m for part in parts]) if parts else np.zeros((0, 4))


def add_summaries(parts: Sequence[CleaningSummary]) -> CleaningSummary:
    """Add what became of the fixes of parts; ``units`` is the most of one part."""
    verdicts = {v.value: sum(part.verdicts[v.value] for part in parts) for v in VERDICTS}
    return CleaningSummary(
        fixes=sum(part.fixes for part in parts),
        units=max((part.units for part in parts), default=0),
        verdicts=verdicts,
        late=sum(part.late for part in parts),
        stops=sum(part.stops for part in parts),
        stop_seconds=sum(part.stop_seconds for part in parts),
        gaps=sum(part.gaps for part in parts),
        gap_seconds=sum(part.gap_seconds for part in parts),
    )


def _workers(table: pd.DataFrame, present: pd.DataFrame, keys: list[str], lost: bool) -> pd.Series:
    """Count who was there; where that is not known for all days, it is missing, and nobody where nobody was."""
    if lost:
        return pd.Series(pd.array([0 if visits == 0 else pd.NA for visits in table["visits"]], dtype="Int64"))
    counts = present.drop_duplicates([*keys, "unit"]).groupby(keys, sort=False).size().rename("workers")
    joined = table[keys].merge(counts.reset_index(), how="left", on=keys)["workers"]
    return joined.fillna(0).astype("int64")


def _present(pieces: pd.DataFrame, day: date, zone: str) -> pd.DataFrame:
    """Give who was in which grid in which hour, each once."""
    if not len(pieces):
        return _present_none()
    # a unit of its own is a grid of its own to the sums by hour
    name = pieces["grid_code"].fillna("").astype("str") + "\n" + pieces["unit_id"]
    hours = effort_by_hour(pieces.assign(grid_code=name), zone)
    parted = hours["grid_code"].str.partition("\n")
    found = pd.DataFrame(
        {
            "grid_code": parted[0].where(parted[0] != "").astype("str"),
            "weekday": day.weekday(),
            "hour": hours["hour"],
            "unit": pd.util.hash_array(parted[2].to_numpy(dtype=object)),
        }
    )
    return found.dropna(subset="grid_code").reset_index(drop=True)


def _present_none() -> pd.DataFrame:
    types = {"grid_code": "str", "weekday": "int64", "hour": "int64", "unit": "uint64"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})


def _told(judged: gpd.GeoDataFrame, cleaned: Cleaned, start: datetime, end: datetime) -> CleaningSummary:
    """Say what became of the fixes of a time alone; stops and gaps belong to where they began."""
    mine = judged[(judged["fixed_at"] >= start) & (judged["fixed_at"] < end)]
    counts = mine["verdict"].value_counts()
    stood = judged.dropna(subset="stop").groupby("stop")["fixed_at"].agg(["min", "max"])
    lengths = (stood["max"].clip(upper=end) - stood["min"].clip(lower=start)).dt.total_seconds().clip(lower=0)
    gaps = cleaned.gaps[(cleaned.gaps["left_at"] >= start) & (cleaned.gaps["left_at"] < end)]
    return CleaningSummary(
        fixes=len(mine),
        units=int(mine["unit_id"].nunique()),
        verdicts={v.value: int(counts.get(v.value, 0)) for v in VERDICTS},
        late=cleaned.summary.late,
        stops=int(((stood["min"] >= start) & (stood["min"] < end)).sum()),
        stop_seconds=float(lengths.sum()),
        gaps=len(gaps),
        gap_seconds=float(gaps["seconds"].sum()),
    )


def _within(used: Fixes, start: datetime, end: datetime, rules: PatrolRules) -> Fixes:
    """Give the fixes of a time, and where units were at both of its ends, between two fixes of a way."""
    kept = used.sorted()
    parts = [kept]
    gap_us = int(rules.cleaning.gap_s * 1e6)
    for moment in (round(start.timestamp() * 1e6), round(end.timestamp() * 1e6)):
        step = kept.at[1:] - kept.at[:-1]
        crossing = (kept.unit[1:] == kept.unit[:-1]) & (kept.at[:-1] < moment) & (moment < kept.at[1:])
        first = np.flatnonzero(crossing & (step <= gap_us))
        share = (moment - kept.at[first]) / step[first]
        x = kept.x[first] + share * (kept.x[first + 1] - kept.x[first])
        y = kept.y[first] + share * (kept.y[first + 1] - kept.y[first])
        at = np.full(len(first), moment, dtype=np.int64)
        parts.append(Fixes(kept.unit[first], kept.units, at, x, y))
    unit, at, x, y = (np.concatenate([getattr(p, name) for p in parts]) for name in ("unit", "at", "x", "y"))
    inside = (at >= round(start.timestamp() * 1e6)) & (at <= round(end.timestamp() * 1e6))
    return Fixes(unit[inside], kept.units, at[inside], x[inside], y[inside])
