"""A connected piece of ground that is to be divided: its units, their neighbours, weights and grids of today."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmap.analysis.proposals.faces import Borders

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Region:
    """Units that are connected along borders.

    Attributes
    ----------
    units : array of int
        Their positions among all units.
    start, near, length_m : arrays
        Neighbours of unit i: ``near[start[i]:start[i + 1]]``, with metres of shared border.
    weight, m2 : array of float
    today : array of int
        The grid of each, as a number from 0; -1: none.
    """

    units: Ints
    start: npt.NDArray[np.int32]
    near: npt.NDArray[np.int32]
    length_m: Floats
    weight: Floats
    m2: Floats
    today: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.units)


def regions_of(area: Ints, borders: Borders, weight: Floats, m2: Floats, today: Ints) -> list[tuple[int, Region]]:
    """Part units into connected regions, never across an area.

    Parameters
    ----------
    area : array of int
        Area of each unit.
    today : array of int
        Grid of each unit; -1: none.

    Returns
    -------
    list of (int, Region)
        With the area of each, those of an area one after the other, the heaviest first. Grids of today are numbered
        anew in each region.
    """
    n = len(area)
    inner = area[borders.a] == area[borders.b]
    a, b, metres = borders.a[inner], borders.b[inner], borders.length_m[inner]
    _, piece = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False)
    found = []
    for label in np.unique(piece):
        units = np.flatnonzero(piece == label)
        found.append((int(area[units[0]]), _region(units, a, b, metres, weight, m2, today)))
    return sorted(found, key=lambda r: (r[0], -float(r[1].weight.sum()), int(r[1].units[0])))


def _region(units: Ints, a: Ints, b: Ints, metres: Floats, weight: Floats, m2: Floats, today: Ints) -> Region:
    place = np.full(len(weight), -1, dtype=np.int64)
    place[units] = np.arange(len(units))
    mine = place[a] >= 0
    one, two = place[a[mine]], place[b[mine]]
    source, target = np.r_[one, two], np.r_[two, one]
    order = np.lexsort((target, source))
    start = np.searchsorted(source[order], np.arange(len(units) + 1))
    held = today[units]
    labels = np.unique(held[held >= 0])
    numbered = np.where(held >= 0, np.searchsorted(labels, held), -1)
    return Region(
        units,
        start.astype(np.int32),
        target[order].astype(np.int32),
        np.r_[metres[mine], metres[mine]][order],
        weight[units],
        m2[units],
        numbered.astype(np.int32),
    )
