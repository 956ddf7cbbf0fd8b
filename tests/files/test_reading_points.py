"""Points in batches: every cell as it stands, degrees and times with a reason for each bad row."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from files import samples
from files.samples import put

from gridmap.errors import ColumnError, CrsError, EncodingAmbiguous, FileError, TextError, TooLarge
from gridmap.files.points import open_points, point_finding
from gridmap.settings import Settings

SETTINGS = Settings()


def whole(source):
    return pa.concat_tables(source.batches())


def test_cells_are_never_turned_into_numbers_or_dates(tmp_path):
    path = put(tmp_path, "p.csv", "id,lon,lat,note\n00123,120.10,30.2,1-2\n330106199001011234,1.2e2,30,\n")
    table = whole(open_points(path, settings=SETTINGS))
    assert table.to_pylist() == [
        {"id": "00123", "lon": "120.10", "lat": "30.2", "note": "1-2"},
        {"id": "330106199001011234", "lon": "1.2e2", "lat": "30", "note": ""},
    ]


@pytest.mark.parametrize("batch_rows", [1, 2, 7, 1000])
def test_batches_keep_rows_and_order(tmp_path, batch_rows):
    rows = "".join(f"{n},{120 + n / 1e4},30\n" for n in range(20))
    source = open_points(put(tmp_path, "p.csv", "id,lon,lat\n" + rows), settings=SETTINGS, batch_rows=batch_rows)
    sizes = [t.num_rows for t in source.batches()]
    assert max(sizes) <= batch_rows
    assert whole(source)["id"].to_pylist() == [str(n) for n in range(20)]
    assert [line for line, _ in source.numbered()] == [2 + i for i in range(0, 20, batch_rows)]


BAD = {
    "": "point_missing",
    "nan": "point_not_a_number",
    "NaN": "point_not_a_number",
    "inf": "point_not_a_number",
    "120,1": "point_not_a_number",
    "120°": "point_not_a_number",
    "0x10": "point_not_a_number",
    "1_0": "point_not_a_number",
    "181": "point_out_of_range",
    "1e400": "point_not_a_number",
    "13370000": "point_looks_projected",
}


@pytest.mark.parametrize(("cell", "code"), BAD.items())
def test_a_bad_longitude_has_a_reason(tmp_path, cell, code):
    path = put(tmp_path, "p.csv", f'lon,lat\n120,30\n"{cell}",30\n')
    source = open_points(path, settings=SETTINGS)
    ((line, batch),) = source.numbered()
    lon, lat, bad = source.parse_degrees(batch)
    assert bad == {1: code}
    assert (lon[0], lat[0]) == (120, 30)
    assert np.isnan(lon[1]) and np.isnan(lat[1])  # noqa: PT018
    assert "3" in point_finding(line + 1, code).message("zh")


def test_swapped_degrees_and_null_island_are_named(tmp_path):
    source = open_points(put(tmp_path, "p.csv", "lon,lat\n30.2,120.1\n0,0\n +120.5 , 30\n"), settings=SETTINGS)
    lon, _, bad = source.parse_degrees(whole(source))
    assert bad == {0: "point_looks_swapped", 1: "null_island"}
    assert lon[2] == 120.5


@pytest.mark.parametrize(
    "header",
    ["LON,LAT", "lng,lat", "Longitude,Latitude", "x,y", "经度,纬度", "X,Y", "long,lat", " lon , lat "],
)
def test_usual_names_are_recognised(tmp_path, header):
    source = open_points(put(tmp_path, "p.csv", f"{header}\n120,30\n"), settings=SETTINGS)
    assert source.parse_degrees(whole(source))[0].tolist() == [120]


def test_two_usual_names_are_asked_about(tmp_path):
    path = put(tmp_path, "p.csv", "lon,longitude,lat\n1,2,3\n")
    with pytest.raises(ColumnError) as caught:
        open_points(path, settings=SETTINGS)
    assert caught.value.code == "column_ambiguous"
    assert caught.value.fields["columns"] == "lon, longitude"
    source = open_points(path, settings=SETTINGS, lon_column="longitude")
    assert source.parse_degrees(whole(source))[0].tolist() == [2]


def test_a_missing_place_is_answered_with_the_columns(tmp_path):
    with pytest.raises(ColumnError) as caught:
        open_points(put(tmp_path, "p.csv", "a,b\n1,2\n"), settings=SETTINGS)
    assert (caught.value.code, caught.value.fields["columns"]) == ("column_unknown", "a, b")
    with pytest.raises(ColumnError) as caught:
        open_points(put(tmp_path, "p.csv", "lon,lat\n1,2\n"), settings=SETTINGS).require("time")
    assert caught.value.code == "column_unknown"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_separators_are_recognised(tmp_path, delimiter):
    text = delimiter.join(['"a,b;c"', "lon", "lat"]) + "\n" + delimiter.join(["x", "120", "30"]) + "\n"
    source = open_points(put(tmp_path, "p.csv", text), settings=SETTINGS)
    assert source.columns == ("a,b;c", "lon", "lat")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf8_needs_no_question(tmp_path, encoding):
    path = put(tmp_path, "p.csv", "类别,经度,纬度\n占道经营,120,30\n".encode(encoding))
    assert whole(open_points(path, settings=SETTINGS))["类别"].to_pylist() == ["占道经营"]


@pytest.mark.parametrize("encoding", ["gbk", "utf-16"])
def test_other_encodings_are_asked_about(tmp_path, encoding):
    path = put(tmp_path, "p.csv", "类别,经度,纬度\n占道经营,120,30\n".encode(encoding))
    with pytest.raises(EncodingAmbiguous) as caught:
        open_points(path, settings=SETTINGS)
    assert caught.value.fields["candidates"].split(", ")[0] in {"gb18030", "utf-16"}
    source = open_points(path, settings=SETTINGS, encoding=encoding)
    assert whole(source)["类别"].to_pylist() == ["占道经营"]
    with pytest.raises(TextError):
        whole(open_points(path, settings=SETTINGS, encoding="utf-8"))


def test_a_text_that_is_utf8_and_gbk_at_once_is_asked_about(tmp_path):
    path = put(tmp_path, "p.csv", "name,lon,lat\n模式,120,30\n".encode("gbk"))
    with pytest.raises(EncodingAmbiguous) as caught:
        open_points(path, settings=SETTINGS)
    assert caught.value.fields["candidates"].startswith("utf-8, gb18030")


def test_gbk_far_down_a_long_file_is_seen(tmp_path):
    rows = b"a,120,30\n" * 200_000 + "名称,120,30\n".encode("gbk")
    with pytest.raises(EncodingAmbiguous):
        open_points(put(tmp_path, "p.csv", b"name,lon,lat\n" + rows), settings=SETTINGS)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("lon,lat\n1,2,3\n", "row_width"),
        ("lon,lat\n1,2\n3\n", "row_width"),
        ("lon,lat,lon\n1,2,3\n", "bad_header"),
        ("lon,,lat\n1,2,3\n", "bad_header"),
        ("lon,lat,a\u202eb\n1,2,3\n", "bad_header"),
        ('lon,lat,"a\n1,2,3\n', "bad_header"),
        ("lon,lat\n" + '"' + "x\n" * 6_500_000, "row_too_long"),
        ("<OGRVRTDataSource/>", "content_mismatch"),
        ("lon,lat\n1,2\0", "content_mismatch"),
    ],
)
def test_a_broken_table_is_refused(tmp_path, text, code):
    with pytest.raises((FileError, ColumnError)) as caught:
        whole(open_points(put(tmp_path, "p.csv", text), settings=SETTINGS))
    assert caught.value.code == code
    assert caught.value.message("zh")


def test_times_are_read_in_the_zone_and_given_in_utc(tmp_path):
    cells = [
        "2025-03-01",
        "2025/3/1 8:30",
        "2025-03-01T08:30:00Z",
        "2025-03-01 08:30:00.5+08:00",
        "2025-13-01",
        "1740000000",
        "",
    ]
    path = put(tmp_path, "p.csv", "lon,lat,time\n" + "".join(f"1,2,{c}\n" for c in cells))
    source = open_points(path, settings=SETTINGS)
    times, bad = source.parse_times(whole(source))
    assert [None if pd.isna(t) else t.isoformat() for t in times] == [
        "2025-02-28T16:00:00+00:00",
        "2025-03-01T00:30:00+00:00",
        "2025-03-01T08:30:00+00:00",
        "2025-03-01T00:30:00.500000+00:00",
        None,
        None,
        None,
    ]
    assert bad == {4: "time_unreadable", 5: "time_unreadable", 6: "time_missing"}


def test_an_hour_that_the_zone_skips_or_repeats_is_no_time(tmp_path):
    path = put(tmp_path, "p.csv", "lon,lat,time\n1,2,2025-03-30 02:30\n1,2,2025-10-26 02:30\n")
    source = open_points(path, settings=SETTINGS, time_zone="Europe/Berlin")
    assert source.parse_times(whole(source))[1] == {0: "time_ambiguous", 1: "time_ambiguous"}


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("epsg", [4326, 4549])
def test_geoparquet_points_are_read_where_they_are(tmp_path, encoding, epsg):
    points = samples.frame().set_geometry(shapely.points([[120.1, 30.2], [120.2, 30.3]])).set_crs(4326)
    path = tmp_path / "p.parquet"
    points.to_crs(epsg).to_parquet(path, geometry_encoding=encoding)
    source = open_points(path, settings=SETTINGS)
    lon, lat, bad = source.parse_degrees(whole(source))
    assert bad == {}
    assert lon.tolist() == pytest.approx([120.1, 120.2], abs=1e-7)
    assert lat.tolist() == pytest.approx([30.2, 30.3], abs=1e-7)
    assert source.rows == 2


def test_polygons_are_no_points(tmp_path):
    source = open_points(samples.write_any(tmp_path, ".parquet"), settings=SETTINGS)
    with pytest.raises(FileError) as caught:
        source.parse_degrees(whole(source))
    assert caught.value.code == "not_points"
    with pytest.raises(FileError) as caught:
        open_points(samples.write_any(tmp_path, ".geojson"), settings=SETTINGS)
    assert caught.value.code == "not_points"


def test_a_geometry_without_crs_is_not_guessed(tmp_path):
    wkb = shapely.to_wkb(shapely.Point(1, 2))
    source = open_points(samples.parquet(tmp_path, samples.geo_table([wkb], crs=None)), settings=SETTINGS)
    with pytest.raises(CrsError) as caught:
        source.parse_degrees(whole(source))
    assert caught.value.code == "crs_missing"


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".zip", ".fgb", ".kml"])
def test_point_layers_of_other_formats(tmp_path, suffix):
    points = samples.frame().set_geometry(shapely.points([[120.1, 30.2], [120.2, 30.3]])).set_crs(4326)
    source = open_points(samples.write_any(tmp_path, suffix, points), settings=SETTINGS)
    lon, lat, bad = source.parse_degrees(whole(source))
    assert sorted(zip(lon, lat, strict=True)) == [(120.1, 30.2), (120.2, 30.3)]
    assert bad == {}


def test_a_text_repeated_beyond_all_memory_is_refused(tmp_path):
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 50_000, pa.int32()), pa.array(["x" * 1_000_000]))
    table = pa.table({"lon": [120.0] * 50_000, "lat": [30.0] * 50_000, "note": long})
    path = samples.parquet(tmp_path, table)
    assert path.stat().st_size < 2_000_000
    with pytest.raises(TooLarge) as caught:
        whole(open_points(path, settings=SETTINGS))
    assert caught.value.code == "unpacked_too_large"


def test_parquet_with_plain_columns(tmp_path):
    table = pa.table({"code": ["00123", None], "lon": [120.0, float("nan")], "lat": [30, 31]})
    source = open_points(samples.parquet(tmp_path, table), settings=SETTINGS)
    lon, _, bad = source.parse_degrees(whole(source))
    assert lon[0] == 120
    assert bad == {1: "point_missing"}
    assert whole(source).schema.field("code").type == pa.string()


@pytest.mark.real_data
def test_nyc_shootings_open_without_options(shared_data):
    source = open_points(shared_data / "nyc_shootings.csv", settings=SETTINGS, time_zone="America/New_York")
    table = whole(source)
    lon, _, bad = source.parse_degrees(table)
    times, bad_times = source.parse_times(table)
    assert (len(lon), bad, bad_times) == (967, {}, {})
    assert str(times[0]) == "2019-01-01 05:00:00+00:00"
    assert source.column("id") == "incident_key"


@pytest.mark.real_data
def test_liverpool_buses_open_without_options(shared_data):
    source = open_points(shared_data / "liverpool_bus_gps.csv", settings=SETTINGS, time_zone="Europe/London")
    table = whole(source)
    _, _, bad = source.parse_degrees(table)
    _, bad_times = source.parse_times(table)
    assert (table.num_rows, bad, bad_times) == (1533, {}, {})
    assert len(set(source.texts(table, "unit"))) == 8
