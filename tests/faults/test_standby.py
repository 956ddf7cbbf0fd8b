"""A primary that is lost, and its hot standby."""

import pytest
from faults.standby import run

pytestmark = pytest.mark.postgis


def test_a_standby_answers_refuses_and_takes_over() -> None:
    outcome = run(10)
    assert outcome.broken == 0, outcome


@pytest.mark.slow
def test_a_standby_that_nobody_waits_for_is_found_out() -> None:
    """The check can fail."""
    assert run(10, waits=False).broken > 0
