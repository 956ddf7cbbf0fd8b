"""Planted faults: the check of the near ties must fail for every one of them, and for nothing else.

First in a small locator of its own (``planted``), then in the arrays and seams of the locator's own index.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from exact import Exact
from near_ties import MAPS, hostile_cases
from planted import FAULTS, Planted

from gridmap.analysis.locator import Locator, kernels, raster


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


# --- faults in the locator's own index ---

Plant = Callable[[Locator, np.random.Generator], None]


def _changed(locator: Locator, **arrays: object) -> None:
    locator._index = replace(locator._index, **arrays)


def _nothing(locator: Locator, rng: np.random.Generator) -> None:
    """The control: copies of the same arrays."""
    index = locator._index
    _changed(locator, label=index.label.copy(), head=index.head.copy(), segments=index.segments.copy())


def _wrong_label(locator: Locator, rng: np.random.Generator) -> None:
    """One pure cell in a hundred names another grid."""
    label = locator._index.label.copy()
    pure = np.flatnonzero(label > raster.BORDER)
    at = rng.choice(pure, len(pure) // 100 + 1, replace=False)
    label[at] = np.where(label[at] == 0, -1, 0)
    _changed(locator, label=label)


def _wrong_side(locator: Locator, rng: np.random.Generator) -> None:
    """A border cell in ten takes another grid for the one at the side it looks at."""
    head = locator._index.head.copy()
    at = rng.random(len(head)) < 0.1
    head[at, 2] = np.where(head[at, 2] == 0, raster.NOBODY, 0)
    _changed(locator, head=head)


def _stopped_early(locator: Locator, rng: np.random.Generator) -> None:
    """An open cell does not look on to the next one."""
    head = locator._index.head.copy()
    head[head[:, 3] == raster.OPEN, 3] = raster.RIGHT
    _changed(locator, head=head)


def _lost_segment(locator: Locator, rng: np.random.Generator) -> None:
    """A border cell in ten has lost its last segment."""
    head = locator._index.head.copy()
    head[rng.random(len(head)) < 0.1, 1] -= 1
    _changed(locator, head=head)


def _swapped_sides(locator: Locator, rng: np.random.Generator) -> None:
    """A segment in twenty has its grids on the wrong sides."""
    segments = locator._index.segments.copy()
    segments[rng.random(len(segments)) < 0.05, 4] *= -1
    _changed(locator, segments=segments)


def _moved(locator: Locator, rng: np.random.Generator) -> None:
    """The raster lies a twentieth of a cell aside."""
    index = locator._index
    _changed(locator, x0=index.x0 + 0.05 / index.inv)


def _answering(locator: Locator, change: Callable[..., np.ndarray]) -> None:
    """Change what the index answers: ``change(index, x, y, owner)`` gives the owners instead."""
    index = locator._index

    class Answering(type(index)):
        def owners(self, x, y, threads=None):
            owner, unsure = index.owners(x, y, threads)
            return change(index, x, y, owner.copy()), unsure

    locator._index = Answering(**{name: getattr(index, name) for name in index.__slots__})


def _epsilon(locator: Locator, rng: np.random.Generator) -> None:
    """Within a billionth of a degree the answer is taken for that of the point itself."""
    _answering(locator, lambda index, x, y, owner: index.owners(x + 1e-9, y + 1e-9)[0])


def _single(locator: Locator, rng: np.random.Generator) -> None:
    """Coordinates rounded to single precision on the way."""
    _answering(
        locator,
        lambda index, x, y, owner: index.owners(x.astype(np.float32).astype(float), y.astype(np.float32).astype(float))[
            0
        ],
    )


def _ties_by_order(locator: Locator, rng: np.random.Generator) -> None:
    """Of the holders the last one owns the point."""
    held = locator._held

    def reversed_(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
        point, grid, strictly = held(x, y)
        order = np.lexsort((-grid, point))
        return point[order], grid[order], strictly[order]

    locator._held = reversed_


def _border_is_outside(locator: Locator, rng: np.random.Generator) -> None:
    """Whoever lies on a border belongs to nobody."""

    def nobody(index, x, y, owner):
        owner[owner == kernels.ASK] = -1
        return owner

    _answering(locator, nobody)


def engine_difference(plant: Plant, *, rounds: int, points: int = 1_000) -> str | None:
    """The first map on which the locator with a planted fault gives a wrong owner; None where it passes them all."""
    rng = np.random.default_rng(6)
    for name, frame, x, y in islice(hostile_cases(np.random.default_rng(7), points), rounds * len(MAPS)):
        locator = Locator.from_frame(frame)
        locator.build()
        plant(locator, rng)
        if (locator.owners(x, y) != Exact.of(frame).owners(x, y)).any():
            return name
    return None


def test_the_index_without_a_fault_passes():
    assert engine_difference(_nothing, rounds=1) is None


@pytest.mark.parametrize(
    "plant",
    [
        _wrong_label,
        _wrong_side,
        _stopped_early,
        _lost_segment,
        _swapped_sides,
        _moved,
        _epsilon,
        _single,
        _ties_by_order,
        _border_is_outside,
    ],
)
def test_a_fault_planted_in_the_index_is_found(plant: Plant):
    assert engine_difference(plant, rounds=2) is not None
