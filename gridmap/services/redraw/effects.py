"""What a draft does, in the figures that planners weigh: asked of the stored points, people and staff."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.analysis.redraw.effects import Measures, measured, neighbourhood
from gridmap.crs import WGS84
from gridmap.domain.boundaries import Grid
from gridmap.domain.incidents import StaffMember
from gridmap.errors import NotAllowed
from gridmap.services.clock import day_in
from gridmap.services.grids import workers_needed
from gridmap.services.points import primary_of
from gridmap.services.ports import (
    Box,
    FeatureFilter,
    IncidentRepository,
    PatrolRepository,
    PointFilter,
    PointsOf,
    UnitOfWork,
)
from gridmap.services.redraw.drawings import Drawing
from gridmap.settings import Settings

#: Past cases that a plan is replayed with, and the patrols: fixes are many, and a month shows the habit.
REPLAYED = timedelta(days=365)
PATROLLED = timedelta(days=30)
#: Beyond so many grids the people of a whole set are read at once.
_ONE_BY_ONE = 12
#: Features that are read at once.
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Side:
    """A grid before or after, with the staff that its households ask for and that is assigned to its code."""

    name: str
    measures: Measures
    workers_required: int | None
    workers: int | None


@dataclass(frozen=True, slots=True)
class Balance:
    """How evenly a measure lies on the grids of an area: the largest deviation from their mean, as a share of it."""

    parent: str
    measure: str
    mean_before: float
    mean_after: float
    deviation_before: float
    deviation_after: float


@dataclass(frozen=True, slots=True)
class Effects:
    """What a draft changes. ``handed``: the incidents of the window that get another owner, newest first.

    ``facilities``: the features of any layer that do, by layer and code; None: not to be known. ``staff``: those on
    duty in grids that end, who need another place.
    """

    start: datetime
    end: datetime
    before: dict[str, Side]
    after: dict[str, Side]
    handed: gpd.GeoDataFrame | None
    facilities: gpd.GeoDataFrame | None
    staff: tuple[StaffMember, ...]
    balance: tuple[Balance, ...]


def effects(
    work: UnitOfWork, drawing: Drawing, codes: Collection[str] | None, *, now: datetime, settings: Settings
) -> Effects:
    """Say what a draft does to the grids that it touched, or to some of them.

    Incidents of the last twelve months and patrols of the last thirty days are replayed on the grids before and after
    by the rules of the locator; points that no touched grid owns are not read. What the reader may not see is None.
    """
    end = now
    name = drawing.boundary_set.name
    reach = settings.nearest_within_m
    near = neighbourhood(drawing.tiling, drawing.total, codes, nearest_within_m=reach)
    if near is None:
        return Effects(end - REPLAYED, end, {}, {}, None, None, (), ())
    day = day_in(now, settings.time_zone)
    home = primary_of(work, settings)
    # points belong to one set; another one may be redrawn, but has no history of its own
    mine = home is not None and home.name == name
    incidents = points_in(work, "incidents", end - REPLAYED, near.boxes) if mine else None
    fixes = points_in(work, "patrols", end - PATROLLED, near.boxes) if mine else None
    floating = _floating(work, name, list(near.before), day)
    on_duty = _on_duty(work, name, sorted({*near.before, *near.after}), day)
    facilities = _facilities_in(work, day, near.boxes) if mine else None
    before, after, handed, places = measured(
        near,
        epsg=drawing.tiling.epsg,
        floating=floating,
        incidents=incidents,
        fixes=fixes,
        facilities=facilities,
        nearest_within_m=reach,
    )
    if handed is not None:
        handed = handed.sort_values(["occurred_at", "incident_id"], ascending=[False, True])
    ended = sorted(set(near.before) - set(near.after))
    return Effects(
        end - REPLAYED,
        end,
        {c: _side(near.before[c], m, on_duty, settings) for c, m in before.items()},
        {c: _side(near.after[c], m, on_duty, settings) for c, m in after.items()},
        handed,
        places,
        tuple(member for code in ended for member in _staff(work, name, code, day)),
        _balance(drawing),
    )


def points_in(work: UnitOfWork, kind: PointsOf, start: datetime, boxes: Sequence[Box]) -> gpd.GeoDataFrame | None:
    """Give the incidents or fixes since a time in boxes that have nothing in common; None: not to be known."""
    repository: IncidentRepository | PatrolRepository = getattr(work, kind)
    try:
        found = [repository.frame(PointFilter(start, bbox=box)) for box in boxes]
    except NotAllowed:
        return None
    if kind == "patrols":
        # the way between two boxes is not known here, and is none between its ends
        found = [part.assign(unit_id=[f"{n} {unit}" for unit in part["unit_id"]]) for n, part in enumerate(found)]
    filled = [part for part in found if len(part)]
    return (
        gpd.GeoDataFrame(pd.concat(filled, ignore_index=True), crs=found[0].crs)
        if len(filled) > 1
        else (filled or found)[0]
    )


def _facilities_in(work: UnitOfWork, day: date, boxes: Sequence[Box]) -> gpd.GeoDataFrame | None:
    """Give ``layer, code, name, state`` and a point of all features of a day in boxes; None: not to be known."""
    found = []
    try:
        for layer in work.features.list_layers():
            for box in boxes:
                found += _pages(work, FeatureFilter(layer.name, day, bbox=box))
    except NotAllowed:
        return None
    if not found:
        return gpd.GeoDataFrame({"layer": [], "code": [], "name": [], "state": []}, geometry=[], crs=WGS84)
    whole = pd.concat(found, ignore_index=True).drop_duplicates(["layer", "code"])
    points = [g if g.geom_type == "Point" else g.representative_point() for g in whole.geometry]
    # frames that are put together have NaN where one of them has no name
    names = ["" if pd.isna(name) else name for name in whole["name"]]
    whole = whole[["layer", "code", "state"]].reset_index(drop=True).assign(name=names)
    return gpd.GeoDataFrame(whole, geometry=points, crs=WGS84).sort_values(["layer", "code"], ignore_index=True)


def _pages(work: UnitOfWork, where: FeatureFilter) -> list[gpd.GeoDataFrame]:
    found, after = [], None
    while True:
        page = work.features.page(where, limit=_PAGE, after_code=after)
        if len(page):
            found.append(page.assign(layer=where.layer))
        if len(page) < _PAGE:
            return found
        after = page["code"].iloc[-1]


def _floating(work: UnitOfWork, name: str, codes: Sequence[str], day: date) -> dict[str, int]:
    if len(codes) > _ONE_BY_ONE:
        known = set(codes)
        profiles = [p for p in work.profiles.of_day(name, day) if p.grid_code in known]
    else:
        profiles = [p for code in codes if (p := work.profiles.of_grid(name, code, day)) is not None]
    return {p.grid_code: p.floating_residents for p in profiles if p.floating_residents is not None}


def _on_duty(work: UnitOfWork, name: str, codes: Sequence[str], day: date) -> dict[str, int]:
    if len(codes) > _ONE_BY_ONE:
        counts = work.staff.counts(name, day)
        return dict(zip(counts["grid_code"], (counts["heads"] + counts["workers"]).tolist(), strict=True))
    return {code: sum(work.staff.numbers_of(name, code, day)) for code in codes}


def _side(grid: Grid, found: Measures, on_duty: Mapping[str, int], settings: Settings) -> Side:
    return Side(grid.name, found, workers_needed(grid.households, settings), on_duty.get(grid.code, 0))


def _staff(work: UnitOfWork, name: str, code: str, day: date) -> list[StaffMember]:
    try:
        return work.staff.of_grid(name, code, day)
    except NotAllowed:
        return []


def _balance(drawing: Drawing) -> tuple[Balance, ...]:
    """Compare the households of the grids under each area that has a touched one."""
    level = drawing.tiling.level.name
    sides = (drawing.total.before, drawing.total.after)
    parents = sorted({str(g.parent_code) for s in sides for g in s.values() if g.level == level and g.parent_code})
    found = []
    for parent in parents:
        now = [drawing.tiling[c] for c in sorted(drawing.tiling.children.get(parent, ())) if c in drawing.tiling]
        then = [g for g in now if g.code not in drawing.total.after]
        then += [g for g in drawing.total.before.values() if g.level == level and g.parent_code == parent]
        one, two = _spread(then), _spread(now)
        if one is not None and two is not None:
            found.append(Balance(parent, "households", one[0], two[0], one[1], two[1]))
    return tuple(found)


def _spread(grids: list[Grid]) -> tuple[float, float] | None:
    known = [g.households for g in grids if g.households is not None]
    if not known or not sum(known):
        return None
    mean = float(np.mean(known))
    return mean, float(np.max(np.abs(np.array(known) - mean)) / mean)
