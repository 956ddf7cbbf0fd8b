"""One Spark session on two local cores for all tests of this folder."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

WITHOUT = os.environ.get("GRIDMAP_TESTS_WITHOUT", "").split(",")


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A session; what is missing for it is an error, unless the part was left out by name."""
    if "spark" in WITHOUT:
        pytest.skip("left out by GRIDMAP_TESTS_WITHOUT=spark")
    from gridmap.cluster.session import session

    with session("local[2]", {"spark.driver.memory": "1g"}) as started:
        yield started
