"""Lattices: equal squares over the ground that a frame of grids covers, for figures that must not depend on grids."""

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from gridmap.analysis import frames
from gridmap.crs import metric_epsg_of, to_metric
from gridmap.errors import InvalidInput, TooLarge

Box = tuple[float, float, float, float]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Squares of the box around the ground, with or without ground in them: what a lattice may hold at most.
MAX_CELLS = 4_000_000

# A cell counts when the ground reaches further into it than this, so that touching along a side is not enough.
_TOUCH_M = 0.001


@dataclass(frozen=True, slots=True)
class Raster:
    """The full rectangle of squares in which a lattice lies; metres of CRS ``epsg``.

    Row 0 is the northernmost and column 0 the westernmost; a square holds its west and its south side. Sides lie on
    multiples of ``cell_m``, so the squares of a place stay where they are when its borders are redrawn.
    """

    epsg: int
    cell_m: float
    west: int
    north: int
    rows: int
    columns: int

    def column_of(self, x: Floats) -> Ints:
        """Give the column of eastings; it may lie outside the rectangle."""
        return (np.floor(x / self.cell_m) - self.west).astype(np.int64)

    def row_of(self, y: Floats) -> Ints:
        """Give the row of northings; it may lie outside the rectangle."""
        return (self.north - 1 - np.floor(y / self.cell_m)).astype(np.int64)

    def centre_x(self, column: Ints) -> Floats:
        """Give the easting of the centres of columns."""
        return np.asarray((self.west + column + 0.5) * self.cell_m, dtype=np.float64)

    def centre_y(self, row: Ints) -> Floats:
        """Give the northing of the centres of rows."""
        return np.asarray((self.north - row - 0.5) * self.cell_m, dtype=np.float64)

    def boxes(self, row: Ints, column: Ints, inset_m: float = 0.0) -> npt.NDArray[np.object_]:
        """Draw squares, smaller by ``inset_m`` on every side."""
        x0, y0 = (self.west + column) * self.cell_m, (self.north - 1 - row) * self.cell_m
        x1, y1 = (self.west + column + 1) * self.cell_m, (self.north - row) * self.cell_m
        return np.asarray(shapely.box(x0 + inset_m, y0 + inset_m, x1 - inset_m, y1 - inset_m))

    def ids(self, row: Ints, column: Ints) -> list[str]:
        """Name squares: ``r012c034`` is row 12, column 34."""
        wide = max(3, len(str(max(self.rows, self.columns) - 1)))
        return [f"r{r:0{wide}d}c{c:0{wide}d}" for r, c in zip(row.tolist(), column.tolist(), strict=True)]


def require_positive(name: str, value: float) -> float:
    """Check that a setting is a finite number above zero.

    Raises
    ------
    InvalidInput
        ``not_positive``, naming the setting.
    """
    if not (math.isfinite(value) and value > 0):
        raise InvalidInput("not_positive", name=name)
    return float(value)


def find_cells(grids_or_bounds: gpd.GeoDataFrame | Box, cell_m: float) -> tuple[Raster, Ints, Ints]:
    """Find the squares that meet the ground; the arguments and errors of ``square_lattice``.

    Returns
    -------
    Raster, rows, columns
        The rectangle, and its squares with ground in them, in row-major order.
    """
    cell_m = require_positive("cell_m", cell_m)
    if isinstance(grids_or_bounds, tuple):
        shapes = np.array([shapely.box(*grids_or_bounds)], dtype=object)
        corners = shapely.get_coordinates(shapes)
        frames.require_lonlat(corners[:, 0], corners[:, 1])
    else:
        frame = frames.require_wgs84(grids_or_bounds)
        shapes = np.asarray(frame.geometry.array)
        shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(shapes):
        raise InvalidInput("no_grids")
    epsg = metric_epsg_of(shapes)
    ground = to_metric(shapes, epsg)
    x0, y0, x1, y1 = shapely.total_bounds(ground)
    west, south = math.floor(x0 / cell_m), math.floor(y0 / cell_m)
    columns, rows = math.ceil(x1 / cell_m) - west, math.ceil(y1 / cell_m) - south
    # a ground without extent still meets the square it lies in
    columns, rows = max(columns, 1), max(rows, 1)
    if rows * columns > MAX_CELLS:
        raise TooLarge("lattice_too_large", cells=rows * columns, limit=MAX_CELLS)
    raster = Raster(epsg, cell_m, west, south + rows, rows, columns)
    row, column = np.nonzero(_met(ground, raster))
    return raster, row.astype(np.int64), column.astype(np.int64)


def _met(ground: npt.NDArray[np.object_], raster: Raster) -> npt.NDArray[np.bool_]:
    """Mark the squares that the ground reaches into: first by their centres, then whole squares along the rim."""
    hit = np.zeros((raster.rows, raster.columns), dtype=bool)
    shapely.prepare(ground)
    x0, y0, x1, y1 = shapely.bounds(ground).T
    top, bottom = np.maximum(raster.row_of(y1), 0), np.minimum(raster.row_of(y0), raster.rows - 1) + 1
    left, right = np.maximum(raster.column_of(x0), 0), np.minimum(raster.column_of(x1), raster.columns - 1) + 1
    windows = [np.s_[a:b, c:d] for a, b, c, d in zip(top, bottom, left, right, strict=True)]
    for shape, window in zip(ground, windows, strict=True):
        row, column = np.mgrid[window]
        hit[window] |= shapely.intersects_xy(shape, raster.centre_x(column), raster.centre_y(row))
    inset_m = min(_TOUCH_M, raster.cell_m / 4)
    for shape, window in zip(ground, windows, strict=True):
        row, column = np.nonzero(~hit[window])
        row, column = row + window[0].start, column + window[1].start
        hit[row, column] = shapely.intersects(shape, raster.boxes(row, column, inset_m))
    return hit


def square_lattice(grids_or_bounds: gpd.GeoDataFrame | Box, cell_m: float) -> gpd.GeoDataFrame:
    """Lay equal squares over the ground that grids cover.

    Parameters
    ----------
    grids_or_bounds : GeoDataFrame or (west, south, east, north)
        frames.GRIDS in WGS 84, or a box in WGS 84 degrees.
    cell_m : float
        Side of a square in metres, > 0.

    Returns
    -------
    GeoDataFrame
        ``cell`` (``r012c034``: row 12 from the north, column 34 from the west) and ``geometry``, whole squares in the
        metric CRS of the place; only squares that the ground reaches into; row by row from the north-west.

    Raises
    ------
    InvalidInput
        ``not_positive``; ``no_grids``.
    TooLarge
        ``lattice_too_large``: the box around the ground holds more than ``MAX_CELLS`` squares.
    CrsError
        ``crs_missing``, ``crs_not_wgs84`` or ``coordinate_out_of_range``.

    Notes
    -----
    Sides lie on multiples of ``cell_m`` in the metric CRS. A square that the ground only touches is left out.
    """
    raster, row, column = find_cells(grids_or_bounds, cell_m)
    return gpd.GeoDataFrame(
        {"cell": raster.ids(row, column)}, geometry=raster.boxes(row, column), crs=f"EPSG:{raster.epsg}"
    )
