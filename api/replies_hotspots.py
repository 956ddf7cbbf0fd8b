"""What the API gives about hotspots: what was judged of each grid, by which test, and in one sentence why."""

from datetime import datetime

from pydantic import Field

from api.replies import Out
from gridmap.analysis.emerging import Pattern
from gridmap.analysis.hotspots import Judged
from gridmap.domain.patrols import Sight
from gridmap.services.hotspots import By, Side


class GridJudgedOut(Out):
    """One grid; null: nothing can be said."""

    code: str
    name: str
    value: float | None = Field(description="what was judged: the count, or the rate, drawn towards that of all")
    incidents: int
    base: float | None = Field(
        description="households, kilometres of street or patrol hours that incidents were counted against"
    )
    beside: int = Field(description="grids next to it")
    around: float | None = Field(description="sum with those next to it")
    expected: float | None = Field(description="that sum if all grids held the mean")
    more: float | None = Field(description="the difference")
    z: float | None
    p: float | None = Field(description="by random draws")
    q: float | None = Field(description="adjusted for the number of grids")
    judged: Judged
    peak: bool = Field(description="far more here by itself than the differences between grids explain")
    usual: float | None = Field(description="incidents expected of the grid by itself; null: not judged")
    sight: Sight | None = Field(description="whether patrols stayed there; null: not known")
    hours: float | None = Field(description="of patrols")
    per_hour: float | None = Field(description="incidents found by patrols, by patrol hour, with its interval of 95 %")
    per_hour_low: float | None
    per_hour_high: float | None
    sentence: str = Field(description="why, in words")


class HotspotsAnswer(Out):
    """Gi* over the grids of a plan; false discoveries are controlled at ``rate``."""

    set: str
    version: int
    start: datetime
    end: datetime
    by: By
    side: Side
    rate: float = Field(description="share of false ones among those called hot or cold, at most, on average")
    draws: int
    seed: int
    hot: int
    cold: int
    peaks: int = Field(
        description="grids that stand out by themselves, hot or not; 0 where cold ones alone were asked for"
    )
    total: int = Field(description="grids that were judged")
    said: list[str] = Field(description="what was found, how, and what cannot be claimed")
    grids: list[GridJudgedOut]


class PeriodOut(Out):
    """One period; ``recorded`` false: nothing is known of it."""

    start: datetime
    end: datetime
    recorded: bool


class GridChangedOut(Out):
    """One grid over the periods."""

    code: str
    name: str
    pattern: Pattern
    side: str = Field(description="hot, cold, or empty")
    hot: int = Field(description="periods in which it was hot")
    cold: int
    periods: int = Field(description="in which it was judged")
    trend_z: float | None
    trend_p: float | None
    counts: list[int | None] = Field(description="incidents of each period; null: not recorded")
    judged: list[Judged] = Field(description="of each period")
    sentence: str


class EmergingAnswer(Out):
    """What became of the grids."""

    set: str
    version: int
    start: datetime
    end: datetime
    rate: float
    draws: int
    seed: int
    periods: list[PeriodOut]
    said: list[str]
    grids: list[GridChangedOut]


class SuddenOut(Out):
    """A cluster of one kind that is alive now."""

    category: str
    title: str
    since: datetime = Field(description="start of the first week of it")
    observed: int
    expected: float = Field(description="by the totals of its grids and of those weeks")
    p: float = Field(description="how often chance shows as strong a cluster of this kind anywhere")
    radius_m: float = Field(description="from the grid in its middle to the farthest")
    code: str = Field(description="grid in its middle")
    name: str
    lon: float
    lat: float
    grids: list[str] = Field(description="all of its grids, the middle first")
    sentence: str


class SuddenAnswer(Out):
    """What began lately, of every kind of incident."""

    set: str
    version: int
    start: datetime
    end: datetime
    weeks: int
    rate: float = Field(description="share of looks that show any cluster where nothing is going on")
    kinds: int = Field(description="kinds that were judged")
    silent: int = Field(description="kinds with too few incidents")
    said: list[str]
    clusters: list[SuddenOut]


class PublicCellOut(Out):
    """One fixed cell."""

    cell: str
    box: list[float] = Field(description="west, south, east, north")
    incidents: int | None = Field(description="null: fewer than may be shown, or hidden beside such")


class PublicKindOut(Out):
    """One kind on the whole ground."""

    category: str = Field(description="empty: all that the catalogue does not know")
    title: str
    sensitive: bool = Field(description="in no cell and in no total")
    incidents: int | None = Field(description="null: as with cells")


class PublicHeatAnswer(Out):
    """A month that was released to everybody; it never changes."""

    month: str
    months: list[str] = Field(description="all that were released")
    made_at: datetime
    place: str = Field(description="name of the borders whose ground it is")
    least: int = Field(description="the least that is shown")
    cell_m: float
    total: int | None = Field(description="without sensitive kinds; null: below the least")
    said: list[str] = Field(description="what is hidden and why, and which days were not recorded")
    cells: list[PublicCellOut]
    kinds: list[PublicKindOut]


class MethodScoreOut(Out):
    """How a method did in the periods before, or whoever had followed the best so far (``followed``)."""

    method: str
    title: str
    hits: float = Field(description="incidents in marked grids")
    incidents: float
    area_share: float = Field(description="of the ground that was marked")
    hit_rate: float
    hit_low: float = Field(description="its interval of 95 %")
    hit_high: float
    pai: float = Field(description="hit rate by share of the ground; 1 is chance")
    best_pai: float = Field(description="the most possible, had it been known what came")
    pei: float = Field(description="PEI*: hits by the most hits that as much ground could hold")


class GridExpectedOut(Out):
    """One grid in the weeks that are foreseen."""

    code: str
    name: str
    expected: float | None = Field(description="incidents; null: no forecast")
    marked: bool = Field(description="among those to be watched")


class ForecastAnswer(Out):
    """What is expected, never without its score: where nothing could be tested nothing is foreseen."""

    set: str
    version: int
    start: datetime
    end: datetime
    weeks: int
    periods: int = Field(description="of as many weeks, with records, that it learns from")
    tests: int = Field(description="of them, those that were foreseen to test it")
    area_share: float = Field(description="share of the ground that is marked")
    chosen: str | None = Field(description="method of the grids; null: no forecast, and ``said`` tells why")
    left_out: list[str] = Field(description="methods that could not be tested")
    scores: list[MethodScoreOut]
    said: list[str]
    grids: list[GridExpectedOut]
