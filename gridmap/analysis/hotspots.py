"""Hotspots that can be defended: where the places around a place hold more, or less, than chance explains."""

from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from gridmap.analysis.neighbours import Neighbours
from gridmap.analysis.permuting import permute
from gridmap.errors import InvalidInput

Floats = npt.NDArray[np.float64]

#: Of what is called a hotspot, the share that may be chance.
RATE = 0.05
#: Fewer places than this say nothing about what is usual.
LEAST_PLACES = 8


class Judged(StrEnum):
    """What is said of a place."""

    HOT = "hot"
    COLD = "cold"
    USUAL = "usual"
    #: No value, no neighbour, or nothing to compare with: no claim either way.
    NOT_JUDGED = "not_judged"


def getis_ord(
    values: npt.ArrayLike,
    beside: Neighbours,
    *,
    side: str = "high",
    rate: float = RATE,
    draws: int = 999,
    most_draws: int = 99_999,
    seed: int = 1,
) -> pd.DataFrame:
    """Judge each place with its neighbours by the Getis-Ord statistic Gi*, false discoveries controlled.

    Parameters
    ----------
    values : array of float, shape (n,)
        What is compared: incidents, or a rate. NaN: not known, left out with its part in its neighbours' sums.
    beside : Neighbours
        Of the same n places.
    side : "high" | "low" | "both"
        What is looked for: hot places, cold ones, or either.
    rate : float
        The share of false ones among the places that are called hot or cold, 0 to 1 ("false discovery rate").
    draws, most_draws, seed
        As ``permuting.permute``. 0 draws: the p of the normal distribution decide, which are too small where most
        places hold nothing.

    Returns
    -------
    DataFrame
        One row a place, in order: ``value``; ``beside`` (how many neighbours are known); ``around`` (the sum of the
        place and its neighbours); ``expected`` (that sum if all places held the mean); ``more`` (their difference);
        ``z``; ``p_normal`` (two-sided only for ``both``); ``p`` (of the draws, or ``p_normal``); ``q`` (p adjusted for
        the number of places); ``judged`` (``Judged``). NaN where nothing can be said. ``attrs["summary"]``: ``places``,
        ``judged``, ``hot``, ``cold``, ``side``, ``rate``, ``draws``, ``most_draws``, ``seed``, ``mean``, and ``reason``
        where no place could be judged: ``too_few`` or ``all_equal``.

    Raises
    ------
    InvalidInput
        ``hotspot_side_unknown``; ``not_a_share`` (rate); ``lengths_differ``; ``not_finite``.

    Notes
    -----
    Source: Ord & Getis (1995), eq. 14, with weights 1 for the place and its neighbours (row-standardised weights give
    the same z); Benjamini & Hochberg (1995). The draws keep the value of the place itself and ask for its neighbours
    (Anselin 1995), so a lone peak among empty places is not hot; its z still says how high it is. The order of rows
    changes nothing but the draws.
    """
    if side not in ("high", "low", "both"):
        raise InvalidInput("hotspot_side_unknown")
    x = checked_values(values, beside, rate)
    known = np.isfinite(x)
    y, near = x[known], beside.among(known)
    n = len(y)
    table = pd.DataFrame({"value": x})
    for name in ("around", "expected", "more", "z", "p_normal", "p", "q"):
        table[name] = np.nan
    table.insert(1, "beside", 0)
    table.loc[known, "beside"] = near.counts
    table["judged"] = Judged.NOT_JUDGED.value
    mean, spread = (float(y.mean()), float(y.std())) if n else (np.nan, 0.0)
    reason = why_silent(y)
    around = near.sums(y) + y
    w = near.counts + 1.0
    if n:
        table.loc[known, "around"] = around
        table.loc[known, "expected"] = w * mean
        table.loc[known, "more"] = around - w * mean
    if reason is None:
        p_normal, p, z = (np.full(n, np.nan) for _ in range(3))
        # a place whose neighbours are all there are, and an island, are compared with nothing
        open_ = (near.counts > 0) & (near.counts < n - 1)
        z[open_] = (around - w * mean)[open_] / (spread * np.sqrt((n * w - w * w)[open_] / (n - 1)))
        p_normal[open_] = _tail(z[open_], side)
        p[open_] = p_normal[open_]
        if draws > 0:
            p[open_] = permute(y, near, draws=draws, most=max(draws, most_draws), seed=seed, side=side).p(side)[open_]
        q = np.full(n, np.nan)
        if open_.any():
            q[open_] = stats.false_discovery_control(p[open_], method="bh")
        judged = np.where(open_, Judged.USUAL.value, Judged.NOT_JUDGED.value).astype(object)
        found = open_ & (q <= rate)
        # which of the two: where the neighbours lie, which is what was drawn for
        above = near.sums(y) > near.counts * (y.sum() - y) / (n - 1) if draws > 0 else z > 0
        judged[found & above] = Judged.HOT.value
        judged[found & ~above] = Judged.COLD.value
        for name, column in (("z", z), ("p_normal", p_normal), ("p", p), ("q", q), ("judged", judged)):
            table.loc[known, name] = column
    table.attrs["summary"] = {
        "places": len(x),
        "judged": int((table["judged"] != Judged.NOT_JUDGED.value).sum()),
        "hot": int((table["judged"] == Judged.HOT.value).sum()),
        "cold": int((table["judged"] == Judged.COLD.value).sum()),
        "side": side, "rate": rate, "draws": draws, "most_draws": most_draws, "seed": seed, "mean": mean,
        "reason": reason,
    }  # fmt: skip
    return table


def _tail(z: Floats, side: str) -> Floats:
    """Give the p of normal scores."""
    found = {"high": stats.norm.sf(z), "low": stats.norm.cdf(z), "both": 2 * stats.norm.sf(np.abs(z))}[side]
    return np.asarray(found, dtype=np.float64)


def why_silent(known: Floats) -> str | None:
    """Say why known values allow no statement: ``too_few`` or ``all_equal``; None where they allow one."""
    if len(known) < LEAST_PLACES:
        return "too_few"
    # a mean of equal numbers may differ from them in the last digit
    return "all_equal" if float(known.std()) <= 1e-12 * float(np.abs(known).max()) else None


def checked_values(values: npt.ArrayLike, beside: Neighbours, rate: float = RATE) -> Floats:
    """Check what is compared.

    Raises
    ------
    InvalidInput
        ``not_a_share`` (rate); ``lengths_differ``; ``not_finite``.
    """
    x = np.asarray(values, dtype=np.float64)
    if not 0 < rate < 1:
        raise InvalidInput("not_a_share", name="rate")
    if x.shape != (len(beside),):
        raise InvalidInput("lengths_differ", name="values")
    if np.isinf(x).any():
        raise InvalidInput("not_finite", name="values")
    return x
