"""Good files of every format, their columns, CRS and encodings; and the real files."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from files import samples

from gridmap.crs import Datum, wgs84_to_gcj02
from gridmap.errors import ColumnError, CrsError, EncodingAmbiguous, FileError, TextError
from gridmap.files.boundaries import read_boundaries, read_context
from gridmap.files.features import looks_swapped
from gridmap.settings import Settings

SETTINGS = Settings()
ALL = (".geojson", ".gpkg", ".zip", ".fgb", ".parquet", ".kml")


@pytest.mark.parametrize("suffix", ALL)
def test_every_format_gives_the_same_grids(tmp_path, suffix):
    path = samples.write_any(tmp_path, suffix)
    read = read_boundaries(path, settings=SETTINGS, code_column="code")
    grids = read.frame.sort_values("code", ignore_index=True)
    assert grids["code"].tolist() == ["00123", "00124"]
    assert grids["name"].tolist() == list(samples.NAMES)
    assert grids["households"].tolist() == [310, 295]
    assert grids.crs.to_epsg() == 4326
    for got, wanted in zip(grids.geometry, samples.frame().geometry, strict=True):
        assert got.equals(wanted)
    assert read.report.clean
    assert read.source["features"] == 2
    assert len(read.source["sha256"]) == 64


def test_geoarrow_geometry_is_read(tmp_path):
    path = tmp_path / "native.parquet"
    samples.frame().to_parquet(path, geometry_encoding="geoarrow")
    read = read_boundaries(path, settings=SETTINGS)
    assert [g.area for g in read.frame.geometry] == pytest.approx([1e-4, 1e-4])


def test_codes_stay_as_they_were_written(tmp_path):
    codes = ["00123", 123456789012345678, 7.0, "1-2", 12345678901234567890123]
    features = [samples.feature(samples.SQUARE, code=c) for c in codes]
    read = read_boundaries(samples.put(tmp_path, "c.geojson", samples.collection(*features)), settings=SETTINGS)
    assert read.frame["code"].tolist() == ["00123", "123456789012345678", "7.0", "1-2", "12345678901234567890123"]


def test_whole_numbers_in_a_column_of_floats_become_digits(tmp_path):
    path = samples.write_any(tmp_path, ".gpkg", samples.frame(code=[330106001.0, 330106002.0]))
    assert read_boundaries(path, settings=SETTINGS).frame["code"].tolist() == ["330106001", "330106002"]


def test_a_fraction_is_no_code(tmp_path):
    path = samples.write_any(tmp_path, ".gpkg", samples.frame(code=[1.5, 2.0]))
    read = read_boundaries(path, settings=SETTINGS)
    assert [f.rule for f in read.report] == ["bad_code"]
    assert read.frame["code"].tolist() == ["2"]


def test_gbk_shapefile_is_asked_about_and_then_read(tmp_path):
    path = samples.shapefile(tmp_path, encoding="GBK", without=(".cpg",))
    with pytest.raises(EncodingAmbiguous) as caught:
        read_boundaries(path, settings=SETTINGS)
    assert caught.value.code == "encoding_ambiguous"
    assert "gb18030" in caught.value.fields["candidates"]
    read = read_boundaries(path, settings=SETTINGS, encoding="gbk")
    assert read.frame["name"].tolist() == list(samples.NAMES)


def test_gbk_shapefile_with_its_cpg_needs_no_question(tmp_path):
    read = read_boundaries(samples.shapefile(tmp_path, encoding="GBK"), settings=SETTINGS)
    assert read.frame["name"].tolist() == list(samples.NAMES)
    assert read.source["encoding"] == "gb18030"


def test_a_wrong_answer_about_the_encoding_is_refused(tmp_path):
    path = samples.shapefile(tmp_path, encoding="GBK", without=(".cpg",))
    with pytest.raises(TextError) as caught:
        read_boundaries(path, settings=SETTINGS, encoding="utf-8")
    assert caught.value.code == "encoding_wrong"


def test_mojibake_that_is_already_in_the_file_is_pointed_out(tmp_path):
    spoilt = [n.encode("utf-8").decode("gbk", "replace").replace("\ufffd", "") for n in samples.NAMES]
    path = samples.write_any(tmp_path, ".geojson", samples.frame(name=spoilt))
    read = read_boundaries(path, settings=SETTINGS)
    assert [f.rule for f in read.report] == ["mojibake_suspect"]


def test_a_projected_shapefile_comes_out_in_wgs84(tmp_path):
    path = samples.shapefile(tmp_path, samples.frame().to_crs(4549))
    read = read_boundaries(path, settings=SETTINGS)
    assert np.allclose(read.frame.total_bounds, samples.frame().total_bounds, atol=1e-7)


def test_a_missing_prj_may_be_given(tmp_path):
    path = samples.shapefile(tmp_path, samples.frame().to_crs(4549), without=(".prj",))
    with pytest.raises(CrsError) as caught:
        read_boundaries(path, settings=SETTINGS)
    assert caught.value.code == "crs_missing"
    read = read_boundaries(path, settings=SETTINGS, crs="EPSG:4549")
    assert np.allclose(read.frame.total_bounds, samples.frame().total_bounds, atol=1e-7)


def test_another_crs_than_the_file_states_is_a_conflict(tmp_path):
    path = samples.write_any(tmp_path, ".gpkg")
    with pytest.raises(CrsError) as caught:
        read_boundaries(path, settings=SETTINGS, crs="EPSG:4549")
    assert caught.value.code == "crs_conflict"


def test_gcj02_degrees_come_out_where_they_are(tmp_path):
    def shifted(xy):
        return np.column_stack(wgs84_to_gcj02(xy[:, 0], xy[:, 1]))

    there = samples.frame()
    there = there.set_geometry(shapely.transform(there.geometry.array, shifted))
    path = samples.write_any(tmp_path, ".geojson", there)
    read = read_boundaries(path, settings=SETTINGS, datum=Datum.GCJ02)
    assert np.allclose(read.frame.total_bounds, samples.frame().total_bounds, atol=1e-8)


def test_metres_called_degrees_are_seen_through(tmp_path):
    metres = samples.frame().to_crs(3857).set_crs(4326, allow_override=True)
    path = tmp_path / "m.parquet"
    metres.to_parquet(path)
    with pytest.raises(CrsError) as caught:
        read_boundaries(path, settings=SETTINGS)
    assert caught.value.code == "looks_projected"


def test_latitude_before_longitude_is_seen_through(tmp_path):
    swapped = [[[y, x] for x, y in samples.SQUARE[0]]]
    path = samples.put(tmp_path, "s.geojson", samples.collection(samples.feature(swapped)))
    with pytest.raises(CrsError) as caught:
        read_boundaries(path, settings=SETTINGS)
    assert caught.value.code == "looks_swapped"
    assert looks_swapped((30.2, 20.1, 30.3, 20.2), (20, 30, 21, 31))


def test_unknown_columns_are_answered_with_the_known_ones(tmp_path):
    path = samples.write_any(tmp_path, ".geojson")
    with pytest.raises(ColumnError) as caught:
        read_boundaries(path, settings=SETTINGS, code_column="kode")
    assert caught.value.code == "column_not_found"
    assert "households" in caught.value.message("zh")
    bare = samples.frame().drop(columns="code")
    path = samples.write_any(tmp_path, ".gpkg", bare)
    with pytest.raises(ColumnError) as caught:
        read_boundaries(path, settings=SETTINGS)
    assert caught.value.code == "column_unknown"


def test_several_layers_are_asked_about(tmp_path):
    path = tmp_path / "two.gpkg"
    samples.frame().to_file(path, layer="a")
    samples.frame().iloc[:1].to_file(path, layer="b")
    with pytest.raises(Exception, match="a, b"):
        read_boundaries(path, settings=SETTINGS)
    assert len(read_boundaries(path, settings=SETTINGS, layer="b").frame) == 1


def test_rings_that_run_the_wrong_way_are_turned_silently(tmp_path):
    clockwise = [samples.SQUARE[0][::-1]]
    path = samples.put(tmp_path, "r.geojson", samples.collection(samples.feature(clockwise)))
    read = read_boundaries(path, settings=SETTINGS)
    assert read.frame.geometry[0].exterior.is_ccw
    assert read.report.clean


def test_context_takes_lines_and_points(tmp_path):
    made = gpd.GeoDataFrame(
        {"kind": ["road", "green"], "name": ["文三路", "树"]},
        geometry=[shapely.LineString([(120, 30), (120.1, 30)]), shapely.Point(120, 30)],
        crs=4326,
    )
    read = read_context(samples.write_any(tmp_path, ".geojson", made), settings=SETTINGS)
    assert read.frame["kind"].tolist() == ["road", "green"]
    assert read.frame.geom_type.tolist() == ["LineString", "Point"]


def test_context_of_an_unknown_kind_is_a_finding(tmp_path):
    kinds = ["water", "Water", "", None, "poi"]
    made = gpd.GeoDataFrame({"kind": kinds}, geometry=[shapely.Point(120, 30)] * len(kinds), crs=4326)
    read = read_context(samples.write_any(tmp_path, ".geojson", made), settings=SETTINGS)
    assert read.frame["kind"].tolist() == ["water"]
    assert [(f.rule, f.fields["number"]) for f in read.report.errors] == [("bad_context_kind", n) for n in (2, 3, 4, 5)]


@pytest.mark.parametrize("reader", [read_boundaries, read_context])
def test_a_file_without_features_says_so(tmp_path, reader):
    empty = samples.put(tmp_path, "e.geojson", samples.collection())
    layer = tmp_path / "e.gpkg"
    gpd.GeoDataFrame({"code": []}, geometry=[], crs=4326).to_file(layer, driver="GPKG")
    for path in (empty, layer):
        with pytest.raises(FileError) as caught:
            reader(path, settings=SETTINGS)
        assert caught.value.code == "no_features"


def test_a_second_reading_gives_the_same(tmp_path):
    bow_tie = [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]
    data = samples.collection(*(samples.feature(bow_tie, code=c) for c in ("b", "a", "a")))
    path = samples.put(tmp_path, "d.geojson", data)
    first, second = (read_boundaries(path, settings=SETTINGS) for _ in range(2))
    assert json.dumps(first.report.to_json()) == json.dumps(second.report.to_json())
    assert first.frame.equals(second.frame)


@pytest.mark.real_data
def test_nyc_precincts(shared_data):
    read = read_boundaries(shared_data / "nyc_precincts.gpkg", settings=SETTINGS, code_column="Precinct")
    assert len(read.frame) == 77
    assert read.source["crs"] == "EPSG:4326"
    assert read.report.clean
    assert "1" in set(read.frame["code"])


@pytest.mark.real_data
def test_vancouver_neighbourhoods(shared_data):
    read = read_boundaries(shared_data / "vancouver_neighbourhoods.geojson", settings=SETTINGS)
    assert len(read.frame) == 22
    assert read.frame["code"].is_unique
    assert "Dunbar-Southlands" in set(read.frame["name"])


@pytest.mark.real_data
def test_chinese_districts_stand_twice(shared_data):
    read = read_boundaries(
        shared_data / "cn_districts_3.geojson",
        settings=SETTINGS,
        code_column="district_adcode",
        name_column="district_name",
    )
    assert sorted(set(read.frame["code"])) == ["110101", "320113", "370211"]
    assert [f.codes for f in read.report.of("duplicate_code")] == [("110101",), ("320113",), ("370211",)]
    assert set(read.frame["name"]) == {"东城区", "栖霞区", "黄岛区"}
    area = read.frame[read.frame["code"] == "110101"].to_crs(4548).area.iloc[0]
    assert area == pytest.approx(41.89e6, rel=1e-3)
