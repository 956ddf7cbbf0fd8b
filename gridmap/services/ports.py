"""What the use cases ask of a store: one unit of work, and a repository for each kind of record.

All frames are in WGS 84 lon/lat and keep the contracts of ``analysis.frames``. Times are aware UTC. Both stores give
the same rows in the same order. Nothing is written before ``commit``; leaving the ``with`` block without it rolls back.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, Self

import geopandas as gpd
import pandas as pd

from gridmap.domain.boundaries import BoundarySet, BoundaryVersion
from gridmap.domain.features import FeatureLayer
from gridmap.domain.incidents import StaffMember
from gridmap.domain.people import GridProfile

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PointFilter:
    """Which incidents or fixes: half-open time window ``[start, end)``, categories, box, owner; None means all.

    ``version`` is the (set, number) whose grids were asked for the owner, ``not_version`` leaves those out (and keeps
    what nobody was asked for).
    """

    start: datetime | None = None
    end: datetime | None = None
    categories: tuple[str, ...] | None = None
    bbox: Box | None = None
    grid_code: str | None = None
    version: tuple[str, int] | None = None
    not_version: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """How many rows were new, and how many were there before with the same key and content."""

    added: int
    duplicates: int


class Clock(Protocol):
    """Where the present comes from, so that tests can set it."""

    def now(self) -> datetime:
        """Give the present as an aware UTC time."""
        ...


class BoundaryRepository(Protocol):
    """Sets, their versions and drafts, the grids in them, and which grid came from which."""

    def list_sets(self) -> list[BoundarySet]: ...
    def find_set(self, name: str) -> BoundarySet | None: ...

    def put_set(self, boundary_set: BoundarySet) -> None:
        """Add a set, or replace title, levels and code scheme of the one with this name; its revision moves on."""
        ...

    def list_versions(self, set_name: str) -> list[BoundaryVersion]:
        """Give the versions and drafts by number, oldest first."""
        ...

    def find_version(self, set_name: str, number: int) -> BoundaryVersion | None: ...

    def version_at(self, set_name: str, day: date) -> BoundaryVersion | None:
        """Give the published version in force on a day, past, present or to come."""
        ...

    def add_draft(
        self,
        set_name: str,
        frame: gpd.GeoDataFrame,
        *,
        valid_from: date,
        content_hash: str,
        note: str = "",
        based_on: int | None = None,
    ) -> BoundaryVersion:
        """Add a draft from a frame of all levels (GRIDS with ``level``); it gets a number that no other has or had.

        Raises
        ------
        NotFound
            ``set_not_found``.
        Conflict
            ``code_not_unique``.
        ColumnError
            ``row_level_unknown`` and others.
        """
        ...

    def replace_draft(
        self, set_name: str, number: int, frame: gpd.GeoDataFrame, *, content_hash: str, expected_hash: str
    ) -> BoundaryVersion:
        """Put another frame of all levels into a draft whose content still is what the caller read.

        Raises
        ------
        NotFound
            ``version_unknown``.
        StaleVersion
            ``draft_stale``: somebody else has changed the draft.
        Conflict
            ``not_a_draft``.
        """
        ...

    def discard_draft(self, set_name: str, number: int) -> None:
        """Take a draft away; its number is never given again.

        Raises
        ------
        NotFound, Conflict
            ``version_unknown``, ``not_a_draft``.
        """
        ...

    def publish(
        self,
        set_name: str,
        number: int,
        *,
        valid_from: date,
        published_at: datetime,
        expected: int | None = None,
        note: str | None = None,
        rewrite: bool = False,
    ) -> BoundaryVersion:
        """Publish a draft; the version before it in time ends at its start.

        One that starts on the same day is left with an empty validity, and retired. ``expected`` is the revision of the
        set that the caller built upon. Without it, that is the revision when this unit of work first read the set or
        its versions; if it read none, any will do. ``rewrite`` lets it take the place of later versions, too.

        Raises
        ------
        StaleVersion
            ``version_stale``: somebody else has published since; fields ``expected``, ``revision`` and ``meanwhile``.
        NotFound
            ``set_not_found``, ``version_unknown``.
        Conflict
            ``not_a_draft``; ``history_rewritten``: a version starts later than this one.
        """
        ...

    def require_revision(self, set_name: str, expected: int) -> None:
        """Check that a set is as it was at a revision, before long work is built upon it.

        Raises
        ------
        StaleVersion, NotFound
            As for ``publish``.
        """
        ...

    def withdraw(self, set_name: str, number: int, *, expected: int | None = None) -> BoundaryVersion:
        """Retire the last version in time as if it had never been; its predecessor is open-ended again.

        Raises
        ------
        StaleVersion
            As for ``publish``.
        NotFound, Conflict
            ``version_unknown``; ``not_last_in_time``: it is not published, not the last one, or the only one.
        """
        ...

    def hold(self, set_name: str) -> int:
        """Keep others from publishing until this unit of work is over; give the revision of the set.

        Raises
        ------
        NotFound
            ``set_not_found``.
        """
        ...

    def add_lineage(self, set_name: str, number: int, edges: pd.DataFrame) -> int:
        """Set which grids of a draft came from which (LINEAGE); give the number of edges."""
        ...

    def lineage(self, set_name: str, number: int) -> pd.DataFrame:
        """Give the edges into a version (LINEAGE), by level order, old code and new code."""
        ...

    def grid_counts(self, set_name: str) -> pd.DataFrame:
        """Give ``number, level, grids`` of every version and draft of a set, by number and level order."""
        ...

    def lineage_counts(self, set_name: str) -> pd.DataFrame:
        """Give ``number, level, kind, edges`` of the edges into every version, by number, level order and kind."""
        ...

    def lives(self, set_name: str, code: str) -> pd.DataFrame:
        """Give the published versions in which a code stands (``level, number, valid_from, valid_to``), by time."""
        ...

    def former_grids(self, set_name: str, version: BoundaryVersion) -> gpd.GeoDataFrame:
        """Give the last shape (GRIDS, and ``number``) of each code that was published, but not in this version."""
        ...

    def grids(
        self, version: BoundaryVersion, level: str | None = None, *, codes: Sequence[str] | None = None
    ) -> gpd.GeoDataFrame:
        """Give the grids of a version (GRIDS with every optional column), ordered by level order, then code.

        ``level`` and ``codes`` narrow them; None: all.
        """
        ...

    def page_grids(
        self,
        version: BoundaryVersion,
        *,
        level: str,
        limit: int,
        after_code: str | None = None,
        bbox: Box | None = None,
    ) -> gpd.GeoDataFrame:
        """Give up to ``limit`` grids of a level whose code comes after ``after_code``, by code, in a box."""
        ...


class StaffRepository(Protocol):
    """Who is on duty in a grid, and when."""

    def replace(self, set_name: str, members: Sequence[StaffMember], *, valid_from: date) -> int:
        """Let these be the staff of a set from a day until the next change on record; give their number.

        Who is no longer among them ends on that day, who stays goes on, and all other days are as before. Somebody who
        comes twice is two people.

        Raises
        ------
        NotFound
            ``set_not_found``.
        """
        ...

    def any_of(self, set_name: str) -> bool:
        """Tell whether somebody is on duty in a set on any day."""
        ...

    def next_change(self, set_name: str, day: date) -> date | None:
        """Give the first day after a day on which the staff of a set is another; None where it stays."""
        ...

    def of_grid(self, set_name: str, code: str, day: date) -> list[StaffMember]:
        """Give the staff of a grid on a day, heads first, then by name."""
        ...

    def counts(self, set_name: str, day: date) -> pd.DataFrame:
        """Give ``grid_code, heads, workers`` of a day; one row a grid that has staff, by code."""
        ...

    def headed(self, set_name: str, day: date) -> set[str]:
        """Give the codes of the grids that have a head on a day."""
        ...


class ProfileRepository(Protocol):
    """What is known of the people of a grid, and when."""

    def put(self, set_name: str, profiles: Sequence[GridProfile], *, valid_from: date) -> int:
        """Let these be the profiles of their grids from a day until the next change of each; give their number.

        Other grids, and all other days, are as before.

        Raises
        ------
        NotFound
            ``set_not_found``.
        Conflict
            ``code_not_unique``: a grid comes twice.
        """
        ...

    def of_grid(self, set_name: str, code: str, day: date) -> GridProfile | None:
        """Give the profile of a grid on a day, if there is one."""
        ...

    def any_of(self, set_name: str) -> bool:
        """Tell whether a profile of a set holds on any day."""
        ...

    def of_day(self, set_name: str, day: date) -> list[GridProfile]:
        """Give all profiles of a set on a day, by code."""
        ...


class IncidentRepository(Protocol):
    """What happened, where and when, with the responsibility of its day."""

    def add(self, frame: gpd.GeoDataFrame) -> Added:
        """Add INCIDENTS rows with the RESPONSIBILITY columns, ``set_name`` and ``version_number``.

        Raises
        ------
        Conflict
            ``content_differs``: a known ``incident_id`` comes with another place, time or category. Nothing is added.
        """
        ...

    def page(self, where: PointFilter, *, limit: int, after: tuple[datetime, str] | None = None) -> gpd.GeoDataFrame:
        """Give up to ``limit`` incidents after a (occurred_at, incident_id) key, in that order."""
        ...

    def frame(self, where: PointFilter) -> gpd.GeoDataFrame:
        """Give all matching incidents in the same order."""
        ...

    def counts_by_grid(self, where: PointFilter) -> pd.DataFrame:
        """Give ``grid_code, incidents``, by code; rows without an owner are left out."""
        ...

    def count(self, where: PointFilter) -> int:
        """Count the matching incidents."""
        ...

    def reown(self, where: PointFilter, owners: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> int:
        """Ask again who owns the matching incidents, some thousands at a time; give how many changed hands.

        ``owners`` gets ``occurred_at`` and the points, and gives them with RESPONSIBILITY, ``set_name`` and
        ``version_number``.
        """
        ...

    def categories(self) -> list[str]:
        """Give the categories in use, sorted."""
        ...

    def time_span(self) -> tuple[datetime, datetime] | None:
        """Give the first and the last occurred_at, or None where there is nothing."""
        ...


class PatrolRepository(Protocol):
    """Where the workers passed by."""

    def add(self, frame: gpd.GeoDataFrame) -> Added:
        """Add FIXES rows with ``grid_code``, ``set_name``, ``version_number``; key: (unit_id, fixed_at, place)."""
        ...

    def reown(self, where: PointFilter, owners: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> int:
        """Ask again who owns the matching fixes; as for incidents, with ``fixed_at``."""
        ...

    def frame(self, where: PointFilter) -> gpd.GeoDataFrame:
        """Give all matching fixes by (unit_id, fixed_at)."""
        ...

    def counts_by_grid(self, where: PointFilter) -> pd.DataFrame:
        """Give ``grid_code, fixes, units, last_fix_at``, by code; rows without an owner are left out."""
        ...

    def count(self, where: PointFilter) -> int:
        """Count the matching fixes."""
        ...

    def time_span(self) -> tuple[datetime, datetime] | None: ...


class ContextRepository(Protocol):
    """Water, roads and green that give a map its context: never an owner of anything."""

    def replace(self, frame: gpd.GeoDataFrame) -> int:
        """Set the context to these rows (``kind``, ``name``, geometry of any simple kind); give their number."""
        ...

    def frame(self) -> gpd.GeoDataFrame: ...


@dataclass(frozen=True, slots=True)
class FeatureFilter:
    """Which features of a layer on a day: states, box; None means all."""

    layer: str
    day: date
    states: tuple[str, ...] | None = None
    bbox: Box | None = None


#: Says who owns features: gets ``valid_from`` and the geometry, gives ``set_name, version_number, grid_code``.
Owners = Callable[[gpd.GeoDataFrame], pd.DataFrame]


class FeatureRepository(Protocol):
    """Facilities and thematic zones, by layer and day.

    A frame of features has ``code, name, state, valid_from, valid_to, set_name, version_number, grid_code, attributes``
    and a geometry of any simple kind. A row stands for the days in which nothing of it changed; its owner is that of
    the first of them.
    """

    def list_layers(self) -> list[FeatureLayer]:
        """Give all layers by name."""
        ...

    def find_layer(self, name: str) -> FeatureLayer | None: ...

    def put_layer(self, layer: FeatureLayer) -> None:
        """Add a layer, or replace the title of the one with this name."""
        ...

    def replace(self, layer: str, frame: gpd.GeoDataFrame, *, valid_from: date, owners: Owners) -> int:
        """Let these (``code, name, state, attributes``) be the features of a layer from a day until the next change.

        What is no longer among them ends on that day, what stays as it is goes on, and all other days are as before.
        ``owners`` is asked for what begins.

        Raises
        ------
        NotFound
            ``feature_layer_unknown``.
        Conflict
            ``code_not_unique``.
        GeometryError
            ``not_simple_shapes``, ``geometry_missing``.
        """
        ...

    def next_change(self, layer: str, day: date) -> date | None:
        """Give the first day after a day on which a layer is another; None where it stays."""
        ...

    def counts(self, day: date) -> pd.DataFrame:
        """Give ``layer, state, features`` of a day, by layer and state; no row where there is nothing."""
        ...

    def page(self, where: FeatureFilter, *, limit: int, after_code: str | None = None) -> gpd.GeoDataFrame:
        """Give up to ``limit`` features of a day whose code comes after ``after_code``, by code."""
        ...

    def frame(self, where: FeatureFilter) -> gpd.GeoDataFrame:
        """Give all matching features of a day, by code."""
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

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...
    def commit(self) -> None: ...


class Store(Protocol):
    """A place that hands out units of work and can be closed."""

    def unit_of_work(self) -> UnitOfWork: ...
    def close(self) -> None: ...
    def revision(self) -> Hashable:
        """Give a value that stands for what is stored: after a commit, by whomever, it is another one.

        Equal values mean the same data, so it is the key of whatever is kept because it is dear to make. Values of
        different stores, or of different processes, cannot be compared.
        """
        ...

    def ping(self) -> None:
        """Raise ``StoreUnavailable`` when the database does not answer or its schema is not current."""
        ...
