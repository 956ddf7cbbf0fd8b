"""What the API takes about the leader's page."""

from typing import Annotated, Literal

from pydantic import Field

from api.fields import DayOrTime, Name, QueryInteger, Time
from api.requests import Strict, WindowQuery


class LeadAreaQuery(WindowQuery):
    """Which period, of the report; the last 30 days up to the newest report if left out. And which area."""

    area: Name | None = Field(None, description="code of an area or grid; everything if left out")
    level: Name | None = Field(None, description="level of the places that are compared; the one below if left out")


class LeadQuery(LeadAreaQuery):
    """And what it is compared with."""

    against: Literal["before", "year"] = Field(
        "before", description="the period of the same length right before, or the same dates a year before"
    )
    compare_start: DayOrTime | None = Field(None, description="first day or time of another period to compare with")
    compare_end: DayOrTime | None = Field(None, description="first day or time after it")


class LeadRedrawQuery(WindowQuery):
    """Two versions of a set, and the period whose cases are counted by both."""

    set: Name | None = Field(None, description="name of the set; the default one if left out")
    from_: Annotated[QueryInteger, Field(ge=1)] = Field(alias="from", description="number of the version before")
    to: Annotated[QueryInteger, Field(ge=1)] = Field(description="number of the version after")


class ReportQuery(Strict):
    """Which report."""

    period: Name = Field(description="2026-10, 2026-11-22 or 2026-10-05..2026-11-01, both included")
    area: Name | None = Field(None, description="code of an area or grid; everything if left out")
    set: Name | None = Field(None, description="name of the set; the default one if left out")
    at: Time | None = Field(None, description="moment from which is told what is due; now if left out")
    lang: Literal["zh", "en", "both"] | None = Field(None, description="else by Accept-Language")
