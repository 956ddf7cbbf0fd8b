"""What began lately, of every kind of incident: scans for sudden clusters with one rate of false alarms for all."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.hotspots import RATE
from gridmap.analysis.period_counts import period_counts
from gridmap.analysis.saying import Statement, by_chance, rounded, say
from gridmap.analysis.sudden import Cluster, sudden_clusters
from gridmap.errors import InvalidInput

#: Weeks that are compared: half a year tells what is usual, and is not yet another season.
WEEKS = 26
#: A first look of so many draws; where chance reaches the strongest cluster more often than this, no more are made.
_FIRST, _DOUBTFUL = 99, 0.1
_WEEK = timedelta(days=7)


class Sudden(NamedTuple):
    """A cluster of one kind, ``places`` being rows of the grids, and when the weeks began in which it is."""

    kind: str
    cluster: Cluster
    since: datetime


class SuddenKinds(NamedTuple):
    """Clusters of all kinds, the least owed to chance first.

    ``summary``: ``kinds`` (judged), ``silent`` (kinds with too few incidents to be judged), ``rate`` (of all together),
    ``weeks``, ``draws``, ``seed``, ``start``, ``end``.
    """

    clusters: tuple[Sudden, ...]
    summary: dict[str, Any]


def sudden_by_kind(
    incidents: pd.DataFrame,
    codes: Sequence[str],
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    end: datetime,
    weeks: int = WEEKS,
    rate: float = RATE,
    seed: int = 1,
) -> SuddenKinds:
    """Look at each kind for clusters that are alive now; where there are none, no more than ``rate`` of runs show one.

    Parameters
    ----------
    incidents : DataFrame
        frames.INCIDENTS with ``grid_code``; those before the weeks and after ``end`` do not count.
    codes : sequence of str, length n
        The grids.
    x, y : array of float, shape (n,)
        Their middles in metres of one CRS.
    end : datetime
        Now, aware; weeks are counted back from it.
    weeks : int
        How many are compared, at least 8: a cluster is at most 4 weeks old.
    rate : float
        Shared out evenly over the kinds that can be judged (Bonferroni).
    seed : int

    Raises
    ------
    InvalidInput
        ``lengths_differ``; ``not_a_share``; ``not_positive`` (weeks); ``not_finite``.

    Notes
    -----
    As ``sudden_clusters``, with as many draws as the share of the rate asks for. Kinds whose strongest cluster chance
    reaches often in a first look are not looked at again, which can only make alarms fewer.
    """
    if weeks < 1:
        raise InvalidInput("not_positive", name="weeks")
    if not 0 < rate < 1:
        raise InvalidInput("not_a_share", name="rate")
    periods = [(end - (weeks - k) * _WEEK, end - (weeks - k - 1) * _WEEK) for k in range(weeks)]
    inside = (incidents["occurred_at"] >= periods[0][0]) & (incidents["occurred_at"] < end)
    mine = incidents[inside.to_numpy(bool)]
    looked: list[tuple[str, npt.NDArray[np.int64], Cluster | None]] = []
    silent = 0
    for kind, some in mine.groupby("category", sort=True):
        counts = period_counts(some["occurred_at"], some["grid_code"], codes, periods).astype(np.int64)
        first = sudden_clusters(counts, x, y, draws=_FIRST, seed=seed)
        if first.summary["reason"] is None:
            looked.append((str(kind), counts, first.strongest))
        else:
            silent += 1
    each = rate / max(len(looked), 1)
    draws = max(999, int(np.ceil(2 / each)) - 1)
    found: list[Sudden] = []
    for kind, counts, strongest in looked:
        if strongest is None or strongest.p > _DOUBTFUL:
            continue
        scan = sudden_clusters(counts, x, y, rate=each, draws=draws, seed=seed)
        found += [Sudden(kind, one, periods[weeks - one.steps][0]) for one in scan.clusters]
    found.sort(key=lambda one: (one.cluster.p, -one.cluster.score))
    summary = {
        "kinds": len(looked), "silent": silent, "rate": rate, "weeks": weeks, "draws": draws, "seed": seed,
        "start": periods[0][0], "end": end,
    }  # fmt: skip
    return SuddenKinds(tuple(found), summary)


def say_sudden(found: SuddenKinds) -> list[Statement]:
    """Say how many kinds were looked at, what was found of them, and how often chance alone shows anything."""
    summary = found.summary
    percent = rounded(100 * summary["rate"])
    key = "sudden_kinds_found" if found.clusters else "sudden_kinds_none"
    said = [say(key, count=len(found.clusters), kinds=summary["kinds"], weeks=summary["weeks"], percent=percent)]
    if summary["silent"]:
        said.append(say("sudden_kinds_silent", count=summary["silent"]))
    return said


def say_cluster(one: Cluster) -> Statement:
    """Say of one cluster how many it holds, how many were to be expected, since when, and by what chance."""
    return say(
        "sudden_here", observed=one.observed, expected=rounded(one.expected), places=len(one.places),
        radius=rounded(one.radius_m), weeks=one.steps, chance=by_chance(one.p),
    )  # fmt: skip
