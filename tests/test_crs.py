"""Datums there and back, the metric CRS of a place, and areas against known figures."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap import crs
from gridmap.crs import Datum, frame_to_wgs84, metric_epsg
from gridmap.errors import CrsError

# a tenth of a degree inside the frame in which the shifted datums are defined
lons, lats = st.floats(72.2, 137.7), st.floats(1.0, 55.7)
METRE = 1 / 111_000


@settings(max_examples=100, deadline=None)
@given(lon=lons, lat=lats)
def test_gcj02_comes_back_to_within_a_micrometre(lon: float, lat: float):
    x, y = crs.gcj02_to_wgs84(*crs.wgs84_to_gcj02(lon, lat))
    assert (x, y) == pytest.approx((lon, lat), abs=1e-6 * METRE)


@settings(max_examples=100, deadline=None)
@given(lon=lons, lat=lats)
def test_bd09_comes_back_to_within_a_micrometre(lon: float, lat: float):
    x, y = crs.to_wgs84(*crs.gcj02_to_bd09(*crs.wgs84_to_gcj02(lon, lat)), Datum.BD09)
    assert (x, y) == pytest.approx((lon, lat), abs=1e-6 * METRE)


def test_the_published_example_points_are_met():
    # the example of the widely used coordtransform programs, to the metre of their formula
    assert np.hstack(crs.wgs84_to_gcj02(116.404, 39.915)) == pytest.approx([116.41024450, 39.91640428], abs=1e-8)
    assert np.hstack(crs.gcj02_to_bd09(116.404, 39.915)) == pytest.approx([116.41036949, 39.92133699], abs=1e-8)
    # theirs inverts BD-09 in one step, which leaves half a metre
    assert np.hstack(crs.bd09_to_gcj02(116.404, 39.915)) == pytest.approx([116.39762729, 39.90865674], abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(lon=st.floats(75, 135), lat=st.floats(18, 54))
def test_the_shift_is_100_to_1300_metres_and_never_nothing(lon: float, lat: float):
    geod = pyproj.Geod(ellps="WGS84")
    x, y = crs.wgs84_to_gcj02(lon, lat)
    assert 10 < geod.inv(lon, lat, float(x), float(y))[2] < 1_300


@settings(max_examples=100, deadline=None)
@given(lon=st.floats(-180, 71) | st.floats(139, 180), lat=st.floats(-90, 90))
def test_outside_china_nothing_is_shifted(lon: float, lat: float):
    for shift in (crs.wgs84_to_gcj02, crs.gcj02_to_wgs84, crs.gcj02_to_bd09, crs.bd09_to_gcj02):
        assert tuple(map(float, shift(lon, lat))) == (lon, lat)


@pytest.mark.filterwarnings("error")
def test_at_the_poles_nothing_is_shifted_and_nothing_overflows():
    lon = np.linspace(-180, 180, 3_601)
    for lat in (-90.0, 90.0, 89.9, -89.9):
        x, y = crs.gcj02_to_wgs84(lon, np.full_like(lon, lat))
        assert (x == lon).all()
        assert (y == lat).all()


def test_wgs84_and_cgcs2000_pass_unchanged():
    for datum in (Datum.WGS84, Datum.CGCS2000):
        assert tuple(map(float, crs.to_wgs84(120.1, 36.2, datum))) == (120.1, 36.2)


@pytest.mark.parametrize(
    ("place", "lon", "lat", "epsg"),
    [
        ("Beijing", 116.4, 39.9, 4548),
        ("Nanjing", 118.9, 32.1, 4549),
        ("Qingdao", 119.9, 35.9, 4549),
        ("Kashgar", 76.0, 39.5, 4534),
        ("New York", -73.9, 40.7, 32618),
        ("Vancouver", -123.1, 49.25, 32610),
        ("Cape Town", 18.4, -33.9, 32734),
        ("date line, west", -180.0, 0.0, 32601),
        ("date line, east", 180.0, 10.0, 32660),
    ],
)
def test_the_metric_crs_of_a_place(place: str, lon: float, lat: float, epsg: int):
    assert metric_epsg(lon, lat) == epsg


@settings(max_examples=200, deadline=None)
@given(lon=st.floats(73.51, 136.49), lat=st.floats(3, 54))
def test_in_china_the_central_meridian_is_at_most_one_and_a_half_degrees_away(lon: float, lat: float):
    found = pyproj.CRS.from_epsg(metric_epsg(lon, lat))
    assert "CGCS2000 / 3-degree Gauss-Kruger CM" in found.name
    parameters = {p.name: p.value for p in found.coordinate_operation.params}
    assert abs(parameters["Longitude of natural origin"] - lon) <= 1.5
    assert parameters["False easting"] == 500_000


@settings(max_examples=60, deadline=None)
@given(lon=st.floats(-179, 179), lat=st.floats(-70, 70))
def test_a_hectare_is_a_hectare_anywhere(lon: float, lat: float):
    geod = pyproj.Geod(ellps="WGS84")
    east, north = geod.fwd(lon, lat, 90, 100)[0], geod.fwd(lon, lat, 0, 100)[1]
    box = shapely.box(lon, lat, east, north)
    wanted = abs(geod.geometry_area_perimeter(box)[0])
    here = crs.in_china(lon, lat)
    assert crs.area_m2([box])[0] == pytest.approx(wanted, rel=0.0008 if here else 0.002)


@settings(max_examples=100, deadline=None)
@given(lon=st.floats(100, 130), lat=st.floats(18, 54))
def test_metric_coordinates_come_back_to_within_a_micrometre(lon: float, lat: float):
    epsg = metric_epsg(lon, lat)
    back = crs.from_metric(crs.to_metric([shapely.Point(lon, lat)], epsg), epsg)[0]
    assert (back.x, back.y) == pytest.approx((lon, lat), abs=1e-6 * METRE)


@pytest.mark.real_data
def test_areas_of_the_chinese_districts_agree_with_known_figures(shared_data: Path):
    frame = gpd.read_file(shared_data / "cn_districts_3.geojson")
    # km2 in CGCS2000 as recorded with the file; the second figure is half a unit of its last digit
    known = {
        ("东城区", "amap", 4548): (41.89, 0.005),
        ("栖霞区", "amap", 4549): (392.1, 0.05),
        ("黄岛区", "amap", 4549): (2129.6, 0.05),
        ("东城区", "tianditu", 4548): (41.65, 0.005),
        ("栖霞区", "tianditu", 4549): (387.5, 0.05),
        ("黄岛区", "tianditu", 4549): (2063, 0.5),
    }
    for row in frame.itertuples():
        epsg = crs.metric_epsg_of([row.geometry])
        km2 = crs.area_m2([row.geometry])[0] / 1e6
        figure, rounding = known.pop((row.short_name, row.source, epsg))
        assert abs(km2 - figure) <= rounding + 0.0001 * figure
        # the same through geopandas, to a hundred-thousandth
        again = gpd.GeoSeries([row.geometry], crs="EPSG:4326").to_crs(epsg).area.item() / 1e6
        assert km2 == pytest.approx(again, rel=1e-5)
        on_ellipsoid = abs(pyproj.Geod(ellps="GRS80").geometry_area_perimeter(row.geometry)[0]) / 1e6
        assert km2 == pytest.approx(on_ellipsoid, rel=0.0008)
    assert known == {}


def frame_of(x: float, y: float, stated: str | None) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(x, y)], crs=stated)


@pytest.mark.parametrize("stated", ["EPSG:4326", "EPSG:4490", "OGC:CRS84"])
def test_wgs84_like_degrees_stay_to_the_last_bit(stated: str):
    found = frame_to_wgs84(frame_of(120.123456789, 36.1, stated))
    assert found.crs.to_epsg() == 4326
    assert (found.geometry.x.item(), found.geometry.y.item()) == (120.123456789, 36.1)


def test_projected_and_other_degrees_are_brought_to_wgs84():
    point = frame_of(120.5, 36.25, "EPSG:4326")
    for other in ("EPSG:4549", "EPSG:3857", "EPSG:32651"):
        found = frame_to_wgs84(point.to_crs(other)).geometry
        assert (found.x.item(), found.y.item()) == pytest.approx((120.5, 36.25), abs=METRE * 1e-3)
    # Beijing 1954 degrees lie tens of metres aside and must not pass as they are
    assert frame_to_wgs84(frame_of(120.5, 36.25, "EPSG:4214")).geometry.x.item() != 120.5


def test_a_shifted_datum_wins_over_a_stated_wgs84():
    gx, gy = crs.wgs84_to_gcj02(120.5, 36.25)
    for stated in (None, "EPSG:4326"):
        found = frame_to_wgs84(frame_of(float(gx), float(gy), stated), datum=Datum.GCJ02).geometry
        assert (found.x.item(), found.y.item()) == pytest.approx((120.5, 36.25), abs=METRE * 1e-3)


def test_a_system_may_be_named_where_the_frame_states_none_or_the_same():
    metric = frame_of(120.5, 36.25, "EPSG:4326").to_crs("EPSG:4549")
    for stated in (None, "EPSG:4549"):
        found = frame_to_wgs84(metric.set_crs(stated, allow_override=True), crs="EPSG:4549").geometry
        assert found.x.item() == pytest.approx(120.5, abs=1e-9)
    assert frame_to_wgs84(frame_of(120.5, 36.25, "OGC:CRS84"), crs="EPSG:4326").geometry.x.item() == 120.5


def test_rows_columns_and_index_are_kept():
    frame = frame_of(120.5, 36.25, "EPSG:4326").set_axis([7])
    found = frame_to_wgs84(frame.to_crs("EPSG:4549"))
    assert found.index.tolist() == [7]
    assert found["a"].tolist() == [1]


LOCAL = 'ENGCRS["site",EDATUM["site"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'


@pytest.mark.parametrize(
    ("frame", "options", "code"),
    [
        (frame_of(120, 36, None), {}, "crs_missing"),
        (frame_of(120, 36, "EPSG:4326"), {"crs": "EPSG:4549"}, "crs_conflict"),
        (frame_of(5e5, 4e6, "EPSG:4549"), {"datum": Datum.GCJ02}, "crs_conflict"),
        (frame_of(120, 36, None), {"crs": "EPSG:1"}, "crs_unsupported"),
        (frame_of(120, 36, None), {"crs": "EPSG:5773"}, "crs_unsupported"),  # heights only
        (frame_of(120, 36, None), {"crs": "nonsense"}, "crs_unsupported"),
        (frame_of(120, 36, LOCAL), {}, "crs_unsupported"),
        (frame_of(36, 120, "EPSG:4326"), {}, "coordinate_out_of_range"),
        (frame_of(36, 120, None), {"datum": Datum.BD09}, "coordinate_out_of_range"),
        (frame_of(500_000, 4_000_000, "EPSG:4326"), {}, "coordinate_out_of_range"),
        (frame_of(500_000, 4_000_000, "EPSG:4214"), {}, "coordinate_out_of_range"),
        (frame_of(float("nan"), 36, "EPSG:4326"), {}, "coordinate_out_of_range"),
        (frame_of(float("inf"), 36, "EPSG:4326"), {}, "coordinate_out_of_range"),
        (frame_of(1e30, 1e30, "EPSG:4549"), {}, "coordinate_out_of_range"),
    ],
)
def test_coordinates_that_cannot_be_understood_are_refused(frame: gpd.GeoDataFrame, options: dict, code: str):
    with pytest.raises(CrsError) as caught:
        frame_to_wgs84(frame, **options)
    assert caught.value.code == code
    assert caught.value.message("zh")
    assert caught.value.message("en")


def test_a_datum_is_read_by_name():
    assert crs.parse_datum("GCJ02") is Datum.GCJ02
    assert crs.parse_datum(None) is Datum.WGS84
    with pytest.raises(CrsError) as caught:
        crs.parse_datum("mars")
    assert caught.value.code == "datum_unknown"
    assert "mars" not in caught.value.message("en")


def test_a_widened_box_holds_all_that_is_within_the_distance() -> None:
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(-179, 179, 500), rng.uniform(-85, 85, 500)
    metres = 250.0
    west, south, east, north = crs.widened(np.column_stack((lon, lat, lon, lat)), metres).T
    for turn in np.linspace(0, 360, 64, endpoint=False):
        x, y, _ = pyproj.Geod(ellps="WGS84").fwd(lon, lat, np.full(500, turn), np.full(500, metres))
        assert ((west <= x) & (x <= east) & (south <= y) & (y <= north)).all()
    here = crs.widened((120.0, 36.0, 120.0, 36.0), metres)
    assert crs.distances_m(here[0], 36.0, here[2], 36.0) < 2.1 * metres


@pytest.mark.parametrize("epsg", [4490, 4513, 4528, 4549, 3857, 32651, 2326, 27700])
def test_every_thread_gets_the_numbers_of_pyproj_to_the_bit(epsg: int) -> None:
    lon, lat = np.random.default_rng(0).uniform((70, -10), (140, 60), (500, 2)).T
    there = pyproj.Transformer.from_crs("EPSG:4326", f"EPSG:{epsg}", always_xy=True)
    x, y = there.transform(lon, lat)
    back = pyproj.Transformer.from_crs(f"EPSG:{epsg}", "EPSG:4326", always_xy=True).transform(x, y)
    points, mapped = shapely.points(lon, lat), shapely.points(x, y)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(lambda: (crs.to_metric(points, epsg), crs.from_metric(mapped, epsg))).result()
    assert np.array_equal(shapely.get_coordinates(found[0]), np.column_stack([x, y]), equal_nan=True)
    assert np.array_equal(shapely.get_coordinates(found[1]), np.column_stack(back), equal_nan=True)
