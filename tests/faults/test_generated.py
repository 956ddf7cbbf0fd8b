"""Some hundreds of requests made from our own description; make torture sends as many as it is told to.

In the short form every operation is asked once as described or once against it, and four times with something turned
about.
"""

from pathlib import Path

import pytest
import ready
from api_world import NOW, fill
from fastapi.testclient import TestClient
from faults.generated import TURNED, judge, run

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings

SETTINGS = Settings(access="open", cursor_key="for tests", open_requests_per_s=1_000_000)


@pytest.mark.parametrize(("both", "turned"), [(False, 4), pytest.param(True, TURNED, marks=pytest.mark.slow)])
def test_no_generated_request_breaks_the_service(tmp_path: Path, both: bool, turned: int) -> None:
    store = ready.embedded(tmp_path / "s.gpkg", fill)
    app = create_app(SETTINGS, store, FixedClock(NOW))
    with TestClient(app, raise_server_exceptions=False) as client:
        outcome = run(client, app, requests=300, first_seed=1, store="geopackage", both=both, turned=turned)
    store.close()
    assert outcome.tried >= 200
    assert outcome.broken == 0, outcome


def test_a_500_is_found_out() -> None:
    """The check can fail."""

    class Broken:
        local = True

        def __getattr__(self, name: str):
            raise RuntimeError

    app = create_app(SETTINGS, Broken(), FixedClock(NOW))
    client = TestClient(app, raise_server_exceptions=False)
    assert "500" in str(judge(client, "GET", "/readyz", b"", None, None))
