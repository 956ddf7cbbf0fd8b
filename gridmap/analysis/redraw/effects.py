"""What a redrawn plan does to its grids: each measure before and after, and which points change hands."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap import crs
from gridmap.analysis.locator import Locator
from gridmap.analysis.redraw.tiling import Tiling, frame_of
from gridmap.analysis.responsibility import join_points
from gridmap.analysis.tracks import split_tracks
from gridmap.domain.boundaries import Grid
from gridmap.domain.redraw import Change

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
    """The touched grids before and after, and the untouched ones around them, which share points on their borders."""

    before: Mapping[str, Grid]
    after: Mapping[str, Grid]
    around: Sequence[Grid]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north of all that was touched."""
        shapes = [g.geometry for g in (*self.before.values(), *self.after.values())]
        west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object))
        return float(west), float(south), float(east), float(north)

    def frame(self, *, after: bool) -> gpd.GeoDataFrame:
        """Give the grids before or after, with those around."""
        return frame_of([*(self.after if after else self.before).values(), *self.around])


def neighbourhood(tiling: Tiling, total: Change, codes: Collection[str] | None = None) -> Neighbourhood | None:
    """Take the grids that a draft changed out of the plan, before and after; None: nothing was.

    ``codes`` limits them to what these grids gave and got.
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
    found = Neighbourhood(before, after, ())
    touched = {*before, *after}
    # with all of them a point outside of every grid has the same nearest one as in the whole plan
    around = [tiling[c] for c in tiling.near(found.box) if c not in touched]
    return Neighbourhood(before, after, around)


def measured(
    near: Neighbourhood,
    *,
    epsg: int,
    floating: Mapping[str, int],
    incidents: gpd.GeoDataFrame | None,
    fixes: gpd.GeoDataFrame | None,
    nearest_within_m: float,
) -> tuple[dict[str, Measures], dict[str, Measures], gpd.GeoDataFrame | None]:
    """Measure the touched grids before and after.

    Parameters
    ----------
    near : Neighbourhood
    epsg : int
        Metric CRS of the place.
    floating : mapping of str to int
        Floating residents by code, as they are known of the plan before; they go with the ground.
    incidents, fixes : GeoDataFrame, optional
        frames.INCIDENTS and frames.FIXES in the box of the neighbourhood, WGS 84. None: not to be known.
    nearest_within_m : float
        As in ``Locator.locate_many``.

    Returns
    -------
    dict, dict, GeoDataFrame
        Measures by code before and after, and the incidents that change hands: ``from_code`` and ``to_code`` beside
        their own columns.
    """
    sides: list[dict[str, Measures]] = []
    owners: list[npt.NDArray[np.object_]] = []
    share = _floating(near, floating)
    for after in (False, True):
        grids = near.after if after else near.before
        frame = near.frame(after=after)
        counts: pd.Series | None = None
        if incidents is not None:
            owner = _owner(incidents, frame, nearest_within_m)
            owners.append(owner)
            counts = pd.Series(owner).value_counts()
        hours = None if fixes is None else _hours(fixes, frame)
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
    handed = None
    if incidents is not None:
        moved = np.array([a != b for a, b in zip(owners[0], owners[1], strict=True)], dtype=bool)
        handed = incidents[moved].assign(from_code=owners[0][moved], to_code=owners[1][moved])
    return sides[0], sides[1], handed


def compactness(shape: BaseGeometry) -> float:
    """Measure how round a shape is, 0 to 1 (Polsby and Popper: 4 pi area / perimeter squared)."""
    length = float(shapely.length(shape))
    return 0.0 if not length else float(4 * np.pi * shapely.area(shape) / length**2)


def _owner(points: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, nearest_within_m: float) -> npt.NDArray[np.object_]:
    if not len(points) or not len(grids):
        return np.full(len(points), None, dtype=object)
    found = join_points(points[["geometry"]], grids, nearest_within_m=nearest_within_m)
    owner = found["grid_code"].to_numpy(object)
    return np.array([c if isinstance(c, str) else None for c in owner], dtype=object)


def _hours(fixes: gpd.GeoDataFrame, grids: gpd.GeoDataFrame) -> Mapping[str, float]:
    if not len(fixes) or not len(grids):
        return {}
    pieces = split_tracks(fixes[["unit_id", "fixed_at", "geometry"]], Locator.from_frame(grids))
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
