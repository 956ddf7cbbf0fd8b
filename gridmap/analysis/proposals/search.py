"""Divide a region into connected grids of even weight: simulated annealing, from the division of today on."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmap.analysis.proposals import kernels
from gridmap.analysis.proposals.region import Floats, Region
from gridmap.domain.proposals import Stopped, Wish

Parts = npt.NDArray[np.int32]

#: For each wish: what counts how much (``kernels``), and how hot the search begins; out of bounds counts most.
_WEIGHTS: dict[Wish, tuple[tuple[float, float, float, float, float], float]] = {
    Wish.LEAST: ((200.0, 0.02, 0.02, 1.0, 0.05), 0.1),
    Wish.BLEND: ((200.0, 2.0, 2.0, 0.4, 0.4), 0.2),
    Wish.EVEN: ((200.0, 20.0, 30.0, 0.03, 0.03), 0.2),
    Wish.COMPACT: ((200.0, 0.05, 0.05, 0.05, 1.0), 0.4),
}
_COLD = 0.002
#: Steps of a search of effort 1: at least so many, for each grid, for each unit, and at most.
_LEAST_STEPS, _STEPS_A_GRID, _STEPS_A_UNIT, _MOST_STEPS = 30_000, 10_000, 200, 6_000_000
#: Regions of so many units are searched more than once.
_SMALL = 300
#: So many steps are made between one look at whether to go on and the next.
_CHUNK = 20_000
#: Bounds are met to this share of the mean: sums of weights are rounded.
_ROUNDING = 1e-9
#: What ground counts beside weight when it changes hands: ground without any weight is not free.
_GROUND_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Division:
    """A region divided. ``part``: the grid of each unit, from 0; ``loads`` their weights; ``breach``: 0 in bounds.

    ``kept``: the number of the grid of today that each goes on, or -1.
    """

    part: Parts
    loads: Floats
    breach: float
    kept: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Task:
    """A region, into how many grids it is to be divided, and the weights allowed."""

    region: Region
    grids: int
    low: float
    high: float

    @property
    def mean(self) -> float:
        """Mean weight of a grid."""
        return float(self.region.weight.sum()) / self.grids

    def steps(self, effort: float) -> int:
        """Say how many steps a search takes."""
        if self.grids == 1:
            return 0
        wanted = max(_LEAST_STEPS, _STEPS_A_GRID * self.grids + _STEPS_A_UNIT * len(self.region))
        return max(1, round(min(wanted, _MOST_STEPS) * effort)) * len(self.heats)

    @property
    def heats(self) -> tuple[float, ...]:
        """Say how many times as hot as usual the searches begin: small regions are searched again, and wider."""
        return (1.0, 10.0, 30.0) if len(self.region) <= _SMALL else (1.0,)


def breach_of(loads: Floats, task: Task) -> float:
    """Say how far grids are out of bounds in sum, as a share of their mean."""
    over = np.maximum(np.maximum(loads - task.high, task.low - loads), 0.0)
    found = float(over.sum()) / max(task.mean, 1e-300)
    return found if found > _ROUNDING * len(loads) else 0.0


def divide(
    task: Task,
    wish: Wish,
    *,
    seed: int,
    effort: float = 1.0,
    begin: Parts | None = None,
    on_steps: Callable[[int], None] = lambda n: None,
    stop: Callable[[], bool] = lambda: False,
) -> Division:
    """Search for a good division of a region.

    Parameters
    ----------
    task : Task
    wish : Wish
    seed : int
        The same seed gives the same division, whatever the machine's speed.
    effort : float
        1: as many steps as usual.
    begin : array of int, optional
        A division to begin with; else that of today.
    on_steps : callable
        Is told how many steps were made.
    stop : callable
        Asked now and then whether to give up.

    Raises
    ------
    Stopped
    """
    region, k = task.region, task.grids
    if k == 1:
        return _named(task, np.zeros(len(region), dtype=np.int32))
    rng = np.array([zlib.crc32(f"{seed}-{wish}".encode()) * 2654435761 + 88172645463325252], dtype=np.uint64)
    part, today = begun(task, rng) if begin is None else _numbered(region, begin, k)
    c, hot = _coefficients(wish)
    low, high = task.low - _ROUNDING * task.mean, task.high + _ROUNDING * task.mean
    scale = 2.0 * np.sqrt(region.m2.sum() / k)
    stays = _stays(region, k)
    graph = (region.start, region.near, region.length_m / scale, region.weight, stays, today)
    load = np.bincount(part, weights=region.weight, minlength=k)
    energy = kernels.energy(*graph, part, load, low, high, task.mean, c)
    best, state = part.copy(), np.array([energy, energy])
    steps = task.steps(effort) // len(task.heats)
    for more in task.heats:
        for first in range(0, steps, _CHUNK):
            if stop():
                raise Stopped
            last = min(steps, first + _CHUNK)
            kernels.anneal(
                *graph,
                part,
                load,
                low,
                high,
                task.mean,
                c,
                hot * more,
                _COLD * hot,
                first,
                last,
                steps,
                rng,
                best,
                state,
            )
            # what adding many small changes rounds away
            load = np.bincount(part, weights=region.weight, minlength=k)
            state[0] = kernels.energy(*graph, part, load, low, high, task.mean, c)
            on_steps(last - first)
    return _named(task, best)


def _coefficients(wish: Wish) -> tuple[Floats, float]:
    weights, hot = _WEIGHTS[wish]
    return np.array(weights), hot


def _stays(region: Region, k: int) -> Floats:
    """Say what each unit counts for what changes hands: all units together as many as there are grids."""
    weight = region.weight / max(float(region.weight.sum()), 1e-300)
    ground = region.m2 / float(region.m2.sum())
    return np.asarray((weight + _GROUND_SHARE * ground) / (1 + _GROUND_SHARE) * k)


def begun(task: Task, rng: npt.NDArray[np.uint64]) -> tuple[Parts, Parts]:
    """Give the division of today, made connected and brought to the number of grids; and today in the same numbers."""
    region, k = task.region, task.grids
    part = _connected(region)
    while (count := int(part.max()) + 1) > k:
        part = _merged(region, part, count)
    part, today = _numbered(region, part, k)
    count = int(part.max()) + 1
    load = np.zeros(k)
    load[:count] = np.bincount(part, weights=region.weight, minlength=count)
    place = np.full(len(region), -1, dtype=np.int32)
    c = np.array([0.0, 1.0, 0.0, 0.0, 0.0])
    for new in range(count, k):
        size = np.bincount(part, minlength=k)
        heavy = int(np.argmax(np.where(size > 1, load, -1.0)))
        unit = int(np.flatnonzero(part == heavy)[0])
        kernels.recombine(
            region.start, region.near, region.length_m, region.weight, region.m2, today, part, load,
            0.0, np.inf, max(task.mean, 1e-300), c, unit, heavy, new, 0.0, rng, place, True,
        )  # fmt: skip
    return part, today


def _numbered(region: Region, part: Parts, k: int) -> tuple[Parts, Parts]:
    """Number today's grids as the parts that go on with most of them; -2: none does."""
    kept = _kept(region, part, int(part.max()) + 1)
    today = np.full(len(region), -2, dtype=np.int32)
    for label, old in enumerate(kept.tolist()):
        if old >= 0:
            today[region.today == old] = label
    return part.astype(np.int32), today


def _kept(region: Region, part: Parts, k: int) -> npt.NDArray[np.int64]:
    """Find which grid of today each part goes on, so that as little as possible changes hands."""
    labels = int(region.today.max()) + 1
    kept = np.full(k, -1, dtype=np.int64)
    if labels:
        held = region.today >= 0
        common = coo_array((_stays(region, k)[held], (part[held], region.today[held])), shape=(k, labels)).toarray()
        rows, columns = linear_sum_assignment(common, maximize=True)
        real = common[rows, columns] > 0
        kept[rows[real]] = columns[real]
    return kept


def _named(task: Task, part: Parts) -> Division:
    loads = np.bincount(part, weights=task.region.weight, minlength=task.grids).astype(np.float64)
    return Division(part, loads, breach_of(loads, task), _kept(task.region, part, task.grids))


def _connected(region: Region) -> Parts:
    """Let each grid of today keep its largest connected piece; all else goes to the neighbour beside it."""
    n = len(region)
    source = np.repeat(np.arange(n), np.diff(region.start))
    same = (region.today[source] == region.today[region.near]) & (region.today[source] >= 0)
    ones = np.ones(int(same.sum()))
    _, piece = connected_components(coo_array((ones, (source[same], region.near[same])), shape=(n, n)), directed=False)
    size = np.bincount(piece, weights=_stays(region, 1))
    part = np.full(n, -1, dtype=np.int32)
    label = 0
    for old in range(int(region.today.max()) + 1):
        pieces = np.unique(piece[region.today == old])
        part[piece == pieces[np.argmax(size[pieces])]] = label
        label += 1
    if not label:
        part[0] = 0
    while (part < 0).any():
        beside = (part[source] < 0) & (part[region.near] >= 0)
        unit, other, metres = source[beside], part[region.near[beside]], region.length_m[beside]
        order = np.lexsort((other, -metres, unit))
        first = np.unique(unit[order], return_index=True)[1]
        part[unit[order][first]] = other[order][first]
    return part


def _merged(region: Region, part: Parts, count: int) -> Parts:
    """Give the lightest grid to its lightest neighbour."""
    load = np.bincount(part, weights=region.weight, minlength=count)
    light = int(np.argmin(load))
    source = np.repeat(np.arange(len(region)), np.diff(region.start))
    near = np.unique(part[region.near[part[source] == light]])
    near = near[near != light]
    to = int(near[np.argmin(load[near])])
    out = np.where(part == light, to, part)
    return np.unique(out, return_inverse=True)[1].astype(np.int32)
