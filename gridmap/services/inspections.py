"""Inspections: how the objects of layers stand by their plan, checks of them, and samples drawn to check again."""

import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

import geopandas as gpd
import pandas as pd

from gridmap.analysis.inspections import inspections
from gridmap.crs import widened
from gridmap.domain.access import Principal
from gridmap.domain.features import FeatureLayer, FeatureState
from gridmap.domain.inspections import Check, CheckOutcome, InspectionPlan, RecordedDraw, draw
from gridmap.domain.patrols import PatrolRules
from gridmap.errors import Conflict, InvalidInput, NotFound
from gridmap.services.case_books import patrol_rules_at
from gridmap.services.clock import day_in, start_of
from gridmap.services.features import require_layer, with_owners
from gridmap.services.ports import FeatureFilter, PointFilter, Store, UnitOfWork
from gridmap.services.responsibility import Plan
from gridmap.settings import Settings

#: What is only planned, or built and closed, is not inspected.
_OPEN = (FeatureState.OPEN.value,)
_SEED_BYTES = 16
#: Objects of a layer around which fixes are looked for; of more, checks alone count.
MOST_OBJECTS = 2_000


@dataclass(frozen=True)
class InspectedLayer:
    """The objects of a layer by their plan on a day.

    ``objects``: frames.INSPECTIONS with ``name``, and ``outcome`` and ``note`` of the newest check (None: none).
    ``features``: the same rows, as the store gives them. ``fixes_from``: the day from which on patrols near an object
    count; None: checks alone do.
    """

    plan: InspectionPlan
    layer: FeatureLayer
    objects: pd.DataFrame
    features: gpd.GeoDataFrame
    fixes_from: date | None = None


def inspected_on(store: Store, day: date, settings: Settings, layer: str | None = None) -> list[InspectedLayer]:
    """Tell how objects stand on a day: of one layer, or of all that have a plan and are there.

    Checks on record count, and patrols that stayed near an object within the cycle that runs, as far as single fixes
    are kept and whoever asks may see them; as ``analysis.inspections``.

    Raises
    ------
    NotFound
        ``feature_layer_unknown``, ``inspection_plan_unknown``.
    """
    with store.unit_of_work() as work:
        if layer is not None:
            known = require_layer(work, layer)
            rules = patrol_rules_at(work, day)
            return [_inspected(work, plan_of(rules, layer), known, day, rules, settings)]
        layers = {one.name: one for one in work.features.list_layers()}
        rules = patrol_rules_at(work, day)
        plans = [plan for plan in rules.inspections if plan.name in layers]
        return [_inspected(work, plan, layers[plan.name], day, rules, settings) for plan in plans]


def plan_of(rules: PatrolRules, layer: str) -> InspectionPlan:
    """Give how the objects of a layer are inspected, by a book of patrols.

    Raises
    ------
    NotFound
        ``inspection_plan_unknown``.
    """
    plans = {plan.name: plan for plan in rules.inspections}
    if layer not in plans:
        raise NotFound("inspection_plan_unknown", known=", ".join(sorted(plans)))
    return plans[layer]


def _inspected(
    work: UnitOfWork, plan: InspectionPlan, layer: FeatureLayer, day: date, rules: PatrolRules, settings: Settings
) -> InspectedLayer:
    features = work.features.frame(FeatureFilter(layer.name, day, _OPEN))
    checks = work.inspections.newest(layer.name, day)
    told = pd.DataFrame(
        {
            "object_id": pd.Series([check.code for check in checks], dtype=object),
            "checked_on": pd.Series([check.checked_on for check in checks], dtype=object),
            "items": pd.Series([check.told(plan) for check in checks], dtype=object),
        }
    )
    near, since = _fixes_near(work, features, plan, day, settings.time_zone)
    found = inspections(
        features.rename(columns={"code": "object_id"}), told, plan, day, fixes=near, time_zone=settings.time_zone,
        gap_s=rules.cleaning.gap_s,
    )  # fmt: skip
    last: dict[str, Check] = {check.code: check for check in sorted(checks, key=lambda check: check.at)}
    newest = [last.get(code) for code in found["object_id"]]
    found["name"] = features["name"].to_numpy(dtype=object)
    found["outcome"] = pd.Series([None if one is None else one.outcome.value for one in newest], dtype=object)
    found["note"] = pd.Series([one.note or None if one is not None else None for one in newest], dtype=object)
    return InspectedLayer(plan, layer, found, features, since)


def _fixes_near(
    work: UnitOfWork, features: gpd.GeoDataFrame, plan: InspectionPlan, day: date, zone: str
) -> tuple[gpd.GeoDataFrame | None, date | None]:
    """Give the fixes around objects within the cycle that runs, and since when there are any."""
    if not len(features) or len(features) > MOST_OBJECTS:
        return None, None
    span = work.patrols.time_span()
    if span is None:
        return None, None
    begins = start_of(day - timedelta(days=math.ceil(365 / plan.cycle.per_year()) + 1), zone)
    start, end = max(begins, span[0]), start_of(day + timedelta(days=1), zone)
    if start >= end:
        return None, None
    boxes = widened(features.geometry.bounds.to_numpy(), 2 * plan.within_m)
    parts = [work.patrols.frame(PointFilter(start, end, bbox=tuple(box))) for box in boxes.tolist()]
    found = [part for part in parts if len(part)]
    near = None if not found else pd.concat(found, ignore_index=True)
    return near, day_in(start, zone)


def grids_of_objects(found: InspectedLayer, plan: Plan, settings: Settings) -> list[str | None]:
    """Give the grid of each object by a plan, None outside of all."""
    codes = with_owners(found.features, plan, settings)["grid_code"]
    return [None if pd.isna(code) else str(code) for code in codes]


def record_checks(store: Store, layer: str, checks: Sequence[Check], *, now: datetime) -> int:
    """Put checks of objects of a layer on record, all or none; give how many were not there already.

    Raises
    ------
    NotFound
        ``feature_layer_unknown``, ``inspection_plan_unknown``; ``inspection_object_unknown``: none that is open on that
        day.
    InvalidInput
        ``inspection_in_future``: later than now by more than ``ahead_s`` of the book of patrols;
        ``inspection_note_unknown``: a note that the plan does not have, or one without a finding.
    Conflict
        ``inspection_check_differs``.
    """
    with store.unit_of_work() as work:
        require_layer(work, layer)
        book = cache(lambda day: patrol_rules_at(work, day))
        for check in checks:
            rules = book(check.checked_on)
            if check.at > now + timedelta(seconds=rules.cleaning.ahead_s):
                raise InvalidInput("inspection_in_future")
            plan = plan_of(rules, layer)
            if check.note and (check.outcome is not CheckOutcome.FINDING or check.note not in plan.notes):
                raise InvalidInput("inspection_note_unknown", known=", ".join(plan.notes))
            if not len(work.features.frame(FeatureFilter(layer, check.checked_on, _OPEN, code=check.code))):
                raise NotFound("inspection_object_unknown")
        added = work.inspections.add_checks(layer, checks)
        work.commit()
    return added


def record_draw(
    store: Store,
    layer: str,
    *,
    day: date,
    now: datetime,
    by: Principal,
    settings: Settings,
    seed: str | None = None,
    count: int | None = None,
    share: float | None = None,
    among_all: bool = False,
) -> RecordedDraw:
    """Draw objects of a layer to check again, and put the draw on record.

    Parameters
    ----------
    seed : str, optional
        Told before or drawn in public, new for each draw; without it 16 random bytes are drawn here.
    count, share : int, float
        One of them, as of ``domain.inspections.draw``.
    among_all : bool
        Draw among all objects; else among those whose check is complete within the cycle that runs.

    Raises
    ------
    NotFound
        As ``inspected_on``.
    InvalidInput
        ``draw_wrong``.
    Conflict
        ``inspection_nothing_to_draw``, ``inspection_seed_used``.
    """
    (found,) = inspected_on(store, day, settings, layer)
    kept = found.objects if among_all else found.objects[found.objects["complete"].astype(bool)]
    ids = tuple(sorted(map(str, kept["object_id"])))
    if not ids:
        raise Conflict("inspection_nothing_to_draw")
    held = draw(ids, secrets.token_hex(_SEED_BYTES) if seed is None else seed, count=count, share=share)
    with store.unit_of_work() as work:
        made = work.inspections.add_draw(layer, RecordedDraw(day, now, ids, held, by.account_id, by.name))
        work.commit()
    return made


def draws_of(store: Store, layer: str, count: int) -> list[RecordedDraw]:
    """Give the newest draws of a layer.

    Raises
    ------
    NotFound
        ``feature_layer_unknown``.
    """
    with store.unit_of_work() as work:
        require_layer(work, layer)
        return work.inspections.draws(layer)[:count]
