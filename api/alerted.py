"""Alerts as the answer that leaves, with the names of places, units and types."""

from collections import Counter

from api.replies_indicators import AlertOut, AlertsAnswer
from gridmap.domain.alerts import Alert
from gridmap.i18n import Language
from gridmap.services.cases.alerting import Pressing, alert_words
from gridmap.services.responsibility import Plan

#: Cases that one alert names.
_MOST_NAMED = 100


def alerts_answer(
    said: Pressing, found: list[Alert], limit: int, plan: Plan | None, language: Language
) -> AlertsAnswer:
    """Give so many of the alerts that were asked for, the most pressing; ``plan`` names grids and areas."""
    return AlertsAnswer(
        at=said.at,
        rules=said.rules.name,
        counts=dict(Counter(alert.rule.id for alert in found)),
        alerts=[_alert(alert, plan, language) for alert in found[:limit]],
        truncated=len(found) > limit,
    )


def _alert(alert: Alert, plan: Plan | None, language: Language) -> AlertOut:
    rule = alert.rule
    return AlertOut(
        rule=rule.id, kind=rule.kind, grade=rule.grade, title=rule.title[language],
        text=alert_words(alert, plan, language), about=alert.about, subject=alert.subject,
        measure=float(alert.measure), count=len(alert.cases), cases=list(alert.cases[:_MOST_NAMED]), lon=alert.lon,
        lat=alert.lat,
    )  # fmt: skip
