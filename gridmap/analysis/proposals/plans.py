"""The grids that a candidate stands for: shapes, codes, names and households."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.analysis.edges import point_keys
from gridmap.analysis.noding import node_within
from gridmap.analysis.proposals.faces import dissolve
from gridmap.analysis.proposals.ground import Ground, polygon
from gridmap.analysis.proposals.proposing import Candidate
from gridmap.analysis.redraw.local import Numberer
from gridmap.domain.boundaries import Grid
from gridmap.domain.redraw import Shape

Floats = npt.NDArray[np.float64]


def changed_grids(
    ground: Ground, candidate: Candidate, number: Numberer, *, households: Floats | None = None
) -> tuple[list[Grid], list[str]]:
    """Give the grids that a candidate changes or founds, and the codes of those that end.

    Parameters
    ----------
    ground : Ground
    candidate : Candidate
    number : callable
        Gives the code of a new grid, from its parent's code and its shape.
    households : array of float, optional
        Of each unit, NaN where they are not known; by default those of today's grids, shared out by ground.

    Returns
    -------
    list of Grid, list of str
        Grids whose ground stays are not among them. Neighbours meet edge to edge; a vertex that lies on a straight
        border of a grid that is not among them is to be put into that border (``noded``).
    """
    if households is None:
        known = {g.code: None if g.households is None else float(g.households) for g in ground.grids}
        households = ground.by_ground(known)
    groups = [np.flatnonzero(candidate.part == i) for i in range(len(candidate.codes))]
    at = {g.code: i for i, g in enumerate(ground.grids)}
    whole = np.bincount(ground.grid, minlength=len(ground.grids))
    moved = [i for i, group in enumerate(groups) if not _is_as_before(ground, group, candidate.codes[i], at, whole)]
    shapes = _without_loose(dissolve(ground.shapes, [groups[i].tolist() for i in moved]), ground.grids)
    counts = _rounded([households[groups[i]] for i in moved], [int(ground.area[groups[i][0]]) for i in moved])
    out: list[Grid] = []
    for i, shape, count in zip(moved, shapes, counts, strict=True):
        first = ground.grids[ground.grid[groups[i][0]]]
        code = candidate.codes[i]
        if code is not None:
            out.append(replace(ground.grids[at[code]], geometry=polygon(shape), households=count))
        else:
            new = number(first.parent_code, polygon(shape))
            out.append(Grid(new, new, first.level, polygon(shape), first.parent_code, first.kind, count))
    held = set(candidate.codes)
    return out, [g.code for g in ground.grids if g.code not in held]


def _is_as_before(
    ground: Ground, group: npt.NDArray[np.intp], code: str | None, at: dict[str, int], whole: npt.NDArray[np.intp]
) -> bool:
    """Tell whether a grid has exactly the units that it has today."""
    if code is None:
        return False
    return len(group) == whole[at[code]] and bool((ground.grid[group] == at[code]).all())


def _without_loose(shapes: npt.NDArray[np.object_], grids: Sequence[Grid]) -> list[Shape]:
    """Take out vertices that cutting put into straight borders and that no other grid needs.

    A vertex that no grid had before, and only one has now, lies on an outer border where units met; what is left is
    the border as it was.
    """
    before = np.unique(point_keys(shapely.get_coordinates(np.array([g.geometry for g in grids], dtype=object))))
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    keys = point_keys(xy)
    pairs = np.unique(np.stack([keys, owner.astype(np.uint64)], axis=1), axis=0)[:, 0]
    single, held = np.unique(pairs, return_counts=True)
    loose = np.setdiff1d(single[held == 1], before)
    return [_cleared(shape, loose) for shape in shapes]


def _cleared(shape: Shape, loose: npt.NDArray[np.uint64]) -> Shape:
    if not np.isin(point_keys(shapely.get_coordinates(shape)), loose).any():
        return shape

    def ring(line: shapely.LinearRing) -> npt.NDArray[np.float64]:
        xy = shapely.get_coordinates(line)[:-1]
        return xy[~np.isin(point_keys(xy), loose)]

    parts = [
        shapely.Polygon(ring(part.exterior), [ring(hole) for hole in part.interiors])
        for part in shapely.get_parts([shape])
    ]
    return polygon(shapely.normalize(parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)))


def _rounded(shares: Sequence[Floats], areas: Sequence[int]) -> list[int | None]:
    """Round households so that the sum of each area stays, by the largest remainder; None where none are known."""
    sums = [None if np.isnan(s).all() else float(np.nansum(s)) for s in shares]
    out: list[int | None] = [None] * len(sums)
    for area in sorted(set(areas)):
        mine = [i for i, a in enumerate(areas) if a == area and sums[i] is not None]
        exact = np.array([sums[i] for i in mine], dtype=np.float64)
        whole = np.floor(exact + 1e-6).astype(int)
        left = round(float(exact.sum())) - int(whole.sum())
        whole[np.argsort(whole - exact, kind="stable")[: max(0, left)]] += 1
        for i, n in zip(mine, whole.tolist(), strict=True):
            out[i] = n
    return out


def noded(changed: Collection[Grid], others: Collection[Grid]) -> list[Grid]:
    """Put the vertices of changed grids into the straight borders of others that they lie on, and the other way round.

    Returns
    -------
    list of Grid
        The changed ones, and those others that got a vertex.
    """
    everybody = [*changed, *others]
    came = shapely.normalize(np.array([g.geometry for g in everybody], dtype=object))
    now = node_within(came)
    same = shapely.get_num_coordinates(came) == shapely.get_num_coordinates(now)
    return [
        g if same[i] else replace(g, geometry=polygon(now[i]))
        for i, g in enumerate(everybody)
        if i < len(changed) or not same[i]
    ]
