"""What the API takes about shifts."""

from typing import Annotated

from annotated_types import Len
from pydantic import Field

from api.fields import DayOrTime, Name, Time
from api.requests import Strict


class ShiftsQuery(Strict):
    """Which shifts."""

    start: DayOrTime = Field(description="first day or time of the window")
    end: DayOrTime = Field(description="first day or time after the window; 92 days later at most")
    unit: Name | None = Field(None, description="of this unit alone")


class ShiftIn(Strict):
    """A unit is on duty."""

    unit_id: Name
    start: Time
    end: Time = Field(description="not part of the shift; 36 hours after its start at most")
    areas: Annotated[list[Name], Len(0, 500)] = Field([], description="codes of its duty area; empty: anywhere")


class ShiftsIn(Strict):
    """All shifts that begin in a window, in the place of those that were there."""

    start: DayOrTime = Field(description="first day or time of the window")
    end: DayOrTime = Field(description="first day or time after the window")
    shifts: list[ShiftIn]
