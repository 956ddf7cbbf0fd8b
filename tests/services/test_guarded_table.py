"""The table of rights: every method of every port stands in it, and no other way leads through a guarded store."""

import inspect
from datetime import UTC, date, datetime

import pytest
from fake_store import FakeStore

from gridmap.domain.access import OPERATOR, Permission
from gridmap.services import ports
from gridmap.services.clock import FixedClock
from gridmap.services.guarded import CUTS, PORTS, RULES, GuardedStore
from gridmap.services.guarded.table import TOLD_ELSEWHERE

NOW = datetime(2026, 5, 20, 4, tzinfo=UTC)

METHODS = [
    (kind, name)
    for kind, port in PORTS.items()
    for name, member in inspect.getmembers(port, inspect.isfunction)
    if not name.startswith("_")
]


def test_every_repository_of_a_unit_of_work_has_rules() -> None:
    assert set(ports.UnitOfWork.__annotations__) == set(RULES) == set(PORTS)


@pytest.mark.parametrize(("kind", "name"), METHODS)
def test_every_method_stands_in_the_table(kind: str, name: str) -> None:
    assert name in RULES[kind]


@pytest.mark.parametrize("kind", RULES)
def test_the_table_names_no_method_that_is_none(kind: str) -> None:
    assert {(kind, name) for name in RULES[kind]} <= set(METHODS)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(k, n) for k, rules in RULES.items() for n, rule in rules.items() if rule.permission is not None],
)
def test_every_method_that_asks_for_something_has_a_narrowed_form_or_is_refused(kind: str, name: str) -> None:
    if kind in CUTS:
        narrowed = inspect.signature(getattr(CUTS[kind], name))
        whole = inspect.signature(getattr(PORTS[kind], name))
        loose = any(p.kind is p.VAR_KEYWORD for p in narrowed.parameters.values())
        assert loose or list(narrowed.parameters) == list(whole.parameters)
    else:
        assert RULES[kind][name].permission in {Permission.ACCOUNTS_MANAGE, Permission.AUDIT_READ}


def test_every_change_is_told() -> None:
    untold = {kind for kind, rules in RULES.items() for rule in rules.values() if rule.writes and rule.action is None}
    assert untold == TOLD_ELSEWHERE


def test_what_does_not_stand_in_the_table_cannot_be_called() -> None:
    store = GuardedStore(FakeStore(), OPERATOR, clock=FixedClock(NOW), day=date(2026, 5, 20))
    with store.unit_of_work() as work:
        assert work.boundaries.list_sets() == []
        with pytest.raises(AttributeError):
            work.boundaries._look("urban")  # type: ignore[attr-defined]
        with pytest.raises(AttributeError):
            work.anything  # type: ignore[attr-defined]  # noqa: B018
