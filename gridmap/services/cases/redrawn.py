"""Cases of a period counted by two versions of the borders: what a redraw makes of the leader's numbers."""

from dataclasses import dataclass
from datetime import datetime

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.difference import difference
from gridmap.analysis.indicators import Figures, indicators
from gridmap.services.cases.holding import CasesHeld
from gridmap.services.history import require_version
from gridmap.services.ports import Store
from gridmap.services.responsibility import Plan, Plans, locate_many
from gridmap.settings import Settings

_NAMES = ("filing", "on_time_closing")


@dataclass(frozen=True, slots=True)
class Count:
    """Cases reported in a grid, and of those due how many were closed on time; None: it is not in this version."""

    name: str
    reported: int
    on_time: int
    due: int


@dataclass(frozen=True, slots=True)
class Redrawn:
    """A grid that changed, by the borders before and after."""

    code: str
    before: Count | None
    after: Count | None


@dataclass(frozen=True, slots=True)
class Recount:
    """Grids that changed between two versions; ``cases`` of the period, and how many of them change hands."""

    old: Plan
    new: Plan
    cases: int
    moved: int
    grids: tuple[Redrawn, ...]


def recount(
    store: Store, plans: Plans, held: CasesHeld, window: tuple[datetime, datetime], set_name: str,
    versions: tuple[int, int], settings: Settings,
) -> Recount:  # fmt: skip
    """Count the cases of a half-open window again, where they lie, by both versions of a set.

    Raises
    ------
    NotFound
        ``version_unknown``. As ``Plans.resolve_set``.
    """
    boundary_set = plans.resolve_set(set_name)
    old, new = (plans.of(boundary_set, require_version(store, boundary_set.name, n)) for n in versions)
    cases = held.between(*window)
    (was, figures_was), (now, figures_now) = (_counted(cases, plan, held.at, settings) for plan in (old, new))
    level = max(boundary_set.levels, key=lambda one: one.order).name
    rows = difference(old.frame, new.frame, levels=[level]).rows
    changed = [str(code) for code in rows.loc[rows["changed"], "code"]]
    grids = tuple(Redrawn(code, _count(old, figures_was, code), _count(new, figures_now, code)) for code in changed)
    return Recount(old, new, len(cases), int((was != now).sum()), grids)


def _counted(
    cases: gpd.GeoDataFrame, plan: Plan, at: datetime, settings: Settings
) -> tuple[npt.NDArray[np.object_], Figures]:
    """Give the owner of each case by a plan ("" where there is none), and the numbers of its grids."""
    x, y = cases.geometry.x.to_numpy(), cases.geometry.y.to_numpy()
    codes, _ = locate_many(plan, x, y, nearest_within_m=settings.nearest_within_m)
    owner = pd.Series(codes, index=cases.index).astype(object)
    placed = cases.assign(grid_code=owner.where(owner.notna(), None))
    figures = indicators(placed, ("grid",), at=at, zone=settings.time_zone, names=_NAMES)
    return owner.fillna("").to_numpy(dtype=object), figures


def _count(plan: Plan, figures: Figures, code: str) -> Count | None:
    if code not in plan.refs:
        return None
    name = plan.refs[code].name or code
    rows = np.flatnonzero((figures.keys["grid"] == code).to_numpy())
    if not len(rows):
        return Count(name, 0, 0, 0)
    reported, (on_time, due) = figures.counts("filing")[1], figures.counts("on_time_closing")
    return Count(name, int(reported[rows[0]]), int(on_time[rows[0]]), int(due[rows[0]]))
