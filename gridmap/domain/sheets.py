"""What is printed, as values: the sheet of one grid for whoever is on duty there, and the plan of a street."""

from dataclasses import dataclass
from datetime import date, datetime

from shapely.geometry.base import BaseGeometry

from gridmap.domain.boundaries import Grid
from gridmap.domain.incidents import GridRef, StaffMember


@dataclass(frozen=True, slots=True)
class Source:
    """Where what is printed was read, by whom and when.

    ``at`` is an aware time in the zone of the district, ``draft`` tells that nothing of it is in force, ``revision``
    counts the entries of a draft's log.
    """

    set_name: str
    set_title: str
    number: int
    draft: bool
    valid_from: date
    valid_to: date | None
    by: str
    at: datetime
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An area beside the one that is printed, and how much border they have in common, m; 0: a corner alone."""

    grid: Grid
    border_m: float


@dataclass(frozen=True, slots=True)
class Backdrop:
    """Water, green or a road beneath the borders. ``geometry`` in WGS 84."""

    kind: str
    name: str
    geometry: BaseGeometry


@dataclass(frozen=True, slots=True)
class Cases:
    """Incidents of a window ``[start, end)`` by category, most first."""

    start: date
    end: date
    counts: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(count for _, count in self.counts)


@dataclass(frozen=True, slots=True)
class DutySheet:
    """One grid for whoever is on duty there.

    Attributes
    ----------
    source : Source
    grid : Grid
    chain : tuple of GridRef
        From the coarsest area down to the one above the grid.
    epsg : int
        Metric CRS of the map; areas and lengths are of it.
    area_m2, perimeter_m : float
    households, floating : int or None
        None: not known.
    heads, workers, workers_needed : int or None
        People on duty and asked for; ``workers_needed`` None where households are unknown.
    staff : tuple of StaffMember or None
        None: the reader may not know who they are.
    cases : Cases or None
        None: not to be known, or the set does not own the incidents.
    neighbours : tuple of Neighbour
        Longest common border first.
    backdrop : tuple of Backdrop
    """

    source: Source
    grid: Grid
    chain: tuple[GridRef, ...]
    epsg: int
    area_m2: float
    perimeter_m: float
    households: int | None
    floating: int | None
    heads: int
    workers: int
    workers_needed: int | None
    department: str
    phone: str
    staff: tuple[StaffMember, ...] | None
    cases: Cases | None
    neighbours: tuple[Neighbour, ...]
    backdrop: tuple[Backdrop, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One grid of a plan: its number on the map, and its line in the table."""

    number: int
    grid: Grid
    area_m2: float
    households: int | None


@dataclass(frozen=True, slots=True)
class AreaPlan:
    """All grids of a street or community on one map.

    Attributes
    ----------
    source : Source
    area : Grid
        The street or community.
    chain : tuple of GridRef
        From the coarsest area down to the one above it.
    level : str
        Level of the rows.
    rows : tuple of PlanRow
    between : tuple of Grid
        The areas between, nearest above the rows, whose borders are drawn heavier; empty where there are none.
    around : tuple of Grid
        Areas beside it of its own level.
    epsg : int
        Metric CRS of the map; areas are of it.
    backdrop : tuple of Backdrop
    """

    source: Source
    area: Grid
    chain: tuple[GridRef, ...]
    level: str
    rows: tuple[PlanRow, ...]
    between: tuple[Grid, ...]
    around: tuple[Grid, ...]
    epsg: int
    backdrop: tuple[Backdrop, ...] = ()
