"""Compile the loops of the locator and keep them on disk: ``python -m gridmap.analysis.locator``.

Numba compiles each loop when it is first called, which takes some seconds, and keeps the result beside the module (or,
where that folder cannot be written to, in the user's cache). Whoever sets gridmap up calls this once.
"""

import tempfile
from pathlib import Path

import numpy as np
import shapely

from gridmap.analysis.locator import Locator


def warm() -> None:
    """Call every loop once."""
    x, y = np.array([113.0, 113.5, 114.0, 120.0]), np.array([30.0, 30.5, 30.25, 30.0])
    shapes = np.array([shapely.box(113, 30, 113.5, 31), shapely.box(113.5, 30, 114, 31)], dtype=object)
    locator = Locator(["1", "2"], shapes)
    locator.build()
    locator.locate_many(x, y, nearest_within_m=100.0)
    locator.near(x, y, within_m=1_000.0, k=2)
    locator.edges()
    for point in zip(x.tolist(), y.tolist(), strict=True):
        locator.find_owner(*point)
    with tempfile.TemporaryDirectory() as folder:
        locator.save(Path(folder) / "index")
        opened = Locator.open(Path(folder) / "index")
        opened.locate_many(x, y, nearest_within_m=100.0)
        opened.owners(x, y)
        opened.find_owner(113.5, 30.5)
        opened.edges()


if __name__ == "__main__":
    warm()
