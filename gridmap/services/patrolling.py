"""What the service says of patrols in a window: effort, recency, and what was found; as ``analysis.patrol_figures``.

Days are cleaned and summed once for all who ask (``services.patrol_parts``); what the days of one window come to is
kept by grid. Days whose fixes are gone go on with their sums, and the report says what is not known of them.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

import pandas as pd

from gridmap.analysis.briefing import Effort
from gridmap.analysis.briefing_maps import effort_of_places
from gridmap.analysis.patrol_figures import PatrolWays, patrol_figures
from gridmap.analysis.patrol_parts import ways_of_parts
from gridmap.domain.patrols import PatrolRules
from gridmap.services.case_books import patrol_rules_at
from gridmap.services.counts import incidents_by_plan
from gridmap.services.patrol_days import within_reach
from gridmap.services.patrol_parts import FromSums, PatrolParts
from gridmap.services.ports import PointFilter, Store
from gridmap.services.provisioning import with_people
from gridmap.services.reports import PlanReport, plan_report
from gridmap.services.responsibility import Plan
from gridmap.settings import Settings

#: Single fixes of a window that are cleaned and split at most: a minute or so of a processor where nothing is kept yet.
MOST_FIXES = 10_000_000
#: What sums of days cannot tell.
LACKING = ("workers", "area_share", "street_share", "cleaning")

T = TypeVar("T")


class Keep(Protocol[T]):
    """Gives the value of a key, made where it is not there."""

    def get(self, key: Hashable, make: Callable[[], T]) -> T: ...


@dataclass(frozen=True, slots=True)
class PatrolReport:
    """Effort, recency and rates by grid. ``at``: the moment from which days are counted back.

    ``from_sums``: what of the window is known by sums of days alone; of those ``LACKING`` is not known.
    """

    base: PlanReport
    ways: PatrolWays
    figures: pd.DataFrame
    at: datetime
    rules: PatrolRules
    from_sums: FromSums | None


def measure_patrols(
    store: Store,
    plan: Plan,
    where: PointFilter,
    *,
    day: date,
    now: datetime,
    settings: Settings,
    parts: PatrolParts,
    ways: Keep[PatrolWays],
    swaths: Keep[pd.DataFrame] | None = None,
) -> PatrolReport:
    """Measure what patrols saw and found in the closed window of a filter; a category narrows the incidents alone.

    Parameters
    ----------
    day : date
        Whose households choose the norms, and whose book of patrols says the norms and the reach; fixes are cleaned by
        the book of their own day.
    now : datetime
        The present, aware; days are counted back from the end of the window, or from now where that is earlier.
    parts : PatrolParts
        Of the store itself. Whoever sees a part of it is told of his grids alone, summed over all ways through them.
    ways, swaths : Keep
        Where tables of a window stay from one question to the next. Without ``swaths`` the shares of ground and streets
        within reach of a way are not measured, and are NaN; so are they where fixes of some days are gone.

    Raises
    ------
    TooLarge
        ``too_many_fixes``.
    """
    assert where.start is not None
    assert where.end is not None
    base = plan_report(store, plan)
    alone = within_reach(store) is not None
    # a category narrows the incidents; whoever passed by, passed by for all of them
    window = parts.window(plan, PointFilter(where.start, where.end), most=MOST_FIXES)
    with store.unit_of_work() as work:
        rules = patrol_rules_at(work, day)
        grids = with_people(work, plan, base.grids, day)
        incidents = incidents_by_plan(work, plan, where, settings=settings)
    key = (plan.key, window.key)
    codes = base.grids["code"]
    kept = ways.get(key, lambda: ways_of_parts(window.parts, codes, thinned=window.thinned, alone=alone))
    swath = None
    if swaths is not None and not len(window.thinned):
        roads = base.context[base.context["kind"] == "road"]
        lines = roads if len(roads) else None
        length = where.end - where.start
        swath = swaths.get(
            (*key, rules),
            lambda: parts.swath(plan, base.grids, window, length, streets=lines, rules=rules),
        )
    at = min(where.end, now)
    figures = patrol_figures(grids, kept, incidents, at=at, swath=swath, rules=rules)
    return PatrolReport(base, kept, figures, at, rules, window.from_sums)


def effort_by_place(
    report: PatrolReport, sight: Mapping[str, str], places: Mapping[str, str]
) -> tuple[dict[str, Effort], dict[str, float]]:
    """Add up what patrols did by place, and give their hours by grid.

    Parameters
    ----------
    report : PatrolReport
    sight : mapping
        Grid code to a word of ``Sight``, as the map of gaps has it; grids that are not in it are left out.
    places : mapping
        Grid code to the code of its place.
    """
    figures = report.figures[report.figures["code"].isin(list(sight))]
    hours = dict(zip(figures["code"].astype(str), figures["hours"].astype(float), strict=True))
    return effort_of_places(figures, sight, places), hours
