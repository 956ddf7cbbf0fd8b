"""The next weeks of a plan: where incidents are expected, by which method, and how good such forecasts were."""

import math
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.analysis.bandwidths import Bandwidth, choose_bandwidth
from gridmap.analysis.forecast import Forecast, forecast
from gridmap.analysis.period_counts import Period, period_counts, recorded_periods
from gridmap.analysis.saying import rounded, say
from gridmap.crs import area_m2, xy_to_metric
from gridmap.services.hotspots import Keep, Observed, digest
from gridmap.services.ports import Store

#: Weeks that are foreseen together.
Weeks = Literal[1, 2, 4]
WEEKS: tuple[Weeks, ...] = get_args(Weeks)
#: Weeks that a forecast learns from, at most: two seasons.
HISTORY = 104
#: Share of the ground that is marked.
AREA_SHARE = 0.05
#: Grids of the mean size over which one is spread at most.
_AROUND = 300
#: Weeks until the same comes again, and weeks of which the plain means are taken; an incident counts half after these.
_SEASON, _LAST, _HALF_LIFE = 52, 8, 4


class Foreseen(NamedTuple):
    """What is expected of each grid in the weeks after the last record, and how it was tested.

    ``counts`` has a row a grid and a column a period of the past; ``areas_km2``: of the grids.
    """

    found: Forecast
    start: datetime
    end: datetime
    periods: tuple[Period, ...]
    recorded: npt.NDArray[np.bool_]
    counts: npt.NDArray[np.float64]
    areas_km2: npt.NDArray[np.float64]
    width: Bandwidth


def history_before(store: Store, end: datetime) -> datetime:
    """Give the start of what a forecast of the weeks after ``end`` learns from: within reach, at most ``HISTORY``."""
    with store.unit_of_work() as work:
        span = work.incidents.time_span()
    earliest = end - timedelta(weeks=HISTORY)
    return earliest if span is None else min(max(earliest, span[0]), end - timedelta(weeks=1))


def periods_before(start: datetime, end: datetime, weeks: Weeks) -> list[Period]:
    """Cut a window into whole periods of so many weeks, back from its end; a rest at its start is left out."""
    each = timedelta(weeks=weeks)
    count = int((end - start) / each)
    return [(end - (count - k) * each, end - (count - k - 1) * each) for k in range(count)]


def foresee(seen: Observed, start: datetime, end: datetime, keep: Keep, *, weeks: Weeks, time_zone: str) -> Foreseen:
    """Foresee the weeks after ``end`` from what was observed since ``start``, with every method tested on the past.

    Parameters
    ----------
    weeks : 1, 2 or 4
        Weeks that are foreseen, and tested, together.
    """
    plan, grids = seen.base.plan, seen.base.grids
    periods = periods_before(start, end, weeks)
    counts = period_counts(seen.incidents["occurred_at"], seen.incidents["grid_code"], seen.codes, periods)
    recorded = recorded_periods(periods, seen.gaps, time_zone)
    areas = area_m2(grids.geometry.array) / 1e6

    def look() -> tuple[Forecast, Bandwidth]:
        width = _bounded(choose_bandwidth(seen.incidents, grids), areas)
        middle = shapely.get_coordinates(shapely.point_on_surface(np.asarray(grids.geometry.array, dtype=object)))
        x, y = xy_to_metric(middle[:, 0], middle[:, 1], plan.locator.epsg)
        found = forecast(
            counts, x, y, areas, bandwidth_m=width.bandwidth_m, recorded=recorded, area_share=AREA_SHARE,
            last=_LAST // weeks, half_life=_HALF_LIFE / weeks, season=_SEASON // weeks,
        )  # fmt: skip
        return found, width

    places = shapely.get_coordinates(np.asarray(seen.incidents.geometry.array)).ravel()
    key = ("forecast", plan.key, weeks, digest(counts, recorded.astype(np.float64), places))
    found, width = keep.get(key, look)
    return Foreseen(found, end, end + timedelta(weeks=weeks), tuple(periods), recorded, counts, areas, width)


def _bounded(width: Bandwidth, areas_km2: npt.NDArray[np.float64]) -> Bandwidth:
    """Narrow a bandwidth that holds hundreds of grids: each would be spread over all others, and hardly differ."""
    most = math.sqrt(_AROUND * float(areas_km2.mean()) * 1e6 / math.pi)
    if width.bandwidth_m <= most:
        return width
    return width._replace(bandwidth_m=most, said=(*width.said, say("forecast_narrowed", metres=rounded(most))))
