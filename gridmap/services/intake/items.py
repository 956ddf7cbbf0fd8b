"""What a request brings, and what becomes of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from gridmap.domain.patrols import EPOCH, CleaningRules
from gridmap.services.ports import (
    Answered,
    NewCase,
    NewFix,
    NewIncident,
    NewPoint,
    PointOwner,
    PointsOf,
    Store,
    UnitOfWork,
)
from gridmap.services.responsibility import Plans

#: Says why a point cannot be right at a moment, by the numbers by which fixes are cleaned; None: nothing is wrong.
Judge = Callable[[Any, datetime, CleaningRules], "ItemResult | None"]


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item of a batch.

    ``status`` is accepted, duplicate, quarantined (cannot be right, was not stored) or rejected; ``code`` says why,
    ``pointer`` which member of the item is at fault. ``flag`` is what is odd about one that was kept all the same, and
    ``clock_s`` the seconds by which its time was set right.
    """

    status: str
    code: str | None = None
    grid_code: str | None = None
    method: str | None = None
    pointer: str | None = None
    case: "OpenedAs | None" = None
    flag: str | None = None
    clock_s: float | None = None


class OpenedAs(NamedTuple):
    """What a report is told: the id of its case, who should handle it, by which rule, cases that could be the same."""

    case_id: str
    unit: str | None
    rule: str | None
    similar: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """The key under which a request is answered once; as of ``ports.Answered``."""

    account_id: str
    key: str
    route: str
    request_hash: str


class Part(NamedTuple):
    """The cases of one batch with their owners, and the unit of work of who brings them."""

    work: UnitOfWork
    plans: Plans
    points: Sequence[NewPoint]
    owners: Sequence[PointOwner]


#: Completes the cases of several batches at once, in the unit of work that they share.
Completes = Callable[[UnitOfWork, Sequence[Part]], Sequence[Sequence[tuple[NewPoint, OpenedAs]]]]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request brings.

    Attributes
    ----------
    store : Store
        As whoever asks sees it.
    plans : Plans
        The same.
    kind : str
        Incidents or patrol fixes.
    points : sequence
        ``NewIncident`` or ``NewFix``, in WGS 84.
    faults : sequence
        What was found out already of each of them; None: it may be kept.
    said : sequence of (lon, lat), optional
        The degrees as they were sent, which tell whether somebody mixed up the two.
    key : Key, optional
    written : callable, optional
        Writes the answer, which is kept under the key.
    complete : callable, optional
        Completes the cases that may be kept, once their owners are known; one for all batches of cases.
    judge : callable, optional
        Says at the desk what is wrong with the points that have no fault yet, by the city's book of the day.
    """

    store: Store
    plans: Plans
    kind: PointsOf
    points: Sequence[NewPoint]
    faults: Sequence[ItemResult | None]
    said: Sequence[tuple[float, float]] | None = None
    key: Key | None = None
    written: Callable[[list[ItemResult]], str] | None = None
    complete: "Completes | None" = None
    judge: Judge | None = None

    def judged(self, now: datetime, rules: CleaningRules) -> "Sequence[ItemResult | None]":
        """Say of each point why it cannot be kept; None: it may be."""
        if self.judge is None:
            return self.faults
        pairs = zip(self.points, self.faults, strict=True)
        return [self.judge(point, now, rules) if fault is None else fault for point, fault in pairs]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a batch: one result an item, or the answer that the same request got before."""

    results: list[ItemResult]
    before: Answered | None = None


def kept_incident(incident: NewIncident | NewCase, now: datetime, rules: CleaningRules) -> ItemResult | None:
    """Say why an incident cannot be right; None where nothing is wrong."""
    return _quarantined(_implausible(incident.lon, incident.lat, incident.occurred_at, now, rules))


def kept_fix(fix: NewFix, now: datetime, rules: CleaningRules) -> ItemResult | None:
    """Say why a fix cannot be right, by the numbers by which fixes are cleaned; None where nothing is wrong."""
    code = _implausible(fix.lon, fix.lat, fix.fixed_at, now, rules)
    if code is None and fix.fixed_at < EPOCH:
        code = "before_epoch"
    if code is None and fix.fixed_at < now - timedelta(days=rules.oldest_days):
        code = "too_old"
    if code is None and fix.accuracy_m is not None and fix.accuracy_m > rules.accuracy_m:
        code = "low_accuracy"
    return _quarantined(code)


def _implausible(lon: float, lat: float, at: datetime, now: datetime, rules: CleaningRules) -> str | None:
    if abs(lon) < rules.island_deg and abs(lat) < rules.island_deg:
        return "null_island"
    return "clock_skew" if at > now + timedelta(seconds=rules.ahead_s) else None


def _quarantined(code: str | None) -> ItemResult | None:
    return None if code is None else ItemResult("quarantined", code)
