"""Looking back and ahead: the versions of a set in time, what two of them differ in, and what became of a code."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.analysis.borders import MovedBorders, moved_borders
from gridmap.analysis.crosswalk import crosswalk
from gridmap.analysis.difference import Difference, difference
from gridmap.analysis.lineage import successors
from gridmap.domain.boundaries import BoundarySet, BoundaryVersion, VersionState, in_time_order
from gridmap.errors import NotFound
from gridmap.services.ports import PointFilter, Store
from gridmap.services.responsibility import Plan, Plans

#: Decimal places of shares.
_SHARE_DIGITS = 6


class Phase(StrEnum):
    """Where a version stands in time on a day: over, in force, yet to come, a draft, or never (to be) in force."""

    PAST = "past"
    CURRENT = "current"
    SCHEDULED = "scheduled"
    DRAFT = "draft"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Change:
    """So many edges of one kind lead into a version on one level."""

    level: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Edition:
    """A version with its counts: ``grids`` by level; ``changes`` None where no lineage was kept for it."""

    version: BoundaryVersion
    phase: Phase
    grids: dict[str, int]
    changes: tuple[Change, ...] | None


@dataclass(frozen=True, slots=True)
class History:
    """The versions of a set: those of the time line, earliest first, then by number the drafts and the retired."""

    boundary_set: BoundarySet
    day: date
    versions: tuple[Edition, ...]
    drafts: tuple[Edition, ...]
    retired: tuple[Edition, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions side by side; ``borders`` by level, for the areas that changed."""

    old: Plan
    new: Plan
    window: PointFilter
    difference: Difference
    borders: dict[str, MovedBorders]


@dataclass(frozen=True, slots=True)
class Life:
    """A code stands in a version."""

    level: str
    number: int
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Successor:
    """Who has a part of the ground of an old code: ``share`` of its area, and of its households where known."""

    code: str
    name: str
    area_m2: float
    share: float
    households: float | None
    household_share: float | None


@dataclass(frozen=True, slots=True)
class CodeHistory:
    """What became of a code by a day.

    Attributes
    ----------
    state : {"in_force", "retired", "scheduled"}
        On that day: it stands in the version; it stood in an earlier one only; it will stand in a later one only.
    version : BoundaryVersion or None
        The one of that day; None where none was in force.
    last : Life or None
        For a retired code the life whose shape was laid over that version.
    successors : tuple of Successor
        The largest share first.
    lost_share : float
        Share of its ground that nobody has any more.
    """

    code: str
    name: str
    lives: tuple[Life, ...]
    state: str
    version: BoundaryVersion | None
    last: Life | None = None
    successors: tuple[Successor, ...] = ()
    lost_share: float = 0.0


def history(store: Store, boundary_set: BoundarySet, day: date) -> History:
    """Tell the history of a set as it stands on a day."""
    with store.unit_of_work() as work:
        versions = work.boundaries.list_versions(boundary_set.name)
        grids = work.boundaries.grid_counts(boundary_set.name)
        edges = work.boundaries.lineage_counts(boundary_set.name)
    counts: dict[int, dict[str, int]] = {}
    for number, level, count in grids.itertuples(index=False, name=None):
        counts.setdefault(number, {})[level] = count
    changes: dict[int, list[Change]] = {}
    for number, level, kind, count in edges.itertuples(index=False, name=None):
        changes.setdefault(number, []).append(Change(level, kind, count))

    def edition(version: BoundaryVersion) -> Edition:
        known = changes.get(version.number)
        phase = _phase(version, day)
        return Edition(version, phase, counts.get(version.number, {}), None if known is None else tuple(known))

    return History(
        boundary_set,
        day,
        tuple(edition(v) for v in in_time_order(versions)),
        tuple(edition(v) for v in versions if v.state is VersionState.DRAFT),
        tuple(edition(v) for v in versions if v.state is not VersionState.DRAFT and not v.ever_in_force),
    )


def _phase(version: BoundaryVersion, day: date) -> Phase:
    if version.state is VersionState.DRAFT:
        return Phase.DRAFT
    if not version.ever_in_force:
        return Phase.RETIRED
    if version.valid_from > day:
        return Phase.SCHEDULED
    return Phase.CURRENT if version.in_force_at(day) else Phase.PAST


def require_version(store: Store, set_name: str, number: int) -> BoundaryVersion:
    """Find a version or draft by its number.

    Raises
    ------
    NotFound
        ``version_unknown``.
    """
    with store.unit_of_work() as work:
        found = work.boundaries.find_version(set_name, number)
    if found is None:
        raise NotFound("version_unknown")
    return found


def compare(
    store: Store, plans: Plans, boundary_set: BoundarySet, number_a: int, number_b: int, window: PointFilter
) -> Comparison:
    """Compare two versions or drafts of a set, with the incidents of a window.

    Raises
    ------
    NotFound
        ``version_unknown``.
    """
    old, new = (plans.of(boundary_set, require_version(store, boundary_set.name, n)) for n in (number_a, number_b))
    with store.unit_of_work() as work:
        incidents = work.incidents.frame(window)
    levels = [level.name for level in sorted(boundary_set.levels, key=lambda level: level.order)]
    held = [name for name in levels if any((plan.frame["level"] == name).any() for plan in (old, new))]
    found = difference(old.frame, new.frame, incidents, levels=held)
    return Comparison(old, new, window, found, {name: _borders(old, new, found, name) for name in held})


def _borders(old: Plan, new: Plan, found: Difference, level: str) -> MovedBorders:
    pieces = found.pieces[found.pieces["level"] == level]
    changed = found.rows.loc[(found.rows["level"] == level) & found.rows["changed"], "code"]
    codes = {*changed, *pieces["old_code"].dropna(), *pieces["new_code"].dropna()}
    sides = (f[(f["level"] == level) & f["code"].isin(codes)] for f in (old.frame, new.frame))
    return moved_borders(*sides)


def successors_of(store: Store, plans: Plans, boundary_set: BoundarySet, code: str, day: date) -> CodeHistory:
    """Tell the lives of a code, and who has its ground on a day.

    Raises
    ------
    NotFound
        ``grid_unknown``: no published version ever had it.
    """
    with store.unit_of_work() as work:
        lives = _lives(work.boundaries.lives(boundary_set.name, code))
        if not lives:
            raise NotFound("grid_unknown")
        versions = {v.number: v for v in work.boundaries.list_versions(boundary_set.name)}
        version = work.boundaries.version_at(boundary_set.name, day)
        standing = [life for life in lives if version is not None and life.number == version.number]
        before = [life for life in lives if life.valid_from <= day]
        last = (standing or before or lives)[-1]
        row = work.boundaries.grids(versions[last.number], last.level, codes=[code])
    name = _name(row["name"].iloc[0])
    if standing:
        return CodeHistory(code, name, lives, "in_force", version)
    if not before:
        return CodeHistory(code, name, lives, "scheduled", version)
    if version is None:
        return CodeHistory(code, name, lives, "retired", None, last, (), 1.0)
    plan = plans.of(boundary_set, version)
    found, lost = _successors(code, row, plan, last.level)
    return CodeHistory(code, name, lives, "retired", version, last, found, lost)


def _lives(table: pd.DataFrame) -> tuple[Life, ...]:
    columns = (table[name].tolist() for name in ("level", "number", "valid_from", "valid_to"))
    return tuple(
        Life(level, number, start, None if pd.isna(end) else end)
        for level, number, start, end in zip(*columns, strict=True)
    )


def _successors(code: str, row: gpd.GeoDataFrame, plan: Plan, level: str) -> tuple[tuple[Successor, ...], float]:
    """Lay one former area over the areas of its level that it may meet."""
    there = plan.frame[plan.frame["level"] == level]
    boxes = shapely.bounds(np.asarray(there.geometry.array))
    x0, y0, x1, y1 = row.total_bounds
    near = (boxes[:, 0] <= x1) & (boxes[:, 2] >= x0) & (boxes[:, 1] <= y1) & (boxes[:, 3] >= y0)
    there = there[near].reset_index(drop=True)
    edges = successors([code], row.reset_index(drop=True), there)
    # equal shares differ in their last digits: rounded, the code decides
    edges = edges.assign(old_share=edges["old_share"].round(_SHARE_DIGITS))
    kept = edges[edges["new_code"].notna()].sort_values(["old_share", "new_code"], ascending=[False, True])
    total = edges["households"].sum(min_count=1)
    known = edges["households"].notna().all() and total > 0
    found = tuple(
        Successor(
            str(new_code),
            plan.refs[str(new_code)].name,
            float(area),
            float(share),
            float(households) if known else None,
            round(float(households / total), _SHARE_DIGITS) if known else None,
        )
        for new_code, area, share, households in kept[["new_code", "area_m2", "old_share", "households"]].itertuples(
            index=False, name=None
        )
    )
    lost = edges.loc[edges["new_code"].isna(), "old_share"].sum()
    return found, round(float(lost), _SHARE_DIGITS)


def _name(value: object) -> str:
    return value if isinstance(value, str) else ""


def missing_grid(store: Store, plans: Plans, plan: Plan, code: str, day: date) -> NotFound:
    """Give the error for a code that is not in the plan of a day: it lived before, or it never did.

    Returns
    -------
    NotFound
        ``grid_retired`` with ``successors`` (code and share of its ground) and their ``names`` in words, or
        ``grid_unknown``.
    """
    try:
        found = successors_of(store, plans, plan.boundary_set, code, day)
    except NotFound as error:
        return error
    if found.state != "retired":
        return NotFound("grid_unknown")
    shares = [{"code": s.code, "share": s.share} for s in found.successors]
    names = ", ".join(f"{s.code} ({s.share:.0%})" for s in found.successors)
    return NotFound("grid_retired", successors=shares, names=names or "-")


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """The leaves of two plans over each other; ``rows`` as ``analysis.crosswalk`` gives them."""

    a: Plan
    b: Plan
    rows: pd.DataFrame


def crosswalk_of(
    plans: Plans, set_a: BoundarySet, set_b: BoundarySet, day: date, day_b: date | None = None
) -> Crosswalk:
    """Tell which grids of one set agree with, contain or cross which of another on a day.

    ``day_b`` asks for the second on another day, which may be the same set.

    Raises
    ------
    NotFound
        ``no_version_at``.
    """
    a, b = plans.at(set_a, day), plans.at(set_b, day_b or day)
    return Crosswalk(a, b, crosswalk(_leaves(a), _leaves(b)))


def _leaves(plan: Plan) -> gpd.GeoDataFrame:
    names: Iterable[str] = {plan.refs[code].level for code in plan.locator.codes}
    return plan.frame[plan.frame["level"].isin(list(names))].reset_index(drop=True)
