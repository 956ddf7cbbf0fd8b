"""What the locator answers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridmap.domain.incidents import Method

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Methods by the number that ``Answers.method`` holds.
METHODS: tuple[Method, ...] = (Method.INSIDE, Method.BORDER, Method.NEAREST, Method.NONE)
INSIDE, BORDER, NEAREST, NONE = range(4)


@dataclass(frozen=True, slots=True)
class Answers:
    """Owners of n points, as arrays of length n in the order of the points.

    Attributes
    ----------
    owner : int64 array
        Position of the owner in ``Locator.codes``; -1 where there is none.
    method : int8 array
        Position in ``METHODS``.
    border_m : float64 array or None
        Metres to the owner's nearest border (for nearest: how far outside it lies); NaN without an owner; None when it
        was not asked for.
    holders : int64 array
        How many grids hold the point: 0 outside, 1 inside, more on a shared border or in an overlap.
    overlapped : bool array
        The point lies strictly inside two or more grids: the boundaries overlap there and the tie rule decided.
    """

    owner: Ints
    method: npt.NDArray[np.int8]
    border_m: Floats | None
    holders: Ints
    overlapped: npt.NDArray[np.bool_]

    def methods(self) -> npt.NDArray[np.object_]:
        """Give the methods as words."""
        return np.array([m.value for m in METHODS], dtype=object)[self.method]


@dataclass(frozen=True, slots=True)
class Located:
    """The owner of one point.

    Attributes
    ----------
    code : str or None
        The owner; None with method ``none``.
    method : Method
    border_m : float or None
        As in ``Answers``; None without an owner.
    holders : tuple of str
        Codes of all grids that hold the point, lowest first: one inside, more on a shared border or in an overlap.
    overlapped : bool
        The point lies strictly inside two or more grids.
    """

    code: str | None
    method: Method
    border_m: float | None
    holders: tuple[str, ...]
    overlapped: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """How the index decided.

    Attributes
    ----------
    points : int
        Asked of the index, one by one left out.
    doubted : int
        Of these, so near an edge that the floating-point filter could not tell the side, and exact arithmetic did.
    asked : int
        Of these, left to the shapes: they lie on a border, or where grids overlap.
    """

    points: int = 0
    doubted: int = 0
    asked: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.points + other.points, self.doubted + other.doubted, self.asked + other.asked)
