"""The locator against other programs: geopandas' join with the tie rule, and PostGIS.

GEOS decides in the locator and in geopandas, so the two must agree on every point. PostGIS computes with plain doubles:
for a point within a rounding error of a border it may say otherwise. Where it does, rational arithmetic is the judge,
and it must agree with the locator.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import pytest
import shapely
from builders import shuffle_rows
from exact import judge
from strategies import Recipe, build, hard_points

from gridmap.analysis.locator import Locator
from gridmap.analysis.responsibility import owner_codes

SHORT, LONG = 50_000, 1_000_000

Case = tuple[gpd.GeoDataFrame, np.ndarray, np.ndarray]


def owners(frame: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    locator = Locator.from_frame(frame)
    return owner_codes(locator, locator.locate_many(x, y, border=False))


def some_points(frame: gpd.GeoDataFrame, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Hard points of the borders for up to half of n, random points in the box for the rest."""
    rng = np.random.default_rng(seed)
    x, y = hard_points(frame, rng, extra=0)
    chosen = rng.permutation(len(x))[: n // 2]
    x0, y0, x1, y1 = frame.total_bounds
    free = n - len(chosen)
    return np.r_[x[chosen], rng.uniform(x0, x1, free)], np.r_[y[chosen], rng.uniform(y0, y1, free)]


def nyc(folder: Path) -> Case:
    """77 precincts: the 967 shootings, and points on and near the borders."""
    frame = gpd.read_file(folder / "nyc_precincts.gpkg")
    frame["code"] = frame["Precinct"].astype(str)
    shots = pd.read_csv(folder / "nyc_shootings.csv")
    x, y = some_points(frame, 4_000)
    return frame, np.r_[shots.longitude, x], np.r_[shots.latitude, y]


def vancouver(folder: Path) -> Case:
    """22 neighbourhoods with true overlaps and gaps."""
    frame = gpd.read_file(folder / "vancouver_neighbourhoods.geojson").rename(columns={"mapid": "code"})
    return frame, *some_points(frame, 20_000)


def chinese_districts(folder: Path) -> Case:
    """Three districts, each drawn by two sources: nearly everything overlaps."""
    frame = gpd.read_file(folder / "cn_districts_3.geojson")
    frame["code"] = frame["district_adcode"].astype(str) + frame["source"]
    return frame, *some_points(frame, 20_000)


def made_district(n: int) -> Case:
    """More than 1,333 Voronoi grids with matched borders, and n points."""
    frame = build(Recipe("voronoi", 40, 40, 2_000, 0.02, 1e-7, 7))
    assert len(frame) > 1_333
    return frame, *some_points(frame, n)


def demonstration_district(n: int) -> Case:
    """The district that comes with the project, and n points."""
    frame = gpd.read_file(DISTRICT)
    return frame, *some_points(frame, n)


DISTRICT = Path(__file__).resolve().parents[2] / "data" / "boundaries" / "grids.geojson"
DISTRICTS = [made_district, demonstration_district]
districts = pytest.mark.parametrize("district", DISTRICTS)


def joined_by_geopandas(frame: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    points = gpd.GeoDataFrame(geometry=shapely.points(x, y), crs="EPSG:4326")
    pairs = gpd.sjoin(points, shuffle_rows(frame[["code", "geometry"]]), predicate="intersects")
    lowest = pairs.groupby(level=0)["code"].agg(min)
    return lowest.reindex(range(len(x))).astype(object).where(lambda s: s.notna(), None).to_numpy()


def check_against_geopandas(case: Case) -> None:
    frame, x, y = case
    wanted = joined_by_geopandas(frame, x, y)
    assert sum(code is not None for code in wanted) > len(x) / 10
    assert (owners(frame, x, y) == wanted).all()


@pytest.mark.real_data
@pytest.mark.parametrize("case", [nyc, vancouver, chinese_districts])
def test_on_real_files_the_locator_equals_geopandas_with_the_tie_rule(case, shared_data: Path):
    check_against_geopandas(case(shared_data))


@pytest.mark.real_data
def test_every_one_of_the_967_shootings_has_its_precinct(shared_data: Path):
    frame, x, y = nyc(shared_data)
    found = owners(frame, x[:967], y[:967])
    assert len(found) == 967
    assert all(code is not None for code in found)


@pytest.mark.real_data
@pytest.mark.parametrize("case", [vancouver, chinese_districts])
def test_on_real_files_with_overlaps_the_locator_equals_rational_arithmetic(case, shared_data: Path):
    frame, x, y = case(shared_data)
    part = np.random.default_rng(1).permutation(len(x))[:3_000]
    truth = judge(frame, x[part], y[part])
    locator = Locator.from_frame(frame)
    answers = locator.locate_many(x[part], y[part], border=False)
    assert owner_codes(locator, answers).tolist() == truth.owner
    assert answers.methods().tolist() == truth.method
    assert answers.overlapped.tolist() == truth.overlapped
    assert any(truth.overlapped)


@districts
def test_on_a_district_the_locator_equals_geopandas_with_the_tie_rule(district):
    check_against_geopandas(district(SHORT))


@pytest.mark.slow
@districts
def test_on_a_million_points_the_locator_equals_geopandas_with_the_tie_rule(district):
    check_against_geopandas(district(LONG))


# --- PostGIS ---


@pytest.fixture(scope="module")
def database() -> Iterator[psycopg.Connection]:
    """A connection whose tables vanish with it."""
    url = os.environ.get("TEST_DATABASE_URL")
    if not url:
        if "postgis" in os.environ.get("GRIDMAP_TESTS_WITHOUT", "").split(","):
            pytest.skip("left out by GRIDMAP_TESTS_WITHOUT=postgis")
        pytest.fail(
            "TEST_DATABASE_URL is not set: start one with scripts/postgis.sh, or set GRIDMAP_TESTS_WITHOUT=postgis"
        )
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("create extension if not exists postgis")
        yield connection
        connection.rollback()


def joined_by_postgis(
    database: psycopg.Connection, predicate: str, frame: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Owners by ``ST_Covers`` or ``ST_Intersects`` and the lowest code, compared byte by byte."""
    database.execute("drop table if exists g, p")
    database.execute('create temporary table g (code text collate "C", geom geometry)')
    database.execute("create temporary table p (id integer, geom geometry)")
    with database.cursor() as cursor:
        for table, keys, shapes in (
            ("g", frame.code.tolist(), frame.geometry.array),
            ("p", range(len(x)), shapely.points(x, y)),
        ):
            with cursor.copy(f"copy {table} from stdin") as copy:
                for key, wkb in zip(keys, shapely.to_wkb(np.asarray(shapes), hex=True), strict=True):
                    copy.write_row((key, wkb))
        cursor.execute("create index on g using gist (geom)")
        cursor.execute("analyze g, p")
        cursor.execute(f"select p.id, min(g.code) from p join g on {predicate}(g.geom, p.geom) group by p.id")
        result = np.full(len(x), None, dtype=object)
        for point, code in cursor.fetchall():
            result[point] = code
    return result


def check_against_postgis(database: psycopg.Connection, predicate: str, case: Case) -> int:
    """Hold the locator against PostGIS; give how often PostGIS rounded to another answer."""
    frame, x, y = case
    ours, theirs = owners(frame, x, y), joined_by_postgis(database, predicate, frame, x, y)
    differ = np.flatnonzero(ours != theirs)
    borders = shapely.multilinestrings(shapely.get_parts(shapely.boundary(frame.geometry.array)))
    shapely.prepare(borders)
    # every difference lies within a rounding error of a border, about 1e-13 degrees, and there the judge sides with us
    assert shapely.dwithin(borders, shapely.points(x[differ], y[differ]), 1e-12).all()
    assert judge(frame, x[differ], y[differ]).owner == ours[differ].tolist()
    assert sum(code is not None for code in theirs) > len(x) / 10
    return len(differ)


@pytest.mark.postgis
@pytest.mark.real_data
@pytest.mark.parametrize("predicate", ["ST_Covers", "ST_Intersects"])
@pytest.mark.parametrize("case", [nyc, vancouver, chinese_districts])
def test_on_real_files_the_locator_equals_postgis(case, predicate: str, shared_data: Path, database):
    check_against_postgis(database, predicate, case(shared_data))


@pytest.mark.postgis
@pytest.mark.real_data
def test_all_shootings_have_the_same_precinct_in_postgis(shared_data: Path, database):
    frame, x, y = nyc(shared_data)
    assert check_against_postgis(database, "ST_Covers", (frame, x[:967], y[:967])) == 0


@pytest.mark.postgis
@districts
def test_on_a_district_the_locator_equals_postgis(district, database):
    check_against_postgis(database, "ST_Covers", district(SHORT))


@pytest.mark.postgis
@pytest.mark.slow
@districts
def test_on_a_million_points_the_locator_equals_postgis(district, database):
    rounded = check_against_postgis(database, "ST_Covers", district(LONG))
    print(f"PostGIS rounded {rounded:,} of {LONG:,} points to the other side of a border")
