"""The three stores under one fixture, each test with a fresh one."""

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import ready
import sqlalchemy as sa
from fake_store import FakeStore
from ready import Fill
from store_world import fill_everything

from gridmap.store import open_store, upgrade

KINDS = ("fake", "geopackage", "postgis")
_LEFT_OUT = pytest.StashKey[int]()


def without_postgis() -> bool:
    """Tell whether the PostGIS half is left out, by the explicit flag alone."""
    return "postgis" in os.environ.get("GRIDMAP_TESTS_WITHOUT", "").split(",")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs PostGIS; take it out only when the flag says so, and count it for the summary."""
    here = [
        item
        for item in items
        if Path(__file__).parent in item.path.parents
        and ("[postgis" in item.name or item.get_closest_marker("postgis") is not None)
    ]
    for item in here:
        item.add_marker(pytest.mark.postgis)
    if without_postgis() and here:
        items[:] = [item for item in items if item not in here]
        config.stash[_LEFT_OUT] = len(here)
        config.hook.pytest_deselected(items=here)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was left out."""
    if left_out := config.stash.get(_LEFT_OUT, 0):
        terminalreporter.section("left out")
        terminalreporter.line(f"GRIDMAP_TESTS_WITHOUT=postgis: {left_out} tests of the PostGIS store did not run")


class Server:
    """Databases on the throw-away PostGIS, copied from templates that are made once."""

    def __init__(self, url: str, worker: str) -> None:
        self._url = sa.make_url(url)
        self._admin = sa.create_engine(self._url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        self._name = f"store_{worker}_{os.getpid()}"
        self._numbers = itertools.count()
        self._templates: dict[Fill | None, str] = {}

    def _do(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.exec_driver_sql(statement)

    def empty(self) -> str:
        """Make a database without tables; give its URL."""
        return self._make("template0")

    def _make(self, template: str) -> str:
        name = f"{self._name}_{next(self._numbers)}"
        # files are copied as they are: a quarter of the time of writing each page to the log
        self._do(f'create database "{name}" template "{template}" strategy file_copy')
        return self._url.set(database=name).render_as_string(hide_password=False)

    def fresh(self, fill: Fill | None = None) -> str:
        """Make a database with the tables, and with what ``fill`` writes; give its URL."""
        if fill not in self._templates:
            url = self.empty()
            upgrade(url)
            if fill is not None:
                store = open_store(url)
                fill(store)
                store.close()
            self._templates[fill] = str(sa.make_url(url).database)
        return self._make(self._templates[fill])

    def copy(self, url: str) -> str:
        """Make a copy of a database that nobody is connected to; give its URL."""
        return self._make(str(sa.make_url(url).database))

    def drop(self, url: str) -> None:
        """Remove a database."""
        self._do(f'drop database if exists "{sa.make_url(url).database}" with (force)')

    def close(self) -> None:
        """Remove the templates."""
        for template in self._templates.values():
            self._do(f'drop database if exists "{template}" with (force)')
        self._admin.dispose()


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The throw-away PostGIS; without it the tests fail, they do not skip."""
    url = os.environ.get("TEST_DATABASE_URL")
    if not url:
        pytest.fail(
            "TEST_DATABASE_URL is not set. Start a throw-away PostGIS with `scripts/postgis.sh start DIR` and set it "
            "to the printed URL, or leave this part out with GRIDMAP_TESTS_WITHOUT=postgis.",
            pytrace=False,
        )
    found = Server(url, os.environ.get("PYTEST_XDIST_WORKER", "main"))
    yield found
    found.close()


@dataclass
class Place:
    """Where a test's database lies, and how to open it (again)."""

    kind: str
    url: str
    open: Callable[..., Any]

    @property
    def path(self) -> Path:
        """The file of an embedded store."""
        return Path(str(sa.make_url(self.url).database))


def _place(kind: str, request: pytest.FixtureRequest, tmp_path: Path, fill: Fill | None = None) -> Iterator[Place]:
    opened: list[Any] = []

    def reopen(**options: Any) -> Any:
        opened.append(open_store(url, **options))
        return opened[-1]

    if kind == "geopackage":
        url = ready.put(tmp_path / "store.gpkg", fill)
    else:
        server: Server = request.getfixturevalue("server")
        url = server.fresh(fill)
    yield Place(kind, url, reopen)
    for store in opened:
        store.close()
    if kind == "postgis":
        server.drop(url)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """An empty store of each kind."""
    if request.param == "fake":
        yield FakeStore(wait_s=30)  # patient: races must end on a busy machine too
        return
    for place in _place(request.param, request, tmp_path):
        yield place.open(wait_s=30)


@pytest.fixture(params=KINDS[1:])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty database of each true store, not opened."""
    yield from _place(request.param, request, tmp_path)


@pytest.fixture
def gpkg(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty embedded store, not opened."""
    yield from _place("geopackage", request, tmp_path)


@pytest.fixture(params=KINDS[1:])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A database of each true store with rows in every table, not opened."""
    yield from _place(request.param, request, tmp_path, fill_everything)


@pytest.fixture
def full_gpkg(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An embedded store with rows in every table, not opened."""
    yield from _place("geopackage", request, tmp_path, fill_everything)
