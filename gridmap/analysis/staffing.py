"""Staffing of many grids: who is short of people, who has more than needed, and the load of each worker."""

import math
from typing import Any

import pandas as pd

from gridmap.analysis import frames
from gridmap.domain.staffing import Staffed, StaffRules, StaffStatus, staffed
from gridmap.errors import ColumnError


def staffing(
    grids: pd.DataFrame,
    present: pd.DataFrame,
    *,
    stations: pd.DataFrame | None = None,
    rules: StaffRules = StaffRules(),  # noqa: B008  (frozen)
) -> pd.DataFrame:
    """Tell of every grid how many people it needs and has.

    Parameters
    ----------
    grids : DataFrame
        ``code``; ``name``, ``households`` and ``floating_residents`` where known.
    present : DataFrame
        ``grid_code``, ``heads``, ``workers``, one row a grid that has somebody.
    stations : DataFrame, optional
        ``grid_code``, one row a station for floating residents that is open.
    rules : StaffRules

    Returns
    -------
    DataFrame
        frames.STAFFING, one row a grid in their order. ``attrs["summary"]``: ``grids``, the number of each status,
        ``heads``, ``workers``, ``workers_needed``, ``heads_short``, ``workers_short``, ``workers_spare``,
        ``stations_short``, ``elsewhere`` (people of grids that are not here).

    Raises
    ------
    ColumnError
        ``column_missing``, ``code_duplicate``.
    """
    for name, frame, columns in (
        ("grids", grids, ("code",)),
        ("staff", present, ("grid_code", "heads", "workers")),
        ("stations", stations, ("grid_code",)),
    ):
        missing = [] if frame is None else [c for c in columns if c not in frame.columns]
        if missing:
            raise ColumnError("column_missing", contract=name, columns=", ".join(missing))
    codes = grids["code"].astype(str)
    if codes.duplicated().any() or present["grid_code"].duplicated().any():
        raise ColumnError(
            "code_duplicate", count=int(codes.duplicated().sum() or present["grid_code"].duplicated().sum())
        )
    on_duty = zip(present["grid_code"], present["heads"], present["workers"], strict=True)
    people = {str(code): (int(heads), int(workers)) for code, heads, workers in on_duty}
    posts = {} if stations is None else stations["grid_code"].dropna().astype(str).value_counts().to_dict()
    known = list(zip(codes, _whole(grids, "households"), _whole(grids, "floating_residents"), strict=True))
    rows = [
        staffed(households, floating, *people.get(code, (0, 0)), posts.get(code, 0), rules)
        for code, households, floating in known
    ]
    frame = pd.DataFrame(
        {
            "code": codes.to_numpy(),
            "name": (grids["name"].fillna("") if "name" in grids else pd.Series("", index=grids.index)).to_numpy(),
            "households": pd.array([households for _, households, _ in known], dtype="Int64"),
            "floating_residents": pd.array([floating for _, _, floating in known], dtype="Int64"),
            **{name: [getattr(row, name) for row in rows] for name in ("heads", "workers", "heads_short")},
            **{name: _integers(rows, name) for name in ("workers_needed", "workers_short", "workers_spare")},
            "load": pd.array([math.nan if row.load is None else row.load for row in rows], dtype="float64"),
            "station_needed": pd.array([row.station_needed for row in rows], dtype="boolean"),
            "station_short": [row.station_short for row in rows],
            "status": [row.status.value for row in rows],
        }
    )
    frames.require_columns(frame, frames.STAFFING)
    here = set(codes)
    frame.attrs["summary"] = {
        "grids": len(frame),
        **{status.value: sum(row.status is status for row in rows) for status in StaffStatus},
        **{name: sum(getattr(row, name) or 0 for row in rows) for name in _SUMS},
        "stations_short": sum(row.station_short for row in rows),
        "elsewhere": sum(sum(numbers) for code, numbers in people.items() if code not in here),
    }
    return frame


_SUMS = ("heads", "workers", "workers_needed", "heads_short", "workers_short", "workers_spare")


def _integers(rows: list[Staffed], name: str) -> Any:
    return pd.array([getattr(row, name) for row in rows], dtype="Int64")


def _whole(frame: pd.DataFrame, name: str) -> list[int | None]:
    if name not in frame.columns:
        return [None] * len(frame)
    return [None if pd.isna(value) else int(value) for value in frame[name].tolist()]
