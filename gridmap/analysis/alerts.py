"""Where somebody has to look: rules in data, on frames."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from math import isnan

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.analysis import frames
from gridmap.analysis.indicators import indicators
from gridmap.analysis.indicators.formulas import Flags, Ints
from gridmap.analysis.nearness import clusters
from gridmap.domain.alerts import Alert, AlertKind, AlertRule, AlertRules, Grade
from gridmap.domain.assigning import within
from gridmap.domain.cases import CaseStatus
from gridmap.domain.staffing import FLOATING_PER_STATION, HEADS, station_needed
from gridmap.errors import InvalidInput
from gridmap.i18n import Language, text

#: Somebody still has to handle these.
_WAITING = (CaseStatus.FILED.value, CaseStatus.DISPATCHED.value, CaseStatus.HANDLING.value)
_GRADES = list(Grade)
_KINDS = list(AlertKind)


def alerts(
    rules: AlertRules,
    cases: gpd.GeoDataFrame,
    *,
    at: datetime,
    grids: pd.DataFrame | None = None,
    facilities: Mapping[str, Collection[str]] | None = None,
    areas: Mapping[str, str] | None = None,
    station_over: int = FLOATING_PER_STATION,
) -> list[Alert]:
    """Find what rules ask somebody to look at.

    Parameters
    ----------
    rules : AlertRules
    cases : GeoDataFrame
        frames.CASES: those that are open, and those reported in the last days that the rules name.
    at : datetime
        Now, with its offset.
    grids : DataFrame, optional
        One row a grid: ``code``; ``heads``, how many are on duty, and ``floating_residents`` (missing: not known).
        Without it rules about grids find nothing.
    facilities : mapping, optional
        Name of a layer to the codes of grids in which an open feature of it lies.
    areas : mapping, optional
        Grid code to area code, for rules about areas; without it they find nothing.
    station_over : int
        For rules that say no number: more floating residents than this need a station.

    Returns
    -------
    list of Alert
        The most pressing first; then by kind, by measure (largest first; a rate: lowest first) and by subject.

    Raises
    ------
    ColumnError
        ``column_missing``.
    InvalidInput
        ``indicator_time``.
    CrsError
        ``crs_missing``, ``crs_not_wgs84``.
    """
    frames.require_columns(cases, frames.CASES)
    if at.tzinfo is None:
        raise InvalidInput("indicator_time")
    found = [
        alert for rule in rules.rules for alert in _found(rule, cases, at, grids, facilities or {}, areas, station_over)
    ]
    return sorted(found, key=_pressing)


def _found(
    rule: AlertRule,
    cases: gpd.GeoDataFrame,
    at: datetime,
    grids: pd.DataFrame | None,
    facilities: Mapping[str, Collection[str]],
    areas: Mapping[str, str] | None,
    station_over: int,
) -> Iterator[Alert]:
    match rule.kind:
        case AlertKind.OVERDUE:
            return _overdue(rule, cases, at)
        case AlertKind.CLUSTER:
            return _clusters(rule, cases, at)
        case AlertKind.RATE:
            return iter(()) if rule.by == "area" and areas is None else _rates(rule, cases, at, areas)
        case AlertKind.HEAD:
            return iter(()) if grids is None else _headless(rule, grids)
    if grids is None:
        return iter(())
    served = {code for layer in rule.layers for code in facilities.get(layer, ())}
    return _stations(rule, grids, served, station_over if rule.over is None else rule.over)


def _pressing(alert: Alert) -> tuple[object, ...]:
    rate = alert.rule.kind is AlertKind.RATE
    return (
        _GRADES.index(alert.rule.grade),
        _KINDS.index(alert.rule.kind),
        alert.rule.id,
        alert.measure if rate else -alert.measure,
        alert.subject,
    )


def _overdue(rule: AlertRule, cases: gpd.GeoDataFrame, at: datetime) -> Iterator[Alert]:
    late = _of_categories(rule, cases) & cases["status"].isin(_WAITING).to_numpy(dtype=np.bool_)
    late = (
        late
        & (pd.DatetimeIndex(cases["due_at"]) < pd.Timestamp(at))
        & ~cases["deferred"].fillna(False).to_numpy(dtype=np.bool_)
    )
    # there may be thousands: a column at a time, for a row of a frame takes as long as a hundred of its values
    mine = cases[late]
    over = (pd.Timestamp(at) - pd.DatetimeIndex(mine["due_at"])) // pd.Timedelta(minutes=1)
    points = mine.geometry.array
    x, y = shapely.get_x(points).tolist(), shapely.get_y(points).tolist()
    for case, unit, minutes, lon, lat in zip(mine["case_id"], mine["unit"], over.tolist(), x, y, strict=True):
        told = {"case": str(case), "unit": _text(unit), "minutes": str(minutes)}
        # a case without a place has no number there
        place = (None, None) if isnan(lon) else (lon, lat)
        yield Alert(rule, told["case"], "case", Decimal(minutes), (told["case"],), told, *place)


def _clusters(rule: AlertRule, cases: gpd.GeoDataFrame, at: datetime) -> Iterator[Alert]:
    reported = pd.DatetimeIndex(cases["reported_at"])
    # a cluster is told while its last case is not older than its span
    recent = (
        _of_categories(rule, cases) & (reported <= pd.Timestamp(at)) & (reported >= pd.Timestamp(at - 2 * rule.within))
    )
    recent = recent & (cases["status"] != CaseStatus.MERGED.value).to_numpy(dtype=np.bool_)
    rows = np.flatnonzero(recent)
    held = cases.iloc[rows]
    for group in clusters(held, least=rule.least, within_m=rule.within_m, within=rule.within):
        last = held.iloc[group[-1]]
        if last["reported_at"] < at - rule.within:
            continue
        names = _names(cases, rows[group])
        told = {"category": str(last["category"]), "count": str(len(group)), "metres": f"{rule.within_m:g}"}
        told |= {"hours": f"{rule.within / timedelta(hours=1):g}", "grid": _text(last["grid_code"])}
        yield _at_case(Alert(rule, str(last["case_id"]), "case", Decimal(len(group)), names, told), last)


def _rates(rule: AlertRule, cases: gpd.GeoDataFrame, at: datetime, areas: Mapping[str, str] | None) -> Iterator[Alert]:
    reported = pd.DatetimeIndex(cases["reported_at"])
    among = _of_categories(rule, cases) & (reported >= pd.Timestamp(at - rule.within))
    figures = indicators(cases, (rule.by,), at=at, names=(rule.indicator,), areas=areas, among=among)
    for row, key in enumerate(figures.keys[rule.by]):
        above, below = figures.pair(rule.indicator, key)
        # in whole numbers: 94.99 % is under 95, and 19 of 20 is not
        if key is None or below < max(1, rule.least) or 100 * above >= rule.target * below:
            continue
        # rounded down, so that what is under its target is never told as having reached it
        value = (Decimal(100 * above) / below).quantize(Decimal("0.01"), ROUND_DOWN)
        wanting = np.setdiff1d(figures.cases(rule.indicator, row, "denominator"), figures.cases(rule.indicator, row))
        told = {"subject": key, "indicator": rule.indicator, "value": f"{value}", "target": f"{rule.target}"}
        told |= {"above": str(above), "below": str(below)}
        yield Alert(rule, key, rule.by, value, _names(cases, wanting), told)


def _headless(rule: AlertRule, grids: pd.DataFrame) -> Iterator[Alert]:
    for code in grids.loc[grids["heads"].to_numpy() < HEADS, "code"]:
        yield Alert(rule, str(code), "grid", Decimal(0), fields={"grid": str(code)})


def _stations(rule: AlertRule, grids: pd.DataFrame, served: Collection[str], over: int) -> Iterator[Alert]:
    for code, living in zip(grids["code"], pd.to_numeric(grids["floating_residents"]), strict=True):
        people = None if pd.isna(living) else int(living)
        if people is not None and code not in served and station_needed(people, over):
            told = {"grid": str(code), "count": f"{people:,}", "limit": f"{over:,}"}
            yield Alert(rule, told["grid"], "grid", Decimal(people), fields=told)


def _of_categories(rule: AlertRule, cases: gpd.GeoDataFrame) -> Flags:
    if not rule.categories:
        return np.ones(len(cases), dtype=np.bool_)
    code, labels = pd.factorize(cases["category"])
    fits = [any(within(str(label), c) for c in rule.categories) for label in labels]
    return np.array([*fits, False], dtype=np.bool_)[code]


def _names(cases: gpd.GeoDataFrame, rows: Ints) -> tuple[str, ...]:
    return tuple(cases["case_id"].iloc[rows].astype(str))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _at_case(alert: Alert, case: pd.Series) -> Alert:
    point = case.geometry
    if point is None or point.is_empty:
        return alert
    return replace(alert, lon=float(point.x), lat=float(point.y))


def alert_text(alert: Alert, language: Language = "en", **named: str) -> str:
    """Say an alert in a language; ``named``: what people call its unit, grid and the like, instead of their codes."""
    told = {**alert.fields, **named}
    if "minutes" in told:
        told["span"] = _span(int(told.pop("minutes")), language)
    return text(f"alert.{alert.rule.kind.value}", language, **told)


def _span(minutes: int, language: Language) -> str:
    """Give a time in its two largest units."""
    hours, rest = divmod(minutes, 60)
    days, left = divmod(hours, 24)
    if days:
        return text("alert.span_days", language, days=days, hours=left)
    if hours:
        return text("alert.span_hours", language, hours=hours, minutes=rest)
    return text("alert.span_minutes", language, minutes=rest)
