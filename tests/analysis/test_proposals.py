"""Proposals: every division is an exact tiling, connected, nested, in bounds; small ones are the best there are."""

from collections.abc import Iterator
from itertools import permutations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from builders import tiling
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap import crs
from gridmap.analysis.edges import edges_of, matched_edges
from gridmap.analysis.proposals import kernels, search
from gridmap.analysis.proposals.faces import Borders
from gridmap.analysis.proposals.fishnet import fishnet, unit_grids
from gridmap.analysis.proposals.ground import Ground, ground_of
from gridmap.analysis.proposals.plans import changed_grids, noded
from gridmap.analysis.proposals.proposing import Outcome, propose
from gridmap.analysis.proposals.region import Region, regions_of
from gridmap.analysis.proposals.search import Task, divide
from gridmap.analysis.redraw.ground import stays
from gridmap.analysis.redraw.tiling import grids_of
from gridmap.domain.boundaries import Grid
from gridmap.domain.codes import scheme
from gridmap.domain.proposals import Aim, Stopped, Wish
from gridmap.errors import GeometryError, InvalidInput, TooLarge

#: Two communities, X of five grids and Y of three; about 100 m a letter.
TOWN = "AABBBFFG\nAABBCFFG\nDDECCFHH\nDDEECHHH"
PARENTS = dict.fromkeys("ABCDE", "X") | dict.fromkeys("FGH", "Y")


def town(text: str = TOWN, bend: float = 0.0, households: int = 40) -> list[Grid]:
    """Grids by letter, with bent borders that neighbours share."""
    frame = tiling(text)
    frame["parent_code"] = frame["code"].map(lambda c: PARENTS.get(c, "X"))
    frame["households"] = [households + 7 * i for i in range(len(frame))]
    shapes = shapely.transform(
        np.asarray(frame.geometry.array), lambda xy: xy + bend * 1e-4 * np.sin(xy[:, ::-1] * 3e3)
    )
    return grids_of(frame.set_geometry(gpd.GeoSeries(shapes, crs=crs.WGS84)))


def require_exact(after: list[Grid], before: list[Grid]) -> None:
    """Check that grids meet edge to edge and have all the ground there was, and no more."""
    shapes = shapely.normalize(np.array([g.geometry for g in after], dtype=object))
    whole = shapely.union_all(np.array([g.geometry for g in before], dtype=object))
    assert shapely.is_valid(shapes).all()
    assert shapely.area(shapes).sum() == pytest.approx(shapely.area(whole), rel=1e-10)
    edges = edges_of(shapes)
    loose = ~matched_edges(edges.key, edges.forward)
    ends = shapely.linestrings(np.stack([edges.start(np.flatnonzero(loose)), edges.end(np.flatnonzero(loose))], axis=1))
    # an edge that only one grid has lies on the rim
    assert (shapely.distance(shapely.line_interpolate_point(ends, 0.5, normalized=True), whole.boundary) < 1e-12).all()


def plan(ground: Ground, outcome: Outcome, everything: list[Grid], at: int = 0) -> list[Grid]:
    """The whole plan with a candidate."""
    numbers = iter(range(1, 10_000))
    changed, gone = changed_grids(ground, outcome.candidates[at], lambda parent, shape: f"{parent}-{next(numbers)}")
    codes = {g.code for g in changed} | set(gone)
    after = {g.code: g for g in everything if g.code not in gone}
    after |= {g.code: g for g in noded(changed, [g for g in everything if g.code not in codes])}
    return list(after.values())


@settings(max_examples=25, deadline=None)
@given(
    bend=st.floats(0, 0.3),
    cell=st.sampled_from([17.0, 30.0, 41.5, 90.0, 130.0, 400.0]),
    sliver=st.sampled_from([0.0, 0.25, 0.6, 1.0]),
)
def test_unit_grids_tile_communities_exactly(bend: float, cell: float, sliver: float) -> None:
    grids = town(bend=bend)
    areas = np.array([g.geometry for g in grids], dtype=object)
    faces = fishnet(areas, cell_m=cell, sliver_share=sliver)
    units = [Grid(str(i), "", "unit", s) for i, s in enumerate(faces.shapes)]
    require_exact(units, grids)
    for i, area in enumerate(areas):
        mine = faces.shapes[faces.area == i]
        assert shapely.area(mine).sum() == pytest.approx(area.area, rel=1e-10)
        assert (shapely.area(shapely.difference(mine, area)) < 1e-16).all()
        m2 = crs.area_m2(mine)
        # what is smaller than asked has no neighbour left to join
        assert len(mine) == 1 or (m2 >= sliver * cell**2 * (1 - 1e-6)).all()


def test_unit_grids_get_codes_by_the_rule() -> None:
    frame = tiling("AABB\nAABB")
    frame["code"] = frame["code"].map({"A": "371002001001", "B": "371002001002"})
    found = unit_grids(frame, cell_m=50, scheme=scheme("gb15"), used={"371002001001002"})
    mine = found[found["parent_code"] == "371002001001"]["code"].tolist()
    assert mine[:3] == ["371002001001001", "371002001001003", "371002001001004"]
    assert found["code"].is_unique
    # from the north-west on
    x = shapely.get_x(shapely.centroid(found.geometry.array))
    assert x[0] == pytest.approx(x.min(), abs=1e-4)
    plain = unit_grids(frame, cell_m=50)
    assert plain["code"].iloc[0] == "371002001001-1"


@pytest.mark.parametrize("cell", [1e9, 0.001, float("nan"), -5.0])
def test_a_cell_of_no_sensible_size_is_refused(cell: float) -> None:
    with pytest.raises(InvalidInput, match="side of a unit grid") as error:
        fishnet(np.array([town()[0].geometry]), cell_m=cell)
    assert error.value.code == "propose_cell_size"


def test_too_many_cells_are_refused_before_they_are_made() -> None:
    big = np.array([shapely.box(120, 36, 121, 37)], dtype=object)
    with pytest.raises(TooLarge) as error:
        fishnet(big, cell_m=5)
    assert error.value.code == "propose_too_many_units"


def test_ground_that_overlaps_is_refused() -> None:
    one = shapely.box(120, 36, 120.01, 36.01)
    with pytest.raises(GeometryError) as error:
        fishnet(np.array([one, shapely.box(120.005, 36, 120.02, 36.01)]))
    assert error.value.code == "propose_ground_unsound"
    with pytest.raises(GeometryError):
        fishnet(np.array([shapely.Polygon([(120, 36), (120.01, 36.01), (120.01, 36), (120, 36.01)])]))


@settings(max_examples=12, deadline=None)
@given(
    bend=st.floats(0, 0.3),
    locked=st.sets(st.sampled_from("ABCDEFGH"), max_size=2),
    number=st.one_of(st.none(), st.integers(5, 11)),
    seed=st.integers(0, 9),
)
def test_every_candidate_keeps_the_rules(bend: float, locked: set[str], number: int | None, seed: int) -> None:
    everything = town(bend=bend)
    mine = [g for g in everything if g.code not in locked]
    ground = ground_of(mine, cell_m=30)
    weight = ground.by_ground({g.code: g.households for g in mine})
    outcome = propose(ground, weight, Aim(number, tolerance=0.35), seed=seed, effort=0.05)
    assert outcome.candidates or outcome.reasons
    for at, candidate in enumerate(outcome.candidates):
        after = plan(ground, outcome, everything, at)
        require_exact(after, everything)
        by_code = {g.code: g for g in after}
        for code in locked:
            was = next(g for g in everything if g.code == code)
            assert by_code[code].households == was.households
            assert stays(was, by_code[code])
        assert sum(g.households or 0 for g in after) == sum(g.households or 0 for g in everything)
        for parent in "XY":
            one, two = (
                shapely.union_all(np.array([g.geometry for g in plan if g.parent_code == parent], dtype=object))
                for plan in (everything, after)
            )
            assert shapely.area(shapely.symmetric_difference(one, two)) < 1e-15
        assert all(g.geometry.geom_type == "Polygon" for g in after)
        if number is not None:
            assert len(after) == number + len(locked)
        held = {PARENTS[g.code] for g in mine} - {r.area for r in outcome.reasons}
        loads = np.bincount(candidate.part, weights=weight)
        area = np.zeros(len(loads), dtype=int)
        area[candidate.part] = ground.area
        if not outcome.reasons and not locked:
            for i, parent in enumerate(ground.areas):
                if parent in held:
                    mean = loads[area == i].mean()
                    assert (np.abs(loads[area == i] - mean) <= 0.35 * mean * (1 + 1e-6)).all()


def test_the_same_seed_gives_the_same_candidates() -> None:
    ground = ground_of(town(), cell_m=30)
    weight = ground.by_ground({g.code: g.households for g in ground.grids})
    one, two = (propose(ground, weight, Aim(tolerance=0.3), seed=4, effort=0.05) for _ in range(2))
    assert [c.figures for c in one.candidates] == [c.figures for c in two.candidates]
    assert all((a.part == b.part).all() for a, b in zip(one.candidates, two.candidates, strict=True))


def test_grids_that_are_even_already_stay_as_they_are() -> None:
    grids = town("AABB\nAABB")
    even = [Grid(g.code, g.name, g.level, g.geometry, "X", None, 50) for g in grids]
    ground = ground_of(even, cell_m=30)
    outcome = propose(ground, ground.by_ground({g.code: 50.0 for g in even}), Aim(), wishes=[Wish.LEAST])
    assert outcome.candidates[0].figures.moved_weight == 0
    assert changed_grids(ground, outcome.candidates[0], lambda parent, shape: "new") == ([], [])


def test_units_of_a_finer_layer_are_built_from_and_weigh() -> None:
    grids = town("AABB\nAABB")
    layer = tiling("abcd\nefgh")
    ground = ground_of(grids, units=np.asarray(layer.geometry.array))
    assert len(ground) == 8
    weight = ground.by_source(np.array([30.0, 10, 10, 10, 30, 10, 10, 10]), np.asarray(layer.geometry.array))
    assert weight.sum() == pytest.approx(120)
    outcome = propose(ground, weight, Aim(tolerance=0.2), wishes=[Wish.EVEN])
    assert outcome.candidates[0].figures.worst_deviation == pytest.approx(0.0, abs=1e-9)


def test_points_weigh_the_unit_that_they_lie_in() -> None:
    ground = ground_of(town("AABB\nAABB"), cell_m=50)
    points = shapely.point_on_surface(np.repeat(ground.shapes[:2], 3))
    assert ground.counting(points)[:3].tolist() == [3, 3, 0]
    assert ground.counting(points, np.array([1.0, 2, 3, 4, 5, 6]))[:3].tolist() == [6, 15, 0]


def test_a_search_can_be_given_up() -> None:
    ground = ground_of(town(), cell_m=30)
    told: list[float] = []
    with pytest.raises(Stopped):
        propose(ground, ground.m2, Aim(), on_progress=told.append, stop=lambda: len(told) >= 2)
    assert 0 < told[0] < told[-1] < 1


def reasons(aim: Aim, text: str = "AABB\nAABB", cell: float = 50.0, weight: float = 90.0) -> list[str]:
    ground = ground_of(town(text), cell_m=cell)
    return [r.code for r in propose(ground, weight * ground.m2 / ground.m2.sum(), aim, effort=0.1).reasons]


@pytest.mark.parametrize(
    ("aim", "expected"),
    [
        (Aim(floor=300.0), "below_floor"),
        (Aim(floor=50.0, ceiling=80.0), "no_number"),
        (Aim(ceiling=0.001), "too_few_units"),
        (Aim(grids=40, floor=10.0), "count"),
        (Aim(grids=15, tolerance=0.0001), "not_found"),
    ],
)
def test_what_cannot_be_had_is_said_with_its_reason(aim: Aim, expected: str) -> None:
    assert reasons(aim) == [expected]


def test_a_unit_that_is_too_heavy_and_ground_without_weight_are_named() -> None:
    ground = ground_of(town("AABB\nAABB"), cell_m=50)
    weight = np.ones(len(ground))
    weight[3] = 100.0
    assert [r.code for r in propose(ground, weight, Aim(grids=4)).reasons] == ["unit_too_heavy"]
    assert [r.code for r in propose(ground, 0 * weight, Aim()).reasons] == ["no_weight"]


def test_a_piece_that_is_apart_is_named() -> None:
    grids = [g for g in town("AABCC") if g.code != "B"]
    ground = ground_of(grids, cell_m=50)
    found = propose(ground, 10 * ground.m2 / ground.m2.sum(), Aim(floor=7.0))
    assert [r.code for r in found.reasons] == ["piece_below_floor"] * 2


@pytest.mark.parametrize(
    ("aim", "code"),
    [
        (Aim(floor=5.0, ceiling=4.0), "propose_floor_over_ceiling"),
        (Aim(floor=float("nan")), "propose_bad_number"),
        (Aim(grids=0), "propose_bad_number"),
        (Aim(tolerance=1.0), "propose_bad_number"),
        (Aim(ceiling=0.0), "propose_bad_number"),
    ],
)
def test_an_aim_that_makes_no_sense_is_refused(aim: Aim, code: str) -> None:
    ground = ground_of(town("AB"), cell_m=50)
    with pytest.raises(InvalidInput) as error:
        propose(ground, ground.m2, aim)
    assert error.value.code == code


# every division of a few units, by hand


def net(rows: int, columns: int, weight: np.ndarray, today: np.ndarray) -> Region:
    """A region of squares."""
    at = np.arange(rows * columns).reshape(rows, columns)
    a = np.r_[at[:, :-1].ravel(), at[:-1].ravel()]
    b = np.r_[at[:, 1:].ravel(), at[1:].ravel()]
    n = rows * columns
    borders = Borders(a, b, np.full(len(a), 100.0))
    ((_, region),) = regions_of(np.zeros(n, dtype=np.intp), borders, weight, np.full(n, 1e4), today)
    return region


def divisions(region: Region, k: int) -> Iterator[list[int]]:
    """Give every division into k connected parts once, each as bit masks: the part of the first free unit first."""
    n = len(region)
    near = [sum(1 << int(v) for v in region.near[region.start[u] : region.start[u + 1]]) for u in range(n)]

    def connected(free: int, seed: int) -> Iterator[int]:
        """All connected sets of free units that hold a unit."""
        stack = [(seed, 0)]
        while stack:
            found, barred = stack.pop()
            yield found
            rim = 0
            for u in range(n):
                if found >> u & 1:
                    rim |= near[u]
            rim &= free & ~found & ~barred
            while rim:
                unit = rim & -rim
                rim ^= unit
                stack.append((found | unit, barred))
                barred |= unit

    def rest(free: int, k: int) -> Iterator[list[int]]:
        first = free & -free
        if k == 1:
            for part in connected(free, first):
                if part == free:
                    yield [part]
                    return
            return
        for part in connected(free, first):
            if part != free:
                for others in rest(free & ~part, k - 1):
                    yield [part, *others]

    yield from rest((1 << n) - 1, k)


def best_of_all(task: Task, wish: Wish) -> tuple[float, bool]:
    """Give the least objective of all divisions under all names, and whether any is in bounds."""
    region, k = task.region, task.grids
    c, _ = search._coefficients(wish)
    scale = 2.0 * np.sqrt(region.m2.sum() / k)
    fixed = (region.start, region.near, region.length_m / scale, region.weight, search._stays(region, k))
    low, high = task.low - 1e-9 * task.mean, task.high + 1e-9 * task.mean
    best, possible = np.inf, False
    for masks in divisions(region, k):
        loads = np.array([region.weight[[u for u in range(len(region)) if m >> u & 1]].sum() for m in masks])
        fits = bool((loads >= low).all() and (loads <= high).all())
        possible |= fits
        if possible and not fits:
            continue
        for names in permutations(range(k)):
            part = np.zeros(len(region), dtype=np.int32)
            for name, mask in zip(names, masks, strict=True):
                part[[u for u in range(len(region)) if mask >> u & 1]] = name
            load = np.bincount(part, weights=region.weight, minlength=k)
            best = min(best, kernels.energy(*fixed, region.today, part, load, low, high, task.mean, c))
    return best, possible


def objective(task: Task, wish: Wish, found: search.Division) -> float:
    region, k = task.region, task.grids
    c, _ = search._coefficients(wish)
    scale = 2.0 * np.sqrt(region.m2.sum() / k)
    # each part is called as the grid of today that it goes on, a new one by a name that is left
    spare = iter(range(100, 100 + k))
    names = np.array([g if g >= 0 else next(spare) for g in found.kept.tolist()])
    low, high = task.low - 1e-9 * task.mean, task.high + 1e-9 * task.mean
    return kernels.energy(
        region.start, region.near, region.length_m / scale, region.weight, search._stays(region, k), region.today,
        names[found.part].astype(np.int32), found.loads, low, high, task.mean, c,
    )  # fmt: skip


@pytest.mark.parametrize("wish", list(Wish))
@pytest.mark.parametrize(
    ("rows", "columns", "k", "seed"), [(3, 4, 3, 1), (4, 4, 3, 2), (3, 3, 4, 3), (2, 7, 3, 4), (3, 5, 3, 5)]
)
def test_small_divisions_are_the_best_there_are(wish: Wish, rows: int, columns: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = rows * columns
    weight = rng.integers(0, 12, n).astype(float)
    region = net(rows, columns, weight, np.arange(n) * k // n)
    task = Task(region, k, 0.75 * weight.sum() / k, 1.25 * weight.sum() / k)
    found = divide(task, wish, seed=seed)
    best, possible = best_of_all(task, wish)
    assert (found.breach == 0) == possible
    if possible:
        assert objective(task, wish, found) == pytest.approx(best, abs=1e-9)
