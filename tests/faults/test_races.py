"""Races over HTTP have one winner; make torture runs a thousand of each."""

import pytest
from faults import racing
from faults.places import KINDS


@pytest.mark.parametrize("kind", [KINDS[0], pytest.param(KINDS[1], marks=pytest.mark.postgis)])
def test_each_race_has_one_winner(kind: str) -> None:
    outcome = racing.run(kind, 8)
    assert (outcome.tried, outcome.broken) == (8 * len(racing.RACES), 0), outcome


def test_an_answer_that_is_kept_apart_from_its_deed_is_found_out() -> None:
    """The check can fail."""
    assert racing.control(KINDS[0]).broken > 0
