"""The leader's numbers of the cases in a store."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from gridmap.analysis.leading import Board, leading
from gridmap.domain.evaluation import EvaluationTable, Shortfall
from gridmap.domain.incidents import GridRef
from gridmap.errors import NotFound
from gridmap.services.cases.holding import CasesHeld
from gridmap.services.cases.indicators import areas_of, evaluation_in_force
from gridmap.services.cases.queue import queue_counts
from gridmap.services.ports import CaseFilter, UnitOfWork
from gridmap.services.responsibility import Plan
from gridmap.settings import Settings

#: Days of a period that nobody names.
USUAL = timedelta(days=30)


T = TypeVar("T")


class Keep(Protocol[T]):
    """Gives the value of a key, made where it is not there."""

    def get(self, key: Hashable, make: Callable[[], T]) -> T: ...


@dataclass(frozen=True)
class Lead:
    """The numbers of a period and of places.

    Attributes
    ----------
    board : Board
    at : datetime
        When the cases were read.
    first : datetime or None
        When the earliest of them was reported; None: there is none.
    last : datetime
        The end of a period that nobody names.
    area : GridRef or None
        What it is about; None: everything.
    level : str or None
        Level of the places; None: there is no plan.
    names : dict of str to str
        Of the places.
    queues : dict of str to int
        Open cases by queue, whenever they were reported.
    targets : dict of str to Decimal
        What the table of evaluation asks of an indicator.
    """

    board: Board
    at: datetime
    first: datetime | None
    last: datetime
    area: GridRef | None
    level: str | None
    names: dict[str, str]
    queues: dict[str, int]
    targets: dict[str, Decimal]


def newest(held: CasesHeld) -> datetime:
    """Give the end of a period that nobody names: just after the newest report, which itself is in it."""
    times = held.frame["reported_at"]
    return (times.max().to_pydatetime() if len(times) else held.at) + timedelta(seconds=1)


def earliest(held: CasesHeld) -> datetime | None:
    """Give when the first of the cases was reported; None: there is none."""
    times = held.frame["reported_at"]
    return times.min().to_pydatetime() if len(times) else None


def year_before(moment: datetime, zone: str) -> datetime:
    """Give the same wall-clock time a year earlier; of the 29th of February that of the 28th."""
    local = moment.astimezone(ZoneInfo(zone))
    day = 28 if (local.month, local.day) == (2, 29) else local.day
    return local.replace(year=local.year - 1, day=day).astimezone(UTC)


def lead(
    work: UnitOfWork, held: CasesHeld, start: datetime, end: datetime, plan: Plan | None, settings: Settings,
    *, area: str | None = None, level: str | None = None, against: tuple[datetime, datetime] | None = None,
    boards: Keep[Board] | None = None,
) -> Lead:  # fmt: skip
    """Work out the leader's numbers; ``against``: the period to compare with, as in ``analysis.leading``.

    ``boards``: where they stay while the cases held are the same.

    Raises
    ------
    NotFound
        ``grid_unknown``: the area.
    InvalidInput
        ``window_reversed``.
    """
    about, codes = None, None
    if plan is not None:
        about, level = placed(plan, area, level)
        codes = None if about is None else codes_below(plan, about)
    elif area is not None:
        raise NotFound("grid_unknown")

    def make() -> Board:
        places = None if plan is None or level is None else areas_of(plan, level)
        return leading(
            held.coded(settings.time_zone), start, end, at=held.at, zone=settings.time_zone, areas=places, grids=codes,
            against=against,
        )  # fmt: skip

    # the same cases, places and days give the same numbers
    part = None if plan is None else (plan.key, area, level)
    key = (held.token, start, end, against, part)
    board = make() if boards is None else boards.get(key, make)
    where = CaseFilter()
    if codes is not None and plan is not None:
        where = replace(where, within=((plan.boundary_set.name, codes),))
    queues = queue_counts(work, where, held.at, settings.time_zone)
    table = evaluation_in_force(work, held.at, settings)
    names = {} if plan is None else {code: ref.name for code, ref in plan.refs.items() if ref.level == level}
    return Lead(board, held.at, earliest(held), newest(held), about, level, names, queues, _targets(table))


def placed(plan: Plan, area: str | None, level: str | None) -> tuple[GridRef | None, str]:
    """Give what an area's code stands for, and the level of the places that are compared in it.

    Raises
    ------
    NotFound
        ``grid_unknown``.
    """
    about = None if area is None else plan.refs.get(area)
    if area is not None and about is None:
        raise NotFound("grid_unknown")
    return about, _level_of_places(plan, about, level)


def codes_below(plan: Plan, about: GridRef) -> frozenset[str]:
    """Give the codes of an area and of all that lies in it."""
    return frozenset(code for code in plan.refs if about in plan.chain(code))


def _level_of_places(plan: Plan, about: GridRef | None, level: str | None) -> str:
    """Give the level of the places: the one that is asked for, or the one below what it is about."""
    names = [one.name for one in plan.boundary_set.levels]
    if level in names:
        return str(level)
    return names[min(names.index(about.level) + 1, len(names) - 1)] if about is not None else names[0]


def _targets(table: EvaluationTable) -> dict[str, Decimal]:
    losses = (loss for item in table.items for loss in item.losses)
    return {loss.indicator: loss.target for loss in losses if isinstance(loss, Shortfall) and not loss.emergency}
