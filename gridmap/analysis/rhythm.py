"""When things happen: by month and kind, by hour and weekday; what chance leaves open, and what was not recorded."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy
from scipy import special

from gridmap.analysis.hotspots import RATE
from gridmap.analysis.saying import Statement, by_chance, rounded, say
from gridmap.errors import InvalidInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Gaps = Sequence[tuple[date, date]]

#: A month of which fewer days were recorded is told, but not judged.
LEAST_DAYS = 10
#: Fewer incidents of a kind have no profile.
LEAST_INCIDENTS = 10


def month_profile(
    at: pd.Series, kind: pd.Series, *, start: date, end: date, time_zone: str, gaps: Gaps = (), rate: float = RATE
) -> pd.DataFrame:
    """Count incidents by kind and month of the year, per recorded day, and say which months stand out.

    Parameters
    ----------
    at, kind : Series
        When (aware) and of what kind each incident was, one row an incident.
    start, end : date
        The first day that was recorded, and the day after the last one, of ``time_zone``.
    time_zone : str
        IANA name: a month begins at its midnight.
    gaps : sequence of (date, date)
        First and last day of spans without records (``record_gaps``): they count neither days nor incidents.
    rate : float
        Share of false ones among the months that are called high or low.

    Returns
    -------
    DataFrame
        One row a kind and month that has recorded days: ``kind``, ``month`` (1 to 12), ``count``, ``days``, ``years``
        (how many different years it was seen in), ``expected`` (if all days were alike), ``ratio``, ``p`` (two-sided),
        ``q``, ``judged`` (``high``, ``low``, ``usual`` or ``not_judged``). ``attrs["summary"]``: ``incidents``,
        ``days``, ``gap_days``, ``rate``, ``reason`` (``no_incidents``, ``one_month``) or None.

    Raises
    ------
    InvalidInput
        ``lengths_differ``; ``not_a_share``; ``window_empty``.

    Notes
    -----
    Binomial tail of the month's share of days. Incidents come in bursts, so counts and totals are first divided by
    how much more the days of a month differ than chance explains (Pearson's chi squared by its degrees of freedom, at
    least 1; McCullagh & Nelder 1989).
    """
    day, kinds, recorded, gap_days = _recorded(at, kind, start, end, time_zone, gaps)
    if not 0 < rate < 1:
        raise InvalidInput("not_a_share", name="rate")
    months = recorded.month.to_numpy()
    seen = np.bincount(months, minlength=13)
    years = {m: len(set(recorded.year[months == m])) for m in range(1, 13)}
    rows = []
    for name in sorted(set(kinds)):
        mine = day[kinds == name]
        each = np.bincount(np.searchsorted(recorded, mine), minlength=len(recorded)).astype(np.float64)
        total = float(each.sum())
        bursts = _bursts(each, months)
        for m in np.flatnonzero(seen):
            count, share = float(each[months == m].sum()), seen[m] / len(recorded)
            open_ = seen[m] >= LEAST_DAYS and total >= LEAST_INCIDENTS and share < 1
            rows.append({
                "kind": name, "month": int(m), "count": int(count), "days": int(seen[m]), "years": years[int(m)],
                "expected": total * share, "ratio": count / (total * share),
                "p": _both_tails(count / bursts, total / bursts, share) if open_ else np.nan,
            })  # fmt: skip
    columns = ["kind", "month", "count", "days", "years", "expected", "ratio", "p"]
    table = pd.DataFrame(rows, columns=columns)
    known = table["p"].notna().to_numpy()
    q = np.full(len(table), np.nan)
    if known.any():
        q[known] = scipy.stats.false_discovery_control(table["p"].to_numpy()[known], method="bh")
    table["q"] = q
    word = np.where(table["ratio"] > 1, "high", "low")
    table["judged"] = np.where(~known, "not_judged", np.where(q <= rate, word, "usual"))
    table.attrs["summary"] = {
        "incidents": len(day), "days": len(recorded), "gap_days": gap_days, "rate": rate,
        "reason": "no_incidents" if not len(day) else "one_month" if (seen > 0).sum() < 2 else None,
    }  # fmt: skip
    return table


def _both_tails(count: float, total: float, share: float) -> float:
    """Give the two-sided binomial p, also of counts that are no whole numbers."""
    high = special.betainc(count, total - count + 1, share) if count > 0 else 1.0
    low = special.betaincc(count + 1, total - count, share) if count < total else 1.0
    return float(min(1.0, 2 * min(high, low)))


def _bursts(each: Floats, months: Ints) -> float:
    """Say how much more days of the same month differ than chance explains; at least 1."""
    present = np.unique(months)
    if len(each) <= len(present):
        return 1.0
    mean = (np.bincount(months, weights=each) / np.maximum(np.bincount(months), 1))[months]
    open_ = mean > 0
    free = int(open_.sum()) - len(np.unique(months[open_]))
    if free <= 0:
        return 1.0
    return max(1.0, float((((each - mean) ** 2)[open_] / mean[open_]).sum()) / free)


def say_profile(found: pd.DataFrame) -> list[Statement]:
    """Say which kinds peak when, and whether that was seen more than once."""
    summary = found.attrs["summary"]
    if summary["reason"]:
        return [say(f"silent_{summary['reason']}")]
    said = []
    for kind, mine in found[found["judged"] == "high"].groupby("kind", sort=True):
        months = ", ".join(str(m) for m in mine["month"])
        ratio = rounded(mine["count"].sum() / mine["expected"].sum())
        said.append(say("month_peak", kind=kind, months=months, ratio=ratio, chance=by_chance(float(mine["p"].max()))))
        if mine["years"].max() < 2:
            said.append(say("month_once", kind=kind))
    if not said:
        said.append(say("month_none"))
    if summary["gap_days"]:
        said.append(say("month_gaps", days=summary["gap_days"]))
    return said


class Week(NamedTuple):
    """Incidents by weekday (Monday first) and hour of the day.

    ``counts``: array of int, shape (7, 24). ``hours``: how many such hours were recorded. ``per_hour``: NaN where none
    was. ``summary``: ``incidents``, ``no_time`` (at midnight to the second, more than chance explains: their hour is
    not known, and they are left out), ``gap_days``, ``reason`` (``no_incidents``) or None.
    """

    counts: Ints
    hours: Ints
    per_hour: Floats
    summary: dict[str, Any]


def week_matrix(at: pd.Series, *, start: date, end: date, time_zone: str, gaps: Gaps = ()) -> Week:
    """Count incidents by weekday and hour.

    Parameters
    ----------
    at, start, end, time_zone, gaps
        As ``month_profile``.

    Returns
    -------
    Week

    Raises
    ------
    InvalidInput
        ``window_empty``.
    """
    kind = pd.Series("", index=at.index)
    _, _, recorded, gap_days = _recorded(at, kind, start, end, time_zone, gaps)
    local = at.dt.tz_convert(ZoneInfo(time_zone))
    local = local[np.isin(_days(local), recorded)]
    midnight = (local == local.dt.normalize()).to_numpy()
    # where times are known one in 86,400 falls on that second
    unknown = midnight.sum() > 3 + 10 * len(local) / 86_400
    kept = local[~midnight] if unknown else local
    counts = np.zeros((7, 24), dtype=np.int64)
    np.add.at(counts, (kept.dt.day_of_week.to_numpy(), kept.dt.hour.to_numpy()), 1)
    hours = np.repeat(np.bincount(recorded.day_of_week, minlength=7)[:, None], 24, axis=1).astype(np.int64)
    per_hour = np.divide(counts, hours, out=np.full((7, 24), np.nan), where=hours > 0)
    return Week(counts, hours, per_hour, {
        "incidents": int(counts.sum()), "no_time": int(midnight.sum()) if unknown else 0, "gap_days": gap_days,
        "reason": None if len(local) else "no_incidents",
    })  # fmt: skip


def say_week(found: Week) -> list[Statement]:
    """Say which hour is the busiest, and how many incidents have no known hour."""
    if found.summary["reason"]:
        return [say("silent_no_incidents")]
    said = []
    if found.summary["incidents"]:
        day, hour = np.unravel_index(int(np.nanargmax(found.per_hour)), (7, 24))
        said.append(say(
            "week_peak", day=say(f"weekday_{int(day) + 1}"), hour=f"{int(hour):02d}:00",
            count=int(found.counts[day, hour]), mean=rounded(found.counts.sum() / 168),
        ))  # fmt: skip
    if found.summary["no_time"]:
        said.append(say("week_no_time", count=found.summary["no_time"]))
    return said


def record_gaps(
    at: pd.Series, *, start: date, end: date, time_zone: str, chance: float = 0.001
) -> list[tuple[date, date]]:
    """Find spans of days without any record that are too long to be quiet days.

    Parameters
    ----------
    at, start, end, time_zone
        As ``month_profile``, of all incidents together.
    chance : float
        How likely such a span may be anywhere in the window to be called a gap.

    Returns
    -------
    list of (date, date)
        First and last day of each.

    Raises
    ------
    InvalidInput
        ``window_empty``.

    Notes
    -----
    A span in which so many incidents were expected, weekday by weekday, is empty by chance with exp(-expected), times
    the days on which it could begin; divided by how much days differ, as in ``month_profile``. Days off that come every
    week are none.
    """
    days = _span(start, end)
    local = _days(at.dt.tz_convert(ZoneInfo(time_zone)))
    inside = local[(local >= days[0]) & (local <= days[-1])]
    each = np.bincount(days.searchsorted(inside), minlength=len(days)).astype(np.float64)
    if each.sum() < LEAST_INCIDENTS:
        return []
    weekday = days.day_of_week.to_numpy()
    some = each > 0
    # from the first day with a record of each weekday on: the mean of days that may be gaps would be too low
    mean = np.bincount(weekday, weights=each, minlength=7) / np.maximum(np.bincount(weekday, minlength=7), 1)
    bursts = _bursts(each[some], weekday[some] + 1)
    edges = np.diff(np.r_[0, (~some).astype(np.int8), 0])
    found = []
    for first, after in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        expected = float(mean[weekday[first:after]].sum()) / bursts
        if len(days) * np.exp(-expected) < chance:
            found.append((days[int(first)].date(), days[int(after) - 1].date()))
    return found


def renamed_kinds(at: pd.Series, kind: pd.Series, *, within_days: int = 14) -> list[tuple[str, str, date]]:
    """Find kinds that end where another begins, at a like pace: perhaps one kind under two names.

    Parameters
    ----------
    at, kind : Series
        As ``month_profile``.
    within_days : int
        So far apart may the last of one and the first of the other be.

    Returns
    -------
    list of (old, new, date)
        The day of the first one under the new name. It is a suspicion: only people can say whether they are the same.
    """
    if not len(at):
        return []
    span = (
        pd.DataFrame({"at": at.to_numpy(), "kind": kind.to_numpy()}).groupby("kind")["at"].agg(["min", "max", "size"])
    )
    first, last = at.min(), at.max()
    day = pd.Timedelta(days=1)
    found = []
    for old, a in span.iterrows():
        for new, b in span.iterrows():
            apart = (b["min"] - a["max"]) / day
            if old == new or not -1 <= apart <= within_days or min(a["size"], b["size"]) < LEAST_INCIDENTS:
                continue
            pace_a = a["size"] / max((a["max"] - a["min"]) / day, 1.0)
            pace_b = b["size"] / max((b["max"] - b["min"]) / day, 1.0)
            # each would have gone on, had it been there all the time
            silent = (
                pace_a * (last - a["max"]) / day > LEAST_INCIDENTS
                and pace_b * (b["min"] - first) / day > LEAST_INCIDENTS
            )
            if silent and 0.5 <= pace_a / pace_b <= 2:
                found.append((str(old), str(new), b["min"].date()))
    return found


def say_records(gaps: Gaps, renamed: Sequence[tuple[str, str, date]]) -> list[Statement]:
    """Say what the records themselves do not allow to claim."""
    return [
        *(say("records_gap", first=a.isoformat(), last=b.isoformat(), days=(b - a).days + 1) for a, b in gaps),
        *(say("records_renamed", old=a, new=b, day=d.isoformat()) for a, b, d in renamed),
    ]


def _span(start: date, end: date) -> pd.DatetimeIndex:
    if end <= start:
        raise InvalidInput("window_empty")
    return pd.date_range(start, end - timedelta(days=1), freq="D")


def _days(local: pd.Series) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(local.dt.tz_localize(None).dt.normalize())


def _recorded(
    at: pd.Series, kind: pd.Series, start: date, end: date, time_zone: str, gaps: Gaps
) -> tuple[pd.DatetimeIndex, npt.NDArray[np.object_], pd.DatetimeIndex, int]:
    """Give day and kind of incidents on recorded days, those days, and how many were not recorded."""
    if len(at) != len(kind):
        raise InvalidInput("lengths_differ", name="kind")
    days = _span(start, end)
    kept = np.ones(len(days), dtype=bool)
    for first, last in gaps:
        kept &= ~((days >= pd.Timestamp(first)) & (days <= pd.Timestamp(last)))
    recorded = days[kept]
    day = _days(at.dt.tz_convert(ZoneInfo(time_zone)))
    inside = np.isin(day, recorded)
    return day[inside], kind.to_numpy(dtype=object)[inside], recorded, int((~kept).sum())
