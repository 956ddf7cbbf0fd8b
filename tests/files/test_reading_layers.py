"""Layers of facilities and zones as files have them: kinds, states, codes, and every fault with its feature."""

import geopandas as gpd
import pytest
import shapely
from files import samples

from gridmap.crs import Datum, wgs84_to_gcj02
from gridmap.domain.features import FeatureState
from gridmap.errors import ColumnError, InvalidInput
from gridmap.files.layers import parse_state, read_layer
from gridmap.settings import Settings

SETTINGS = Settings()
POINT, LINE = [120.1, 30.1], [[120.1, 30.1], [120.2, 30.1]]


def geojson(tmp_path, *features):
    return samples.put(tmp_path, "layer.geojson", samples.collection(*features))


def rules(read):
    return [(f.rule, f.fields.get("number")) for f in read.report.errors]


def test_points_lines_and_areas_may_mix(tmp_path):
    path = geojson(
        tmp_path,
        samples.feature(POINT, "Point", code="p", name="消火栓", state="open", tel="139"),
        samples.feature(LINE, "LineString", code="l", state="planned"),
        samples.feature(samples.SQUARE, code="a", state="BUILT "),
        samples.feature([POINT, [120.3, 30.1]], "MultiPoint", code=7, state="open"),
    )
    read = read_layer(path, settings=SETTINGS)
    assert read.frame["code"].tolist() == ["p", "l", "a", "7"]
    assert read.frame["state"].tolist() == ["open", "planned", "built", "open"]
    assert read.frame.geom_type.tolist() == ["Point", "LineString", "Polygon", "MultiPoint"]
    assert read.frame["name"].iloc[0] == "消火栓"
    assert read.frame["attributes"].iloc[0] == {"tel": "139"}
    assert not read.report.errors
    assert read.source["features"] == 4


@pytest.mark.parametrize("suffix", [".gpkg", ".zip", ".fgb", ".parquet"])
def test_points_come_in_every_format(tmp_path, suffix):
    frame = gpd.GeoDataFrame(
        {"code": ["001", "002"], "state": ["open", "planned"]},
        geometry=shapely.points([[120.1, 30.1], [120.2, 30.2]]),
        crs=4326,
    )
    path = samples.write_any(tmp_path, suffix, frame)
    read = read_layer(path, settings=SETTINGS)
    assert sorted(zip(read.frame["code"], read.frame["state"], strict=True)) == [("001", "open"), ("002", "planned")]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("规划", "planned"),
        ("拟建", "planned"),
        ("已建成", "built"),
        ("在用", "open"),
        (" Open", "open"),
        ("PLANNED", "planned"),
    ],
)
def test_states_are_read_in_their_usual_words(tmp_path, word, state):
    path = geojson(tmp_path, samples.feature(POINT, "Point", code="p", 状态=word))
    assert read_layer(path, settings=SETTINGS).frame["state"].tolist() == [state]
    assert parse_state(word) == state


def test_without_a_column_everything_is_open_unless_told_otherwise(tmp_path):
    path = geojson(tmp_path, samples.feature(POINT, "Point", code="p"))
    assert read_layer(path, settings=SETTINGS).frame["state"].tolist() == ["open"]
    told = read_layer(path, settings=SETTINGS, state=FeatureState.PLANNED)
    assert told.frame["state"].tolist() == ["planned"]
    with pytest.raises(ColumnError) as error:
        read_layer(path, settings=SETTINGS, state_column="phase")
    assert error.value.code == "column_not_found"
    with pytest.raises(InvalidInput) as unknown:
        parse_state("demolished")
    assert unknown.value.code == "state_unknown"
    assert parse_state(None) is None


def test_every_fault_is_named_with_its_feature_and_stays_out(tmp_path):
    bowtie = [[[120.0, 30.0], [120.1, 30.1], [120.1, 30.0], [120.0, 30.1], [120.0, 30.0]]]
    path = geojson(
        tmp_path,
        samples.feature(POINT, "Point", code="good", state="open"),
        samples.feature(POINT, "Point", code="x", state="gone"),
        samples.feature(POINT, "Point", code="y", state=None),
        samples.feature(POINT, "Point", code=None, state="open"),
        samples.feature(POINT, "Point", code="good", state="open"),
        samples.feature(bowtie, code="z", state="open"),
        samples.feature([200.0, 30.0], "Point", code="w", state="open"),
    )
    read = read_layer(path, settings=SETTINGS)
    assert sorted(rules(read)) == [
        ("bad_state", 2),
        ("bad_state", 3),
        ("coordinate_out_of_range", 7),
        ("duplicate_code", 5),
        ("missing_code", 4),
        ("self_intersection", 6),
    ]
    assert "x" not in read.frame["code"].tolist()


def test_a_shifted_datum_is_brought_home(tmp_path):
    lon, lat = wgs84_to_gcj02([120.1], [30.1])
    path = geojson(tmp_path, samples.feature([float(lon[0]), float(lat[0])], "Point", code="p"))
    (point,) = read_layer(path, settings=SETTINGS, datum=Datum.GCJ02).frame.geometry
    assert (point.x, point.y) == pytest.approx((120.1, 30.1), abs=1e-7)
