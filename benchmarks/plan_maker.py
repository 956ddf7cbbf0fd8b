"""Make a large synthetic plan: street > community > unit grid, bent borders, every vertex of a neighbour matched."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.domain.boundaries import BoundarySet, Level

#: A unit grid measures about 100 m.
CELL_DEG = 0.001

PLAN = BoundarySet(
    "bench",
    (Level("street", 0), Level("community", 1, contiguous=True), Level("grid", 2, contiguous=True)),
    code_scheme="gb15",
)


def make_plan(rows: int, columns: int, *, bends: int = 3, side: int = 20, seed: int = 7) -> gpd.GeoDataFrame:
    """Build the complete frame of a plan.

    Parameters
    ----------
    rows, columns : int
        Unit grids from south to north and from west to east.
    bends : int
        Vertices inside each side of a unit grid, so that one has ``4 * (bends + 1)`` of them.
    side : int
        Unit grids along a side of a community, and communities along a side of a street is a quarter of it.

    Returns
    -------
    GeoDataFrame
        frames.GRIDS with every optional column, coarsest level first. CRS: WGS 84. Codes follow the scheme gb15.
    """
    rng = np.random.default_rng(seed)
    net = np.stack(np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0)), axis=-1)
    net[1:-1, 1:-1] += rng.uniform(-0.2, 0.2, net[1:-1, 1:-1].shape)
    along = _bent(net[:, :-1], net[:, 1:], bends, rng)
    up = _bent(net[:-1], net[1:], bends, rng)
    lines, pillars = _cuts(rows, side), _cuts(columns, side)
    streets = _level(along, up, lines[:: side // 4], pillars[:: side // 4])
    communities = _level(along, up, lines, pillars)
    grids = _level(along, up, np.arange(rows + 1), np.arange(columns + 1))
    row, column = np.divmod(np.arange(rows * columns), columns)
    community = _cell(lines, row) * (len(pillars) - 1) + _cell(pillars, column)
    row, column = np.divmod(np.arange(len(communities)), len(pillars) - 1)
    street_lines, street_pillars = lines[:: side // 4], pillars[:: side // 4]
    street_row, street_column = _cell(street_lines, lines[row]), _cell(street_pillars, pillars[column])
    street = street_row * _cells(pillars, side) + street_column
    street_codes = np.array([f"371{902:03}{i + 1:03}" for i in range(len(streets))], dtype=object)
    community_codes = street_codes[street] + _serials(street)
    grid_codes = community_codes[community] + _serials(community)
    frame = pd.DataFrame(
        {
            "code": np.concatenate([street_codes, community_codes, grid_codes]),
            "level": np.repeat(["street", "community", "grid"], [len(streets), len(communities), len(grids)]),
            "parent_code": np.concatenate(
                [np.full(len(streets), None), street_codes[street], community_codes[community]]
            ),
            "households": np.repeat([20_000, 5_000, 40], [len(streets), len(communities), len(grids)]),
        }
    )
    frame["name"] = frame["level"] + " " + frame["code"]
    frame["kind"] = None
    frame["attributes"] = [{}] * len(frame)
    geometry = np.concatenate([streets, communities, grids])
    return gpd.GeoDataFrame(frame, geometry=geometry, crs="EPSG:4326")


def _bent(start: np.ndarray, end: np.ndarray, bends: int, rng: np.random.Generator) -> np.ndarray:
    """Give every side of the net as a line of ``bends + 1`` edges without its last vertex, and that one."""
    share = np.linspace(0, 1, bends + 2)[:, None]
    line = start[:, :, None] * (1 - share) + end[:, :, None] * share
    line[:, :, 1:-1] += rng.uniform(-0.03, 0.03, line[:, :, 1:-1].shape)
    return np.round(np.array([120.0, 36.0]) + line * CELL_DEG, 7)


def _cuts(n: int, side: int) -> np.ndarray:
    return np.unique(np.r_[np.arange(0, n, side), n])


def _cells(pillars: np.ndarray, side: int) -> int:
    return len(np.unique(np.r_[pillars[:: side // 4], pillars[-1]])) - 1


def _cell(cuts: np.ndarray, at: np.ndarray) -> np.ndarray:
    return np.searchsorted(cuts, at, side="right") - 1


def _level(along: np.ndarray, up: np.ndarray, lines: np.ndarray, pillars: np.ndarray) -> np.ndarray:
    """Make the areas between some lines and pillars of the net, row by row."""
    lines = np.unique(np.r_[lines, up.shape[0]])
    pillars = np.unique(np.r_[pillars, along.shape[1]])
    areas = []
    for south, north in pairwise(lines):
        for west, east in pairwise(pillars):
            ring = [
                along[south, west:east].reshape(-1, 2),
                up[south:north, east].reshape(-1, 2),
                along[north, west:east].reshape(-1, 2)[::-1],
                up[south:north, west].reshape(-1, 2)[::-1],
            ]
            xy = np.concatenate(ring)
            areas.append(xy[np.r_[True, (xy[1:] != xy[:-1]).any(axis=1)]])
    return shapely.polygons([shapely.linearrings(xy) for xy in areas])


def _serials(group: np.ndarray) -> np.ndarray:
    """Number the members of each group from 001, in their order."""
    order = np.argsort(group, kind="stable")
    first = np.r_[True, group[order][1:] != group[order][:-1]]
    start = np.flatnonzero(first)
    number = np.empty(len(group), dtype=int)
    number[order] = np.arange(len(group)) - np.repeat(start, np.diff(np.r_[start, len(group)])) + 1
    return np.array([f"{n:03}" for n in number], dtype=object)
