"""What the service says of patrols in a window: effort, recency, and what was found; as ``analysis.patrol_figures``.

Cleaning and splitting the fixes of a month takes seconds, so it is done once for all who ask for the same window, and
kept as tables by grid: no fix and no worker's way is kept.
"""

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.analysis.patrol_figures import PatrolWays, patrol_figures, patrol_swath, patrol_ways
from gridmap.domain.patrols import PatrolRules
from gridmap.errors import TooLarge
from gridmap.services.case_books import patrol_rules_at
from gridmap.services.counts import owned_incidents
from gridmap.services.ports import PointFilter, Store
from gridmap.services.provisioning import with_people
from gridmap.services.reports import PlanReport, plan_report
from gridmap.services.responsibility import Plan
from gridmap.settings import Settings

#: Fixes of a window that are cleaned and split at once; it bounds the memory of one question to about 1.5 GB.
MOST_FIXES = 2_000_000

T = TypeVar("T")


class Keep(Protocol[T]):
    """Gives the value of a key, made where it is not there."""

    def get(self, key: Hashable, make: Callable[[], T]) -> T: ...


@dataclass(frozen=True, slots=True)
class PatrolReport:
    """Effort, recency and rates by grid. ``at``: the moment from which days are counted back."""

    base: PlanReport
    ways: PatrolWays
    figures: pd.DataFrame
    at: datetime
    rules: PatrolRules


def measure_patrols(
    store: Store,
    plan: Plan,
    where: PointFilter,
    *,
    day: date,
    now: datetime,
    settings: Settings,
    ways: Keep[PatrolWays],
    swaths: Keep[pd.DataFrame] | None = None,
) -> PatrolReport:
    """Measure what patrols saw and found in the closed window of a filter; a category narrows the incidents alone.

    Parameters
    ----------
    day : date
        Whose households choose the norms, and whose book of patrols holds.
    now : datetime
        The present, aware; days are counted back from the end of the window, or from now where that is earlier.
    ways, swaths : Keep
        Where tables of a window stay from one question to the next. Without ``swaths`` the shares of ground and streets
        within reach of a way are not measured, and are NaN.

    Raises
    ------
    TooLarge
        ``too_many_fixes``.
    """
    assert where.start is not None
    assert where.end is not None
    base = plan_report(store, plan)
    # a category narrows the incidents; whoever passed by, passed by for all of them
    passed = PointFilter(where.start, where.end)
    with store.unit_of_work() as work:
        rules = patrol_rules_at(work, day)
        found = work.patrols.passing(passed)
        grids = with_people(work, plan, base.grids, day)
        incidents = owned_incidents(work, plan, where, settings=settings)
    if found.fixes > MOST_FIXES:
        raise TooLarge("too_many_fixes", count=found.fixes, limit=MOST_FIXES)
    roads = base.context[base.context["kind"] == "road"]
    # fixes are only ever added, or taken out with their day, so their numbers tell what was stored
    key = (plan.key, passed, found, _stamp(roads), rules)

    def fixes() -> gpd.GeoDataFrame:
        # clocks were judged when the fixes came in, by when they did
        with store.unit_of_work() as work:
            return work.patrols.frame(passed)

    kept = ways.get(key, lambda: patrol_ways(base.grids, fixes(), streets=roads, zone=settings.time_zone, rules=rules))
    swath = None
    if swaths is not None:
        swath = swaths.get(key, lambda: patrol_swath(base.grids, fixes(), streets=roads, rules=rules))
    at = min(where.end, now)
    return PatrolReport(base, kept, patrol_figures(grids, kept, incidents, at=at, swath=swath, rules=rules), at, rules)


def _stamp(roads: gpd.GeoDataFrame) -> str:
    shapes: list[bytes] = shapely.to_wkb(np.asarray(roads.geometry.array)).tolist()
    return hashlib.blake2b(b"".join(shapes), digest_size=16).hexdigest()
