"""What the locator takes: frames of grids, and arrays of coordinates."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.cpus import share
from gridmap.errors import ColumnError, CrsError, GeometryError, InvalidInput

if TYPE_CHECKING:
    import geopandas as gpd

Floats = npt.NDArray[np.float64]

#: Coordinates of points may be so large: degrees, and metres.
_DEGREES, _METRES = (180.0, 90.0), (1e15, 1e15)

#: Shapes that a thread checks at a time.
_SHARE = 2_000


def grids_of(
    grids: "gpd.GeoDataFrame", *, code_column: str, points: bool, metric: bool, strict: bool
) -> tuple[list[str], npt.NDArray[np.object_], int | None]:
    """Check a frame of grids, and give its codes, its shapes and, where it is ``metric``, its CRS.

    Parameters and errors as ``Locator.from_frame``.
    """
    from gridmap.analysis import frames

    if code_column not in grids.columns:
        raise ColumnError("column_missing", contract="grids", columns=code_column)
    epsg = _metric_epsg(grids) if metric else None
    frame = grids if metric else frames.require_wgs84(grids)
    codes = frame[code_column]
    missing = int((codes.isna() | (codes.astype(str) == "")).sum())
    if missing:
        raise ColumnError("code_missing", count=missing)
    names = codes.astype(str).tolist()
    if len(set(names)) < len(names):
        raise ColumnError("code_duplicate", count=len(names) - len(set(names)))
    shapes = np.asarray(frame.geometry.array)
    kinds = (0, 3, 6) if points else (3, 6)
    polygonal = np.isin(shapely.get_type_id(shapes), kinds) & ~shapely.is_empty(shapes)
    if not polygonal.all():
        raise GeometryError("geometry_not_polygon", count=int((~polygonal).sum()))
    valid = np.empty(len(shapes), bool)

    def check(part: slice) -> None:
        valid[part] = shapely.is_valid(shapes[part])

    share(check, len(shapes), _SHARE)
    if not valid.all():
        raise GeometryError("geometry_invalid", count=int((~valid).sum()))
    if strict:
        from gridmap.analysis.topology import require_no_overlap

        require_no_overlap(frame)
    return names, shapes, epsg


def parallel(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Give two coordinates as arrays of one length; else ``points_not_parallel``."""
    a = np.ascontiguousarray(np.atleast_1d(np.asarray(x, dtype=np.float64)))
    b = np.ascontiguousarray(np.atleast_1d(np.asarray(y, dtype=np.float64)))
    if a.shape != b.shape or a.ndim != 1:
        raise InvalidInput("points_not_parallel", lon=a.size, lat=b.size)
    return a, b


def require_coordinates(metric: bool, x: Floats, y: Floats) -> None:
    """Refuse what is no coordinate (``coordinate_out_of_range``)."""
    most_x, most_y = _METRES if metric else _DEGREES
    # NaN fails every comparison, so these catch it as well
    if not (np.all(np.abs(x) <= most_x) and np.all(np.abs(y) <= most_y)):
        raise CrsError("coordinate_out_of_range")


def metric_epsg_of(xy: Floats) -> int:
    """Choose the metric CRS for vertices in WGS 84 degrees, by the middle of their box."""
    from gridmap.crs import metric_epsg

    low, high = xy.min(axis=0), xy.max(axis=0)
    return metric_epsg(float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2)


def _metric_epsg(grids: "gpd.GeoDataFrame") -> int:
    """Give the EPSG number of a frame's CRS, which must be projected and count metres."""
    crs: Any = grids.crs
    if crs is None:
        raise CrsError("crs_missing")
    number = crs.to_epsg()
    if number is None or not crs.is_projected or any(axis.unit_name != "metre" for axis in crs.axis_info):
        raise CrsError("crs_not_metric")
    return int(number)
