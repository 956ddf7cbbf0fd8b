"""Cases, what their work goes by, and places that have a name, as the use cases ask for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

import geopandas as gpd

from gridmap.domain.cases import Entry
from gridmap.services.ports.boundaries import Box
from gridmap.services.ports.points import NewIncident, PointOwner, Verdict, Within


class NewCase(NamedTuple):
    """A case that comes in, in WGS 84, with what the service found out about it; the first eight as ``NewIncident``.

    ``entry`` is the first line of its record, ``author`` the name of whoever reported it. ``stage_due_at``: until when
    somebody has to look at it; ``risk_at``: from when on that is at risk. ``confirmed``: the grid that somebody who was
    asked on which side of a border it is named; the first line of the record names it, too.
    """

    incident_id: str
    occurred_at: datetime
    category: str
    lon: float
    lat: float
    channel: str | None
    note: str | None
    entry: Entry
    author: str
    kind: str = "report"
    emergency: bool = False
    component: str | None = None
    photos: tuple[str, ...] = ()
    reporter: str | None = None
    accuracy_m: float | None = None
    address: str | None = None
    proposed: str | None = None
    rule: str | None = None
    stage_due_at: datetime | None = None
    risk_at: datetime | None = None
    confirmed: str | None = None

    @property
    def at(self) -> datetime:
        """When it was."""
        return self.occurred_at

    @property
    def incident(self) -> NewIncident:
        """The incident that it is the case of."""
        return NewIncident(*self[:7])


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases: statuses, categories, owner, unit, channel, half-open window of the report, box; None means all.

    ``open``: something is still to be done (or not). ``due_before``: the present stage is up before. ``risk_before``:
    it is at risk by then. ``text`` is looked for in id, address and unit. ``acted_from``, ``acted_before``: a line of
    the record is of that stretch. ``within`` keeps what these sets and codes own.
    """

    statuses: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    grid_code: str | None = None
    unit: str | None = None
    channel: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    bbox: Box | None = None
    open: bool | None = None
    due_from: datetime | None = None
    due_before: datetime | None = None
    risk_before: datetime | None = None
    text: str | None = None
    ids: tuple[str, ...] | None = None
    acted_from: datetime | None = None
    acted_before: datetime | None = None
    within: Within | None = None


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case as it stands in a list: never with what people wrote."""

    case_id: str
    status: str
    version: int
    category: str
    channel: str | None
    kind: str
    emergency: bool
    occurred_at: datetime
    reported_at: datetime
    stage_due_at: datetime | None
    unit: str | None
    proposed: str | None
    set_name: str | None
    grid_code: str | None
    component: str | None
    address: str | None
    extensions: int
    returns: int
    reworks: int
    merged_into: str | None
    place: Any
    #: The place in the order of a page.
    key: tuple[datetime, int]
    #: From when on the present stage is at risk; None: it has no clock, or that stands.
    risk_at: datetime | None = None


class NearCase(NamedTuple):
    """What is looked at of an open case that lies near a report: WGS 84 degrees, whose it is, and what it is about."""

    case_id: str
    lon: float
    lat: float
    category: str
    occurred_at: datetime
    component: str | None
    set_name: str | None
    grid_code: str | None


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All that is kept of a case beside its record; ``line`` as in lists."""

    line: CaseLine
    note: str | None
    photos: tuple[str, ...]
    reporter: str | None
    accuracy_m: float | None
    rule: str | None
    handling_limit: str | None
    due_at: datetime | None


class RecordLine(NamedTuple):
    """One line of the record of a case; ``author`` is the name of the account at the time."""

    number: int
    entry: Entry
    author: str


@dataclass(frozen=True, slots=True)
class CaseChange:
    """What one act makes of a case; written together with its line of the record."""

    status: str
    unit: str | None
    due_at: datetime | None
    stage_due_at: datetime | None
    handling_limit: str | None
    open: bool
    extensions: int
    returns: int
    reworks: int
    appealed: bool
    merged_into: str | None
    filed_at: datetime | None
    dispatched_at: datetime | None
    handled_at: datetime | None
    closed_at: datetime | None
    risk_at: datetime | None = None


class WholeCase(NamedTuple):
    """A case with all that became of it elsewhere; ``record`` from the report on, ``change`` what it comes to."""

    case: NewCase
    owner: PointOwner
    record: tuple[RecordLine, ...]
    change: CaseChange


class CaseRepository(Protocol):
    """Cases with their record. What the record says and what is kept beside it is written in one."""

    def take(self, points: Sequence[tuple[NewCase, PointOwner]]) -> list[Verdict]:
        """Open cases with their incidents, each judged by itself; as ``IncidentRepository.take``."""
        ...

    def take_over(self, cases: Sequence[WholeCase]) -> int:
        """Keep cases with their whole record; give how many were new.

        A case that is there stays as it is, and so does what was said about an incident that is there.

        Raises
        ------
        Conflict
            ``content_differs``: an incident of that id is another one.
        """
        ...

    def open_near(
        self, asked: Sequence[tuple[float, float, datetime]], *, metres: float, hours: float
    ) -> list[list[NearCase]]:
        """Give for each (lon, lat, at) the open cases within a distance, and within a time before or after it.

        The distance is that of a box on the ground: a little more may be found than asked for, never less.
        """
        ...

    def page(
        self, where: CaseFilter, *, limit: int, after: tuple[datetime, int] | None = None, by_report: bool = False
    ) -> list[CaseLine]:
        """Give cases by what is up next (open ones), or with ``by_report`` by the report, newest first."""
        ...

    def counts(self, where: CaseFilter) -> dict[str, int]:
        """Count open cases by status."""
        ...

    def count(self, where: CaseFilter) -> int:
        """Count cases."""
        ...

    def find(self, case_id: str) -> CaseFile | None:
        """Give a case."""
        ...

    def record(self, case_id: str) -> list[RecordLine]:
        """Give the record of a case, oldest first."""
        ...

    def hold(self, case_id: str) -> CaseFile | None:
        """Give a case, and keep others from acting on it until the commit."""
        ...

    def append(
        self, case_id: str, number: int, entry: Entry, author: str, change: CaseChange, owner: PointOwner
    ) -> None:
        """Write a line of the record of a case, with what it makes of it; ``owner`` tells who is to hear of it.

        Raises
        ------
        NotFound
            ``case_unknown``.
        Conflict
            ``case_moved``: the record has a line of that number, or none before it.
        """
        ...

    def loads(self, units: Sequence[str], within: Within | None = None) -> dict[str, int]:
        """Count the open cases that lie with each unit."""
        ...

    def frame(self, where: CaseFilter) -> gpd.GeoDataFrame:
        """Give CASES rows, by report and id."""
        ...


@dataclass(frozen=True, slots=True)
class Book:
    """What the work on cases goes by from a day on."""

    kind: str
    valid_from: date
    content: str
    note: str
    imported_at: datetime


class BookRepository(Protocol):
    """Tables that a city brings; the latest of a kind that is valid on a day counts."""

    def put(self, book: Book) -> None:
        """Add a book; one of the same kind and day is replaced."""
        ...

    def at(self, kind: str, day: date) -> Book | None:
        """Give the book of a kind that is valid on a day."""
        ...

    def list_books(self) -> list[Book]:
        """Give all, by kind and day."""
        ...


class PlaceRepository(Protocol):
    """Places that have a standard name."""

    def replace(self, frame: gpd.GeoDataFrame) -> int:
        """Set the places to these rows (``code``, ``name``, ``kind``, ``aliases``, point); give their number."""
        ...

    def frame(self) -> gpd.GeoDataFrame:
        """Give all places, by code."""
        ...
