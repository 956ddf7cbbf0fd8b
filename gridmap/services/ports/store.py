"""The store, a unit of work over all repositories, and the clock."""

from collections.abc import Hashable
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol, Self

from gridmap.services.ports.access import AccountRepository, IdempotencyRepository, TrailRepository
from gridmap.services.ports.boundaries import BoundaryRepository
from gridmap.services.ports.cases import BookRepository, CaseRepository, PlaceRepository
from gridmap.services.ports.duty import DaySumRepository, DutyRepository
from gridmap.services.ports.events import EventRepository
from gridmap.services.ports.features import ContextRepository, FeatureRepository
from gridmap.services.ports.inspections import InspectionRepository
from gridmap.services.ports.people import ProfileRepository, StaffRepository
from gridmap.services.ports.points import IncidentRepository, PatrolRepository
from gridmap.services.ports.redraw import RedrawRepository

#: What a revision is of. ``answers``: sets, versions, staff and profiles, which say who is responsible. ``access``:
#: accounts, grants and whether tokens are good.
Subject = Literal["all", "answers", "access"]


class Clock(Protocol):
    """Where the present comes from, so that tests can set it."""

    def now(self) -> datetime:
        """Give the present as an aware UTC time."""
        ...


class UnitOfWork(Protocol):
    """One transaction over all repositories. One that only reads never waits for one that writes."""

    boundaries: BoundaryRepository
    staff: StaffRepository
    profiles: ProfileRepository
    incidents: IncidentRepository
    patrols: PatrolRepository
    context: ContextRepository
    features: FeatureRepository
    accounts: AccountRepository
    trail: TrailRepository
    events: EventRepository
    idempotency: IdempotencyRepository
    redraw: RedrawRepository
    cases: CaseRepository
    books: BookRepository
    places: PlaceRepository
    duty: DutyRepository
    patrol_days: DaySumRepository
    inspections: InspectionRepository

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...
    def commit(self) -> None: ...


class StoreMode(StrEnum):
    """What a store that answers can do. It reads in each of these states.

    ``read_only``: its file, or its server, takes no writes. ``full``: the disk under it has no room for any.
    """

    WRITABLE = "writable"
    READ_ONLY = "read_only"
    FULL = "full"


class Store(Protocol):
    """A place that hands out units of work and can be closed.

    ``local``: it lies in this machine, so that ``revision`` takes microseconds and never waits for a network.
    """

    @property
    def local(self) -> bool: ...

    def unit_of_work(self) -> UnitOfWork: ...
    def close(self) -> None: ...
    def revision(self, of: Subject = "all") -> Hashable:
        """Give a value that stands for what is stored: after a commit, by whomever, it is another one.

        Of a subject other than ``all`` it is another one after a commit that changed something of that subject, and
        may be the same after any other.

        Equal values mean the same data, so it is the key of whatever is kept because it is dear to make. Values of
        different stores, or of different processes, cannot be compared.
        """
        ...

    def ping(self) -> None:
        """Raise ``StoreUnavailable`` when the database does not answer or its schema is not current."""
        ...

    def mode(self) -> StoreMode:
        """Say whether the store takes writes at this moment; nothing is written to find out."""
        ...
