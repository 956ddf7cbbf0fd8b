"""Classes of a figure that a map shows, and their colours: the same on a screen and on paper."""

from dataclasses import dataclass
from math import floor, log10

import numpy as np
import numpy.typing as npt

#: Density, counts: light to dark, one hue (a warm red).
SEQUENCE = ("#fde3d3", "#f9c0a0", "#f2966d", "#de6a43", "#b93f26", "#7f1d17")

#: Shares of the cells with at least one incident below each class break: density is skewed, so the top is cut finely.
SHARES = (0.4, 0.65, 0.82, 0.93, 0.98)


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes of a sequence: ``breaks`` between them (one fewer than colours), and the colours, light to dark."""

    breaks: tuple[float, ...]
    colours: tuple[str, ...]

    def of(self, values: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Give the class number of each value; a value on a break belongs to the class above."""
        return np.searchsorted(np.asarray(self.breaks), np.asarray(values, dtype=float), side="right")


def quantile_classes(values: npt.ArrayLike) -> Classes:
    """Cut positive values into at most six classes at the quantiles ``SHARES``, rounded to two digits.

    Fewer classes come back where rounding makes breaks coincide.
    """
    positive = np.asarray(values, dtype=float)
    positive = positive[np.isfinite(positive) & (positive > 0)]
    if not len(positive):
        return Classes((), SEQUENCE[:1])
    rounded = {_two_digits(float(q)) for q in np.quantile(positive, SHARES, method="inverted_cdf")}
    breaks = tuple(b for b in sorted(rounded) if positive.min() < b <= positive.max())
    picks = np.linspace(0, len(SEQUENCE) - 1, len(breaks) + 1).round().astype(int)
    return Classes(breaks, tuple(SEQUENCE[i] for i in picks))


def _two_digits(value: float) -> float:
    if value <= 0:
        return 0.0
    digits = 1 - floor(log10(value))
    return round(value, digits)
