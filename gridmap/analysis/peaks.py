"""Places that stand out by themselves: far more than even uneven places show, whatever lies around them.

Gi* asks what lies around a place, so it is silent about one grid that holds ninety incidents among grids that hold two.
Here each count is compared with what the spread of all others explains.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from gridmap.analysis.hotspots import RATE
from gridmap.errors import InvalidInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
#: Fewer places, or fewer incidents in those that do not stand out, do not tell how much places differ.
LEAST, LEAST_INCIDENTS = 100, 30
#: More than this share of all places does not stand out.
MOST_SHARE = 0.05
#: Maps of chance that say how small a chance is small enough.
_MAPS = 199


def lone_peaks(
    counts: npt.ArrayLike, base: npt.ArrayLike | None = None, *, rate: float = RATE, seed: int = 1
) -> pd.DataFrame:
    """Find places with far more incidents than the spread of all places explains.

    Parameters
    ----------
    counts : array of int, shape (n,)
        Incidents of each place; NaN: not known.
    base : array of float, shape (n,), optional
        What they are compared by: households, kilometres of street, patrol hours. Without it all places alike. A place
        without any is not judged.
    rate : float
        The share of maps of chance that show any peak, 0 to 1.
    seed : int
        Of the maps of chance; the same seed gives the same answer.

    Returns
    -------
    DataFrame
        One row a place, in order: ``value``; ``expected`` (what its base makes at the rate of all places that do not
        stand out); ``more``; ``p``; ``q`` (adjusted for the number of places: Benjamini & Hochberg 1995); ``peak``
        (bool). NaN where nothing can be said. ``attrs["summary"]``: ``places``, ``judged``, ``peaks``, ``rate``,
        ``seed``, ``spread`` (variance of the rates of places over the square of their mean, beyond chance; 0: none),
        and ``reason`` where no place could be judged: ``too_few`` (places, or incidents).

    Raises
    ------
    InvalidInput
        ``not_a_share`` (rate); ``lengths_differ``; ``counts_not_whole``; ``rate_parts_wrong`` (base).

    Notes
    -----
    Counts are taken as negative binomial: Poisson, with rates that differ from place to place; mean and spread by
    moments (Anscombe 1950). Outliers widen the spread that is to explain them, so each is held against those that are
    less unusual than it, from the inside out (Rosner 1983). Leaving out what is high makes the rest look narrower than
    it is; by how much is found on maps of chance with the same spread. Where rates differ as assumed, about ``rate`` of
    all maps show any peak, or fewer; rates with a longer tail (log-normal) stand out more often: see the tests.
    """
    x = np.asarray(counts, dtype=np.float64)
    size = np.ones(len(x)) if base is None else np.asarray(base, dtype=np.float64)
    _check(x, size, rate)
    open_ = np.isfinite(x) & np.isfinite(size) & (size > 0)
    expected, p, q = (np.full(len(x), np.nan) for _ in range(3))
    peak = np.zeros(len(x), dtype=bool)
    reason = "too_few" if open_.sum() < LEAST or x[open_].sum() < LEAST_INCIDENTS else None
    spread = 0.0
    if reason is None:
        y, b = x[open_], size[open_]
        out = np.zeros(len(y), dtype=bool)
        out[_standing_out(y, b, rate, seed)] = True
        means, spreads = _usual(y[~out], b[~out])
        mean, spread = float(means[0]), float(spreads[0])
        tail = _tail(y, mean * b, spread)
        expected[open_], p[open_], peak[open_] = mean * b, tail, out
        q[open_] = scipy.stats.false_discovery_control(tail, method="bh")
    table = pd.DataFrame({"value": x, "expected": expected, "more": x - expected, "p": p, "q": q, "peak": peak})
    table.attrs["summary"] = {
        "places": len(x), "judged": int(open_.sum()) if reason is None else 0, "peaks": int(peak.sum()), "rate": rate,
        "seed": seed, "spread": spread, "reason": reason,
    }  # fmt: skip
    return table


def _standing_out(y: Floats, b: Floats, rate: float, seed: int) -> Ints:
    """Give the places that stand out, the most unusual first."""
    order, scores, means, spreads = _scores(y, b)
    found = np.flatnonzero(scores <= rate)
    if not len(found):
        return order[:0]
    usual = found[-1] + 1
    mu, spread = means[usual] * b, float(spreads[usual])
    rng = np.random.default_rng(seed)
    chance = np.full(_MAPS, np.inf)
    for k in range(_MAPS):
        drawn = rng.poisson(rng.gamma(1 / spread, spread * mu) if spread > 0 else mu).astype(np.float64)
        if drawn.sum() >= LEAST_INCIDENTS:
            chance[k] = _scores(drawn, b)[1].min()
    small = min(rate, float(np.sort(chance)[max(0, int(rate * (_MAPS + 1)) - 1)]))
    found = np.flatnonzero(scores <= small)
    return order[: found[-1] + 1] if len(found) else order[:0]


def _scores(y: Floats, b: Floats) -> tuple[Ints, Floats, Floats, Floats]:
    """Give the order of places from the most unusual on, how often chance shows the first of those that are left as
    high anywhere among them, and rate and spread of what is left after each.
    """
    n = len(y)
    means, spreads = _usual(y, b)
    order = np.argsort(_tail(y, means[0] * b, float(spreads[0])), kind="stable")
    y, b = y[order], b[order]
    means, spreads = _usual(y, b)
    most = max(1, int(n * MOST_SHARE))
    p = _tail(y[:most], means[1 : most + 1] * b[:most], spreads[1 : most + 1])
    # what holds next to nothing tells nothing about what is too much
    p[np.cumsum(y[::-1])[::-1][1 : most + 1] < LEAST_INCIDENTS] = 1.0
    return order, p * (n - np.arange(most)), means, spreads


def _check(x: Floats, size: Floats, rate: float) -> None:
    if not 0 < rate < 1:
        raise InvalidInput("not_a_share", name="rate")
    if x.ndim != 1 or x.shape != size.shape:
        raise InvalidInput("lengths_differ", name="base")
    known = x[~np.isnan(x)]
    if not np.isfinite(known).all() or (known < 0).any() or (known != np.floor(known)).any():
        raise InvalidInput("counts_not_whole")
    based = size[~np.isnan(size)]
    if not np.isfinite(based).all() or (based < 0).any():
        raise InvalidInput("rate_parts_wrong")


def _usual(y: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Give the rate of places, and by how much it differs from one to another beyond chance (squared).

    Of all of them, of all but the first, of all but the first two, and so on.
    """

    def left(values: Floats) -> Floats:
        return np.cumsum(values[::-1])[::-1]

    bases, squares = left(b), left(b * b)
    mean = left(y) / bases
    beyond = left(y * y) - 2 * mean * left(y * b) + mean**2 * squares - mean * bases
    return mean, np.maximum(0.0, np.divide(beyond, mean**2 * squares, out=np.zeros(len(y)), where=mean > 0))


def _tail(y: Floats, mu: Floats, spread: float | Floats) -> Floats:
    """Give how often chance shows a count as high."""
    k = 1 / np.maximum(spread, 1e-9)
    even = np.broadcast_to(np.asarray(spread) <= 0, y.shape)
    found = np.where(even, scipy.stats.poisson.sf(y - 1, mu), scipy.stats.nbinom.sf(y - 1, k, k / (k + mu)))
    return np.asarray(found, dtype=np.float64)


def with_peaks(found: pd.DataFrame, peaks: pd.DataFrame) -> pd.DataFrame:
    """Put what stands out by itself beside what Gi* found.

    Parameters
    ----------
    found : DataFrame
        Of ``getis_ord`` or ``rate_hotspots``.
    peaks : DataFrame
        Of ``lone_peaks`` over the same places.

    Returns
    -------
    DataFrame
        ``found`` with ``count``, ``usual`` (what is expected of the place by itself), ``peak_p`` and ``peak``; its
        summary has ``peaks``, how many, and why none could be judged (``peaks_reason``).
    """
    table = found.assign(
        count=peaks["value"], usual=peaks["expected"], peak_p=peaks["p"], peak=peaks["peak"].to_numpy(dtype=bool)
    )
    summary = peaks.attrs["summary"]
    more = {"peaks": summary["peaks"], "peaks_reason": summary["reason"]}
    table.attrs["summary"] = found.attrs["summary"] | more
    return table
