"""Divisions in figures, all by one measure: today's and those that are proposed."""

import numpy as np
import numpy.typing as npt
import shapely

from gridmap import crs
from gridmap.analysis.proposals.ground import Ground
from gridmap.domain.proposals import Figures

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]


def judged(ground: Ground, part: Ints, weight: Floats, changed: npt.NDArray[np.bool_]) -> Figures:
    """Put a division of all units into figures.

    Parameters
    ----------
    ground : Ground
    part : array of int
        The grid of each unit, numbered from 0 without gaps; no grid lies in two areas.
    weight : array of float
        Of each unit, not NaN.
    changed : array of bool
        Units that get another grid than today.
    """
    k = int(part.max()) + 1
    load = np.bincount(part, weights=weight, minlength=k)
    area = np.zeros(k, dtype=np.intp)
    area[part] = ground.area
    count = np.bincount(area, minlength=len(ground.areas))
    mean = (np.bincount(area, weights=load, minlength=len(ground.areas)) / np.maximum(count, 1))[area]
    off = np.abs(load - mean) / np.where(mean > 0, mean, 1.0)
    a, b, metres = ground.borders.a, ground.borders.b, ground.borders.length_m
    # what lies between two areas is no matter of the division
    cut = (part[a] != part[b]) & (ground.area[a] == ground.area[b])
    inner = part[a] == part[b]
    around = shapely.length(shapely.boundary(crs.to_metric(ground.shapes, ground.epsg)))
    perimeter = np.bincount(part, weights=around, minlength=k)
    perimeter -= 2 * np.bincount(part[a[inner]], weights=metres[inner], minlength=k)
    m2 = np.bincount(part, weights=ground.m2, minlength=k)
    whole = float(weight.sum())
    return Figures(
        grids=k,
        worst_deviation=float(off.max()),
        least=float(load.min()),
        most=float(load.max()),
        moved_weight=float(weight[changed].sum()) / whole if whole else 0.0,
        moved_ground=float(ground.m2[changed].sum() / ground.m2.sum()),
        cut_m=float(metres[cut].sum()),
        cut_edges=int(cut.sum()),
        compactness=float(np.mean(4 * np.pi * m2 / perimeter**2)),
    )
