"""Coverage gaps: where something happens and nobody looks.

Every grid gets one status for the window that its counts come from:

``no_data``
    there is not a single fix in any grid: the source of fixes is missing, and nothing can be said about coverage.
``gap``
    at least one incident, and no fix.
``quiet``
    no incident and no fix. Nobody looked, so this does not mean that nothing was there.
``low``
    looked at, but rarely: fewer fixes than ``few_fixes``, or than ``low_share`` of the median of all visited grids.
``covered``
    all others.

Beside it ``sight`` says in three words, the same everywhere, what is known: seen and something found, seen and nothing
found, not seen (``gridmap.analysis.sight``).
"""

import math
from enum import StrEnum
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.analysis import frames
from gridmap.analysis.locator import Locator
from gridmap.analysis.responsibility import join_points
from gridmap.analysis.sight import sight_counts, sights
from gridmap.errors import ColumnError, InvalidInput


class CoverageStatus(StrEnum):
    """What the counts of a window say about one grid."""

    COVERED = "covered"
    LOW = "low"
    GAP = "gap"
    QUIET = "quiet"
    NO_DATA = "no_data"


def coverage_gaps(
    grids: gpd.GeoDataFrame,
    incidents: pd.DataFrame,
    fixes: pd.DataFrame,
    *,
    few_fixes: int = 0,
    low_share: float = 0.25,
    nearest_within_m: float = 0.0,
) -> gpd.GeoDataFrame:
    """Tell for every grid whether anybody looked at it, against what happened there.

    Parameters
    ----------
    grids : GeoDataFrame
        frames.GRIDS in WGS 84.
    incidents : DataFrame or GeoDataFrame
        Either counts (``grid_code``, ``incidents``; one row a grid), or frames.INCIDENTS, one row an incident; without
        a column ``grid_code`` the points are joined to their responsible grids first.
    fixes : DataFrame or GeoDataFrame
        Either counts (``grid_code``, ``fixes``, ``units``, ``last_fix_at``), or frames.FIXES, likewise.
    few_fixes : int
        A visited grid with fewer fixes than this is ``low``; this many are enough. 0 turns it off.
    low_share : float
        A visited grid with fewer fixes than this share of the median of visited grids is ``low``; exactly that many
        are enough. 0 turns it off.
    nearest_within_m : float
        As in ``Locator.locate_many``, for points that are joined here.

    Returns
    -------
    GeoDataFrame
        frames.COVERAGE, one row a grid in the order of ``grids``, in their CRS. ``fixes_per_incident`` is NaN where
        nothing happened; ``last_fix_at`` is NaT where nobody was. ``attrs["summary"]`` counts ``grids``, every status,
        every sight, ``incidents``, ``fixes``, ``incidents_elsewhere`` and ``fixes_elsewhere`` (rows that no grid here
        owns), and gives ``low_below``, the number of fixes below which a visited grid is ``low``.

    Raises
    ------
    ColumnError
        ``column_missing``; ``code_duplicate``, in the grids or in the counts.
    InvalidInput
        ``setting_negative``.
    CrsError, GeometryError
        As ``join_points``, for points that are joined here.

    Notes
    -----
    A fix is one point of a track, so the figures tell where units were, not for how long. A unit that stands still
    sends many fixes: compare ``units`` as well.
    """
    frames.require(grids, frames.GRIDS)
    for name, value in (("few_fixes", few_fixes), ("low_share", low_share)):
        if not (math.isfinite(value) and value >= 0):
            raise InvalidInput("setting_negative", name=name)
    codes = pd.Index(grids["code"].astype(str))
    if not codes.is_unique:
        raise ColumnError("code_duplicate", count=int(codes.duplicated().sum()))

    happened, incidents_elsewhere = _incident_counts(incidents, grids, codes, nearest_within_m)
    looked, fixes_elsewhere = _fix_counts(fixes, grids, codes, nearest_within_m)
    n_incidents, n_fixes = happened["incidents"].to_numpy(), looked["fixes"].to_numpy()
    visited = n_fixes[n_fixes > 0]
    low_below = max(float(few_fixes), low_share * float(np.median(visited)) if len(visited) else 0.0)

    status = np.select(
        [
            np.full(len(codes), not len(visited) and not fixes_elsewhere),
            (n_fixes == 0) & (n_incidents > 0),
            n_fixes == 0,
            n_fixes < low_below,
        ],
        [CoverageStatus.NO_DATA.value, CoverageStatus.GAP.value, CoverageStatus.QUIET.value, CoverageStatus.LOW.value],
        default=CoverageStatus.COVERED.value,
    )
    ratio = np.full(len(codes), np.nan)
    np.divide(n_fixes, n_incidents, out=ratio, where=n_incidents > 0)
    frame = gpd.GeoDataFrame(
        {
            "code": codes.to_numpy(),
            "name": (grids["name"].fillna("") if "name" in grids else pd.Series("", index=grids.index)).to_numpy(),
            "incidents": n_incidents,
            "fixes": n_fixes,
            "units": looked["units"].to_numpy(),
            "last_fix_at": looked["last_fix_at"].array,
            "fixes_per_incident": ratio,
            "status": pd.array(status, dtype="str"),
            "sight": sights(n_fixes > 0, n_incidents),
        },
        geometry=np.asarray(grids.geometry.array),
        crs=grids.crs,
    )
    frame.attrs["summary"] = {
        "grids": len(frame),
        **{s.value: int((status == s.value).sum()) for s in CoverageStatus},
        **sight_counts(frame["sight"]),
        "incidents": int(n_incidents.sum()),
        "fixes": int(n_fixes.sum()),
        "incidents_elsewhere": incidents_elsewhere,
        "fixes_elsewhere": fixes_elsewhere,
        "low_below": low_below,
    }
    return frame


def _incident_counts(
    incidents: pd.DataFrame, grids: gpd.GeoDataFrame, codes: pd.Index, nearest_within_m: float
) -> tuple[pd.DataFrame, int]:
    unowned = 0
    if isinstance(incidents, gpd.GeoDataFrame):
        owned = _owned(incidents, grids, nearest_within_m)
        unowned = len(incidents) - len(owned)
        incidents = owned.groupby("grid_code", sort=True).size().rename("incidents").reset_index()
    return _aligned(incidents, "incidents", {"incidents": 0}, codes, unowned)


def _fix_counts(
    fixes: pd.DataFrame, grids: gpd.GeoDataFrame, codes: pd.Index, nearest_within_m: float
) -> tuple[pd.DataFrame, int]:
    unowned = 0
    if isinstance(fixes, gpd.GeoDataFrame):
        frames.require(fixes, frames.FIXES)
        owned = _owned(fixes, grids, nearest_within_m)
        unowned = len(fixes) - len(owned)
        groups = owned.groupby("grid_code", sort=True)
        fixes = groups.agg(
            fixes=("unit_id", "size"), units=("unit_id", "nunique"), last_fix_at=("fixed_at", "max")
        ).reset_index()
    return _aligned(fixes, "fixes", {"fixes": 0, "units": 0, "last_fix_at": pd.NaT}, codes, unowned)


def _owned(points: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, nearest_within_m: float) -> pd.DataFrame:
    if "grid_code" not in points.columns:
        points = join_points(points, Locator.from_frame(grids), nearest_within_m=nearest_within_m)
    return pd.DataFrame(points.drop(columns=points.geometry.name)).dropna(subset="grid_code")


def _aligned(
    counts: pd.DataFrame, what: str, empty: dict[str, Any], codes: pd.Index, unowned: int
) -> tuple[pd.DataFrame, int]:
    """Bring counts to the order of the grids, and count what belongs to none of them."""
    missing = [c for c in ("grid_code", *empty) if c not in counts.columns]
    if missing:
        raise ColumnError("column_missing", contract=f"{what} counts", columns=", ".join(missing))
    keyed = counts.set_index(counts["grid_code"].astype(str))
    if not keyed.index.is_unique:
        raise ColumnError("code_duplicate", count=int(keyed.index.duplicated().sum()))
    found = keyed.reindex(codes)
    table = pd.DataFrame(index=codes)
    for column in empty:
        if column == "last_fix_at":
            table[column] = pd.to_datetime(found[column], utc=True)
        else:
            table[column] = found[column].fillna(0).astype("int64")
    elsewhere = int(counts[what].sum()) - int(table[what].sum()) + unowned
    return table, elsewhere
