"""The locator on hostile maps and near ties, judged without rounding, without GEOS and without its own code.

The short form runs in every test run. The long form asks ten million points (GRIDMAP_PROOF_POINTS changes the number,
GRIDMAP_RANDOM draws other ones). ``test_locator_controls.py`` shows that planted faults do not pass.
"""

import os
from itertools import islice
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from exact import BORDER, INSIDE, Exact
from near_ties import MAPS, Case, around_zero, hostile_cases, in_degrees, near_ties

from gridmap.analysis.locator import METHODS, Locator

SHORT, LONG = 4_000, int(os.environ.get("GRIDMAP_PROOF_POINTS", 10_000_000))
#: GEOS loses digits below the smallest normal double, so whatever asks it is wrong there.
LOSES_DIGITS = pytest.mark.xfail(reason="predicates in pairs of doubles underflow", raises=AssertionError)
KINDS = [pytest.param(m.__name__, marks=LOSES_DIGITS) if m is around_zero else m.__name__ for m in MAPS]
DISTRICT = Path(__file__).resolve().parents[2] / "data" / "boundaries" / "grids.geojson"


def differences(frame: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray, **options: int) -> np.ndarray:
    """Positions of the points for which ``owners`` or ``holders`` differ from the exact answer."""
    locator, exact = Locator.from_frame(frame), Exact.of(frame)
    assert locator.codes == exact.codes
    wanted_point, wanted_grid, _ = exact.places(x, y)
    wanted = np.full(len(x), -1)
    wanted[wanted_point[::-1]] = wanted_grid[::-1]
    wrong = locator.owners(x, y, **options) != wanted
    point, grid = locator.holders(x, y)
    n = len(locator)
    wrong[np.setxor1d(point * n + grid, wanted_point * n + wanted_grid) // n] = True
    return np.flatnonzero(wrong)


def check(case: Case, **options: int) -> None:
    """Hold one map against the judge; a failure names one point of it, digit for digit."""
    name, frame, x, y = case
    wrong = differences(frame, x, y, **options)
    assert not len(wrong), f"{name}: {len(wrong)} of {len(x)} points, such as ({x[wrong[0]]!r}, {y[wrong[0]]!r})"


def of_kind(name: str, seed: int, points: int) -> Case:
    """One map of a kind, and its points."""
    return next(c for c in hostile_cases(np.random.default_rng(seed), points) if c[0] == name)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_no_near_tie_differs_from_exact_arithmetic(kind: str, seed: int):
    check(of_kind(kind, seed, SHORT), threads=1 + seed % 2)


@pytest.mark.parametrize("kind", KINDS)
def test_one_point_gets_the_exact_answer_too(kind: str):
    _, frame, x, y = of_kind(kind, 7, 300)
    locator, exact = Locator.from_frame(frame), Exact.of(frame)
    wanted = [exact.codes[i] if i >= 0 else None for i in exact.owners(x, y)]
    assert [locator.find_owner(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)] == wanted


@pytest.mark.parametrize("kind", KINDS)
def test_methods_and_overlaps_are_the_exact_ones(kind: str):
    _, frame, x, y = of_kind(kind, 8, 1_000)
    answers = Locator.from_frame(frame).locate_many(x, y, border=False)
    point, _, place = Exact.of(frame).places(x, y)
    inside = np.bincount(point[place == INSIDE], minlength=len(x))
    border = np.bincount(point[place == BORDER], minlength=len(x))
    wanted = np.where(border > 0, "border", np.where(inside > 0, "inside", "none"))
    assert np.array([m.value for m in METHODS])[answers.method].tolist() == wanted.tolist()
    assert (answers.holders == inside + border).all()
    assert (answers.overlapped == (inside >= 2)).all()


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
def test_on_real_maps_no_near_tie_differs_from_exact_arithmetic(name: str, shared_data: Path):
    check(real_case(name, shared_data, 1, 10 * SHORT), threads=2)


# --- the long form ---


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("name", REAL)
def test_long_no_near_tie_of_a_real_map_differs_from_exact_arithmetic(name: str, shared_data: Path):
    seed = int.from_bytes(os.urandom(4)) if os.environ.get("GRIDMAP_RANDOM") else 2
    print(f"seed {seed}")
    check(real_case(name, shared_data, seed, LONG // 20), threads=2)


@pytest.mark.slow
def test_long_ten_million_near_ties_on_hostile_maps_differ_nowhere():
    seed = int.from_bytes(os.urandom(4)) if os.environ.get("GRIDMAP_RANDOM") else 3
    print(f"seed {seed}")
    points = maps = 0
    for case in islice(hostile_cases(np.random.default_rng(seed), 20_000), 100_000):
        check(case, threads=1 + maps % 2)
        points, maps = points + len(case[2]), maps + 1
        if points >= LONG:
            break
    assert points >= LONG
    print(f"{points:,} points over {maps:,} maps")
