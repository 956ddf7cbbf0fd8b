"""Alerts as the answer that leaves, with the names of places, units and types."""

from collections import Counter

from api.replies_indicators import AlertOut, AlertsAnswer
from gridmap.domain.alerts import Alert, AlertRules
from gridmap.i18n import Language
from gridmap.services.cases.alerting import alert_words
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
    rule = alert.rule
    return AlertOut(
        rule=rule.id, kind=rule.kind, grade=rule.grade, title=rule.title[language],
        text=alert_words(alert, plan, language), about=alert.about, subject=alert.subject,
        measure=float(alert.measure), count=len(alert.cases), cases=list(alert.cases[:_MOST_NAMED]), lon=alert.lon,
        lat=alert.lat,
    )  # fmt: skip
