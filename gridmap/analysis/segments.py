"""Straight segments cut at the borders of the grids.

Where a segment may change hands is found first: its crossings with the edges of the grids, and the ends of edges that
lie along it. Who owns a piece between two such places is then asked of the locator, at the middle of the piece. So the
pieces of a segment always make up the whole segment, and they follow the locator's answers, not a second opinion.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.analysis.locator import Locator
from gridmap.analysis.runs import Flags, ends_of_runs, starts_of_runs

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Owners = npt.NDArray[np.int32]

#: Segments handled at once; keeps the memory flat.
_CHUNK = 65_536
#: Two crossings on one segment nearer than this are one: the same crossing, found on two edges.
_SAME_M = 1e-6
#: A cross product (of four coordinate differences) beyond this share of its terms has a certain sign; Shewchuk 1997.
_CERTAIN = 3.3306690738754716e-16


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of segments, by segment and then along it, as arrays of one length.

    Attributes
    ----------
    segment : int64 array
        Number of the segment.
    start, end : float64 array
        Where the piece starts and ends, as shares of the segment: 0 is its first end, 1 its second. Each piece starts
        where the one before it ended.
    owner : int32 array
        Position in ``Locator.codes``; -1 outside every grid. Neighbouring pieces of a segment have different owners.
    """

    segment: Ints
    start: Floats
    end: Floats
    owner: Owners


class Borders:
    """The edges of all grids, found by place. Build it once for many calls; it never changes, threads may share it.

    Attributes
    ----------
    locator : Locator
        Who owns what.
    """

    def __init__(self, locator: Locator) -> None:
        self.locator = locator
        self._ends, self._lowest = locator.edges()
        self._tree = shapely.STRtree(np.asarray(shapely.linestrings(self._ends), dtype=object))

    def __len__(self) -> int:
        return len(self._ends)

    def split(
        self, start: npt.ArrayLike, end: npt.ArrayLike, length_m: npt.ArrayLike, *, threads: int | None = None
    ) -> Pieces:
        """Cut segments at the borders.

        Parameters
        ----------
        start, end : float arrays of shape (n, 2)
            Ends in the coordinates of the locator (WGS 84 degrees, or metres where it is ``metric``; x first). Segments
            are straight in them, as the borders are.
        length_m : float array of length n
            Metres; crossings within a micrometre of each other, or of an end, are one.
        threads : int, optional
            All processors without it; the result does not depend on it.

        Returns
        -------
        Pieces
            A segment without length is one piece with the owner of its place. A piece along a border belongs to the
            lowest code that has the border, as a point on it does. A grid that a segment only touches has no piece.
        """
        p, q = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
        metres = np.asarray(length_m, dtype=np.float64)

        def work(i: int) -> Pieces:
            chunk = slice(i, i + _CHUNK)
            return self._split(i, p[chunk], q[chunk], metres[chunk])

        with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
            parts = list(pool.map(work, range(0, max(len(p), 1), _CHUNK)))
        return Pieces(*(np.concatenate([getattr(x, name) for x in parts]) for name in Pieces.__slots__))

    def _split(self, first: int, p: Floats, q: Floats, metres: Floats) -> Pieces:
        segment, share, along = self._cuts(p, q, metres)
        follows = segment[1:] == segment[:-1]
        owned_by, low, high = segment[:-1][follows], share[:-1][follows], share[1:][follows]
        middle = p[owned_by] + ((low + high) / 2)[:, None] * (q - p)[owned_by]
        owner = self.locator.owners(middle[:, 0], middle[:, 1], threads=1)
        _give_ties(owner, owned_by, low, high, along)
        new = starts_of_runs(owned_by, owner)
        last = ends_of_runs(new)
        return Pieces(first + owned_by[new], low[new], high[last], owner[new])

    def _cuts(self, p: Floats, q: Floats, metres: Floats) -> tuple[Ints, Floats, "_Along"]:
        """Give the places where segments may change hands, both ends among them, by segment and along it."""
        moving = np.flatnonzero((p != q).any(axis=1))
        lines = shapely.linestrings(np.stack([p[moving], q[moving]], axis=1))
        found, edge = self._tree.query(lines, predicate="intersects")
        at = moving[found]
        a, b = self._ends[edge, 0], self._ends[edge, 1]
        within = _on_line(p[at], q[at], a, b)
        from_a, from_b = _share(p[at], q[at], a)[within], _share(p[at], q[at], b)[within]
        low, high = np.minimum(from_a, from_b), np.maximum(from_a, from_b)
        along = _Along(at[within], low, high, self._lowest[edge[within]])
        across = ~within
        crossing = _crossing(p[at[across]], q[at[across]], a[across], b[across])
        n = np.arange(len(p))
        segment = np.concatenate([n, n, at[across], along.segment, along.segment])
        share = np.concatenate([np.zeros(len(p)), np.ones(len(p)), crossing, along.start, along.end])
        share = np.clip(share, 0.0, 1.0)
        order = np.lexsort((share, segment))
        segment, share = segment[order], share[order]
        return *_thinned(segment, share, metres), along


@dataclass(frozen=True, slots=True)
class _Along:
    """Edges that lie on the line of a segment, as shares of it, and the lowest grid that has the edge."""

    segment: Ints
    start: Floats
    end: Floats
    lowest: Owners


def _crossing(p: Floats, q: Floats, a: Floats, b: Floats) -> Floats:
    """Give where lines cross, as a share of p to q; any number where they are nearly parallel."""
    d, e, w = q - p, b - a, a - p
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (w[:, 0] * e[:, 1] - w[:, 1] * e[:, 0]) / (d[:, 0] * e[:, 1] - d[:, 1] * e[:, 0])
    return np.where(np.isfinite(share), share, 0.0)


def _share(p: Floats, q: Floats, point: Floats) -> Floats:
    """Give where a point of the line from p to q lies on it, as a share, by the longer axis."""
    d = q - p
    axis = (np.abs(d[:, 1]) > np.abs(d[:, 0])).astype(np.int64)
    row = np.arange(len(p))
    return np.asarray((point[row, axis] - p[row, axis]) / d[row, axis])


def _on_line(p: Floats, q: Floats, a: Floats, b: Floats) -> Flags:
    """Tell, without rounding, where both a and b lie on the line through p and q."""
    result = np.zeros(len(p), dtype=bool)
    unsure = np.flatnonzero(_may_touch(p, q, a))
    unsure = unsure[_may_touch(p[unsure], q[unsure], b[unsure])]
    # level or upright: all four share one coordinate, and equality of doubles is exact
    flat = ((p == q) & (p == a) & (p == b))[unsure].any(axis=1)
    result[unsure[flat]] = True
    for i in unsure[~flat].tolist():
        result[i] = _side(p[i], q[i], a[i]) == 0 and _side(p[i], q[i], b[i]) == 0
    return result


def _may_touch(p: Floats, q: Floats, a: Floats) -> Flags:
    left = (p[:, 0] - a[:, 0]) * (q[:, 1] - a[:, 1])
    right = (p[:, 1] - a[:, 1]) * (q[:, 0] - a[:, 0])
    return np.asarray(np.abs(left - right) <= _CERTAIN * (np.abs(left) + np.abs(right)))


def _side(p: Floats, q: Floats, a: Floats) -> int:
    (px, py), (qx, qy), (ax, ay) = ([Fraction(v) for v in point.tolist()] for point in (p, q, a))
    turn = (px - ax) * (qy - ay) - (py - ay) * (qx - ax)
    return (turn > 0) - (turn < 0)


def _thinned(segment: Ints, share: Floats, metres: Floats) -> tuple[Ints, Floats]:
    """Leave out cuts that repeat the one before, or that fall on an end; both ends stay."""
    inside = (share > 0.0) & (share < 1.0)
    length = metres[segment]
    before = np.r_[0.0, share][:-1]
    keep = inside & (np.minimum(share - before, 1.0 - share) * length > _SAME_M)
    # 0 and 1 come several times where an edge ends there too: the first 0 and the last 1 stand for all
    first = starts_of_runs(segment)
    keep |= first | ends_of_runs(first)
    return segment[keep], share[keep]


def _give_ties(owner: Owners, segment: Ints, low: Floats, high: Floats, along: _Along) -> None:
    """Give pieces that lie on a border to the lowest grid that has it.

    The middle of such a piece is rounded, and then lies a hair aside; the edge itself is known to run along it.
    """
    if not len(along.segment):
        return
    begin = np.searchsorted(segment, along.segment, side="left")
    count = np.searchsorted(segment, along.segment, side="right") - begin
    which = np.repeat(np.arange(len(count)), count)
    piece = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(begin, count)
    middle = (low[piece] + high[piece]) / 2
    covered = (along.start[which] < middle) & (middle < along.end[which])
    piece, lowest = piece[covered], along.lowest[which[covered]]
    best = np.full(len(owner), np.iinfo(np.int32).max, dtype=np.int32)
    np.minimum.at(best, piece, lowest)
    tied = np.unique(piece)
    held = np.where(owner[tied] < 0, best[tied], owner[tied])
    owner[tied] = np.minimum(held, best[tied])
