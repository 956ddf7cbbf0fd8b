"""The locator: points to their one owner, exact and the same in any order.

The rule (decision 1): a grid holds a point that lies inside it or on its border. Of all grids that hold a point the one
with the lowest code owns it; codes compare as text, by Unicode code point. The side of a point from an edge is decided
exactly, on the coordinates as given, so the answer depends on the shapes alone, never on row order, ring start,
winding, batch size, threads, or on whether the index is built yet.
"""

import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from gridmap.analysis.locator import inputs, kernels, saved
from gridmap.analysis.locator.answers import BORDER, INSIDE, METHODS, NEAREST, NONE, Answers, Located, Tally
from gridmap.analysis.locator.index import EdgeRaster, IndexReport, build_raster
from gridmap.analysis.locator.measure import Metric
from gridmap.analysis.locator.segments import Rings, edges_of, rings_of
from gridmap.analysis.locator.shapes import Boxes, holders_of
from gridmap.analysis.runs import starts_of_runs
from gridmap.errors import InvalidInput

if TYPE_CHECKING:
    import geopandas as gpd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]

#: Mebibytes that the index may take.
MEMORY_MIB = 256.0

#: Building the index costs about as much as asking the shapes for this many points, and so many more for each vertex.
_WORTH_BUILDING, _WORTH_A_VERTEX = 20_000, 0.2


class Locator:
    """Answers which grid owns a point. It never changes and may be shared by threads.

    The shapes themselves answer the first points; the index (``build``) is built when enough were asked for it to pay.

    Attributes
    ----------
    codes : tuple of str
        The codes in the order of the tie rule, lowest first.
    epsg : int
        The metric CRS in which borders are measured.
    metric : bool
        Whether points are given in that CRS too; else in degrees (WGS 84).
    """

    def __init__(
        self,
        codes: Sequence[str],
        geometries: npt.ArrayLike,
        *,
        metric_epsg: int | None = None,
        memory_mib: float = MEMORY_MIB,
    ) -> None:
        shapes = np.asarray(geometries, dtype=object)
        if len(shapes) == 0:
            raise InvalidInput("no_grids")
        order = np.argsort(np.array(codes, dtype=object), kind="stable")
        shapes = shapes[order]
        rings = rings_of(shapes)
        epsg = inputs.metric_epsg_of(rings.xy) if metric_epsg is None else metric_epsg
        self._set(tuple(codes[i] for i in order), rings, epsg, metric_epsg is not None, memory_mib)

    def _set(self, codes: tuple[str, ...], rings: Rings, epsg: int, metric: bool, memory_mib: float) -> None:
        self.codes = codes
        self.epsg = epsg
        self.metric = metric
        self._rings = rings
        self._memory_mib = memory_mib
        self._lock = threading.Lock()
        self._index: EdgeRaster | None = None
        self._report: IndexReport | None = None
        self._boxes: Boxes | None = None
        self._metres: Metric | None = None
        self._asked = 0
        self._tally = Tally()
        self._worth = _WORTH_BUILDING + _WORTH_A_VERTEX * len(rings.xy)

    @classmethod
    def from_frame(
        cls,
        grids: "gpd.GeoDataFrame",
        *,
        code_column: str = "code",
        points: bool = False,
        metric: bool = False,
        strict: bool = False,
        memory_mib: float = MEMORY_MIB,
    ) -> Self:
        """Index a frame of grids.

        Parameters
        ----------
        grids : GeoDataFrame
            frames.GRIDS in WGS 84; ``code_column`` names the column of codes.
        points : bool
            Points may stand in for areas: such a grid holds its own place alone, and is found as the nearest one.
        metric : bool
            The frame is in a projected CRS of metres, and points will be given in that one.
        strict : bool
            Refuse grids that overlap. Else the tie rule decides there, and ``Answers.overlapped`` says so.
        memory_mib : float
            What the index may take; less memory makes it slower, never less exact.

        Raises
        ------
        ColumnError
            ``column_missing``; ``code_missing`` or ``code_duplicate``, with the number of rows.
        CrsError
            ``crs_missing``, ``crs_not_wgs84`` or ``crs_not_metric``.
        GeometryError
            ``geometry_not_polygon`` or ``geometry_invalid``, with the number of rows.
        InvalidInput
            ``boundaries_overlap`` where it is ``strict``, with the number of overlaps and their m2.
        """
        names, shapes, epsg = inputs.grids_of(
            grids, code_column=code_column, points=points, metric=metric, strict=strict
        )
        return cls(names, shapes, metric_epsg=epsg, memory_mib=memory_mib)

    def __len__(self) -> int:
        return len(self.codes)

    # -- the index --------------------------------------------------------------------------------------------------

    def build(self) -> IndexReport:
        """Build the index now, if it is not there, and say what it is made of."""
        with self._lock:
            if self._index is None:
                self._index, self._report = build_raster(self._rings, memory_mib=self._memory_mib)
            assert self._report is not None
            return self._report

    @property
    def report(self) -> IndexReport | None:
        """What the index is made of; None while it is not built."""
        return self._report

    def save(self, folder: str | Path, *, key: str = "") -> None:
        """Write the index into a new folder, for ``open``; ``key`` names what it was made from (a version's hash)."""
        self.build()
        index, rings = self._index, self._rings
        assert index is not None
        arrays = {name: getattr(index, name) for name in ("label", "head", "segments")}
        arrays |= {f"rings_{name}": getattr(rings, name) for name in Rings.__slots__}
        about = {name: getattr(index, name) for name in ("x0", "y0", "inv", "nx", "ny")}
        about |= {"codes": self.codes, "epsg": self.epsg, "metric": self.metric, "key": key}
        about["segments"] = self._report.segments if self._report else 0
        saved.write(Path(folder), arrays, about)

    @classmethod
    def open(cls, folder: str | Path, *, key: str | None = None, verify: bool = True) -> Self:
        """Open a saved index. Its arrays are mapped into memory: processes that open it share one copy.

        Parameters
        ----------
        folder : path
            As given to ``save``.
        key : str, optional
            What it must have been made from.
        verify : bool
            Whether to compare the check sums, which reads the files once.

        Raises
        ------
        InvalidInput
            ``index_unusable``: it is missing, damaged, of another format or made from something else.
        """
        arrays, about = saved.read(Path(folder), verify=verify)
        if key is not None and about.get("key") != key:
            raise InvalidInput("index_unusable")
        try:
            self = cls.__new__(cls)
            rings = Rings(**{name: np.asarray(arrays[f"rings_{name}"]) for name in Rings.__slots__})
            frame: dict[str, Any] = {name: about[name] for name in ("x0", "y0", "inv", "nx", "ny")}
            index = EdgeRaster(
                np.asarray(arrays["label"]), np.asarray(arrays["head"]), np.asarray(arrays["segments"]), **frame
            )
            self._set(tuple(about["codes"]), rings, int(about["epsg"]), bool(about["metric"]), MEMORY_MIB)
            if len(self.codes) != len(rings.of_shape) - 1:
                raise InvalidInput("index_unusable")
            self._index = index
            self._report = index.report(len(self.codes), int(about["segments"]), 0.0)
        except (KeyError, TypeError) as error:
            raise InvalidInput("index_unusable") from error
        return self

    @property
    def tally(self) -> Tally:
        """What the index was asked so far, and how often it had to look closer."""
        return self._tally

    # -- who owns a point -------------------------------------------------------------------------------------------

    def owners(self, x: npt.ArrayLike, y: npt.ArrayLike, *, threads: int | None = None) -> Int32s:
        """Give the owner of each point: the call for many points.

        Parameters
        ----------
        x, y : float arrays of one length
            WGS 84 degrees, or metres where the locator is ``metric``; finite.
        threads : int, optional
            Else as many as there are processors, where there are points enough.

        Returns
        -------
        int32 array
            Position of the owner in ``codes``; -1 where no grid holds the point.

        Raises
        ------
        InvalidInput
            ``points_not_parallel``.
        CrsError
            ``coordinate_out_of_range``.
        """
        x, y = inputs.parallel(x, y)
        owner, ask = self._first_answers(x, y, threads)
        if len(ask):
            point, grid, _ = self._held(x[ask], y[ask])
            first = starts_of_runs(point)
            owner[ask] = -1
            owner[ask[point[first]]] = grid[first]
        nobody = owner < 0
        # what is not a coordinate lies in no grid: only those need a look
        inputs.require_coordinates(self.metric, x[nobody], y[nobody])
        return owner

    def find_owner(self, x: float, y: float) -> str | None:
        """Find the code of the grid that owns one point; parameters and errors as ``owners``, in a few microseconds."""
        index = self._index
        if index is None:
            owner = int(self.owners([x], [y])[0])
        else:
            owner = index.owner(x, y)
            if owner == kernels.ASK:
                owner = int(self.owners([x], [y])[0])
        if owner >= 0:
            return self.codes[owner]
        inputs.require_coordinates(self.metric, np.array([x]), np.array([y]))
        return None

    def holders(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Find every grid that holds each point.

        Returns
        -------
        point, grid : int64 arrays
            Pairs, ordered by point, then by the tie rule; the first pair of a point is its owner.
        """
        x, y = inputs.parallel(lon, lat)
        inputs.require_coordinates(self.metric, x, y)
        owner, ask = self._first_answers(x, y, None)
        sure = owner >= 0
        sure[ask] = False
        point, grid, _ = self._held(x[ask], y[ask])
        point = np.r_[np.flatnonzero(sure), ask[point]]
        grid = np.r_[owner[sure].astype(np.int64), grid]
        order = np.lexsort((grid, point))
        return point[order], grid[order]

    def holders_of(self, lon: float, lat: float) -> tuple[str, ...]:
        """Give the codes of all grids that hold one point, lowest first; the first one owns it."""
        return tuple(self.codes[i] for i in self.holders([lon], [lat])[1])

    def locate(self, lon: float, lat: float, *, nearest_within_m: float = 0.0) -> Located:
        """Find the owner of one point; parameters and errors as ``locate_many``."""
        index, metres = self._index, self._metres
        if index is not None and metres is not None and 0 <= nearest_within_m < math.inf:
            sole = index.owner(lon, lat)
            if sole >= 0:  # strictly inside one grid and no other: nothing else needs to be asked
                border = metres.distance(lon, lat, sole)
                return Located(self.codes[sole], METHODS[INSIDE], border, (self.codes[sole],), False)
        answers = self.locate_many([lon], [lat], nearest_within_m=nearest_within_m)
        owner, border_m = int(answers.owner[0]), answers.border_m
        return Located(
            code=self.codes[owner] if owner >= 0 else None,
            method=METHODS[int(answers.method[0])],
            border_m=float(border_m[0]) if owner >= 0 and border_m is not None else None,
            holders=self.holders_of(lon, lat) if answers.holders[0] != 1 else (self.codes[owner],),
            overlapped=bool(answers.overlapped[0]),
        )

    def locate_many(
        self, lon: npt.ArrayLike, lat: npt.ArrayLike, *, nearest_within_m: float = 0.0, border: bool = True
    ) -> Answers:
        """Find the owner of each point, and how it was found.

        Parameters
        ----------
        lon, lat : float arrays of one length
            WGS 84 degrees, or x and y in metres where the locator is ``metric``; finite.
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
        x, y = inputs.parallel(lon, lat)
        inputs.require_coordinates(self.metric, x, y)
        found, ask = self._first_answers(x, y, None)
        owner = found.astype(np.int64)
        holders = (owner >= 0).astype(np.int64)
        method = np.where(owner >= 0, INSIDE, NONE).astype(np.int8)
        overlapped = np.zeros(len(x), dtype=bool)
        at_owners_border: Ints = np.zeros(0, np.int64)
        if len(ask):
            point, grid, strictly = self._held(x[ask], y[ask])
            first = starts_of_runs(point)
            owner[ask] = -1
            owner[ask[point[first]]] = grid[first]
            holders[ask] = np.bincount(point, minlength=len(ask))
            method[ask] = np.where(owner[ask] >= 0, INSIDE, NONE)
            method[ask[point[~strictly]]] = BORDER
            overlapped[ask] = np.bincount(point[strictly], minlength=len(ask)) >= 2
            # where grids overlap, a point may lie inside its owner and on the border of another one
            at_owners_border = ask[point[first & ~strictly]]
        if nearest_within_m > 0:
            outside = np.flatnonzero(method == NONE)
            # no grid holds these, so that is not asked again
            nothing = np.zeros(0, np.int64)
            point, grid, _ = self._metric().near(
                x[outside], y[outside], within_m=nearest_within_m, k=1, held=(nothing, nothing)
            )
            owner[outside[point]] = grid
            method[outside[point]] = NEAREST
        border_m = None
        if border:
            border_m = self.border_m(x, y, owner)
            # the projected border may pass a hair beside a point that lies on the border as given
            border_m[at_owners_border] = 0.0
        return Answers(owner, method, border_m, holders, overlapped)

    def edges(self) -> tuple[Floats, Int32s]:
        """Give every edge of the grids once.

        Returns
        -------
        ends : float64 array, shape (n, 2, 2)
            Both ends as x and y, the lower end first.
        owner : int32 array, length n
            The lowest grid that has the edge, as position in ``codes``.
        """
        return edges_of(self._rings)

    # -- metres -----------------------------------------------------------------------------------------------------

    def border_m(self, x: npt.ArrayLike, y: npt.ArrayLike, owner: npt.ArrayLike) -> Floats:
        """Measure the metres from each point to the border of a grid, its owner or any other; NaN where that is -1."""
        x, y = inputs.parallel(x, y)
        grid = np.asarray(owner, dtype=np.int64)
        result = np.full(len(x), np.nan)
        owned = np.flatnonzero(grid >= 0)
        if len(owned):
            result[owned] = self._metric().distances(x[owned], y[owned], grid[owned])
        return result

    def near(self, x: npt.ArrayLike, y: npt.ArrayLike, *, within_m: float, k: int = 1) -> tuple[Ints, Ints, Floats]:
        """Find the k nearest grids of each point within a distance; a grid that holds the point is 0 m away.

        Returns
        -------
        point, grid : int64 arrays
        metres : float64 array
            Ordered by point, then by distance; what is equally near (to a micrometre), by the tie rule.

        Raises
        ------
        InvalidInput
            ``points_not_parallel``; ``setting_negative``: the distance is below 0 or not finite, or k below 1.
        CrsError
            ``coordinate_out_of_range``.
        """
        if not (math.isfinite(within_m) and within_m >= 0):
            raise InvalidInput("setting_negative", name="within_m")
        if k < 1:
            raise InvalidInput("setting_negative", name="k")
        x, y = inputs.parallel(x, y)
        if not len(x):
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
        held = self.holders(x, y)
        return self._metric().near(x, y, within_m=within_m, k=k, held=held)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _first_answers(self, x: Floats, y: Floats, threads: int | None) -> tuple[Int32s, Ints]:
        """Give what the index says, and the points whose shapes must be asked; without an index, all of them."""
        if self._index is None:
            self._asked += len(x)
            if self._asked < self._worth:
                return np.full(len(x), -1, np.int32), np.arange(len(x))
            self.build()
        assert self._index is not None
        owner, doubted = self._index.owners(x, y, threads)
        ask = np.flatnonzero(owner == kernels.ASK)
        with self._lock:
            self._tally += Tally(len(x), doubted, len(ask))
        return owner, ask

    def _held(self, x: Floats, y: Floats) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        """Ask the shapes: pairs of points and grids that hold them, in order, and whether strictly."""
        if self._boxes is None:
            with self._lock:
                if self._boxes is None:
                    self._boxes = Boxes(self._rings)
        return holders_of(self._rings, self._boxes, x, y)

    def _metric(self) -> Metric:
        if self._metres is None:
            with self._lock:
                if self._metres is None:
                    self._metres = Metric(self._rings, None if self.metric else self.epsg)
        return self._metres
