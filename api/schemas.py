"""What comes in and what goes out. Unknown fields are refused; times are UTC; coordinates are (lon, lat) in WGS 84."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal

from annotated_types import Len
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WrapValidator
from pydantic_core import PydanticCustomError

from api.errors import Fault, as_fault
from api.fields import BoxText, DayOrTime, Free, Name, Names, Number, QueryInteger, QueryNumber, Short, Time
from gridmap.crs import Datum
from gridmap.domain.incidents import GridRef, Method
from gridmap.i18n import Language


class Strict(BaseModel):
    """Refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- what comes in by the query string


class NoQuery(Strict):
    """An address without parameters."""


class SetAtQuery(Strict):
    """Which plan: a set and a day."""

    set: Name | None = Field(None, description="boundary set; the default or only one if left out")
    at: DayOrTime | None = Field(None, description="day or time whose version answers; today if left out")


class LocateQuery(SetAtQuery):
    """One point."""

    lon: QueryNumber = Field(description="longitude in degrees")
    lat: QueryNumber = Field(description="latitude in degrees")
    datum: Datum = Field(Datum.WGS84, description="what the degrees mean")


class WindowQuery(Strict):
    """A half-open time window."""

    start: DayOrTime | None = Field(None, description="first day or time of the window")
    end: DayOrTime | None = Field(None, description="first day or time after the window")


class GridQuery(SetAtQuery, WindowQuery):
    """One grid and a window."""


class PageQuery(Strict):
    """Where a page starts, and its size."""

    limit: Annotated[QueryInteger, Field(ge=1)] | None = Field(None, description="records in a page; 100 if left out")
    cursor: Name | None = Field(None, description="where to go on, from the last page")


class GridsQuery(PageQuery):
    """Grids of a version."""

    level: Name | None = Field(None, description="level of the areas; the finest if left out")
    bbox: BoxText | None = None


class IncidentsQuery(WindowQuery, PageQuery):
    """Incidents in a window and a box."""

    category: Names | None = None
    bbox: BoxText | None = None


class MapQuery(SetAtQuery, WindowQuery):
    """What a map shows."""

    category: Names | None = None
    lang: Language | None = Field(None, description="language of the page; else by Accept-Language")


class TextsQuery(Strict):
    """Which language."""

    lang: Language | None = Field(None, description="language of the texts; else by Accept-Language")


# --- what comes in by a body


def _pair(value: Any) -> Any:
    if isinstance(value, list) and len(value) != 2:
        raise PydanticCustomError("bad_position", "position")
    return value


Position = Annotated[list[Number], Len(2, 2), BeforeValidator(_pair)]


class LocateBatch(Strict):
    """Many points at once."""

    points: Annotated[list[Position], Len(1)] = Field(description="[lon, lat] pairs")
    set: Name | None = None
    at: DayOrTime | None = None
    datum: Datum = Datum.WGS84


def _judged(value: Any, read: Callable[[Any], Any]) -> Any:
    """Read one item of a batch; a bad one becomes its fault, and the others are not harmed."""
    try:
        return read(value)
    except ValidationError as error:
        return as_fault(error.errors(include_url=False, include_input=False)[0], root=("body",))


class IncidentIn(Strict):
    """One reported incident."""

    incident_id: Name
    occurred_at: Time
    category: Name
    lon: Number
    lat: Number
    channel: Short | None = None
    note: Free | None = None


class FixIn(Strict):
    """One patrol fix of one unit."""

    unit_id: Name
    fixed_at: Time
    lon: Number
    lat: Number
    accuracy_m: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)] | None = None


class IncidentBatch(Strict):
    """Reported incidents; each is judged by itself."""

    datum: Datum = Field(description="what the degrees of all items mean; never guessed")
    items: Annotated[list[Annotated[IncidentIn, WrapValidator(_judged)]], Len(1)]


class FixBatch(Strict):
    """Patrol fixes; each is judged by itself."""

    datum: Datum = Field(description="what the degrees of all items mean; never guessed")
    items: Annotated[list[Annotated[FixIn, WrapValidator(_judged)]], Len(1)]


# --- what goes out


class Out(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True)


class GridOut(Out):
    """A grid or area by code, name and level."""

    code: str
    name: str
    level: str

    @classmethod
    def of(cls, ref: GridRef) -> "GridOut":
        """Give the reference of the domain as an answer."""
        return cls(code=ref.code, name=ref.name, level=ref.level)


class LocatedGrid(GridOut):
    """The owner, with what its card shows first."""

    households: int | None
    area_m2: float


class StaffOut(Out):
    """Somebody on duty."""

    role: str
    name: str
    phone: str
    department: str


class LocateAnswer(Out):
    """Who is responsible for the point."""

    grid: LocatedGrid | None = Field(description="the one owner; null when method is none")
    chain: list[GridOut] = Field(description="from the coarsest area down to, and with, the grid")
    method: Method
    border_m: float | None = Field(description="metres to the owner's nearest border; for nearest, how far outside")
    candidates: list[GridOut] = Field(description="all grids that hold the point, when there are several")
    desk: GridOut | None = Field(description="with method none: the smallest area whose duty desk takes the point")
    staff: list[StaffOut]
    set: str
    version: int | None


class LocateBatchAnswer(Out):
    """One entry a point, in the order of the points."""

    grid_code: list[str | None]
    method: list[Method]
    border_m: list[float | None] = Field(description="metres, to the centimetre")
    set: str
    version: int


class LevelOut(Out):
    """One storey of a set; order 0 is the coarsest."""

    name: str
    order: int


class SetOut(Out):
    """A boundary set and its version in force."""

    name: str
    title: str
    levels: list[LevelOut]
    version: int | None = Field(description="number of the version in force today")
    valid_from: date | None
    grids: int = Field(description="grids of the finest level")


class SetsAnswer(Out):
    """All boundary sets."""

    sets: list[SetOut]


class VersionOut(Out):
    """One edition, in force from valid_from until the day before valid_to."""

    number: int
    state: str
    valid_from: date
    valid_to: date | None
    note: str


class VersionsAnswer(Out):
    """All versions of a set, oldest first."""

    set: str
    versions: list[VersionOut]


class Link(Out):
    """A link of a collection."""

    rel: Literal["self", "next"]
    href: str
    type: str = "application/geo+json"


class Feature(Out):
    """A GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: dict[str, Any]
    properties: dict[str, Any]


class FeatureCollection(Out):
    """A page of GeoJSON features."""

    type: Literal["FeatureCollection"]
    features: list[Feature]
    links: list[Link]
    numberReturned: int  # noqa: N815  (the name in OGC API Features)


class ItemOut(Out):
    """What became of one item of a batch."""

    status: Literal["accepted", "duplicate", "quarantined", "rejected"]
    code: str | None = Field(None, description="why it was not taken")
    pointer: str | None = Field(None, description="which member of the item is at fault")
    detail: str | None = None
    grid_code: str | None = None
    method: Method | None = None


class BatchAnswer(Out):
    """One result an item, in the order of the items."""

    results: list[ItemOut]
    counts: dict[str, int]


class CategoryOut(Out):
    """A category and what it is called."""

    code: str
    zh: str
    en: str


class CategoriesAnswer(Out):
    """The categories in use."""

    categories: list[CategoryOut]


class StaffingOut(Out):
    """People needed by the households, and present."""

    heads_needed: int
    workers_needed: int | None = Field(description="null where the households are unknown")
    heads: int
    workers: int


class ActivityOut(Out):
    """What happened in the window, and who passed by."""

    start: datetime | None
    end: datetime | None
    incidents: int
    fixes: int
    units: int
    last_fix_at: datetime | None


class GridCardAnswer(Out):
    """The facts of one grid; no names of people."""

    grid: GridOut
    chain: list[GridOut]
    households: int | None
    area_m2: float
    staffing: StaffingOut
    activity: ActivityOut | None = Field(description="null in a set that does not own the stored points")
    set: str
    version: int


class SpanOut(Out):
    """How many records, and when the first and the last was."""

    first: datetime | None
    last: datetime | None
    count: int


class IncidentSpanOut(SpanOut):
    """The same for incidents, with their categories."""

    categories: list[CategoryOut]


class OverviewAnswer(Out):
    """What the front page starts from."""

    sets: list[SetOut]
    incidents: IncidentSpanOut
    fixes: SpanOut
    time_zone: str
    default_set: str | None = Field(description="set used when a call names none, if one is configured")
    center: tuple[float, float] | None = Field(description="[lon, lat]")
    bounds: tuple[float, float, float, float] | None = Field(description="west, south, east, north")


class HealthAnswer(Out):
    """The service answers and its store as well."""

    status: Literal["ok"]
    version: str


class ProblemError(Out):
    """One fault of a request."""

    pointer: str | None = Field(None, description="JSON Pointer into the body")
    parameter: str | None = Field(None, description="name of the query or path parameter")
    code: str
    detail: str


class Problem(Out):
    """RFC 9457 problem details; never holds anything that was sent."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str = Field(description="stable, snake_case; see docs/errors.md")
    request_id: str
    retryable: bool
    errors: list[ProblemError]
    hint: str | None = None
    truncated: bool | None = None


Judged = IncidentIn | FixIn | Fault
