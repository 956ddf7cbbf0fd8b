"""How wide a kernel should be: by rule of thumb, by cross-validation, or chosen; and what that choice means."""

import math
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from gridmap.analysis.density import densities, metric_points
from gridmap.analysis.kernel_sums import convolved, kernel_on
from gridmap.analysis.lattice import find_cells, require_positive
from gridmap.analysis.saying import Statement, rounded, say
from gridmap.errors import InvalidInput

Floats = npt.NDArray[np.float64]

#: Where nothing can be learnt from the incidents.
USUAL_M = 250.0
METHODS = ("rule", "likelihood", "least_squares", "chosen")
#: Radius of a quartic kernel that smooths as much as a normal one of standard deviation 1 (canonical bandwidths,
#: Marron & Nolan 1988, in two dimensions).
_QUARTIC = (9.0 / (5.0 * math.pi) * 64.0 * 4.0 * math.pi) ** (1.0 / 6.0)
#: Share of incidents that may lie anywhere: without it one incident far from all others would decide by itself.
_ANYWHERE = 0.01
#: Nearer than this is the same place.
_SAME_M = 0.01
_TRIED = 12
_SIDE = 400


class Bandwidth(NamedTuple):
    """A bandwidth and why: ``tried`` are bandwidths with their scores (the highest wins), where any were tried.

    ``method``: of ``METHODS``, or ``usual`` where nothing could be learnt; ``said``: the reasons and cautions in words.
    """

    bandwidth_m: float
    method: str
    tried: tuple[tuple[float, float], ...]
    said: tuple[Statement, ...]


def choose_bandwidth(
    incidents: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    *,
    method: str = "likelihood",
    chosen_m: float | None = None,
) -> Bandwidth:
    """Choose the bandwidth of a density map.

    Parameters
    ----------
    incidents, grids
        As ``density``.
    method : "rule" | "likelihood" | "least_squares" | "chosen"
        ``rule``: of thumb, for one round heap of incidents - too wide for several. ``likelihood``, ``least_squares``:
        cross-validation, the one that best foresees each incident from all others.
    chosen_m : float
        With ``chosen``: that one, with the cautions it needs.

    Returns
    -------
    Bandwidth

    Raises
    ------
    InvalidInput
        ``bandwidth_method_unknown``; ``not_positive``; ``no_grids``.
    CrsError, GeometryError
        As ``density``.

    Notes
    -----
    Source: Silverman (1986), eq. 4.14 with the smaller of standard deviation and IQR / 1.349, times 2.78 for the
    quartic kernel; 3.4.4 (likelihood, with 1 % of incidents anywhere on the ground) and 3.4.3 (least squares). Both
    are computed on a lattice of at most 400 squares a side, incidents at the centres of their squares.
    """
    if method not in METHODS:
        raise InvalidInput("bandwidth_method_unknown", known=", ".join(METHODS))
    raster, _, _ = find_cells(grids, 1_000_000.0)
    x, y = metric_points(incidents, raster.epsg)
    wide = max(float(np.ptp(x)), float(np.ptp(y))) if len(x) else 0.0
    if method == "chosen":
        asked = require_positive("chosen_m", math.nan if chosen_m is None else chosen_m)
        return Bandwidth(
            asked, method, (), (say("bandwidth_by_chosen", metres=rounded(asked)), *_cautions(asked, wide))
        )
    rule = rule_of_thumb(x, y)
    if rule is None:
        reason = "bandwidth_no_incidents" if len(x) < 2 else "bandwidth_one_point"
        return Bandwidth(USUAL_M, "usual", (), (say(reason, metres=rounded(USUAL_M)),))
    if method == "rule" or len(x) < 10:
        few = (say("bandwidth_few"),) if method != "rule" else ()
        said = (say("bandwidth_by_rule", metres=rounded(rule), incidents=f"{len(x):,}"), *few, *_cautions(rule, wide))
        return Bandwidth(rule, "rule", (), said)
    candidates = rule * 2.0 ** np.linspace(-3.0, 1.0, _TRIED)
    scores = cross_validated(x, y, candidates, method)
    best = int(np.argmax(scores))
    metres = float(candidates[best])
    said = (
        say(
            f"bandwidth_by_{method}", metres=rounded(metres), tried=_TRIED, low=rounded(float(candidates[0])),
            high=rounded(float(candidates[-1])),
        ),
    )  # fmt: skip
    if best in (0, _TRIED - 1):
        said += (say("bandwidth_at_end" if best else "bandwidth_heaped"),)
    tried = tuple(zip(candidates.tolist(), scores.tolist(), strict=True))
    return Bandwidth(metres, method, tried, said + _cautions(metres, wide))


def rule_of_thumb(x: Floats, y: Floats) -> float | None:
    """Give Silverman's bandwidth for a quartic kernel in metres; None where all incidents lie at one point."""
    if len(x) < 2:
        return None
    spread2 = 0.0
    for v in (x, y):
        low, high = np.quantile(v, [0.25, 0.75])
        # of incidents heaped at one address the quartiles may coincide
        middle = float(high - low) / 1.349 if high - low > _SAME_M else math.inf
        spread2 += min(float(v.std(ddof=1)), middle) ** 2 / 2.0
    # projecting moves a point by less than that
    if spread2 <= _SAME_M**2:
        return None
    return _QUARTIC * math.sqrt(spread2) * len(x) ** (-1.0 / 6.0)


def cross_validated(x: Floats, y: Floats, candidates: Floats, method: str) -> Floats:
    """Score bandwidths by how well each incident is foreseen from all others; the highest is best.

    ``likelihood``: mean logarithm of the density at each incident left out; ``least_squares``: twice the mean of that
    density less the integral of its square.
    """
    cell = max(float(np.ptp(x)), float(np.ptp(y)), float(candidates[0])) / _SIDE
    cell = max(cell, float(candidates[0]) / 6.0)
    column, row = ((v - v.min()) // cell for v in (x, y))
    counts = np.zeros((int(row.max()) + 1, int(column.max()) + 1))
    np.add.at(counts, (row.astype(np.int64), column.astype(np.int64)), 1.0)
    n, there = len(x), counts > 0
    ground = counts.size * cell**2
    scores = []
    for metres in candidates:
        reach = math.ceil(metres / cell)
        kernel = kernel_on(reach, cell, float(metres))
        kernel /= kernel.sum() * cell**2
        # further out than the incidents reach, for the integral of the square
        summed = convolved(np.pad(counts, 2 * reach), kernel, reach, *(s + 2 * reach for s in counts.shape))
        inner = summed[reach : reach + counts.shape[0], reach : reach + counts.shape[1]]
        others = np.maximum((inner - kernel[reach, reach])[there], 0.0) / (n - 1)
        if method == "likelihood":
            others = (1 - _ANYWHERE) * others + _ANYWHERE / ground
            scores.append(float((counts[there] * np.log(others)).sum() / n))
        else:
            squared = float((summed**2).sum()) * (cell / n) ** 2
            scores.append(2.0 * float((counts[there] * others).sum()) / n - squared)
    return np.array(scores)


def _cautions(metres: float, wide: float) -> tuple[Statement, ...]:
    return (say("bandwidth_too_wide"),) if wide > 0 and metres > wide / 2 else ()


class Scales(NamedTuple):
    """What of the densest cells stays the densest at half and at double the bandwidth: shares, 0 to 1."""

    half: float
    double: float


def other_scales(
    incidents: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, *, bandwidth_m: float, top: float = 0.05
) -> Scales | None:
    """Say what changes at half and at double the scale.

    Parameters
    ----------
    incidents, grids, bandwidth_m
        As ``density``.
    top : float
        Share of the cells that counts as the densest.

    Returns
    -------
    Scales or None
        None where there is no density at all.

    Raises
    ------
    As ``density``.
    """
    cell_m = require_positive("bandwidth_m", bandwidth_m) / 3.0
    found = densities(incidents, grids, cell_m=cell_m, bandwidths_m=[bandwidth_m * by for by in (0.5, 1.0, 2.0)])
    if not found[1].max(initial=0.0) > 0:
        return None
    many = max(1, round(top * len(found[0])))
    densest = [set(np.lexsort((np.arange(len(f)), -f))[:many].tolist()) for f in found]
    return Scales(*(len(densest[1] & other) / many for other in (densest[0], densest[2])))


def say_scales(found: Scales | None, bandwidth_m: float) -> list[Statement]:
    """Say it for the card of a map."""
    if found is None:
        return [say("silent_no_incidents")]
    return [
        say(
            "scales", half=rounded(bandwidth_m / 2), double=rounded(bandwidth_m * 2),
            at_half=rounded(100 * found.half), at_double=rounded(100 * found.double),
        )
    ]  # fmt: skip
