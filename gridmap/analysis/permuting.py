"""Conditional permutation: how often chance alone gives a place neighbours as high, or as low, as those it has."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import scipy

from gridmap.analysis.neighbours import Neighbours
from gridmap.cpus import share

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: A place is drawn for again, ten times as often, while chance reached its sum less often than this.
_ENOUGH = 10
#: From so many draws on a place is drawn for no more once its judgement is certain: its p is fine enough to be told.
_FINE = 9_999
#: Standard deviations by which chance may have reached a place more often than it did.
_SURE = 3.0
#: Places that a thread takes at once.
_STEP = 64


class Reached:
    """How often, of ``draws``, the sum of drawn neighbours was at least, and at most, that of the real ones."""

    __slots__ = ("draws", "high", "low")

    def __init__(self, n: int) -> None:
        self.high, self.low, self.draws = (np.zeros(n, dtype=np.int64) for _ in range(3))

    def p(self, side: str) -> Floats:
        """Give the pseudo p: ``high``, ``low``, or ``both`` (twice the smaller one, at most 1)."""
        with np.errstate(invalid="ignore"):
            high = (self.high + 1) / (self.draws + 1)
            low = (self.low + 1) / (self.draws + 1)
        return {"high": high, "low": low, "both": np.minimum(2 * np.minimum(high, low), 1.0)}[side]


def permute(values: Floats, beside: Neighbours, *, draws: int, most: int, seed: int, side: str, rate: float) -> Reached:
    """Draw neighbours for every place from all other places, and compare their sum with the real one.

    Parameters
    ----------
    values : array of float, shape (n,)
    beside : Neighbours
        Of the same places.
    draws, most : int
        How often to draw for each place; and for those whose real sum chance reached fewer than ten times, ten times
        as often again and again up to ``most``: a rare place needs a finer p than a common one.
    seed : int
        The same seed gives the same counts, with any number of threads.
    side : "high" | "low" | "both"
        Which of the two counts decides whether a place is drawn for again.
    rate : float
        The rate of false discoveries by which places will be judged: one whose judgement no further draw would change
        is left as it is after 9,999. Where thousands lie in a heap, that is nearly all of them.

    Returns
    -------
    Reached
        Nothing was drawn for islands.

    Notes
    -----
    Source: Anselin (1995), conditional permutation: the value of the place itself stays; Besag & Clifford (1991),
    sequential Monte Carlo p-values. Each place has a stream of random numbers of its own (SplitMix64), so the p of two
    places with different neighbours are not tied by the draws.
    """
    found = Reached(len(values))
    real = beside.sums(values)
    # sums of the same numbers in another order may differ in their last digits, and must count as equal
    slack = 1e-9 * float(np.abs(values).sum())
    wanted = np.flatnonzero(beside.counts > 0)
    goal, total = draws, float(values.sum())
    while len(wanted):
        again = wanted

        def work(part: slice, chosen: Ints = again, goal: int = goal) -> None:
            _draw(
                values, beside.start, chosen[part], real, slack, total, goal, seed, found.high, found.low, found.draws
            )

        share(work, len(again), _STEP)
        if goal >= most:
            break
        fewest = {"high": found.high, "low": found.low, "both": np.minimum(found.high, found.low)}[side]
        wanted = again[fewest[again] < _ENOUGH]
        if goal >= _FINE and len(wanted):
            wanted = wanted[~_certain(found, fewest, wanted, side, rate)]
        goal = min(goal * 10 + 9, most)
    return found


def _certain(found: Reached, fewest: Ints, wanted: Ints, side: str, rate: float) -> npt.NDArray[np.bool_]:
    """Tell of which places the adjusted p stays below the rate, also if chance reaches them more often from now on."""
    p = found.p(side)
    often = fewest[wanted] + 1.0
    sides = 2 if side == "both" else 1
    p[wanted] = np.minimum(sides * (often + _SURE * np.sqrt(often)) / (found.draws[wanted] + 1), 1.0)
    drawn = np.flatnonzero(found.draws > 0)
    q = np.ones(len(p))
    q[drawn] = scipy.stats.false_discovery_control(p[drawn], method="bh")
    return np.asarray(q[wanted] <= rate)


@numba.njit(cache=True, nogil=True)
def _draw(
    values: Any, start: Any, chosen: Any, real: Any, slack: float, total: float, goal: int, seed: int, high: Any,
    low: Any, draws: Any,
) -> None:  # fmt: skip
    n = len(values)
    picked = np.empty(n, dtype=np.int64)
    for i in chosen:
        k = start[i + 1] - start[i]
        # of many neighbours it is quicker to draw those who are none
        few = k if 2 * k <= n - 1 else n - 1 - k
        others = total - values[i]
        state = np.uint64(seed) * np.uint64(0xD1342543DE82EF95) + np.uint64(i) * np.uint64(0x9E3779B97F4A7C15)
        state = (state + np.uint64(draws[i])) * np.uint64(0xBF58476D1CE4E5B9)
        for _ in range(goal - draws[i]):
            summed = 0.0
            for m in range(few):
                while True:
                    state += np.uint64(0x9E3779B97F4A7C15)
                    z = state
                    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                    z = z ^ (z >> np.uint64(31))
                    # the upper half of 32 bits times n is even to 1 in 2^32 / n
                    j = np.int64(((z >> np.uint64(32)) * np.uint64(n - 1)) >> np.uint64(32))
                    j += j >= i
                    new = True
                    for q in range(m):
                        if picked[q] == j:
                            new = False
                            break
                    if new:
                        break
                picked[m] = j
                summed += values[j]
            if few != k:
                summed = others - summed
            if summed >= real[i] - slack:
                high[i] += 1
            if summed <= real[i] + slack:
                low[i] += 1
        draws[i] = goal
