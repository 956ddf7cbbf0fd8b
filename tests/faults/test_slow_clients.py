"""Clients that trickle are given up, and others do not feel them; thousands come in make torture."""

from pathlib import Path

import pytest
import ready
from api_world import NOW, fill
from faults.slow import run, siege

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings


@pytest.fixture
def app(tmp_path: Path):
    """The small district, with a short deadline for bodies."""
    store = ready.embedded(tmp_path / "s.gpkg", fill)
    settings = Settings(access="open", body_deadline_s=1.0, open_requests_per_s=100_000)
    yield create_app(settings, store, FixedClock(NOW))
    store.close()


def test_two_hundred_slow_clients_are_given_up(app) -> None:
    outcome = run(app, clients=200, seconds=4, deadline_s=1.0, store="geopackage")
    assert outcome.broken == 0, outcome


def test_without_a_deadline_they_would_stay(app) -> None:
    """The check can fail."""
    held, _ = siege(app, clients=20, seconds=2.5, deadline_s=1_000)
    assert held >= 10, "those who trickle heads"
