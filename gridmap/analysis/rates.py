"""Rates of small places: a village with three households and one incident is no hotspot."""

import numpy as np
import numpy.typing as npt

from gridmap.errors import InvalidInput

Floats = npt.NDArray[np.float64]


def smoothed_rates(events: npt.ArrayLike, base: npt.ArrayLike) -> Floats:
    """Draw rates towards the rate of all places, the more the smaller their base ("empirical Bayes").

    Parameters
    ----------
    events : array of float, shape (n,)
        How many incidents, 0 or more.
    base : array of float, shape (n,)
        What they are counted against: households, kilometres of street, patrol hours; 0 or more.

    Returns
    -------
    array of float, shape (n,)
        Events per unit of the base. NaN where the base is 0: there is no rate, and no events to explain one.

    Raises
    ------
    InvalidInput
        ``lengths_differ``; ``rate_parts_wrong``: a figure below 0 or not finite, or events where the base is 0.

    Notes
    -----
    Source: Marshall (1991), global smoothing by the method of moments. A between-place variance below 0 counts as 0:
    every place then has the rate of all.
    """
    e, b = np.asarray(events, dtype=np.float64), np.asarray(base, dtype=np.float64)
    if e.shape != b.shape or e.ndim != 1:
        raise InvalidInput("lengths_differ", name="base")
    if not (np.isfinite(e) & np.isfinite(b)).all() or (e < 0).any() or (b < 0).any() or (e[b == 0] > 0).any():
        raise InvalidInput("rate_parts_wrong")
    rates = np.full(len(e), np.nan)
    some = b > 0
    if not some.any():
        return rates
    e, b = e[some], b[some]
    overall = e.sum() / b.sum()
    raw = e / b
    between = max(float((b * (raw - overall) ** 2).sum() / b.sum() - overall / b.mean()), 0.0)
    within = overall / b
    trust = np.divide(between, between + within, out=np.zeros(len(b)), where=between + within > 0)
    rates[some] = trust * raw + (1 - trust) * overall
    return rates
