"""Near repeats: whether incidents follow each other closely in place and time more often than chance explains."""

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy
from scipy.spatial import cKDTree

from gridmap.analysis.hotspots import RATE
from gridmap.analysis.random_bits import advance, below, stream
from gridmap.analysis.saying import Statement, by_chance, rounded, say
from gridmap.cpus import share
from gridmap.errors import InvalidInput, TooLarge

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Pairs of incidents within the widest distance that can be counted a thousand times in some seconds.
MAX_PAIRS = 5_000_000
#: Fewer incidents than this have too few pairs.
LEAST_INCIDENTS = 10
_STEP = 20


def near_repeats(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    days: npt.ArrayLike,
    *,
    distances_m: Sequence[float] = (1.0, 100.0, 200.0, 400.0),
    spans_days: Sequence[float] = (7.0, 14.0, 28.0),
    rate: float = RATE,
    draws: int = 999,
    seed: int = 1,
) -> pd.DataFrame:
    """Count pairs of incidents by distance and time apart, and compare with times dealt anew.

    Parameters
    ----------
    x, y : array of float, shape (n,)
        Metres of one CRS.
    days : array of float, shape (n,)
        When, in days since any day.
    distances_m, spans_days : sequence of float
        Upper ends of the bands, ascending; each belongs to its band. The first distance, one metre, is "the same
        place".
    rate, draws, seed
        ``rate``: share of false ones among the bands that are called ``closer``, as ``getis_ord``.

    Returns
    -------
    DataFrame
        One row a pair of bands: ``from_m``, ``to_m``, ``from_days``, ``to_days``, ``pairs``, ``expected`` (mean of the
        draws), ``ratio``, ``p`` (chance has as many), ``q``, ``closer`` (q at most ``rate``).
        ``attrs["summary"]``: ``incidents``, ``pairs``, ``draws``, ``seed``, ``rate``, ``reason``
        (``too_few_incidents``, ``one_time`` where all happened at once) or None.

    Raises
    ------
    InvalidInput
        ``lengths_differ``, ``not_finite``, ``not_ascending``, ``not_a_share``.
    TooLarge
        ``too_many_pairs``.

    Notes
    -----
    Source: Knox (1964); Johnson & Bowers (2004), Monte Carlo: places stay, times are dealt anew, so neither a busy
    street nor a busy month counts as near repeats.
    """
    xy, t = np.column_stack([x, y]).astype(np.float64), np.asarray(days, dtype=np.float64)
    far, late = np.asarray(distances_m, dtype=np.float64), np.asarray(spans_days, dtype=np.float64)
    if t.shape != (len(xy),):
        raise InvalidInput("lengths_differ", name="days")
    if not (np.isfinite(xy).all() and np.isfinite(t).all()):
        raise InvalidInput("not_finite", name="x, y, days")
    if not 0 < rate < 1:
        raise InvalidInput("not_a_share", name="rate")
    for name, ends in (("distances_m", far), ("spans_days", late)):
        if not len(ends) or not np.isfinite(ends).all() or ends[0] < 0 or (np.diff(ends) <= 0).any():
            raise InvalidInput("not_ascending", name=name)
    tree = cKDTree(xy)
    many = (int(tree.count_neighbors(tree, far[-1])) - len(xy)) // 2 if len(xy) else 0
    if many > MAX_PAIRS:
        raise TooLarge("too_many_pairs", pairs=many, limit=MAX_PAIRS)
    pairs = tree.query_pairs(far[-1], output_type="ndarray") if many else np.empty((0, 2), np.int64)
    one, two = np.ascontiguousarray(pairs[:, 0], dtype=np.int64), np.ascontiguousarray(pairs[:, 1], dtype=np.int64)
    band = np.searchsorted(far, np.hypot(*(xy[one] - xy[two]).T), side="left")
    # the last bit of a square root may carry a pair beyond the last band
    band = np.minimum(band, len(far) - 1).astype(np.int64)
    real = np.zeros((len(far), len(late)), dtype=np.int64)
    _count(one, two, band, t, late, real)
    reason = "too_few_incidents" if len(t) < LEAST_INCIDENTS else "one_time" if np.ptp(t) == 0 else None
    drawn = np.zeros((draws, *real.shape), dtype=np.int64)
    if not reason:
        share(lambda part: _deal(one, two, band, t, late, seed, part.start, drawn[part]), draws, _STEP)
    expected = drawn.mean(axis=0) if not reason else np.full(real.shape, np.nan)
    p = (1 + (drawn >= real).sum(axis=0)) / (draws + 1) if not reason else np.full(real.shape, np.nan)
    q = scipy.stats.false_discovery_control(p.ravel(), method="bh") if not reason else p.ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(expected > 0, real / expected, np.nan)
    wide, long = len(far), len(late)
    table = pd.DataFrame({
        "from_m": np.repeat(np.r_[0.0, far[:-1]], long), "to_m": np.repeat(far, long),
        "from_days": np.tile(np.r_[0.0, late[:-1]], wide), "to_days": np.tile(late, wide),
        "pairs": real.ravel(), "expected": expected.ravel(), "ratio": ratio.ravel(), "p": p.ravel(), "q": q,
        "closer": np.nan_to_num(q, nan=1.0) <= rate,
    })  # fmt: skip
    table.attrs["summary"] = {
        "incidents": len(t), "pairs": many, "draws": draws, "seed": seed, "rate": rate, "reason": reason,
    }  # fmt: skip
    return table


def say_repeats(found: pd.DataFrame) -> list[Statement]:
    """Say which bands hold more pairs than chance explains, the closest first."""
    reason = found.attrs["summary"]["reason"]
    if reason:
        return [say(f"silent_{reason}")]
    closer = found[found["closer"]]
    columns = (closer[name].to_list() for name in ("to_m", "to_days", "pairs", "expected", "p"))
    return [
        say(
            "repeat_closer", metres=rounded(metres), days=rounded(days), pairs=f"{pairs:,}", expected=rounded(expected),
            chance=by_chance(p),
        )
        for metres, days, pairs, expected, p in zip(*columns, strict=True)
    ] or [say("repeat_none")]  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _count(one: Any, two: Any, band: Any, t: Any, late: Any, found: Any) -> None:
    for i in range(len(one)):
        apart = abs(t[one[i]] - t[two[i]])
        for j in range(len(late)):
            if apart <= late[j]:
                found[band[i], j] += 1
                break


@numba.njit(cache=True, nogil=True)
def _deal(one: Any, two: Any, band: Any, t: Any, late: Any, seed: int, first: int, drawn: Any) -> None:
    mixed = t.copy()
    state = stream(seed, first)
    for draw in range(len(drawn)):
        for i in range(len(mixed) - 1, 0, -1):
            state = advance(state)
            j = below(state, i + 1)
            mixed[i], mixed[j] = mixed[j], mixed[i]
        _count(one, two, band, mixed, late, drawn[draw])
