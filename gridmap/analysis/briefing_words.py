"""The sentences of a briefing: what its numbers mean, and what was not recorded."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
import scipy

from gridmap.analysis.briefing import Number, PlaceLine, TypeLine
from gridmap.analysis.rhythm import record_gaps, say_records
from gridmap.analysis.saying import Statement, Word, by_chance, rounded, say
from gridmap.domain.periods import Period

#: A place with fewer cases due is not called the best or the worst.
_LEAST_DUE = 10
#: Types that are said to have risen or fallen.
_MOST_TYPES = 3
#: Of what is said to have changed, the share that may be chance.
_RATE = 0.05
#: Weeks before the period by which gaps in the records are told from quiet days.
LOOK_BACK = timedelta(weeks=8)


def say_briefing(
    numbers: Sequence[Number], places: Sequence[PlaceLine], types: Sequence[TypeLine], period: Period,
    gaps: Sequence[tuple[date, date]],
) -> tuple[Statement, ...]:  # fmt: skip
    """Say in sentences what the numbers mean: how many, against the targets, which places and types stand out."""
    reported = numbers[0]
    if not reported.below and not (reported.before or 0):
        return (say("report_no_cases"),)
    said = [_say_reported(reported, period)]
    said += [_say_target(one) for one in numbers if one.target is not None and one.value is not None]
    ranked = [p for p in places if p.rank is not None and p.due >= _LEAST_DUE and p.code is not None]
    if len(ranked) > 2 and ranked[0].rank != ranked[-1].rank:
        best, worst = ranked[0], ranked[-1]
        said.append(say(
            "report_places", best=best.name, best_n=best.on_time, best_of=best.due, worst=worst.name,
            worst_n=worst.on_time, worst_of=worst.due,
        ))  # fmt: skip
    said += _say_types(types, period)
    if any(a <= period.last and b >= period.before for a, b in gaps):
        said.append(say("report_gap_compares"))
    return tuple(said)


def _say_reported(one: Number, period: Period) -> Statement:
    now, was = one.below, int(one.before or 0)
    if period.days != period.days_before:
        per = [rounded(n / days) for n, days in ((now, period.days), (was, period.days_before))]
        return say("report_reported_per_day", count=f"{now:,}", before=f"{was:,}", a_day=per[0], a_day_before=per[1])
    p = _differ(now, was, 1.0)
    key = "report_reported_more" if now > was else "report_reported_less" if now < was else "report_reported_same"
    return say(key, count=f"{now:,}", before=f"{was:,}", by=f"{abs(now - was):,}", chance=by_chance(p))


def _say_target(one: Number) -> Statement:
    assert one.value is not None
    assert one.target is not None
    met = one.value >= one.target
    return say(
        "report_target_met" if met else "report_target_missed", indicator=Word(f"indicator.{one.name}.name", one.name),
        value=f"{one.value:,.1f}", n=f"{one.above:,.0f}", of=f"{one.below:,}", target=f"{one.target:g}",
        by=f"{abs(one.value - one.target):,.1f}",
    )  # fmt: skip


def _say_types(types: Sequence[TypeLine], period: Period) -> list[Statement]:
    """Say which types are the most frequent, and which rose or fell more than chance explains, so many at once."""
    whole = sum(t.reported for t in types)
    said = []
    if whole:
        top = types[0]
        share = rounded(100 * top.reported / whole)
        said.append(say("report_type_most", type=_type(top.category), count=f"{top.reported:,}", percent=share))
    p = np.array([_differ(t.reported, t.before, period.days / period.days_before) for t in types])
    q = scipy.stats.false_discovery_control(p) if len(p) else p
    moved = [(t, float(one)) for t, one, all_ in zip(types, p, q, strict=True) if all_ <= _RATE]
    moved.sort(key=lambda one: (one[1], one[0].category))
    for one, chance in moved[:_MOST_TYPES]:
        more = one.reported / period.days > one.before / period.days_before
        said.append(say(
            "report_type_more" if more else "report_type_less", type=_type(one.category), count=f"{one.reported:,}",
            before=f"{one.before:,}", chance=by_chance(chance),
        ))  # fmt: skip
    if whole and not moved:
        said.append(say("report_type_none"))
    return said


def _type(code: str) -> Word:
    return Word(f"category.{code}", code)


def _differ(now: int, was: int, ratio: float) -> float:
    """Tell how likely chance alone makes two counts differ so, of spans whose lengths are as ``ratio``."""
    if not now + was:
        return 1.0
    return float(scipy.stats.binomtest(now, now + was, ratio / (1 + ratio)).pvalue)


def gaps_of(at: "pd.Series[pd.Timestamp]", period: Period, zone: str) -> list[tuple[date, date]]:
    """Find spans without any record in the period or the one compared with; ``at``: times back to ``LOOK_BACK``."""
    start = min(period.before, period.first - LOOK_BACK)
    found = record_gaps(at, start=start, end=period.last + timedelta(days=1), time_zone=zone)
    return [(a, b) for a, b in found if b >= period.before]


def say_missing(
    gaps: Sequence[tuple[date, date]], elsewhere: int, reported: int, period: Period,
    silent: tuple[Sequence[tuple[date, date]], int],
) -> tuple[Statement, ...]:  # fmt: skip
    """Say what was not recorded, so that nobody takes it for nothing.

    Parameters
    ----------
    gaps : sequence of (date, date)
        First and last day of spans without any incident.
    elsewhere, reported : int
        Incidents in no grid, of how many.
    period : Period
    silent : (sequence of (date, date), int)
        Days, or longer parts of the period, without any patrol track, and how many parts there are.
    """
    said = say_records(gaps, [])
    if period.last < period.planned:
        said.append(say("report_not_over", last=period.last.isoformat(), planned=period.planned.isoformat()))
    if elsewhere:
        said.append(say("report_elsewhere", count=f"{elsewhere:,}", of=f"{reported:,}"))
    parts, whole = silent
    if parts and len(parts) == whole:
        said.append(say("report_no_fixes"))
    elif parts:
        days = sum((b - a).days + 1 for a, b in parts)
        first, last = parts[0][0].isoformat(), parts[-1][1].isoformat()
        said.append(say("report_few_fixes", days=days, of=period.days, first=first, last=last))
    return tuple(said) or (say("report_all_recorded"),)
