"""A server that crashes under load loses nothing that was acknowledged, and the service goes on when it is back."""

import pytest
from faults.restarting import run

pytestmark = pytest.mark.postgis


def test_a_crash_under_load_loses_nothing() -> None:
    outcome = run(crashes=1)
    assert outcome.broken == 0, outcome


@pytest.mark.slow
def test_a_server_that_acknowledges_too_early_is_found_out() -> None:
    """The check can fail."""
    assert run(crashes=3, durable=False).broken > 0
