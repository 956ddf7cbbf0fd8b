"""Patrol effort and recency by grid: visits, workers, minutes and kilometres, and how long ago somebody was there.

All sums are over the pieces of ``split_tracks``, so those of all grids and of the ground outside make up the whole.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from gridmap.analysis import frames
from gridmap.analysis.segments import Floats, Ints
from gridmap.analysis.tracks import track_visits
from gridmap.domain.patrols import PatrolRules, RecencyStatus, norm_of, packaged_patrol_rules
from gridmap.errors import ColumnError, InvalidInput

#: Columns that add up over parts without a worker in common.
_SUMS = ("visits", "dwells", "passes", "workers", "minutes", "dwell_minutes", "km")
_QUARTER = timedelta(minutes=15)


def patrol_effort(pieces: pd.DataFrame, *, rules: PatrolRules | None = None) -> pd.DataFrame:
    """Sum ways by grid.

    Parameters
    ----------
    pieces : DataFrame
        Of ``split_tracks``, best of fixes that were cleaned.
    rules : PatrolRules, optional
        Says from which length on a visit is a dwell; those of the package without it.

    Returns
    -------
    DataFrame
        One row a grid that was entered, by code, the ground outside last: ``grid_code`` (missing: outside), ``visits``
        (``dwells`` and ``passes`` together), ``dwells`` (of at least ``dwell_s``), ``passes`` (shorter), ``workers``
        (distinct), ``minutes``, ``dwell_minutes``, ``km``, ``first_at``, ``last_at``, ``last_dwell_at`` (missing: only
        passed through).
    """
    rules = rules or packaged_patrol_rules()
    stays = track_visits(pieces)
    long = stays["seconds"] >= rules.dwell_s
    stays = stays.assign(
        dwells=long.astype("int64"),
        passes=(~long).astype("int64"),
        minutes=stays["seconds"] / 60.0,
        dwell_minutes=np.where(long, stays["seconds"] / 60.0, 0.0),
        km=stays["length_m"] / 1000.0,
        last_dwell_at=stays["left_at"].where(long),
    )
    groups = stays.groupby("grid_code", sort=True, dropna=False)
    return groups.agg(
        visits=("unit_id", "size"),
        dwells=("dwells", "sum"),
        passes=("passes", "sum"),
        workers=("unit_id", "nunique"),
        minutes=("minutes", "sum"),
        dwell_minutes=("dwell_minutes", "sum"),
        km=("km", "sum"),
        first_at=("entered_at", "min"),
        last_at=("left_at", "max"),
        last_dwell_at=("last_dwell_at", "max"),
    ).reset_index()


def add_effort(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Add tables of ``patrol_effort`` over parts that have no worker in common."""
    how: dict[str, Any] = dict.fromkeys(_SUMS, "sum")
    groups = pd.concat(list(parts), ignore_index=True).groupby("grid_code", sort=True, dropna=False)
    return groups.agg({**how, "first_at": "min", "last_at": "max", "last_dwell_at": "max"}).reset_index()


def effort_of_grids(effort: pd.DataFrame, codes: Iterable[str]) -> pd.DataFrame:
    """Give the table of ``patrol_effort`` with one row for each code, in their order; nobody was there: zeros.

    The ground outside and codes that are not asked for are left out; ``attrs["elsewhere"]`` sums them.

    Raises
    ------
    ColumnError
        ``code_duplicate``.
    """
    wanted = pd.Index([str(c) for c in codes], dtype="str", name="grid_code")
    if not wanted.is_unique:
        raise ColumnError("code_duplicate", count=int(wanted.duplicated().sum()))
    keyed = effort.set_index("grid_code")
    found = keyed.reindex(wanted)
    for name in _SUMS:
        found[name] = found[name].fillna(0).astype(keyed[name].dtype)
    elsewhere = effort[~effort["grid_code"].isin(wanted)]
    found = found.reset_index()
    found.attrs = {"elsewhere": {name: float(elsewhere[name].sum()) for name in ("minutes", "km")}}
    return found


def effort_by_hour(pieces: pd.DataFrame, zone: str | ZoneInfo) -> pd.DataFrame:
    """Sum ways by grid, day of the week and hour of the day, as clocks on the wall show them.

    Parameters
    ----------
    pieces : DataFrame
        Of ``split_tracks``.
    zone : str or ZoneInfo
        Such as Asia/Shanghai. Where clocks are put back an hour comes twice and holds both; the hour that is left out
        when they are put on holds nothing.

    Returns
    -------
    DataFrame
        By grid (missing: outside, last), ``weekday`` (0: Monday) and ``hour`` (0 to 23): ``visits`` that began then,
        ``workers``, ``minutes``, ``km``. Minutes and kilometres make up the whole.
    """
    edges, weekday, hour = _hours(pieces, ZoneInfo(str(zone)))
    columns: dict[str, Any] = {"grid_code": [], "unit_id": []}
    entered, left = (pieces[c].astype("int64").to_numpy() for c in ("entered_at", "left_at"))
    lowest = np.searchsorted(edges, entered, side="right") - 1
    highest = np.maximum(np.searchsorted(edges, left, side="left") - 1, lowest)
    count = highest - lowest + 1
    row = np.repeat(np.arange(len(pieces)), count)
    at = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + lowest[row]
    begin = np.maximum(edges[at], entered[row])
    end = np.minimum(np.append(edges[1:], np.iinfo(np.int64).max)[at], left[row])
    micros = (left - entered)[row]
    share = np.divide(end - begin, micros, out=np.ones(len(row)), where=micros > 0)
    columns = {name: pieces[name].array[row] for name in ("grid_code", "unit_id")}
    parts = pd.DataFrame(
        {
            **columns,
            "weekday": weekday[at],
            "hour": hour[at],
            "minutes": (end - begin) / 60e6,
            "km": pieces["length_m"].to_numpy()[row] * share / 1000.0,
        }
    )
    keys = ["grid_code", "weekday", "hour"]
    sums = parts.groupby(keys, sort=True, dropna=False).agg(
        workers=("unit_id", "nunique"), minutes=("minutes", "sum"), km=("km", "sum")
    )
    stays = track_visits(pieces)
    began = np.searchsorted(edges, stays["entered_at"].astype("int64").to_numpy(), side="right") - 1
    stays = stays.assign(weekday=weekday[began], hour=hour[began])
    visits = stays.groupby(keys, sort=True, dropna=False).size().rename("visits")
    joined = sums.reset_index().merge(visits.reset_index(), how="left", on=keys)
    joined["visits"] = joined["visits"].fillna(0).astype("int64")
    return joined[[*keys, "visits", "workers", "minutes", "km"]]


def _hours(pieces: pd.DataFrame, zone: ZoneInfo) -> tuple[Ints, Ints, Ints]:
    """Give the moments at which an hour on the wall begins, and which day of the week and hour it is.

    Clocks are put on or back at quarters of an hour, so it is enough to look at these.
    """
    if not len(pieces):
        return np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    quarter = _QUARTER // timedelta(microseconds=1)
    first = int(pieces["entered_at"].astype("int64").min()) // quarter * quarter
    last = int(pieces["left_at"].astype("int64").max())
    moments = np.arange(first, last + 1, quarter, dtype=np.int64)
    wall = pd.DatetimeIndex(moments.view("datetime64[us]")).tz_localize("UTC").tz_convert(zone)
    key = np.asarray(wall.day_of_week, dtype=np.int64) * 24 + np.asarray(wall.hour, dtype=np.int64)
    new = np.r_[True, key[1:] != key[:-1]]
    return moments[new], key[new] // 24, key[new] % 24


def recency(
    grids: pd.DataFrame, effort: pd.DataFrame, *, at: datetime, rules: PatrolRules | None = None
) -> pd.DataFrame:
    """Tell how long ago somebody stayed in each grid, against the norm of its class.

    Who only passed through on the way between two fixes has not looked: only dwells count.

    Parameters
    ----------
    grids : DataFrame
        frames.GRIDS; ``kind`` and ``households`` choose the norm where they are known.
    effort : DataFrame
        Of ``patrol_effort``, or any with ``grid_code`` and ``last_dwell_at``.
    at : datetime
        The moment from which is counted, aware; what came later does not count as a visit.
    rules : PatrolRules, optional
        Those of the package without it.

    Returns
    -------
    DataFrame
        One row a grid, in their order: ``code``, ``norm`` (id), ``norm_days``, ``last_at`` (missing: never), ``days``
        since (of 24 hours; missing: never), ``times`` (days by norm), ``status`` (a word of ``RecencyStatus``: exactly
        the norm is fresh). ``attrs["summary"]`` counts each status.

    Raises
    ------
    InvalidInput
        ``time_not_aware``.
    ColumnError
        ``column_missing``.
    """
    frames.require_columns(grids, frames.GRIDS)
    if at.tzinfo is None:
        raise InvalidInput("time_not_aware", columns="at")
    missing = [c for c in ("grid_code", "last_dwell_at") if c not in effort]
    if missing:
        raise ColumnError("column_missing", contract="effort", columns=", ".join(missing))
    norms = (rules or packaged_patrol_rules()).norms
    nothing = pd.Series([None] * len(grids), index=grids.index)
    kinds = grids.get("kind", nothing).astype(object)
    homes = pd.to_numeric(grids.get("households", nothing)).fillna(0)
    fits = [norm_of(norms, str(k) if isinstance(k, str) else "", int(h)) for k, h in zip(kinds, homes, strict=True)]
    codes = grids["code"].astype("str")
    known = effort[effort["grid_code"].notna() & (effort["last_dwell_at"] <= pd.Timestamp(at))]
    latest = known.groupby("grid_code")["last_dwell_at"].max().reindex(codes.array)
    last = pd.DatetimeIndex(pd.to_datetime(latest.array, utc=True))
    days = np.asarray((pd.Timestamp(at).tz_convert("UTC") - last).total_seconds()) / 86_400.0
    norm_days: Floats = np.array([n.days for n in fits], dtype=np.float64)
    status = np.select(
        [np.isnan(days), days > norm_days],
        [RecencyStatus.NEVER.value, RecencyStatus.OVERDUE.value],
        default=RecencyStatus.FRESH.value,
    )
    result = pd.DataFrame(
        {
            "code": codes.array,
            "norm": pd.array([n.id for n in fits], dtype="str"),
            "norm_days": norm_days,
            "last_at": last,
            "days": days,
            "times": days / norm_days,
            "status": pd.array(status, dtype="str"),
        }
    )
    result.attrs["summary"] = {s.value: int((status == s.value).sum()) for s in RecencyStatus}
    return result


def overdue_list(table: pd.DataFrame) -> pd.DataFrame:
    """Give those of ``recency`` that are due: never seen first, then the longest by their norm, then by code."""
    waiting = table[table["status"] != RecencyStatus.FRESH.value]
    order = waiting.assign(_never=waiting["status"] != RecencyStatus.NEVER.value, _times=-waiting["times"].fillna(0.0))
    return order.sort_values(["_never", "_times", "norm_days", "code"]).drop(columns=["_never", "_times"])
