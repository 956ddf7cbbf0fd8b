"""By what indicators are told apart: grid, area, unit, category, class, channel, kind, and periods of local time."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.duplicates import class_of
from gridmap.errors import InvalidInput

Ints = npt.NDArray[np.int64]

#: Periods, in the district's own days; a week is that of ISO 8601. As texts they sort by time.
PERIODS = ("day", "week", "month", "quarter", "year")
_COLUMNS = {"grid": "grid_code", "unit": "unit", "category": "category", "channel": "channel", "kind": "kind"}
_NO_AREAS: Mapping[str, str] = {}
#: All that ``by`` may name.
DIMENSIONS = ("grid", "area", "unit", "category", "class", "channel", "kind", *PERIODS)


def group_by(
    cases: pd.DataFrame, by: Sequence[str], zone: str, time: str, areas: Mapping[str, str] | None
) -> tuple[pd.DataFrame, Ints]:
    """Put cases into groups.

    Returns
    -------
    keys : DataFrame
        One row a group that has a case, one text column each of ``by``, sorted, what is missing (None) last.
    group : int array
        Row of ``keys`` of each case.

    Raises
    ------
    InvalidInput
        ``indicator_by``: something unknown, twice, or ``area`` without ``areas``.
    """
    if len(set(by)) < len(by) or set(by) - set(DIMENSIONS) or ("area" in by and areas is None):
        raise InvalidInput("indicator_by", known=", ".join(DIMENSIONS))
    coded = [codes_of(cases, name, zone, time, areas or {}) for name in by]
    whole = np.zeros(len(cases), dtype=np.int64)
    for code, labels in coded:
        whole = whole * (len(labels) + 1) + code
    held, group = np.unique(whole, return_inverse=True)
    if not by:
        return pd.DataFrame(index=pd.RangeIndex(1)), group
    columns: dict[str, Any] = {}
    for name, (_, labels) in reversed(list(zip(by, coded, strict=True))):
        held, code = np.divmod(held, len(labels) + 1)
        columns[name] = np.append(labels, [None])[code]
    return pd.DataFrame({name: pd.Series(columns[name], dtype=object) for name in by}), group


def codes_of(
    cases: pd.DataFrame, name: str, zone: str = "UTC", time: str = "reported_at", areas: Mapping[str, str] = _NO_AREAS
) -> tuple[Ints, npt.NDArray[np.object_]]:
    """Give the place of each case in the sorted labels; one beyond them: missing."""
    if name in PERIODS:
        found = _days(cases, zone, time)
        code, days = pd.factorize(found)
        labels: list[Any] = [None if pd.isna(d) else period_of(d.date(), name) for d in pd.DatetimeIndex(days)]
    elif name == "area":
        code, grids = pd.factorize(cases["grid_code"])
        labels = [areas.get(str(g)) for g in grids]
    elif name == "class":
        code, leaves = pd.factorize(cases["category"])
        labels = [class_of(str(c)) for c in leaves]
    else:
        code, texts = pd.factorize(cases[_COLUMNS[name]])
        labels = [str(t) or None for t in texts]
    known = sorted({label for label in labels if label is not None})
    place = {label: n for n, label in enumerate(known)}
    to = np.array([place.get(label, len(known)) for label in labels] + [len(known)], dtype=np.int64)
    return to[code], np.array(known, dtype=object)


def _days(cases: pd.DataFrame, zone: str, time: str) -> Any:
    local = pd.DatetimeIndex(cases[time]).tz_convert(ZoneInfo(zone)).tz_localize(None)
    return local.to_numpy().astype("datetime64[D]").astype("datetime64[s]")


def period_of(day: date, period: str) -> str:
    """Name the period that a day lies in.

    Examples
    --------
    >>> [period_of(date(2027, 1, 1), p) for p in PERIODS]
    ['2027-01-01', '2026-W53', '2027-01', '2027-Q1', '2027']
    """
    match period:
        case "day":
            return day.isoformat()
        case "week":
            year, week, _ = day.isocalendar()
            return f"{year:04d}-W{week:02d}"
        case "month":
            return f"{day.year:04d}-{day.month:02d}"
        case "quarter":
            return f"{day.year:04d}-Q{(day.month + 2) // 3}"
    return f"{day.year:04d}"


def start_of(label: str) -> date:
    """Give the first day of a named period."""
    if "W" in label:
        return date.fromisocalendar(int(label[:4]), int(label[6:]), 1)
    if "Q" in label:
        return date(int(label[:4]), 3 * int(label[6:]) - 2, 1)
    # a month or a year begins with its first day
    return date.fromisoformat((label + "-01-01")[:10])


def before(label: str, period: str) -> str:
    """Name the period before one."""
    return period_of(start_of(label) - timedelta(days=1), period)


def year_before(label: str) -> str | None:
    """Name the same period of the year before; None: that year has no such day or week."""
    named = f"{int(label[:4]) - 1:04d}{label[4:]}"
    try:
        start_of(named)
    except ValueError:
        return None
    return named
