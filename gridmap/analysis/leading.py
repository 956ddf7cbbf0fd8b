"""What a leader looks at first: the numbers of a period beside those of another one, their course, and who is where.

Every number is an indicator of ``analysis.indicators``, so it has its numerator, its denominator and its cases.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.indicators import Figures, indicators
from gridmap.analysis.indicators.groups import period_of
from gridmap.errors import InvalidInput

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

#: In the order in which they are shown. The denominator of filing is how many cases were reported.
NUMBERS = ("filing", "on_time_closing", "closing", "handling_hours", "proactive", "rework")
#: Up to so many days a course is drawn by day, then by week, then by month.
_BY_DAY, _BY_WEEK = 45, 200


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
    cases: gpd.GeoDataFrame,
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
    cases : GeoDataFrame
        frames.CASES; of at least the period and the one it is compared with.
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
    mine = np.ones(len(cases), dtype=np.bool_) if grids is None else cases["grid_code"].isin(grids).to_numpy(np.bool_)
    reported = cases["reported_at"]
    now = ((reported >= start) & (reported < end)).to_numpy(np.bool_)
    was = ((reported >= before) & (reported < until)).to_numpy(np.bool_)
    held = cases[mine & (now | was)]
    during, earlier = now[mine & (now | was)], was[mine & (now | was)]
    period = _period(end - start)

    def figures(*by: str, among: Flags = during) -> Figures:
        return indicators(held, by, at=at, zone=zone, names=NUMBERS, areas=areas, among=among)

    return Board(
        start, end, before, until, period, _labels(start, end, period, zone), figures(), figures(among=earlier),
        figures(period), figures("category"), figures("category", among=earlier),
        figures("grid" if areas is None else "area"), _hours(held["reported_at"][during], zone),
    )  # fmt: skip


def _period(length: timedelta) -> str:
    days = length / timedelta(days=1)
    return "day" if days <= _BY_DAY else "week" if days <= _BY_WEEK else "month"


def _labels(start: datetime, end: datetime, period: str, zone: str) -> tuple[str, ...]:
    """Give the labels of all days, weeks or months that a period touches, in order."""
    first = start.astimezone(ZoneInfo(zone)).date()
    last = (end - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
    days = (date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1))
    return tuple(dict.fromkeys(period_of(day, period) for day in days))


def _hours(times: "pd.Series[pd.Timestamp]", zone: str) -> Ints:
    local = pd.DatetimeIndex(times).tz_convert(zone)
    place = local.day_of_week.to_numpy(np.int64) * 24 + local.hour.to_numpy(np.int64)
    return np.bincount(place, minlength=7 * 24).reshape(7, 24).astype(np.int64)
