# ruff: noqa: E501 - one row of a table, one line
"""Broken and hostile files: each has one right answer, touches no network, leaves no temporary file and no process."""

import json
import math
import multiprocessing
import os
import struct
import tempfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow as pa
import pyogrio
import pytest
import shapely
from files import samples
from files.samples import KML_SQUARE, SQUARE, collection, feature, kml, placemark, put

from gridmap.errors import GridmapError
from gridmap.files.boundaries import read_boundaries
from gridmap.settings import Settings

SETTINGS = Settings()
BOMB = Settings(max_unpacked_bytes=40_000_000)


@pytest.fixture(scope="module")
def canary():
    """A server on loopback that must never be asked for anything."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"type":"name","properties":{"name":"EPSG:4326"}}')

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", seen
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path, monkeypatch):
    """After every test: no folder of a parser, no child process."""
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(rooms))
    before = _children()
    yield
    assert list(rooms.iterdir()) == []
    assert _children() <= before
    assert multiprocessing.active_children() == []


def _children() -> set[int]:
    mine = Path(f"/proc/{os.getpid()}/task")
    if not mine.exists():
        return set()
    found: set[int] = set()
    for task in mine.iterdir():
        found |= {int(p) for p in (task / "children").read_text().split()} if (task / "children").exists() else set()
    return found


def wkb_file(folder: Path, *wkb: bytes) -> Path:
    return samples.parquet(folder, samples.geo_table(list(wkb)))


def ring(*positions: tuple[float, float]) -> bytes:
    body = b"".join(struct.pack("<2d", *p) for p in positions)
    return struct.pack("<BIII", 1, 3, 1, len(positions)) + body


def vrt(url: str) -> str:
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{url}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    )


def encrypted(folder: Path) -> Path:
    path = samples.shapefile(folder)
    raw = bytearray(path.read_bytes())
    at = 0
    while (at := raw.find(b"PK\x01\x02", at)) >= 0:
        raw[at + 8] |= 1
        at += 4
    path.write_bytes(raw)
    return path


def cut(path: Path, share: float) -> Path:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def corrupted_page(folder: Path) -> Path:
    path = samples.geopackage(folder)
    raw = bytearray(path.read_bytes())
    raw[4096 * 2 : 4096 * 4] = os.urandom(4096 * 2)
    path.write_bytes(raw)
    return path


def two_sets(folder: Path) -> Path:
    path = samples.shapefile(folder)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("other.shp", b"x")
    return path


VIEW = (
    "CREATE VIEW bad AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n AS fid, NULL AS geom FROM r",
    "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('bad', 'features', 'bad', 4326)",
    "INSERT INTO gpkg_geometry_columns VALUES ('bad', 'geom', 'POLYGON', 4326, 0, 0)",
    "DELETE FROM gpkg_geometry_columns WHERE table_name = 'grids'",
    "DELETE FROM gpkg_contents WHERE table_name = 'grids'",
)

#: (id, builder of the file, code of the error)
REFUSED = [
    ("F01 bomb", lambda d: samples.bomb(d, 60_000_000), "unpacked_too_large"),
    ("F03 lying bomb", lambda d: samples.bomb(d, 60_000_000, 1_000), "unpacked_too_large"),
    ("F02 zip in zip", lambda d: samples.archive(d, {"a.shp": b"", "b.zip": b""}), "archive_not_allowed"),
    (
        "F02 zip in zip by content",
        lambda d: samples.archive(d, {"a.shp": b"PK\x03\x04", "a.shx": b"", "a.dbf": b""}),
        "archive_not_allowed",
    ),
    ("F02 overlap", samples.overlapping, "archive_not_allowed"),
    *(
        (f"F04 {name!r}"[:40], lambda d, n=name: samples.archive(d, {n: b"x"}), "bad_entry_name")
        for name in (
            "../../x.shp",
            "/abs.shp",
            "C:\\x.shp",
            "a\\..\\b.shp",
            "n" * 300 + ".shp",
            "a\u202eb.shp",
            "CON",
            "con.shp",
        )
    ),
    ("F04 same but for case", lambda d: samples.archive(d, {"a.shp": b"", "A.SHP": b""}), "bad_entry_name"),
    ("F06 entries", lambda d: samples.archive(d, {f"{n}.txt": b"" for n in range(65)}), "too_many_entries"),
    ("F06 encrypted", encrypted, "encrypted"),
    ("F06 directory cut", lambda d: cut(samples.shapefile(d), 0.9), "corrupt"),
    ("F06 two sets", two_sets, "ambiguous_layers"),
    ("F07 no shp", lambda d: samples.shapefile(d, without=(".shp",)), "missing_member"),
    ("F07 no shx", lambda d: samples.shapefile(d, without=(".shx",)), "missing_member"),
    ("F07 no dbf", lambda d: samples.shapefile(d, without=(".dbf",)), "missing_member"),
    ("F07 no prj", lambda d: samples.shapefile(d, without=(".prj",)), "crs_missing"),
    ("F09 gbk geojson", lambda d: put(d, "g.geojson", '{"a":"名称"}'.encode("gbk")), "encoding_ambiguous"),
    (
        "F12 crs unknown",
        lambda d: put(d, "c.geojson", collection(feature(SQUARE), crs={"type": "x"})),
        "crs_unsupported",
    ),
    ("F12 topojson", lambda d: put(d, "t.geojson", '{"type":"Topology","objects":{}}'), "not_geojson"),
    (
        "F12 esri json",
        lambda d: put(d, "e.json", '{"geometryType":"esriGeometryPolygon","features":[{}]}'),
        "not_geojson",
    ),
    (
        "F14 doctype",
        lambda d: put(d, "x.kml", kml("", '<!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/passwd">]>')),
        "dtd_forbidden",
    ),
    (
        "F14 parameter entity",
        lambda d: put(d, "p.kml", kml("", '<!DOCTYPE kml [<!ENTITY % a "b"> %a;]>')),
        "dtd_forbidden",
    ),
    ("F15 nested folders", lambda d: put(d, "n.kml", kml("<Folder>" * 100_000)), "file_too_deep"),
    ("F15 utf-7", lambda d: put(d, "7.kml", "<?xml version='1.0' encoding='UTF-7'?><kml/>"), "encoding_unknown"),
    ("F15 not xml", lambda d: put(d, "b.kml", kml("<Document>")), "not_xml"),
    ("F15 other xml", lambda d: put(d, "o.kml", "<gml><kml/></gml>"), "not_kml"),
    ("F17 view", lambda d: samples.geopackage(d, *VIEW), "gpkg_unsafe"),
    ("F17 application id", lambda d: samples.geopackage(d, "COMMIT", "PRAGMA application_id = 1"), "gpkg_unsafe"),
    ("F17 virtual table", lambda d: samples.geopackage(d, "CREATE VIRTUAL TABLE v USING fts5(a)"), "gpkg_unsafe"),
    (
        "F17 generated",
        lambda d: samples.geopackage(d, "ALTER TABLE grids ADD COLUMN g AS (zeroblob(1000000000))"),
        "gpkg_unsafe",
    ),
    ("F17 tables", lambda d: samples.geopackage(d, *(f"CREATE TABLE t{n} (a)" for n in range(1_010))), "gpkg_unsafe"),
    ("F17 page", corrupted_page, None),
    ("F17 no metadata", lambda d: samples.geopackage(d, "DROP TABLE gpkg_geometry_columns"), "gpkg_unsafe"),
    ("F19 no geo", lambda d: samples.parquet(d, pa.table({"code": ["1"]})), "parquet_no_geometry"),
    ("F19 columns", lambda d: samples.parquet(d, pa.table({f"c{n}": [1] for n in range(600)})), "too_many_columns"),
    ("F19 rows", lambda d: samples.parquet(d, pa.table({"a": pa.nulls(300_000, pa.int8())})), "too_many_features"),
    ("F19 encrypted", lambda d: put(d, "e.parquet", b"PARE" + b"x" * 64 + b"PARE"), "encrypted"),
    ("F19 footer cut", lambda d: cut(samples.write_any(d, ".parquet"), 0.9), "corrupt"),
    (
        "F19 geo is a lie",
        lambda d: samples.parquet(d, samples.geo_table([b""]).replace_schema_metadata({"geo": "[]"})),
        "corrupt",
    ),
    (
        "G05 crs null",
        lambda d: samples.parquet(d, samples.geo_table([ring((0, 0), (1, 0), (1, 1), (0, 0))], crs=None)),
        "crs_missing",
    ),
    ("C01 NaN", lambda d: put(d, "n.geojson", collection(feature(SQUARE)).replace(b"120.0", b"NaN")), "file_not_json"),
    (
        "A01 key twice",
        lambda d: put(d, "k.geojson", '{"type":"FeatureCollection","features":[],"features":[]}'),
        "file_duplicate_key",
    ),
    ("A03 surrogate", lambda d: put(d, "s.geojson", collection(feature(SQUARE, code="\ud800"))), "lone_surrogate"),
    ("A05 depth", lambda d: put(d, "d.geojson", b'{"a":' + b"[" * 100_000), "file_too_deep"),
    (
        "G09 depth",
        lambda d: put(d, "g.geojson", b'{"type":"GeometryCollection","geometries":[' * 10_000 + b"]}" * 10_000),
        "file_too_deep",
    ),
    ("extension", lambda d: put(d, "a.exe", b"MZ"), "format_unknown"),
    ("empty", lambda d: put(d, "a.geojson", b""), "file_empty"),
    ("missing", lambda d: d / "none.geojson", "file_missing"),
    ("table", lambda d: put(d, "t.csv", "code,lon\n1,2\n"), "no_geometry_format"),
    ("fgb cut", lambda d: cut(samples.write_any(d, ".fgb"), 0.7), "file_unreadable"),
]


@pytest.mark.parametrize(("build", "code"), [pytest.param(b, c, id=i) for i, b, c in REFUSED])
def test_a_hostile_file_is_refused(tmp_path, build, code):
    folder = tmp_path / "in"
    folder.mkdir()
    path = build(folder)
    with pytest.raises(GridmapError) as caught:
        read_boundaries(path, settings=BOMB, code_column=None)
    if code is not None:
        assert caught.value.code == code
    for language in ("zh", "en"):
        text = caught.value.message(language)
        assert text
        assert str(tmp_path) not in text


@pytest.mark.parametrize("name", ["v.vrt", "v.geojson", "v.kml", "v.csv", "v.json", "v.gpkg", "v.fgb", "v.zip"])
def test_a_virtual_source_opens_nothing(tmp_path, canary, name):
    url, seen = canary
    path = put(tmp_path, name, vrt(f"/vsicurl/{url}/a.geojson"))
    with pytest.raises(GridmapError) as caught:
        read_boundaries(path, settings=SETTINGS)
    assert caught.value.code in {"content_mismatch", "format_unknown", "not_kml"}
    assert seen == []


def test_links_in_geojson_are_not_followed(tmp_path, canary):
    url, seen = canary
    link = {"type": "link", "properties": {"href": f"{url}/crs", "type": "proj4"}}
    with pytest.raises(GridmapError) as caught:
        read_boundaries(put(tmp_path, "l.geojson", collection(feature(SQUARE), crs=link)), settings=SETTINGS)
    assert caught.value.code == "crs_link"
    assert seen == []


def test_links_in_kml_are_reported_and_not_followed(tmp_path, canary):
    url, seen = canary
    body = f"<NetworkLink><Link><href>{url}/more.kml</href></Link></NetworkLink>"
    body += f"<Style><IconStyle><Icon><href>{url}/icon.png</href></Icon></IconStyle></Style>"
    body += f"<GroundOverlay><Icon><href>{url}/ground.png</href></Icon></GroundOverlay>"
    body += f'<Placemark><name>1</name><ExtendedData><SchemaData schemaUrl="{url}/s#a"/></ExtendedData>{KML_SQUARE}</Placemark>'
    path = put(tmp_path, "l.kml", kml(f"<Document>{body}</Document>"))
    read = read_boundaries(path, settings=SETTINGS, code_column="name")
    assert len(read.frame) == 1
    assert [f.fields["kind"] for f in read.report.of("link_ignored")] == ["GroundOverlay", "NetworkLink"]
    assert seen == []


def test_a_shapefile_cannot_reach_the_network_by_its_parts(tmp_path, canary):
    url, seen = canary
    path = samples.shapefile(tmp_path, without=(".prj",))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("grids.prj", vrt(f"/vsicurl/{url}/x"))
        archive.writestr("grids.shp.xml", vrt(f"/vsicurl/{url}/y"))
        archive.writestr("grids.qix", b"x" * 100)
    with pytest.raises(GridmapError):
        read_boundaries(path, settings=SETTINGS)
    assert seen == []


#: (id, builder, rules found, features kept)
FOUND = [
    ("G01 bow-tie", lambda d: put(d, "a.geojson", collection(feature([[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]))), ["self_intersection"], 1),
    ("G03 unclosed geojson", lambda d: put(d, "a.geojson", collection(feature([SQUARE[0][:-1]]))), ["ring_not_closed"], 0),
    ("G03 unclosed wkb", lambda d: wkb_file(d, ring((0, 0), (1, 0), (1, 1), (0, 1))), ["ring_not_closed"], 0),
    ("G03 unclosed kml", lambda d: put(d, "a.kml", kml(placemark(KML_SQUARE.replace(" 120,30,0<", "<")))), ["ring_not_closed"], 0),
    ("G04 three positions", lambda d: put(d, "a.geojson", collection(feature([[[0, 0], [1, 1], [0, 0]]]))), ["too_few_points"], 0),
    ("G04 one point four times", lambda d: put(d, "a.geojson", collection(feature([[[0, 0]] * 4]))), ["too_few_points"], 1),
    ("G05 null", lambda d: put(d, "a.geojson", b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"1"},"geometry":null}]}'), ["empty_geometry"], 0),
    ("G05 empty", lambda d: put(d, "a.geojson", collection(feature([]))), ["empty_geometry"], 0),
    ("G05 NaN", lambda d: wkb_file(d, ring((0, 0), (float("nan"), 0), (1, 1), (0, 0))), ["coordinate_not_finite"], 0),
    ("C03 1e400", lambda d: put(d, "a.geojson", collection(feature(SQUARE)).replace(b"120.1", b"1e400")), ["coordinate_not_finite"], 0),
    ("G06 hole outside", lambda d: put(d, "a.geojson", collection(feature([*SQUARE, [[1, 1], [2, 1], [2, 2], [1, 1]]]))), ["hole_outside_shell"], 1),
    ("C10 height", lambda d: put(d, "a.geojson", collection(feature([[[*p, 5] for p in SQUARE[0]]]))), ["z_dropped"], 1),
    ("C11 four numbers", lambda d: put(d, "a.geojson", collection(feature([[[*p, 5, 5] for p in SQUARE[0]]]))), ["bad_position"], 0),
    ("C11 one number", lambda d: put(d, "a.geojson", collection(feature([[[1]] * 4]))), ["bad_position"], 0),
    ("C04 text and true", lambda d: put(d, "a.geojson", collection(feature([[["120", 30], [True, 30], [1, 1], [0, 0]]]))), ["bad_position"], 0),
    ("G11 mixed", lambda d: put(d, "a.geojson", collection(feature(SQUARE), feature([1, 1], "Point", code="2"))), ["type_not_allowed"], 1),
    ("G18 curve", lambda d: wkb_file(d, struct.pack("<BIIBIII", 1, 10, 1, 1, 8, 0, 0)), ["type_not_allowed"], 0),
    ("G09 wkb depth", lambda d: wkb_file(d, samples.nested_collection(100_000)), ["type_not_allowed"], 0),
    ("wkb that ends early", lambda d: wkb_file(d, ring((0, 0), (1, 0), (1, 1), (0, 0))[:-3]), ["bad_geometry"], 0),
    ("wkb that claims 4e9 rings", lambda d: wkb_file(d, struct.pack("<BII", 1, 3, 2**32 - 1)), ["bad_geometry"], 0),
    ("missing code", lambda d: put(d, "a.geojson", collection(feature(SQUARE, code=" "), feature(SQUARE, code=None))), ["missing_code"] * 2, 0),
    ("duplicate code", lambda d: put(d, "a.geojson", collection(feature(SQUARE), feature(SQUARE))), ["duplicate_code"], 2),
    ("A03 nul", lambda d: put(d, "a.geojson", collection(feature(SQUARE, name="a\0b"))), ["bad_text"], 1),
    ("A03 bidi", lambda d: put(d, "a.geojson", collection(feature(SQUARE, note="a\u202eb"))), ["bad_text"], 1),
    ("A03 zero width", lambda d: put(d, "a.geojson", collection(feature(SQUARE, code="1\u200b"))), ["bad_text"], 1),
    ("one stray vertex", lambda d: put(d, "a.geojson", collection(feature(SQUARE), feature(SQUARE, code="2"), feature([[[0, 0], [999, 0], [1, 1], [0, 0]]], code="3"))), ["coordinate_out_of_range"], 2),
]  # fmt: skip


@pytest.mark.parametrize(("build", "rules", "kept"), [pytest.param(*c[1:], id=c[0]) for c in FOUND])
def test_a_fault_of_a_feature_is_found(tmp_path, build, rules, kept):
    path = build(tmp_path)
    column = "name" if path.suffix == ".kml" else "code"
    read = read_boundaries(path, settings=SETTINGS, code_column=column)
    assert [f.rule for f in read.report] == rules
    assert len(read.frame) == kept
    for fault in read.report:
        assert fault.message("zh")
        assert fault.message("en")
        json.dumps(fault.to_json(), allow_nan=False)


def test_a_bow_tie_is_shown_where_it_crosses(tmp_path):
    path = put(tmp_path, "a.geojson", collection(feature([[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]])))
    (fault,) = read_boundaries(path, settings=SETTINGS).report
    assert fault.geometry.equals(shapely.Point(0.5, 0.5))
    assert fault.fields["feature"] == 0


@pytest.mark.parametrize("points", [201, 10_001])
def test_a_star_is_judged_at_once_and_never_repaired(tmp_path, points):
    step = points // 2
    angles = [2 * math.pi * (n * step % points) / points for n in range(points)]
    star = [[120 + math.cos(a) / 10, 30 + math.sin(a) / 10] for a in angles]
    path = put(tmp_path, "star.geojson", collection(feature([[*star, star[0]]])))
    read = read_boundaries(path, settings=SETTINGS)
    assert [f.rule for f in read.report] == ["self_intersection"]
    assert shapely.get_num_coordinates(read.frame.geometry[0]) == points + 1


def test_the_child_is_stopped_when_its_time_is_over(tmp_path):
    path = samples.write_any(tmp_path, ".geojson")
    with pytest.raises(GridmapError) as caught:
        read_boundaries(path, settings=Settings(parser_wall_s=0.01))
    assert caught.value.code == "parser_time"


def test_the_child_is_stopped_when_its_memory_is_over(tmp_path):
    many = [feature(SQUARE, code=str(n), text="x" * 2_000) for n in range(20_000)]
    path = put(tmp_path, "big.geojson", collection(*many))
    with pytest.raises(GridmapError) as caught:
        read_boundaries(path, settings=Settings(parser_memory_bytes=300_000_000))
    assert caught.value.code in {"parser_memory", "file_unreadable"}


def test_a_trigger_in_a_geopackage_never_fires(tmp_path):
    path = samples.geopackage(
        tmp_path,
        "CREATE TABLE log (a)",
        "CREATE TRIGGER t AFTER INSERT ON grids BEGIN INSERT INTO log VALUES (zeroblob(1000000000)); END",
    )
    before = path.read_bytes()
    assert len(read_boundaries(path, settings=SETTINGS).frame) == 2
    assert path.read_bytes() == before


def test_gdal_settings_of_the_environment_do_not_reach_the_child(tmp_path, monkeypatch):
    monkeypatch.setenv("GDAL_SKIP", "FlatGeobuf")
    monkeypatch.setenv("OGR_GEOJSON_MAX_OBJ_SIZE", "0.0001")
    assert len(read_boundaries(samples.write_any(tmp_path, ".fgb"), settings=SETTINGS).frame) == 2
    assert "FlatGeobuf" in pyogrio.list_drivers()
