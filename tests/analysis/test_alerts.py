"""Alerts: each rule at its limit and just beside it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from case_frames import START, case_frame, went

from gridmap.analysis.alerts import alert_text, alerts
from gridmap.domain.alerts import Alert, AlertKind, packaged_alerts, read_alerts
from gridmap.errors import GridmapError

LATER = START + timedelta(days=60)
HEAD = 'name = "x"\nsource = { zh = "甲", en = "a" }\n'
RULE = '[[alert]]\nid = "{id}"\nkind = "{kind}"\ngrade = "warning"\ntitle = {{ zh = "甲", en = "a" }}\n{more}'


def rules(kind: str, **more: Any) -> Any:
    written = "\n".join(f"{name} = {value}" for name, value in more.items())
    return read_alerts(HEAD + RULE.format(id=kind, kind=kind, more=written))


def found(kind: str, rows: list[dict[str, Any]], more: dict[str, Any] | None = None, **options: Any) -> list[Alert]:
    return alerts(rules(kind, **(more or {})), case_frame(rows), **{"at": LATER, **options})


RATE = {"indicator": '"closing"', "by": '"unit"', "target": 95, "days": 60}


def rate_of(closed: int, waiting: int, **more: Any) -> list[Alert]:
    row = {"unit": "dept:a"}
    return found("rate", [went("closed") | row] * closed + [went("handling") | row] * waiting, RATE | more)


def test_a_target_that_is_met_exactly_passes() -> None:
    assert rate_of(95, 5) == []
    assert rate_of(9500, 500) == []


def test_a_hundredth_below_its_target_is_told() -> None:
    (alert,) = rate_of(9499, 501)
    assert (alert.subject, alert.about, alert.measure) == ("dept:a", "unit", Decimal("94.99"))
    assert len(alert.cases) == 501
    # and so is what would be rounded to 95.00
    (close,) = rate_of(18999, 1001)
    assert close.measure == Decimal("94.99")


def test_a_rate_of_few_or_of_none_tells_nothing() -> None:
    assert rate_of(0, 3, least=4) == []
    assert len(rate_of(0, 4, least=4)) == 1
    assert found("rate", [went("reported") | {"unit": "dept:a"}], RATE) == []
    assert found("rate", [went("handling")], RATE | {"by": '"area"'}) == []
    assert [a.subject for a in found("rate", [went("handling")], RATE | {"by": '"area"'}, areas={"G1": "A"})] == ["A"]


def test_a_rate_is_that_of_the_last_days() -> None:
    rows = [went("handling"), went("closed", start=START + timedelta(days=40))]
    rows = [row | {"unit": "dept:a"} for row in rows]
    assert found("rate", rows, RATE | {"days": 59}) == []
    assert len(found("rate", rows, RATE)) == 1


def test_overdue_after_its_limit_until_somebody_handled_it() -> None:
    row = went("handling")
    assert found("overdue", [row], at=row["due_at"]) == []
    (alert,) = found("overdue", [row], at=row["due_at"] + timedelta(minutes=90))
    assert (alert.subject, alert.measure, alert.cases) == ("C0000000", 90, ("C0000000",))
    assert (alert.lon, alert.lat) == (120.0, 36.0)
    others = [went("handled"), went("closed"), row | {"deferred": True}, row | {"due_at": None}, went("reported")]
    assert found("overdue", others) == []


def test_only_the_categories_of_the_rule() -> None:
    rows = [went("handling") | {"category": c} for c in ("E1-01", "E11-01", "E2-01", None)]
    alerted = found("overdue", rows, {"categories": '["E1", "E2-01"]'})
    assert sorted(a.subject for a in alerted) == ["C0000000", "C0000002"]


CLUSTER = {"least": 3, "within_m": 100, "within_h": 24}


def test_a_cluster_of_enough_near_and_soon() -> None:
    row = went("reported") | {"lon": 120.0}
    soon = [row | {"reported_at": START + timedelta(hours=h)} for h in (0, 12, 24)]
    (alert,) = found("cluster", soon, CLUSTER, at=START + timedelta(hours=30))
    assert (alert.subject, alert.measure) == ("C0000002", 3)
    assert alert.cases == ("C0000000", "C0000001", "C0000002")
    assert found("cluster", soon[:2], CLUSTER, at=START + timedelta(hours=30)) == []
    far = [*soon[:2], soon[2] | {"lat": 36.001}]
    assert found("cluster", far, CLUSTER, at=START + timedelta(hours=30)) == []
    late = [*soon[:2], soon[2] | {"reported_at": START + timedelta(hours=24, microseconds=1)}]
    assert found("cluster", late, CLUSTER, at=START + timedelta(hours=30)) == []
    assert found("cluster", [*soon[:2], soon[2] | {"status": "merged"}], CLUSTER, at=START + timedelta(hours=30)) == []
    # and it is forgotten when nothing follows, and not told before it is
    assert found("cluster", soon, CLUSTER, at=START + timedelta(hours=48, microseconds=1)) == []
    assert found("cluster", soon, CLUSTER, at=START + timedelta(hours=20)) == []


GRIDS = pd.DataFrame(
    {
        "code": ["G1", "G2", "G3", "G4", "G5"],
        "heads": [1, 0, 1, 2, 1],
        "floating_residents": [2000, 2001, 2001, None, 9000],
    }
)


def test_a_grid_without_head() -> None:
    assert [a.subject for a in found("head", [], grids=GRIDS)] == ["G2"]
    assert found("head", []) == []


def test_two_thousand_need_no_station_and_one_more_does() -> None:
    def told(more: dict[str, Any], **options: Any) -> list[str]:
        there = {"grids": GRIDS, "facilities": {"stations": {"G3"}, "toilets": {"G2", "G5"}}}
        return [a.subject for a in found("station", [], {"layers": '["stations"]'} | more, **there | options)]

    assert told({"over": 2000}) == ["G5", "G2"]
    assert told({"over": 2001}) == ["G5"]
    # a rule without a number goes by what is set
    assert told({}) == ["G5", "G2"]
    assert told({}, station_over=9000) == []
    assert told({}, grids=None) == []
    assert told({"layers": '["stations", "toilets"]'}) == []
    assert told({}, facilities=None) == ["G5", "G2", "G3"]


def test_the_rules_of_the_package_find_each_of_their_kinds_the_most_pressing_first() -> None:
    near = [went("dispatched", start=LATER - timedelta(hours=1)) | {"lon": 120.5} for _ in range(5)]
    rows = [*[went("handling") | {"unit": "dept:a"}] * 20, *near]
    every = alerts(packaged_alerts(), case_frame(rows), at=LATER, grids=GRIDS, facilities={})
    assert list(dict.fromkeys(a.rule.kind for a in every)) == list(AlertKind)
    for alert in every:
        assert all(alert_text(alert, language) for language in ("zh", "en"))
    assert alerts(packaged_alerts(), case_frame([]), at=LATER) == []


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ("[", "/"),
        (HEAD + RULE.format(id="a", kind="luck", more=""), "/alert/0/kind"),
        (HEAD + RULE.format(id="a", kind="head", more="target = 3"), "/alert/0/target"),
        (HEAD + RULE.format(id="a", kind="cluster", more="least = 1\nwithin_m = 5\nwithin_h = 5"), "/alert/0/least"),
        (HEAD + RULE.format(id="a", kind="cluster", more="least = 3\nwithin_m = 0\nwithin_h = 5"), "/alert/0/within_m"),
        (HEAD + RULE.format(id="a", kind="rate", more='indicator = "closing"\nby = "unit"'), "/alert/0/target"),
        (HEAD + RULE.format(id="a", kind="overdue", more="categories = []"), "/alert/0/categories"),
        (HEAD + RULE.format(id="a", kind="head", more="") * 2, "/alert/1/id"),
        (HEAD + RULE.format(id="a", kind="station", more="over = 2000.5"), "/alert/0/over"),
        (RULE.format(id="a", kind="head", more=""), "/name"),
    ],
)
def test_wrong_rules_are_told_with_their_place(content: str, pointer: str) -> None:
    with pytest.raises(GridmapError) as caught:
        read_alerts(content)
    assert (caught.value.code, caught.value.fields["pointer"]) == ("book_wrong", pointer)


def test_now_has_an_offset() -> None:
    with pytest.raises(GridmapError, check=lambda error: error.code == "indicator_time"):
        found("head", [], at=LATER.replace(tzinfo=None))
