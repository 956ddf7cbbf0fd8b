"""Kernel density of incidents on a lattice, in incidents per km2."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from gridmap.analysis.kernel_sums import kernel_mass, kernel_sums
from gridmap.analysis.lattice import Floats, Ints, Raster, find_cells, require_positive
from gridmap.crs import frame_to_wgs84, to_metric, xy_to_metric
from gridmap.errors import CrsError, GeometryError, InvalidInput

#: Default side of a cell, as a share of the bandwidth: the kernel then spans six cells, which a map shows smoothly.
CELL_SHARE = 1.0 / 3.0
#: What incidents can be counted against; the catalogue has a name for each.
DENOMINATORS = ("households", "street_km", "patrol_hours")
#: So many of each are one on a legend: incidents per 1,000 households, per kilometre, per hour.
PER = {"households": 1_000, "street_km": 1, "patrol_hours": 1}


def density(
    incidents: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    *,
    cell_m: float | None = None,
    bandwidth_m: float = 250.0,
    weight: str | None = None,
    days: float | None = None,
    per_days: float = 30.0,
    edges: bool = False,
    clip: bool = False,
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
        Kernel radius in metres, > 0: an incident counts up to this distance. ``choose_bandwidth`` finds one.
    weight : str, optional
        Column of ``incidents`` that says how much each counts, 0 or more; otherwise each counts 1.
    days, per_days : float
        Length of the window: the density is then per ``per_days`` days; without ``days`` it is for all rows given.
    edges : bool
        Correct at the border: divide by the share of the kernel that lies on the ground, and leave incidents beyond
        the ground out.
    clip : bool
        Cut cells at the border of the ground; otherwise they are whole squares.

    Returns
    -------
    GeoDataFrame
        frames.DENSITY; one row a cell of ``square_lattice(grids, cell_m)``, in its order, in the metric CRS of the
        place. ``incidents``: how many lie in the cell (west and south side in, east and north side out).
        ``density_per_km2``: the kernel estimate at the centre of the cell, >= 0. ``attrs["summary"]`` holds
        ``incidents`` (rows given), ``incidents_in_cells``, ``bandwidth_m``, ``cell_m``, ``weight``, ``days``,
        ``per_days`` and ``edges``.

    Raises
    ------
    InvalidInput
        ``not_positive``; ``no_grids``; ``setting_negative`` or ``not_finite`` (a weight).
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
    integrates to the number of incidents. Without ``edges`` part of the kernel falls outside the ground near the rim,
    and incidents outside the grids count as far as their kernel reaches in; with it (Diggle 1985) a place at the
    border is as dense as one inside where incidents are as dense. Incidents are summed in the order of their
    coordinates, so the order of rows changes not a single bit.
    """
    bandwidth_m = require_positive("bandwidth_m", bandwidth_m)
    raster, row, column = find_cells(grids, bandwidth_m * CELL_SHARE if cell_m is None else cell_m)
    points = ordered_points(incidents, raster.epsg, weight)
    per = 1.0 if days is None else require_positive("per_days", per_days) / require_positive("days", days)
    counts = _counts(*points[:2], raster)[row, column]
    per_m2 = _estimated(points, grids, (raster, row, column), bandwidth_m, edges=edges)
    boxes = raster.boxes(row, column)
    frame = gpd.GeoDataFrame(
        {"cell": raster.ids(row, column), "incidents": counts, "density_per_km2": per_m2 * 1e6 * per},
        geometry=shapely.intersection(boxes, ground_of(grids, raster)) if clip else boxes,
        crs=f"EPSG:{raster.epsg}",
    )
    frame.attrs["summary"] = {
        "incidents": len(incidents),
        "incidents_in_cells": int(counts.sum()),
        "bandwidth_m": bandwidth_m,
        "cell_m": raster.cell_m,
        "weight": weight,
        "days": days,
        "per_days": None if days is None else per_days,
        "edges": edges,
    }
    return frame


def densities(
    incidents: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, *, cell_m: float, bandwidths_m: Sequence[float]
) -> list[Floats]:
    """Estimate incidents per km2 on the cells of ``density`` by several bandwidths: numbers alone, without shapes.

    Returns
    -------
    list of float arrays, shape (cells,)
        One a bandwidth, as ``density`` gives them, in the order of its cells.

    Raises
    ------
    As ``density``.
    """
    cells = find_cells(grids, cell_m)
    points = ordered_points(incidents, cells[0].epsg, None)
    return [
        _estimated(points, grids, cells, require_positive("bandwidth_m", bandwidth_m), edges=False) * 1e6
        for bandwidth_m in bandwidths_m
    ]


def _estimated(
    points: tuple[Floats, Floats, Floats],
    grids: gpd.GeoDataFrame,
    cells: tuple[Raster, Ints, Ints],
    bandwidth_m: float,
    *,
    edges: bool,
) -> Floats:
    """Estimate incidents per m2 at the centre of each cell."""
    (x, y, each), (raster, row, column) = points, cells
    if not edges:
        return kernel_sums(x, y, each, raster, bandwidth_m)[row, column]
    ground, inside = ground_of(grids, raster), inside_cells(x, y, raster, row, column)
    share = filled_cells(ground_share(ground, raster, row, column), raster, row, column)
    mass = kernel_mass(share, raster.cell_m, bandwidth_m)[row, column]
    sums = kernel_sums(x[inside], y[inside], each[inside], raster, bandwidth_m)[row, column]
    # a kernel that hardly meets the ground says nothing about it
    return np.divide(sums, mass, out=np.zeros(len(row)), where=mass > 1e-6)


def density_by(
    incidents: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    base: npt.ArrayLike,
    denominator: str,
    *,
    cell_m: float | None = None,
    bandwidth_m: float = 250.0,
    least_base: float = 0.0,
    clip: bool = False,
) -> gpd.GeoDataFrame:
    """Estimate incidents by what they are counted against, smoothly over the ground.

    Parameters
    ----------
    incidents, grids, cell_m, bandwidth_m
        As ``density``.
    base : array of float, shape (len(grids),)
        Households, kilometres of street or patrol hours of each grid, 0 or more; spread evenly over its cells.
    denominator : "households" | "street_km" | "patrol_hours"
        What ``base`` is: the legend names it.
    least_base : float
        Where the kernel around a cell holds no more than this, there is no ratio.
    clip : bool
        As ``density``.

    Returns
    -------
    GeoDataFrame
        One row a cell, as ``density``: ``cell``, ``incidents``, ``base`` (of the cell), ``base_around`` (within the
        bandwidth, weighted by the kernel), ``ratio`` (incidents by unit of the base; NaN where there is too little),
        ``geometry``. ``attrs["summary"]`` as ``density``, with ``denominator``, ``base`` (its total) and ``overall``.

    Raises
    ------
    As ``density``; InvalidInput ``denominator_unknown``, ``lengths_differ``, ``setting_negative`` (base).

    Notes
    -----
    Source: Bithell (1990), the ratio of two kernel densities of one bandwidth; the border cancels out.
    """
    if denominator not in DENOMINATORS:
        raise InvalidInput("denominator_unknown", known=", ".join(DENOMINATORS))
    amount = np.asarray(base, dtype=np.float64)
    if amount.shape != (len(grids),):
        raise InvalidInput("lengths_differ", name="base")
    if not (amount >= 0).all() or np.isinf(amount).any():
        raise InvalidInput("setting_negative", name="base")
    bandwidth_m = require_positive("bandwidth_m", bandwidth_m)
    raster, row, column = find_cells(grids, bandwidth_m * CELL_SHARE if cell_m is None else cell_m)
    x, y, each = ordered_points(incidents, raster.epsg, None)
    kept = inside_cells(x, y, raster, row, column)
    x, y, each = x[kept], y[kept], each[kept]
    spread = _spread_over(grids, amount, raster, row, column)
    cx, cy = raster.centre_x(column), raster.centre_y(row)
    some = spread > 0
    below = kernel_sums(cx[some], cy[some], spread[some], raster, bandwidth_m)[row, column]
    above = kernel_sums(x, y, each, raster, bandwidth_m)[row, column]
    # the kernel's peak is 3 / pi / h^2: by it, sums are amounts around a place
    around = below * np.pi * bandwidth_m**2 / 3.0
    ratio = np.divide(above, below, out=np.full(len(row), np.nan), where=around > max(least_base, 1e-9))
    boxes = raster.boxes(row, column)
    frame = gpd.GeoDataFrame(
        {
            "cell": raster.ids(row, column), "incidents": _counts(x, y, raster)[row, column], "base": spread,
            "base_around": around, "ratio": ratio,
        },
        geometry=shapely.intersection(boxes, ground_of(grids, raster)) if clip else boxes, crs=f"EPSG:{raster.epsg}",
    )  # fmt: skip
    total = float(amount.sum())
    frame.attrs["summary"] = {
        "incidents": len(incidents), "incidents_in_cells": len(x), "bandwidth_m": bandwidth_m,
        "cell_m": raster.cell_m, "denominator": denominator, "base": total,
        "overall": len(x) / total if total > 0 else None,
    }  # fmt: skip
    return frame


def _spread_over(grids: gpd.GeoDataFrame, amount: Floats, raster: Raster, row: Ints, column: Ints) -> Floats:
    """Spread what grids have evenly over the cells whose centre they hold; a small grid gives all to its own cell."""
    shapes = to_metric(np.asarray(grids.geometry.array), raster.epsg)
    centres = np.asarray(shapely.points(raster.centre_x(column), raster.centre_y(row)), dtype=object)
    grid, cell = shapely.STRtree(centres).query(shapes, predicate="covers")
    held = np.bincount(grid, minlength=len(shapes))
    found = np.bincount(cell, weights=(amount / np.maximum(held, 1))[grid], minlength=len(row))
    small = np.flatnonzero((held == 0) & (amount > 0))
    if len(small):
        own = shapely.STRtree(centres).nearest(shapely.point_on_surface(shapes[small]))
        np.add.at(found, own, amount[small])
    return np.asarray(found, dtype=np.float64)


def ground_of(grids: gpd.GeoDataFrame, raster: Raster) -> shapely.Geometry:
    """Join all grids to one ground, in the CRS of a lattice."""
    ground = shapely.union_all(shapely.make_valid(to_metric(np.asarray(grids.geometry.array), raster.epsg)))
    shapely.prepare(ground)
    return ground


def ground_share(ground: shapely.Geometry, raster: Raster, row: Ints, column: Ints) -> Floats:
    """Give the share of each square that is ground, 0 to 1."""
    boxes = raster.boxes(row, column)
    share = shapely.contains_properly(ground, boxes).astype(np.float64)
    rim = np.flatnonzero(share == 0)
    share[rim] = shapely.area(shapely.intersection(boxes[rim], ground)) / raster.cell_m**2
    return np.minimum(share, 1.0)


def filled_cells(values: Floats, raster: Raster, row: Ints, column: Ints) -> Floats:
    whole = np.zeros((raster.rows, raster.columns))
    whole[row, column] = values
    return whole


def inside_cells(x: Floats, y: Floats, raster: Raster, row: Ints, column: Ints) -> npt.NDArray[np.bool_]:
    """Tell which lie in a square with ground."""
    r, c = raster.row_of(y), raster.column_of(x)
    there = (r >= 0) & (r < raster.rows) & (c >= 0) & (c < raster.columns)
    there[there] = filled_cells(np.ones(len(row)), raster, row, column)[r[there], c[there]] > 0
    return there


def metric_points(incidents: gpd.GeoDataFrame, epsg: int) -> tuple[Floats, Floats]:
    """Give eastings and northings of incidents, in the order of rows; errors as ``density``."""
    if incidents.crs is None:
        raise CrsError("crs_missing")
    geometry = np.asarray(incidents.geometry.array)
    good = (shapely.get_type_id(geometry) == 0) & ~shapely.is_empty(geometry)
    if not good.all():
        raise GeometryError("geometry_not_point", count=int((~good).sum()))
    xy = shapely.get_coordinates(np.asarray(frame_to_wgs84(incidents).geometry.array))
    return xy_to_metric(xy[:, 0], xy[:, 1], epsg)


def ordered_points(incidents: gpd.GeoDataFrame, epsg: int, weight: str | None) -> tuple[Floats, Floats, Floats]:
    """Give eastings, northings and weights in the order of coordinates."""
    x, y = metric_points(incidents, epsg)
    each = np.ones(len(x)) if weight is None else np.asarray(incidents[weight], dtype=np.float64)
    if not np.isfinite(each).all():
        raise InvalidInput("not_finite", name=str(weight))
    if (each < 0).any():
        raise InvalidInput("setting_negative", name=str(weight))
    order = np.lexsort((each, y, x))
    return x[order], y[order], each[order]


def _counts(x: Floats, y: Floats, raster: Raster) -> Ints:
    row, column = raster.row_of(y), raster.column_of(x)
    inside = (row >= 0) & (row < raster.rows) & (column >= 0) & (column < raster.columns)
    flat = row[inside] * raster.columns + column[inside]
    return np.bincount(flat, minlength=raster.rows * raster.columns).reshape(raster.rows, raster.columns)
