"""Pages in a real Chromium: every test fails on a console error and on any request that leaves the machine."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import city
import page_service
import plan_world
import pytest
from plan_draft import Draft
from playwright.sync_api import Page, expect

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
# generous: the machine may be busy, and a wait that succeeds costs nothing
expect.set_options(timeout=20_000)
WITHOUT = os.environ.get("GRIDMAP_TESTS_WITHOUT", "").split(",")


def chromium() -> str | None:
    """Where a Chromium is: CHROMIUM, Debian's, or Google's; the one without windows first, it opens pages quicker."""
    known = ("chromium-headless-shell", "chromium", "google-chrome")
    return os.environ.get("CHROMIUM") or next((found for name in known if (found := shutil.which(name))), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the browser tests out only when that was asked for, and say so."""
    driven = [item for item in items if item.get_closest_marker("browser") and HERE in item.path.parents]
    if "browser" in WITHOUT and driven:
        config.hook.pytest_deselected(items=driven)
        items[:] = [item for item in items if item not in driven]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Drive the Chromium of the system."""
    found = chromium()
    if found is None:
        pytest.fail(
            "the browser tests need chromium: apt-get install chromium-headless-shell fonts-wqy-zenhei, or name one in "
            "CHROMIUM, or leave them out with make test WITHOUT=browser",
            pytrace=False,
        )
    quiet = ("no-first-run", "disable-background-networking", "disable-component-update", "disable-sync")
    args = ["--no-sandbox", "--disable-gpu", "--disable-quic", *(f"--{flag}" for flag in quiet)]
    return {**browser_type_launch_args, "executable_path": found, "args": args}


@pytest.fixture
def browser_context_args(browser_context_args: dict, base_url: str) -> dict:
    """A reader in China, at the service of this very test.

    The plugin's own arguments are made once a session, from whichever service was asked for first; modules
    with a service of their own run in the same process.
    """
    return {**browser_context_args, "base_url": base_url, "locale": "zh-CN", "timezone_id": "Asia/Shanghai"}


@pytest.fixture(scope="session")
def town() -> city.City:
    """The city behind the pages."""
    return city.build()


@pytest.fixture(scope="session")
def base_url(town: city.City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the service over the city listens."""
    with page_service.serve(tmp_path_factory.mktemp("service"), town=town) as url:
        yield url


@pytest.fixture(scope="session")
def plan_built() -> city.City:
    """The town whose borders are redrawn."""
    return plan_world.town()


@pytest.fixture(scope="session")
def plan_url(plan_built: city.City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the service over it listens."""
    with plan_world.serve(tmp_path_factory.mktemp("plan"), plan_built) as (url, _):
        yield url


@pytest.fixture
def expected_errors() -> list[str]:
    """Parts of console messages that a test provokes on purpose."""
    return []


@pytest.fixture
def map_servers() -> tuple[str, ...]:
    """Addresses on loopback that a test of base maps lets its pages ask besides the service; else none."""
    return ()


@pytest.fixture(autouse=True)
def clean(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail on console errors, uncaught errors, dialogs, and requests that leave the machine."""
    if "page" not in request.fixturenames:
        yield
        return
    page = request.getfixturevalue("page")
    origin = request.getfixturevalue("base_url")
    expected = request.getfixturevalue("expected_errors")
    beside = request.getfixturevalue("map_servers")
    assert all(url.startswith("http://127.0.0.1:") for url in beside)
    left, said = [], []

    def route(r) -> None:
        if r.request.url.startswith((origin, *beside, "data:", "blob:", "file:")):
            r.continue_()
        else:
            left.append(r.request.url)
            r.abort()

    page.context.route("**/*", route)
    page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: said.append(f"uncaught: {e}"))

    def dialog(d) -> None:
        said.append(f"dialog: {d.message}")
        d.dismiss()

    page.on("dialog", dialog)
    yield
    assert not left, f"requests left the machine: {left}"
    unexpected = [text for text in said if not any(part in text for part in expected)]
    assert not unexpected, unexpected


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where screenshots are kept for people to look at."""
    folder = ROOT / ".artefacts" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def middle(plan_built: city.City) -> str:
    """A grid with neighbours all around."""
    return plan_world.middle_code(plan_built)


@pytest.fixture
def draft(page: Page, plan_built: city.City, middle: str) -> Draft:
    """A fresh draft, looked at around the grid in the middle."""
    at = plan_built.grids.set_index("code").geometry[middle].representative_point()
    return Draft(page, "demo", (at.x, at.y))
