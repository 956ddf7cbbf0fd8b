"""Cleaning told again, fix by fix, with dictionaries and no arrays: slow, and not as ``analysis.cleaning`` does it."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low

from pyproj import Geod

from gridmap.domain.patrols import CleaningRules

_GEOD = Geod(ellps="WGS84")
_EPOCH = 315_964_800 + 86_400  # 7 January 1980


@dataclass(frozen=True)
class Sent:
    """One fix as it came; times in seconds since 1970."""

    unit: str
    at: float
    lon: float
    lat: float
    accuracy: float | None = None
    received: float | None = None


def judge_fixes(sent: list[Sent], rules: CleaningRules, now: float | None) -> list[str]:
    """Give the verdict of each fix, in the order given."""
    verdict: dict[int, str] = {}
    by_unit: dict[str, list[int]] = defaultdict(list)
    first: dict[tuple[str, float, float, float], int] = {}
    order = sorted(range(len(sent)), key=lambda i: (sent[i].received is not None, sent[i].received or 0.0))
    for i in order:
        s = sent[i]
        key = (s.unit, s.at, s.lon, s.lat)
        if key in first:
            verdict[i] = "doubled"
        else:
            first[key] = i
            by_unit[s.unit].append(i)
    for rows in by_unit.values():
        offset = _offset([sent[i] for i in rows], rules)
        at = {i: sent[i].at + offset for i in rows}
        good: dict[float, list[int]] = defaultdict(list)
        for i in rows:
            why = _alone(sent[i], at[i], rules, now)
            if why:
                verdict[i] = why
            else:
                good[at[i]].append(i)
        way = []
        for when in sorted(good):
            best = min(
                good[when],
                key=lambda i: (
                    sent[i].accuracy if sent[i].accuracy is not None else float("inf"),
                    sent[i].lon,
                    sent[i].lat,
                ),
            )
            way.append(best)
            for i in good[when]:
                if i != best:
                    verdict[i] = "contradictory"
        believed = _believed([(at[i], sent[i].lon, sent[i].lat) for i in way], rules)
        for n, i in enumerate(way):
            if n not in believed:
                verdict[i] = "impossible_speed"
        way = [i for n, i in enumerate(way) if n in believed]
        words = _stood([(at[i], sent[i].lon, sent[i].lat) for i in way], rules)
        verdict.update(zip(way, words, strict=True))
    return [verdict[i] for i in range(len(sent))]


def score(way: list[tuple[float, float, float]], rules: CleaningRules) -> int:
    """Say how good a way is: fixes, less those that its jumps cost."""
    jumps = sum(not _possible(a, b, rules) for a, b in pairwise(way))
    return len(way) - rules.jump_fixes * jumps


def _alone(s: Sent, at: float, rules: CleaningRules, now: float | None) -> str | None:
    then = s.received if s.received is not None else now
    if abs(s.lon) < rules.island_deg and abs(s.lat) < rules.island_deg:
        return "null_island"
    if at < _EPOCH:
        return "before_epoch"
    if then is not None and at - then > rules.ahead_s:
        return "clock_skew"
    if then is not None and then - at > rules.oldest_days * 86_400:
        return "too_old"
    if s.accuracy is not None and s.accuracy > rules.accuracy_m:
        return "low_accuracy"
    return None


def _offset(sent: list[Sent], rules: CleaningRules) -> float:
    known = [s for s in sent if s.received is not None]
    if len(known) < rules.clock_fixes:
        return 0.0
    lags = sorted(s.received - s.at for s in known)
    times = sorted(s.received for s in known)
    low, middle, high = ((len(known) - 1) * n // 20 for n in (1, 10, 19))
    if lags[high] - lags[low] > rules.clock_spread_s or times[high] - times[low] <= 2 * rules.clock_spread_s:
        return 0.0
    return lags[middle] if abs(lags[middle]) > rules.ahead_s else 0.0


def _metres(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    return _GEOD.inv(a[1], a[2], b[1], b[2])[2]


def _possible(a: tuple[float, float, float], b: tuple[float, float, float], rules: CleaningRules) -> bool:
    return _metres(a, b) <= rules.speed_slack_m + rules.speed_m_s * (b[0] - a[0])


def _believed(way: list[tuple[float, float, float]], rules: CleaningRules) -> set[int]:
    best: list[int] = []
    came: list[int] = []
    for i in range(len(way)):
        choices = [(1, 0, -1)]  # (fixes, a jump wins a tie, the latest wins a tie)
        choices += [(best[j] + 1 - rules.jump_fixes, 2, j) for j in range(i)]
        choices += [(best[j] + 1, 1, j) for j in range(i) if _possible(way[j], way[i], rules)]
        most = max(c[0] for c in choices)
        fit = [c for c in choices if c[0] == most]
        # to start anew wins where a jump brings nothing
        fit = [c for c in fit if c[2] == -1] or [max(fit, key=lambda c: (c[1], c[2]))]
        best.append(most)
        came.append(fit[0][2])
    if not way:
        return set()
    i = max(range(len(way)), key=lambda n: (best[n], n))
    kept = set()
    while i >= 0:
        kept.add(i)
        i = came[i]
    return kept


def _stood(way: list[tuple[float, float, float]], rules: CleaningRules) -> list[str]:
    words = ["kept"] * len(way)
    i = 0
    while i < len(way):
        j = i
        while (
            j + 1 < len(way)
            and way[j + 1][0] - way[j][0] <= rules.gap_s
            and _metres(way[i], way[j + 1]) <= rules.stop_m
        ):
            j += 1
        if way[j][0] - way[i][0] >= rules.stop_s:
            part = way[i : j + 1]
            centre = (median_low([w[1] for w in part]), median_low([w[2] for w in part]))
            for n in range(i, j + 1):
                words[n] = "kept" if way[n][1:] == centre else "jitter"
            i = j + 1
        else:
            i += 1
    return words
