"""Hotspots that can be defended: where the places around a place hold more, or less, than chance explains."""

from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy
from scipy import special

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


# words as numbers while many are judged: text for each place costs more than the statistic
_WORDS = pd.array([word.value for word in Judged], dtype="str")
_HOT, _COLD, _USUAL, _NOT_JUDGED = range(4)


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
    mean, spread = (float(y.mean()), float(y.std())) if n else (np.nan, 0.0)
    reason = why_silent(y)
    beyond = near.sums(y)
    w = near.counts + 1.0
    around, expected = beyond + y, w * mean
    z, p_normal, p, q = (np.full(n, np.nan) for _ in range(4))
    word = np.full(n, _NOT_JUDGED, dtype=np.int8)
    # a place whose neighbours are all there are, and an island, are compared with nothing
    open_ = (near.counts > 0) & (near.counts < n - 1) & (reason is None)
    if open_.any():
        z[open_] = (around - expected)[open_] / (spread * np.sqrt((n * w - w * w)[open_] / (n - 1)))
        p_normal[open_] = _tail(z[open_], side)
        p = p_normal
        if draws > 0:
            drawn = permute(y, near, draws=draws, most=max(draws, most_draws), seed=seed, side=side, rate=rate)
            p = np.where(open_, drawn.p(side), np.nan)
        q[open_] = scipy.stats.false_discovery_control(p[open_], method="bh")
        word[open_] = _USUAL
        found = open_ & (q <= rate)
        # which of the two: where the neighbours lie, which is what was drawn for
        above = beyond > near.counts * (y.sum() - y) / (n - 1) if draws > 0 else z > 0
        word[found & above] = _HOT
        word[found & ~above] = _COLD

    def spread_out(column: Floats) -> Floats:
        whole = np.full(len(x), np.nan)
        whole[known] = column
        return whole

    counts, said = np.zeros(len(x), dtype=np.int64), np.full(len(x), _NOT_JUDGED, dtype=np.int64)
    counts[known], said[known] = near.counts, word
    columns = {
        "around": around, "expected": expected, "more": around - expected, "z": z, "p_normal": p_normal, "p": p, "q": q,
    }  # fmt: skip
    table = pd.DataFrame({
        "value": x, "beside": counts, **{name: spread_out(column) for name, column in columns.items()},
        "judged": _WORDS.take(said),
    })  # fmt: skip
    table.attrs["summary"] = {
        "places": len(x),
        "judged": int((word != _NOT_JUDGED).sum()),
        "hot": int((word == _HOT).sum()),
        "cold": int((word == _COLD).sum()),
        "side": side, "rate": rate, "draws": draws, "most_draws": most_draws, "seed": seed, "mean": mean,
        "reason": reason,
    }  # fmt: skip
    return table


def _tail(z: Floats, side: str) -> Floats:
    """Give the p of normal scores."""
    if side == "both":
        return np.asarray(2 * special.ndtr(-np.abs(z)), dtype=np.float64)
    return np.asarray(special.ndtr(-z if side == "high" else z), dtype=np.float64)


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
