"""What the use cases ask of a store: one unit of work, and a repository for each kind of record.

All frames are in WGS 84 lon/lat and keep the contracts of ``analysis.frames``. Times are aware UTC. Both stores give
the same rows in the same order. Nothing is written before ``commit``; leaving the ``with`` block without it rolls back.
"""

from gridmap.domain.trail import Act, Entry, Outcome
from gridmap.services.ports.access import (
    Account,
    AccountRepository,
    Answered,
    Attempts,
    IdempotencyRepository,
    Token,
    TrailRepository,
)
from gridmap.services.ports.boundaries import BoundaryRepository, Box
from gridmap.services.ports.cases import (
    Book,
    BookRepository,
    CaseChange,
    CaseFile,
    CaseFilter,
    CaseLine,
    CaseRepository,
    NearCase,
    NewCase,
    PlaceRepository,
    RecordLine,
    WholeCase,
)
from gridmap.services.ports.duty import DaySumRepository, DutyRepository, ThinnedDay
from gridmap.services.ports.events import EventMark, EventRepository
from gridmap.services.ports.features import ContextRepository, FeatureFilter, FeatureRepository, Owners
from gridmap.services.ports.inspections import InspectionRepository
from gridmap.services.ports.people import ProfileRepository, StaffRepository
from gridmap.services.ports.points import (
    Added,
    IncidentRecord,
    IncidentRepository,
    NewFix,
    NewIncident,
    NewPoint,
    Passing,
    PatrolRepository,
    PointFilter,
    PointOwner,
    PointsOf,
    Verdict,
    Within,
)
from gridmap.services.ports.redraw import LogLine, Mark, MarkKind, RedrawRepository, Review, Step
from gridmap.services.ports.store import Clock, Store, StoreMode, Subject, UnitOfWork

__all__ = [
    "Account",
    "AccountRepository",
    "Act",
    "Added",
    "Answered",
    "Attempts",
    "Book",
    "BookRepository",
    "BoundaryRepository",
    "Box",
    "CaseChange",
    "CaseFile",
    "CaseFilter",
    "CaseLine",
    "CaseRepository",
    "Clock",
    "ContextRepository",
    "DaySumRepository",
    "DutyRepository",
    "Entry",
    "EventMark",
    "EventRepository",
    "FeatureFilter",
    "FeatureRepository",
    "IdempotencyRepository",
    "IncidentRecord",
    "IncidentRepository",
    "InspectionRepository",
    "LogLine",
    "Mark",
    "MarkKind",
    "NearCase",
    "NewCase",
    "NewFix",
    "NewIncident",
    "NewPoint",
    "Outcome",
    "Owners",
    "Passing",
    "PatrolRepository",
    "PlaceRepository",
    "PointFilter",
    "PointOwner",
    "PointsOf",
    "ProfileRepository",
    "RecordLine",
    "RedrawRepository",
    "Review",
    "StaffRepository",
    "Step",
    "Store",
    "StoreMode",
    "Subject",
    "ThinnedDay",
    "Token",
    "TrailRepository",
    "UnitOfWork",
    "Verdict",
    "WholeCase",
    "Within",
]
