"""What the API takes: strict models, where an unknown field or a number in quotes is an error."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from annotated_types import Len
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WrapValidator
from pydantic_core import PydanticCustomError

from api.errors import Fault, as_fault
from api.fields import (
    BoxText,
    Day,
    DayOrTime,
    Free,
    Name,
    Names,
    Number,
    QueryInteger,
    QueryNumber,
    Short,
    States,
    Time,
)
from gridmap.analysis.siting import Model
from gridmap.crs import Datum
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


class LocateArrowQuery(SetAtQuery):
    """What is asked of a stream of points."""

    datum: Datum = Field(Datum.WGS84, description="what the degrees mean")
    border: Literal["true", "false"] = Field("false", description="true: measure border_m as well")


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


class FollowQuery(Strict):
    """Where events begin."""

    after: Name | None = Field(None, description="place to go on from: next or id of an event; from now on if left out")


class EventStreamQuery(FollowQuery):
    """Where a stream of events begins, and what is told beside them."""

    positions: bool = Field(False, description="tell also where units are, about once a second")


class EventsQuery(FollowQuery):
    """Which events."""

    limit: Annotated[QueryInteger, Field(ge=1)] | None = Field(None, description="events in a page; 100 if left out")


class GridsQuery(PageQuery):
    """Grids of a version."""

    at: DayOrTime | None = Field(None, description="with current: day or time whose version is meant; else today")
    level: Name | None = Field(None, description="level of the areas; the finest if left out")
    bbox: BoxText | None = None


class IncidentsQuery(WindowQuery, PageQuery):
    """Incidents in a window and a box."""

    category: Names | None = None
    bbox: BoxText | None = None


class AtQuery(Strict):
    """A day."""

    at: DayOrTime | None = Field(None, description="day or time to answer for; today if left out")


class FeaturesQuery(SetAtQuery, PageQuery):
    """Features of a layer on a day."""

    state: States | None = Field(None, description="one or more of planned, built, open, joined by commas")
    grid: Name | None = Field(None, description="code of the grid or area in which they lie on that day")
    bbox: BoxText | None = None


class CountsQuery(SetAtQuery, WindowQuery):
    """Incidents of a window by grid, and by the grids of which day."""

    category: Names | None = None
    owner: Literal["now", "then"] = Field(
        "now", description="now: the grids of the day at, whenever it happened; then: the owner of the day it happened"
    )


class PutGridsQuery(Strict):
    """Which level of a draft, and the draft that was read."""

    level: Name = Field(description="level that these areas are; the other levels stay as they are")
    expected_hash: Name | None = Field(None, description="content_hash of the draft as it was read; or If-Match")


class ReportQuery(Strict):
    """What the gate says."""

    limit: Annotated[QueryInteger, Field(ge=1)] | None = Field(None, description="findings at most, worst first")


class MapQuery(SetAtQuery, WindowQuery):
    """What a map shows."""

    category: Names | None = None
    lang: Language | None = Field(None, description="language of the page; else by Accept-Language")


class ServiceMapQuery(MapQuery):
    """What the map of services shows."""

    layer: Name | None = Field(
        None, description="layer of facilities; the first one of the book of services if left out"
    )
    radius_m: Annotated[QueryNumber, Field(ge=1, le=100_000)] | None = Field(
        None, description="metres; else by the book"
    )
    minutes: Annotated[QueryNumber, Field(ge=1, le=240)] | None = Field(None, description="time on foot instead")
    model: Model | None = Field(None, description="draw the best places for new facilities as well, by this model")
    count: Annotated[QueryInteger, Field(ge=1, le=500)] | None = Field(None, description="new posts; 5 if left out")
    planned: Literal["true", "false"] = Field("false", description="true: new ones only where the layer plans them")
    state: States | None = Field(None, description="facilities that count; open if left out")


class PrintQuery(AtQuery):
    """What is printed of a version."""

    lang: Language | None = Field(None, description="language of the sheet; else by Accept-Language")


class CodeQuery(Strict):
    """What became of a code by a day."""

    at: DayOrTime | None = Field(None, description="day or time whose version is asked; today if left out")


class LineageQuery(PageQuery):
    """The edges into a version."""

    version: Annotated[QueryInteger, Field(ge=1)] = Field(description="number of the version")
    level: Name | None = Field(None, description="level of the areas; all if left out")


class DifferenceQuery(WindowQuery):
    """Two versions, and the window of the incidents that are counted."""

    from_: Annotated[QueryInteger, Field(ge=1)] = Field(alias="from", description="number of the version before")
    to: Annotated[QueryInteger, Field(ge=1)] = Field(description="number of the version after")


class CrosswalkQuery(Strict):
    """Two sets over one ground."""

    a: Name = Field(description="the one boundary set")
    b: Name = Field(description="the other; the same one where b_at names another day")
    at: DayOrTime | None = Field(None, description="day or time whose versions are compared; today if left out")
    b_at: DayOrTime | None = Field(None, description="day or time of the other set, where it is not the same")


class ContextQuery(Strict):
    """What lies around the areas."""

    bbox: BoxText | None = None


class TextsQuery(Strict):
    """Which language."""

    lang: Language | None = Field(None, description="language of the texts; else by Accept-Language")


# --- what comes in by a body


def _pair(value: Any) -> Any:
    if isinstance(value, list) and len(value) != 2:
        raise PydanticCustomError("bad_position", "position")
    return value


Position = Annotated[list[Number], Len(2, 2), BeforeValidator(_pair)]


Flag = Annotated[bool, Field(strict=True)]
VersionNumber = Annotated[int, Field(strict=True, ge=1, lt=2**31)]
Revision = Annotated[
    int, Field(strict=True, ge=0, lt=2**31, description="revision of the set that the caller built upon")
]


class LocateBatch(Strict):
    """Many points at once."""

    points: Annotated[list[Position], Len(1)] = Field(description="[lon, lat] pairs")
    set: Name | None = None
    at: DayOrTime | None = None
    datum: Datum = Datum.WGS84
    border: bool = Field(True, description="false: border_m is not measured and is null, which is faster")


def judged(value: Any, read: Callable[[Any], Any]) -> Any:
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
    items: Annotated[list[Annotated[IncidentIn, WrapValidator(judged)]], Len(1)]


class FixBatch(Strict):
    """Patrol fixes; each is judged by itself."""

    datum: Datum = Field(description="what the degrees of all items mean; never guessed")
    items: Annotated[list[Annotated[FixIn, WrapValidator(judged)]], Len(1)]


class LevelIn(Strict):
    """One storey of a set."""

    name: Name
    order: Annotated[int, Field(strict=True, ge=0, le=99)] = Field(description="0 is the coarsest")
    tiles_parent: Flag = Field(True, description="its areas cover their parent without hole or overlap")
    shapes: Literal["area", "any"] = Field("area", description="any: points may stand in for areas")
    contiguous: Flag = Field(False, description="each area must be in one piece")
    required: Annotated[list[Name], Len(0, 50)] = Field([], description="attributes that every area needs")


def _distinct(levels: list[LevelIn]) -> list[LevelIn]:
    if min(len({x.name for x in levels}), len({x.order for x in levels})) < len(levels):
        raise PydanticCustomError("levels_not_distinct", "levels")
    last = max(x.order for x in levels)
    if any(x.shapes == "any" and (x.tiles_parent or x.order != last) for x in levels):
        raise PydanticCustomError("points_not_in_leaf", "levels")
    return levels


class SetIn(Strict):
    """What a boundary set is."""

    title: Short
    code_scheme: Name | None = Field(
        description="gb15, cjt14, long16, cjt20, or digits such as 6+3+3+4; null: any codes"
    )
    rules: Name | None = Field(None, description="profile of rules of size and shape; null: none; as it is if left out")
    levels: Annotated[list[LevelIn], Len(1, 20), AfterValidator(_distinct)]


class DraftIn(Strict):
    """From what a draft starts."""

    based_on: VersionNumber | None = Field(None, description="version to start from; the one in force if left out")
    valid_from: Day | None = Field(None, description="day for which it is planned; today if left out")
    note: Free = ""


class PublishIn(Strict):
    """On what terms a version is published."""

    valid_from: Day = Field(description="first day in force; a day to come schedules it")
    expected_revision: Revision
    accepted: Name | None = Field(None, description="why findings that may be accepted are accepted")
    rewrite: Name | None = Field(None, description="why days that passed, or scheduled versions, get another one")
    note: Free = ""
    dry_run: Flag = Field(False, description="ask every rule, publish nothing")


class WithdrawIn(Strict):
    """On what terms a version is taken back."""

    expected_revision: Revision
    rewrite: Name | None = Field(None, description="why a version that has been in force is taken back")


Judged = IncidentIn | FixIn | Fault
