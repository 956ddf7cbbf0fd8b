"""Shifts: who is on duty when, and in which areas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gridmap.domain.boundaries import BoundarySet
from gridmap.domain.duty import Shift, require_shifts
from gridmap.errors import InvalidInput
from gridmap.services.clock import day_in, start_of
from gridmap.services.ports import Store
from gridmap.services.responsibility import Plans


@dataclass(frozen=True, slots=True)
class ShiftsOutcome:
    """What putting shifts did, or would do, in ``[start, end)``."""

    shifts: int
    units: int
    before: int
    start: datetime
    end: datetime
    committed: bool


def days_of(shifts: Sequence[Shift], zone: str, first: date | None, last: date | None) -> tuple[datetime, datetime]:
    """Give the time that the shifts of a file are about: its days, or those that were named, both of them included.

    Raises
    ------
    InvalidInput
        ``shifts_without_days``: no shift says which days are meant, and nobody else does.
    """
    if not shifts and (first is None or last is None):
        raise InvalidInput("shifts_without_days")
    begins = [day_in(shift.starts_at, zone) for shift in shifts]
    begin = min(begins) if first is None else first
    end = max(begins) if last is None else last
    return start_of(begin, zone), start_of(end + timedelta(days=1), zone)


def replace_shifts(
    store: Store,
    plans: Plans,
    boundary_set: BoundarySet,
    shifts: Sequence[Shift],
    *,
    start: datetime,
    end: datetime,
    zone: str,
    commit: bool = True,
) -> ShiftsOutcome:
    """Let these be the shifts of a set that begin in ``[start, end)``; all others stay.

    Raises
    ------
    InvalidInput
        As ``require_shifts``; ``shift_area_unknown``: a duty area is none of the set on the day of the shift;
        ``window_reversed``.
    NotFound
        ``no_version_at``: a shift with a duty area on a day without borders.
    """
    if not start < end:
        raise InvalidInput("window_reversed")
    require_shifts(shifts, start, end)
    known: dict[date, frozenset[str]] = {}
    for shift in shifts:
        if not shift.codes:
            continue
        day = day_in(shift.starts_at, zone)
        if day not in known:
            known[day] = frozenset(plans.at(boundary_set, day).refs)
        strange = [code for code in shift.codes if code not in known[day]]
        if strange:
            raise InvalidInput("shift_area_unknown", unit=shift.unit_id, area=strange[0])
    with store.unit_of_work() as work:
        before = work.duty.put_shifts(boundary_set.name, shifts, start=start, end=end)
        if commit:
            work.commit()
    return ShiftsOutcome(len(shifts), len({s.unit_id for s in shifts}), before, start, end, commit)
