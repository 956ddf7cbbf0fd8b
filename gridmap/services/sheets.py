"""What is printed of a version or a draft, gathered as whoever prints may see it."""

import math
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import shapely

from gridmap import crs
from gridmap.analysis.borders import common_m
from gridmap.analysis.redraw.tiling import frame_of, grids_of
from gridmap.analysis.responsibility import join_points
from gridmap.domain.access import Permission
from gridmap.domain.boundaries import BoundarySet, BoundaryVersion, Grid, VersionState
from gridmap.domain.incidents import GridRef
from gridmap.domain.sheets import Backdrop, Cases, DutySheet, Neighbour, Source
from gridmap.errors import InvalidInput, NotFound
from gridmap.services.clock import day_in
from gridmap.services.grids import workers_needed
from gridmap.services.guarded import may_in
from gridmap.services.points import primary_of
from gridmap.services.ports import Box, PointFilter, UnitOfWork
from gridmap.services.redraw.effects import REPLAYED
from gridmap.settings import Settings

#: Metres of a degree of latitude, at the least.
_METRES_A_DEGREE = 110_500.0
#: Areas drawn around what is printed.
_MOST_AROUND = 500
#: Pieces of water, green and roads beneath it, the first ones.
_MOST_BACKDROP = 5_000


def duty_sheet(
    work: UnitOfWork,
    boundary_set: BoundarySet,
    version: BoundaryVersion,
    code: str,
    *,
    by: str,
    now: datetime,
    settings: Settings,
    revision: int | None = None,
) -> DutySheet:
    """Gather what the sheet of a grid says; that it was taken away is told.

    Parameters
    ----------
    by : str
        Name of whoever prints.
    revision : int, optional
        Of a draft: the entries of its log.

    Raises
    ------
    NotFound
        ``grid_unknown``.
    InvalidInput
        ``print_needs_area``: it is known as a point.
    """
    grid = _area(work, version, code)
    epsg = crs.metric_epsg_of(np.array([grid.geometry], dtype=object))
    shape = crs.to_metric(np.array([grid.geometry], dtype=object), epsg)[0]
    reach = settings.nearest_within_m
    box = _around(grid, reach)
    beside = [g for g in _in_box(work, version, grid.level, box) if g.code != code]
    day = day_in(now, settings.time_zone)
    name = boundary_set.name
    profile = work.profiles.of_grid(name, code, day)
    draft = version.state is VersionState.DRAFT
    # a draft says itself how many there are: they went with the ground
    counted = None if draft or profile is None else profile.households
    households = grid.households if counted is None else counted
    heads, workers = work.staff.numbers_of(name, code, day)
    return DutySheet(
        _source(boundary_set, version, by, now, settings, revision),
        grid,
        chain_of(work, version, grid),
        epsg,
        float(shapely.area(shape)),
        float(shapely.length(shape)),
        households,
        None if profile is None else profile.floating_residents,
        heads,
        workers,
        workers_needed(households, settings),
        "" if profile is None else profile.department,
        "" if profile is None else profile.phone,
        tuple(work.staff.of_grid(name, code, day)) if may_in(work, Permission.PEOPLE_READ, name, code) else None,
        _cases(work, boundary_set, grid, beside, now, settings),
        _neighbours(grid, beside, epsg),
        backdrop_in(work, box),
    )


def _area(work: UnitOfWork, version: BoundaryVersion, code: str) -> Grid:
    found = work.boundaries.export(version, [code])
    if not len(found):
        raise NotFound("grid_unknown")
    grid = grids_of(found)[0]
    if shapely.get_dimensions(grid.geometry) != 2 or shapely.is_empty(grid.geometry):
        raise InvalidInput("print_needs_area")
    return grid


def _source(
    boundary_set: BoundarySet,
    version: BoundaryVersion,
    by: str,
    now: datetime,
    settings: Settings,
    revision: int | None,
) -> Source:
    return Source(
        boundary_set.name,
        boundary_set.title,
        version.number,
        version.state is VersionState.DRAFT,
        version.valid_from,
        version.valid_to,
        by,
        now.astimezone(ZoneInfo(settings.time_zone)),
        revision,
    )


def chain_of(work: UnitOfWork, version: BoundaryVersion, grid: Grid) -> tuple[GridRef, ...]:
    """Give the areas above one within reach, from the coarsest."""
    links: list[GridRef] = []
    seen = {grid.code}
    above = grid.parent_code
    while above is not None and above not in seen:
        seen.add(above)
        found = grids_of(work.boundaries.grids(version, codes=[above]))
        if not found:
            break
        links.append(GridRef(found[0].code, found[0].name, found[0].level))
        above = found[0].parent_code
    return tuple(reversed(links))


def _around(grid: Grid, reach_m: float, share: float = 0.6) -> Box:
    """Give the box of an area with room for what is beside it: a share of its size, and so many metres."""
    west, south, east, north = grid.geometry.bounds
    high = max(north - south, east - west) * share + 2 * reach_m / _METRES_A_DEGREE
    wide = high / max(0.05, math.cos(math.radians((south + north) / 2)))
    return west - wide, south - high, east + wide, north + high


def _in_box(work: UnitOfWork, version: BoundaryVersion, level: str, box: Box) -> list[Grid]:
    found = grids_of(work.boundaries.page_grids(version, level=level, limit=_MOST_AROUND, bbox=box))
    return [g for g in found if shapely.get_dimensions(g.geometry) == 2]


def _neighbours(grid: Grid, beside: Sequence[Grid], epsg: int) -> tuple[Neighbour, ...]:
    touching = [g for g in beside if shapely.intersects(g.geometry, grid.geometry)]
    if not touching:
        return ()
    metres = common_m(grid.geometry, np.array([g.geometry for g in touching], dtype=object), epsg)
    found = [Neighbour(g, round(float(m), 2)) for g, m in zip(touching, metres, strict=True)]
    return tuple(sorted(found, key=lambda n: (-n.border_m, n.grid.code)))


def _cases(
    work: UnitOfWork, boundary_set: BoundarySet, grid: Grid, beside: Sequence[Grid], now: datetime, settings: Settings
) -> Cases | None:
    """Count the incidents that lie in the grid as it is printed, by the rules of the locator."""
    home = primary_of(work, settings)
    if home is None or home.name != boundary_set.name:
        return None
    if not may_in(work, Permission.INCIDENTS_READ, boundary_set.name, grid.code):
        return None
    reach = settings.nearest_within_m
    points = work.incidents.frame(PointFilter(now - REPLAYED, now, bbox=_around(grid, reach, 0.0)))
    counts: dict[str, int] = {}
    if len(points):
        owner = join_points(points[["geometry"]], frame_of([grid, *beside]), nearest_within_m=reach)
        owner = owner["grid_code"].to_numpy(object)
        for category in points["category"].to_numpy(object)[owner == grid.code]:
            counts[str(category)] = counts.get(str(category), 0) + 1
    first, last = (day_in(moment, settings.time_zone) for moment in (now - REPLAYED, now))
    return Cases(first, last, tuple(sorted(counts.items(), key=lambda c: (-c[1], c[0]))))


def backdrop_in(work: UnitOfWork, box: Box) -> tuple[Backdrop, ...]:
    """Give the water, green and roads in a box, cut to it."""
    frame: gpd.GeoDataFrame = work.context.frame()
    if not len(frame):
        return ()
    shapes = np.asarray(frame.geometry.array, dtype=object)
    bounds = shapely.bounds(shapes)
    near = (bounds[:, 0] <= box[2]) & (bounds[:, 2] >= box[0]) & (bounds[:, 1] <= box[3]) & (bounds[:, 3] >= box[1])
    rows = np.flatnonzero(near)[:_MOST_BACKDROP]
    cut = shapely.clip_by_rect(shapes[rows], *box)
    kinds, names = frame["kind"].to_numpy(object)[rows], frame["name"].to_numpy(object)[rows]
    return tuple(
        Backdrop(str(kind), name if isinstance(name, str) else "", shape)
        for kind, name, shape in zip(kinds, names, cut, strict=True)
        if not shape.is_empty
    )
