"""Proposals for new grids, as values: what is aimed at, what was found, and why something cannot be had."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

#: How far a grid may be from the mean of its area where neither a floor nor a ceiling is set.
TOLERANCE = 0.1


class Stopped(Exception):
    """Whoever asked for a proposal does not want it any more."""


class Wish(StrEnum):
    """What a candidate puts first; the others count for little, the rules always.

    ``least``: as little as possible changes hands. ``even``: the worst deviation from the mean is as small as possible.
    ``compact``: short borders. ``blend``: something of each.
    """

    LEAST = "least"
    BLEND = "blend"
    EVEN = "even"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class Aim:
    """What the grids of an area should be like.

    Attributes
    ----------
    grids : int, optional
        How many there should be, locked ones left out; as many as today where the floor and the ceiling allow it.
    floor, ceiling : float, optional
        Least and most weight of a grid, both allowed.
    tolerance : float
        Largest share of the mean by which a grid may be off it; counts where neither floor nor ceiling is set.
    """

    grids: int | None = None
    floor: float | None = None
    ceiling: float | None = None
    tolerance: float = TOLERANCE


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is no proposal for an area, and which rule to relax. Its text is ``propose.reason.<code>``."""

    code: str
    area: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figures:
    """A division in figures.

    Attributes
    ----------
    grids : int
    worst_deviation : float
        Largest distance of a grid from the mean of its area, as a share of that mean.
    least, most : float
        Weights of the lightest and of the heaviest grid.
    moved_weight, moved_ground : float
        Share of the weight and of the ground that gets another grid than today.
    cut_m : float
        Length of the borders between grids, metres.
    cut_edges : int
        Pairs of neighbouring units that lie in different grids.
    compactness : float
        Mean of 4 pi area / perimeter^2 (Polsby-Popper): 1 for a circle.
    """

    grids: int
    worst_deviation: float
    least: float
    most: float
    moved_weight: float
    moved_ground: float
    cut_m: float
    cut_edges: int
    compactness: float
