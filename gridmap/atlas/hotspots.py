"""The maps of hotspots of a store: density, what was judged, change, two periods."""

from datetime import datetime
from typing import TYPE_CHECKING

from gridmap.atlas.asked import MapAsked
from gridmap.services.forecasting import Foreseen, Weeks, foresee, history_before
from gridmap.services.hotspots import (
    By,
    Observed,
    Side,
    estimate_density,
    judge_changes,
    judge_gathering,
    judge_hotspots,
    observe,
)

if TYPE_CHECKING:
    import folium


def density_map(asked: MapAsked, *, by: By = "count", bandwidth_m: float | None = None) -> "folium.Map":
    """Draw where incidents are dense, hatched where nobody passed."""
    from gridmap.maps import density_pages  # folium: only where a map is drawn

    seen = asked.observed()
    patrolled, sums = asked.patrolled() if by == "patrol_hours" else (None, None)
    found = estimate_density(
        asked.store, seen, asked.where, asked.keep, by=by, bandwidth_m=bandwidth_m, day=asked.day, patrolled=patrolled
    )
    return density_pages.hotspot_map(
        seen.base.grids,
        found.cells,
        incidents_shown=found.incidents,
        window=asked.window,
        bandwidth=found.width,
        scales=found.scales,
        steps=found.steps,
        # hours of each patrol take seconds to measure, their fixes do not
        patrolled=asked.passed(seen.base) if patrolled is None else patrolled,
        category=asked.category,
        about=asked.about(seen),
        **asked.around(seen.base, sums),
    )


def significant_map(asked: MapAsked, *, by: By = "count", side: Side = "both") -> "folium.Map":
    """Draw which grids are hot or cold, more than chance explains."""
    from gridmap.maps import hotspot_pages

    seen, (patrolled, sums) = asked.observed(), asked.patrolled()
    found = judge_hotspots(asked.store, seen, asked.keep, by=by, side=side, day=asked.day, patrolled=patrolled)
    return hotspot_pages.judged_map(
        seen.base.grids,
        found.table,
        window=asked.window,
        patrolled=patrolled,
        wider=found.wider,
        denominator=None if by == "count" else by,
        category=asked.category,
        about=asked.about(seen),
        **asked.around(seen.base, sums),
    )


def gathering_map(asked: MapAsked) -> "folium.Map":
    """Draw which grids are among their like, and which stand out."""
    from gridmap.maps import hotspot_pages

    seen, (patrolled, sums) = asked.observed(), asked.patrolled()
    found, gathering = judge_gathering(seen, asked.keep)
    return hotspot_pages.moran_map(
        seen.base.grids,
        found,
        window=asked.window,
        gathering=gathering,
        patrolled=patrolled,
        category=asked.category,
        about=asked.about(seen),
        **asked.around(seen.base, sums),
    )


def changes_map(asked: MapAsked) -> "folium.Map":
    """Draw what became of each grid over the periods of the window."""
    from gridmap.maps import change_pages

    seen, (patrolled, sums) = asked.observed(), asked.patrolled()
    found = judge_changes(seen, *asked.window, asked.keep, time_zone=asked.settings.time_zone)
    return change_pages.emerging_map(
        seen.base.grids,
        found.found,
        found.counts,
        periods=found.periods,
        recorded=found.recorded.tolist(),
        patrolled=patrolled,
        category=asked.category,
        about=asked.about(seen),
        **asked.around(seen.base, sums),
    )


def forecast_of(asked: MapAsked, *, weeks: Weeks = 1) -> tuple[Foreseen, Observed]:
    """Foresee the weeks after the window from all records before its end, also from those before its start."""
    end = asked.window[1]
    start = history_before(asked.store, end)
    seen = asked.of(start, end).observed()
    return foresee(seen, start, end, asked.keep, weeks=weeks, time_zone=asked.settings.time_zone), seen


def next_weeks_map(asked: MapAsked, *, weeks: Weeks = 1) -> "folium.Map":
    """Draw where incidents are expected in the weeks after the window, with the score of such forecasts."""
    from gridmap.maps import forecast_pages

    told, seen = forecast_of(asked, weeks=weeks)
    learnt = (told.periods[0][0] if told.periods else told.start, told.start)
    return forecast_pages.forecast_map(
        seen.base.grids,
        told.found,
        told.areas_km2,
        foreseen=(told.start, told.end),
        learnt=learnt,
        bandwidth=told.width,
        patrolled=asked.passed(seen.base),
        category=asked.category,
        about=asked.about(seen),
        **asked.around(seen.base),
    )


def sides_map(asked: MapAsked, *, before: tuple[datetime, datetime] | None = None, side: Side = "both") -> "folium.Map":
    """Draw the hotspots of the window beside those of another one: the one before it, as long, if none is named."""
    from gridmap.maps import change_pages

    start, end = asked.window
    earlier = asked.of(*(before or (start - (end - start), start)))
    sides, said = [], []
    for one in (earlier, asked):
        seen = observe(one.store, one.plan, one.where, settings=one.settings)
        patrolled, sums = one.patrolled()
        found = judge_hotspots(one.store, seen, one.keep, side=side, day=one.day, patrolled=patrolled)
        sides.append(change_pages.Side(found.table, one.window, patrolled))
        said += [statement for statement in seen.said if statement not in said]
    about = asked.about()
    about["records"] = said
    return change_pages.compare_map(
        seen.base.grids, *sides, category=asked.category, about=about, **asked.around(seen.base, sums)
    )
