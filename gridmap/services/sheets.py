"""What is printed of a version or a draft, gathered as whoever prints may see it."""

import math
from collections.abc import Sequence
from datetime import date, datetime
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
from gridmap.domain.sheets import AreaPlan, Backdrop, Cases, DutySheet, Neighbour, PlanRow, Source
from gridmap.errors import InvalidInput, NotFound
from gridmap.services.clock import day_in
from gridmap.services.grids import workers_needed
from gridmap.services.guarded import may_in
from gridmap.services.points import primary_of
from gridmap.services.ports import Box, PointFilter, UnitOfWork
from gridmap.services.redraw.effects import REPLAYED
from gridmap.settings import Settings

#: Areas drawn around what is printed.
_MOST_AROUND = 500
#: Grids on one plan.
_MOST_ROWS = 2_000
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


def area_plan(
    work: UnitOfWork,
    boundary_set: BoundarySet,
    version: BoundaryVersion,
    code: str,
    *,
    by: str,
    now: datetime,
    settings: Settings,
    revision: int | None = None,
) -> AreaPlan:
    """Gather the plan of a street or community with its grids within reach; parameters as ``duty_sheet``.

    Raises
    ------
    NotFound
        ``grid_unknown``.
    InvalidInput
        ``print_needs_area``, ``print_nothing_below``, ``print_too_many``.
    """
    area = _area(work, version, code)
    below = _below(work, boundary_set, version, area)
    grids = grids_of(work.boundaries.export(version, sorted(below)))
    grids = [g for g in grids if shapely.get_dimensions(g.geometry) == 2]
    if not grids:
        raise InvalidInput("print_nothing_below")
    epsg = crs.metric_epsg_of(np.array([area.geometry], dtype=object))
    metres2 = shapely.area(crs.to_metric(np.array([g.geometry for g in grids], dtype=object), epsg)).tolist()
    households = _households(work, boundary_set, version, grids, day_in(now, settings.time_zone))
    numbered = sorted(zip(grids, metres2, strict=True), key=lambda r: (r[0].parent_code or "", r[0].code))
    rows = [PlanRow(n, g, m2, households.get(g.code)) for n, (g, m2) in enumerate(numbered, 1)]
    parents = sorted({g.parent_code for g in grids if g.parent_code is not None} - {code})
    between = grids_of(work.boundaries.grids(version, codes=parents)) if parents else []
    box = _around(area, 0.0)
    around = [g for g in _in_box(work, version, area.level, box) if g.code != code]
    return AreaPlan(
        _source(boundary_set, version, by, now, settings, revision),
        area,
        chain_of(work, version, area),
        grids[0].level,
        tuple(rows),
        tuple(g for g in between if shapely.get_dimensions(g.geometry) == 2),
        tuple(around),
        epsg,
        backdrop_in(work, box),
    )


def _below(work: UnitOfWork, boundary_set: BoundarySet, version: BoundaryVersion, area: Grid) -> list[str]:
    """Give the codes of the finest level of areas that cover the ground below one."""
    tree = work.boundaries.tree(version)
    children: dict[str, list[tuple[str, str]]] = {}
    for level, code, parent in zip(tree["level"], tree["code"], tree["parent_code"], strict=True):
        if isinstance(parent, str):
            children.setdefault(parent, []).append((str(level), str(code)))
    found: dict[str, list[str]] = {}
    seen, waiting = {area.code}, [area.code]
    while waiting:
        for level, code in children.get(waiting.pop(), ()):
            if code not in seen:
                seen.add(code)
                waiting.append(code)
                found.setdefault(level, []).append(code)
    levels = [x.name for x in boundary_set.levels if x.tiles_parent and x.shapes == "area" and x.name in found]
    if not levels:
        raise InvalidInput("print_nothing_below")
    codes = found[levels[-1]]
    if len(codes) > _MOST_ROWS:
        raise InvalidInput("print_too_many", count=len(codes), limit=_MOST_ROWS)
    return codes


def _households(
    work: UnitOfWork, boundary_set: BoundarySet, version: BoundaryVersion, grids: Sequence[Grid], day: date
) -> dict[str, int]:
    """Give the households of grids as ``duty_sheet`` does."""
    known = {g.code: g.households for g in grids if g.households is not None}
    if version.state is not VersionState.DRAFT:
        profiles = work.profiles.of_day(boundary_set.name, day)
        known |= {p.grid_code: p.households for p in profiles if p.households is not None}
    return known


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


def _around(grid: Grid, reach_m: float, share: float = 1.0) -> Box:
    """Give the box of an area with room for what is beside it: a share of its size, and so many metres."""
    west, south, east, north = grid.geometry.bounds
    high = max(north - south, east - west) * share
    wide = high / max(0.05, math.cos(math.radians((south + north) / 2)))
    grown = crs.widened((west - wide, south - high, east + wide, north + high), 2 * reach_m)
    west, south, east, north = grown.tolist()
    return west, south, east, north


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
