"""Kernel density of incidents on a lattice, in incidents per km2."""

import geopandas as gpd
import numpy as np
import shapely

from gridmap.analysis.kernel_sums import kernel_sums
from gridmap.analysis.lattice import Floats, Ints, Raster, find_cells, require_positive
from gridmap.crs import frame_to_wgs84, xy_to_metric
from gridmap.errors import CrsError, GeometryError

#: Default side of a cell, as a share of the bandwidth: the kernel then spans six cells, which a map shows smoothly.
CELL_SHARE = 1.0 / 3.0


def density(
    incidents: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    *,
    cell_m: float | None = None,
    bandwidth_m: float = 250.0,
) -> gpd.GeoDataFrame:
    """Estimate incident density on a square lattice with a quartic kernel.

    Parameters
    ----------
    incidents : GeoDataFrame
        One row an incident; geometry of points, in WGS 84 or any other stated CRS.
    grids : GeoDataFrame
        frames.GRIDS in WGS 84: the ground to cover with cells.
    cell_m : float, optional
        Side of a cell in metres, > 0; a third of the bandwidth by default.
    bandwidth_m : float
        Kernel radius in metres, > 0: an incident counts up to this distance.

    Returns
    -------
    GeoDataFrame
        frames.DENSITY; one row a cell of ``square_lattice(grids, cell_m)``, in its order, in the metric CRS of the
        place. ``incidents``: how many lie in the cell (west and south side in, east and north side out).
        ``density_per_km2``: the kernel estimate at the centre of the cell, >= 0. ``attrs["summary"]`` holds
        ``incidents`` (rows given), ``incidents_in_cells``, ``bandwidth_m`` and ``cell_m``.

    Raises
    ------
    InvalidInput
        ``not_positive``; ``no_grids``.
    TooLarge
        ``lattice_too_large``.
    CrsError
        ``crs_missing``, ``crs_not_wgs84`` (grids) or ``coordinate_out_of_range``.
    GeometryError
        ``geometry_not_point``, with the number of rows.

    Notes
    -----
    Source: Silverman (1986), eq. 4.5: K(u) = 3/pi (1 - u^2)^2 for u < 1, divided by the square of the bandwidth.
    Every incident is taken at its own place; only on lattices of ``kernel_sums.FINE`` or more cells a bandwidth it is
    shared out to the centres around it first, with an error below 0.3 % of the peak. Over the plane the estimate
    integrates to the number of incidents. Edges are not corrected: near the rim part of the kernel falls outside the
    ground, and incidents outside the grids count as far as their kernel reaches in. The figure is for all rows given;
    to compare windows of different length, divide by the days. Incidents are summed in the order of their coordinates,
    so the order of rows changes not a single bit.
    """
    bandwidth_m = require_positive("bandwidth_m", bandwidth_m)
    raster, row, column = find_cells(grids, bandwidth_m * CELL_SHARE if cell_m is None else cell_m)
    x, y = _metric_points(incidents, raster.epsg)
    counts = _counts(x, y, raster)[row, column]
    per_m2 = kernel_sums(x, y, np.ones(len(x)), raster, bandwidth_m)[row, column]
    frame = gpd.GeoDataFrame(
        {"cell": raster.ids(row, column), "incidents": counts, "density_per_km2": per_m2 * 1e6},
        geometry=raster.boxes(row, column),
        crs=f"EPSG:{raster.epsg}",
    )
    frame.attrs["summary"] = {
        "incidents": len(incidents),
        "incidents_in_cells": int(counts.sum()),
        "bandwidth_m": bandwidth_m,
        "cell_m": raster.cell_m,
    }
    return frame


def _metric_points(incidents: gpd.GeoDataFrame, epsg: int) -> tuple[Floats, Floats]:
    if incidents.crs is None:
        raise CrsError("crs_missing")
    geometry = np.asarray(incidents.geometry.array)
    good = (shapely.get_type_id(geometry) == 0) & ~shapely.is_empty(geometry)
    if not good.all():
        raise GeometryError("geometry_not_point", count=int((~good).sum()))
    xy = shapely.get_coordinates(np.asarray(frame_to_wgs84(incidents).geometry.array))
    x, y = xy_to_metric(xy[:, 0], xy[:, 1], epsg)
    order = np.lexsort((y, x))
    return x[order], y[order]


def _counts(x: Floats, y: Floats, raster: Raster) -> Ints:
    row, column = raster.row_of(y), raster.column_of(x)
    inside = (row >= 0) & (row < raster.rows) & (column >= 0) & (column < raster.columns)
    flat = row[inside] * raster.columns + column[inside]
    return np.bincount(flat, minlength=raster.rows * raster.columns).reshape(raster.rows, raster.columns)
