"""Columns of frames to values for the database and back, the same for both stores."""

import json
from collections.abc import Sequence
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap import crs
from gridmap.analysis import frames
from gridmap.errors import ColumnError, GeometryError, TextError
from gridmap.store.blobs import Geometries

#: What pandas makes of text by itself: ``str`` since pandas 3, ``object`` before.
TEXT = pd.Series(["text"]).dtype


def texts(frame: pd.DataFrame, name: str, *, required: bool = False, default: str | None = None) -> list[str | None]:
    """Give a text column as values; missing ones are None, or the default.

    Raises
    ------
    ColumnError
        ``column_has_gaps``: a required value is missing.
    TextError
        ``text_unstorable``: NUL or half a surrogate pair, which databases do not hold.
    """
    if name not in frame.columns:
        values: list[str | None] = [default] * len(frame)
    else:
        series = frame[name]
        values = series.to_numpy(dtype=object, na_value=default).tolist()  # type: ignore[arg-type]
        if not isinstance(series.dtype, pd.StringDtype):
            values = [v if v is None or type(v) is str else str(v) for v in values]
    gaps = None in values
    if required and gaps:
        raise ColumnError("column_has_gaps", columns=name)
    require_storable(name, filter(None, values) if gaps else values)
    return values


def require_storable(name: str, values: Any) -> None:
    """Refuse text that databases do not hold (TextError ``text_unstorable``)."""
    if not is_storable("".join(values)):
        raise TextError("text_unstorable", columns=name)


def is_storable(text: str) -> bool:
    """Tell whether databases hold a text. What they do not hold is in no row, and some fail when asked for it."""
    if "\x00" in text:
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def floats(frame: pd.DataFrame, name: str) -> list[float | None]:
    """Give a column of numbers as values; missing and NaN are None."""
    if name not in frame.columns:
        return [None] * len(frame)
    numbers = pd.to_numeric(frame[name]).to_numpy(dtype=np.float64, na_value=np.nan)
    return [None if v != v else v for v in numbers.tolist()]


def integers(frame: pd.DataFrame, name: str) -> list[int | None]:
    """Give a column of whole numbers as values; missing ones are None.

    Raises
    ------
    ColumnError
        ``column_not_whole``: a number with a fraction, or too large for the database.
    """
    if name not in frame.columns:
        return [None] * len(frame)
    numbers = pd.to_numeric(frame[name]).to_numpy(dtype=np.float64, na_value=np.nan)
    there = ~np.isnan(numbers)
    if not np.all((np.abs(numbers[there]) < 2**31) & (np.trunc(numbers[there]) == numbers[there])):
        raise ColumnError("column_not_whole", columns=name)
    whole = np.zeros(len(numbers), dtype=np.int64)
    whole[there] = numbers[there].astype(np.int64)
    if there.all():
        return cast("list[int | None]", whole.tolist())
    return [number if given else None for number, given in zip(whole.tolist(), there.tolist(), strict=True)]


def times(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Give a column of aware times as ``datetime64[us]`` in UTC.

    Raises
    ------
    ColumnError
        ``time_not_aware``: the column has no zone. ``column_has_gaps``: a time is missing.
    """
    series = frame[name]
    if len(series) == 0:
        return np.array([], dtype="datetime64[us]")
    if not isinstance(series.dtype, pd.DatetimeTZDtype):
        raise ColumnError("time_not_aware", columns=name)
    if series.isna().any():
        raise ColumnError("column_has_gaps", columns=name)
    moments: np.ndarray = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    return moments


def points(frame: gpd.GeoDataFrame) -> Geometries:
    """Give the points of a frame; -0.0 becomes 0.0, so that equal places are equal bytes.

    Raises
    ------
    GeometryError
        ``not_points``: something else, or an empty point.
    """
    geometry = stored_geometry(frame)
    if (shapely.get_type_id(geometry) != 0).any():
        raise GeometryError("not_points")
    xy = shapely.get_coordinates(geometry)
    negative_zero = (xy == 0.0) & np.signbit(xy)
    return np.asarray(shapely.points(xy + 0.0), dtype=object) if negative_zero.any() else geometry


def grid_shapes(frame: gpd.GeoDataFrame, points_too: np.ndarray) -> Geometries:
    """Give the shapes of grids: polygons as multi-polygons, and points in the rows where they may stand.

    Raises
    ------
    GeometryError
        ``not_polygons``: something else.
    """
    geometry = stored_geometry(frame)
    kinds = shapely.get_type_id(geometry)
    if not (np.isin(kinds, (3, 6)) | ((kinds == 0) & points_too)).all():
        raise GeometryError("not_polygons")
    out = geometry.copy()
    for i in np.flatnonzero(kinds == 3):
        out[i] = shapely.multipolygons([geometry[i]])
    return out


def stored_geometry(frame: gpd.GeoDataFrame) -> Geometries:
    """Give the geometries of a frame, flat.

    Raises
    ------
    CrsError
        ``crs_missing``, ``crs_not_wgs84``, or ``coordinate_out_of_range``.
    GeometryError
        ``geometry_missing``: missing or empty.
    """
    frames.require_wgs84(frame)
    geometry = np.asarray(frame.geometry.array, dtype=object)
    if shapely.is_missing(geometry).any() or shapely.is_empty(geometry).any():
        raise GeometryError("geometry_missing")
    crs.require_degrees(geometry)
    if (shapely.get_coordinate_dimension(geometry) > 2).any():
        geometry = np.asarray(shapely.force_2d(geometry), dtype=object)
    return geometry


def simple_shapes(frame: gpd.GeoDataFrame) -> Geometries:
    """Give geometries of any kind but collections.

    Raises
    ------
    GeometryError
        ``not_simple_shapes``: a collection or a bare ring.
    """
    geometry = stored_geometry(frame)
    if np.isin(shapely.get_type_id(geometry), (2, 7)).any():
        raise GeometryError("not_simple_shapes")
    return geometry


def json_texts(frame: pd.DataFrame, name: str) -> list[str]:
    """Give a column of JSON objects as text; missing ones are ``{}``.

    Raises
    ------
    ColumnError
        ``attributes_not_json``: something that is not an object of plain JSON values.
    """
    if name not in frame.columns:
        return ["{}"] * len(frame)
    try:
        found = [json.dumps(v, ensure_ascii=False, allow_nan=False) for v in (_object(v) for v in frame[name])]
    except (TypeError, ValueError):
        raise ColumnError("attributes_not_json", columns=name) from None
    require_storable(name, found)
    return found


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if value is None or (isinstance(value, float) and value != value) or value is pd.NA:
        return {}
    raise TypeError


def simplest(geometry: Geometries) -> Geometries:
    """Give multi-polygons of one part as that polygon."""
    single = (shapely.get_type_id(geometry) == 6) & (shapely.get_num_geometries(geometry) == 1)
    out = np.array(geometry, dtype=object)
    out[single] = shapely.get_geometry(geometry[single], 0)
    return out


def text_array(values: Sequence[str | None]) -> Any:
    """Make a text column."""
    return pd.array(list(values), dtype=TEXT)  # type: ignore[arg-type]


def integer_array(values: Sequence[int | None]) -> Any:
    """Make a column of whole numbers that may be missing."""
    return pd.array(list(values), dtype="Int64")


def float_array(values: Sequence[float | None]) -> np.ndarray:
    """Make a column of numbers; missing ones are NaN."""
    return np.array(values, dtype=np.float64)


def frame_of(columns: dict[str, Any], geometry: Geometries) -> gpd.GeoDataFrame:
    """Put columns and geometry together, in WGS 84."""
    return gpd.GeoDataFrame(columns, geometry=gpd.array.from_shapely(geometry, crs=frames.WGS84), crs=frames.WGS84)
