"""Best places for new posts: as few as reach all, as many reached as some can, or the shortest ways.

``cover_all`` (location set covering), ``cover_most`` (maximal covering location) and ``shortest_ways`` (p-median) are
solved exactly as mixed integer programs by HiGHS, which comes with SciPy. Posts that are there already count before new
ones are chosen, and where a post has a capacity it serves no more than that.

Source: Toregas et al. (1971); Church and ReVelle (1974); Hakimi (1964), ReVelle and Swain (1970).
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack

from gridmap.errors import InvalidInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Model = Literal["cover_all", "cover_most", "shortest_ways"]

#: A program with more variables than this is refused: it would not end in a time that anybody waits.
MOST_VARIABLES = 400_000
#: A solution is proved to be within this share of the best one.
_GAP = 1e-6
_EPS = 1e-6


@dataclass(frozen=True)
class Siting:
    """What was chosen, and why.

    Attributes
    ----------
    chosen : DataFrame
        One row a new place, by what it brings: ``place`` (row of the candidates), ``serves`` (demand that it serves),
        ``only_here`` (demand that nothing else chosen or existing reaches), ``newly`` (demand it reaches that no
        existing post does), ``mean_m`` (mean way of those it serves; NaN where it serves nobody).
    assigned : array of int
        For each demand the post that serves most of it: a row of the candidates, or ``-1 - row`` of an existing post;
        ``UNSERVED`` where nobody does.
    served, demand : float
        Demand that is served, and all of it.
    mean_m : float
        Mean way of what is served, by new and existing posts; NaN where nobody is.
    objective : float
        New posts; demand served; or demand times metres.
    proven : bool
        HiGHS proved it to be the best.
    """

    model: Model
    chosen: pd.DataFrame
    assigned: Ints
    served: float
    demand: float
    mean_m: float
    objective: float
    proven: bool

    @property
    def places(self) -> list[int]:
        """The rows of the chosen candidates, sorted."""
        return sorted(self.chosen["place"].tolist())


#: In ``assigned``: nobody serves it.
UNSERVED = np.iinfo(np.intp).min


def cover_all(
    demand: npt.ArrayLike,
    ways_m: npt.ArrayLike,
    *,
    within_m: float,
    existing_m: npt.ArrayLike | None = None,
    capacity: npt.ArrayLike | None = None,
    existing_capacity: npt.ArrayLike | None = None,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose the fewest new posts so that everybody has one within reach (LSCP).

    Parameters
    ----------
    demand : array of float, shape (n,)
        Such as households, >= 0; those of 0 need nobody.
    ways_m : array of float, shape (n, m)
        Metres from each demand to each candidate; infinite where there is no way.
    within_m : float
        Reach of a post; exactly that far is reached.
    existing_m : array of float, shape (n, k), optional
        The same to the posts that are there.
    capacity, existing_capacity : array of float, shape (m,) and (k,), optional
        Demand that each can serve; without them, any.
    time_limit_s : float
        Afterwards the best solution found so far is given, with ``proven`` False.

    Raises
    ------
    InvalidInput
        ``places_shape``, ``setting_negative``, ``not_positive``, ``places_out_of_reach`` (some demand has no place
        within reach), ``places_no_room`` (so many places cannot serve it), ``places_too_many``, ``places_not_found``
        (no solution in the time).
    """
    problem = _problem(demand, ways_m, within_m, existing_m, capacity, existing_capacity)
    return _solve(problem, "cover_all", None, time_limit_s)


def cover_most(
    demand: npt.ArrayLike,
    ways_m: npt.ArrayLike,
    count: int,
    *,
    within_m: float,
    existing_m: npt.ArrayLike | None = None,
    capacity: npt.ArrayLike | None = None,
    existing_capacity: npt.ArrayLike | None = None,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose up to ``count`` new posts that reach as much demand as so many can (MCLP); else as ``cover_all``."""
    problem = _problem(demand, ways_m, within_m, existing_m, capacity, existing_capacity)
    return _solve(problem, "cover_most", _count(count, problem), time_limit_s)


def shortest_ways(
    demand: npt.ArrayLike,
    ways_m: npt.ArrayLike,
    count: int,
    *,
    within_m: float = math.inf,
    existing_m: npt.ArrayLike | None = None,
    capacity: npt.ArrayLike | None = None,
    existing_capacity: npt.ArrayLike | None = None,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose ``count`` new posts with the least sum of demand times way (p-median); else as ``cover_all``.

    Everybody is served, within ``within_m`` where that is finite.
    """
    problem = _problem(demand, ways_m, within_m, existing_m, capacity, existing_capacity)
    return _solve(problem, "shortest_ways", _count(count, problem), time_limit_s)


@dataclass(frozen=True)
class _Problem:
    """Demand above 0 only. Pairs (row, post) within reach; posts 0..m-1 are candidates, those after them exist."""

    demand: Floats
    rows: Ints
    everyone: int
    candidates: int
    posts: int
    row: Ints
    post: Ints
    way_m: Floats
    capacity: Floats


def _problem(
    demand: npt.ArrayLike,
    ways_m: npt.ArrayLike,
    within_m: float,
    existing_m: npt.ArrayLike | None,
    capacity: npt.ArrayLike | None,
    existing_capacity: npt.ArrayLike | None,
) -> _Problem:
    need = np.asarray(demand, dtype=np.float64)
    ways = np.asarray(ways_m, dtype=np.float64)
    there = np.zeros((len(need), 0)) if existing_m is None else np.asarray(existing_m, dtype=np.float64)
    if need.ndim != 1 or ways.ndim != 2 or there.ndim != 2 or len(ways) != len(need) or len(there) != len(need):
        raise InvalidInput("places_shape")
    if not within_m > 0:
        raise InvalidInput("not_positive", name="within_m")
    both = np.hstack([ways, there])
    limits = [
        np.full(k, np.inf) if given is None else np.asarray(given, dtype=np.float64)
        for k, given in ((ways.shape[1], capacity), (there.shape[1], existing_capacity))
    ]
    if limits[0].shape != (ways.shape[1],) or limits[1].shape != (there.shape[1],):
        raise InvalidInput("places_shape")
    room = np.concatenate(limits)
    if np.isnan(both).any() or (both < 0).any() or np.isnan(room).any() or (room < 0).any():
        raise InvalidInput("setting_negative", name="ways_m, capacity")
    if not np.isfinite(need).all() or (need < 0).any():
        raise InvalidInput("setting_negative", name="demand")
    rows = np.flatnonzero(need > 0)
    row, post = np.nonzero((both[rows] <= within_m) & np.isfinite(both[rows]))
    way = both[rows][row, post]
    return _Problem(need[rows], rows, len(need), ways.shape[1], both.shape[1], row, post, way, room)


def _count(count: int, problem: _Problem) -> int:
    if not 0 <= count <= problem.candidates:
        raise InvalidInput("places_count", low=0, high=problem.candidates)
    return count


def _solve(problem: _Problem, model: Model, count: int | None, time_limit_s: float) -> Siting:
    """Solve the smallest program that says the same, and tell what came out of the whole problem."""
    alone = len(problem.demand) - len(np.unique(problem.row))
    if model != "cover_most" and alone:
        raise InvalidInput("places_out_of_reach", count=alone)
    if np.isfinite(problem.capacity).any():
        x, proven = _by_shares(problem, model, count, time_limit_s)
        return _told(problem, model, x, proven, nearest=False)
    if model == "shortest_ways":
        x, proven = _by_shares(_useful(problem), model, count, time_limit_s)
    else:
        x, proven = _by_cover(problem, count, time_limit_s)
    there = np.r_[x[: problem.candidates], np.ones(problem.posts - problem.candidates), np.zeros(len(problem.row))]
    return _told(problem, model, there, proven, nearest=True)


def _useful(p: _Problem) -> _Problem:
    """Leave out ways that nobody would go: what is there is nearer, and stays."""
    there = p.post >= p.candidates
    nearest = np.full(len(p.demand), np.inf)
    np.minimum.at(nearest, p.row[there], p.way_m[there])
    held = np.flatnonzero(np.where(there, p.way_m == nearest[p.row], p.way_m < nearest[p.row]))
    return replace(p, row=p.row[held], post=p.post[held], way_m=p.way_m[held])


def _by_cover(p: _Problem, count: int | None, time_limit_s: float) -> tuple[Floats, bool]:
    """Cover with posts that serve any demand: candidates (0 or 1) and, with a ``count``, rows that are reached."""
    waiting = np.ones(len(p.demand), dtype=bool)
    waiting[p.row[p.post >= p.candidates]] = False
    rows = np.flatnonzero(waiting)
    if not len(rows) or not p.candidates:
        return np.zeros(p.candidates), True
    order = np.full(len(p.demand), -1)
    order[rows] = np.arange(len(rows))
    held = waiting[p.row]
    reach = csr_array((np.ones(held.sum()), (order[p.row[held]], p.post[held])), shape=(len(rows), p.candidates))
    if count is None:
        return _milp(np.ones(p.candidates), p.candidates, [LinearConstraint(reach, 1.0, np.inf)], time_limit_s)
    size = p.candidates + len(rows)
    reached = hstack([reach, -eye_array(len(rows))]).tocsr()
    new = csr_array((np.ones(p.candidates), (np.zeros(p.candidates, int), np.arange(p.candidates))), shape=(1, size))
    constraints = [LinearConstraint(reached, 0.0, np.inf), LinearConstraint(new, 0, count)]
    return _milp(np.r_[np.zeros(p.candidates), -p.demand[rows]], p.candidates, constraints, time_limit_s)


def _milp(
    cost: Floats, posts: int, constraints: list[LinearConstraint], time_limit_s: float, least: Floats | None = None
) -> tuple[Floats, bool]:
    """Solve with the first ``posts`` variables 0 or 1 and the others between; tell whether it is proven."""
    size = len(cost)
    if size > MOST_VARIABLES:
        raise InvalidInput("places_too_many", count=size, limit=MOST_VARIABLES)
    found = milp(
        cost,
        integrality=np.r_[np.ones(posts), np.zeros(size - posts)],
        bounds=Bounds(np.zeros(size) if least is None else least, 1.0),
        constraints=constraints,
        options={"time_limit": time_limit_s, "mip_rel_gap": _GAP},
    )
    if found.x is None:
        raise InvalidInput("places_no_room" if found.status == 2 else "places_not_found")
    return np.asarray(found.x), found.status == 0


def _by_shares(problem: _Problem, model: Model, count: int | None, time_limit_s: float) -> tuple[Floats, bool]:
    """Solve with variables: posts (0 or 1), then shares of each row served by each post in reach (0 to 1)."""
    p, pairs, n = problem, len(problem.row), len(problem.demand)
    if p.posts + pairs > MOST_VARIABLES:  # before anything of that size is made
        raise InvalidInput("places_too_many", count=p.posts + pairs, limit=MOST_VARIABLES)
    least = np.zeros(p.posts + pairs)
    least[p.candidates : p.posts] = 1.0  # what is there stays
    cost = np.zeros(p.posts + pairs)
    share = p.posts + np.arange(pairs)
    match model:
        case "cover_all":
            cost[: p.candidates] = 1.0
        case "cover_most":
            cost[share] = -p.demand[p.row]
        case "shortest_ways":
            cost[share] = p.demand[p.row] * p.way_m
    size = p.posts + pairs
    served = csr_array((np.ones(pairs), (p.row, share)), shape=(n, size))
    constraints = [LinearConstraint(served, 0.0 if model == "cover_most" else 1.0, 1.0)]
    # nobody is served by a post that is not there
    pair = np.arange(pairs)
    entries = (np.r_[np.ones(pairs), -np.ones(pairs)], (np.r_[pair, pair], np.r_[share, p.post]))
    open_only = csr_array(entries, shape=(pairs, size))
    constraints.append(LinearConstraint(open_only, -np.inf, 0.0))
    limited = np.flatnonzero(np.isfinite(p.capacity))
    if len(limited):
        load = csr_array((p.demand[p.row], (p.post, share)), shape=(p.posts, size))
        room = csr_array((p.capacity[limited], (np.arange(len(limited)), limited)), shape=(len(limited), size))
        constraints.append(LinearConstraint((load[limited] - room).tocsr(), -np.inf, 0.0))
    if count is not None:
        new = csr_array(
            (np.ones(p.candidates), (np.zeros(p.candidates, int), np.arange(p.candidates))), shape=(1, size)
        )
        # more posts never make ways longer, so that exactly as many are chosen as asked for
        constraints.append(LinearConstraint(new, count if model == "shortest_ways" else 0, count))
    return _milp(cost, p.posts, constraints, time_limit_s, least)


def _told(p: _Problem, model: Model, x: Floats, proven: bool, nearest: bool) -> Siting:
    there = x[: p.posts] > 0.5
    share = np.where(there[p.post], x[p.posts :], 0.0)
    if nearest:  # where no post has a limit, everybody goes to the nearest one, of two the older
        open_way = np.where(there[p.post], p.way_m, np.inf)
        order = np.lexsort([p.post, p.post < p.candidates, open_way, p.row])
        first = order[np.r_[True, p.row[order][1:] != p.row[order][:-1]]] if len(order) else order
        share = np.zeros(len(p.row))
        share[first] = np.isfinite(open_way[first])
    amount = share * p.demand[p.row]
    reached_by = np.bincount(p.row[there[p.post]], minlength=len(p.demand))
    by_existing = np.bincount(p.row[p.post >= p.candidates], minlength=len(p.demand)) > 0
    rows = []
    for place in np.flatnonzero(there[: p.candidates]).tolist():
        mine = np.flatnonzero(p.post == place)
        who, serves = p.row[mine], float(amount[mine].sum())
        mean = float((amount[mine] * p.way_m[mine]).sum() / serves) if serves > _EPS else math.nan
        alone, newly = who[reached_by[who] == 1], who[~by_existing[who]]
        if model == "cover_most" and serves <= _EPS:
            continue  # one more was allowed and brings nothing
        rows.append((place, serves, float(p.demand[alone].sum()), float(p.demand[newly].sum()), mean))
    chosen = pd.DataFrame(rows, columns=["place", "serves", "only_here", "newly", "mean_m"])
    chosen = chosen.astype({"place": "int64"}).sort_values(
        ["serves", "place"], ascending=[False, True], ignore_index=True
    )
    assigned = np.full(p.everyone, UNSERVED, dtype=np.intp)
    order = np.lexsort([p.post, -share, p.row])
    order = order[share[order] > _EPS]
    first = order[np.r_[True, p.row[order][1:] != p.row[order][:-1]]] if len(order) else order
    who = p.post[first]
    assigned[p.rows[p.row[first]]] = np.where(who < p.candidates, who, p.candidates - 1 - who)
    served = float(amount.sum())
    ways = float((amount * p.way_m).sum())
    objective = {"cover_all": float(len(chosen)), "cover_most": served, "shortest_ways": ways}[model]
    mean_m = ways / served if served > _EPS else math.nan
    return Siting(model, chosen, assigned, served, float(p.demand.sum()), mean_m, objective, proven)
