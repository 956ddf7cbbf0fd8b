"""No connection is free; the clock jumps: refusals that are worth trying again, and nothing acknowledged is lost."""

import pytest
from faults.places import KINDS
from faults.pool import exhaust, step_the_clock

both = pytest.mark.parametrize("kind", [KINDS[0], pytest.param(KINDS[1], marks=pytest.mark.postgis)])


@both
def test_without_a_free_connection_the_answer_is_to_try_again(kind: str) -> None:
    outcome = exhaust(kind, times=1)
    assert outcome.broken == 0, outcome


@both
def test_whatever_the_clock_does_nothing_acknowledged_is_lost(kind: str) -> None:
    outcome = step_the_clock(kind, steps=60, seed=5)
    assert outcome.broken == 0, outcome


def test_free_connections_and_a_forgetful_service_are_found_out() -> None:
    """The checks can fail."""
    assert exhaust(KINDS[0], times=1, held=0).broken > 0
    assert step_the_clock(KINDS[0], steps=5, seed=5, keyed=False).broken > 0
