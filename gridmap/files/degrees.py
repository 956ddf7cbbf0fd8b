"""Longitude and latitude from texts, numbers or point geometry; a bad row gets a reason, never a guess."""

import math
import struct

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gridmap.crs import frame_to_wgs84, parse_crs
from gridmap.errors import CrsError, FileError

Floats = npt.NDArray[np.float64]
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_PROJECTED_FROM = 1_000.0
_POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("xy", "<f8", 2)])


def of_columns(lon: pa.ChunkedArray, lat: pa.ChunkedArray) -> tuple[Floats, Floats, dict[int, str]]:
    """Read two columns of numbers or texts as degrees.

    Returns
    -------
    lon, lat : ndarray of float64
        NaN in bad rows.
    bad : dict of int to str
        Row to reason.

    Examples
    --------
    >>> import pyarrow as pa
    >>> lon, lat, bad = of_columns(pa.chunked_array([["120.1", "x"]]), pa.chunked_array([["30.2", "30"]]))
    >>> lon.tolist()[0], bad
    (120.1, {1: 'point_not_a_number'})
    """
    x, x_missing = _numbers(lon)
    y, y_missing = _numbers(lat)
    return _judged(x, y, x_missing | y_missing)


def of_geometry(
    column: pa.ChunkedArray, encoding: str, crs: str | None, *, judged: bool = True
) -> tuple[Floats, Floats, dict[int, str]]:
    """Read a column of points, WKB or native, as WGS 84 degrees; without ``judged`` bad rows are kept as they stand.

    Raises
    ------
    FileError
        ``not_points``, ``geometry_encoding``.
    CrsError
        ``crs_missing``, ``crs_unsupported``, ``coordinate_out_of_range``.
    """
    if crs is None:
        raise CrsError("crs_missing")
    if encoding.upper() == "WKB":
        x, y = _from_wkb(column)
    elif encoding == "point":
        x, y = _from_native(column)
    else:
        raise FileError("not_points")
    system = parse_crs(crs)
    if system.to_epsg() not in (4326, 4490) and system.to_authority() != ("OGC", "CRS84"):
        there = np.isfinite(x) & np.isfinite(y)
        frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x[there], y[there]), crs=system)
        placed = np.asarray(frame_to_wgs84(frame).geometry.array, dtype=object)
        x[there], y[there] = shapely.get_x(placed), shapely.get_y(placed)
    return _judged(x, y, np.isnan(x) & np.isnan(y)) if judged else (x, y, {})


def xy(points: npt.NDArray[np.object_]) -> tuple[Floats, Floats]:
    """Give the coordinates of an array of points; NaN where there is none."""
    return shapely.get_x(points), shapely.get_y(points)


def _numbers(column: pa.ChunkedArray) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Give values and what is missing; what is no number is NaN and not missing."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        text = pc.utf8_trim_whitespace(column)
        missing = pc.fill_null(pc.equal(text, ""), True)
        good = pc.fill_null(pc.match_substring_regex(text, _NUMBER), False)
        bare = pc.replace_substring_regex(text, r"^\+", "")
        number = pc.if_else(good, bare, pa.scalar(None, bare.type)).cast(pa.float64())
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        number = column.cast(pa.float64())
        missing = pc.is_null(number, nan_is_null=True)
    else:
        number = pa.chunked_array([pa.nulls(len(column), pa.float64())])
        missing = pc.is_null(column)
    values = np.array(number.to_numpy(zero_copy_only=False), dtype=np.float64)
    return values, np.asarray(missing.to_numpy(zero_copy_only=False), dtype=bool)


def _judged(x: Floats, y: Floats, missing: npt.NDArray[np.bool_]) -> tuple[Floats, Floats, dict[int, str]]:
    # one comparison finds what may be bad, for nearly always nothing is; NaN is not within either
    with np.errstate(invalid="ignore"):
        good = (np.abs(x) <= 180.0) & (np.abs(y) <= 90.0) & ((x != 0.0) | (y != 0.0)) & ~missing
    rows = np.flatnonzero(~good)
    if not len(rows):
        return x, y, {}
    bad = {int(r): _reason(float(x[r]), float(y[r]), bool(missing[r])) for r in rows}
    x, y = x.copy(), y.copy()
    x[rows] = y[rows] = np.nan
    return x, y, bad


def _reason(x: float, y: float, missing: bool) -> str:
    if missing:
        return "point_missing"
    if not (math.isfinite(x) and math.isfinite(y)):
        return "point_not_a_number"
    if x == 0.0 and y == 0.0:
        return "null_island"
    if abs(x) <= 90.0 and abs(y) <= 180.0:
        return "point_looks_swapped"
    return "point_looks_projected" if max(abs(x), abs(y)) > _PROJECTED_FROM else "point_out_of_range"


def _from_wkb(column: pa.ChunkedArray) -> tuple[Floats, Floats]:
    quick = [_same_points(chunk) for chunk in column.chunks]
    if quick and all(part is not None for part in quick):
        both = np.concatenate([part for part in quick if part is not None])
        return both[:, 0].copy(), both[:, 1].copy()
    x, y = np.full(len(column), np.nan), np.full(len(column), np.nan)
    for row, wkb in enumerate(column.to_pylist()):
        if wkb:
            x[row], y[row] = _point(wkb)
    return x, y


def _same_points(chunk: pa.Array) -> Floats | None:
    """Read plain little-endian points, 21 bytes each and none missing, at once; None where one is anything else."""
    if chunk.null_count or not (pa.types.is_binary(chunk.type) or pa.types.is_large_binary(chunk.type)):
        return None
    wide = np.int64 if pa.types.is_large_binary(chunk.type) else np.int32
    _, offsets, data = chunk.buffers()
    if len(chunk) == 0:
        return np.empty((0, 2))
    at = np.frombuffer(offsets, wide)[chunk.offset : chunk.offset + len(chunk) + 1]
    if data is None or (np.diff(at) != _POINT.itemsize).any():
        return None
    points = np.frombuffer(data, _POINT, count=len(chunk), offset=int(at[0]))
    if (points["order"] != 1).any() or (points["kind"] != 1).any():
        return None
    return np.ascontiguousarray(points["xy"])


def _point(wkb: bytes) -> tuple[float, float]:
    """Read one WKB point by hand: GEOS is not needed for two numbers, and cannot be upset by what is none."""
    try:
        order = {0: ">", 1: "<"}[wkb[0]]
        (code,) = struct.unpack_from(order + "I", wkb, 1)
        if (code & 0xFFFFFFF) % 1000 != 1:
            raise FileError("not_points")
        return struct.unpack_from(order + "dd", wkb, 9 if code & 0x20000000 else 5)
    except (struct.error, KeyError, IndexError):
        raise FileError("not_points") from None


def _from_native(column: pa.ChunkedArray) -> tuple[Floats, Floats]:
    kind = column.type
    if pa.types.is_struct(kind) and {"x", "y"} <= {f.name for f in kind}:
        parts = [pc.struct_field(column, name) for name in ("x", "y")]
    elif pa.types.is_fixed_size_list(kind) and kind.list_size >= 2:
        parts = [pc.list_element(column, n) for n in (0, 1)]
    else:
        raise FileError("geometry_encoding")
    made = [np.array(p.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64) for p in parts]
    return made[0], made[1]
