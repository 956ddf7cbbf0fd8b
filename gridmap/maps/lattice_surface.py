"""Surfaces of a lattice in a few bytes: outlines of equal cells, counted in cells instead of degrees."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.analysis.lattice import Raster
from gridmap.crs import from_metric

Ints = npt.NDArray[np.int64]

#: Parts of each side of a lattice between which a page divides evenly.
PARTS = 4


def lattice_knots(raster: Raster) -> list[list[float]]:
    """Give places of the whole rectangle as [lat, lon], row by row from the north-west, ``PARTS`` + 1 in each row.

    Between them a page divides evenly: sides of the lattice are no straight lines of degrees, and over a hundred
    kilometres one that is divided at its ends alone is 140 m off in the middle.
    """
    share = np.arange(PARTS + 1) / PARTS
    x = (raster.west + raster.columns * share) * raster.cell_m
    y = (raster.north - raster.rows * share) * raster.cell_m
    places = np.asarray(shapely.points(np.tile(x, PARTS + 1), np.repeat(y, PARTS + 1)), dtype=object)
    found = shapely.get_coordinates(from_metric(places, raster.epsg))
    return [[round(lat, 7), round(lon, 7)] for lon, lat in found.tolist()]


def lattice_surface(row: Ints, column: Ints, classes: Ints, colours: Sequence[str]) -> list[dict[str, Any]]:
    """Draw cells by class as outlines: of each class its colour and its rings, holes among them, for even-odd filling.

    Parameters
    ----------
    row, column, classes : array of int, shape (n,)
        Cells, and the number of the class of each.
    colours : sequence of str
        Of the classes.

    Returns
    -------
    list of dict
        ``fill``, and ``rings``: column and row of a corner, then moves in cells, east or west and south or north in
        turn; the way back to the first corner is left out.
    """
    surface = []
    for number, colour in enumerate(colours):
        mine = classes == number
        if mine.any():
            boxes = shapely.box(column[mine], row[mine], column[mine] + 1, row[mine] + 1)
            whole = shapely.coverage_union_all(boxes)
            surface.append(
                {"fill": colour, "rings": [_moves(ring) for ring in shapely.get_rings(shapely.get_parts(whole))]}
            )
    return surface


def _moves(ring: shapely.LinearRing) -> list[int]:
    """Give a ring of horizontal and vertical sides as its first corner and its moves, each side one move."""
    points = np.rint(shapely.get_coordinates(ring)[:-1]).astype(np.int64)
    level = np.roll(points, -1, axis=0)[:, 1] == points[:, 1]
    # a corner is where the side behind it turns
    corners = points[level != np.roll(level, 1)]
    if corners[0, 1] != corners[1, 1]:
        corners = np.roll(corners, -1, axis=0)
    moves = np.diff(corners, axis=0)
    return [*corners[0].tolist(), *np.where(np.arange(len(moves)) % 2 == 0, moves[:, 0], moves[:, 1]).tolist()]
