"""What the API gives about the history of boundaries."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from api.replies import FeatureCollection, LevelOut, Link, Out
from gridmap.analysis.crosswalk import Relation
from gridmap.domain.lineage import LineageKind
from gridmap.services.history import Phase

State = Literal["in_force", "retired", "scheduled"]


class ChangeOut(Out):
    """So many edges of one kind lead into a version on one level."""

    level: str
    kind: LineageKind
    count: int


class EditionOut(Out):
    """A version with its place in time and its counts."""

    number: int
    phase: Phase
    valid_from: date = Field(description="of a draft: the day it is planned for; 0001-01-01: always so")
    valid_to: date | None
    note: str
    based_on: int | None
    published_at: datetime | None
    grids: dict[str, int] = Field(description="areas by level")
    changes: list[ChangeOut] | None = Field(description="edges into it by level and kind; null where none were kept")


class HistoryAnswer(Out):
    """The versions of a set in time; drafts and what never came into force beside them, by number."""

    set: str
    title: str
    today: date
    levels: list[LevelOut]
    versions: list[EditionOut] = Field(description="past, in force and scheduled, earliest first")
    drafts: list[EditionOut]
    retired: list[EditionOut]


class EdgeOut(Out):
    """Ground that passed from an old code to a new one."""

    level: str
    old_code: str | None = Field(description="null: nobody had it")
    new_code: str | None = Field(description="null: nobody has it")
    kind: LineageKind
    area_m2: float
    old_share: float | None = Field(description="of the old area, 0-1")
    new_share: float | None = Field(description="of the new area, 0-1")
    households: float | None


class LineageAnswer(Out):
    """A page of edges, by level order, old code and new code."""

    set: str
    version: int
    edges: list[EdgeOut]
    links: list[Link]
    numberReturned: int  # noqa: N815  (the name in OGC API Features)


class LifeOut(Out):
    """A code stands in a version."""

    level: str
    version: int
    valid_from: date
    valid_to: date | None


class SuccessorOut(Out):
    """Who has a part of the ground of an old code."""

    code: str
    name: str
    area_m2: float
    share: float = Field(description="of its area, 0-1")
    households: float | None = Field(description="of its households, as far as they can be told")
    household_share: float | None


class CodeAnswer(Out):
    """What became of a code by a day."""

    set: str
    code: str
    name: str
    at: date
    state: State = Field(description="on that day: in force, retired before, or only to come")
    version: int | None = Field(description="number of the version of that day; null where none was in force")
    lives: list[LifeOut]
    successors: list[SuccessorOut] = Field(description="for a retired code: who has its last ground, largest first")
    lost_share: float = Field(description="share of its last ground that nobody has on that day")


class LevelSummaryOut(Out):
    """What changed on one level."""

    level: str
    codes: int
    changed: int
    area_m2: float
    households: float | None
    incidents: int | None
    incidents_elsewhere: int | None = Field(description="their owner changes although no ground beyond a sliver does")


class CodeRowOut(Out):
    """A code before and after."""

    level: str
    code: str
    name_before: str | None
    name_after: str | None
    area_before_m2: float
    area_after_m2: float
    households_before: int | None
    households_after: int | None
    incidents_before: int | None
    incidents_after: int | None


class WindowOut(Out):
    """The half-open window of the incidents that were counted."""

    start: datetime
    end: datetime


class DifferenceAnswer(Out):
    """Two versions compared."""

    set: str
    from_: int = Field(alias="from")
    to: int
    window: WindowOut
    summary: list[LevelSummaryOut] = Field(description="coarsest level first")
    rows: list[CodeRowOut] = Field(description="the codes that changed, by level and code")
    pieces: FeatureCollection = Field(description="ground that changes hands; id: its place in the list, from 1")
    borders: FeatureCollection = Field(description="lines by level that only one version has; side: old or new")
    bounds: tuple[float, float, float, float] | None = Field(description="west, south, east, north of both versions")


class CrosswalkRowOut(Out):
    """How two grids lie to each other."""

    a_code: str | None = Field(description="null: ground of b alone")
    b_code: str | None = Field(description="null: ground of a alone")
    relation: Relation
    area_m2: float
    a_share: float
    b_share: float


class PlanOut(Out):
    """A set and its version of the day."""

    set: str
    version: int
    at: date
    grids: int


class CrosswalkAnswer(Out):
    """Two sets over one ground, grid by grid."""

    a: PlanOut
    b: PlanOut
    summary: dict[str, Any] = Field(description="pairs and m2 by relation; a_agreeing: grids of a that agree with one")
    rows: list[CrosswalkRowOut]
