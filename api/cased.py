"""Cases as the answers that leave."""

from datetime import datetime

from api.deps import Context
from api.located import locate_answer
from api.replies_cases import (
    CaseAnswer,
    CaseFileOut,
    CaseOut,
    ClockOut,
    ConditionOut,
    MayOut,
    ProposedOut,
    RecordLineOut,
    SimilarOut,
)
from gridmap.analysis.duplicates import Alike
from gridmap.domain.assigning import Assigned
from gridmap.domain.case_clock import Timer
from gridmap.domain.cases import TRANSITIONS
from gridmap.i18n import Language
from gridmap.services.cases.desk import CaseView, condition_of, limit_words
from gridmap.services.cases.queue import clock_state
from gridmap.services.ports import CaseLine

_LINE = (
    "case_id", "version", "category", "channel", "kind", "emergency", "occurred_at", "reported_at", "unit", "proposed",
    "grid_code", "component", "address", "extensions", "returns", "reworks", "merged_into",
)  # fmt: skip


def _values(ctx: Context, line: CaseLine, now: datetime) -> dict[str, object]:
    return {name: getattr(line, name) for name in _LINE} | {
        "status": line.status,
        "due_at": line.stage_due_at,
        "clock": clock_state(line, now, ctx.settings.time_zone),
        "lon": line.place.x,
        "lat": line.place.y,
    }


def case_out(ctx: Context, line: CaseLine, now: datetime) -> CaseOut:
    """Give a case as it stands in lists."""
    return CaseOut.model_validate(_values(ctx, line, now))


def similar_out(ctx: Context, line: CaseLine, found: Alike, now: datetime, language: Language) -> SimilarOut:
    """Give a case that could be the same, and why."""
    values = _values(ctx, line, now)
    values |= {"score": round(found.score, 3), "distance_m": round(found.distance_m, 1)}
    values |= {"minutes": round(found.minutes, 1), "same_component": found.same_component}
    return SimilarOut.model_validate(values | {"reasons": list(found.reasons(language))})


def proposed_out(found: Assigned, language: Language) -> ProposedOut:
    """Give who should handle it, and why."""
    return ProposedOut(unit=found.unit, rule=found.rule, reason=found.reason.message(language))


def clock_out(timer: Timer, risk_at: datetime | None, now: datetime) -> ClockOut:
    """Give a clock with what it counted."""
    at = timer.due.at
    return ClockOut(
        stage=timer.stage,
        limit=limit_words(timer.limit),
        started_at=timer.started,
        due_at=at,
        counted=list(timer.due.counted),
        left_s=None if at is None else int((at - now).total_seconds()),
        paused=at is None,
        provisional=timer.due.provisional,
        risk_at=risk_at,
    )


def case_answer(ctx: Context, view: CaseView, language: Language) -> CaseAnswer:
    """Give a case with all that who works on it needs."""
    now, file, line = ctx.clock.now(), view.file, view.file.line
    rest = {"note": file.note, "photos": list(file.photos), "accuracy_m": file.accuracy_m}
    rest["reporter"] = file.reporter if view.works else None
    rest["condition"] = condition_of([one.entry for one in view.record]) or None
    owner = None
    if view.owner is not None and view.plan is not None:
        owner = locate_answer(view.plan, view.owner)
    return CaseAnswer(
        case=CaseFileOut.model_validate(_values(ctx, line, now) | rest),
        owner=owner,
        proposed=proposed_out(view.proposed, language),
        record=[
            RecordLineOut(
                number=number, act=entry.act, by=author, role=entry.role, at=entry.at, reason=entry.reason,
                names=entry.names,
            )
            for number, entry, author in view.record
        ],
        may=[
            MayOut(act=act, role=role, reason=rule.reason, names=rule.names)
            for act, role in view.may
            for rule in [TRANSITIONS[view.standing.status, act]]
        ],
        clock=None if view.timers.present is None else clock_out(view.timers.present, line.risk_at, now),
        similar=[similar_out(ctx, one, found, now, language) for one, found in view.similar],
        conditions=[ConditionOut(condition=row.condition, limit=limit_words(row.limit)) for row in view.choices],
    )  # fmt: skip
