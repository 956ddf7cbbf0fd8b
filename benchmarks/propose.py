"""Balanced proposals for a street of 60 grids from 3,000 unit grids, ours and GerryChain's ReCom at equal time.

``python benchmarks/propose.py [--rows 50 --columns 60 --grids 60] [--seed 1] [--without-peer]``

The street is one area, so that nothing but contiguity and balance binds either side. Each of our candidates is timed;
then ReCom (short bursts of 10 steps) gets as many seconds for the same measure: worst deviation, cut edges, and what
changes hands. Seconds are those of one core, so that what else runs counts for neither side. ReCom begins with a
division that ``recursive_tree_part`` makes within the tolerance, for it cannot begin with one that is out of bounds;
making it is not counted. Its grids are called as those of today so that as little as possible changes hands. Prints
Markdown. GerryChain: ``pip install -e '.[bench]'``.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from scipy.optimize import linear_sum_assignment

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.plan_maker import make_plan
from gridmap.analysis.proposals.ground import Ground, ground_of
from gridmap.analysis.proposals.plans import changed_grids
from gridmap.analysis.proposals.proposing import WISHES, propose
from gridmap.domain.boundaries import Grid
from gridmap.domain.proposals import Aim, Wish

TOLERANCE = 0.1
BURST = 10


def street(rows: int, columns: int, grids: int, seed: int) -> tuple[Ground, np.ndarray]:
    """Make a street of grids that are blocks of unit grids, and the households of the units: many have none."""
    plan = make_plan(rows, columns, side=max(rows, columns))
    units = np.asarray(plan[plan["level"] == "grid"].geometry.array, dtype=object)
    wide = (grids * columns / rows) ** 0.5
    across = min((d for d in range(1, grids + 1) if grids % d == 0), key=lambda d: abs(d - wide))
    up = grids // across
    row, column = np.divmod(np.arange(rows * columns), columns)
    block = (row * up // rows) * across + column * across // columns
    today = [
        Grid(f"g{i:03}", "", "grid", shapely.coverage_union_all(units[block == i]), "street") for i in range(grids)
    ]
    ground = ground_of(today, units=units)
    rng = np.random.default_rng(seed)
    weight = np.where(rng.random(len(units)) < 0.3, 0.0, np.round(rng.gamma(1.0, 8.0, len(units))))
    return ground, ground.by_source(weight, units)


def measured(ground: Ground, weight: np.ndarray, part: np.ndarray, grids: int) -> dict[Wish, float]:
    """Put a division into the three figures that are compared."""
    load = np.bincount(part, weights=weight, minlength=grids)
    mean = weight.sum() / grids
    common = np.zeros((grids, len(ground.grids)))
    np.add.at(common, (part, ground.grid), weight)
    rows, columns = linear_sum_assignment(common, maximize=True)
    return {
        Wish.EVEN: float(np.abs(load - mean).max() / mean),
        Wish.COMPACT: float((part[ground.borders.a] != part[ground.borders.b]).sum()),
        Wish.LEAST: float(1 - common[rows, columns].sum() / weight.sum()),
    }


def recom(
    ground: Ground, weight: np.ndarray, grids: int, seconds: dict[Wish, float], seed: int
) -> dict[Wish, tuple[dict[Wish, float], int, float]]:
    """Let ReCom search for each measure; gives the best division, the steps, and the seconds to begin."""
    import networkx
    from gerrychain import Graph, Partition
    from gerrychain.constraints import within_percent_of_ideal_population
    from gerrychain.optimization import SingleMetricOptimizer
    from gerrychain.proposals import recom as step
    from gerrychain.tree import recursive_tree_part
    from gerrychain.updaters import Tally

    warnings.simplefilter("ignore")
    net = networkx.Graph()
    net.add_nodes_from((i, {"w": float(w)}) for i, w in enumerate(weight))
    net.add_edges_from(zip(ground.borders.a.tolist(), ground.borders.b.tolist(), strict=True))
    graph = Graph.from_networkx(net)
    target = float(weight.sum()) / grids
    begin = time.process_time()
    made = recursive_tree_part(graph, range(grids), target, "w", TOLERANCE, rng=seed)
    began = time.process_time() - begin
    first = Partition(graph, assignment=made, updaters={"population": Tally("w", alias="population")})

    def parts(state: Any) -> np.ndarray:
        found = np.empty(len(ground), dtype=np.intp)
        for i, label in state.assignment.items():
            found[i] = label
        return found

    def metric(wish: Wish) -> Callable[[Any], float]:
        return lambda state: measured(ground, weight, parts(state), grids)[wish]

    out = {}
    for wish, limit in seconds.items():
        search = SingleMetricOptimizer(
            lambda state, rng=None: step(state, pop_col="w", pop_target=target, epsilon=TOLERANCE, rng=rng),
            within_percent_of_ideal_population(first, TOLERANCE + 1e-9),
            first,
            metric(wish),
            maximize=False,
            rng=seed,
        )
        steps, start = 0, time.process_time()
        for _ in search.short_bursts(BURST, 10**9):
            steps += 1
            if time.process_time() - start > limit:
                break
        out[wish] = (measured(ground, weight, parts(search.best_part), grids), steps, began)
    return out


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("--columns", type=int, default=60)
    parser.add_argument("--grids", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-peer", action="store_true")
    asked = parser.parse_args()
    start = time.process_time()
    ground, weight = street(asked.rows, asked.columns, asked.grids, asked.seed)
    made = time.process_time() - start
    propose(ground, weight, Aim(tolerance=TOLERANCE), effort=1e-4)  # compiles, or reads what was compiled
    today = measured(ground, weight, ground.grid, asked.grids)
    took: dict[Wish, float] = {}
    ours = {}
    shapes = 0.0
    for wish in WISHES:
        start = time.process_time()
        outcome = propose(ground, weight, Aim(tolerance=TOLERANCE), wishes=[wish], seed=asked.seed)
        took[wish] = time.process_time() - start
        candidate = outcome.candidates[0]
        ours[wish] = measured(ground, weight, candidate.part, asked.grids)
        start = time.process_time()
        changed_grids(ground, candidate, lambda parent, shape: "new")
        shapes += time.process_time() - start
    print(f"{len(ground):,} unit grids, {asked.grids} grids, tolerance {TOLERANCE:.0%}; today's worst deviation "
          f"{today[Wish.EVEN]:.1%}, {today[Wish.COMPACT]:.0f} cut edges")  # fmt: skip
    print(f"units and neighbours {made:.1f} s; shapes of the candidates {shapes:.1f} s\n")
    print("| candidate | s | worst deviation | changes hands | cut edges |")
    print("|---|---|---|---|---|")
    for wish in WISHES:
        print(_row(f"ours, {wish}", took[wish], ours[wish]))
    if asked.without_peer:
        return
    limits = {wish: took[wish] for wish in (Wish.EVEN, Wish.COMPACT, Wish.LEAST)}
    for wish, (found, steps, began) in recom(ground, weight, asked.grids, limits, asked.seed).items():
        print(_row(f"ReCom for {wish}, {steps:,} steps (begun in {began:.1f} s)", limits[wish], found))


def _row(name: str, seconds: float, found: dict[Wish, float]) -> str:
    return f"| {name} | {seconds:.1f} | {found[Wish.EVEN]:.1%} | {found[Wish.LEAST]:.1%} | {found[Wish.COMPACT]:.0f} |"


if __name__ == "__main__":
    main()
