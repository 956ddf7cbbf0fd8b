"""kill -9 at some statements and moments; every statement, and the thousands, run in make torture."""

import pytest
from faults.killing import control, run, run_each
from faults.places import KINDS

one = pytest.mark.parametrize("kind", [KINDS[0], pytest.param(KINDS[1], marks=[pytest.mark.postgis, pytest.mark.slow])])
both = pytest.mark.parametrize("kind", [KINDS[0], pytest.param(KINDS[1], marks=pytest.mark.postgis)])


@one
def test_what_was_acknowledged_is_there_once_and_whole(kind: str) -> None:
    # each kind of work twice, after one that is left to end
    outcome = run(kind, kills=12)
    assert outcome.broken == 0, outcome
    assert outcome.tried == 12


@one
def test_who_acknowledges_too_early_is_found_out(kind: str) -> None:
    """The check can fail."""
    outcome = control(kind)
    assert outcome.broken == outcome.tried


@pytest.mark.slow
@both
def test_killed_before_every_statement(kind: str) -> None:
    assert run_each(kind).broken == 0
