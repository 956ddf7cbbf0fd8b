"""From what the child gave to geometries in WGS 84: types, vertices, axes, CRS, and a finding for every fault."""

import re
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from gridmap.crs import Datum, frame_to_wgs84, parse_crs
from gridmap.domain.rules import Finding, Severity
from gridmap.errors import CrsError, GeometryError, TooLarge
from gridmap.files.sandbox import Parsed
from gridmap.files.sniff import Format
from gridmap.files.wkb import scan
from gridmap.settings import Settings

_PLACE = re.compile(r"\[([-0-9.eE+]+) ([-0-9.eE+]+)\]")
_MAX_CRS_TEXT = 20_000
# GEOS's words for why a polygon is invalid, and our rule for each.
_RULES = {
    "Self-intersection": "self_intersection",
    "Ring Self-intersection": "self_intersection",
    "Hole lies outside shell": "hole_outside_shell",
    "Holes are nested": "nested_holes",
    "Interior is disconnected": "interior_disconnected",
    "Nested shells": "nested_shells",
    "Duplicate Rings": "duplicate_rings",
    "Too few points in geometry component": "too_few_points",
    "Too few distinct points in geometry component": "too_few_points",
}
VALIDITY_RULES = frozenset(_RULES.values()) | {"invalid_geometry"}
Geometries = npt.NDArray[np.object_]
Bools = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Features:
    """Geometries by feature, in WGS 84; ``usable`` tells which may go on; and the findings so far."""

    geometry: Geometries
    usable: Bools
    findings: list[Finding]
    crs: str


def finding(rule: str, severity: Severity, feature: int | None, **more: Any) -> Finding:
    """Make a finding about one feature (0-based; texts show it 1-based)."""
    place: dict[str, Any] = {} if feature is None else {"feature": feature, "number": feature + 1}
    if rule == "empty_geometry" and feature is not None:
        place["codes"] = f"#{feature + 1}"  # its text, shared with the rules over frames, names codes
    geometry = more.pop("geometry", None)
    return Finding(rule, severity, geometry=geometry, fields={**place, **more})


def to_features(
    parsed: Parsed, *, settings: Settings, kinds: tuple[str, ...], crs: str | None, datum: Datum | None
) -> Features:
    """Build, check and reproject all geometries of a file.

    Parameters
    ----------
    parsed : Parsed
    settings : Settings
    kinds : tuple of str
        Geometry types that may stand in this file.
    crs, datum
        As in ``crs.frame_to_wgs84``.

    Raises
    ------
    CrsError
        ``crs_missing``, ``crs_conflict``, ``crs_unsupported``, ``looks_projected``, ``looks_swapped``,
        ``coordinate_out_of_range``.
    TooLarge
        ``geometry_too_large``, ``too_many_vertices``.
    """
    found: list[Finding] = []
    size = len(parsed.faults)
    blobs: list[bytes | None] = [None] * size
    vertices = heights = 0
    for row, (wkb, fault) in enumerate(zip(parsed.wkb.to_pylist(), parsed.faults, strict=True)):
        if fault is not None or wkb is None:
            found.append(finding(fault or "empty_geometry", Severity.ERROR, row))
            continue
        seen = scan(wkb)
        vertices += seen.vertices
        if seen.vertices > settings.max_geometry_vertices:
            raise TooLarge("geometry_too_large", feature=row, limit=settings.max_geometry_vertices)
        if vertices > settings.max_vertices:
            raise TooLarge("too_many_vertices", limit=settings.max_vertices)
        if seen.kind and seen.kind not in kinds and seen.fault in (None, "empty_geometry"):
            found.append(finding("type_not_allowed", Severity.ERROR, row))
        elif seen.fault is not None:
            # Places before reprojection mean nothing to a reader; the ring is enough where degrees are not certain.
            ring = {} if seen.ring is None else {"ring": seen.ring}
            found.append(finding(seen.fault, Severity.ERROR, row, **ring))
        else:
            blobs[row] = wkb
            heights += seen.has_z or parsed.has_z[row]
    if heights:
        found.append(finding("z_dropped", Severity.NOTE, None, count=heights))
    geometry = _build(blobs)
    _drop_not_finite(geometry, found)
    stated = _stated(parsed, crs)
    if stated is None and datum is None:
        raise CrsError("crs_missing")
    frame = gpd.GeoDataFrame(geometry=gpd.GeoSeries(geometry), crs=stated)
    _degrees_only(geometry, frame.crs, found)
    frame = frame.set_geometry(gpd.GeoSeries(geometry, crs=frame.crs))
    frame = frame_to_wgs84(frame, datum=datum)
    placed: Geometries = np.asarray(frame.geometry.array, dtype=object)
    polygons = np.isin(shapely.get_type_id(placed), (3, 6))
    # RFC 7946: a reader should not refuse rings that run the other way; one direction makes equal files equal.
    placed[polygons] = shapely.orient_polygons(placed[polygons], exterior_cw=False)
    _check_validity(placed, found)
    return Features(placed, ~shapely.is_missing(placed), found, _name_of(parsed, crs))


def _build(blobs: list[bytes | None]) -> Geometries:
    try:
        with np.errstate(invalid="ignore"):  # NaN is looked for right after
            built = shapely.from_wkb(np.array(blobs, dtype=object))
    except (shapely.GEOSException, ValueError):
        # The walk above should make this impossible; if GEOS knows better, the file is refused as a whole.
        raise GeometryError("bad_geometry_file") from None
    return np.asarray(shapely.force_2d(built), dtype=object)


def _drop_not_finite(geometry: Geometries, found: list[Finding]) -> None:
    xy, rows = shapely.get_coordinates(geometry, return_index=True)
    for row in np.unique(rows[~np.isfinite(xy).all(axis=1)]):
        point = shapely.get_type_id(geometry[row]) == 0
        found.append(finding("empty_geometry" if point else "coordinate_not_finite", Severity.ERROR, int(row)))
        geometry[row] = None


def _stated(parsed: Parsed, given: str | None) -> pyproj.CRS | None:
    """Give the CRS of the degrees or metres in the file: as stated, as given, never guessed."""
    text = parsed.crs
    if text is not None and len(text) > _MAX_CRS_TEXT:
        raise CrsError("crs_unsupported")
    stated = None if text is None else parse_crs(text)
    if stated is None and given is None and parsed.format is Format.GEOJSON:
        return parse_crs("OGC:CRS84")  # RFC 7946: always WGS 84, lon/lat
    if given is None:
        return stated
    wanted = parse_crs(given)
    if stated is not None and not wanted.equals(stated, ignore_axis_order=True):
        # A .prj names things its own way: the numbers decide.
        number = stated.to_epsg(min_confidence=25)
        if number is None or number != wanted.to_epsg():
            raise CrsError("crs_conflict")
    return wanted


def _name_of(parsed: Parsed, given: str | None) -> str:
    crs = _stated(parsed, given)
    if crs is None:
        return ""
    authority = crs.to_authority(min_confidence=25)
    return ":".join(authority) if authority else crs.name


def _degrees_only(geometry: Geometries, crs: pyproj.CRS | None, found: list[Finding]) -> None:
    """Catch metres called degrees, swapped axes and single stray vertices before anything is reprojected."""
    if crs is not None and not crs.is_geographic:
        return
    bounds = shapely.bounds(geometry)
    there = np.isfinite(bounds).all(axis=1)
    if not there.any():
        return
    widest = np.abs(bounds).reshape(-1, 2, 2).max(axis=1)  # |x|, |y| by feature
    beyond = there & ((widest[:, 0] > 180.0) | (widest[:, 1] > 90.0))
    if not beyond.any():
        return
    if beyond.sum() * 2 >= there.sum():
        if (widest[there] <= (90.0, 180.0)).all():
            raise CrsError("looks_swapped")
        raise CrsError("looks_projected")
    for row in np.flatnonzero(beyond):
        found.append(finding("coordinate_out_of_range", Severity.ERROR, int(row)))
        geometry[row] = None


def _check_validity(geometry: Geometries, found: list[Finding]) -> None:
    """Find invalid polygons; they stay in the frame as they are: a repair is asked for, never silent."""
    wrong = np.flatnonzero(~shapely.is_valid(geometry) & ~shapely.is_missing(geometry))
    for row, reason in zip(wrong, shapely.is_valid_reason(geometry[wrong]), strict=True):
        rule = _RULES.get(reason.partition("[")[0], "invalid_geometry")
        place = _PLACE.search(reason)
        point = shapely.Point(float(place[1]), float(place[2])) if place else None
        found.append(finding(rule, Severity.ERROR, int(row), geometry=point))


def looks_swapped(bounds: tuple[float, float, float, float], service_area: tuple[float, float, float, float]) -> bool:
    """Tell whether a box lies in the service area only after its axes are swapped.

    Parameters
    ----------
    bounds, service_area : tuple
        ``(min lon, min lat, max lon, max lat)`` in WGS 84 degrees.

    Examples
    --------
    >>> looks_swapped((30.1, 120.0, 30.4, 120.3), (119.5, 29.8, 120.8, 30.6))
    True
    >>> looks_swapped((120.0, 30.1, 120.3, 30.4), (119.5, 29.8, 120.8, 30.6))
    False
    """
    here = shapely.box(*service_area)
    x0, y0, x1, y1 = bounds
    return not here.intersects(shapely.box(x0, y0, x1, y1)) and here.intersects(shapely.box(y0, x0, y1, x1))
