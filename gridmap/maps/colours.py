"""Palettes and classes: what a colour on a map means, in numbers that the legend can name.

The sequences have one hue and even steps of lightness, so they survive colour blindness and a grey printer; colours of
kinds were chosen to be told apart by those who do not see red, green or blue (the tests simulate that).
"""

from dataclasses import dataclass
from math import floor, log10

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.maps.geometry import Shapes

#: Density, counts: light to dark, one hue (a warm red).
SEQUENCE = ("#fde3d3", "#f9c0a0", "#f2966d", "#de6a43", "#b93f26", "#7f1d17")

#: Shares of the cells with at least one incident below each class break: density is skewed, so the top is cut finely.
SHARES = (0.4, 0.65, 0.82, 0.93, 0.98)

#: What is said of a place (words of ``Judged``); on grey paper hot and cold need their marks.
JUDGED = {"hot": "#b3261e", "cold": "#2166ac", "usual": "#f4f3ef", "not_judged": "#c9c6bd"}

#: Marks of what is said of a place: red and blue are one grey, upward and downward are not.
MARKS = {"hot": "up", "cold": "down"}

#: How a place changed (words of ``Pattern``): warm where it burns on, cool where it comes and goes or is over.
PATTERNS = {
    "new": "#e8c33a",
    "consecutive": "#d6452b",
    "intensifying": "#7f1d17",
    "persistent": "#956a95",
    "diminishing": "#bbe4be",
    "sporadic": "#38b4e2",
    "oscillating": "#424391",
    "historical": "#558970",
}

#: Quiet tints that tell neighbouring streets apart; they carry no meaning.
TINTS = ("#dbe6ee", "#ece5d0", "#dcead9", "#efdfdc", "#e3dfef", "#d8ebe9", "#f3e6d6", "#e4e6e0")


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


def tint_neighbours(shapes: Shapes, count: int = len(TINTS)) -> list[int]:
    """Number the shapes so that neighbours differ where ``count`` tints allow it; first come, first served."""
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    near: list[set[int]] = [set() for _ in range(len(shapes))]
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        if a != b:
            near[a].add(b)
    tints: list[int] = []
    for i in range(len(shapes)):
        taken = [tints[j] for j in near[i] if j < i]
        # the tint used least among the neighbours, then least overall, spreads them evenly
        tints.append(min(range(count), key=lambda t: (taken.count(t), tints.count(t), t)))
    return tints
