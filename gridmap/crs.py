"""The only module that reprojects. A datum is part of a coordinate's type: WGS 84, CGCS2000, GCJ-02 or BD-09.

Everything is stored in WGS 84 lon/lat; lengths and areas are computed in a metric CRS that fits the place.
"""

import math
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from gridmap.errors import CrsError

if TYPE_CHECKING:
    import geopandas as gpd

Floats = npt.NDArray[np.float64]

WGS84 = "EPSG:4326"
CGCS2000 = "EPSG:4490"

# Rough frame of the mainland: inside it the shifted datums are defined and CGCS2000 zones apply.
_CHINA = (72.004, 0.8293, 137.8347, 55.8271)

# Krasovsky 1940, as the published GCJ-02 formula uses it.
_A = 6378245.0
_EE = 0.00669342162296594323
_BD = math.pi * 3000.0 / 180.0


class Datum(StrEnum):
    """What a pair of degrees means."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def in_china(lon: Floats | float, lat: Floats | float) -> npt.NDArray[np.bool_]:
    """Tell which points lie in the frame where GCJ-02 and BD-09 differ from WGS 84."""
    x0, y0, x1, y1 = _CHINA
    x, y = np.asarray(lon), np.asarray(lat)
    return (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)


def _gcj_offset(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Degrees that GCJ-02 adds to a WGS 84 point. Source: the public formula (Krasovsky 1940 ellipsoid)."""
    x, y = lon - 105.0, lat - 35.0
    wave = (20.0 * np.sin(6.0 * x * math.pi) + 20.0 * np.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    root = np.sqrt(np.abs(x))
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    d_lat += (20.0 * np.sin(y * math.pi) + 40.0 * np.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    d_lat += (160.0 * np.sin(y / 12.0 * math.pi) + 320.0 * np.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    d_lon += (20.0 * np.sin(x * math.pi) + 40.0 * np.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    d_lon += (150.0 * np.sin(x / 12.0 * math.pi) + 300.0 * np.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    magic = 1.0 - _EE * np.sin(phi) ** 2
    d_lat = np.degrees(d_lat / ((_A * (1.0 - _EE)) / (magic * np.sqrt(magic))))
    d_lon = np.degrees(d_lon / (_A / np.sqrt(magic) * np.cos(phi)))
    return d_lon, d_lat


def wgs84_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Shift WGS 84 degrees to GCJ-02; points outside China stay as they are."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    dx, dy = _gcj_offset(x, y)
    here = in_china(x, y)
    return np.where(here, x + dx, x), np.where(here, y + dy, y)


def gcj02_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Shift GCJ-02 degrees back to WGS 84 by fixed-point iteration; six rounds leave less than 1e-8 m."""
    gx, gy = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    # far outside the formula does not converge, and its answer could land anywhere: stay at a point where it does
    near = (gx > _CHINA[0] - 0.1) & (gx < _CHINA[2] + 0.1) & (gy > _CHINA[1] - 0.1) & (gy < _CHINA[3] + 0.1)
    from_x, from_y = np.where(near, gx, 105.0), np.where(near, gy, 35.0)
    x, y = from_x, from_y
    for _ in range(6):
        dx, dy = _gcj_offset(x, y)
        x, y = from_x - dx, from_y - dy
    here = near & in_china(x, y)
    return np.where(here, x, gx), np.where(here, y, gy)


def gcj02_to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Shift GCJ-02 degrees to BD-09."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    r = np.hypot(x, y) + 0.00002 * np.sin(y * _BD)
    t = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD)
    here = in_china(x, y)
    return np.where(here, r * np.cos(t) + 0.0065, x), np.where(here, r * np.sin(t) + 0.006, y)


def bd09_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Shift BD-09 degrees back to GCJ-02 by fixed-point iteration."""
    bx, by = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    x, y = bx - 0.0065, by - 0.006
    for _ in range(8):
        fx, fy = gcj02_to_bd09(x, y)
        x, y = x + (bx - fx), y + (by - fy)
    here = in_china(x, y)
    return np.where(here, x, bx), np.where(here, y, by)


def to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike, datum: Datum = Datum.WGS84) -> tuple[Floats, Floats]:
    """Bring degrees of a datum to WGS 84. CGCS2000 differs by centimetres at most and passes unchanged."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if datum is Datum.BD09:
        x, y = bd09_to_gcj02(x, y)
    if datum in (Datum.BD09, Datum.GCJ02):
        x, y = gcj02_to_wgs84(x, y)
    return x, y


def parse_datum(value: str | None) -> Datum:
    """Read the name of a datum; none given means WGS 84.

    Raises
    ------
    CrsError
        ``datum_unknown``.
    """
    if value is None:
        return Datum.WGS84
    try:
        return Datum(value.lower())
    except ValueError:
        raise CrsError("datum_unknown", known=", ".join(Datum)) from None


def parse_crs(value: str) -> pyproj.CRS:
    """Read ``EPSG:n``; a geographic or projected CRS on the ground, nothing else.

    Raises
    ------
    CrsError
        ``crs_unsupported``.
    """
    try:
        crs = pyproj.CRS.from_user_input(value)
    except pyproj.exceptions.CRSError:
        raise CrsError("crs_unsupported") from None
    if not (crs.is_geographic or crs.is_projected):
        raise CrsError("crs_unsupported")
    return crs


def frame_to_wgs84(
    frame: "gpd.GeoDataFrame", *, crs: str | None = None, datum: Datum | None = None
) -> "gpd.GeoDataFrame":
    """Bring a frame as read from a file to WGS 84 lon/lat, in (lon, lat) order.

    Parameters
    ----------
    frame : GeoDataFrame
        With or without a CRS of its own.
    crs : str, optional
        ``EPSG:n`` of a frame that states none.
    datum : Datum, optional
        What its degrees mean. GCJ-02 and BD-09 cannot be written in a file, so they win over a stated WGS 84.

    Raises
    ------
    CrsError
        ``crs_missing`` where nothing states it; ``crs_conflict`` where the file states another CRS than the caller, or
        a shifted datum is claimed for projected coordinates; ``crs_unsupported``; ``coordinate_out_of_range``.
    """
    stated = frame.crs
    if crs is not None:
        given = parse_crs(crs)
        if stated is not None and not given.equals(stated, ignore_axis_order=True):
            raise CrsError("crs_conflict")
        stated = given
    if stated is None and datum is None:
        raise CrsError("crs_missing")
    if stated is not None and not (stated.is_geographic or stated.is_projected):
        raise CrsError("crs_unsupported")
    geometry = np.asarray(frame.geometry.array)
    if datum in (Datum.GCJ02, Datum.BD09):
        if stated is not None and not stated.is_geographic:
            raise CrsError("crs_conflict")
        require_degrees(geometry)
        geometry = _shift(geometry, datum)
    elif stated is not None and stated.is_projected:
        geometry = _project(geometry, _transformer(stated.to_wkt(), WGS84))
    elif stated is not None and not is_wgs84(stated):
        require_degrees(geometry)
        geometry = _project(geometry, _transformer(stated.to_wkt(), WGS84))
    require_degrees(geometry)
    # only here: a process that places points starts without GeoPandas
    import geopandas as gpd

    return frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=WGS84), crs=WGS84)


def require_degrees(geometry: npt.NDArray[np.object_]) -> None:
    """Check that all coordinates are degrees.

    Raises
    ------
    CrsError
        ``coordinate_out_of_range``: not finite, or beyond +-180 / +-90.
    """
    xy = shapely.get_coordinates(geometry)
    if not np.isfinite(xy).all() or (np.abs(xy) > (180.0, 90.0)).any():
        raise CrsError("coordinate_out_of_range")


def is_wgs84(crs: pyproj.CRS) -> bool:
    """Tell whether degrees of a CRS are WGS 84, or CGCS2000, which agrees with it to centimetres."""
    return crs.to_epsg() in (4326, 4490) or crs.to_authority() == ("OGC", "CRS84")


def _shift(geometry: npt.NDArray[np.object_], datum: Datum) -> npt.NDArray[np.object_]:
    def shifted(xy: Floats) -> Floats:
        return np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], datum))

    return shapely.transform(geometry, shifted)


def _project(geometry: npt.NDArray[np.object_], transformer: pyproj.Transformer) -> npt.NDArray[np.object_]:
    def projected(xy: Floats) -> Floats:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    return shapely.transform(geometry, projected)


@cache
def _transformer(source: str, target: str) -> pyproj.Transformer:
    return _anywhere(pyproj.Transformer.from_crs(source, target, always_xy=True))


def _anywhere(found: pyproj.Transformer) -> pyproj.Transformer:
    """Make a transformer that a new thread can use at once.

    pyproj makes it again in each thread that uses it: 75 ms where two systems are looked up, 0.2 ms where the steps
    between them are known. Where these depend on the place (systems of several datums), it stays as it is.
    """
    steps = found.definition
    return pyproj.Transformer.from_pipeline(steps) if steps.startswith("proj=") else found


def metric_epsg(lon: float, lat: float) -> int:
    """Choose the metric CRS of a place.

    In China the CGCS2000 three-degree Gauss-Krueger zone without prefix (EPSG:4534 to 4554); elsewhere the UTM zone on
    WGS 84. In China lengths are true on the zone's central meridian and at most 0.04 % too long at its sides, areas at
    most 0.08 % too large; with UTM both stay within 0.1 % and 0.2 %.
    """
    zone = round(lon / 3.0)
    if bool(in_china(lon, lat)) and 25 <= zone <= 45:
        return 4534 + zone - 25
    utm = min(60, max(1, math.floor((lon + 180.0) / 6.0) + 1))
    return (32600 if lat >= 0 else 32700) + utm


def metric_epsg_of(geometry: npt.ArrayLike) -> int:
    """Choose the metric CRS for WGS 84 geometries, by the middle of their box."""
    x0, y0, x1, y1 = shapely.total_bounds(np.asarray(geometry))
    return metric_epsg(float((x0 + x1) / 2), float((y0 + y1) / 2))


def to_metric(geometry: npt.ArrayLike, epsg: int) -> npt.NDArray[np.object_]:
    """Project WGS 84 geometries to a metric CRS; shared vertices stay shared."""
    return _project(np.asarray(geometry, dtype=object), _transformer(WGS84, f"EPSG:{epsg}"))


def from_metric(geometry: npt.ArrayLike, epsg: int) -> npt.NDArray[np.object_]:
    """Bring geometries of a metric CRS back to WGS 84."""
    return _project(np.asarray(geometry, dtype=object), _transformer(f"EPSG:{epsg}", WGS84))


def xy_to_metric(lon: npt.ArrayLike, lat: npt.ArrayLike, epsg: int) -> tuple[Floats, Floats]:
    """Project WGS 84 points to a metric CRS."""
    x, y = _transformer(WGS84, f"EPSG:{epsg}").transform(np.asarray(lon, float), np.asarray(lat, float))
    return np.asarray(x), np.asarray(y)


def point_to_metric(lon: float, lat: float, epsg: int) -> tuple[float, float]:
    """Project one WGS 84 point to a metric CRS, as ``xy_to_metric`` does, in a tenth of the time."""
    x, y = _transformer(WGS84, f"EPSG:{epsg}").transform(float(lon), float(lat))
    return x, y


def point_scales(lon: npt.ArrayLike, lat: npt.ArrayLike, epsg: int) -> Floats:
    """Tell how many metres of a metric CRS one metre on the ground is at WGS 84 points.

    The systems of ``metric_epsg`` are conformal, so it is the same in all directions: a radius times it is that radius
    on the ground. Over 300 m it changes by less than 3e-6, which is 0.4 mm.
    """
    proj = _proj(epsg)
    factors = proj.get_factors(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    return np.asarray(factors.meridional_scale, dtype=np.float64)


@cache
def _proj(epsg: int) -> pyproj.Proj:
    return pyproj.Proj(f"EPSG:{epsg}")


def area_m2(geometry: npt.ArrayLike) -> Floats:
    """Measure WGS 84 polygons in their place's metric CRS, in m2."""
    array = np.asarray(geometry, dtype=object)
    return np.asarray(shapely.area(to_metric(array, metric_epsg_of(array))))


_GEOD = pyproj.Geod(ellps="WGS84")


def distances_m(lon: npt.ArrayLike, lat: npt.ArrayLike, to_lon: npt.ArrayLike, to_lat: npt.ArrayLike) -> Floats:
    """Measure from points to points on the WGS 84 ellipsoid (Karney's geodesics), in metres."""
    x, y, to_x, to_y = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (lon, lat, to_lon, to_lat)))
    return np.asarray(_GEOD.inv(x, y, to_x, to_y)[2], dtype=np.float64)


#: Where a degree of latitude is shortest, at the equator.
_METRES_A_DEGREE = 110_574.0


def widened(boxes: npt.ArrayLike, metres: float) -> Floats:
    """Give boxes (west, south, east, north in degrees; shape (..., 4)) with at least so many metres more on each side.

    For asking an index: what lies within the distance is never left out, a little more than it may be found.
    """
    west, south, east, north = np.moveaxis(np.asarray(boxes, dtype=np.float64), -1, 0)
    up = metres / _METRES_A_DEGREE
    farthest = np.minimum(np.maximum(np.abs(south), np.abs(north)) + up, 89.0)
    across = up / np.cos(np.radians(farthest))
    return np.stack([west - across, south - up, east + across, north + up], axis=-1)


def xyz_m(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Floats:
    """Give points of the WGS 84 ellipsoid in space (EPSG:4978), in metres, shape (n, 3).

    The straight line between two of them is never longer than ``distances_m``, so that a search in space misses none.
    """
    x, y = np.radians(np.asarray(lon, dtype=np.float64)), np.radians(np.asarray(lat, dtype=np.float64))
    across = _GEOD.a / np.sqrt(1.0 - _GEOD.es * np.sin(y) ** 2)
    return np.column_stack(
        [across * np.cos(y) * np.cos(x), across * np.cos(y) * np.sin(x), across * (1.0 - _GEOD.es) * np.sin(y)]
    )


# --- systems by reference, as OGC API - Features Part 2 (OGC 18-058r1) names them

_OGC, _EPSG = "http://www.opengis.net/def/crs/OGC/1.3/", "http://www.opengis.net/def/crs/EPSG/0/"
#: WGS 84, longitude before latitude: what is stored.
CRS84_URI = _OGC + "CRS84"
#: WGS 84 and CGCS2000 (latitude before longitude), Web Mercator, and the zones of CGCS2000: six degrees with and
#: without the number of the zone before the easting, three degrees likewise. Most of them put the northing first.
REFERENCES: tuple[str, ...] = (
    CRS84_URI,
    *(f"{_EPSG}{code}" for code in (4326, 4490, 3857, *range(4491, 4555))),
)


def require_reference(uri: str) -> str:
    """Check that a reference system is one of those that are given.

    Raises
    ------
    CrsError
        ``crs_not_given``.
    """
    if uri not in REFERENCES:
        raise CrsError("crs_not_given")
    return uri


@cache
def _referred(uri: str, *, back: bool) -> pyproj.Transformer:
    # not always_xy: the axes stand in the order that the system itself says
    here, there = "OGC:CRS84", f"EPSG:{uri.removeprefix(_EPSG)}"
    return _anywhere(pyproj.Transformer.from_crs(*((there, here) if back else (here, there))))


def to_reference(geometry: npt.ArrayLike, uri: str) -> npt.NDArray[np.object_]:
    """Bring WGS 84 lon/lat geometries to a system of ``REFERENCES``, its axes in its own order.

    Raises
    ------
    CrsError
        ``crs_not_given``; ``coordinate_out_of_range``: the system cannot tell of such a place.
    """
    shapes = np.asarray(geometry, dtype=object)
    return shapes if require_reference(uri) == CRS84_URI else _by_reference(shapes, _referred(uri, back=False))


def from_reference(geometry: npt.ArrayLike, uri: str) -> npt.NDArray[np.object_]:
    """Bring geometries of a system of ``REFERENCES`` to WGS 84 lon/lat (errors as ``to_reference``)."""
    shapes = np.asarray(geometry, dtype=object)
    if require_reference(uri) != CRS84_URI:
        shapes = _by_reference(shapes, _referred(uri, back=True))
    require_degrees(shapes)
    return shapes


def _by_reference(shapes: npt.NDArray[np.object_], transformer: pyproj.Transformer) -> npt.NDArray[np.object_]:
    made = _project(shapes, transformer)
    if not np.isfinite(shapely.get_coordinates(made)).all():
        raise CrsError("coordinate_out_of_range")
    return made


def box_from_reference(sides: tuple[float, float, float, float], uri: str) -> shapely.Geometry:
    """Give the ground of a box of a system of ``REFERENCES`` in WGS 84 lon/lat.

    The box is that of the system's own axes: seen in degrees its sides bend, so points are put into them. In degrees
    a first longitude that is greater than the second one leads over the 180th meridian.

    Raises
    ------
    CrsError
        As ``to_reference``; ``box_reversed``.
    """
    a0, b0, a1, b1 = sides
    # of a system that says latitude first the second axis goes round the globe
    round_first, round_second = uri == CRS84_URI, uri in (f"{_EPSG}4326", f"{_EPSG}4490")
    if (a0 > a1 and not round_first) or (b0 > b1 and not round_second):
        raise CrsError("box_reversed")
    parts = [sides]
    if a0 > a1:
        parts = [(a0, b0, 180.0, b1), (-180.0, b0, a1, b1)]
    elif b0 > b1:
        parts = [(a0, b0, a1, 180.0), (a0, -180.0, a1, b1)]
    boxes = np.array([shapely.box(*part) for part in parts], dtype=object)
    if not (round_first or round_second):
        boxes = shapely.segmentize(boxes, max(a1 - a0, b1 - b0, 1e-9) / 32)
    return shapely.union_all(from_reference(boxes, uri))
