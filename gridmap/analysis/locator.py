"""The index: points to their one owner, exact and the same in any order.

The rule (decision 1): a grid holds a point that lies inside it or on its border. Of all grids that hold a point the one
with the lowest code owns it; codes compare as text, by Unicode code point. Predicates are GEOS's robust ones on the
coordinates as given, so the answer depends on the shapes alone, never on row order, ring start, winding or batch size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from gridmap.analysis import frames
from gridmap.crs import metric_epsg_of, to_metric, xy_to_metric
from gridmap.domain.incidents import Method
from gridmap.errors import ColumnError, GeometryError, InvalidInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Methods by the number that ``Answers.method`` holds.
METHODS: tuple[Method, ...] = (Method.INSIDE, Method.BORDER, Method.NEAREST, Method.NONE)
_INSIDE, _BORDER, _NEAREST, _NONE = range(4)

#: Grids are equally near when their distances differ by less than this.
_EQUAL_M = 1e-6


@dataclass(frozen=True, slots=True)
class Answers:
    """Owners of n points, as arrays of length n in the order of the points.

    Attributes
    ----------
    owner : int64 array
        Position of the owner in ``Locator.codes``; -1 where there is none.
    method : int8 array
        Position in ``METHODS``.
    border_m : float64 array or None
        Metres to the owner's nearest border (for nearest: how far outside it lies); NaN without an owner; None when it
        was not asked for.
    holders : int64 array
        How many grids hold the point: 0 outside, 1 inside, more on a shared border or in an overlap.
    overlapped : bool array
        The point lies strictly inside two or more grids: the boundaries overlap there and the tie rule decided.
    """

    owner: Ints
    method: npt.NDArray[np.int8]
    border_m: Floats | None
    holders: Ints
    overlapped: npt.NDArray[np.bool_]

    def methods(self) -> npt.NDArray[np.object_]:
        """Give the methods as words."""
        return np.array([m.value for m in METHODS], dtype=object)[self.method]


@dataclass(frozen=True, slots=True)
class Located:
    """The owner of one point.

    Attributes
    ----------
    code : str or None
        The owner; None with method ``none``.
    method : Method
    border_m : float or None
        As in ``Answers``; None without an owner.
    holders : tuple of str
        Codes of all grids that hold the point, lowest first: one inside, more on a shared border or in an overlap.
    overlapped : bool
        The point lies strictly inside two or more grids.
    """

    code: str | None
    method: Method
    border_m: float | None
    holders: tuple[str, ...]
    overlapped: bool


class Locator:
    """Answers which grid owns a point. Build it with ``from_frame``; it never changes and may be shared by threads.

    Attributes
    ----------
    codes : tuple of str
        The codes in the order of the tie rule, lowest first.
    geometries : array of Polygon, MultiPolygon or Point
        In the same order, WGS 84.
    epsg : int
        The metric CRS in which borders are measured.
    """

    def __init__(self, codes: Sequence[str], geometries: npt.ArrayLike) -> None:
        shapes = np.asarray(geometries, dtype=object)
        if len(shapes) == 0:
            raise InvalidInput("no_grids")
        order = np.argsort(np.array(codes, dtype=object), kind="stable")
        self.codes: tuple[str, ...] = tuple(codes[i] for i in order)
        self.geometries: npt.NDArray[np.object_] = shapes[order]
        _prepare_fully(self.geometries)
        self.epsg = metric_epsg_of(self.geometries)
        self._tree = shapely.STRtree(self.geometries)
        # normalised, so that a distance does not depend on ring start or winding, not even in its last bit
        self._metric = shapely.normalize(to_metric(self.geometries, self.epsg))
        # a point has no boundary but itself
        self._borders = np.where(shapely.get_type_id(shapes[order]) == 0, self._metric, shapely.boundary(self._metric))
        self._metric_tree = shapely.STRtree(self._metric)

    @classmethod
    def from_frame(cls, grids: gpd.GeoDataFrame, *, code_column: str = "code", points: bool = False) -> Self:
        """Index a frame of grids.

        Parameters
        ----------
        grids : GeoDataFrame
            frames.GRIDS in WGS 84; ``code_column`` names the column of codes.
        points : bool
            Points may stand in for areas: such a grid holds its own place alone, and is found as the nearest one.

        Raises
        ------
        ColumnError
            ``column_missing``; ``code_missing`` or ``code_duplicate``, with the number of rows.
        CrsError
            ``crs_missing``, or ``crs_not_wgs84``.
        GeometryError
            ``geometry_not_polygon`` or ``geometry_invalid``, with the number of rows.
        """
        if code_column not in grids.columns:
            raise ColumnError("column_missing", contract="grids", columns=code_column)
        frame = frames.require_wgs84(grids)
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
        valid = shapely.is_valid(shapes)
        if not valid.all():
            raise GeometryError("geometry_invalid", count=int((~valid).sum()))
        return cls(names, shapes)

    def __len__(self) -> int:
        return len(self.codes)

    def holders(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Find every grid that holds each point.

        Returns
        -------
        point, grid : int64 arrays
            Pairs, ordered by point, then by the tie rule; the first pair of a point is its owner.
        """
        x, y = _degrees(lon, lat)
        point, grid = self._tree.query(shapely.points(x, y))
        # the tree's own predicate would not use the prepared grids; *_xy does
        held = shapely.intersects_xy(self.geometries[grid], x[point], y[point])
        point, grid = point[held], grid[held]
        order = np.lexsort((grid, point))
        return point[order].astype(np.int64), grid[order].astype(np.int64)

    def owners(self, x: npt.ArrayLike, y: npt.ArrayLike, *, threads: int | None = None) -> npt.NDArray[np.int32]:
        """Give the position of each point's owner in ``codes`` as an int32 array; -1 where no grid holds the point."""
        return self.locate_many(x, y, border=False).owner.astype(np.int32)

    def find_owner(self, x: float, y: float) -> str | None:
        """Find the code of the grid that owns one point."""
        owner = int(self.owners([x], [y])[0])
        return None if owner < 0 else self.codes[owner]

    def locate(self, lon: float, lat: float, *, nearest_within_m: float = 0.0) -> Located:
        """Find the owner of one point; parameters and errors as ``locate_many``."""
        answers = self.locate_many([lon], [lat], nearest_within_m=nearest_within_m)
        owner, border_m = int(answers.owner[0]), answers.border_m
        return Located(
            code=self.codes[owner] if owner >= 0 else None,
            method=METHODS[int(answers.method[0])],
            border_m=float(border_m[0]) if owner >= 0 and border_m is not None else None,
            holders=self.holders_of(lon, lat),
            overlapped=bool(answers.overlapped[0]),
        )

    def holders_of(self, lon: float, lat: float) -> tuple[str, ...]:
        """Give the codes of all grids that hold one point, lowest first; the first one owns it."""
        return tuple(self.codes[i] for i in self.holders([lon], [lat])[1])

    def locate_many(
        self, lon: npt.ArrayLike, lat: npt.ArrayLike, *, nearest_within_m: float = 0.0, border: bool = True
    ) -> Answers:
        """Find the owner of each point.

        Parameters
        ----------
        lon, lat : float arrays of one length
            WGS 84 degrees, finite.
        nearest_within_m : float
            Outside every grid, the nearest one within this distance owns the point; of equally near ones (to a
            micrometre) the lowest code. 0 turns it off.
        border : bool
            Whether to measure ``border_m``.

        Raises
        ------
        InvalidInput
            ``points_not_parallel``; ``setting_negative``: the distance is below 0 or not finite.
        CrsError
            ``coordinate_out_of_range``.
        """
        if not (math.isfinite(nearest_within_m) and nearest_within_m >= 0):
            raise InvalidInput("setting_negative", name="nearest_within_m")
        x, y = _degrees(lon, lat)
        n = len(x)
        point, grid = self.holders(x, y)
        first = np.r_[True, point[1:] != point[:-1]] if len(point) else np.zeros(0, dtype=bool)
        owner = np.full(n, -1, dtype=np.int64)
        owner[point[first]] = grid[first]
        holders = np.bincount(point, minlength=n).astype(np.int64)

        # a polygon contains a point only strictly inside, so a holder that does not contain it has it on its border
        on_border = ~shapely.contains_xy(self.geometries[grid], x[point], y[point])
        method = np.where(owner >= 0, _INSIDE, _NONE).astype(np.int8)
        method[point[on_border]] = _BORDER
        # where grids overlap, a point may lie inside its owner and on the border of another one
        at_owners_border = point[first & on_border]
        strictly = np.bincount(point[~on_border], minlength=n)

        if nearest_within_m > 0:
            self._nearest(x, y, owner, method, nearest_within_m)
        border_m = self._border_m(x, y, owner, at_owners_border) if border else None
        return Answers(owner, method, border_m, holders, strictly >= 2)

    def _nearest(self, x: Floats, y: Floats, owner: Ints, method: npt.NDArray[np.int8], within_m: float) -> None:
        outside = np.flatnonzero(method == _NONE)
        if not len(outside):
            return
        mx, my = xy_to_metric(x[outside], y[outside], self.epsg)
        points: npt.NDArray[np.object_] = np.asarray(shapely.points(mx, my), dtype=object)
        found, nearest_m = self._metric_tree.query_nearest(
            points, max_distance=within_m, all_matches=False, return_distance=True
        )
        # two neighbours are equally near at their common corner, but their distances may differ in the last bit
        pair, grid = self._metric_tree.query(points[found[0]], predicate="dwithin", distance=nearest_m + _EQUAL_M)
        best = np.full(len(outside), len(self.codes), dtype=np.int64)
        np.minimum.at(best, found[0][pair], grid)
        hit = best < len(self.codes)
        owner[outside[hit]] = best[hit]
        method[outside[hit]] = _NEAREST

    def _border_m(self, x: Floats, y: Floats, owner: Ints, on_border: Ints) -> Floats:
        result = np.full(len(x), np.nan)
        owned = np.flatnonzero(owner >= 0)
        if len(owned):
            mx, my = xy_to_metric(x[owned], y[owned], self.epsg)
            result[owned] = shapely.distance(shapely.points(mx, my), self._borders[owner[owned]])
            # the projected border may pass a hair beside a point that lies on the border as given
            result[on_border] = 0.0
        return result


def _prepare_fully(geometries: npt.NDArray[np.object_]) -> None:
    """Build every index that GEOS would else build on the first question: two threads must not build it at once."""
    shapely.prepare(geometries)
    # a corner of the shape lies in its box, so the question cannot be answered before the index is there
    areas = geometries[shapely.get_type_id(geometries) != 0]
    corner = shapely.get_coordinates(shapely.get_point(shapely.get_exterior_ring(shapely.get_geometry(areas, 0)), 0))
    shapely.intersects_xy(areas, corner[:, 0], corner[:, 1])
    shapely.contains_xy(areas, corner[:, 0], corner[:, 1])


def _degrees(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    x = np.atleast_1d(np.asarray(lon, dtype=np.float64))
    y = np.atleast_1d(np.asarray(lat, dtype=np.float64))
    if x.shape != y.shape or x.ndim != 1:
        raise InvalidInput("points_not_parallel", lon=x.size, lat=y.size)
    frames.require_lonlat(x, y)
    return x, y
