"""What incidents and fixes share: the owner of each point on its day, imports in bulk, and batches of single items."""

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
from gridmap.errors import Conflict
from gridmap.services.ports import Added, IncidentRepository, PatrolRepository, PointFilter, Store, UnitOfWork
from gridmap.services.responsibility import Plans, locate_many, owning_set
from gridmap.settings import Settings

#: A report from further ahead than this has a wrong clock.
MAX_AHEAD = timedelta(minutes=5)
#: So many rows are added one by one rather than halved again.
_FEW = 8


@dataclass(frozen=True, slots=True)
class PointKind:
    """How one kind of point is stored: its column of times, and the repository of a unit of work that holds it."""

    time_column: str
    repository: Callable[[UnitOfWork], IncidentRepository | PatrolRepository]

    def add(self, work: UnitOfWork, frame: gpd.GeoDataFrame) -> Added:
        """Add a frame of it to a unit of work."""
        return self.repository(work).add(frame)


INCIDENT = PointKind("occurred_at", lambda work: work.incidents)
FIX = PointKind("fixed_at", lambda work: work.patrols)


@dataclass(frozen=True, slots=True)
class PointsOutcome:
    """What an import of points did, or would do."""

    added: Added
    summary: JoinSummary
    first_at: datetime | None = None
    last_at: datetime | None = None
    committed: bool = False


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item of a batch.

    ``status`` is accepted, duplicate, quarantined (cannot be right, was not stored) or rejected; ``code`` says why.
    """

    status: str
    code: str | None = None
    grid_code: str | None = None
    method: str | None = None


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


def record_points(
    store: Store,
    plans: Plans,
    kind: PointKind,
    items: gpd.GeoDataFrame,
    faults: list[str | None],
    *,
    settings: Settings,
) -> list[ItemResult]:
    """Take a batch of single items; each is judged by itself.

    The good ones are committed together, or in parts where some are known already. If the store fails between two
    parts, the batch can be sent again: what was kept is then a duplicate.

    Parameters
    ----------
    items : GeoDataFrame
        INCIDENTS or FIXES in WGS 84, already of the right types.
    faults : list
        Why an item cannot be right, or None; those with a fault are quarantined.

    Returns
    -------
    list of ItemResult
        One an item, in order.
    """
    results = [ItemResult("quarantined", fault) for fault in faults]
    kept = [i for i, fault in enumerate(faults) if fault is None]
    if not kept:
        return results
    home = primary_set(plans, settings)
    with store.unit_of_work() as work:
        owned, _ = add_owners(work, plans, items.iloc[kept], kind.time_column, settings=settings, boundary_set=home)
    ownership = _Ownership(plans, kind, home, settings)
    said = _add_in_parts(store, ownership, owned)
    if ownership.renewed:
        with store.unit_of_work() as work:
            owned = ownership.ask(work, owned)
    owners = zip(kept, said, owned["grid_code"], owned["method"], strict=True)
    for i, (status, code), grid_code, method in owners:
        known = status in ("accepted", "duplicate")
        results[i] = ItemResult(status, code, grid_code if known else None, str(method) if known else None)
    return results


class _Ownership:
    """Owners that were asked of a revision of the set, and are asked again where somebody has published since.

    Without it, points that are on their way while a version is published would come in with owners that it took the
    days from, and nobody would ask again.
    """

    def __init__(self, plans: Plans, kind: PointKind, home: BoundarySet | None, settings: Settings) -> None:
        self.kind = kind
        self.renewed = False
        self._plans, self._home, self._settings = plans, home, settings

    def ask(self, work: UnitOfWork, points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Give points with the owners of their days, as it stands now."""
        column, home = self.kind.time_column, self._home
        return add_owners(work, self._plans, points, column, settings=self._settings, boundary_set=home)[0]

    def _stale(self, work: UnitOfWork) -> bool:
        return self._home is not None and work.boundaries.hold(self._home.name) != self._home.revision

    def add(self, work: UnitOfWork, owned: gpd.GeoDataFrame) -> Added:
        """Add points to a unit of work that commits soon, with owners that hold when it does."""
        if self._stale(work):
            self.renewed = True
            owned = self.ask(work, owned)
        return self.kind.add(work, owned)

    def settle(self, work: UnitOfWork, first: datetime, last: datetime) -> None:
        """See before the commit of a long import that the owners still hold, and ask again for its time if not."""
        if self._stale(work):
            span = PointFilter(start=first, end=last + timedelta(microseconds=1))
            self.kind.repository(work).reown(span, lambda points: self.ask(work, points))


def _add_in_parts(store: Store, ownership: _Ownership, owned: gpd.GeoDataFrame) -> list[tuple[str, str | None]]:
    """Add the rows in the largest parts of which one word is true, and say of each row what became of it.

    A device that sends again what it did not hear about sends known rows first, then new ones: halving finds the place
    in a few steps, where adding row by row takes seconds and lets no other writer in.
    """
    common = _add_together(store, ownership, owned)
    if common:
        return [common] * len(owned)
    if len(owned) <= _FEW:
        return _add_each(store, ownership, owned)
    half = len(owned) // 2
    return _add_in_parts(store, ownership, owned.iloc[:half]) + _add_in_parts(store, ownership, owned.iloc[half:])


def _add_together(store: Store, ownership: _Ownership, owned: gpd.GeoDataFrame) -> tuple[str, str | None] | None:
    """Add all rows at once if one word is true of all of them; else leave everything as it was and give None."""
    with store.unit_of_work() as work:
        try:
            result = ownership.add(work, owned)
        except Conflict:
            return None
        if result.added and result.duplicates:
            return None
        work.commit()
    return "accepted" if result.added else "duplicate", None


def _add_each(store: Store, ownership: _Ownership, owned: gpd.GeoDataFrame) -> list[tuple[str, str | None]]:
    """Add the rows one by one in one transaction and say of each what became of it."""
    statuses: list[tuple[str, str | None]] = []
    with store.unit_of_work() as work:
        for i in range(len(owned)):
            try:
                statuses.append(("accepted" if ownership.add(work, owned.iloc[[i]]).added else "duplicate", None))
            except Conflict as conflict:
                statuses.append(("rejected", conflict.code))
        work.commit()
    return statuses


def implausible(items: gpd.GeoDataFrame, times: pd.Series, now: datetime) -> list[str | None]:
    """Say of each item why it cannot be right: ``null_island`` or ``clock_skew``; None where nothing is wrong."""
    x, y = items.geometry.x.to_numpy(), items.geometry.y.to_numpy()
    island = (np.abs(x) < 0.01) & (np.abs(y) < 0.01)
    future = (times > now + MAX_AHEAD).to_numpy()
    return ["null_island" if a else "clock_skew" if b else None for a, b in zip(island, future, strict=True)]


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
