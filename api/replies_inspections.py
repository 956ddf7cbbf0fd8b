"""What the API gives about inspections. Never who looked: that is for the trail."""

from datetime import date, datetime

from pydantic import Field

from api.replies import Out
from gridmap.domain.inspections import CheckOutcome, CycleUnit, InspectionStatus, RecordedDraw, verify


class InspectionPlanOut(Out):
    """How the objects of a layer are inspected, and how they stand in numbers."""

    layer: str
    title: str
    unit: CycleUnit
    every: int = Field(description="once in so many units")
    starts_on: date = Field(description="what nobody inspected is due one cycle after this day")
    lead_days: int = Field(description="so many days before it is due an object is due soon")
    items: list[str] = Field(description="what a complete check tells; none: to have been there is enough")
    notes: list[str] = Field(description="what a finding may say")
    within_m: float = Field(description="a patrol this near ...")
    dwell_s: float = Field(description="... for so long has visited an object")
    fixes_from: date | None = Field(description="day from which on patrols near by count; null: checks alone do")
    objects: int
    current: int
    due: int
    overdue: int
    visited: int
    complete: int
    never: int = Field(description="objects that nobody ever looked at")
    required_a_year: float = Field(description="complete inspections of a year by the plan")


class InspectionOut(Out):
    """How one object stands."""

    layer: str
    code: str
    name: str | None
    grid_code: str | None = Field(description="its grid on the day; null: in none")
    status: InspectionStatus
    due_on: date
    days_over: int
    visited: bool = Field(description="somebody was there within one cycle")
    complete: bool = Field(description="and told everything")
    last_visit_on: date | None
    last_complete_on: date | None
    outcome: CheckOutcome | None = Field(description="of the newest check")
    note: str | None = Field(description="what the newest check found")


class InspectionsAnswer(Out):
    """Objects by their plans on a day, by plan and code."""

    set: str
    version: int
    at: date
    plans: list[InspectionPlanOut]
    objects: list[InspectionOut]


class ChecksAnswer(Out):
    """What became of checks."""

    layer: str
    added: int
    duplicates: int = Field(description="checks that were there already")


class SampleOut(Out):
    """A draw on record; with its seed and its list anybody can repeat it."""

    number: int
    layer: str
    day: date
    at: datetime
    by: str = Field(description="who drew, by the name at the time")
    seed: str
    list_sha256: str = Field(description="SHA-256 of the sorted list, each code followed by a line feed")
    population: int
    chosen: list[str] = Field(description="in the order of their lots")
    objects: list[str] = Field(description="all that could be drawn")
    holds: bool = Field(description="what was chosen follows from seed and list")

    @classmethod
    def of(cls, layer: str, draw: RecordedDraw) -> "SampleOut":
        """Give a draw, and whether it follows from its seed and its list."""
        return cls(
            number=draw.number,
            layer=layer,
            day=draw.day,
            at=draw.at,
            by=draw.author,
            seed=draw.held.seed,
            list_sha256=draw.held.list_sha256,
            population=draw.held.population,
            chosen=list(draw.held.chosen),
            objects=list(draw.ids),
            holds=verify(draw.held, draw.ids),
        )


class SamplesAnswer(Out):
    """The newest draws of a layer, newest first."""

    draws: list[SampleOut]
