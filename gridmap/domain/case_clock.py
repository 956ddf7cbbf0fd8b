"""The clocks of a case: one for each stage, read from its record. Nothing is armed that could outlive its case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gridmap.domain.calendars import WorkCalendar
from gridmap.domain.cases import Act, CaseStatus, Entry, Standing, history_of
from gridmap.domain.deadlines import Due, Limit, Pause, due
from gridmap.domain.limits import Risk, Stage

_STAGES: Mapping[CaseStatus, Stage] = {
    CaseStatus.REPORTED: Stage.ACCEPT,
    CaseStatus.FILED: Stage.DISPATCH,
    CaseStatus.DISPATCHED: Stage.HANDLE,
    CaseStatus.HANDLING: Stage.HANDLE,
    CaseStatus.SUSPENDED: Stage.HANDLE,
    CaseStatus.HANDLED: Stage.VERIFY,
    CaseStatus.VERIFIED: Stage.VERIFY,
}


@dataclass(frozen=True, slots=True)
class Timer:
    """A clock that runs, or stands, for one version of a case.

    Attributes
    ----------
    stage : Stage
    limit : Limit
        With its extensions.
    started : datetime
    due : Due
        When it is up, with the stretches that were counted; ``due.at`` None while it stands.
    """

    stage: Stage
    limit: Limit
    started: datetime
    due: Due


def at_risk_from(found: Due, risk: Risk) -> datetime | None:
    """Give the moment from which on a case is at risk with a clock; None while that stands still."""
    last = found.before(risk.share)
    return None if last is None or found.at is None else min(last, found.at - risk.least)


@dataclass(frozen=True, slots=True)
class Timers:
    """The clock of the present stage (None: nothing is to be done, or there is no limit), and that of handling.

    ``handling`` runs from the last time the case was sent to somebody, stands while it is suspended and while somebody
    else has it (it waits to be verified and comes back), and stays as it was once it was handled.
    """

    present: Timer | None
    handling: Timer | None


def timers(
    record: Sequence[Entry],
    handling: Limit | None,
    stages: Mapping[Stage, Limit],
    calendar: WorkCalendar,
    history: Sequence[Standing] | None = None,
) -> Timers:
    """Read the clocks of a case.

    Parameters
    ----------
    record : sequence of Entry
        All of it, oldest first.
    handling : Limit or None
        For handling it once, without extensions.
    stages : mapping
        The limits of the other stages.
    history : sequence of Standing, optional
        Where it stood after each line, where that was read before.
    """
    history = history_of(record) if history is None else history
    now = history[-1]
    at_work = _handling(record, history, handling, calendar)
    stage = _STAGES.get(now.status)
    if stage is None:
        return Timers(None, at_work)
    if stage is Stage.HANDLE:
        return Timers(at_work, at_work)
    limit = stages.get(stage)
    if limit is None:
        return Timers(None, at_work)
    started = record[_since(history)].at
    return Timers(Timer(stage, limit, started, due(started, limit, calendar)), at_work)


def _since(history: Sequence[Standing]) -> int:
    """Give the line that brought the case where it stands; notes and the like do not count."""
    here = len(history) - 1
    while here and history[here - 1].status is history[here].status:
        here -= 1
    return here


def _handling(
    record: Sequence[Entry], history: Sequence[Standing], limit: Limit | None, calendar: WorkCalendar
) -> Timer | None:
    sent = [i for i, entry in enumerate(record) if entry.act is Act.DISPATCH]
    now = history[-1]
    if limit is None or not sent or now.status in (CaseStatus.FILED, CaseStatus.REPORTED):
        return None
    first = sent[-1]
    pauses: list[Pause] = []
    stands: datetime | None = None
    for entry, standing in zip(record[first:], history[first:], strict=True):
        runs = standing.status in (CaseStatus.DISPATCHED, CaseStatus.HANDLING)
        if not runs and stands is None:
            stands = entry.at
        elif runs and stands is not None:
            pauses.append(Pause(stands, entry.at))
            stands = None
    if now.status is CaseStatus.SUSPENDED:
        assert stands is not None
        pauses.append(Pause(stands))
    whole = limit.times(1 + now.extensions)
    return Timer(Stage.HANDLE, whole, record[first].at, due(record[first].at, whole, calendar, pauses))


@dataclass(frozen=True, slots=True)
class Milestones:
    """When a case came how far; None where it has not."""

    filed_at: datetime | None
    dispatched_at: datetime | None
    handled_at: datetime | None
    closed_at: datetime | None


def milestones(record: Sequence[Entry], standing: Standing) -> Milestones:
    """Read from the whole record when a case was first filed and dispatched, last handled, and closed if it still is.

    Parameters
    ----------
    record : sequence of Entry
        In order.
    standing : Standing
        Where the case stands after it.
    """

    def times(act: Act) -> list[datetime]:
        return [entry.at for entry in record if entry.act is act]

    filed, dispatched, handled, closed = map(times, (Act.FILE, Act.DISPATCH, Act.HANDLE, Act.CLOSE))
    return Milestones(
        filed[0] if filed else None,
        dispatched[0] if dispatched else None,
        handled[-1] if handled else None,
        closed[-1] if closed and standing.status is CaseStatus.CLOSED else None,
    )
