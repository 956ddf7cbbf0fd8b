"""Bring a frame of grids into one order, one ring form and one metric plane; report rows that cannot take part."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.noding import node_within
from gridmap.domain.rules import Finding, Severity

Geometries = npt.NDArray[np.object_]

#: Overlaps and holes of this mean width (2 x area / perimeter) or less are rounding of coordinates. A degree is stored
#: to 3e-9 m at worst (longitude 128 to 180), a northing of 4,000,000 m to 5e-10 m; a computed crossing adds as much.
NOISE_WIDTH_M = 1e-8

#: Types that a level of any shapes takes: points, lines and polygons, single or several.
ANY_SHAPE = (0, 1, 3, 4, 5, 6)

_PLACE = re.compile(r"\[(\S+) (\S+?)\]")


@dataclass(frozen=True, slots=True)
class Plane:
    """Polygons of one level in a metric CRS, ordered by code and then shape: what all rules work on.

    ``codes`` are the labels for findings: the code, or ``#n`` for row n (from 1) of a grid without one. ``rows`` are
    the positions in the frame. ``usable`` marks polygons that were valid as they came; the others stand in
    ``shapes`` made valid, so that they cover their ground but take part in no pair. ``degrees`` are the same polygons
    in WGS 84, T-junctions noded.
    """

    codes: npt.NDArray[np.object_]
    parent_codes: npt.NDArray[np.object_] | None
    shapes: Geometries
    degrees: Geometries
    rows: npt.NDArray[np.intp]
    usable: npt.NDArray[np.bool_]
    epsg: int

    def __len__(self) -> int:
        return len(self.shapes)

    def to_wgs84(self, geometry: BaseGeometry) -> BaseGeometry:
        """Bring one metric geometry to lon/lat, in its normal form."""
        back: BaseGeometry = self.all_to_wgs84(np.array([geometry], dtype=object))[0]
        return back

    def all_to_wgs84(self, geometry: Geometries) -> Geometries:
        """Bring metric geometries to lon/lat, in their normal form."""
        return shapely.normalize(crs.from_metric(geometry, self.epsg))


def as_code(value: Any) -> str | None:
    """Read a cell as a code: text without blanks at its ends; None where the cell is missing or blank."""
    if type(value) is str:
        return value.strip() or None
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    return str(value).strip() or None


def read_plane(
    frame: gpd.GeoDataFrame,
    *,
    epsg: int | None = None,
    numbers: npt.NDArray[np.intp] | None = None,
    points: bool = False,
) -> tuple[list[Finding], Plane]:
    """Check every row by itself and project the polygons.

    Parameters
    ----------
    frame : GeoDataFrame
        frames.GRIDS. CRS: any stated one.
    epsg : int, optional
        Metric CRS to use; by default that of the place.
    numbers : array of int, optional
        The number of each row from 0, where the frame is a part of a larger one.
    points : bool
        Points and lines may stand for a grid; they are no part of the plane.

    Returns
    -------
    list of Finding, Plane
        Rules ``missing_code``, ``duplicate_code``, ``empty_geometry``, ``not_polygon``, ``invalid_ring``.

    Raises
    ------
    ColumnError, CrsError
        ``column_missing``, ``crs_missing``, ``coordinate_out_of_range``.
    """
    frames.require(frame, frames.GRIDS)
    came = np.asarray(frame.geometry.array, dtype=object)
    finite = _finite(came)
    measured = came.copy()
    measured[~finite] = None
    frame = frame.reset_index(drop=True).set_geometry(gpd.GeoSeries(measured, crs=frame.crs))
    frame = crs.frame_to_wgs84(frame)
    read = [as_code(value) for value in frame["code"].to_numpy(object)]
    numbers = np.arange(len(read)) if numbers is None else numbers
    codes = labels_of(read, numbers)
    findings = list(code_findings(read, codes, numbers))

    shapes = np.where(finite, np.asarray(frame.geometry.array, dtype=object), came)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    flat = np.isin(shapely.get_type_id(shapes), (3, 6))
    valid = finite & shapely.is_valid(shapes)
    allowed = np.isin(shapely.get_type_id(shapes), ANY_SHAPE) if points else flat
    findings += [
        _shape_finding(codes[row], shapes[row], bool(empty[row]), bool(allowed[row]), bool(finite[row]))
        for row in np.flatnonzero(empty | ~allowed | ~valid)
    ]

    rows = np.flatnonzero(finite & flat & ~empty)
    shapes = shapely.force_2d(shapes[rows])
    shapes = shapely.normalize(_as_ground(shapes, ~valid[rows]))
    rows, shapes = _in_order(rows, codes, shapes)
    if epsg is None:
        epsg = crs.metric_epsg_of(shapes) if len(shapes) else 3857
    shapes = node_within(shapes)
    parents = None
    # a column without a single code names no parents: it is what a file without such a column becomes
    if "parent_code" in frame.columns and frame["parent_code"].notna().any():
        parents = np.array([as_code(value) for value in frame["parent_code"]], dtype=object)[rows]
    return findings, Plane(codes[rows], parents, in_metres(shapes, epsg), shapes, rows, valid[rows], epsg)


def in_metres(degrees: Geometries, epsg: int) -> Geometries:
    """Project valid polygons to a metric CRS, in normal form."""
    metric = crs.to_metric(degrees, epsg)
    # A ring that is valid in degrees can cross itself by a hair in metres, where straight edges are other lines.
    return shapely.normalize(_as_ground(metric, ~shapely.is_valid(metric)))


def _finite(shapes: Geometries) -> npt.NDArray[np.bool_]:
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    finite = np.ones(len(shapes), dtype=bool)
    finite[owner[~np.isfinite(xy).all(axis=1)]] = False
    return finite


def labels_of(read: list[str | None], numbers: npt.NDArray[np.intp]) -> npt.NDArray[np.object_]:
    """Name rows for findings: by code, or ``#n`` for row n, from 1, of those without one."""
    return np.array([c or f"#{n + 1}" for c, n in zip(read, numbers.tolist(), strict=True)], dtype=object)


def code_findings(
    read: list[str | None], codes: npt.NDArray[np.object_], numbers: npt.NDArray[np.intp]
) -> Iterator[Finding]:
    """Yield ``missing_code`` and ``duplicate_code`` for codes and labels of rows with these numbers."""
    counts: dict[str, int] = {}
    for row, code in enumerate(read):
        if code is None:
            yield Finding("missing_code", Severity.ERROR, (codes[row],), fields={"row": int(numbers[row]) + 1})
        else:
            counts[code] = counts.get(code, 0) + 1
    for code, count in counts.items():
        if count > 1:
            yield Finding("duplicate_code", Severity.ERROR, (code,), fields={"rows": count})


def _shape_finding(code: str, shape: BaseGeometry, empty: bool, flat: bool, finite: bool) -> Finding:
    if empty:
        return Finding("empty_geometry", Severity.ERROR, (code,))
    if not flat:
        return Finding("not_polygon", Severity.ERROR, (code,), fields={"type": shape.geom_type})
    if not finite:
        return Finding("invalid_ring", Severity.ERROR, (code,), fields={"reason": "Invalid Coordinate"})
    reason = str(shapely.is_valid_reason(shape))
    place = _PLACE.search(reason)
    point = shapely.Point(float(place[1]), float(place[2])) if place else None
    return Finding("invalid_ring", Severity.ERROR, (code,), geometry=point, fields={"reason": _PLACE.sub("", reason)})


def _as_ground(shapes: Geometries, broken: npt.NDArray[np.bool_]) -> Geometries:
    """Replace the broken shapes by the valid polygons that cover the same ground."""
    out = shapes.copy()
    for i in np.flatnonzero(broken):
        out[i] = polygons_of(shapely.make_valid(shapes[i], method="structure", keep_collapsed=False))
    return out


def polygons_of(geometry: BaseGeometry) -> BaseGeometry:
    """Keep the polygons of any geometry; lines and points have no area."""
    parts = shapely.get_parts(shapely.get_parts([geometry]))
    parts = parts[shapely.get_type_id(parts) == 3]
    flat: BaseGeometry = parts[0] if len(parts) == 1 else shapely.MultiPolygon(list(parts))
    return flat


def real_ground(geometry: BaseGeometry) -> BaseGeometry:
    """Keep the polygons that are wider than rounding; metric CRS."""
    if geometry.geom_type == "Polygon":
        real = 2 * geometry.area > NOISE_WIDTH_M * geometry.length
        return geometry if real else shapely.MultiPolygon()
    parts = shapely.get_parts(shapely.get_parts([geometry]))
    parts = parts[shapely.get_type_id(parts) == 3]
    real = 2 * shapely.area(parts) > NOISE_WIDTH_M * shapely.length(parts)
    return polygons_of(shapely.MultiPolygon(list(parts[real])))


def area_noise_m2(shape: BaseGeometry) -> float:
    """Bound what rounding can change in an area: the noise width along the border, and the digits of the sum."""
    return NOISE_WIDTH_M * float(shapely.length(shape)) / 2 + 1e-12 * float(shapely.area(shape))


def _in_order(
    rows: npt.NDArray[np.intp], codes: npt.NDArray[np.object_], shapes: Geometries
) -> tuple[npt.NDArray[np.intp], Geometries]:
    mine = codes[rows].tolist()
    if len(set(mine)) == len(mine):  # shapes decide only where codes are doubled
        order = np.array(sorted(range(len(rows)), key=mine.__getitem__), dtype=np.intp)
        return rows[order], shapes[order]
    wkb = shapely.to_wkb(shapes)
    order = np.array(sorted(range(len(rows)), key=lambda i: (mine[i], wkb[i])), dtype=np.intp)
    return rows[order], shapes[order]
