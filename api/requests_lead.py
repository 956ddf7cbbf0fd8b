"""What the API takes about the leader's page."""

from typing import Literal

from pydantic import Field

from api.fields import Name, Time
from api.requests import Strict, WindowQuery


class LeadQuery(WindowQuery):
    """Which period, of the report; the last 30 days up to the newest report if left out. And which area."""

    area: Name | None = Field(None, description="code of an area or grid; everything if left out")
    level: Name | None = Field(None, description="level of the places that are compared; the one below if left out")


class ReportQuery(Strict):
    """Which report."""

    period: Name = Field(description="2026-10, 2026-11-22 or 2026-10-05..2026-11-01, both included")
    area: Name | None = Field(None, description="code of an area or grid; everything if left out")
    set: Name | None = Field(None, description="name of the set; the default one if left out")
    at: Time | None = Field(None, description="moment from which is told what is due; now if left out")
    lang: Literal["zh", "en", "both"] | None = Field(None, description="else by Accept-Language")
