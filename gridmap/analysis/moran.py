"""Moran's I: whether a figure gathers at all, and which places are like, or unlike, those around them."""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from gridmap.analysis.hotspots import RATE, checked_values, why_silent
from gridmap.analysis.neighbours import Neighbours
from gridmap.analysis.permuting import permute


class Gathering(NamedTuple):
    """Moran's I of all places: ``expected`` without any pattern, ``z`` and one-sided ``p`` of gathering."""

    i: float
    expected: float
    z: float
    p: float


class Kind(StrEnum):
    """How a place compares with those around it."""

    HIGH_HIGH = "high_high"
    LOW_LOW = "low_low"
    HIGH_LOW = "high_low"
    LOW_HIGH = "low_high"
    NONE = "none"
    NOT_JUDGED = "not_judged"


def moran(values: npt.ArrayLike, beside: Neighbours) -> Gathering | None:
    """Measure how much a figure gathers, under the assumption that it is normally distributed.

    Parameters
    ----------
    values : array of float, shape (n,)
        NaN: not known, left out.
    beside : Neighbours

    Returns
    -------
    Gathering or None
        None where nothing can be said: ``hotspots.why_silent``, or no neighbours at all.

    Raises
    ------
    InvalidInput
        As ``hotspots.checked_values``.

    Notes
    -----
    Source: Cliff & Ord (1981), row-standardised weights; a place without neighbours has none.
    """
    x = checked_values(values, beside)
    known = np.isfinite(x)
    y, near = x[known], beside.among(known)
    n, k = len(y), near.counts
    deviation = y - y.mean() if n else y
    if why_silent(y) or not len(near.near):
        return None
    lag = near.sums(deviation) / np.maximum(k, 1)
    s0 = float((k > 0).sum())
    i = n / s0 * float(deviation @ lag) / float(deviation @ deviation)
    # w_ij = 1 / k_i; S1 and S2 as Cliff & Ord name them
    mine, theirs = 1.0 / k[near.owners], 1.0 / k[near.near]
    s1 = 0.5 * float(((mine + theirs) ** 2).sum())
    columns = np.bincount(near.near, weights=mine, minlength=n)
    s2 = float((((k > 0) + columns) ** 2).sum())
    expected = -1.0 / (n - 1)
    variance = (n * n * s1 - n * s2 + 3 * s0 * s0) / ((n * n - 1) * s0 * s0) - expected**2
    z = (i - expected) / np.sqrt(variance)
    return Gathering(i, expected, float(z), float(scipy.stats.norm.sf(z)))


def local_moran(
    values: npt.ArrayLike,
    beside: Neighbours,
    *,
    rate: float = RATE,
    draws: int = 999,
    most_draws: int = 99_999,
    seed: int = 1,
) -> pd.DataFrame:
    """Find places among their like and places that stand out, false discoveries controlled.

    Parameters
    ----------
    values, beside, rate, draws, most_draws, seed
        As ``hotspots.getis_ord``; ``draws`` at least 1.

    Returns
    -------
    DataFrame
        One row a place, in order: ``value``, ``lag`` (mean of the neighbours), ``i``, ``p`` (two-sided), ``q``,
        ``kind`` (``Kind``; ``none`` where chance explains it). NaN where nothing can be said.

    Raises
    ------
    InvalidInput
        As ``hotspots.checked_values``.

    Notes
    -----
    Source: Anselin (1995), row-standardised weights, I_i = z_i sum_j w_ij z_j / (sum z^2 / (n - 1)), as esda has it.
    """
    x = checked_values(values, beside, rate)
    known = np.isfinite(x)
    y, near = x[known], beside.among(known)
    n = len(y)
    table = pd.DataFrame({"value": x, "lag": np.nan, "i": np.nan, "p": np.nan, "q": np.nan})
    table["kind"] = Kind.NOT_JUDGED.value
    deviation = y - y.mean() if n else y
    if why_silent(y):
        return table
    open_ = (near.counts > 0) & (near.counts < n - 1)
    lag = near.sums(y) / np.maximum(near.counts, 1)
    away = lag - y.mean()
    i = deviation * away * (n - 1) / float(deviation @ deviation)
    p = permute(y, near, draws=draws, most=max(draws, most_draws), seed=seed, side="both", rate=rate).p("both")
    q = np.full(n, np.nan)
    if open_.any():
        q[open_] = scipy.stats.false_discovery_control(p[open_], method="bh")
    kind = np.where(open_, Kind.NONE.value, Kind.NOT_JUDGED.value).astype(object)
    found = open_ & (q <= rate)
    for high, around, name in (
        (True, True, Kind.HIGH_HIGH), (False, False, Kind.LOW_LOW), (True, False, Kind.HIGH_LOW),
        (False, True, Kind.LOW_HIGH),
    ):  # fmt: skip
        kind[found & ((deviation > 0) == high) & ((away > 0) == around)] = name.value
    for name_, column in (("lag", lag), ("i", i), ("p", p), ("q", q)):
        table.loc[known, name_] = np.where(open_, column, np.nan)
    table.loc[known, "kind"] = kind
    return table
