"""Three hundred named bad inputs on both stores: the right refusal, and nothing changed."""

import tempfile
from pathlib import Path

import pytest
from api_world import NOW, fill
from fastapi.testclient import TestClient
from faults.named import all_named, faults_of, rows
from faults.places import KINDS, empty

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings
from gridmap.store import open_store

NAMED = all_named()
SETTINGS = Settings(access="open", cursor_key="for tests", open_requests_per_s=100_000)


def test_there_are_at_least_three_hundred_and_no_two_are_the_same() -> None:
    assert len(NAMED) >= 300
    assert len({(n.method, n.url, n.body) for n in NAMED}) == len(NAMED)


@pytest.mark.parametrize("kind", [KINDS[0], pytest.param(KINDS[1], marks=pytest.mark.postgis)])
def test_each_is_refused_as_it_should_be_and_changes_nothing(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with empty(kind) as url:
        store = open_store(url)
        fill(store)
        before = rows(store)
        with TestClient(create_app(SETTINGS, store, FixedClock(NOW))) as client:
            wrong = [fault for named in NAMED for fault in faults_of(client, named)]
            assert wrong == []
            assert rows(store) == before
            assert client.get("/readyz").status_code == 200
        store.close()
    assert list(tmp_path.iterdir()) == [], "a temporary file was left"


def test_a_wrong_code_is_found_out(tmp_path: Path) -> None:
    """The check can fail."""
    with empty("geopackage", tmp_path) as url:
        store = open_store(url)
        with TestClient(create_app(SETTINGS, store, FixedClock(NOW))) as client:
            assert any(faults_of(client, named) for named in NAMED), "an empty store knows no set"
        store.close()
