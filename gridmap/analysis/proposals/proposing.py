"""From units and an aim to candidates: every area divided by itself, each wish once, and what stands in the way."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridmap.analysis.proposals.counts import tasks_of
from gridmap.analysis.proposals.ground import Ground
from gridmap.analysis.proposals.judging import judged
from gridmap.analysis.proposals.region import Region, regions_of
from gridmap.analysis.proposals.search import Division, Task, divide
from gridmap.domain.proposals import Aim, Figures, Reason, Wish

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

#: All wishes, in the order of the list of candidates.
WISHES = (Wish.LEAST, Wish.BLEND, Wish.EVEN, Wish.COMPACT)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One proposal.

    Attributes
    ----------
    wish : Wish
    part : array of int
        The grid of each unit, numbered from 0.
    codes : tuple of str or None
        The grid of today that each grid goes on; None: a new one.
    figures : Figures
    """

    wish: Wish
    part: Ints
    codes: tuple[str | None, ...]
    figures: Figures


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a search: today's figures, candidates, and areas for which there are none and stay as they are."""

    today: Figures
    candidates: tuple[Candidate, ...]
    reasons: tuple[Reason, ...]


def propose(
    ground: Ground,
    weight: Floats,
    aim: Aim,
    *,
    wishes: Sequence[Wish] = WISHES,
    seed: int = 0,
    effort: float = 1.0,
    on_progress: Callable[[float], None] = lambda share: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Search for divisions of the ground into grids of even weight.

    Parameters
    ----------
    ground : Ground
    weight : array of float
        Of each unit, not negative; NaN where it is not known, which counts as nothing.
    aim : Aim
    wishes : sequence of Wish
        One candidate each; equal ones are given once.
    seed : int
        The same seed gives the same candidates.
    effort : float
        How long to search; 1 is usual.
    on_progress : callable
        Is told the share that is done.
    stop : callable
        Asked now and then whether to give up.

    Returns
    -------
    Outcome
        Every grid of a candidate is connected, lies in one area, and is in bounds. Areas with a reason keep the grids
        they have.

    Raises
    ------
    InvalidInput
        ``propose_floor_over_ceiling``, ``propose_bad_number``, ``propose_bad_weights``.
    Stopped
    """
    weight = np.nan_to_num(np.asarray(weight, dtype=np.float64), nan=0.0)
    if len(weight) != len(ground) or not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("weights are finite and not negative")
    regions = regions_of(ground.area, ground.borders, weight, ground.m2, ground.grid)
    tasks, reasons = tasks_of(regions, ground.areas, aim)
    search = _Search(tasks, tuple(dict.fromkeys(wishes)), seed, effort, on_progress, stop)
    searched = search.all()
    for task, (area, _), found in zip(tasks, regions, searched, strict=True):
        if task is not None and found is None:
            nearest = search.nearest[id(task)]
            fields = {
                "grids": task.grids,
                "least": float(nearest.loads.min()),
                "most": float(nearest.loads.max()),
                "floor": task.low,
                **({"ceiling": task.high} if math.isfinite(task.high) else {}),
            }
            code = "not_found" if math.isfinite(task.high) else "not_found_floor"
            reasons.append(Reason(code, ground.areas[area], fields))
    today = judged(ground, ground.grid, weight, np.zeros(len(ground), dtype=bool))
    candidates: list[Candidate] = []
    if any(found is not None for found in searched):
        for wish in search.wishes:
            divisions = [None if found is None else found[wish] for found in searched]
            candidates.append(_candidate(ground, weight, wish, list(zip(regions, divisions, strict=True))))
    return Outcome(today, _different(candidates), tuple(sorted(reasons, key=lambda r: (r.area, r.code))))


class _Search:
    """All searches of a proposal, and how far they are."""

    def __init__(
        self,
        tasks: Sequence[Task | None],
        wishes: tuple[Wish, ...],
        seed: int,
        effort: float,
        on_progress: Callable[[float], None],
        stop: Callable[[], bool],
    ) -> None:
        self.tasks, self.wishes, self.seed, self.effort = tasks, wishes, seed, effort
        self.nearest: dict[int, Division] = {}
        self._tell, self._stop = on_progress, stop
        self._all = max(1, sum(t.steps(effort) for t in tasks if t is not None) * len(wishes))
        self._done = 0

    def all(self) -> list[dict[Wish, Division] | None]:
        """Divide every region for every wish; None where no division in bounds was found."""
        return [None if task is None else self._region(task, i) for i, task in enumerate(self.tasks)]

    def _region(self, task: Task, number: int) -> dict[Wish, Division] | None:
        # what is most even comes nearest to the bounds: where it does not meet them the others do not have to try
        order = sorted(self.wishes, key=lambda w: w is not Wish.EVEN)
        found: dict[Wish, Division] = {}
        first = self._divide(task, Wish.EVEN if Wish.EVEN in order else order[0], number)
        if first.breach:
            first = min((self._again(task, number, turn) for turn in (1, 2)), key=lambda d: d.breach)
        if first.breach:
            self.nearest[id(task)] = first
            self._count(task.steps(self.effort) * (len(order) - 1))
            return None
        for wish in order:
            division = first if wish is order[0] else self._divide(task, wish, number)
            if division.breach:
                division = self._divide(task, wish, number, begin=first, counted=False)
            found[wish] = first if division.breach else division
        return found

    def _divide(
        self, task: Task, wish: Wish, number: int, *, begin: Division | None = None, counted: bool = True
    ) -> Division:
        return divide(
            task,
            wish,
            seed=self.seed * 1_000_003 + number,
            effort=self.effort,
            begin=None if begin is None else begin.part,
            on_steps=self._count if counted else lambda n: None,
            stop=self._stop,
        )

    def _again(self, task: Task, number: int, turn: int) -> Division:
        return divide(
            task, Wish.EVEN, seed=self.seed * 1_000_003 + number + 7_919 * turn, effort=self.effort, stop=self._stop
        )

    def _count(self, steps: int) -> None:
        self._done += steps
        self._tell(min(1.0, self._done / self._all))


def _candidate(
    ground: Ground, weight: Floats, wish: Wish, found: list[tuple[tuple[int, Region], Division | None]]
) -> Candidate:
    """Put the divisions of all regions together; a region without one keeps its grids of today."""
    part = np.empty(len(ground), dtype=np.intp)
    codes: list[str | None] = []
    at: dict[str, int] = {}
    # grids that stay as they are keep their codes before all others; the heavier part of one in several pieces is next
    for (_, region), division in sorted(found, key=lambda f: f[1] is not None):
        held = np.unique(ground.grid[region.units])
        names = [ground.grids[i].code for i in held.tolist()]
        if division is None:
            local = np.searchsorted(held, ground.grid[region.units]).astype(np.int32)
            number = [at.get(name, -1) for name in names]
            kept: list[str | None] = list(names)
        else:
            local = division.part
            kept = [None if old < 0 or names[old] in at else names[old] for old in division.kept.tolist()]
            number = [-1] * len(kept)
        for i, name in enumerate(kept):
            if number[i] < 0:
                number[i] = len(codes)
                codes.append(name)
            if name is not None:
                at[name] = number[i]
        part[region.units] = np.array(number)[local]
    now = np.array([code or "" for code in codes], dtype=object)[part]
    before = np.array([g.code for g in ground.grids], dtype=object)[ground.grid]
    return Candidate(wish, part, tuple(codes), judged(ground, part, weight, now != before))


def _different(candidates: list[Candidate]) -> tuple[Candidate, ...]:
    """Leave out candidates that are as another one."""
    found: list[Candidate] = []
    for candidate in candidates:
        if not any(_same(candidate, other) for other in found):
            found.append(candidate)
    return tuple(found)


def _same(one: Candidate, other: Candidate) -> bool:
    pairs = np.unique(np.stack([one.part, other.part]), axis=1)
    return one.figures.grids == other.figures.grids == pairs.shape[1]
