"""Sums of kernels on a lattice: pair by pair where cells are coarse, by Fourier transform where they are fine."""

import math
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import scipy.fft

from gridmap.analysis.lattice import Raster
from gridmap.cpus import cores, share

Floats = npt.NDArray[np.float64]

#: From so many cells a bandwidth on, incidents are shared out to the four centres around them first. The error of that
#: of one incident is at most the square of the share that a cell has of the bandwidth, here 0.25 % of the peak.
FINE = 20.0
#: Incidents are summed in so many parts, whatever the number of threads: the same bits come out everywhere.
_PARTS = 4


def kernel_sums(x: Floats, y: Floats, weight: Floats, raster: Raster, bandwidth_m: float) -> Floats:
    """Sum quartic kernels at the centres of all squares of a lattice.

    Parameters
    ----------
    x, y, weight : array of float, shape (n,)
        Metres in the CRS of the lattice; what each incident counts. Those beyond the lattice count as far as their
        kernel reaches in.
    raster : Raster
    bandwidth_m : float
        Radius of the kernel, > 0.

    Returns
    -------
    array of float, shape (rows, columns)
        Weight per m2, >= 0.

    Notes
    -----
    Source: Silverman (1986), eq. 4.5, and for binning eq. 3.31 and Wand (1994). Exact, but for lattices of ``FINE``
    or more cells a bandwidth.
    """
    if bandwidth_m / raster.cell_m >= FINE:
        return _by_transform(x, y, weight, raster, bandwidth_m)
    sums = np.zeros((_PARTS, raster.rows, raster.columns))
    step = max(1, -(-len(x) // _PARTS))

    def work(part: slice) -> None:
        _add(
            x[part], y[part], weight[part], raster.west, raster.north, raster.cell_m, bandwidth_m,
            sums[part.start // step],
        )  # fmt: skip

    share(work, len(x), step)
    return np.asarray(sums.sum(axis=0) / bandwidth_m**2, dtype=np.float64)


def kernel_mass(ground: Floats, cell_m: float, bandwidth_m: float) -> Floats:
    """Give the share of the kernel at each centre that lies on the ground.

    Parameters
    ----------
    ground : array of float, shape (rows, columns)
        The share of each square that is ground, 0 to 1.
    cell_m, bandwidth_m : float
        Metres, > 0.

    Returns
    -------
    array of float, shape (rows, columns)
        0 to 1. Source: Diggle (1985): an estimate divided by it is not pulled down at the border.
    """
    reach = math.ceil(bandwidth_m / cell_m)
    kernel = kernel_on(reach, cell_m, bandwidth_m)
    padded = np.pad(ground, reach)
    found = convolved(padded, kernel / kernel.sum(), reach, *ground.shape)
    return np.clip(found, 0.0, 1.0)


def kernel_on(reach: int, cell_m: float, bandwidth_m: float) -> Floats:
    """Sample the kernel at the centres around one, per m2; of a kernel within one cell, that cell has all."""
    at = np.arange(-reach, reach + 1) * cell_m
    u2 = (at[:, None] ** 2 + at[None, :] ** 2) / bandwidth_m**2
    return np.where(u2 < 1.0, 3.0 / math.pi * (1.0 - u2) ** 2, 0.0) / bandwidth_m**2


def _by_transform(x: Floats, y: Floats, weight: Floats, raster: Raster, bandwidth_m: float) -> Floats:
    # one more than the kernel reaches: an incident is shared out to the centre before and behind it
    reach = math.ceil(bandwidth_m / raster.cell_m) + 1
    padded = np.zeros((raster.rows + 2 * reach, raster.columns + 2 * reach))
    _share_out(x, y, weight, raster.west, raster.north, raster.cell_m, reach, padded)
    found = convolved(padded, kernel_on(reach, raster.cell_m, bandwidth_m), reach, raster.rows, raster.columns)
    # the transform leaves crumbs where there is nothing
    found[found < 1e-12 * max(float(found.max(initial=0.0)), 0.0)] = 0.0
    return np.maximum(found, 0.0)


def convolved(padded: Floats, kernel: Floats, reach: int, rows: int, columns: int) -> Floats:
    """Convolve; gives the middle, in which nothing that came around the rim counts."""
    shape = [scipy.fft.next_fast_len(n, real=True) for n in padded.shape]
    workers = cores()
    product = scipy.fft.rfft2(padded, shape, workers=workers) * scipy.fft.rfft2(kernel, shape, workers=workers)
    whole = scipy.fft.irfft2(product, shape, workers=workers)
    return np.ascontiguousarray(whole[2 * reach : 2 * reach + rows, 2 * reach : 2 * reach + columns])


@numba.njit(cache=True, nogil=True)
def _add(x: Any, y: Any, weight: Any, west: int, north: int, cell_m: float, bandwidth_m: float, sums: Any) -> None:
    rows, columns = sums.shape
    inverse = 1.0 / (bandwidth_m * bandwidth_m)
    for i in range(len(x)):
        # in cells from the north-west; the centre of row r lies at r + 0.5
        right, down = x[i] / cell_m - west, north - y[i] / cell_m
        wide = bandwidth_m / cell_m
        scale = weight[i] * 3.0 / math.pi
        first = max(0, math.ceil(down - wide - 0.5))
        last = min(rows - 1, math.floor(down + wide - 0.5))
        for r in range(first, last + 1):
            dy = (r + 0.5 - down) * cell_m
            left = bandwidth_m * bandwidth_m - dy * dy
            if left <= 0.0:
                continue
            half = math.sqrt(left) / cell_m
            begin = max(0, math.ceil(right - half - 0.5))
            end = min(columns - 1, math.floor(right + half - 0.5))
            for c in range(begin, end + 1):
                dx = (c + 0.5 - right) * cell_m
                rest = 1.0 - (dx * dx + dy * dy) * inverse
                if rest > 0.0:
                    sums[r, c] += scale * rest * rest


@numba.njit(cache=True, nogil=True)
def _share_out(x: Any, y: Any, weight: Any, west: int, north: int, cell_m: float, pad: int, padded: Any) -> None:
    rows, columns = padded.shape
    for i in range(len(x)):
        right, down = x[i] / cell_m - west - 0.5 + pad, north - y[i] / cell_m - 0.5 + pad
        c, r = math.floor(right), math.floor(down)
        if r < 0 or c < 0 or r + 1 >= rows or c + 1 >= columns:
            continue
        fx, fy = right - c, down - r
        w = weight[i]
        padded[r, c] += w * (1 - fx) * (1 - fy)
        padded[r, c + 1] += w * fx * (1 - fy)
        padded[r + 1, c] += w * (1 - fx) * fy
        padded[r + 1, c + 1] += w * fx * fy
