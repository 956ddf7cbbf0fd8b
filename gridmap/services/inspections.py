"""Inspections: how the objects of layers stand by their plan, checks of them, and samples drawn to check again."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

import geopandas as gpd
import pandas as pd

from gridmap.analysis.inspections import inspections
from gridmap.domain.access import Principal
from gridmap.domain.features import FeatureLayer, FeatureState
from gridmap.domain.inspections import Check, CheckOutcome, InspectionPlan, RecordedDraw, draw
from gridmap.domain.patrols import PatrolRules
from gridmap.errors import Conflict, InvalidInput, NotFound
from gridmap.services.case_books import patrol_rules_at
from gridmap.services.features import require_layer, with_owners
from gridmap.services.ports import FeatureFilter, Store, UnitOfWork
from gridmap.services.responsibility import Plan
from gridmap.settings import Settings

#: What is only planned, or built and closed, is not inspected.
_OPEN = (FeatureState.OPEN.value,)
_SEED_BYTES = 16


@dataclass(frozen=True)
class InspectedLayer:
    """The objects of a layer by their plan on a day.

    ``objects``: frames.INSPECTIONS with ``name``, and ``outcome`` and ``note`` of the newest check (None: none).
    ``features``: the same rows, as the store gives them.
    """

    plan: InspectionPlan
    layer: FeatureLayer
    objects: pd.DataFrame
    features: gpd.GeoDataFrame


def inspected_on(store: Store, day: date, layer: str | None = None) -> list[InspectedLayer]:
    """Tell how objects stand on a day: of one layer, or of all that have a plan and are there.

    Only checks on record count, those of ``analysis.inspections`` without ``fixes``.

    Raises
    ------
    NotFound
        ``feature_layer_unknown``, ``inspection_plan_unknown``.
    """
    with store.unit_of_work() as work:
        if layer is not None:
            known = require_layer(work, layer)
            return [_inspected(work, plan_of(patrol_rules_at(work, day), layer), known, day)]
        layers = {one.name: one for one in work.features.list_layers()}
        plans = [plan for plan in patrol_rules_at(work, day).inspections if plan.name in layers]
        return [_inspected(work, plan, layers[plan.name], day) for plan in plans]


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


def _inspected(work: UnitOfWork, plan: InspectionPlan, layer: FeatureLayer, day: date) -> InspectedLayer:
    features = work.features.frame(FeatureFilter(layer.name, day, _OPEN))
    checks = work.inspections.newest(layer.name, day)
    told = pd.DataFrame(
        {
            "object_id": pd.Series([check.code for check in checks], dtype=object),
            "checked_on": pd.Series([check.checked_on for check in checks], dtype=object),
            "items": pd.Series([check.told(plan) for check in checks], dtype=object),
        }
    )
    found = inspections(features.rename(columns={"code": "object_id"}), told, plan, day)
    last: dict[str, Check] = {check.code: check for check in sorted(checks, key=lambda check: check.at)}
    newest = [last.get(code) for code in found["object_id"]]
    found["name"] = features["name"].to_numpy(dtype=object)
    found["outcome"] = pd.Series([None if one is None else one.outcome.value for one in newest], dtype=object)
    found["note"] = pd.Series([one.note or None if one is not None else None for one in newest], dtype=object)
    return InspectedLayer(plan, layer, found, features)


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
    (found,) = inspected_on(store, day, layer)
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
