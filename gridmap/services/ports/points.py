"""Incidents and patrols, as the use cases ask for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.services.ports.boundaries import Box

#: Whose something is: in each named set one of these codes, or with None anything that was asked of the set.
Within = tuple[tuple[str, frozenset[str] | None], ...]


@dataclass(frozen=True, slots=True)
class PointFilter:
    """Which incidents or fixes: half-open time window ``[start, end)``, categories, box, owner; None means all.

    ``version`` is the (set, number) whose grids were asked for the owner, ``not_version`` leaves those out (and keeps
    what nobody was asked for). ``within`` keeps what these sets and codes own; an empty one keeps nothing.
    """

    start: datetime | None = None
    end: datetime | None = None
    categories: tuple[str, ...] | None = None
    bbox: Box | None = None
    grid_code: str | None = None
    version: tuple[str, int] | None = None
    not_version: tuple[str, int] | None = None
    within: Within | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """How many rows were new, and how many were there before with the same key and content.

    ``new``: for each row whether it was new, where that is known; None: all were, or those added meanwhile by others
    were not.
    """

    added: int
    duplicates: int
    new: npt.NDArray[np.bool_] | None = field(default=None, compare=False, repr=False)


class IncidentRecord(NamedTuple):
    """An incident as it is shown in lists: never with its note, which may name people. ``place`` is a point."""

    incident_id: str
    occurred_at: datetime
    category: str
    channel: str | None
    grid_code: str | None
    method: str | None
    version_number: int | None
    place: Any


class Passing(NamedTuple):
    """How many fixes of how many units there are, and when the last one was."""

    fixes: int
    units: int
    last_fix_at: datetime | None


#: The repository of a unit of work that keeps one kind of points.
PointsOf = Literal["incidents", "patrols", "cases"]


class NewIncident(NamedTuple):
    """An incident that comes in by itself, in WGS 84; ``occurred_at`` is aware."""

    incident_id: str
    occurred_at: datetime
    category: str
    lon: float
    lat: float
    channel: str | None = None
    note: str | None = None

    @property
    def at(self) -> datetime:
        """When it was."""
        return self.occurred_at


class NewFix(NamedTuple):
    """A fix that comes in by itself, in WGS 84; ``fixed_at`` is aware."""

    unit_id: str
    fixed_at: datetime
    lon: float
    lat: float
    accuracy_m: float | None = None

    @property
    def at(self) -> datetime:
        """When it was."""
        return self.fixed_at


class NewPoint(Protocol):
    """A point that comes in by itself: an incident, a fix, a case."""

    @property
    def at(self) -> datetime: ...
    @property
    def lon(self) -> float: ...
    @property
    def lat(self) -> float: ...


class PointOwner(NamedTuple):
    """Who owned a point on its day: RESPONSIBILITY, and the version that was asked; None where there was none."""

    grid_code: str | None
    method: str
    border_m: float | None
    set_name: str | None
    version_number: int | None


class Verdict(StrEnum):
    """What became of one point.

    ``content_differs``: a known ``incident_id`` came with another place, time or category. ``outside_reach``: whoever
    brought it may not add points there. ``day_thinned``: the fixes of its day were summed up and thrown away. Of none
    of these anything is stored.
    """

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    DIFFERS = "content_differs"
    BEYOND = "outside_reach"
    THINNED = "day_thinned"


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

    def take(self, points: Sequence[tuple[NewIncident, PointOwner]]) -> list[Verdict]:
        """Add a few incidents, each judged by itself and after those before it.

        Raises
        ------
        Conflict
            ``store_refused``: somebody else added one of them at this moment. Nothing is added; ask again.
        """
        ...

    def page(self, where: PointFilter, *, limit: int, after: tuple[datetime, str] | None = None) -> gpd.GeoDataFrame:
        """Give up to ``limit`` incidents after a (occurred_at, incident_id) key, in that order."""
        ...

    def records(
        self, where: PointFilter, *, limit: int, after: tuple[datetime, str] | None = None
    ) -> list[IncidentRecord]:
        """Give the same page as ``page``, row by row: for the few that somebody looks at."""
        ...

    def find(self, incident_id: str, within: Within | None = None) -> IncidentRecord | None:
        """Give one incident as ``records`` shows it; None where there is none that these sets and codes own."""
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

    def categories(self, within: Within | None = None) -> list[str]:
        """Give the categories in use, sorted."""
        ...

    def time_span(self, within: Within | None = None) -> tuple[datetime, datetime] | None:
        """Give the first and the last occurred_at, or None where there is nothing."""
        ...


class PatrolRepository(Protocol):
    """Where the workers passed by."""

    def add(self, frame: gpd.GeoDataFrame) -> Added:
        """Add FIXES rows with ``grid_code``, ``set_name``, ``version_number``; key: (unit_id, fixed_at, place).

        Raises
        ------
        Conflict
            ``day_thinned``: the fixes of a day of theirs were summed up and thrown away. Nothing is added.
        """
        ...

    def take(self, points: Sequence[tuple[NewFix, PointOwner]]) -> list[Verdict]:
        """Add a few fixes, each judged by itself; as for incidents."""
        ...

    def reown(self, where: PointFilter, owners: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> int:
        """Ask again who owns the matching fixes; as for incidents, with ``fixed_at``."""
        ...

    def frame(self, where: PointFilter, units: Sequence[str] | None = None) -> gpd.GeoDataFrame:
        """Give all matching fixes (of some units) by (unit_id, fixed_at)."""
        ...

    def counts_by_grid(self, where: PointFilter) -> pd.DataFrame:
        """Give ``grid_code, fixes, units, last_fix_at``, by code; rows without an owner are left out."""
        ...

    def latest(self, where: PointFilter, units: Sequence[str] | None = None) -> gpd.GeoDataFrame:
        """Give the last of the matching fixes of each unit (of these alone, where some are named), by unit."""
        ...

    def passing(self, where: PointFilter) -> Passing:
        """Give all matching fixes in numbers; nobody's are left out."""
        ...

    def count(self, where: PointFilter) -> int:
        """Count the matching fixes."""
        ...

    def time_span(self, within: Within | None = None) -> tuple[datetime, datetime] | None: ...
