"""Incidents and fixes, cut down to a reach by the owner that is stored with them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, TypeVar

import geopandas as gpd
import pandas as pd

from gridmap.domain.access import Permission
from gridmap.errors import Conflict, NotAllowed
from gridmap.services.guarded.guard import Guard
from gridmap.services.ports import (
    Added,
    IncidentRecord,
    IncidentRepository,
    NewPoint,
    Passing,
    PatrolRepository,
    PointFilter,
    PointOwner,
    Verdict,
    Within,
)

Owners = Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]
Raw = TypeVar("Raw", IncidentRepository, PatrolRepository)


class _Cut(Generic[Raw]):
    """What both kinds share. The store leaves out what is beyond reach, so pages, counts and limits are right."""

    _see: Permission
    _add: Permission

    def __init__(self, guard: Guard, raw: Raw) -> None:
        self._guard = guard
        self._raw: Raw = raw

    def _mine(self, where: PointFilter) -> PointFilter:
        return replace(where, within=self._within(where.within))

    def _within(self, asked: Within | None) -> Within | None:
        return both_within(self._guard.within(self._see), asked)

    def _require_mine(self, frame: gpd.GeoDataFrame) -> None:
        """Check that all points of a frame lie within reach (Conflict ``outside_reach``: none of it is added)."""
        mine = self._guard.within(self._add)
        if mine is None:
            return
        kept = pd.Series(False, index=frame.index)
        for name, codes in mine:
            asked = frame["set_name"] == name
            kept |= asked if codes is None else asked & frame["grid_code"].isin(codes)
        if not kept.all():
            raise Conflict("outside_reach")

    def _require_publisher(self) -> None:
        """Owners are asked again by who publishes a set, which is then within his reach as a whole."""
        if not any(area.code is None for area in self._guard.reach(Permission.PUBLISH).areas):
            raise NotAllowed("outside_reach")

    def add(self, frame: gpd.GeoDataFrame) -> Added:
        """Add points that lie within reach."""
        self._require_mine(frame)
        return self._raw.add(frame)

    def within_reach(self, points: Sequence[tuple[NewPoint, PointOwner]]) -> list[bool]:
        """Tell which points with their owners may be added."""
        return owned_in(self._guard.within(self._add), [owner for _, owner in points])

    def take(self, points: Sequence[tuple[Any, PointOwner]]) -> list[Verdict]:
        """Add points that lie within reach, one by one."""
        kept = self.within_reach(points)
        said = iter(self._raw.take([point for point, k in zip(points, kept, strict=True) if k]))
        return [next(said) if k else Verdict.BEYOND for k in kept]

    def frame(self, where: PointFilter) -> gpd.GeoDataFrame:
        """Give the points within reach."""
        return self._raw.frame(self._mine(where))

    def counts_by_grid(self, where: PointFilter) -> pd.DataFrame:
        """Count the points within reach by grid."""
        return self._raw.counts_by_grid(self._mine(where))

    def count(self, where: PointFilter) -> int:
        """Count the points within reach."""
        return self._raw.count(self._mine(where))

    def reown(self, where: PointFilter, owners: Owners) -> int:
        """Ask again who owns points, on behalf of a publication."""
        self._require_publisher()
        return self._raw.reown(where, owners)

    def time_span(self, within: Within | None = None) -> tuple[datetime, datetime] | None:
        """Give the ends of the points within reach."""
        return self._raw.time_span(self._within(within))


def owned_in(mine: Within | None, owners: Sequence[PointOwner]) -> list[bool]:
    """Tell which owners lie within reach."""
    if mine is None:
        return [True] * len(owners)
    reach = dict(mine)
    return [
        owner.set_name in reach and ((codes := reach[owner.set_name]) is None or owner.grid_code in codes)
        for owner in owners
    ]


def both_within(mine: Within | None, asked: Within | None) -> Within | None:
    """Cut what is asked for down to what is within reach."""
    if asked is None or mine is None:
        return mine if asked is None else asked
    reach = dict(mine)
    return tuple((name, _both(codes, reach[name])) for name, codes in asked if name in reach)


def _both(a: frozenset[str] | None, b: frozenset[str] | None) -> frozenset[str] | None:
    if a is None or b is None:
        return b if a is None else a
    return a & b


class CutIncidents(_Cut[IncidentRepository]):
    """``IncidentRepository`` for who does not have everything."""

    _see = Permission.INCIDENTS_READ
    _add = Permission.INCIDENTS_WRITE

    def __init__(self, guard: Guard) -> None:
        super().__init__(guard, guard.raw.incidents)

    def page(self, where: PointFilter, *, limit: int, after: tuple[datetime, str] | None = None) -> gpd.GeoDataFrame:
        """Give a page of the incidents within reach."""
        return self._raw.page(self._mine(where), limit=limit, after=after)

    def records(
        self, where: PointFilter, *, limit: int, after: tuple[datetime, str] | None = None
    ) -> list[IncidentRecord]:
        """Give a page of the incidents within reach, row by row."""
        return self._raw.records(self._mine(where), limit=limit, after=after)

    def find(self, incident_id: str, within: Within | None = None) -> IncidentRecord | None:
        """Give an incident within reach."""
        return self._raw.find(incident_id, self._within(within))

    def categories(self, within: Within | None = None) -> list[str]:
        """Give the categories of the incidents within reach."""
        return self._raw.categories(self._within(within))


class CutPatrols(_Cut[PatrolRepository]):
    """``PatrolRepository`` for who does not have everything."""

    _see = Permission.PATROLS_READ
    _add = Permission.PATROLS_WRITE

    def __init__(self, guard: Guard) -> None:
        super().__init__(guard, guard.raw.patrols)

    def frame(self, where: PointFilter, units: Sequence[str] | None = None) -> gpd.GeoDataFrame:
        """Give the fixes within reach."""
        return self._raw.frame(self._mine(where), units)

    def latest(self, where: PointFilter, units: Sequence[str] | None = None) -> gpd.GeoDataFrame:
        """Give the last fix of each unit of those where positions may be seen."""
        mine = both_within(self._guard.within(Permission.PATROLS_LIVE), where.within)
        return self._raw.latest(replace(where, within=mine), units)

    def passing(self, where: PointFilter) -> Passing:
        """Give the fixes within reach in numbers."""
        return self._raw.passing(self._mine(where))
