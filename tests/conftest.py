"""Fixtures that every part of the suite shares."""

import asyncio
import gc
import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

# Nothing of twelve thousand tests goes away while they are collected: looking for it takes a third of the time.
gc.disable()

# Tests that are not about rights: nobody signs in. Those that are say so in their own settings.
os.environ["GRIDMAP_ACCESS"] = "open"

# The same examples in every run, so that a red run is the change's fault; make test-long draws new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None, print_blob=True)
settings.load_profile("random" if os.environ.get("GRIDMAP_RANDOM") else "steady")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def temporary_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep temporary files of the service apart from those of other test processes, which share its address."""
    folder = tmp_path_factory.mktemp("temporary")
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    yield folder
    tempfile.tempdir = before


def shared_data_folder() -> Path:
    """Where the real sample files lie: beside the project, or where GRIDMAP_SHARED_DATA says."""
    return Path(os.environ.get("GRIDMAP_SHARED_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real sample files; a test that asks for it is marked real_data."""
    folder = shared_data_folder()
    if not folder.is_dir():
        pytest.skip(f"real sample files not found beside the project ({folder.name}/ is missing)")
    return folder


def pytest_collection_finish() -> None:
    """Look for what goes away from here on, and only among what comes."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Drive a page a second time when the first failed, and name it in the summary: a busy machine may miss a frame.

    Only pages: everything else has to hold the first time.
    """
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Prepare a test that drives no page as if no page had been driven before it."""
    with _own_loop(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Run a test that drives no page as if no page had been driven before it."""
    with _own_loop(item):
        return (yield)


@contextmanager
def _own_loop(item: pytest.Item) -> Iterator[None]:
    # a driven browser leaves its event loop marked as running in this thread until the last test is over, and
    # asyncio.run refuses beside one; its own tests, and what takes it down, need the mark
    loop = None if item.get_closest_marker("browser") else asyncio._get_running_loop()
    if loop is None:
        yield
        return
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)
