"""What the API gives about facilities: coverage, gaps, staffing and provision."""

from datetime import date

from pydantic import Field

from api.replies import Out
from gridmap.domain.clauses import Provenance
from gridmap.domain.staffing import StaffStatus


class ReachOut(Out):
    """How far facilities reach: in a straight line, or on foot."""

    radius_m: float | None = Field(description="null: on foot")
    minutes: float | None
    m_per_min: float | None
    width_m: float | None = Field(description="ground to each side of a road that is reached from it")


class ServiceKindOut(Out):
    """A service that people shall have near by."""

    id: str
    title: str
    layers: list[str]
    reach: ReachOut
    document: str
    provenance: Provenance


class NeedOut(Out):
    """What each area of some levels needs. ``count`` is for each ``per_households``, or for each area where null."""

    id: str
    group: str | None
    title: str
    at: list[str]
    layers: list[str]
    count: float
    per_households: int | None
    attribute: str | None
    least: float | None = Field(description="number that the attribute of a feature must reach for it to count")
    document: str
    provenance: Provenance


class ServicesAnswer(Out):
    """The book of services and needs."""

    name: str
    source: str
    on_foot: bool = Field(description="there are roads or ways to walk on")
    ways: list[str] = Field(description="layers of lines to walk on, which are no facilities")
    services: list[ServiceKindOut]
    needs: list[NeedOut]


class CoverageFiguresOut(Out):
    """What is covered of a ground; covered and uncovered are the whole."""

    area_m2: float
    covered_m2: float
    area_share: float | None
    households: float | None = Field(description="null: not known")
    covered_households: float | None
    household_share: float | None
    facilities: int


class GridServiceOut(CoverageFiguresOut):
    """One grid."""

    code: str
    nearest_m: float | None = Field(description="from its middle to the nearest facility")
    status: str = Field(description="covered, partly or gap, by ground")


class ServiceCoverageAnswer(Out):
    """What a layer of facilities covers of the grids of a day."""

    set: str
    version: int
    at: date
    layer: str
    states: list[str]
    reach: ReachOut
    households_by: str = Field(description="place: by dwellings; ground: spread evenly over each grid")
    households_unknown: int = Field(description="grids whose households are not known")
    unattached: int = Field(description="facilities that are on no road")
    gaps: int
    status: dict[str, int]
    total: CoverageFiguresOut
    grids: list[GridServiceOut]


class GridStaffOut(Out):
    """People of one grid."""

    code: str
    households: int | None
    floating_residents: int | None
    heads: int
    workers: int
    workers_needed: int | None
    heads_short: int
    workers_short: int | None
    workers_spare: int | None
    load: float | None = Field(description="households for each worker; null: not known, or nobody is there for them")
    station_needed: bool | None
    station_short: bool
    status: StaffStatus


class StaffingAnswer(Out):
    """People that grids need and have on a day."""

    set: str
    version: int
    at: date
    households_per_worker: int
    floating_residents_per_station: int
    summary: dict[str, int]
    grids: list[GridStaffOut]


class ProvisionRowOut(Out):
    """One need of one area; ``required`` and ``lacking`` are null where they hang on households not known."""

    code: str
    level: str
    need: str
    required: float | None
    present: float
    lacking: float | None
    status: str = Field(description="met, lacking or unknown")


class ProvisionAnswer(Out):
    """What areas must have, have and lack on a day."""

    set: str
    version: int
    at: date
    states: list[str]
    summary: dict[str, dict[str, int]]
    rows: list[ProvisionRowOut]


class BestPlaceOut(Out):
    """One place for a new facility, and why it was chosen."""

    rank: int
    code: str = Field(description="of the grid, or of the feature that is planned there")
    name: str
    grid_code: str | None
    lon: float
    lat: float
    serves: float = Field(description="households that it serves")
    newly: float = Field(description="households in its reach that nothing reached before")
    only_here: float = Field(description="households in its reach that nothing else reaches, old or new")
    mean_m: float | None = Field(description="mean way of those it serves; on foot along roads")
    mean_minutes: float | None = Field(description="the same in minutes on foot; null where ways are straight")
    reason: str


class BestPlacesAnswer(Out):
    """Best places for new facilities; the best that so many places can bring where ``proven``."""

    set: str
    version: int
    at: date
    layer: str
    model: str
    count: int | None = Field(description="new posts asked for; null: as many as it takes")
    radius_m: float | None = Field(description="reach in a straight line; null: on foot, or without an end")
    minutes: float | None = Field(description="reach on foot; null: in a straight line, or without an end")
    m_per_min: float | None = Field(description="speed on foot; null where ways are straight")
    capacity: float | None
    area: str | None
    candidates: int = Field(description="places that could be chosen")
    existing: int = Field(description="posts that are there")
    households: float
    households_unknown: int = Field(description="grids whose households are not known")
    households_off_road: float = Field(
        description="households on no road, which are in no other number; 0: straight ways"
    )
    served_before: float = Field(description="households that the posts that are there serve")
    served: float = Field(description="with the new ones")
    mean_before_m: float | None = Field(description="mean way of the households that are served, before")
    mean_m: float | None
    mean_before_minutes: float | None = Field(description="the same in minutes on foot; null where ways are straight")
    mean_minutes: float | None
    proven: bool = Field(description="false: time ran out, and another choice may be better")
    places: list[BestPlaceOut]
