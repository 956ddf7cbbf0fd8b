"""What the API takes about cases."""

from typing import Annotated, Literal

from annotated_types import Len
from pydantic import Field, WrapValidator

from api.fields import BoxText, DayOrTime, Free, Name, Names, Number, QueryNumber, Reference, Short, Time
from api.requests import Flag, PageQuery, Strict, WindowQuery, judged
from gridmap.crs import Datum
from gridmap.domain.access import Role
from gridmap.domain.cases import Act
from gridmap.services.cases.queue import Queue

Kind = Literal["report", "enquiry", "complaint", "suggestion"]
Metres = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=100_000)]


class CaseIn(Strict):
    """One report of a case: at a place, or at a component whose code is known."""

    case_id: Name | None = Field(None, description="the sender's own id: sent twice, stored once; made if left out")
    occurred_at: Time | None = Field(None, description="now if left out")
    category: Name
    lon: Number | None = None
    lat: Number | None = None
    component: Name | None = Field(None, description="code of a component; its place stands in for lon and lat")
    channel: Short | None = None
    kind: Kind = "report"
    emergency: Flag = False
    note: Free | None = None
    photos: Annotated[list[Reference], Len(0, 20)] = Field([], description="references of photos, never the photos")
    reporter: Short | None = Field(None, description="reference of whoever reported it, never a name or a number")
    accuracy_m: Metres | None = None
    address: Short | None = None
    grid: Name | None = Field(None, description="on which side of a border it is: one of the sides of `responsible`")


class CaseBatch(Strict):
    """Reports of cases; each is judged by itself."""

    datum: Datum = Field(Datum.WGS84, description="what the degrees of all items mean")
    items: Annotated[list[Annotated[CaseIn, WrapValidator(judged)]], Len(1)]


class CasesQuery(PageQuery, WindowQuery):
    """Which cases, in which queue."""

    queue: Queue = Field(Queue.OPEN, description="overdue, risk and today go by the clock of the present stage")
    category: Names | None = None
    grid: Name | None = Field(None, description="code of the grid that was responsible")
    unit: Name | None = Field(None, description="whom it was sent to: grid:CODE, desk:CODE or dept:NAME")
    channel: Name | None = None
    bbox: BoxText | None = None
    q: Name | None = Field(None, description="text in case number, address or unit")


class ActIn(Strict):
    """One act on a case."""

    act: Act
    version: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = Field(
        description="the line of the record that was seen last"
    )
    reason: Free = ""
    names: Short = Field("", description="unit that it is sent to or that joins, or case that it is merged into")
    condition: Short = Field("", description="with which it is filed: one of the conditions that the case offers")
    role: Role | None = Field(None, description="in which role; the first that may do it if left out")


class SpotQuery(Strict):
    """A place."""

    lon: QueryNumber = Field(description="longitude in degrees")
    lat: QueryNumber = Field(description="latitude in degrees")
    datum: Datum = Field(Datum.WGS84, description="what the degrees mean")


class ResponsibleQuery(SpotQuery):
    """A place, and what happened there."""

    category: Name | None = None
    accuracy_m: QueryNumber | None = Field(None, description="radius of the circle in which the place lies")


class SimilarQuery(SpotQuery):
    """A place, and what happened there and when."""

    category: Name
    at: DayOrTime | None = Field(None, description="now if left out")
    component: Name | None = None
