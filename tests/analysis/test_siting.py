"""Best places: as good as trying every choice, and each place with its reason."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridmap.analysis.siting import UNSERVED, cover_all, cover_most, shortest_ways
from gridmap.errors import GridmapError

LINE = np.array([0.0, 100.0, 200.0, 300.0, 400.0])


def ways(places: list[float]) -> np.ndarray:
    return np.abs(LINE[:, None] - np.array(places)[None, :])


def test_the_fewest_posts_that_reach_everybody():
    found = cover_all(np.ones(5), ways([0, 100, 200, 300, 400]), within_m=100)
    assert found.objective == 2
    assert found.proven
    assert found.served == 5
    assert cover_all(np.ones(5), ways([0, 100, 200, 300, 400]), within_m=99.9).objective == 5


def test_what_is_there_counts_before_anything_new():
    found = cover_all(np.ones(5), ways([300]), within_m=100, existing_m=ways([100]))
    assert found.places == [0]
    assert found.assigned.tolist() == [-1, -1, -1, 0, 0]
    row = found.chosen.iloc[0]
    # 200, 300 and 400 are in its reach; 200 is in that of the old one as well, which is as near
    assert (row.serves, row.only_here, row.newly) == (2, 2, 2)
    assert cover_all(np.ones(5), ways([300]), within_m=300, existing_m=ways([100])).places == []


def test_most_people_with_one_post_and_its_reason():
    demand = np.array([1, 1, 10, 1, 0])
    found = cover_most(demand, ways([0, 200, 400]), 1, within_m=100)
    assert found.places == [1]
    assert (found.served, found.demand) == (12, 13)
    assert found.assigned.tolist() == [UNSERVED, 1, 1, 1, UNSERVED]
    assert found.chosen.mean_m.tolist() == pytest.approx([200 / 12])


def test_a_place_that_brings_nothing_is_not_suggested():
    assert cover_most(np.ones(5), ways([200, 200, 200]), 3, within_m=500).chosen["serves"].tolist() == [5.0]


def test_the_middle_has_the_shortest_ways():
    found = shortest_ways(np.ones(5), ways([0, 100, 200, 300, 400]), 1)
    assert found.places == [2]
    assert found.objective == 600
    two = shortest_ways(np.ones(5), ways([0, 100, 200, 300, 400]), 2)
    assert two.objective == 300


def test_a_post_serves_no_more_than_it_can():
    found = cover_most(np.full(5, 10.0), ways([200]), 1, within_m=500, capacity=[25])
    assert found.served == pytest.approx(25)
    every = cover_all(np.full(5, 10.0), ways([200, 200, 200]), within_m=500, capacity=[25, 25, 25])
    assert every.objective == 2
    assert sum(every.chosen.serves) == pytest.approx(50)
    assert (every.chosen.serves <= 25 + 1e-6).all()
    old = cover_all(
        np.full(5, 10.0), ways([200]), within_m=500, capacity=[20], existing_m=ways([0]), existing_capacity=[30]
    )
    assert old.objective == 1


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: cover_all(np.ones(5), ways([0]), within_m=100), "places_out_of_reach"),
        (lambda: cover_all(np.ones(5), ways([200]), within_m=500, capacity=[4]), "places_no_room"),
        (lambda: cover_all(np.ones(4), ways([0]), within_m=100), "places_shape"),
        (lambda: cover_all(np.ones(5), ways([0]), within_m=0), "not_positive"),
        (lambda: cover_all(-np.ones(5), ways([0]), within_m=100), "setting_negative"),
        (lambda: cover_all(np.ones(5), ways([0]) * np.nan, within_m=100), "setting_negative"),
        (lambda: cover_all(np.ones(5), ways([0]), within_m=100, capacity=[1, 2]), "places_shape"),
        (lambda: cover_most(np.ones(5), ways([0]), 2, within_m=100), "places_count"),
        (lambda: shortest_ways(np.ones(5), ways([0]), -1), "places_count"),
        (lambda: shortest_ways(np.ones(700), np.ones((700, 700)), 3), "places_too_many"),
    ],
)
def test_what_cannot_be_solved_is_refused_with_its_reason(call, code: str):
    with pytest.raises(GridmapError) as raised:
        call()
    assert raised.value.code == code


# --- against trying everything


def best_flow(demand: np.ndarray, way: np.ndarray, room: np.ndarray, *, everybody: bool) -> float | None:
    """Serve demand from open posts with limits: the least ways, or the most demand; None where not all fit."""
    n, m = way.shape
    if not m:
        return (None if everybody else 0.0) if demand.sum() else 0.0
    reach = np.isfinite(way).ravel()
    cost = np.where(reach, np.nan_to_num(way.ravel(), posinf=0.0), 0.0) if everybody else -np.ones(n * m)
    by_row, by_post = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    bounds = [(0, None if ok else 0) for ok in reach]
    if everybody:
        found = linprog(cost, A_ub=by_post, b_ub=room, A_eq=by_row, b_eq=demand, bounds=bounds)
    else:
        found = linprog(cost, A_ub=np.vstack([by_post, by_row]), b_ub=np.r_[room, demand], bounds=bounds)
    return float(found.fun) if found.success else None


small = st.integers(1, 5)


@st.composite
def towns(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    n, m, k = draw(small), draw(small), draw(st.integers(0, 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    homes, spots, old = rng.uniform(0, 1_000, (n, 2)), rng.uniform(0, 1_000, (m, 2)), rng.uniform(0, 1_000, (k, 2))
    way = lambda to: np.hypot(*(homes[:, None] - to[None]).transpose(2, 0, 1))  # noqa: E731
    room = rng.integers(1, 40, m).astype(float) if draw(st.booleans()) else None
    return rng.integers(1, 20, n).astype(float), way(spots), way(old), room


def tried(town: tuple, within_m: float, sizes: range, *, everybody: bool) -> dict[int, float]:
    """The best value of every number of new posts that works."""
    demand, new, old, room = town
    limits = np.full(new.shape[1], 1e9) if room is None else room
    found: dict[int, float] = {}
    for size in sizes:
        for choice in itertools.combinations(range(new.shape[1]), size):
            way = np.hstack([new[:, list(choice)], old])
            held = np.r_[limits[list(choice)], np.full(old.shape[1], 1e9)]
            value = best_flow(demand, np.where(way <= within_m, way, np.inf), held, everybody=everybody)
            if value is not None:
                found[size] = min(found.get(size, math.inf), value)
    return found


@settings(max_examples=25)
@given(town=towns(), within_m=st.floats(100, 1_500))
def test_the_fewest_are_the_fewest_of_all_choices(town: tuple, within_m: float):
    demand, new, old, room = town
    wanted = tried(town, within_m, range(new.shape[1] + 1), everybody=True)
    ask = {"within_m": within_m, "existing_m": old, "capacity": room}
    if not wanted:
        with pytest.raises(GridmapError):
            cover_all(demand, new, **ask)
        return
    found = cover_all(demand, new, **ask)
    assert found.objective == min(wanted)
    assert found.served == pytest.approx(demand.sum(), rel=1e-6)


@settings(max_examples=25)
@given(town=towns(), within_m=st.floats(100, 1_500), count=st.integers(0, 3))
def test_no_other_choice_reaches_more(town: tuple, within_m: float, count: int):
    demand, new, old, room = town
    count = min(count, new.shape[1])
    found = cover_most(demand, new, count, within_m=within_m, existing_m=old, capacity=room)
    wanted = tried(town, within_m, range(count + 1), everybody=False)
    assert found.served == pytest.approx(-min(wanted.values()), rel=1e-5, abs=1e-6)
    assert len(found.chosen) <= count
    if room is not None:
        assert (found.chosen.serves.to_numpy() <= room[found.chosen.place] + 1e-5).all()


@settings(max_examples=25)
@given(town=towns(), count=st.integers(1, 3))
def test_no_other_choice_has_shorter_ways(town: tuple, count: int):
    demand, new, old, room = town
    count = min(count, new.shape[1])
    wanted = tried(town, math.inf, range(count, count + 1), everybody=True)
    if not wanted:
        with pytest.raises(GridmapError):
            shortest_ways(demand, new, count, existing_m=old, capacity=room)
        return
    found = shortest_ways(demand, new, count, existing_m=old, capacity=room)
    assert found.objective == pytest.approx(wanted[count], rel=1e-5, abs=1e-5)
    assert len(found.chosen) == count
