"""What the API gives, described for readers and for the interface description."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from api.privacy import personal_fields, require_classified, sees_people
from gridmap.domain.boundaries import BoundaryVersion, Level
from gridmap.domain.events import EventKind
from gridmap.domain.incidents import GridRef, Method
from gridmap.services.patrol_parts import FromSums
from gridmap.services.ports import StoreMode


class Out(BaseModel):
    """An answer. Each of its fields stands in ``privacy.FIELDS``, else its class cannot be made."""

    model_config = ConfigDict(frozen=True)
    _withholds: ClassVar[bool] = False

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Check that somebody said how private each field is."""
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__name__ != "PersonalOut":
            require_classified(cls.__name__, list(cls.model_fields), withholds=cls._withholds)


class PersonalOut(Out):
    """An answer about people: what is personal in it is left out for who may not know people by name."""

    _withholds: ClassVar[bool] = True

    @model_serializer(mode="wrap")
    def _withhold(self, write: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        written = write(self)
        if sees_people():
            return written
        return {name: value for name, value in written.items() if name not in personal_fields(type(self).__name__)}


class GridOut(Out):
    """A grid or area by code, name and level."""

    code: str
    name: str
    level: str

    @classmethod
    def of(cls, ref: GridRef) -> "GridOut":
        """Give the reference of the domain as an answer."""
        return cls(code=ref.code, name=ref.name, level=ref.level)


class LocatedGrid(GridOut):
    """The owner on the day asked for, with what its card shows first."""

    households: int | None
    area_m2: float
    department: str = Field(description="who answers for the grid; empty where unknown")
    phone: str = Field(description="of the department; empty where unknown")


class StaffOut(PersonalOut):
    """Somebody on duty."""

    role: str
    name: str
    phone: str
    department: str


class LocateAnswer(Out):
    """Who is responsible for the point."""

    grid: LocatedGrid | None = Field(description="the one owner; null when method is none")
    chain: list[GridOut] = Field(description="from the coarsest area down to, and with, the grid")
    method: Method
    border_m: float | None = Field(description="metres to the owner's nearest border; for nearest, how far outside")
    candidates: list[GridOut] = Field(description="all grids that hold the point, when there are several")
    desk: GridOut | None = Field(description="with method none: the smallest area whose duty desk takes the point")
    staff: list[StaffOut]
    set: str
    version: int | None


class LocateBatchAnswer(Out):
    """One entry a point, in the order of the points."""

    grid_code: list[str | None]
    method: list[Method]
    border_m: list[float | None] | None = Field(description="metres, to the centimetre; null where not asked for")
    set: str
    version: int


class LevelOut(Out):
    """One storey of a set; order 0 is the coarsest."""

    name: str
    order: int
    tiles_parent: bool = Field(description="its areas cover their parent without hole or overlap")
    shapes: Literal["area", "any"] = Field(description="any: points may stand in for areas")
    contiguous: bool = Field(description="each area must be in one piece")
    required: list[str] = Field(description="attributes that every area needs")

    @classmethod
    def of(cls, level: Level) -> "LevelOut":
        """Give the level of the domain as an answer."""
        return cls(
            name=level.name,
            order=level.order,
            tiles_parent=level.tiles_parent,
            shapes=level.shapes,
            contiguous=level.contiguous,
            required=list(level.required),
        )


class SetOut(Out):
    """A boundary set and its version in force on the day asked for."""

    name: str
    title: str
    code_scheme: str | None = Field(description="how codes are made; null: any codes")
    rules: str | None = Field(description="rules of size and shape that its areas follow; null: none")
    revision: int = Field(description="counts its changes; who publishes names the one that was built upon")
    levels: list[LevelOut]
    version: int | None = Field(description="number of the version in force")
    valid_from: date | None
    grids: int = Field(description="grids of the finest level")


class SetsAnswer(Out):
    """All boundary sets."""

    sets: list[SetOut]


class VersionOut(Out):
    """One edition, in force from valid_from until the day before valid_to; a draft is in force on no day."""

    number: int
    state: Literal["draft", "published", "retired"]
    valid_from: date = Field(description="of a draft: the day it is planned for; 0001-01-01: always so")
    valid_to: date | None
    note: str
    based_on: int | None = Field(description="version that it was drawn from")
    published_at: datetime | None
    content_hash: str = Field(description="stands for what it says; who changes a draft names the one that was read")

    @classmethod
    def of(cls, version: BoundaryVersion) -> "VersionOut":
        """Give the version of the domain as an answer."""
        return cls(
            number=version.number,
            state=version.state.value,
            valid_from=version.valid_from,
            valid_to=version.valid_to,
            note=version.note,
            based_on=version.based_on,
            published_at=version.published_at,
            content_hash=version.content_hash,
        )


class VersionsAnswer(Out):
    """All versions and drafts of a set, by number."""

    set: str
    revision: int
    versions: list[VersionOut]


class Link(Out):
    """A link of a collection."""

    rel: Literal["self", "next"]
    href: str
    type: str = "application/geo+json"


class Feature(Out):
    """A GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: dict[str, Any]
    properties: dict[str, Any]


class FeatureCollection(Out):
    """A page of GeoJSON features."""

    type: Literal["FeatureCollection"]
    features: list[Feature]
    links: list[Link]
    numberReturned: int  # noqa: N815  (the name in OGC API Features)


class LayerOut(Out):
    """A layer of facilities or zones, and how many features of each state there are on the day."""

    name: str
    title: str
    planned: int
    built: int
    open: int


class LayersAnswer(Out):
    """All layers on a day."""

    at: date
    layers: list[LayerOut]


class ItemOut(Out):
    """What became of one item of a batch."""

    status: Literal["accepted", "duplicate", "quarantined", "rejected"]
    code: str | None = Field(None, description="why it was not taken")
    pointer: str | None = Field(None, description="which member of the item is at fault")
    detail: str | None = None
    grid_code: str | None = None
    method: Method | None = None


class BatchAnswer(Out):
    """One result an item, in the order of the items."""

    results: list[ItemOut]
    counts: dict[str, int]


class CategoryOut(Out):
    """A category and what it is called."""

    code: str
    zh: str
    en: str


class CategoriesAnswer(Out):
    """The categories in use."""

    categories: list[CategoryOut]


class StaffingOut(Out):
    """People needed by the households, and present on the day asked for."""

    heads_needed: int
    workers_needed: int | None = Field(description="null where the households are unknown")
    heads: int
    workers: int
    station_needed: bool | None = Field(description="null where the floating residents are unknown")


class FromSumsOut(Out):
    """What of the window is known by sums of days alone, since single fixes are kept for some time only."""

    until: datetime = Field(description="before it no single fixes are kept")
    days: int = Field(description="days of the window whose sums count")
    other_borders: int = Field(description="those of them that were summed up by other borders than these")
    left_out_hours: float = Field(description="hours of the window on days that it cuts: nothing of them counts")
    lacking: list[str] = Field(description="figures that sums cannot tell; null where they would be")

    @classmethod
    def of(cls, sums: FromSums | None, lacking: Sequence[str]) -> "FromSumsOut | None":
        """Say what of a window is known by sums of days alone, and what is not known therefore."""
        if sums is None:
            return None
        return cls(
            until=sums.until,
            days=sums.days,
            other_borders=sums.other_borders,
            left_out_hours=sums.left_out.total_seconds() / 3600,
            lacking=list(lacking) if sums.days else [],
        )


class ActivityOut(Out):
    """What happened in the window, and who passed by."""

    start: datetime | None
    end: datetime | None
    incidents: int
    fixes: int
    units: int | None = Field(description="null: days are known by sums alone, and units may be the same")
    last_fix_at: datetime | None
    from_sums: FromSumsOut | None = Field(description="null: all fixes of the window are there")


class GridCardAnswer(Out):
    """The facts of one grid; no names of people."""

    grid: GridOut
    chain: list[GridOut]
    households: int | None
    floating_residents: int | None
    area_m2: float
    department: str
    phone: str
    staffing: StaffingOut
    activity: ActivityOut | None = Field(
        description="null in a set that does not own the stored points, and for who may not see points there"
    )
    set: str
    version: int


class SpanOut(Out):
    """How many records, and when the first and the last was."""

    first: datetime | None
    last: datetime | None
    count: int


class IncidentSpanOut(SpanOut):
    """The same for incidents, with their categories."""

    categories: list[CategoryOut]


class OverviewAnswer(Out):
    """What the front page starts from."""

    sets: list[SetOut]
    incidents: IncidentSpanOut
    fixes: SpanOut
    time_zone: str
    default_set: str | None = Field(description="set used when a call names none, if one is configured")
    center: tuple[float, float] | None = Field(description="[lon, lat]")
    bounds: tuple[float, float, float, float] | None = Field(description="west, south, east, north")


class HealthAnswer(Out):
    """The process answers; of the store this says nothing."""

    status: Literal["ok"]
    version: str


class ReadyAnswer(Out):
    """The service can work."""

    status: Literal["ready"]
    store: StoreMode = Field(description="whether the store takes writes; reads are answered in each of these states")


class ProblemError(Out):
    """One fault of a request."""

    pointer: str | None = Field(None, description="JSON Pointer into the body")
    parameter: str | None = Field(None, description="name of the query or path parameter")
    code: str
    detail: str


class SuccessorShareOut(Out):
    """A part of the ground of an old code."""

    code: str
    share: float


class FindingOut(Out):
    """A fault of a plan."""

    rule: str = Field(description="stable, snake_case; see docs/check.md")
    severity: Literal["error", "warning", "note"]
    codes: list[str]
    level: str | None
    measure: float | None
    unit: str = Field(description="m2, m, % or empty")
    message: str
    place: tuple[float, float] | None = Field(description="[lon, lat] where it can be seen")
    clause: str | None = Field(description="what asks for the rule, in the reader's language; null: gridmap alone")
    document: str | None = Field(description="where that stands")
    provenance: Literal["standard", "local", "city", "code", "memory", "practice"] | None = Field(
        description="how sure that is; see docs/check.md"
    )
    needs_waiver: bool = Field(description="a warning to be mended or signed for before publishing")
    waived: bool = Field(description="somebody signed for it")


class Problem(Out):
    """RFC 9457 problem details; never holds anything that was sent."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str = Field(description="stable, snake_case; see docs/errors.md")
    request_id: str
    retryable: bool
    errors: list[ProblemError]
    hint: str | None = None
    truncated: bool | None = None
    successors: list[SuccessorShareOut] | None = Field(
        None, description="with grid_retired: who has the ground of that code on the day asked for"
    )
    findings: list[FindingOut] | None = Field(
        None, description="what stands in the way of publishing, a hundred at most"
    )
    expected: int | None = Field(None, description="revision of the set that was built upon")
    revision: int | None = Field(None, description="revision of the set by now")
    meanwhile: list[int] | None = Field(None, description="versions published or withdrawn meanwhile")
    changed: list[str] | None = Field(None, description="codes that these changed, the first twenty")
    changes: int | None = Field(None, description="how many codes these changed")


class EventOut(Out):
    """Something that happened: what kind of thing, where, and the id of what it is about."""

    id: str = Field(description="the place after it; go on from here")
    at: datetime
    kind: EventKind
    set: str | None = Field(description="boundary set; null: it belongs to none")
    code: str | None = Field(description="grid whose it is; null: it belongs to none, or is about the set")
    subject: str = Field(description="id of the incident, or number of the version; empty: of many")
    count: int = Field(description="how many, where one event stands for many")


class EventsAnswer(Out):
    """What happened after a place, oldest first."""

    events: list[EventOut]
    next: str = Field(description="where to go on; with as many events as were asked for, at once")
