"""Cases made of the demonstration's incidents: with limits and working time of the packaged tables.

They are frames for notebooks. The record of a case, and who may do what, is that of the service.
"""

from datetime import datetime

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis import frames
from gridmap.analysis.deadlines import deadlines
from gridmap.domain.calendars import packaged_calendar
from gridmap.domain.cases import CaseStatus
from gridmap.domain.deadlines import Unit
from gridmap.domain.limits import packaged_limits

Times = npt.NDArray[np.datetime64]
Texts = npt.NDArray[np.object_]
_NEVER = np.datetime64("NaT", "us")
_MINUTE = np.timedelta64(1, "m")
#: Of so many cases each: the report is rejected; whoever was sent returns it; what was handled does not hold; two
#: channels reported one thing; a time-out was appealed; nobody gets round to it for days.
_REJECTED, _RETURNED, _REWORKED, _MERGED, _APPEALED, _LOST = 0.05, 0.06, 0.07, 0.02, 0.004, 0.025
#: Categories that a department handles; the grid all others.
_DEPARTMENTS = {"E2": "dept:生态环境局", "E5": "dept:公安分局", "E6": "dept:信访局", "E9": "dept:市场监管局"}


def make_cases(incidents: gpd.GeoDataFrame, *, at: datetime, seed: int = 6) -> gpd.GeoDataFrame:
    """Let incidents go round the loop.

    Parameters
    ----------
    incidents : GeoDataFrame
        frames.INCIDENTS with ``channel`` and ``grid_code``, as ``join_points`` gives it.
    at : datetime
        When the frame is taken: what would happen later has not happened.
    seed : int

    Returns
    -------
    GeoDataFrame
        frames.CASES of those that were reported before ``at``, in their order. The same for the same arguments.
    """
    taken = np.datetime64(pd.Timestamp(at).tz_convert("UTC").tz_localize(None), "us")
    held = incidents[pd.DatetimeIndex(incidents["occurred_at"]) <= pd.Timestamp(at)].reset_index(drop=True)
    rng, count = np.random.default_rng(seed), len(held)
    reported = _utc(held["occurred_at"])
    category = held["category"].to_numpy(dtype=object)
    emergency = np.array([str(c).startswith("E4") for c in category]) & (rng.uniform(size=count) < 0.5)
    filed = reported + rng.integers(2, 25, count) * _MINUTE
    sent = filed + rng.integers(1, 20, count) * _MINUTE
    amounts, units = _limits(category, emergency)
    due = deadlines(filed, amounts, units, packaged_calendar())
    returns = np.where(rng.uniform(size=count) < _RETURNED, 1, 0)
    reworks = np.where(rng.uniform(size=count) < _REWORKED, rng.integers(1, 4, count), 0)
    # most are handled within their limit; a return or rework takes its time
    pace = rng.gamma(2.2, 0.3, count) * (1 + 0.4 * returns + 0.5 * reworks)
    allowed = (due - sent) / _MINUTE
    handled = sent + (np.maximum(allowed, 20) * pace).astype(np.int64) * _MINUTE
    lost = rng.uniform(size=count) < _LOST
    handled[lost] += rng.integers(3 * 1440, 15 * 1440, int(lost.sum())) * _MINUTE
    closed = handled + rng.integers(3, 60, count) * _MINUTE
    merged, rejected = (rng.uniform(size=count) < share for share in (_MERGED, _REJECTED))
    suspended = (rng.uniform(size=count) < 0.01) & (sent <= taken) & (handled > taken)
    stages = ((closed, CaseStatus.CLOSED), (handled, CaseStatus.HANDLED), (sent, CaseStatus.DISPATCHED))
    status = np.select(
        [merged, rejected & (filed <= taken), suspended, *(time <= taken for time, _ in stages), filed <= taken],
        [CaseStatus.MERGED, CaseStatus.REJECTED, CaseStatus.SUSPENDED, *(s for _, s in stages), CaseStatus.FILED],
        CaseStatus.REPORTED,
    )
    gone = merged | (status == CaseStatus.REJECTED)

    def until(times: Times) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(np.where(gone | (times > taken), _NEVER, times)).tz_localize("UTC")

    started = ~gone & (filed <= taken)
    unit = _units(category, held["grid_code"])
    unit[gone | (sent > taken)] = None
    table = {
        "case_id": held["incident_id"],
        "reported_at": pd.DatetimeIndex(reported).tz_localize("UTC"),
        "category": category,
        "channel": held["channel"],
        "kind": "report",
        "emergency": emergency,
        "status": [str(s) for s in status],
        "grid_code": held["grid_code"],
        "unit": unit,
        "filed_at": until(filed),
        "dispatched_at": until(sent),
        "handled_at": until(handled),
        "closed_at": until(closed),
        "due_at": pd.DatetimeIndex(np.where(started & ~suspended, due, _NEVER)).tz_localize("UTC"),
        "returns": np.where(gone | (handled > taken), 0, returns),
        "reworks": np.where(gone | (handled > taken), 0, reworks),
        "deferred": suspended & ~gone,
        "appealed": (rng.uniform(size=count) < _APPEALED) & (status == CaseStatus.CLOSED) & (handled > due),
        "merged_into": "",
        "component": "",
    }
    return gpd.GeoDataFrame(table, geometry=held.geometry.array, crs=frames.WGS84)


def _utc(times: pd.Series) -> Times:
    return pd.DatetimeIndex(times).tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[us]")


def _limits(category: Texts, emergency: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float64], list[Unit]]:
    table = packaged_limits()
    code, known = pd.factorize(pd.Series(category) + np.where(emergency, "!", ""))
    found = [table.of(str(name).rstrip("!"), emergency=str(name).endswith("!")) for name in known]
    amounts = np.array([float(limit.amount) for limit in found])
    return amounts[code], [found[c].unit for c in code]


def unit_of(category: str, grid: object) -> str | None:
    """Give whom a case is sent to: the department of its category, else the grid; None where there is neither."""
    return _DEPARTMENTS.get(category.partition("-")[0]) or (f"grid:{grid}" if isinstance(grid, str) else None)


def _units(category: Texts, grid: pd.Series) -> Texts:
    return np.array([unit_of(str(c), g) for c, g in zip(category, grid, strict=True)], dtype=object)
