"""Density of a ground period by period: the same cells, bandwidth and border for all, so that they can be compared."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.density import (
    filled_cells,
    ground_of,
    ground_share,
    inside_cells,
    ordered_points,
)
from gridmap.analysis.kernel_sums import kernel_mass, kernel_sums
from gridmap.analysis.lattice import Raster, find_cells, require_positive
from gridmap.analysis.period_counts import Period


class DensityOf(NamedTuple):
    """One period ``[start, end)``: density of each cell by km2, and how many incidents happened in it."""

    start: datetime
    end: datetime
    per_km2: npt.NDArray[np.float64]
    incidents: int


class DensitySteps(NamedTuple):
    """Periods on one lattice; ``cells``: ``cell``, ``row``, ``column``, and ``ground``, the share that is ground."""

    raster: Raster
    cells: pd.DataFrame
    periods: list[DensityOf]


def density_steps(
    incidents: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    periods: Sequence[Period],
    *,
    bandwidth_m: float,
    cell_m: float,
    per_days: float = 30.0,
) -> DensitySteps:
    """Estimate incident density of each of some periods, corrected at the border.

    Parameters
    ----------
    incidents, grids, bandwidth_m, cell_m, per_days
        As ``density``, with ``edges``; ``incidents`` has ``occurred_at``, aware.
    periods : sequence of (datetime, datetime)
        Half-open, aware.

    Returns
    -------
    DensitySteps
        Its figures are those of ``density(..., edges=True, days=its length)`` of each period.

    Raises
    ------
    As ``density``.
    """
    bandwidth_m = require_positive("bandwidth_m", bandwidth_m)
    raster, row, column = find_cells(grids, cell_m)
    share = filled_cells(ground_share(ground_of(grids, raster), raster, row, column), raster, row, column)
    mass = kernel_mass(share, raster.cell_m, bandwidth_m)[row, column]
    cells = pd.DataFrame({"cell": raster.ids(row, column), "row": row, "column": column, "ground": share[row, column]})
    at = pd.DatetimeIndex(incidents["occurred_at"]).tz_convert("UTC")
    found = []
    for start, end in periods:
        here = incidents[(at >= pd.Timestamp(start)) & (at < pd.Timestamp(end))]
        x, y, each = ordered_points(here, raster.epsg, None)
        kept = inside_cells(x, y, raster, row, column)
        sums = kernel_sums(x[kept], y[kept], each[kept], raster, bandwidth_m)[row, column]
        per_m2 = np.divide(sums, mass, out=np.zeros(len(row)), where=mass > 1e-6)
        days = require_positive("days", (end - start) / timedelta(days=1))
        found.append(DensityOf(start, end, per_m2 * 1e6 * per_days / days, len(here)))
    return DensitySteps(raster, cells, found)
