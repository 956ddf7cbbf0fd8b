"""Every limit holds at n + 1 and lets n pass."""

import pytest
import shapely
from files import samples
from files.samples import SQUARE, collection, feature, put

from gridmap.errors import TooLarge
from gridmap.files.boundaries import read_boundaries
from gridmap.settings import Settings


def polygon(vertices: int):
    """A closed ring of so many positions."""
    half = [[120 + n / 1e5, 30.0] for n in range(vertices - 2)]
    return [[*half, [120, 31], [120, 30.0]]]


def refused(path, code, **limits):
    with pytest.raises(TooLarge) as caught:
        read_boundaries(path, settings=Settings(**limits))
    assert caught.value.code == code
    assert caught.value.message("en")


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".zip", ".fgb", ".parquet", ".kml"])
def test_features(tmp_path, suffix):
    path = samples.write_any(tmp_path, suffix)
    column = "code"
    assert len(read_boundaries(path, settings=Settings(max_features=2), code_column=column).frame) == 2
    refused(path, "too_many_features", max_features=1)


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".fgb"])
def test_vertices_of_one_geometry_and_of_the_file(tmp_path, suffix):
    rings = [shapely.Polygon(polygon(50)[0]), shapely.Polygon(polygon(40)[0])]
    path = samples.write_any(tmp_path, suffix, samples.frame().set_geometry(rings).set_crs(4326))
    exact = Settings(max_geometry_vertices=50, max_vertices=90)
    assert len(read_boundaries(path, settings=exact).frame) == 2
    refused(path, "geometry_too_large", max_geometry_vertices=49)
    refused(path, "too_many_vertices", max_vertices=89)


def test_bytes(tmp_path):
    path = put(tmp_path, "b.geojson", collection(feature(SQUARE)))
    size = path.stat().st_size
    assert len(read_boundaries(path, settings=Settings(max_file_bytes=size)).frame) == 1
    refused(path, "file_too_large", max_file_bytes=size - 1)


def test_entries_of_an_archive(tmp_path):
    path = samples.shapefile(tmp_path)  # shp, shx, dbf, prj, cpg
    assert len(read_boundaries(path, settings=Settings(max_archive_entries=5)).frame) == 2
    refused(path, "too_many_entries", max_archive_entries=4)


def test_unpacked_bytes(tmp_path):
    path = samples.shapefile(tmp_path)
    total = sum(p.stat().st_size for p in (tmp_path / "shape.zip.d").iterdir())
    # The same setting bounds every file the child may write, its answer included; a margin keeps the two apart.
    refused(path, "unpacked_too_large", max_unpacked_bytes=total - 1)
    wide = samples.frame(note=["x" * 200] * 2)
    roomy = samples.shapefile(tmp_path, wide, name="wide.zip")
    assert len(read_boundaries(roomy, settings=Settings(max_unpacked_bytes=100_000)).frame) == 2


def test_ratio_of_an_archive(tmp_path):
    path = samples.bomb(tmp_path, 20_000_000)
    refused(path, "unpacked_too_large", max_unpack_ratio=100)
    with pytest.raises(Exception, match="damaged") as caught:
        read_boundaries(path, settings=Settings(max_unpack_ratio=2_000))
    assert caught.value.code != "unpacked_too_large"
