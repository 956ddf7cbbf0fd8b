"""One account asks far too much; make torture asks more often."""

import pytest
from faults import flood
from faults.places import KINDS

ON_EACH = [KINDS[0], pytest.param(KINDS[1], marks=pytest.mark.postgis)]


@pytest.mark.parametrize("kind", ON_EACH)
def test_a_flood_of_one_account_is_sent_away_and_others_do_not_feel_it(kind: str) -> None:
    outcome = flood.look_ups(kind, 4_000)
    assert outcome.broken == 0, outcome


@pytest.mark.parametrize("kind", ON_EACH)
def test_of_fifty_tabs_two_are_served_at_once(kind: str) -> None:
    outcome = flood.tabs(kind, 50)
    assert outcome.broken == 0, outcome


@pytest.mark.parametrize("kind", ON_EACH)
def test_hundreds_of_new_drafts_are_refused_or_made(kind: str) -> None:
    outcome = flood.submissions(kind, 400)
    assert outcome.broken == 0, outcome


def test_without_limits_each_of_them_is_found_out() -> None:
    """The checks can fail."""
    assert "nobody was sent away" in flood.look_ups(KINDS[0], 400, limited=False).seen
    assert "at work at once" in flood.tabs(KINDS[0], 6, limited=False).seen
    assert "nobody was sent away" in flood.submissions(KINDS[0], 40, limited=False).seen
