"""Palettes and classes: what a colour on a map means, in numbers that the legend can name.

The sequences have one hue and even steps of lightness, so they survive colour blindness and a grey printer; colours of
kinds were chosen to be told apart by those who do not see red, green or blue (the tests simulate that).
"""

import shapely

from gridmap.analysis.classes import SEQUENCE, SHARES, Classes, quantile_classes
from gridmap.maps.geometry import Shapes

__all__ = [
    "GROUND",
    "JUDGED",
    "PATTERNS",
    "SEQUENCE",
    "SHARES",
    "TINTS",
    "Classes",
    "quantile_classes",
    "tint_neighbours",
]

#: What maps are drawn on: ``--gm-ground`` of their style.
GROUND = "#f3f2ee"

#: What is said of a place (words of ``Judged``); on grey paper hot and cold need their marks. As usual is quiet, but no
#: hole in the map.
JUDGED = {"hot": "#b3261e", "cold": "#2166ac", "usual": "#e3eaf0", "not_judged": "#bfbbb0"}

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
