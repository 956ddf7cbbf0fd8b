"""Sudden clusters: places with more incidents in the last periods than they and the time explain, as an alarm."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from gridmap.analysis.hotspots import RATE
from gridmap.analysis.random_bits import advance, below, stream
from gridmap.analysis.saying import Statement, by_chance, rounded, say
from gridmap.cpus import share
from gridmap.errors import InvalidInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Fewer incidents than this make no cluster that could be told from chance.
LEAST_INCIDENTS = 10
#: A cluster holds at most this share of all incidents; what is everywhere is not sudden somewhere.
MOST_SHARE = 0.5
#: Clusters that are listed at most.
MOST_CLUSTERS = 5
#: Draws that share a stream of random numbers.
_STEP = 20


@dataclass(frozen=True, slots=True)
class Cluster:
    """Places near each other with more incidents in the last ``steps`` periods than expected.

    ``places``: their numbers, the centre first. ``radius_m``: to the farthest. ``p``: how often chance shows a cluster
    as strong anywhere.
    """

    places: Ints
    radius_m: float
    steps: int
    observed: int
    expected: float
    score: float
    p: float

    @property
    def ratio(self) -> float:
        """Observed by expected."""
        return self.observed / self.expected


class Scan(NamedTuple):
    """Clusters with p at most ``rate``, the strongest first, none sharing a place; and the strongest, alarm or not.

    ``summary``: ``incidents``, ``steps``, ``most_steps``, ``most_places``, ``draws``, ``seed``, ``rate``, and
    ``reason`` where nothing can be said: ``no_records_now``, ``no_incidents``, ``too_few_incidents``,
    ``too_few_steps`` or ``one_place``.
    """

    clusters: tuple[Cluster, ...]
    strongest: Cluster | None
    summary: dict[str, Any]

    @property
    def alarm(self) -> bool:
        """Whether there is any cluster."""
        return bool(self.clusters)


def sudden_clusters(
    counts: npt.ArrayLike,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    recorded: Sequence[bool] | npt.NDArray[np.bool_] | None = None,
    most_steps: int = 4,
    most_places: int = 50,
    rate: float = RATE,
    draws: int = 999,
    seed: int = 1,
) -> Scan:
    """Look for a cluster that is alive now, with a stated rate of false alarms.

    Parameters
    ----------
    counts : array of int, shape (n, steps)
        Incidents of each place in each period (days, weeks), the oldest first; the last one is now.
    x, y : array of float, shape (n,)
        Middles of the places in metres of one CRS.
    recorded : array of bool, shape (steps,), optional
        False: nothing was recorded in that period; it is left out.
    most_steps, most_places : int
        A cluster began at most so many periods ago, and has at most so many places.
    rate : float
        Of runs in which nothing is going on, the share that raise an alarm all the same.
    draws, seed
        How often the times of all incidents are dealt anew; the same seed gives the same answer.

    Returns
    -------
    Scan

    Raises
    ------
    InvalidInput
        ``lengths_differ``; ``not_a_share``; ``counts_not_whole``; ``not_positive``; ``not_finite``.

    Notes
    -----
    Source: Kulldorff, Heffernan, Hartman, Assuncao & Mostashari (2005), the prospective space-time permutation scan
    statistic: cylinders around each place, up to half of all incidents. Expected is what the total of the places and
    the totals of the periods make together, so neither a place that is always busy nor a busy week everywhere raises
    an alarm; a cluster that lasts throughout does not either: for that there is ``getis_ord``. No base population is
    needed. p is that of the strongest cluster anywhere, so the number of places is accounted for.
    """
    c, xy = np.asarray(counts, dtype=np.float64), np.column_stack([x, y]).astype(np.float64)
    if c.ndim != 2 or len(c) != len(xy):
        raise InvalidInput("lengths_differ", name="counts")
    if not 0 < rate < 1:
        raise InvalidInput("not_a_share", name="rate")
    if not np.isfinite(xy).all():
        raise InvalidInput("not_finite", name="x, y")
    for name, value in (("most_steps", most_steps), ("most_places", most_places), ("draws", draws)):
        if value < 1:
            raise InvalidInput("not_positive", name=name)
    there = np.ones(c.shape[1], dtype=bool) if recorded is None else np.asarray(recorded, dtype=bool)
    if there.shape != (c.shape[1],):
        raise InvalidInput("lengths_differ", name="recorded")
    c = c[:, there]
    if not np.isfinite(c).all() or (c < 0).any() or (c != np.floor(c)).any():
        raise InvalidInput("counts_not_whole")
    whole = c.astype(np.int64)
    total = int(whole.sum())
    summary: dict[str, Any] = {
        "incidents": total, "steps": int(there.sum()), "most_steps": most_steps, "most_places": most_places,
        "draws": draws, "seed": seed, "rate": rate, "reason": _why_silent(whole, there, most_steps),
    }  # fmt: skip
    if summary["reason"]:
        return Scan((), None, summary)
    near, far = _zones(xy, min(most_places, len(xy)))
    of_place, of_time = whole.sum(axis=1), np.cumsum(whole.sum(axis=0)[::-1])[:most_steps]
    zone = np.cumsum(of_place[near], axis=1)
    logs = np.log(np.maximum(np.arange(total + 1), 1).astype(np.float64))
    real = np.cumsum(whole[:, ::-1][:, :most_steps], axis=1).T.copy()
    scores, reach, age = (np.zeros(len(xy)), np.zeros(len(xy), np.int64), np.zeros(len(xy), np.int64))
    _score(real, near, zone, of_time, total, logs, scores, reach, age)
    highest = np.zeros(draws)
    cases = np.repeat(np.arange(len(xy)), of_place)

    def work(part: slice) -> None:
        _deal(cases, near, zone, of_time, total, logs, seed, part.start, highest[part])

    share(work, draws, _STEP)
    found: list[Cluster] = []
    taken = np.zeros(len(xy), dtype=bool)
    for i in np.lexsort((np.arange(len(xy)), -scores)):
        places = near[i, : reach[i]]
        if scores[i] <= 0 or len(found) == MOST_CLUSTERS:
            break
        if taken[places].any():
            continue
        p = float((1 + (highest >= scores[i] - 1e-9).sum()) / (draws + 1))
        if found and p > rate:
            break
        seen = int(real[age[i] - 1, places].sum())
        expected = float(zone[i, reach[i] - 1] * of_time[age[i] - 1] / total)
        found.append(
            Cluster(places.copy(), float(far[i, reach[i] - 1]), int(age[i]), seen, expected, float(scores[i]), p)
        )
        taken[places] = True
    return Scan(tuple(one for one in found if one.p <= rate), found[0] if found else None, summary)


def _why_silent(counts: Ints, there: npt.NDArray[np.bool_], most_steps: int) -> str | None:
    if not len(there) or counts.shape[1] < 2 * most_steps:
        return "too_few_steps"
    if not there[-1]:
        return "no_records_now"
    total = int(counts.sum())
    if total < LEAST_INCIDENTS:
        return "too_few_incidents" if total else "no_incidents"
    return "one_place" if (counts.sum(axis=1) > 0).sum() < 2 else None


def _zones(xy: Floats, k: int) -> tuple[Ints, Floats]:
    """Give the nearest places of each, itself first; equally near ones by their number."""
    far, near = cKDTree(xy).query(xy, k=np.arange(1, k + 1))
    # a place at the same spot may come before the place itself
    far[near == np.arange(len(xy))[:, None]] = -1.0
    order = np.lexsort((near, np.round(far, 6)), axis=1)
    far, near = np.take_along_axis(far, order, 1), np.take_along_axis(near, order, 1)
    near[:, 0] = np.arange(len(xy))
    return near.astype(np.int64), np.maximum(far, 0.0)


@numba.njit(cache=True, nogil=True)
def _score(
    seen: Any, near: Any, zone: Any, of_time: Any, total: int, logs: Any, best: Any, reach: Any, age: Any
) -> None:
    """Write the highest logarithm of the likelihood ratio around each place, with its size and its age."""
    n, k = near.shape
    log_total = logs[total]
    for i in range(n):
        for d in range(len(of_time)):
            inside = 0
            for m in range(k):
                if 2 * zone[i, m] > total:
                    break
                inside += seen[d, near[i, m]]
                if inside < 2 or inside * total <= zone[i, m] * of_time[d]:
                    continue
                log_expected = logs[zone[i, m]] + logs[of_time[d]] - log_total
                outside = total - zone[i, m] * of_time[d] / total
                score = inside * (logs[inside] - log_expected)
                if inside < total:
                    score += (total - inside) * (logs[total - inside] - math.log(outside))
                if score > best[i] + 1e-12:
                    best[i], reach[i], age[i] = score, m + 1, d + 1


@numba.njit(cache=True, nogil=True)
def _deal(
    cases: Any, near: Any, zone: Any, of_time: Any, total: int, logs: Any, seed: int, first: int, highest: Any
) -> None:
    """Deal the times of all incidents anew, and write the highest score of each draw."""
    n = len(near)
    deck = cases.copy()
    seen = np.empty((len(of_time), n), dtype=np.int64)
    best, reach, age = np.empty(n), np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    state = stream(seed, first)
    for draw in range(len(highest)):
        seen[:] = 0
        begin = 0
        for d in range(len(of_time)):
            if d > 0:
                seen[d] = seen[d - 1]
            for m in range(begin, of_time[d]):
                state = advance(state)
                j = m + below(state, total - m)
                deck[m], deck[j] = deck[j], deck[m]
                seen[d, deck[m]] += 1
            begin = of_time[d]
        best[:] = 0.0
        _score(seen, near, zone, of_time, total, logs, best, reach, age)
        highest[draw] = best.max()


def say_scan(found: Scan) -> list[Statement]:
    """Say whether there is an alarm, of what, and how often chance would raise one."""
    summary = found.summary
    if summary["reason"]:
        return [say(f"silent_{summary['reason']}")]
    said = [
        say(
            "sudden_cluster", observed=one.observed, expected=rounded(one.expected), places=len(one.places),
            radius=rounded(one.radius_m), steps=one.steps, chance=by_chance(one.p),
        )
        for one in found.clusters
    ] or [say("sudden_none")]  # fmt: skip
    said.append(say("sudden_false", runs=rounded(1 / summary["rate"]), draws=f"{summary['draws']:,}"))
    return said
