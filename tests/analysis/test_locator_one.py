"""One point asked alone has the answer that it has among many, to the last bit."""

import numpy as np
import pytest
from builders import tiling

from gridmap.analysis.locator import Locator
from gridmap.errors import CrsError, InvalidInput

FRAME = tiling("AAB\nACB\nCC.", cell=2.0**-8, origin=(120.0, 36.0))
SIDE = 2.0**-8


@pytest.fixture(scope="module")
def locator() -> Locator:
    made = Locator.from_frame(FRAME)
    made.build()
    made.border_m([120.0], [36.0], [0])
    return made


def test_one_point_has_the_answer_that_it_has_among_many(locator) -> None:
    rng = np.random.default_rng(3)
    x = np.r_[rng.uniform(119.995, 120.02, 2_000), 120.0 + SIDE * rng.integers(-1, 5, 200)]
    y = np.r_[
        rng.uniform(35.995, 36.02, 2_000), 36.0 + SIDE * rng.uniform(-1, 4, 100), 36.0 + SIDE * rng.integers(-1, 5, 100)
    ]
    many = locator.locate_many(x, y, nearest_within_m=50)
    methods = many.methods()
    assert set(methods) == {"inside", "border", "nearest", "none"}
    for i in range(len(x)):
        one = locator.locate(float(x[i]), float(y[i]), nearest_within_m=50)
        owner = int(many.owner[i])
        assert one.code == (None if owner < 0 else locator.codes[owner])
        assert one.method.value == methods[i]
        assert one.border_m == (None if owner < 0 else many.border_m[i])
        assert len(one.holders) == many.holders[i]
        assert one.holders == locator.holders_of(float(x[i]), float(y[i]))


def test_one_point_is_refused_as_many_are(locator) -> None:
    inside = 120.0 + SIDE / 2, 36.0 + SIDE * 2.5
    assert locator.locate(*inside).code == "A"
    for distance in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidInput, match="nearest_within_m"):
            locator.locate(*inside, nearest_within_m=distance)
    for bad in (float("nan"), float("inf"), 181.0):
        with pytest.raises(CrsError):
            locator.locate(bad, inside[1])
