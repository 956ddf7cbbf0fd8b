"""Swaths measured again after ways came or went: only the grids near those are swept, the others stay as they were."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap import crs
from gridmap.analysis.segments import Floats
from gridmap.analysis.swath import Mask, Shapes, measured, summed_up, swath_coverage
from gridmap.domain.patrols import PatrolRules

#: Where more than this share of the grids is touched, all are measured at once.
_MOST = 0.5


def changed_segments(before: Sequence[Floats], after: Sequence[Floats]) -> Floats:
    """Give the segments that are in one of two sets alone; arrays that are in both as the same object are not read."""
    same = {id(part) for part in before} & {id(part) for part in after}
    old, new = (
        np.concatenate([np.zeros((0, 4)), *(part for part in parts if id(part) not in same)])
        for parts in (before, after)
    )
    row = np.dtype((np.void, 4 * 8))
    old_rows, new_rows = (np.ascontiguousarray(part).view(row).ravel() for part in (old, new))
    return np.concatenate([old[~np.isin(old_rows, new_rows)], new[~np.isin(new_rows, old_rows)]])


def touched_grids(shapes: Shapes, segments: Floats, reach_m: float) -> Mask:
    """Tell which shapes have ground within reach of segments."""
    found = np.zeros(len(shapes), dtype=bool)
    if len(segments):
        lines = shapely.linestrings(segments.reshape(-1, 2, 2))
        tree = shapely.STRtree(shapes)
        found[tree.query(lines, predicate="dwithin", distance=reach_m)[1]] = True
    return found


def swath_again(
    grids: gpd.GeoDataFrame,
    table: pd.DataFrame,
    before: Sequence[Floats],
    after: Sequence[Floats],
    *,
    streets: gpd.GeoDataFrame | None = None,
    threads: int | None = None,
    rules: PatrolRules,
) -> pd.DataFrame:
    """Measure the swaths of ways that changed, from what was measured before they did.

    Parameters
    ----------
    grids, streets, rules
        The same as then.
    table : DataFrame
        Of ``swath_coverage`` over ``before``; it stays as it is.
    before, after : sequence of float64 array, shape (n, 4)
        Segments of the ways, then and now, in the metric CRS of the grids.

    Returns
    -------
    DataFrame
        As ``swath_coverage`` over ``after``, but for the last bits.
    """
    epsg = crs.metric_epsg_of(grids.geometry.array)
    shapes = crs.to_metric(np.asarray(grids.geometry.array), epsg)
    touched = touched_grids(shapes, changed_segments(before, after), rules.reach_m)
    ways = np.concatenate([np.zeros((0, 4)), *after])
    if touched.sum() > _MOST * len(grids):
        return swath_coverage(grids, ways, streets=streets, threads=threads, rules=rules)
    result = table.copy()
    if touched.any():
        anew = measured(grids, shapes, ways, epsg, rules.reach_m, streets=streets, threads=threads, only=touched)
        result.loc[touched, anew.columns] = anew.loc[touched]
    return summed_up(result)
