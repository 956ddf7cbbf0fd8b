"""Who is on duty when and where, and what is known of the clock of a device."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gridmap.domain.patrols import CleaningRules
from gridmap.errors import InvalidInput

#: Nobody is on duty for longer at a stretch; what says so has a wrong year or month.
LONGEST = timedelta(hours=36)
#: Fixes of a wrong clock that are remembered: enough to learn from, and soon only those since it changed.
_REMEMBERED = 60
#: So many of one batch: one large batch must not crowd out what came before it.
_OF_A_BATCH = 6


@dataclass(frozen=True, slots=True)
class Shift:
    """A unit is on duty in ``[starts_at, ends_at)``; both aware, so that midnight and changed clocks do not matter.

    ``codes``: the grids and areas of its duty area, sorted; empty: anywhere.
    """

    unit_id: str
    starts_at: datetime
    ends_at: datetime
    codes: tuple[str, ...] = ()

    def holds(self, at: datetime, tolerance: timedelta) -> bool:
        """Tell whether a moment lies in the shift, or so near to it that the worker is setting out or coming home."""
        return self.starts_at - tolerance <= at < self.ends_at + tolerance


def require_shifts(shifts: Sequence[Shift], start: datetime, end: datetime) -> None:
    """Check shifts that are to be those which begin in ``[start, end)``.

    Raises
    ------
    InvalidInput
        ``shift_length``: ends before it begins, or lasts longer than a day and a half; ``shift_outside_window``;
        ``shift_twice``: two of a unit begin at one moment. Each with the ``unit``.
    """
    seen: set[tuple[str, datetime]] = set()
    for shift in shifts:
        if not timedelta(0) < shift.ends_at - shift.starts_at <= LONGEST:
            raise InvalidInput("shift_length", unit=shift.unit_id, hours=LONGEST // timedelta(hours=1))
        if not start <= shift.starts_at < end:
            raise InvalidInput("shift_outside_window", unit=shift.unit_id)
        key = (shift.unit_id, shift.starts_at)
        if key in seen:
            raise InvalidInput("shift_twice", unit=shift.unit_id)
        seen.add(key)


def by_unit(shifts: Iterable[Shift]) -> Mapping[str, list[Shift]]:
    """Give the shifts of each unit."""
    found: dict[str, list[Shift]] = {}
    for shift in shifts:
        found.setdefault(shift.unit_id, []).append(shift)
    return found


@dataclass(frozen=True, slots=True)
class UnitClock:
    """What is known of a clock that does not agree with the time of reception; a right one is not remembered.

    Attributes
    ----------
    unit_id : str
    offset_s : float or None
        Seconds to add to what it says; None: it is wrong, and not yet known by how much.
    seen : tuple of (float, float)
        What it said, and when that was received, in seconds since 1970, of the last fixes; never where they were.
    until : datetime or None
        The latest moment that it said while it was wrong by ``offset_s``.
    """

    unit_id: str
    offset_s: float | None = None
    seen: tuple[tuple[float, float], ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClockReading:
    """How to read the clock of a unit in one batch: what to add, and what is to be remembered (None: it is right)."""

    offset: timedelta
    clock: UnitClock | None


def read_clock(
    known: UnitClock | None, unit_id: str, said: Sequence[datetime], received: datetime, rules: CleaningRules
) -> ClockReading:
    """Tell by how much the clock of a unit is wrong.

    The newest fix of a batch tells: it was taken just before it was sent. A batch that waited for a network looks like
    a slow clock; so an error is believed only by the rule of ``analysis.cleaning``: at least ``clock_fixes`` fixes,
    received one after the other, nine tenths of which lag by the same within ``clock_spread_s``.

    Parameters
    ----------
    known : UnitClock or None
        What was remembered of it.
    said : sequence of datetime
        The times of its fixes in the batch, as they were sent; at least one.
    received : datetime
    """
    ahead = timedelta(seconds=rules.ahead_s)
    newest = max(said)
    lag = received - newest
    if abs(lag) <= ahead:
        return ClockReading(timedelta(0), None)
    if known is not None and known.offset_s is not None:
        offset = timedelta(seconds=known.offset_s)
        before = known.until is not None and newest <= known.until
        # a clock that was ahead and now says what may be: late by the right time, unless it said so when it was wrong
        if newest + offset <= received + ahead and (offset > timedelta(0) or lag < -ahead or before):
            until = newest if known.until is None else max(newest, known.until)
            return ClockReading(offset, replace(known, until=until))
        if newest + offset <= received + ahead:
            return ClockReading(timedelta(0), known)
        known = None
    seen = () if known is None else known.seen
    last = max((at for at, _ in seen), default=float("-inf"))
    # what is sent again was taken before: it says nothing of the clock now
    fresh = sorted({at.timestamp() for at in said if at.timestamp() > last})[-_OF_A_BATCH:]
    seen = (*seen, *((at, received.timestamp()) for at in fresh))[-_REMEMBERED:]
    found = _learnt(seen, rules)
    clock = UnitClock(unit_id, found, seen if found is None else (), None if found is None else newest)
    return ClockReading(timedelta(seconds=found or 0.0), clock)


def _learnt(seen: Sequence[tuple[float, float]], rules: CleaningRules) -> float | None:
    if len(seen) < rules.clock_fixes:
        return None
    lags, times = sorted(received - at for at, received in seen), sorted(received for _, received in seen)
    low, middle, high = ((len(seen) - 1) * share // 20 for share in (1, 10, 19))
    constant = lags[high] - lags[low] <= rules.clock_spread_s
    one_by_one = times[high] - times[low] > 2 * rules.clock_spread_s
    return round(lags[middle], 3) if constant and one_by_one and abs(lags[middle]) > rules.ahead_s else None
