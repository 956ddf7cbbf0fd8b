"""What the API gives about fixes, shifts and clocks of devices."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.replies import ItemOut, Out
from gridmap.domain.duty import Shift


class FixItemOut(ItemOut):
    """What became of one fix of a batch."""

    flag: Literal["outside_duty_area", "suspected_gcj02"] | None = Field(
        None, description="what is odd about a fix that was kept all the same"
    )
    clock_s: float | None = Field(None, description="seconds that were added to the time of a clock known to be wrong")


class FixBatchAnswer(Out):
    """One result a fix, in the order of the items."""

    results: list[FixItemOut]
    counts: dict[str, int]


class ShiftOut(Out):
    """A unit is on duty."""

    unit_id: str
    start: datetime
    end: datetime = Field(description="not part of the shift")
    areas: list[str] = Field(description="codes of its duty area; empty: anywhere")

    @classmethod
    def of(cls, shift: Shift) -> "ShiftOut":
        """Give a shift."""
        return cls(unit_id=shift.unit_id, start=shift.starts_at, end=shift.ends_at, areas=list(shift.codes))


class ShiftsAnswer(Out):
    """The shifts that hold at any moment of a window."""

    set: str
    start: datetime
    end: datetime
    shifts: list[ShiftOut]


class ShiftsPutAnswer(Out):
    """What became of the shifts that begin in a window."""

    set: str
    start: datetime
    end: datetime
    shifts: int
    units: int
    before: int = Field(description="shifts that began in the window and were replaced")


class UnitClockOut(Out):
    """A clock that does not agree with the time of reception."""

    unit_id: str
    clock_s: float | None = Field(description="seconds that are added to it; null: not yet known")
    fixes: int = Field(description="fixes remembered so far to learn it from; none once it is learnt")


class UnitClocksAnswer(Out):
    """Clocks that are wrong; right ones are not remembered."""

    clocks: list[UnitClockOut]
