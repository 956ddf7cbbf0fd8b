"""One grid in facts, and whether a point can be meant at all."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.crs import to_metric
from gridmap.domain import staffing
from gridmap.domain.access import Permission
from gridmap.domain.incidents import GridRef
from gridmap.domain.people import GridProfile
from gridmap.errors import CrsError, InvalidInput, NotFound
from gridmap.services.counts import activity
from gridmap.services.guarded import may_in
from gridmap.services.patrol_parts import FromSums
from gridmap.services.points import primary_of
from gridmap.services.ports import Box, PointFilter, UnitOfWork
from gridmap.services.responsibility import Plan
from gridmap.settings import Settings

#: No place on Earth has such degrees, but metres of a projected system are at least like this.
_PROJECTED = 1_000.0


@dataclass(frozen=True, slots=True)
class Staffing:
    """People that a grid needs by its households, and has on a day.

    ``workers_needed`` is None where households are unknown, ``station_needed`` where floating residents are.
    """

    heads_needed: int
    workers_needed: int | None
    heads: int
    workers: int
    station_needed: bool | None = None


@dataclass(frozen=True, slots=True)
class GridFacts:
    """What is known of one grid on a day; None and empty texts where nothing is."""

    households: int | None
    floating_residents: int | None
    area_m2: float
    department: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Activity:
    """What happened in a grid in a window, and who passed by.

    ``from_sums``: what of the window is known by sums of days alone; ``units`` is None then, for nobody knows whether
    those of several days are the same.
    """

    incidents: int
    fixes: int
    units: int | None
    last_fix_at: datetime | None
    from_sums: FromSums | None = None


@dataclass(frozen=True, slots=True)
class GridCard:
    """The facts of one grid.

    ``activity`` is None in a set that does not own the stored points, and for who may not see points there.
    """

    grid: GridRef
    chain: tuple[GridRef, ...]
    facts: GridFacts
    staffing: Staffing
    activity: Activity | None


def grid_facts(plan: Plan, code: str, profile: GridProfile | None) -> GridFacts:
    """Give what is known of a grid or area of a plan: its profile of a day first, then what the version says.

    Raises
    ------
    NotFound
        ``grid_unknown``.
    """
    row = plan.rows.get(code)
    if row is None:
        raise NotFound("grid_unknown")
    known = profile or GridProfile(code)
    households = known.households
    if households is None:
        counted = plan.frame["households"].iat[row]
        households = None if pd.isna(counted) else int(counted)
    area = float(areas_m2(plan, plan.frame.geometry.array[row : row + 1])[0])
    return GridFacts(households, known.floating_residents, area, known.department, known.phone)


def areas_m2(plan: Plan, geometry: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Measure shapes of a plan in m2, all in its one metric CRS, so that parts add up to the whole."""
    return np.asarray(shapely.area(to_metric(geometry, plan.locator.epsg)))


def workers_needed(households: int | None, settings: Settings) -> int | None:
    """Give the workers that households ask for, as the service is set."""
    return staffing.workers_needed(households, settings.households_per_worker)


def station_needed(floating_residents: int | None, settings: Settings) -> bool | None:
    """Tell whether floating residents ask for a service station of their own, as the service is set."""
    return staffing.station_needed(floating_residents, settings.floating_residents_per_station)


def grid_card(
    work: UnitOfWork, plan: Plan, code: str, *, day: date, window: PointFilter, settings: Settings
) -> GridCard:
    """Give the facts of one grid on a day, with what happened in a window.

    Raises
    ------
    NotFound
        ``grid_unknown``.
    """
    if code not in plan.refs:
        raise NotFound("grid_unknown")
    home = primary_of(work, settings)
    name = plan.boundary_set.name
    owns_points = home is not None and home.name == name
    seen = all(
        may_in(work, permission, name, code) for permission in (Permission.INCIDENTS_READ, Permission.PATROLS_READ)
    )
    seen_there = None
    if owns_points and seen:
        incidents, passed, told = activity(work, plan, replace(window, grid_code=code), settings=settings)
        # who came on several days is not known of sums
        units = None if told is not None and told.days else passed.units
        seen_there = Activity(incidents, passed.fixes, units, passed.last_fix_at, told)
    heads, workers = work.staff.numbers_of(name, code, day)
    facts = grid_facts(plan, code, work.profiles.of_grid(name, code, day))
    people = Staffing(
        staffing.HEADS,
        workers_needed(facts.households, settings),
        heads,
        workers,
        station_needed(facts.floating_residents, settings),
    )
    return GridCard(plan.refs[code], plan.chain(code), facts, people, seen_there)


def looks_swapped(plan: Plan, lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Tell which points lie outside the box of a plan but inside once longitude and latitude change places."""
    x0, y0, x1, y1 = plan.box
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    here = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
    there = (y >= x0) & (y <= x1) & (x >= y0) & (x <= y1)
    return np.asarray(~here & there)


def _inside(box: Box, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> bool:
    """Tell whether all points lie in a box on Earth; what is not a number lies in none."""
    x0, y0, x1, y1 = max(box[0], -180.0), max(box[1], -90.0), min(box[2], 180.0), min(box[3], 90.0)
    return bool(x.min() >= x0 and x.max() <= x1 and y.min() >= y0 and y.max() <= y1)


def require_plausible(plan: Plan, lon: npt.ArrayLike, lat: npt.ArrayLike, island_deg: Callable[[], float]) -> None:
    """Check that points can be meant as degrees in the place of a plan; far away is fine, impossible is not.

    Parameters
    ----------
    island_deg : callable
        Gives how near to 0, 0 a place is a receiver without one (``CleaningRules.island_deg`` of the city's book); not
        asked for points within the box of the plan.

    Raises
    ------
    CrsError
        ``outside_service_area`` (hint ``looks_swapped``), ``coordinate_out_of_range`` (hint ``looks_projected`` where
        the numbers are far beyond degrees).
    InvalidInput
        ``null_island``.
    """
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if len(x) and _inside(plan.box, x, y):
        return
    if looks_swapped(plan, x, y).any():
        raise CrsError("outside_service_area", hint="looks_swapped")
    if not (np.abs(x) <= 180.0).all() or not (np.abs(y) <= 90.0).all():
        far = max(np.abs(x).max(), np.abs(y).max()) > _PROJECTED
        raise CrsError("coordinate_out_of_range", **({"hint": "looks_projected"} if far else {}))
    x0, y0, x1, y1 = plan.box
    near = island_deg()
    island = (np.abs(x) < near) & (np.abs(y) < near)
    if (island & ~((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1))).any():
        raise InvalidInput("null_island")
