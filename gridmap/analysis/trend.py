"""Whether figures rise or fall over time: the Mann-Kendall test, ties and overlapping windows taken into account."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

#: Fewer figures than this cannot show a trend at 5 %: with four, the steepest rise has p = 0.09.
LEAST_FIGURES = 5


class Trend(NamedTuple):
    """One entry a series: ``s``, pairs that rise less pairs that fall; ``z``; two-sided ``p``; NaN where too few."""

    s: Floats
    z: Floats
    p: Floats

    def rises(self, rate: float) -> npt.NDArray[np.bool_]:
        """Tell which rise, more than chance explains at a rate."""
        return (self.p <= rate) & (self.s > 0)

    def falls(self, rate: float) -> npt.NDArray[np.bool_]:
        """Tell which fall, more than chance explains at a rate."""
        return (self.p <= rate) & (self.s < 0)


def mann_kendall(series: npt.ArrayLike, *, overlap: int = 0) -> Trend:
    """Test series for a steady rise or fall, of whatever shape.

    Parameters
    ----------
    series : array of float, shape (n, steps) or (steps,)
        NaN: not known, left out.
    overlap : int
        Each figure is a sum over its own step and so many before it: neighbours in time then resemble each other
        without any trend, and the plain test finds one too often.

    Returns
    -------
    Trend
        Of arrays of shape (n,). Where all figures are equal, z is 0 and p is 1; fewer than ``LEAST_FIGURES``: NaN.

    Notes
    -----
    Source: Mann (1945), Kendall (1975), variance with ties and continuity correction. For ``overlap`` the variance of
    Hamed & Rao (1998), with the correlations that such sums have (1 - k / (overlap + 1) at k steps) instead of ones
    estimated from the few figures at hand.
    """
    x = np.atleast_2d(np.asarray(series, dtype=np.float64))
    steps = x.shape[1]
    known = np.isfinite(x).sum(axis=1).astype(np.float64)
    s, like = np.zeros(len(x)), np.isfinite(x).astype(np.float64)
    for lag in range(1, steps):
        step = x[:, lag:] - x[:, :-lag]
        s += np.nansum(np.sign(step), axis=1)
        same = step == 0
        like[:, lag:] += same
        like[:, :-lag] += same
    # sum over groups of ties t (t - 1) (2 t + 5), as a sum over their members
    ties = np.where(np.isfinite(x), (like - 1) * (2 * like + 5), 0.0).sum(axis=1)
    variance = (known * (known - 1) * (2 * known + 5) - ties) / 18.0
    if overlap > 0:
        k = np.arange(1, overlap + 1)
        alike = 6.0 / np.pi * np.arcsin((1.0 - k / (overlap + 1)) / 2.0)
        rest = known[:, None] - k
        # no pair of figures is so far apart
        pairs = np.where(rest > 2, rest * (rest - 1) * (rest - 2), 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            variance *= 1.0 + 2.0 * (pairs @ alike) / (known * (known - 1) * (known - 2))
    enough = known >= LEAST_FIGURES
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > 0, (s - np.sign(s)) / np.sqrt(variance), 0.0)
    z = np.where(enough, z, np.nan)
    return Trend(np.where(enough, s, np.nan), z, np.minimum(2 * special.ndtr(-np.abs(z)), 1.0))
