"""How objects of an inspection plan stand on a day: visited, complete, due, overdue."""

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.runs import ends_of_runs, starts_of_runs
from gridmap.analysis.service_coverage import scales_at
from gridmap.analysis.tracks import GAP_S, micros_of
from gridmap.domain.inspections import InspectionPlan, InspectionStatus, due_on, status_on
from gridmap.errors import ColumnError


def inspections(
    objects: gpd.GeoDataFrame,
    checks: pd.DataFrame,
    plan: InspectionPlan,
    day: date,
    *,
    fixes: gpd.GeoDataFrame | None = None,
    time_zone: str = "Asia/Shanghai",
    gap_s: float = GAP_S,
) -> pd.DataFrame:
    """Tell of every object when somebody was there, whether the check was complete, and when it is due.

    Parameters
    ----------
    objects : GeoDataFrame
        ``object_id`` and geometry, WGS 84.
    checks : DataFrame
        ``object_id``, ``checked_on`` (date) and ``items`` (what was told): one row a check on record.
    plan : InspectionPlan
    day : date
        Checks and fixes after it are not counted.
    fixes : GeoDataFrame, optional
        frames.FIXES: a unit that stayed within ``plan.within_m`` of an object for ``plan.dwell_s``, without a silence
        of more than ``gap_s``, visited it. That makes an inspection complete only where the plan asks for no items.
    time_zone : str
        In which the day of a fix is read.

    Returns
    -------
    DataFrame
        frames.INSPECTIONS, one row an object in their order: ``last_visit_on`` (check or fix, None: never),
        ``last_complete_on``, ``due_on`` (one cycle after the last complete one), ``days_over`` (0 up to the day it is
        due), ``visited`` and ``complete`` (within the cycle that runs, that is, not due before ``day``), ``status``.
        ``attrs["summary"]``: ``objects``, the number of each status, ``visited``, ``complete``, ``never``,
        ``required_a_year``.

    Raises
    ------
    ColumnError, CrsError
        ``column_missing``, ``code_duplicate``, ``crs_missing``, ``crs_not_wgs84``.
    """
    for name, frame, columns in (
        ("objects", objects, ("object_id",)),
        ("checks", checks, ("object_id", "checked_on", "items")),
    ):
        missing = [c for c in columns if c not in frame.columns]
        if missing:
            raise ColumnError("column_missing", contract=name, columns=", ".join(missing))
    frames.require_wgs84(objects)
    ids = [str(one) for one in objects["object_id"]]
    if len(set(ids)) != len(ids):
        raise ColumnError("code_duplicate", count=len(ids) - len(set(ids)))
    visit: dict[str, date] = {}
    complete: dict[str, date] = {}
    for one, on, items in zip(checks["object_id"].astype(str), checks["checked_on"], checks["items"], strict=True):
        if on <= day:
            visit[one] = max(visit.get(one, on), on)
            if plan.is_complete(items):
                complete[one] = max(complete.get(one, on), on)
    if fixes is not None and len(fixes):
        for row, on in _passed(objects, fixes, plan, time_zone, day, gap_s):
            visit[ids[row]] = max(visit.get(ids[row], on), on)
            if not plan.items:
                complete[ids[row]] = max(complete.get(ids[row], on), on)
    rows = []
    for one in ids:
        last = complete.get(one)
        due = due_on(plan, last)
        seen = visit.get(one)
        rows.append(
            (
                one,
                seen,
                last,
                due,
                max(0, (day - due).days),
                seen is not None and plan.cycle.after(seen) >= day,
                last is not None and due >= day,
                status_on(plan, last, day).value,
            )
        )
    made = pd.DataFrame(rows, columns=list(frames.INSPECTIONS.required), dtype=object)
    made.attrs["summary"] = {
        "objects": len(made),
        **{status.value: int((made["status"] == status.value).sum()) for status in InspectionStatus},
        "visited": int(made["visited"].sum()),
        "complete": int(made["complete"].sum()),
        "never": int(made["last_visit_on"].isna().sum()),
        "required_a_year": plan.required_a_year(len(made)),
    }
    return made


def _passed(
    objects: gpd.GeoDataFrame,
    fixes: gpd.GeoDataFrame,
    plan: InspectionPlan,
    time_zone: str,
    day: date,
    gap_s: float,
) -> list[tuple[int, date]]:
    """Give (row of the object, last day until ``day`` on which a unit stayed near it for long enough)."""
    frames.require(fixes, frames.FIXES)
    frames.require_wgs84(fixes)
    on = fixes["fixed_at"].dt.tz_convert(time_zone).dt.date.to_numpy()
    held = np.flatnonzero(on <= day)
    degrees = np.asarray(objects.geometry.array, dtype=object)
    if not len(held) or not len(degrees):
        return []
    epsg = crs.metric_epsg_of(degrees)
    places = crs.to_metric(degrees, epsg)
    points = crs.to_metric(np.asarray(fixes.geometry.array, dtype=object)[held], epsg)
    reach = plan.within_m * scales_at(degrees, epsg)
    row, near = shapely.STRtree(points).query(places, predicate="dwithin", distance=reach)
    if not len(row):
        return []
    unit = pd.factorize(fixes["unit_id"])[0][held][near]
    at = micros_of(fixes["fixed_at"])[held][near]
    order = np.lexsort((at, unit, row))
    row, unit, at, told = row[order], unit[order], at[order], on[held][near][order]
    new = starts_of_runs(row, unit)
    # who sent nothing from near by for so long came anew
    new[1:] |= np.diff(at) > gap_s * 1e6
    last = ends_of_runs(new)
    stayed = (at[last] - at[new]) >= plan.dwell_s * 1e6
    latest = pd.Series(told[last][stayed]).groupby(row[last][stayed]).max()
    return list(zip(latest.index.tolist(), latest.tolist(), strict=True))
