"""The join on Spark gives what the join on one machine gives, and leaves no half folder."""

import os
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from builders import tiling
from typer.testing import CliRunner

from gridmap.analysis.locator import Locator
from gridmap.cli import app
from gridmap.cluster.index import shared_index
from gridmap.cluster.join import appearing, join_on_spark, with_grids
from gridmap.cluster.pieces import Columns, cut
from gridmap.cluster.session import require_spark
from gridmap.errors import ColumnError, FileError, GridmapError, InvalidInput
from gridmap.files.join import join_file
from gridmap.settings import Settings

SETTINGS = Settings()
GRIDS = tiling("AAB\nCCB\nDEE")


@pytest.fixture(scope="module")
def locator() -> Locator:
    return Locator.from_frame(GRIDS)


def table(count: int, seed: int = 5) -> pa.Table:
    rng = np.random.default_rng(seed)
    x0, y0, x1, y1 = GRIDS.total_bounds
    wide = x1 - x0
    lon = rng.uniform(x0 - wide / 5, x1 + wide / 5, count)
    lat = rng.uniform(y0 - wide / 5, y1 + wide / 5, count)
    # and points exactly on corners
    corners = shapely.get_coordinates(GRIDS.geometry.array)
    lon[: len(corners)], lat[: len(corners)] = corners.T
    names = pa.array([f"点{i % 5}" for i in range(count)])
    return pa.table({"id": np.arange(count), "name": names, "lon": lon, "lat": lat})


@pytest.fixture
def points(tmp_path: Path) -> Path:
    pq.write_table(table(6_000), tmp_path / "p.parquet", row_group_size=1_000)
    return tmp_path / "p.parquet"


def on_one_machine(locator: Locator, points: Path, **options: Any) -> tuple[pa.Table, Any]:
    out = points.with_name("one.parquet")
    summary = join_file(locator, points, out, settings=SETTINGS, **options)
    return pq.read_table(out), summary


def read(folder: Path) -> pa.Table:
    return pa.concat_tables([pq.read_table(p) for p in sorted(folder.glob("part-*.parquet"))])


@pytest.mark.parametrize("columns", [None, ["grid_code"]])
def test_spark_gives_the_rows_of_the_join_on_one_machine(
    spark: Any, locator: Locator, points: Path, tmp_path: Path, columns: list[str] | None
) -> None:
    wanted, summary = on_one_machine(locator, points, columns=columns, nearest_within_m=50)
    out = tmp_path / "joined"
    found = join_on_spark(locator, points, out, settings=SETTINGS, columns=columns, nearest_within_m=50, piece_bytes=1)
    assert found == summary
    assert len(list(out.glob("part-*.parquet"))) == 6
    assert read(out).equals(wanted)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["joined", "one.parquet", "p.parquet"]


def test_a_folder_of_geoparquet_stays_geoparquet(spark: Any, locator: Locator, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "_temporary").mkdir()
    (folder / "_temporary" / "lost.parquet").write_bytes(b"no")
    for number in range(2):
        data = table(300, seed=number).to_pandas()
        frame = gpd.GeoDataFrame(data[["id"]], geometry=gpd.points_from_xy(data.lon, data.lat), crs=4326)
        frame.to_parquet(folder / f"{number}.parquet")
    summary = join_on_spark(locator, folder, tmp_path / "joined", settings=SETTINGS)
    assert summary.points == 600
    back = gpd.read_parquet(tmp_path / "joined" / "part-000001.parquet")
    x, y = back.geometry.x.to_numpy(), back.geometry.y.to_numpy()
    owner = locator.owners(x, y)
    assert back["grid_code"].fillna("").tolist() == [locator.codes[o] if o >= 0 else "" for o in owner]


def test_bad_rows_are_counted_and_the_first_of_each_kind_is_named(spark: Any, locator: Locator, tmp_path: Path) -> None:
    data = table(400)
    lon = data["lon"].to_numpy().copy()
    lon[[150, 350]] = 999.0
    lon[220] = np.nan
    points = tmp_path / "p.parquet"
    pq.write_table(data.set_column(2, "lon", pa.array(lon)), points, row_group_size=100)
    bad: list[Any] = []
    summary = join_on_spark(locator, points, tmp_path / "o", settings=SETTINGS, piece_bytes=1, on_bad=bad.append)
    assert summary.unreadable == 3
    assert {(f.rule, f.fields["line"]) for f in bad} == {("point_out_of_range", 151), ("point_missing", 221)}


def test_the_index_may_travel_to_the_executors(spark: Any, locator: Locator, points: Path, tmp_path: Path) -> None:
    wanted, _ = on_one_machine(locator, points)
    frame = spark.read.parquet(str(points))
    (tmp_path / "scratch").mkdir()
    with shared_index(spark.sparkContext, locator, tmp_path / "scratch", travels=True) as index:
        assert not index.shared
        rows = with_grids(frame, index).orderBy("id").toArrow().to_pandas()
    assert rows["grid_code"].fillna("").tolist() == [c or "" for c in wanted["grid_code"].to_pylist()]
    assert rows["method"].tolist() == wanted["method"].to_pylist()
    np.testing.assert_array_equal(rows["border_m"].to_numpy(float), wanted["border_m"].to_numpy(zero_copy_only=False))


def test_rows_of_any_source_are_labelled_lazily_and_checked_first(spark: Any, locator: Locator, tmp_path: Path) -> None:
    with shared_index(spark.sparkContext, locator, tmp_path) as index:
        frame = spark.createDataFrame([("x", "120"), ("120.0005", "36.0005")], "lon string, lat string")
        assert with_grids(frame, index, columns=["method"]).first()["method"] is None
        with pytest.raises(ColumnError) as caught:
            with_grids(frame, index, lon="x")
        assert caught.value.code == "column_not_found"
        with pytest.raises(ColumnError) as caught:
            with_grids(frame.withColumnRenamed("lon", "method").withColumnRenamed("lat", "lon"), index, lat="lon")
        assert caught.value.code == "column_taken"


def test_what_is_wrong_with_a_piece_is_said_in_our_words(spark: Any, locator: Locator, tmp_path: Path) -> None:
    points = tmp_path / "p.parquet"
    pq.write_table(table(5_000), points, row_group_size=500, compression="none")
    raw = bytearray(points.read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 3_000] = b"\xff" * 3_000
    points.write_bytes(raw)
    with pytest.raises(FileError) as caught:
        join_on_spark(locator, points, tmp_path / "o", settings=SETTINGS, piece_bytes=1)
    assert caught.value.code == "corrupt"
    assert [p.name for p in tmp_path.iterdir()] == ["p.parquet"]


def test_the_command_joins_on_spark(spark: Any, points: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "en")
    grids = tmp_path / "grids.geojson"
    GRIDS[["code", "geometry"]].to_file(grids, driver="GeoJSON", COORDINATE_PRECISION=15)
    words = ["join", points, "-o", tmp_path / "o", "--grids", grids, "--engine", "spark", "--master", "local[2]"]
    done = CliRunner().invoke(app, [*map(str, words), "--spark-option", "spark.sql.shuffle.partitions=2"])
    assert done.exit_code == 0, done.output
    assert "6,000 points written to o" in done.output
    again = CliRunner().invoke(app, [*map(str, words)])
    assert "[output_exists]" in again.output
    assert again.exit_code == 2
    wrong = CliRunner().invoke(app, [*map(str, words), "--spark-option", "spark"])
    assert "[spark_option]" in wrong.output


# -- without a session


def test_pieces_are_whole_groups_in_order(tmp_path: Path) -> None:
    pq.write_table(table(1_000), tmp_path / "p.parquet", row_group_size=100)
    pieces = cut(tmp_path / "p.parquet", SETTINGS, Columns(), piece_bytes=6_000)
    assert [g for p in pieces for g in p.groups] == list(range(10))
    assert 2 <= len(pieces) <= 9
    assert [p.first_row for p in pieces] == [1 + sum(q.rows for q in pieces[:i]) for i in range(len(pieces))]


@pytest.mark.parametrize("name", ["p.csv", "empty"])
def test_only_parquet_goes_to_spark(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.mkdir() if name == "empty" else path.write_text("lon,lat\n1,2\n", encoding="utf-8")
    with pytest.raises(FileError) as caught:
        cut(path, SETTINGS, Columns())
    assert caught.value.code == "spark_needs_parquet"


def test_files_of_a_folder_have_the_same_columns(tmp_path: Path) -> None:
    pq.write_table(table(40), tmp_path / "a.parquet")
    pq.write_table(table(40).drop_columns("name"), tmp_path / "b.parquet")
    with pytest.raises(FileError) as caught:
        cut(tmp_path, SETTINGS, Columns())
    assert caught.value.code == "schemas_differ"


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), appearing(tmp_path / "o") as folder:  # noqa: PT012
        (folder / "part").touch()
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def _fake_java(folder: Path, version: str) -> None:
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n", encoding="utf-8")
    java.chmod(0o755)


@pytest.mark.parametrize(
    ("version", "code"), [(None, "java_missing"), ("11.0.2", "java_too_old"), ("1.8.0_412", "java_too_old")]
)
def test_a_missing_or_old_java_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None, code: str
) -> None:
    if version:
        _fake_java(tmp_path, version)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/nowhere")
    if version:
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(InvalidInput) as caught:
        require_spark()
    assert caught.value.code == code
    assert "17" in caught.value.message("en")


def test_a_missing_pyspark_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(GridmapError) as caught:
        require_spark()
    assert caught.value.code == "spark_missing"
    assert "gridmap[spark]" in caught.value.message("zh")
