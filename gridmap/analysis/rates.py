"""Rates of small places: a village with three households and one incident is no hotspot."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.hotspots import RATE, getis_ord
from gridmap.analysis.neighbours import Neighbours
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
    e, b = _parts(events, base)
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


def smoothed_rates_around(events: npt.ArrayLike, base: npt.ArrayLike, beside: Neighbours) -> Floats:
    """Draw rates towards that of the places around, the more the smaller their base ("local empirical Bayes").

    Parameters
    ----------
    events, base : array of float, shape (n,)
        As ``smoothed_rates``.
    beside : Neighbours
        Of the same n places.

    Returns
    -------
    array of float, shape (n,)
        Events per unit of the base. NaN where the base is 0. An island keeps its own rate.

    Raises
    ------
    InvalidInput
        As ``smoothed_rates``.

    Notes
    -----
    Source: Marshall (1991), local smoothing by the method of moments, each place with those around it as its own
    region. It keeps real differences between parts of a city, and is the wrong figure to feed to ``getis_ord``:
    smoothing over neighbours makes neighbours alike, which is what Gi* looks for.
    """
    e, b = _parts(events, base)
    if len(e) != len(beside):
        raise InvalidInput("lengths_differ", name="beside")

    def around(column: Floats) -> Floats:
        return beside.sums(column) + column

    raw = np.divide(e, b, out=np.zeros(len(e)), where=b > 0)
    bases, many = around(b), around((b > 0).astype(np.float64))
    overall = np.divide(around(e), bases, out=np.zeros(len(e)), where=bases > 0)
    # sum of b (raw - overall)^2 over the region, multiplied out: overall is that of the region, not of each in it
    spread = around(b * raw**2) - 2 * overall * around(b * raw) + overall**2 * bases
    mean_base = np.divide(bases, many, out=np.ones(len(e)), where=many > 0)
    between = np.maximum(np.divide(spread, bases, out=np.zeros(len(e)), where=bases > 0) - overall / mean_base, 0.0)
    within = np.divide(overall, b, out=np.zeros(len(e)), where=b > 0)
    trust = np.divide(between, between + within, out=np.zeros(len(e)), where=between + within > 0)
    return np.where(b > 0, trust * raw + (1 - trust) * overall, np.nan)


def rate_hotspots(
    events: npt.ArrayLike,
    base: npt.ArrayLike,
    beside: Neighbours,
    *,
    side: str = "high",
    rate: float = RATE,
    draws: int = 999,
    most_draws: int = 99_999,
    seed: int = 1,
) -> pd.DataFrame:
    """Judge places by their rates, smoothed for small bases, instead of by their counts.

    Parameters
    ----------
    events, base
        As ``smoothed_rates``.
    beside, side, rate, draws, most_draws, seed
        As ``getis_ord``.

    Returns
    -------
    DataFrame
        Of ``getis_ord`` over ``smoothed_rates``, with ``events``, ``base`` and ``raw`` (the rate as it is) in front.
        Places without a base are not judged. ``attrs["summary"]`` has ``overall`` besides: the rate of all places.

    Raises
    ------
    InvalidInput
        As ``smoothed_rates`` and ``getis_ord``.
    """
    e, b = _parts(events, base)
    found = getis_ord(smoothed_rates(e, b), beside, side=side, rate=rate, draws=draws, most_draws=most_draws, seed=seed)
    summary = found.attrs["summary"]
    raw = np.divide(e, b, out=np.full(len(e), np.nan), where=b > 0)
    table = pd.concat([pd.DataFrame({"events": e, "base": b, "raw": raw}), found], axis=1)
    table.attrs["summary"] = {**summary, "overall": float(e.sum() / b.sum()) if b.sum() > 0 else None}
    return table


def _parts(events: npt.ArrayLike, base: npt.ArrayLike) -> tuple[Floats, Floats]:
    e, b = np.asarray(events, dtype=np.float64), np.asarray(base, dtype=np.float64)
    if e.shape != b.shape or e.ndim != 1:
        raise InvalidInput("lengths_differ", name="base")
    if not (np.isfinite(e) & np.isfinite(b)).all() or (e < 0).any() or (b < 0).any() or (e[b == 0] > 0).any():
        raise InvalidInput("rate_parts_wrong")
    return e, b
