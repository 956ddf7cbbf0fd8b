"""One small district behind the app, in each kind of store."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import ready
from api_world import NOW, fill
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.services.ports import PointFilter, Store
from gridmap.settings import Settings

STORES = ("embedded", "fake") if importlib.util.find_spec("fake_store") else ("embedded",)


@dataclass
class World:
    """A running app over a filled store."""

    app: FastAPI
    store: Store
    client: TestClient
    settings: Settings

    def get(self, url: str, **headers: str) -> httpx.Response:
        """Ask for an address."""
        return self.client.get(url, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, url: str, body: Any) -> httpx.Response:
        """Send JSON; bytes go as they are."""
        if isinstance(body, bytes):
            return self.client.post(url, content=body, headers={"content-type": "application/json"})
        return self.client.post(url, json=body)

    def rows(self) -> tuple[int, int, int]:
        """Count everything that a request could change."""
        with self.store.unit_of_work() as work:
            versions = sum(len(work.boundaries.list_versions(s.name)) for s in work.boundaries.list_sets())
            return versions, work.incidents.count(PointFilter()), work.patrols.count(PointFilter())


def make_store(kind: str, folder: Path) -> Store:
    """Open a store of a kind, with the district."""
    if kind == "fake":
        return ready.fake(fill)
    return ready.embedded(folder / "world.gpkg", fill)


@pytest.fixture(scope="session", params=STORES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The district for tests that change nothing."""
    yield from _world(request.param, tmp_path_factory.mktemp("world"))


@pytest.fixture(params=STORES)
def fresh_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A district of its own for a test that writes."""
    yield from _world(request.param, tmp_path)


@pytest.fixture(scope="module", params=STORES)
def world_to_write(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A district that the tests of one file may add to."""
    yield from _world(request.param, tmp_path_factory.mktemp("written"))


@pytest.fixture(params=STORES)
def large_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A district of its own with the limits of a real service."""
    yield from _world(request.param, tmp_path, Settings(cursor_key="for tests"))


_SMALL = Settings(max_batch_points=50, max_batch_fixes=20, max_page=10, cursor_key="for tests")


def _world(kind: str, folder: Path, settings: Settings = _SMALL) -> Iterator[World]:
    store = make_store(kind, folder)
    app = create_app(settings, store, FixedClock(NOW))
    # entered, it keeps one event loop for all requests
    with TestClient(app) as client:
        yield World(app, store, client, settings)
    store.close()


@pytest.fixture
def empty_world(tmp_path: Path) -> Iterator[World]:
    """A service with nothing in it."""
    store = ready.embedded(tmp_path / "world.gpkg")
    settings = Settings()
    app = create_app(settings, store, FixedClock(datetime(2026, 1, 1, tzinfo=UTC)))
    with TestClient(app) as client:
        yield World(app, store, client, settings)
    store.close()
