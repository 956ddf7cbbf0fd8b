"""What a leader looks at first: the numbers of a period beside those of another one, their course, and who is where.

Every number is an indicator of ``analysis.indicators``, so it has its numerator, its denominator and its cases.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from gridmap.analysis import frames
from gridmap.analysis.indicators import Figures
from gridmap.analysis.indicators.coded import Coded
from gridmap.analysis.indicators.groups import period_of
from gridmap.errors import InvalidInput

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

#: In the order in which they are shown. The denominator of filing is how many cases were reported.
NUMBERS = ("filing", "on_time_closing", "closing", "handling_hours", "proactive", "rework")
#: Up to so many days a course is drawn by day, then by week, then by month.
_BY_DAY, _BY_WEEK = 45, 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Board:
    """The numbers of a period.

    Attributes
    ----------
    start, end : datetime
        The period is ``[start, end)``.
    before, until : datetime
        The one compared with is ``[before, until)``.
    now, was : Figures
        ``NUMBERS`` of all cases of either period.
    course : Figures
        By ``period`` (day, week or month) of the report; ``labels`` are all of the period, also those without a case.
    types, types_was : Figures
        By category.
    places : Figures
        By area, or by grid where there are no areas.
    hours : int array, shape (7, 24)
        Reports by weekday (Monday first) and hour of local time.
    """

    start: datetime
    end: datetime
    before: datetime
    until: datetime
    period: str
    labels: tuple[str, ...]
    now: Figures
    was: Figures
    course: Figures
    types: Figures
    types_was: Figures
    places: Figures
    hours: Ints


def leading(
    cases: gpd.GeoDataFrame | Coded,
    start: datetime,
    end: datetime,
    *,
    at: datetime,
    zone: str = "Asia/Shanghai",
    areas: Mapping[str, str] | None = None,
    grids: frozenset[str] | None = None,
    against: tuple[datetime, datetime] | None = None,
) -> Board:
    """Work out the numbers of a period.

    Parameters
    ----------
    cases : GeoDataFrame or Coded
        frames.CASES, of at least the period and the one it is compared with; or what ``coded_for_leading`` made of
        them, at the same ``at`` and ``zone``, once for many periods.
    start, end, at : datetime
        The period, half-open, of the report; and when the frame was taken. With offsets.
    zone : str
        Of days and hours.
    areas : mapping, optional
        Area of each grid, by which places are told apart; without it they are grids.
    grids : frozenset of str, optional
        Only cases of these.
    against : (datetime, datetime), optional
        Half-open period to compare with; the one of the same length right before if left out. They may overlap.

    Raises
    ------
    InvalidInput
        ``window_reversed``.
    """
    before, until = against or (start - (end - start), start)
    if start >= end or before >= until:
        raise InvalidInput("window_reversed")
    cases = coded_for_leading(cases, at, zone) if isinstance(cases, gpd.GeoDataFrame) else cases
    wanted = _within(cases, start, end) | _within(cases, before, until)
    held = cases.taken(wanted if grids is None else wanted & cases.in_grids(grids))
    during, earlier = _within(held, start, end), _within(held, before, until)
    period = _period(end - start)
    return Board(
        start, end, before, until, period, _labels(start, end, period, zone), held.figures(during),
        held.figures(earlier), held.figures(during, period), held.figures(during, "category"),
        held.figures(earlier, "category"), held.figures(during, "grid" if areas is None else "area", areas),
        np.bincount(held.weekday_hour[during], minlength=7 * 24).reshape(7, 24).astype(np.int64),
    )  # fmt: skip


def coded_for_leading(cases: gpd.GeoDataFrame, at: datetime, zone: str) -> Coded:
    """Make the numbers of cases (frames.CASES, taken at ``at``) that all their periods are counted of."""
    frames.require_columns(cases, frames.CASES)
    if at.tzinfo is None:
        raise InvalidInput("indicator_time")
    return Coded(cases, at, zone, NUMBERS)


def _within(cases: Coded, start: datetime, end: datetime) -> Flags:
    first, last = ((moment - _EPOCH) // timedelta(microseconds=1) for moment in (start, end))
    return (cases.reported >= first) & (cases.reported < last)


def _period(length: timedelta) -> str:
    days = length / timedelta(days=1)
    return "day" if days <= _BY_DAY else "week" if days <= _BY_WEEK else "month"


def _labels(start: datetime, end: datetime, period: str, zone: str) -> tuple[str, ...]:
    """Give the labels of all days, weeks or months that a period touches, in order."""
    first = start.astimezone(ZoneInfo(zone)).date()
    last = (end - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
    days = (date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1))
    return tuple(dict.fromkeys(period_of(day, period) for day in days))
