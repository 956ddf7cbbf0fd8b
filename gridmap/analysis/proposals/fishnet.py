"""Unit grids: the squares of a lattice, clipped to communities, slivers merged with their neighbours."""

from collections.abc import Collection, Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.lattice import Raster, find_cells
from gridmap.analysis.numbering import assign_codes, numbering_order
from gridmap.analysis.plane import as_code
from gridmap.analysis.proposals.faces import Faces, Geometries, borders_of, cut_along, merge_small
from gridmap.domain.codes import CodeScheme
from gridmap.errors import InvalidInput, TooLarge

#: Side of a unit grid, metres: 10,000 m2, as the rules for unit grids ask.
CELL_M = 100.0
#: Between these a side makes sense, metres.
LEAST_CELL_M, MOST_CELL_M = 5.0, 5_000.0
#: A piece smaller than this share of a full cell is a sliver.
SLIVER_SHARE = 0.25
#: Unit grids made at once.
MAX_UNITS = 200_000


def fishnet(
    areas: Geometries, *, cell_m: float = CELL_M, sliver_share: float = SLIVER_SHARE, limit: int = MAX_UNITS
) -> Faces:
    """Cut areas along a lattice of squares.

    Parameters
    ----------
    areas : array of Polygon or MultiPolygon
        That do not overlap. CRS: WGS 84.
    cell_m : float
        Side of a square, metres. Sides lie on multiples of it in the metric CRS of the place.
    sliver_share : float
        A piece smaller than this share of a square is merged with the neighbour of the longest shared border in its
        area; from 0 to 1.
    limit : int
        Most unit grids.

    Returns
    -------
    Faces
        They tile the areas: where two meet, in an area or across areas, both have the same vertices.

    Raises
    ------
    InvalidInput
        ``propose_cell_size``, ``propose_sliver_share``, ``no_grids``.
    TooLarge
        ``propose_too_many_units``.
    GeometryError
        ``propose_ground_unsound``.
    """
    if not LEAST_CELL_M <= cell_m <= MOST_CELL_M:
        raise InvalidInput("propose_cell_size", least=LEAST_CELL_M, most=MOST_CELL_M)
    if not 0.0 <= sliver_share <= 1.0:
        raise InvalidInput("propose_sliver_share")
    areas = np.asarray(areas, dtype=object)
    if not len(areas) or shapely.is_empty(areas).all():
        raise InvalidInput("no_grids")
    expected = float(crs.area_m2(areas).sum()) / cell_m**2
    if expected > limit:
        raise TooLarge("propose_too_many_units", units=round(expected), limit=limit)
    raster, row, column = find_cells(gpd.GeoDataFrame(geometry=areas, crs=crs.WGS84), cell_m)
    faces = cut_along(areas, _lines(raster, row, column))
    m2 = shapely.area(crs.to_metric(faces.shapes, raster.epsg))
    least = np.full(len(faces), sliver_share * cell_m**2)
    found, _ = merge_small(faces, borders_of(faces.shapes, raster.epsg), m2, least)
    if len(found) > limit:
        raise TooLarge("propose_too_many_units", units=len(found), limit=limit)
    return found


def _lines(raster: Raster, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> Geometries:
    """Give the sides of squares, each once; WGS 84, straight from corner to corner of the lattice."""
    wide = raster.columns + 1

    def sides(r0: int, c0: int, r1: int, c1: int) -> npt.NDArray[np.int64]:
        return np.stack([(row + r0) * wide + column + c0, (row + r1) * wide + column + c1], axis=1)

    ends = np.unique(
        np.concatenate([sides(0, 0, 0, 1), sides(1, 0, 1, 1), sides(0, 0, 1, 0), sides(0, 1, 1, 1)]), axis=0
    )
    corners = np.unique(ends)
    y, x = np.divmod(corners, wide)
    places = np.asarray(shapely.points((raster.west + x) * raster.cell_m, (raster.north - y) * raster.cell_m))
    xy = shapely.get_coordinates(crs.from_metric(places, raster.epsg))
    return np.asarray(shapely.linestrings(xy[np.searchsorted(corners, ends)]))


def unit_grids(
    areas: gpd.GeoDataFrame,
    *,
    cell_m: float = CELL_M,
    sliver_share: float = SLIVER_SHARE,
    scheme: CodeScheme | None = None,
    used: Collection[str] = (),
) -> gpd.GeoDataFrame:
    """Make unit grids of communities.

    Parameters
    ----------
    areas : GeoDataFrame
        frames.GRIDS. CRS: WGS 84.
    cell_m, sliver_share : float
        As ``fishnet``.
    scheme : CodeScheme, optional
        The rule for their codes; without it a code is that of the area, a hyphen and a number.
    used : collection of str
        Codes that are never given again.

    Returns
    -------
    GeoDataFrame
        ``code``, ``name``, ``parent_code``, ``geometry``, ordered as their codes: from the north-west to the
        south-east in each area. WGS 84.

    Raises
    ------
    InvalidInput, TooLarge, GeometryError
        As ``fishnet``; ``code_missing``; ``codes_exhausted``, ``code_malformed`` of the scheme.
    """
    frames.require_wgs84(frames.require(areas, frames.GRIDS))
    codes = [as_code(c) for c in areas["code"]]
    if None in codes or len(set(codes)) < len(codes):
        raise InvalidInput("propose_codes_needed")
    faces = fishnet(np.asarray(areas.geometry.array, dtype=object), cell_m=cell_m, sliver_share=sliver_share)
    parents = [str(codes[i]) for i in faces.area.tolist()]
    frame = gpd.GeoDataFrame(
        {"code": pd.Series([None] * len(faces), dtype=object), "parent_code": parents},
        geometry=faces.shapes,
        crs=crs.WGS84,
    )
    order = numbering_order(frame)
    frame = frame.iloc[order[np.argsort(faces.area[order], kind="stable")]].reset_index(drop=True)
    if scheme is None:
        frame["code"] = _plain(frame["parent_code"].tolist(), set(used))
    else:
        frame = assign_codes(frame, scheme=scheme, used=used)
    frame.insert(1, "name", frame["code"])
    return frame


def _plain(parents: Sequence[str], used: set[str]) -> list[str]:
    number = dict.fromkeys(parents, 0)
    out = []
    for parent in parents:
        while True:
            number[parent] += 1
            code = f"{parent}-{number[parent]}"
            if code not in used:
                break
        out.append(code)
    return out
