"""The locator on hostile maps and near ties, judged without rounding, without GEOS and without its own code.

The short form runs in every test run. The long form asks ten million points (GRIDMAP_PROOF_POINTS changes the number,
GRIDMAP_RANDOM draws other ones). ``test_locator_controls.py`` shows that planted faults do not pass.
"""

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from exact import BORDER, INSIDE, Exact
from near_ties import MAPS, Case, hostile_cases, in_degrees, near_ties

from gridmap.analysis.locator import METHODS, Locator

SHORT, LONG = 4_000, int(os.environ.get("GRIDMAP_PROOF_POINTS", 10_000_000))
KINDS = [make.__name__ for make in MAPS]
FORMS = ("shapes", "index", "few cells", "saved")
DISTRICT = Path(__file__).resolve().parents[2] / "data" / "boundaries" / "grids.geojson"


def located(frame: gpd.GeoDataFrame, form: str, folder: Path, *, metric: bool = False) -> Locator:
    """A locator that asks the shapes, an index, an index of few cells, or one that was saved and opened."""
    locator = Locator.from_frame(frame, metric=metric, memory_mib=0.02 if form == "few cells" else 256)
    if form == "shapes":
        return locator
    locator.build()
    if form == "saved":
        locator.save(folder / "index")
        return Locator.open(folder / "index")
    return locator


def differences(locator: Locator, exact: Exact, x: np.ndarray, y: np.ndarray, **options: int) -> np.ndarray:
    """Positions of the points for which ``owners`` or ``holders`` differ from the exact answer."""
    assert locator.codes == exact.codes
    wanted_point, wanted_grid, _ = exact.places(x, y)
    wanted = np.full(len(x), -1)
    wanted[wanted_point[::-1]] = wanted_grid[::-1]
    wrong = locator.owners(x, y, **options) != wanted
    point, grid = locator.holders(x, y)
    n = len(locator)
    wrong[np.setxor1d(point * n + grid, wanted_point * n + wanted_grid) // n] = True
    return np.flatnonzero(wrong)


def check(case: Case, locator: Locator, **options: int) -> None:
    """Hold one map against the judge; a failure names one point of it, digit for digit."""
    name, frame, x, y = case
    wrong = differences(locator, Exact.of(frame), x, y, **options)
    assert not len(wrong), f"{name}: {len(wrong)} of {len(x)} points, such as ({x[wrong[0]]!r}, {y[wrong[0]]!r})"


def of_kind(name: str, seed: int, points: int) -> Case:
    """One map of a kind, and its points."""
    return next(c for c in hostile_cases(np.random.default_rng(seed), points) if c[0] == name)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_near_tie_differs_from_exact_arithmetic(kind: str, form: str, tmp_path: Path):
    case = of_kind(kind, FORMS.index(form), SHORT)
    check(case, located(case[1], form, tmp_path), threads=1 + len(form) % 2)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"around_zero", "tiny_and_huge"}))
def test_in_metres_no_near_tie_differs_either(kind: str):
    _, frame, _, _ = of_kind(kind, 5, 1)
    shapes = shapely.transform(frame.geometry.array, lambda xy: (xy - (100, 30)) * 1e5 + (3.9e7, 3e6))
    sound = shapely.is_valid(shapes) & (shapely.area(shapes) > 0)
    frame = gpd.GeoDataFrame({"code": frame.code[sound]}, geometry=shapes[sound], crs="EPSG:4527")
    case = kind, frame, *near_ties(shapes[sound], np.random.default_rng(6), SHORT)
    locator = located(frame, "index", Path(), metric=True)
    assert locator.metric
    check(case, locator)


@pytest.mark.parametrize("form", ["shapes", "index"])
@pytest.mark.parametrize("kind", KINDS)
def test_one_point_gets_the_exact_answer_too(kind: str, form: str, tmp_path: Path):
    _, frame, x, y = of_kind(kind, 7, 300)
    locator, exact = located(frame, form, tmp_path), Exact.of(frame)
    wanted = [exact.codes[i] if i >= 0 else None for i in exact.owners(x, y)]
    assert [locator.find_owner(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)] == wanted


def test_on_the_lines_of_the_cells_no_near_tie_differs():
    """Vertices and points on the lines between the index's own cells, and a binary digit beside them."""
    rng = np.random.default_rng(9)
    for _ in range(6):
        corner = np.array([120.0, 36.0]) + np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * 10.0 ** rng.uniform(-6, 0)
        cells = Locator(["box"], [shapely.Polygon(corner)])
        size = cells.build().cell_size
        origin = np.array([cells._index.x0, cells._index.y0])
        near = rng.integers(5, 100, 2) + rng.integers(-1, 3, (100, 2))
        vertices = origin + np.where(rng.random((100, 2)) < 0.7, near, near + rng.random((100, 2))) * size
        vertices += rng.integers(-2, 3, vertices.shape) * np.spacing(vertices)
        shapes = shapely.get_parts(shapely.delaunay_triangles(shapely.multipoints(np.vstack([vertices, corner]))))
        shapes = shapes[shapely.is_valid(shapes) & (shapely.area(shapes) > 0)]
        frame = gpd.GeoDataFrame({"code": [f"{i:04}" for i in rng.permutation(len(shapes))]}, geometry=shapes, crs=4326)
        locator = Locator.from_frame(frame)
        report = locator.build()
        assert report.cell_size == size  # else the lines are others
        assert report.open_share > 0
        x, y = near_ties(shapes, rng, SHORT // 2)
        line = np.column_stack([x, y])
        line = origin + (np.floor((line - origin) / size) + rng.integers(0, 2, line.shape)) * size
        line += rng.integers(-2, 3, line.shape) * np.spacing(line)
        axis = rng.random(line.shape) < 0.6
        x, y = np.r_[x, np.where(axis[:, 0], line[:, 0], x)], np.r_[y, np.where(axis[:, 1], line[:, 1], y)]
        check(("lines", frame, x, y), locator)


@pytest.mark.parametrize("kind", KINDS)
def test_methods_and_overlaps_are_the_exact_ones(kind: str):
    _, frame, x, y = of_kind(kind, 8, 1_000)
    answers = located(frame, "index", Path()).locate_many(x, y, border=False)
    point, _, place = Exact.of(frame).places(x, y)
    inside = np.bincount(point[place == INSIDE], minlength=len(x))
    border = np.bincount(point[place == BORDER], minlength=len(x))
    wanted = np.where(border > 0, "border", np.where(inside > 0, "inside", "none"))
    assert np.array([m.value for m in METHODS])[answers.method].tolist() == wanted.tolist()
    assert (answers.holders == inside + border).all()
    assert (answers.overlapped == (inside >= 2)).all()


def test_thousands_of_grids_over_each_other_do_not_change_the_answer_beside_them():
    n, side = 12_001, 0.01
    stack = [shapely.box(x, 50, x + side, 50 + side) for x in (100.3, 100.3 + side)]
    rows = [shapely.box(110 + i * 4, -80, 112 + i * 4, 80) for i in range(16)]
    shapes = np.array([stack[0]] * n + [stack[1]] * n + [shapely.box(0, 0, 100.299, 100)] + rows, dtype=object)
    codes = [f"{i:05}" for i in range(len(shapes))]
    locator, exact = Locator(codes, shapes, memory_mib=1), Exact(codes, shapes)
    locator.build()
    x, y = np.linspace(100.2, 100.2989, 500), np.full(500, 50 + side / 2)
    assert (locator.owners(x, y) == exact.owners(x, y)).all()
    assert locator.owners([100.3 + side / 2], [50 + side / 2]).tolist() == [0]


def real_maps(folder: Path) -> list[tuple[str, gpd.GeoDataFrame]]:
    """Every real file with areas, and the district that comes with the project."""
    nyc = gpd.read_file(folder / "nyc_precincts.gpkg")
    vancouver = gpd.read_file(folder / "vancouver_neighbourhoods.geojson").rename(columns={"mapid": "code"})
    chinese = gpd.read_file(folder / "cn_districts_3.geojson")
    return [
        ("New York", nyc.assign(code=nyc["Precinct"].astype(str))),
        ("Vancouver", vancouver),
        ("Chinese districts", chinese.assign(code=chinese["district_adcode"].astype(str) + chinese["source"])),
        ("demonstration", gpd.read_file(DISTRICT)),
    ]


def real_case(name: str, folder: Path, seed: int, points: int) -> Case:
    """A real map and near ties made for it."""
    frame = dict(real_maps(folder))[name]
    return name, frame, *in_degrees(*near_ties(np.asarray(frame.geometry.array), np.random.default_rng(seed), points))


REAL = ("New York", "Vancouver", "Chinese districts", "demonstration")


@pytest.mark.real_data
@pytest.mark.parametrize("name", REAL)
def test_on_real_maps_no_near_tie_differs_from_exact_arithmetic(name: str, shared_data: Path, tmp_path: Path):
    case = real_case(name, shared_data, 1, 10 * SHORT)
    check(case, located(case[1], "saved", tmp_path), threads=2)


# --- the long form ---


def drawn(seed: int) -> int:
    """The seed of a long form: always the same, or a new one, printed."""
    seed = int.from_bytes(os.urandom(4)) if os.environ.get("GRIDMAP_RANDOM") else seed
    print(f"seed {seed}")
    return seed


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("name", REAL)
def test_long_no_near_tie_of_a_real_map_differs_from_exact_arithmetic(name: str, shared_data: Path, tmp_path: Path):
    case = real_case(name, shared_data, drawn(2), LONG // 20)
    check(case, located(case[1], "index", tmp_path), threads=2)


@pytest.mark.slow
def test_long_ten_million_near_ties_on_hostile_maps_differ_nowhere(tmp_path: Path):
    points = maps = 0
    for case in hostile_cases(np.random.default_rng(drawn(3)), 10_000):
        form = FORMS[maps % 3]
        check(case, located(case[1], form, tmp_path), threads=1 + maps % 2)
        points, maps = points + len(case[2]), maps + 1
        if points >= LONG:
            break
    print(f"{points:,} points over {maps:,} maps")
