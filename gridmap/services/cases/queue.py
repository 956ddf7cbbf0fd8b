"""Which cases stand in which queue, and how each stands with its clock."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from gridmap.domain.cases import OPEN, CaseStatus
from gridmap.services.clock import day_in, start_of
from gridmap.services.ports import CaseFilter, CaseLine, UnitOfWork


class Queue(StrEnum):
    """What somebody looks through."""

    NEW = "new"
    DISPATCH = "dispatch"
    HANDLING = "handling"
    VERIFY = "verify"
    OVERDUE = "overdue"
    RISK = "risk"
    TODAY = "today"
    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"

    @property
    def by_report(self) -> bool:
        """It goes by the report, newest first; the others by what is up next."""
        return self in (Queue.CLOSED, Queue.ALL)


class ClockState(StrEnum):
    """How a case stands with the clock of its stage. ``stopped``: it is suspended; ``none``: it has no clock."""

    OK = "ok"
    TODAY = "today"
    RISK = "risk"
    OVERDUE = "overdue"
    STOPPED = "stopped"
    NONE = "none"


_S = CaseStatus
_STATUSES: dict[Queue, tuple[CaseStatus, ...]] = {
    Queue.NEW: (_S.REPORTED,),
    Queue.DISPATCH: (_S.FILED,),
    Queue.HANDLING: (_S.DISPATCHED, _S.HANDLING, _S.SUSPENDED),
    Queue.VERIFY: (_S.HANDLED, _S.VERIFIED),
    Queue.CLOSED: (_S.CLOSED, _S.REJECTED, _S.MERGED),
}


def queued(where: CaseFilter, queue: Queue, now: datetime, zone: str) -> CaseFilter:
    """Narrow a filter down to a queue."""
    if queue in _STATUSES:
        statuses = tuple(status.value for status in _STATUSES[queue])
        return replace(where, statuses=statuses, open=queue is not Queue.CLOSED)
    if queue is Queue.OVERDUE:
        return replace(where, open=True, due_before=now)
    if queue is Queue.RISK:
        return replace(where, open=True, due_from=now, risk_before=now)
    if queue is Queue.TODAY:
        return replace(where, open=True, due_from=now, due_before=_midnight(now, zone))
    return replace(where, open=True) if queue is Queue.OPEN else where


def _midnight(now: datetime, zone: str) -> datetime:
    return start_of(day_in(now, zone) + timedelta(days=1), zone)


def queue_counts(work: UnitOfWork, where: CaseFilter, now: datetime, zone: str) -> dict[str, int]:
    """Count what stands in each queue of open cases."""
    by_status = work.cases.counts(replace(where, open=True))
    found = {
        queue.value: sum(by_status.get(status.value, 0) for status in statuses)
        for queue, statuses in _STATUSES.items()
        if queue is not Queue.CLOSED
    }
    for queue in (Queue.OVERDUE, Queue.RISK, Queue.TODAY):
        found[queue.value] = work.cases.count(queued(where, queue, now, zone))
    return found | {Queue.OPEN.value: sum(by_status.values())}


def clock_state(line: CaseLine, now: datetime, zone: str) -> ClockState:
    """Say how a case stands with its clock."""
    if line.status == CaseStatus.SUSPENDED:
        return ClockState.STOPPED
    if line.stage_due_at is None or CaseStatus(line.status) not in OPEN:
        return ClockState.NONE
    if line.stage_due_at < now:
        return ClockState.OVERDUE
    if line.risk_at is not None and line.risk_at <= now:
        return ClockState.RISK
    return ClockState.TODAY if line.stage_due_at < _midnight(now, zone) else ClockState.OK
