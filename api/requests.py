"""What the API takes: strict models, where an unknown field or a number in quotes is an error."""

from collections.abc import Callable
from typing import Annotated, Any

from annotated_types import Len
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WrapValidator
from pydantic_core import PydanticCustomError

from api.errors import Fault, as_fault
from api.fields import BoxText, DayOrTime, Free, Name, Names, Number, QueryInteger, QueryNumber, Short, States, Time
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


class AtQuery(Strict):
    """A day."""

    at: DayOrTime | None = Field(None, description="day or time to answer for; today if left out")


class FeaturesQuery(SetAtQuery, PageQuery):
    """Features of a layer on a day."""

    state: States | None = Field(None, description="one or more of planned, built, open, joined by commas")
    grid: Name | None = Field(None, description="code of the grid or area in which they lie on that day")
    bbox: BoxText | None = None


class MapQuery(SetAtQuery, WindowQuery):
    """What a map shows."""

    category: Names | None = None
    lang: Language | None = Field(None, description="language of the page; else by Accept-Language")


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


Judged = IncidentIn | FixIn | Fault
