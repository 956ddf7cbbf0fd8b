"""What holds on every random valid tiling, judged by rational arithmetic; and faulty locators that must not pass."""

from collections.abc import Callable
from functools import cache

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from builders import flip_winding, rotate_rings, shuffle_rows, translate
from exact import Truth, edges_of, judge
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from strategies import CELLS, KINDS, LUMPS, ORIGINS, STEPS, Recipe, build, edges_match, hard_points, recipes

from gridmap.analysis.locator import Answers, Locator
from gridmap.analysis.responsibility import owner_codes

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Ask = Callable[[gpd.GeoDataFrame, np.ndarray, np.ndarray], Truth]


def ask_locator(frame: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray) -> Truth:
    """What the locator says, in the form of the judge."""
    locator = Locator.from_frame(frame)
    answers = locator.locate_many(x, y, border=False)
    held: list[list[str]] = [[] for _ in range(len(x))]
    for point, grid in zip(*locator.holders(x, y), strict=True):
        held[point].append(locator.codes[grid])
    assert [len(h) for h in held] == answers.holders.tolist()
    return Truth(
        owner=owner_codes(locator, answers).tolist(),
        holders=[tuple(h) for h in held],
        method=answers.methods().tolist(),
        overlapped=answers.overlapped.tolist(),
    )


def check_rule(ask: Ask, frame: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray) -> int:
    """Hold answers against the judge; give the number of points."""
    truth, said = judge(frame, x, y), ask(frame, x, y)
    assert said.owner == truth.owner
    assert said.holders == truth.holders
    assert said.method == truth.method
    assert said.overlapped == truth.overlapped
    assert not any(truth.overlapped)  # a tiling has no overlaps: else the strategy is broken, not the locator
    owners = sum(o is not None for o in said.owner)
    assert owners == sum(bool(h) for h in truth.holders)
    return len(x)


def same(a: Answers, b: Answers, codes_a: tuple[str, ...], codes_b: tuple[str, ...]) -> None:
    assert [codes_a[i] if i >= 0 else None for i in a.owner] == [codes_b[i] if i >= 0 else None for i in b.owner]
    assert (a.method == b.method).all()
    assert (a.holders == b.holders).all()
    assert (a.overlapped == b.overlapped).all()
    np.testing.assert_allclose(a.border_m, b.border_m, rtol=0, atol=1e-6)


@few
@given(recipe=recipes(), seed=seeds)
def test_every_point_of_the_ground_has_exactly_one_owner_and_no_other_point_has_one(recipe: Recipe, seed: int):
    frame = build(recipe)
    x, y = hard_points(frame, np.random.default_rng(seed))
    check_rule(ask_locator, frame, x, y)


@few
@given(recipe=recipes(largest=4), seed=seeds)
def test_overlapping_grids_still_give_the_lowest_code_that_holds_the_point(recipe: Recipe, seed: int):
    rng = np.random.default_rng(seed)
    frame = build(recipe)
    # a second copy of some grids under other codes, moved aside by a fraction of a cell
    double = translate(frame.sample(frac=0.5, random_state=seed % 2**32), recipe.cell * rng.uniform(-0.5, 0.5), 0.0)
    double["code"] = rng.permutation([f"{chr(65 + i % 26)}{i}" for i in range(len(double))])
    both = gpd.GeoDataFrame({"code": [*frame.code, *double.code]}, geometry=[*frame.geometry, *double.geometry])
    both = both.set_crs("EPSG:4326").loc[lambda f: f.geometry.is_valid]
    x, y = hard_points(both, rng)
    assert ask_locator(both, x, y) == judge(both, x, y)


# two neighbours, equally near at their common corner, whose distances differed in the last bit
EQUALLY_NEAR = Recipe(
    kind="letters", rows=6, columns=4, names=2, empty=0.0, step=1e-7, seed=1,
    origin=(-0.001, 51.5), cell=2.0**-16, lump=0.7,
)  # fmt: skip


@few
@example(recipe=EQUALLY_NEAR, seed=2**30)
@given(recipe=recipes(), seed=seeds)
def test_the_answer_survives_row_order_ring_start_winding_and_batches(recipe: Recipe, seed: int):
    rng = np.random.default_rng(seed)
    frame = build(recipe)
    x, y = hard_points(frame, rng, extra=20)
    near = recipe.cell * 20_000
    first = Locator.from_frame(frame)
    wanted = first.locate_many(x, y, nearest_within_m=near)
    for other in (shuffle_rows(frame, seed), rotate_rings(frame, 1 + seed % 3), flip_winding(frame)):
        locator = Locator.from_frame(other)
        same(locator.locate_many(x, y, nearest_within_m=near), wanted, locator.codes, first.codes)
    order = rng.permutation(len(x))
    cut = np.sort(rng.integers(0, len(x) + 1, 3))
    pieces = [first.locate_many(x[part], y[part], nearest_within_m=near) for part in np.split(order, cut)]
    for name in ("owner", "method", "holders", "overlapped", "border_m"):
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_array_equal(joined, getattr(wanted, name)[order])


@few
@given(
    recipe=recipes(steps=(2.0**-24,)).filter(lambda r: abs(r.origin[0]) > 64),
    seed=seeds,
    move=st.tuples(st.integers(-8, 8), st.integers(-3, 3)),
)
def test_a_map_and_its_points_moved_together_keep_their_owners(recipe: Recipe, seed: int, move: tuple[int, int]):
    origin = tuple(float(v) for v in np.round(recipe.origin))
    frame = build(Recipe(**{**vars(recipe), "origin": origin}))
    x, y = hard_points(frame, np.random.default_rng(seed))
    x, y = np.round(x * 2**26) / 2**26, np.round(y * 2**26) / 2**26
    dx, dy = move[0] / 4, move[1] / 4
    moved = translate(frame, dx, dy)
    # only a move without rounding is a fair question
    np.testing.assert_array_equal((x + dx) - dx, x)
    assert translate(moved, -dx, -dy).geometry.geom_equals_exact(frame.geometry, 0).all()
    a, b = Locator.from_frame(frame), Locator.from_frame(moved)
    one, two = a.locate_many(x, y, border=False), b.locate_many(x + dx, y + dy, border=False)
    assert owner_codes(a, one).tolist() == owner_codes(b, two).tolist()
    assert (one.method == two.method).all()
    assert (one.holders == two.holders).all()


@cache
def projection(epsg: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs("EPSG:4326", f"EPSG:{epsg}", always_xy=True)


def distance_m(frame: gpd.GeoDataFrame, code: str, x: float, y: float, epsg: int) -> float:
    """Metres to the border of a grid: plain vector arithmetic on projected corners."""
    to_m = projection(epsg)
    edges = edges_of(frame.geometry[frame.code == code].iloc[0])
    a, b = np.column_stack(to_m.transform(*edges.T[:2])), np.column_stack(to_m.transform(*edges.T[2:]))
    p = np.array(to_m.transform(x, y))
    along = b - a
    t = np.clip(((p - a) * along).sum(axis=1) / (along**2).sum(axis=1), 0, 1)
    return float(np.hypot(*(a + t[:, None] * along - p).T).min())


@few
@given(recipe=recipes(largest=4), seed=seeds)
def test_border_m_is_the_distance_to_the_owners_border(recipe: Recipe, seed: int):
    frame = build(recipe)
    x, y = hard_points(frame, np.random.default_rng(seed), extra=20)
    x, y = x[-40:], y[-40:]
    locator = Locator.from_frame(frame)
    answers = locator.locate_many(x, y, nearest_within_m=recipe.cell * 20_000)
    codes = owner_codes(locator, answers)
    for i, code in enumerate(codes):
        if code is None:
            assert np.isnan(answers.border_m[i])
            continue
        if answers.methods()[i] == "border":
            # by definition: a straight edge in degrees bends a little in metres
            assert answers.border_m[i] == 0
            continue
        wanted = distance_m(frame, code, x[i], y[i], locator.epsg)
        assert answers.border_m[i] == pytest.approx(wanted, abs=1e-6)
        if answers.methods()[i] == "nearest":
            others = [distance_m(frame, c, x[i], y[i], locator.epsg) for c in frame.code]
            assert wanted <= min(others) + 1e-6


@few
@given(recipe=recipes(largest=3), seed=seeds)
def test_candidates_are_all_holders_lowest_first(recipe: Recipe, seed: int):
    frame = build(recipe)
    x, y = hard_points(frame, np.random.default_rng(seed), extra=5)
    locator = Locator.from_frame(frame)
    truth = judge(frame, x[:20], y[:20])
    assert [locator.holders_of(a, b) for a, b in zip(x[:20], y[:20], strict=True)] == truth.holders


# --- faulty locators: the property above must catch each of them ---


def _by_row_order(frame: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray) -> Truth:
    said = ask_locator(frame, x, y)
    position = {code: i for i, code in enumerate(frame.code)}
    owner = [min(h, key=position.__getitem__) if h else None for h in said.holders]
    return Truth(owner, said.holders, said.method, said.overlapped)


def _by_predicate(predicate: str) -> Ask:
    def ask(frame: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray) -> Truth:
        ordered = frame.sort_values("code")
        codes, points = ordered.code.tolist(), shapely.points(x, y)
        point, grid = shapely.STRtree(ordered.geometry.array).query(points, predicate=predicate)
        held: list[list[str]] = [[] for _ in range(len(x))]
        for p, g in sorted(zip(point.tolist(), grid.tolist(), strict=True)):
            held[p].append(codes[g])
        method = judge(frame, x, y).method
        return Truth([h[0] if h else None for h in held], [tuple(h) for h in held], method, [False] * len(x))

    return ask


def _rounding(frame: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray) -> Truth:
    return ask_locator(frame, x.astype(np.float32).astype(float), y)


def _highest_code(frame: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray) -> Truth:
    said = ask_locator(frame, x, y)
    return Truth([h[-1] if h else None for h in said.holders], said.holders, said.method, said.overlapped)


def fails_somewhere(ask: Ask) -> bool:
    """Whether a locator fails the rule on any of a fixed row of tilings."""
    for seed in range(8):
        frame = shuffle_rows(build(Recipe(KINDS[seed % 4], 3, 3, 6, 0.1, 1e-7, seed)), seed)
        x, y = hard_points(frame, np.random.default_rng(seed))
        try:
            check_rule(ask, frame, x, y)
        except AssertionError:
            return True
    return False


@pytest.mark.parametrize(
    "faulty",
    [_by_row_order, _by_predicate("within"), _rounding, _highest_code],
    ids=["ties by row order", "within instead of intersects", "rounded coordinates", "highest code"],
)
def test_a_faulty_locator_fails_the_property(faulty: Ask):
    assert fails_somewhere(faulty)


def test_the_control_of_the_faulty_locators_passes():
    assert not fails_somewhere(ask_locator)
    assert not fails_somewhere(_by_predicate("intersects"))


def test_recipes_of_every_kind_give_tilings_with_parts_and_holes():
    frames = [build(Recipe(kind, 6, 6, 6, 0.1, 1e-7, seed, lump=0.7)) for kind in KINDS for seed in range(3)]
    for frame in frames:
        assert frame.geometry.is_valid.all()
        assert edges_match(frame.geometry.array)
        covered = shapely.area(shapely.union_all(frame.geometry.array))
        assert frame.geometry.array.area.sum() == pytest.approx(covered, rel=1e-12)
    shapes = np.concatenate([f.geometry.array for f in frames])
    assert (shapely.get_num_geometries(shapes) > 1).any()
    assert (shapely.get_num_interior_rings(shapely.get_parts(shapes)) > 0).any()


# --- the long form ---

LONG_TILINGS, LONG_POINTS = 1_000, 1_000_000


@pytest.mark.slow
def test_a_million_points_over_a_thousand_tilings_have_their_one_owner():
    rng = np.random.default_rng(20260101)
    tilings = points = 0
    while tilings < LONG_TILINGS or points < LONG_POINTS:
        frame = build(random_recipe(rng, tilings))
        x, y = hard_points(frame, rng, extra=400)
        points += check_rule(ask_locator, frame, x, y)
        tilings += 1
    assert tilings >= LONG_TILINGS
    assert points >= LONG_POINTS
    print(f"{points:,} points over {tilings:,} tilings")


def random_recipe(rng: np.random.Generator, number: int) -> Recipe:
    """A recipe of medium size; the kinds take turns."""
    rows, columns = (int(v) for v in rng.integers(3, 9, 2))
    return Recipe(
        kind=KINDS[number % len(KINDS)],
        rows=rows,
        columns=columns,
        names=int(rng.integers(2, rows * columns + 4)),
        empty=float(rng.choice([0.0, 0.1, 0.4])),
        step=float(rng.choice(STEPS)),
        seed=int(rng.integers(2**32)),
        origin=ORIGINS[int(rng.integers(len(ORIGINS)))],
        cell=float(rng.choice(CELLS)),
        lump=float(rng.choice(LUMPS)),
    )
