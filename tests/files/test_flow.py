"""FlatGeobuf in a stream: longer than any limit on features, the same points, and the same distrust."""

import dataclasses
from contextlib import suppress
from pathlib import Path

import geopandas as gpd
import numpy as np
import psutil
import pyarrow as pa
import pytest
import shapely

from gridmap.errors import CrsError, FileError, GridmapError, TooLarge
from gridmap.files import flow
from gridmap.files.points import open_points
from gridmap.settings import Settings

SETTINGS = Settings()


def write(path: Path, geometry: object, crs: object = 4326, **columns: object) -> Path:
    gpd.GeoDataFrame(columns, geometry=geometry, crs=crs).to_file(path, driver="FlatGeobuf", SPATIAL_INDEX="NO")
    return path


def places(count: int) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = np.random.default_rng(2).uniform((120.0, 30.0), (121.0, 31.0), (count, 2)).T
    return lon, lat


def whole(path: Path, settings: Settings = SETTINGS, **options: object) -> pa.Table:
    return pa.concat_tables(open_points(path, settings=settings, batch_rows=700, **options).batches())


def test_more_features_than_a_boundary_file_may_have(tmp_path: Path) -> None:
    lon, lat = places(100_000)
    path = write(tmp_path / "p.fgb", shapely.points(lon, lat), n=np.arange(len(lon)), 名=["点"] * len(lon))
    small = Settings(max_features=10, max_file_bytes=100_000)
    assert path.stat().st_size > small.max_file_bytes
    source = open_points(path, settings=small, batch_rows=None)
    assert source.rows == 100_000
    got = pa.concat_tables(source.batches())
    assert got.column_names == ["n", "名", "longitude", "latitude"]
    assert got["n"].to_pylist() == list(range(100_000))
    np.testing.assert_array_equal(got["longitude"].to_numpy(), lon)
    np.testing.assert_array_equal(got["latitude"].to_numpy(), lat)


def test_metres_become_degrees_and_empty_points_stay_rows(tmp_path: Path) -> None:
    points = gpd.GeoSeries(shapely.points([[120.1, 30.2], [120.3, 30.4]]), crs=4326).to_crs(4549)
    path = write(tmp_path / "p.fgb", [points[0], shapely.Point(), points[1]], crs=4549)
    got = whole(path)
    np.testing.assert_allclose(got["longitude"].to_numpy()[[0, 2]], [120.1, 120.3], atol=1e-9)
    assert got["longitude"].to_pylist()[1] is None


@pytest.mark.parametrize("empty", [[], [0], [70_000], [1, 2, 139_999]])
def test_points_around_empty_ones_are_not_lost(tmp_path: Path, empty: list[int]) -> None:
    # GDAL's quick reader writes over the points before an empty one; the stream goes on with the slow one
    lon, lat = places(140_000)
    points = shapely.points(lon, lat)
    points[empty] = shapely.Point()
    lon[empty] = np.nan
    got = whole(write(tmp_path / "p.fgb", points, n=np.arange(len(lon))))
    np.testing.assert_array_equal(got["longitude"].to_numpy(), lon)
    assert got["n"].to_pylist() == list(range(len(lon)))


def test_a_crs_is_asked_for_and_never_guessed(tmp_path: Path) -> None:
    path = write(tmp_path / "p.fgb", shapely.points([[120.1, 30.2]]), crs=None)
    with pytest.raises(CrsError) as caught:
        whole(path)
    assert caught.value.code == "crs_missing"
    assert whole(path, crs="EPSG:4326")["longitude"].to_pylist() == [120.1]
    stated = write(tmp_path / "q.fgb", shapely.points([[120.1, 30.2]]))
    with pytest.raises(CrsError) as caught:
        whole(stated, crs="EPSG:4549")
    assert caught.value.code == "crs_conflict"


def test_areas_are_no_points(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        whole(write(tmp_path / "p.fgb", [shapely.box(120, 30, 121, 31)]))
    assert caught.value.code == "not_points"


@pytest.mark.parametrize("keep", [0.02, 0.3, 0.6, 0.99])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, keep: float) -> None:
    path = write(tmp_path / "p.fgb", shapely.points(np.column_stack(places(5_000))), n=range(5_000))
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * keep)])
    with pytest.raises(GridmapError) as caught:
        whole(path)
    assert caught.value.code in ("corrupt", "file_unreadable")


@pytest.mark.parametrize("seed", range(6))
def test_damage_ends_in_our_own_error_or_in_points(tmp_path: Path, seed: int) -> None:
    path = write(tmp_path / "p.fgb", shapely.points(np.column_stack(places(300))), n=range(300))
    rng = np.random.default_rng(seed)
    raw = bytearray(path.read_bytes())
    for at in rng.integers(8, len(raw), 12):
        raw[at] = int(rng.integers(256))
    path.write_bytes(raw)
    # anything but an error of ours fails the test
    with suppress(GridmapError):
        assert whole(path).num_rows == 300


def test_a_silent_child_is_ended(tmp_path: Path) -> None:
    path = write(tmp_path / "p.fgb", shapely.points([[120.1, 30.2]]))
    found = flow.look_at(path, SETTINGS)
    hasty = dataclasses.replace(found, settings=Settings(parser_wall_s=0.001))
    with pytest.raises(TooLarge) as caught:
        list(hasty.batches())
    assert caught.value.code == "parser_time"


def test_whoever_stops_early_leaves_no_child(tmp_path: Path) -> None:
    path = write(tmp_path / "p.fgb", shapely.points(np.column_stack(places(200_000))))
    batches = flow.look_at(path, SETTINGS).batches()
    assert next(batches).num_rows > 0
    batches.close()
    assert not [p for p in psutil.Process().children() if "parser" in " ".join(p.cmdline())]
