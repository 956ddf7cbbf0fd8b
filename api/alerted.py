"""Alerts as the answer that leaves, with the names of places, units and types."""

from collections import Counter

from api.replies_indicators import AlertOut, AlertsAnswer
from gridmap.analysis.alerts import alert_text
from gridmap.domain.alerts import Alert, AlertRules
from gridmap.i18n import Language, has, text
from gridmap.services.cases.indicators import Question
from gridmap.services.responsibility import Plan

#: Alerts of one answer, and cases that one of them names.
_MOST_ALERTS, _MOST_NAMED = 1_000, 100


def alerts_answer(
    asked: Question, rules: AlertRules, found: list[Alert], plan: Plan | None, language: Language
) -> AlertsAnswer:
    """Give alerts, the most pressing of them; ``plan`` names grids and areas."""
    return AlertsAnswer(
        at=asked.at,
        rules=rules.name,
        counts=dict(Counter(alert.rule.id for alert in found)),
        alerts=[_alert(alert, plan, language) for alert in found[:_MOST_ALERTS]],
        truncated=len(found) > _MOST_ALERTS,
    )


def _alert(alert: Alert, plan: Plan | None, language: Language) -> AlertOut:
    rule, told = alert.rule, _told(alert, plan, language)
    return AlertOut(
        rule=rule.id, kind=rule.kind, grade=rule.grade, title=rule.title[language],
        text=alert_text(alert, language, **told), about=alert.about, subject=alert.subject,
        measure=float(alert.measure), count=len(alert.cases), cases=list(alert.cases[:_MOST_NAMED]), lon=alert.lon,
        lat=alert.lat,
    )  # fmt: skip


def _told(alert: Alert, plan: Plan | None, language: Language) -> dict[str, str]:
    """Give what the text is filled with, as people call it."""
    told = dict(alert.fields)
    if "indicator" in told:
        told["indicator"] = text(f"indicator.{told['indicator']}.name", language)
    if "grid" in told:
        told["grid"] = _place(told["grid"], plan, language)
    if "unit" in told:
        told["unit"] = _unit(told["unit"], plan, language)
    if "category" in told:
        told["category"] = _named("category.", told["category"], language)
    if "subject" in told:
        told["subject"] = _subject(alert.about, told["subject"], plan, language)
    return told


def _place(code: str, plan: Plan | None, language: Language) -> str:
    """Give the name and the code of a grid or area."""
    if not code:
        return text("lead.no_place", language)
    ref = None if plan is None else plan.refs.get(code)
    if ref is None or not ref.name:
        return text("alert.grid", language, code=code)
    return text("alert.place", language, name=ref.name, code=code)


def _unit(unit: str, plan: Plan | None, language: Language) -> str:
    """Give what people call a unit that handles cases; a department is its own name."""
    kind, _, code = unit.partition(":")
    match kind:
        case "":
            return text("alert.unit_none", language)
        case "grid":
            return _place(code, plan, language)
        case "desk":
            ref = None if plan is None else plan.refs.get(code)
            return text("alert.unit_desk", language, name=code if ref is None else ref.name or code)
    return code or unit


def _subject(about: str, subject: str, plan: Plan | None, language: Language) -> str:
    match about:
        case "unit":
            return _unit(subject, plan, language)
        case "grid" | "area":
            return _place(subject, plan, language)
    return _named("page.dispatch_channel_", subject, language)


def _named(prefix: str, code: str, language: Language) -> str:
    return text(prefix + code, language) if has(prefix + code) else code
