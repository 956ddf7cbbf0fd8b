"""Indicators, evaluations and alerts of the cases in a store: the functions of ``analysis`` on what they need."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.analysis.alerts import alerts
from gridmap.analysis.duplicates import class_of
from gridmap.analysis.evaluation import Evaluation, evaluate
from gridmap.analysis.indicators import INDICATORS, Figures, Terms, indicators
from gridmap.analysis.indicators.formulas import Flags, Ints
from gridmap.domain.alerts import Alert, AlertKind, AlertRules
from gridmap.domain.evaluation import EvaluationTable, packaged_evaluation
from gridmap.errors import InvalidInput, NotFound
from gridmap.services.case_books import book_at
from gridmap.services.cases.holding import CasesHeld, require_few
from gridmap.services.clock import day_in
from gridmap.services.features import with_owners
from gridmap.services.ports import CaseFilter, FeatureFilter, UnitOfWork
from gridmap.services.responsibility import Plan
from gridmap.settings import Settings

#: Days of a window of which nobody names the first one.
_YEAR = timedelta(days=366)
Part = Literal["numerator", "denominator"]


@dataclass(frozen=True, slots=True)
class Question:
    """Which cases, told apart by what.

    Attributes
    ----------
    at : datetime
        From when it is seen what is due.
    start, end : datetime or None
        Half-open window of the report; it ends at ``at`` and is a year long where nobody says anything else.
    by, names : tuple of str
        Dimensions, and which indicators.
    level : str or None
        Of the areas, for ``by`` ``area``.
    categories : tuple of str
        Classes or types; empty: all.
    grid, unit, channel, kind : str or None
    emergency : bool or None
    """

    at: datetime
    start: datetime | None = None
    end: datetime | None = None
    by: tuple[str, ...] = ()
    names: tuple[str, ...] = tuple(INDICATORS)
    level: str | None = None
    categories: tuple[str, ...] = ()
    grid: str | None = None
    unit: str | None = None
    channel: str | None = None
    kind: str | None = None
    emergency: bool | None = None

    @property
    def window(self) -> tuple[datetime, datetime]:
        """The window, closed on both sides."""
        end = self.end or self.at
        return self.start or end - _YEAR, end


@dataclass(frozen=True)
class Counted:
    """Figures, with the cases that they are about (``among``) and those that these may repeat."""

    figures: Figures
    cases: gpd.GeoDataFrame
    among: Flags


def count(
    work: UnitOfWork, question: Question, plan: Plan | None, settings: Settings, held: CasesHeld | None = None
) -> Counted:
    """Work out indicators; of the cases held, where they are those of the moment that is asked for.

    Raises
    ------
    InvalidInput
        ``window_reversed``, ``indicator_by``, ``indicator_unknown``, ``level_not_in_set``; ``too_many_cases``.
    """
    cases, among = _asked(work, question, held)
    figures = indicators(
        cases, question.by, at=question.at, zone=settings.time_zone, names=question.names,
        areas=_areas(plan, question.by, question.level), among=among,
    )  # fmt: skip
    return Counted(figures, cases, among)


def score(
    work: UnitOfWork, question: Question, plan: Plan | None, settings: Settings, name: str | None = None
) -> Evaluation:
    """Score by a table: one that comes with the package, or that of the city.

    Raises
    ------
    InvalidInput
        ``evaluation_unknown``; as ``count``.
    """
    table = _table(work, name, question.at, settings)
    cases, among = _asked(work, question)
    areas = _areas(plan, (table.by,), question.level)
    at = question.at.astimezone(ZoneInfo(settings.time_zone))
    return evaluate(cases, table, at=at, areas=areas, among=among)


def _table(work: UnitOfWork, name: str | None, at: datetime, settings: Settings) -> EvaluationTable:
    if name is not None:
        return packaged_evaluation(name)
    return evaluation_in_force(work, at, settings)


def evaluation_in_force(work: UnitOfWork, at: datetime, settings: Settings) -> EvaluationTable:
    """Give the table of the city, or the one that comes with the package."""
    found: EvaluationTable = book_at(work, "evaluation", day_in(at, settings.time_zone))
    return found


def _asked(work: UnitOfWork, question: Question, held: CasesHeld | None = None) -> tuple[gpd.GeoDataFrame, Flags]:
    """Give the cases of a question, and those before its window that they may repeat."""
    start, end = question.window
    if start >= end:
        raise InvalidInput("window_reversed")
    first = start - Terms().repeat
    if held is not None and held.at == question.at and held.since <= first:
        cases = held.between(first, end)
    else:
        where = CaseFilter(start=first, end=end)
        require_few(work.cases.count(where))
        cases = work.cases.frame(where)
    among = (cases["reported_at"] >= start).to_numpy(dtype=np.bool_)
    columns = {"grid_code": question.grid, "unit": question.unit, "channel": question.channel, "kind": question.kind}
    for name, value in columns.items():
        if value is not None:
            among = among & (cases[name] == value).fillna(False).to_numpy(dtype=np.bool_)
    if question.emergency is not None:
        among = among & (cases["emergency"].to_numpy(dtype=np.bool_) == question.emergency)
    if question.categories:
        wanted = set(question.categories)
        among = among & cases["category"].map(lambda c: c in wanted or class_of(c) in wanted).to_numpy(dtype=np.bool_)
    return cases, among


def _areas(plan: Plan | None, by: tuple[str, ...], level: str | None) -> Mapping[str, str] | None:
    """Give the area of a level above each grid; None: nobody asks for it."""
    if "area" not in by:
        return None
    known = [] if plan is None else [one.name for one in plan.boundary_set.levels]
    if plan is None or level not in known:
        raise InvalidInput("level_not_in_set", known=", ".join(known))
    return areas_of(plan, level)


def areas_of(plan: Plan, level: str) -> dict[str, str]:
    """Give the code of the area of a level that each grid or area of a plan lies in."""
    return {code: link.code for code in plan.refs for link in plan.chain(code) if link.level == level}


# -- groups by name ---------------------------------------------------------------------------------------------------


def group_name(key: tuple[str | None, ...]) -> str:
    """Write the key of a group so that it can stand in an address; ``behind`` reads it."""
    data = json.dumps(list(key), ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def behind(counted: Counted, name: str, group: str, part: Part) -> Ints:
    """Give the rows of the cases behind a number.

    Raises
    ------
    NotFound
        ``indicator_group``.
    """
    key = _key(group)
    if key is None or len(key) != len(counted.figures.by):
        raise NotFound("indicator_group")
    return counted.figures.cases(name, counted.figures.row(*key), part)


def _key(group: str) -> tuple[str | None, ...] | None:
    try:
        held = json.loads(base64.b64decode(group + "=" * (-len(group) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(held, list) or not all(part is None or isinstance(part, str) for part in held):
        return None
    return tuple(held)


# -- alerts -----------------------------------------------------------------------------------------------------------


def alerts_now(work: UnitOfWork, plan: Plan | None, at: datetime, settings: Settings) -> tuple[AlertRules, list[Alert]]:
    """Find what the rules of the day ask somebody to look at.

    Raises
    ------
    TooLarge
        ``too_many_cases``.
    """
    day = day_in(at, settings.time_zone)
    rules: AlertRules = book_at(work, "alerts", day)
    cases = _lately(work, rules, at)
    levels = {rule.by for rule in rules.rules}
    areas = None
    if "area" in levels and plan is not None:
        areas = areas_of(plan, plan.boundary_set.levels[0].name)
    grids, facilities = None, None
    if plan is not None and {rule.kind for rule in rules.rules} & {AlertKind.HEAD, AlertKind.STATION}:
        grids, facilities = _grids(work, plan, rules, at, settings)
    over = settings.floating_residents_per_station
    return rules, alerts(rules, cases, at=at, grids=grids, facilities=facilities, areas=areas, station_over=over)


def _lately(work: UnitOfWork, rules: AlertRules, at: datetime) -> gpd.GeoDataFrame:
    """Read what is open, and what was reported in the days that rules look back."""
    spans = [2 * r.within if r.kind is AlertKind.CLUSTER else r.within for r in rules.rules]
    lately = CaseFilter(start=at - max(spans, default=timedelta()))
    still = CaseFilter(open=True, end=lately.start)
    require_few(work.cases.count(lately) + work.cases.count(still))
    parts = [work.cases.frame(where) for where in (still, lately)]
    full = [part for part in parts if len(part)]
    return gpd.GeoDataFrame(pd.concat(full, ignore_index=True), crs=full[0].crs) if full else parts[0]


def _grids(
    work: UnitOfWork, plan: Plan, rules: AlertRules, at: datetime, settings: Settings
) -> tuple[pd.DataFrame, dict[str, set[str]]]:
    day, name = day_in(at, settings.time_zone), plan.boundary_set.name
    codes = list(plan.locator.codes)
    headed = work.staff.headed(name, day) if work.staff.any_of(name) else None
    heads = [np.nan if headed is None else float(code in headed) for code in codes]
    people = {p.grid_code: p.floating_residents for p in work.profiles.of_day(name, day)}
    grids = pd.DataFrame({"code": codes, "heads": heads, "floating_residents": [people.get(c) for c in codes]})
    known = {layer.name for layer in work.features.list_layers()}
    wanted = {layer for rule in rules.rules for layer in rule.layers} & known
    facilities = {}
    for layer in sorted(wanted):
        frame = work.features.frame(FeatureFilter(layer, day, states=("open",)))
        facilities[layer] = set(with_owners(frame, plan, settings)["grid_code"].dropna())
    return grids, facilities
