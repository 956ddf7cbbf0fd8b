"""What the API gives about patrols: effort, recency, rates, hours. Never who: workers are a number."""

from datetime import datetime

from pydantic import Field

from api.replies import FromSumsOut, Out
from gridmap.domain.patrols import RecencyStatus, Sight


class RatesOut(Out):
    """What patrols found by effort, each with its exact interval of 95 %; null: nobody was there."""

    per_hour: float | None = Field(description="incidents found by patrols, by patrol hour")
    per_hour_low: float | None
    per_hour_high: float | None
    per_visit: float | None
    per_visit_low: float | None
    per_visit_high: float | None


class FoundOut(RatesOut):
    """Effort and what was found; ``visits`` are ``dwells`` and ``passes`` together."""

    visits: int
    dwells: int
    workers: int | None = Field(description="distinct ones; null: not known, for fixes of some days are gone")
    hours: float
    km: float
    area_share: float | None = Field(description="share of the ground within reach_m of a way; null: not measured")
    street_share: float | None = Field(description="share of the streets; null: not measured, or no street")
    incidents: int
    patrol_found: int
    citizen_found: int = Field(description="by all other channels")


class GridPatrolledOut(FoundOut):
    """One grid."""

    code: str
    name: str
    passes: int
    dwell_hours: float
    last_at: datetime | None = Field(description="end of the last dwell in the window")
    days: float | None = Field(description="since then; null: not once in the window")
    norm: str = Field(description="class whose norm holds")
    norm_days: float
    status: RecencyStatus
    sight: Sight


class PatrolsTotalOut(FoundOut):
    """All grids together."""

    grids: int
    elsewhere: int = Field(description="incidents in no grid")
    patrol_share: float | None = Field(description="of all incidents; null: there were none")
    outside_hours: float
    outside_km: float


class CleaningOut(Out):
    """What became of the fixes; verdicts sum to ``fixes``."""

    fixes: int
    units: int
    verdicts: dict[str, int]
    late: int
    clocks: int = Field(description="units whose wrong clock was learnt")
    stops: int
    stop_hours: float
    gaps: int
    gap_hours: float


class PatrolsAnswer(Out):
    """What patrols saw of the grids of a day in a window."""

    set: str
    version: int
    start: datetime
    end: datetime
    at: datetime = Field(description="moment from which days are counted back")
    rules: str = Field(description="name of the table of rules")
    reach_m: float
    dwell_s: float
    sight: dict[str, int] = Field(description="grids: seen and something found, seen and nothing found, not seen")
    status: dict[str, int] = Field(description="grids by time since the last visit")
    total: PatrolsTotalOut
    cleaning: CleaningOut | None = Field(description="of the days whose fixes are there; null: for who sees a part")
    from_sums: FromSumsOut | None = Field(description="null: all fixes of the window are there")
    grids: list[GridPatrolledOut]


class OverdueOut(Out):
    """A grid that is due: never seen first, then the longest by their norm."""

    code: str
    name: str
    last_at: datetime | None
    days: float | None
    norm: str
    norm_days: float
    times: float | None = Field(description="days by norm; null: never")
    status: RecencyStatus
    incidents: int


class OverdueAnswer(Out):
    """Grids that nobody stayed in for longer than the norm, or not once in the window."""

    set: str
    version: int
    start: datetime
    end: datetime
    at: datetime
    from_sums: FromSumsOut | None = Field(description="null: all fixes of the window are there")
    status: dict[str, int]
    grids: list[OverdueOut]


class SummedAnswer(Out):
    """How far the patrols of a window are summed up: whoever asks first waits for the rest."""

    days: int = Field(description="days of the window with single fixes")
    ready: int = Field(description="those of them that are summed up already")


class HourOut(Out):
    """An hour of a day of the week, by the clock on the wall; ``weekday`` 0 is Monday."""

    weekday: int
    hour: int
    visits: int
    workers: int | None = Field(description="distinct ones; null: not known, for fixes of some days are gone")
    hours: float
    km: float


class HoursAnswer(Out):
    """Effort by day of the week and hour; hours in which nobody was there are left out."""

    set: str
    version: int
    at: datetime
    start: datetime
    end: datetime
    from_sums: FromSumsOut | None = Field(description="null: all fixes of the window are there")
    grid: str | None
    hours: list[HourOut]
