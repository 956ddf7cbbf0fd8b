"""On which days nobody recorded a track: what is hatched then may have been looked at all the same."""

from datetime import date, timedelta

from gridmap.analysis.saying import Statement, say
from gridmap.analysis.windows import window_parts
from gridmap.services.clock import day_in
from gridmap.services.counts import thinned_in
from gridmap.services.ports import PointFilter, Store
from gridmap.services.responsibility import Plan
from gridmap.settings import Settings

Days = tuple[date, date]
_DAY = timedelta(days=1)


def silent_parts(store: Store, plan: Plan, window: PointFilter, settings: Settings) -> tuple[list[Days], int]:
    """Give the days (or longer parts of a long window) without any track, as first and last day, and how many parts.

    Days whose single fixes are gone have their sums.
    """
    known, silent, _ = _told(store, plan, window, settings)
    return silent, len(known) + len(silent)


def say_tracks(store: Store, plan: Plan, window: PointFilter, settings: Settings) -> list[Statement]:
    """Say on which days of a closed window tracks were recorded, unless it is all of its whole days, or none."""
    known, silent, whole = _told(store, plan, window, settings)
    if not known or not whole:
        return []
    first, last = known[0][0], known[-1][1]
    days, of = (sum((b - a).days + 1 for a, b in some) for some in (known, [*known, *silent]))
    key = "tracks_between" if days == (last - first).days + 1 else "tracks_among"
    return [say(key, first=first.isoformat(), last=last.isoformat(), days=days, of=of)]


def _told(store: Store, plan: Plan, window: PointFilter, settings: Settings) -> tuple[list[Days], list[Days], bool]:
    """Give the parts with tracks, those without any, and whether one of these is more than a piece of a day.

    A window of a week ends with a record, not at midnight: it begins with a piece of a day, which says nothing.
    """
    assert window.start is not None
    assert window.end is not None
    zone = settings.time_zone
    cut = window_parts(window.start, window.end, zone) if window.end - window.start > 2 * _DAY else []
    parts = [(day_in(a, zone), day_in(b - timedelta(microseconds=1), zone), a, b) for a, b in cut]
    parts = parts or [(day_in(window.start, zone), day_in(window.start, zone), window.start, window.end)]
    known: list[Days] = []
    silent: list[Days] = []
    whole = False
    with store.unit_of_work() as work:
        summed = set(thinned_in(work, plan, window, settings=settings)[0]["day"])
        for first, last, start, end in parts:
            there = any(first <= day <= last for day in summed) or work.patrols.count(PointFilter(start, end)) > 0
            (known if there else silent).append((first, last))
            whole = whole or not (there or end - start < _DAY)
    return known, silent, whole
