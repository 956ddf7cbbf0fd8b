"""How many grids each region gets, and why it can get none that keep the rules."""

import heapq
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from gridmap.analysis.proposals.region import Region
from gridmap.analysis.proposals.search import Task
from gridmap.domain.proposals import Aim, Reason
from gridmap.errors import InvalidInput


def require_aim(aim: Aim) -> None:
    """Check what is aimed at by itself.

    Raises
    ------
    InvalidInput
        ``propose_floor_over_ceiling``, ``propose_bad_number``.
    """
    for name, value in (("floor", aim.floor), ("ceiling", aim.ceiling), ("tolerance", aim.tolerance)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise InvalidInput("propose_bad_number", name=name)
    if aim.grids is not None and aim.grids < 1:
        raise InvalidInput("propose_bad_number", name="grids")
    if aim.ceiling == 0 or aim.tolerance >= 1:
        raise InvalidInput("propose_bad_number", name="ceiling" if aim.ceiling == 0 else "tolerance")
    if aim.floor is not None and aim.ceiling is not None and aim.floor > aim.ceiling:
        raise InvalidInput("propose_floor_over_ceiling")


def tasks_of(
    regions: Sequence[tuple[int, Region]], areas: Sequence[str], aim: Aim
) -> tuple[list[Task | None], list[Reason]]:
    """Say into how many grids each region is to be divided; None, with a reason, where no number can keep the rules.

    Parameters
    ----------
    regions : sequence of (int, Region)
        With the position of the area of each.
    areas : sequence of str
        Codes of the areas.
    aim : Aim
    """
    require_aim(aim)
    pieces = Counter(area for area, _ in regions)
    ranges: list[tuple[int, int] | None] = []
    reasons: list[Reason] = []
    for area, region in regions:
        found = _range(region, aim, apart=pieces[area] > 1)
        if isinstance(found, tuple) and isinstance(found[0], int):
            ranges.append((found[0], int(found[1])))
        else:
            code, fields = found
            ranges.append(None)
            reasons.append(Reason(str(code), areas[area], dict(fields)))
    counts = _counts([region for _, region in regions], ranges, aim)
    if counts is None:
        staying = sum(int(x.today.max()) + 1 for (_, x), r in zip(regions, ranges, strict=True) if r is None)
        least, most = (staying + sum(r[i] for r in ranges if r is not None) for i in (0, 1))
        fields = {"grids": aim.grids, "least": least, "most": most}
        return [None] * len(regions), [*reasons, Reason("count", "", fields)]
    tasks: list[Task | None] = []
    for (area, region), k in zip(regions, counts, strict=True):
        task = None if k is None else _task(region, k, aim)
        heavy = 0.0 if task is None else float(region.weight.max())
        if task is not None and heavy > task.high * (1 + 1e-9):
            fields = {"weight": heavy, "ceiling": task.high}
            reasons.append(Reason("unit_too_heavy", areas[area], fields))
            task = None
        tasks.append(task)
    return tasks, reasons


def _range(region: Region, aim: Aim, *, apart: bool) -> tuple[int, int] | tuple[str, dict[str, Any]]:
    """Give the least and the largest number of grids whose mean is in bounds, or why there is none."""
    whole, n = float(region.weight.sum()), len(region)
    if whole <= 0:
        return "no_weight", {}
    if aim.floor is not None and whole < aim.floor:
        return "piece_below_floor" if apart else "below_floor", {"weight": whole, "floor": aim.floor}
    low = 1 if aim.ceiling is None else math.ceil(whole / aim.ceiling * (1 - 1e-12))
    high = n if not aim.floor else min(n, math.floor(whole / aim.floor * (1 + 1e-12)))
    low = max(1, low)
    if low > n:
        return "too_few_units", {"units": n, "grids": low}
    if low > high:
        return "no_number", {
            "weight": whole,
            "floor": aim.floor,
            "ceiling": aim.ceiling,
            "fewer": high,
            "more": low,
            "needed_ceiling": whole / high,
            "needed_floor": whole / low,
        }
    return low, high


def _counts(regions: Sequence[Region], ranges: Sequence[tuple[int, int] | None], aim: Aim) -> list[int | None] | None:
    """Share the number of grids out by weight (Webster: by the next odd number); None: it cannot be met."""
    if aim.grids is None:
        return [
            None if r is None else min(max(int(region.today.max()) + 1, r[0]), r[1])
            for region, r in zip(regions, ranges, strict=True)
        ]
    counts = [0 if r is None else r[0] for r in ranges]
    # where nothing can be done, the grids of today stay
    staying = sum(int(x.today.max()) + 1 for x, r in zip(regions, ranges, strict=True) if r is None)
    left = aim.grids - staying - sum(counts)
    queue = [
        (-float(regions[i].weight.sum()) / (2 * counts[i] + 1), i)
        for i, r in enumerate(ranges)
        if r is not None and counts[i] < r[1]
    ]
    heapq.heapify(queue)
    while left > 0 and queue:
        _, i = heapq.heappop(queue)
        counts[i] += 1
        left -= 1
        here = ranges[i]
        if here is not None and counts[i] < here[1]:
            heapq.heappush(queue, (-float(regions[i].weight.sum()) / (2 * counts[i] + 1), i))
    if left:
        return None
    return [None if r is None else k for k, r in zip(counts, ranges, strict=True)]


def _task(region: Region, k: int, aim: Aim) -> Task:
    mean = float(region.weight.sum()) / k
    if aim.floor is None and aim.ceiling is None:
        return Task(region, k, mean * (1 - aim.tolerance), mean * (1 + aim.tolerance))
    return Task(region, k, aim.floor or 0.0, math.inf if aim.ceiling is None else aim.ceiling)
