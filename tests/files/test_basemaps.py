"""Base maps: written by GDAL, listed, found, and nothing else taken for one."""

from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely
from typer.testing import CliRunner

from gridmap.cli import app
from gridmap.errors import FileError, InvalidInput, NotFound
from gridmap.files.basemaps import (
    LAST,
    LAYER,
    archive_path,
    copy_archive,
    find_archive,
    list_archives,
    read_archive,
    write_archive,
)

SHIPPED = Path(__file__).resolve().parents[2] / "gridmap" / "data" / "basemap" / "demonstration.pmtiles"


@pytest.fixture(scope="module")
def context() -> gpd.GeoDataFrame:
    line = shapely.LineString([(120.0, 36.0), (120.01, 36.005), (120.02, 36.0)])
    shapes = [line, shapely.box(120.003, 36.003, 120.008, 36.006), shapely.box(120.012, 36.001, 120.0125, 36.0015)]
    said = {"kind": ["road", "water", "building"], "name": ["海滨路", "", None]}
    return gpd.GeoDataFrame(said, geometry=shapes, crs=4326)


@pytest.fixture(scope="module")
def written(context: gpd.GeoDataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(context, tmp_path_factory.mktemp("base") / "city.pmtiles").path


def test_an_archive_holds_what_was_written(written: Path, context: gpd.GeoDataFrame) -> None:
    archive = read_archive(written)
    assert (archive.name, archive.last) == ("city", LAST)
    assert archive.box == pytest.approx(tuple(context.total_bounds), abs=1e-3)
    read = pyogrio.read_dataframe(written, layer=LAYER)
    assert set(read["kind"]) == {"road", "water", "building"}
    metric = context.to_crs(3857).set_index("kind").geometry
    # a unit of the last matrix, and GDAL's simplifying
    unit_m = 40_075_016.7 / 2**LAST / 4096
    for kind, shape in zip(read["kind"], read.geometry, strict=True):
        assert metric[kind].buffer(3 * unit_m).covers(shape)


def test_archives_are_listed_by_name_and_nothing_else_is(written: Path, tmp_path: Path) -> None:
    copy_archive(written, tmp_path / "b.pmtiles")
    copy_archive(written, tmp_path / "a.pmtiles")
    (tmp_path / "c.pmtiles").write_bytes(b"PMTiles\x02" + bytes(200))
    (tmp_path / "d.pmtiles").write_bytes(b"PMTiles\x03")
    (tmp_path / "e.txt").write_text("nothing")
    assert [archive.name for archive in list_archives(tmp_path)] == ["a", "b"]
    assert list_archives(None) == list_archives(tmp_path / "nowhere") == []
    assert find_archive(tmp_path, "a").version != find_archive(tmp_path, "b").version
    for name in ("c", "nothing", "../a", ""):
        with pytest.raises(NotFound):
            find_archive(tmp_path, name)
    for bad in ("../a", "", "a/b", "a" * 61, ".a"):
        with pytest.raises(InvalidInput):
            archive_path(tmp_path, bad)
    with pytest.raises(FileError):
        copy_archive(tmp_path / "e.txt", tmp_path / "f.pmtiles")
    assert not (tmp_path / "f.pmtiles").exists()


def test_nothing_makes_no_archive(context: gpd.GeoDataFrame, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        write_archive(context.iloc[:0], tmp_path / "a.pmtiles")
    assert list(tmp_path.iterdir()) == []


def test_commands_import_and_list(
    context: gpd.GeoDataFrame, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, source = tmp_path / "maps", tmp_path / "context.geojson"
    context.to_file(source)
    runner = CliRunner()
    assert runner.invoke(app, ["basemap", "import", str(source)]).exit_code != 0  # no folder is set
    monkeypatch.setenv("GRIDMAP_BASEMAP_DIR", str(folder))
    assert runner.invoke(app, ["basemap", "import", str(source)]).exit_code == 0
    assert list_archives(folder) == []  # a rehearsal
    assert runner.invoke(app, ["basemap", "import", str(source), "--commit"]).exit_code == 0
    assert runner.invoke(app, ["basemap", "import", str(written), "--name", "theirs", "--commit"]).exit_code == 0
    assert runner.invoke(app, ["basemap", "import", str(source), "--name", "../x", "--commit"]).exit_code != 0
    listed = runner.invoke(app, ["basemap", "list"]).output
    assert [line.split(":")[0].split("：")[0] for line in listed.splitlines()] == ["city", "theirs"]


def test_the_demonstration_ships_its_own() -> None:
    archive = read_archive(SHIPPED)
    assert archive.size < 200_000
    assert {"road", "water", "green", "coast"} == set(pyogrio.read_dataframe(SHIPPED, columns=["kind"])["kind"])
