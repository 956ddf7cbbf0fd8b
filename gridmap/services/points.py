"""What incidents and fixes share: the owner of each point on its day, and imports in bulk."""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.responsibility import JoinSummary
from gridmap.domain.boundaries import BoundarySet, BoundaryVersion, in_time_order
from gridmap.services.ports import (
    Added,
    IncidentRepository,
    PatrolRepository,
    PointFilter,
    PointsOf,
    Store,
    UnitOfWork,
)
from gridmap.services.responsibility import Plans, locate_many, owning_set
from gridmap.settings import Settings


@dataclass(frozen=True, slots=True)
class PointKind:
    """How one kind of point is stored: its repository in a unit of work, and its column of times."""

    name: PointsOf
    time_column: str
    repository: Callable[[UnitOfWork], IncidentRepository | PatrolRepository]

    def add(self, work: UnitOfWork, frame: gpd.GeoDataFrame) -> Added:
        """Add a frame of it to a unit of work."""
        return self.repository(work).add(frame)


INCIDENT = PointKind("incidents", "occurred_at", lambda work: work.incidents)
FIX = PointKind("patrols", "fixed_at", lambda work: work.patrols)


@dataclass(frozen=True, slots=True)
class PointsOutcome:
    """What an import of points did, or would do."""

    added: Added
    summary: JoinSummary
    first_at: datetime | None = None
    last_at: datetime | None = None
    committed: bool = False


def primary_set(plans: Plans, settings: Settings) -> BoundarySet | None:
    """Give the set that owns stored points; see ``responsibility.owning_set``."""
    return plans.owner_of_points(settings.default_set)


def primary_of(work: UnitOfWork, settings: Settings) -> BoundarySet | None:
    """Give the set that owns stored points, as an open unit of work sees it; as ``primary_set``."""
    return owning_set(work, settings.default_set)


def import_points(
    store: Store,
    plans: Plans,
    kind: PointKind,
    batches: Iterable[gpd.GeoDataFrame],
    *,
    settings: Settings,
    commit: Callable[[], bool] = lambda: False,
) -> PointsOutcome:
    """Join batches of points to the grid of their day and add them, all or none.

    Parameters
    ----------
    batches : iterable of GeoDataFrame
        INCIDENTS or FIXES in WGS 84.
    commit : callable
        Asked after the last batch, when all findings are known. Where it says no, the transaction is let go: what the
        outcome says is what would happen.

    Raises
    ------
    Conflict
        ``content_differs``: a known incident id comes with another place, time or category.
    """
    home = primary_set(plans, settings)
    added, duplicates, summary = 0, 0, JoinSummary()
    spans: list[datetime] = []
    with store.unit_of_work() as work, _collector_at_rest():
        versions = work.boundaries.list_versions(home.name) if home is not None else []
        for batch in batches:
            if not len(batch):
                continue
            owned, counted = add_owners(
                work, plans, batch, kind.time_column, settings=settings, boundary_set=home, versions=versions
            )
            summary = summary + counted
            spans += [owned[kind.time_column].min(), owned[kind.time_column].max()]
            result = kind.add(work, owned)
            added, duplicates = added + result.added, duplicates + result.duplicates
            gc.collect(1)
        first, last = (min(spans), max(spans)) if spans else (None, None)
        committed = commit()
        if committed:
            if first is not None and last is not None:
                _Ownership(plans, kind, home, settings).settle(work, first, last)
            work.commit()
    return PointsOutcome(Added(added, duplicates), summary, first, last, committed)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep the collector of cycles from looking through a batch's points again and again while they are made."""
    active = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if active:
            gc.enable()


class _Ownership:
    """Owners that were asked of a revision of the set, and are asked again where somebody has published since.

    Without it, points that are on their way while a version is published would come in with owners that it took the
    days from, and nobody would ask again.
    """

    def __init__(self, plans: Plans, kind: PointKind, home: BoundarySet | None, settings: Settings) -> None:
        self.kind = kind
        self._plans, self._home, self._settings = plans, home, settings

    def ask(self, work: UnitOfWork, points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Give points with the owners of their days, as it stands now."""
        column, home = self.kind.time_column, self._home
        return add_owners(work, self._plans, points, column, settings=self._settings, boundary_set=home)[0]

    def _stale(self, work: UnitOfWork) -> bool:
        return self._home is not None and work.boundaries.hold(self._home.name) != self._home.revision

    def settle(self, work: UnitOfWork, first: datetime, last: datetime) -> None:
        """See before the commit of a long import that the owners still hold, and ask again for its time if not."""
        if self._stale(work):
            span = PointFilter(start=first, end=last + timedelta(microseconds=1))
            self.kind.repository(work).reown(span, lambda points: self.ask(work, points))


def add_owners(
    work: UnitOfWork,
    plans: Plans,
    frame: gpd.GeoDataFrame,
    time_column: str,
    *,
    settings: Settings,
    boundary_set: BoundarySet | None,
    versions: Sequence[BoundaryVersion] | None = None,
) -> tuple[gpd.GeoDataFrame, JoinSummary]:
    """Give each point the grid that owned it on its day.

    Parameters
    ----------
    frame : GeoDataFrame
        Points in WGS 84 with an aware time in ``time_column``.
    boundary_set : BoundarySet or None
        None where the store has no boundaries yet: nobody owns anything.
    versions : sequence of BoundaryVersion, optional
        Those of the set, where they are at hand.

    Returns
    -------
    GeoDataFrame, JoinSummary
        The rows with ``grid_code``, ``method``, ``border_m``, and ``set_name`` and ``version_number`` (None: no version
        was in force then).
    """
    n = len(frame)
    codes = np.full(n, None, dtype=object)
    methods = np.full(n, "none", dtype=object)
    border = np.full(n, np.nan)
    names = np.full(n, None, dtype=object)
    numbers = np.full(n, None, dtype=object)
    summary = JoinSummary()
    lon, lat = frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy()
    if boundary_set is not None:
        if versions is None:
            versions = work.boundaries.list_versions(boundary_set.name)
        local = frame[time_column].dt.tz_convert(ZoneInfo(settings.time_zone)).dt.tz_localize(None)
        for version, rows in _by_version(versions, local.to_numpy("datetime64[D]")):
            plan = plans.of(boundary_set, version, work)
            owner, answers = locate_many(plan, lon[rows], lat[rows], nearest_within_m=settings.nearest_within_m)
            codes[rows], methods[rows], border[rows] = owner, answers.methods(), answers.border_m
            names[rows], numbers[rows] = boundary_set.name, version.number
            summary = summary + JoinSummary.of(answers)
    left = n - summary.points
    joined = frame.copy()
    joined["border_m"] = border
    for name, values in (("grid_code", codes), ("method", methods), ("version_number", numbers), ("set_name", names)):
        # as objects: pandas would make text of a column of texts and None, and NaN of each None
        joined[name] = pd.Series(values, index=joined.index, dtype=object)
    return joined, summary + JoinSummary(points=left, none=left)


def _by_version(
    versions: Sequence[BoundaryVersion], days: npt.NDArray[np.datetime64]
) -> list[tuple[BoundaryVersion, npt.NDArray[np.int64]]]:
    """Group the rows by the version of their day; rows before the first or after the last version are left out."""
    groups = []
    for version in in_time_order(versions):
        held = days >= np.datetime64(version.valid_from)
        if version.valid_to is not None:
            held &= days < np.datetime64(version.valid_to)
        rows = np.flatnonzero(held)
        if len(rows):
            groups.append((version, rows))
    return groups
