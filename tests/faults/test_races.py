"""Races over HTTP have one winner; make torture runs a thousand of each."""

from typing import Any

import pytest
from faults import racing
from faults.places import KINDS

POSTGIS = pytest.mark.postgis


def on_each(races: int, *marks: pytest.MarkDecorator) -> list[Any]:
    """Give so many races on each store."""
    return [pytest.param(kind, races, marks=[*marks, *more]) for kind, more in zip(KINDS, ([], [POSTGIS]), strict=True)]


@pytest.mark.parametrize(("kind", "races"), [*on_each(3), *on_each(8, pytest.mark.slow)])
def test_each_race_has_one_winner(kind: str, races: int) -> None:
    outcome = racing.run(kind, races)
    assert (outcome.tried, outcome.broken) == (races * len(racing.RACES), 0), outcome


def test_an_answer_that_is_kept_apart_from_its_deed_is_found_out() -> None:
    """The check can fail."""
    assert racing.control(KINDS[0]).broken > 0
