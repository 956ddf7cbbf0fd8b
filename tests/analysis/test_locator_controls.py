"""Planted faults: the check of the near ties must fail for every one of them, and for nothing else."""

from itertools import islice

import numpy as np
import pytest
from exact import Exact
from near_ties import MAPS, hostile_cases
from planted import FAULTS, Planted


def first_difference(fault: str | None, *, maps: int, points: int = 150) -> str | None:
    """The first map on which a locator with a fault gives a wrong owner; None where it passes them all."""
    for name, frame, x, y in islice(hostile_cases(np.random.default_rng(5), points), maps):
        if (Planted(frame, fault).owners(x, y) != Exact.of(frame).owners(x, y)).any():
            return name
    return None


def test_the_control_without_a_fault_passes():
    assert first_difference(None, maps=len(MAPS)) is None


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str):
    assert first_difference(fault, maps=2 * len(MAPS)) is not None
