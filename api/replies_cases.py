"""What the API gives about cases."""

from datetime import datetime

from pydantic import Field

from api.replies import GridOut, ItemOut, LocateAnswer, Out
from gridmap.domain.access import Role
from gridmap.domain.cases import Act, CaseStatus
from gridmap.domain.limits import Stage
from gridmap.services.cases.queue import ClockState


class CaseItemOut(ItemOut):
    """What became of one report."""

    case_id: str | None = None
    unit: str | None = Field(None, description="who should handle it, by the rules; null: the unassigned queue")
    rule: str | None = None
    similar: list[str] = Field([], description="open cases that could be the same, likeliest first")


class CaseBatchAnswer(Out):
    """One result a report, in their order."""

    results: list[CaseItemOut]
    counts: dict[str, int]


class CaseOut(Out):
    """A case as it stands in lists."""

    case_id: str
    status: CaseStatus
    version: int = Field(description="lines of its record; acts name the one that was seen last")
    category: str
    channel: str | None
    kind: str
    emergency: bool
    occurred_at: datetime
    reported_at: datetime
    due_at: datetime | None = Field(description="when the present stage is up; null while the clock stands")
    clock: ClockState
    unit: str | None
    proposed: str | None
    grid_code: str | None
    component: str | None
    address: str | None
    lon: float
    lat: float
    extensions: int
    returns: int
    reworks: int
    merged_into: str | None


class CasesAnswer(Out):
    """A page of a queue, and how many stand in each."""

    at: datetime = Field(description="the service's present, by which the clocks are told")
    cases: list[CaseOut]
    counts: dict[str, int]
    next: str | None = Field(description="cursor of the next page")


class CaseFileOut(CaseOut):
    """A case with what people wrote."""

    note: str | None
    photos: list[str]
    reporter: str | None = Field(description="for those alone who work on the case")
    accuracy_m: float | None
    condition: str | None = Field(description="with which it was filed")


class ProposedOut(Out):
    """Who should handle it, by which rule, and why."""

    unit: str | None
    rule: str
    reason: str


class RecordLineOut(Out):
    """One line of the record of a case."""

    number: int
    act: Act
    by: str
    role: Role
    at: datetime
    reason: str
    names: str


class MayOut(Out):
    """Something that may be done now: in which role, and whether it takes a reason, or somebody named."""

    act: Act
    role: Role
    reason: bool
    names: bool


class ClockOut(Out):
    """The clock of the present stage, with every stretch that it counted."""

    stage: Stage
    limit: str
    started_at: datetime
    due_at: datetime | None
    counted: list[tuple[datetime, datetime]]
    left_s: int | None = Field(description="seconds until it is up; below 0: since")
    paused: bool
    provisional: bool = Field(description="it runs into a year whose days off are not known yet")
    risk_at: datetime | None = Field(description="from when on it is at risk")


class ConditionOut(Out):
    """A condition with which a case may be filed, and the limit that it then has."""

    condition: str
    limit: str


class SimilarOut(CaseOut):
    """An open case that could be the same, and why."""

    score: float
    distance_m: float
    minutes: float
    same_component: bool | None
    reasons: list[str]


class CaseAnswer(Out):
    """A case: what is kept of it, who is responsible, its record, its clock, and what may be done."""

    case: CaseFileOut
    owner: LocateAnswer | None = Field(description="who was responsible for the place when it happened")
    proposed: ProposedOut
    record: list[RecordLineOut]
    may: list[MayOut]
    clock: ClockOut | None
    similar: list[SimilarOut]
    conditions: list[ConditionOut] = Field(description="those that may be chosen while it can be filed")


class SimilarAnswer(Out):
    """Open cases that could be the same as a report, likeliest first."""

    cases: list[SimilarOut]


class ResponsibleAnswer(Out):
    """Who would be responsible for a case at a place."""

    owner: LocateAnswer
    proposed: ProposedOut
    sides: list[GridOut] = Field(description="all grids that the circle of the place touches, the owner first")
    confirm: bool = Field(description="somebody has to say which side of a border it is")


class PatrolOut(Out):
    """A patrol that was seen near lately."""

    unit_id: str
    fixed_at: datetime
    age_s: int
    lon: float
    lat: float
    distance_m: float
    grid_code: str | None
    load: int = Field(description="open cases in the grid where it is")
    reasons: list[str]


class PositionOut(Out):
    """Where a unit was seen last, in an event ``patrols.moved`` of a stream."""

    unit_id: str
    fixed_at: datetime
    lon: float
    lat: float
    grid_code: str | None


class PatrolsNearAnswer(Out):
    """Patrols near a place, the best placed first."""

    units: list[PatrolOut]
