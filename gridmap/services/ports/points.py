"""Incidents and patrols, as the use cases ask for them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import geopandas as gpd
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
    """How many rows were new, and how many were there before with the same key and content."""

    added: int
    duplicates: int


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

    def categories(self, within: Within | None = None) -> list[str]:
        """Give the categories in use, sorted."""
        ...

    def time_span(self, within: Within | None = None) -> tuple[datetime, datetime] | None:
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

    def time_span(self, within: Within | None = None) -> tuple[datetime, datetime] | None: ...
