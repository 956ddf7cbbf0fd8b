"""What changes hands between two versions: ground, households and incidents, as a table and as a map."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.lineage import MINOR_SHARE, Trace, trace
from gridmap.analysis.locator import Locator
from gridmap.analysis.plane import Plane
from gridmap.analysis.responsibility import owner_codes
from gridmap.analysis.topology import SLIVER_WIDTH_M
from gridmap.domain.lineage import LineageKind
from gridmap.errors import GeometryError


@dataclass(frozen=True, slots=True)
class Difference:
    """Two versions compared.

    Attributes
    ----------
    rows : DataFrame
        One row a code of either version, by level and code: ``level``, ``code``, ``area_before_m2`` and
        ``area_after_m2`` (0 where the version has no ground of that code), ``households_before`` and
        ``households_after`` (as the version gives them, else missing), ``incidents_before`` and ``incidents_after``
        (owned then and owned now; missing without incidents), ``changed``.
    pieces : GeoDataFrame
        Ground with another code than before, by level, old and new code: ``level``, ``old_code``, ``new_code``
        (missing: nobody had or has it), ``kind``, ``area_m2``, ``households`` (as in frames.LINEAGE), ``incidents``
        (that lie on it; missing without incidents), geometry in WGS 84.
    summary : dict
        For each level ``codes``, ``changed`` and, over its pieces, ``area_m2``, ``households`` (of the old codes) and
        ``incidents`` (None where not known); ``incidents_elsewhere``: their owner changes although no ground beyond a
        sliver does.
    """

    rows: pd.DataFrame
    pieces: gpd.GeoDataFrame
    summary: dict[str, dict[str, Any]] = field(default_factory=dict)


def difference(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    incidents: gpd.GeoDataFrame | None = None,
    *,
    levels: Sequence[str] | None = None,
    sliver_width_m: float = SLIVER_WIDTH_M,
    minor_share: float = MINOR_SHARE,
) -> Difference:
    """Compare two versions of a plan, level by level.

    Parameters
    ----------
    old, new : GeoDataFrame
        frames.GRIDS; any number of levels. CRS: WGS 84.
    incidents : GeoDataFrame, optional
        Points; any columns, none is read. CRS: WGS 84. Owners are told by the rules of ``Locator``.
    levels, sliver_width_m, minor_share
        As in ``infer_lineage``.

    Raises
    ------
    ColumnError, CrsError, InvalidInput
        As ``overlay``.
    GeometryError
        ``geometry_not_point``, with the number of incidents.
    """
    xy = None if incidents is None else _places(incidents)
    traces, edges = trace(old, new, levels=levels, sliver_width_m=sliver_width_m, minor_share=minor_share)
    rows, pieces, summary = [], [], {}
    for level in traces:
        mine = edges[edges["level"] == level.level]
        owners = None if xy is None else (_owners(level.common.old, *xy), _owners(level.common.new, *xy))
        rows.append(_rows(level, mine, owners))
        moved, elsewhere = _pieces(level, mine, owners)
        pieces.append(moved)
        summary[level.level] = _summary(rows[-1], moved, elsewhere)
    return Difference(pd.concat(rows, ignore_index=True), pd.concat(pieces, ignore_index=True), summary)


def _places(incidents: gpd.GeoDataFrame) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    shapes = np.asarray(frames.require_wgs84(incidents).geometry.array, dtype=object)
    bad = int(((shapely.get_type_id(shapes) != 0) | shapely.is_empty(shapes)).sum())
    if bad:
        raise GeometryError("geometry_not_point", count=bad)
    return shapely.get_x(shapes), shapely.get_y(shapes)


def _owners(plane: Plane, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.object_]:
    if not len(plane):
        return np.full(len(x), None, dtype=object)
    locator = Locator(plane.codes.tolist(), plane.degrees)
    return owner_codes(locator, locator.locate_many(x, y))


def _rows(level: Trace, edges: pd.DataFrame, owners: tuple[npt.NDArray, npt.NDArray] | None) -> pd.DataFrame:
    codes = sorted({*level.old["code"], *level.new["code"]})
    rows = pd.DataFrame({"level": pd.array([level.level] * len(codes), dtype="str")}, index=pd.Index(codes))
    rows["code"] = pd.array(codes, dtype="str")
    for when, frame in (("before", level.old), ("after", level.new)):
        metric = crs.to_metric(np.asarray(frame.geometry.array, dtype=object), level.common.old.epsg)
        area = pd.Series(shapely.area(metric), index=frame["code"]).fillna(0.0)
        rows[f"area_{when}_m2"] = area.reindex(codes, fill_value=0.0)
    for when, frame in (("before", level.old), ("after", level.new)):
        rows[f"households_{when}"] = frame.set_index("code")["households"].reindex(codes)
    for i, when in enumerate(("before", "after")):
        counts = None if owners is None else pd.Series(owners[i]).value_counts().reindex(codes, fill_value=0)
        rows[f"incidents_{when}"] = _whole(counts, len(codes))
    same = edges.loc[edges["kind"] == LineageKind.UNCHANGED.value, "old_code"]
    rows["changed"] = ~rows.index.isin(same)
    return rows.reset_index(drop=True)


def _pieces(
    level: Trace, edges: pd.DataFrame, owners: tuple[npt.NDArray, npt.NDArray] | None
) -> tuple[gpd.GeoDataFrame, int | None]:
    """Give the pieces, and how many incidents change hands without one."""
    moved = edges[(edges["old_code"] != edges["new_code"]) & edges["shape"].notna()]
    table = moved[["level", "old_code", "new_code", "kind", "area_m2", "households"]].reset_index(drop=True)
    counts, elsewhere = None, None
    if owners is not None:
        pairs = pd.DataFrame({"old": owners[0], "new": owners[1]}, dtype=object).fillna("")
        found = pairs[pairs["old"] != pairs["new"]].value_counts()
        wanted = pd.MultiIndex.from_arrays([table["old_code"].fillna(""), table["new_code"].fillna("")])
        counts = found.reindex(wanted, fill_value=0)
        elsewhere = int(found.sum() - counts.sum())
    table["incidents"] = _whole(counts, len(table))
    shapes = level.common.old.all_to_wgs84(moved["shape"].to_numpy(dtype=object))
    return gpd.GeoDataFrame(table, geometry=shapes, crs=frames.WGS84), elsewhere


def _whole(counts: pd.Series | None, n: int) -> pd.arrays.IntegerArray:
    return pd.array([pd.NA] * n if counts is None else counts.to_numpy(dtype=np.int64), dtype="Int64")


def _summary(rows: pd.DataFrame, pieces: gpd.GeoDataFrame, elsewhere: int | None) -> dict[str, Any]:
    households = pieces.loc[pieces["old_code"].notna(), "households"]
    return {
        "codes": len(rows),
        "changed": int(rows["changed"].sum()),
        "area_m2": round(float(pieces["area_m2"].sum()), 3),
        "households": None if households.isna().any() else round(float(households.sum()), 3),
        "incidents": None if elsewhere is None else int(pieces["incidents"].sum()),
        "incidents_elsewhere": elsewhere,
    }
