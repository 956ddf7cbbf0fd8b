"""What the redraw of a draft gives."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.replies import Feature, Out, PersonalOut
from api.replies_versions import ReportFindingOut
from gridmap.analysis.redraw.review import Totals


class RedrawLevelOut(Out):
    """One storey of a draft."""

    name: str
    order: int
    tiles_parent: bool


class EditOut(Out):
    """An entry of the log of a draft."""

    number: int
    verb: str
    by: str
    mine: bool = Field(description="made by who asks")
    at: datetime
    codes: list[str] = Field(description="areas that it touched")
    undoes: int | None = Field(description="entry that it takes back")
    summary: str = Field(description="in the reader's language")


class StackOut(Out):
    """What can be taken back, or made again."""

    count: int
    number: int | None = Field(description="entry that is next")


class PlannerOut(Out):
    """Somebody else who draws in the same draft."""

    name: str
    seen_at: datetime


class TotalsOut(Out):
    """What is wrong with the draft, in figures."""

    holes: int
    overlaps: int
    hole_m2: float
    overlap_m2: float
    errors: int
    warnings: int

    @classmethod
    def of(cls, found: Totals) -> "TotalsOut":
        """Give the totals of the analysis as an answer."""
        return cls(
            holes=found.holes,
            overlaps=found.overlaps,
            hole_m2=found.hole_m2,
            overlap_m2=found.overlap_m2,
            errors=found.errors,
            warnings=found.warnings,
        )


class RedrawAnswer(Out):
    """A draft that is drawn."""

    set: str
    draft: int
    revision: int = Field(description="entries of its log; to be sent back in If-Match")
    based_on: int | None
    level: str = Field(description="the level that edits are about")
    levels: list[RedrawLevelOut]
    box: list[float] = Field(description="west, south, east, north")
    areas: int = Field(description="areas of the edited level")
    state: Literal["open", "submitted", "approved"]
    undo: StackOut
    redo: StackOut
    others: list[PlannerOut]
    totals: TotalsOut


class ShapesOut(Out):
    """Areas as GeoJSON, every coordinate to its last digit."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[Feature]


class WaiverOut(Out):
    """Who signed for a warning, and why."""

    number: int
    rule: str
    codes: list[str]
    by: str
    mine: bool
    at: datetime
    reason: str
    holds: bool = Field(description="what was signed for is still so; else it asks for another signature")


class WaiversAnswer(Out):
    """What was signed for in a draft and the versions it was made of, and not taken back."""

    waivers: list[WaiverOut]


class RedrawFindingOut(ReportFindingOut):
    """A finding of a draft."""

    waiver: WaiverOut | None = Field(description="who signed for it; null: nobody")


class EditedAnswer(Out):
    """What an edit did."""

    revision: int
    edit: EditOut
    changed: ShapesOut = Field(description="areas of all levels that have another shape or other attributes now")
    gone: list[str]
    gained_m2: float = Field(description="ground taken from nobody")
    lost_m2: float = Field(description="ground left to nobody")
    findings: list[RedrawFindingOut] = Field(description="of the touched areas")
    totals: TotalsOut
    undo: StackOut
    redo: StackOut


class EditsAnswer(Out):
    """What happened since a revision."""

    revision: int
    edits: list[EditOut]
    changed: ShapesOut
    gone: list[str]
    others: list[PlannerOut]
    undo: StackOut
    redo: StackOut
    marks: str = Field(description="another text when a lock or comment came or went")


class RedrawFindingsAnswer(Out):
    """All findings of a draft."""

    revision: int
    findings: list[RedrawFindingOut]
    totals: TotalsOut


class RepairRowOut(Out):
    """What a repair does to one area."""

    code: str
    name: str
    area_before_m2: float
    area_after_m2: float
    gained_m2: float
    lost_m2: float


class RepairAnswer(Out):
    """A repair that nobody has made yet."""

    revision: int
    gap_width_m: float = Field(description="holes up to this width are closed")
    rows: list[RepairRowOut] = Field(description="areas that get another shape, most ground first")
    gone: list[str] = Field(description="areas of which nothing would be left")
    largest_m2: float = Field(description="most ground that one area gains or loses")
    free_m2: float = Field(description="up to here nobody has to agree")
    left: TotalsOut = Field(description="what would still be wrong")
    shapes: ShapesOut = Field(description="these areas as they would be")


class MarkOut(Out):
    """A lock or comment."""

    number: int
    kind: str
    by: str
    mine: bool
    at: datetime
    code: str | None
    places: list[list[float]]
    text: str


class MarksAnswer(Out):
    """Locks or comments of a draft."""

    marks: list[MarkOut]


class StepOut(Out):
    """A step of a draft on its way."""

    to: str
    by: str
    at: datetime
    revision: int
    reason: str


class StepsAnswer(Out):
    """Where a draft stands, and how it came there."""

    state: Literal["open", "submitted", "approved"]
    revision: int = Field(description="entries of its log; to be sent back in If-Match")
    second_person: bool = Field(description="who submitted cannot approve; false where nobody signs in: all are one")
    steps: list[StepOut]


class MeasuresOut(Out):
    """A grid before or after; null: not known, or not to be seen."""

    area_m2: float
    households: int | None
    floating: float | None = Field(description="floating residents, going with the ground")
    workers_required: int | None
    workers: int | None = Field(description="on duty under this code")
    incidents: int | None = Field(description="of the last twelve months, replayed")
    patrol_hours: float | None = Field(description="of the last thirty days")
    compactness: float = Field(description="0 to 1, Polsby and Popper")


class EffectOut(Out):
    """What a draft does to one grid."""

    code: str
    name: str
    before: MeasuresOut | None = Field(description="null: it is new")
    after: MeasuresOut | None = Field(description="null: it ends")


class HandedOut(Out):
    """An incident of the window that gets another owner."""

    incident_id: str
    category: str
    occurred_at: datetime
    lon: float
    lat: float
    from_code: str | None
    to_code: str | None


class HandedFacilityOut(Out):
    """A facility or zone that gets another grid."""

    layer: str
    code: str
    name: str
    state: str
    lon: float
    lat: float
    from_code: str | None
    to_code: str | None


class LeavingOut(PersonalOut):
    """Somebody on duty in a grid that ends."""

    grid_code: str
    role: str
    name: str
    department: str


class BalanceOut(Out):
    """How evenly a measure lies on the grids of an area: the largest deviation from their mean, as a share of it."""

    parent: str
    measure: str
    mean_before: float
    mean_after: float
    deviation_before: float
    deviation_after: float


class EffectsAnswer(Out):
    """What a draft does to the grids that it touched."""

    revision: int
    start: datetime
    end: datetime
    areas: list[EffectOut]
    handed: list[HandedOut] = Field(description="newest first")
    handed_total: int | None = Field(description="null: incidents are not to be seen")
    facilities: list[HandedFacilityOut] | None = Field(description="by layer and code; null: layers are not to be seen")
    staff: list[LeavingOut]
    balance: list[BalanceOut]


class CompareRowOut(Out):
    """An area that two drawings have otherwise."""

    level: str
    code: str
    change: Literal["founded", "gone", "changed"]
    name_before: str | None
    name_after: str | None
    parent_before: str | None
    parent_after: str | None
    households_before: int | None
    households_after: int | None
    area_before_m2: float
    area_after_m2: float
    gained_m2: float
    lost_m2: float
    sentence: str = Field(description="in the reader's language")


class CompareAnswer(Out):
    """A draft beside another draft or version."""

    set: str
    draft: int
    revision: int
    other: int = Field(description="number of what it is compared with")
    rows: list[CompareRowOut] = Field(description="by level and code, at most as many as a page holds")
    total: int
    truncated: bool
    pieces: ShapesOut = Field(description="ground that changes hands, with old_code and new_code; no slivers")
