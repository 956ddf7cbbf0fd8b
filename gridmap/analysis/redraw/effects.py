"""What a redrawn plan does to its grids: each measure before and after, and which points change hands."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from gridmap import crs
from gridmap.analysis.locator import Locator
from gridmap.analysis.redraw.tiling import Tiling, frame_of
from gridmap.analysis.responsibility import owner_codes
from gridmap.analysis.tracks import split_tracks
from gridmap.domain.boundaries import Grid
from gridmap.domain.redraw import Change

Box = tuple[float, float, float, float]

#: A piece handed over with less of its giver than this carries no residents, share.
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Measures:
    """One grid before or after; None: not known."""

    area_m2: float
    households: int | None
    compactness: float
    floating: float | None = None
    incidents: int | None = None
    patrol_hours: float | None = None


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The touched grids before and after, and the untouched ones around them, which share points on their borders.

    ``boxes`` (west, south, east, north) hold together every point that a touched grid may own, and have nothing in
    common: edits at both ends of a city ask nothing of what lies between.
    """

    before: Mapping[str, Grid]
    after: Mapping[str, Grid]
    around: Sequence[Grid]
    boxes: tuple[Box, ...]

    def frame(self, *, after: bool) -> gpd.GeoDataFrame:
        """Give the grids before or after, with those around."""
        return frame_of([*(self.after if after else self.before).values(), *self.around])


def neighbourhood(
    tiling: Tiling, total: Change, codes: Collection[str] | None = None, *, nearest_within_m: float = 0.0
) -> Neighbourhood | None:
    """Take the grids that a draft changed out of the plan, before and after; None: nothing was.

    ``codes`` limits them to what these grids gave and got; ``nearest_within_m`` as in ``Locator.locate_many``.
    """
    level = tiling.level.name
    before = {c: g for c, g in total.before.items() if g.level == level}
    after = {c: g for c, g in total.after.items() if g.level == level}
    if codes is not None:
        asked = [g.geometry for part in (before, after) for c, g in part.items() if c in codes]
        ground = shapely.union_all(np.array(asked, dtype=object)) if asked else shapely.Polygon()
        before, after = (
            {c: g for c, g in part.items() if c in codes or shapely.relate_pattern(g.geometry, ground, "T********")}
            for part in (before, after)
        )
    if not before and not after:
        return None
    touched = {*before, *after}
    boxes = _apart([g.geometry for part in (before, after) for g in part.values()], nearest_within_m)
    # with all of them a point outside of every grid has the same nearest one as in the whole plan
    around = {c for box in boxes for c in tiling.near(crs.widened(box, nearest_within_m).tolist())}
    return Neighbourhood(before, after, [tiling[c] for c in sorted(around - touched)], boxes)


def _apart(shapes: Sequence[BaseGeometry], reach_m: float) -> tuple[Box, ...]:
    """Give boxes around shapes with what is in reach of them; those that meet are one."""
    boxes = crs.widened(shapely.bounds(np.array(shapes, dtype=object)), reach_m)
    while True:
        drawn = np.asarray(shapely.box(*boxes.T), dtype=object)
        a, b = shapely.STRtree(drawn).query(drawn, predicate="intersects")
        groups, group = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(len(boxes), len(boxes))))
        if groups == len(boxes):
            return tuple((float(w), float(s), float(e), float(n)) for w, s, e, n in boxes)
        merged = np.empty((groups, 4))
        for k in range(groups):
            mine = boxes[group == k]
            merged[k] = [*mine[:, :2].min(axis=0), *mine[:, 2:].max(axis=0)]
        boxes = merged


def measured(
    near: Neighbourhood,
    *,
    epsg: int,
    floating: Mapping[str, int],
    incidents: gpd.GeoDataFrame | None,
    fixes: gpd.GeoDataFrame | None,
    facilities: gpd.GeoDataFrame | None,
    nearest_within_m: float,
) -> tuple[dict[str, Measures], dict[str, Measures], gpd.GeoDataFrame | None, gpd.GeoDataFrame | None]:
    """Measure the touched grids before and after, and tell which points change hands.

    Parameters
    ----------
    near : Neighbourhood
    epsg : int
        Metric CRS of the place.
    floating : mapping of str to int
        Floating residents by code, as they are known of the plan before; they go with the ground.
    incidents, fixes : GeoDataFrame, optional
        frames.INCIDENTS and frames.FIXES in the boxes of the neighbourhood, WGS 84. None: not to be known.
    facilities : GeoDataFrame, optional
        Points of any columns in the same boxes, WGS 84.
    nearest_within_m : float
        As in ``Locator.locate_many``.

    Returns
    -------
    dict, dict, GeoDataFrame, GeoDataFrame
        Measures by code before and after, and the incidents and the facilities that change hands: ``from_code`` and
        ``to_code`` beside their own columns.
    """
    sides: list[dict[str, Measures]] = []
    owners: list[npt.NDArray[np.object_]] = []
    places: list[npt.NDArray[np.object_]] = []
    share = _floating(near, floating)
    for after in (False, True):
        grids = near.after if after else near.before
        frame = near.frame(after=after)
        locator = Locator.from_frame(frame) if len(frame) else None
        counts: pd.Series | None = None
        if incidents is not None:
            owner = _owner(incidents, locator, nearest_within_m)
            owners.append(owner)
            counts = pd.Series(owner).value_counts()
        if facilities is not None:
            places.append(_owner(facilities, locator, nearest_within_m))
        hours = None if fixes is None else _hours(fixes, locator)
        shapes = crs.to_metric(np.array([g.geometry for g in grids.values()], dtype=object), epsg)
        sides.append(
            {
                code: Measures(
                    float(shapely.area(shape)),
                    grid.households,
                    compactness(shape),
                    share[after].get(code),
                    None if counts is None else int(counts.get(code, 0)),
                    None if hours is None else float(hours.get(code, 0.0)),
                )
                for (code, grid), shape in zip(grids.items(), shapes, strict=True)
            }
        )
    return sides[0], sides[1], _handed(incidents, owners), _handed(facilities, places)


def _handed(points: gpd.GeoDataFrame | None, owners: Sequence[npt.NDArray[np.object_]]) -> gpd.GeoDataFrame | None:
    """Give the points whose owner before is not their owner after."""
    if points is None:
        return None
    before, after = owners
    moved = np.array([a != b for a, b in zip(before, after, strict=True)], dtype=bool)
    return points[moved].assign(from_code=before[moved], to_code=after[moved])


def compactness(shape: BaseGeometry) -> float:
    """Measure how round a shape is, 0 to 1 (Polsby and Popper: 4 pi area / perimeter squared)."""
    length = float(shapely.length(shape))
    return 0.0 if not length else float(4 * np.pi * shapely.area(shape) / length**2)


def _owner(points: gpd.GeoDataFrame, locator: Locator | None, nearest_within_m: float) -> npt.NDArray[np.object_]:
    if not len(points) or locator is None:
        return np.full(len(points), None, dtype=object)
    shapes = np.asarray(points.geometry.array)
    found = locator.locate_many(shapely.get_x(shapes), shapely.get_y(shapes), nearest_within_m=nearest_within_m)
    return owner_codes(locator, found)


def _hours(fixes: gpd.GeoDataFrame, locator: Locator | None) -> Mapping[str, float]:
    if not len(fixes) or locator is None:
        return {}
    pieces = split_tracks(fixes[["unit_id", "fixed_at", "geometry"]], locator)
    hours = pieces.dropna(subset=["grid_code"]).groupby("grid_code")["seconds"].sum() / 3600.0
    return {str(code): float(value) for code, value in hours.items()}


def _floating(near: Neighbourhood, floating: Mapping[str, int]) -> tuple[dict[str, float], dict[str, float]]:
    """Let floating residents go with the ground, evenly over the grid they are known of."""
    before = {code: float(floating[code]) for code in near.before if code in floating}
    after: dict[str, float] = {}
    for code, grid in near.after.items():
        parts = [
            before[other] * shared
            for other, was in near.before.items()
            if other in before and (shared := _share(was.geometry, grid.geometry)) > _NOTHING
        ]
        if parts:
            after[code] = sum(parts)
    return before, after


def _share(of: BaseGeometry, within: BaseGeometry) -> float:
    area = float(shapely.area(of))
    return float(shapely.area(shapely.intersection(of, within))) / area if area else 0.0
