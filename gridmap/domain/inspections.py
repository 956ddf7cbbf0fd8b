"""Inspection plans: what is looked at in which cycle, when it is due, and a draw that anybody can repeat."""

import calendar
import hashlib
import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from gridmap.errors import InvalidInput


class CycleUnit(StrEnum):
    """What a cycle is counted in; months end with the month: a month after 31 January is the last day of February."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_MONTHS = {CycleUnit.MONTH: 1, CycleUnit.QUARTER: 3, CycleUnit.YEAR: 12}
_DAYS = {CycleUnit.DAY: 1, CycleUnit.WEEK: 7}


@dataclass(frozen=True, slots=True)
class Cycle:
    """Once in ``count`` units.

    Raises
    ------
    InvalidInput
        ``not_positive``.
    """

    unit: CycleUnit
    count: int = 1

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InvalidInput("not_positive", name="cycle")

    def after(self, day: date) -> date:
        """Give the day on which it is due again."""
        if self.unit in _DAYS:
            return day + timedelta(days=_DAYS[self.unit] * self.count)
        months = day.year * 12 + day.month - 1 + _MONTHS[self.unit] * self.count
        year, month = divmod(months, 12)
        return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))

    def per_year(self) -> float:
        """Give the inspections of one object in a year: 4 for a quarter."""
        if self.unit in _DAYS:
            return 365 / (_DAYS[self.unit] * self.count)
        return 12 / (_MONTHS[self.unit] * self.count)


@dataclass(frozen=True, slots=True)
class InspectionPlan:
    """How objects of one kind are inspected.

    Attributes
    ----------
    name : str
    cycle : Cycle
    starts_on : date
        An object that nobody visited is due one cycle after this day.
    items : tuple of str
        What a check has to tell to be complete; empty: to have been there is enough, also on patrol.
    within_m : float
        A fix of a patrol this near to an object has been there ...
    dwell_s : float
        ... if it stayed near for at least so long, with no more than ``gap_s`` of the rules of patrols in between.
    lead_days : int
        So many days before it is due it is shown as due soon.
    notes : tuple of str
        What a finding may say: codes, never free text.
    """

    name: str
    cycle: Cycle
    starts_on: date
    items: tuple[str, ...] = ()
    within_m: float = 30.0
    lead_days: int = 14
    notes: tuple[str, ...] = ()
    dwell_s: float = 0.0

    def required_a_year(self, objects: int) -> float:
        """Give the inspections of a year: 77 objects once a quarter are 308."""
        return objects * self.cycle.per_year()

    def is_complete(self, told: Collection[str]) -> bool:
        """Tell whether a check told everything it has to."""
        return set(self.items) <= set(told)


class CheckOutcome(StrEnum):
    """``seen``: somebody was there; ``complete``: and told all items; ``finding``: and something was wrong."""

    SEEN = "seen"
    COMPLETE = "complete"
    FINDING = "finding"


@dataclass(frozen=True, slots=True)
class Check:
    """One look at one object.

    Attributes
    ----------
    code : str
        Of the object in its layer.
    at : datetime
        With time zone; an object has one check at a moment.
    checked_on : date
        Its day in the district.
    outcome : CheckOutcome
    note : str
        What was found, a code of the plan; empty: nothing said.
    account_id : str, optional
        Who reported it; None: nobody signed in.
    """

    code: str
    at: datetime
    checked_on: date
    outcome: CheckOutcome
    note: str = ""
    account_id: str | None = None

    def told(self, plan: InspectionPlan) -> tuple[str, ...]:
        """Give the items that the check told."""
        return () if self.outcome is CheckOutcome.SEEN else plan.items


class InspectionStatus(StrEnum):
    """``current``: not due for a while; ``due``: within the lead, and on the day itself; ``overdue``: after it."""

    CURRENT = "current"
    DUE = "due"
    OVERDUE = "overdue"


def due_on(plan: InspectionPlan, last: date | None) -> date:
    """Give the day on which an object is due whose last counted inspection was on a day, or never."""
    return plan.cycle.after(plan.starts_on if last is None else last)


def status_on(plan: InspectionPlan, last: date | None, day: date) -> InspectionStatus:
    """Tell how an object stands on a day; it is overdue from the day after it was due."""
    due = due_on(plan, last)
    if day > due:
        return InspectionStatus.OVERDUE
    return InspectionStatus.DUE if (due - day).days <= plan.lead_days else InspectionStatus.CURRENT


@dataclass(frozen=True, slots=True)
class Draw:
    """A random sample on record.

    Attributes
    ----------
    seed : str
        Told before or drawn in public.
    list_sha256 : str
        SHA-256 of the sorted ids, each followed by a line feed, in UTF-8.
    population : int
    chosen : tuple of str
        In the order of their lots.
    """

    seed: str
    list_sha256: str
    population: int
    chosen: tuple[str, ...]


def list_hash(ids: Collection[str]) -> str:
    """Give the SHA-256 of a list, whatever its order."""
    return hashlib.sha256("".join(f"{one}\n" for one in sorted(ids)).encode()).hexdigest()


def draw(ids: Collection[str], seed: str, *, count: int | None = None, share: float | None = None) -> Draw:
    """Draw a sample that anybody can repeat.

    The lot of an id is the SHA-256 of ``seed``, the hash of the list and the id, joined by line feeds; the
    smallest lots are drawn. Neither the order of the list nor who draws decides, and a changed list shows.

    Parameters
    ----------
    ids : collection of str
        Each once.
    seed : str
        Not empty.
    count, share : int, float
        One of them: so many, or this share of all in [0, 1], rounded up. No more than there are are drawn.

    Raises
    ------
    InvalidInput
        ``draw_wrong``.
    """
    names = sorted(ids)
    size = -1
    if count is not None and share is None:
        size = count
    elif share is not None and count is None and 0 <= share <= 1:
        # 10 % of 30 are 3, although 0.1 * 30 is a hair more
        size = math.ceil(round(share * len(names), 9))
    if size < 0 or not seed or len(set(names)) != len(names):
        raise InvalidInput("draw_wrong")
    sealed = list_hash(names)
    lots = sorted(names, key=lambda one: (hashlib.sha256(f"{seed}\n{sealed}\n{one}".encode()).digest(), one))
    return Draw(seed, sealed, len(names), tuple(lots[:size]))


def verify(held: Draw, ids: Collection[str]) -> bool:
    """Tell whether a draw on record follows from its seed and this list."""
    return list_hash(ids) == held.list_sha256 and draw(ids, held.seed, count=len(held.chosen)) == held


@dataclass(frozen=True, slots=True)
class RecordedDraw:
    """A draw with the list it was made from, so that ``verify`` can be asked whatever became of the layer since.

    Attributes
    ----------
    day : date
        In the district.
    at : datetime
        With time zone.
    ids : tuple of str
        All objects that could be drawn, sorted.
    held : Draw
    account_id : str, optional
        Who drew; None: nobody signed in.
    author : str
        The name at the time.
    number : int
        Given by the store, 0 before.
    """

    day: date
    at: datetime
    ids: tuple[str, ...]
    held: Draw
    account_id: str | None = None
    author: str = ""
    number: int = 0
