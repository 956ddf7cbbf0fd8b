"""What a briefing needs, gathered from the store as whoever asks may see it."""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.analysis import briefing_maps as maps
from gridmap.analysis import briefing_words as words
from gridmap.analysis.briefing import AlertGroup, Briefing, Effort, Seen, numbers_of, places_of, types_of
from gridmap.analysis.coverage import coverage_gaps
from gridmap.analysis.patrol_figures import PatrolWays
from gridmap.analysis.saying import Statement, say
from gridmap.crs import metric_epsg_of
from gridmap.domain.access import Permission
from gridmap.domain.alerts import Alert
from gridmap.domain.boundaries import ALWAYS
from gridmap.domain.periods import Period
from gridmap.domain.sheets import Source
from gridmap.errors import TooLarge
from gridmap.i18n import LANGUAGES
from gridmap.services.cases.alerting import alert_words
from gridmap.services.cases.holding import held_cases
from gridmap.services.cases.indicators import alerts_now, areas_of
from gridmap.services.cases.leading import codes_below, lead
from gridmap.services.clock import start_of
from gridmap.services.counts import fix_counts, incidents_by_plan
from gridmap.services.guarded import codes_in
from gridmap.services.patrol_parts import PatrolParts
from gridmap.services.patrolling import Keep, effort_by_place, measure_patrols
from gridmap.services.ports import Box, PointFilter, Store
from gridmap.services.reports import PlanReport, plan_report
from gridmap.services.responsibility import Plan
from gridmap.services.sheets import backdrop_in
from gridmap.services.silence import silent_parts
from gridmap.settings import Settings

Flags = npt.NDArray[np.bool_]
_DAY = timedelta(days=1)
#: Alerts of one rule that are told one by one.
_TOLD = 3


class Anew:
    """Keeps nothing: for a command, which asks once."""

    def get(self, key: Hashable, make: Callable[[], PatrolWays]) -> PatrolWays:
        """Make it."""
        return make()


@dataclass(frozen=True, slots=True)
class BriefingAsked:
    """Which report: ``area`` None: the whole set; ``at``: the moment from which is told what is due; ``by`` whom.

    ``parts``: the days of patrols of the store itself, as ``measure_patrols`` asks for them.
    """

    period: Period
    at: datetime
    parts: PatrolParts
    area: str | None = None
    by: str = ""
    ways: Keep[PatrolWays] = field(default_factory=Anew)


def gather_briefing(store: Store, plan: Plan, asked: BriefingAsked, settings: Settings) -> Briefing:
    """Gather all that a report says; the same for the same store, question and moment.

    Parameters
    ----------
    store : Store
    plan : Plan
        In force on the last day of the period.
    asked : BriefingAsked
    settings : Settings

    Raises
    ------
    NotFound
        ``grid_unknown``: the area.
    TooLarge
        ``too_many_cases``.
    """
    period, zone, name = asked.period, settings.time_zone, plan.boundary_set.name
    start, end = start_of(period.first, zone), start_of(period.last + _DAY, zone)
    against = start_of(period.before, zone), start_of(period.until + _DAY, zone)
    base = plan_report(store, plan)
    with store.unit_of_work() as work:
        held = held_cases(work, asked.at, min(against[0], start))
        found = lead(work, held, start, end, plan, settings, area=asked.area, against=against)
        _, pressing = alerts_now(work, plan, asked.at, settings)
        sees = [codes_in(work, p, name) for p in (Permission.INCIDENTS_READ, Permission.PATROLS_READ)]
    assert found.level is not None
    codes = frozenset(plan.refs) if found.area is None else codes_below(plan, found.area)
    grids = base.grids["code"].astype(str)
    mine = grids.isin(codes).to_numpy(np.bool_)
    incidents_seen, patrols_seen = (mine & _among(base.grids, known) for known in sees)
    heat, seen, effort, elsewhere, total = None, None, None, 0, 0
    gaps: list[tuple[date, date]] = []
    silent: tuple[list[tuple[date, date]], int] = ([], 0)
    if incidents_seen.any():
        # what happened at that very moment is in it
        window = PointFilter(start, min(end, asked.at + timedelta(microseconds=1)))
        incidents, gaps = _incidents(store, plan, window, period, settings)
        counts = incidents["grid_code"].value_counts().reindex(grids).fillna(0).to_numpy()
        total, elsewhere = len(incidents), int(incidents["grid_code"].isna().sum())
        heat = maps.heat_of(incidents, base.grids, counts, incidents_seen, days=period.days)
        if (incidents_seen & patrols_seen).any():
            places = areas_of(plan, found.level)
            seen = _seen(store, base, window, incidents, incidents_seen & patrols_seen, settings)
            silent = silent_parts(store, plan, window, settings)
            effort = _effort(store, base, window, seen, places, asked, settings)
            if effort is not None and seen is not None:
                seen = maps.with_hours(seen, effort[1])
    numbers = numbers_of(found.board, found.targets)
    ranked = places_of(found.board, found.names, None if effort is None else effort[0])
    types = types_of(found.board)
    shapes = np.asarray(base.grids.geometry.array, dtype=object)[mine]
    outline = shapely.union_all(shapes)
    with store.unit_of_work() as work:
        backdrop = backdrop_in(work, _around(outline.bounds))
    return Briefing(
        period=period,
        source=_source(plan, asked, zone),
        place=None if found.area is None else (found.area.name or found.area.code, found.area.code),
        at=asked.at.astimezone(ZoneInfo(zone)),
        epsg=metric_epsg_of(shapes),
        board=found.board,
        numbers=numbers,
        queues=found.queues,
        places=ranked,
        types=types,
        alerts=_alerts(pressing, plan, None if found.area is None else codes, held.frame),
        shapes=_shapes(plan, found.level, codes),
        outline=outline,
        backdrop=backdrop,
        heat=heat,
        seen=seen,
        gaps=tuple(gaps),
        said=words.say_briefing(numbers, ranked, types, period, gaps),
        missing=words.say_missing(gaps, 0 if found.area else elsewhere, total, period, silent),
        made=(*_made(plan, period), *(() if heat is None else heat.made)),
    )


def _around(bounds: Box) -> Box:
    """Give a box with room around it for a map that has another shape."""
    west, south, east, north = bounds
    side = max(east - west, north - south)
    return west - side / 2, max(-90.0, south - side / 2), east + side / 2, min(90.0, north + side / 2)


def _among(grids: gpd.GeoDataFrame, codes: Collection[str] | None) -> Flags:
    return np.ones(len(grids), np.bool_) if codes is None else grids["code"].isin(codes).to_numpy(np.bool_)


def _incidents(
    store: Store, plan: Plan, window: PointFilter, period: Period, settings: Settings
) -> tuple[gpd.GeoDataFrame, list[tuple[date, date]]]:
    """Give the incidents of the period with their owners, and the spans of days without records."""
    back = start_of(min(period.before, period.first - words.LOOK_BACK), settings.time_zone)
    with store.unit_of_work() as work:
        times = work.incidents.frame(PointFilter(back, window.end))["occurred_at"]
        found = incidents_by_plan(work, plan, window, settings=settings)
    return found, words.gaps_of(times, period, settings.time_zone)


def _seen(
    store: Store, base: PlanReport, window: PointFilter, incidents: gpd.GeoDataFrame, mine: Flags, settings: Settings
) -> Seen:
    counts = incidents.groupby("grid_code").size().rename("incidents").reset_index()
    with store.unit_of_work() as work:
        fixes = fix_counts(work, base.plan, PointFilter(window.start, window.end), settings=settings)
    return maps.seen_of(coverage_gaps(base.grids, counts, fixes), mine)


def _effort(
    store: Store, base: PlanReport, window: PointFilter, seen: Seen, places: dict[str, str], asked: BriefingAsked,
    settings: Settings,
) -> tuple[dict[str, Effort], dict[str, float]] | None:  # fmt: skip
    """Give what patrols did by place, and their hours by grid; None: there is too much of it to be measured."""
    if not seen.recorded:
        return None
    try:
        report = measure_patrols(
            store, base.plan, window, day=asked.period.last, now=asked.at, settings=settings, parts=asked.parts,
            ways=asked.ways,
        )  # fmt: skip
    except TooLarge:
        return None
    sight = dict(zip(seen.grids["code"].astype(str), seen.grids["sight"], strict=True))
    return effort_by_place(report, sight, places)


def _source(plan: Plan, asked: BriefingAsked, zone: str) -> Source:
    one, version = plan.boundary_set, plan.version
    return Source(
        one.name, one.title, version.number, False, version.valid_from, version.valid_to, asked.by,
        asked.at.astimezone(ZoneInfo(zone)),
    )  # fmt: skip


def _shapes(plan: Plan, level: str, codes: Collection[str]) -> tuple[tuple[str, BaseGeometry], ...]:
    frame = plan.frame
    rows = frame[(frame["level"] == level).to_numpy(np.bool_) & frame["code"].isin(codes).to_numpy(np.bool_)]
    return tuple((plan.refs[c].name or c, shape) for c, shape in zip(rows["code"], rows.geometry, strict=True))


def _alerts(
    found: list[Alert], plan: Plan, codes: Collection[str] | None, cases: gpd.GeoDataFrame
) -> tuple[AlertGroup, ...]:
    """Give alerts by rule, in words; of an area, those about a place or a case in it."""
    owner = dict(zip(cases["case_id"], cases["grid_code"], strict=True))
    groups: dict[str, list[Alert]] = {}
    for one in found:
        if codes is None or one.subject in codes or any(owner.get(case) in codes for case in one.cases):
            groups.setdefault(one.rule.id, []).append(one)
    return tuple(
        AlertGroup(
            some[0].rule.grade, some[0].rule.title, len(some),
            tuple({lang: alert_words(one, plan, lang) for lang in LANGUAGES} for one in some[:_TOLD]),
        )
        for some in groups.values()
    )  # fmt: skip


def _made(plan: Plan, period: Period) -> list[Statement]:
    said = [say("report_made_cases"), say("report_made_borders", number=plan.version.number)]
    begun = plan.version.valid_from
    if begun != ALWAYS and begun > period.before:
        said.append(say("report_made_new_borders", day=begun.isoformat()))
    return said
