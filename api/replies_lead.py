"""What the API gives for the leader's page."""

from datetime import datetime

from pydantic import Field

from api.replies import Out


class LeadNumberOut(Out):
    """A key number, with what it comes from and how it moved."""

    name: str
    title: str
    unit: str = Field(description="cases; %; or h: mean hours")
    better: str = Field(description="which way is good: more, less or neither")
    formula: str
    value: float | None = Field(description="to 0.01 of its unit; null: no data")
    numerator: float = Field(description="cases; of mean hours: hours in all")
    denominator: int = Field(description="cases")
    before: float | None = Field(description="in the period before; null: no data")
    change: float | None = Field(description="percentage points, hours or cases")
    target: float | None = Field(description="of the table of evaluation in force; null: it asks nothing of it")
    cases: str = Field(description="address of the list of its cases")


class LeadCourseOut(Out):
    """The course of a period: one value a day, week or month, also of those without a case."""

    period: str = Field(description="day, week or month")
    labels: list[str]
    reported: list[int]
    on_time: list[int] = Field(description="of those due, closed on time")
    due: list[int]


class LeadTypeOut(Out):
    """A type of case."""

    category: str
    title: str
    reported: int
    before: int
    on_time: int
    due: int


class LeadPlaceOut(Out):
    """An area or grid; ``rank`` by what is closed on time, equal ones share it; null: nothing was due."""

    code: str | None = Field(description="null: cases that lie in none")
    title: str
    rank: int | None
    reported: int
    on_time: int
    due: int
    hours: float | None
    reworks: int
    handled: int


class LeadAreaOut(Out):
    """An area."""

    code: str
    title: str
    level: str


class LeadAnswer(Out):
    """What a leader looks at first."""

    at: datetime = Field(description="when the cases were read")
    first: datetime | None = Field(description="when the earliest case that is held was reported; null: there is none")
    last: datetime = Field(description="just after the newest report: the end of a period that nobody names")
    start: datetime
    end: datetime
    before: datetime = Field(description="start of the period compared with")
    until: datetime = Field(description="its end")
    time_zone: str
    set: str | None
    area: LeadAreaOut | None
    level: str | None = Field(description="level of the places")
    levels: list[str]
    areas: list[LeadAreaOut] = Field(description="areas above the grids")
    numbers: list[LeadNumberOut]
    open: int
    overdue: int
    at_risk: int
    course: LeadCourseOut
    types: list[LeadTypeOut]
    places: list[LeadPlaceOut]
    hours: list[list[int]] = Field(description="reports by weekday, Monday first, and hour of local time")


class LeadEffortPlaceOut(Out):
    """What patrols did in a place. ``per_hour``: what they found an hour, with its 95 % interval; null: nobody came."""

    code: str
    title: str
    grids: int
    unseen: int = Field(description="grids that nobody looked at")
    hours: float
    incidents: int = Field(description="of all channels")
    found: int = Field(description="by patrols")
    per_hour: float | None
    per_hour_low: float | None
    per_hour_high: float | None


class LeadEffortAnswer(Out):
    """Incidents beside the effort that they were looked for with."""

    start: datetime
    end: datetime
    set: str
    level: str
    recorded: bool = Field(description="whether there is a single track; if not, nothing can be said of any place")
    said: list[str] = Field(description="on which days tracks were recorded, where it is not all of them")
    places: list[LeadEffortPlaceOut]


class LeadRedrawCountOut(Out):
    """Cases of a grid by the borders of a version."""

    title: str
    reported: int
    on_time: int
    due: int


class LeadRedrawGridOut(Out):
    """A grid that changed; null: it is not in that version."""

    code: str
    before: LeadRedrawCountOut | None
    after: LeadRedrawCountOut | None


class LeadRedrawAnswer(Out):
    """Cases of a period counted again, where they lie, by two versions of the borders."""

    set: str
    from_: int = Field(alias="from")
    to: int
    start: datetime
    end: datetime
    cases: int
    moved: int = Field(description="cases that another grid has by the borders after")
    grids: list[LeadRedrawGridOut] = Field(description="those that changed, by code")
