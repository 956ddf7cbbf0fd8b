"""Forecasts by simple, named methods, none without its score: what it would have caught in the periods before."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy
from scipy import sparse
from scipy.spatial import cKDTree

from gridmap.analysis.lattice import require_positive
from gridmap.analysis.saying import Statement, rounded, say
from gridmap.errors import InvalidInput

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Method(StrEnum):
    """How the next period is foreseen, the simplest first."""

    LAST = "last"  # as the last period was
    SAME = "same"  # the mean of the same period of earlier seasons
    MEAN = "mean"  # the mean of the last periods
    KERNEL = "kernel"  # that mean, spread over the places around
    RECENT = "recent"  # all periods, spread likewise, the recent ones counting more


#: The row of scores of whoever had always followed the method that was best so far.
FOLLOWED = "followed"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected of the next period, and how good such forecasts were.

    ``places``: one row a place; of each method ``<method>`` (incidents expected) and ``<method>_marked`` (among the
    places to watch). ``scores``: one row a method that could be tested, and ``FOLLOWED``: ``hits`` (incidents in marked
    places), ``incidents``, ``area_share`` (of the ground that was marked), ``hit_rate`` with ``hit_low`` and
    ``hit_high`` (95 %), ``pai`` (hit rate by area share; 1 is chance), ``best_pai`` (had it been known what came),
    ``pei`` (PEI*, hits by the most hits that as much ground could hold). ``chosen``: the method with most hits by
    ground. ``summary``: ``steps``, ``tests``, ``area_share``, ``bandwidth_m``, ``half_life``, ``last``, ``season``,
    ``left_out`` (methods that could not be tested) and ``reason`` where there is no forecast at all:
    ``too_few_periods``, ``no_incidents`` (in the periods of the test) or ``no_records_now``.
    """

    places: pd.DataFrame
    scores: pd.DataFrame
    chosen: str | None
    summary: dict[str, Any]


def forecast(
    counts: npt.ArrayLike,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    area_km2: npt.ArrayLike,
    *,
    bandwidth_m: float,
    recorded: Sequence[bool] | Flags | None = None,
    area_share: float = 0.05,
    last: int = 8,
    half_life: float = 4.0,
    season: int | None = None,
    tests: int = 6,
) -> Forecast:
    """Foresee the period after the last one, and score every method on the periods before.

    Parameters
    ----------
    counts : array of float, shape (n, steps)
        Incidents of each place (grid or cell of a lattice) in each period, the oldest first.
    x, y, area_km2 : array of float, shape (n,)
        Middles in metres of one CRS; areas above 0.
    bandwidth_m : float
        Radius of the quartic kernel over which ``kernel`` and ``recent`` spread.
    recorded : array of bool, shape (steps,), optional
        False: nothing was recorded in that period; it is neither learnt from nor tested on.
    area_share : float
        Share of the ground that is marked, the densest forecasts first.
    last : int
        Periods of which ``mean`` and ``kernel`` take the mean.
    half_life : float
        After so many periods an incident counts half in ``recent``.
    season : int, optional
        Periods after which the same comes again (12 months, 52 weeks), for ``same``; without it there is none.
    tests : int
        The last so many recorded periods are foreseen from those before each.

    Returns
    -------
    Forecast

    Raises
    ------
    InvalidInput
        ``lengths_differ``; ``not_finite``; ``not_positive``; ``not_a_share``; ``rate_parts_wrong`` (a count below 0).

    Notes
    -----
    Source: Chainey, Tompson & Uhlig (2008), PAI; Hunt (2016), PEI*: by the most that the same ground could have held
    (an upper bound where places differ in size: the last place may then count in part). The method is chosen on the
    same periods that score it, which flatters it a little; ``FOLLOWED`` does not: in each period it takes the method
    that was best until then.
    """
    c, xy = np.asarray(counts, dtype=np.float64), np.column_stack([x, y]).astype(np.float64)
    area = np.asarray(area_km2, dtype=np.float64)
    n = len(xy)
    if c.ndim != 2 or len(c) != n or area.shape != (n,):
        raise InvalidInput("lengths_differ", name="counts")
    steps = c.shape[1]
    there = np.ones(steps, dtype=bool) if recorded is None else np.asarray(recorded, dtype=bool)
    if there.shape != (steps,):
        raise InvalidInput("lengths_differ", name="recorded")
    if not (np.isfinite(c[:, there]).all() and np.isfinite(xy).all() and np.isfinite(area).all()):
        raise InvalidInput("not_finite", name="counts, x, y, area_km2")
    if (c[:, there] < 0).any():
        raise InvalidInput("rate_parts_wrong")
    if (area <= 0).any():
        raise InvalidInput("not_positive", name="area_km2")
    if not 0 < area_share < 1:
        raise InvalidInput("not_a_share", name="area_share")
    for name, value in (("bandwidth_m", bandwidth_m), ("last", last), ("half_life", half_life), ("tests", tests)):
        require_positive(name, value)
    model = _Model(np.where(there, c, 0.0), there, _spread(xy, area, bandwidth_m), last, half_life, season)
    tested = np.flatnonzero(there)[2:][-tests:]
    summary: dict[str, Any] = {
        "steps": int(there.sum()), "tests": len(tested), "area_share": area_share, "bandwidth_m": bandwidth_m,
        "half_life": half_life, "last": last, "season": season, "left_out": [], "reason": None,
    }  # fmt: skip
    if len(tested) < 2:
        summary["reason"] = "too_few_periods"
    elif not there[-1]:
        summary["reason"] = "no_records_now"
    elif c[:, tested].sum() == 0:
        summary["reason"] = "no_incidents"
    if summary["reason"]:
        return Forecast(pd.DataFrame(index=range(n)), _score_rows([], area), None, summary)
    rounds: dict[str, list[tuple[float, float, float, float]]] = {}
    for method in Method:
        found = [_tried(model, method, int(step), area, area_share) for step in tested]
        if None in found or model.expected(method, steps) is None:
            summary["left_out"].append(method.value)
        else:
            rounds[method.value] = [one for one in found if one is not None]
    rounds[FOLLOWED] = _followed(rounds, len(tested))
    scores = _score_rows(list(rounds.items()), area)
    own = scores[scores["method"] != FOLLOWED]
    chosen = str(own["method"].iloc[int(own["pai"].to_numpy().argmax())])
    columns: dict[str, Any] = {}
    for name in own["method"]:
        expected = model.expected(Method(name), steps)
        if expected is not None:
            columns[name], columns[f"{name}_marked"] = expected, _marked(expected, model.usual(steps), area, area_share)
    return Forecast(pd.DataFrame(columns), scores, chosen, summary)


@dataclass(frozen=True, slots=True)
class _Model:
    counts: Floats
    there: Flags
    spread: Any
    last: int
    half_life: float
    season: int | None

    def expected(self, method: Method, step: int) -> Floats | None:
        """Foresee a period from those before it; None where the method knows none."""
        past = np.flatnonzero(self.there[:step])
        if method is Method.SAME:
            if not self.season:
                return None
            past = past[(step - past) % self.season == 0]
            return None if not len(past) else np.asarray(self.counts[:, past].mean(axis=1))
        if method is Method.RECENT:
            weight = 0.5 ** ((step - past) / self.half_life)
            return np.asarray(self.spread @ (self.counts[:, past] @ weight) / weight.sum())
        past = past[-(1 if method is Method.LAST else self.last) :]
        mean = np.asarray(self.counts[:, past].mean(axis=1))
        return np.asarray(self.spread @ mean) if method is Method.KERNEL else mean

    def usual(self, step: int) -> Floats:
        """Give the mean of all periods before: it decides between places of equal forecast."""
        return np.asarray(self.counts[:, :step].sum(axis=1))


def _spread(xy: Floats, area: Floats, bandwidth_m: float) -> Any:
    """Share incidents of a place out to those around it; none is lost at the border."""
    tree = cKDTree(xy)
    pairs = tree.query_pairs(bandwidth_m, output_type="ndarray")
    own = np.arange(len(xy))
    to, from_ = np.r_[own, pairs[:, 0], pairs[:, 1]], np.r_[own, pairs[:, 1], pairs[:, 0]]
    u2 = ((xy[to] - xy[from_]) ** 2).sum(axis=1) / bandwidth_m**2
    kernel = sparse.csr_array(((1.0 - np.minimum(u2, 1.0)) ** 2 * area[to], (to, from_)), shape=(len(xy),) * 2)
    return kernel @ sparse.diags_array(1.0 / kernel.sum(axis=0))


def _marked(expected: Floats, usual: Floats, area: Floats, area_share: float) -> Flags:
    """Mark the densest forecasts until the share of the ground is used up; at least one place, none without any."""
    order = np.lexsort((np.arange(len(area)), -usual / area, -expected / area))
    room = np.cumsum(area[order]) <= area_share * area.sum() * (1 + 1e-9)
    room[:1] = True
    marked = np.zeros(len(area), dtype=bool)
    marked[order[room]] = True
    return marked & (expected > 0)


def _tried(
    model: _Model, method: Method, step: int, area: Floats, area_share: float
) -> tuple[float, float, float, float] | None:
    """Give hits, incidents, marked area and the most hits that such an area could have held."""
    expected = model.expected(method, step)
    if expected is None:
        return None
    marked = _marked(expected, model.usual(step), area, area_share)
    came, used = model.counts[:, step], float(area[marked].sum())
    return float(came[marked].sum()), float(came.sum()), used, most_hits(came, area, used)


def most_hits(came: Floats, area: Floats, used: float) -> float:
    """Give the most incidents that places of a total area could have held, the last of them counting in part."""
    order = np.argsort(-came / area, kind="stable")
    share = np.clip((used - (np.cumsum(area[order]) - area[order])) / area[order], 0.0, 1.0)
    # rounding must not cost the last place
    return float(came[order] @ np.where(share > 1 - 1e-9, 1.0, share))


def _followed(
    rounds: dict[str, list[tuple[float, float, float, float]]], tests: int
) -> list[tuple[float, float, float, float]]:
    names = list(rounds)
    taken = []
    for t in range(tests):
        before = [sum(r[0] for r in rounds[m][:t]) / max(sum(r[2] for r in rounds[m][:t]), 1e-12) for m in names]
        taken.append(rounds[names[int(np.argmax(before))]][t])
    return taken


def _score_rows(rounds: list[tuple[str, list[tuple[float, float, float, float]]]], area: Floats) -> pd.DataFrame:
    rows = []
    for name, tried in rounds:
        hits, incidents, used, most = (float(v) for v in np.sum(tried, axis=0))
        share = used / (len(tried) * float(area.sum()))
        rate = hits / incidents
        low, high = _interval(hits, incidents)
        rows.append({
            "method": name, "hits": hits, "incidents": incidents, "area_share": share, "hit_rate": rate,
            "hit_low": low, "hit_high": high, "pai": rate / share if share else 0.0,
            "best_pai": most / incidents / share if share else 0.0, "pei": hits / most if most else 0.0,
        })  # fmt: skip
    columns = [
        "method", "hits", "incidents", "area_share", "hit_rate", "hit_low", "hit_high", "pai", "best_pai", "pei",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _interval(hits: float, of: float) -> tuple[float, float]:
    """Give Clopper and Pearson's interval of a share, 95 %."""
    low = float(scipy.stats.beta.ppf(0.025, hits, of - hits + 1)) if hits > 0 else 0.0
    return low, float(scipy.stats.beta.isf(0.025, hits + 1, of - hits)) if hits < of else 1.0


def say_forecast(found: Forecast) -> list[Statement]:
    """Say what is foreseen, never without how good such forecasts were."""
    summary = found.summary
    if summary["reason"] or found.chosen is None:
        return [say(f"silent_{summary['reason']}")]
    rows = {row["method"]: row for row in found.scores.to_dict("records")}
    best, honest = rows[found.chosen], rows[FOLLOWED]
    said = [
        say(
            "forecast", method=say(f"forecast_by_{found.chosen}"), percent=rounded(100 * best["area_share"]),
            hits=rounded(best["hits"]), incidents=rounded(best["incidents"]), tests=summary["tests"],
            low=rounded(100 * best["hit_low"]), high=rounded(100 * best["hit_high"]), pai=rounded(best["pai"]),
            best=rounded(best["best_pai"]), pei=rounded(100 * best["pei"]),
        ),
        say("forecast_followed", pai=rounded(honest["pai"])),
    ]  # fmt: skip
    # the best of several looks good by chance; what was chosen beforehand does not
    if honest["hit_low"] <= honest["area_share"]:
        said.append(say("forecast_no_better"))
    return said


def say_scores(found: Forecast) -> list[Statement]:
    """Say the score of every method that was tested, the best first, and which could not be."""
    rows = found.scores.sort_values("pai", ascending=False, kind="stable").to_dict("records")
    said = [
        say(
            "forecast_score", method=say(f"forecast_by_{row['method']}"), pai=rounded(row["pai"]),
            best=rounded(row["best_pai"]), pei=rounded(100 * row["pei"]),
        )
        for row in rows
        if row["method"] != FOLLOWED
    ]  # fmt: skip
    return said + [say("forecast_left_out", method=say(f"forecast_by_{name}")) for name in found.summary["left_out"]]
