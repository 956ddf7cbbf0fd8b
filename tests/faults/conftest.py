"""The tests that need PostGIS can be left out by the same flag as everywhere."""

import os
from pathlib import Path

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out what needs PostGIS when the flag says so."""
    if "postgis" not in os.environ.get("GRIDMAP_TESTS_WITHOUT", "").split(","):
        return
    mine = Path(__file__).parent
    out = [i for i in items if mine in i.path.parents and i.get_closest_marker("postgis") is not None]
    items[:] = [i for i in items if i not in out]
    config.hook.pytest_deselected(items=out)
