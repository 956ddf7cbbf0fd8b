"""Alerts in the words of people: what a text is filled with, named as they call it."""

from dataclasses import dataclass
from datetime import datetime

from gridmap.analysis.alerts import alert_text
from gridmap.domain.alerts import Alert, AlertRules
from gridmap.i18n import Language, has, text
from gridmap.services.responsibility import Plan


@dataclass(frozen=True, slots=True)
class Pressing:
    """What rules asked somebody to look at, at a moment; the most pressing first."""

    at: datetime
    rules: AlertRules
    alerts: list[Alert]


def alert_words(alert: Alert, plan: Plan | None, language: Language) -> str:
    """Say an alert; ``plan`` names grids and areas."""
    return alert_text(alert, language, **_told(alert, plan, language))


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
