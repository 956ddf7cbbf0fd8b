"""Households of the grids, and the people on duty in them."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.demo.names import people_names
from gridmap.demo.seed import Seed

#: One worker for so many households, a part counts as one.
HOUSEHOLDS_PER_WORKER = 150
SHORT_GRIDS = 9
HEADLESS_GRIDS = 3


def households(area_m2: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw households: 300 to 500 in dense grids, fewer in the wide ones of the edge."""
    dense = 1.0 / (1.0 + np.exp((np.log(area_m2) - np.log(260_000.0)) / 0.28))
    count = dense * rng.uniform(300, 500, len(area_m2)) + (1 - dense) * rng.uniform(70, 260, len(area_m2))
    return np.asarray(np.round(count).astype(np.int64))


def needed_workers(count: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give the workers a grid needs for its households: 0/1/150/151 need 0/1/1/2."""
    return np.asarray(-(-count // HOUSEHOLDS_PER_WORKER))


def build_staff(seed: Seed, code: list[str], count: npt.NDArray[np.int64]) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Put a head and workers into every grid; a few grids are short of them on purpose.

    Returns
    -------
    staff : DataFrame
        ``grid_code, role, name, phone, department``, by code, heads first.
    planted : dict
        ``short``: grids with one worker too few; ``headless``: grids without a head.
    """
    rng = seed.stream("staff")
    need = needed_workers(count)
    picked = rng.permutation(np.flatnonzero(count > HOUSEHOLDS_PER_WORKER))[: SHORT_GRIDS + HEADLESS_GRIDS]
    short, headless = np.sort(picked[:SHORT_GRIDS]), np.sort(picked[SHORT_GRIDS:])
    workers = need.copy()
    workers[short] -= 1
    spare = seed.workers - int(workers.sum())
    free = np.setdiff1d(np.arange(len(code)), picked)
    if spare > 0:
        workers += np.bincount(rng.choice(free, spare), minlength=len(code))
    heads = np.ones(len(code), dtype=np.int64)
    heads[headless] = 0
    per_grid = heads + workers
    grid = np.repeat(np.arange(len(code)), per_grid)
    rank = np.arange(len(grid)) - np.repeat(np.cumsum(per_grid) - per_grid, per_grid)
    head = rank < heads[grid]
    staff = pd.DataFrame(
        {
            "grid_code": np.array(code, dtype=object)[grid],
            "role": np.where(head, "head", "worker"),
            "name": people_names(len(grid), rng),
            # 000 is no mobile prefix: nobody can be reached by such a number.
            "phone": [f"0000000{i:04d}" for i in range(1, len(grid) + 1)],
            "department": np.where(head, "网格管理中心", "综合执法协管"),
        }
    )
    return staff, {"short": [code[i] for i in short], "headless": [code[i] for i in headless]}
