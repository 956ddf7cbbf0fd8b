"""On which side of an edge does a point lie: the one predicate of the locator, exact in doubles.

A floating-point filter answers almost always; what it cannot tell is decided by floating-point expansions, and what
lies outside their range (offsets near the smallest doubles, coordinates near the largest) is left to rational
arithmetic.

Source: Shewchuk (1997), Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates.
"""

from fractions import Fraction

import numpy as np
from numba import njit

#: Shewchuk's bound for orient2d stage A, (3 + 16 eps) eps with eps = 2**-53.
FILTER = (3.0 + 16.0 * 2.0**-53) * 2.0**-53

#: Below this a product may have underflowed, and the bound above says nothing.
TINY = 1e-280

#: What ``side`` gives where only rational arithmetic can tell.
UNDECIDED = 2

_SPLITTER = 134217729.0
_SMALLEST, _LARGEST = 1e-120, 1e120


@njit(cache=True, nogil=True, inline="always")
def _two_sum(a, b):
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@njit(cache=True, nogil=True, inline="always")
def _two_product(a, b):
    p = a * b
    c = _SPLITTER * a
    ah = c - (c - a)
    al = a - ah
    c = _SPLITTER * b
    bh = c - (c - b)
    bl = b - bh
    return p, al * bl - (((p - ah * bh) - al * bh) - ah * bl)


@njit(cache=True, nogil=True)
def _grow(e, n, value):
    q = value
    for i in range(n):
        q, e[i] = _two_sum(q, e[i])
    e[n] = q
    return n + 1


@njit(cache=True, nogil=True)
def exact_side(ax, ay, bx, by, px, py):
    """Give the side as ``side`` does, by expansions alone."""
    f = np.empty(8)
    f[0], f[1] = _two_sum(bx, -ax)
    f[2], f[3] = _two_sum(py, -ay)
    f[4], f[5] = _two_sum(px, -ax)
    f[6], f[7] = _two_sum(by, -ay)
    for i in range(8):
        size = abs(f[i])
        # "not (...)" also catches what is not a number
        if size != 0.0 and not (_SMALLEST < size < _LARGEST):
            return UNDECIDED
    e = np.zeros(16)
    n = 0
    for i in range(2):
        for j in range(2):
            p, q = _two_product(f[i], f[2 + j])
            n = _grow(e, n, q)
            n = _grow(e, n, p)
            p, q = _two_product(f[4 + i], f[6 + j])
            n = _grow(e, n, -q)
            n = _grow(e, n, -p)
    # the components do not overlap and grow in size: the last one that is not zero tells the sign
    for i in range(n - 1, -1, -1):
        if e[i] > 0.0:
            return 1
        if e[i] < 0.0:
            return -1
    return 0


@njit(cache=True, nogil=True)
def side(ax, ay, bx, by, px, py):
    """Tell the side of the directed line a -> b on which p lies.

    Returns
    -------
    int
        1 left, -1 right, 0 on the line, ``UNDECIDED`` where doubles cannot tell.
    """
    left = (bx - ax) * (py - ay)
    right = (px - ax) * (by - ay)
    det = left - right
    bound = FILTER * (abs(left) + abs(right)) + TINY
    if det > bound:
        return 1
    if det < -bound:
        return -1
    return exact_side(ax, ay, bx, by, px, py)


def rational_side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """Give the side in rational arithmetic: always right, slowly."""
    ax_, ay_, bx_, by_, px_, py_ = (Fraction(float(v)) for v in (ax, ay, bx, by, px, py))
    det = (bx_ - ax_) * (py_ - ay_) - (px_ - ax_) * (by_ - ay_)
    return (det > 0) - (det < 0)
