"""The fast judge against the short one, and its filter against fractions: a proof is no better than its judge."""

import numpy as np
import pytest
from exact import BORDER, INSIDE, Exact, _side, judge, sides
from strategies import KINDS, Recipe, build, hard_points


def _near_lines(rng: np.random.Generator, n: int, scale: float, centre: float) -> tuple[np.ndarray, np.ndarray]:
    """Edges, and points within a few binary digits of the line through each."""
    edges = centre + rng.uniform(-scale, scale, (n, 4))
    share = rng.uniform(-0.5, 1.5, (n, 1))
    points = edges[:, :2] + share * (edges[:, 2:] - edges[:, :2])
    return edges, points + rng.integers(-2, 3, points.shape) * np.spacing(points)


@pytest.mark.parametrize(
    ("scale", "centre"),
    [
        *((1.0, 0.0), (1e-3, 120.0), (1e-7, 36.0), (1e-12, 120.0), (1e-150, 0.0), (1e-160, 0.0), (1e-300, 0.0)),
        *((5e-323, 0.0), (1e7, 3.9e7), (1e160, 0.0), (1e300, 0.0)),
    ],
)
def test_the_side_of_a_point_is_that_of_fractions(scale: float, centre: float):
    edges, points = _near_lines(np.random.default_rng(1), 400, scale, centre)
    wanted = [_side(*edge, *point) for edge, point in zip(edges.tolist(), points.tolist(), strict=True)]
    assert sides(edges, *points.T).tolist() == wanted
    assert len(set(wanted)) == 3 or scale not in (5e-323, 1e-12)


def test_the_side_is_right_where_a_plain_sum_is_wrong():
    edges, points = _near_lines(np.random.default_rng(2), 5_000, 100.0, 0.0)
    x0, y0, x1, y1 = edges.T
    plain = np.sign((x1 - x0) * (points[:, 1] - y0) - (y1 - y0) * (points[:, 0] - x0))
    assert (plain != sides(edges, *points.T)).any()


@pytest.mark.parametrize("seed", range(12))
def test_the_fast_judge_says_what_the_short_one_says(seed: int):
    rng = np.random.default_rng(seed)
    step = (1e-7, 2.0**-24, 0.0)[seed % 3]
    frame = build(Recipe(KINDS[seed % 4], 3, 4, 6, 0.2, step, seed, lump=0.3))
    x, y = hard_points(frame, rng)
    truth, exact = judge(frame, x, y), Exact.of(frame)
    point, grid, place = exact.places(x, y, chunk=97)
    held: list[list[str]] = [[] for _ in range(len(x))]
    for p, g in zip(point.tolist(), grid.tolist(), strict=True):
        held[p].append(exact.codes[g])
    assert [tuple(h) for h in held] == truth.holders
    assert [exact.codes[i] if i >= 0 else None for i in exact.owners(x, y)] == truth.owner
    assert np.isin(np.arange(len(x)), point[place == BORDER]).tolist() == [m == "border" for m in truth.method]
    assert set(place.tolist()) == {INSIDE, BORDER}


def test_no_points_are_judged_too():
    exact = Exact.of(build(Recipe("letters", 2, 2, 2, 0.0, 1e-7, 1)))
    assert len(exact.owners(np.zeros(0), np.zeros(0))) == 0
