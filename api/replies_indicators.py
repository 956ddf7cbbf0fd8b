"""What the API gives about indicators, evaluations and alerts of cases."""

from datetime import datetime

from pydantic import Field

from api.replies import Out
from api.replies_cases import CaseOut
from gridmap.domain.alerts import AlertKind, Grade


class IndicatorOut(Out):
    """One indicator: what it is called, how it is worked out, and what its two numbers count."""

    name: str
    title: str
    unit: str = Field(description="%, or h: mean hours")
    better: str = Field(description="which way is good: more, less or neither")
    formula: str
    numerator: str
    denominator: str


class FigureOut(Out):
    """A number, with what it comes from."""

    value: float | None = Field(description="to 0.01 of its unit; null: no data")
    numerator: float = Field(description="cases; of mean hours: hours in all")
    denominator: int = Field(description="cases")
    before: float | None = Field(None, description="the value compared with; null: no data, or nothing was compared")
    change: float | None = Field(None, description="percentage points or hours")


class FigureGroupOut(Out):
    """One group."""

    group: str = Field(description="its name, for the list of its cases")
    key: list[str | None] = Field(description="in the order of by; null: cases that have none")
    against: str | None = Field(None, description="the period compared with")
    values: dict[str, FigureOut]


class IndicatorsAnswer(Out):
    """Indicators by group."""

    at: datetime
    start: datetime
    end: datetime
    time_zone: str
    by: list[str]
    cases: int
    indicators: list[IndicatorOut]
    groups: list[FigureGroupOut]


class BehindAnswer(Out):
    """A page of the cases behind a number, in the order of their report; ``count`` is how many there are."""

    count: int
    cases: list[CaseOut]
    next: str | None


class PartOut(Out):
    """One loss of an item; ``lost`` null: there is no data, or nobody noted anything."""

    title: str
    numerator: int | None
    denominator: int | None
    lost: float | None


class ItemScoreOut(Out):
    """One item; ``points`` null: it cannot be scored."""

    id: str
    title: str
    of: float
    points: float | None
    parts: list[PartOut]


class ScoreOut(Out):
    """What somebody reached."""

    rank: int | None = Field(description="those with one share have one rank; null: not ranked")
    subject: str | None = Field(description="null: cases of nobody")
    points: float
    of: float = Field(description="points of the items that could be scored")
    share: float | None
    items: list[ItemScoreOut]


class EvaluationAnswer(Out):
    """Scores by a table, best first, and what has to be said of them."""

    table: str
    title: str
    document: str
    by: str
    at: datetime
    start: datetime
    end: datetime
    scores: list[ScoreOut]
    notes: list[str]


class AlertOut(Out):
    """Something to look at."""

    rule: str
    kind: AlertKind
    grade: Grade
    title: str
    text: str
    about: str = Field(description="case, grid, or what the rate is by")
    subject: str
    measure: float
    count: int = Field(description="cases behind it")
    cases: list[str] = Field(description="the first hundred of them")
    lon: float | None
    lat: float | None


class AlertsAnswer(Out):
    """Everything that the rules ask somebody to look at, the most pressing first."""

    at: datetime
    rules: str
    counts: dict[str, int] = Field(description="alerts by rule, all of them")
    alerts: list[AlertOut]
    truncated: bool = Field(description="there are more than are shown")
