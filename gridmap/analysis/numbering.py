"""Give grids their codes, west to east and north to south: a total order that no other grid has a say in.

"West to east, north to south" orders points of a lattice, not polygons. Here the ground is cut into bands of latitude,
counted from the equator; a grid stands in the band of its centroid. Bands go from north to south; in a band the
centroids go from west to east; at one longitude from north to south; at one centroid the normalised shapes go by
their bytes, and equal shapes by level, parent, name and code. All degrees are taken as whole multiples of 1e-7.

The place of a grid in this order follows from its own row alone, so neither the order of rows, nor the start or the
winding of rings, nor any other grid can change it.
"""

from collections import Counter
from collections.abc import Collection, Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.plane import as_code, code_findings, labels_of
from gridmap.domain.codes import CodeScheme
from gridmap.domain.rules import Finding, Report, Severity, report
from gridmap.errors import InvalidInput

#: Height of a band, degrees of latitude: 111 m, about the side of a unit grid.
BAND_DEG = 0.001

#: Places are compared in steps of this, degrees: 11 mm.
_STEP_DEG = 1e-7


def numbering_order(frame: gpd.GeoDataFrame, *, band_deg: float = BAND_DEG) -> npt.NDArray[np.intp]:
    """Give the positions of the rows in the order of their codes.

    Parameters
    ----------
    frame : GeoDataFrame
        frames.GRIDS; shapes of any kind. CRS: WGS 84; another stated CRS is reprojected.
    band_deg : float
        Height of a band of latitude, at least 1e-7.

    Returns
    -------
    array of int
        ``frame.iloc[order]`` runs from the north-west to the south-east.

    Raises
    ------
    InvalidInput
        ``code_geometry_missing``: a row has no shape, or one with coordinates that are no numbers.
    ColumnError, CrsError
        ``column_missing``, ``crs_missing``, ``coordinate_out_of_range``.
    """
    frames.require(frame, frames.GRIDS)
    came = np.asarray(frame.geometry.array, dtype=object)
    _require_shapes(came, np.arange(len(came)))
    shapes = np.asarray(crs.frame_to_wgs84(frame).geometry.array, dtype=object)
    shapes = shapely.normalize(shapely.force_2d(shapes))
    middle = shapely.centroid(shapes)
    east = np.round(shapely.get_x(middle) / _STEP_DEG).astype(np.int64)
    north = np.round(shapely.get_y(middle) / _STEP_DEG).astype(np.int64)
    band = north // max(1, round(band_deg / _STEP_DEG))
    order = np.lexsort((-north, east, -band))
    place = np.stack([band, east, north])[:, order]
    tied = np.flatnonzero((place[:, 1:] == place[:, :-1]).all(axis=0))
    for start, end in _runs(tied):
        order[start:end] = sorted(order[start:end], key=lambda i: _words(frame, int(i), shapes.item(i)))
    return order


def assign_codes(
    frame: gpd.GeoDataFrame,
    *,
    scheme: CodeScheme,
    parents: Sequence[str | None] | None = None,
    used: Collection[str] = (),
    front: str = "",
    band_deg: float = BAND_DEG,
) -> gpd.GeoDataFrame:
    """Give a code to every grid that has none; codes that are there stay.

    Parameters
    ----------
    frame : GeoDataFrame
        frames.GRIDS of one level. CRS: WGS 84; another stated CRS is reprojected. Never changed.
    scheme : CodeScheme
    parents : sequence of str, optional
        Code of the area that each row lies in; by default the column ``parent_code``.
    used : collection of str
        Every code that was ever in use: none is given again.
    front : str
        Digits of parts that only a grid has, such as the object code of CJ/T 349.
    band_deg : float
        As ``numbering_order``.

    Returns
    -------
    GeoDataFrame
        A copy with ``code`` complete. In each area the lowest numbers never used are given in ``numbering_order``.

    Raises
    ------
    InvalidInput
        ``codes_exhausted``: an area has no number left; ``code_parent_missing``; ``code_geometry_missing``;
        ``code_malformed``: a parent's code, or ``front``, does not follow the scheme.
    ColumnError, CrsError
        As ``numbering_order``.
    """
    frames.require(frame, frames.GRIDS)
    codes = [as_code(value) for value in frame["code"]]
    bare = np.array([row for row, code in enumerate(codes) if code is None], dtype=np.intp)
    given = parents if parents is not None else frame.get("parent_code", [None] * len(frame))
    areas = [as_code(value) for value in given]
    lost = [row for row in bare.tolist() if areas[row] is None]
    if lost:
        raise InvalidInput("code_parent_missing", count=len(lost), row=lost[0] + 1)
    _require_shapes(np.asarray(frame.geometry.array, dtype=object)[bare], bare)
    taken = frozenset(used) | {code for code in codes if code is not None}
    free = {area: scheme.free(area, taken, front=front) for area in {str(areas[row]) for row in bare}}
    for row in bare[numbering_order(frame.iloc[bare], band_deg=band_deg)]:
        codes[row] = next(free[str(areas[row])])
    return frame.assign(code=np.array(codes, dtype=object))


def check_codes(frame: gpd.GeoDataFrame, scheme: CodeScheme) -> Report:
    """Check the codes of one level of grids by themselves.

    Parameters
    ----------
    frame : GeoDataFrame
        frames.GRIDS; shapes are not looked at.
    scheme : CodeScheme

    Returns
    -------
    Report
        Rules ``missing_code``, ``duplicate_code``, ``code_scheme`` (``prefix`` where ``parent_code`` is given). Facts:
        ``grids``, ``areas`` (areas with sound codes), ``fullest`` (the most codes in one of them), ``limit`` (as many
        an area can have).

    Raises
    ------
    ColumnError, CrsError
        ``column_missing``, ``crs_missing``.
    """
    frames.require(frame, frames.GRIDS)
    codes = [as_code(value) for value in frame["code"].to_numpy(object)]
    rows = np.arange(len(codes))
    findings = list(code_findings(codes, labels_of(codes, rows), rows))
    given = frame["parent_code"].to_numpy(object) if "parent_code" in frame.columns else [None] * len(codes)
    leaf, around = scheme.at(0), scheme.at(1)
    areas: Counter[str] = Counter()
    for code, parent in zip(codes, map(as_code, given), strict=True):
        if code is None or leaf is None:
            continue
        fault = leaf.fault(code)
        if fault:
            fields = {"kind": fault, "scheme": scheme.name, "digits": leaf.digits, "level": ""}
            findings.append(Finding("code_scheme", Severity.ERROR, (code,), fields=fields))
            continue
        area = leaf.area_of(code)
        areas[area] += 1
        if parent is not None and around is not None and around.significant(parent) != area:
            fields = {"kind": "prefix", "scheme": scheme.name}
            findings.append(Finding("code_scheme", Severity.ERROR, (code, parent), fields=fields))
    limit = 10**scheme.serial.digits - 1
    return report(findings, grids=len(codes), areas=len(areas), fullest=max(areas.values(), default=0), limit=limit)


def _require_shapes(shapes: npt.NDArray[np.object_], rows: npt.NDArray[np.intp]) -> None:
    bad = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    xy, at = shapely.get_coordinates(shapes, return_index=True)
    bad[at[~np.isfinite(xy).all(axis=1)]] = True
    if bad.any():
        raise InvalidInput("code_geometry_missing", count=int(bad.sum()), row=int(rows[bad][0]) + 1)


def _runs(tied: npt.NDArray[np.intp]) -> list[tuple[int, int]]:
    """Give start and end of the runs of places that are equal to the next one."""
    if not len(tied):
        return []
    cuts = np.flatnonzero(np.diff(tied) > 1) + 1
    return [(int(run[0]), int(run[-1]) + 2) for run in np.split(tied, cuts)]


def _words(frame: gpd.GeoDataFrame, row: int, shape: BaseGeometry) -> tuple[bytes, tuple[str, ...]]:
    held = [c for c in ("level", "parent_code", "name", "code") if c in frame.columns]
    return shapely.to_wkb(shape, byte_order=1), tuple(as_code(frame[c].iloc[row]) or "" for c in held)
