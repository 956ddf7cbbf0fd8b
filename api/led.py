"""The leader's numbers as the answer that leaves."""

import math
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

import numpy as np

from api.replies_lead import (
    LeadAnswer,
    LeadAreaOut,
    LeadCourseOut,
    LeadEffortAnswer,
    LeadEffortPlaceOut,
    LeadNumberOut,
    LeadPlaceOut,
    LeadRedrawAnswer,
    LeadRedrawCountOut,
    LeadTypeOut,
)
from gridmap.analysis.briefing import Effort
from gridmap.analysis.case_tables import numerator_of, rate_of
from gridmap.analysis.indicators import INDICATORS, Figures
from gridmap.analysis.leading import NUMBERS
from gridmap.domain.incidents import GridRef
from gridmap.domain.taxonomy import categories
from gridmap.i18n import Language, text
from gridmap.services.cases.indicators import group_name
from gridmap.services.cases.leading import Lead
from gridmap.services.cases.queue import Queue
from gridmap.services.cases.redrawn import Count, Recount
from gridmap.services.ports import PointFilter
from gridmap.services.responsibility import Plan

#: Types that are shown, those with most cases.
_MOST_TYPES = 12
_ON_TIME, _REPORTED = "on_time_closing", "filing"


def lead_answer(found: Lead, plan: Plan | None, zone: str, language: Language) -> LeadAnswer:
    """Give the numbers of a period and of places."""
    board = found.board
    levels = [] if plan is None else [one.name for one in plan.boundary_set.levels]
    return LeadAnswer(
        at=found.at, first=found.first, last=found.last,
        start=board.start, end=board.end, before=board.before, until=board.until, time_zone=zone,
        set=None if plan is None else plan.boundary_set.name,
        area=None if found.area is None else _area(found.area), level=found.level, levels=levels,
        areas=[] if plan is None else [_area(ref) for ref in plan.refs.values() if ref.level in levels[:-1]],
        numbers=[_reported(found, language), *(_number(found, name, language) for name in NUMBERS[1:])],
        open=found.queues[Queue.OPEN], overdue=found.queues[Queue.OVERDUE], at_risk=found.queues[Queue.RISK],
        course=_course(found), types=_types(found, language), places=_places(found, language),
        hours=board.hours.tolist(),
    )  # fmt: skip


def _area(ref: GridRef) -> LeadAreaOut:
    return LeadAreaOut(code=ref.code, title=ref.name or ref.code, level=ref.level)


def _value(figures: Figures, name: str) -> float | None:
    value = rate_of(figures, name, 0) if len(figures.keys) else None
    return None if value is None else float(value)


def _cases(found: Lead, name: str, part: str = "numerator") -> str:
    """Give the address of the cases behind a number."""
    query = {
        "indicator": name, "part": part, "at": found.at.isoformat(), "start": found.board.start.isoformat(),
        "end": found.board.end.isoformat(),
    }  # fmt: skip
    if found.area is not None:
        query |= {"by": "area", "level": found.area.level, "group": group_name((found.area.code,))}
    return "/api/v1/cases/indicators/cases?" + urlencode(query)


def _number(found: Lead, name: str, language: Language) -> LeadNumberOut:
    one, now, was = INDICATORS[name], _value(found.board.now, name), _value(found.board.was, name)
    target = found.targets.get(name)
    return LeadNumberOut(
        name=name, title=text(f"indicator.{name}.name", language), unit=one.unit, better=one.better,
        formula=text(f"indicator.{name}.formula", language), value=now,
        numerator=float(numerator_of(found.board.now, name, 0)), denominator=int(found.board.now.counts(name)[1][0]),
        before=was, change=None if now is None or was is None else round(now - was, 2),
        target=None if target is None else float(target), cases=_cases(found, name, "denominator"),
    )  # fmt: skip


def _reported(found: Lead, language: Language) -> LeadNumberOut:
    now, was = (int(figures.counts(_REPORTED)[1][0]) for figures in (found.board.now, found.board.was))
    return LeadNumberOut(
        name="reported", title=text("lead.reported", language), unit="cases", better="neither",
        formula=text("lead.reported_formula", language), value=float(now), numerator=float(now), denominator=now,
        before=float(was), change=float(now - was), target=None, cases=_cases(found, _REPORTED, "denominator"),
    )  # fmt: skip


def _course(found: Lead) -> LeadCourseOut:
    board, figures = found.board, found.board.course
    rows = {label: row for row, label in enumerate(figures.keys[board.period])}

    def series(counts: np.ndarray) -> list[int]:
        return [int(counts[rows[label]]) if label in rows else 0 for label in board.labels]

    on_time, due = figures.counts(_ON_TIME)
    return LeadCourseOut(
        period=board.period, labels=list(board.labels), reported=series(figures.counts(_REPORTED)[1]),
        on_time=series(on_time), due=series(due),
    )  # fmt: skip


def _types(found: Lead, language: Language) -> list[LeadTypeOut]:
    board, known = found.board, categories()
    reported = board.types.counts(_REPORTED)[1]
    before = dict(zip(board.types_was.keys["category"], board.types_was.counts(_REPORTED)[1].tolist(), strict=True))
    on_time, due = board.types.counts(_ON_TIME)
    names = board.types.keys["category"].tolist()
    order = sorted((row for row in range(len(names)) if reported[row]), key=lambda row: (-reported[row], names[row]))
    return [
        LeadTypeOut(
            category=names[row], title=text(f"category.{names[row]}", language) if names[row] in known else names[row],
            reported=int(reported[row]), before=int(before.get(names[row], 0)), on_time=int(on_time[row]),
            due=int(due[row]),
        )
        for row in order[:_MOST_TYPES]
    ]  # fmt: skip


def _places(found: Lead, language: Language) -> list[LeadPlaceOut]:
    """Give places by rank; those of which nothing was due last."""
    figures = found.board.places
    codes = figures.keys[figures.by[0]].tolist()
    reported, (on_time, due) = figures.counts(_REPORTED)[1], figures.counts(_ON_TIME)
    reworks, handled = figures.counts("rework")
    hours = figures.values("handling_hours")
    share = [on / of if of else -1.0 for on, of in zip(on_time.tolist(), due.tolist(), strict=True)]
    order = sorted(
        (row for row in range(len(codes)) if reported[row]),
        key=lambda row: (-share[row], -int(due[row]), str(codes[row] or "~")),
    )
    return [
        LeadPlaceOut(
            code=codes[row],
            title=text("lead.no_place", language) if codes[row] is None else found.names.get(codes[row]) or codes[row],
            rank=1 + sum(other > share[row] for other in share) if due[row] else None,
            reported=int(reported[row]), on_time=int(on_time[row]), due=int(due[row]),
            hours=None if math.isnan(hours[row]) else round(float(hours[row]), 2),
            reworks=int(reworks[row]), handled=int(handled[row]),
        )
        for row in order
    ]  # fmt: skip


def effort_answer(
    plan: Plan, level: str, where: PointFilter, recorded: bool, found: Mapping[str, Effort], said: list[str]
) -> LeadEffortAnswer:
    """Give what patrols did by place, the places with most grids that nobody looked at first."""
    assert where.start is not None
    assert where.end is not None
    order = sorted(found, key=lambda code: (-found[code].unseen / found[code].grids, code))
    return LeadEffortAnswer(
        start=where.start, end=where.end, set=plan.boundary_set.name, level=level, recorded=recorded,
        said=said, places=[_effort(code, plan.refs[code].name or code, found[code]) for code in order],
    )  # fmt: skip


def _effort(code: str, title: str, one: Effort) -> LeadEffortPlaceOut:
    rate, low, high = (None, None, None) if one.per_hour is None else (round(value, 4) for value in one.per_hour)
    return LeadEffortPlaceOut(
        code=code, title=title, grids=one.grids, unseen=one.unseen, hours=round(one.hours, 2),
        incidents=one.incidents, found=one.found, per_hour=rate, per_hour_low=low, per_hour_high=high,
    )  # fmt: skip


def redraw_answer(found: Recount, start: datetime, end: datetime) -> LeadRedrawAnswer:
    """Give the cases of the grids that changed, by the borders before and after."""
    return LeadRedrawAnswer.model_validate({
        "set": found.old.boundary_set.name, "from": found.old.version.number, "to": found.new.version.number,
        "start": start, "end": end, "cases": found.cases, "moved": found.moved,
        "grids": [
            {"code": one.code, "before": _count(one.before), "after": _count(one.after)} for one in found.grids
        ],
    })  # fmt: skip


def _count(one: Count | None) -> LeadRedrawCountOut | None:
    if one is None:
        return None
    return LeadRedrawCountOut(title=one.name, reported=one.reported, on_time=one.on_time, due=one.due)
