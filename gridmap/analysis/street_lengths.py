"""How many metres of street each grid holds: streets are cut at the borders, and a piece is that of its owner."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.locator import Locator
from gridmap.analysis.segments import Borders

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def street_metres(grids: gpd.GeoDataFrame, streets: gpd.GeoDataFrame | None) -> Floats:
    """Measure the streets in each grid.

    Parameters
    ----------
    grids : GeoDataFrame
        frames.GRIDS in WGS 84, codes unique.
    streets : GeoDataFrame, optional
        Lines, any CRS. One along a border is that of the lowest code. Without any there are 0 metres.

    Returns
    -------
    array of float, shape (n,)
        Metres, in the order of the grids.

    Raises
    ------
    CrsError, ColumnError
        As ``frames.require``.
    """
    frames.require_wgs84(frames.require(grids, frames.GRIDS))
    total = np.zeros(len(grids))
    if streets is None or not len(streets) or not len(grids):
        return total
    grid, pieces = street_pieces(grids, streets, crs.metric_epsg_of(np.asarray(grids.geometry.array)))
    np.add.at(total, grid, np.hypot(*(pieces[:, 2:] - pieces[:, :2]).T))
    return total


def street_pieces(grids: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, epsg: int) -> tuple[Ints, Floats]:
    """Cut streets at the borders of grids.

    Returns
    -------
    array of int, shape (m,); array of float, shape (m, 4)
        The number of the grid of each piece, and its ends in metres of ``epsg``; what lies in no grid is left out.
    """
    placed = np.asarray(crs.frame_to_wgs84(streets).geometry.array)
    lines = shapely.get_parts(placed[~(shapely.is_missing(placed) | shapely.is_empty(placed))])
    degrees = straight_pieces(lines)
    if not len(degrees) or not len(grids):
        return np.zeros(0, dtype=np.int64), np.zeros((0, 4))
    locator = Locator.from_frame(grids)
    start, end = degrees[:, :2], degrees[:, 2:]
    mp, mq = (np.column_stack(crs.xy_to_metric(p[:, 0], p[:, 1], epsg)) for p in (start, end))
    near = np.isfinite(mp).all(axis=1) & np.isfinite(mq).all(axis=1)
    start, end, mp, mq = start[near], end[near], mp[near], mq[near]
    cut = Borders(locator).split(start, end, np.hypot(*(mq - mp).T))
    own = cut.owner >= 0
    of, a, b = cut.segment[own], cut.start[own][:, None], cut.end[own][:, None]
    pieces = np.hstack([mp[of] + a * (mq - mp)[of], mp[of] + b * (mq - mp)[of]])
    position = {str(code): n for n, code in enumerate(grids["code"])}
    grid = np.array([position[code] for code in locator.codes], dtype=np.int64)[cut.owner[own]]
    return grid, pieces


def straight_pieces(lines: npt.NDArray[np.object_], simplify_m: float = 0.0) -> Floats:
    """Give the segments of lines, and points as segments without length; what is empty or far away is left out."""
    if not len(lines):
        return np.zeros((0, 4))
    if simplify_m > 0:
        lines = shapely.simplify(lines, simplify_m, preserve_topology=False)
    xy, line = shapely.get_coordinates(lines, return_index=True)
    good = np.isfinite(xy).all(axis=1)
    xy, line = xy[good], line[good]
    first = np.flatnonzero(line[1:] == line[:-1])
    single = np.flatnonzero(np.r_[True, line[1:] != line[:-1]] & np.r_[line[1:] != line[:-1], True])[: len(line)]
    return np.concatenate([np.hstack([xy[first], xy[first + 1]]), np.hstack([xy[single], xy[single]])])
